//! What a plan asks of each resource at the least, from means alone: rates, work, partitions, bytes.
//!
//! Each bound is a lower one: whatever the luck, batching and assignment, so much is used. What is above 1 can never be
//! stable, and need not be simulated. What is below 1 may still be too much.
use super::build::arrivals::mean_rate;
use super::{AssignorPlan, GroupPlan, Plan, ProducerPlan, Work};
use crate::model::workload::{KeyLaw, Keys, Sizes};
use crate::units::show;

/// The least share of a resource that is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// `the workers of billing`.
    pub resource: String,
    /// Share of it; 1 and more is never stable.
    pub used: f64,
    /// Where the share comes from.
    pub evidence: String,
    /// What helps.
    pub remedy: &'static str,
    /// The group it is a bound of; none where it is one of the brokers, who serve all.
    pub group: Option<String>,
}

/// Messages per second into each topic, outputs included; the group where outputs run in a circle.
///
/// # Errors
/// The first group of the circle.
pub fn rates(plan: &Plan) -> Result<Vec<f64>, &GroupPlan> {
    let mut rates = vec![0.0; plan.topics.len()];
    for producer in &plan.producers {
        rates[producer.client.topic] += offered(producer);
    }
    let mut waiting: Vec<&GroupPlan> = plan.groups.iter().filter(|group| group.output.is_some()).collect();
    while !waiting.is_empty() {
        let fed = |topic: &usize| waiting.iter().any(|g| g.output.as_ref().is_some_and(|out| out.topic == *topic));
        let ready = waiting.iter().position(|group| !group.topics.iter().any(fed)).ok_or(waiting[0])?;
        let group = waiting.remove(ready);
        let rate: f64 = group.topics.iter().map(|topic| rates[*topic]).sum();
        if let Some(output) = &group.output {
            rates[output.topic] += rate;
        }
    }
    Ok(rates)
}

/// Messages per second that a producer wants to write, as far as its limit lets it.
#[must_use]
pub fn offered(producer: &ProducerPlan) -> f64 {
    mean_rate(&producer.arrivals).min(producer.limit.messages_per_s)
}

/// Mean bytes of a message's value.
#[must_use]
pub fn mean_size(producer: &ProducerPlan) -> f64 {
    match &producer.message_size {
        Sizes::Law(law) => law.mean(),
        Sizes::Table(sizes) => sizes.iter().map(|size| f64::from(*size)).sum::<f64>() / sizes.len() as f64,
    }
}

/// Whether its records have keys.
#[must_use]
pub fn has_keys(producer: &ProducerPlan) -> bool {
    !matches!(producer.keys, Keys::None)
}

/// Mean seconds of work in a record of one unit.
#[must_use]
pub fn work_s(work: &Work) -> f64 {
    1e-9 * match work {
        Work::Each(each) => each.mean(),
        Work::PerUnit { base, each } => base.mean() + each.mean(),
    }
}

/// How many members a group can have so that each gets a partition.
#[must_use]
pub fn useful(plan: &Plan, group: &GroupPlan) -> u32 {
    let partitions = group.topics.iter().map(|topic| plan.topics[*topic].partitions);
    let useful = match group.assignor {
        AssignorPlan::Range => partitions.max(),
        _ => partitions.reduce(u32::saturating_add),
    };
    useful.unwrap_or_default()
}

/// How many members get a partition at all.
#[must_use]
pub fn dealt(plan: &Plan, group: &GroupPlan) -> u32 {
    useful(plan, group).min(group.members)
}

/// How busy the busiest member of each group is if all partitions of a topic get the same.
#[must_use]
pub fn strain(plan: &Plan) -> Vec<f64> {
    let Ok(rates) = rates(plan) else { return Vec::new() };
    let of_group = |group: &GroupPlan| {
        let dealt = |partitions: u32| f64::from(partitions.div_ceil(group.members)) / f64::from(partitions);
        // The range assignor deals each topic by itself, the others all of them together.
        let most = match group.assignor {
            AssignorPlan::Range => {
                group.topics.iter().map(|topic| rates[*topic] * dealt(plan.topics[*topic].partitions)).sum()
            }
            _ => group.topics.iter().map(|topic| rates[*topic]).sum::<f64>() * dealt(plan.partitions_of(group)),
        };
        most * work_s(&group.work) / f64::from(group.workers)
    };
    plan.groups.iter().map(of_group).collect()
}

/// Share of the most frequent key.
#[must_use]
pub fn hottest(keys: &Keys) -> f64 {
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

/// Every bound of a plan whose load is steady and goes on to the end; none of any other, for what is too much for a while
/// may be done later.
#[must_use]
pub fn bounds(plan: &Plan) -> Vec<Bound> {
    let Ok(rates) = rates(plan) else { return Vec::new() };
    if !plan.is_steady() {
        return Vec::new();
    }
    let mut all = Vec::new();
    for group in &plan.groups {
        all.extend(workers(plan, group, &rates));
        all.extend(hot_keys(plan, group));
    }
    all.extend(cards(plan));
    all.extend(handlers(plan));
    all
}

fn workers(plan: &Plan, group: &GroupPlan, rates: &[f64]) -> Option<Bound> {
    let rate: f64 = group.topics.iter().map(|topic| rates[*topic]).sum();
    let (work, dealt) = (work_s(&group.work), dealt(plan, group));
    let workers = f64::from(dealt) * f64::from(group.workers);
    let idle = group.members - dealt;
    let idle = if idle == 0 { String::new() } else { format!(", {idle} members idle for want of partitions") };
    (rate > 0.0 && work > 0.0).then(|| Bound {
        resource: format!("the workers of {}", group.name),
        used: rate * work / workers,
        evidence: format!(
            "{} of {} each keep {:.2} workers busy, there are {workers}{idle}",
            show::rate(rate),
            show::duration(work),
            rate * work
        ),
        remedy: "add members or workers, and partitions where members idle, or make processing a record cheaper",
        group: Some(group.name.clone()),
    })
}

/// All records of a key are in one partition, and that has one member.
fn hot_keys<'p>(plan: &'p Plan, group: &'p GroupPlan) -> impl Iterator<Item = Bound> + 'p {
    let read = plan.producers.iter().filter(|producer| group.topics.contains(&producer.client.topic));
    read.filter_map(|producer| {
        let by_key = producer.client.partitioner.hash().is_some();
        let (share, work) = (hottest(&producer.keys), work_s(&group.work));
        let needed = share * offered(producer) * work;
        (by_key && needed > 0.0).then(|| Bound {
            resource: format!("the hottest partition of {}", group.name),
            used: needed / f64::from(group.workers),
            evidence: format!(
                "the hottest key has {} of `{}` and keeps {needed:.2} workers busy, in one partition and so at one member",
                show::percent(share),
                producer.name
            ),
            remedy: "adding members cannot help: spread that key, add workers to each member, or make its work cheaper",
            group: Some(group.name.clone()),
        })
    })
}

/// Value bytes per second into each topic, as far as they are known and not compressed.
fn bytes(plan: &Plan) -> Vec<f64> {
    let mut bytes = vec![0.0; plan.topics.len()];
    for producer in plan.producers.iter().filter(|producer| producer.client.compression.is_none()) {
        bytes[producer.client.topic] += offered(producer) * mean_size(producer);
    }
    bytes
}

/// Cards of all brokers together: what comes in is written once and copied, what goes out is copied and read.
fn cards(plan: &Plan) -> Option<Bound> {
    let bandwidth = plan.cluster.bandwidth * f64::from(plan.cluster.brokers);
    let (mut come, mut go) = (0.0, 0.0);
    for (i, bytes) in bytes(plan).into_iter().enumerate() {
        let copies = f64::from(plan.topics[i].replicas - 1);
        let readers = plan.groups.iter().filter(|group| group.topics.contains(&i)).count() as f64;
        come += bytes * (1.0 + copies);
        go += bytes * (readers + copies);
    }
    let most = f64::max(come, go);
    (bandwidth.is_finite() && bandwidth > 0.0 && most > 0.0).then(|| Bound {
        resource: "the network cards of the brokers".to_owned(),
        used: most / bandwidth,
        evidence: format!(
            "{}/s of messages come in and {}/s go out, copies and readers included, over {}/s in each direction",
            show::size(come),
            show::size(go),
            show::size(bandwidth)
        ),
        remedy: "add brokers or bandwidth, compress, or keep fewer replicas",
        group: None,
    })
}

/// Request handlers of all brokers together: bytes cost, and batches and requests hold so many bytes at most.
fn handlers(plan: &Plan) -> Option<Bound> {
    let cluster = &plan.cluster;
    let mut busy = 0.0;
    for producer in plan.producers.iter().filter(|producer| producer.client.compression.is_none()) {
        let (rate, size) = (offered(producer), mean_size(producer));
        let bytes = rate * size;
        // A message larger than a batch has one of its own, and one larger than a request is never sent.
        let batches = (bytes / f64::from(producer.client.batch_size).max(size)).min(rate);
        let requests = bytes / f64::from(producer.client.request_size);
        busy += bytes / 1024.0 * cluster.work_per_kib.seconds()
            + batches * cluster.work_per_batch.seconds()
            + requests * cluster.request_work.mean() * 1e-9;
    }
    let threads = f64::from(cluster.threads) * f64::from(cluster.brokers);
    (busy > 0.0).then(|| Bound {
        resource: "the request handlers of the brokers".to_owned(),
        used: busy / threads,
        evidence: format!("writing keeps at least {busy:.2} of {threads} handlers busy"),
        remedy: "add brokers or handlers, or send in larger batches",
        group: None,
    })
}
