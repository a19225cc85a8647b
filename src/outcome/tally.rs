//! What is counted: of streams, topics, brokers, groups and partitions, and what is left of a run when it is over.
//!
//! Totals are cloned where the window begins and ends, and subtracted afterwards; latencies count only records due
//! after the warm-up and exist once. Nothing is computed here.
use super::heat::{Heat, Sizes};
use super::histogram::Buckets;
use super::lanes::Lanes;
use super::level::{Flow, Passed};
use super::progress::Progress;
use super::series::Series;
use crate::model::machine::Cause;
use crate::units::{Span, Time};
use std::collections::VecDeque;

/// What one run left: counters and distributions, before any arithmetic.
#[derive(Debug)]
pub struct Recording {
    /// Seed of the run.
    pub seed: u64,
    /// Counters at the end of the run.
    pub end: Totals,
    /// Counters when the window begins and ends.
    pub window: [Totals; 2],
    /// The window `[warmup, end of arrivals)`.
    pub window_at: [Time; 2],
    /// When the last producer had nothing more to be given.
    pub over: Option<Time>,
    /// When it was over.
    pub ended: Time,
    /// Somebody interrupted it.
    pub partial: bool,
    /// Events of the simulation.
    pub events: u64,
    /// Streams: latencies to the acknowledgement.
    pub streams: Vec<StreamLatency>,
    /// Groups: latencies to the end of processing, and what is only known at the end.
    pub groups: Vec<GroupLatency>,
    /// By partition.
    pub partitions: Vec<PartitionTally>,
    /// By group and partition, row by row; only those the group reads are used.
    pub places: Vec<PlaceTally>,
    /// What members did when.
    pub lanes: Lanes,
    /// Rows of the series.
    pub series: Series,
    /// Laws that were broken.
    pub broken: Vec<String>,
    /// What drove it: `sim` or `live`.
    pub engine: &'static str,
    /// Why the instrument is not to be trusted; empty where it is.
    pub invalid: Vec<String>,
    /// What was done to the system: when, what, to whom.
    pub happened: Vec<(Time, String, String)>,
    /// What became of each group, where members come and go.
    pub changes: Vec<super::rebalances::Changes>,
    /// What to keep in mind, beyond what the plan warns of.
    pub warnings: Vec<String>,
}

/// Counters of everybody.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// By stream.
    pub streams: Vec<StreamTotals>,
    /// By topic.
    pub topics: Vec<TopicTotals>,
    /// By broker.
    pub brokers: Vec<BrokerTotals>,
    /// By group.
    pub groups: Vec<GroupTotals>,
}

/// One producer with all instances, or one output with all members.
#[derive(Clone, Debug, Default)]
pub struct StreamTotals {
    /// Accepted into the buffer.
    pub sent: u64,
    /// Never accepted.
    pub refused: u64,
    /// Due and not decided yet, when somebody asked last, by instance.
    pub waiting: Vec<u64>,
    /// Acknowledged.
    pub acked: u64,
    /// Given up after they were accepted.
    pub failed: u64,
    /// Of those, never sent.
    pub expired: u64,
    /// Sent again.
    pub retried: u64,
    /// Appended again.
    pub duplicates: u64,
    /// Written once more, by whoever took a lost member's place; only where that can happen.
    pub rewritten: Option<u64>,
    /// Appended after later ones of the same sender in the same partition.
    pub out_of_order: u64,
    /// By instance, accepted and neither acknowledged nor given up, when somebody asked last and ages were watched.
    pub open: Vec<Option<u64>>,
    /// Bytes of batches sent.
    pub bytes: u64,
    /// Produce requests that left.
    pub asked: Passed,
    /// Records that left in them, but for those that a broker did not append.
    pub requested: Passed,
    /// Answers to the requests, or where none is awaited, requests that left.
    pub answered: Passed,
    /// Time the rate limit held records back.
    pub limited: Span,
    /// Time the full buffer held records back.
    pub blocked: Span,
    /// Time a quota kept clients from writing, over all brokers.
    pub throttled: Span,
}

impl StreamTotals {
    /// Records that were due.
    #[must_use]
    pub fn offered(&self) -> u64 {
        self.sent + self.refused + self.waiting.iter().sum::<u64>()
    }
}

/// One topic.
#[derive(Clone, Debug, Default)]
pub struct TopicTotals {
    /// Records appended.
    pub appended: Flow,
    /// Of those, cut off and sent again, or given up.
    pub vanished: u64,
    /// Batches appended.
    pub batches: u64,
    /// The same by the number of their records.
    pub sizes: Sizes,
    /// Records below the high watermark.
    pub readable: Passed,
}

/// One broker.
#[derive(Clone, Debug, Default)]
pub struct BrokerTotals {
    /// Time its handlers were busy.
    pub busy: Span,
    /// Time requests waited for a handler.
    pub queued: Span,
    /// Requests taken on.
    pub requests: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Bytes written.
    pub bytes_disk: u64,
    /// Time its disk was busy.
    pub disk: Span,
    /// Partitions that it leads more than at the beginning.
    pub led: i64,
}

/// One group.
#[derive(Clone, Debug, Default)]
pub struct GroupTotals {
    /// Records that arrived at members.
    pub fetched: Passed,
    /// Records handed out by poll.
    pub polled: Passed,
    /// Records processed.
    pub processed: Flow,
    /// Records that it will never get.
    pub lost: Flow,
    /// Of those, cut off, and not acknowledged.
    pub vanished: u64,
    /// The same by cause, in the order of these.
    pub lost_by: [u64; Cause::COUNT],
    /// Attempts at records beyond the first.
    pub tried: u64,
    /// Offsets committed.
    pub committed: Flow,
    /// Fetches answered.
    pub fetches: u64,
    /// Time workers were busy.
    pub busy: Span,
    /// The same by member.
    pub members: Vec<Span>,
    /// Time a quota kept members from reading, over all brokers.
    pub throttled: Span,
    /// Lag times time, in records and nanoseconds.
    pub lag_area: i128,
    /// The same for what is not committed.
    pub committed_area: i128,
    /// Age of the oldest unprocessed record times time, in nanoseconds twice.
    pub age_area: u128,
    /// Sum over records of end-to-end latency, window or not, in nanoseconds.
    pub e2e_sum: u128,
    /// Sum over processed records of their work, window or not, in nanoseconds.
    pub work_sum: u128,
    /// Records finished after a later one of the same key.
    pub out_of_order: u64,
    /// Records processed once more, because a member was lost before it committed them.
    pub duplicates: u64,
    /// Partitions that a member took over from a lost one.
    pub resumed: u64,
}

/// Latencies of a stream.
#[derive(Clone, Debug, Default)]
pub struct StreamLatency {
    /// Due to acknowledged.
    pub publish: Buckets,
    /// Over the same records, time from the request's leaving to the acknowledgement, in nanoseconds.
    pub under_way_ns: u128,
    /// Due to acknowledged, only of records that were sent later than due.
    pub late_publish: Buckets,
    /// Sent to acknowledged, only of those.
    pub late_service: Buckets,
    /// How late the generator woke; nothing in virtual time.
    pub lateness: Buckets,
}

/// Latencies of a group.
#[derive(Clone, Debug, Default)]
pub struct GroupLatency {
    /// Due to start of processing.
    pub wait: Buckets,
    /// Processing.
    pub work: Buckets,
    /// Due to end of processing.
    pub e2e: Buckets,
    /// The same, only of records that were sent later than due.
    pub late_e2e: Buckets,
    /// Sent to end of processing, only of those.
    pub late_raw: Buckets,
    /// First due along the pipeline to end of processing, only of records whose pipeline began earlier.
    pub journey: Buckets,
    /// Due to end of processing, only of those.
    pub journey_e2e: Buckets,
    /// Due to end of processing, by when it ended.
    pub heat: Heat,
    /// When the backlog was last worked off after the end of arrivals.
    pub drained: Option<Time>,
    /// Greatest lag, committed lag and age at the edges inside the window.
    pub max: [u64; 3],
    /// The same at the end of the run.
    pub last: [u64; 3],
}

/// One partition.
#[derive(Clone, Debug, Default)]
pub struct PartitionTally {
    /// Records appended.
    pub appended: u64,
    /// Of those, cut off and not acknowledged.
    pub vanished: u64,
    /// Bytes appended, before compression.
    pub bytes: u64,
    /// The same as they are stored.
    pub stored: u64,
    /// Ends of batches that some group has not finished, and when the first record of each was due.
    pub(super) batches: VecDeque<(u64, Time)>,
}

/// One partition as one group sees it.
#[derive(Clone, Debug, Default)]
pub struct PlaceTally {
    /// What is processed.
    pub progress: Progress,
    /// How many are processed.
    pub processed: u64,
    /// How many are lost.
    pub lost: u64,
    /// Up to where it is committed.
    pub committed: u64,
    /// Member that owns it.
    pub member: u32,
    /// Greatest lag at the edges.
    pub lag_max: u64,
    /// When the record processed last was due.
    pub(super) last_due: Time,
}
