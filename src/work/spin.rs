//! `work: {spin: DIST}`: keeps a core busy for a drawn time a record.
//!
//! No calibration: it looks at a clock until the time is over, so that it is right on every machine and under any
//! frequency. Clock and dice are handed in, in nanoseconds. A member that falls behind is not let off: each record is
//! spun for its own time from when it is taken.
use super::{Item, Results};
use std::fmt;

/// Burns time.
pub struct Spin {
    draw: Box<dyn FnMut() -> u64 + Send>,
    clock: Box<dyn Fn() -> u64 + Send>,
}

impl Spin {
    /// `draw` says how long the next record takes, `clock` what time it is; both in nanoseconds.
    pub fn new(draw: impl FnMut() -> u64 + Send + 'static, clock: impl Fn() -> u64 + Send + 'static) -> Self {
        Self { draw: Box::new(draw), clock: Box::new(clock) }
    }

    pub(super) fn take(&mut self, records: &[Item<'_>], out: &mut Results) {
        for record in records {
            let begun = (self.clock)();
            let until = begun.saturating_add((self.draw)());
            while (self.clock)() < until {
                std::hint::spin_loop();
            }
            out.push(|out| out.extend_from_slice(record.value));
        }
    }
}

impl fmt::Debug for Spin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spin")
    }
}
