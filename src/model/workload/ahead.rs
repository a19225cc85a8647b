//! The records known ahead: drawn in blocks by a workload, or pushed by a member whose results they are.
//!
//! Columns beside each other, so that what is not known of any record costs nothing.
use crate::model::accumulator::STICKY;
use crate::model::protocol::{Extra, Record, Source};
use crate::model::wire;
use crate::units::Time;

/// The records known ahead, in the order in which they are due.
#[derive(Debug, Default)]
pub struct Ahead {
    pub(super) records: Vec<Record>,
    pub(super) homes: Vec<u32>,
    /// Empty, or one for each record.
    pub(super) extras: Vec<Extra>,
    /// When each record may enter the buffer; empty where that is when it is due.
    pub(super) release: Vec<Time>,
    /// What each record was made of; empty where nobody asks.
    sources: Vec<Source>,
    next: usize,
    /// Greatest body of any record so far.
    pub(super) body_max: u32,
}

impl Ahead {
    /// Number of records known ahead.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len() - self.next
    }
    /// True when none is known.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The records and their homes, if each may enter when it is due and nothing more is known of any.
    #[inline]
    #[must_use]
    pub fn plain(&self) -> Option<(&[Record], &[u32])> {
        let plain = self.extras.is_empty() && self.release.is_empty();
        plain.then(|| (&self.records[self.next..], &self.homes[self.next..]))
    }
    /// Record number `i` from here, and its home.
    #[inline]
    #[must_use]
    pub fn get(&self, i: usize) -> (Record, u32) {
        (self.records[self.next + i], self.homes[self.next + i])
    }
    /// What more is known of it.
    #[inline]
    #[must_use]
    pub fn extra(&self, i: usize) -> Option<Extra> {
        self.extras.get(self.next + i).copied()
    }
    /// What it was made of, if somebody asks.
    #[must_use]
    pub fn source(&self, i: usize) -> Option<Source> {
        self.sources.get(self.next + i).copied()
    }
    /// When it may enter the buffer.
    #[inline]
    #[must_use]
    pub fn release(&self, i: usize) -> Time {
        match self.release.get(self.next + i) {
            Some(&at) => at,
            None => self.records[self.next + i].due,
        }
    }
    /// When the first record for this lane may enter, or the last one known ahead if there is none among them.
    ///
    /// Records without a home of their own all go where the first of them goes, as far as anyone can know.
    #[inline]
    #[must_use]
    pub fn first_for(&self, lane: usize, lane_of: impl Fn(u32) -> usize) -> Option<Time> {
        let homes = &self.homes[self.next..];
        if *homes.first()? == STICKY && lane_of(STICKY) != lane {
            return None;
        }
        let found = homes.iter().position(|&home| lane_of(home) == lane);
        Some(self.release(found.unwrap_or(homes.len() - 1)))
    }
    /// Whether the next record goes wherever the sticky partition is.
    #[inline]
    #[must_use]
    pub fn is_sticky(&self) -> bool {
        self.homes.get(self.next) == Some(&STICKY)
    }
    /// How many of the records known ahead are due.
    #[must_use]
    pub fn due_by(&self, now: Time) -> u64 {
        self.records[self.next..].partition_point(|record| record.due <= now) as u64
    }
    /// Greatest size that any record so far can have on the wire.
    #[must_use]
    pub fn size_max(&self) -> u32 {
        wire::record(self.body_max, 8_192_000_000, 8_192)
    }
    /// Moves past `n` records.
    #[inline]
    pub fn take(&mut self, n: usize) {
        self.next += n;
    }
    /// Adds one record, due later than now and later than most, for a source that is fed.
    pub fn push(&mut self, record: Record, home: u32, extra: Extra, source: Option<Source>) {
        if 2 * self.next > self.records.len() {
            self.forget_taken();
        }
        self.body_max = self.body_max.max(record.body);
        // Several workers finish in another order than they begin, but never far apart.
        let later = self.records[self.next..].iter().rev().take_while(|other| other.due > record.due).count();
        let at = self.records.len() - later;
        self.records.insert(at, record);
        self.homes.insert(at, home);
        self.extras.insert(at, extra);
        if let Some(source) = source {
            self.sources.insert(at, source);
        }
    }

    /// Records that were to be due after now will be due at another instant; none overtakes another.
    pub fn bend(&mut self, now: Time, bent: impl Fn(Time) -> Time) {
        for record in self.records[self.next..].iter_mut().filter(|record| record.due > now) {
            record.due = bent(record.due);
        }
        for extra in self.extras.iter_mut().skip(self.next).filter(|extra| extra.sent > now) {
            extra.sent = bent(extra.sent);
        }
    }

    pub(super) fn forget_taken(&mut self) {
        self.records.drain(..self.next);
        self.homes.drain(..self.next);
        self.extras.drain(..self.next.min(self.extras.len()));
        self.release.drain(..self.next.min(self.release.len()));
        self.sources.drain(..self.next.min(self.sources.len()));
        self.next = 0;
    }
}
