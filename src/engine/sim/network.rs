//! When a message arrives: one link never reorders.
//!
//! Only delay is here; bandwidth is the broker's network card. Nothing is lost: connections retry below what we model.
use crate::model::protocol::ActorId;
use crate::model::random::{Distribution, Draws, Stream};
use crate::units::Time;

/// The links of one sender: its own luck, and when its last message to each receiver arrives.
#[derive(Debug)]
pub struct Links {
    delays: Draws,
    last: Vec<Time>,
}

impl Links {
    /// Links of this one-way delay from an actor to all others.
    #[must_use]
    pub fn new(delay: &Distribution, from: ActorId, seed: u64) -> Self {
        let luck = Stream::named(seed, &format!("network/{}", from.0));
        Self { delays: Draws::new(delay, luck), last: Vec::new() }
    }

    /// When a message that leaves at `leaves` arrives: max(previous delivery, sent + delay).
    #[inline]
    pub fn deliver(&mut self, leaves: Time, to: ActorId) -> Time {
        if self.last.len() <= to.index() {
            self.meet(to);
        }
        let last = &mut self.last[to.index()];
        *last = (leaves + self.delays.span()).max(*last);
        *last
    }

    /// Brokers come first in the cast and clients talk to them, so a client's row stays short.
    #[cold]
    fn meet(&mut self, other: ActorId) {
        self.last.resize(other.index() + 1, Time::ZERO);
    }
}

/// The links between all actors.
#[derive(Debug)]
pub struct Network {
    senders: Vec<Links>,
    /// Nothing is delayed, so nothing can be overtaken.
    instant: bool,
}

impl Network {
    /// Links of this one-way delay between so many actors.
    #[must_use]
    pub fn new(delay: &Distribution, actors: usize, seed: u64) -> Self {
        let instant = *delay == Distribution::ZERO;
        let links = |from| Links::new(delay, ActorId(from as u32), seed);
        Self { senders: if instant { Vec::new() } else { (0..actors).map(links).collect() }, instant }
    }

    /// When a message that leaves at `leaves` arrives: max(previous delivery, sent + delay).
    #[inline]
    pub fn deliver(&mut self, leaves: Time, from: ActorId, to: ActorId) -> Time {
        if self.instant {
            return leaves;
        }
        self.senders[from.index()].deliver(leaves, to)
    }
}
