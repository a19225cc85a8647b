//! The keys of a scenario: the one place that says what may be written. Serde reads it, `conga schema` prints it, and
//! the validator takes its list of keys, formats and limits from the same schema.
//!
//! A key that is silent is `None` here; the plan decides what that means.
pub mod arrivals;
pub mod cluster;
pub mod events;
pub mod run;
pub mod study;
pub mod work;

pub use arrivals::{Arrivals, Columns, Law, Ramp, Sine, Step, Steps, Trace};
pub use cluster::{Cluster, Disk, Network, Profile, Quota, Replication, Request, Retention, Topic};
pub use events::Event;
pub use run::{Precise, Precision, Run};
pub use study::{Cost, Study, Varied};
pub use work::{App, BaseAndEach, PerUnit, Program, Real as RealWork, Spin, Work};

use super::values::{
    Acks, Attempts, Burst, ByteRate, Count, Distribution, Duration, File, Flag, Named, None, Rate, Real, Size, Words,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// A scenario: what load on what system, and what should come out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// What it is called; the name of the file when silent.
    #[schemars(extend("pattern" = "^[A-Za-z0-9_-]{1,64}$"))]
    pub name: Option<Words>,
    /// What it shows.
    pub description: Option<Words>,
    /// Topics by name.
    #[schemars(extend("examples" = [{"events": {"partitions": 12}}]))]
    pub topics: Named<Topic>,
    /// Brokers and what they cost.
    pub cluster: Option<Cluster>,
    /// Producers by name.
    #[schemars(extend("examples" = [{"edge": {"topic": "events", "arrivals": {"poisson": {"rate": "100k/s"}}}}]))]
    pub producers: Named<Producer>,
    /// Consumer groups by name.
    pub groups: Option<Named<Group>>,
    /// What befalls members, brokers and the network while it runs.
    #[schemars(length(max = 10_000))]
    pub events: Option<Vec<Event>>,
    /// When it starts to count and when it ends.
    pub run: Option<Run>,
    /// Lines to hold at the end, such as `groups.workers.e2e_s.p99 < 200ms`.
    #[schemars(length(max = 1000))]
    pub thresholds: Option<Vec<Words>>,
    /// Which values `conga study` tries.
    pub study: Option<Study>,
    /// What things cost, for `conga plan --minimize cost`.
    pub cost: Option<Cost>,
}

/// A kind of producer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Producer {
    /// Where it writes.
    #[schemars(extend("examples" = ["events"]))]
    pub topic: Words,
    /// How many share the arrivals; 1 when silent.
    #[schemars(extend("minimum" = 1, "maximum" = 10_000))]
    pub instances: Option<Count>,
    /// When messages are due, over all instances.
    #[schemars(extend("examples" = [{"poisson": {"rate": "100k/s"}}]))]
    pub arrivals: Arrivals,
    /// For `--set`: scales the arrivals to this mean.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub rate: Option<Rate>,
    /// Ends the producer after so many messages.
    #[schemars(extend("minimum" = 1))]
    pub messages: Option<Count>,
    /// What a message is; 100 bytes when silent.
    pub message: Option<Message>,
    /// Which keys messages have; none when silent.
    pub key: Option<Key>,
    /// Token bucket before the buffer; none when silent.
    pub rate_limit: Option<RateLimit>,
    /// `producer_byte_rate` of each instance at each broker; `cluster.quota.produce` when silent.
    #[schemars(extend("minimum" = 1))]
    pub quota: Option<ByteRate>,
    /// A Java properties file, beside the scenario, for the settings below that are silent here.
    pub kafka_properties: Option<File>,
    /// Which partition a message goes to; `kafka` when silent.
    pub partitioner: Option<Partitioner>,
    /// Bytes a batch may grow to before it is sent, `batch.size`; 16 KiB when silent.
    #[schemars(extend("minimum" = 1, "maximum" = 1_073_741_824))]
    pub batch_size: Option<Size>,
    /// How long a batch waits for more records, `linger.ms`; 5 ms when silent.
    pub linger: Option<Duration>,
    /// Codec that makes batches smaller, `compression.type`; none when silent.
    pub compression: Option<Compression>,
    /// Time to compress a KiB, one batch after the other; when silent, nothing in an ideal cluster, otherwise the profile's.
    pub compression_cost: Option<Duration>,
    /// When a write counts as done, `acks`; all when silent.
    pub acks: Option<Acks>,
    /// Requests on their way to a broker at once, `max.in.flight.requests.per.connection`; 5 when silent.
    #[schemars(extend("minimum" = 1, "maximum" = 1_000))]
    pub max_in_flight: Option<Count>,
    /// Memory for records that wait to be sent, `buffer.memory`; 32 MiB when silent.
    #[schemars(extend("minimum" = 1))]
    pub buffer: Option<Size>,
    /// How long sending waits for room in the buffer before the record is given up, `max.block.ms`; 60 s when silent.
    pub max_block: Option<Duration>,
    /// How long a batch may take from its first record to the acknowledgement before its records are given up,
    /// `delivery.timeout.ms`; 120 s, or `linger` and `request_timeout` together if that is more, when silent.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub delivery_timeout: Option<Duration>,
    /// How long a request waits for its answer before its connection is closed and its batches are sent again,
    /// `request.timeout.ms`; 30 s when silent.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub request_timeout: Option<Duration>,
    /// How often a batch is sent again at most, `retries`; as often as `delivery_timeout` lets it when silent.
    #[schemars(extend("maximum" = 2_147_483_647))]
    pub retries: Option<Count>,
    /// How long a batch waits before it is sent again, twice as long each further time, `retry.backoff.ms`; 100 ms when
    /// silent.
    pub retry_backoff: Option<Duration>,
    /// How long that may become, `retry.backoff.max.ms`; 1 s when silent.
    pub retry_backoff_max: Option<Duration>,
    /// Whether brokers recognise batches that are sent again, `enable.idempotence`; when silent, true with `acks: all`,
    /// retries and at most 5 requests in flight.
    pub idempotence: Option<Flag>,
    /// How long it goes on with what it knows of a topic's partitions, `metadata.max.age.ms`; 5 min when silent. It matters
    /// where a topic grows.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub metadata_max_age: Option<Duration>,
}

/// What a message is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Message {
    /// So many bytes of value.
    Size(Distribution<Size>),
    /// A JSON text; texts in it may hold `{index}`, `{uuid}`, `{now}`, `{word}` and `{int:1..9}`. `"{index}"` and
    /// `"{int:…}"` alone become numbers.
    Json(serde_json::Value),
    /// The rows of a file beside the scenario, one after the other and again from the first.
    Lines(File),
    /// Made up as is usual in the field.
    Generator(Generator),
}

/// Messages that are made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Generator {
    /// Records of network flows, as JSON.
    Flows,
    /// Posts of a social network, as JSON.
    Posts,
    /// Lines of a service's log.
    Logs,
}

/// Which keys messages have.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Key {
    /// No keys.
    None(None),
    /// Numbered keys.
    Numbered(KeyLaw),
}

/// Numbered keys: the text of key i is the salt followed by the digits of i.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum KeyLaw {
    /// All alike.
    Uniform {
        /// How many.
        #[schemars(extend("minimum" = 1, "maximum" = 100_000_000))]
        keys: Count,
        /// What every key's text starts with.
        salt: Option<Words>,
    },
    /// Key i in proportion to (i + 1)^-exponent.
    Zipf {
        /// How many.
        #[schemars(extend("minimum" = 1, "maximum" = 100_000_000))]
        keys: Count,
        /// 0 is uniform, 1 the law of words.
        #[schemars(extend("minimum" = 0, "maximum" = 100))]
        exponent: Real,
        /// What every key's text starts with.
        salt: Option<Words>,
    },
    /// One key has this share, the rest spread evenly.
    Hot {
        /// Share of key 0.
        #[schemars(extend("minimum" = 0, "maximum" = 1))]
        share: Real,
        /// How many.
        #[schemars(extend("minimum" = 1, "maximum" = 100_000_000))]
        keys: Count,
        /// What every key's text starts with.
        salt: Option<Words>,
    },
}

/// Which partition a message goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Partitioner {
    /// murmur2 of the key; without one sticky by KIP-794.
    Kafka,
    /// One after the other.
    RoundRobin,
    /// Anywhere.
    Random,
    /// CRC-32 of the key, as librdkafka does when nobody chooses; without one anywhere.
    LibrdkafkaCrc32,
    /// FNV-1a of the key, as `fnv1a` of librdkafka and Sarama; without one all to the same partition.
    Fnv1a,
    /// murmur3 of the key, as RabbitMQ's super streams; without one all to the same partition.
    RabbitmqMurmur3,
}

/// How batches are made smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    None,
    /// Small and slow, at level 6.
    Gzip,
    /// Fast.
    Snappy,
    /// Fast; the fast mode, not Kafka's default of high compression.
    Lz4,
    /// Small and rather fast, at level 3.
    Zstd,
}

/// Token bucket before the buffer, full at the start.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Messages per second over all instances.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub messages: Option<Rate>,
    /// Bytes per second over all instances.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub bytes: Option<ByteRate>,
    /// What may pass at once, in messages or bytes; one second's worth when silent.
    pub burst: Option<Burst>,
}

/// A consumer group.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What it reads.
    #[schemars(length(min = 1, max = 1000), extend("examples" = [["events"]]))]
    pub topics: Vec<Words>,
    /// How many members.
    #[schemars(extend("minimum" = 1, "maximum" = 100_000))]
    pub members: Count,
    /// Threads of a member that share its records; 1 when silent.
    #[schemars(extend("minimum" = 1, "maximum" = 10_000))]
    pub workers: Option<Count>,
    /// How partitions are dealt to members; range when silent, uniform in the consumer protocol.
    pub assignor: Option<Assignor>,
    /// When it first polls; at once when silent.
    pub starts: Option<Duration>,
    /// Processing time of a record, or what is really done with it; 0 when silent.
    pub work: Option<Work>,
    /// A Java properties file of the members, beside the scenario, for settings that are silent here.
    pub kafka_properties: Option<File>,
    /// What a poll returns.
    pub poll: Option<Poll>,
    /// What a fetch asks for.
    pub fetch: Option<Fetch>,
    /// `consumer_byte_rate` of each member at each broker; `cluster.quota.fetch` when silent.
    #[schemars(extend("minimum" = 1))]
    pub quota: Option<ByteRate>,
    /// When positions are committed; `{auto: 5s}` when silent.
    pub commit: Option<Commit>,
    /// Time between two signs of life to the coordinator, `heartbeat.interval.ms`; 3 s when silent. In the consumer protocol
    /// it is the coordinator's, and 5 s when silent.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub heartbeat: Option<Duration>,
    /// Time without a sign of life after which a member counts as lost, `session.timeout.ms`; 45 s when silent. It matters
    /// where members come and go, and where consumers are processes of their own: a lost one is replaced after that.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub session_timeout: Option<Duration>,
    /// How it begins; stable when silent.
    pub start: Option<Start>,
    /// Where it begins in a partition of which nothing is committed, `auto.offset.reset`; latest when silent, as in Kafka.
    pub offset_reset: Option<OffsetReset>,
    /// Whether members have instance ids, `group.instance.id`: one that comes back within its session has its partitions
    /// again, and nobody rebalances; false when silent.
    #[serde(rename = "static")]
    pub fixed: Option<Flag>,
    /// How long members go on with what they know of partitions, `metadata.max.age.ms`; 5 min when silent. It matters where a
    /// topic grows and members deal by themselves.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub metadata_max_age: Option<Duration>,
    /// How members find together, `group.protocol`; classic when silent.
    pub protocol: Option<Protocol>,
    /// Where every processed record goes: a topic, a database, or both.
    pub output: Option<Output>,
    /// What becomes of a record whose processing fails, as a `poison` event makes it.
    pub retry: Option<Retry>,
    /// Where records go that failed as often as they may; when silent they are skipped, and count as lost.
    pub dead_letter: Option<DeadLetter>,
}

/// What becomes of a record whose processing fails. Its worker tries it again, and nothing else meanwhile.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// How often a record is tried at most, the first time included; 10 when silent, as Spring for Apache Kafka does it.
    pub attempts: Option<Attempts>,
    /// How long a worker waits before it tries again, twice as long each further time; not at all when silent.
    pub backoff: Option<Duration>,
    /// How long that may become; without limit when silent.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub backoff_max: Option<Duration>,
}

/// Where records go that failed as often as they may.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadLetter {
    /// The topic.
    #[schemars(extend("examples" = ["orders-dlq"]))]
    pub topic: Words,
}

/// How partitions are dealt to members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Assignor {
    /// Kafka's `RangeAssignor`.
    Range,
    /// Kafka's `RoundRobinAssignor`.
    #[serde(rename = "roundrobin")]
    RoundRobin,
    /// Kafka's `StickyAssignor`: even over all topics, and few partitions move.
    Sticky,
    /// Kafka's `CooperativeStickyAssignor`: as `sticky`, and members keep working while partitions move.
    CooperativeSticky,
    /// The coordinator's own, of the consumer protocol: even over all topics, and few partitions move.
    Uniform,
}

/// What a poll returns.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// Records a poll returns at most, `max.poll.records`; 500 when silent.
    #[schemars(extend("minimum" = 1, "maximum" = 10_000_000))]
    pub max_records: Option<Count>,
    /// Time between two polls after which a member leaves by itself, `max.poll.interval.ms`, and which a rebalance waits
    /// for members at most; 5 min when silent.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub max_interval: Option<Duration>,
}

/// What a fetch asks for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fetch {
    /// Bytes a broker gathers before it answers a fetch, `fetch.min.bytes`; 1 B when silent.
    pub min_bytes: Option<Size>,
    /// How long it gathers them at most, `fetch.max.wait.ms`; 500 ms when silent.
    pub max_wait: Option<Duration>,
    /// Bytes of an answer at most, `fetch.max.bytes`; 50 MiB when silent.
    #[schemars(extend("minimum" = 1))]
    pub max_bytes: Option<Size>,
    /// Bytes of a partition in an answer at most, `max.partition.fetch.bytes`; 1 MiB when silent.
    #[schemars(extend("minimum" = 1))]
    pub max_partition_bytes: Option<Size>,
}

/// When positions are committed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Commit {
    /// Inside poll, once this much time has passed.
    Auto(#[schemars(extend("exclusiveMinimum" = 0))] Duration),
    /// When the records of each poll are processed.
    After(AfterWhat),
    /// When a poll has returned records and before any of them is processed: at most once.
    Before(BeforeWhat),
    /// Whenever so many records are processed.
    Every(#[schemars(extend("minimum" = 1, "maximum" = 1_000_000_000))] Count),
}

/// After what positions are committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AfterWhat {
    /// After the records of each poll.
    Poll,
}

/// Before what positions are committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BeforeWhat {
    /// Before the records of each poll are processed.
    Work,
}

/// How a group begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// Assigned at time 0, every offset committed at 0.
    Stable,
    /// Empty, with nothing committed: members join by the protocol.
    Cold,
}

/// Where a group begins in a partition of which nothing is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OffsetReset {
    /// With what comes from then on: what is there already is lost to it.
    Latest,
    /// With the first record that is left.
    Earliest,
}

/// How members find together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Everybody joins again whenever somebody comes or goes, and one of them deals.
    Classic,
    /// The coordinator deals, and every member goes there by its own heartbeats: KIP-848.
    Consumer,
}

/// Where processed records go.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1))]
pub struct Output {
    /// The topic; none when silent.
    #[schemars(extend("examples" = ["results"]))]
    pub topic: Option<Words>,
    /// A database in the folder of the result, for a live run: each record's result once, by topic, partition and offset.
    #[schemars(extend("examples" = ["results.db"]))]
    pub sqlite: Option<Words>,
    /// Which partition a record goes to; `kafka` when silent.
    pub partitioner: Option<Partitioner>,
    /// Bytes a batch may grow to before it is sent, `batch.size`; 16 KiB when silent.
    #[schemars(extend("minimum" = 1, "maximum" = 1_073_741_824))]
    pub batch_size: Option<Size>,
    /// How long a batch waits for more records, `linger.ms`; 5 ms when silent.
    pub linger: Option<Duration>,
    /// Codec that makes batches smaller, `compression.type`; none when silent.
    pub compression: Option<Compression>,
    /// Time to compress a KiB, one batch after the other; when silent, nothing in an ideal cluster, otherwise the profile's.
    pub compression_cost: Option<Duration>,
    /// When a write counts as done, `acks`; all when silent.
    pub acks: Option<Acks>,
    /// Requests on their way to a broker at once, `max.in.flight.requests.per.connection`; 5 when silent.
    #[schemars(extend("minimum" = 1, "maximum" = 1_000))]
    pub max_in_flight: Option<Count>,
    /// Memory for records that wait to be sent, `buffer.memory`; 32 MiB when silent.
    #[schemars(extend("minimum" = 1))]
    pub buffer: Option<Size>,
    /// How long sending waits for room in the buffer before the record is given up, `max.block.ms`; 60 s when silent.
    pub max_block: Option<Duration>,
    /// How long a batch may take from its first record to the acknowledgement before its records are given up,
    /// `delivery.timeout.ms`; 120 s, or `linger` and `request_timeout` together if that is more, when silent.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub delivery_timeout: Option<Duration>,
    /// How long a request waits for its answer before its connection is closed and its batches are sent again,
    /// `request.timeout.ms`; 30 s when silent.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub request_timeout: Option<Duration>,
    /// How often a batch is sent again at most, `retries`; as often as `delivery_timeout` lets it when silent.
    #[schemars(extend("maximum" = 2_147_483_647))]
    pub retries: Option<Count>,
    /// How long a batch waits before it is sent again, twice as long each further time, `retry.backoff.ms`; 100 ms when
    /// silent.
    pub retry_backoff: Option<Duration>,
    /// How long that may become, `retry.backoff.max.ms`; 1 s when silent.
    pub retry_backoff_max: Option<Duration>,
    /// Whether brokers recognise batches that are sent again, `enable.idempotence`; when silent, true with `acks: all`,
    /// retries and at most 5 requests in flight.
    pub idempotence: Option<Flag>,
}
