//! Which member reads which partition: the assignors of Kafka's clients, and of its coordinators (KIP-848). Range and
//! round robin look at the present only; sticky and uniform, in parts of their own, also at who had what.
//!
//! Members and topics are lists; a subscription names topics by their place. What decides is the order Kafka sorts
//! them into: members with an instance id first, then by id; topics by name. Both orders are Java's, by UTF-16 unit.
//! Racks are absent: Kafka leaves its rack-aware path when members have none.
mod general;
pub mod java;
mod server_range;
mod sticky;
mod uniform;

pub use server_range::server_range;
use std::cmp::Ordering;
pub use sticky::{Previous, cooperative_sticky, sticky};
pub use uniform::{TopicId, UnknownTopic, uniform};

/// A topic as an assignor sees it.
#[derive(Clone, Copy, Debug)]
pub struct Topic<'a> {
    /// Its name.
    pub name: &'a str,
    /// How many partitions it has; none where the cluster does not know it.
    pub partitions: u32,
}

/// A member as an assignor sees it.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// Its member id.
    pub id: &'a str,
    /// Its `group.instance.id`, if it is a static member.
    pub instance: Option<&'a str>,
    /// The topics it subscribes to, by their place.
    pub topics: &'a [usize],
}

/// A partition: the place of its topic, and its number there.
pub type Partition = (usize, u32);

/// Kafka's `RangeAssignor`: of each topic, a run of neighbouring partitions a member; the first members get the rest,
/// one each. Gives the partitions of each member, in the order of `members`, by topic name and number.
#[must_use]
pub fn range(topics: &[Topic<'_>], members: &[Member<'_>]) -> Vec<Vec<Partition>> {
    let mut owned = vec![Vec::new(); members.len()];
    let subscribers = subscribers(topics, members);
    for topic in by_name(topics) {
        deal_ranges(topic, topics[topic].partitions, &subscribers[topic], &mut owned);
    }
    owned
}

fn deal_ranges(topic: usize, partitions: u32, subscribers: &[usize], owned: &mut [Vec<Partition>]) {
    let Ok(count @ 1..) = u32::try_from(subscribers.len()) else { return };
    let (each, rest) = (partitions / count, partitions % count);
    let mut next = 0;
    for (place, &member) in (0..).zip(subscribers) {
        let end = next + each + u32::from(place < rest);
        owned[member].extend((next..end).map(|partition| (topic, partition)));
        next = end;
    }
}

/// Kafka's `RoundRobinAssignor`: all partitions in a row, dealt in a circle to the members that subscribe to them.
/// Gives the partitions of each member, in the order of `members`, as they were dealt.
#[must_use]
pub fn roundrobin(topics: &[Topic<'_>], members: &[Member<'_>]) -> Vec<Vec<Partition>> {
    let mut owned = vec![Vec::new(); members.len()];
    let circle = sorted(members);
    let subscribes = subscriptions(topics.len(), members);
    let mut turn = 0;
    for topic in by_name(topics) {
        if !members.iter().any(|member| member.topics.contains(&topic)) {
            continue;
        }
        for partition in 0..topics[topic].partitions {
            while !subscribes[circle[turn] * topics.len() + topic] {
                turn = (turn + 1) % circle.len();
            }
            owned[circle[turn]].push((topic, partition));
            turn = (turn + 1) % circle.len();
        }
    }
    owned
}

/// Per topic, the members that subscribe to it, in Kafka's order.
fn subscribers(topics: &[Topic<'_>], members: &[Member<'_>]) -> Vec<Vec<usize>> {
    let mut subscribers = vec![Vec::new(); topics.len()];
    for member in sorted(members) {
        for &topic in members[member].topics {
            if subscribers[topic].last() != Some(&member) {
                subscribers[topic].push(member);
            }
        }
    }
    subscribers
}

/// Whether member `m` subscribes to topic `t`, at `m * topics + t`.
fn subscriptions(topics: usize, members: &[Member<'_>]) -> Vec<bool> {
    let mut subscribes = vec![false; topics * members.len()];
    for (row, member) in subscribes.chunks_mut(topics.max(1)).zip(members) {
        for &topic in member.topics {
            row[topic] = true;
        }
    }
    subscribes
}

/// Places of the members in Kafka's order.
fn sorted(members: &[Member<'_>]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..members.len()).collect();
    places.sort_by(|&a, &b| member_order(&members[a], &members[b]));
    places
}

fn member_order(a: &Member<'_>, b: &Member<'_>) -> Ordering {
    match (a.instance, b.instance) {
        (Some(a), Some(b)) => java::order(a, b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => java::order(a.id, b.id),
    }
}

/// Places of the topics by name.
fn by_name(topics: &[Topic<'_>]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..topics.len()).collect();
    places.sort_by(|&a, &b| java::order(topics[a].name, topics[b].name));
    places
}
