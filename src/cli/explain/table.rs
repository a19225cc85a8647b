//! What the schema does not say of a key: Kafka's name for it, what one gains and pays by turning it, and a value.
//!
//! What it means and its default are in the schema, and not repeated here. Rows stand for one key each, or for the same
//! key in several places. Parameters of a law are explained with the law.

mod brokers;
mod events;
mod laws;
mod membership;

use brokers::BROKERS;
use events::EVENTS;
use laws::LAWS;
use membership::MEMBERSHIP;

/// What is known of a key beside the schema.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Where it may stand, without the names that the user gives.
    pub paths: &'static [&'static str],
    /// Kafka's configuration, if it has one: of the client, the broker or the topic.
    pub kafka: &'static str,
    /// What more of it brings and costs.
    pub trade_off: &'static str,
    /// A value as one would write it.
    pub example: &'static str,
}

pub(super) const fn row(
    paths: &'static [&'static str],
    kafka: &'static str,
    trade_off: &'static str,
    example: &'static str,
) -> Row {
    Row { paths, kafka, trade_off, example }
}

/// Everything, in the order of the schema.
pub const ROWS: [&[Row]; 8] = [SYSTEM, BROKERS, PRODUCERS, GROUPS, MEMBERSHIP, EVENTS, RUN, LAWS];

const SYSTEM: &[Row] = &[
    row(&["name"], "", "Names the folder of the result; letters, digits, `-` and `_`.", "checkout"),
    row(&["description"], "", "Stands in the report; costs nothing.", "What happens at ten times the load"),
    row(
        &["topics"],
        "",
        "Every name that producers and groups use has to be here.",
        "{events: {partitions: 12}, results: {partitions: 6}}",
    ),
    row(
        &["topics.partitions"],
        "num.partitions",
        "The most members of a group that can work at once. More of them leave room to grow and spread keys better, but \
         batches get smaller, requests more, and keys move when the number changes.",
        "12",
    ),
    row(
        &["topics.replicas"],
        "default.replication.factor",
        "Copies survive the loss of brokers. Each one more costs network and disk, and with `acks: all` a write waits for \
         them.",
        "1",
    ),
    row(&["cluster"], "", "What is silent comes from a profile that nobody has measured.", "{brokers: 3}"),
    row(
        &["cluster.ideal"],
        "",
        "Brokers and network cost nothing, so that only clients show: good for questions about members and their work, too \
         good for questions about latencies of a millisecond.",
        "true",
    ),
    row(&["cluster.brokers"], "", "More of them share requests and bytes; batches of a request get fewer.", "3"),
    row(&["cluster.network"], "", "Matters where requests are small or links are full.", "{delay: 1ms}"),
    row(
        &["cluster.network.delay"],
        "",
        "A record pays it twice, to the broker and on to a member; its acknowledgement once more.",
        "500us",
    ),
    row(&["cluster.network.bandwidth"], "", "Replicas and groups multiply the bytes that leave.", "1 GB/s"),
    row(&["cluster.request"], "", "What makes small batches expensive.", "{work: 50us, threads: 8}"),
    row(
        &["cluster.request.work"],
        "",
        "Paid for each request, however small: `linger` and large batches are the remedy.",
        "{exponential: {mean: 50us}}",
    ),
    row(&["cluster.request.per_batch"], "", "Paid for each partition in a request: fewer partitions cost less.", "5us"),
    row(&["cluster.request.per_kib"], "", "Paid for bytes: compression and smaller messages cost less.", "500ns"),
    row(
        &["cluster.request.threads"],
        "num.io.threads",
        "More handlers serve more connections at once; one connection is still served one request at a time.",
        "8",
    ),
    row(&["topics.retention"], "", "Bounds what is kept; a group that is further behind loses records.", "{time: 1h}"),
    row(
        &["topics.retention.time"],
        "retention.ms",
        "Longer lets a slow or stopped group catch up; it takes disk.",
        "1h",
    ),
    row(
        &["topics.retention.size"],
        "retention.bytes",
        "Of each partition: larger keeps more, and takes disk.",
        "1 GiB",
    ),
    row(
        &["topics.retention.segment"],
        "segment.bytes",
        "Deleted as a whole: larger ones keep records longer than asked for.",
        "64 MiB",
    ),
    row(
        &["topics.retention.check"],
        "log.retention.check.interval.ms",
        "Rarer checks keep records longer than asked for.",
        "5m",
    ),
    row(&["cluster.disk"], "", "Without it writing costs nothing, as into the page cache.", "{bandwidth: 200 MB/s}"),
    row(
        &["cluster.disk.bandwidth"],
        "",
        "What is appended waits for it, copies of other brokers' partitions included.",
        "200 MB/s",
    ),
    row(
        &["cluster.quota"],
        "",
        "Protects brokers and the other clients; who exceeds it waits, and its latency grows.",
        "{produce: 10 MB/s}",
    ),
    row(&["cluster.quota.produce"], "producer_byte_rate", "Lower protects more and delays more.", "10 MB/s"),
    row(&["cluster.quota.fetch"], "consumer_byte_rate", "Lower protects more and delays more.", "10 MB/s"),
    row(
        &["cluster.quota.samples"],
        "quota.window.num",
        "More windows let longer bursts through before they are held.",
        "11",
    ),
    row(
        &["cluster.quota.window"],
        "quota.window.size.seconds",
        "Longer windows let longer bursts through, and throttle longer afterwards.",
        "1s",
    ),
    row(&["cluster.replication"], "", "Without it copies cost what the profile says.", "{delay: 2ms}"),
    row(
        &["cluster.replication.delay"],
        "",
        "Consumers see a record, and `acks: all` answers, only after it.",
        "{exponential: {mean: 2ms}}",
    ),
    row(&["cluster.profile"], "", "Plausible, not measured: believe comparisons before absolute figures.", "default"),
];

const PRODUCERS: &[Row] = &[
    row(
        &["producers"],
        "",
        "Each with load and settings of its own.",
        "{edge: {topic: events, arrivals: {poisson: {rate: 1k/s}}}}",
    ),
    row(
        &["producers.topic", "groups.output.topic"],
        "",
        "One topic for each; a pipeline is a group with an output.",
        "events",
    ),
    row(
        &["producers.instances"],
        "",
        "The same load from more clients: batches get smaller, because each client fills its own.",
        "4",
    ),
    row(
        &["producers.arrivals"],
        "",
        "Queues come from variability as much as from rates: `constant` is kind, `poisson` usual, `bursty` and a trace are \
         where systems break.",
        "{poisson: {rate: 20k/s}}",
    ),
    row(&["producers.rate"], "", "Turns the load up and down without touching its shape.", "30k/s"),
    row(&["producers.messages"], "", "Ends a load by count; the run may then leave out its duration.", "1000"),
    row(
        &["producers.message"],
        "",
        "Sizes decide batches and bytes; real texts are needed to know what compression makes of them.",
        "{size: {lognormal: {mean: 1 KiB, cv: 0.8}}}",
    ),
    row(
        &["producers.key"],
        "",
        "Keeps the order of a key, at the price of partitions that are as uneven as the keys.",
        "{zipf: {keys: 100k, exponent: 0.9}}",
    ),
    row(&["producers.quota"], "producer_byte_rate", "Lower protects the brokers; the producer waits.", "5 MB/s"),
    row(&["groups.quota"], "consumer_byte_rate", "Lower protects the brokers; the group falls behind.", "5 MB/s"),
    row(
        &["producers.rate_limit"],
        "",
        "Protects what is behind; what is held back waits in the producer, and counts as latency.",
        "{messages: 10k/s, burst: 500}",
    ),
    row(&["producers.rate_limit.messages"], "", "Lower protects more and delays more.", "10k/s"),
    row(&["producers.rate_limit.bytes"], "", "Lower protects more and delays more.", "20 MiB/s"),
    row(&["producers.rate_limit.burst"], "", "Larger lets short peaks through undelayed, and passes them on.", "500"),
    row(
        &["producers.kafka_properties", "groups.kafka_properties"],
        "",
        "The settings that are really used, without copying them; what is written in the scenario wins.",
        "client.properties",
    ),
    row(
        &["producers.partitioner", "groups.output.partitioner"],
        "partitioner.class",
        "For records without keys: staying on a partition makes large batches, going round spreads few and heavy records.",
        "round-robin",
    ),
    row(
        &["producers.batch_size", "groups.output.batch_size"],
        "batch.size",
        "Larger batches mean fewer requests and better compression, and more memory; it delays nothing by itself.",
        "64 KiB",
    ),
    row(
        &["producers.linger", "groups.output.linger"],
        "linger.ms",
        "At low load every record waits about this long. Under load it makes fewer, larger requests, and where brokers are \
         busy latency falls before it rises.",
        "10ms",
    ),
    row(
        &["producers.compression", "groups.output.compression"],
        "compression.type",
        "Less network and disk for processor time; better with larger batches. See `conga codecs FILE`.",
        "zstd",
    ),
    row(
        &["producers.compression_cost", "groups.output.compression_cost"],
        "",
        "One thread compresses, so this bounds how much a producer can send. `conga codecs FILE` measures it.",
        "2us",
    ),
    row(
        &["producers.acks", "groups.output.acks"],
        "acks",
        "`all` is safe and waits for copies; `1` may lose what only the leader had; `0` may lose anything and tells nobody.",
        "all",
    ),
    row(
        &["producers.max_in_flight", "groups.output.max_in_flight"],
        "max.in.flight.requests.per.connection",
        "More hide the way to the broker; fewer let records gather into larger batches. Above 5 Kafka gives up its promise \
         of order and no duplicates.",
        "1",
    ),
    row(
        &["producers.buffer", "groups.output.buffer"],
        "buffer.memory",
        "Larger rides out longer stalls; then records are old when they leave.",
        "64 MiB",
    ),
    row(
        &["producers.max_block", "groups.output.max_block"],
        "max.block.ms",
        "Longer waits rather than loses, and holds up the thread that sends; shorter refuses early (`unsent`).",
        "5s",
    ),
    row(
        &["producers.delivery_timeout", "groups.output.delivery_timeout"],
        "delivery.timeout.ms",
        "Longer rides out a slow broker; shorter says early that records are given up (`failed`), though some of them may \
         be stored all the same.",
        "30s",
    ),
    row(
        &["producers.request_timeout", "groups.output.request_timeout"],
        "request.timeout.ms",
        "Longer waits for a slow broker; shorter gets over a lost answer sooner, but gives a slow broker the same work again,          which makes it slower.",
        "10s",
    ),
    row(
        &["producers.retries", "groups.output.retries"],
        "retries",
        "Fewer give up sooner (`failed`); 0 sends everything once. Kafka advises to leave it and to set          `delivery.timeout.ms`.",
        "3",
    ),
    row(
        &["producers.retry_backoff", "groups.output.retry_backoff"],
        "retry.backoff.ms",
        "Longer lets a broker recover; shorter loses less time where only an answer was lost.",
        "200ms",
    ),
    row(
        &["producers.retry_backoff_max", "groups.output.retry_backoff_max"],
        "retry.backoff.max.ms",
        "Longer spreads repeats further while a broker stays slow; shorter finds out sooner that it is not any more.",
        "10s",
    ),
    row(
        &["producers.idempotence", "groups.output.idempotence"],
        "enable.idempotence",
        "Without it a batch that is sent again may be stored twice (`duplicates`) and overtaken (`out_of_order`). It asks for `acks: all` and at most 5 requests in flight.",
        "false",
    ),
];

const GROUPS: &[Row] = &[
    row(
        &["groups"],
        "",
        "Groups do not take records from each other: each reads everything.",
        "{workers: {topics: [events], members: 6}}",
    ),
    row(&["groups.topics"], "", "More topics in one group share its members.", "[events]"),
    row(
        &["groups.members"],
        "",
        "More share the work, as long as there are partitions: beyond their number they idle.",
        "6",
    ),
    row(
        &["groups.workers"],
        "",
        "More than one worker goes beyond the number of partitions, at the price of order within a key.",
        "4",
    ),
    row(
        &["groups.assignor"],
        "partition.assignment.strategy",
        "`range` gives the first members more where topics are many and partitions few; the others are even over all topics.",
        "cooperative-sticky",
    ),
    row(&["groups.starts"], "", "Shows how long a backlog takes to drain: outage × rate / (capacity − rate).", "10m"),
    row(
        &["groups.work"],
        "",
        "Its mean gives the members one needs, its spread the queue in front of them. `conga fit FILE` finds it from \
         measured times.",
        "{gamma: {mean: 200us, cv: 0.5}}",
    ),
    row(&["groups.poll"], "", "How much a member takes on at once.", "{max_records: 100}"),
    row(
        &["groups.poll.max_records"],
        "max.poll.records",
        "More means fewer polls and commits; fewer keep the time between polls short where records are heavy, and lose less \
         work when a member goes.",
        "100",
    ),
    row(&["groups.fetch"], "", "Few large answers, or early ones.", "{min_bytes: 64 KiB, max_wait: 100ms}"),
    row(
        &["groups.fetch.min_bytes"],
        "fetch.min.bytes",
        "Larger saves requests and waits for bytes: where little arrives every record waits, up to `max_wait`.",
        "64 KiB",
    ),
    row(
        &["groups.fetch.max_wait"],
        "fetch.max.wait.ms",
        "Bounds what `min_bytes` may cost. With `min_bytes` of 1 B it only sets how often idle members ask.",
        "100ms",
    ),
    row(
        &["groups.fetch.max_bytes"],
        "fetch.max.bytes",
        "Larger answers catch up faster; they need memory and hold up the network card for others.",
        "10 MiB",
    ),
    row(
        &["groups.fetch.max_partition_bytes"],
        "max.partition.fetch.bytes",
        "Smaller keeps one full partition from crowding out the others.",
        "256 KiB",
    ),
    row(
        &["groups.commit"],
        "auto.commit.interval.ms",
        "Seldom is cheap, and repeats more after a crash; often is a request each time. `committed_lag` shows it.",
        "{after: poll}",
    ),
    row(
        &["groups.heartbeat"],
        "heartbeat.interval.ms",
        "Shorter hears of a rebalance sooner and asks the coordinator more often.",
        "3s",
    ),
    row(
        &["groups.protocol"],
        "group.protocol",
        "The only one so far: everybody joins again at each change.",
        "classic",
    ),
    row(
        &["groups.output"],
        "",
        "Makes a pipeline: `journey_s` counts from its first topic, every stage adds its own linger and queue.",
        "{topic: results}",
    ),
    row(
        &["groups.output.sqlite"],
        "",
        "Exact whatever is delivered again; members write one after the other, before each commit.",
        "results.db",
    ),
];

const RUN: &[Row] = &[
    row(&["run"], "", "Long enough for rare things, short enough to ask again.", "{duration: 60s, warmup: 5s}"),
    row(&["run.duration"], "", "Longer gives narrower percentiles: p99.9 needs ten thousand records and more.", "60s"),
    row(&["run.warmup"], "", "Leaves out the empty start, which would make everything look better.", "5s"),
    row(&["run.drain"], "", "Lets what has arrived finish, so that the slowest are not cut off.", "30s"),
    row(&["run.seed"], "", "Same seed, same bytes. Another one shows how much was luck.", "2"),
    row(&["run.interval"], "", "Finer shows short peaks, coarser trends; at most 2,000 rows are kept.", "100ms"),
    row(&["run.precision"], "", "Narrower intervals take four times the runs for half the width.", "5%"),
    row(
        &["run.precision.metric"],
        "",
        "A percentile far out needs many more runs than a mean.",
        "groups.workers.e2e_s.p99, within: 5%",
    ),
    row(&["run.precision.within"], "", "Half the width takes four times the runs.", "5%"),
    row(&["run.precision.most"], "", "Ends the rounds in any case; the result then warns.", "100, within: 5%"),
    row(&["run.repetitions"], "", "Each figure gets a 95 % interval, at the price of so many runs.", "10"),
    row(
        &["thresholds"],
        "",
        "Make the scenario a test: the exit code is 99 if one fails.",
        "[groups.workers.e2e_s.p99 < 200ms]",
    ),
    row(
        &["study"],
        "",
        "For `conga study`; a run leaves it alone. Every value more multiplies the runs.",
        "{vary: {run.duration: [10s, 60s]}}",
    ),
    row(
        &["study.vary"],
        "",
        "What differs from point to point; the last path turns fastest. `--vary` takes the place of the same path.",
        "{run.duration: [10s, 60s]}",
    ),
    row(
        &["study.points"],
        "",
        "Few points see much of many paths at once, but no two of them differ in one value alone, as in a grid.",
        "100",
    ),
    row(&["study.repetitions"], "", "Shows how much is luck, at the price of so many runs a point.", "5"),
    row(&["cost"], "", "Makes members and brokers comparable: one number for both.", "{consumer: 0.05/h}"),
    row(&["cost.consumer"], "", "All members of all groups count, idle ones too.", "0.05/h"),
    row(&["cost.broker"], "", "Brokers count, however busy they are.", "0.40/h"),
    row(
        &["cost.gib_stored"],
        "",
        "What arrives within the retention time, or in the whole run where nothing says how long; replicas count.",
        "0.02/30d",
    ),
    row(&["cost.gib_out"], "", "Each group more that reads a topic sends all of it once more.", "0.09"),
    row(
        &["distribution"],
        "",
        "A mean alone hides queues: in front of one busy server they are (1 + cv²) / 2 times what exponential times make.",
        "{lognormal: {mean: 1ms, cv: 1.5}}",
    ),
];

/// The row of a path.
#[must_use]
pub fn find(path: &str) -> Option<&'static Row> {
    ROWS.iter().flat_map(|rows| rows.iter()).find(|row| row.paths.contains(&path))
}

/// The row of a path, or of the nearest key above that has one, and the path of that.
#[must_use]
pub fn find_above(path: &str) -> Option<(&'static Row, &str)> {
    find(path).map(|row| (row, path)).or_else(|| find_above(path.rsplit_once('.')?.0))
}
