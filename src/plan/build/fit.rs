//! Whether the parts fit together: what a few multiplications show before anything is simulated.
//!
//! These are warnings, but for loops: an overload, an idle member, a topic nobody reads may be exactly what is to be seen.
use super::arrivals::mean_rate;
use super::course::work_s;
use super::findings::Findings;
use crate::model::random::Distribution;
use crate::model::workload::{KeyLaw, Keys};
use crate::plan::{AssignorPlan, GroupPlan, KeyHash, PartitionerPlan, Plan, ProducerPlan};
use crate::units::{Span, show};

/// Checks a plan whose parts are right; `horizon` is how long it will take.
pub fn check(plan: &Plan, horizon: Span, found: &mut Findings<'_>) {
    let Some(rates) = rates(plan, found) else { return };
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

/// Messages per second into each topic, outputs included; nothing where outputs run in a circle.
fn rates(plan: &Plan, found: &mut Findings<'_>) -> Option<Vec<f64>> {
    let mut rates = vec![0.0; plan.topics.len()];
    for producer in &plan.producers {
        rates[producer.client.topic] += offered(producer);
    }
    let mut waiting: Vec<&GroupPlan> = plan.groups.iter().filter(|group| group.output.is_some()).collect();
    while !waiting.is_empty() {
        let fed = |topic: &usize| waiting.iter().any(|g| g.output.as_ref().is_some_and(|out| out.topic == *topic));
        let Some(ready) = waiting.iter().position(|group| !group.topics.iter().any(fed)) else {
            let path = format!("groups.{}.output.topic", waiting[0].name);
            found.error(
                &path,
                "outputs run in a circle: records would go round for ever",
                "cut the circle at one group",
            );
            return None;
        };
        let group = waiting.remove(ready);
        let rate: f64 = group.topics.iter().map(|topic| rates[*topic]).sum();
        if let Some(output) = &group.output {
            rates[output.topic] += rate;
        }
    }
    Some(rates)
}

fn offered(producer: &ProducerPlan) -> f64 {
    mean_rate(&producer.arrivals).min(producer.limit.messages_per_s)
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

/// How many members get a partition at all.
fn dealt(plan: &Plan, group: &GroupPlan) -> u32 {
    let partitions = group.topics.iter().map(|topic| plan.topics[*topic].partitions);
    let useful = match group.assignor {
        AssignorPlan::Range => partitions.max(),
        _ => partitions.reduce(u32::saturating_add),
    };
    useful.unwrap_or_default().min(group.members)
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

/// Share of the most frequent key.
fn hottest(keys: &Keys) -> f64 {
    match keys {
        Keys::None | Keys::Listed { .. } => 0.0,
        Keys::Numbered { law: KeyLaw::Uniform, count, .. } => 1.0 / f64::from(*count),
        Keys::Numbered { law: KeyLaw::Hot { share }, count, .. } => share.max(1.0 / f64::from(*count)),
        Keys::Numbered { law: KeyLaw::Zipf { exponent }, count, .. } => 1.0 / harmonic(*count, *exponent),
    }
}

/// Sum of i^-s for i from 1 to n: the first thousand terms, then the integral.
fn harmonic(n: u32, s: f64) -> f64 {
    const EXACT: u32 = 1_000;
    let head: f64 = (1..=n.min(EXACT)).map(|i| f64::from(i).powf(-s)).sum();
    if n <= EXACT {
        return head;
    }
    let (from, to) = (f64::from(EXACT) + 0.5, f64::from(n) + 0.5);
    let tail =
        if (s - 1.0).abs() < 1e-9 { (to / from).ln() } else { (to.powf(1.0 - s) - from.powf(1.0 - s)) / (1.0 - s) };
    head + tail
}
