//! A number of things over time, averaged exactly: what comes and goes is weighted with the time left of its segment.
//!
//! Sampling would miss what happens between samples; here the mean is exact to the nanosecond, in whole numbers.
use crate::units::Time;

/// Arrivals or departures, and how many there were over the time of each segment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flow {
    /// How many since the beginning of the run.
    pub total: u64,
    /// Sum over them of the instant, in nanoseconds.
    pub instants: u128,
    /// The time integral of the total up to the end of the last segment.
    closed: i128,
}

impl Flow {
    /// So many at this instant.
    #[inline(always)]
    pub fn add(&mut self, n: u64, now: Time) {
        self.add_at(n, u128::from(n) * u128::from(now.ns()));
    }

    /// So many, with their instants added up.
    #[inline(always)]
    pub fn add_at(&mut self, n: u64, instants: u128) {
        self.total += n;
        self.instants += instants;
    }

    /// As a point that records pass.
    #[must_use]
    pub fn passed(&self) -> Passed {
        Passed { records: self.total, instants: self.instants }
    }

    /// Ends the segment; returns the time integral of the total over it. What happened after the end but was heard of
    /// before, as with real clocks, takes away here what the next segment will give too much.
    pub fn close(&mut self, now: Time) -> i128 {
        let area = self.passed().area(now);
        area - std::mem::replace(&mut self.closed, area)
    }
}

/// Records that have passed a point, and their instants: the number between two points over time is the difference of
/// two of these, so that a mean needs nothing but two sums, and one addition a batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Passed {
    /// How many.
    pub records: u64,
    /// Sum over them of the instant they passed, in nanoseconds.
    pub instants: u128,
}

impl Passed {
    /// So many pass now.
    #[inline(always)]
    pub fn add(&mut self, records: u64, now: Time) {
        self.records += records;
        self.instants += u128::from(records) * u128::from(now.ns());
    }

    /// So many that passed then have not, after all.
    pub fn take_back(&mut self, records: u64, then: Time) {
        self.records -= records;
        self.instants -= u128::from(records) * u128::from(then.ns());
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { records: self.records + other.records, instants: self.instants + other.instants }
    }

    /// How many, integrated over the time until now, in record nanoseconds.
    #[must_use]
    pub fn area(self, now: Time) -> i128 {
        i128::from(self.records) * i128::from(now.ns()) - self.instants.cast_signed()
    }
}
