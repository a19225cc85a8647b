//! Two thousand scenarios that nobody would write, over the whole language: whatever is combined, no law may break, the
//! books must balance, and looking at a run must not change it.
//!
//! Every case has a seed of its own. A failure is made as small as it gets and printed with its seed; the same case is
//! played again with `CONGA_SWARM_SEED=N`, and `CONGA_SWARM=N` plays more cases, from `CONGA_SWARM_FROM` on
//! (`scripts/swarm N FROM`). A swarm goes on after a failure, for it may be long, but not after many.
mod befalls;
mod draft;

use crate::play::plan;
use crate::reference::report;
use conga::engine::{Watch, run};
use conga::outcome::result::{Outcome, ProducerResult, RunResult};
use conga::plan::{Acks, GroupPlan, Plan};
use cpu_time::ProcessTime;
use draft::Draft;
use proptest::prelude::{ProptestConfig, Strategy, TestCaseError, prop_assert, prop_assert_eq};
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use serde_json::Value;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

/// Cases of an ordinary run.
const CASES: u64 = 2_000;
/// A case takes milliseconds; one that takes this long will never end.
const ENDLESS: Duration = Duration::from_secs(20);
/// Cases that are played side by side.
const THREADS: u32 = 2;
/// So many failures are enough.
const MANY: usize = 5;

type Checked = Result<(), TestCaseError>;

#[test]
fn swarm() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let from = number("CONGA_SWARM_FROM").unwrap_or(0);
    let seeds = match number("CONGA_SWARM_SEED") {
        Some(seed) => seed..seed + 1,
        None => from..from + number("CONGA_SWARM").unwrap_or(CASES),
    };
    let alone = seeds.end == seeds.start + 1;
    let (next, failed) = (AtomicU64::new(seeds.start), Mutex::new(Vec::new()));
    let all_failed = || failed.lock().expect("nobody panics with it");
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end || all_failed().len() >= MANY {
                return;
            }
            // A case that panics has told why.
            if !std::panic::catch_unwind(|| case(seed, alone)).is_ok_and(|passed| passed) {
                all_failed().push(seed);
            }
        }
    };
    std::thread::scope(|scope| {
        (0..THREADS).for_each(|_| drop(scope.spawn(work)));
    });
    let played = next.into_inner().min(seeds.end) - seeds.start;
    assert!(all_failed().is_empty(), "of {played} cases these failed, see above: {:?}", all_failed());
}

/// Draws the scenario of a seed and checks it; a failure is made smaller first and told. One that is played alone is shown.
fn case(seed: u64, alone: bool) -> bool {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = ProptestConfig { failure_persistence: None, max_shrink_iters: 400, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let tree = draft::draft().new_tree(&mut runner).expect("every draft is a scenario");
    if alone {
        report(&format!("\nseed {seed}:\n{}\n", tree.current().yaml()));
    }
    let Err(TestError::Fail(reason, draft)) = runner.run_one(tree, |draft| check(seed, &draft)) else { return true };
    report(&format!(
        "seed {seed}: {reason}\n{}\nagain: CONGA_SWARM_SEED={seed} cargo test --features sabotage swarm",
        draft.yaml()
    ));
    false
}

/// Everything that holds for every scenario.
fn check(seed: u64, draft: &Draft) -> Checked {
    let plan = plan(&draft.yaml());
    let outcome = bounded(seed, draft, &plan);
    prop_assert_eq!(&outcome.result.broken_laws, &Vec::<String>::new());
    producers_balance(&plan, &outcome.result)?;
    groups_balance(&plan, &outcome)?;
    if draft.settles {
        settled(&plan, &outcome.result)?;
    }
    if seed.is_multiple_of(3) {
        let again = bounded(seed, draft, &plan);
        let [one, other] = [&outcome, &again].map(|of| json(&of.result).to_string());
        prop_assert!(one == other, "the same seed twice");
    }
    if seed % 3 == 1 {
        let mut other = plan.clone();
        other.run.interval = other.run.interval.times(3);
        let other = bounded(seed, draft, &other);
        prop_assert_eq!(differences(&outcome.result, &other.result), Vec::new(), "another interval");
    }
    Ok(())
}

/// Runs a plan, and tells which case it was if that never ends.
#[expect(clippy::disallowed_methods, reason = "a case that never ends has to be noticed")]
fn bounded(seed: u64, draft: &Draft, plan: &Plan) -> Outcome {
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // The sender goes when the run is over, even by a panic. A machine that is busy with something else may take
            // its time: what counts is what this process has used of it.
            let began = ProcessTime::now();
            while is_done.recv_timeout(ENDLESS) == Err(RecvTimeoutError::Timeout) {
                if began.elapsed() < THREADS * ENDLESS {
                    continue;
                }
                report(&format!("\nseed {seed} never ends:\n{}\n", draft.yaml()));
                std::process::abort();
            }
        });
        let _done = done;
        run(plan, &Watch::quiet())
    })
}

/// `offered = unsent + sent`, `sent = acked + failed + in_flight`, and no more was offered than was asked for.
#[expect(clippy::float_cmp, reason = "counts: whole numbers below 2^53, which add up exactly")]
fn producers_balance(plan: &Plan, result: &RunResult) -> Checked {
    for (name, one) in &result.producers {
        prop_assert_eq!(one.offered, one.unsent + one.sent, "offered by {}", name);
        prop_assert_eq!(one.sent, one.acked + one.failed + one.in_flight, "sent by {}", name);
        prop_assert!(one.acked <= one.sent && one.sent <= one.offered, "{} hears only of what it sent", name);
        let most = plan.producers.iter().find(|planned| planned.name == *name).map_or(u64::MAX, |p| p.messages);
        prop_assert!(one.offered <= most as f64, "{} is given {} of {}", name, one.offered, most);
    }
    Ok(())
}

/// `appended = processed + dead-lettered + lost + backlog`, by group and partition by partition.
#[expect(clippy::float_cmp, reason = "counts: whole numbers below 2^53, which add up exactly")]
fn groups_balance(plan: &Plan, outcome: &Outcome) -> Checked {
    let result = &outcome.result;
    let written: f64 = result.producers.iter().map(|(_, one)| one.sent).sum();
    let appended: f64 = result.topics.iter().map(|(_, topic)| topic.appended).sum();
    let again: f64 = result.producers.iter().map(|(_, one)| one.duplicates).sum();
    prop_assert!(appended - again <= written, "{} appended of {} sent, {} again", appended, written, again);
    for (i, planned) in plan.groups.iter().enumerate() {
        let (name, group) = &result.groups[i];
        let appended: f64 = planned.topics.iter().map(|&topic| result.topics[topic].1.appended).sum();
        let accounted = group.processed + group.dead_lettered + group.lost + group.backlog;
        prop_assert_eq!(appended, accounted, "appended for {}", name);
        prop_assert!(group.processed <= group.delivered, "{} polls first", name);
        if planned.topics.iter().all(|&topic| is_safe(plan, topic)) {
            prop_assert_eq!(group.lost_by.truncation, 0.0, "what all replicas in sync had is lost to {}", name);
        }
        if !plan.redelivers {
            prop_assert!(group.delivered <= appended, "{} gets what is there", name);
        }
        let places = outcome.partitions.iter().filter_map(|row| row.groups[i].as_ref());
        let (processed, lag) = places.fold((0, 0), |sum, place| (sum.0 + place.processed, sum.1 + place.lag_final));
        prop_assert_eq!((group.processed, group.backlog), (processed as f64, lag as f64), "partitions of {}", name);
        busy_as_configured(planned, group.utilisation)?;
    }
    Ok(())
}

fn busy_as_configured(planned: &GroupPlan, utilisation: f64) -> Checked {
    let name = &planned.name;
    prop_assert!((0.0..=1.0 + 1e-9).contains(&utilisation), "{} is busy {} of the time", name, utilisation);
    Ok(())
}

/// With an end to what comes and time enough, everything is done.
#[expect(clippy::float_cmp, reason = "counts: whole numbers below 2^53, which add up exactly")]
fn settled(plan: &Plan, result: &RunResult) -> Checked {
    for (name, one) in &result.producers {
        prop_assert_eq!(one.in_flight, 0.0, "{} is done", name);
    }
    for planned in plan.producers.iter().filter(|_| plan.run.arrivals_end == conga::units::Time::NEVER) {
        let one = result.producers.iter().find(|(name, _)| *name == planned.name).expect("every producer reports");
        prop_assert_eq!(one.1.offered, planned.messages as f64, "{} is given everything", one.0);
    }
    for (i, topic) in plan.topics.iter().enumerate() {
        let is_written = |(name, _): &&(String, _)| writes(plan, name, i);
        let sum = |of: fn(&ProducerResult) -> f64| -> f64 {
            result.producers.iter().filter(is_written).map(|(_, one)| of(one)).sum()
        };
        let (sent, failed) = (sum(|one| one.sent), sum(|one| one.failed));
        let appended = result.topics[i].1.appended - sum(|one| one.duplicates);
        // What was given up on its way may be appended all the same.
        // Without an answer, or with the leader's alone, brokers that fail may lose it.
        let least = if plan.cluster.failing.is_none() || is_safe(plan, i) { sent - failed } else { 0.0 };
        prop_assert!((least..=sent).contains(&appended), "{} of {} sent to {}", appended, sent, topic.name);
    }
    for (name, group) in &result.groups {
        prop_assert_eq!(group.backlog, 0.0, "{} is done", name);
    }
    Ok(())
}

/// Whether everybody who writes to a topic waits for all replicas in sync.
fn is_safe(plan: &Plan, topic: usize) -> bool {
    let outputs = plan.groups.iter().filter_map(|group| group.output.as_ref());
    let mut clients = plan.producers.iter().map(|producer| &producer.client).chain(outputs);
    clients.all(|client| client.topic != topic || client.acks == Acks::All)
}

/// Whether a producer, or a group's output, writes to a topic.
fn writes(plan: &Plan, name: &str, topic: usize) -> bool {
    let outputs =
        plan.groups.iter().filter_map(|group| Some((format!("{}-output", group.name), group.output.as_ref()?)));
    let streams = plan.producers.iter().map(|producer| (producer.name.clone(), &producer.client)).chain(outputs);
    streams.into_iter().any(|(known, client)| known == name && client.topic == topic)
}

fn json(result: &RunResult) -> Value {
    serde_json::to_value(result).expect("a result is plain data")
}

/// The figures in which two results differ, but for those that are read off at the edges of the intervals.
pub fn differences(one: &RunResult, other: &RunResult) -> Vec<(String, String)> {
    let lines = |result| unhurried(result).lines().map(str::to_owned).collect::<Vec<_>>();
    let pairs = lines(one).into_iter().zip(lines(other));
    pairs.filter(|(one, other)| one != other).collect()
}

/// A result without what is read off at the edges of the intervals.
fn unhurried(result: &RunResult) -> String {
    let mut tree = json(result);
    tree["warnings"] = Value::Null;
    // A single run's batches are of rows.
    tree["intervals"] = Value::Null;
    for event in tree["events"].as_array_mut().into_iter().flatten() {
        event["time_to_drain_s"] = Value::Null;
    }
    for (_, group) in tree["groups"].as_object_mut().into_iter().flatten() {
        group["lag_s"] = Value::Null;
        group["lag"]["max"] = Value::Null;
        group["committed_lag"]["max"] = Value::Null;
    }
    serde_json::to_string_pretty(&tree).expect("a result is plain data")
}
