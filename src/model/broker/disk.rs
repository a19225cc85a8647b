//! A broker's disk: it writes one thing after the other, what the broker leads and what it follows.
//!
//! What is ready later than now does not keep the disk idle until then. Reading is absent: what groups fetch was appended
//! a moment ago and comes from the page cache.
use crate::model::wire::Bandwidth;
use crate::units::{Span, Time};

/// The disk: it has written everything it was given so far at this instant.
#[derive(Debug)]
pub struct Disk {
    bandwidth: Bandwidth,
    /// How many times as long as usual it takes.
    factor: f64,
    written: Time,
    /// Time it was given work for, and what of it was reported.
    work: Span,
    reported: Span,
}

impl Disk {
    /// One that has nothing to do.
    pub const fn new(bandwidth: Bandwidth) -> Self {
        Self { bandwidth, factor: 1.0, written: Time::ZERO, work: Span::ZERO, reported: Span::ZERO }
    }

    /// Whether writing costs anything.
    #[inline]
    pub fn is_limited(&self) -> bool {
        self.bandwidth.is_limited()
    }

    /// When the last byte is written of what is ready then, now or later.
    #[expect(clippy::float_cmp, reason = "usual is exactly 1")]
    pub fn write(&mut self, now: Time, ready: Time, bytes: u64) -> Time {
        let mut takes = self.bandwidth.takes(bytes);
        if self.factor != 1.0 {
            takes = Span::round_ns(takes.ns() as f64 * self.factor);
        }
        self.work += takes;
        self.written = self.written.max(now) + takes;
        self.written.max(ready + takes)
    }

    /// From now on it takes so many times as long.
    pub fn slow(&mut self, factor: f64) {
        self.factor = factor;
    }

    /// Time it was busy since this was asked last.
    pub fn busy(&mut self, now: Time) -> Span {
        let done = self.work - self.written.since(now);
        let busy = done - self.reported;
        self.reported = done;
        busy
    }
}
