//! When a message arrives: one link never reorders.
//!
//! Only delay is here; bandwidth is the broker's network card. Nothing is lost: connections retry below what we model.
use crate::model::protocol::ActorId;
use crate::model::random::{Distribution, Draws, Stream};
use crate::units::Time;

/// Per sender: its own luck, and when its last message to each receiver arrives.
#[derive(Debug)]
struct Sender {
    delays: Draws,
    last: Vec<Time>,
}

impl Sender {
    /// Brokers come first in the cast and clients talk to them, so a client's row stays short.
    #[cold]
    fn meet(&mut self, other: ActorId) {
        self.last.resize(other.index() + 1, Time::ZERO);
    }
}

/// The links between all actors.
#[derive(Debug)]
pub struct Network {
    senders: Vec<Sender>,
    /// Nothing is delayed, so nothing can be overtaken.
    instant: bool,
}

impl Network {
    /// Links of this one-way delay between so many actors.
    #[must_use]
    pub fn new(delay: &Distribution, actors: usize, seed: u64) -> Self {
        let instant = *delay == Distribution::ZERO;
        let sender =
            |i| Sender { delays: Draws::new(delay, Stream::named(seed, &format!("network/{i}"))), last: Vec::new() };
        Self { senders: if instant { Vec::new() } else { (0..actors).map(sender).collect() }, instant }
    }

    /// When a message that leaves at `leaves` arrives: max(previous delivery, sent + delay).
    #[inline]
    pub fn deliver(&mut self, leaves: Time, from: ActorId, to: ActorId) -> Time {
        if self.instant {
            return leaves;
        }
        let sender = &mut self.senders[from.index()];
        if sender.last.len() <= to.index() {
            sender.meet(to);
        }
        let last = &mut sender.last[to.index()];
        *last = (leaves + sender.delays.span()).max(*last);
        *last
    }
}
