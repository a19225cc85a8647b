//! Facts on their way from a consumer process to whoever listens: those that a member can observe.
//!
//! They are written from what the machine lends, and read into lists of their own.
use crate::model::machine::{Cause, Fact, Processed};
use crate::model::protocol::{Extra, MemberKey, MemberState, PartitionId, Record};
use crate::units::{Span, Time};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A fact of a member. Fields are those of [`Fact`].
#[derive(Debug, Serialize, Deserialize)]
pub enum Told<'f> {
    /// [`Fact::Sent`]
    Sent(u32, u64),
    /// [`Fact::Refused`]
    Refused(u32, u64),
    /// [`Fact::Waiting`]
    Waiting { stream: u32, instance: u32, records: u64, held: [Span; 3], open: Option<u64> },
    /// [`Fact::Throttled`]
    Throttled(u32, Span),
    /// [`Fact::Failed`]
    Failed { stream: u32, unsent: u64, under_way: u64 },
    /// [`Fact::TimedOut`]
    TimedOut(u32, u64),
    /// [`Fact::Retried`]
    Retried(u32, u64),
    /// [`Fact::Requested`]
    Requested { stream: u32, records: u64, bytes: u64 },
    /// [`Fact::Acked`]
    Acked { stream: u32, left: Time, records: Cow<'f, [Record]>, extras: Cow<'f, [Extra]> },
    /// [`Fact::Assigned`]
    Assigned { group: u32, member: u32, partition: PartitionId, generation: u32 },
    /// [`Fact::Resumed`]
    Resumed { group: u32, member: u32, partition: PartitionId, offset: u64 },
    /// [`Fact::Revoked`]
    Revoked { group: u32, member: u32, partition: PartitionId },
    /// [`Fact::Reset`]
    Reset { group: u32, member: u32, partition: PartitionId, offset: u64 },
    /// [`Fact::Member`]
    Member { group: u32, key: MemberKey, state: MemberState },
    /// [`Fact::Fetched`]
    Fetched(u32, u64),
    /// [`Fact::Polled`]
    Polled(u32, u64),
    /// [`Fact::Processed`]
    Processed {
        group: u32,
        member: u32,
        partition: PartitionId,
        first: u64,
        records: Cow<'f, [Record]>,
        extras: Cow<'f, [Extra]>,
        work: Cow<'f, [Span]>,
        started: Time,
        shared: bool,
    },
    /// [`Fact::Busy`]
    Busy(u32, u32, Span),
    /// [`Fact::Tried`]
    Tried(u32, u64),
    /// [`Fact::Lost`]
    Lost { group: u32, partition: PartitionId, first: u64, records: u64, cause: Cause, at: Time },
    /// [`Fact::Skipped`]
    Skipped { group: u32, member: u32, partition: PartitionId, first: u64, records: u64, cause: Cause },
}

impl<'f> Told<'f> {
    /// What to write.
    ///
    /// # Panics
    /// Where members cannot observe such a thing.
    #[must_use]
    pub fn of(fact: &Fact<'f>) -> Self {
        match *fact {
            Fact::Sent { stream, records } => Self::Sent(stream, records),
            Fact::Refused { stream, records } => Self::Refused(stream, records),
            Fact::Waiting { stream, instance, records, limited, blocked, open, throttled } => {
                Self::Waiting { stream, instance, records, held: [limited, blocked, throttled], open }
            }
            Fact::Throttled { group, span } => Self::Throttled(group, span),
            Fact::Failed { stream, unsent, under_way } => Self::Failed { stream, unsent, under_way },
            Fact::TimedOut { stream, requests } => Self::TimedOut(stream, requests),
            Fact::Retried { stream, records } => Self::Retried(stream, records),
            Fact::Requested { stream, records, bytes } => Self::Requested { stream, records, bytes },
            Fact::Acked { stream, left, records, extras } => {
                Self::Acked { stream, left, records: records.into(), extras: extras.into() }
            }
            Fact::Assigned { group, member, partition, generation } => {
                Self::Assigned { group, member, partition, generation }
            }
            Fact::Resumed { group, member, partition, offset } => Self::Resumed { group, member, partition, offset },
            Fact::Revoked { group, member, partition } => Self::Revoked { group, member, partition },
            Fact::Reset { group, member, partition, offset } => Self::Reset { group, member, partition, offset },
            Fact::Member { group, key, state } => Self::Member { group, key, state },
            Fact::Fetched { group, records } => Self::Fetched(group, records),
            Fact::Polled { group, records } => Self::Polled(group, records),
            Fact::Processed(Processed { group, member, partition, first, records, extras, work, started, shared }) => {
                Self::Processed {
                    group,
                    member,
                    partition,
                    first,
                    records: records.into(),
                    extras: extras.into(),
                    work: work.into(),
                    started,
                    shared,
                }
            }
            Fact::Busy { group, member, span } => Self::Busy(group, member, span),
            Fact::Tried { group, more } => Self::Tried(group, more),
            Fact::Lost { group, partition, first, records, cause, at } => {
                Self::Lost { group, partition, first, records, cause, at }
            }
            Fact::Skipped { group, member, partition, first, records, cause } => {
                Self::Skipped { group, member, partition, first, records, cause }
            }
            ref other => panic!("a member does not observe {other:?}"),
        }
    }

    /// What was written.
    #[must_use]
    pub fn fact(&self) -> Fact<'_> {
        match *self {
            Self::Sent(stream, records) => Fact::Sent { stream, records },
            Self::Refused(stream, records) => Fact::Refused { stream, records },
            Self::Waiting { stream, instance, records, held: [limited, blocked, throttled], open } => {
                Fact::Waiting { stream, instance, records, limited, blocked, open, throttled }
            }
            Self::Throttled(group, span) => Fact::Throttled { group, span },
            Self::Failed { stream, unsent, under_way } => Fact::Failed { stream, unsent, under_way },
            Self::TimedOut(stream, requests) => Fact::TimedOut { stream, requests },
            Self::Retried(stream, records) => Fact::Retried { stream, records },
            Self::Requested { stream, records, bytes } => Fact::Requested { stream, records, bytes },
            Self::Acked { stream, left, ref records, ref extras } => Fact::Acked { stream, left, records, extras },
            Self::Assigned { group, member, partition, generation } => {
                Fact::Assigned { group, member, partition, generation }
            }
            Self::Resumed { group, member, partition, offset } => Fact::Resumed { group, member, partition, offset },
            Self::Revoked { group, member, partition } => Fact::Revoked { group, member, partition },
            Self::Reset { group, member, partition, offset } => Fact::Reset { group, member, partition, offset },
            Self::Member { group, key, state } => Fact::Member { group, key, state },
            Self::Fetched(group, records) => Fact::Fetched { group, records },
            Self::Polled(group, records) => Fact::Polled { group, records },
            Self::Processed { group, member, partition, first, ref records, ref extras, ref work, started, shared } => {
                Fact::Processed(Processed { group, member, partition, first, records, extras, work, started, shared })
            }
            Self::Busy(group, member, span) => Fact::Busy { group, member, span },
            Self::Tried(group, more) => Fact::Tried { group, more },
            Self::Lost { group, partition, first, records, cause, at } => {
                Fact::Lost { group, partition, first, records, cause, at }
            }
            Self::Skipped { group, member, partition, first, records, cause } => {
                Fact::Skipped { group, member, partition, first, records, cause }
            }
        }
    }
}
