//! The gallery's scenarios in which members and brokers come and go, held to their entries.
//!
//! What is statistical is held over many seeds.
use super::{near, play, value};
use crate::play::{group, producer};
use conga::outcome::result::{GroupResult, Outcome};

const SEEDS: u32 = 20;

fn workers(outcome: &Outcome) -> &GroupResult {
    group(outcome, "workers")
}

fn mean(of: impl Iterator<Item = f64>) -> f64 {
    let all: Vec<f64> = of.collect();
    all.iter().sum::<f64>() / all.len() as f64
}

fn seeds(name: &str, sets: &[&str]) -> Vec<Outcome> {
    (1..=SEEDS).map(|seed| play(name, &[&[format!("run.seed={seed}").as_str()], sets].concat())).collect()
}

/// Partition seconds that the group stood still, over all rebalances.
fn stopped(outcome: &Outcome) -> f64 {
    workers(outcome).rebalances.iter().map(|one| one.stopped_partition_s).sum()
}

#[test]
#[expect(clippy::float_cmp, reason = "counts, which are whole numbers")]
fn an_eager_stop_lasts_until_the_last_member_knows() {
    let eager = seeds("eager-stop", &[]);
    let took = |all: &[Outcome]| mean(all.iter().map(|one| workers(one).rebalances[0].duration_s));
    near(took(&eager), 3.0 * 10.0 / 11.0, 8.0, "the last of ten heartbeats");
    let cooperative = seeds("eager-stop", &["groups.workers.assignor=cooperative-sticky"]);
    let new = seeds("eager-stop", &["groups.workers.protocol=consumer"]);
    let cost = |all: &[Outcome]| mean(all.iter().map(stopped));
    assert!(cost(&eager) > 4.0 * cost(&cooperative), "{} {}", cost(&eager), cost(&cooperative));
    // Two partitions move, each for half a heartbeat of 5 s.
    near(cost(&new), 2.0 * 2.5, 40.0, "what moves with the new protocol");
    for one in eager.iter().chain(&cooperative).chain(&new) {
        assert_eq!(workers(one).duplicates + workers(one).lost, 0.0);
    }
}

#[test]
fn a_deploy_is_two_rebalances_a_member_or_none() {
    let dynamic = play("rolling-deploy", &[]);
    assert_eq!(workers(&dynamic).rebalances.len(), 80);
    let fixed = play("rolling-deploy", &["groups.workers.static=true"]);
    assert_eq!(workers(&fixed).rebalances.len(), 0);
    near(value(workers(&fixed).e2e_s.max), 10.0, 5.0, "what a member has waits for it");
}

#[test]
fn a_join_waits_for_the_longest_poll() {
    let blocked = play("blocked-join", &[]);
    near(workers(&blocked).rebalances[0].duration_s, 300.0, 0.1, "max.poll.interval.ms");
    let new = play("blocked-join", &["groups.workers.protocol=consumer"]);
    let others: Vec<u64> = new.partitions.iter().map(|row| row.groups[0].as_ref().expect("read").lag_max).collect();
    let waiting = others.iter().filter(|&&lag| lag > 200).count();
    assert!((1..=3).contains(&waiting), "only those of the busy member wait: {others:?}");
}

#[test]
fn an_empty_group_waits_for_more() {
    let delay = |sets: &[&str]| value(workers(&play("initial-delay", sets)).e2e_s.max);
    near(delay(&[]), 6.0, 2.0, "two windows: the second member came in the first");
    let one = delay(&["groups.workers.members=1"]);
    assert!((3.0..3.4).contains(&one), "one window: {one}");
    assert!(delay(&["groups.workers.protocol=consumer", "groups.workers.members=1"]) < 0.2);
}

#[test]
#[expect(clippy::float_cmp, reason = "counts, which are whole numbers")]
fn a_broker_that_crashes_is_missed_for_its_session() {
    for outcome in seeds("broker-failover", &["events.0.at={uniform: {min: 30s, max: 32s}}"]) {
        let gap = value(producer(&outcome, "source").publish_s.max);
        assert!((7.0..10.0).contains(&gap), "{gap}");
        assert_eq!(workers(&outcome).lost, 0.0);
        assert_eq!(producer(&outcome, "source").failed, 0.0);
    }
    let orderly = play("broker-failover", &["events.0={at: 30s, restart: brokers.1, for: 20s}"]);
    assert!(value(producer(&orderly, "source").publish_s.max) < 2.0);
}

#[test]
fn two_of_two_copies_are_as_often_away_as_either() {
    let two = play("min-isr-unavailable", &[]);
    let gap = value(producer(&two, "source").publish_s.max);
    assert!((29.0..33.0).contains(&gap), "for the whole outage: {gap}");
    let three = play("min-isr-unavailable", &["topics.events.replicas=3"]);
    assert!(value(producer(&three, "source").publish_s.max) < 10.0);
}

#[test]
#[expect(clippy::float_cmp, reason = "counts, which are whole numbers")]
fn three_of_four_keys_move_and_overtake_themselves_while_a_backlog_is_left() {
    let plan = |partitions: u32| {
        let keys = (0..100_000_u32).map(|key| format!("shop-{key}"));
        keys.map(|key| conga::model::partitioner::KeyHash::Murmur2.partition(key.as_bytes(), partitions)).collect()
    };
    let [before, after]: [Vec<u32>; 2] = [plan(12), plan(16)];
    let moved = before.iter().zip(&after).filter(|(before, after)| before != after).count();
    near(moved as f64 / 1e5, 1.0 - 12.0 / 48.0, 0.5 / 0.75, "keys that move");
    let late = play("adding-partitions-breaks-order", &[]);
    let overtaken = workers(&late).out_of_order;
    assert!(overtaken > 2_000.0, "{overtaken} while the backlog drains");
    let at_once = play("adding-partitions-breaks-order", &["groups.workers.starts=0s"]);
    assert!(workers(&at_once).out_of_order < overtaken / 100.0, "{}", workers(&at_once).out_of_order);
    let still = play("adding-partitions-breaks-order", &["events.0.at=20m"]);
    assert_eq!(workers(&still).out_of_order, 0.0);
}

#[test]
fn what_comes_before_the_group_looks_again_is_skipped() {
    let lost = |one: &Outcome| workers(one).lost_by.reset;
    let latest: Vec<Outcome> = (1..=60).map(|seed| play("latest-reset-loss", &[&format!("run.seed={seed}")])).collect();
    // Ten a second to each of four partitions, for anything up to 300 s.
    assert!(latest.iter().all(|one| (0.0..=4.0 * 10.0 * 301.0).contains(&lost(one))));
    let (mean, most) = (mean(latest.iter().map(lost)), latest.iter().map(lost).fold(0.0, f64::max));
    near(mean, 4.0 * 10.0 * 150.0, 15.0, "half of metadata.max.age.ms");
    assert!(most > 4.0 * 10.0 * 270.0, "{most}");
    for one in seeds("latest-reset-loss", &["groups.workers.offset_reset=earliest"]) {
        assert_eq!((lost(&one), workers(&one).backlog), (0.0, 0.0));
    }
}
