//! From the recordings of all repetitions to one outcome: means with their intervals, thresholds, warnings.
//!
//! One run has intervals only where its load is steady. Nothing here changes what the recordings say.
use super::drains;
use super::figures::{self, Figures, figures, window_s};
use super::histogram::Buckets;
use super::recorder::Recording;
use super::result::{
    EventResult, GroupSeries, Interval, Ordered, Outcome, PartitionGroup, PartitionRow, Repetitions, RunResult,
    ScenarioRef, SeriesInterval, SeriesRow, Validity,
};
use super::threshold::{find, judge};
use super::{batches, details, intervals, precision, stationarity};
use crate::plan::{Plan, TopicPlan};
use crate::units::Time;
use std::collections::BTreeMap;

/// Version of the format of `result.json`.
const FORMAT: &str = "1";
/// Partitions of a group whose lag is shown over time.
const WORST: usize = 8;

/// What all repetitions say together. There is at least one.
#[must_use]
pub fn conclude(plan: &Plan, runs: &[Recording]) -> Outcome {
    let all: Vec<RunResult> = runs.iter().map(|run| result_of(plan, run, runs)).collect();
    let known = plan.run.precision.as_ref().map(|precision| (precision, found(&all, &precision.path)));
    let mut result = intervals::merged(all);
    if let Some((precision, known)) = known {
        result.warnings.extend(precision::shortfall(precision, &known));
        // Somebody interrupted it between two rounds.
        result.partial |= precision::next(precision, &known).is_some();
    }
    let tree = serde_json::to_value(&result).expect("a result is plain data");
    if let [run] = runs {
        result.intervals = batches::intervals(plan, run, &tree);
    }
    result.thresholds = plan.thresholds.iter().map(|threshold| judge(threshold, &tree)).collect();
    let valid = result.validity.verdict == "valid";
    result.passed = valid && result.broken_laws.is_empty() && result.thresholds.iter().all(|line| line.passed);
    let worst: Vec<Vec<u32>> = (0..plan.groups.len()).map(|group| worst_partitions(plan, &runs[0], group)).collect();
    let series = series(plan, &runs[0], &worst);
    drains::settle(&mut result.events, &series);
    Outcome {
        series,
        worst_partitions: worst.iter().map(|of| of.iter().map(|&p| partition_name(plan, p)).collect()).collect(),
        partitions: partitions(plan, &runs[0]),
        members: details::members(plan, &runs[0]),
        lanes: runs[0].lanes.rows(plan),
        batches: details::batches(plan, &runs[0]),
        heat: details::heat(plan, &runs[0]),
        histograms: histograms(plan, runs),
        result,
    }
}

/// One figure of one run, by its path in the result.
#[must_use]
pub fn figure(plan: &Plan, run: &Recording, path: &[String]) -> Option<f64> {
    let result = result_of(plan, run, std::slice::from_ref(run));
    found(&[result], path)[0]
}

fn found(all: &[RunResult], path: &[String]) -> Vec<Option<f64>> {
    let tree = |result| serde_json::to_value(result).expect("a result is plain data");
    all.iter().map(|result| find(path, &tree(result))).collect()
}

fn result_of(plan: &Plan, run: &Recording, runs: &[Recording]) -> RunResult {
    let Figures { producers, topics, brokers, groups } = figures(plan, run);
    let mut warnings = plan.warnings.clone();
    if plan.cluster.uncalibrated {
        warnings.push("uncalibrated: costs the scenario does not name are taken from the default profile".into());
    }
    warnings.extend(run.warnings.iter().cloned());
    warnings.extend(stationarity::warnings(plan, run));
    RunResult {
        conga: FORMAT.into(),
        scenario: ScenarioRef { name: plan.name.clone(), sha256: plan.sha256.clone() },
        engine: runs[0].engine.into(),
        seed: plan.run.seed,
        window_s: window_s(run),
        warmup_s: run.window_at[0].seconds(),
        duration_s: run.window_at[1].seconds(),
        partial: run.partial || (runs.len() as u32) < plan.run.repetitions,
        passed: false,
        validity: validity(runs),
        warnings,
        broken_laws: run.broken.clone(),
        repetitions: Repetitions { count: runs.len() as u32, seeds: runs.iter().map(|run| run.seed).collect() },
        thresholds: Vec::new(),
        events: run.happened.iter().map(event).collect(),
        producers,
        topics,
        brokers,
        groups,
        intervals: Ordered::<Interval>::new(),
    }
}

fn event((at, what, target): &(Time, String, String)) -> EventResult {
    EventResult { at_s: at.seconds(), what: what.clone(), target: target.clone(), time_to_drain_s: None }
}

/// Invalid where any of the runs is, with the reasons of all.
fn validity(runs: &[Recording]) -> Validity {
    let reasons: Vec<String> = runs.iter().flat_map(|run| run.invalid.iter().cloned()).collect();
    Validity { verdict: if reasons.is_empty() { "valid" } else { "invalid" }.into(), reasons }
}

fn partition_name(plan: &Plan, partition: u32) -> String {
    let topic = plan.topics.iter().rfind(|topic| topic.first <= partition).expect("partitions belong to topics");
    format!("{}-{}", topic.name, partition - topic.first)
}

/// Partitions a group reads, over all topics.
fn read_by(plan: &Plan, group: usize) -> impl Iterator<Item = u32> {
    let topics = plan.groups[group].topics.iter().map(|&topic| &plan.topics[topic]);
    topics.flat_map(TopicPlan::numbers)
}

/// The partitions of a group with the greatest lag, worst first.
fn worst_partitions(plan: &Plan, run: &Recording, group: usize) -> Vec<u32> {
    let place = |partition: u32| &run.places[group * run.partitions.len() + partition as usize];
    let mut read: Vec<u32> = read_by(plan, group).filter(|&partition| run.series.keeps(group, partition)).collect();
    read.sort_by_key(|&partition| (std::cmp::Reverse(place(partition).lag_max), partition));
    read.truncate(WORST);
    read
}

fn series(plan: &Plan, run: &Recording, worst: &[Vec<u32>]) -> Vec<SeriesRow> {
    let rows = &run.series.rows;
    let seconds = |ns: Option<u64>| ns.map(|ns| ns as f64 * 1e-9);
    let threads = f64::from(plan.cluster.threads);
    let row = |i: usize| {
        let row = &rows[i];
        let before = i.checked_sub(1).map(|i| &rows[i]);
        let length = (row.end - row.start).seconds();
        let rate = |now: u64, before: Option<u64>| now.saturating_sub(before.unwrap_or(0)) as f64 / length;
        let offered = |row: &super::series::Row| row.offered[..plan.producers.len()].iter().sum::<u64>();
        let group = |g: usize| {
            let (now, before) = (&row.groups[g], before.map(|row| &row.groups[g]));
            let workers = f64::from(plan.groups[g].members * plan.groups[g].workers);
            GroupSeries {
                processed_per_s: rate(now.processed, before.map(|row| row.processed)),
                lag: now.levels[0],
                committed_lag: now.levels[1],
                lag_s: now.levels[2] as f64 * 1e-9,
                utilisation: rate(now.busy_ns, before.map(|row| row.busy_ns)) * 1e-9 / workers,
                e2e_p50_s: seconds(now.e2e_ns[0]),
                e2e_p90_s: seconds(now.e2e_ns[1]),
                e2e_p99_s: seconds(now.e2e_ns[2]),
                e2e_max_s: seconds(now.e2e_ns[3]),
                worst_lag: worst[g].iter().map(|&partition| run.series.lag(i, g, partition)).collect(),
            }
        };
        SeriesRow {
            interval: SeriesInterval { start_s: row.start.seconds(), end_s: row.end.seconds() },
            offered_per_s: rate(offered(row), before.map(offered)),
            appended_per_s: (0..plan.topics.len())
                .map(|t| rate(row.appended[t], before.map(|row| row.appended[t])))
                .collect(),
            broker_utilisation: (0..row.brokers.len())
                .map(|b| rate(row.brokers[b].ns(), before.map(|row| row.brokers[b].ns())) * 1e-9 / threads)
                .collect(),
            groups: (0..plan.groups.len()).map(group).collect(),
        }
    };
    (0..rows.len()).map(row).collect()
}

fn partitions(plan: &Plan, run: &Recording) -> Vec<PartitionRow> {
    let mut rows = Vec::new();
    let since = if plan.grows() { plan.since() } else { Vec::new() };
    for (t, topic) in plan.topics.iter().enumerate() {
        let appended = run.end.topics[t].appended.total;
        for number in 0..topic.partitions {
            let partition = (topic.first + number) as usize;
            if since.get(partition).is_some_and(|at| *at > run.ended) {
                continue;
            }
            let tally = &run.partitions[partition];
            let group = |g: usize| {
                let place = &run.places[g * run.partitions.len() + partition];
                plan.groups[g].topics.contains(&t).then(|| PartitionGroup {
                    processed: place.processed,
                    member: place.member,
                    lag_max: place.lag_max,
                    lag_final: tally.appended.saturating_sub(place.processed + place.lost),
                })
            };
            rows.push(PartitionRow {
                topic: topic.name.clone(),
                partition: number,
                leader: number % plan.cluster.brokers,
                since_s: since.get(partition).map(|at| at.seconds()),
                appended: tally.appended,
                share: if appended > 0 { tally.appended as f64 / appended as f64 } else { 0.0 },
                bytes: tally.bytes,
                groups: (0..plan.groups.len()).map(group).collect(),
            });
        }
    }
    rows
}

fn histograms(plan: &Plan, runs: &[Recording]) -> BTreeMap<String, hdrhistogram::Histogram<u64>> {
    let mut merged: BTreeMap<String, Buckets> = BTreeMap::new();
    for run in runs {
        for (name, mut buckets) in figures::distributions(plan, run) {
            buckets.move_into(merged.entry(name).or_default());
        }
    }
    merged.into_iter().map(|(name, buckets)| (name, buckets.to_hdr())).collect()
}
