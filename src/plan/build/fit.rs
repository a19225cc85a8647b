//! Whether the parts fit together: what a few multiplications show before anything is simulated.
//!
//! These are warnings, but for loops: an overload, an idle member, a topic nobody reads may be exactly what is to be seen.
use super::findings::Findings;
use crate::model::random::Distribution;
use crate::model::workload::Keys;
use crate::plan::load::{dealt, hottest, offered, rates, work_s};
use crate::plan::{AssignorPlan, GroupPlan, KeyHash, PartitionerPlan, Plan, ProducerPlan};
use crate::units::{Span, show};

/// Checks a plan whose parts are right; `horizon` is how long it will take.
pub fn check(plan: &Plan, horizon: Span, found: &mut Findings<'_>) {
    let rates = match rates(plan) {
        Ok(rates) => rates,
        Err(group) => {
            let message = "outputs run in a circle: records would go round for ever";
            return found.error(&format!("groups.{}.output.topic", group.name), message, "cut the circle at one group");
        }
    };
    topics(plan, found);
    plan.producers.iter().for_each(|producer| crowded(plan, producer, found));
    for group in &plan.groups {
        let dealt = dealt(plan, group);
        idle(group, dealt, found);
        spins(plan, group, found);
        load(plan, group, dealt, &rates, found);
        if group.starts.ns() >= horizon.ns() {
            let message = format!(
                "starts {} into a run of {}",
                show::duration(group.starts.seconds()),
                show::duration(horizon.seconds())
            );
            found.warn(&format!("groups.{}.starts", group.name), message, "start it earlier, or run longer");
        }
    }
}

fn topics(plan: &Plan, found: &mut Findings<'_>) {
    for (i, topic) in plan.topics.iter().enumerate() {
        let path = format!("topics.{}", topic.name);
        let outputs = plan.groups.iter().filter_map(|group| group.output.as_ref());
        let written = plan.producers.iter().map(|p| &p.client).chain(outputs).any(|client| client.topic == i);
        if !written {
            found.warn(&path, "nobody writes to it", "remove it, or name it in a producer's `topic`");
        } else if !plan.groups.iter().any(|group| group.topics.contains(&i)) {
            found.warn(&path, "no group reads it", "add a group, unless only the producers matter");
        }
    }
}

/// Some hashes send every record without a key to one and the same partition.
fn crowded(plan: &Plan, producer: &ProducerPlan, found: &mut Findings<'_>) {
    let partitions = plan.topics[producer.client.topic].partitions;
    if let PartitionerPlan::Hashed(hash @ (KeyHash::Fnv1a | KeyHash::Murmur3)) = producer.client.partitioner
        && matches!(producer.keys, Keys::None)
        && partitions > 1
    {
        let one = hash.partition(b"", partitions);
        let message = format!("hashes no key like an empty one: of {partitions} partitions only {one} gets records");
        found.warn(&format!("producers.{}.partitioner", producer.name), message, "add `key`, or use another one");
    }
}

fn idle(group: &GroupPlan, dealt: u32, found: &mut Findings<'_>) {
    let idle = group.members - dealt;
    if idle == 0 {
        return;
    }
    let message = format!("{} members share {dealt} partitions, {idle} will idle", group.members);
    let remedy = match group.assignor {
        AssignorPlan::Range if group.topics.len() > 1 => {
            "add partitions, remove members, or use `assignor: roundrobin`"
        }
        _ => "add partitions or remove members",
    };
    found.warn(&format!("groups.{}.members", group.name), message, remedy);
}

/// Where neither the way nor the request takes time, a fetch that does not wait is asked for ever at the same instant.
fn spins(plan: &Plan, group: &GroupPlan, found: &mut Findings<'_>) {
    let free = plan.cluster.network == Distribution::ZERO && plan.cluster.request_work == Distribution::ZERO;
    if free && group.fetch_max_wait.is_zero() {
        let path = format!("groups.{}.fetch.max_wait", group.name);
        let message = "a fetch that costs nothing and does not wait is repeated without end";
        found.error(&path, message, "make it `1ms` or more, or let the network or requests cost something");
    }
}

fn load(plan: &Plan, group: &GroupPlan, dealt: u32, rates: &[f64], found: &mut Findings<'_>) {
    let rate: f64 = group.topics.iter().map(|topic| rates[*topic]).sum();
    let work = work_s(&group.work);
    let (needed, workers) = (rate * work, f64::from(dealt) * f64::from(group.workers));
    let path = format!("groups.{}.members", group.name);
    if needed >= workers {
        let message = format!(
            "{} of {} each keep {:.2} workers busy, there are {workers}: lag will grow",
            show::rate(rate),
            show::duration(work),
            needed
        );
        found.warn(&path, message, format!("have more than {} at work, or less to do", needed.floor()));
        return;
    }
    for producer in plan.producers.iter().filter(|producer| group.topics.contains(&producer.client.topic)) {
        let share = hottest(&producer.keys);
        let needed = share * offered(producer) * work;
        if needed >= f64::from(group.workers) {
            let message = format!(
                "the hottest key has {} of `{}` and keeps {needed:.2} workers busy on one partition: its lag will grow",
                show::percent(share),
                producer.name
            );
            found.warn(&path, message, "spread that key, add workers, or make its work shorter; members do not help");
        }
    }
}
