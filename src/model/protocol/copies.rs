//! What brokers, the controller and clients tell each other about copies and leaders, where brokers can fail.
//!
//! Kafka's `Fetch` of followers, `BrokerHeartbeat`, `AlterPartition`, `LeaderAndIsr` as metadata records, and `Metadata`.
use super::{ActorId, Batch, Parcel, PartitionId, Position, Produce};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A copy of a partition, and up to where it goes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct CopyEnd {
    /// Which partition.
    pub partition: PartitionId,
    /// Leader epoch in which the follower follows.
    pub epoch: u32,
    /// Leader epoch of the last batch it has.
    pub last_epoch: u32,
    /// The offset after it.
    pub offset: u64,
}

/// A batch on its way to a follower, with what the leader knows of it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Copied {
    /// Its place in the parcel, offset and sequence number.
    pub batch: Batch,
    /// Who sent it.
    pub from: ActorId,
    /// Leader epoch in which it was appended.
    pub epoch: u32,
}

/// A fetch of a follower, and with batches filled in, its answer.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Follow {
    /// Number of the fetch: an answer to an earlier one is nothing.
    pub number: u32,
    /// From where to copy.
    pub wanted: Vec<CopyEnd>,
    /// What was read.
    pub batches: Vec<Copied>,
    /// The records of all batches.
    pub parcel: Parcel,
    /// High watermarks.
    pub marks: Vec<Position>,
    /// Copies that are not the beginning of the leader's log: its last epoch up to theirs, and where that ends there.
    pub diverged: Vec<CopyEnd>,
    /// Copies that end before what is left begins: they go on from this offset.
    pub begins: Vec<CopyEnd>,
    /// Partitions that it does not lead in that epoch.
    pub refused: Vec<PartitionId>,
}

/// No broker.
pub const NOBODY: u32 = u32::MAX;

/// In the place of a leader: the partition is not there yet.
pub const ABSENT: u32 = u32::MAX - 1;

/// Who leads a partition, and who is in sync.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Leadership {
    /// Which partition.
    pub partition: PartitionId,
    /// Its leader, or `NOBODY`.
    pub leader: u32,
    /// How many leaders were elected before.
    pub epoch: u32,
    /// Counts every change.
    pub version: u32,
    /// Replicas in sync, the leader among them.
    pub in_sync: Vec<u32>,
}

/// Who leads what: a client's question, and the controller's answer.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Leaders {
    /// Asked by what reads, not by what writes: a member may do both.
    pub reads: bool,
    /// By partition over all topics, `NOBODY` where there is none, `ABSENT` where there is no partition yet.
    pub leaders: Vec<u32>,
}

impl Leaders {
    /// How many partitions are there of a topic that there are these places for.
    #[must_use]
    pub fn there(&self, places: &Range<PartitionId>) -> u32 {
        let leaders = &self.leaders[places.start as usize..places.end as usize];
        leaders.iter().filter(|&&leader| leader != ABSENT).count() as u32
    }
}

/// What a broker has left of a connection that its client has closed.
#[derive(Debug, Serialize, Deserialize)]
pub struct Unanswered {
    /// Number of the connection.
    pub epoch: u32,
    /// The requests that were not answered, carried out or not: that is not for the client to know.
    pub requests: Vec<Box<Produce>>,
}
