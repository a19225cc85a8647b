//! Members that write to a topic, and come and go in real time: nothing is lost with them, what they had not committed is
//! written once more, with the right bytes, and whoever ends in good order leaves nothing behind.
use super::befalls::{fast, reasons_of};
use super::{Settings, live, sound};
use crate::cli::conga;
use crate::play::{group, play, producer};
use conga::outcome::result::Outcome;
use conga::units::Span;
use conga::work::{Done, Failed, Item, Labour, Place};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Two groups, one behind the other; of the first some keys are given, and what befalls it.
fn pipeline(first: &str, output: &str, events: &str) -> String {
    format!(
        "topics: {{raw: {{partitions: 6}}, made: {{partitions: 4}}}}\n\
         cluster: {{ideal: true, brokers: 2, network: {{delay: 1ms}}}}\n\
         producers: {{edge: {{topic: raw, arrivals: {{constant: {{rate: 400/s}}}}, linger: 5ms, partitioner: round-robin}}}}\n\
         groups:\n  makers: {{topics: [raw], members: 3, work: 2ms, heartbeat: 500ms, session_timeout: 2s{first},\n    \
         output: {{topic: made, compression: lz4, linger: 500ms{output}}}}}\n  \
         readers: {{topics: [made], members: 2, work: 500us}}\n\
         run: {{duration: 14s, drain: 60s, seed: 7, interval: 500ms}}\nevents: [{events}]\n"
    )
}

/// How many records were written, and of them once more; each is read and every account agrees.
fn written(outcome: &Outcome) -> [u64; 2] {
    sound(outcome);
    let (makers, readers, made) = (group(outcome, "makers"), group(outcome, "readers"), &outcome.result.topics[1].1);
    let output = producer(outcome, "makers-output");
    assert_eq!([makers.backlog, readers.backlog, output.in_flight].map(|n| n as u64), [0; 3], "all is done");
    assert_eq!(readers.processed as u64, made.appended as u64, "what is written is read");
    let again = output.rewritten.expect("told where members can be gone");
    assert!(again <= makers.duplicates, "{again} written once more of {} processed again", makers.duplicates);
    [made.appended, again].map(|n| n as u64)
}

/// Every record that the makers processed is there, once but for what was written once more.
fn nothing_is_lost(outcome: &Outcome) -> u64 {
    let [appended, again] = written(outcome);
    assert_eq!(group(outcome, "makers").processed as u64, 5_600);
    assert_eq!(appended - again, 5_600, "each record is written, and {again} once more");
    again
}

/// What was in the buffers of whoever was gone, and never left.
fn failed(outcome: &Outcome) -> u64 {
    producer(outcome, "makers-output").failed as u64
}

/// What is not as in the simulator, in words.
fn differences(sim: &Outcome, live: &Outcome) -> Vec<String> {
    let mut found = Vec::new();
    let told = [sim, live].map(|outcome| reasons_of(outcome, "makers"));
    if told[0] != told[1] {
        found.push(format!("{:?} simulated, {:?} live", told[0], told[1]));
    }
    let mut near = |what: &str, sim: u64, live: u64| {
        if sim.abs_diff(live) > 80 + sim / 5 {
            found.push(format!("{what}: {sim} simulated, {live} live"));
        }
    };
    near("written once more", nothing_is_lost(sim), nothing_is_lost(live));
    near("lost with a buffer", failed(sim), failed(live));
    near("processed again", group(sim, "makers").duplicates as u64, group(live, "makers").duplicates as u64);
    found
}

/// Plays it in both engines; on a machine that others use too, one undisturbed run is enough.
fn as_simulated(yaml: &str) -> [Outcome; 2] {
    let sim = play(yaml);
    let mut found = Vec::new();
    for _ in 0..4 {
        let live = live(yaml, &fast());
        found = differences(&sim, &live);
        if found.is_empty() {
            return [sim, live];
        }
    }
    panic!("four times out of four: {found:#?}\n{yaml}");
}

#[test]
fn what_a_lost_live_member_had_not_committed_is_written_again() {
    for first in [", commit: {auto: 3s}", ", commit: {every: 20}", ", commit: {auto: 3s}, protocol: consumer"] {
        let crash = "{at: 4500ms, crash: groups.makers.1, for: 4s}";
        for outcome in as_simulated(&pipeline(first, "", crash)) {
            let engine = &outcome.result.engine;
            assert!(failed(&outcome) > 0, "{engine}: something lingers at any time{first}");
            let often = nothing_is_lost(&outcome) > 50;
            assert!(often || first.contains("every"), "{engine}: a second of work had been written{first}");
        }
    }
}

#[test]
fn live_members_that_end_in_good_order_write_what_they_have() {
    let events = [
        "{at: 2s, deploy: groups.makers, for: 1s, gap: 3s}",
        "{at: 3s, scale: groups.makers, to: 5}, {at: 8s, scale: groups.makers, to: 2}",
        "{at: 3s, leave: groups.makers.2}, {at: 8s, join: groups.makers}",
    ];
    let firsts = ["", ", commit: {after: poll}", ", assignor: cooperative-sticky"];
    for (first, events) in firsts.into_iter().zip(events) {
        // Nothing but the end of its member makes such a batch leave in time.
        let yaml = pipeline(first, "", events).replace("linger: 500ms", "linger: 20s");
        for outcome in [play(&yaml), live(&yaml, &fast())] {
            let engine = &outcome.result.engine;
            assert_eq!([nothing_is_lost(&outcome), failed(&outcome)], [0; 2], "{engine}{first}: {events}");
        }
    }
}

#[test]
fn dead_letters_of_a_lost_live_member_are_written_all_the_same() {
    let events = "{at: 0s, poison: topics.raw, share: 10%}, {at: 4500ms, crash: groups.makers.any, for: 4s}";
    let yaml = pipeline(", retry: {attempts: 2}", "", events);
    let yaml = yaml.replace("output: {topic: made, compression: lz4, linger: 500ms}", "dead_letter: {topic: made}");
    let letters = [play(&yaml), live(&yaml, &fast())].map(|outcome| {
        let [appended, again] = written(&outcome);
        let makers = group(&outcome, "makers");
        assert_eq!((makers.processed + makers.dead_lettered) as u64, 5_600);
        assert_eq!(appended - again, makers.dead_lettered as u64);
        makers.dead_lettered as u64
    });
    // Which records fail follows from their places.
    assert!(letters[0] == letters[1] && letters[0] > 400, "{letters:?}");
}

#[test]
fn live_brokers_may_fail_as_well() {
    let events = "{at: 4s, crash: brokers.1, for: 4s}, {at: 4500ms, crash: groups.makers.any, for: 4s}";
    let yaml = pipeline("", ", acks: all", events)
        .replace("{partitions: 6}", "{partitions: 6, replicas: 2}")
        .replace("{partitions: 4}", "{partitions: 4, replicas: 2}")
        .replace("brokers: 2", "brokers: 3, replication: {session_timeout: 3s, heartbeat: 500ms, lag_max: 2s}");
    for outcome in [play(&yaml), live(&yaml, &fast())] {
        let ([appended, again], processed) = (written(&outcome), group(&outcome, "makers").processed as u64);
        assert_eq!(processed, 5_600);
        // What was under way to a broker that was gone as well counts as written, and is not.
        assert!((processed..=processed + again).contains(&appended), "{appended}, {again}, {processed}");
    }
}

/// Writes where each record came from; at the end of the line, keeps what arrives.
#[derive(Debug)]
struct Signer(Arc<Mutex<BTreeMap<String, u64>>>);

impl Labour for Signer {
    fn work(&mut self, place: &Place<'_>, items: &[Item<'_>], done: &mut Done) -> Result<(), Failed> {
        for item in items {
            if place.group == "readers" {
                let text = String::from_utf8(item.value.to_vec()).expect("text");
                *self.0.lock().expect("one at a time").entry(text).or_default() += 1;
            } else {
                done.results.extend(format!("{}/{}", place.partition, item.offset).bytes());
                done.ends.push(done.results.len());
            }
            done.took.push(Span::from_ns(200_000));
        }
        Ok(())
    }
}

#[test]
fn what_is_written_again_says_what_it_said() {
    let events = "{at: 3s, crash: groups.makers.1, for: 3s}, {at: 8s, restart: groups.makers.0, for: 1s}, \
                  {at: 10s, join: groups.makers}, {at: 11s, crash: groups.makers.2}";
    let heard = Arc::new(Mutex::new(BTreeMap::new()));
    let hire = |_, _| Some(Box::new(Signer(Arc::clone(&heard))) as Box<dyn Labour>);
    let outcome = live(&pipeline(", commit: {auto: 3s}", "", events), &Settings { hire: &hire, ..fast() });
    let again = nothing_is_lost(&outcome);
    let heard = heard.lock().expect("one at a time");
    let signed: BTreeMap<String, u64> =
        outcome.partitions.iter().filter(|row| row.topic == "raw").fold(BTreeMap::new(), |mut all, row| {
            all.extend((0..row.appended).map(|offset| (format!("{}/{offset}", row.partition), 1)));
            all
        });
    assert!(heard.keys().eq(signed.keys()), "every record has its own bytes");
    assert_eq!((heard.len() as u64, heard.values().sum::<u64>()), (5_600, 5_600 + again));
    assert!(again > 50, "two had written what was not committed: {again}");
}

#[test]
fn members_that_write_are_gone_only_where_they_are_no_processes() {
    let folder = tempfile::tempdir().expect("a folder");
    let yaml = pipeline("", "", "{at: 2s, crash: groups.makers.1, for: 1s}").replace("duration: 14s", "duration: 6s");
    std::fs::write(folder.path().join("writes.yaml"), yaml).expect("a file");
    let run = |args: &[&str]| conga(folder.path(), &[&["run", "writes.yaml", "--engine", "live"], args].concat());
    let together = run(&["--speed", "4x", "--out", "out"]);
    assert!(matches!(together.code, Some(0 | 3)), "{:?} {}", together.code, together.err);
    let apart = run(&["--processes", "2"]);
    assert!(apart.code == Some(2) && apart.err.contains("`crash: groups.makers.1`"), "{}", apart.err);
}
