//! Every law catches the bug it is there for: the rules are broken on purpose, one at a time, and the law must say so in
//! its words, on a scenario in which nothing is broken otherwise.
use crate::play::play;
use conga::model::sabotage::{self, Sabotage};

/// Replicas that lag behind, two members with more partitions than one, work that takes its time.
const SCENARIO: &str = "
topics: {events: {partitions: 6, replicas: 2}}
cluster: {ideal: true, brokers: 2, network: {delay: 200us}, replication: {delay: 3ms}}
producers:
  edge: {topic: events, instances: 2, arrivals: {poisson: {rate: 6k/s}}, linger: 1ms}
groups:
  workers: {topics: [events], members: 2, work: {exponential: {mean: 400us}}, commit: {every: 20}}
run: {duration: 1s, seed: 1}
";

/// A broker so slow that requests come back after their batches were given up.
const SLOW: &str = "
topics: {events: {partitions: 6, replicas: 2}}
cluster: {ideal: true, brokers: 2, request: {work: 30ms, threads: 1}}
producers:
  edge: {topic: events, instances: 2, arrivals: {poisson: {rate: 3k/s}}, delivery_timeout: 100ms}
run: {duration: 1s, seed: 1}
";

/// A log that keeps little, and two groups that read it.
const FORGETFUL: &str = "
topics: {events: {partitions: 6, retention: {time: 20ms, check: 5ms}}}
cluster: {ideal: true}
producers:
  edge: {topic: events, arrivals: {poisson: {rate: 6k/s}}, linger: 1ms}
groups:
  workers: {topics: [events], members: 2, work: 100us}
  late: {topics: [events], members: 2, starts: 500ms}
run: {duration: 1s, seed: 1}
";

/// Answers that now and then take longer than they are waited for.
const UNHEARD: &str = "
topics: {events: {partitions: 6}}
cluster: {ideal: true, network: {delay: {bimodal: {fast: 100us, slow: 300ms, share_slow: 0.02}}}}
producers:
  edge: {topic: events, arrivals: {poisson: {rate: 500/s}}, request_timeout: 200ms}
groups:
  workers: {topics: [events], members: 2, work: 100us}
run: {duration: 3s, drain: 20s, seed: 1}
";

/// A broker that crashes, and is back long after another has taken over.
const CRASHED: &str = "
topics: {events: {partitions: 3, replicas: 3, min_insync: 2}}
cluster: {brokers: 3}
producers:
  edge: {topic: events, arrivals: {poisson: {rate: 500/s}}}
groups:
  workers: {topics: [events], members: 2, work: 100us}
events: [{at: 2s, crash: brokers.1, for: 15s}]
run: {duration: 25s, drain: 20s, seed: 1}
";

/// The same where nobody waits for copies, which come late, and everything is kept until they have.
const TAIL: &str = "
topics: {events: {partitions: 3, replicas: 3}}
cluster: {brokers: 3, network: {delay: 20ms}}
producers:
  edge: {topic: events, instances: 2, arrivals: {poisson: {rate: 3k/s}}, acks: 1, linger: 0s}
groups:
  workers: {topics: [events], members: 3, work: 100us, starts: 22s}
events:
  - {at: 2s, crash: brokers.1, for: 15s}
  - {at: 2013ms, crash: brokers.0, for: 15s}
run: {duration: 25s, drain: 20s, seed: 1}
";

/// Each bug, and words of the law that catches it.
const CASES: [(Sabotage, &str); 14] = [
    (Sabotage::SkipOffset, "have no gap"),
    (Sabotage::DeliverTwice, "are processed once"),
    (Sabotage::LoseBatch, "arrive once and in order"),
    (Sabotage::WatermarkBack, "moves forward"),
    (Sabotage::TwoOwners, "has one owner"),
    (Sabotage::CommitAhead, "commits only what is processed"),
    (Sabotage::ReadUnreplicated, "only replicated records"),
    (Sabotage::FinishAhead, "is busy as long as its records take"),
    (Sabotage::AcknowledgeFailed, "accounts for what it sent"),
    (Sabotage::ForgetSequences, "arrive once and in order"),
    (Sabotage::LoseRead, "are lost once and unread"),
    (Sabotage::AcknowledgeEarly, "is on all replicas in sync"),
    (Sabotage::ElectAnybody, "has what all replicas in sync had"),
    (Sabotage::ForgetToTruncate, "cuts partition"),
];

/// The scenario on which a bug shows.
fn scenario(bug: Sabotage) -> &'static str {
    match bug {
        Sabotage::AcknowledgeFailed => SLOW,
        Sabotage::LoseRead => FORGETFUL,
        Sabotage::ForgetSequences => UNHEARD,
        Sabotage::AcknowledgeEarly | Sabotage::ElectAnybody => CRASHED,
        Sabotage::ForgetToTruncate => TAIL,
        _ => SCENARIO,
    }
}

/// The laws that are broken when this bug is played. One repetition runs in the calling thread, and so does the bug.
fn broken_by(bug: Option<Sabotage>, scenario: &str) -> Vec<String> {
    sabotage::play(bug);
    let outcome = play(scenario);
    sabotage::play(None);
    assert!(bug.is_none() || !outcome.result.passed, "a run that breaks a law does not pass: {bug:?}");
    outcome.result.broken_laws
}

#[test]
fn a_sound_run_breaks_no_law() {
    for scenario in [SCENARIO, SLOW, FORGETFUL, UNHEARD, CRASHED, TAIL] {
        assert_eq!(broken_by(None, scenario), Vec::<String>::new());
    }
}

#[test]
fn every_bug_breaks_its_law() {
    assert_eq!(CASES.map(|(bug, _)| bug), sabotage::ALL, "a case for every bug");
    for (bug, law) in CASES {
        let broken = broken_by(Some(bug), scenario(bug));
        assert!(broken.iter().any(|words| words.contains(law)), "{bug:?} does not break `{law}`: {broken:#?}");
    }
}
