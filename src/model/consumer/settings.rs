//! How a member does what it does: everything that is settled before the run.
//!
//! Times and sizes are Kafka's settings of the same names, which the plan has filled in.
use super::Reset;
use crate::model::protocol::ActorId;
use crate::units::{Span, Time};

/// How a member fetches, polls and commits.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Number of its group.
    pub group: u32,
    /// Its own number in the group.
    pub member: u32,
    /// In which generation: the first, or a later one that takes the place of a member that was lost.
    pub generation: u32,
    /// Where its coordinator is.
    pub coordinator: ActorId,
    /// Number of brokers.
    pub brokers: u32,
    /// When it polls first.
    pub starts: Time,
    /// `max.poll.records`.
    pub poll_records: u32,
    /// `fetch.min.bytes`.
    pub fetch_min_bytes: u64,
    /// `fetch.max.bytes`.
    pub fetch_max_bytes: u64,
    /// `max.partition.fetch.bytes`.
    pub fetch_max_partition_bytes: u64,
    /// `fetch.max.wait.ms`.
    pub fetch_max_wait: Span,
    /// When it commits.
    pub commit: Commit,
    /// `heartbeat.interval.ms`.
    pub heartbeat: Span,
    /// `auto.offset.reset`.
    pub reset: Reset,
}

/// When a member commits its positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Inside poll, once this much time has passed since the last; does not wait for the answer.
    Auto(Span),
    /// After the records of each poll are processed; the next poll waits for the answer.
    AfterPoll,
    /// Whenever so many records are processed; does not wait for the answer.
    Every(u32),
    /// Before the records of a poll are processed, which waits for the answer: at most once.
    BeforeWork,
}
