//! A broker that can fail: its process crashes, is restarted, ends in good order; the controller watches it.
//!
//! What it wrote survives, for the page cache outlives a process. Connections do not: clients hear so at once, as the
//! kernel of a machine says for a process that is gone; of a machine without power they would hear nothing. A broker leads
//! only while its session with the controller lasts, counted from when it asked: so there are never two leaders. Kafka's
//! broker would go on for as long as it takes to hear of its successor, and what it took then would be cut off.
use super::closing::discard;
use super::copies::{Follower, Process};
use super::{Broker, Connection, Request};
use crate::model::machine::{Fact, Input, Outbox};
use crate::model::protocol::{
    ActorId, Leadership, Message, NOTHING_COMMITTED, PartitionId, Position, Produce, Timer, Unanswered,
};
use crate::units::{Span, Time};

/// Worked timers of a process that is gone carry its number.
pub(super) const INCARNATION: u32 = 24;

impl Broker {
    /// Begins to be watched.
    pub(super) fn begin_watch(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if self.copies.is_none() {
            return;
        }
        self.say_alive(now, out);
        let how = self.copies().how;
        let check_at = now + Span::from_ns(how.lag_max.ns() / 2);
        self.copies().check_at = check_at;
        out.wake(Timer::CheckInSync, check_at);
        for leader in 0..self.settings.brokers {
            self.follow(leader, now, out);
        }
    }

    fn say_alive(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let copies = self.copies();
        let (controller, incarnation) = (copies.how.controller, copies.incarnation);
        let closing = copies.process == Process::Closing;
        copies.alive_at = now + copies.how.heartbeat;
        let at = copies.alive_at;
        out.send(controller, Message::Alive { incarnation, sent: now, closing });
        out.wake(Timer::Alive, at);
    }

    /// What comes for a broker that can fail; timers of a process that is gone are nothing.
    #[cold]
    #[inline(never)]
    pub(super) fn handle_failing(&mut self, now: Time, input: Input, out: &mut (impl Outbox + ?Sized)) {
        let is_down = self.copies().process == Process::Down;
        match input {
            Input::Started => {
                self.begin_watch(now, out);
                self.handle_usual(now, input, out);
            }
            Input::Received { from, message: Message::Produce(produce) } if !is_down => {
                // What a process that is gone had sent may come after its successor.
                let known = self.copies().clients.entry(from.0).or_default();
                *known = produce.epoch.max(*known);
                self.handle_usual(now, Input::Received { from, message: Message::Produce(produce) }, out);
            }
            Input::Received { message: Message::Fetch(_) | Message::Close { .. }, .. } if !is_down => {
                self.handle_usual(now, input, out);
            }
            Input::Fired(Timer::CameIn(job) | Timer::Begun(job) | Timer::Replicated(job))
                if self.jobs[job as usize].request.is_none() => {}
            Input::Fired(Timer::Replicated(job)) => self.appended_leading(job, now, out),
            Input::Fired(Timer::Worked(stamped)) => {
                let connection = stamped & ((1 << INCARNATION) - 1);
                if stamped - connection == self.stamp {
                    self.next_of(connection as usize, now, out);
                }
            }
            Input::Fired(Timer::CameIn(_) | Timer::Begun(_) | Timer::WaitedLong | Timer::Clean(_))
            | Input::Observed => {
                self.handle_usual(now, input, out);
            }
            Input::Crashed => self.crash(now, out),
            Input::Restarted => self.restart(now, out),
            Input::Closing if self.copies().process == Process::Up => {
                self.copies().process = Process::Closing;
                self.say_alive(now, out);
            }
            Input::Slowed(factor) => self.disk.slow(factor),
            // The engine keeps what comes meanwhile; its session may be over by then.
            Input::Paused(_) | Input::Closing | Input::Grown { .. } => {}
            Input::Fired(timer) => self.fired(timer, now, out),
            Input::Received { from, message } => self.hears(from, message, now, out),
        }
    }

    fn fired(&mut self, timer: Timer, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let copies = self.copies();
        if copies.process == Process::Down {
            return;
        }
        match timer {
            Timer::Alive if now >= copies.alive_at => self.say_alive(now, out),
            Timer::CheckInSync if now >= copies.check_at => self.check_in_sync(now, out),
            Timer::FollowWaited(follower)
                if copies.parked[follower as usize].as_ref().is_some_and(|(_, until)| *until <= now) =>
            {
                self.answer_follow(follower, true, now, out);
            }
            Timer::FollowAgain(leader) => {
                copies.following[leader as usize].again_at = Time::ZERO;
                self.follow(leader, now, out);
            }
            // Of a process that is gone.
            _ => {}
        }
    }

    fn hears(&mut self, from: ActorId, message: Message, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if self.copies().process == Process::Down {
            return self.is_gone(from, message, out);
        }
        match message {
            Message::Connect { epoch } => {
                self.copies().clients.insert(from.0, epoch);
                out.send(from, Message::Connected { epoch });
            }
            Message::Follow(follow) => self.followed(from, follow, now, out),
            Message::Followed(follow) => self.copied(from, follow, now, out),
            Message::AliveOk { incarnation, sent, may_end } => {
                let copies = self.copies();
                if incarnation == copies.incarnation {
                    copies.lease = copies.lease.max(sent + copies.how.session);
                    if may_end {
                        self.crash(now, out);
                    } else {
                        self.take_office(now, out);
                    }
                }
            }
            Message::Lead(changes) => changes.into_iter().for_each(|known| self.lead(known, now, out)),
            Message::ListOffsets { number, positions, .. } if !self.leads_all(&positions, now) => {
                nowhere(from, number, *positions, out);
            }
            other => self.reread(from, other, now, out),
        }
    }

    fn leads_all(&mut self, positions: &[Position], now: Time) -> bool {
        let me = self.settings.me;
        positions.iter().all(|position| self.copies().leads(me, position.partition, now))
    }

    /// What comes for a process that is gone: a client hears that nobody is there.
    fn is_gone(&mut self, from: ActorId, message: Message, out: &mut (impl Outbox + ?Sized)) {
        match message {
            Message::Produce(produce) => {
                // What was sent behind it may find the next process: it would come too early.
                for batch in &produce.batches {
                    if let Some(replica) = &mut self.copies().replicas[batch.partition as usize] {
                        replica.refuse(produce.sender, batch.sequence);
                    }
                }
                discard_all(&produce, out);
                hang_up(from, produce.epoch, out);
            }
            Message::Close { epoch } | Message::Connect { epoch } => hang_up(from, epoch, out),
            Message::Fetch(mut fetch) => {
                fetch.moved = fetch.wanted.iter().map(|wanted| wanted.slot).collect();
                out.send(from, Message::Fetched(fetch));
            }
            Message::Follow(mut follow) => {
                follow.refused = follow.wanted.iter().map(|wanted| wanted.partition).collect();
                out.send(from, Message::Followed(follow));
            }
            Message::ListOffsets { number, positions, .. } => nowhere(from, number, *positions, out),
            _ => {}
        }
    }

    /// The process is gone, and with it everything it had not written.
    fn crash(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        self.copies().process = Process::Down;
        self.copies().lease = Time::ZERO;
        // Slots that were in use are not used again: their timers are still to come, and find nothing.
        for job in 0..self.jobs.len() {
            let slot = &mut self.jobs[job];
            let (client, begun) = (slot.client, slot.parked);
            slot.turn = slot.turn.wrapping_add(1);
            slot.parked = false;
            match slot.request.take() {
                Some(Request::Produce(produce)) if !begun => discard_all(&produce, out),
                Some(Request::Fetch(fetch)) => self.is_gone(client, Message::Fetch(fetch), out),
                _ => {}
            }
        }
        for (client, epoch) in std::mem::take(&mut self.copies().clients) {
            hang_up(ActorId(client), epoch, out);
        }
        for follower in 0..self.settings.brokers {
            if let Some((follow, _)) = self.copies().parked[follower as usize].take() {
                self.is_gone(ActorId(follower), Message::Follow(follow), out);
            }
            let following = &mut self.copies().following[follower as usize];
            (following.under_way, following.number) = (false, following.number + 1);
        }
        self.connections.iter_mut().for_each(|connection| *connection = Connection::default());
        self.closing = super::Closing::default();
        self.parked.clear();
        self.deadline_armed = Time::NEVER;
        self.logs.iter_mut().for_each(|log| log.waiting.clear());
        // What a handler had not finished it never will.
        let ahead = self.handlers.iter().fold(Span::ZERO, |sum, free| sum + free.since(now));
        self.served.work = self.served.work - ahead;
        self.handlers.iter_mut().for_each(|free| *free = now);
        self.copies().missing.clear();
        self.copies().replicas.iter_mut().flatten().for_each(super::copies::Replica::forget_leader);
    }

    fn restart(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if self.copies().process != Process::Down {
            self.crash(now, out);
        }
        self.handlers.iter_mut().for_each(|free| *free = now);
        self.copies().incarnation += 1;
        self.stamp = (self.copies().incarnation & 0x7f) << INCARNATION;
        self.copies().process = Process::Up;
        self.begin_watch(now, out);
    }

    /// The controller has said who leads a partition, and who is in sync.
    fn lead(&mut self, known: Leadership, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let (me, partition, leader) = (self.settings.me, known.partition, known.leader);
        let replica = self.copies().replica(partition);
        let before = replica.known.leader;
        // After a restart it knows nobody; otherwise only what is newer counts.
        if known.version < replica.known.version || (known.version == replica.known.version && before == leader) {
            return;
        }
        let elected = known.epoch > replica.known.epoch;
        replica.known = known;
        replica.proposed = None;
        replica.not_before = Time::ZERO;
        if before == me && (leader != me || elected) {
            self.resign(partition, now, out);
            out.send(self.copies().how.controller, Message::Resigned { partition });
        }
        if leader == me {
            self.copies().replica(partition).elected |= before != me || elected;
            self.take_office(now, out);
            self.advance(partition, now, out);
        } else if leader < self.settings.brokers {
            self.copies().replica(partition).elected = false;
            self.follow(leader, now, out);
        }
    }

    /// Begins to lead what it was elected for, if its session goes on.
    fn take_office(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let (me, copies) = (self.settings.me, self.copies());
        if now >= copies.lease {
            return;
        }
        let mut elected = Vec::new();
        for replica in copies.replicas.iter_mut().flatten() {
            if std::mem::take(&mut replica.elected) && replica.known.leader == me {
                elected.push(replica.known.partition);
            }
        }
        for partition in elected {
            let end = self.logs[partition as usize].end();
            self.begin_to_lead(partition, end, now, out);
            self.advance(partition, now, out);
        }
    }

    fn begin_to_lead(&mut self, partition: PartitionId, end: u64, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let replica = self.copies().replica(partition);
        let epoch = replica.known.epoch;
        replica.begin_epoch(end);
        let new = Follower { end: 0, caught_up: now, asked: (now, u64::MAX) };
        replica.ends.iter_mut().for_each(|follower| *follower = new);
        let broker = self.settings.me;
        out.observe(&Fact::Led { broker, partition, epoch, end });
    }
}

/// A client's connection is gone.
fn hang_up(client: ActorId, epoch: u32, out: &mut (impl Outbox + ?Sized)) {
    out.send(client, Message::Closed(Box::new(Unanswered { epoch, requests: Vec::new() })));
}

/// What was sent to a process that is gone is not appended.
fn discard_all(produce: &Produce, out: &mut (impl Outbox + ?Sized)) {
    for batch in &produce.batches {
        discard(produce, batch, false, out);
    }
}

/// Nobody here knows where these partitions begin or end: `NOT_LEADER_OR_FOLLOWER`.
fn nowhere(to: ActorId, number: u32, mut positions: Vec<Position>, out: &mut (impl Outbox + ?Sized)) {
    for position in &mut positions {
        position.offset = NOTHING_COMMITTED;
    }
    out.send(to, Message::ListedOffsets { number, positions: Box::new(positions) });
}
