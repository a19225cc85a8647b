//! A run as it stands, copied out while it goes on: counters, lags and the distributions so far.
//!
//! Whoever shows a run takes differences of two looks; nothing here changes what is recorded. It is taken only when
//! somebody asks, a few times a second at most, so it may walk through all buckets.
use super::histogram::Buckets;
use crate::units::Time;

/// A run at one instant.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Seed of the repetition.
    pub seed: u64,
    /// When, in the time of the run.
    pub at: Time,
    /// Whether it is over: these are its last counters.
    pub ended: bool,
    /// Producers, then outputs, as in the result.
    pub streams: Vec<StreamLook>,
    /// Records appended, by topic.
    pub appended: Vec<u64>,
    /// In the order of the plan.
    pub groups: Vec<GroupLook>,
    /// Laws broken so far.
    pub broken: usize,
}

/// A producer with all instances, or an output with all members.
#[derive(Clone, Debug, Default)]
pub struct StreamLook {
    /// Accepted into the buffer.
    pub sent: u64,
    /// Never accepted.
    pub refused: u64,
    /// Acknowledged.
    pub acked: u64,
    /// Given up after they were accepted.
    pub failed: u64,
    /// How late the generator woke, as far as it has told; nothing in virtual time.
    pub lateness: Spread,
}

/// A group.
#[derive(Clone, Debug, Default)]
pub struct GroupLook {
    /// Records processed.
    pub processed: u64,
    /// Records deleted before the group got them.
    pub lost: u64,
    /// Appended, and neither processed nor lost, by partition it reads: the number over all topics, and the lag.
    pub lags: Vec<(u32, u64)>,
    /// Due to end of processing, of records due after the warm-up.
    pub e2e: Spread,
}

impl GroupLook {
    /// Lag over all partitions.
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.lags.iter().map(|&(_, lag)| lag).sum()
    }
}

/// How values are spread: the highest value of each bucket that is not empty, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// In order of value, in nanoseconds.
    counts: Vec<(u64, u64)>,
    /// How many values.
    pub count: u64,
    /// Their sum in nanoseconds.
    pub sum_ns: u128,
}

impl Spread {
    /// What all of these hold together.
    #[must_use]
    pub fn of(all: &[&Buckets]) -> Self {
        let counts = all.iter().flat_map(|buckets| buckets.highest()).collect();
        let count = all.iter().map(|buckets| buckets.len()).sum();
        let sum_ns = all.iter().map(|buckets| buckets.sum_ns()).sum();
        Self { counts: merged(counts), count, sum_ns }
    }

    /// These values and those.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let counts = self.counts.iter().chain(&other.counts).copied().collect();
        Self { counts: merged(counts), count: self.count + other.count, sum_ns: self.sum_ns + other.sum_ns }
    }

    /// Values that have come since `earlier`, which is of the same run.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut before = earlier.counts.iter().copied().peekable();
        let mut counts = Vec::with_capacity(self.counts.len());
        for &(value, count) in &self.counts {
            while before.next_if(|&(old, _)| old < value).is_some() {}
            let old = before.next_if(|&(old, _)| old == value).map_or(0, |(_, count)| count);
            if count > old {
                counts.push((value, count - old));
            }
        }
        let count = counts.iter().map(|&(_, count)| count).sum();
        Self { counts, count, sum_ns: self.sum_ns.saturating_sub(earlier.sum_ns) }
    }

    /// Where a share of the values is reached, in seconds; nothing where fewer than ten lie beyond, as in the result.
    #[must_use]
    pub fn quantile_s(&self, share: f64) -> Option<f64> {
        let known = self.count as f64 * (1.0 - share) >= 10.0;
        let goal = (share * self.count as f64).ceil().max(1.0);
        let mut below = 0;
        let reached = self.counts.iter().find(|&&(_, count)| {
            below += count;
            below as f64 >= goal
        });
        reached.filter(|_| known).map(|&(value, _)| value as f64 * 1e-9)
    }

    /// The greatest value, in seconds.
    #[must_use]
    pub fn max_s(&self) -> Option<f64> {
        self.counts.last().map(|&(value, _)| value as f64 * 1e-9)
    }

    /// How many values lie at each of these bounds, in seconds and in order, or below it and above the one before.
    #[must_use]
    pub fn between(&self, bounds: &[f64]) -> Vec<u64> {
        let mut found = vec![0; bounds.len()];
        for &(value, count) in &self.counts {
            let bound = bounds.partition_point(|&bound| bound < value as f64 * 1e-9);
            if let Some(found) = found.get_mut(bound) {
                *found += count;
            }
        }
        found
    }
}

/// In order, each value once.
fn merged(mut counts: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    counts.sort_unstable();
    counts.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        kept.1 += if same { next.1 } else { 0 };
        same
    });
    // Looks are kept for a while, and lists that grew are up to half empty.
    counts.shrink_to_fit();
    counts
}
