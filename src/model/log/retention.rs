//! What a partition deletes: segments that are too old or too much, whole and oldest first, read or not.
//!
//! Segments are cut every so many bytes; they need no list, for batches know how many bytes lie before them. Only what is
//! replicated goes. What all groups have fetched was forgotten before, and is not looked at again.
use super::Log;
use crate::model::protocol::Extra;
use crate::model::sabotage::{self, Sabotage};
use crate::units::{Span, Time};

/// What a topic keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// `retention.ms`.
    pub time: Option<Span>,
    /// `retention.bytes`.
    pub size: Option<u64>,
    /// `segment.bytes`; with 1 every batch is a segment.
    pub segment: u64,
    /// `log.retention.check.interval.ms`.
    pub check: Span,
}

/// What is left of a log, and who has had what.
#[derive(Debug)]
pub struct Kept {
    retention: Retention,
    /// Everything below is deleted.
    earliest: u64,
    /// Up to where each reader was given its records, or lost them.
    given: Vec<u64>,
}

/// Records that were deleted before a reader got them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Place among the readers.
    pub reader: usize,
    /// Offset of the first.
    pub first: u64,
    /// How many.
    pub records: u64,
}

impl Kept {
    pub fn new(retention: Retention, readers: usize) -> Self {
        Self { retention, earliest: 0, given: vec![0; readers] }
    }

    /// Everything below was given to a reader. What is asked for again may still be in another's hands: that is no less.
    fn given(&mut self, reader: usize, offset: u64) {
        self.given[reader] = offset.max(self.given[reader]);
    }
}

impl Log {
    /// The lowest offset that may still be read.
    #[inline]
    #[must_use]
    pub fn earliest(&self) -> u64 {
        let kept = self.kept.as_ref().map_or(0, |kept| kept.earliest);
        // Whoever asks for less was taken for gone, and others have committed since: it is all the same what it gets.
        if self.rereadable { self.start.max(kept) } else { kept }
    }

    /// A reader was given everything below `offset`.
    #[inline]
    pub fn given(&mut self, reader: usize, offset: u64) {
        if let Some(kept) = &mut self.kept
            && !sabotage::plays(Sabotage::LoseRead)
        {
            kept.given(reader, offset);
        }
    }

    /// A reader was not given what it asked for, from `offset` on, after all.
    pub fn withheld(&mut self, reader: usize, offset: u64) {
        if let Some(kept) = &mut self.kept {
            kept.given[reader] = offset.max(kept.earliest);
        }
    }

    /// Deletes what is too old or too much, and adds what readers lose by it.
    pub fn clean(&mut self, now: Time, lost: &mut Vec<Lost>) {
        let Some(kept) = &self.kept else { return };
        let below = self.deletable(kept.retention, now);
        if below <= kept.earliest {
            return;
        }
        while let Some(&(end, total)) = self.ends.front()
            && end <= below
        {
            self.forgotten_bytes = total;
            self.ends.pop_front();
        }
        self.start = self.start.max(below);
        let Some(kept) = &mut self.kept else { return };
        kept.earliest = below;
        for (reader, given) in kept.given.iter_mut().enumerate() {
            if *given < below {
                lost.push(Lost { reader, first: *given, records: below - *given });
                *given = below;
            }
        }
    }

    /// Offset up to which whole segments are to be deleted.
    fn deletable(&self, retention: Retention, now: Time) -> u64 {
        let stored = self.ends.back().map_or(self.forgotten_bytes, |&(_, total)| total);
        let (mut below, mut before) = (0, self.forgotten_bytes);
        for (i, &(end, total)) in self.ends.iter().enumerate() {
            let old = retention.time.is_some_and(|time| now.since(self.created(end - 1)) > time);
            let much = retention.size.is_some_and(|size| stored - total >= size);
            if end > self.high_watermark || !(old || much) {
                break;
            }
            // It ends where the next batch begins in another one, or where there is none.
            let next = self.ends.get(i + 1);
            if next.is_none() || total / retention.segment > before / retention.segment {
                below = end;
            }
            before = total;
        }
        below
    }

    /// When a record was handed to its producer, which is its timestamp.
    fn created(&self, offset: u64) -> Time {
        let at = self.slot(offset);
        self.extras.get(at).unwrap_or(&Extra::usual(&self.ring[at])).sent
    }
}
