//! A partition: records in a ring, batch ends beside them, and who waits for more.
//!
//! Records are kept until every group that reads the topic has fetched past them: without crashes and rebalances
//! nothing is ever read twice, so what was fetched can be forgotten, and memory follows the backlog, not the run. Where
//! members can be lost, they are kept until every group has committed them.
mod copied;
mod retention;

use super::protocol::{Extra, Parcel, Record};
use super::sabotage::{self, Sabotage};
use crate::units::Time;
use std::collections::VecDeque;

use retention::Kept;
pub use retention::{Lost, Retention};

/// A ring of so many records is not worth making smaller.
const ROOMY: usize = 4096;

/// The leader's copy of one partition.
#[derive(Debug)]
pub struct Log {
    ring: Vec<Record>,
    /// Empty, or as long as the ring.
    extras: Vec<Extra>,
    start: u64,
    end: u64,
    high_watermark: u64,
    readable_bytes: u64,
    /// Offset after each batch, and bytes up to there since the beginning.
    ends: VecDeque<(u64, u64)>,
    forgotten_bytes: u64,
    /// Offset each reading group has reached.
    readers: Vec<u64>,
    /// When all that was appended is safe.
    pub safe_at: Time,
    /// Parked fetches that want this partition.
    pub waiting: Vec<u32>,
    /// Where what is old or too much is deleted.
    kept: Option<Box<Kept>>,
    /// Whether what was fetched may be asked for again.
    rereadable: bool,
}

impl Log {
    /// An empty log that so many groups read, and what it keeps, if not everything.
    #[must_use]
    pub fn new(readers: usize, retention: Option<Retention>) -> Self {
        Self {
            kept: retention.map(|retention| Box::new(Kept::new(retention, readers))),
            ring: vec![Record::default(); 16],
            extras: Vec::new(),
            start: 0,
            end: 0,
            high_watermark: 0,
            readable_bytes: 0,
            ends: VecDeque::new(),
            forgotten_bytes: 0,
            readers: vec![0; readers],
            safe_at: Time::ZERO,
            waiting: Vec::new(),
            rereadable: false,
        }
    }

    /// One that forgets only what is committed, for what was fetched may be asked for again.
    #[must_use]
    pub fn rereadable(self, rereadable: bool) -> Self {
        Self { rereadable, ..self }
    }

    /// Offsets below may be read.
    #[inline]
    #[must_use]
    pub fn high_watermark(&self) -> u64 {
        if sabotage::plays(Sabotage::ReadUnreplicated) { self.end } else { self.high_watermark }
    }

    /// The offset up to which records were counted as replicated, whoever may read them.
    #[inline]
    #[must_use]
    pub fn counted(&self) -> u64 {
        self.high_watermark
    }

    /// Offsets below are forgotten.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Records held in memory.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.end - self.start
    }

    /// Records there is memory for without taking more.
    #[must_use]
    pub fn room(&self) -> usize {
        self.ring.len()
    }

    /// Appends a batch and returns the offset of its first record.
    #[inline]
    pub fn append(&mut self, records: &[Record], extras: &[Extra], bytes: u32) -> u64 {
        let base = self.end + u64::from(sabotage::plays(Sabotage::SkipOffset));
        self.end = base + records.len() as u64;
        if self.readers.is_empty() {
            // Nobody will ever read it.
            self.start = self.end;
            return base;
        }
        while self.end - self.start > self.ring.len() as u64 {
            self.resize(base, self.ring.len() * 2);
        }
        let mut at = self.slot(base);
        if at + records.len() > self.ring.len() && self.has_room_to_spare() {
            self.resize(base, (self.held() as usize * 4).next_power_of_two().max(ROOMY));
            at = self.slot(base);
        }
        copy_wrapped(records, &mut self.ring, at);
        if !extras.is_empty() || !self.extras.is_empty() {
            self.append_extras(records, extras, at);
        }
        let before = self.ends.back().map_or(self.forgotten_bytes, |&(_, total)| total);
        self.ends.push_back((self.end, before + u64::from(bytes)));
        base
    }

    #[cold]
    fn append_extras(&mut self, records: &[Record], extras: &[Extra], at: usize) {
        if self.extras.is_empty() {
            self.extras = self.ring.iter().map(Extra::usual).collect();
        }
        if extras.is_empty() {
            let usual: Vec<_> = records.iter().map(Extra::usual).collect();
            copy_wrapped(&usual, &mut self.extras, at);
        } else {
            copy_wrapped(extras, &mut self.extras, at);
        }
    }

    /// The replicas have one more batch.
    #[inline]
    pub fn replicated(&mut self, records: u32, bytes: u32) -> u64 {
        self.high_watermark += u64::from(records);
        self.readable_bytes += u64::from(bytes);
        if sabotage::plays(Sabotage::WatermarkBack) {
            self.high_watermark /= 2;
        }
        self.high_watermark
    }

    /// Bytes that may be read from `offset` on.
    #[inline]
    #[must_use]
    pub fn readable(&self, offset: u64) -> u64 {
        if offset >= self.high_watermark { 0 } else { self.readable_bytes - self.bytes_before(offset) }
    }

    /// Copies whole batches from `offset` on, at least one, at most `max_bytes`; returns the records and bytes copied.
    #[inline]
    pub fn read(&self, offset: u64, max_bytes: u64, into: &mut Parcel) -> (u32, u32) {
        let before = self.bytes_before(offset);
        let (mut end, mut bytes) = match self.ends.back() {
            Some(&(end, total)) if sabotage::plays(Sabotage::ReadUnreplicated) => (end, total - before),
            _ => (self.high_watermark, self.readable_bytes - before),
        };
        if bytes > max_bytes {
            let (last, total) = self.last_within(offset, before + max_bytes);
            (end, bytes) = (last, total - before);
        }
        self.copy_out(offset, end, into);
        ((end - offset) as u32, bytes as u32)
    }

    /// Copies the records from one offset to before another, over the end of the ring if need be.
    #[inline]
    fn copy_out(&self, offset: u64, end: u64, into: &mut Parcel) {
        let (from, to) = (self.slot(offset), self.slot(end));
        if from < to {
            into.extend(&self.ring[from..to], self.extras_of(from, to));
        } else {
            let wrap = self.ring.len();
            into.extend(&self.ring[from..], self.extras_of(from, wrap));
            into.extend(&self.ring[..to], self.extras_of(0, to));
        }
    }

    /// The last batch from `offset` on, or the first, up to whose end there are at most so many bytes.
    #[cold]
    fn last_within(&self, offset: u64, most: u64) -> (u64, u64) {
        let first = self.ends.partition_point(|&(end, _)| end <= offset);
        let beyond = self.ends.partition_point(|&(_, total)| total <= most);
        self.ends[beyond.saturating_sub(1).max(first)]
    }

    /// A group has everything below `offset`; what all have is forgotten, unless it may be asked for again.
    #[inline]
    pub fn reached(&mut self, reader: usize, offset: u64) {
        if !self.rereadable && !sabotage::plays(Sabotage::TwoOwners) {
            self.settled(reader, offset);
        }
    }

    /// A group will not ask for anything below `offset` again; what none will is forgotten.
    #[inline]
    pub fn settled(&mut self, reader: usize, offset: u64) {
        self.readers[reader] = offset;
        let all = if self.readers.len() == 1 { offset } else { self.readers.iter().copied().min().unwrap_or(offset) };
        self.start = self.start.max(all);
        while let Some(&(end, total)) = self.ends.front()
            && end <= all
        {
            self.forgotten_bytes = total;
            self.ends.pop_front();
        }
    }

    #[inline]
    fn extras_of(&self, from: usize, to: usize) -> &[Extra] {
        if self.extras.is_empty() { &[] } else { &self.extras[from..to] }
    }

    /// Bytes below `offset`, which is the end of a batch. Readers are near the end, so the search begins there.
    #[inline]
    fn bytes_before(&self, offset: u64) -> u64 {
        let known = self.ends.len();
        for i in (known.saturating_sub(8)..known).rev() {
            let (end, total) = self.ends[i];
            if end <= offset {
                return total;
            }
        }
        if known <= 8 { self.forgotten_bytes } else { self.bytes_far_before(offset) }
    }

    #[cold]
    fn bytes_far_before(&self, offset: u64) -> u64 {
        let after = self.ends.partition_point(|&(end, _)| end <= offset);
        after.checked_sub(1).map_or(self.forgotten_bytes, |i| self.ends[i].1)
    }

    #[inline]
    fn slot(&self, offset: u64) -> usize {
        offset as usize & (self.ring.len() - 1)
    }

    /// Once around the ring: whether a backlog that is gone has left it far too large.
    #[cold]
    fn has_room_to_spare(&mut self) -> bool {
        if self.ends.capacity() > ROOMY {
            self.ends.shrink_to(self.ends.len() * 4);
        }
        self.ring.len() > ROOMY && self.held() < self.ring.len() as u64 / 8
    }

    #[cold]
    fn resize(&mut self, filled: u64, records: usize) {
        let mut ring = vec![Record::default(); records];
        let mask = records - 1;
        for offset in self.start..filled {
            ring[offset as usize & mask] = self.ring[self.slot(offset)];
        }
        if !self.extras.is_empty() {
            let mut extras = vec![Extra::usual(&Record::default()); records];
            for offset in self.start..filled {
                extras[offset as usize & mask] = self.extras[self.slot(offset)];
            }
            self.extras = extras;
        }
        self.ring = ring;
    }
}

/// Copies into a ring from place `at` on, over its end if need be.
#[inline]
fn copy_wrapped<T: Copy>(from: &[T], ring: &mut [T], at: usize) {
    let first = from.len().min(ring.len() - at);
    ring[at..at + first].copy_from_slice(&from[..first]);
    if first < from.len() {
        ring[..from.len() - first].copy_from_slice(&from[first..]);
    }
}
