//! What a broker is told before the run: the cluster it belongs to, where partitions lie, how streams write to them.
//!
//! Decided once by the cast and never changed: all brokers share one `Places`.
use crate::model::wire::Bandwidth;
use crate::units::{Span, Time};

/// What a broker needs to know of the cluster.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its own number, which is its address.
    pub me: u32,
    /// Number of brokers.
    pub brokers: u32,
    /// Work of each batch of a produce request.
    pub work_per_batch: Span,
    /// Work of each KiB of a produce request.
    pub work_per_kib: Span,
    /// Of its network card, in each direction.
    pub bandwidth: Bandwidth,
    /// Of its disk, for writing.
    pub disk: Bandwidth,
    /// Number of handlers.
    pub handlers: u32,
    /// Length and number of the samples by which quotas are observed, where there are any.
    pub quota_samples: Option<(Span, u64)>,
}

/// Where each partition lies, and how it is written and read; shared by all brokers.
#[derive(Debug, Default)]
pub struct Places {
    /// By number over all topics.
    pub partitions: Vec<Place>,
    /// How each stream writes.
    pub streams: Vec<Writing>,
    /// By group and topic, row by row: place of the group among the readers of the topic.
    pub readers: Vec<u32>,
    /// By topic: the groups that read it, in their order as readers.
    pub groups: Vec<Vec<u32>>,
    /// By topic: how often is looked what to delete, if ever.
    pub checks: Vec<Option<Span>>,
    /// By group: bytes per second of each member; infinite where nothing limits it.
    pub quotas: Vec<f64>,
    /// Number of topics.
    pub topics: u32,
}

/// One partition.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Place among the logs of its leader.
    pub log: u32,
    /// Topic it belongs to.
    pub topic: u32,
    /// Broker that leads it.
    pub leader: u32,
}

/// How a stream writes.
#[derive(Clone, Copy, Debug)]
pub struct Writing {
    /// Copies of each record.
    pub replicas: u32,
    /// When a request is answered.
    pub answer: Answer,
    /// Bytes per second of each client; infinite where nothing limits it.
    pub quota: f64,
    /// How long a client waits for an answer before it closes the connection, if it ever does.
    pub patience: Option<Span>,
    /// Whether a batch that is sent again is recognised, and not appended again: `enable.idempotence`.
    pub idempotent: bool,
}

impl Writing {
    /// Until when a client waits for the answer to a request that left then.
    #[must_use]
    pub fn waits_until(&self, left: Time) -> Time {
        self.patience.map_or(Time::NEVER, |patience| left + patience)
    }
}

/// When a produce request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Never: acks=0.
    Never,
    /// When the leader has it: acks=1.
    Appended,
    /// When the high watermark is past it: acks=all.
    Replicated,
}
