//! A broker that does not want to hear of a producer for a while, because a quota is exceeded (KIP-219).
//!
//! It then counts as having more requests in flight than any window allows, so that nothing else has to ask.
use super::{HELD, Producer};
use crate::model::machine::Outbox;
use crate::model::protocol::Timer;
use crate::units::Time;

impl Producer {
    /// Sends nothing to a broker until then, as its answer asked.
    #[cold]
    pub(super) fn hold(&mut self, lane: usize, until: Time, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let held = &mut self.lanes[lane];
        held.in_flight |= HELD;
        if until > held.held {
            held.held = until;
            self.muted.until(lane, now, until);
            out.wake(Timer::Throttled(lane as u32), until);
        }
    }

    #[cold]
    pub(super) fn throttle_is_over(&mut self, lane: usize, now: Time, out: &mut (impl Outbox + ?Sized)) {
        // An answer that came later may have asked for longer.
        if now >= self.lanes[lane].held && self.lanes[lane].in_flight & HELD > 0 {
            self.catch_up(now, out);
            self.lanes[lane].in_flight &= !HELD;
            self.go_on(lane, now, out);
        }
    }
}
