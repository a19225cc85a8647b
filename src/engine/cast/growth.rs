//! What the cast has more of where topics grow: clients that ask for metadata anew, and somebody who answers.
//!
//! Whoever is there from the beginning asked last at a drawn instant; whoever comes later has just asked.
use super::{Addresses, KeyMaps};
use crate::model::consumer;
use crate::model::metadata::Freshness;
use crate::model::producer;
use crate::model::protocol::{ActorId, PartitionId};
use crate::model::random::Stream;
use crate::plan::events::Action;
use crate::plan::{ClientPlan, GroupPlan, Plan, TopicPlan};
use crate::units::{Span, Time};

/// How many partitions a topic has, one time after the other.
pub fn counts(plan: &Plan, topic: usize) -> Vec<u32> {
    let growth = plan.events.iter().filter_map(|event| match event.action {
        Action::Grow { topic: grows, to } => (grows == topic).then_some(to),
        _ => None,
    });
    let mut all: Vec<u32> = growth.collect();
    all.push(plan.topics[topic].at_first);
    all.sort_unstable();
    all.dedup();
    all
}

/// Partitions that are not there from the beginning.
pub fn absent(plan: &Plan) -> impl Iterator<Item = PartitionId> {
    plan.topics.iter().flat_map(|topic| topic.first + topic.at_first..topic.first + topic.partitions)
}

/// Whoever hears at once that a topic has more partitions: who is asked for metadata, and coordinators of its readers.
pub fn told(plan: &Plan, addresses: &Addresses, topic: usize) -> Vec<ActorId> {
    let readers = (0..).zip(&plan.groups).filter(|(_, group)| group.topics.contains(&topic));
    let coordinators = readers.map(|(number, _)| addresses.coordinator(number));
    std::iter::once(addresses.controller()).chain(coordinators).collect()
}

/// How many partitions each topic has at the beginning.
pub fn at_first(plan: &Plan) -> Vec<u32> {
    plan.topics.iter().map(|topic| topic.at_first).collect()
}

fn drawn(plan: &Plan, age: Span, name: &str) -> Span {
    let unit = Stream::named(plan.run.seed, &format!("metadata/{name}")).unit();
    Span::from_ns((age.ns() as f64 * unit) as u64)
}

/// What a producer knows of the topic it writes to, if that grows.
pub fn of_producer(
    plan: &Plan,
    addresses: &Addresses,
    client: &ClientPlan,
    name: &str,
    maps: &KeyMaps,
) -> Option<producer::Metadata> {
    let topic = &plan.topics[client.topic];
    if topic.at_first == topic.partitions {
        return None;
    }
    let homes = counts(plan, client.topic).into_iter().map(|count| (count, maps.homes(client, count)));
    Some(producer::Metadata {
        freshness: Freshness {
            controller: addresses.controller(),
            age: client.metadata_age,
            due: Time::ZERO + drawn(plan, client.metadata_age, name),
        },
        places: topic.numbers(),
        known: topic.at_first,
        homes: homes.collect(),
    })
}

/// What a member knows of topics, if one that its group reads grows, and members deal; `known` is what it has just heard.
pub fn of_member(
    plan: &Plan,
    addresses: &Addresses,
    group: &GroupPlan,
    (member, incarnation): (u32, u32),
    known: &[u32],
) -> Option<consumer::Metadata> {
    let grows = group.topics.iter().any(|&topic| plan.topics[topic].at_first < plan.topics[topic].partitions);
    if !grows || group.remote_assignor.is_some() {
        return None;
    }
    let is_member = !group.cold && incarnation == 1 && member < group.members;
    let first = if is_member {
        drawn(plan, group.metadata_age, &format!("{}/{member}", group.name))
    } else {
        group.metadata_age
    };
    Some(consumer::Metadata {
        freshness: Freshness { controller: addresses.controller(), age: group.metadata_age, due: Time::NEVER },
        first,
        places: plan.topics.iter().map(TopicPlan::numbers).collect(),
        known: known.to_vec(),
        // Members are in the group in the order of their numbers, and the first one leads.
        dealt: (is_member && member == 0).then(|| known.to_vec()),
    })
}
