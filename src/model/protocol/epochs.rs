//! What members and the coordinator say to each other in the consumer protocol (KIP-848): heartbeats, and nothing else.
//!
//! A heartbeat joins, goes on, says what was given up, or leaves; its answer says what to read. Who asks is named as in
//! the classic protocol.
use super::{MemberKey, PartitionId, Reason, Refusal};
use crate::units::Span;
use serde::{Deserialize, Serialize};

/// What a member wants with its heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wish {
    /// To take part: epoch 0.
    Join,
    /// To go on in this epoch.
    Stay(u32),
    /// To go, and why: epoch -1.
    Leave(Reason),
    /// To go for a while and find its partitions again: epoch -2, of static members.
    Pause,
}

/// `ConsumerGroupHeartbeat`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Beat {
    /// Who it is from.
    pub key: MemberKey,
    /// What it wants.
    pub wish: Wish,
    /// What it has; left out where that has not changed.
    pub owned: Option<Vec<PartitionId>>,
    /// `max.poll.interval.ms`, which is the rebalance timeout.
    pub patience: Span,
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Who asked.
    pub key: MemberKey,
    /// Why not, if not.
    pub refused: Option<Refusal>,
    /// The epoch the member is in.
    pub epoch: u32,
    /// `group.consumer.heartbeat.interval.ms`.
    pub heartbeat: Span,
    /// What it is to read; left out where that has not changed.
    pub assignment: Option<Vec<PartitionId>>,
}
