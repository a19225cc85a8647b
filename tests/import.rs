//! Scenarios from other tools' files: each says what its file says, runs, and nothing of the file is lost in silence.
//!
//! Workloads, drivers and command lines have the keys and options of those that the projects publish.
use crate::cli::conga;
use conga::scenario;
use std::fmt::Write as _;
use std::path::Path;

/// A workload as the OpenMessaging Benchmark writes them, with some lines more.
fn workload(more: &str) -> String {
    format!(
        "name: a workload\ntopics: 1\npartitionsPerTopic: 16\nmessageSize: 1024\npayloadFile: \"payload/1Kb.data\"\n\
         subscriptionsPerTopic: 1\nconsumerPerSubscription: 1\nproducersPerTopic: 1\nproducerRate: 50000\n\
         consumerBacklogSizeGB: 0\ntestDurationMinutes: 15\n{more}"
    )
}

const DRIVER: &str = "
name: Kafka
driverClass: io.openmessaging.benchmark.driver.kafka.KafkaBenchmarkDriver
replicationFactor: 3
reset: true
topicConfig: |
  min.insync.replicas=2
commonConfig: |
  bootstrap.servers=localhost:9092
producerConfig: |
  acks=all
  linger.ms=1
  batch.size=131072
consumerConfig: |
  auto.offset.reset=earliest
  max.partition.fetch.bytes=10485760
";

/// What a case imports, and what the scenario and the answer then say.
struct Case<'c> {
    /// Its name.
    name: &'c str,
    /// After `conga import`.
    args: &'c [&'c str],
    /// Parts of the scenario.
    says: &'c [&'c str],
    /// Parts of the answer.
    tells: &'c [&'c str],
}

/// Command lines with the options that the tools have.
const COMMAND_LINES: [Case<'static>; 11] = [
    Case {
        name: "kafka",
        args: &[
            "kafka-perf",
            "--",
            "--topic",
            "t",
            "--num-records",
            "1000",
            "--record-size",
            "100",
            "--throughput",
            "50",
        ],
        says: &["messages: 1000", "rate: 50/s", "size: 100 B", "t: {partitions: 1"],
        tells: &["assumed: partitions"],
    },
    Case {
        name: "kafka-props",
        args: &[
            "kafka-perf",
            "--partitions",
            "12",
            "--",
            "kafka-producer-perf-test.sh",
            "--topic",
            "t",
            "--num-records",
            "9",
            "--record-size=10",
            "--throughput",
            "-1",
            "--producer-props",
            "acks=1",
            "linger.ms=20",
            "bootstrap.servers=localhost:9092",
            "--print-metrics",
        ],
        says: &["t: {partitions: 12", "kafka_properties: \"kafka-props.producer.properties\"", "rate: 100000/s"],
        tells: &["no counterpart: bootstrap.servers", "assumed: --throughput", "no counterpart: --print-metrics"],
    },
    Case {
        name: "kafka-both",
        args: &[
            "kafka-perf",
            "--",
            "bin/kafka-producer-perf-test.sh",
            "--topic",
            "t",
            "--num-records",
            "100",
            "--throughput",
            "10",
            "--payload-file",
            "p.txt",
            "kafka-consumer-perf-test",
            "--topic",
            "t",
            "--messages",
            "100",
            "--group",
            "readers",
            "--fetch-size",
            "4096",
            "--bootstrap-server",
            "localhost:9092",
        ],
        says: &["readers:", "max_partition_bytes: 4096 B"],
        tells: &["no counterpart: --payload-file", "no counterpart: --messages", "no counterpart: --bootstrap-server"],
    },
    Case {
        name: "kafka-warm",
        args: &[
            "kafka-perf",
            "--",
            "--topic",
            "t",
            "--num-records",
            "1000",
            "--throughput",
            "50",
            "--warmup-records",
            "100",
        ],
        says: &["warmup: 2s", "duration: 20s"],
        tells: &[],
    },
    Case {
        name: "rabbit",
        args: &["perftest", "--", "-x", "2", "-y", "4", "-r", "1000", "-s", "200", "-z", "60", "-u", "q", "-c", "100"],
        says: &["instances: 2", "rate: 2000/s", "workers: 4", "size: 200 B", "duration: 60s", "linger: 0ms"],
        tells: &["assumed: --consumers", "no counterpart: --queue", "assumed: --confirm"],
    },
    Case {
        name: "rabbit-long",
        args: &["perftest", "--", "--producers", "1", "--consumers", "1", "--rate", "100", "--time", "30", "--autoack"],
        says: &["acks: 0", "members: 1", "size: 12 B"],
        tells: &["no counterpart: --autoack"],
    },
    Case {
        name: "rabbit-steps",
        args: &["perftest", "--", "java", "-jar", "perf-test.jar", "-vr", "100:10", "-vr", "0:5", "-z", "20"],
        says: &["{for: 10s, rate: 100/s}, {for: 5s, rate: 0/s}, {for: 5s, rate: 100/s}]"],
        tells: &[],
    },
    Case {
        name: "rabbit-slow",
        args: &["perftest", "--", "-r", "10", "-L", "5000", "-q", "20", "-A", "10", "-csd", "3", "-z", "9"],
        says: &["work: 5000000ns", "max_records: 20", "commit: {every: 10}", "starts: 3s"],
        tells: &[],
    },
    Case {
        name: "rabbit-queues",
        args: &[
            "perftest", "--", "-qp", "q-%d", "-qpf", "1", "-qpt", "10", "-x", "10", "-y", "20", "-P", "5", "-qq", "-C",
            "9",
        ],
        says: &["queue: {partitions: 10, replicas: 3}", "members: 10", "workers: 2", "rate: 2/s", "messages: 90"],
        tells: &["no counterpart: --queue-pattern"],
    },
    Case {
        name: "rabbit-limited",
        args: &[
            "perftest",
            "--brokers",
            "3",
            "--",
            "-R",
            "200",
            "-z",
            "5",
            "-f",
            "persistent",
            "--json-body",
            "-h",
            "amqp://x",
        ],
        says: &["work: 5000000ns", "brokers: 3"],
        tells: &["assumed: --rate", "no counterpart: --flag", "no counterpart: --json-body", "no counterpart: --uri"],
    },
    Case {
        name: "rabbit-alone",
        args: &["perftest", "--", "-x", "1", "-y", "0", "-r", "10"],
        says: &["duration: 60s", "producer:"],
        tells: &["assumed: --time"],
    },
];

fn check(folder: &Path, case: &Case<'_>) {
    let Case { name, args, says, tells } = case;
    let out = format!("{name}.yaml");
    // What the tool is given comes last, after two dashes.
    let at = args.iter().position(|arg| *arg == "--").unwrap_or(args.len());
    let args = [&["import"], &args[..at], &["--out", &out], &args[at..]].concat();
    let ran = conga(folder, &args);
    assert_eq!(ran.code, Some(0), "{name}: {}{}", ran.out, ran.err);
    let yaml = std::fs::read_to_string(folder.join(&out)).expect("a scenario");
    for part in *says {
        assert!(yaml.contains(part), "{name}: `{part}` is not in\n{yaml}");
    }
    let told = ran.out + &ran.err;
    for part in *tells {
        assert!(told.contains(part), "{name}: `{part}` is not in\n{told}");
    }
    scenario::load(&folder.join(&out), &[]).expect("what is written is good");
}

#[test]
fn import_makes_scenarios_of_workloads() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    let replaced = |from: &str, to: &str| workload("").replace(from, to);
    file("driver.yaml", DRIVER);
    let cases: [(&str, String, &[&str], &[&str]); 8] = [
        (
            "plain",
            workload(""),
            &["topic: {partitions: 16, replicas: 3}", "rate: 50000/s", "size: 1024 B", "duration: 960s, warmup: 60s"],
            &["no counterpart: payloadFile", "no counterpart: topicConfig min.insync.replicas", "auto.offset.reset"],
        ),
        (
            "topics",
            replaced("topics: 1\n", "topics: 3\n"),
            &["topic-002: {partitions: 16", "producer-001:", "sub-000-002:", "rate: 16666.666666666668/s"],
            &["assumed: brokers"],
        ),
        (
            "many",
            replaced("producersPerTopic: 1", "producersPerTopic: 4")
                .replace("consumerPerSubscription: 1", "consumerPerSubscription: 4"),
            &["instances: 4", "members: 4"],
            &[],
        ),
        ("fan-out", replaced("subscriptionsPerTopic: 1", "subscriptionsPerTopic: 2"), &["sub-000:", "sub-001:"], &[]),
        ("fast", replaced("producerRate: 50000", "producerRate: 0"), &["rate: 100000/s"], &["assumed: producerRate"]),
        (
            "backlog",
            replaced("SizeGB: 0", "SizeGB: 10"),
            &["starts: 210s", "duration: 1170s"],
            &["groups begin after 210 s"],
        ),
        (
            "keys",
            workload("keyDistributor: KEY_ROUND_ROBIN\n"),
            &["key: {uniform: {keys: 10000}}"],
            &["keyDistributor"],
        ),
        (
            "random",
            workload("useRandomizedPayloads: true\nrandomBytesRatio: 0.5\nwarmupDurationMinutes: 2\n"),
            &["duration: 1020s, warmup: 120s"],
            &["randomBytesRatio", "useRandomizedPayloads"],
        ),
    ];
    for (name, load, says, tells) in &cases {
        file("load.yaml", load);
        check(folder.path(), &Case { name, args: &["omb", "load.yaml", "driver.yaml"], says, tells });
    }
    let properties = std::fs::read_to_string(folder.path().join("plain.producer.properties")).expect("settings");
    assert_eq!(properties, "acks=all\nlinger.ms=1\nbatch.size=131072\n");
    let resolved = scenario::load(&folder.path().join("plain.yaml"), &[]).expect("good");
    let (plan, _) = conga::plan::build::plan(&resolved).expect("good");
    assert_eq!(plan.producers[0].client.batch_size, 131_072, "settings of the driver are those of the producer");
}

#[test]
fn import_makes_scenarios_of_command_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    for case in &COMMAND_LINES {
        check(folder.path(), case);
    }
    let alone = std::fs::read_to_string(folder.path().join("rabbit-alone.yaml")).expect("a scenario");
    assert!(!alone.contains("groups:"), "nobody reads: {alone}");
    let ran = conga(folder.path(), &["run", "rabbit-steps.yaml", "--quiet", "--out", "ran"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let result = std::fs::read_to_string(folder.path().join("ran/result.json")).expect("a result");
    let result: serde_json::Value = serde_json::from_str(&result).expect("JSON");
    let offered = result["producers"]["producer"]["offered"].as_f64().expect("a count");
    assert!((1500.0 - offered).abs() < 200.0, "ten and five seconds at 100 a second: {offered}");
}

#[test]
fn import_refuses_what_it_does_not_know() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut seen = String::new();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    file("load.yaml", &workload(""));
    file("typo.yaml", &workload("producerrate: 3\n"));
    file("negative.yaml", &workload("").replace("producerRate: 50000", "producerRate: -5"));
    file("million.yaml", &workload("").replace("topics: 1\n", "topics: 1000000\n"));
    file("fan-out.yaml", &workload("").replace("subscriptionsPerTopic: 1", "subscriptionsPerTopic: 4000000000"));
    file("list.yaml", "- a\n");
    file("driver.yaml", DRIVER);
    file("pulsar.yaml", "driverClass: io.openmessaging.benchmark.driver.pulsar.PulsarBenchmarkDriver\n");
    for args in [
        &["omb", "typo.yaml", "driver.yaml"][..],
        &["omb", "negative.yaml", "driver.yaml"],
        &["omb", "million.yaml", "driver.yaml"],
        &["omb", "fan-out.yaml", "driver.yaml"],
        &["omb", "list.yaml", "driver.yaml"],
        &["omb", "load.yaml", "pulsar.yaml"],
        &["omb", "nowhere.yaml", "driver.yaml"],
        &["omb", "driver.yaml", "load.yaml"],
        &["perftest", "--", "--producer", "3"],
        &["perftest", "--", "-x", "many"],
        &["perftest", "--", "-x"],
        &["perftest", "--", "-vr", "100"],
        &["perftest", "--", "-vr", "100:1", "-vr", "1:1", "-z", "1000000"],
        &["perftest", "--", "--producers", "65536", "--producer-channel-count", "65536"],
        &["kafka-perf", "--", "--topic", "t"],
        &["kafka-perf", "--", "--topic", "t", "--num-records", "1", "--throughput", "1", "--producer-props", "acks"],
        &["kafka-perf", "--", "kafka-consumer-perf-test", "--topic", "t"],
    ] {
        let ran = conga(folder.path(), &[&["import"], args].concat());
        assert_eq!(ran.code, Some(2), "{args:?}: {}{}", ran.out, ran.err);
        assert!(ran.out.is_empty(), "{args:?}: {}", ran.out);
        let _ = write!(seen, "{}\n{}", args.join(" "), ran.err);
    }
    let ran = conga(folder.path(), &["import", "omb", "load.yaml", "driver.yaml", "--out", "load.yaml"]);
    assert_eq!(ran.code, Some(2), "{}", ran.out);
    assert_eq!(std::fs::read_to_string(folder.path().join("load.yaml")).expect("it stands"), workload(""));
    seen.push_str(&ran.err);
    insta::assert_snapshot!(seen);
}

#[test]
fn a_run_without_readers_tells_what_its_producers_did() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = ["import", "kafka-perf", "--", "--topic", "t", "--num-records", "1000", "--throughput", "500"];
    assert_eq!(conga(folder.path(), &args).code, Some(0));
    let ran = conga(folder.path(), &["run", "kafka-perf.yaml", "--quiet"]);
    let mut rows = ran.out.lines().filter(|line| line.starts_with("  producer "));
    let heading = rows.next().expect("a heading");
    assert!(heading.contains("acknowledged") && heading.contains("p99"), "{}", ran.out);
    let row = rows.next().expect("a row");
    assert_eq!(row.matches(" 1,000 ").count(), 2, "offered and acknowledged: {row}");
}
