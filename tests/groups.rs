//! Groups that change, by the classic protocol: what Kafka's rules say of times and costs, and each bug in them caught.
use crate::play::play;
use conga::model::sabotage::{self, Sabotage};
use conga::outcome::result::{GroupResult, Outcome, RebalanceResult};

/// A group that reads twelve partitions with a hundred records a second, each a millisecond of work.
fn scenario(group: &str, run: &str, events: &str) -> String {
    format!(
        "topics: {{events: {{partitions: 12}}}}\ncluster: {{ideal: true}}\n\
         producers: {{edge: {{topic: events, arrivals: {{constant: {{rate: 100/s}}}}}}}}\n\
         groups: {{workers: {{topics: [events], {group}}}}}\nrun: {{drain: 60s, {run}}}\nevents: [{events}]\n"
    )
}

/// The group of a run that breaks no law, and accounts for every record.
#[expect(clippy::float_cmp, reason = "counts: whole numbers below 2^53, which add up exactly")]
fn sound(outcome: &Outcome) -> &GroupResult {
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new());
    let (group, topic) = (&outcome.result.groups[0].1, &outcome.result.topics[0].1);
    assert_eq!(topic.appended, group.processed + group.lost + group.dead_lettered + group.backlog);
    group
}

fn reasons(group: &GroupResult) -> Vec<&str> {
    group.rebalances.iter().map(|one| one.reason.as_str()).collect()
}

#[track_caller]
fn near(found: f64, wanted: f64, within: f64) {
    assert!((found - wanted).abs() <= within, "{found} instead of {wanted} ± {within}");
}

/// Mean over runs that differ in their seed.
fn mean_of(seeds: u32, run: impl Fn(u32) -> f64) -> f64 {
    (1..=seeds).map(run).sum::<f64>() / f64::from(seeds)
}

#[test]
fn an_empty_group_waits_for_more_members() {
    let cold = |delay: &str, reset: &str| {
        let group = format!("members: 4, work: 1ms, start: cold, starts: 10s{reset}");
        let yaml = scenario(&group, "duration: 60s", "").replace("ideal: true", &format!("ideal: true{delay}"));
        play(&yaml)
    };
    let outcome = cold(", initial_rebalance_delay: 3s", "");
    let late = sound(&outcome);
    // The first joins at 10 s; three more come while it waits, so that it waits once more.
    let RebalanceResult { at_s, duration_s, generation: 1, .. } = late.rebalances[0] else { panic!("the first") };
    near(at_s, 10.0, 1e-9);
    near(duration_s, 6.0, 1e-9);
    // What came until 16 s is lost to a group that begins with what is latest.
    near(late.lost, 1_600.0, 3.0);
    near(late.lost_by.reset, late.lost, 0.0);
    let outcome = cold("", ", offset_reset: earliest");
    let early = sound(&outcome);
    near(early.rebalances[0].duration_s, 0.0, 0.0);
    near(early.lost, 0.0, 0.0);
    near(early.e2e_s.max.value().expect("known"), 10.0, 0.1);
}

#[test]
fn an_eager_rebalance_stops_everyone_and_a_cooperative_one_what_moves() {
    let run = |assignor: &str, seed: u32| {
        let group = format!("members: 10, assignor: {assignor}");
        play(&scenario(&group, &format!("duration: 70s, seed: {seed}"), "{at: 60s, join: groups.workers}"))
    };
    // The last of ten hears of it after the greatest of ten residuals of a heartbeat: 3 s × 10 / 11.
    let pause = mean_of(60, |seed| {
        let outcome = run("range", seed);
        let group = sound(&outcome);
        assert_eq!(reasons(group), ["join"], "seed {seed}");
        assert!(group.rebalances[0].stopped_partition_s > 5.0, "all twelve stood still: seed {seed}");
        near(group.duplicates, 0.0, 0.0);
        group.rebalances[0].duration_s
    });
    near(pause, 30.0 / 11.0, 0.05 * 30.0 / 11.0);
    for seed in 1..=20 {
        let outcome = run("cooperative-sticky", seed);
        let group = sound(&outcome);
        let stopped: f64 = group.rebalances.iter().map(|one| one.stopped_partition_s).sum();
        let moved: u32 = group.rebalances.iter().map(|one| one.partitions_moved).sum();
        assert_eq!(reasons(group), ["join", "cooperative"], "seed {seed}");
        // Twelve partitions over eleven members: one moves, while the second round lasts, and no other stops.
        assert_eq!(moved, 1, "seed {seed}");
        near(stopped, group.rebalances[1].duration_s, 1e-6);
        near(group.duplicates, 0.0, 0.0);
    }
}

/// Records that were not processed at the instant at which they were due: counted one by one, whatever they waited for.
fn not_at_once(outcome: &Outcome) -> u64 {
    outcome.histograms["groups.workers.e2e_s"].count_between(1, u64::MAX)
}

#[test]
fn what_a_rebalance_delays_is_what_is_not_processed_at_once() {
    let run = |assignor: &str, seed: u32, events: &str| {
        let group = format!("members: 10, assignor: {assignor}");
        let yaml = scenario(&group, &format!("duration: 140s, seed: {seed}"), events);
        play(&yaml.replace("topic: events,", "topic: events, linger: 0s, partitioner: round-robin,"))
    };
    for seed in 1..=20 {
        for event in ["join: groups.workers", "crash: groups.workers.3", "leave: groups.workers.any"] {
            let mut delayed = [0; 2];
            for (assignor, delayed) in ["range", "cooperative-sticky"].into_iter().zip(&mut delayed) {
                let outcome = run(assignor, seed, &format!("{{at: 60005ms, {event}}}"));
                let group = sound(&outcome);
                *delayed = group.rebalances.iter().map(|one| one.delayed_records).sum();
                // A member that still waits for what it had asked for before comes a little late to what it has taken up.
                let late = not_at_once(&outcome) - *delayed;
                assert!(late <= 12, "{assignor}, {event}, seed {seed}: {late} more than {delayed}");
                // Each partition has a record every 120 ms: so many come while it stands still, more or less one.
                let stopped: f64 = group.rebalances.iter().map(|one| one.stopped_partition_s).sum();
                near(*delayed as f64, stopped / 0.12, 13.0);
            }
            assert!(delayed[1] < delayed[0], "{event}, seed {seed}: {delayed:?}");
        }
    }
    // What was there before waits as well: a member that is busy for an hour has a backlog.
    let busy = play(&scenario("members: 2, work: 50ms", "duration: 60s", "{at: 50s, join: groups.workers}"));
    let group = &busy.result.groups[0].1;
    assert!(group.rebalances[0].delayed_records > 2_000, "{:?}", group.rebalances);
}

#[test]
fn a_rolling_restart_rebalances_twice_a_member_or_never() {
    let run = |more: &str| {
        let events = "{at: 60s, deploy: groups.workers, for: 10s, gap: 20s}";
        play(&scenario(&format!("members: 40{more}"), "duration: 900s", events))
    };
    let outcome = run("");
    let dynamic = sound(&outcome);
    assert_eq!(dynamic.rebalances.len(), 80);
    near(dynamic.duplicates, 0.0, 0.0);
    let outcome = run(", static: true");
    let fixed = sound(&outcome);
    assert_eq!(fixed.rebalances.len(), 0);
    // Each is away for ten seconds.
    near(fixed.member_seconds, 40.0 * 890.0, 1.0);
    near(fixed.e2e_s.max.value().expect("known"), 10.0, 0.1);
}

#[test]
fn one_slow_poll_holds_up_a_rebalance_until_its_member_is_given_up() {
    // From 99.995 s on a record takes 500 s; whoever polls one then does not come back for five minutes.
    let events = "{at: 99995ms, slow: groups.workers.0, by: 500000}, {at: 100500ms, join: groups.workers}";
    let yaml = scenario("members: 2, work: 1ms, poll: {max_records: 1}", "duration: 600s", events);
    let outcome = play(&yaml);
    let group = sound(&outcome);
    assert_eq!(reasons(group)[0], "join");
    near(group.rebalances[0].at_s, 100.5, 0.01);
    // Its last poll was in the half second before.
    near(group.rebalances[0].duration_s, 299.75, 0.3);
    assert!(group.duplicates > 0.0, "what it was at is done by others as well");
}

#[test]
fn who_is_silent_is_taken_for_gone() {
    let crash = |seed: u32| {
        let run = format!("duration: 130s, seed: {seed}");
        let outcome = play(&scenario("members: 2, work: 1ms", &run, "{at: 60s, crash: groups.workers.1}"));
        let group = sound(&outcome);
        assert_eq!(reasons(group), ["session timeout"]);
        assert!(group.duplicates <= 2_500.0, "no more than a commit interval");
        let found = group.rebalances[0].at_s - 60.0;
        assert!((41.9..=45.0).contains(&found), "{found}");
        found
    };
    near(mean_of(60, crash), 43.5, 0.3);
    // A static one is found out as late; who is back before is not missed.
    let back = |after: &str| {
        let events = format!("{{at: 60s, crash: groups.workers.1, for: {after}}}");
        play(&scenario("members: 2, work: 1ms, static: true", "duration: 130s", &events))
    };
    assert_eq!(sound(&back("40s")).rebalances.len(), 0);
    assert_eq!(reasons(sound(&back("50s"))), ["session timeout", "join"]);
}

#[test]
fn who_stood_still_for_too_long_is_fenced() {
    let events = "{at: 61s, pause: groups.workers.1, for: 40s}";
    for more in ["", ", assignor: cooperative-sticky, workers: 3", ", assignor: sticky, commit: {every: 20}"] {
        let group = format!("members: 4, work: 5ms, session_timeout: 10s{more}");
        let outcome = play(&scenario(&group, "duration: 150s", events));
        let group = sound(&outcome);
        assert_eq!(reasons(group)[..2], ["session timeout", "join"], "{more}");
        assert_eq!(group.members, 4, "{more}");
    }
}

#[test]
fn members_come_and_go_at_any_time() {
    let events = "{at: 20s, every: 30s, crash: groups.workers.any, for: 7s}, \
                  {at: {uniform: {min: 10s, max: 20s}}, every: 17s, pause: groups.workers.any, for: 15s}, \
                  {at: 50s, scale: groups.workers, to: 8}, {at: 90s, scale: groups.workers, to: 3}";
    for assignor in ["range", "roundrobin", "sticky", "cooperative-sticky"] {
        for (seed, more) in
            [(1, ""), (2, ", workers: 3, commit: {every: 30}"), (3, ", static: true"), (4, ", commit: {after: poll}")]
        {
            let group = format!(
                "members: 5, work: {{exponential: {{mean: 5ms}}}}, assignor: {assignor}, session_timeout: 12s{more}"
            );
            let yaml = scenario(&group, &format!("duration: 150s, seed: {seed}"), events);
            let outcome = play(&yaml.replace("ideal: true", "network: {delay: 2ms}"));
            let group = sound(&outcome);
            assert!(group.rebalances.len() > 4, "{assignor}, seed {seed}: {:?}", reasons(group));
        }
    }
}

/// Each bug, events under which it shows, and words of the law that catches it.
const BUGS: [(Sabotage, &str, &str); 5] = [
    (Sabotage::SkipRevocation, "{at: 20s, join: groups.workers}", "is given up before"),
    (Sabotage::DealTwice, "{at: 20s, join: groups.workers}", "has one owner"),
    (Sabotage::KeepGeneration, "{at: 20s, join: groups.workers}", "has one owner"),
    (Sabotage::ForgetCommitted, "{at: 20s, join: groups.workers}", "goes on from what is committed"),
    (Sabotage::ForgetFencing, "{at: 21s, pause: groups.workers.1, for: 30s}", "commits only what is processed"),
];

/// A group to which something happens, with a bug or without.
fn with_bug(bug: Option<Sabotage>, events: &str) -> Outcome {
    sabotage::play(bug);
    let outcome = play(&scenario("members: 3, work: 1ms, session_timeout: 10s", "duration: 70s", events));
    sabotage::play(None);
    outcome
}

#[test]
fn every_bug_of_groups_breaks_its_law() {
    for (bug, events, law) in BUGS {
        sound(&with_bug(None, events));
        let broken = with_bug(Some(bug), events).result.broken_laws;
        assert!(broken.iter().any(|words| words.contains(law)), "{bug:?} does not break `{law}`: {broken:#?}");
    }
    // Nobody is wronged where nobody commits before giving up, but more is done twice than need be.
    let events = "{at: 20s, join: groups.workers}";
    near(sound(&with_bug(None, events)).duplicates, 0.0, 0.0);
    assert!(with_bug(Some(Sabotage::SkipCommit), events).result.groups[0].1.duplicates > 10.0);
}
