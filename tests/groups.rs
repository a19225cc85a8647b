//! Groups that change, by the classic protocol: stories told as scenarios, and what Kafka would do.
use crate::play::play;
use conga::outcome::result::{GroupResult, Outcome};

fn group(outcome: &Outcome) -> &GroupResult {
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new());
    &outcome.result.groups[0].1
}

/// Four members that read twelve partitions, and a hundred records a second of a millisecond each.
fn scenario(group: &str, run: &str, more: &str) -> String {
    format!(
        "topics: {{events: {{partitions: 12}}}}
cluster: {{ideal: true}}
producers:
  edge: {{topic: events, arrivals: {{poisson: {{rate: 100/s}}}}}}
groups:
  workers: {{topics: [events], members: 4, work: 1ms, {group}}}
run: {{{run}, seed: 1}}
{more}"
    )
}

#[test]
fn a_cold_group_joins_and_reads_from_the_beginning() {
    let yaml = scenario("start: cold, offset_reset: earliest", "duration: 60s, drain: 10s", "");
    let outcome = play(&yaml);
    let group = group(&outcome);
    eprintln!("{group:#?}");
    assert!(false);
}

#[test]
fn others_take_over_from_a_member_that_crashed() {
    let yaml =
        scenario("session_timeout: 45s", "duration: 200s, drain: 10s", "events: [{at: 60s, crash: groups.workers.1}]");
    let outcome = play(&yaml);
    let group = group(&outcome);
    eprintln!("{group:#?}");
    assert!(false);
}
