//! Groups that commit before they work: no record is worked on twice or before it is committed, and none is lost while
//! everybody lives.
use crate::play::{group, play};
use conga::model::sabotage::{self, Sabotage};
use conga::outcome::result::GroupResult;

/// Four members, a way to the coordinator that takes its time, polls that do.
fn scenario(keys: &str, seed: u32, events: &str) -> String {
    format!(
        "topics: {{t: {{partitions: 8}}}}\ncluster: {{ideal: true, network: {{delay: 20ms}}}}\n\
         producers: {{p: {{topic: t, linger: 0s, partitioner: round-robin, arrivals: {{poisson: {{rate: 500/s}}}}}}}}\n\
         groups: {{g: {{topics: [t], members: 4, work: 4ms, heartbeat: 300ms, session_timeout: 3s, poll: {{max_records: 50}},\n\
         commit: {{before: work}}{keys}}}}}\nrun: {{duration: 20s, drain: 60s, seed: {seed}}}\nevents:\n{events}"
    )
}

const PROTOCOLS: [&str; 3] = [", assignor: range", ", assignor: cooperative-sticky", ", protocol: consumer"];

/// Over protocols and seeds; each run breaks no law.
fn each(events: &str, check: impl Fn(&GroupResult, &str)) {
    for keys in PROTOCOLS {
        for seed in 1..=10 {
            let text = scenario(keys, seed, events);
            let outcome = play(&text);
            assert_eq!(outcome.result.broken_laws, Vec::<String>::new(), "{text}");
            check(group(&outcome, "g"), &text);
        }
    }
}

#[test]
#[expect(clippy::float_cmp, reason = "counts")]
fn nothing_is_lost_or_done_twice_where_everybody_comes_and_goes_in_good_order() {
    let events = " - {at: 5s, join: groups.g}\n - {at: 8s, leave: groups.g.1}\n - {at: 11s, deploy: groups.g, for: 500ms, gap: 1s}\n";
    each(events, |g, text| assert_eq!([g.lost, g.duplicates, g.backlog], [0.0; 3], "{text}"));
}

#[test]
#[expect(clippy::float_cmp, reason = "counts")]
fn nothing_is_done_twice_though_members_die_and_are_cast_out() {
    let events = " - {at: 5s, every: 4s, pause: groups.g.any, for: 4s}\n - {at: 7s, crash: groups.g.any, for: 1s}\n";
    each(events, |g, text| {
        assert_eq!([g.duplicates, g.backlog], [0.0; 2], "{text}");
        assert_eq!(g.lost, g.lost_by.committed_unprocessed, "{text}");
    });
}

const PAUSES: &str = " - {at: 5s, every: 4s, pause: groups.g.any, for: 4s}\n";
const JOINS: &str = " - {at: 5s, every: 2s, join: groups.g}\n";

#[test]
fn each_bug_breaks_its_law() {
    for (bug, events, law) in [
        (Sabotage::WorkUncommitted, PAUSES, "works only on what it has committed"),
        (Sabotage::ForgetGranted, JOINS, "works on what it has committed of partition"),
    ] {
        let broken = |bug: Option<Sabotage>, seed: u32| {
            sabotage::play(bug);
            let outcome = play(&scenario(PROTOCOLS[seed as usize % 3], seed, events));
            sabotage::play(None);
            outcome.result.broken_laws
        };
        assert!((1..=9).any(|seed| broken(Some(bug), seed).iter().any(|words| words.contains(law))), "{bug:?}");
        assert!((1..=9).all(|seed| broken(None, seed).is_empty()), "{bug:?}");
    }
}
