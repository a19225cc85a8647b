//! Kafka's classic group protocol, as the coordinator sees it: `Empty`, `PreparingRebalance`,
//! `CompletingRebalance`, `Stable`.
//!
//! A generation begins when everybody has joined, or when those who have not are taken for gone; it is stable when the
//! leader has dealt. An empty group waits a little longer for its first members (KIP-134). Static members keep their place
//! while they are away (KIP-345), others get their id first (KIP-394). Rules as of `GroupMetadataManager` of Kafka 4.
mod members;

use crate::model::machine::{Fact, Outbox};
use crate::model::protocol::{
    ActorId, Join, Joined, Leave, MemberKey, MemberState, Message, PartitionId, Reason, Refusal, Share, Shared,
    Subscriber, Timer,
};
use crate::model::sabotage::{self, Sabotage};
use crate::units::{Span, Time};
use members::{Member, Members};

/// How a coordinator runs a group.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Number of the group.
    pub group: u32,
    /// Address of its first member.
    pub first_member: u32,
    /// `group.initial.rebalance.delay.ms`.
    pub initial_delay: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Empty,
    /// Waits for everybody to join.
    Preparing,
    /// Waits for the leader to deal.
    Completing,
    Stable,
}

/// A group that was empty waits for more members.
#[derive(Clone, Copy, Debug)]
struct Initial {
    delay: Span,
    remaining: Span,
    /// Somebody came during the present wait.
    more: bool,
}

/// A group under the classic protocol.
#[derive(Debug)]
pub struct Classic {
    settings: Settings,
    state: State,
    generation: u32,
    leader: Option<MemberKey>,
    members: Members,
    initial: Option<Initial>,
    /// When the group has waited long enough: for joins, or for the leader.
    deadline: Time,
    /// When the timer for sessions fires; others are stale.
    session_armed: Time,
    began: Time,
    reason: Reason,
}

impl Classic {
    /// An empty group.
    #[must_use]
    pub fn empty(settings: Settings) -> Self {
        Self {
            settings,
            state: State::Empty,
            generation: 0,
            leader: None,
            members: Members::default(),
            initial: None,
            deadline: Time::NEVER,
            session_armed: Time::NEVER,
            began: Time::ZERO,
            reason: Reason::Started,
        }
    }

    /// A group that is stable in generation 1, with what each member reads.
    #[must_use]
    pub fn stable(settings: Settings, members: Vec<(Join, Vec<PartitionId>)>) -> Self {
        let mut group = Self::empty(settings);
        for (join, partitions) in members {
            let actor = ActorId(group.settings.first_member + join.key.member);
            group.members.add(&join, Member { partitions, ..Member::new(actor, &join, Time::ZERO) });
        }
        group.leader = group.members.first();
        (group.state, group.generation) = (State::Stable, 1);
        group
    }

    /// The run begins: members that are in the group have been heard of just now.
    pub fn start(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let group = self.settings.group;
        for key in self.members.keys() {
            out.observe(&Fact::Member { group, key, state: MemberState::Joined });
        }
        self.arm_session(self.members.next_deadline(), now, out);
    }

    /// The member that speaks from an address.
    #[must_use]
    pub fn key(&self, from: ActorId, incarnation: u32) -> MemberKey {
        MemberKey { member: from.0 - self.settings.first_member, incarnation }
    }

    /// The present generation.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// How many members it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether it has no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.len() == 0
    }

    /// Whether what a member says in a generation counts; if so, it is alive.
    ///
    /// # Errors
    /// As Kafka would answer: who it is not, or what it has to do first.
    pub fn admits(&mut self, key: MemberKey, generation: u32, now: Time) -> Result<(), Refusal> {
        if sabotage::plays(Sabotage::ForgetFencing) {
            return Ok(());
        }
        if !self.members.contains(key) {
            let other = self.members.other(key).is_some_and(|other| self.members.get(other).fixed);
            return Err(if other { Refusal::Fenced } else { Refusal::UnknownMember });
        }
        if generation != self.generation {
            return Err(Refusal::IllegalGeneration);
        }
        self.members.hear(key, now);
        Ok(())
    }

    /// Whether a member may commit.
    ///
    /// # Errors
    /// As Kafka would answer: who it is not, or what it has to do first.
    pub fn may_commit(&mut self, key: MemberKey, generation: u32, now: Time) -> Result<(), Refusal> {
        self.admits(key, generation, now)?;
        if self.state == State::Completing { Err(Refusal::RebalanceInProgress) } else { Ok(()) }
    }

    /// A sign of life.
    ///
    /// # Errors
    /// As Kafka would answer: who it is not, or what it has to do first.
    pub fn heartbeat(&mut self, key: MemberKey, generation: u32, now: Time) -> Result<(), Refusal> {
        self.admits(key, generation, now)?;
        if self.state == State::Preparing { Err(Refusal::RebalanceInProgress) } else { Ok(()) }
    }

    /// Somebody wants to take part.
    pub fn join(&mut self, from: ActorId, mut join: Join, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let key = join.key;
        let refuse = |refusal, out: &mut _| answer(from, key, refusal, out);
        match (join.known, join.fixed) {
            (true, _) if self.members.contains(key) => self.joins_again(&join, now, out),
            (true, false) if self.members.came(key) => self.is_new(from, &join, now, out),
            (true, true) if self.members.other(key).is_some() => refuse(Refusal::Fenced, out),
            (true, _) => refuse(Refusal::UnknownMember, out),
            (false, false) => {
                self.members.expect(key, now + join.session);
                self.arm_session(now + join.session, now, out);
                refuse(Refusal::MemberIdRequired, out);
            }
            (false, true) => match self.members.same(key) {
                Some(before) => self.returns(before, from, &mut join, now, out),
                None => self.is_new(from, &join, now, out),
            },
        }
    }

    fn is_new(&mut self, from: ActorId, join: &Join, now: Time, out: &mut (impl Outbox + ?Sized)) {
        self.members.add(join, Member { joining: true, ..Member::new(from, join, now) });
        let (group, key) = (self.settings.group, join.key);
        out.observe(&Fact::Member { group, key, state: MemberState::Joined });
        if let Some(initial) = &mut self.initial {
            initial.more = true;
        }
        match self.state {
            State::Preparing => self.complete_if_all(now, out),
            State::Empty => self.prepare(Reason::Started, now, out),
            _ => self.prepare(Reason::Joined, now, out),
        }
    }

    fn joins_again(&mut self, join: &Join, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let changed = self.members.get(join.key).owned != join.owned;
        self.members.update(join, now);
        let leads = self.leader == Some(join.key);
        match self.state {
            State::Preparing => {
                self.members.join(join.key);
                self.complete_if_all(now, out);
            }
            State::Completing if !changed => self.welcome(join.key, false, out),
            State::Stable if !changed && !leads => self.welcome(join.key, false, out),
            _ => {
                self.members.join(join.key);
                let reason = match changed {
                    _ if join.grown => Reason::Grown,
                    true => Reason::Released,
                    false => Reason::Returned,
                };
                self.prepare(reason, now, out);
            }
        }
    }

    /// A static member is there again, under the id it has now. A stable group goes on as it was.
    fn returns(
        &mut self,
        before: MemberKey,
        from: ActorId,
        join: &mut Join,
        now: Time,
        out: &mut (impl Outbox + ?Sized),
    ) {
        let (group, key) = (self.settings.group, join.key);
        let Member { partitions, owned, .. } = self.members.remove(before);
        join.owned = owned;
        self.members.add(join, Member { partitions, ..Member::new(from, join, now) });
        if before != key {
            out.observe(&Fact::Member { group, key: before, state: MemberState::Replaced });
            out.observe(&Fact::Member { group, key, state: MemberState::Joined });
        }
        if self.leader == Some(before) {
            self.leader = Some(key);
        }
        if self.state == State::Stable {
            return self.welcome(key, true, out);
        }
        self.members.join(key);
        match self.state {
            State::Preparing => self.complete_if_all(now, out),
            _ => self.prepare(Reason::Returned, now, out),
        }
    }

    /// Everybody has to join again.
    fn prepare(&mut self, reason: Reason, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if self.state == State::Completing {
            for (key, actor) in self.members.take_sharing() {
                let generation = self.generation;
                let refused = Some(Refusal::RebalanceInProgress);
                let shared = Shared { key, refused, generation, partitions: Vec::new() };
                out.send(actor, Message::Shared(Box::new(shared)));
            }
            self.rebalanced(out);
        }
        let was_empty = self.state == State::Empty;
        (self.state, self.began, self.reason) = (State::Preparing, now, reason);
        let patience = self.members.patience();
        if was_empty {
            let delay = self.settings.initial_delay.min(patience);
            self.initial = Some(Initial { delay, remaining: patience - delay, more: false });
            return self.wait(now + delay, out);
        }
        self.wait(now + patience, out);
        self.complete_if_all(now, out);
    }

    fn wait(&mut self, until: Time, out: &mut (impl Outbox + ?Sized)) {
        self.deadline = until;
        out.wake(Timer::Rebalance, until);
    }

    fn complete_if_all(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if self.initial.is_none() && self.members.are_all_joining() {
            self.complete(now, out);
        }
    }

    /// The group has waited long enough, unless the timer is an old one.
    pub fn waited(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if now < self.deadline {
            return;
        }
        match (self.state, &mut self.initial) {
            (State::Preparing, Some(initial)) if initial.more && !initial.remaining.is_zero() => {
                let delay = self.settings.initial_delay.min(initial.remaining);
                let remaining = initial.remaining - initial.delay.min(initial.remaining);
                *initial = Initial { delay, remaining, more: false };
                self.wait(now + delay, out);
            }
            (State::Preparing, _) => self.complete(now, out),
            (State::Completing, _) => {
                for key in self.members.not_sharing() {
                    self.remove(key, Reason::Evicted, out);
                }
                self.prepare(Reason::Evicted, now, out);
            }
            _ => self.deadline = Time::NEVER,
        }
    }

    /// A generation begins with those who have joined.
    fn complete(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        for key in self.members.not_joining() {
            self.remove(key, Reason::Evicted, out);
        }
        self.initial = None;
        let joined = self.members.take_joining(now);
        if joined.is_empty() && self.members.len() > 0 {
            // Static members that are away: the group waits for one of them.
            return self.wait(now + self.members.patience(), out);
        }
        self.generation += u32::from(!sabotage::plays(Sabotage::KeepGeneration) || self.generation == 0);
        if joined.is_empty() {
            (self.state, self.leader, self.deadline) = (State::Empty, None, Time::NEVER);
            return self.rebalanced(out);
        }
        self.state = State::Completing;
        if self.leader.is_none_or(|leader| !joined.contains(&leader)) {
            self.leader = joined.first().copied();
        }
        self.wait(now + self.members.patience(), out);
        for key in joined {
            self.welcome(key, false, out);
        }
        self.arm_session(self.members.next_deadline(), now, out);
    }

    /// Tells a member that it takes part; whoever leads hears of all.
    fn welcome(&self, key: MemberKey, keeps: bool, out: &mut (impl Outbox + ?Sized)) {
        let leads = self.leader == Some(key);
        let members: Vec<Subscriber> = if leads && !keeps { self.members.subscribers() } else { Vec::new() };
        let joined = Joined { key, refused: None, generation: self.generation, leads, members };
        out.send(self.members.get(key).actor, Message::Joined(Box::new(joined)));
    }

    /// Somebody asks what to read, or says what everybody is to read.
    pub fn share(&mut self, from: ActorId, share: Share, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let Share { key, generation, dealt } = share;
        let verdict = self.admits(key, generation, now);
        let refused = match self.state {
            _ if verdict.is_err() => verdict.err(),
            State::Empty => Some(Refusal::UnknownMember),
            State::Preparing => Some(Refusal::RebalanceInProgress),
            State::Completing | State::Stable => None,
        };
        if refused.is_some() {
            let shared = Shared { key, refused, generation, partitions: Vec::new() };
            return out.send(from, Message::Shared(Box::new(shared)));
        }
        if self.state == State::Stable {
            return self.tell(key, out);
        }
        self.members.share(key);
        if self.leader == Some(key) {
            self.members.deal(dealt);
            (self.state, self.deadline) = (State::Stable, Time::NEVER);
            self.rebalanced(out);
            for (key, _) in self.members.take_sharing() {
                self.members.hear(key, now);
                self.tell(key, out);
            }
        }
    }

    fn tell(&self, key: MemberKey, out: &mut (impl Outbox + ?Sized)) {
        let Member { actor, partitions, .. } = self.members.get(key);
        let shared = Shared { key, refused: None, generation: self.generation, partitions: partitions.clone() };
        out.send(*actor, Message::Shared(Box::new(shared)));
    }

    /// A member goes.
    pub fn leave(&mut self, leave: Leave, now: Time, out: &mut (impl Outbox + ?Sized)) {
        self.members.came(leave.key);
        if self.members.contains(leave.key) {
            self.remove(leave.key, leave.reason, out);
            self.lost_somebody(leave.reason, now, out);
        } else {
            self.complete_if_waiting(now, out);
        }
    }

    /// Nothing was heard of some members for as long as their session, or the timer is an old one.
    pub fn silent(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if now < self.session_armed {
            return;
        }
        self.session_armed = Time::NEVER;
        let (gone, forgotten) = self.members.expired(now);
        for key in &gone {
            self.remove(*key, Reason::Expired, out);
        }
        if !gone.is_empty() {
            self.lost_somebody(Reason::Expired, now, out);
        } else if forgotten {
            self.complete_if_waiting(now, out);
        }
        self.arm_session(self.members.next_deadline(), now, out);
    }

    fn complete_if_waiting(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if self.state == State::Preparing {
            self.complete_if_all(now, out);
        }
    }

    fn arm_session(&mut self, deadline: Time, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let deadline = deadline.max(now);
        if deadline < self.session_armed {
            self.session_armed = deadline;
            out.wake(Timer::Session, deadline);
        }
    }

    fn remove(&mut self, key: MemberKey, reason: Reason, out: &mut (impl Outbox + ?Sized)) {
        self.members.remove(key);
        out.observe(&Fact::Member { group: self.settings.group, key, state: MemberState::Gone(reason) });
    }

    fn lost_somebody(&mut self, reason: Reason, now: Time, out: &mut (impl Outbox + ?Sized)) {
        match self.state {
            State::Empty => {}
            State::Preparing => self.complete_if_all(now, out),
            State::Completing | State::Stable => self.prepare(reason, now, out),
        }
    }

    fn rebalanced(&self, out: &mut (impl Outbox + ?Sized)) {
        let Self { generation, reason, began, .. } = *self;
        let (group, members) = (self.settings.group, self.members.len() as u32);
        out.observe(&Fact::Rebalanced { group, generation, reason, began, members });
    }
}

fn answer(to: ActorId, key: MemberKey, refusal: Refusal, out: &mut (impl Outbox + ?Sized)) {
    let joined = Joined { key, refused: Some(refusal), generation: 0, leads: false, members: Vec::new() };
    out.send(to, Message::Joined(Box::new(joined)));
}
