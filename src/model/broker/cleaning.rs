//! Looks now and then at the logs of a topic, and deletes what its retention does not keep.
//!
//! A group loses records when they are deleted, not when it finds out: one that never comes back has lost them all the
//! same. It finds out with its next fetch, which is answered with the earliest offset that is left; Kafka's client asks
//! for that in a request of its own.
use super::{Broker, Place};
use crate::model::log::Lost;
use crate::model::machine::{Cause, Fact, Outbox};
use crate::model::protocol::{Batch, Timer, Wanted};
use crate::units::Time;
use std::sync::Arc;

impl Broker {
    /// Asks to be woken for the first checks.
    pub(super) fn begin_checks(&self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        for (topic, check) in (0..).zip(&self.places.checks) {
            if let Some(check) = *check {
                out.wake(Timer::Clean(topic), now + check);
            }
        }
    }

    /// Checks the logs of a topic that this broker leads.
    pub(super) fn clean(&mut self, topic: u32, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let Some(check) = self.places.checks[topic as usize] else { return };
        let places = Arc::clone(&self.places);
        let mine = |place: &Place| place.topic == topic && place.leader == self.settings.me;
        let mine: Vec<_> = (0..).zip(&places.partitions).filter(|(_, place)| mine(place)).collect();
        let mut lost = Vec::new();
        for (partition, place) in mine {
            self.logs[place.log as usize].clean(now, &mut lost);
            for Lost { reader, first, records } in lost.drain(..) {
                let group = places.groups[topic as usize][reader];
                out.observe(&Fact::Lost { group, partition, first, records, cause: Cause::Retention, at: now });
            }
            // A fetch that waits for more bytes than there are need not wait to hear that its offset is gone.
            self.answer_waiting(place.log as usize, now, out);
        }
        out.wake(Timer::Clean(topic), now + check);
    }
}

/// The answer to a fetch from an offset that is gone: nothing, from where what is left begins.
pub(super) fn gone(wanted: &Wanted, earliest: u64, start: u32) -> Batch {
    let (partition, sequence) = (wanted.partition, wanted.slot);
    Batch { partition, sequence, base: earliest, start, end: start, ..Batch::default() }
}
