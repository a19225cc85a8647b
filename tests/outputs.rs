//! Groups that write what they have made to a topic, and whose members come and go: nothing is lost with a member, what it had
//! not committed is written once more, and whoever ends in good order leaves nothing behind.
use crate::play::{group, plan, play, producer};
use crate::swarm::differences;
use conga::engine::{Watch, run};
use conga::model::sabotage::{self, Sabotage};
use conga::outcome::result::Outcome;

/// Two groups, one behind the other; of the first some keys are given, and what befalls it.
fn pipeline(first: &str, output: &str, seed: u32, events: &str) -> String {
    format!(
        "topics: {{raw: {{partitions: 6}}, made: {{partitions: 4}}}}\n\
         cluster: {{brokers: 2, network: {{delay: 2ms}}}}\n\
         producers: {{edge: {{topic: raw, arrivals: {{poisson: {{rate: 300/s}}}}}}}}\n\
         groups:\n  makers: {{topics: [raw], members: 3, work: {{exponential: {{mean: 2ms}}}}, session_timeout: 10s{first}, \
         output: {{topic: made, linger: 20ms{output}}}}}\n  \
         readers: {{topics: [made], members: 2, work: 1ms}}\n\
         run: {{duration: 60s, drain: 300s, seed: {seed}}}\nevents: [{events}]\n"
    )
}

/// Records that the makers wrote, and of them those that they wrote once more.
#[expect(clippy::float_cmp, reason = "counts: whole numbers below 2^53, which add up exactly")]
fn written(outcome: &Outcome) -> [f64; 2] {
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new());
    let (makers, readers, made) = (group(outcome, "makers"), group(outcome, "readers"), &outcome.result.topics[1].1);
    let output = producer(outcome, "makers-output");
    assert_eq!([makers.backlog, readers.backlog, output.in_flight], [0.0; 3], "all is done");
    assert_eq!(readers.processed, made.appended, "what is written is read");
    let again = output.rewritten.expect("told where members can be gone");
    [made.appended, again]
}

/// Every record that the makers processed is there, once but for what was written once more.
#[track_caller]
#[expect(clippy::float_cmp, reason = "counts: whole numbers below 2^53, which add up exactly")]
fn nothing_is_lost(outcome: &Outcome) -> f64 {
    let [appended, again] = written(outcome);
    let makers = group(outcome, "makers");
    assert_eq!(makers.processed, producer(outcome, "edge").acked);
    assert_eq!(appended - again, makers.processed, "each record is written, and {again} once more");
    assert!(again <= makers.duplicates, "{again} written once more of {} processed again", makers.duplicates);
    again
}

const WAYS: [&str; 5] = [
    "",
    ", commit: {every: 20}",
    ", commit: {after: poll}",
    ", workers: 3, assignor: cooperative-sticky",
    ", protocol: consumer",
];

#[test]
fn what_a_lost_member_had_not_committed_is_written_again() {
    for first in WAYS {
        let (mut again, mut lost) = (0.0, 0.0);
        for seed in 1..=20 {
            let events = "{at: {uniform: {min: 20s, max: 30s}}, crash: groups.makers.any, for: 4s}, \
                          {at: {uniform: {min: 40s, max: 50s}}, crash: groups.makers.1}";
            let first = first.replace("protocol: consumer", "protocol: consumer, heartbeat: 1s");
            let outcome = play(&pipeline(&first, "", seed, events));
            again += nothing_is_lost(&outcome);
            // What was in the buffers of whoever was gone never left.
            lost += producer(&outcome, "makers-output").failed;
        }
        assert!(again > 5.0, "some had been written: {again} in twenty runs{first}");
        assert!(lost > 5.0, "some had not: {lost} in twenty runs{first}");
    }
}

#[test]
#[expect(clippy::float_cmp, reason = "counts: whole numbers below 2^53, which add up exactly")]
fn who_ends_in_good_order_writes_what_it_has() {
    let events = [
        "{at: 20s, deploy: groups.makers, for: 3s, gap: 8s}",
        "{at: 20s, scale: groups.makers, to: 5}, {at: 35s, scale: groups.makers, to: 2}",
        "{at: 20s, leave: groups.makers.2}, {at: 30s, join: groups.makers}",
    ];
    for first in ["", ", commit: {after: poll}", ", assignor: cooperative-sticky", ", protocol: consumer"] {
        for events in events {
            for seed in 1..=7 {
                // Nothing but the end of its member makes such a batch leave in time.
                let yaml = pipeline(first, "", seed, events).replace("linger: 20ms", "linger: 15s");
                let outcome = play(&yaml);
                let again = nothing_is_lost(&outcome);
                assert_eq!(again, 0.0, "{first}: {events}, seed {seed}");
                assert_eq!(producer(&outcome, "makers-output").failed, 0.0, "{first}: {events}, seed {seed}");
            }
        }
    }
}

#[test]
fn who_commits_what_is_not_written_breaks_a_law() {
    let events = "{at: 25s, crash: groups.makers.0, for: 2s}";
    // Kafka's client commits every five seconds: each time something lingers.
    let yaml = pipeline(", commit: {every: 10}", "", 1, events);
    nothing_is_lost(&play(&yaml));
    sabotage::play(Some(Sabotage::CommitUnwritten));
    let outcome = play(&yaml);
    sabotage::play(None);
    let broken = &outcome.result.broken_laws;
    assert!(broken.iter().any(|law| law.contains("commits only what it has written")), "{broken:#?}");
}

#[test]
fn dead_letters_of_a_lost_member_are_written_all_the_same() {
    let mut again = 0.0;
    for seed in 1..=20 {
        let events = "{at: 0s, poison: topics.raw, share: 10%}, \
                      {at: {uniform: {min: 20s, max: 30s}}, crash: groups.makers.any, for: 4s}";
        let yaml = pipeline(", retry: {attempts: 2}", "", seed, events);
        let yaml = yaml.replace("output: {topic: made, linger: 20ms}", "dead_letter: {topic: made}");
        let outcome = play(&yaml);
        let ([appended, more], makers) = (written(&outcome), group(&outcome, "makers"));
        assert!(
            (appended - more - makers.dead_lettered).abs() < 0.5,
            "seed {seed}: {appended}, {more}, {}",
            makers.dead_lettered
        );
        again += more;
    }
    assert!(again > 0.0, "some had been written");
}

#[test]
fn brokers_may_fail_as_well() {
    for seed in 1..=20 {
        let events = "{at: {uniform: {min: 15s, max: 25s}}, crash: brokers.1, for: 20s}, \
                      {at: {uniform: {min: 16s, max: 30s}}, crash: groups.makers.any, for: 4s}";
        let yaml = pipeline("", ", acks: all", seed, events);
        let yaml = yaml.replace("{partitions: 6}", "{partitions: 6, replicas: 2}");
        let yaml = yaml.replace("{partitions: 4}", "{partitions: 4, replicas: 2}");
        let outcome = play(&yaml.replace("brokers: 2", "brokers: 3"));
        let ([appended, again], makers) = (written(&outcome), group(&outcome, "makers"));
        // What was under way to a broker that was gone as well counts as written, and is not.
        assert!(
            (makers.processed..=makers.processed + again).contains(&appended),
            "seed {seed}: {appended}, {again}, {}",
            makers.processed
        );
    }
}

#[test]
fn what_several_workers_finish_is_sent_on_whenever_anybody_looks() {
    // A commit waits until all is written, and meanwhile other workers finish more.
    for (seed, linger) in [(1, "1s"), (2, "5ms"), (3, "1s")] {
        let first = ", workers: 3, commit: {after: poll}";
        let events = "{at: 20s, restart: groups.makers.0, for: 1s}";
        let mut plan = plan(&pipeline(first, "", seed, events).replace("20ms", linger));
        let outcome = run(&plan, &Watch::quiet());
        nothing_is_lost(&outcome);
        plan.run.interval = plan.run.interval.times(7);
        let other = run(&plan, &Watch::quiet());
        assert_eq!(differences(&outcome.result, &other.result), Vec::new(), "seed {seed}");
    }
}
