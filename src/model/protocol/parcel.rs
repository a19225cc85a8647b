//! Records on their way, with what little is known of them beyond the usual.
//!
//! Most records have nothing special: then there are no extras at all, and nothing is copied for them.
use super::{PartitionId, Record};
use crate::units::Time;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// What is known of a record beyond the usual: only where some record of the parcel needs it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extra {
    /// When it was accepted into the producer's buffer, if later than due.
    pub sent: Time,
    /// When the first record along its pipeline was due.
    pub origin: Time,
    /// Amount of work in it.
    pub units: f64,
}

impl Extra {
    /// What holds of a record of which nothing special is known.
    #[inline]
    #[must_use]
    pub fn usual(record: &Record) -> Self {
        Self { sent: record.due, origin: record.due, units: 1.0 }
    }
}

/// What a record was made of: a record that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// Where that lies.
    pub partition: PartitionId,
    /// Its offset.
    pub offset: u64,
}

/// Records, and beside them their extras: either none at all or one for each.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Parcel {
    /// The records.
    pub records: Vec<Record>,
    /// Empty, or one for each record.
    pub extras: Vec<Extra>,
}

impl Parcel {
    /// Number of records.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }
    /// True when there are none.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
    /// Forgets everything, keeps the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.records.clear();
        self.extras.clear();
    }
    /// Adds a record of which something special is known.
    pub fn push_extra(&mut self, record: Record, extra: Extra) {
        self.complete();
        self.records.push(record);
        self.extras.push(extra);
    }
    /// Adds a usual record.
    #[inline]
    pub fn push(&mut self, record: Record) {
        self.records.push(record);
        if !self.extras.is_empty() {
            self.extras.push(Extra::usual(&record));
        }
    }
    /// Adds records with their extras, of which there are none or as many.
    #[inline(never)]
    pub fn extend(&mut self, records: &[Record], extras: &[Extra]) {
        if !extras.is_empty() || !self.extras.is_empty() {
            self.extend_extras(records, extras);
        }
        self.records.extend_from_slice(records);
    }
    #[cold]
    fn extend_extras(&mut self, records: &[Record], extras: &[Extra]) {
        self.complete();
        if extras.is_empty() {
            self.extras.extend(records.iter().map(Extra::usual));
        } else {
            self.extras.extend_from_slice(extras);
        }
    }
    /// Gives every record its extra.
    fn complete(&mut self) {
        let known = self.extras.len();
        self.extras.extend(self.records[known..].iter().map(Extra::usual));
    }
    /// Removes the first `n` records.
    #[inline(never)]
    pub fn drop_front(&mut self, n: usize) {
        self.records.drain(..n);
        if !self.extras.is_empty() {
            self.extras.drain(..n);
        }
    }
    /// The extras of some of the records, or none at all.
    #[inline]
    #[must_use]
    pub fn extras_of(&self, range: Range<usize>) -> &[Extra] {
        if self.extras.is_empty() { &[] } else { &self.extras[range] }
    }
}
