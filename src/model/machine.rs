//! What a machine is: told the time and one input, it answers through its outbox. No clock, socket or dice of its own.
//!
//! The outbox is a trait, not a list: an engine may act at once (the simulator) or collect (actors, tests).
//! Facts are borrowed, one per batch: a machine never copies records to report them. They are the narrow waist
//! between engines and outcome: recorder and laws hear nothing else.
mod cause;
mod processed;

use super::protocol::{ActorId, Extra, MemberKey, MemberState, Message, PartitionId, Reason, Record, Timer};
use crate::units::{Span, Time};

pub use cause::Cause;
pub use processed::Processed;

/// A participant: pure rules, no surroundings.
pub trait Machine {
    /// Acts on one input.
    fn handle(&mut self, now: Time, input: Input, out: &mut (impl Outbox + ?Sized));
}

/// What can happen to a machine.
#[derive(Debug)]
pub enum Input {
    /// The run begins.
    Started,
    /// A message arrives.
    Received {
        /// Who sent it.
        from: ActorId,
        /// What it says.
        message: Message,
    },
    /// A timer set earlier fires.
    Fired(Timer),
    /// Report what has been done so far. Changes nothing: any number of these leaves the run the same.
    Observed,
    /// It is asked to end in good order. When it has, it says and hears nothing more.
    Closing,
    /// Its process is gone. It reports what it had done, sends nothing more, and hears nothing but that it is back.
    Crashed,
    /// From now on it hears nothing for so long, and does nothing; then it goes on where it was.
    Paused(Span),
    /// Its work takes so many times as long as without this, from now on; of a broker, what its disk writes.
    Slowed(f64),
    /// A topic has more partitions from now on. The controller is told, and coordinators are.
    Grown {
        /// The first partition of the topic.
        first: PartitionId,
        /// How many it has.
        partitions: u32,
    },
    /// A new process takes the place of one that is gone, and finds what that had written. Only brokers are told; a member
    /// that is back is another machine.
    Restarted,
}

/// What a machine can do.
pub trait Outbox {
    /// Sends a message now.
    fn send(&mut self, to: ActorId, message: Message);
    /// Sends a message that leaves at `at`, now or later.
    fn send_at(&mut self, at: Time, to: ActorId, message: Message);
    /// Fires once at `at`. Waking twice fires twice: a machine keeps at most one of each kind, or ignores the stale ones.
    fn wake(&mut self, timer: Timer, at: Time);
    /// Tells whoever listens.
    fn observe(&mut self, fact: &Fact<'_>);
}

/// Facts worth recording, one per batch. Every engine reports the same ones.
#[derive(Clone, Copy, Debug)]
pub enum Fact<'a> {
    /// Records were accepted into a producer's buffer.
    Sent {
        /// Number of the stream: producers, then outputs.
        stream: u32,
        /// How many.
        records: u64,
    },
    /// Records were given up before they were in the buffer.
    Refused {
        /// Number of the stream.
        stream: u32,
        /// How many.
        records: u64,
    },
    /// At an observation: records due that were neither accepted nor refused yet, and time held back since the last one.
    Waiting {
        /// Number of the stream.
        stream: u32,
        /// Instance of the producer, or member of the group.
        instance: u32,
        /// How many are due.
        records: u64,
        /// Time the rate limit held records back.
        limited: Span,
        /// Time the full buffer held records back.
        blocked: Span,
        /// Records accepted that are neither acknowledged nor given up, where their age is watched.
        open: Option<u64>,
        /// Time a quota kept it from writing to brokers since the last one, summed over these.
        throttled: Span,
    },
    /// Time a quota kept a member from reading, summed over brokers, since it last said so.
    Throttled {
        /// Which group.
        group: u32,
        /// Time.
        span: Span,
    },
    /// A producer gave up records that it had accepted: they were not acknowledged in time.
    Failed {
        /// Number of the stream.
        stream: u32,
        /// How many never left.
        unsent: u64,
        /// How many had left, and may yet be appended.
        under_way: u64,
    },
    /// A producer closed a connection because a request was not answered in time.
    TimedOut {
        /// Number of the stream.
        stream: u32,
        /// How many requests were under way on it: none of them is waited for any more.
        requests: u64,
    },
    /// Records left once more.
    Retried {
        /// Number of the stream.
        stream: u32,
        /// How many.
        records: u64,
    },
    /// A broker did not append a batch that was sent to it.
    Discarded {
        /// Number of the stream.
        stream: u32,
        /// Who sent it.
        from: ActorId,
        /// Where it would lie.
        partition: PartitionId,
        /// Its number from this sender to this partition.
        sequence: u32,
        /// How many records are in it.
        records: u32,
        /// When its request left.
        left: Time,
        /// It had the batch already, and knew; otherwise it went down with its connection before it was looked at.
        known: bool,
    },
    /// A producer has taken everything it will ever be given.
    Exhausted {
        /// Number of the stream.
        stream: u32,
        /// When the last of it was due, which may be some time ago.
        at: Time,
    },
    /// A produce request left.
    Requested {
        /// Number of the stream.
        stream: u32,
        /// How many records are in it.
        records: u64,
        /// Bytes of its batches before compression.
        bytes: u64,
    },
    /// A batch got its offsets.
    Appended {
        /// Number of the stream.
        stream: u32,
        /// Who sent it.
        from: ActorId,
        /// Where it lies.
        partition: PartitionId,
        /// Its number from this sender to this partition.
        sequence: u32,
        /// Offset of its first record.
        base: u64,
        /// What is in it.
        records: &'a [Record],
        /// Its size as it is stored.
        bytes: u32,
        /// Its size before compression.
        plain: u32,
    },
    /// Offsets below this one may be read.
    Replicated {
        /// Of which partition.
        partition: PartitionId,
        /// The high watermark.
        high_watermark: u64,
        /// By how many records it moved.
        records: u32,
    },
    /// Where brokers can fail: offsets below this one may be read, as far as the leader knows.
    Advanced {
        /// Of which partition.
        partition: PartitionId,
        /// The high watermark.
        high_watermark: u64,
        /// By how many records it moved for everybody; only whoever keeps account of elections knows.
        records: u64,
    },
    /// The controller has decided who leads a partition.
    Elected {
        /// Which partition.
        partition: PartitionId,
        /// Who, if anybody can.
        leader: Option<u32>,
        /// Who did before.
        before: Option<u32>,
    },
    /// A broker leads a partition from now on: what its log does not have is gone.
    Led {
        /// Which broker.
        broker: u32,
        /// Which partition.
        partition: PartitionId,
        /// Its epoch as leader.
        epoch: u32,
        /// The offset after the last record of its log.
        end: u64,
    },
    /// A follower has copied a batch.
    Copied {
        /// Which broker.
        broker: u32,
        /// Which partition.
        partition: PartitionId,
        /// Leader epoch in which it was appended.
        epoch: u32,
        /// Offset of its first record.
        base: u64,
        /// How many records are in it.
        records: u32,
    },
    /// A follower has cut back its copy to what its leader has.
    CutBack {
        /// Which broker.
        broker: u32,
        /// Which partition.
        partition: PartitionId,
        /// Where it ends now.
        end: u64,
    },
    /// Where brokers can fail: a producer takes a batch for safe.
    Promised {
        /// Number of the stream.
        stream: u32,
        /// Who sent it.
        from: ActorId,
        /// Where it lies.
        partition: PartitionId,
        /// Its number from this sender to this partition.
        sequence: u32,
        /// Offset of its first record.
        base: u64,
    },
    /// A batch was appended, and is gone with its leader.
    Truncated {
        /// Number of the stream.
        stream: u32,
        /// Who sent it.
        from: ActorId,
        /// Where it lay.
        partition: PartitionId,
        /// Its number from this sender to this partition.
        sequence: u32,
        /// Offset of its first record.
        base: u64,
        /// How many records were in it.
        records: u64,
        /// Its sender took it for safe, and will not send it again.
        promised: bool,
    },
    /// The producer knows that a batch is safe, as far as its acks promise.
    Acked {
        /// Number of the stream.
        stream: u32,
        /// When the request left.
        left: Time,
        /// What is in it.
        records: &'a [Record],
        /// What more is known of each; empty where nothing is.
        extras: &'a [Extra],
    },
    /// A member may read a partition, in a generation.
    Assigned {
        /// Which group.
        group: u32,
        /// Which member, counted from 0.
        member: u32,
        /// Which partition.
        partition: PartitionId,
        /// Since which generation.
        generation: u32,
    },
    /// A member has taken the place of one that is gone, and reads on from here.
    Resumed {
        /// Which group.
        group: u32,
        /// Which member, counted from 0.
        member: u32,
        /// Which partition.
        partition: PartitionId,
        /// The first offset it will ask for.
        offset: u64,
    },
    /// A member does not read a partition any more.
    Revoked {
        /// Which group.
        group: u32,
        /// Which member, counted from 0.
        member: u32,
        /// Which partition.
        partition: PartitionId,
    },
    /// Nothing was committed of a partition: its reader begins here, whatever lies before.
    Reset {
        /// Which group.
        group: u32,
        /// Which member, counted from 0.
        member: u32,
        /// Which partition.
        partition: PartitionId,
        /// The first offset it will ask for.
        offset: u64,
    },
    /// Something became of a member of a group that changes.
    Member {
        /// Which group.
        group: u32,
        /// Who.
        key: MemberKey,
        /// What.
        state: MemberState,
    },
    /// A group has rebalanced: everybody knows what to read, or somebody came before they did.
    Rebalanced {
        /// Which group.
        group: u32,
        /// The generation that it led to.
        generation: u32,
        /// Why.
        reason: Reason,
        /// When it began.
        began: Time,
        /// How many members take part.
        members: u32,
    },
    /// What became of records is written to the topic their group writes to, as far as its producer knows, or given up.
    Forwarded {
        /// Which group.
        group: u32,
        /// Where the records lie of which it was made.
        partition: PartitionId,
        /// Offset of the first.
        first: u64,
        /// How many.
        records: u64,
        /// Whether it was written.
        written: bool,
    },
    /// Records that were processed once more, because whoever did it first had not committed them.
    Redone {
        /// Which group.
        group: u32,
        /// How many.
        records: u64,
    },
    /// A member got the answer to a fetch.
    Fetched {
        /// Which group.
        group: u32,
        /// How many records are in it.
        records: u64,
    },
    /// A member took records by poll.
    Polled {
        /// Which group.
        group: u32,
        /// How many.
        records: u64,
    },
    /// A member finished records of one partition.
    Processed(Processed<'a>),
    /// Worker time a group spent since it last said so.
    Busy {
        /// Which group.
        group: u32,
        /// Which member, counted from 0.
        member: u32,
        /// Time, summed over workers.
        span: Span,
    },
    /// The coordinator stored a position.
    Committed {
        /// Which group.
        group: u32,
        /// Which partition.
        partition: PartitionId,
        /// Everything below is done.
        offset: u64,
    },
    /// Processing records was tried so many times more than once.
    Tried {
        /// Which group.
        group: u32,
        /// How often.
        more: u64,
    },
    /// Records that a group will never have processed.
    Lost {
        /// Which group.
        group: u32,
        /// Which partition.
        partition: PartitionId,
        /// Offset of the first.
        first: u64,
        /// How many.
        records: u64,
        /// Why.
        cause: Cause,
        /// When, now or before.
        at: Time,
    },
    /// A member heard that what it asked for is gone, and goes on behind it.
    Skipped {
        /// Which group.
        group: u32,
        /// Which member, counted from 0.
        member: u32,
        /// Which partition.
        partition: PartitionId,
        /// The offset it asked for.
        first: u64,
        /// How many records it leaves out.
        records: u64,
        /// Why.
        cause: Cause,
    },
    /// What a broker did since it last said so.
    Served {
        /// Which broker.
        broker: u32,
        /// Time of its handlers.
        busy: Span,
        /// Time that requests waited for a handler.
        queued: Span,
        /// Requests taken on.
        requests: u64,
        /// Bytes received.
        bytes_in: u64,
        /// Bytes sent.
        bytes_out: u64,
        /// Bytes written to its disk.
        bytes_disk: u64,
        /// Time its disk was busy, where writing costs anything.
        disk: Span,
    },
    /// What a broker received and wrote as a follower since its leaders last said so.
    Followed {
        /// Which broker.
        broker: u32,
        /// Bytes.
        bytes: u64,
    },
}
