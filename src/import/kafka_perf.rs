//! Kafka's `kafka-producer-perf-test` and `kafka-consumer-perf-test`, by their command lines: one of them, or both in a row,
//! each after its name.
//!
//! Client settings go as they are into properties files beside the scenario, where conga reads them as Kafka does.
//! Options as in Kafka 4: tools/src/main/java/org/apache/kafka/tools/{Producer,Consumer}Performance.java.
use super::draft::{Client, Draft, Line, name};
use super::options::{Given, Known as Option_, Takes};
use super::{AS_FAST_AS_IT_CAN, Known, UNLIMITED};
use std::fmt::Write as _;

const WHERE: &str = "the simulated cluster has no address";
const SHOWN: &str = "how the tool prints what it found";

const PRODUCER: &[Option_] = &[
    ("topic", "", Takes::One, None),
    ("num-records", "", Takes::One, None),
    ("record-size", "", Takes::One, None),
    ("throughput", "", Takes::One, None),
    ("warmup-records", "", Takes::One, None),
    ("producer-props", "", Takes::All, None),
    ("command-property", "", Takes::All, None),
    ("payload-file", "", Takes::One, Some("copy the file beside the scenario and write `message: {lines: FILE}`")),
    ("payload-delimiter", "", Takes::One, Some("`message: {lines: FILE}` splits at line ends")),
    ("payload-monotonic", "", Takes::Nothing, Some("payloads are not numbers here")),
    ("producer.config", "", Takes::One, Some("name that file in `kafka_properties` of the producer")),
    ("command-config", "", Takes::One, Some("name that file in `kafka_properties`")),
    ("transactional-id", "", Takes::One, Some("transactions are not modelled")),
    ("transaction-duration-ms", "", Takes::One, Some("transactions are not modelled")),
    ("bootstrap-server", "", Takes::One, Some(WHERE)),
    ("reporting-interval", "", Takes::One, Some(SHOWN)),
    ("print-metrics", "", Takes::Nothing, Some(SHOWN)),
];

const CONSUMER: &[Option_] = &[
    ("topic", "", Takes::One, None),
    ("group", "", Takes::One, None),
    ("fetch-size", "", Takes::One, None),
    ("messages", "", Takes::One, Some("a group reads until its producers are done")),
    ("num-records", "", Takes::One, Some("a group reads until its producers are done")),
    ("command-property", "", Takes::All, None),
    ("consumer.config", "", Takes::One, Some("name that file in `kafka_properties` of the group")),
    ("command-config", "", Takes::One, Some("name that file in `kafka_properties` of the group")),
    ("from-latest", "", Takes::Nothing, Some("a group begins with its first record")),
    ("socket-buffer-size", "", Takes::One, Some("sockets are not modelled")),
    ("threads", "", Takes::One, Some("the tool itself ignores it")),
    ("num-fetch-threads", "", Takes::One, Some("the tool itself ignores it")),
    ("include", "", Takes::One, Some("a group names its topics")),
    ("timeout", "", Takes::One, Some("a simulated run ends with its scenario")),
    ("bootstrap-server", "", Takes::One, Some(WHERE)),
    ("broker-list", "", Takes::One, Some(WHERE)),
    ("reporting-interval", "", Takes::One, Some(SHOWN)),
    ("date-format", "", Takes::One, Some(SHOWN)),
    ("hide-header", "", Takes::Nothing, Some(SHOWN)),
    ("show-detailed-stats", "", Takes::Nothing, Some(SHOWN)),
    ("print-metrics", "", Takes::Nothing, Some(SHOWN)),
];

/// A scenario of one or both command lines.
///
/// # Errors
/// What is wrong with them.
pub fn import(args: &[String], known: Known) -> Result<Draft, String> {
    let (producer, consumer) = split(args);
    let Some(producer) = producer else {
        return Err(
            "a scenario needs a producer: add the command line of kafka-producer-perf-test, after its name".into()
        );
    };
    let given = Given::read("kafka-producer-perf-test", PRODUCER, &producer)?;
    let topic = name(given.one("topic").ok_or("kafka-producer-perf-test wants --topic")?);
    let replicas = known.replicas.unwrap_or(1);
    let brokers = known.brokers.unwrap_or(replicas.max(1));
    let mut draft = Draft {
        from: "the command lines of Kafka's performance tools".into(),
        description: format!("kafka-producer-perf-test on {topic}"),
        topics: vec![(topic.clone(), known.partitions.unwrap_or(1), replicas)],
        brokers,
        ..Draft::default()
    };
    if known.partitions.is_none() {
        draft.assumes("partitions", "1, as of a topic that Kafka creates by itself; say `--partitions N`");
    }
    if known.brokers.is_none() || known.replicas.is_none() {
        let told = format!("brokers: {brokers}, replicas: {replicas}; say `--brokers N --replicas N`");
        draft.assumes("cluster", told);
    }
    produce(&given, &topic, &mut draft)?;
    if let Some(args) = consumer {
        consume(&args, &topic, &mut draft)?;
    }
    Ok(draft)
}

/// The command lines of the producer and of the consumer; without a name it is the producer's.
fn split(args: &[String]) -> (Option<Vec<String>>, Option<Vec<String>>) {
    let (mut parts, mut at) = ([None, None], 0);
    for arg in args {
        let tool = arg.rsplit('/').next().unwrap_or_default();
        match tool.trim_end_matches(".sh").trim_end_matches(".bat") {
            "kafka-producer-perf-test" => at = 0,
            "kafka-consumer-perf-test" => at = 1,
            _ => {
                parts[at].get_or_insert_with(Vec::new).push(arg.clone());
                continue;
            }
        }
        parts[at].get_or_insert_with(Vec::new);
    }
    parts.into()
}

fn produce(given: &Given, topic: &str, draft: &mut Draft) -> Result<(), String> {
    let records = given.number("num-records", 1.0)?.ok_or("kafka-producer-perf-test wants --num-records")?;
    let rate = match given.number("throughput", -1.0)?.ok_or("kafka-producer-perf-test wants --throughput")? {
        rate if rate > 0.0 => rate,
        _ => {
            draft.assumes("--throughput", UNLIMITED);
            AS_FAST_AS_IT_CAN
        }
    };
    let mut lines: Vec<Line> =
        vec![("arrivals", format!("{{constant: {{rate: {rate}/s}}}}")), ("messages", format!("{records:.0}"))];
    if let Some(size) = given.count("record-size")? {
        lines.push(("message", format!("{{size: {size} B}}")));
    }
    draft.producers.push(Client { name: "producer".into(), topic: topic.into(), lines });
    if let Some(warmup) = given.number("warmup-records", 0.0)? {
        draft.run.push(("warmup", format!("{}s", warmup / rate)));
        draft.run.push(("duration", format!("{}s", records / rate)));
    }
    let props = [given.all("producer-props"), given.all("command-property")].concat();
    beside("producer.properties", &props, draft)?;
    given.lost(PRODUCER).for_each(|(key, why)| draft.loses(key, why));
    Ok(())
}

fn consume(args: &[String], topic: &str, draft: &mut Draft) -> Result<(), String> {
    let given = Given::read("kafka-consumer-perf-test", CONSUMER, args)?;
    if given.one("topic").is_some_and(|other| name(other) != topic) {
        return Err(format!("the consumer reads another topic than `{topic}`, to which the producer writes"));
    }
    let mut lines: Vec<Line> = vec![("members", "1".into())];
    if let Some(size) = given.count("fetch-size")? {
        lines.push(("fetch", format!("{{max_partition_bytes: {size} B}}")));
    }
    let group = name(given.one("group").unwrap_or("perf-consumer"));
    draft.groups.push(Client { name: group, topic: topic.into(), lines });
    beside("consumer.properties", given.all("command-property"), draft)?;
    given.lost(CONSUMER).for_each(|(key, why)| draft.loses(key, why));
    Ok(())
}

/// Settings as a properties file, but for the address.
fn beside(file: &'static str, props: &[String], draft: &mut Draft) -> Result<(), String> {
    let mut text = String::new();
    for prop in props {
        let (key, value) = prop.split_once('=').ok_or_else(|| format!("`{prop}` is no setting: write KEY=VALUE"))?;
        if key == "bootstrap.servers" {
            draft.loses(key, WHERE);
        } else {
            let _ = writeln!(text, "{key}={value}");
        }
    }
    if !text.is_empty() {
        draft.beside.push((file, text));
    }
    Ok(())
}
