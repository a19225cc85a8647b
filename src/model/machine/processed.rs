//! What a member says of records that it finished: a slice of what it fetched, and how long each took.
//!
//! The one fact with something to compute: whoever tells new from old reports it in parts.
use crate::model::protocol::{Extra, PartitionId, Record};
use crate::units::{Span, Time};

/// Records of one partition that a member finished, with contiguous offsets.
#[derive(Clone, Copy, Debug)]
pub struct Processed<'a> {
    /// Which group.
    pub group: u32,
    /// Which member, counted from 0.
    pub member: u32,
    /// Which partition.
    pub partition: PartitionId,
    /// Offset of the first record.
    pub first: u64,
    /// The records, each finished at or before now.
    pub records: &'a [Record],
    /// What more is known of each; empty where nothing is.
    pub extras: &'a [Extra],
    /// Processing time of each.
    pub work: &'a [Span],
    /// When work on the first began; each further one begins when the one before is done.
    pub started: Time,
    /// Whether the partition's records may finish out of order: several workers share them.
    pub shared: bool,
}

impl<'a> Processed<'a> {
    /// Those of the records with offsets from `from` to before `until`.
    #[must_use]
    pub fn part(&self, from: u64, until: u64) -> Processed<'a> {
        let (from, until) = ((from - self.first) as usize, (until - self.first) as usize);
        let before = self.work[..from].iter().fold(Span::ZERO, |sum, &work| sum + work);
        Processed {
            first: self.first + from as u64,
            records: &self.records[from..until],
            extras: if self.extras.is_empty() { &[] } else { &self.extras[from..until] },
            work: &self.work[from..until],
            started: self.started + before,
            ..*self
        }
    }
}
