//! What is appended becomes safe in the order of the log, whichever handler is done first, or whatever is written soonest.
//!
//! The high watermark is counted on batch by batch: out of order it would lie amid one.
use super::{Batch, Broker, Request};
use crate::units::Time;

impl Broker {
    /// What is behind others in a log is not safe before them, though its handler may be done sooner.
    pub(super) fn in_order(&mut self, job: u32, at: Time) -> Time {
        let Some(Request::Produce(produce)) = &self.jobs[job as usize].request else { return at };
        let log = |batch: &Batch| self.places.partitions[batch.partition as usize].log as usize;
        let at = produce.batches.iter().fold(at, |at, batch| at.max(self.logs[log(batch)].safe_at));
        for batch in &produce.batches {
            self.logs[self.places.partitions[batch.partition as usize].log as usize].safe_at = at;
        }
        at
    }

    /// Whether what lies before it in a log is safe at this very instant, but has not been counted yet.
    #[inline]
    pub(super) fn is_behind(&self, job: u32) -> bool {
        let batches = match &self.jobs[job as usize].request {
            Some(Request::Produce(produce)) => &produce.batches,
            Some(Request::Replicating(batches)) => batches,
            _ => return false,
        };
        batches.iter().any(|batch| batch.base > self.logs[self.log(batch.partition)].counted())
    }
}
