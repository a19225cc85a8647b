//! Records whose processing fails, is tried again, and is given up in the end.
//!
//! A worker tries one record until it succeeds or is given up, and waits between two attempts: so what stands behind it
//! waits too. All of that is known when the record is taken on, and makes its processing time longer. Which record fails
//! when is drawn from its place alone, so that it fails wherever and how often it is delivered.
use super::Run;
use crate::model::backoff::Backoff;
use crate::model::machine::{Cause, Fact, Outbox, Processed};
use crate::model::protocol::{PartitionId, Record};
use crate::units::{Span, Time};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Longer than any run, and short enough to be added to for each of many workers.
const EVER: Span = Span::from_ns(10_000_000_000_000_000);

/// Records that fail.
#[derive(Clone, Debug)]
pub struct Poison {
    /// Where they lie, in numbers over all topics.
    pub partitions: Range<PartitionId>,
    /// When they are due.
    pub due: Range<Time>,
    /// Which part of the records.
    pub share: f64,
    /// When they fail.
    pub fails: Fails,
    /// Tells these from others.
    pub salt: u64,
}

/// When processing fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fails {
    /// The first so many times.
    Times(u64),
    /// Each time with this chance.
    Chance(f64),
    /// Each time.
    Always,
}

/// What a group does with records that fail.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// How often a record is tried, if not for ever.
    pub attempts: Option<u64>,
    /// How long a worker waits before it tries again.
    pub backoff: Backoff,
    /// Whether what is given up goes to another topic; otherwise it is skipped.
    pub dead_letters: bool,
}

/// What a member does with records that fail.
#[derive(Debug)]
pub struct Trials {
    poisons: Arc<[Poison]>,
    retry: Retry,
    /// Of records taken on and not reported that failed at least once: attempts, and whether they are given up.
    fates: BTreeMap<(PartitionId, u64), Fate>,
}

#[derive(Clone, Copy, Debug)]
struct Fate {
    attempts: u64,
    given_up: bool,
}

/// A number in [0, 1) that follows from these alone (D. Lea, G. Steele, S. Vigna: `SplitMix64`).
fn dice(salt: u64, partition: PartitionId, offset: u64, attempt: u64) -> f64 {
    let mut x = salt ^ (u64::from(partition) << 40);
    for part in [offset, attempt] {
        x = x.wrapping_add(part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^= x >> 31;
    }
    (x >> 11) as f64 / (1_u64 << 53) as f64
}

impl Poison {
    fn befalls(&self, partition: PartitionId, offset: u64, due: Time) -> bool {
        self.partitions.contains(&partition)
            && self.due.contains(&due)
            && dice(self.salt, partition, offset, 0) < self.share
    }

    /// How often a record is tried until it succeeds, if it ever does, up to so many times.
    fn attempts(&self, partition: PartitionId, offset: u64, most: Option<u64>) -> Option<u64> {
        let most = most.unwrap_or(u64::MAX);
        match self.fails {
            Fails::Always | Fails::Chance(1.0..) => None,
            Fails::Times(fails) => (fails < most).then_some(fails + 1),
            Fails::Chance(chance) => (1..=most).find(|&attempt| dice(self.salt, partition, offset, attempt) >= chance),
        }
    }
}

impl Trials {
    /// A member of a group that does this with such records.
    #[must_use]
    pub fn new(poisons: Arc<[Poison]>, retry: Retry) -> Self {
        Self { poisons, retry, fates: BTreeMap::new() }
    }

    /// Makes processing as long as all attempts together; returns the sum.
    #[cold]
    pub(super) fn lengthen(&mut self, run: &Run, records: &[Record], work: &mut [Span]) -> Span {
        let mut sum = Span::ZERO;
        let mut stuck = false;
        for ((offset, record), work) in (run.base..).zip(records).zip(work) {
            let befallen = |poison: &&Poison| poison.befalls(run.partition, offset, record.due);
            if let Some(poison) = self.poisons.iter().find(befallen) {
                let succeeds = poison.attempts(run.partition, offset, self.retry.attempts);
                let attempts = succeeds.or(self.retry.attempts);
                let salt = poison.salt;
                *work = match attempts {
                    Some(attempts) => self.all_attempts(*work, attempts, (salt, run.partition, offset)),
                    // Nobody will ever get to what is behind it.
                    None if stuck => *work,
                    None => EVER,
                };
                stuck |= attempts.is_none();
                let fate = Fate { attempts: attempts.unwrap_or(1), given_up: succeeds.is_none() };
                if fate.attempts > 1 || fate.given_up {
                    self.fates.insert((run.partition, offset), fate);
                }
            }
            sum += *work;
        }
        sum
    }

    /// Time of so many attempts, each as long as the first, and of the waits between them.
    fn all_attempts(&self, work: Span, attempts: u64, (salt, partition, offset): (u64, PartitionId, u64)) -> Span {
        let waits = if self.retry.backoff.initial.is_zero() { 0 } else { attempts - 1 };
        (0..waits).fold(work.times(attempts), |sum, wait| {
            let unit = dice(!salt, partition, offset, wait);
            sum + self.retry.backoff.after(wait.min(u64::from(u32::MAX)) as u32, unit)
        })
    }

    /// Whether a record taken on goes on when it is finished.
    pub(super) fn forwards(&self, partition: PartitionId, offset: u64) -> bool {
        self.retry.dead_letters == self.fates.get(&(partition, offset)).is_some_and(|fate| fate.given_up)
    }

    /// Reports finished records, and apart from them those that were given up.
    #[cold]
    pub(super) fn report(&mut self, done: &Processed<'_>, out: &mut (impl Outbox + ?Sized)) {
        let (partition, end) = (done.partition, done.first + done.records.len() as u64);
        let fates: Vec<(u64, Fate)> =
            self.fates.range((partition, done.first)..(partition, end)).map(|(&(_, at), &fate)| (at, fate)).collect();
        let mut more = 0;
        let mut from = done.first;
        let (mut at, mut timed) = (done.started, 0);
        for (offset, fate) in fates {
            self.fates.remove(&(partition, offset));
            more += fate.attempts - u64::from(!fate.given_up);
            if fate.given_up {
                let n = (offset + 1 - done.first) as usize;
                at = done.work[timed..n].iter().fold(at, |at, &work| at + work);
                timed = n;
                if from < offset {
                    out.observe(&Fact::Processed(done.part(from, offset)));
                }
                from = offset + 1;
                let cause = if self.retry.dead_letters { Cause::DeadLetter } else { Cause::Unprocessed };
                out.observe(&Fact::Lost { group: done.group, partition, first: offset, records: 1, cause, at });
            }
        }
        if from < end {
            out.observe(&Fact::Processed(done.part(from, end)));
        }
        if more > 0 {
            out.observe(&Fact::Tried { group: done.group, more });
        }
    }
}
