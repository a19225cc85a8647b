//! Bursts: busy and silent in turn, exponentially long each, Poisson while busy (an interrupted Poisson process).
//!
//! The periods come from luck that all instances share, so that the load is the same however many share it: together
//! they burst as one. It starts in equilibrium, for there is no first burst of a source that was always there.
use crate::model::random::Stream;

/// One instance's arrivals.
#[derive(Clone, Debug)]
pub struct Bursts {
    on_ns: f64,
    off_ns: f64,
    gap_ns: f64,
    own: Stream,
    periods: Stream,
    at_ns: f64,
    /// End of the burst in which `at_ns` lies.
    ends_ns: f64,
}

impl Bursts {
    /// Mean lengths of bursts and silence, mean gap of this instance's records in a burst, its own luck, and that of the
    /// periods.
    pub fn new((on_ns, off_ns): (f64, f64), gap_ns: f64, own: Stream, mut periods: Stream) -> Self {
        let silent = periods.unit() * (on_ns + off_ns) >= on_ns;
        let begins = if silent { off_ns * periods.exponential() } else { 0.0 };
        let ends_ns = begins + on_ns * periods.exponential();
        Self { on_ns, off_ns, gap_ns, own, periods, at_ns: begins, ends_ns }
    }

    /// When the next record is due.
    pub fn next(&mut self) -> f64 {
        loop {
            let at = self.at_ns + self.gap_ns * self.own.exponential();
            // A gap has no memory: what is left of it at the end of a burst is drawn anew in the next one.
            if at < self.ends_ns || at >= FOR_EVER {
                self.at_ns = at;
                return at;
            }
            self.at_ns = self.ends_ns + self.off_ns * self.periods.exponential();
            self.ends_ns = self.at_ns + self.on_ns * self.periods.exponential();
        }
    }
}

/// Nanoseconds after which nobody listens any more: thirty years.
const FOR_EVER: f64 = 1e18;
