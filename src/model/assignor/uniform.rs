//! The coordinator's uniform assignor (KIP-848), as Kafka has it since 4.1: everybody gets the same number of
//! partitions, give or take one, and keeps as many of those it has as that allows.
//!
//! Members are visited in the order given, what they have topic by topic in the order they name them. One partition more than the rest goes first to who has it already, else to
//! whoever comes last. What nobody has is handed out before what was taken away, topics in the order of a Java set of
//! their ids. Racks are absent. Where members subscribe to different topics another rule deals: `mixed`.
mod mixed;

use super::sticky::alike;
use super::{Member, Partition, Topic, java};
use std::collections::BTreeSet;

/// A `Uuid` that Kafka gives to a topic: only the order of its hash matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicId(pub u128);

impl TopicId {
    /// As `Uuid.hashCode`.
    #[must_use]
    pub fn hash(self) -> i32 {
        let halves = (self.0 >> 64) as u64 ^ self.0 as u64;
        ((halves >> 32) as u32 ^ halves as u32).cast_signed()
    }

    /// As `Uuid.compareTo` orders them: by signed halves.
    fn signed(self) -> (i64, i64) {
        (((self.0 >> 64) as u64).cast_signed(), (self.0 as u64).cast_signed())
    }
}

/// Somebody subscribes to a topic, by its place, that has no partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a member subscribes to topic {0}, which does not exist")]
pub struct UnknownTopic(pub usize);

impl UnknownTopic {
    pub(super) fn none_among(topics: &[Topic<'_>], members: &[Member<'_>]) -> Result<(), Self> {
        let mut subscribed = members.iter().flat_map(|member| member.topics.iter().copied());
        subscribed.find(|&topic| topics[topic].partitions == 0).map_or(Ok(()), |topic| Err(Self(topic)))
    }
}

/// Kafka's `UniformAssignor`: the partitions of each member, in the order of `members`. `ids` are those of the topics,
/// `owned` is what the last target gave to each member.
///
/// # Errors
/// When somebody subscribes to a topic without partitions.
pub fn uniform(
    topics: &[Topic<'_>],
    ids: &[TopicId],
    members: &[Member<'_>],
    owned: &[Vec<Partition>],
) -> Result<Vec<Vec<Partition>>, UnknownTopic> {
    assert_eq!(members.len(), owned.len(), "every member has a past, if only none");
    UnknownTopic::none_among(topics, members)?;
    if alike(members) {
        let order = members.first().map(|member| by_id(ids, member.topics)).unwrap_or_default();
        Ok(deal(topics, &order, owned))
    } else {
        Ok(mixed::balance(topics, ids, members, owned))
    }
}

/// Topics in the order of a Java set of their ids.
fn by_id(ids: &[TopicId], topics: &[usize]) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    let topics: Vec<usize> = topics.iter().copied().filter(|&topic| seen.insert(topic)).collect();
    let hashes: Vec<i32> = topics.iter().map(|&topic| ids[topic].hash()).collect();
    java::hash_order(&hashes).into_iter().map(|place| topics[place]).collect()
}

/// Deals where all subscribe to the same topics.
fn deal(topics: &[Topic<'_>], order: &[usize], owned: &[Vec<Partition>]) -> Vec<Vec<Partition>> {
    let taken: BTreeSet<Partition> = owned.iter().flatten().copied().collect();
    let all = order.iter().flat_map(|&topic| (0..topics[topic].partitions).map(move |number| (topic, number)));
    let mut free: Vec<Partition> = all.filter(|partition| !taken.contains(partition)).collect();
    let total: usize = order.iter().map(|&topic| topics[topic].partitions as usize).sum();
    let members = owned.len();
    let (least, mut extras) = (total / members.max(1), total % members.max(1));
    let mut lists = Vec::with_capacity(members);
    let mut room = Vec::with_capacity(members);
    for (visited, owned) in owned.iter().enumerate() {
        let mut share = least + usize::from(extras > 0);
        let kept = keep(order, topics, owned, share, &mut free);
        // Whoever does not fill the extra one leaves it to others, as long as there are enough of them to come.
        if extras > 0 && kept.len() < share && members - visited > extras {
            share -= 1;
        } else {
            extras -= usize::from(extras > 0);
        }
        room.push(share - kept.len());
        lists.push(kept);
    }
    let mut free = free.into_iter();
    for (list, room) in lists.iter_mut().zip(room) {
        list.extend(free.by_ref().take(room));
    }
    lists
}

/// What stays of what a member has: topic by topic, lowest numbers first. The rest is free for others.
fn keep(
    read: &[usize],
    topics: &[Topic<'_>],
    owned: &[Partition],
    share: usize,
    free: &mut Vec<Partition>,
) -> Vec<Partition> {
    let mut kept = Vec::new();
    let mut named: Vec<usize> = Vec::new();
    for &(topic, _) in owned {
        if read.contains(&topic) && !named.contains(&topic) {
            named.push(topic);
        }
    }
    for topic in named {
        let of_topic = owned.iter().filter(|owned| owned.0 == topic && owned.1 < topics[topic].partitions);
        let mut numbers: Vec<u32> = of_topic.map(|&(_, number)| number).collect();
        numbers.sort_unstable();
        let fit = numbers.len().min(share - kept.len());
        kept.extend(numbers[..fit].iter().map(|&number| (topic, number)));
        free.extend(numbers[fit..].iter().map(|&number| (topic, number)));
    }
    kept
}
