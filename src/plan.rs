//! What will happen: nothing optional left, units typed, names resolved to places.
//!
//! Topics, producers and groups are numbered in the order of the file. A partition has a number over all topics:
//! those of topic `t` are `topics[t].first .. topics[t].first + topics[t].partitions`.
pub mod build;
pub mod contents;
pub mod events;
pub mod load;

pub use crate::model::backoff::Backoff;
use crate::model::compression::Curve;
pub use crate::model::consumer::{Commit, Reset};
pub use crate::model::coordinator::consumer_protocol::ServerAssignor;
pub use crate::model::dealing::Assignor as AssignorPlan;
pub use crate::model::log::Retention;
pub use crate::model::partitioner::KeyHash;
pub use crate::model::processing::{Fails, Poison, Retry};
use crate::model::random::Distribution;
pub use crate::model::workload::Arrivals;
use crate::model::workload::{Keys, Sizes};
use crate::payload::Codec;
use crate::units::{Span, Time};
use contents::Contents;
use std::sync::Arc;

/// A whole run, or one repetition of it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Name of the scenario.
    pub name: String,
    /// Digest of the scenario as resolved, with its input files: 64 hexadecimal digits.
    pub sha256: String,
    /// When it starts to count, when it ends, and how often it is repeated.
    pub run: RunPlan,
    /// Brokers and what they cost.
    pub cluster: ClusterPlan,
    /// In the order of the file.
    pub topics: Vec<TopicPlan>,
    /// In the order of the file.
    pub producers: Vec<ProducerPlan>,
    /// In the order of the file.
    pub groups: Vec<GroupPlan>,
    /// What befalls members, brokers and the network, in the order of the file.
    pub events: Vec<events::EventPlan>,
    /// Lines to hold at the end.
    pub thresholds: Vec<ThresholdPlan>,
    /// What the user should know but may well want.
    pub warnings: Vec<String>,
    /// Whether members can be lost, so that brokers keep what is not committed: by an event, or because the engine says so.
    pub redelivers: bool,
}

/// The course of a run.
#[derive(Clone, Debug)]
pub struct RunPlan {
    /// First seed; repetition `i` runs with `seed + i`.
    pub seed: u64,
    /// Nothing before this instant counts for latencies, rates, utilisation and lag.
    pub warmup: Time,
    /// When arrivals end: `[0, arrivals_end)`. `Time::NEVER` where every producer ends by itself.
    pub arrivals_end: Time,
    /// How long work may go on after that.
    pub drain: Span,
    /// Length of a row of the series.
    pub interval: Span,
    /// Independent runs; with a precision, those of the first round.
    pub repetitions: u32,
    /// How well a figure has to be known before the repetitions end, if so.
    pub precision: Option<PrecisionPlan>,
}

/// Repetitions go on until the 95 % interval of a figure is narrow enough.
#[derive(Clone, Debug, PartialEq)]
pub struct PrecisionPlan {
    /// Path of the figure in the result: `["groups", "workers", "e2e_s", "p99"]`.
    pub path: Vec<String>,
    /// Half the width of the interval over the mean, at most.
    pub within: f64,
    /// Repetitions at most.
    pub most: u32,
}

/// Brokers and what things cost there.
#[derive(Clone, Debug)]
pub struct ClusterPlan {
    /// Number of brokers; partition p of a topic is led by broker p mod this.
    pub brokers: u32,
    /// One-way delay of a message.
    pub network: Distribution,
    /// Bytes per second of a broker in each direction; infinite where bandwidth costs nothing.
    pub bandwidth: f64,
    /// Work of a request.
    pub request_work: Distribution,
    /// Work of each batch of a produce request.
    pub work_per_batch: Span,
    /// Work of each KiB of a produce request.
    pub work_per_kib: Span,
    /// Request handlers a broker.
    pub threads: u32,
    /// Bytes per second that a broker's disk writes; infinite where it costs nothing.
    pub disk: f64,
    /// From append to high watermark, where a topic has more than one replica.
    pub replication: Distribution,
    /// How brokers replicate and are watched, where they can fail; then the delay follows from that.
    pub failing: Option<FailingPlan>,
    /// `group.initial.rebalance.delay.ms`.
    pub initial_rebalance_delay: Span,
    /// `group.consumer.assignment.interval.ms`.
    pub assignment_interval: Span,
    /// How brokers observe the rates of clients, where any has a quota.
    pub quota_window: Option<QuotaWindow>,
    /// Whether any cost was taken from a named profile instead of the scenario.
    pub uncalibrated: bool,
}

/// How brokers replicate and are watched, where they can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailingPlan {
    /// `replica.lag.time.max.ms`.
    pub lag_max: Span,
    /// `replica.fetch.wait.max.ms`.
    pub fetch_wait: Span,
    /// `broker.heartbeat.interval.ms`.
    pub heartbeat: Span,
    /// `broker.session.timeout.ms`.
    pub session: Span,
}

/// How brokers observe the rates of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaWindow {
    /// `quota.window.size.seconds`.
    pub length: Span,
    /// `quota.window.num`.
    pub samples: u64,
}

/// One topic.
#[derive(Clone, Debug)]
pub struct TopicPlan {
    /// As in the scenario.
    pub name: String,
    /// Number of its first partition over all topics.
    pub first: u32,
    /// How many partitions there are places for: more than at the beginning where it grows.
    pub partitions: u32,
    /// How many partitions it has at the beginning.
    pub at_first: u32,
    /// Copies of each record, at least one.
    pub replicas: u32,
    /// `min.insync.replicas`: copies without which `acks=all` is refused.
    pub min_in_sync: u32,
    /// When records are deleted, if ever.
    pub retention: Option<Retention>,
}

impl TopicPlan {
    /// Numbers of its partitions over all topics, of those that come later as well.
    #[must_use]
    pub fn numbers(&self) -> std::ops::Range<u32> {
        self.first..self.first + self.partitions
    }
}

/// How a client writes to a topic: the settings of a Kafka producer.
#[derive(Clone, Debug)]
pub struct ClientPlan {
    /// Index of the topic.
    pub topic: usize,
    /// Where a record goes.
    pub partitioner: PartitionerPlan,
    /// `batch.size` in bytes.
    pub batch_size: u32,
    /// `linger.ms`.
    pub linger: Span,
    /// When a write counts as done.
    pub acks: Acks,
    /// `max.in.flight.requests.per.connection`.
    pub max_in_flight: u32,
    /// `buffer.memory` in bytes.
    pub buffer: u64,
    /// `max.block.ms`.
    pub max_block: Span,
    /// `delivery.timeout.ms`.
    pub delivery_timeout: Span,
    /// `request.timeout.ms`.
    pub request_timeout: Span,
    /// `retries`.
    pub retries: u32,
    /// `retry.backoff.ms` and `retry.backoff.max.ms`.
    pub backoff: Backoff,
    /// `enable.idempotence`.
    pub idempotent: bool,
    /// `metadata.max.age.ms`.
    pub metadata_age: Span,
    /// `max.request.size` in bytes.
    pub request_size: u32,
    /// `producer_byte_rate` of each client at each broker, in bytes per second; infinite where there is none.
    pub quota: f64,
    /// `compression.type`, unless that is none.
    pub compression: Option<CompressionPlan>,
}

/// What a client's batches are compressed with, and what that does to them.
#[derive(Clone, Debug)]
pub struct CompressionPlan {
    /// The codec.
    pub codec: Codec,
    /// How small batches become, measured on the messages of the scenario.
    pub curve: Arc<Curve>,
    /// Time to compress a KiB.
    pub work_per_kib: Span,
}

/// Which partition a record goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionerPlan {
    /// murmur2 when keyed, otherwise sticky by KIP-794.
    Kafka,
    /// One after the other, whatever the key.
    RoundRobin,
    /// Each record anywhere, whatever the key.
    Random,
    /// By one hash of the key, as other clients than Kafka's own do it.
    Hashed(KeyHash),
}

impl PartitionerPlan {
    /// The hash that keeps a key in one partition, if any does.
    #[must_use]
    pub fn hash(self) -> Option<KeyHash> {
        match self {
            Self::Kafka => Some(KeyHash::Murmur2),
            Self::Hashed(hash) => Some(hash),
            Self::RoundRobin | Self::Random => None,
        }
    }
}

/// When a write counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    /// When it has left.
    None,
    /// When the leader has it.
    Leader,
    /// When the high watermark is past it.
    All,
}

/// One kind of producer.
#[derive(Clone, Debug)]
pub struct ProducerPlan {
    /// As in the scenario.
    pub name: String,
    /// How many of them share the arrivals.
    pub instances: u32,
    /// When records are due, over all instances.
    pub arrivals: Arrivals,
    /// Records after which it ends, over all instances; `u64::MAX` for no end.
    pub messages: u64,
    /// Bytes of a record's value.
    pub message_size: Sizes,
    /// What its records say.
    pub contents: Contents,
    /// Keys of its records.
    pub keys: Keys,
    /// Token bucket before the buffer, if any rate is finite.
    pub limit: LimitPlan,
    /// How it writes.
    pub client: ClientPlan,
}

/// A token bucket. Infinite rates limit nothing.
#[derive(Clone, Copy, Debug)]
pub struct LimitPlan {
    /// Records per second over all instances.
    pub messages_per_s: f64,
    /// Value bytes per second over all instances.
    pub bytes_per_s: f64,
    /// Size of the bucket, full at the start, in records or bytes.
    pub burst: f64,
}

impl LimitPlan {
    /// No limit at all.
    pub const NONE: Self = Self { messages_per_s: f64::INFINITY, bytes_per_s: f64::INFINITY, burst: f64::INFINITY };
}

/// One consumer group.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct GroupPlan {
    /// As in the scenario.
    pub name: String,
    /// Indices of its topics.
    pub topics: Vec<usize>,
    /// Number of members at the beginning.
    pub members: u32,
    /// Members there are places for: more than at the beginning where some join later.
    pub most_members: u32,
    /// Threads of a member that share its records.
    pub workers: u32,
    /// How partitions are dealt to members.
    pub assignor: AssignorPlan,
    /// Who deals at the coordinator, where the group has the consumer protocol.
    pub remote_assignor: Option<ServerAssignor>,
    /// When members poll first.
    pub starts: Time,
    /// Processing time of a record; where work is real, how long a simulation takes it to be.
    pub work: Work,
    /// What is really done with records, where there are real ones.
    pub job: Job,
    /// Whether `work` stands for all that is done: if not, only a live run can tell.
    pub modelled: bool,
    /// `max.poll.records`.
    pub poll_records: u32,
    /// `fetch.min.bytes`.
    pub fetch_min_bytes: u64,
    /// `fetch.max.wait.ms`.
    pub fetch_max_wait: Span,
    /// `fetch.max.bytes`.
    pub fetch_max_bytes: u64,
    /// `max.partition.fetch.bytes`.
    pub fetch_max_partition_bytes: u64,
    /// `consumer_byte_rate` of each member at each broker, in bytes per second; infinite where there is none.
    pub quota: f64,
    /// What becomes of records whose processing fails.
    pub retry: Retry,
    /// When positions are committed.
    pub commit: Commit,
    /// `heartbeat.interval.ms`.
    pub heartbeat: Span,
    /// `session.timeout.ms`.
    pub session_timeout: Span,
    /// `max.poll.interval.ms`, which is the rebalance timeout, too.
    pub max_poll_interval: Span,
    /// Whether it begins empty, with nothing committed; otherwise it is stable, with every offset committed at 0.
    pub cold: bool,
    /// `auto.offset.reset`: where it goes on in a partition of which nothing is committed.
    pub reset: Reset,
    /// `metadata.max.age.ms`.
    pub metadata_age: Span,
    /// Whether its members are static: `group.instance.id`.
    pub fixed: bool,
    /// Whether members may come, go or be taken for gone, so that the group runs its protocol.
    pub changes: bool,
    /// Where processed records go, or those that were given up, if anywhere.
    pub output: Option<ClientPlan>,
    /// Name of the database that results go to, if any, in the folder of the result.
    pub store: Option<String>,
}

/// What members do with real records.
#[derive(Clone, Debug, PartialEq)]
pub enum Job {
    /// Nothing: work is a delay.
    Delay,
    /// Keeps a core busy for a drawn time.
    Spin(Distribution),
    /// Shows each on standard output.
    Print,
    /// An application.
    App(App),
    /// A program that reads a record a line and prints a result a line.
    Exec {
        /// Its name and arguments, at least the name.
        words: Vec<String>,
        /// How long it may take for a line.
        timeout: Span,
    },
}

/// Processing time of a record.
#[derive(Clone, Debug)]
pub enum Work {
    /// Drawn for each record.
    Each(Distribution),
    /// `base + units × each`, both drawn for each record; units come from a trace, 1 without one.
    PerUnit {
        /// What a record costs whatever is in it.
        base: Distribution,
        /// What a unit of work costs.
        each: Distribution,
    },
}

/// A line such as `groups.workers.e2e_s.p99 < 200ms`, understood.
#[derive(Clone, Debug)]
pub struct ThresholdPlan {
    /// As written.
    pub expression: String,
    /// Path of the figure in the result: `["groups", "workers", "e2e_s", "p99"]`.
    pub path: Vec<String>,
    /// How the figure compares to the bound.
    pub comparison: Comparison,
    /// The bound in the unit of the figure: seconds, bytes, per second or a count.
    pub bound: f64,
}

/// How a figure compares to a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

pub use crate::scenario::Inputs;
pub use crate::scenario::schema::App;

impl Plan {
    /// Number of partitions over all topics.
    #[must_use]
    pub fn partitions(&self) -> u32 {
        self.topics.iter().map(|topic| topic.partitions).sum()
    }

    /// Number of partitions that a group reads.
    #[must_use]
    pub fn partitions_of(&self, group: &GroupPlan) -> u32 {
        group.topics.iter().map(|topic| self.topics[*topic].partitions).sum()
    }

    /// Whether every producer keeps the same mean rate to the end and nothing befalls anybody, so that the system may settle
    /// down.
    #[must_use]
    pub fn is_steady(&self) -> bool {
        self.events.is_empty()
            && self.groups.iter().all(|group| !group.cold)
            && self.producers.iter().all(|producer| {
                let even = matches!(
                    producer.arrivals,
                    Arrivals::Constant { .. }
                        | Arrivals::Poisson { .. }
                        | Arrivals::Renewal { .. }
                        | Arrivals::Batches { .. }
                );
                even && producer.messages == u64::MAX
            })
    }

    /// When the run ends at the latest.
    #[must_use]
    pub fn end(&self) -> Time {
        Time::from_ns(self.run.arrivals_end.ns().saturating_add(self.run.drain.ns()))
    }

    /// The plan of repetition `i`, counted from zero.
    #[must_use]
    pub fn repetition(&self, i: u32) -> Self {
        let mut plan = self.clone();
        plan.run.seed = self.run.seed.wrapping_add(u64::from(i));
        plan
    }
}
