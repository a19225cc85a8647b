//! Statistics of a single run: intervals by batch means, and where a warm-up ends.
use crate::play::plan;
use conga::engine::{Watch, run};
use conga::outcome::batches::mser5;
use conga::outcome::result::{Interval, Outcome};

/// An M/M/1 queue at this utilisation, seen for a while.
fn queue(utilisation: f64, seed: u64, run_keys: &str) -> Outcome {
    let work = utilisation * 1_000.0;
    run(
        &plan(&format!(
            "topics: {{queue: {{partitions: 1}}}}\ncluster: {{ideal: true}}\n\
             producers: {{source: {{topic: queue, arrivals: {{poisson: {{rate: 1000/s}}}}, linger: 0s}}}}\n\
             groups: {{server: {{topics: [queue], members: 1, work: {{exponential: {{mean: {work}us}}}}}}}}\n\
             run: {{{run_keys}, seed: {seed}}}\n"
        )),
        &Watch::quiet(),
    )
}

fn interval(outcome: &Outcome, path: &str) -> Option<Interval> {
    outcome.result.intervals.iter().find(|(known, _)| known == path).map(|(_, interval)| *interval)
}

#[test]
fn the_intervals_of_single_runs_hold_the_truth_as_often_as_they_say() {
    const RUNS: u64 = 120;
    // Records in the system 1, their time in it 1 ms and its median ln 2 ms, at half the capacity.
    let truths = [
        ("groups.server.lag.mean", 1.0),
        ("groups.server.e2e_s.p50", std::f64::consts::LN_2 * 1e-3),
        ("groups.server.e2e_s.p99", 100_f64.ln() * 1e-3),
        ("groups.server.utilisation", 0.5),
        ("groups.server.rate_per_s", 1_000.0),
    ];
    let mut held = [0; 5];
    for seed in 0..RUNS {
        let outcome = queue(0.5, seed, "duration: 42s, warmup: 2s, interval: 2s");
        for ((path, truth), held) in truths.iter().zip(&mut held) {
            let Interval { low, high, .. } =
                interval(&outcome, path).unwrap_or_else(|| panic!("{path} has no interval"));
            *held += u64::from(low <= Some(*truth) && Some(*truth) <= high);
        }
    }
    for ((path, _), held) in truths.iter().zip(held) {
        // Nineteen in twenty, less what is known of short runs.
        assert!(held * 100 >= RUNS * 88, "{path}: {held} of {RUNS} intervals hold the truth");
    }
}

#[test]
fn no_interval_is_made_up() {
    let steps = "topics: {t: {partitions: 1}}\nproducers: {p: {topic: t, arrivals: {steps: [{for: 10s, rate: 1k/s}]}}}\n\
        groups: {g: {topics: [t], members: 1}}\nrun: {duration: 10s}\n";
    let changing = run(&plan(steps), &Watch::quiet());
    assert!(changing.result.intervals.is_empty(), "the load is meant to change");
    assert_eq!(interval(&queue(0.5, 1, "duration: 5s, interval: 1s"), "groups.server.lag.mean"), None, "five rows");
}

#[test]
fn a_warm_up_ends_where_the_level_is_reached() {
    let ramp = |i: usize| if i < 100 { i as f64 } else { 100.0 + f64::from((i * 7 % 5) as u8) };
    let values: Vec<f64> = (0..1_000).map(ramp).collect();
    let cut = mser5(&values).expect("it settles down");
    assert!((90..=110).contains(&cut), "cut after {cut}");
    assert_eq!(mser5(&[3.0; 200]), Some(0), "nothing to cut");
    assert_eq!(mser5(&(0..1_000).map(f64::from).collect::<Vec<_>>()), None, "it never settles down");
}

#[test]
fn a_warm_up_that_is_too_short_is_told() {
    let told = |outcome: &Outcome| outcome.result.warnings.iter().any(|warning| warning.starts_with("warm-up: "));
    // A group that comes late has a backlog to work off first.
    let late = "topics: {t: {partitions: 1}}\ncluster: {ideal: true}\n\
        producers: {p: {topic: t, arrivals: {poisson: {rate: 1000/s}}}}\n\
        groups: {g: {topics: [t], members: 1, starts: 5s, work: {exponential: {mean: 500us}}}}\n";
    let late = |warmup: &str| run(&plan(&format!("{late}run: {{duration: 60s, warmup: {warmup}}}\n")), &Watch::quiet());
    assert!(told(&late("1s")) && !told(&late("20s")));
    let steady = (0..20).filter(|&seed| told(&queue(0.5, seed, "duration: 40s, warmup: 2s"))).count();
    assert!(steady <= 1, "told of {steady} steady runs in twenty");
}
