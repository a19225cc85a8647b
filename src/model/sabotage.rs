//! Deliberate bugs in the rules, so that tests can show that a law catches each of them.
//!
//! Only built with the feature `sabotage`, which no release has; without it every question is answered with no at
//! compile time. The bug is chosen per thread, so that the rules need not carry it around.

use serde::{Deserialize, Serialize};

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sabotage {
    /// A log leaves out an offset.
    SkipOffset,
    /// A member processes records it has processed before.
    DeliverTwice,
    /// A broker acknowledges a batch and forgets it.
    LoseBatch,
    /// The high watermark steps back.
    WatermarkBack,
    /// Two members own the same partition.
    TwoOwners,
    /// A member commits what it has not processed yet.
    CommitAhead,
    /// A fetch reads beyond the high watermark.
    ReadUnreplicated,
    /// A member reports records as processed before it is done with them.
    FinishAhead,
    /// A producer takes the answer to what it has given up for an acknowledgement.
    AcknowledgeFailed,
    /// A broker does not know what it has appended before.
    ForgetSequences,
    /// A log deletes what was read and says that it was lost.
    LoseRead,
    /// A member that takes another's place begins beyond what is committed; only where members can be lost.
    ResumeAhead,
    /// A member keeps what it is to give up; only in groups that change, as all that follow.
    SkipRevocation,
    /// A member gives up partitions without committing what it did; nobody notices but who counts.
    SkipCommit,
    /// The leader deals a partition to two members.
    DealTwice,
    /// A coordinator takes commits of whoever comes.
    ForgetFencing,
    /// A rebalance leads to no new generation.
    KeepGeneration,
    /// A coordinator says that nothing is committed but the beginning.
    ForgetCommitted,
    /// A coordinator gives out a partition that another member has not given up; only in the consumer protocol, as the
    /// two that follow.
    GiveUnreleased,
    /// Somebody comes or goes and the group's epoch stays as it is.
    ForgetEpoch,
    /// A member that is not in the group any more goes on with what it had.
    KeepFenced,
    /// A member commits what it has processed though what it became is not written; only where members that write can be gone.
    CommitUnwritten,
    /// A member works on what it could not commit; only in groups that commit first, as the one that follows.
    WorkUncommitted,
    /// A member forgets what it has committed when its group asks something of it.
    ForgetGranted,
    /// A consumer process is gone after its members have left, before it has said what they found.
    GoWithoutFarewell,
    /// A leader acknowledges a batch before all replicas in sync have it; only where brokers can fail.
    AcknowledgeEarly,
    /// A replica that is back leads at once, in sync or not; only where brokers can fail.
    ElectAnybody,
    /// A follower keeps what its leader does not have; only where brokers can fail.
    ForgetToTruncate,
    /// A byte of a batch is not what it was when it left; only where there are real bytes.
    FlipByte,
}

/// Every bug in the rules.
pub const ALL: [Sabotage; 14] = [
    Sabotage::SkipOffset,
    Sabotage::DeliverTwice,
    Sabotage::LoseBatch,
    Sabotage::WatermarkBack,
    Sabotage::TwoOwners,
    Sabotage::CommitAhead,
    Sabotage::ReadUnreplicated,
    Sabotage::FinishAhead,
    Sabotage::AcknowledgeFailed,
    Sabotage::ForgetSequences,
    Sabotage::LoseRead,
    Sabotage::AcknowledgeEarly,
    Sabotage::ElectAnybody,
    Sabotage::ForgetToTruncate,
];

#[cfg(feature = "sabotage")]
thread_local! {
    static PLAYED: std::cell::Cell<Option<Sabotage>> = const { std::cell::Cell::new(None) };
}

/// Plays a bug, or none, in this thread from now on.
#[cfg(feature = "sabotage")]
pub fn play(bug: Option<Sabotage>) {
    PLAYED.set(bug);
}

/// The bug that is played in this thread, for threads that it starts.
#[cfg(feature = "sabotage")]
#[must_use]
pub fn played() -> Option<Sabotage> {
    PLAYED.get()
}

/// Whether this bug is played.
#[cfg(feature = "sabotage")]
#[must_use]
pub fn plays(bug: Sabotage) -> bool {
    PLAYED.get() == Some(bug)
}

/// Whether this bug is played: never.
#[cfg(not(feature = "sabotage"))]
#[inline(always)]
#[must_use]
pub const fn plays(_: Sabotage) -> bool {
    false
}
