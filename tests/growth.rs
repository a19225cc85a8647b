//! Topics that grow while the run goes on: who learns of it when, where keys go, and what a group skips or reads.
use crate::play::{group, plan, play};
use conga::outcome::result::{GroupResult, Outcome};
use conga::outcome::saved;
use conga::plan::Plan;

/// Four partitions, and four more at 100 s; messages in turn, every member at a tenth of what it can do.
fn scenario(producer: &str, workers: &str, more: &str) -> String {
    format!(
        "topics: {{t: {{partitions: 4}}}}\ncluster: {{ideal: true, brokers: 2{more}}}\n\
         producers: {{p: {{topic: t, linger: 0s, arrivals: {{constant: {{rate: 80/s}}}}{producer}}}}}\n\
         groups: {{g: {{topics: [t], work: 1ms{workers}}}}}\n\
         run: {{duration: 8m, drain: 10s, seed: 1}}\nevents:\n - {{at: 100s, grow: topics.t, to: 8}}\n"
    )
}

const IN_TURN: &str = ", partitioner: round-robin, metadata_max_age: 10ms";

fn seeds(text: &str, how_many: u64) -> impl Iterator<Item = Outcome> {
    (1..=how_many).map(move |seed| sound(&text.replace("seed: 1", &format!("seed: {seed}"))))
}

/// Every record is accounted for, and no law is broken.
#[expect(clippy::float_cmp, reason = "counts: whole numbers below 2^53, which add up exactly")]
fn sound(text: &str) -> Outcome {
    let outcome = play(text);
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new(), "{text}");
    let (g, topic) = (group(&outcome, "g"), &outcome.result.topics[0].1);
    assert!(topic.appended > 30_000.0, "{text}");
    assert_eq!(topic.appended, g.processed + g.lost + g.backlog, "{text}");
    outcome
}

fn near(found: f64, wanted: f64, within: f64) {
    assert!((found - wanted).abs() <= within, "{found} instead of {wanted} ± {within}");
}

fn appended(outcome: &Outcome) -> Vec<u64> {
    outcome.partitions.iter().map(|row| row.appended).collect()
}

/// When the first rebalance of the group began, after the growth, in seconds.
fn learned(g: &GroupResult) -> f64 {
    let first = &g.rebalances[0];
    assert_eq!(first.reason, "partitions");
    first.at_s - 100.0
}

#[test]
fn a_producer_goes_on_as_before_until_its_metadata_are_old() {
    let text = scenario(", partitioner: round-robin", ", members: 2, offset_reset: earliest, metadata_max_age: 1s", "");
    let mut late = Vec::new();
    for outcome in seeds(&text, 40) {
        let all = appended(&outcome);
        // 380 s are left; four partitions share what comes until it knows, and then eight do.
        late.push(380.0 - f64::from(u32::try_from(all[7]).expect("few")) / 10.0);
        near(all[0] as f64 - all[7] as f64, 100.0 * 20.0 + late[late.len() - 1] * 20.0, 50.0);
    }
    let (least, most) = late.iter().fold((f64::MAX, 0.0_f64), |(least, most), &one| (least.min(one), most.max(one)));
    assert!(least < 40.0 && (260.0..=300.5).contains(&most), "anything up to five minutes: {least} to {most}");
    near(late.iter().sum::<f64>() / 40.0, 150.0, 30.0);
}

#[test]
fn a_classic_group_learns_of_it_when_its_leader_asks() {
    let text = scenario(IN_TURN, ", members: 3, offset_reset: earliest", "");
    let all: Vec<f64> = seeds(&text, 40).map(|outcome| learned(group(&outcome, "g"))).collect();
    assert!(all.iter().all(|after| (0.0..300.5).contains(after)), "{all:?}");
    near(all.iter().sum::<f64>() / 40.0, 150.0, 30.0);
    let young = text.replace("members: 3", "members: 3, metadata_max_age: 10s");
    assert!(seeds(&young, 20).all(|outcome| (0.0..10.5).contains(&learned(group(&outcome, "g")))));
}

#[test]
fn the_coordinator_of_the_new_protocol_knows_at_once() {
    let text = scenario(IN_TURN, ", members: 3, protocol: consumer, offset_reset: earliest", "");
    for outcome in seeds(&text, 20) {
        let g = group(&outcome, "g");
        near(learned(g), 0.0, 1e-6);
        let given = outcome.partitions.iter().map(|row| row.groups[0].as_ref().expect("read"));
        assert!(given.clone().all(|place| place.lag_final == 0) && given.skip(4).all(|place| place.processed > 3_000));
        near(g.lost, 0.0, 0.0);
    }
}

#[test]
fn what_comes_before_the_group_knows_is_skipped_or_read() {
    let latest = scenario(IN_TURN, ", members: 1", "");
    for outcome in seeds(&latest, 20) {
        let g = group(&outcome, "g");
        // Ten a second to each of four.
        near(g.lost_by.reset, learned(g) * 40.0, 8.0);
        near(g.lost, g.lost_by.reset, 0.0);
    }
    let earliest = scenario(IN_TURN, ", members: 1, offset_reset: earliest", "");
    for outcome in seeds(&earliest, 5) {
        near(group(&outcome, "g").lost, 0.0, 0.0);
        near(group(&outcome, "g").backlog, 0.0, 0.0);
    }
}

#[test]
fn every_assignor_deals_what_is_new_and_keeps_every_law() {
    for how in ["range", "roundrobin", "sticky", "cooperative-sticky"] {
        let more = format!(", members: 3, assignor: {how}, metadata_max_age: 5s, offset_reset: earliest");
        let outcome = sound(&scenario(IN_TURN, &more, ""));
        let members: std::collections::BTreeSet<u32> =
            outcome.partitions.iter().map(|row| row.groups[0].as_ref().expect("read").member).collect();
        assert_eq!(members.len(), 3, "{how}");
        assert!(outcome.partitions.iter().all(|row| row.groups[0].as_ref().expect("read").processed > 1_000), "{how}");
    }
}

#[test]
fn a_member_that_comes_later_knows_what_is_there_then() {
    let text = scenario(IN_TURN, ", members: 1, offset_reset: earliest", "");
    // The only member, and leader, is another process from 200 s on, and has asked only then.
    let text = format!("{text} - {{at: 190s, restart: groups.g.0, for: 10s}}\n");
    for outcome in seeds(&text, 10) {
        let g = group(&outcome, "g");
        near(g.backlog, 0.0, 0.0);
        let taken = g.rebalances.iter().find(|one| one.at_s > 195.0).expect("it joins");
        assert_eq!(taken.reason, "start");
    }
}

#[test]
fn two_growths_follow_each_other_and_partitions_say_when_they_came() {
    let text = scenario(IN_TURN, ", members: 2, metadata_max_age: 1s, offset_reset: earliest", "");
    let text = format!("{text} - {{at: 200s, grow: topics.t, to: 11}}\n");
    let outcome = sound(&text);
    let since: Vec<f64> = outcome.partitions.iter().map(|row| row.since_s.expect("a topic grows")).collect();
    assert_eq!(since, [vec![0.0; 4], vec![100.0; 4], vec![200.0; 3]].concat());
    assert!(outcome.partitions.iter().all(|row| row.appended > 1_500));
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("run");
    let nothing = |_: &Outcome, _: &std::path::Path| Ok(());
    saved::save(&outcome, "", &[], &serde_json::Value::Null, &dir, nothing).expect("it is written");
    assert_eq!(saved::load(&dir).expect("it can be read").partitions, outcome.partitions);
    let table = std::fs::read_to_string(dir.join("partitions.csv")).expect("it is there");
    assert!(table.starts_with("topic,partition,leader,appended,share,bytes,since_s,groups.g.processed"), "{table}");
}

/// A hundred and sixty keys, each of which comes every two seconds.
const KEYED: &str = ", key: {uniform: {keys: 160}}, metadata_max_age: 10ms";

#[test]
fn keys_overtake_themselves_only_where_they_have_moved_and_a_backlog_is_left() {
    let reads = ", members: 2, metadata_max_age: 1s, offset_reset: earliest, assignor: cooperative-sticky";
    let quick = scenario(KEYED, reads, "");
    let late = quick.replace("work: 1ms", "work: 20ms, starts: 90s, fetch: {max_partition_bytes: 4 KiB}");
    for outcome in seeds(&late, 5) {
        let g = group(&outcome, "g");
        assert!(g.out_of_order > 500.0, "{} while the backlog drains", g.out_of_order);
    }
    near(group(&sound(&quick), "g").out_of_order, 0.0, 2.0);
    let still = late.replace("at: 100s", "at: 20m");
    near(group(&sound(&still), "g").out_of_order, 0.0, 0.0);
}

#[test]
fn partitions_come_and_brokers_go() {
    let reads = ", members: 3, metadata_max_age: 20s, offset_reset: earliest";
    for seed in 1..=10 {
        let text = scenario(", metadata_max_age: 20s, key: {uniform: {keys: 50}}", reads, "")
            .replace("partitions: 4", "partitions: 4, replicas: 2, min_insync: 1")
            .replace("brokers: 2", "brokers: 3")
            .replace("seed: 1", &format!("seed: {seed}"));
        let outcome =
            sound(&format!("{text} - {{at: {{uniform: {{min: 95s, max: 115s}}}}, crash: brokers.1, for: 20s}}\n"));
        assert!(appended(&outcome).iter().all(|&records| records > 0), "{:?}", appended(&outcome));
        near(group(&outcome, "g").backlog, 0.0, 0.0);
    }
}

#[test]
fn a_topic_that_does_not_grow_is_asked_nothing() {
    let text = scenario(IN_TURN, ", members: 2", "");
    let never: Plan = plan(&text.replace("events:\n - {at: 100s, grow: topics.t, to: 8}\n", ""));
    assert!(!never.grows() && plan(&text).grows());
    assert_eq!(plan(&text).partitions(), 8);
}

#[test]
fn what_cannot_grow_is_refused() {
    let refused = |text: &str| {
        let scenario = conga::scenario::parse(text, "test.yaml", None, &[]).expect("it can be read");
        conga::plan::build::plan(&scenario).expect_err("it is refused").to_string()
    };
    let text = scenario(IN_TURN, ", members: 2", "");
    for (change, said) in [
        ("grow: topics.t, to: 4", "`t` has 4 partitions by then, and Kafka takes none away"),
        ("grow: topics.x, to: 8", "no topic is called `topics.x`"),
        ("grow: topics.t", "does not say how many partitions"),
        ("grow: topics.t, to: 8, every: 10s", "grows to a number of partitions once"),
        ("grow: topics.t, to: 8, for: 10s", "means nothing for `grow`"),
    ] {
        let said_so = refused(&text.replace("grow: topics.t, to: 8", change));
        assert!(said_so.contains(said), "{said_so}");
    }
    let twice = refused(&format!("{text} - {{at: 50s, grow: topics.t, to: 8}}\n"));
    assert!(twice.contains("events.0.to: `t` has 8 partitions by then"), "{twice}");
    let written = text.replace("work: 1ms, members: 2", "work: 1ms, members: 2, output: {topic: u}");
    let written = written.replace("{t: {partitions: 4}}", "{t: {partitions: 4}, u: {partitions: 2}}");
    let said = refused(&written.replace("grow: topics.t, to: 8", "grow: topics.u, to: 8"));
    assert!(said.contains("members of `g` write to it"), "{said}");
}
