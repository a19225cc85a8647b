//! When a message arrives: one link never reorders.
//!
//! Both engines have it: the simulator as one, live each sender has its own links and its own part of what is wrong.
//! Only delay is here; bandwidth is the broker's network card. Nothing is lost: connections retry below what we model, so
//! what a bad way loses comes later, and all that is behind it on its connection with it.
use crate::model::protocol::ActorId;
use crate::model::random::{Distribution, Draws, Stream};
use crate::units::{Span, Time};
use std::ops::Range;

/// How long TCP waits at least before it sends again what was not acknowledged; twice as long each further time
/// (RFC 6298; Linux has 200 ms instead of its second).
const RETRANSMISSION: Span = Span::from_ms(200);
/// Times a message is lost at most.
const LOST: u32 = 15;

/// What is wrong between two parties.
#[derive(Debug)]
pub struct Bad {
    /// The number of what happened.
    pub number: u64,
    /// Addresses at both ends.
    pub ends: [Range<u32>; 2],
    /// What it does to a message.
    pub how: How,
}

/// What a bad way does to a message.
#[derive(Debug)]
pub enum How {
    /// It takes so much longer.
    Slower(Draws),
    /// So large a share is lost, by these dice, and sent again.
    Lossy(f64, Stream),
    /// It waits until then.
    Shut(Time),
}

impl Bad {
    /// The same with dice of a sender's own, where senders share nothing.
    #[must_use]
    pub fn of(&self, sender: ActorId) -> Self {
        let name = sender.0.to_string();
        let how = match &self.how {
            How::Slower(draws) => How::Slower(draws.beside(&name)),
            How::Lossy(share, luck) => How::Lossy(*share, luck.beside(&name)),
            How::Shut(until) => How::Shut(*until),
        };
        Self { number: self.number, ends: self.ends.clone(), how }
    }

    /// Whether somebody is at one of its ends.
    #[must_use]
    pub fn concerns(&self, actor: ActorId) -> bool {
        self.ends.iter().any(|end| end.contains(&actor.0))
    }

    /// When a message leaves that was sent at an instant, as if it came from there.
    pub fn leaves(&mut self, sent: Time, from: ActorId, to: ActorId) -> Time {
        let [a, b] = &self.ends;
        let within = |x: &Range<u32>, y: &Range<u32>| x.contains(&from.0) && y.contains(&to.0);
        if !within(a, b) && !within(b, a) {
            return sent;
        }
        match &mut self.how {
            How::Slower(draws) => sent + draws.span(),
            How::Lossy(share, luck) => {
                let lost = (0..LOST).take_while(|_| luck.unit() < *share).count() as u32;
                sent + RETRANSMISSION.times((1 << lost) - 1)
            }
            How::Shut(until) => sent.max(*until),
        }
    }
}

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
    /// What is wrong at present.
    bad: Vec<Bad>,
}

impl Network {
    /// Links of this one-way delay between so many actors.
    #[must_use]
    pub fn new(delay: &Distribution, actors: usize, seed: u64, may_be_bad: bool) -> Self {
        let instant = *delay == Distribution::ZERO && !may_be_bad;
        let links = |from| Links::new(delay, ActorId(from as u32), seed);
        Self { senders: if instant { Vec::new() } else { (0..actors).map(links).collect() }, instant, bad: Vec::new() }
    }

    /// Something is wrong from now on.
    pub fn worsen(&mut self, bad: Bad) {
        self.bad.push(bad);
    }

    /// It is over.
    pub fn mend(&mut self, number: u64) {
        self.bad.retain(|bad| bad.number != number);
    }

    #[cold]
    fn through_trouble(&mut self, leaves: Time, from: ActorId, to: ActorId) -> Time {
        self.bad.iter_mut().fold(leaves, |leaves, bad| bad.leaves(leaves, from, to))
    }

    /// When a message that leaves at `leaves` arrives: max(previous delivery, sent + delay).
    #[inline]
    pub fn deliver(&mut self, leaves: Time, from: ActorId, to: ActorId) -> Time {
        if self.instant {
            return leaves;
        }
        let leaves = if self.bad.is_empty() { leaves } else { self.through_trouble(leaves, from, to) };
        self.senders[from.index()].deliver(leaves, to)
    }
}
