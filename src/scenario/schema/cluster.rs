//! Keys of topics and of the cluster: what is kept, brokers, and what things cost there.
//!
//! A silent cost is the profile's, or nothing in an ideal cluster; the plan decides.
use super::super::values::{ByteRate, Count, Distribution, Duration, Flag, Size};
use schemars::JsonSchema;
use serde::Deserialize;

/// A topic: partitions and copies.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// How many; partition p is led by broker p mod brokers.
    #[schemars(extend("minimum" = 1, "maximum" = 100_000))]
    pub partitions: Count,
    /// Copies of each record; 1 when silent.
    #[schemars(extend("minimum" = 1, "maximum" = 1_000))]
    pub replicas: Option<Count>,
    /// `min.insync.replicas`: with fewer copies in sync, what asks for `acks: all` is refused; 1 when silent.
    #[schemars(extend("minimum" = 1, "maximum" = 1_000))]
    pub min_insync: Option<Count>,
    /// When records are deleted, read or not; never when silent.
    pub retention: Option<Retention>,
}

/// What a partition keeps. Now and then the leader deletes segments that are too old or too much, whole, oldest first; a
/// group that has not read them has lost them, and reads on from the earliest record that is left.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// `retention.ms`: a segment goes when its newest record is older than this.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub time: Option<Duration>,
    /// `retention.bytes`, of each partition: a segment goes when as much is stored after it.
    #[schemars(extend("minimum" = 1))]
    pub size: Option<Size>,
    /// `segment.bytes`: a segment ends with the batch that reaches it. When silent every batch is a segment, which keeps
    /// less than Kafka's 1 GiB would.
    #[schemars(extend("minimum" = 1))]
    pub segment: Option<Size>,
    /// `log.retention.check.interval.ms`; when silent a hundredth of `time`, or 1 s with a size alone, and never more than
    /// Kafka's 5 min or less than 1 ms.
    #[schemars(extend("minimum" = 0.001))]
    pub check: Option<Duration>,
}

/// Brokers and what things cost there.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// Costs nothing but what is written beside it; false when silent.
    pub ideal: Option<Flag>,
    /// Number of brokers; 1 when silent.
    #[schemars(extend("minimum" = 1, "maximum" = 1_000))]
    pub brokers: Option<Count>,
    /// The way between clients and brokers.
    pub network: Option<Network>,
    /// Work of a request at a broker.
    pub request: Option<Request>,
    /// What writing costs.
    pub disk: Option<Disk>,
    /// From append to high watermark.
    pub replication: Option<Replication>,
    /// Kafka's byte quotas of clients that have none of their own.
    pub quota: Option<Quota>,
    /// How long an empty group waits for more members after the first, `group.initial.rebalance.delay.ms`, and again
    /// while more come; 3 s when silent, nothing in an ideal cluster.
    pub initial_rebalance_delay: Option<Duration>,
    /// Time between two assignments of a group of the consumer protocol, `group.consumer.assignment.interval.ms`; 1 s when
    /// silent, nothing in an ideal cluster.
    pub assignment_interval: Option<Duration>,
    /// Costs that silent keys take.
    pub profile: Option<Profile>,
}

/// The way between clients and brokers.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// One way, a message.
    pub delay: Option<Distribution<Duration>>,
    /// Of each broker, each direction.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub bandwidth: Option<ByteRate>,
}

/// A broker's request handlers: one first-in, first-out queue, `threads` servers.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Work of a request.
    pub work: Option<Distribution<Duration>>,
    /// More for each batch of a produce request.
    pub per_batch: Option<Duration>,
    /// More for each KiB of a produce request.
    pub per_kib: Option<Duration>,
    /// Request handlers of a broker, `num.io.threads`.
    #[schemars(extend("minimum" = 1, "maximum" = 10_000))]
    pub threads: Option<Count>,
}

/// A broker's disk: it writes what is appended, as leader and as follower, one after the other. An append is done, and its
/// replication begins, when it is written; request handlers do not wait for it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disk {
    /// Of each broker. Free when silent: Kafka leaves flushing to the page cache, whose cost is in `request.per_kib`.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub bandwidth: Option<ByteRate>,
}

/// What copies cost, where a topic has more than one replica.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replication {
    /// From append to high watermark; where brokers can fail it follows from followers' fetches instead.
    pub delay: Option<Distribution<Duration>>,
    /// `replica.lag.time.max.ms`: a follower that was not at the end for so long is not in sync; looked at twice as often.
    /// 30 s when silent. This and the next three let brokers replicate by Kafka's rules, as events of brokers do.
    #[schemars(extend("minimum" = 0.001))]
    pub lag_max: Option<Duration>,
    /// `replica.fetch.wait.max.ms`: how long a follower's fetch waits for something new; 500 ms when silent.
    #[schemars(extend("minimum" = 0.001))]
    pub fetch_wait: Option<Duration>,
    /// `broker.heartbeat.interval.ms`: how often a broker says that it is there; 2 s when silent.
    #[schemars(extend("minimum" = 0.001))]
    pub heartbeat: Option<Duration>,
    /// `broker.session.timeout.ms`: a broker that was not heard for so long loses what it leads; 9 s when silent.
    #[schemars(extend("minimum" = 0.001))]
    pub session_timeout: Option<Duration>,
}

/// Byte quotas, as Kafka's default for clients: of each client at each broker. A broker answers a client that exceeds its
/// quota at once, and hears nothing more from it for as long as the excess would take at the quota.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// `producer_byte_rate` of each producer instance, and of each member that writes; none when silent.
    #[schemars(extend("minimum" = 1))]
    pub produce: Option<ByteRate>,
    /// `consumer_byte_rate` of each member; none when silent.
    #[schemars(extend("minimum" = 1))]
    pub fetch: Option<ByteRate>,
    /// `quota.window.num`; 11 when silent.
    #[schemars(extend("minimum" = 2, "maximum" = 1_000))]
    pub samples: Option<Count>,
    /// `quota.window.size.seconds`; 1 s when silent.
    #[schemars(extend("minimum" = 0.001, "maximum" = 3_600))]
    pub window: Option<Duration>,
}

/// Named costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// A small cluster in one data centre.
    Default,
}
