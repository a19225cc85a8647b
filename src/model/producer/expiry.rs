//! Gives up batches that are not acknowledged in time: `delivery.timeout.ms` after they were begun, in the buffer or on
//! their way (KIP-91).
//!
//! One timer looks at everything there is and then waits for the next that may be too old, so that nothing happens in
//! between while all goes well. What is on its way is remembered by request; its memory comes back with the answer, as
//! in Kafka 4, and an answer that comes too late acknowledges nothing. Absent where a run ends before anything expires.
use super::Producer;
use crate::model::machine::{Fact, Outbox};
use crate::model::protocol::{ActorId, Parcel, Produce, Timer};
use crate::model::sabotage::{self, Sabotage};
use crate::units::{Span, Time};
use std::collections::VecDeque;

/// What may become too old.
#[derive(Debug)]
pub struct Expiry {
    timeout: Span,
    armed: bool,
    /// By broker: batches on their way, in the order in which they left.
    under_way: Vec<VecDeque<Sent>>,
}

/// A batch on its way.
#[derive(Clone, Copy, Debug)]
struct Sent {
    created: Time,
    records: u32,
    failed: bool,
}

impl Expiry {
    /// Nothing is under way to so many brokers.
    pub fn new(timeout: Span, brokers: usize) -> Self {
        Self { timeout, armed: false, under_way: vec![VecDeque::new(); brokers] }
    }

    /// A batch came home unanswered, in the order in which they left: when it was begun, and whether it is open.
    pub(super) fn home(&mut self, lane: usize) -> (Time, bool) {
        let sent = self.under_way[lane].pop_front().expect("every batch that leaves is remembered");
        (sent.created, !sent.failed)
    }

    fn open(&self) -> impl Iterator<Item = &Sent> {
        self.under_way.iter().flatten().filter(|sent| !sent.failed)
    }
}

impl Producer {
    /// Asks to be woken when something may be too old, unless it has.
    #[inline]
    pub(super) fn watch_ages(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if let Some(expiry) = &mut self.expiry
            && !expiry.armed
        {
            expiry.armed = true;
            out.wake(Timer::Expired, now + expiry.timeout);
        }
    }

    /// A request leaves.
    #[inline]
    pub(super) fn remember(&mut self, lane: usize, request: &Produce) {
        if let Some(expiry) = &mut self.expiry {
            let batches = request.batches.iter().zip(self.accumulator.ages());
            let sent = batches.map(|(batch, created)| Sent { created, records: batch.records(), failed: false });
            expiry.under_way[lane].extend(sent);
        }
    }

    /// An answer has come: what of it was not given up is acknowledged.
    pub(super) fn done_in_time(&mut self, from: ActorId, answer: &Produce, out: &mut (impl Outbox + ?Sized)) {
        if self.sources.is_some() {
            answer.batches.iter().for_each(|batch| self.settle(batch, true));
        }
        let Some(expiry) = &mut self.expiry else { return self.done(answer, out) };
        let under_way = &mut expiry.under_way[from.index()];
        let in_time = under_way.range(..answer.batches.len()).all(|sent| !sent.failed);
        let sent = under_way.drain(..answer.batches.len());
        if in_time || sabotage::plays(Sabotage::AcknowledgeFailed) {
            drop(sent);
            return self.done(answer, out);
        }
        let mut kept = Parcel::default();
        for (batch, _) in answer.batches.iter().zip(sent).filter(|(_, sent)| !sent.failed) {
            kept.extend(&answer.parcel.records[batch.range()], answer.parcel.extras_of(batch.range()));
        }
        let (stream, left) = (self.settings.stream, answer.left);
        out.observe(&Fact::Acked { stream, left, records: &kept.records, extras: &kept.extras });
    }

    /// A request is done, with all that is in it.
    #[inline]
    pub(super) fn done(&self, request: &Produce, out: &mut (impl Outbox + ?Sized)) {
        let parcel = &request.parcel;
        let (records, extras) = (&parcel.records[..], parcel.extras_of(0..parcel.len()));
        out.observe(&Fact::Acked { stream: self.settings.stream, left: request.left, records, extras });
    }

    /// Gives up what is too old, and waits for what will be next.
    #[cold]
    pub(super) fn expire(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        // What was due before must find the buffer as it was before.
        self.catch_up(now, out);
        let Some(expiry) = &mut self.expiry else { return };
        let timeout = expiry.timeout;
        let mut under_way = 0;
        for sent in expiry.under_way.iter_mut().flatten().filter(|sent| !sent.failed && sent.created + timeout <= now) {
            sent.failed = true;
            under_way += u64::from(sent.records);
        }
        let unsent = self.accumulator.expire(now, timeout);
        // What left before may be appended all the same, though it waits here again.
        let repeats = self.accumulator.expire_repeats(now, timeout);
        under_way += repeats.iter().map(|batch| u64::from(batch.records())).sum::<u64>();
        let oldest = self.accumulator.oldest().into_iter().chain(expiry.open().map(|sent| sent.created)).min();
        // Where nothing is open the next record known begins the next batch, or else whoever is given one asks again.
        let coming = || (!self.ahead.is_empty()).then(|| self.ahead.release(0).max(now));
        let next = oldest.or_else(coming);
        expiry.armed = next.is_some();
        if let Some(begun) = next {
            out.wake(Timer::Expired, begun + timeout);
        }
        if unsent + under_way > 0 {
            self.settle_expired(&repeats);
            out.observe(&Fact::Failed { stream: self.settings.stream, unsent, under_way });
            self.turn_all(now, out);
        } else {
            self.arm_fresh(now, out);
        }
    }

    /// Records accepted that are neither acknowledged nor given up, if anybody keeps count.
    pub(super) fn open(&self) -> Option<u64> {
        let under_way: u64 = self.expiry.as_ref()?.open().map(|sent| u64::from(sent.records)).sum();
        Some(under_way + self.accumulator.records())
    }
}
