//! What befalls members and the network in real time: the group does what it does in the simulator, and what does not
//! depend on time is the same to the record.
use super::{Settings, live, sound};
use crate::play::{group, play};
use conga::outcome::result::{Figure, GroupResult, Outcome};
use conga::units::Span;
use conga::work::{Done, Failed, Item, Labour, Place};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Twelve partitions on two brokers, each record two milliseconds of work, sessions of two seconds.
fn scenario(members: &str, events: &str) -> String {
    format!(
        "topics: {{events: {{partitions: 12}}}}\n\
         cluster: {{ideal: true, brokers: 2, network: {{delay: 1ms}}, initial_rebalance_delay: 1s}}\n\
         producers: {{edge: {{topic: events, arrivals: {{constant: {{rate: 400/s}}}}, message: {{generator: flows}},\n\
         compression: lz4, linger: 5ms, partitioner: round-robin}}}}\n\
         groups: {{workers: {{topics: [events], work: 2ms, heartbeat: 500ms, session_timeout: 2s, commit: {{auto: 1s}},\n\
         {members}}}}}\nrun: {{duration: 16s, drain: 30s, seed: 7, interval: 500ms}}\nevents: [{events}]\n"
    )
}

pub(super) fn fast() -> Settings<'static> {
    Settings { speed: 4.0, ..Settings::plain() }
}

/// The reasons and generations of a group's rebalances.
fn rebalances(outcome: &Outcome) -> Vec<(&str, u32)> {
    group(outcome, "workers").rebalances.iter().map(|one| (one.reason.as_str(), one.generation)).collect()
}

/// What each member did, in order; how often it waited is a matter of milliseconds.
fn lanes(outcome: &Outcome) -> Vec<(u32, &str)> {
    let rows = outcome.lanes.iter().filter(|row| row.to_s - row.from_s > 0.3 && row.state != "waiting");
    let mut lanes: Vec<(u32, &str)> = rows.map(|row| (row.member, row.state.as_str())).collect();
    lanes.dedup();
    lanes
}

/// Every record is accounted for.
pub(super) fn accounted(outcome: &Outcome) -> &GroupResult {
    sound(outcome);
    let workers = group(outcome, "workers");
    let appended = outcome.result.topics[0].1.appended as u64;
    assert_eq!(
        appended,
        [workers.processed, workers.lost, workers.dead_lettered, workers.backlog].map(|n| n as u64).iter().sum::<u64>()
    );
    assert_eq!(workers.attempts as u64, (workers.processed + workers.duplicates + workers.lost) as u64);
    workers
}

/// What is not as in the simulator, in words.
fn differences(sim: &Outcome, live: &Outcome) -> Vec<String> {
    let (planned, real) = (accounted(sim), accounted(live));
    assert_eq!((sim.result.engine.as_str(), live.result.engine.as_str()), ("sim", "live"));
    assert_eq!([planned.processed as u64, planned.lost as u64], [real.processed as u64, real.lost as u64]);
    let mut found = Vec::new();
    if rebalances(sim) != rebalances(live) {
        found.push(format!("{:?} simulated, {:?} live", rebalances(sim), rebalances(live)));
        return found;
    }
    if lanes(sim) != lanes(live) {
        found.push(format!("{:?} simulated, {:?} live", lanes(sim), lanes(live)));
    }
    let mut near = |what: &str, sim: f64, live: f64, within: f64| {
        if (sim - live).abs() > within {
            found.push(format!("{what}: {sim} simulated, {live} live"));
        }
    };
    for (sim, live) in planned.rebalances.iter().zip(&real.rebalances) {
        near("begins", sim.at_s, live.at_s, 0.3);
        // Whoever hears last of it does so with its next heartbeat.
        near("lasts", sim.duration_s, live.duration_s, 0.6);
        near("moves", sim.partitions_moved.into(), live.partitions_moved.into(), 0.0);
        near("stops", sim.stopped_partition_s, live.stopped_partition_s, 0.3 * sim.stopped_partition_s + 4.0);
    }
    for (sim, live) in sim.result.events.iter().zip(&live.result.events) {
        assert_eq!((&sim.what, &sim.target), (&live.what, &live.target));
        near("happens", sim.at_s, live.at_s, 1e-9);
        if sim.what == "crash" {
            near("drains", sim.time_to_drain_s.unwrap_or(-1.0), live.time_to_drain_s.unwrap_or(-1.0), 1.5);
        }
    }
    near("duplicates", planned.duplicates, real.duplicates, 80.0 + 0.2 * planned.duplicates);
    found
}

/// Plays it in both engines; on a machine that others use too, one undisturbed run is enough.
fn as_simulated(yaml: &str) -> Outcome {
    let sim = play(yaml);
    let mut found = Vec::new();
    for _ in 0..4 {
        let live = live(yaml, &fast());
        found = differences(&sim, &live);
        if found.is_empty() {
            return live;
        }
    }
    panic!("four times out of four: {found:#?}\n{yaml}");
}

pub(super) fn reasons(outcome: &Outcome) -> Vec<&str> {
    reasons_of(outcome, "workers")
}

/// Why a group rebalanced, time after time.
pub(super) fn reasons_of<'o>(outcome: &'o Outcome, name: &str) -> Vec<&'o str> {
    group(outcome, name).rebalances.iter().map(|one| one.reason.as_str()).collect()
}

pub(super) const PROTOCOLS: [&str; 3] = ["assignor: range", "assignor: cooperative-sticky", "protocol: consumer"];

#[test]
fn live_groups_begin_cold() {
    for protocol in PROTOCOLS {
        let yaml = scenario(&format!("members: 3, start: cold, offset_reset: earliest, {protocol}"), "");
        let outcome = as_simulated(&yaml.replace("duration: 16s", "duration: 6s"));
        assert_eq!(reasons(&outcome)[0], "start", "{protocol}");
        let workers = group(&outcome, "workers");
        assert_eq!([workers.processed as u64, workers.duplicates as u64], [2_400, 0], "{protocol}");
        // Whoever came has partitions, from then on to the end.
        assert!((0..3).all(|member| lanes(&outcome).contains(&(member, "working"))), "{protocol}: {:?}", outcome.lanes);
    }
}

#[test]
fn a_live_member_that_crashes_is_missed_and_comes_back() {
    for protocol in PROTOCOLS {
        let yaml = scenario(&format!("members: 3, {protocol}"), "{at: 4s, crash: groups.workers.1, for: 5s}");
        let outcome = as_simulated(&yaml);
        assert_eq!(reasons(&outcome)[0], "session timeout", "{protocol}");
        assert!(reasons(&outcome).contains(&"join"), "{protocol}");
        assert!(lanes(&outcome).contains(&(1, "crashed")), "{protocol}: {:?}", outcome.lanes);
        let workers = group(&outcome, "workers");
        assert_eq!([workers.processed as u64, workers.lost as u64], [6_400, 0], "{protocol}");
    }
}

#[test]
fn live_members_restart_one_after_the_other() {
    let yaml = scenario("members: 3", "{at: 3s, deploy: groups.workers, for: 1s, gap: 3s}");
    let outcome = as_simulated(&yaml);
    assert_eq!(reasons(&outcome), ["leave", "join"].repeat(3));
    assert_eq!(group(&outcome, "workers").duplicates as u64, 0, "who ends in good order has committed");
    assert_eq!(lanes(&outcome).iter().filter(|(_, state)| *state == "left").count(), 3);
}

#[test]
fn live_groups_grow_and_shrink() {
    let events = "{at: 4s, scale: groups.workers, to: 3}, {at: 10s, scale: groups.workers, to: 1}";
    let outcome = as_simulated(&scenario("members: 2, assignor: cooperative-sticky", events));
    assert_eq!(reasons(&outcome)[..2], ["join", "cooperative"]);
    assert!(lanes(&outcome).contains(&(2, "working")) && lanes(&outcome).contains(&(2, "left")), "{:?}", outcome.lanes);
}

#[test]
fn a_live_member_that_stands_still_for_too_long_is_fenced() {
    let outcome = as_simulated(&scenario("members: 3", "{at: 4s, pause: groups.workers.1, for: 5s}"));
    assert_eq!(reasons(&outcome)[0], "session timeout");
    assert!(lanes(&outcome).contains(&(1, "paused")), "{:?}", outcome.lanes);
}

#[test]
fn a_live_member_that_is_cut_off_from_its_coordinator_is_taken_for_gone() {
    let events = "{at: 4s, cut: [groups.workers.1, groups.workers.coordinator], for: 5s}";
    let outcome = as_simulated(&scenario("members: 3", events));
    assert_eq!(reasons(&outcome)[0], "session timeout");
}

fn value(figure: Figure) -> f64 {
    figure.value().expect("known")
}

#[test]
fn live_ways_become_bad_and_good_again() {
    let e2e = |events: &str| {
        let yaml = scenario("members: 3", events).replace("duration: 16s", "duration: 8s");
        let outcome = live(&yaml, &fast());
        let workers = accounted(&outcome);
        assert_eq!((workers.processed as u64, workers.rebalances.len()), (3_200, 0), "{events}");
        [workers.e2e_s.p50, workers.e2e_s.max].map(value)
    };
    let usual = e2e("");
    // Half of the time the way to brokers is longer by 300 ms in each direction.
    let longer = e2e("{at: 2s, delay: [groups.workers, brokers], add: 300ms, for: 4s}");
    assert!(usual[1] < 0.25 && longer[1] > 0.5 && longer[1] < 1.6, "{usual:?} {longer:?}");
    let lossy = e2e("{at: 2s, lose: [groups.workers, brokers], share: 30%, for: 4s}");
    assert!(lossy[1] > 0.3, "{usual:?} {lossy:?}");
    // Heartbeats go to the coordinator all the same.
    let cut = e2e("{at: 2s, cut: [groups.workers.0, brokers.0], for: 3s}");
    assert!(cut[0] < 0.25 && cut[1] > 2.9 && cut[1] < 4.0, "{cut:?}");
}

#[test]
fn a_live_member_is_slow_for_so_long_and_no_longer() {
    let yaml = scenario("members: 1", "{at: 4s, slow: groups.workers, by: 4, for: 3s}");
    let outcome = as_simulated(&yaml.replace("400/s", "200/s"));
    // It does 125 of 200 a second, for three seconds.
    let most = group(&outcome, "workers").lag.max.expect("known");
    assert!((150.0..400.0).contains(&most), "{most}");
    assert!((value(group(&outcome, "workers").work_s.max) - 8e-3).abs() < 2e-4);
}

#[test]
fn live_records_that_fail_are_tried_again_and_given_up() {
    let poison = "{at: 4s, poison: topics.events, share: 10%, fails: 2, for: 4s}, \
                  {at: 9s, poison: topics.events, share: 10%, for: 2s}";
    let yaml = scenario("members: 3, retry: {attempts: 3, backoff: 5ms}", poison);
    let yaml = yaml.replace("topics: {events", "topics: {dead: {partitions: 1}, events");
    for (more, lost, dead) in [("", true, false), (", dead_letter: {topic: dead}", false, true)] {
        let yaml = yaml.replace("members: 3", &format!("members: 3{more}"));
        let [sim, live] = [play(&yaml), live(&yaml, &fast())];
        for outcome in [&sim, &live] {
            sound(outcome);
        }
        let counts = |outcome: &Outcome| {
            let workers = group(outcome, "workers");
            let counts = [workers.processed, workers.attempts, workers.lost, workers.dead_lettered, workers.backlog];
            counts.map(|count| count as u64)
        };
        // Which records fail follows from their places, and those are the same.
        assert_eq!(counts(&sim), counts(&live), "{more}");
        let workers = group(&live, "workers");
        assert_eq!((workers.lost > 0.0, workers.dead_lettered > 0.0), (lost, dead), "{more}");
        assert!(workers.attempts > workers.processed + 100.0, "{more}");
    }
}

/// What all labours of a group saw: by partition the offsets, and how many labours there were and ended in good order.
#[derive(Debug, Default)]
struct Seen {
    offsets: BTreeMap<u32, Vec<u64>>,
    hired: BTreeMap<u32, u32>,
    finished: u32,
    dropped: u32,
}

/// Remembers what it was given, and looks whether it is what it is said to be.
#[derive(Debug)]
struct Clerk(Arc<Mutex<Seen>>);

impl Labour for Clerk {
    fn work(&mut self, place: &Place<'_>, items: &[Item<'_>], done: &mut Done) -> Result<(), Failed> {
        let mut seen = self.0.lock().expect("one at a time");
        for item in items {
            // Numbers of one producer's messages, each partition in its turn.
            assert!(item.value.len() == 100 && item.value.is_ascii(), "{place:?}");
            seen.offsets.entry(place.partition).or_default().push(item.offset);
            done.took.push(Span::from_ns(1_000_000));
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Value, Failed> {
        self.0.lock().expect("one at a time").finished += 1;
        Ok(Value::Null)
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        self.0.lock().expect("one at a time").dropped += 1;
    }
}

#[test]
fn whoever_comes_back_is_hired_anew_and_misses_nothing() {
    let events = "{at: 3s, crash: groups.workers.1, for: 4s}, {at: 9s, restart: groups.workers.0, for: 1s}, \
                  {at: 12s, join: groups.workers}";
    for assignor in ["range", "cooperative-sticky"] {
        let yaml = scenario(&format!("members: 2, assignor: {assignor}"), events);
        let yaml = yaml.replace("message: {generator: flows}", "message: {size: 100 B}");
        let seen = Arc::new(Mutex::new(Seen::default()));
        let hire = |group: usize, member: u32| {
            assert_eq!(group, 0);
            *seen.lock().expect("one at a time").hired.entry(member).or_default() += 1;
            Some(Box::new(Clerk(Arc::clone(&seen))) as Box<dyn Labour>)
        };
        let outcome = live(&yaml, &Settings { hire: &hire, ..fast() });
        let workers = accounted(&outcome);
        assert_eq!([workers.processed as u64, workers.lost as u64], [6_400, 0], "{assignor}");
        let seen = seen.lock().expect("one at a time");
        // Each of the first two came back once, and a third joined.
        assert_eq!(seen.hired, BTreeMap::from([(0, 2), (1, 2), (2, 1)]), "{assignor}");
        assert_eq!((seen.finished, seen.dropped), (4, 5), "{assignor}: who is killed has no time to finish");
        let mut attempts = 0;
        for (partition, offsets) in &seen.offsets {
            attempts += offsets.len();
            let mut once = offsets.clone();
            once.sort_unstable();
            once.dedup();
            assert!(once.iter().copied().eq(0..once.len() as u64), "{assignor}: all of partition {partition}");
        }
        assert!(attempts as u64 >= workers.attempts as u64, "{assignor}: what is counted was worked on");
    }
}
