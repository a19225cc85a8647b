//! Byte quotas: those of a producer or group, or else the cluster's for all.
//!
//! Told here is what Kafka does not: that a batch may be larger than a quota ever lets through.
use super::findings::Findings;
use crate::plan::{Plan, QuotaWindow};
use crate::scenario::Scenario;
use crate::scenario::schema::Quota;
use crate::units::{Span, show};

/// `quota.window.num`.
const SAMPLES: u64 = 11;
/// `quota.window.size.seconds`.
const WINDOW: Span = Span::from_ms(1_000);

/// Gives every client its quota, if any.
pub fn quotas(scenario: &Scenario, plan: &mut Plan, found: &mut Findings<'_>) {
    let silent = Quota::default();
    let document = &scenario.document;
    let common = document.cluster.as_ref().and_then(|cluster| cluster.quota.as_ref());
    let keys = common.unwrap_or(&silent);
    let produce = keys.produce.as_ref().map_or(f64::INFINITY, |rate| rate.0);
    let fetch = keys.fetch.as_ref().map_or(f64::INFINITY, |rate| rate.0);
    let producers = document.producers.0.iter().map(|(_, producer)| producer.quota.as_ref());
    for (planned, written) in plan.producers.iter_mut().zip(producers) {
        planned.client.quota = written.map_or(produce, |rate| rate.0);
    }
    let groups = document.groups.iter().flat_map(|named| &named.0).map(|(_, group)| group.quota.as_ref());
    for (planned, written) in plan.groups.iter_mut().zip(groups) {
        planned.quota = written.map_or(fetch, |rate| rate.0);
        if let Some(output) = &mut planned.output {
            output.quota = produce;
        }
    }
    let outputs = plan.groups.iter().filter_map(|group| group.output.as_ref()).map(|output| output.quota);
    let written = plan.producers.iter().map(|producer| producer.client.quota).chain(outputs);
    let limited = written.chain(plan.groups.iter().map(|group| group.quota)).any(f64::is_finite);
    if limited {
        plan.cluster.quota_window = Some(QuotaWindow {
            length: keys.window.as_ref().map_or(WINDOW, |window| window.0),
            samples: keys.samples.as_ref().map_or(SAMPLES, |count| count.0),
        });
    } else if common.is_some() {
        let remedy = "add `produce: 10 MB/s` or `fetch: 10 MB/s`, or remove it";
        found.warn("cluster.quota", "limits nobody", remedy);
    }
    stalls(plan, found);
}

/// A fetch is answered empty until it fits; a batch that never does holds its partition up for ever, in Kafka, too.
fn stalls(plan: &Plan, found: &mut Findings<'_>) {
    let Some(QuotaWindow { length, samples }) = plan.cluster.quota_window else { return };
    let outputs = plan.groups.iter().filter_map(|group| group.output.as_ref());
    let writers: Vec<_> = plan.producers.iter().map(|producer| &producer.client).chain(outputs).collect();
    for group in &plan.groups {
        let most = group.quota * length.seconds() * (samples - 1) as f64;
        let read = writers.iter().filter(|client| group.topics.contains(&client.topic));
        let largest = read.map(|client| f64::from(client.batch_size)).fold(0.0, f64::max);
        if largest > most {
            let message =
                format!("lets {} through at once, and a batch of {} never", show::size(most), show::size(largest));
            let remedy = "make it larger, or the batches smaller";
            found.warn(&format!("groups.{}.quota", group.name), message, remedy);
        }
    }
}
