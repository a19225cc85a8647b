//! A leader where brokers can fail: what it appends, what followers fetch, when the high watermark moves.
//!
//! As in Kafka a leader learns how far a follower is from its next fetch. A follower that was not at the end for
//! `replica.lag.time.max.ms` is no longer in sync, one that has caught up is again; the controller has the last word.
//! Serving followers costs no handler, as where replication is a delay; their bytes take their time on the card.
use super::copies::{Copies, FETCH_PARTITION, FETCH_RESPONSE, Replica, Stored};
use super::{Answer, Broker, Request, Writing};
use crate::model::machine::{Fact, Outbox};
use crate::model::protocol::{
    ActorId, Batch, Copied, CopyEnd, Follow, Leadership, Message, PartitionId, Position, Produce, Timer,
};
use crate::model::sabotage::{self, Sabotage};
use crate::units::{Span, Time};

/// What becomes of a batch.
enum Verdict {
    Append,
    /// It was appended before, and ends there.
    Known(u64),
    Refuse,
}

impl Broker {
    pub(super) fn copies(&mut self) -> &mut Copies {
        self.copies.as_mut().expect("asked only where brokers can fail")
    }

    /// A handler begins with a request to write.
    #[cold]
    pub(super) fn append_leading(&mut self, job: u32, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let slot = &mut self.jobs[job as usize];
        slot.parked = true;
        let mut done = slot.done;
        let Some(Request::Produce(mut produce)) = slot.request.take() else { panic!("only produce requests append") };
        let (writing, sender) = (self.places.streams[produce.stream as usize], produce.sender);
        let (stream, left, mut bytes) = (produce.stream, produce.left, 0);
        for mut batch in std::mem::take(&mut produce.batches) {
            let Batch { partition, sequence, plain, .. } = batch;
            let verdict = self.verdict(&batch, sender, writing, now);
            if let Verdict::Append = verdict {
                let range = batch.range();
                let records = &produce.parcel.records[range.clone()];
                let log = &mut self.logs[partition as usize];
                let base = log.append(records, produce.parcel.extras_of(range), batch.bytes);
                (batch.base, bytes) = (base, bytes + u64::from(batch.bytes));
                let end = base + records.len() as u64;
                let replica = self.copies().replica(partition);
                let epoch = replica.known.epoch;
                replica.store(Stored { end, from: sender, sequence, epoch, bytes: batch.bytes, plain }, base);
                replica.at_work.insert(base);
                let (from, bytes) = (sender, batch.bytes);
                out.observe(&Fact::Appended { stream, from, partition, sequence, base, records, bytes, plain });
                produce.batches.push(batch);
                continue;
            }
            let known = matches!(verdict, Verdict::Known(_));
            let records = batch.records();
            out.observe(&Fact::Discarded { stream, from: sender, partition, sequence, records, left, known });
            if let Verdict::Known(end) = verdict {
                batch.base = end - u64::from(records);
                produce.known.push(batch);
            } else {
                produce.refused.push(batch);
            }
            produce.repeats = true;
        }
        self.served.bytes_disk += bytes;
        if self.disk.is_limited() {
            done = self.disk.write(now, done, bytes);
        }
        let slot = &mut self.jobs[job as usize];
        (slot.request, slot.done) = (Some(Request::Produce(produce)), done);
        if writing.answer != Answer::Replicated {
            self.answer_early(job, writing, now, out);
        }
        if done > now { out.wake(Timer::Replicated(job), done) } else { self.appended_leading(job, now, out) }
    }

    fn verdict(&mut self, batch: &Batch, sender: ActorId, writing: Writing, now: Time) -> Verdict {
        let (me, idempotent) = (self.settings.me, writing.idempotent);
        let high_watermark = self.logs[batch.partition as usize].high_watermark();
        let copies = self.copies();
        if copies.replicas[batch.partition as usize].is_none() {
            return Verdict::Refuse;
        }
        let leads = copies.leads(me, batch.partition, now);
        let replica = copies.replica(batch.partition);
        let few = writing.answer == Answer::Replicated && (replica.known.in_sync.len() as u32) < replica.min_in_sync;
        // What comes after a batch that was refused would change places with it (KIP-360).
        let lowest = replica.refused.get(&sender.0).copied();
        let early = idempotent && batch.attempts == 0 && lowest.is_some_and(|refused| refused < batch.sequence);
        if !leads || few || early {
            replica.refuse(sender, batch.sequence);
            return Verdict::Refuse;
        }
        if lowest.is_some_and(|refused| refused <= batch.sequence) {
            replica.refused.remove(&sender.0);
        }
        let known = idempotent && !sabotage::plays(Sabotage::ForgetSequences);
        if known && replica.next.get(&sender.0).is_some_and(|&next| batch.sequence < next) {
            return Verdict::Known(replica.end_of(sender, batch.sequence).unwrap_or(high_watermark));
        }
        Verdict::Append
    }

    /// A handler is done with a request to write, and so is the disk.
    #[cold]
    pub(super) fn appended_leading(&mut self, job: u32, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let (batches, awaited) = match &self.jobs[job as usize].request {
            Some(Request::Produce(produce)) => {
                (produce.batches.clone(), [&produce.batches[..], &produce.known[..]].concat())
            }
            Some(Request::Replicating(batches)) => (batches.clone(), Vec::new()),
            // It was done with a process that is gone.
            _ => return,
        };
        let mut missing = 0;
        let early = sabotage::plays(Sabotage::AcknowledgeEarly);
        for batch in awaited.iter().filter(|_| !early) {
            let end = batch.base + u64::from(batch.records());
            if end > self.logs[batch.partition as usize].high_watermark() {
                self.copies().replica(batch.partition).awaiting.push_back((end, job));
                missing += 1;
            }
        }
        self.copies().missing.insert(job, missing);
        for batch in &batches {
            self.copies().replica(batch.partition).at_work.remove(&batch.base);
        }
        for batch in &batches {
            self.wake_followers(batch.partition, now, out);
            self.advance(batch.partition, now, out);
        }
        if missing == 0 {
            self.answer_written(job, now, out);
        }
    }

    /// Everything of a request is replicated, as far as anybody waits for that.
    fn answer_written(&mut self, job: u32, now: Time, out: &mut (impl Outbox + ?Sized)) {
        self.copies().missing.remove(&job);
        let (client, request) = self.release(job);
        let Request::Produce(mut produce) = request else { return };
        let throttle = self.throttle_writer(client, &mut produce, now);
        let connection = self.connection(client, produce.epoch);
        if !produce.abandoned {
            out.send(client, Message::Produced(produce));
        }
        self.free(connection, now + throttle, now, out);
    }

    /// Moves the high watermark of a partition to where it may be.
    pub(super) fn advance(&mut self, partition: PartitionId, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let me = self.settings.me;
        if !self.copies().leads(me, partition, now) {
            return;
        }
        let end = self.logs[partition as usize].end();
        let high_watermark = self.copies().replica(partition).lowest_end(me, end);
        if !self.logs[partition as usize].advance(high_watermark) {
            return;
        }
        out.observe(&Fact::Advanced { partition, high_watermark, records: 0 });
        self.answer_waiting(partition as usize, now, out);
        self.settle_unread(partition, high_watermark);
        while let Some((_, job)) =
            self.copies().replica(partition).awaiting.pop_front_if(|(end, _)| *end <= high_watermark)
        {
            self.one_less(job, now, out);
        }
    }

    fn one_less(&mut self, job: u32, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let Some(missing) = self.copies().missing.get_mut(&job) else { return };
        *missing -= 1;
        if *missing == 0 {
            self.answer_written(job, now, out);
        }
    }

    /// What nobody reads is kept only for followers.
    pub(super) fn settle_unread(&mut self, partition: PartitionId, offset: u64) {
        let topic = self.places.partitions[partition as usize].topic;
        let log = &mut self.logs[partition as usize];
        if self.places.groups[topic as usize].is_empty() {
            log.settled(0, offset.min(log.end()));
        }
        let start = log.start();
        self.copies().replica(partition).forget(start);
    }

    /// It does not lead a partition any more: what waits, or is at work, is to be sent again, to whoever does.
    pub(super) fn resign(&mut self, partition: PartitionId, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let is_its = |batch: &mut Batch| batch.partition == partition;
        for slot in self.jobs.iter_mut().filter(|slot| slot.parked) {
            match &mut slot.request {
                Some(Request::Produce(produce)) => {
                    let Produce { batches, known, refused, repeats, .. } = &mut **produce;
                    let before = refused.len();
                    refused.extend(batches.extract_if(.., is_its));
                    refused.extend(known.extract_if(.., is_its));
                    *repeats |= refused.len() > before;
                }
                Some(Request::Replicating(batches)) => batches.retain(|batch| batch.partition != partition),
                _ => {}
            }
        }
        let replica = self.copies().replica(partition);
        replica.at_work.clear();
        for (_, job) in std::mem::take(&mut replica.awaiting) {
            self.one_less(job, now, out);
        }
        self.wake_followers(partition, now, out);
        self.answer_waiting(partition as usize, now, out);
    }

    /// A follower asks for more.
    #[cold]
    pub(super) fn followed(&mut self, from: ActorId, follow: Box<Follow>, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let (me, follower) = (self.settings.me, from.0);
        for wanted in &follow.wanted {
            let partition = wanted.partition;
            let log_end = self.logs[partition as usize].end();
            if !self.copies().leads(me, partition, now) {
                continue;
            }
            let lag_max = self.copies().how.lag_max;
            let high_watermark = self.logs[partition as usize].high_watermark();
            let replica = self.copies().replica(partition);
            let Some(place) = replica.place(follower) else { continue };
            if wanted.epoch != replica.known.epoch || replica.diverges(wanted, log_end).is_some() {
                continue;
            }
            let end = replica.done(log_end);
            let known = &mut replica.ends[place];
            known.end = wanted.offset;
            if wanted.offset >= end {
                known.caught_up = now;
            } else if wanted.offset >= known.asked.1 {
                known.caught_up = known.asked.0.max(known.caught_up);
            }
            known.asked = (now, end);
            let begins = replica.epochs.last().map_or(0, |&(_, begins)| begins);
            let recent = now.since(replica.ends[place].caught_up) <= lag_max;
            let is_in = replica.known.in_sync.contains(&follower);
            if !is_in && recent && wanted.offset >= high_watermark.max(begins) && replica.proposed.is_none() {
                let mut in_sync = replica.known.in_sync.clone();
                in_sync.push(follower);
                self.propose(partition, in_sync, out);
            }
            self.advance(partition, now, out);
        }
        let until = now + self.copies().how.fetch_wait;
        self.copies().parked[follower as usize] = Some((follow, until));
        if !self.answer_follow(follower, false, now, out) {
            out.wake(Timer::FollowWaited(follower), until);
        }
    }

    /// Asks the controller to count others as in sync.
    fn propose(&mut self, partition: PartitionId, in_sync: Vec<u32>, out: &mut (impl Outbox + ?Sized)) {
        let controller = self.copies().how.controller;
        let replica = self.copies().replica(partition);
        let asked = Leadership { in_sync: in_sync.clone(), ..replica.known.clone() };
        // Whoever is to join is waited for at once; whoever is to leave until the controller has agreed.
        replica.proposed = Some(in_sync);
        out.send(controller, Message::InSync(Box::new(vec![asked])));
    }

    /// Looks which followers are behind for too long.
    #[cold]
    pub(super) fn check_in_sync(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let (me, lag_max) = (self.settings.me, self.copies().how.lag_max);
        for partition in 0..self.logs.len() as PartitionId {
            if !self.copies().leads(me, partition, now) {
                continue;
            }
            let end = self.logs[partition as usize].end();
            let replica = self.copies().replica(partition);
            let end = replica.done(end);
            let stays = |&broker: &u32| {
                let follower = replica.place(broker).map(|place| replica.ends[place]);
                let behind = follower.is_some_and(|f| f.end != end && now.since(f.caught_up) > lag_max);
                broker == me || !behind
            };
            let in_sync: Vec<u32> = replica.known.in_sync.iter().copied().filter(stays).collect();
            if in_sync.len() < replica.known.in_sync.len() {
                self.propose(partition, in_sync, out);
            }
        }
        let check_at = now + Span::from_ns(lag_max.ns() / 2);
        self.copies().check_at = check_at;
        out.wake(Timer::CheckInSync, check_at);
    }

    fn wake_followers(&mut self, partition: PartitionId, now: Time, out: &mut (impl Outbox + ?Sized)) {
        for follower in self.copies().replica(partition).brokers.clone() {
            self.answer_follow(follower, false, now, out);
        }
    }

    /// Answers a follower that waits, if there is something to say or it must be; whether it was answered.
    pub(super) fn answer_follow(
        &mut self,
        follower: u32,
        over: bool,
        now: Time,
        out: &mut (impl Outbox + ?Sized),
    ) -> bool {
        let Some((mut follow, until)) = self.copies().parked[follower as usize].take() else { return false };
        let bytes = self.fill(&mut follow, now);
        let tells = !follow.batches.is_empty() || !follow.diverged.is_empty() || !follow.begins.is_empty();
        if !tells && follow.refused.is_empty() && !over {
            follow.marks.clear();
            self.copies().parked[follower as usize] = Some((follow, until));
            return false;
        }
        self.served.bytes_out += bytes;
        let leaves = self.card.go_out(now, now, bytes);
        out.send_at(leaves, ActorId(follower), Message::Followed(follow));
        true
    }

    /// Writes into an answer what there is for a follower; returns its bytes.
    fn fill(&mut self, follow: &mut Follow, now: Time) -> u64 {
        let me = self.settings.me;
        let mut total = 0;
        for wanted in &follow.wanted {
            let (partition, offset) = (wanted.partition, wanted.offset);
            let leads = self.copies().leads(me, partition, now);
            let log = &self.logs[partition as usize];
            let replicas = &self.copies.as_ref().expect("asked only where brokers can fail").replicas;
            let replica = replicas[partition as usize].as_ref().filter(|r| leads && r.known.epoch == wanted.epoch);
            let Some(replica) = replica else {
                follow.refused.push(partition);
                continue;
            };
            let done = replica.done(log.end());
            follow.marks.push(Position { partition, offset: log.high_watermark() });
            if let Some(diverges) = replica.diverges(wanted, log.end()) {
                follow.diverged.push(diverges);
            } else if offset < log.start() {
                let (offset, last_epoch) = (log.start(), replica.last_epoch(log.start()));
                follow.begins.push(CopyEnd { partition, epoch: wanted.epoch, last_epoch, offset });
            } else if offset < done && total < FETCH_RESPONSE {
                let first = follow.parcel.len() as u32;
                let until = log.copy(offset..done, FETCH_PARTITION, &mut follow.parcel);
                total += copy_batches(replica, offset..until, first, partition, &mut follow.batches);
            }
        }
        total
    }
}

/// Describes the batches of a range of offsets; returns their bytes.
fn copy_batches(
    replica: &Replica,
    range: std::ops::Range<u64>,
    first: u32,
    partition: PartitionId,
    into: &mut Vec<Copied>,
) -> u64 {
    let (mut base, mut start, mut bytes) = (range.start, first, 0);
    let from = replica.batches.partition_point(|stored| stored.end <= range.start);
    for stored in replica.batches.range(from..).take_while(|stored| stored.end <= range.end) {
        let Stored { end, from, sequence, epoch, bytes: size, plain } = *stored;
        let until = start + (end - base) as u32;
        let batch = Batch { partition, sequence, base, start, end: until, bytes: size, plain, ..Batch::default() };
        into.push(Copied { batch, from, epoch });
        (base, start, bytes) = (end, until, bytes + u64::from(size));
    }
    bytes
}
