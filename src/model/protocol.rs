//! The whole conversation on one page.
//!
//! A request brings the buffers that its answer is written into, and the answer brings them home: nothing is
//! allocated once the run is warm, no pool is shared, and a lost message costs one allocation.
mod copies;
mod epochs;
mod membership;
mod parcel;

use crate::units::{Span, Time};
use serde::{Deserialize, Serialize};
use std::ops::Range;

pub use copies::{ABSENT, Copied, CopyEnd, Follow, Leaders, Leadership, NOBODY, Unanswered};
pub use epochs::{Beat, Standing, Wish};
pub use membership::{Join, Joined, Leave, MemberKey, MemberState, Reason, Refusal, Share, Shared, Subscriber};
pub use parcel::{Extra, Parcel, Source};

/// Address of a machine: its place in the cast. Brokers come first, then coordinators, producers and members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ActorId(pub u32);

impl ActorId {
    /// Place in the cast.
    #[inline]
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Number of a partition over all topics.
pub type PartitionId = u32;

/// The key of a record without one.
pub const NO_KEY: u32 = u32::MAX;

/// One message of the workload, 16 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When it should have been sent; latency counts from here.
    pub due: Time,
    /// Number of its key over all producers, `NO_KEY` without one.
    pub key: u32,
    /// Bytes of its body on the wire but for timestamp and offset (`wire::body`).
    pub body: u32,
}

/// A run of records of one partition inside a request or an answer: `records[start..end]` of its parcel.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Batch {
    /// Where it belongs.
    pub partition: PartitionId,
    /// Number of this batch from its producer to its partition; or the reader's own number of the partition.
    pub sequence: u32,
    /// Offset of the first record; known once appended.
    pub base: u64,
    /// First record in the parcel.
    pub start: u32,
    /// After the last record in the parcel.
    pub end: u32,
    /// Size on the wire.
    pub bytes: u32,
    /// Size before compression; nothing in the answer to a fetch.
    pub plain: u32,
    /// Memory it takes from the producer's buffer until it is acknowledged.
    pub pinned: u32,
    /// How often it was sent before.
    pub attempts: u32,
}

impl Batch {
    /// Its records in the parcel.
    #[inline]
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
    /// Number of its records.
    #[inline]
    #[must_use]
    pub fn records(&self) -> u32 {
        self.end - self.start
    }
}

/// A produce request, and with offsets filled in, its answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Produce {
    /// Number of the stream it belongs to.
    pub stream: u32,
    /// The producer's id: whose sequence numbers its batches have. A process after the first in its place has another
    /// than the connection it sends on.
    pub sender: ActorId,
    /// How many connections of its client to this broker were lost before the one it is sent on.
    pub epoch: u32,
    /// Number of this request among those of its client to this broker.
    pub number: u32,
    /// When it left the producer.
    pub left: Time,
    /// Size of all batches on the wire.
    pub bytes: u32,
    /// Size of all batches before compression.
    pub plain: u64,
    /// In the answer: for how long the broker hears nothing more, because a quota is exceeded.
    pub throttle: Span,
    /// At most one for each partition.
    pub batches: Vec<Batch>,
    /// In the answer: those of them that the broker had already, and did not append again.
    pub known: Vec<Batch>,
    /// In the answer: those that are to be sent again, where brokers can fail: it does not lead their partitions (any
    /// more), or too few replicas are in sync.
    pub refused: Vec<Batch>,
    /// The records of all batches.
    pub parcel: Parcel,
    /// Some of its batches were sent before.
    pub repeats: bool,
    /// Nobody waits for the answer any more.
    pub abandoned: bool,
}

impl Produce {
    /// Bytes of those batches that are not known already.
    #[inline]
    #[must_use]
    pub fn bytes_to_append(&self) -> u64 {
        if self.known.is_empty() {
            return u64::from(self.bytes);
        }
        self.batches.iter().map(|batch| u64::from(batch.bytes)).sum()
    }

    /// Puts the batches that were known beside the others again, in the order in which they left.
    #[cold]
    pub fn complete(&mut self) {
        self.batches.append(&mut self.known);
        self.batches.append(&mut self.refused);
        self.batches.sort_by_key(|batch| batch.start);
    }

    /// Forgets what it carried, keeps the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.batches.clear();
        self.parcel.clear();
        (self.bytes, self.plain) = (0, 0);
    }
}

/// A fetch request, and with batches and records filled in, its answer.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Fetch {
    /// Which group reads.
    pub group: u32,
    /// In which generation its member asks: the answer to one that is gone is nothing to whoever came after it.
    pub generation: u32,
    /// Answer when so many bytes can be read.
    pub min_bytes: u64,
    /// Answer with no more than so many bytes, though with a batch at least.
    pub max_bytes: u64,
    /// The same for each partition.
    pub max_partition_bytes: u64,
    /// Answer after so long in any case.
    pub max_wait: Span,
    /// In the answer, which is empty then: how long to wait, because a quota would be exceeded.
    pub throttle: Span,
    /// Which connection of its member to this broker it belongs to: answers on one that was given up are nothing.
    pub session: u32,
    /// From where to read.
    pub wanted: Vec<Wanted>,
    /// In the answer: the reader's numbers of partitions that the broker does not lead (any more).
    pub moved: Vec<u32>,
    /// What was read, in the order of `wanted`.
    pub batches: Vec<Batch>,
    /// The records of all batches.
    pub parcel: Parcel,
}

/// A place to read from.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Wanted {
    /// Which partition.
    pub partition: PartitionId,
    /// The reader's own number of the partition.
    pub slot: u32,
    /// From which offset on.
    pub offset: u64,
}

/// Everything below `offset` of a partition is done.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Position {
    /// Which partition.
    pub partition: PartitionId,
    /// The next offset.
    pub offset: u64,
}

/// The offset of a partition of which a group has committed nothing.
pub const NOTHING_COMMITTED: u64 = u64::MAX;

/// Positions to commit.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Commits {
    /// Who commits.
    pub key: MemberKey,
    /// In which generation.
    pub generation: u32,
    /// In the answer: why not, if not.
    pub refused: Option<Refusal>,
    /// Everything below is done.
    pub positions: Vec<Position>,
}

/// Everything one machine can say to another.
#[derive(Debug, Serialize, Deserialize)]
pub enum Message {
    /// Producer to broker.
    Produce(Box<Produce>),
    /// The same box home again.
    Produced(Box<Produce>),
    /// Producer to broker: it has closed the connection of this number.
    Close {
        /// Which one.
        epoch: u32,
    },
    /// Broker to producer: everything of that connection that is not on its way home anyway.
    Closed(Box<Unanswered>),
    /// Member to broker.
    Fetch(Box<Fetch>),
    /// The same box home again.
    Fetched(Box<Fetch>),
    /// Member to coordinator.
    Heartbeat {
        /// Of which the member thinks it is.
        generation: u32,
        /// Which process of the member.
        incarnation: u32,
    },
    /// Coordinator to member.
    HeartbeatOk,
    /// Coordinator to member: it is not as the member thinks.
    HeartbeatRefused {
        /// How it is.
        refusal: Refusal,
        /// Whose heartbeat it was.
        incarnation: u32,
    },
    /// Member to coordinator: it wants to take part.
    Join(Box<Join>),
    /// Coordinator to member: everybody is there.
    Joined(Box<Joined>),
    /// Member to coordinator: what is it to read? From the leader, what everybody is to read.
    Share(Box<Share>),
    /// Coordinator to member.
    Shared(Box<Shared>),
    /// Member to coordinator: it goes.
    Leave(Box<Leave>),
    /// Member to coordinator, in the consumer protocol: everything else about taking part.
    Beat(Box<Beat>),
    /// Coordinator to member: what it is to read.
    Standing(Box<Standing>),
    /// Member to coordinator.
    Commit(Box<Commits>),
    /// The same box home again.
    Committed(Box<Commits>),
    /// Member to coordinator: what is committed of these partitions?
    OffsetFetch {
        /// Number of the question.
        number: u32,
        /// The partitions.
        positions: Box<Vec<Position>>,
    },
    /// The same box home again.
    Offsets {
        /// Number of the question.
        number: u32,
        /// What is committed, or `NOTHING_COMMITTED`.
        positions: Box<Vec<Position>>,
    },
    /// Member to broker: where do these partitions begin, or end?
    ListOffsets {
        /// Number of the question.
        number: u32,
        /// The high watermark, and not the first that is left.
        latest: bool,
        /// The partitions.
        positions: Box<Vec<Position>>,
    },
    /// The same box home again.
    ListedOffsets {
        /// Number of the question.
        number: u32,
        /// Where they begin, or end.
        positions: Box<Vec<Position>>,
    },
    /// Coordinator to broker, where records may be asked for again: from here on only.
    Settled {
        /// Which group will not ask for what is below.
        group: u32,
        /// Partitions that the broker leads.
        positions: Box<Vec<Position>>,
    },
    /// To a broker: the connections of whoever this comes from are gone.
    HungUp,
    /// Client to broker: it opens a connection of this number.
    Connect {
        /// Which one.
        epoch: u32,
    },
    /// Broker to client: it is open.
    Connected {
        /// Which one.
        epoch: u32,
    },
    /// Follower to leader: what is new?
    Follow(Box<Follow>),
    /// The same box home again.
    Followed(Box<Follow>),
    /// Broker to controller: it is there.
    Alive {
        /// Which process of this broker, counted from its restarts.
        incarnation: u32,
        /// When it said so.
        sent: Time,
        /// It wants to end in good order.
        closing: bool,
    },
    /// Controller to broker: it is heard.
    AliveOk {
        /// As in the question.
        incarnation: u32,
        /// As in the question.
        sent: Time,
        /// It leads nothing any more and may end.
        may_end: bool,
    },
    /// Controller to broker: who leads partitions of which it has copies.
    Lead(Box<Vec<Leadership>>),
    /// Leader to controller: these replicas should count as in sync.
    InSync(Box<Vec<Leadership>>),
    /// Broker to controller: it has heard that it does not lead a partition any more.
    Resigned {
        /// Which partition.
        partition: PartitionId,
    },
    /// Client to controller: who leads what?
    WhoLeads(Box<Leaders>),
    /// The same box home again.
    Leaders(Box<Leaders>),
    /// Leader to follower: so many bytes of log, which take their time on the follower's network.
    Replicate {
        /// Their number.
        bytes: u64,
    },
}

/// Reasons a machine asks to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// Producer: a batch for this broker may be ready.
    Ready(u32),
    /// Producer: a record has waited for memory as long as it may.
    GaveUp,
    /// Producer: a batch may have waited for its acknowledgement as long as it may.
    Expired,
    /// Producer: this broker may be written to again.
    Throttled(u32),
    /// Producer: a request may have waited for its answer as long as it may.
    TimedOut,
    /// Member: this broker may be asked again.
    FetchThrottled(u32),
    /// Broker: a request has come in through the network.
    CameIn(u32),
    /// Broker: a handler begins with this job.
    Begun(u32),
    /// Broker: a handler has answered the last request of this connection.
    Worked(u32),
    /// Broker: the replicas have what this job appended.
    Replicated(u32),
    /// Broker: the oldest parked fetch has waited long enough.
    WaitedLong,
    /// Broker: time to look what this topic does not keep.
    Clean(u32),
    /// Broker: the fetch of this follower has waited long enough.
    FollowWaited(u32),
    /// Broker: time to ask this leader again.
    FollowAgain(u32),
    /// Broker: time to tell the controller that it is there.
    Alive,
    /// Broker: time to look which followers are behind.
    CheckInSync,
    /// Controller: a broker may not have been heard for too long.
    Sessions,
    /// Controller: time to give leadership back to preferred replicas.
    Prefer,
    /// Producer: time to ask again who leads what.
    AskToWrite,
    /// Producer, member: what is known of partitions may be too old.
    Refresh,
    /// Producer: time to connect to this broker again.
    Reconnect(u32),
    /// Member: time to ask again who leads what.
    AskToRead,
    /// Member: this broker may not have answered a fetch for too long.
    FetchTimedOut(u32),
    /// Member: a worker has nothing to do, or a commit is due.
    Idle,
    /// Member: the group begins to poll.
    Begin,
    /// Member: time for a heartbeat.
    Heartbeat,
    /// Member: it may not have polled for as long as it may.
    PollDue,
    /// Coordinator: nothing may have been heard of a member for as long as its session.
    Session,
    /// Coordinator: the group has waited long enough for its members.
    Rebalance,
}
