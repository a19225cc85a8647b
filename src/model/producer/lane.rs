//! The way of a producer to one broker: what is under way on it, and until when it waits.
//!
//! Reasons not to send are added to the number of requests in flight, so that one comparison asks for all of them.
use crate::units::Time;

/// The way to one broker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lane {
    pub in_flight: u32,
    /// How many connections to the broker were lost.
    pub epoch: u32,
    /// When its timer fires next, where clocks are real a little later; stale timers are those before.
    pub armed: Time,
    /// Until when the broker does not want to hear of it; then it counts as [`HELD`] more requests in flight.
    pub held: Time,
    /// When the last byte of the request before has left: a connection carries one after the other.
    pub left: Time,
}

impl Lane {
    pub(super) fn new(epoch: u32) -> Self {
        Self { in_flight: 0, epoch, armed: Time::NEVER, held: Time::ZERO, left: Time::ZERO }
    }
}

/// More requests than any window allows.
pub(super) const HELD: u32 = 1 << 20;
/// The same, while something waits to be sent again, or to come home for that.
pub(super) const TROUBLED: u32 = 1 << 21;
