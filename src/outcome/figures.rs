//! From the counters of one run to the figures of its result: here whole numbers become seconds and rates.
//!
//! Counts are of the whole run, so that they add up; rates and shares of time are of the window, as differences of the
//! counters at its two ends.
use super::histogram::Buckets;
use super::rebalances::Rebalance;
use super::recorder::{BrokerTotals, GroupLatency, GroupTotals, Recording, StreamTotals};
use super::result::{
    BrokerResult, Figure, GroupResult, Latency, Level, LostBy, Ordered, ProducerResult, RebalanceResult, TopicResult,
};
use crate::model::machine::Cause;
use crate::plan::{GroupPlan, Plan};
use std::collections::BTreeMap;

/// What one run says of everybody.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Producers, then outputs as `GROUP-output`.
    pub producers: Ordered<ProducerResult>,
    /// Topics.
    pub topics: Ordered<TopicResult>,
    /// Brokers.
    pub brokers: Ordered<BrokerResult>,
    /// Groups.
    pub groups: Ordered<GroupResult>,
}

const NS: f64 = 1e-9;

/// Names of the streams: producers, then outputs.
#[must_use]
pub fn stream_names(plan: &Plan) -> Vec<String> {
    let outputs = plan.groups.iter().filter(|group| group.output.is_some());
    let producers = plan.producers.iter().map(|producer| producer.name.clone());
    producers.chain(outputs.map(|group| format!("{}-output", group.name))).collect()
}

/// Index of the topic of each stream.
#[must_use]
pub fn stream_topics(plan: &Plan) -> Vec<usize> {
    let outputs = plan.groups.iter().filter_map(|group| group.output.as_ref());
    plan.producers.iter().map(|producer| &producer.client).chain(outputs).map(|client| client.topic).collect()
}

/// The figures of one run.
#[must_use]
pub fn figures(plan: &Plan, run: &Recording) -> Figures {
    let names = stream_names(plan);
    Figures {
        producers: names.into_iter().enumerate().map(|(i, name)| (name, producer(plan, run, i))).collect(),
        topics: (0..plan.topics.len()).map(|i| (plan.topics[i].name.clone(), topic(plan, run, i))).collect(),
        brokers: (0..plan.cluster.brokers).map(|i| (i.to_string(), broker(plan, run, i))).collect(),
        groups: plan
            .groups
            .iter()
            .enumerate()
            .map(|(i, planned)| (planned.name.clone(), group(plan, run, i, planned)))
            .collect(),
    }
}

/// Length of the window in seconds.
#[must_use]
pub fn window_s(run: &Recording) -> f64 {
    run.window_at[1].since(run.window_at[0]).seconds()
}

/// A rate over the window; nothing in an empty one.
fn per_window(run: &Recording, amount: f64) -> f64 {
    let window = window_s(run);
    if window > 0.0 { amount / window } else { 0.0 }
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

fn producer(plan: &Plan, run: &Recording, i: usize) -> ProducerResult {
    let [begins, ends] = run.window.each_ref().map(|totals| &totals.streams[i]);
    let end = &run.end.streams[i];
    let latency = &run.streams[i];
    let ended = run.ended.seconds();
    let service = latency.publish.exchanged(&latency.late_publish, &latency.late_service);
    ProducerResult {
        offered: end.offered() as f64,
        unsent: (end.offered() - end.sent) as f64,
        sent: end.sent as f64,
        acked: end.acked as f64,
        failed: end.failed as f64,
        retried: end.retried as f64,
        duplicates: end.duplicates as f64,
        rewritten: end.rewritten.map(|records| records as f64),
        out_of_order: end.out_of_order as f64,
        // As the producers count it, where they do.
        in_flight: end
            .open
            .iter()
            .copied()
            .sum::<Option<u64>>()
            .unwrap_or(end.sent.saturating_sub(end.acked + end.failed)) as f64,
        rate_per_s: per_window(run, (ends.acked - begins.acked) as f64),
        in_flight_share: in_flight_share(plan, run, i),
        bytes: end.bytes as f64,
        limited_s: end.limited.seconds(),
        blocked_s: end.blocked.seconds(),
        throttled_s: end.throttled.seconds(),
        rate_limit_bytes_per_s: ratio(end.bytes as f64, ended).unwrap_or(0.0),
        publish_s: latency_of(&latency.publish),
        service_s: latency_of(&service),
        lateness_s: latency_of(&latency.lateness),
    }
}

/// Requests in flight over those that may be, averaged over the window.
fn in_flight_share(plan: &Plan, run: &Recording, stream: usize) -> f64 {
    let open = |totals: &StreamTotals, now| totals.asked.area(now) - totals.answered.area(now);
    let [begins, ends] = run.window.each_ref().map(|totals| &totals.streams[stream]);
    let requests = (open(ends, run.window_at[1]) - open(begins, run.window_at[0])) as f64 * NS;
    let producers = plan.producers.iter().map(|producer| (&producer.client, producer.instances));
    let outputs = plan.groups.iter().filter_map(|group| Some((group.output.as_ref()?, group.most_members)));
    let (client, senders) = producers.chain(outputs).nth(stream).expect("each stream has a client");
    // A sender has a connection to each broker that leads something of its topic.
    let brokers = plan.cluster.brokers.min(plan.topics[client.topic].partitions);
    let allowed = f64::from(senders) * f64::from(brokers) * f64::from(client.max_in_flight);
    per_window(run, requests / allowed)
}

fn topic(plan: &Plan, run: &Recording, i: usize) -> TopicResult {
    let planned = &plan.topics[i];
    let partitions = &run.partitions[planned.first as usize..(planned.first + planned.partitions) as usize];
    let end = &run.end.topics[i];
    let bytes = partitions.iter().map(|partition| partition.bytes).sum::<u64>() as f64;
    let stored = partitions.iter().map(|partition| partition.stored).sum::<u64>() as f64;
    let hottest = partitions.iter().map(|partition| partition.appended).max().unwrap_or(0);
    let appended = end.appended.total as f64;
    let streams = stream_topics(plan).into_iter().zip(&run.end.streams).filter(|&(topic, _)| topic == i);
    TopicResult {
        partitions: plan.partitions_by(i, run.ended),
        appended,
        bytes,
        stored_bytes: stored,
        compression_ratio: ratio(stored, bytes),
        partition_share_bytes: bytes / f64::from(planned.partitions),
        hottest_share: ratio(hottest as f64, appended),
        batch_records_mean: ratio(appended, end.batches as f64),
        requests: streams.map(|(_, stream)| stream.asked.records).sum::<u64>() as f64,
    }
}

fn broker(plan: &Plan, run: &Recording, i: u32) -> BrokerResult {
    let [begins, ends] = run.window.each_ref().map(|totals| &totals.brokers[i as usize]);
    let end = &run.end.brokers[i as usize];
    let led = |partitions: u32| (partitions + plan.cluster.brokers - 1 - i) / plan.cluster.brokers;
    let busy = (ends.busy - begins.busy).seconds();
    BrokerResult {
        utilisation: per_window(run, busy / f64::from(plan.cluster.threads)),
        network_utilisation: network_utilisation(plan, begins, ends).map(|bytes| per_window(run, bytes)),
        queue_mean: per_window(run, (ends.queued - begins.queued).seconds()),
        requests: end.requests as f64,
        network_in_bytes: end.bytes_in as f64,
        network_out_bytes: end.bytes_out as f64,
        disk_bytes: end.bytes_disk as f64,
        disk_utilisation: per_window(run, (ends.disk - begins.disk).seconds()),
        leaders: (plan.topics.iter().map(|topic| i64::from(led(topic.partitions))).sum::<i64>() + end.led) as u32,
    }
}

/// Bytes of the busier direction over the bandwidth.
fn network_utilisation(plan: &Plan, begins: &BrokerTotals, ends: &BrokerTotals) -> Option<f64> {
    let bandwidth = plan.cluster.bandwidth;
    let bytes = (ends.bytes_in - begins.bytes_in).max(ends.bytes_out - begins.bytes_out);
    (bandwidth.is_finite() && bandwidth > 0.0).then(|| bytes as f64 / bandwidth)
}

fn group(plan: &Plan, run: &Recording, i: usize, planned: &GroupPlan) -> GroupResult {
    let [begins, ends] = run.window.each_ref().map(|totals| &totals.groups[i]);
    let end = &run.end.groups[i];
    let latency = &run.groups[i];
    let [lag, committed_lag, lag_s] = levels(run, begins, ends, latency);
    let raw = latency.e2e.exchanged(&latency.late_e2e, &latency.late_raw);
    let journey = latency.e2e.exchanged(&latency.journey_e2e, &latency.journey);
    let backlog = latency.last[0];
    let changes = run.changes.get(i).filter(|_| planned.changes);
    let member_seconds = match changes {
        Some(changes) => changes.member_ns as f64 * NS,
        None => f64::from(planned.members) * window_s(run),
    };
    let busy = (ends.busy - begins.busy).seconds();
    let utilisation = match changes {
        Some(_) => ratio(busy, member_seconds * f64::from(planned.workers)).unwrap_or(0.0),
        None => per_window(run, busy / f64::from(planned.members * planned.workers)),
    };
    let by = |cause: Cause| end.lost_by[cause as usize];
    GroupResult {
        delivered: end.polled.records as f64,
        processed: end.processed.total as f64,
        duplicates: end.duplicates as f64,
        lost: (end.lost.total - by(Cause::DeadLetter)) as f64,
        lost_by: LostBy {
            reset: by(Cause::Reset) as f64,
            retention: by(Cause::Retention) as f64,
            truncation: by(Cause::Truncation) as f64,
            committed_unprocessed: by(Cause::Unprocessed) as f64,
        },
        dead_lettered: by(Cause::DeadLetter) as f64,
        out_of_order: end.out_of_order as f64,
        backlog: backlog as f64,
        censored: offered_in_window(plan, run, planned).saturating_sub(latency.e2e.len()) as f64,
        rate_per_s: per_window(run, (ends.processed.total - begins.processed.total) as f64),
        members: changes.map_or(planned.members, |changes| changes.members),
        utilisation,
        member_seconds,
        attempts: (end.processed.total + end.duplicates + end.tried) as f64,
        fetches: end.fetches as f64,
        throttled_s: end.throttled.seconds(),
        lag,
        committed_lag,
        lag_s,
        time_to_drain_s: time_to_drain(run, i, backlog),
        wait_s: latency_of(&latency.wait),
        work_s: latency_of(&latency.work),
        e2e_s: latency_of(&latency.e2e),
        e2e_raw_s: latency_of(&raw),
        journey_s: latency_of(&journey),
        stages: super::stages::stages(plan, run, i),
        rebalances: changes.map_or_else(Vec::new, |changes| changes.rebalances.iter().map(rebalance).collect()),
    }
}

fn rebalance(one: &Rebalance) -> RebalanceResult {
    RebalanceResult {
        at_s: one.began.seconds(),
        reason: one.reason.name().to_owned(),
        generation: one.generation,
        duration_s: one.ended.since(one.began).seconds(),
        partitions_moved: one.moved,
        stopped_partition_s: one.stopped_ns as f64 * NS,
        delayed_records: one.delayed,
    }
}

fn levels(run: &Recording, begins: &GroupTotals, ends: &GroupTotals, latency: &GroupLatency) -> [Level; 3] {
    let window_ns = run.window_at[1].since(run.window_at[0]).ns() as f64;
    let ages = (ends.age_area - begins.age_area).cast_signed();
    let areas = [ends.lag_area - begins.lag_area, ends.committed_area - begins.committed_area, ages];
    // Records are records; ages are nanoseconds.
    let units = [1.0, 1.0, NS];
    std::array::from_fn(|k| Level {
        mean: ratio(areas[k] as f64, window_ns).map(|mean| mean * units[k]),
        max: Some(latency.max[k] as f64 * units[k]),
        r#final: Some(latency.last[k] as f64 * units[k]),
    })
}

/// Records intended in the window for the topics of a group.
fn offered_in_window(plan: &Plan, run: &Recording, group: &GroupPlan) -> u64 {
    let streams = stream_topics(plan).into_iter().enumerate().filter(|(_, topic)| group.topics.contains(topic));
    let offered = |(i, _): (usize, usize)| {
        let [begins, ends] = run.window.each_ref().map(|totals| StreamTotals::offered(&totals.streams[i]));
        ends - begins
    };
    streams.map(offered).sum()
}

fn time_to_drain(run: &Recording, group: usize, backlog: u64) -> Option<f64> {
    let over = run.over?;
    let drained = run.groups[group].drained.map_or(0.0, |at| at.since(over).seconds());
    (backlog == 0).then_some(drained)
}

/// A distribution in seconds. A percentile with fewer than ten samples beyond it has no value.
fn latency_of(buckets: &Buckets) -> Latency {
    let count = buckets.len() as f64;
    let mean = ratio(buckets.sum_ns() as f64 * NS, count);
    // Where all values share a bucket, the mean is nearer to each of them than the end of the bucket.
    let alike = buckets.min_ns().zip(buckets.max_ns()).is_some_and(|(min, max)| Buckets::shares_bucket(min, max));
    let seconds = |ns: Option<u64>| Figure::Plain(ns.and_then(|ns| if alike { mean } else { Some(ns as f64 * NS) }));
    let [p50, p90, p95, p99, p99_9, p99_99] = buckets.quantiles([0.5, 0.9, 0.95, 0.99, 0.999, 0.9999]);
    Latency {
        count: Figure::Plain(Some(count)),
        mean: Figure::Plain(mean),
        stddev: Figure::Plain(buckets.stddev_ns().map(|ns| if alike { 0.0 } else { ns * NS })),
        min: seconds(buckets.min_ns()),
        p50: seconds(p50),
        p90: seconds(p90),
        p95: seconds(p95),
        p99: seconds(p99),
        p99_9: seconds(p99_9),
        p99_99: seconds(p99_99),
        max: seconds(buckets.max_ns()),
    }
}

/// Full distributions by name, such as `groups.workers.e2e_s`.
#[must_use]
pub fn distributions(plan: &Plan, run: &Recording) -> BTreeMap<String, Buckets> {
    let mut all = BTreeMap::new();
    for (i, name) in stream_names(plan).iter().enumerate() {
        let latency = &run.streams[i];
        let service = latency.publish.exchanged(&latency.late_publish, &latency.late_service);
        all.insert(format!("producers.{name}.publish_s"), latency.publish.clone());
        all.insert(format!("producers.{name}.service_s"), service);
        if !latency.lateness.is_empty() {
            all.insert(format!("producers.{name}.lateness_s"), latency.lateness.clone());
        }
    }
    for (group, latency) in plan.groups.iter().zip(&run.groups) {
        let raw = latency.e2e.exchanged(&latency.late_e2e, &latency.late_raw);
        let journey = latency.e2e.exchanged(&latency.journey_e2e, &latency.journey);
        for (what, buckets) in [("wait", &latency.wait), ("work", &latency.work), ("e2e", &latency.e2e)] {
            all.insert(format!("groups.{}.{what}_s", group.name), buckets.clone());
        }
        all.insert(format!("groups.{}.e2e_raw_s", group.name), raw);
        all.insert(format!("groups.{}.journey_s", group.name), journey);
    }
    all
}
