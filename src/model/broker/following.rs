//! A follower where brokers can fail: it fetches from each leader, one fetch at a time, and cuts back what its leader lacks.
//!
//! Which part of a log is not the leader's is found as Kafka finds it, by leader epochs (KIP-101, KIP-595): a fetch says
//! in which epoch the last batch was written, and the leader where that epoch, or the last one before it that it knows,
//! ends in its own log. The follower cuts back to where the shorter of the two ends, and asks again.
use super::Broker;
use super::copies::{FETCH_BACKOFF, Stored};
use crate::model::machine::{Fact, Outbox};
use crate::model::protocol::{ActorId, Follow, Message, PartitionId, Timer};
use crate::model::sabotage::{self, Sabotage};
use crate::units::Time;

impl Broker {
    /// Asks a leader for what is new, unless it is being asked.
    #[cold]
    pub(super) fn follow(&mut self, leader: u32, at: Time, out: &mut (impl Outbox + ?Sized)) {
        let Self { copies, logs, settings, .. } = self;
        let Some(copies) = copies else { return };
        let following = &mut copies.following[leader as usize];
        if leader == settings.me || following.under_way {
            return;
        }
        let led = copies.replicas.iter().flatten().filter(|replica| replica.known.leader == leader);
        let mut wanted = Vec::new();
        let mut later = Time::NEVER;
        for replica in led {
            if replica.not_before <= at {
                wanted.push(replica.wanted(logs[replica.known.partition as usize].end()));
            } else {
                later = later.min(replica.not_before);
            }
        }
        if !wanted.is_empty() {
            following.under_way = true;
            following.number += 1;
            let number = following.number;
            let follow = Box::new(Follow { number, wanted, ..Follow::default() });
            out.send_at(at, ActorId(leader), Message::Follow(follow));
        } else if later < Time::NEVER && following.again_at != later {
            following.again_at = later;
            out.wake(Timer::FollowAgain(leader), later);
        }
    }

    /// A leader has answered.
    #[cold]
    pub(super) fn copied(
        &mut self,
        from: ActorId,
        mut follow: Box<Follow>,
        now: Time,
        out: &mut (impl Outbox + ?Sized),
    ) {
        let following = &mut self.copies().following[from.index()];
        if follow.number != following.number {
            return;
        }
        following.under_way = false;
        let mut bytes = 0;
        for copied in std::mem::take(&mut follow.batches) {
            let batch = copied.batch;
            let end = self.logs[batch.partition as usize].end();
            if !self.follows(batch.partition, from, &follow) || end != batch.base {
                continue;
            }
            let (partition, range) = (batch.partition, batch.range());
            let (records, extras) = (&follow.parcel.records[range.clone()], follow.parcel.extras_of(range));
            self.logs[partition as usize].append(records, extras, batch.bytes);
            let (sequence, end) = (batch.sequence, batch.base + records.len() as u64);
            let stored = Stored {
                end,
                from: copied.from,
                sequence,
                epoch: copied.epoch,
                bytes: batch.bytes,
                plain: batch.plain,
            };
            self.copies().replica(partition).store(stored, batch.base);
            bytes += u64::from(batch.bytes);
            let (broker, epoch, base, records) = (self.settings.me, copied.epoch, batch.base, batch.records());
            out.observe(&Fact::Copied { broker, partition, epoch, base, records });
        }
        self.cut_back(from, &follow, out);
        for mark in
            follow.marks.iter().filter(|mark| self.follows(mark.partition, from, &follow)).copied().collect::<Vec<_>>()
        {
            let log = &mut self.logs[mark.partition as usize];
            let high_watermark = mark.offset.min(log.end());
            log.advance(high_watermark);
            self.settle_unread(mark.partition, high_watermark);
        }
        for &partition in &follow.refused {
            self.copies().replica(partition).not_before = now + FETCH_BACKOFF;
        }
        self.served.bytes_in += bytes;
        self.served.bytes_disk += bytes;
        let arrived = self.card.come_in(now, bytes);
        let written = if self.disk.is_limited() { self.disk.write(now, arrived, bytes) } else { arrived };
        self.follow(from.0, written, out);
    }

    /// Takes away what the leader does not have, and goes on where what it has begins.
    fn cut_back(&mut self, from: ActorId, follow: &Follow, out: &mut (impl Outbox + ?Sized)) {
        let broker = self.settings.me;
        for diverges in &follow.diverged {
            let partition = diverges.partition;
            if self.follows(partition, from, follow) {
                if sabotage::plays(Sabotage::ForgetToTruncate) {
                    let end = self.logs[partition as usize].end();
                    let replica = self.copies().replica(partition);
                    let epoch = replica.known.epoch;
                    replica.epochs.push((epoch, end - 1));
                    continue;
                }
                let end = self.logs[partition as usize].end();
                let replica = self.copies().replica(partition);
                // What both have of that epoch; if there is still more than they share the next answer says so.
                let end = diverges.offset.min(replica.end_of_epoch(diverges.last_epoch, end).1);
                replica.cut(end);
                self.logs[partition as usize].truncate(end);
                out.observe(&Fact::CutBack { broker, partition, end });
            }
        }
        for begins in &follow.begins {
            let (partition, end) = (begins.partition, begins.offset);
            if self.follows(partition, from, follow) {
                self.logs[partition as usize].begin_at(end);
                let replica = self.copies().replica(partition);
                replica.forget(u64::MAX);
                replica.epochs = vec![(begins.last_epoch, 0)];
                out.observe(&Fact::CutBack { broker, partition, end });
            }
        }
    }

    /// Whether an answer is from the leader of a partition, in the epoch in which it was asked.
    fn follows(&self, partition: PartitionId, leader: ActorId, follow: &Follow) -> bool {
        let replica = self.copies.as_ref().and_then(|copies| copies.replicas[partition as usize].as_ref());
        let wanted = follow.wanted.iter().find(|wanted| wanted.partition == partition);
        replica
            .zip(wanted)
            .is_some_and(|(replica, wanted)| replica.known.leader == leader.0 && replica.known.epoch == wanted.epoch)
    }
}
