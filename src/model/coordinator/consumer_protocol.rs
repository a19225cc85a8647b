//! The coordinator's side of the consumer protocol (KIP-848): no barrier. Whoever comes or goes moves the group to a new
//! epoch; who should have what is decided here, and every member goes there on its own, heartbeat by heartbeat.
//!
//! A new target is computed in the heartbeat that finds one wanted, though not sooner than an interval after the last
//! (KIP-1263); one that has to wait is computed in a later heartbeat of whichever member. Kafka lets a thread of its own
//! compute it; here that takes no time. Subscriptions are those of the group and do not change.
use super::reconcile::{Current, State};
use crate::model::assignor::{self, TopicId};
use crate::model::machine::{Fact, Input, Machine, Outbox};
use crate::model::protocol::{
    ActorId, Beat, Commits, MemberKey, MemberState, Message, PartitionId, Reason, Refusal, Standing, Timer, Wish,
};
use crate::model::sabotage::{self, Sabotage};
use crate::units::{Span, Time};
use std::collections::{BTreeMap, BTreeSet};

/// Who deals the partitions: `group.remote.assignor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerAssignor {
    /// Evenly over all topics, and everybody keeps what they can.
    Uniform,
    /// A run of neighbouring partitions of each topic.
    Range,
}

/// A topic that the group reads.
#[derive(Clone, Debug)]
pub struct Read {
    /// Its name.
    pub name: String,
    /// Its first partition, counted over all topics.
    pub first: PartitionId,
    /// How many it has.
    pub partitions: u32,
}

/// How a group is kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Number of the group.
    pub group: u32,
    /// What all its members read.
    pub topics: Vec<Read>,
    /// Who deals.
    pub assignor: ServerAssignor,
    /// `group.consumer.session.timeout.ms`.
    pub session: Span,
    /// `group.consumer.heartbeat.interval.ms`.
    pub heartbeat: Span,
    /// `group.consumer.assignment.interval.ms`.
    pub interval: Span,
    /// Whether members have a `group.instance.id`.
    pub fixed: bool,
}

/// A group of the consumer protocol.
#[derive(Debug)]
pub struct ConsumerProtocol {
    settings: Settings,
    /// Of the group: one more whenever somebody comes or goes.
    epoch: u32,
    /// Of the target: the group's, once it is computed.
    target_epoch: u32,
    /// When the target was computed last.
    computed: Option<Time>,
    targets: BTreeMap<MemberKey, BTreeSet<PartitionId>>,
    members: BTreeMap<MemberKey, Member>,
    /// Who holds each partition that is not free, and since which epoch.
    holders: BTreeMap<PartitionId, (MemberKey, u32)>,
    /// Why and when the group became unsettled, if it is.
    unsettled: Option<(Reason, Time)>,
    /// When the timers fire; others are stale.
    session_armed: Time,
    rebalance_armed: Time,
}

#[derive(Debug)]
struct Member {
    current: Current,
    /// When it was heard last.
    heard: Time,
    /// A static member that will be back.
    paused: bool,
    patience: Span,
    /// When it must have given up what it was told to.
    revokes_by: Time,
}

impl ConsumerProtocol {
    /// An empty group.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            epoch: 0,
            target_epoch: 0,
            computed: None,
            targets: BTreeMap::new(),
            members: BTreeMap::new(),
            holders: BTreeMap::new(),
            unsettled: None,
            session_armed: Time::NEVER,
            rebalance_armed: Time::NEVER,
        }
    }

    /// One whose members have all joined, and have this in epoch 1.
    #[must_use]
    pub fn settled(settings: Settings, dealt: &[Vec<PartitionId>], patience: Span) -> Self {
        let mut group = Self { epoch: 1, target_epoch: 1, computed: Some(Time::ZERO), ..Self::new(settings) };
        for (member, partitions) in (0..).zip(dealt) {
            let key = MemberKey { member, incarnation: 1 };
            let assigned: BTreeSet<PartitionId> = partitions.iter().copied().collect();
            group.holders.extend(assigned.iter().map(|&partition| (partition, (key, 1))));
            group.targets.insert(key, assigned.clone());
            let current = Current { epoch: 1, assigned, ..Current::default() };
            group.members.insert(key, Member::new(current, Time::ZERO, patience));
        }
        group
    }

    /// The group's epoch.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// What a member was told, if it is one.
    #[must_use]
    pub fn current(&self, key: MemberKey) -> Option<&Current> {
        self.members.get(&key).map(|member| &member.current)
    }

    /// Begins to watch over members that were there from the beginning.
    fn start(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let group = self.settings.group;
        for &key in self.members.keys() {
            out.observe(&Fact::Member { group, key, state: MemberState::Joined });
        }
        self.watch_sessions(now, out);
    }

    /// Hears a heartbeat and answers it.
    pub fn beats(&mut self, now: Time, from: ActorId, beat: &Beat, out: &mut (impl Outbox + ?Sized)) {
        let key = beat.key;
        let heard = match beat.wish {
            Wish::Join => self.joins(now, beat, out),
            Wish::Stay(epoch) => self.stays(epoch, beat),
            Wish::Leave(reason) => {
                self.remove(now, key, reason, out);
                return self.answer(from, key, Ok(None), out);
            }
            Wish::Pause => {
                if let Some(member) = self.members.get_mut(&key) {
                    (member.paused, member.heard) = (true, now);
                }
                return self.answer(from, key, Ok(None), out);
            }
        };
        if let Err(refusal) = heard {
            return self.answer(from, key, Err(refusal), out);
        }
        self.compute_if_wanted(now);
        let changed = self.reconcile(now, beat, out);
        let everything = beat.wish == Wish::Join || changed;
        let member = &self.members[&key];
        let assignment = everything.then(|| member.current.assigned.iter().copied().collect());
        self.answer(from, key, Ok(assignment), out);
        self.watch_sessions(now, out);
        self.settle(out);
    }

    fn joins(&mut self, now: Time, beat: &Beat, out: &mut (impl Outbox + ?Sized)) -> Result<(), Refusal> {
        let key = beat.key;
        let nothing = beat.owned.as_ref().is_some_and(Vec::is_empty);
        assert!(nothing, "a member that joins has nothing: {beat:?}");
        if self.members.contains_key(&key) {
            return Ok(());
        }
        let same = |other: &&MemberKey| self.settings.fixed && other.member == key.member;
        if let Some(before) = self.members.keys().find(same).copied() {
            if !self.members[&before].paused {
                return Err(Refusal::UnreleasedInstance);
            }
            self.replace(now, before, beat, out);
            return Ok(());
        }
        let reason = if self.members.is_empty() { Reason::Started } else { Reason::Joined };
        self.members.insert(key, Member::new(Current::default(), now, beat.patience));
        out.observe(&Fact::Member { group: self.settings.group, key, state: MemberState::Joined });
        self.bump(now, reason);
        Ok(())
    }

    /// A static member is back: it has what it had, and nobody else hears of it.
    fn replace(&mut self, now: Time, before: MemberKey, beat: &Beat, out: &mut (impl Outbox + ?Sized)) {
        let (key, group) = (beat.key, self.settings.group);
        let old = self.members.remove(&before).expect("it was found among the members");
        let current = Current { revoking: BTreeSet::new(), state: State::Stable, ..old.current };
        self.holders.retain(|_, (holder, _)| *holder != before);
        self.holders.extend(current.assigned.iter().map(|&partition| (partition, (key, current.epoch))));
        if let Some(target) = self.targets.remove(&before) {
            self.targets.insert(key, target);
        }
        self.members.insert(key, Member::new(current, now, beat.patience));
        out.observe(&Fact::Member { group, key: before, state: MemberState::Replaced });
        out.observe(&Fact::Member { group, key, state: MemberState::Joined });
    }

    /// Whether a member may go on in this epoch: its own, or the one before if it has not heard of the last answer.
    fn stays(&self, epoch: u32, beat: &Beat) -> Result<(), Refusal> {
        let current = &self.members.get(&beat.key).ok_or(Refusal::UnknownMember)?.current;
        let behind = || {
            let mut owned = beat.owned.iter().flatten();
            epoch == current.previous_epoch && owned.all(|partition| current.assigned.contains(partition))
        };
        if epoch == current.epoch || behind() { Ok(()) } else { Err(Refusal::FencedEpoch) }
    }

    /// Takes somebody out: what they had is free, and others are to have it.
    fn remove(&mut self, now: Time, key: MemberKey, reason: Reason, out: &mut (impl Outbox + ?Sized)) {
        if self.members.remove(&key).is_none() {
            return;
        }
        self.holders.retain(|_, (holder, _)| *holder != key);
        self.targets.remove(&key);
        out.observe(&Fact::Member { group: self.settings.group, key, state: MemberState::Gone(reason) });
        self.bump(now, reason);
    }

    /// A topic has more partitions: if the group reads it, somebody is to have them.
    fn grown(&mut self, now: Time, first: PartitionId, partitions: u32) {
        if let Some(read) = self.settings.topics.iter_mut().find(|read| read.first == first) {
            read.partitions = partitions;
            self.bump(now, Reason::Grown);
        }
    }

    fn bump(&mut self, now: Time, reason: Reason) {
        if sabotage::plays(Sabotage::ForgetEpoch) && self.epoch > 0 {
            // The target follows, and nobody is told that it is another one.
            self.compute(now);
            return;
        }
        self.epoch += 1;
        self.unsettled.get_or_insert((reason, now));
    }

    fn compute_if_wanted(&mut self, now: Time) {
        let waits = self.computed.is_some_and(|computed| now < computed + self.settings.interval);
        if self.epoch > self.target_epoch && !waits {
            self.compute(now);
        }
    }

    fn compute(&mut self, now: Time) {
        let Settings { topics: reads, assignor, .. } = &self.settings;
        let topics: Vec<assignor::Topic<'_>> =
            reads.iter().map(|read| assignor::Topic { name: &read.name, partitions: read.partitions }).collect();
        let all: Vec<usize> = (0..topics.len()).collect();
        // Kafka's ids of topics are random; these keep the order of the topics.
        let ids: Vec<TopicId> = (0..).map(TopicId).take(topics.len()).collect();
        let keys: Vec<MemberKey> = self.members.keys().copied().collect();
        let names: Vec<String> = keys.iter().map(|key| format!("{:07}-{:05}", key.member, key.incarnation)).collect();
        let members: Vec<assignor::Member<'_>> =
            names.iter().map(|id| assignor::Member { id, instance: None, topics: &all }).collect();
        let dealt = match assignor {
            ServerAssignor::Uniform => {
                let none = BTreeSet::new();
                let had = keys.iter().map(|key| self.targets.get(key).unwrap_or(&none));
                let owned: Vec<_> = had.map(|had| had.iter().map(|&id| place(reads, id)).collect()).collect();
                assignor::uniform(&topics, &ids, &members, &owned)
            }
            ServerAssignor::Range => assignor::server_range(&topics, &members),
        };
        let dealt = dealt.expect("a group reads topics that exist");
        let id = |(topic, number): (usize, u32)| reads[topic].first + number;
        self.targets =
            keys.into_iter().zip(dealt).map(|(key, list)| (key, list.into_iter().map(id).collect())).collect();
        (self.target_epoch, self.computed) = (self.epoch, Some(now));
    }

    /// Brings a member on its way; whether it is to read something else than before.
    fn reconcile(&mut self, now: Time, beat: &Beat, out: &mut (impl Outbox + ?Sized)) -> bool {
        let key = beat.key;
        let none = BTreeSet::new();
        let target = self.targets.get(&key).unwrap_or(&none);
        let member = self.members.get_mut(&key).expect("whoever is heard is a member");
        (member.heard, member.patience, member.paused) = (now, beat.patience, false);
        let holders = &self.holders;
        let is_free = |partition: PartitionId| !holders.contains_key(&partition);
        let Some(next) = member.current.reconciled(self.target_epoch, target, is_free, beat.owned.as_deref()) else {
            return false;
        };
        let changed = next.assigned != member.current.assigned;
        let before = std::mem::replace(&mut member.current, next);
        let member = &*member;
        for partition in before.held() {
            if !member.current.assigned.contains(&partition) && !member.current.revoking.contains(&partition) {
                self.holders.remove(&partition);
            }
        }
        for partition in member.current.held() {
            self.holders.entry(partition).or_insert((key, member.current.epoch));
        }
        let revokes = member.current.state == State::UnrevokedPartitions;
        let by = if revokes { now + member.patience } else { Time::NEVER };
        self.members.get_mut(&key).expect("it was there").revokes_by = by;
        self.arm_rebalance(by, out);
        changed
    }

    /// Whoever has not given up in time is out; others need not wait.
    fn arm_rebalance(&mut self, by: Time, out: &mut (impl Outbox + ?Sized)) {
        if by < self.rebalance_armed {
            self.rebalance_armed = by;
            out.wake(Timer::Rebalance, by);
        }
    }

    /// A timer of the coordinator fires.
    pub fn fired(&mut self, timer: Timer, now: Time, out: &mut (impl Outbox + ?Sized)) {
        match timer {
            Timer::Session if now >= self.session_armed => {
                self.session_armed = Time::NEVER;
                let session = self.settings.session;
                self.expel(now, Reason::Expired, |member| member.heard + session <= now, out);
                self.watch_sessions(now, out);
            }
            Timer::Rebalance if now >= self.rebalance_armed => {
                self.rebalance_armed = Time::NEVER;
                self.expel(now, Reason::Evicted, |member| member.revokes_by <= now, out);
                let next = self.members.values().map(|member| member.revokes_by).min();
                self.arm_rebalance(next.unwrap_or(Time::NEVER), out);
            }
            _ => {}
        }
    }

    fn expel(&mut self, now: Time, reason: Reason, late: impl Fn(&Member) -> bool, out: &mut (impl Outbox + ?Sized)) {
        let late: Vec<MemberKey> =
            self.members.iter().filter(|(_, member)| late(member)).map(|(&key, _)| key).collect();
        for key in late {
            self.remove(now, key, reason, out);
        }
    }

    fn watch_sessions(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if self.session_armed == Time::NEVER
            && let Some(heard) = self.members.values().map(|member| member.heard).min()
        {
            // An armed timer fires at the latest when it must: nobody is heard earlier than they were.
            self.session_armed = (heard + self.settings.session).max(now);
            out.wake(Timer::Session, self.session_armed);
        }
    }

    /// Tells when everybody has what they should have.
    fn settle(&mut self, out: &mut (impl Outbox + ?Sized)) {
        let Some((reason, began)) = self.unsettled else { return };
        let epoch = self.epoch;
        let there = |member: &Member| member.current.epoch == epoch && member.current.state == State::Stable;
        if self.target_epoch == epoch && self.members.values().all(there) {
            self.unsettled = None;
            let (group, members) = (self.settings.group, self.members.len() as u32);
            out.observe(&Fact::Rebalanced { group, generation: epoch, reason, began, members });
        }
    }

    fn answer(
        &self,
        from: ActorId,
        key: MemberKey,
        said: Result<Option<Vec<PartitionId>>, Refusal>,
        out: &mut (impl Outbox + ?Sized),
    ) {
        let epoch = self.members.get(&key).map_or(0, |member| member.current.epoch);
        let heartbeat = self.settings.heartbeat;
        let (refused, assignment) = match said {
            Ok(assignment) => (None, assignment),
            Err(refusal) => (Some(refusal), None),
        };
        out.send(from, Message::Standing(Box::new(Standing { key, refused, epoch, heartbeat, assignment })));
    }

    /// Why these positions may not be committed, if they may not: only whoever holds a partition commits there, in an
    /// epoch not before it was given to them (KIP-1251).
    #[must_use]
    pub fn refuses(&self, commits: &Commits) -> Option<Refusal> {
        if !self.members.contains_key(&commits.key) {
            return Some(Refusal::UnknownMember);
        }
        let holds = |partition: PartitionId| {
            self.holders.get(&partition).is_some_and(|&(key, since)| key == commits.key && since <= commits.generation)
        };
        let all = commits.positions.iter().all(|position| holds(position.partition));
        (!all).then_some(Refusal::IllegalGeneration)
    }
}

impl Member {
    fn new(current: Current, heard: Time, patience: Span) -> Self {
        Self { current, heard, paused: false, patience, revokes_by: Time::NEVER }
    }
}

impl Machine for ConsumerProtocol {
    fn handle(&mut self, now: Time, input: Input, out: &mut (impl Outbox + ?Sized)) {
        match input {
            Input::Started => self.start(now, out),
            Input::Fired(timer) => self.fired(timer, now, out),
            Input::Received { from, message: Message::Beat(beat) } => self.beats(now, from, &beat, out),
            Input::Grown { first, partitions } => self.grown(now, first, partitions),
            Input::Paused(_) | Input::Slowed(_) => {}
            other => panic!("a coordinator does not expect {other:?}"),
        }
    }
}

/// Where a partition is among the topics of its group.
fn place(reads: &[Read], partition: PartitionId) -> (usize, u32) {
    let inside = |read: &Read| (read.first..read.first + read.partitions).contains(&partition);
    let topic = reads.iter().position(inside).expect("a group has partitions of its topics");
    (topic, partition - reads[topic].first)
}
