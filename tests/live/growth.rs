//! Topics that grow in real time: producers and groups learn of it when they do in the simulator, new partitions get the
//! share and the bytes that they get there, and nothing is lost but what a group skips.
use super::befalls::{PROTOCOLS, accounted, fast, reasons};
use super::{live, sound};
use crate::cli::conga;
use crate::play::{group, play};
use conga::outcome::result::Outcome;

/// Six partitions, and three more after four seconds; a tenth of what the group can do.
fn scenario(producer: &str, members: &str) -> String {
    format!(
        "topics: {{events: {{partitions: 6}}}}\n\
         cluster: {{ideal: true, brokers: 2, network: {{delay: 1ms}}, initial_rebalance_delay: 1s}}\n\
         producers: {{edge: {{topic: events, arrivals: {{constant: {{rate: 400/s}}}}, message: {{generator: flows}},\n\
         compression: lz4, linger: 5ms, {producer}}}}}\n\
         groups: {{workers: {{topics: [events], work: 500us, heartbeat: 500ms, session_timeout: 2s, commit: {{auto: 1s}},\n\
         metadata_max_age: 2s, {members}}}}}\n\
         run: {{duration: 16s, drain: 30s, seed: 7, interval: 500ms}}\n\
         events: [{{at: 4s, grow: topics.events, to: 9}}]\n"
    )
}

const IN_TURN: &str = "partitioner: round-robin, metadata_max_age: 100ms";

/// What is not as in the simulator, in words.
fn differences(sim: &Outcome, live: &Outcome) -> Vec<String> {
    let mut found = Vec::new();
    if reasons(sim) != reasons(live) {
        found.push(format!("{:?} simulated, {:?} live", reasons(sim), reasons(live)));
        return found;
    }
    let mut near = |what: &str, sim: f64, live: f64, within: f64| {
        if (sim - live).abs() > within {
            found.push(format!("{what}: {sim} simulated, {live} live"));
        }
    };
    for (sim, live) in group(sim, "workers").rebalances.iter().zip(&group(live, "workers").rebalances) {
        near("begins", sim.at_s, live.at_s, 0.3);
        near("moves", sim.partitions_moved.into(), live.partitions_moved.into(), 0.0);
    }
    for (i, (sim, live)) in sim.partitions.iter().zip(&live.partitions).enumerate() {
        assert_eq!((sim.since_s, sim.leader), (live.since_s, live.leader), "partition {i}");
        // Half a second of what comes to all partitions.
        near(&format!("appended to {i}"), sim.appended as f64, live.appended as f64, 200.0 / 9.0);
    }
    near("skipped", group(sim, "workers").lost_by.reset, group(live, "workers").lost_by.reset, 60.0);
    found
}

/// Plays it in both engines; on a machine that others use too, one undisturbed run is enough.
fn as_simulated(yaml: &str) -> [Outcome; 2] {
    let sim = play(yaml);
    let mut found = Vec::new();
    for _ in 0..4 {
        let live = live(yaml, &fast());
        sound(&live);
        found = differences(&sim, &live);
        if found.is_empty() {
            return [sim, live];
        }
    }
    panic!("four times out of four: {found:#?}\n{yaml}");
}

#[test]
fn live_groups_learn_of_new_partitions_and_read_them() {
    for protocol in PROTOCOLS {
        for outcome in as_simulated(&scenario(IN_TURN, &format!("members: 3, offset_reset: earliest, {protocol}"))) {
            let workers = accounted(&outcome);
            assert_eq!(
                [workers.processed, workers.lost, workers.backlog].map(|n| n as u64),
                [6_400, 0, 0],
                "{protocol}"
            );
            assert_eq!(reasons(&outcome)[0], "partitions", "{protocol}");
            let since: Vec<f64> = outcome.partitions.iter().map(|row| row.since_s.expect("it grows")).collect();
            assert_eq!(since, [vec![0.0; 6], vec![4.0; 3]].concat(), "{protocol}");
            let read = |row: usize| outcome.partitions[row].groups[0].as_ref().expect("the group reads it").processed;
            assert!((6..9).all(|row| read(row) > 400), "{protocol}: {:?}", outcome.partitions);
        }
    }
}

#[test]
fn a_live_group_that_begins_at_the_end_skips_what_it_does_not_know_of() {
    for outcome in as_simulated(&scenario(IN_TURN, "members: 2")) {
        let workers = group(&outcome, "workers");
        assert_eq!([workers.processed + workers.lost, workers.backlog].map(|n| n as u64), [6_400, 0]);
        assert!(workers.lost_by.reset > 10.0 && workers.lost_by.reset as u64 == workers.lost as u64);
    }
}

#[test]
fn live_keys_move_where_they_move_in_the_simulator() {
    let keyed = "key: {uniform: {keys: 60}}, metadata_max_age: 100ms";
    for outcome in as_simulated(&scenario(keyed, "members: 3, offset_reset: earliest")) {
        let workers = accounted(&outcome);
        assert_eq!([workers.processed, workers.lost].map(|n| n as u64), [6_400, 0]);
    }
}

#[test]
fn whoever_comes_after_a_live_growth_knows_of_it() {
    let yaml =
        scenario(IN_TURN, "members: 2, offset_reset: earliest").replace("metadata_max_age: 2s", "metadata_max_age: 5m");
    let yaml = yaml.replace("to: 9}", "to: 9}, {at: 8s, restart: groups.workers, for: 1s}");
    let outcome = live(&yaml, &fast());
    let workers = accounted(&outcome);
    assert_eq!([workers.processed, workers.duplicates, workers.backlog].map(|n| n as u64), [6_400, 0, 0]);
}

#[test]
fn live_partitions_come_and_brokers_go() {
    let yaml = scenario("partitioner: round-robin, metadata_max_age: 1s", "members: 3, offset_reset: earliest")
        .replace("{partitions: 6}", "{partitions: 6, replicas: 2, min_insync: 1}")
        .replace("brokers: 2", "brokers: 3, replication: {session_timeout: 3s, heartbeat: 500ms, lag_max: 2s}")
        .replace("to: 9}", "to: 9}, {at: 4500ms, crash: brokers.1, for: 4s}");
    for outcome in [play(&yaml), live(&yaml, &fast())] {
        let workers = accounted(&outcome);
        assert_eq!([workers.processed, workers.lost, workers.backlog].map(|n| n as u64), [6_400, 0, 0]);
        assert!(outcome.partitions.iter().all(|row| row.appended > 300), "{:?}", outcome.partitions);
    }
}

#[test]
fn topics_do_not_grow_where_consumers_are_processes() {
    let folder = tempfile::tempdir().expect("a folder");
    let yaml = scenario(IN_TURN, "members: 2, offset_reset: earliest").replace("duration: 16s", "duration: 6s");
    std::fs::write(folder.path().join("grows.yaml"), yaml).expect("a file");
    let run = |args: &[&str]| conga(folder.path(), &[&["run", "grows.yaml", "--engine", "live"], args].concat());
    let together = run(&["--speed", "4x", "--out", "out"]);
    assert!(matches!(together.code, Some(0 | 3)), "{:?} {}", together.code, together.err);
    let apart = run(&["--processes", "2"]);
    assert!(apart.code == Some(2) && apart.err.contains("`grow: topics.events to 9`"), "{}", apart.err);
    assert!(!apart.err.contains("by hand") && apart.err.contains("run without --processes"), "{}", apart.err);
}
