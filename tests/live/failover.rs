//! Brokers that fail in real time: copies have their bytes, clients follow leaders, and what was acknowledged is not lost.
use super::{Settings, live, sound};
use crate::play::{group, play, producer};
use conga::outcome::result::Outcome;

/// Three copies on three brokers, which are missed after three seconds.
fn scenario(client: &str, event: &str) -> String {
    format!(
        "topics: {{orders: {{partitions: 6, replicas: 3, min_insync: 2}}}}\n\
         cluster: {{ideal: true, brokers: 3, network: {{delay: 1ms}},\n\
         \x20 replication: {{session_timeout: 3s, heartbeat: 500ms, lag_max: 2s}}}}\n\
         producers: {{shop: {{topic: orders, instances: 2, arrivals: {{constant: {{rate: 300/s}}}}, linger: 5ms,\n\
         \x20 message: {{generator: flows}}, compression: lz4, partitioner: round-robin{client}}}}}\n\
         groups: {{workers: {{topics: [orders], members: 3, work: 1ms}}}}\n\
         run: {{duration: 16s, drain: 60s, seed: 5, interval: 500ms}}\nevents: [{event}]\n"
    )
}

/// In both engines; every record is accounted for.
fn both(yaml: &str) -> [Outcome; 2] {
    let outcomes = [play(yaml), live(yaml, &Settings { speed: 4.0, ..Settings::plain() })];
    for outcome in &outcomes {
        sound(outcome);
        let (shop, workers) = (producer(outcome, "shop"), group(outcome, "workers"));
        assert_eq!(shop.offered as u64, 4_800, "{yaml}");
        assert_eq!(shop.sent as u64, (shop.acked + shop.failed + shop.in_flight) as u64, "{yaml}");
        let appended = outcome.result.topics[0].1.appended as u64;
        assert_eq!(appended, (workers.processed + workers.lost + workers.backlog) as u64, "{yaml}");
        assert_eq!(workers.lost as u64, workers.lost_by.truncation as u64, "{yaml}");
    }
    outcomes
}

/// The longest that a record waited for its acknowledgement.
fn longest(outcome: &Outcome) -> f64 {
    producer(outcome, "shop").publish_s.max.value().expect("something was acknowledged")
}

#[test]
fn live_brokers_fail_and_nothing_acknowledged_is_lost() {
    for (event, least, most) in [
        ("{at: 4s, crash: brokers.1, for: 5s}", 1.5, 5.0),
        ("{at: 4s, restart: brokers.1, for: 5s}", 0.0, 1.5),
        ("{at: 4s, pause: brokers.1, for: 6s}", 1.5, 8.0),
        ("{at: 4s, cut: [brokers.1, brokers.2], for: 5s}", 0.0, 5.0),
    ] {
        let outcomes = both(&scenario("", event));
        for outcome in &outcomes {
            assert_eq!(
                [group(outcome, "workers").processed, producer(outcome, "shop").acked].map(|n| n as u64),
                [4_800; 2],
                "{event}"
            );
        }
        let [sim, live] = outcomes.each_ref().map(longest);
        assert!((least..most).contains(&live) && (sim - live).abs() < 1.5, "{event}: {sim} s simulated, {live} s live");
    }
}

#[test]
fn what_only_a_lost_leader_had_is_lost_live_too() {
    // With one acknowledgement nobody waits for copies: what was acknowledged last may go, and is counted by its cause.
    for client in [", acks: 1", ", idempotence: false", ", acks: 0"] {
        let event = "{at: 4s, crash: brokers.1, for: 2s}, {at: 9s, pause: brokers.0, for: 5s}";
        for outcome in both(&scenario(client, event)) {
            let processed = group(&outcome, "workers").processed;
            // Without acknowledgements whatever leaves while a leader is missed is gone, and that takes seconds.
            assert!(processed > 3_000.0, "{client}: {processed}");
        }
    }
}
