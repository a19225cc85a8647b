//! Connections that clients close because a request was not answered in time, and batches that are sent again after that.
//!
//! What a handler has, or will take next, is carried out, for nobody tells it; its answer goes nowhere. What waits behind
//! it on the connection goes down with it, unread. The next connection is served beside the one that is closed, as in
//! Kafka, so that a broker with little time gets more to do. Closing and opening cost its handlers nothing.
//!
//! Kafka's broker knows a repeat by its producer's number and the sequence numbers of the last five batches. Here, where
//! brokers do not fail, it need not remember what it appended, only what it dropped: whatever else was sent before has been
//! appended, or will be before a repeat of it can be. Brokers that can fail know from their logs (`leading.rs`).
use super::{Broker, Connection, Request};
use crate::model::machine::{Fact, Outbox};
use crate::model::protocol::{ActorId, Batch, Message, Produce, Unanswered};
use crate::model::sabotage::{self, Sabotage};
use crate::units::Time;
use std::collections::{BTreeMap, BTreeSet};

/// Batches of one client to one partition of which is remembered that they were dropped: more are never open at once.
const MOST_DROPPED: usize = 1_024;

/// What is known of connections that were closed, and opened again.
#[derive(Debug, Default)]
pub struct Closing {
    /// Place of each connection but the first, by client and number.
    connections: BTreeMap<(u32, u32), usize>,
    /// Places that are free.
    free: Vec<usize>,
    /// Answers that will come too late, and so stay until the client closes the connection.
    kept: Vec<(ActorId, Box<Produce>)>,
    /// Sequence numbers of the batches that went down with a connection, by client and partition.
    dropped: BTreeMap<(u32, u32), BTreeSet<u32>>,
}

impl Broker {
    /// Where a connection that is not its client's first one is kept.
    #[cold]
    pub(super) fn opened_again(&mut self, client: ActorId, epoch: u32) -> usize {
        let Self { closing, connections, .. } = self;
        *closing.connections.entry((client.0, epoch)).or_insert_with(|| {
            closing.free.pop().unwrap_or_else(|| {
                connections.push(Connection::default());
                connections.len() - 1
            })
        })
    }

    /// Nothing of a closed connection is in service any more. The first one of each client keeps its place.
    #[cold]
    pub(super) fn forget(&mut self, connection: usize) {
        self.connections[connection].busy = false;
        let known = self.closing.connections.len();
        self.closing.connections.retain(|_, place| *place != connection);
        if self.closing.connections.len() < known {
            self.connections[connection].closed = false;
            self.closing.free.push(connection);
        }
    }

    /// An answer will come too late: it stays here until its client has noticed, if it has not already.
    #[cold]
    pub(super) fn keep(&mut self, client: ActorId, produce: Box<Produce>) {
        if !produce.abandoned {
            self.closing.kept.push((client, produce));
        }
    }

    /// A client has closed a connection: it gets back what it will hear no answer to.
    #[cold]
    pub(super) fn close(&mut self, job: u32, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let (client, Request::Close(epoch)) = self.release(job) else { panic!("closings close connections") };
        let connection = self.connection(client, epoch);
        let kept = self.closing.kept.extract_if(.., |(from, kept)| *from == client && kept.epoch == epoch);
        let mut requests: Vec<_> = kept.map(|(_, kept)| kept).collect();
        let waiting = std::mem::take(&mut self.connections[connection].queue);
        let mut appended = false;
        for job in (0..self.jobs.len()).filter(|&job| !waiting.contains(&(job as u32))) {
            let slot = &mut self.jobs[job];
            let (is_its, begun) = (slot.client == client, slot.parked);
            let Some(Request::Produce(produce)) = &mut slot.request else { continue };
            if !is_its || produce.epoch != epoch {
                continue;
            }
            if begun {
                let rest = Request::Replicating(produce.batches.clone());
                let Some(Request::Produce(produce)) = slot.request.replace(rest) else { panic!("checked above") };
                requests.push(produce);
                appended = true;
            } else {
                let copy = Box::new(Produce { abandoned: true, ..(**produce).clone() });
                requests.push(std::mem::replace(produce, copy));
            }
        }
        for job in waiting {
            let (_, Request::Produce(produce)) = self.release(job) else { panic!("a client writes on a connection") };
            self.drop_unread(&produce, out);
            requests.push(produce);
        }
        self.connections[connection].closed = true;
        if appended || !self.connections[connection].busy {
            self.forget(connection);
        }
        out.send_at(now, client, Message::Closed(Box::new(Unanswered { epoch, requests })));
    }

    fn drop_unread(&mut self, produce: &Produce, out: &mut (impl Outbox + ?Sized)) {
        for batch in &produce.batches {
            let dropped = self.closing.dropped.entry((produce.sender.0, batch.partition)).or_default();
            // One that was sent before was remembered then, or has been appended.
            if batch.attempts == 0 {
                dropped.insert(batch.sequence);
            }
            if dropped.len() > MOST_DROPPED {
                dropped.pop_first();
            }
            discard(produce, batch, false, out);
        }
    }

    /// Puts aside what was appended when it was sent before, where the client has its repeats recognised.
    #[cold]
    pub(super) fn recognise(&mut self, job: u32, out: &mut (impl Outbox + ?Sized)) {
        let slot = &mut self.jobs[job as usize];
        let Some(Request::Produce(produce)) = &mut slot.request else { panic!("only produce requests are repeated") };
        let sender = produce.sender;
        let idempotent = self.places.streams[produce.stream as usize].idempotent;
        let dropped = &mut self.closing.dropped;
        let known = produce.batches.extract_if(.., |batch| {
            let of = dropped.get_mut(&(sender.0, batch.partition));
            let missing = of.is_some_and(|of| batch.attempts > 0 && of.remove(&batch.sequence));
            batch.attempts > 0 && !missing && idempotent && !sabotage::plays(Sabotage::ForgetSequences)
        });
        produce.known = known.collect();
        for batch in &produce.known {
            discard(produce, batch, true, out);
        }
    }
}

/// Tells that a batch is not appended, for it is known or nobody will.
pub(super) fn discard(produce: &Produce, batch: &Batch, known: bool, out: &mut (impl Outbox + ?Sized)) {
    let Produce { stream, sender: from, left, .. } = *produce;
    let (partition, sequence, records) = (batch.partition, batch.sequence, batch.records());
    out.observe(&Fact::Discarded { stream, from, partition, sequence, records, left, known });
}
