//! What members and the coordinator say to each other about who takes part in a group: Kafka's classic protocol.
//!
//! Join, and the answer when everybody has; share, which is `SyncGroup`, and the answer with what a member is to read. Who
//! asks is named by member and incarnation, as Kafka does with member ids: a process that comes back is somebody else.
use super::PartitionId;
use crate::units::Span;
use serde::{Deserialize, Serialize};

/// A member, and which process of it: the first, or one that came back later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MemberKey {
    /// Its number in the group.
    pub member: u32,
    /// Which process of it, counted from 1.
    pub incarnation: u32,
}

/// Why a coordinator does not do what it is asked for; Kafka's error codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// `MEMBER_ID_REQUIRED`: ask again with the id you have now.
    MemberIdRequired,
    /// `UNKNOWN_MEMBER_ID`: you are not in the group, or not any more.
    UnknownMember,
    /// `ILLEGAL_GENERATION`: the group has gone on without you.
    IllegalGeneration,
    /// `REBALANCE_IN_PROGRESS`: come and join.
    RebalanceInProgress,
    /// `FENCED_INSTANCE_ID`: another process has your instance id.
    Fenced,
    /// `FENCED_MEMBER_EPOCH`: the group has gone on without you.
    FencedEpoch,
    /// `UNRELEASED_INSTANCE_ID`: another process has your instance id, and has not left.
    UnreleasedInstance,
}

/// Why a group rebalances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// An empty group got its first members.
    Started,
    /// A member is new.
    Joined,
    /// A member has left in good order.
    Left,
    /// A member has left because it did not poll for as long as `max.poll.interval.ms`.
    PolledLate,
    /// Nothing was heard of a member for as long as its session.
    Expired,
    /// Members did not come back in time for the rebalance before.
    Evicted,
    /// A member gave up what others are to have: the second round of a cooperative rebalance.
    Released,
    /// A static member came back and could not go on where it was.
    Returned,
    /// There are more partitions than were dealt.
    Grown,
}

impl Reason {
    /// In a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Started => "start",
            Self::Joined => "join",
            Self::Left => "leave",
            Self::PolledLate => "poll interval",
            Self::Expired => "session timeout",
            Self::Evicted => "rebalance timeout",
            Self::Released => "cooperative",
            Self::Returned => "return",
            Self::Grown => "partitions",
        }
    }
}

/// `JoinGroup`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Join {
    /// Who asks.
    pub key: MemberKey,
    /// Whether it uses the id that the coordinator gave it.
    pub known: bool,
    /// Whether it has a `group.instance.id`.
    pub fixed: bool,
    /// What it has, as it tells the assignor.
    pub owned: Vec<PartitionId>,
    /// In which generation it got that; 0 where it does not know.
    pub generation: u32,
    /// `session.timeout.ms`.
    pub session: Span,
    /// `max.poll.interval.ms`, which is the rebalance timeout.
    pub patience: Span,
    /// It leads, and there are more partitions than it dealt.
    pub grown: bool,
}

/// A member as whoever deals partitions sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriber {
    /// Who.
    pub key: MemberKey,
    /// Whether it has a `group.instance.id`.
    pub fixed: bool,
    /// What it has.
    pub owned: Vec<PartitionId>,
    /// In which generation it got that; 0 where it does not know.
    pub generation: u32,
}

/// The answer to a join.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Joined {
    /// Who asked.
    pub key: MemberKey,
    /// Why not, if not.
    pub refused: Option<Refusal>,
    /// The generation that begins.
    pub generation: u32,
    /// Whether it leads the group.
    pub leads: bool,
    /// All members, for the one who is to deal; nobody for others.
    pub members: Vec<Subscriber>,
}

/// `SyncGroup`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Share {
    /// Who asks.
    pub key: MemberKey,
    /// For which generation.
    pub generation: u32,
    /// What the leader dealt; nothing from others.
    pub dealt: Vec<(MemberKey, Vec<PartitionId>)>,
}

/// The answer to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Shared {
    /// Who asked.
    pub key: MemberKey,
    /// Why not, if not.
    pub refused: Option<Refusal>,
    /// Of which generation.
    pub generation: u32,
    /// What it is to read.
    pub partitions: Vec<PartitionId>,
}

/// `LeaveGroup`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Leave {
    /// Who leaves.
    pub key: MemberKey,
    /// Why.
    pub reason: Reason,
}

/// What becomes of a member, as the coordinator sees it, or whoever does something to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberState {
    /// It takes part from now on.
    Joined,
    /// It is not in the group any more, for this reason.
    Gone(Reason),
    /// Another process has taken its place under the same instance id.
    Replaced,
    /// Its process is gone without a word; the coordinator does not know yet.
    Crashed,
    /// Its process has ended in good order.
    Ended,
    /// It stands still for so long.
    Still(Span),
}
