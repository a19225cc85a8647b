//! The OpenMessaging Benchmark: a workload and a driver file for Kafka.
//!
//! Each subscription of a topic is a group of its own, as the benchmark makes them. Client settings of the driver go as
//! they are into properties files beside the scenario, where conga reads them as Kafka does. Keys as in
//! benchmark-framework's `Workload.java` and driver-kafka's `Config.java` of January 2026.
use super::draft::{Client, Draft, Line};
use super::{AS_FAST_AS_IT_CAN, Known, UNLIMITED};
use crate::scenario::nearest;
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// Topics at most, and groups: each topic is a producer and a group for each subscription.
const TOPICS: u32 = 1_000;
/// Keys that the benchmark's distributors choose from.
const KEYS: u32 = 10_000;
const MINUTE_S: f64 = 60.0;

/// Keys of a workload, and why some have no counterpart.
const WORKLOAD: [(&str, Option<&str>); 17] = [
    ("name", None),
    ("topics", None),
    ("partitionsPerTopic", None),
    ("keyDistributor", None),
    ("messageSize", None),
    ("subscriptionsPerTopic", None),
    ("producersPerTopic", None),
    ("consumerPerSubscription", None),
    ("producerRate", None),
    ("consumerBacklogSizeGB", None),
    ("testDurationMinutes", None),
    ("warmupDurationMinutes", None),
    ("backlogDrainRatio", Some("the run has the length it has; its report says when the lag was gone")),
    ("payloadFile", Some(PAYLOAD)),
    ("useRandomizedPayloads", Some(PAYLOAD)),
    ("randomBytesRatio", Some(PAYLOAD)),
    ("randomizedPayloadPoolSize", Some(PAYLOAD)),
];
const PAYLOAD: &str = "what is in a message matters only where it is compressed: write `message: {lines: FILE}`, \
                       `{json: …}` or `{generator: …}` then";

const DRIVER: [(&str, Option<&str>); 9] = [
    ("name", None),
    ("driverClass", None),
    ("replicationFactor", None),
    ("topicConfig", None),
    ("commonConfig", None),
    ("producerConfig", None),
    ("consumerConfig", None),
    ("reset", Some("every run begins with empty topics")),
    ("zoneAwareWorkers", Some("zones are not modelled")),
];

/// A scenario of a workload and a driver.
///
/// # Errors
/// What is wrong with them.
pub fn import(workload: &str, driver: &str, known: Known) -> Result<Draft, String> {
    if workload.contains("driverClass") && driver.contains("partitionsPerTopic") {
        return Err("the first file is a driver and the second a workload: name them the other way round".into());
    }
    let (load, kafka) = (keys(workload, &WORKLOAD, "the workload")?, keys(driver, &DRIVER, "the driver")?);
    let class = text(&kafka, "driverClass").unwrap_or_default();
    if !class.contains(".kafka.") {
        return Err(format!(
            "the driver is for `{class}`; only Kafka's can be imported, so name a file of driver-kafka"
        ));
    }
    let topics = whole(&load, "topics", 1)?;
    if topics > TOPICS {
        return Err(format!("{topics} topics are more than the {TOPICS} that a scenario may name"));
    }
    let subscriptions = whole(&load, "subscriptionsPerTopic", 0)?;
    if subscriptions.saturating_mul(topics) > TOPICS {
        return Err(format!(
            "{subscriptions} subscriptions of {topics} topics are more than the {TOPICS} groups of a scenario"
        ));
    }
    let replicas = known.replicas.map_or_else(|| whole(&kafka, "replicationFactor", 1), Ok)?;
    let brokers = known.brokers.unwrap_or(replicas.max(3));
    let mut draft = Draft {
        from: "a workload and a driver of the OpenMessaging Benchmark".into(),
        description: text(&load, "name").unwrap_or("a workload of the OpenMessaging Benchmark").to_owned(),
        brokers,
        ..Draft::default()
    };
    if known.brokers.is_none() {
        draft.assumes("brokers", format!("{brokers}, for the files do not say; `--brokers N` does"));
    }
    for (keys, said) in [(&WORKLOAD[..], &load), (&DRIVER[..], &kafka)] {
        let lost = keys.iter().filter(|(key, why)| why.is_some() && said.contains_key(*key));
        lost.for_each(|(key, why)| draft.loses(*key, why.unwrap_or_default()));
    }
    let partitions = known.partitions.map_or_else(|| whole(&load, "partitionsPerTopic", 1), Ok)?;
    let starts = clients(&load, topics, (partitions, replicas), &mut draft)?;
    settings(&kafka, &mut draft);
    let warmup = number(&load, "warmupDurationMinutes", 1.0)?;
    // The benchmark goes on until a backlog is gone; here it begins with the first reader.
    let duration = (warmup + number(&load, "testDurationMinutes", 1.0)?) * MINUTE_S + starts;
    draft.run = vec![("duration", format!("{duration}s")), ("warmup", format!("{}s", warmup * MINUTE_S))];
    Ok(draft)
}

fn clients(
    load: &Map<String, Value>,
    topics: u32,
    (partitions, replicas): (u32, u32),
    draft: &mut Draft,
) -> Result<f64, String> {
    let mut rate = number(load, "producerRate", 0.0)?;
    if rate == 0.0 {
        draft.assumes("producerRate", UNLIMITED);
        rate = AS_FAST_AS_IT_CAN;
    }
    let size = number(load, "messageSize", 0.0)?;
    let backlog = number(load, "consumerBacklogSizeGB", 0.0)? * f64::from(1 << 30);
    let mut sends: Vec<Line> = vec![
        ("instances", whole(load, "producersPerTopic", 1)?.to_string()),
        ("arrivals", format!("{{constant: {{rate: {}/s}}}}", rate / f64::from(topics))),
        ("message", format!("{{size: {size:.0} B}}")),
    ];
    match text(load, "keyDistributor") {
        None | Some("NO_KEY") => {}
        Some(keys @ ("KEY_ROUND_ROBIN" | "RANDOM_NANO")) => {
            sends.push(("key", format!("{{uniform: {{keys: {KEYS}}}}}")));
            if keys == "KEY_ROUND_ROBIN" {
                draft.assumes("keyDistributor", "keys are drawn, not taken in turn");
            }
        }
        Some(other) => return Err(format!("keyDistributor `{other}`: write NO_KEY, KEY_ROUND_ROBIN or RANDOM_NANO")),
    }
    let mut reads: Vec<Line> = vec![("members", whole(load, "consumerPerSubscription", 1)?.to_string())];
    let seconds = (backlog / (rate * size.max(1.0))).ceil();
    if backlog > 0.0 {
        reads.push(("starts", format!("{seconds}s")));
        draft.assumes("consumerBacklogSizeGB", format!("groups begin after {seconds:.0} s, when that much was sent"));
    }
    for topic in 0..topics {
        let name = if topics == 1 { "topic".to_owned() } else { format!("topic-{topic:03}") };
        draft.topics.push((name.clone(), partitions, replicas));
        let producer = if topics == 1 { "producer".to_owned() } else { format!("producer-{topic:03}") };
        draft.producers.push(Client { name: producer, topic: name.clone(), lines: sends.clone() });
        for subscription in 0..whole(load, "subscriptionsPerTopic", 0)? {
            let group = if topics == 1 {
                format!("sub-{subscription:03}")
            } else {
                format!("sub-{subscription:03}-{topic:03}")
            };
            draft.groups.push(Client { name: group, topic: name.clone(), lines: reads.clone() });
        }
    }
    Ok(seconds)
}

/// Settings of clients and topics, which the driver holds as the text of Java properties.
fn settings(kafka: &Map<String, Value>, draft: &mut Draft) {
    let lines = |key: &str| text(kafka, key).unwrap_or_default().lines().map(str::trim).collect::<Vec<_>>();
    let pairs = |key: &str| {
        let lines = lines(key).into_iter().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines
            .filter_map(|line| line.split_once('='))
            .map(|(k, v)| (k.trim().to_owned(), v.trim().to_owned()))
            .collect::<Vec<_>>()
    };
    for (key, _) in pairs("topicConfig") {
        draft.loses(format!("topicConfig {key}"), "set it by hand under `topics`, as far as `conga explain` knows it");
    }
    let common = pairs("commonConfig");
    for (own, file) in [("producerConfig", "producer.properties"), ("consumerConfig", "consumer.properties")] {
        let mut out = String::new();
        for (key, value) in common.iter().chain(&pairs(own)).filter(|(key, _)| key != "bootstrap.servers") {
            let _ = writeln!(out, "{key}={value}");
        }
        if !out.is_empty() {
            draft.beside.push((file, out));
        }
    }
    if common.iter().any(|(key, _)| key == "bootstrap.servers") {
        draft.loses("bootstrap.servers", "the simulated cluster has no address");
    }
}

/// The keys of a file, all of them known.
fn keys(yaml: &str, known: &[(&str, Option<&str>)], what: &str) -> Result<Map<String, Value>, String> {
    let read: Value = serde_yaml::from_str(yaml).map_err(|why| format!("{what} is no YAML: {why}"))?;
    let Value::Object(found) = read else { return Err(format!("{what} holds no keys")) };
    if let Some(key) = found.keys().find(|key| known.iter().all(|(one, _)| one != key)) {
        let near = nearest(key, known.iter().map(|(key, _)| *key));
        let remedy = near.map_or_else(|| "remove it".to_owned(), |near| format!("did you mean `{near}`?"));
        return Err(format!("{what} has no key `{key}`; {remedy}"));
    }
    Ok(found)
}

fn text<'m>(map: &'m Map<String, Value>, key: &str) -> Option<&'m str> {
    map.get(key).and_then(Value::as_str)
}

/// A number of at least nothing, which may stand as text.
fn number(map: &Map<String, Value>, key: &str, silent: f64) -> Result<f64, String> {
    let Some(value) = map.get(key) else { return Ok(silent) };
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    let number = number.filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| format!("{key}: `{value}` is no number of at least 0"))
}

/// A whole number of at least so much, which is also what silence means.
fn whole(map: &Map<String, Value>, key: &str, least: u32) -> Result<u32, String> {
    let number = number(map, key, f64::from(least))?;
    let fits = number.fract() == 0.0 && (f64::from(least)..=f64::from(u32::MAX)).contains(&number);
    fits.then_some(number as u32).ok_or_else(|| format!("{key}: {number} is no whole number of at least {least}"))
}
