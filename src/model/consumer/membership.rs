//! A member's side of Kafka's classic group protocol: it joins, hears what to read, gives signs of life, and leaves.
//!
//! Signs of life have a thread of their own and go on while records are processed; everything else happens inside poll, as
//! in Kafka: a member that works for long hears late that its group rebalances, and holds up all who wait for it. Under an
//! eager assignor it gives up everything before it joins; under the cooperative one only what others are to have, and
//! then joins again (KIP-429).
use super::{Consumer, Ending, Settings};
use crate::model::dealing::{Assignor, Dealing};
use crate::model::machine::{Fact, Outbox};
use crate::model::protocol::{
    Join, Joined, Leave, MemberKey, Message, PartitionId, Reason, Refusal, Share, Shared, Timer,
};
use crate::model::random::Stream;
use crate::model::sabotage::{self, Sabotage};
use crate::units::{Span, Time};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How a member takes part.
#[derive(Clone, Debug)]
pub struct Joining {
    /// How its group deals.
    pub dealing: Arc<Dealing>,
    /// Whether it has a `group.instance.id`.
    pub fixed: bool,
    /// `session.timeout.ms`.
    pub session: Span,
    /// `max.poll.interval.ms`.
    pub patience: Span,
    /// When its first heartbeat is due, where it is in the group from the beginning.
    pub phase: Span,
    /// Whether it is in the group from the beginning.
    pub is_member: bool,
    /// What its thread for heartbeats sleeps more or less than it is to.
    pub luck: Stream,
}

impl Joining {
    /// From one sign of life to the next. Kafka's thread looks at its clock every `retry.backoff.ms` only (100 ms), so that
    /// members which heard of a generation together soon do not send theirs together any more. As long on average.
    fn interval(&mut self, heartbeat: Span) -> Span {
        Span::from_ns((heartbeat.ns() as f64 * (1.0 + (self.luck.unit() - 0.5) / 30.0)) as u64)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It is in no generation.
    Outside,
    /// It has asked to join.
    Joining,
    /// It has joined, and asked what to read.
    Sharing,
    /// It knows what to read.
    Inside,
}

/// What came for a member that was at work.
#[derive(Debug)]
enum Answer {
    Joined(Joined),
    Shared(Shared),
}

/// A member's part in a group that changes.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own, and all combinations occur")]
pub(super) struct Membership {
    how: Joining,
    step: Step,
    pub(super) generation: u32,
    /// Whether the coordinator has given it an id.
    known: bool,
    /// It has to join again at the next poll.
    rejoins: bool,
    /// Its partitions are not its own any more: they are given up without a commit.
    lost: bool,
    /// What it has is committed as far as can be, and may be given up.
    settled: bool,
    /// To be given up, and then to be taken up.
    releasing: Vec<PartitionId>,
    gaining: Vec<PartitionId>,
    answer: Option<Answer>,
    /// What it was to read last, and in which generation: what sticky assignors remember.
    last: (Vec<PartitionId>, u32),
    /// When the timer for heartbeats fires; others are stale.
    beats_at: Time,
}

impl Membership {
    pub(super) fn new(how: Joining, owned: Vec<PartitionId>) -> Self {
        let inside = how.is_member;
        Self {
            step: if inside { Step::Inside } else { Step::Outside },
            generation: u32::from(inside),
            known: inside,
            rejoins: !inside,
            lost: false,
            settled: false,
            releasing: Vec::new(),
            gaining: Vec::new(),
            answer: None,
            last: (owned, u32::from(inside)),
            beats_at: Time::NEVER,
            how,
        }
    }

    /// Whether there is something to do inside poll.
    fn attends(&self) -> bool {
        self.rejoins || self.answer.is_some() || !self.releasing.is_empty() || !self.gaining.is_empty()
    }

    /// Whether it waits to be told what to read: until then nothing is committed.
    pub(super) fn is_sharing(&self) -> bool {
        self.step == Step::Sharing
    }

    fn is_eager(&self) -> bool {
        !self.how.dealing.is_cooperative()
    }

    /// It is out, and has to begin anew.
    fn is_out(&mut self, refusal: Refusal) {
        self.known &= refusal != Refusal::UnknownMember;
        (self.generation, self.step) = (0, Step::Outside);
        (self.lost, self.rejoins, self.beats_at) = (true, refusal != Refusal::Fenced, Time::NEVER);
        (self.answer, self.releasing, self.gaining) = (None, Vec::new(), Vec::new());
    }
}

impl Consumer {
    /// The same, in a group whose members come and go.
    #[must_use]
    pub fn joining(mut self, how: Joining) -> Self {
        let owned = self.roster.partitions().collect();
        self.attends = !how.is_member;
        self.membership = Some(Box::new(Membership::new(how, owned)));
        self
    }

    pub(super) fn key(&self) -> MemberKey {
        MemberKey { member: self.settings.member, incarnation: self.settings.generation }
    }

    /// The generation that it is in, as far as it knows.
    pub(super) fn generation(&self) -> u32 {
        if let Some(epochs) = &self.epochs {
            return epochs.epoch;
        }
        self.membership.as_ref().map_or(self.settings.generation, |membership| membership.generation)
    }

    /// When signs of life begin.
    pub(super) fn first_beat(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if self.epochs.is_some() {
            return self.enter(now, out);
        }
        match &mut self.membership {
            None => out.wake(Timer::Heartbeat, now + self.settings.heartbeat),
            Some(membership) if membership.how.is_member => {
                membership.beats_at = now + membership.how.phase;
                out.wake(Timer::Heartbeat, membership.beats_at);
            }
            Some(_) => {}
        }
    }

    /// Time for a sign of life.
    pub(super) fn beat(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if self.epochs.is_some() {
            return self.beats(now, out);
        }
        let Settings { coordinator, heartbeat, generation: incarnation, .. } = self.settings;
        let (generation, at_work) = (self.generation(), self.processing.idle_at() > now);
        let mut next = now + heartbeat;
        if let Some(membership) = &mut self.membership {
            if now < membership.beats_at {
                return;
            }
            next = now + membership.how.interval(heartbeat);
            membership.beats_at = next;
            let due = self.polled_at + membership.how.patience;
            if at_work && due <= next {
                out.wake(Timer::PollDue, due.max(now));
            }
        }
        out.send(coordinator, Message::Heartbeat { generation, incarnation });
        out.wake(Timer::Heartbeat, next);
        if self.membership.is_some() && !at_work {
            // Kafka's poll returns now and then with nothing, and is called again: it commits on time.
            self.poll_if_idle(now, out);
        }
    }

    /// It has not polled for as long as it may: it leaves by itself. A static one stops its signs of life.
    #[cold]
    pub(super) fn poll_due(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if self.epochs.is_some() {
            return self.stays_away(now, out);
        }
        let (key, at_work) = (self.key(), self.processing.idle_at() > now);
        let Some(membership) = &mut self.membership else { return };
        let due = self.polled_at + membership.how.patience;
        if now < due || !at_work || !matches!(membership.step, Step::Inside | Step::Sharing) {
            return;
        }
        let fixed = membership.how.fixed;
        self.report(now, out);
        if !fixed {
            let leave = Leave { key, reason: Reason::PolledLate };
            out.send(self.settings.coordinator, Message::Leave(Box::new(leave)));
        }
        self.is_out(Refusal::UnknownMember);
    }

    #[cold]
    fn is_out(&mut self, refusal: Refusal) {
        if let Some(membership) = &mut self.membership {
            membership.is_out(refusal);
            self.attends = true;
        }
    }

    /// It heard from the coordinator what it is to do at its next poll.
    #[cold]
    pub(super) fn told(&mut self, message: Message, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if let Message::Standing(standing) = message {
            return self.stands(*standing, now, out);
        }
        let key = self.key();
        let Some(membership) = &mut self.membership else { return };
        match message {
            Message::HeartbeatRefused { refusal, incarnation } if incarnation == key.incarnation => {
                self.refused(refusal);
            }
            Message::Joined(joined) if joined.key == key && membership.step == Step::Joining => {
                membership.answer = Some(Answer::Joined(*joined));
            }
            Message::Shared(shared) if shared.key == key && membership.step == Step::Sharing => {
                membership.answer = Some(Answer::Shared(*shared));
            }
            // It was for whoever was here before, or is too late.
            _ => return,
        }
        self.attends = true;
        self.poll_if_idle(now, out);
    }

    /// A commit was refused. What it says of a generation that is over says nothing of this one.
    #[cold]
    pub(super) fn commit_refused(&mut self, refusal: Refusal, generation: u32) {
        if self.epochs.is_some() {
            self.commit_fenced(refusal);
        } else if generation == self.generation() {
            self.refused(refusal);
        }
    }

    /// A heartbeat or a commit was refused.
    #[cold]
    fn refused(&mut self, refusal: Refusal) {
        let Some(membership) = &mut self.membership else { return };
        if !matches!(membership.step, Step::Inside | Step::Sharing) {
            return;
        }
        match refusal {
            Refusal::RebalanceInProgress if membership.step == Step::Inside => membership.rejoins = true,
            Refusal::RebalanceInProgress | Refusal::MemberIdRequired => {}
            other => membership.is_out(other),
        }
        self.attends = true;
    }

    /// What its group asks of it, inside poll; returns whether it may go on and take records.
    #[cold]
    pub(super) fn attend(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) -> bool {
        if self.epochs.is_some() {
            return self.regroup(now, out);
        }
        loop {
            if self.ending != Ending::No {
                return true;
            }
            let Some(membership) = &mut self.membership else { return true };
            match membership.answer.take() {
                Some(Answer::Joined(joined)) => self.joined(&joined, now, out),
                Some(Answer::Shared(shared)) => self.shared(shared),
                None if !membership.attends() && !membership.lost => {
                    self.attends = false;
                    return true;
                }
                None => {
                    if !self.release(now, out) {
                        return false;
                    }
                    self.gain(out);
                    self.rejoin(out);
                }
            }
        }
    }

    /// Gives up what it has to; returns whether it has.
    fn release(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) -> bool {
        let commits = self.commits_by_itself();
        let Some(membership) = &mut self.membership else { return true };
        if membership.lost || membership.rejoins && membership.is_eager() {
            membership.releasing = self.roster.partitions().collect();
        }
        if membership.releasing.is_empty() {
            membership.lost = false;
            return true;
        }
        if self.processing.done_at() > now {
            // Several workers share the last poll: nothing is given up before all are done.
            self.arm(false, now, out);
            return false;
        }
        if commits && !membership.lost && !membership.settled {
            if !self.is_written(now, out) {
                return false;
            }
            let Some(membership) = &mut self.membership else { return true };
            (membership.settled, self.committing) = (true, true);
            self.commit(out);
            return false;
        }
        let Some(membership) = &mut self.membership else { return true };
        let releasing = std::mem::take(&mut membership.releasing);
        (membership.settled, membership.lost) = (false, false);
        if !sabotage::plays(Sabotage::SkipRevocation) {
            self.give_up(&releasing, out);
        }
        true
    }

    fn gain(&mut self, out: &mut (impl Outbox + ?Sized)) {
        let Some(membership) = &mut self.membership else { return };
        let (mut gaining, generation) = (std::mem::take(&mut membership.gaining), membership.generation);
        if sabotage::plays(Sabotage::SkipRevocation) {
            gaining.retain(|&partition| !self.roster.has(partition));
        }
        self.take_up(&gaining, generation, out);
    }

    fn rejoin(&mut self, out: &mut (impl Outbox + ?Sized)) {
        let (key, grown) = (self.key(), self.has_grown());
        let Some(membership) = &mut self.membership else { return };
        if !std::mem::take(&mut membership.rejoins) {
            return;
        }
        let Membership { how, last, known, .. } = &**membership;
        let (owned, generation) = match how.dealing.assignor {
            Assignor::Range | Assignor::RoundRobin => (Vec::new(), 0),
            Assignor::Sticky => last.clone(),
            Assignor::CooperativeSticky => (self.roster.partitions().collect(), last.1),
        };
        let Joining { fixed, session, patience, .. } = *how;
        let join = Join { key, known: *known, fixed, owned, generation, session, patience, grown };
        membership.step = Step::Joining;
        membership.beats_at = Time::NEVER;
        out.send(self.settings.coordinator, Message::Join(Box::new(join)));
    }

    /// Everybody has joined, or it has to ask otherwise.
    fn joined(&mut self, joined: &Joined, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let key = self.key();
        let Some(membership) = &mut self.membership else { return };
        match joined.refused {
            None => {}
            Some(Refusal::MemberIdRequired) => {
                (membership.known, membership.rejoins) = (true, true);
                return;
            }
            Some(other) => return self.is_out(other),
        }
        // Whoever has an instance id is known from now on by what it was given with it.
        membership.known = true;
        (membership.generation, membership.step) = (joined.generation, Step::Sharing);
        membership.beats_at = now + membership.how.interval(self.settings.heartbeat);
        out.wake(Timer::Heartbeat, membership.beats_at);
        let known = self.metadata.as_mut().map(|metadata| metadata.leads(joined.leads));
        let dealt = match joined.members.as_slice() {
            [] => Vec::new(),
            members => membership.how.dealing.deal(members, known),
        };
        let share = Share { key, generation: joined.generation, dealt };
        out.send(self.settings.coordinator, Message::Share(Box::new(share)));
    }

    /// It knows what to read.
    fn shared(&mut self, shared: Shared) {
        let Some(membership) = &mut self.membership else { return };
        match shared.refused {
            None => {}
            Some(Refusal::RebalanceInProgress) => {
                (membership.step, membership.rejoins) = (Step::Inside, true);
                return;
            }
            Some(other) => return self.is_out(other),
        }
        membership.step = Step::Inside;
        let new: BTreeSet<PartitionId> = shared.partitions.iter().copied().collect();
        membership.releasing = self.roster.partitions().filter(|partition| !new.contains(partition)).collect();
        membership.gaining =
            shared.partitions.iter().copied().filter(|&partition| !self.roster.has(partition)).collect();
        // What it gives up is free for others only in a generation after this one.
        membership.rejoins |= !membership.releasing.is_empty();
        membership.last = (shared.partitions, shared.generation);
        self.deals_anew();
    }

    /// Joins again where it leads and knows of more partitions than it dealt.
    pub(super) fn deals_anew(&mut self) {
        let grown = self.has_grown();
        if let Some(membership) = &mut self.membership
            && membership.step == Step::Inside
            && grown
        {
            membership.rejoins = true;
            self.attends = true;
        }
    }

    /// It ends in good order: whoever has no instance id says so.
    pub(super) fn depart(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if self.epochs.is_some() {
            return self.farewell(now, out);
        }
        let key = self.key();
        let Some(membership) = &mut self.membership else { return };
        let leaves = !membership.how.fixed && membership.step != Step::Outside;
        membership.step = Step::Outside;
        let all: Vec<PartitionId> = self.roster.partitions().collect();
        self.give_up(&all, out);
        if leaves {
            out.send(self.settings.coordinator, Message::Leave(Box::new(Leave { key, reason: Reason::Left })));
        }
    }

    /// What it has at the beginning.
    pub(super) fn tell_owned(&self, out: &mut (impl Outbox + ?Sized)) {
        let Settings { group, member, generation, .. } = self.settings;
        for owned in &self.owned {
            out.observe(&Fact::Assigned { group, member, partition: owned.partition, generation });
        }
    }
}
