//! A client's own properties file: every key does what the same key of a scenario does, and none is passed over quietly.
use conga::model::random::Distribution;
use conga::model::workload::Sizes;
use conga::plan::{Acks, AssignorPlan, ClientPlan, Commit, GroupPlan, PartitionerPlan, Plan, build};
use conga::scenario;
use conga::units::Span;

/// The plan of a scenario with two properties files beside it, or what is said against it.
fn planned(producer: (&str, &str), group: (&str, &str)) -> Result<Plan, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a writable folder");
    write("p.properties", producer.0);
    write("g.properties", group.0);
    write(
        "a.yaml",
        &format!(
            "topics: {{t: {{partitions: 6}}}}\nproducers:\n  p: {{topic: t, arrivals: {{poisson: {{rate: 1/s}}}}, \
             kafka_properties: p.properties{}}}\n\
             groups:\n  g: {{topics: [t], members: 3, kafka_properties: g.properties{}}}\nrun: {{duration: 10s}}\n",
            producer.1, group.1
        ),
    );
    let scenario = scenario::load(&folder.path().join("a.yaml"), &[]).map_err(|problems| problems.to_string())?;
    build::plan(&scenario).map(|(plan, _)| plan).map_err(|problems| problems.to_string())
}

fn producer(file: &str, more: &str) -> ClientPlan {
    planned((file, more), ("", "")).unwrap_or_else(|said| panic!("{said}")).producers[0].client.clone()
}

fn group(file: &str, more: &str) -> GroupPlan {
    planned(("", ""), (file, more)).unwrap_or_else(|said| panic!("{said}")).groups[0].clone()
}

#[test]
fn every_key_of_a_producer_is_taken_from_its_file() {
    let client = producer(
        "# as deployed\nbatch.size=32768\nlinger.ms: 20\ncompression.type none\nacks = 1\n\
         max.in.flight.requests.per.connection=1\nbuffer.memory=\\\n  67108864\nmax.block.ms=1000\nmax.request.size=2097152\n\
         partitioner.class=org.apache.kafka.clients.producer.RoundRobinPartitioner\n",
        "",
    );
    assert_eq!((client.batch_size, client.buffer, client.request_size), (32_768, 64 << 20, 2 << 20));
    assert_eq!((client.linger, client.max_block), (Span::from_ms(20), Span::from_ms(1_000)));
    assert_eq!((client.acks, client.max_in_flight, client.partitioner), (Acks::Leader, 1, PartitionerPlan::RoundRobin));
    let silent = producer("", "");
    assert_eq!((silent.batch_size, silent.acks, silent.request_size), (16_384, Acks::All, 1 << 20));
    assert_eq!(producer("batch.size=0", "").batch_size, 1, "as Kafka: a batch a record");
}

#[test]
fn every_key_of_a_group_is_taken_from_its_file() {
    let plan = group(
        "max.poll.records=50\nfetch.min.bytes=1024\nfetch.max.wait.ms=100\nfetch.max.bytes=1000000\n\
         max.partition.fetch.bytes=4096\nauto.commit.interval.ms=1000\nheartbeat.interval.ms=1500\ngroup.protocol=CLASSIC\n\
         partition.assignment.strategy=org.apache.kafka.clients.consumer.StickyAssignor, \
         org.apache.kafka.clients.consumer.RangeAssignor\n",
        "",
    );
    assert_eq!((plan.poll_records, plan.fetch_min_bytes, plan.fetch_max_bytes), (50, 1024, 1_000_000));
    assert_eq!((plan.fetch_max_partition_bytes, plan.fetch_max_wait), (4096, Span::from_ms(100)));
    assert_eq!((plan.heartbeat, plan.assignor), (Span::from_ms(1_500), AssignorPlan::Sticky));
    assert!(plan.commit == Commit::Auto(Span::from_ms(1_000)));
    assert!(group("enable.auto.commit=false\nauto.commit.interval.ms=7", "").commit == Commit::AfterPoll);
    for (name, assignor) in [
        ("RangeAssignor", AssignorPlan::Range),
        ("RoundRobinAssignor", AssignorPlan::RoundRobin),
        ("CooperativeStickyAssignor", AssignorPlan::CooperativeSticky),
    ] {
        let line = format!("partition.assignment.strategy=org.apache.kafka.clients.consumer.{name}");
        assert_eq!(group(&line, "").assignor, assignor);
    }
}

#[test]
fn what_the_scenario_says_goes_before_the_file() {
    let client = producer(
        "batch.size=1000\nlinger.ms=9\nacks=0\ncompression.type=zstd\npartitioner.class=com.example.Own",
        ", batch_size: 2 KiB, acks: 1, compression: none, partitioner: random",
    );
    assert_eq!((client.batch_size, client.acks, client.linger), (2048, Acks::Leader, Span::from_ms(9)));
    assert_eq!(client.partitioner, PartitionerPlan::Random);
    let plan = group(
        "max.poll.records=5\nfetch.min.bytes=9\nfetch.max.wait.ms=9\nenable.auto.commit=false\n\
         partition.assignment.strategy=com.example.Own",
        ", poll: {max_records: 7}, fetch: {min_bytes: 3 B}, commit: {every: 4}, assignor: roundrobin",
    );
    assert_eq!((plan.poll_records, plan.fetch_min_bytes, plan.fetch_max_wait), (7, 3, Span::from_ms(9)));
    assert!(plan.commit == Commit::Every(4) && plan.assignor == AssignorPlan::RoundRobin);
}

#[test]
fn what_changes_nothing_is_told_by_name() {
    let plan = planned(
        ("bootstrap.servers=a:9092\nlinger.ms=1\nlinger.ms=2\nclient.id=x", ""),
        ("enable.auto.commit=false\ncheck.crcs=false", ""),
    )
    .expect("a plan");
    assert_eq!(plan.producers[0].client.linger, Span::from_ms(2));
    let said = [
        "`p.properties` sets what is not simulated: `bootstrap.servers`, `client.id`",
        "p.properties:3: `linger.ms` stands on line 2, too; Java takes the last one",
        "`g.properties` sets what is not simulated: `check.crcs`",
        "g.properties:1: the application commits, and nobody says when",
    ];
    for line in said {
        assert!(plan.warnings.iter().any(|warning| warning.contains(line)), "{line}: {:#?}", plan.warnings);
    }
    assert_eq!(plan.warnings.len(), said.len(), "{:#?}", plan.warnings);
}

#[test]
fn delivery_takes_as_long_as_lingering_and_a_request_at_least() {
    let timeout = |file: &str| producer(file, "").delivery_timeout;
    assert_eq!(timeout(""), Span::from_ms(120_000));
    assert_eq!(timeout("delivery.timeout.ms=1000\nlinger.ms=10\nrequest.timeout.ms=990"), Span::from_ms(1_000));
    assert_eq!(timeout("request.timeout.ms=200000"), Span::from_ms(200_005), "Kafka raises what is silent");
    let plan = planned(("request.timeout.ms=200000", ""), ("", "")).expect("a good file");
    assert_eq!(plan.warnings, Vec::<String>::new(), "it is not said to be ignored");
    let said = planned(("request.timeout.ms=-1", ""), ("", "")).expect_err("no time is negative");
    assert!(said.contains("request.timeout.ms `-1` is out of range"), "{said}");
    let written = producer("delivery.timeout.ms=60000", ", delivery_timeout: 1s");
    assert_eq!(written.delivery_timeout, Span::from_ms(1_000), "the scenario goes before the file");
    let said = planned(("linger.ms=10\ndelivery.timeout.ms=30000", ""), ("", "")).expect_err("as Kafka refuses it");
    assert!(
        said.contains("p.properties:2: delivery.timeout.ms is less than linger.ms and request.timeout.ms"),
        "{said}"
    );
    assert!(said.contains("write at least 30010"), "{said}");
}

#[test]
fn a_greater_request_lets_greater_messages_pass() {
    let message = ", message: {size: 2 MiB}, buffer: 64 MiB";
    let said = planned(("", message), ("", "")).expect_err("too large for 1 MiB");
    assert!(said.contains("do not fit into a request of 1 MiB"), "{said}");
    let plan = planned(("max.request.size=3000000", message), ("", "")).expect("a plan");
    assert_eq!(plan.producers[0].message_size, Sizes::Law(Distribution::Constant(2_097_152.0)));
}
