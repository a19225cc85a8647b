//! The sticky assignors where members subscribe to different topics: deal what is free to whoever has least, then move
//! single partitions from who has two more to who has two less, until nothing gets better.
//!
//! What was moved from one member to another is moved back first (`PartitionMovements` in Kafka), so that partitions do
//! not wander in a circle. Moves that end no better balanced than before are taken back.
use super::sticky::{Claims, Previous};
use super::{Member, Partition, Topic, by_name, java, subscriptions};
use std::collections::{BTreeMap, BTreeSet};

/// Who owns what once it is as even as the subscriptions allow.
pub fn balance(
    topics: &[Topic<'_>],
    members: &[Member<'_>],
    previous: &[Previous<'_>],
    claims: Claims,
) -> Vec<Vec<Partition>> {
    let mut table = Table::new(topics, members, previous, claims);
    let lost = table.drop_unsubscribed();
    let all = table.all_partitions();
    let mut free: Vec<Partition> = all.iter().filter(|p| !table.owner.contains_key(p)).copied().collect();
    let initializing = table.order().last().is_none_or(|&(size, _)| size == 0);
    free.retain(|&partition| table.give_to_least(partition));

    // What only one member can have, and who has only such, stay out of it.
    let movable = |partition: &Partition| table.subscribers[partition.0].len() >= 2;
    let (all, free): (Vec<Partition>, Vec<Partition>) =
        (all.into_iter().filter(movable).collect(), free.into_iter().filter(movable).collect());
    table.set_aside_fixed();

    let before = (table.lists.clone(), table.owner.clone());
    if !lost {
        table.improve(&free);
    }
    let moved = table.improve(&all);
    let score = |lists: &[Vec<Partition>]| unevenness(lists, &table.takes_part);
    if !initializing && moved && score(&table.lists) >= score(&before.0) {
        return before.0;
    }
    table.lists
}

/// Differences in size between all pairs of members that take part, added up.
fn unevenness(lists: &[Vec<Partition>], takes_part: &[bool]) -> usize {
    let sizes: Vec<usize> =
        lists.iter().zip(takes_part).filter(|(_, part)| **part).map(|(list, _)| list.len()).collect();
    let pairs = sizes.iter().enumerate().flat_map(|(i, a)| sizes[i + 1..].iter().map(|b| a.abs_diff(*b)));
    pairs.sum()
}

struct Table<'a> {
    topics: &'a [Topic<'a>],
    members: &'a [Member<'a>],
    /// Whether member `m` subscribes to topic `t`, at `m * topics + t`.
    subscribes: Vec<bool>,
    /// Members of each topic.
    subscribers: Vec<Vec<usize>>,
    /// Places of the members by id, and the other way round.
    rank: Vec<usize>,
    by_rank: Vec<usize>,
    lists: Vec<Vec<Partition>>,
    owner: BTreeMap<Partition, usize>,
    /// Who had a partition in an earlier generation than the last.
    earlier: BTreeMap<Partition, (usize, i32)>,
    takes_part: Vec<bool>,
    /// From whom to whom each partition has been moved so far.
    moves: BTreeMap<Partition, (usize, usize)>,
}

impl<'a> Table<'a> {
    fn new(topics: &'a [Topic<'a>], members: &'a [Member<'a>], previous: &[Previous<'_>], claims: Claims) -> Self {
        let subscribes = subscriptions(topics.len(), members);
        let reads = |member: usize, topic: usize| subscribes[member * topics.len() + topic];
        let of = |topic| (0..members.len()).filter(|&member| reads(member, topic)).collect();
        let by_topic = (0..topics.len()).map(of).collect();
        let mut by_rank: Vec<usize> = (0..members.len()).collect();
        by_rank.sort_by(|&a, &b| java::order(members[a].id, members[b].id));
        let mut rank = vec![0; members.len()];
        for (place, &member) in by_rank.iter().enumerate() {
            rank[member] = place;
        }
        let lists = claims.owned;
        let places = lists.iter().enumerate().flat_map(|(member, list)| list.iter().map(move |&p| (p, member)));
        let owner = places.collect();
        let last = previous.iter().map(|past| past.generation).max().unwrap_or(-1);
        let mut earlier: BTreeMap<Partition, (usize, i32)> = BTreeMap::new();
        for member in claims.order {
            let past = previous[member];
            for &partition in past.owned.iter().filter(|_| past.generation < last) {
                let known = earlier.entry(partition).or_insert((member, past.generation));
                if past.generation > known.1 {
                    *known = (member, past.generation);
                }
            }
        }
        let takes_part = vec![true; members.len()];
        let moves = BTreeMap::new();
        Self {
            topics,
            members,
            subscribes,
            subscribers: by_topic,
            rank,
            by_rank,
            lists,
            owner,
            earlier,
            takes_part,
            moves,
        }
    }

    fn subscribed(&self, member: usize, topic: usize) -> bool {
        self.subscribes[member * self.topics.len() + topic]
    }

    /// Takes from members what they no longer subscribe to; whether there was any.
    fn drop_unsubscribed(&mut self) -> bool {
        let mut lost = false;
        for (member, list) in self.lists.iter_mut().enumerate() {
            list.retain(|partition| {
                let keeps = self.subscribes[member * self.topics.len() + partition.0];
                if !keeps {
                    self.owner.remove(partition);
                    lost = true;
                }
                keeps
            });
        }
        lost
    }

    /// Topics with fewest members first, then by name.
    fn all_partitions(&self) -> Vec<Partition> {
        let mut places = by_name(self.topics);
        places.retain(|&topic| !self.subscribers[topic].is_empty());
        places.sort_by_key(|&topic| self.subscribers[topic].len());
        places.into_iter().flat_map(|topic| (0..self.topics[topic].partitions).map(move |p| (topic, p))).collect()
    }

    /// Size and rank of the members that take part, least first.
    fn order(&self) -> BTreeSet<(usize, usize)> {
        let taking_part = self.by_rank.iter().filter(|member| self.takes_part[**member]);
        taking_part.map(|&member| (self.lists[member].len(), self.rank[member])).collect()
    }

    /// Whoever has least among those that may have it.
    fn least(&self, topic: usize) -> Option<usize> {
        let may = self.subscribers[topic].iter().filter(|member| self.takes_part[**member]);
        may.copied().min_by_key(|&member| (self.lists[member].len(), self.rank[member]))
    }

    fn give_to_least(&mut self, partition: Partition) -> bool {
        let Some(member) = self.least(partition.0) else { return false };
        self.lists[member].push(partition);
        self.owner.insert(partition, member);
        true
    }

    /// Partitions that a member could have at most.
    fn possible(&self, member: usize) -> usize {
        let topics = (0..self.topics.len()).filter(|&topic| self.subscribed(member, topic));
        topics.map(|topic| self.topics[topic].partitions as usize).sum()
    }

    fn set_aside_fixed(&mut self) {
        for member in 0..self.members.len() {
            let full = self.lists[member].len() >= self.possible(member);
            let shared = self.lists[member].iter().any(|partition| self.subscribers[partition.0].len() >= 2);
            self.takes_part[member] = !full || shared;
        }
    }

    /// Whether nobody could get a partition from somebody who has two more.
    fn is_balanced(&self) -> bool {
        let sizes = || (0..self.members.len()).filter(|&member| self.takes_part[member]).map(|m| self.lists[m].len());
        if sizes().min().unwrap_or(0) + 1 >= sizes().max().unwrap_or(0) {
            return true;
        }
        !self.owner.iter().any(|(partition, &owner)| self.who_has_two_less(*partition, owner))
    }

    fn who_has_two_less(&self, partition: Partition, owner: usize) -> bool {
        let has = self.lists[owner].len();
        self.takes_part[owner] && self.subscribers[partition.0].iter().any(|&other| has > self.lists[other].len() + 1)
    }

    /// Moves one partition after the other as long as that helps; whether any was.
    fn improve(&mut self, movable: &[Partition]) -> bool {
        let mut ever = false;
        loop {
            let mut moved = false;
            for &partition in movable {
                if self.is_balanced() {
                    break;
                }
                let owner = self.owner[&partition];
                let target = match self.earlier.get(&partition) {
                    Some(&(before, _)) if self.is_better_off_with(partition, owner, before) => Some(before),
                    _ if self.who_has_two_less(partition, owner) => self.least(partition.0),
                    _ => None,
                };
                if let Some(target) = target {
                    self.move_to(partition, target);
                    moved = true;
                }
            }
            ever |= moved;
            if !moved {
                return ever;
            }
        }
    }

    fn is_better_off_with(&self, partition: Partition, owner: usize, before: usize) -> bool {
        self.takes_part[before]
            && self.subscribed(before, partition.0)
            && self.lists[owner].len() > self.lists[before].len() + 1
    }

    /// Moves this partition, or rather one of its topic that came the opposite way.
    fn move_to(&mut self, partition: Partition, to: usize) {
        let owner = self.owner[&partition];
        let origin = self.moves.get(&partition).map_or(owner, |&(from, _)| from);
        let partition = self.came_from(partition.0, to, origin).unwrap_or(partition);
        let owner = self.owner[&partition];
        match self.moves.remove(&partition) {
            Some((from, _)) if from == to => {}
            Some((from, _)) => {
                self.moves.insert(partition, (from, to));
            }
            None => {
                self.moves.insert(partition, (owner, to));
            }
        }
        self.lists[owner].retain(|owned| *owned != partition);
        self.lists[to].push(partition);
        self.owner.insert(partition, to);
    }

    /// The first partition of a topic, in the order of a Java `HashSet`, that was moved from one member to the other.
    fn came_from(&self, topic: usize, from: usize, to: usize) -> Option<Partition> {
        let moves = self.moves.range((topic, 0)..=(topic, u32::MAX));
        let came: Vec<Partition> = moves.filter(|(_, pair)| **pair == (from, to)).map(|(p, _)| *p).collect();
        let name = java::hash(self.topics[topic].name);
        let hash = |&(_, p): &Partition| (p.cast_signed().wrapping_add(31)).wrapping_mul(31).wrapping_add(name);
        let hashes: Vec<i32> = came.iter().map(hash).collect();
        java::hash_order(&hashes).first().map(|&place| came[place])
    }
}
