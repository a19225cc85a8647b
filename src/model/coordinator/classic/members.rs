//! The members of a classic group: who they are, until when they are taken for alive, and who has answered.
//!
//! Who has joined and who waits for the leader are counted, so that a thousand members cost a thousand steps and not a
//! million.
use crate::model::protocol::{ActorId, Join, MemberKey, PartitionId, Subscriber};
use crate::units::{Span, Time};
use std::collections::BTreeMap;

/// A member.
#[derive(Debug)]
pub struct Member {
    /// Where it is.
    pub actor: ActorId,
    /// Whether it has a `group.instance.id`.
    pub fixed: bool,
    /// What it says it has.
    pub owned: Vec<PartitionId>,
    /// In which generation it got that.
    pub generation: u32,
    pub session: Span,
    pub patience: Span,
    /// Until when it is taken for alive.
    pub deadline: Time,
    /// Waits for everybody to join.
    pub joining: bool,
    /// Waits for the leader to deal.
    pub sharing: bool,
    /// What it is to read.
    pub partitions: Vec<PartitionId>,
}

impl Member {
    /// One that is heard of now.
    pub fn new(actor: ActorId, join: &Join, now: Time) -> Self {
        Self {
            actor,
            fixed: join.fixed,
            owned: join.owned.clone(),
            generation: join.generation,
            session: join.session,
            patience: join.patience,
            deadline: now + join.session,
            joining: false,
            sharing: false,
            partitions: Vec::new(),
        }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub struct Members {
    all: BTreeMap<MemberKey, Member>,
    /// How many wait for the others to join.
    joining: usize,
    /// Those who were given an id and have not come with it, and until when they are expected.
    expected: BTreeMap<MemberKey, Time>,
}

impl Members {
    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn first(&self) -> Option<MemberKey> {
        self.all.keys().next().copied()
    }

    pub fn keys(&self) -> impl Iterator<Item = MemberKey> {
        self.all.keys().copied()
    }

    pub fn contains(&self, key: MemberKey) -> bool {
        self.all.contains_key(&key)
    }

    pub fn get(&self, key: MemberKey) -> &Member {
        self.all.get(&key).expect("the member is in the group")
    }

    fn get_mut(&mut self, key: MemberKey) -> &mut Member {
        self.all.get_mut(&key).expect("the member is in the group")
    }

    /// A process of the same member.
    pub fn same(&self, key: MemberKey) -> Option<MemberKey> {
        let all = MemberKey { incarnation: 0, ..key }..=MemberKey { incarnation: u32::MAX, ..key };
        self.all.range(all).next().map(|(&key, _)| key)
    }

    /// Another process of the same member.
    pub fn other(&self, key: MemberKey) -> Option<MemberKey> {
        self.same(key).filter(|&other| other != key)
    }

    pub fn add(&mut self, join: &Join, member: Member) {
        self.joining += usize::from(member.joining);
        let before = self.all.insert(join.key, member);
        assert!(before.is_none(), "a member is added once");
    }

    pub fn remove(&mut self, key: MemberKey) -> Member {
        let member = self.all.remove(&key).expect("the member is in the group");
        self.joining -= usize::from(member.joining);
        member
    }

    /// Somebody has got an id and is to come with it.
    pub fn expect(&mut self, key: MemberKey, until: Time) {
        self.expected.insert(key, until);
    }

    /// Whether somebody came who was expected.
    pub fn came(&mut self, key: MemberKey) -> bool {
        self.expected.remove(&key).is_some()
    }

    pub fn update(&mut self, join: &Join, now: Time) {
        let member = self.get_mut(join.key);
        member.owned.clone_from(&join.owned);
        (member.generation, member.session, member.patience) = (join.generation, join.session, join.patience);
        member.deadline = now + join.session;
    }

    pub fn hear(&mut self, key: MemberKey, now: Time) {
        let member = self.get_mut(key);
        member.deadline = now + member.session;
    }

    pub fn join(&mut self, key: MemberKey) {
        let member = self.get_mut(key);
        let was = std::mem::replace(&mut member.joining, true);
        self.joining += usize::from(!was);
    }

    pub fn share(&mut self, key: MemberKey) {
        self.get_mut(key).sharing = true;
    }

    pub fn are_all_joining(&self) -> bool {
        self.joining == self.all.len() && self.expected.is_empty()
    }

    /// The longest rebalance timeout.
    pub fn patience(&self) -> Span {
        self.all.values().map(|member| member.patience).max().unwrap_or(Span::ZERO)
    }

    /// Those who are not static and have not joined.
    pub fn not_joining(&self) -> Vec<MemberKey> {
        let late = self.all.iter().filter(|(_, member)| !member.joining && !member.fixed);
        late.map(|(&key, _)| key).collect()
    }

    pub fn not_sharing(&self) -> Vec<MemberKey> {
        self.all.iter().filter(|(_, member)| !member.sharing).map(|(&key, _)| key).collect()
    }

    /// Those who have joined: they wait no more.
    pub fn take_joining(&mut self, now: Time) -> Vec<MemberKey> {
        let mut joined = Vec::with_capacity(self.joining);
        for (&key, member) in &mut self.all {
            if std::mem::take(&mut member.joining) {
                member.deadline = now + member.session;
                joined.push(key);
            }
        }
        self.joining = 0;
        joined
    }

    /// Those who wait for the leader: they wait no more.
    pub fn take_sharing(&mut self) -> Vec<(MemberKey, ActorId)> {
        let waiting = self.all.iter_mut().filter(|(_, member)| member.sharing);
        waiting
            .map(|(&key, member)| {
                member.sharing = false;
                (key, member.actor)
            })
            .collect()
    }

    /// What the leader dealt; whoever is not in the list reads nothing.
    pub fn deal(&mut self, dealt: Vec<(MemberKey, Vec<PartitionId>)>) {
        for member in self.all.values_mut() {
            member.partitions.clear();
        }
        for (key, partitions) in dealt {
            if let Some(member) = self.all.get_mut(&key) {
                member.partitions = partitions;
            }
        }
    }

    pub fn subscribers(&self) -> Vec<Subscriber> {
        let subscriber = |(&key, member): (&MemberKey, &Member)| Subscriber {
            key,
            fixed: member.fixed,
            owned: member.owned.clone(),
            generation: member.generation,
        };
        self.all.iter().map(subscriber).collect()
    }

    /// When somebody will be taken for gone, if nothing is heard of anybody. Who waits for the group is alive.
    pub fn next_deadline(&self) -> Time {
        let silent = self.all.values().filter(|member| !member.joining && !member.sharing);
        let silent = silent.map(|member| member.deadline).min().unwrap_or(Time::NEVER);
        self.expected.values().copied().fold(silent, Time::min)
    }

    /// Those who are taken for gone; and whether somebody is not expected any more.
    pub fn expired(&mut self, now: Time) -> (Vec<MemberKey>, bool) {
        let expected = self.expected.len();
        self.expected.retain(|_, until| *until > now);
        let gone = |member: &Member| !member.joining && !member.sharing && member.deadline <= now;
        let gone = self.all.iter().filter(|(_, member)| gone(member)).map(|(&key, _)| key).collect();
        (gone, self.expected.len() < expected)
    }
}
