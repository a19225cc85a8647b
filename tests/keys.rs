//! Every key of the schema does something: changed alone, a figure of the result changes with it.
//!
//! The keys come from the schema itself, so that a new one fails here until it has a row (`keys/table.rs`), and so does a
//! row whose key is gone. Keys and words without effect are listed with their reasons, and held to having none.
mod events;
mod schema;
mod table;

use conga::engine::{Watch, run};
use conga::outcome::result::Outcome;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::Ordering;
use table::{BASE, BESIDE, FILES, NOTHING, Row, TWINS};

/// A folder with the scenario and its files.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a writable folder");
    write("base.yaml", BASE);
    for (name, text) in FILES {
        write(name, text);
    }
    folder
}

/// What comes out of the scenario with these changes.
fn play(folder: &Path, sets: &[String]) -> Value {
    let scenario = conga::scenario::load(&folder.join("base.yaml"), sets);
    let scenario = scenario.unwrap_or_else(|problems| panic!("{sets:?}: {problems}"));
    let plan = conga::plan::build::plan(&scenario);
    let (plan, _) = plan.unwrap_or_else(|problems| panic!("{sets:?}: {problems}"));
    let watch = Watch::quiet();
    let outcome = run(&plan, &watch);
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new(), "{sets:?}");
    let mut all = seen(&outcome, watch.events.load(Ordering::Relaxed));
    // A simulation does no real work: what a live run would do is in the plan, and `tests/live.rs` sees it done.
    all["job"] = plan.groups.iter().map(|group| format!("{:?} {:?}", group.job, group.store)).collect();
    all
}

/// All that a user can see of a run, but for the digest of the scenario.
fn seen(outcome: &Outcome, events: u64) -> Value {
    let mut result = serde_json::to_value(&outcome.result).expect("a result is plain data");
    result["scenario"]["sha256"] = Value::Null;
    json!({
        "result": result,
        "partitions": format!("{:?}", outcome.partitions),
        "members": format!("{:?}", outcome.members),
        "rows": outcome.series.len(),
        "series": format!("{:?}", outcome.series),
        "events": events,
    })
}

/// The path of a key in the scenario of the table.
fn path(key: &str) -> String {
    let key = key.split('@').next().unwrap_or_default();
    let named = [
        ("topics.", "topics.t."),
        ("producers.", "producers.p."),
        ("groups.", "groups.g."),
        ("distribution", "groups.g.work"),
        ("events.", "events.0."),
        ("producers.arrivals.steps.", "producers.p.arrivals.steps.0."),
    ];
    let begins = named.iter().rev().find(|(begins, _)| key.starts_with(begins));
    begins.map_or_else(|| key.to_owned(), |(begins, with)| key.replacen(begins, with, 1))
}

/// The changes of a row for one of its values.
fn sets(row: &Row, value: &str) -> Vec<String> {
    let value = (!value.is_empty()).then(|| format!("{}={value}", path(row.key)));
    row.with.iter().map(|&set| set.to_owned()).chain(value).collect()
}

fn rows() -> impl Iterator<Item = &'static Row> {
    table::ROWS.iter().chain(table::ARRIVALS).chain(events::ROWS).chain(table::DISTRIBUTIONS)
}

#[test]
fn every_key_has_a_row_and_every_row_a_key() {
    let keys: BTreeSet<String> = schema::leaves().into_keys().collect();
    let listed = rows().map(|row| row.key).chain(NOTHING.iter().map(|(key, _, _)| *key));
    let listed: BTreeSet<String> = listed.map(str::to_owned).collect();
    let missing: Vec<&String> = keys.difference(&listed).collect();
    assert!(missing.is_empty(), "no row in tests/keys/table.rs changes {missing:?}");
    let gone: Vec<&String> = listed.difference(&keys).collect();
    assert!(gone.is_empty(), "the schema has no {gone:?}");
}

#[test]
fn every_key_changes_what_it_is_about() {
    let folder = folder();
    let mut ignored = Vec::new();
    for row in rows() {
        let [one, other] = [row.one, row.other].map(|value| play(folder.path(), &sets(row, value)));
        let [one, other] = [&one, &other].map(|seen| seen.pointer(row.figure));
        assert!(one.is_some() && other.is_some(), "{}: no figure {}", row.key, row.figure);
        if one == other {
            ignored.push(format!(
                "{}: {} is {} with `{}` and `{}`",
                row.key,
                row.figure,
                one.unwrap_or(&Value::Null),
                row.one,
                row.other
            ));
        }
    }
    assert!(ignored.is_empty(), "{ignored:#?}");
}

#[test]
fn what_is_said_to_change_nothing_changes_nothing() {
    let folder = folder();
    let silent = play(folder.path(), &[]);
    for (key, value, reason) in NOTHING {
        assert!(
            play(folder.path(), &[format!("{}={value}", path(key))]) == silent,
            "{key} does something: not {reason}"
        );
    }
}

/// Each word of a closed list, tried where its key has a row.
#[test]
fn every_word_means_something_of_its_own() {
    let folder = folder();
    let words = schema::leaves().into_iter().filter(|(key, words)| words.len() > 1 && key != "producers.key");
    let mut alike: BTreeSet<(String, Vec<String>)> = BTreeSet::new();
    for (key, words) in words {
        let row = rows().find(|row| row.key == key).unwrap_or_else(|| panic!("no row for {key}"));
        let mut figures: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for word in &words {
            let mut sets = sets(row, word);
            let beside = BESIDE.iter().filter(|(of, with, _)| *of == key && *with == word);
            sets.extend(beside.map(|(_, _, set)| (*set).to_owned()));
            let seen = play(folder.path(), &sets);
            let figure = seen.pointer(row.figure).unwrap_or_else(|| panic!("{key}: no figure {}", row.figure));
            figures.entry(figure.to_string()).or_default().push(word);
        }
        for same in figures.into_values().filter(|same| same.len() > 1) {
            alike.insert((key.clone(), same.iter().map(|&word| word.to_owned()).collect()));
        }
    }
    let known =
        TWINS.iter().map(|(key, words, _)| ((*key).to_owned(), words.iter().map(|&word| word.to_owned()).collect()));
    assert_eq!(alike, known.collect(), "words that come to the same, and those that are known to");
}

/// A property of a client, and the key that says the same.
const PROPERTIES: &[(&str, &str, &str)] = &[
    ("producer", "batch.size=300", "producers.p.batch_size=300 B"),
    ("producer", "linger.ms=20", "producers.p.linger=20ms"),
    ("producer", "acks=1", "producers.p.acks=1"),
    ("producer", "max.in.flight.requests.per.connection=2", "producers.p.max_in_flight=2"),
    ("producer", "buffer.memory=100000", "producers.p.buffer=100000 B"),
    ("producer", "max.block.ms=7", "producers.p.max_block=7ms"),
    ("producer", "delivery.timeout.ms=31000", "producers.p.delivery_timeout=31s"),
    ("producer", "request.timeout.ms=20000", "producers.p.request_timeout=20s"),
    ("producer", "retries=3", "producers.p.retries=3"),
    ("producer", "retry.backoff.ms=7", "producers.p.retry_backoff=7ms"),
    ("producer", "retry.backoff.max.ms=7", "producers.p.retry_backoff_max=7ms"),
    ("producer", "enable.idempotence=false", "producers.p.idempotence=false"),
    ("producer", "metadata.max.age.ms=7", "producers.p.metadata_max_age=7ms"),
    ("producer", "compression.type=zstd", "producers.p.compression=zstd"),
    (
        "producer",
        "partitioner.class=org.apache.kafka.clients.producer.RoundRobinPartitioner",
        "producers.p.partitioner=round-robin",
    ),
    ("consumer", "max.poll.interval.ms=7000", "groups.g.poll.max_interval=7s"),
    ("consumer", "max.poll.records=7", "groups.g.poll.max_records=7"),
    ("consumer", "fetch.min.bytes=7", "groups.g.fetch.min_bytes=7 B"),
    ("consumer", "fetch.max.wait.ms=7", "groups.g.fetch.max_wait=7ms"),
    ("consumer", "fetch.max.bytes=7", "groups.g.fetch.max_bytes=7 B"),
    ("consumer", "max.partition.fetch.bytes=7", "groups.g.fetch.max_partition_bytes=7 B"),
    ("consumer", "heartbeat.interval.ms=7", "groups.g.heartbeat=7ms"),
    ("consumer", "session.timeout.ms=7000", "groups.g.session_timeout=7s"),
    ("consumer", "metadata.max.age.ms=7", "groups.g.metadata_max_age=7ms"),
    ("consumer", "group.protocol=consumer", "groups.g.protocol=consumer"),
    ("consumer", "auto.commit.interval.ms=7", "groups.g.commit.auto=7ms"),
    ("consumer", "enable.auto.commit=false", "groups.g.commit.after=poll"),
    (
        "consumer",
        "partition.assignment.strategy=org.apache.kafka.clients.consumer.StickyAssignor",
        "groups.g.assignor=sticky",
    ),
];

/// Properties that are looked at, but say nothing that a key could: each with its reason.
const WITHOUT_KEY: &[(&str, &str, &str)] = &[
    (
        "producer",
        "max.request.size",
        "no key says it; `a_greater_request_lets_greater_messages_pass` holds it to its effect",
    ),
    ("producer", "partitioner.ignore.keys", "true is refused, false is what is simulated"),
];

/// Names of Kafka's properties, of producers and consumers, as its clients of 4.4 list them.
const NAMES: &str = include_str!("keys/kafka-4.4.tsv");

/// The plan with a line in the properties file of a client.
fn with_property(folder: &Path, client: &str, line: &str) -> Result<conga::plan::Plan, String> {
    std::fs::write(folder.join("one.properties"), line).expect("a writable folder");
    let name = if client == "producer" { "producers.p" } else { "groups.g" };
    let sets = [format!("{name}.kafka_properties=one.properties")];
    let scenario = conga::scenario::load(&folder.join("base.yaml"), &sets).map_err(|problems| problems.to_string())?;
    conga::plan::build::plan(&scenario).map(|(plan, _)| plan).map_err(|problems| problems.to_string())
}

/// Clients of a plan, as they will act.
fn clients(plan: &conga::plan::Plan) -> String {
    format!("{:?} {:?}", plan.producers[0].client, plan.groups[0])
}

#[test]
fn a_property_does_what_its_key_does() {
    let folder = folder();
    let planned = |sets: &[String]| {
        let scenario =
            conga::scenario::load(&folder.path().join("base.yaml"), sets).unwrap_or_else(|said| panic!("{said}"));
        clients(&conga::plan::build::plan(&scenario).expect("a plan").0)
    };
    for (client, line, key) in PROPERTIES {
        let plan = with_property(folder.path(), client, line).unwrap_or_else(|said| panic!("{line}: {said}"));
        assert_eq!(clients(&plan), planned(&[(*key).to_owned()]), "{line} is not {key}");
        assert!(clients(&plan) != planned(&[]), "{line} changes nothing");
    }
}

/// What is looked at is refused where it makes no sense; what is not is told.
#[test]
fn every_property_that_is_looked_at_has_its_key() {
    let folder = folder();
    let mut looked_at = BTreeSet::new();
    for name in NAMES.lines() {
        let (client, property) = name.split_once('\t').expect("a client and a name");
        if with_property(folder.path(), client, &format!("{property}=?")).is_err() {
            looked_at.insert((client, property));
        }
    }
    let keyed = PROPERTIES.iter().map(|(client, line, _)| (*client, line.split('=').next().unwrap_or_default()));
    let listed: BTreeSet<(&str, &str)> =
        keyed.chain(WITHOUT_KEY.iter().map(|(client, name, _)| (*client, *name))).collect();
    assert_eq!(looked_at, listed, "properties that are looked at, and those of which is known what they do");
}
