//! What a log does where leaders change: its end is read by followers, cut back, or moved to where what is left begins.
//!
//! Absent where brokers do not fail: nobody asks for any of it there.
use super::Log;
use crate::model::protocol::Parcel;
use std::ops::Range;

impl Log {
    /// The offset after the last record.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Offsets below may be read from now on; false if they could before.
    pub fn advance(&mut self, high_watermark: u64) -> bool {
        if high_watermark <= self.high_watermark {
            return false;
        }
        self.high_watermark = high_watermark;
        self.readable_bytes = self.bytes_far_before(high_watermark);
        true
    }

    /// Copies whole batches of a range, readable or not, at least one; returns the offset after them.
    pub fn copy(&self, range: Range<u64>, max_bytes: u64, into: &mut Parcel) -> u64 {
        let most = self.bytes_far_before(range.start) + max_bytes;
        let (end, _) = self.last_within(range.start, most.min(self.bytes_far_before(range.end)));
        self.copy_out(range.start, end, into);
        end
    }

    /// Forgets everything from `offset` on, which is the end of a batch.
    pub fn truncate(&mut self, offset: u64) {
        while self.ends.back().is_some_and(|&(end, _)| end > offset) {
            self.ends.pop_back();
        }
        self.end = self.end.min(offset);
        self.start = self.start.min(self.end);
        if self.high_watermark > self.end {
            self.high_watermark = self.end;
            self.readable_bytes = self.bytes_far_before(self.end);
        }
    }

    /// Forgets everything, and goes on from `offset`.
    pub fn begin_at(&mut self, offset: u64) {
        self.ends.clear();
        (self.start, self.end, self.high_watermark) = (offset, offset, offset);
        self.readable_bytes = self.forgotten_bytes;
        self.readers.iter_mut().for_each(|reader| *reader = offset.max(*reader));
    }
}
