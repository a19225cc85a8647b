//! Kafka's `StickyAssignor` and `CooperativeStickyAssignor`: balanced first, and then with as few partitions moved as can
//! be (KIP-54, KIP-429; the rules of `AbstractStickyAssignor` as of Kafka 4).
//!
//! Where all members subscribe to the same topics, everybody keeps what they had up to their share, and what is left is
//! dealt in turn; this is that part. Where they differ, `general` balances step by step.
//! The cooperative variant withholds what changes hands until its owner has given it up: one round later.
use super::general;
use super::{Member, Partition, Topic, by_name, java};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What a member says it owned before.
#[derive(Clone, Copy, Debug)]
pub struct Previous<'a> {
    /// Its partitions.
    pub owned: &'a [Partition],
    /// The generation in which it owned them; -1 where it does not know.
    pub generation: i32,
}

impl Previous<'_> {
    /// Of a member that is new.
    pub const NONE: Self = Self { owned: &[], generation: -1 };
}

/// Kafka's `StickyAssignor`. Gives the partitions of each member, in the order of `members`: what it keeps, then what
/// it is dealt. `previous` has what each member owned before.
///
/// # Panics
/// Where `previous` and `members` differ in length.
#[must_use]
pub fn sticky(topics: &[Topic<'_>], members: &[Member<'_>], previous: &[Previous<'_>]) -> Vec<Vec<Partition>> {
    assign(topics, members, previous).0
}

/// Kafka's `CooperativeStickyAssignor`: one round of it. As [`sticky`], without the partitions that somebody else has
/// to give up first; they are free to be dealt in the next round.
///
/// # Panics
/// Where `previous` and `members` differ in length.
#[must_use]
pub fn cooperative_sticky(
    topics: &[Topic<'_>],
    members: &[Member<'_>],
    previous: &[Previous<'_>],
) -> Vec<Vec<Partition>> {
    let (mut lists, moving) = assign(topics, members, previous);
    for list in &mut lists {
        list.retain(|partition| !moving.contains(partition));
    }
    lists
}

/// The partitions of each member, and those among them that somebody else has to give up.
fn assign(
    topics: &[Topic<'_>],
    members: &[Member<'_>],
    previous: &[Previous<'_>],
) -> (Vec<Vec<Partition>>, BTreeSet<Partition>) {
    assert_eq!(members.len(), previous.len(), "every member has a past, if only none");
    let claims = Claims::sorted_out(topics, members, previous);
    if alike(members) {
        Shares::of(topics, members, claims).deal()
    } else {
        let lists = general::balance(topics, members, previous, claims);
        let moving = changing_hands(previous, &lists);
        (lists, moving)
    }
}

/// Whether all members subscribe to the same topics.
pub(super) fn alike(members: &[Member<'_>]) -> bool {
    let topics = |member: &Member<'_>| member.topics.iter().copied().collect::<BTreeSet<usize>>();
    let Some((first, rest)) = members.split_first() else { return true };
    let first_topics = topics(first);
    rest.iter().all(|member| member.topics == first.topics || topics(member) == first_topics)
}

/// Partitions that one member gets and another had.
fn changing_hands(previous: &[Previous<'_>], lists: &[Vec<Partition>]) -> BTreeSet<Partition> {
    let (mut added, mut revoked) = (BTreeSet::new(), BTreeSet::new());
    for (before, now) in previous.iter().zip(lists) {
        let before: BTreeSet<Partition> = before.owned.iter().copied().collect();
        let now: BTreeSet<Partition> = now.iter().copied().collect();
        added.extend(now.difference(&before));
        revoked.extend(before.difference(&now));
    }
    added.intersection(&revoked).copied().collect()
}

/// Who may keep what: of two members that claim the same partition, the one of the later generation; of the same
/// generation, neither.
#[derive(Debug)]
pub struct Claims {
    /// Members in the order of a Java `HashMap` by id.
    pub order: Vec<usize>,
    /// What each member owns for all we know.
    pub owned: Vec<Vec<Partition>>,
    /// Partitions that several members of one generation claimed.
    pub doubtful: BTreeSet<Partition>,
}

impl Claims {
    fn sorted_out(topics: &[Topic<'_>], members: &[Member<'_>], previous: &[Previous<'_>]) -> Self {
        let subscribed: BTreeSet<usize> = members.iter().flat_map(|member| member.topics.iter().copied()).collect();
        let hashes: Vec<i32> = members.iter().map(|member| java::hash(member.id)).collect();
        let mut claims = Self {
            order: java::hash_order(&hashes),
            owned: vec![Vec::new(); members.len()],
            doubtful: BTreeSet::new(),
        };
        let mut owners: BTreeMap<Partition, usize> = BTreeMap::new();
        for member in claims.order.clone() {
            let generation = previous[member].generation;
            for &partition in previous[member].owned {
                if !subscribed.contains(&partition.0) || partition.1 >= topics[partition.0].partitions {
                    continue;
                }
                let other = owners.get(&partition).copied();
                match other.map(|other| generation.cmp(&previous[other].generation)) {
                    Some(std::cmp::Ordering::Less) => continue,
                    Some(std::cmp::Ordering::Equal) => {
                        claims.doubtful.insert(partition);
                    }
                    Some(std::cmp::Ordering::Greater) | None => claims.owned[member].push(partition),
                }
                if let Some(other) = other {
                    claims.owned[other].retain(|owned| *owned != partition);
                }
                owners.insert(partition, member);
            }
        }
        claims
    }
}

/// Everybody's share where all subscribe to the same: the least one, or one more.
struct Shares<'a> {
    topics: &'a [Topic<'a>],
    members: &'a [Member<'a>],
    claims: Claims,
    /// Places of topics by name.
    by_name: Vec<usize>,
    least: usize,
    most: usize,
    /// Members that get one more than the least.
    extras: usize,
    lists: Vec<Vec<Partition>>,
    /// Members with less than the least share, then those with exactly that while somebody may get more.
    below: Vec<usize>,
    at_least: Vec<usize>,
    revoked: BTreeSet<Partition>,
}

impl<'a> Shares<'a> {
    fn of(topics: &'a [Topic<'a>], members: &'a [Member<'a>], claims: Claims) -> Self {
        let mut by_name = by_name(topics);
        by_name.retain(|topic| members.first().is_some_and(|member| member.topics.contains(topic)));
        let total: usize = by_name.iter().map(|&topic| topics[topic].partitions as usize).sum();
        let count = members.len().max(1);
        Self {
            topics,
            members,
            claims,
            by_name,
            least: total / count,
            most: total.div_ceil(count),
            extras: total % count,
            lists: vec![Vec::new(); members.len()],
            below: Vec::new(),
            at_least: Vec::new(),
            revoked: BTreeSet::new(),
        }
    }

    fn deal(mut self) -> (Vec<Vec<Partition>>, BTreeSet<Partition>) {
        self.keep();
        let free = self.free();
        let moving = free.iter().filter(|p| self.revoked.contains(p) || self.claims.doubtful.contains(p));
        let moving = moving.copied().collect();
        self.hand_out(free);
        (self.lists, moving)
    }

    /// Everybody keeps up to their share of what they own, lowest numbers first.
    fn keep(&mut self) {
        let mut rank = vec![0; self.topics.len()];
        for (place, &topic) in self.by_name.iter().enumerate() {
            rank[topic] = place;
        }
        let mut with_extra = 0;
        for member in std::mem::take(&mut self.claims.order) {
            let mut owned = std::mem::take(&mut self.claims.owned[member]);
            owned.sort_by_key(|&(topic, partition)| (partition, rank[topic]));
            owned.retain(|partition| !self.claims.doubtful.contains(partition));
            if owned.len() < self.least {
                self.below.push(member);
            } else if owned.len() >= self.most && with_extra < self.extras {
                with_extra += 1;
                if with_extra == self.extras {
                    self.at_least.clear();
                }
                self.revoked.extend(owned.drain(self.most..));
            } else {
                self.revoked.extend(owned.drain(self.least..));
                if with_extra < self.extras {
                    self.at_least.push(member);
                }
            }
            self.lists[member] = owned;
        }
    }

    /// What nobody keeps, by topic name and number.
    fn free(&self) -> Vec<Partition> {
        let kept: BTreeSet<Partition> = self.lists.iter().flatten().copied().collect();
        let all = self.by_name.iter().flat_map(|&topic| (0..self.topics[topic].partitions).map(move |p| (topic, p)));
        all.filter(|partition| !kept.contains(partition)).collect()
    }

    /// In turn to the members below the least share, by id, until none is; then one more each while there are any.
    fn hand_out(&mut self, free: Vec<Partition>) {
        let members = self.members;
        let by_id = |a: &usize, b: &usize| java::order(members[*a].id, members[*b].id);
        self.below.sort_by(by_id);
        self.at_least.sort_by(by_id);
        let mut last: VecDeque<usize> = std::mem::take(&mut self.at_least).into();
        let mut turn = 0;
        for partition in free {
            if self.below.is_empty() {
                let member = last.pop_front().expect("the shares add up to all partitions");
                self.lists[member].push(partition);
                continue;
            }
            turn %= self.below.len();
            let member = self.below[turn];
            self.lists[member].push(partition);
            if self.lists[member].len() == self.least {
                last.push_back(self.below.remove(turn));
            } else {
                turn += 1;
            }
        }
    }
}
