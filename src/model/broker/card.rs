//! A broker's network card: messages pass it one after the other in each direction, at its bandwidth.
//!
//! A message takes its time on the sender's side and on the receiver's at once, so that an idle card costs nothing more
//! and only a busy one needs an event of its own. What is ready later than now does not keep the card idle until then.
use crate::model::wire::Bandwidth;
use crate::units::Time;

/// The network card: it has passed on everything it was given so far at these instants.
#[derive(Debug)]
pub struct Card {
    bandwidth: Bandwidth,
    coming_in: Time,
    going_out: Time,
}

impl Card {
    /// One that has nothing to do.
    pub const fn new(bandwidth: Bandwidth) -> Self {
        Self { bandwidth, coming_in: Time::ZERO, going_out: Time::ZERO }
    }

    /// When a message is in whose last byte arrives now, unless the card is busy with others.
    #[inline]
    pub fn come_in(&mut self, now: Time, bytes: u64) -> Time {
        let takes = self.bandwidth.takes(bytes);
        self.coming_in = self.coming_in.max(Time::from_ns(now.ns().saturating_sub(takes.ns()))) + takes;
        self.coming_in.max(now)
    }

    /// When the last byte is out of a message that is ready then, now or later. The card does not wait for it.
    #[inline]
    pub fn go_out(&mut self, now: Time, ready: Time, bytes: u64) -> Time {
        let takes = self.bandwidth.takes(bytes);
        self.going_out = self.going_out.max(now) + takes;
        self.going_out.max(ready + takes)
    }
}
