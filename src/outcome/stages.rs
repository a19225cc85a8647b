//! Where the time goes: how long a record is in each stage between the instant it is due and the end of its processing.
//!
//! Little's law turns sums into means: what passes two points is counted at both with its instants, and the difference
//! is the number between them, integrated over time. Divided by the records processed, that is the mean time in the
//! stage. So the stages of a run in which everything was settled and nothing sent again, without warm-up, add up to the
//! mean end-to-end latency. A record still open at the end counts in its stage until then, one under way when warm-up
//! ends from then on, and one that has not left its producer, or is not acknowledged, not at all before its request
//! left. A record in work at the end still counts as waiting for its worker. Where a
//! member was lost, records pass some points twice, and there are no stages.
use super::figures::stream_topics;
use super::level::Passed;
use super::recorder::{Recording, Totals};
use super::result::StageResult;
use crate::plan::Plan;
use crate::units::Time;

/// Names of the stages, in the order in which a record passes.
pub const STAGES: [&str; 8] = ["accept", "batch", "request", "replicate", "fetch", "poll", "queue", "work"];

const NS: f64 = 1e-9;

/// The stages of a group's records.
#[must_use]
pub fn stages(plan: &Plan, run: &Recording, group: usize) -> Vec<StageResult> {
    let (begin, end) = (&run.window[0], &run.end);
    if end.groups[group].resumed > 0 {
        return Vec::new();
    }
    let processed = end.groups[group].processed.total - begin.groups[group].processed.total;
    let length = run.ended.since(run.window_at[0]).seconds();
    let [accepted, batched] = before_leaving(plan, run, group);
    let later = after_leaving(plan, end, group, run.ended);
    let earlier = after_leaving(plan, begin, group, run.window_at[0]);
    let after = later.iter().zip(earlier).map(|(later, earlier)| later - earlier);
    let all = [accepted, batched].into_iter().chain(after);
    let over = |area: i128, by: f64| (by > 0.0).then(|| area as f64 * NS / by);
    let stage = |(stage, area): (&str, i128)| StageResult {
        stage: stage.to_owned(),
        mean_s: over(area, processed as f64),
        records_mean: over(area, length),
    };
    STAGES.into_iter().zip(all).map(stage).collect()
}

/// Record nanoseconds until acceptance, and from there until the request left, of those acknowledged.
fn before_leaving(plan: &Plan, run: &Recording, group: usize) -> [i128; 2] {
    let streams = stream_topics(plan).into_iter().zip(&run.streams);
    let read = streams.filter(|(topic, _)| plan.groups[group].topics.contains(topic)).map(|(_, latency)| latency);
    read.fold([0; 2], |[accepted, batched], stream| {
        let late = stream.late_publish.sum_ns().cast_signed() - stream.late_service.sum_ns().cast_signed();
        let left = stream.publish.sum_ns().cast_signed() - stream.under_way_ns.cast_signed();
        [accepted + late, batched + left - late]
    })
}

/// Record nanoseconds so far in each stage after the request left.
fn after_leaving(plan: &Plan, totals: &Totals, group: usize, now: Time) -> [i128; 6] {
    let topics = &plan.groups[group].topics;
    let requests = stream_topics(plan).into_iter().zip(&totals.streams).filter(|(topic, _)| topics.contains(topic));
    let requested = requests.fold(Passed::default(), |all, (_, stream)| all.and(stream.requested));
    let of_topics = |point: fn(&super::recorder::TopicTotals) -> Passed| {
        topics.iter().fold(Passed::default(), |all, &topic| all.and(point(&totals.topics[topic])))
    };
    let (written, readable) = (of_topics(|topic| topic.appended.passed()), of_topics(|topic| topic.readable));
    let group = &totals.groups[group];
    let work = group.work_sum.cast_signed();
    let points = [requested, written, readable, group.fetched, group.polled].map(|point| point.area(now));
    let begun = group.processed.passed().area(now) + work;
    let between = |i: usize| points[i] - points[i + 1];
    [between(0), between(1), between(2), between(3), points[4] - begun, work]
}
