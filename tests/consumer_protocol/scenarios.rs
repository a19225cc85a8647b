//! Whole groups of the consumer protocol, as scenarios: what members, coordinator and brokers come to together.
use crate::play::{group, play};
use conga::model::sabotage::{self, Sabotage};
use conga::outcome::result::{GroupResult, Outcome};

/// Three members that have been there for long, and what befalls them.
fn scenario(keys: &str, events: &str, seconds: u32, seed: u64) -> String {
    format!(
        "topics: {{events: {{partitions: 12}}}}\ncluster: {{brokers: 2}}\nproducers:\n  \
         edge: {{topic: events, arrivals: {{poisson: {{rate: 50/s}}}}, partitioner: round-robin}}\ngroups:\n  \
         workers: {{topics: [events], members: 3, protocol: consumer, work: {{exponential: {{mean: 2ms}}}}{keys}}}\n\
         events: [{events}]\nrun: {{duration: {seconds}s, drain: 60s, seed: {seed}}}\n"
    )
}

#[expect(clippy::float_cmp, reason = "counts: whole numbers below 2^53, which add up exactly")]
fn sound(text: &str) -> Outcome {
    let outcome = play(text);
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new(), "{text}");
    let workers = group(&outcome, "workers");
    let appended = outcome.result.topics[0].1.appended;
    assert_eq!(appended, workers.processed + workers.lost + workers.backlog, "{text}");
    outcome
}

fn reasons(workers: &GroupResult) -> Vec<&str> {
    workers.rebalances.iter().map(|rebalance| &*rebalance.reason).collect()
}

#[test]
fn a_join_stops_what_moves_for_half_a_heartbeat_and_repeats_nothing() {
    let (mut stopped, mut moved) = (0.0, 0.0);
    for seed in 0..30 {
        let join = "{at: {uniform: {min: 20s, max: 25s}}, join: groups.workers}";
        let outcome = sound(&scenario("", join, 40, seed));
        let workers = group(&outcome, "workers");
        assert_eq!(reasons(workers), ["join"], "seed {seed}");
        let rebalance = &workers.rebalances[0];
        assert_eq!((rebalance.partitions_moved, rebalance.generation), (3, 2), "a quarter: seed {seed}");
        assert!(rebalance.duration_s < 11.0, "seed {seed}: {rebalance:?}");
        assert!(workers.duplicates.abs() < 0.5, "everything was committed before it moved: seed {seed}");
        assert!(workers.wait_s.max.value().is_some_and(|wait| wait < 5.2), "seed {seed}: {:?}", workers.wait_s.max);
        stopped += rebalance.stopped_partition_s;
        moved += f64::from(rebalance.partitions_moved);
    }
    let gap = stopped / moved;
    assert!((2.0..3.0).contains(&gap), "U(0, 5 s): {gap}");
}

#[test]
fn every_fault_leaves_every_record_processed() {
    let faults = [
        ("{at: 20s, crash: groups.workers.1, for: 80s}", vec!["session timeout", "join"]),
        ("{at: 20s, crash: groups.workers.1, for: 10s}", vec!["join"]),
        ("{at: 20s, leave: groups.workers.1}", vec!["leave"]),
        ("{at: 20s, restart: groups.workers.1, for: 10s}", vec!["leave", "join"]),
        ("{at: 20s, pause: groups.workers.1, for: 80s}", vec!["session timeout", "join"]),
        ("{at: 20s, cut: [groups.workers.1, brokers], for: 80s}", vec!["session timeout", "join"]),
        ("{at: 20s, scale: groups.workers, to: 6}, {at: 70s, scale: groups.workers, to: 2}", vec!["join", "leave"]),
    ];
    for (events, expected) in faults {
        for keys in ["", ", workers: 3", ", commit: {after: poll}, assignor: range"] {
            let outcome = sound(&scenario(keys, events, 150, 3));
            let workers = group(&outcome, "workers");
            assert_eq!(reasons(workers), expected, "{events} {keys}");
            assert!(workers.backlog.abs() < 0.5, "{events} {keys}");
        }
    }
}

#[test]
fn a_crash_is_noticed_when_the_session_is_over() {
    for seed in 0..20 {
        let outcome = sound(&scenario("", "{at: 20s, crash: groups.workers.1}", 100, seed));
        let workers = group(&outcome, "workers");
        let noticed = workers.rebalances[0].at_s - 20.0;
        assert!((39.9..45.1).contains(&noticed), "45 s after the last heartbeat, of one every 5 s: {noticed}");
        // What was done since the last commit comes again, of a third of 50 records a second.
        assert!(workers.duplicates > 0.0 && workers.duplicates < 5.5 * 17.0 * 1.6, "{}", workers.duplicates);
    }
}

#[test]
fn static_members_come_back_to_what_they_had() {
    let away = sound(&scenario(", static: true", "{at: 20s, restart: groups.workers.1, for: 10s}", 60, 1));
    let workers = group(&away, "workers");
    assert_eq!(reasons(workers), Vec::<&str>::new(), "nobody else hears of it");
    assert!(workers.wait_s.max.value().is_some_and(|wait| (9.0..12.0).contains(&wait)), "{:?}", workers.wait_s.max);
    // Without a word its instance id is taken until the session is over.
    let killed = sound(&scenario(", static: true", "{at: 20s, crash: groups.workers.1, for: 5s}", 100, 1));
    let workers = group(&killed, "workers");
    assert_eq!(reasons(workers)[0], "session timeout");
    assert!((59.9..65.1).contains(&workers.rebalances[0].at_s), "{:?}", workers.rebalances);
}

#[test]
fn a_cold_group_reads_at_once() {
    let outcome = sound(&scenario(", start: cold, offset_reset: earliest", "", 60, 1));
    let workers = group(&outcome, "workers");
    assert_eq!(reasons(workers), ["start", "join"]);
    assert!(workers.rebalances.iter().all(|one| one.at_s + one.duration_s <= 11.0), "{:?}", workers.rebalances);
    assert!(workers.wait_s.max.value().is_some_and(|wait| wait < 5.2), "no initial delay: {:?}", workers.wait_s.max);
}

#[test]
fn an_ideal_group_and_one_that_nothing_befalls_process_everything() {
    let text = scenario("", "", 60, 1).replace("brokers: 2", "ideal: true, brokers: 2");
    let outcome = sound(&text);
    assert_eq!(reasons(group(&outcome, "workers")), Vec::<&str>::new());
    let cold = scenario(", start: cold, offset_reset: earliest", "", 60, 1);
    let outcome = sound(&cold.replace("brokers: 2", "ideal: true, brokers: 2"));
    assert!(group(&outcome, "workers").backlog.abs() < 0.5);
}

#[test]
fn same_seed_same_run() {
    let text = scenario("", "{at: 20s, crash: groups.workers.any, for: 60s}", 120, 7);
    let [one, other] = [(); 2].map(|()| serde_json::to_string(&sound(&text).result).expect("a result is JSON"));
    assert_eq!(one, other);
}

#[test]
fn laws_find_what_the_coordinator_does_wrong() {
    let joins = "{at: 30s, join: groups.workers.3}, {at: 40s, join: groups.workers.4}";
    let moves = &format!("{{at: 20s, leave: groups.workers.1}}, {joins}");
    let text = scenario("", moves, 60, 1);
    sound(&text);
    for (bug, law) in [(Sabotage::GiveUnreleased, "is given up before"), (Sabotage::ForgetEpoch, "has one owner in")] {
        sabotage::play(Some(bug));
        let outcome = play(&text);
        sabotage::play(None);
        let broken = outcome.result.broken_laws;
        assert!(broken.iter().any(|words| words.contains(law)), "{bug:?} does not break `{law}`: {broken:#?}");
    }
}

#[test]
fn whoever_joins_and_is_not_answered_does_not_ask_again_before_it_is() {
    for seed in [1, 2, 10, 41, 42] {
        // Requests are held up for many heartbeats, and come all at once.
        let cut = format!("{{at: {}ms, cut: [groups.workers, groups.workers.coordinator], for: 20s}}", 100 * seed);
        let outcome = sound(&scenario(", start: cold, starts: 5s, offset_reset: earliest", &cut, 40, seed));
        assert_eq!(group(&outcome, "workers").backlog.to_string(), "0", "seed {seed}");
    }
}
