//! Serves requests with a few handlers, leads some partitions, parks fetches that find too little.
//!
//! One request of a connection is in service at a time, until its answer has left: that keeps each client's order, and
//! makes a very short linger slower than a longer one where acks=all and replication is slow. A woken fetch costs the
//! handlers nothing: as in Kafka, whoever appended completes it. The network card is modelled here because it is the
//! broker's: messages come in and go out one after the other at its bandwidth, replication included.
mod card;
mod cleaning;
mod closing;
mod copies;
mod disk;
mod failing;
mod following;
mod leading;
mod order;
mod parked;
mod places;
mod quotas;
mod reread;
mod served;

use super::log::Log;
use super::machine::{Fact, Input, Machine, Outbox};
use super::protocol::{ActorId, Batch, Fetch, Message, PartitionId, Produce, Timer};
use super::random::Draws;
use super::sabotage::{self, Sabotage};
use crate::units::{Span, Time};
use card::Card;
use closing::Closing;
use disk::Disk;
use quotas::Quotas;
use served::Served;
use std::collections::VecDeque;
use std::sync::Arc;

pub use copies::{Copies, Replication};
pub use places::{Answer, Place, Places, Settings, Writing};

/// Followers fetch many batches at once: so many bytes of log make one message to them.
const REPLICATED_AT_ONCE: u64 = 64 * 1024;

/// A broker: the leader of its partitions.
#[derive(Debug)]
pub struct Broker {
    settings: Settings,
    places: Arc<Places>,
    logs: Vec<Log>,
    work: Draws,
    replication: Draws,
    /// When each handler is free.
    handlers: Vec<Time>,
    /// The replicas follow in order: nothing is replicated before this.
    replicas_at: Time,
    connections: Vec<Connection>,
    jobs: Vec<Job>,
    idle_jobs: Vec<u32>,
    /// Parked fetches by deadline; those answered since are skipped.
    parked: VecDeque<Parked>,
    /// When the timer for the oldest of them fires; others are stale.
    deadline_armed: Time,
    card: Card,
    disk: Disk,
    /// Bytes each follower has not been told of, `k + 1` brokers on.
    behind: Vec<u64>,
    served: Served,
    quotas: Option<Quotas>,
    closing: Closing,
    /// Where brokers can fail.
    copies: Option<Box<Copies>>,
    /// Tells timers of connections of this process from those of the one before.
    stamp: u32,
}

#[derive(Debug, Default)]
struct Connection {
    busy: bool,
    /// Its client has closed it: it is gone when nothing of it is in service.
    closed: bool,
    queue: VecDeque<u32>,
}

#[derive(Debug)]
enum Request {
    Produce(Box<Produce>),
    Fetch(Box<Fetch>),
    /// The connection of this number is closed.
    Close(u32),
    /// Answered already, but not replicated yet.
    Replicating(Vec<Batch>),
}

/// A request the broker has.
#[derive(Debug)]
struct Job {
    client: ActorId,
    request: Option<Request>,
    /// A fetch waits for more, or what was to be written is in the logs.
    parked: bool,
    /// When a handler is done with it, once one has begun.
    done: Time,
    /// Number of requests this slot has served, to tell a parked fetch from its successors.
    turn: u32,
}

#[derive(Clone, Copy, Debug)]
struct Parked {
    deadline: Time,
    job: u32,
    turn: u32,
}

impl Machine for Broker {
    #[inline]
    fn handle(&mut self, now: Time, input: Input, out: &mut (impl Outbox + ?Sized)) {
        if self.copies.is_some() { self.handle_failing(now, input, out) } else { self.handle_usual(now, input, out) }
    }
}

impl Broker {
    #[inline]
    fn handle_usual(&mut self, now: Time, input: Input, out: &mut (impl Outbox + ?Sized)) {
        match input {
            Input::Started => self.begin_checks(now, out),
            Input::Fired(Timer::Clean(topic)) => self.clean(topic, now, out),
            Input::Received { from, message: Message::Produce(request) } => {
                let bytes = u64::from(request.bytes);
                self.come_in(from, Request::Produce(request), bytes, now, out);
            }
            Input::Received { from, message: Message::Fetch(mut request) } => {
                if self.quotas.is_some() {
                    self.limit(&mut request);
                }
                self.come_in(from, Request::Fetch(request), 0, now, out);
            }
            Input::Received { from, message: Message::Close { epoch } } => {
                self.come_in(from, Request::Close(epoch), 0, now, out);
            }
            Input::Received { message: Message::Replicate { bytes }, .. } => {
                let arrived = self.card.come_in(now, bytes);
                if self.disk.is_limited() {
                    self.disk.write(now, arrived, bytes);
                }
            }
            Input::Fired(Timer::CameIn(job)) => self.arrived(job, now, out),
            Input::Fired(Timer::Begun(job)) => self.begun(job, now, out),
            Input::Fired(Timer::Replicated(job)) => self.replicated(job, now, out),
            Input::Fired(Timer::Worked(connection)) => self.next_of(connection as usize, now, out),
            Input::Fired(Timer::WaitedLong) => self.waited_long(now, out),
            Input::Observed => self.observed(now, out),
            Input::Received { from, message } => self.reread(from, message, now, out),
            // What comes for it waits; what its handlers have begun is known ahead, and little.
            Input::Paused(_) => {}
            Input::Slowed(factor) => self.disk.slow(factor),
            other => panic!("a broker does not expect {other:?}"),
        }
    }
}

impl Broker {
    /// One that leads these partitions, for so many clients.
    #[must_use]
    pub fn new(
        settings: Settings,
        places: Arc<Places>,
        logs: Vec<Log>,
        clients: usize,
        work: Draws,
        replication: Draws,
    ) -> Self {
        let followers = settings.brokers.saturating_sub(1) as usize;
        Self {
            logs,
            work,
            replication,
            handlers: vec![Time::ZERO; settings.handlers as usize],
            replicas_at: Time::ZERO,
            connections: (0..2 * clients).map(|_| Connection::default()).collect(),
            jobs: Vec::new(),
            idle_jobs: Vec::new(),
            parked: VecDeque::new(),
            deadline_armed: Time::NEVER,
            card: Card::new(settings.bandwidth),
            disk: Disk::new(settings.disk),
            behind: vec![0; followers],
            quotas: settings.quota_samples.map(|samples| Quotas::new(samples, 2 * clients)),
            closing: Closing::default(),
            copies: None,
            stamp: 0,
            served: Served { followed: vec![0; followers], ..Served::default() },
            places,
            settings,
        }
    }

    /// One that can fail: it has a log for every partition, and copies of some.
    #[must_use]
    pub fn failing(self, copies: Copies) -> Self {
        Self { copies: Some(Box::new(copies)), ..self }
    }

    /// Offsets below are forgotten in a partition that it leads.
    #[must_use]
    pub fn held_from(&self, partition: PartitionId) -> u64 {
        self.logs[self.log(partition)].start()
    }

    #[inline]
    fn log(&self, partition: PartitionId) -> usize {
        self.places.partitions[partition as usize].log as usize
    }

    #[inline]
    fn come_in(&mut self, client: ActorId, request: Request, bytes: u64, now: Time, out: &mut (impl Outbox + ?Sized)) {
        self.served.bytes_in += bytes;
        let job = self.new_job(client, request);
        let at = self.card.come_in(now, bytes);
        if at > now { out.wake(Timer::CameIn(job), at) } else { self.arrived(job, now, out) }
    }

    #[inline]
    fn new_job(&mut self, client: ActorId, request: Request) -> u32 {
        let job = self.idle_jobs.pop().unwrap_or_else(|| {
            self.jobs.push(Job { client, request: None, parked: false, done: Time::ZERO, turn: 0 });
            self.jobs.len() as u32 - 1
        });
        let slot = &mut self.jobs[job as usize];
        (slot.client, slot.request) = (client, Some(request));
        job
    }

    /// A client writes and reads through connections of its own; those to write may be closed, and opened again.
    #[inline]
    fn connection(&mut self, client: ActorId, epoch: u32) -> usize {
        if epoch == 0 { 2 * client.index() } else { self.opened_again(client, epoch) }
    }

    #[inline]
    fn arrived(&mut self, job: u32, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let slot = &self.jobs[job as usize];
        let connection = match &slot.request {
            Some(Request::Fetch(_)) => 2 * slot.client.index() + 1,
            Some(Request::Produce(produce)) => self.connection(slot.client, produce.epoch),
            _ => return self.close(job, now, out),
        };
        let connection = &mut self.connections[connection];
        if connection.busy {
            connection.queue.push_back(job);
        } else {
            connection.busy = true;
            self.serve(job, now, out);
        }
    }

    /// Gives a request to the handler that is free first.
    #[inline]
    fn serve(&mut self, job: u32, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let mut work = self.work.span();
        if let Some(Request::Produce(produce)) = &self.jobs[job as usize].request {
            work += self.settings.work_per_batch.times(produce.batches.len() as u64);
            work += Span::from_ns(self.settings.work_per_kib.ns() * u64::from(produce.bytes) / 1024);
        }
        let mut handler = 0;
        for i in 1..self.handlers.len() {
            if self.handlers[i] < self.handlers[handler] {
                handler = i;
            }
        }
        let starts = self.handlers[handler].max(now);
        let done = starts + work;
        self.handlers[handler] = done;
        self.served.requests += 1;
        self.served.work += work;
        self.served.queued += starts - now;
        self.jobs[job as usize].done = done;
        if starts > now { out.wake(Timer::Begun(job), starts) } else { self.begun(job, now, out) }
    }

    /// A handler begins: it reads and writes the logs first, and what it answers leaves when it is done.
    #[inline]
    fn begun(&mut self, job: u32, now: Time, out: &mut (impl Outbox + ?Sized)) {
        match self.jobs[job as usize].request {
            Some(Request::Produce(_)) => self.append(job, now, out),
            Some(Request::Fetch(_)) if self.has_enough(job) => self.answer_fetch(job, now, out),
            Some(Request::Fetch(_)) => self.park(job, out),
            _ => panic!("a handler works on requests"),
        }
    }

    #[inline]
    fn append(&mut self, job: u32, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if self.copies.is_some() {
            return self.append_leading(job, now, out);
        }
        if matches!(&self.jobs[job as usize].request, Some(Request::Produce(produce)) if produce.repeats) {
            self.recognise(job, out);
        }
        let slot = &mut self.jobs[job as usize];
        slot.parked = true;
        let Some(Request::Produce(produce)) = &mut slot.request else { panic!("only produce requests append") };
        let bytes = produce.bytes_to_append();
        let Produce { stream, sender: from, batches, parcel, .. } = &mut **produce;
        if sabotage::plays(Sabotage::LoseBatch) {
            batches.retain(|batch| batch.sequence != 1);
        }
        for batch in batches {
            let log = &mut self.logs[self.places.partitions[batch.partition as usize].log as usize];
            let range = batch.range();
            let records = &parcel.records[range.clone()];
            batch.base = log.append(records, parcel.extras_of(range), batch.bytes);
            let &mut Batch { partition, sequence, base, bytes, plain, .. } = batch;
            let (stream, from) = (*stream, *from);
            out.observe(&Fact::Appended { stream, from, partition, sequence, base, records, bytes, plain });
        }
        let writing = self.places.streams[*stream as usize];
        if self.disk.is_limited() {
            slot.done = self.disk.write(now, slot.done, bytes);
        }
        let done = slot.done;
        let replicated = self.replicate(writing.replicas, bytes, now, done, out);
        // Several handlers overtake each other, and so does what is quickly written.
        let may_overtake = self.handlers.len() > 1 || self.disk.is_limited();
        let replicated = if may_overtake { self.in_order(job, replicated) } else { replicated };
        if writing.answer != Answer::Replicated {
            self.answer_early(job, writing, now, out);
        }
        if replicated > now || self.is_behind(job) {
            out.wake(Timer::Replicated(job), replicated.max(now));
        } else {
            self.replicated(job, now, out);
        }
    }

    /// Does not wait for the replicas: the job goes on with what they need, and its connection is free when it is done.
    fn answer_early(&mut self, job: u32, writing: Writing, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let slot = &mut self.jobs[job as usize];
        let (client, done) = (slot.client, slot.done);
        let Some(Request::Produce(produce)) = &slot.request else { panic!("only produce requests are answered early") };
        let rest = Request::Replicating(produce.batches.clone());
        let Some(Request::Produce(mut produce)) = slot.request.replace(rest) else { panic!("checked above") };
        let throttle = self.throttle_writer(client, &mut produce, done);
        let connection = self.connection(client, produce.epoch);
        if writing.answer == Answer::Appended {
            if writing.waits_until(produce.left) >= done && !produce.abandoned {
                out.send_at(done, client, Message::Produced(produce));
            } else {
                self.keep(client, produce);
            }
        }
        self.free(connection, done + throttle, now, out);
    }

    /// A connection is free for its next request at an instant, now or later.
    #[inline]
    fn free(&mut self, connection: usize, at: Time, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if at > now {
            out.wake(Timer::Worked(connection as u32 | self.stamp), at);
        } else {
            self.next_of(connection, now, out);
        }
    }

    /// Sends what was appended to the followers once the handler is done; returns when they have it.
    #[inline]
    fn replicate(
        &mut self,
        replicas: u32,
        bytes: u64,
        now: Time,
        done: Time,
        out: &mut (impl Outbox + ?Sized),
    ) -> Time {
        self.served.bytes_disk += bytes;
        if replicas <= 1 {
            return done;
        }
        if bytes == 0 {
            // Everything was known: the answer waits until the replicas have what came before.
            return done.max(self.replicas_at);
        }
        let (brokers, followers) = (self.settings.brokers, replicas - 1);
        self.served.bytes_out += bytes * u64::from(followers);
        let left = self.card.go_out(now, done, bytes * u64::from(followers));
        for k in 0..followers.min(brokers - 1) {
            let behind = &mut self.behind[k as usize];
            self.served.followed[k as usize] += bytes;
            *behind += bytes;
            if *behind >= REPLICATED_AT_ONCE && (self.settings.bandwidth.is_limited() || self.disk.is_limited()) {
                self.tell_follower(k, left, out);
            }
        }
        self.replicas_at = self.replicas_at.max(left + self.replication.span());
        self.replicas_at
    }

    /// The broker `k + 1` on hears of all bytes it has not been told of.
    #[inline(never)]
    fn tell_follower(&mut self, k: u32, left: Time, out: &mut (impl Outbox + ?Sized)) {
        let bytes = std::mem::take(&mut self.behind[k as usize]);
        out.send_at(left, ActorId((self.settings.me + k + 1) % self.settings.brokers), Message::Replicate { bytes });
    }

    #[inline]
    fn replicated(&mut self, job: u32, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let (client, request) = self.release(job);
        let batches = match &request {
            Request::Produce(produce) => &produce.batches,
            Request::Replicating(batches) => batches,
            _ => panic!("only what was produced is replicated"),
        };
        for batch in batches {
            let log = self.log(batch.partition);
            let (partition, records) = (batch.partition, batch.records());
            let high_watermark = self.logs[log].replicated(records, batch.bytes);
            out.observe(&Fact::Replicated { partition, high_watermark, records });
        }
        // Only now, when all partitions of the request have moved, are waiting fetches answered.
        for batch in batches {
            self.answer_waiting(self.log(batch.partition), now, out);
        }
        if let Request::Produce(mut produce) = request {
            let throttle = self.throttle_writer(client, &mut produce, now);
            let connection = self.connection(client, produce.epoch);
            if !produce.abandoned {
                out.send(client, Message::Produced(produce));
            }
            self.free(connection, now + throttle, now, out);
        }
    }

    #[inline]
    fn answer_fetch(&mut self, job: u32, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let Job { parked: was_parked, done, .. } = self.jobs[job as usize];
        let (client, request) = self.release(job);
        let Request::Fetch(mut fetch) = request else { panic!("only fetches are answered with records") };
        let Fetch { group, wanted, moved, batches, parcel, max_bytes, max_partition_bytes, .. } = &mut *fetch;
        let mut room = *max_bytes;
        let mut total = 0;
        for wanted in wanted {
            let place = self.places.partitions[wanted.partition as usize];
            let log = &mut self.logs[place.log as usize];
            if was_parked {
                log.waiting.retain(|&waiting| waiting != job);
            }
            if self.copies.as_ref().is_some_and(|copies| !copies.leads(self.settings.me, wanted.partition, now)) {
                moved.push(wanted.slot);
                continue;
            }
            let reader = self.places.readers[(*group * self.places.topics + place.topic) as usize] as usize;
            log.reached(reader, wanted.offset);
            if wanted.offset < log.earliest() {
                batches.push(cleaning::gone(wanted, log.earliest(), parcel.len() as u32));
            } else if log.high_watermark() > wanted.offset && room > 0 {
                let start = parcel.len() as u32;
                let (records, bytes) = log.read(wanted.offset, room.min(*max_partition_bytes), parcel);
                room = room.saturating_sub(u64::from(bytes));
                total += u64::from(bytes);
                let (partition, sequence, base) = (wanted.partition, wanted.slot, wanted.offset);
                let end = start + records;
                log.given(reader, base + u64::from(records));
                batches.push(Batch { partition, sequence, base, start, end, bytes, ..Batch::default() });
            }
        }
        if self.quotas.is_some() && self.throttle_reader(client, &mut fetch, total, now) {
            total = 0;
        }
        self.served.bytes_out += total;
        let leaves = self.card.go_out(now, done.max(now), total);
        out.send_at(leaves, client, Message::Fetched(fetch));
        // A member sends its next request after this answer: nothing of this connection begins before it has left.
        self.next_of(2 * client.index() + 1, now, out);
    }

    #[inline]
    fn release(&mut self, job: u32) -> (ActorId, Request) {
        let slot = &mut self.jobs[job as usize];
        slot.turn = slot.turn.wrapping_add(1);
        slot.parked = false;
        self.idle_jobs.push(job);
        (slot.client, slot.request.take().expect("a job has a request"))
    }

    #[inline]
    fn next_of(&mut self, connection: usize, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let slot = &mut self.connections[connection];
        match slot.queue.pop_front() {
            Some(job) => self.serve(job, now, out),
            None if slot.closed => self.forget(connection),
            None => slot.busy = false,
        }
    }
}
