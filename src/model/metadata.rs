//! How old what a client knows of leaders and partitions may become: `metadata.max.age.ms`.
//!
//! Producers and members ask anew when it is older; whatever they hear in between makes it young again.
use super::machine::Outbox;
use super::protocol::{ActorId, Leaders, Message, Timer};
use crate::units::{Span, Time};

/// When a client asks next.
#[derive(Clone, Copy, Debug)]
pub struct Freshness {
    /// Who is asked: it stands for any broker.
    pub controller: ActorId,
    /// `metadata.max.age.ms`.
    pub age: Span,
    /// When what is known is too old.
    pub due: Time,
}

impl Freshness {
    /// The timer fires: asks, on behalf of what reads or what writes, if what is known is too old.
    pub fn refresh(&mut self, reads: bool, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if now >= self.due {
            self.heard(now);
            out.send(self.controller, Message::WhoLeads(Box::new(Leaders { reads, leaders: Vec::new() })));
        }
        out.wake(Timer::Refresh, self.due);
    }

    /// What is known is as of now.
    pub fn heard(&mut self, now: Time) {
        self.due = now + self.age;
    }
}
