//! Whether a run has nothing more to tell: all has come, and all that came has gone.
//!
//! Asked after every event once nothing more will come.
use super::{Reads, Recorder, StreamTotals};
use crate::model::machine::Cause;
use crate::plan::Plan;

impl Recorder {
    /// Whether no producer will be given anything more.
    #[inline]
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.running == 0
    }

    /// Whether everything sent is acknowledged or given up, and what left is appended, or known not to be, and processed
    /// by everybody who reads it.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let sum = |figure: fn(&StreamTotals) -> u64| self.totals.streams.iter().map(figure).sum::<u64>();
        let (sent, acked) = (sum(|stream| stream.sent), sum(|stream| stream.acked + stream.failed));
        let left = sum(|stream| stream.requested.records);
        let appended: u64 = self.totals.topics.iter().map(|topic| topic.appended.total).sum();
        let forwarded = |(group, reads): (usize, &Reads)| {
            let totals = &self.totals.groups[group];
            reads.output.is_none_or(|(stream, dead_letters)| {
                let output = &self.totals.streams[stream];
                let due =
                    if dead_letters { totals.lost_by[Cause::DeadLetter as usize] } else { totals.processed.total };
                output.sent + output.refused >= due
            })
        };
        sent == acked
            && left == appended
            && (0..self.reads.len()).all(|group| self.backlog(group) == 0)
            && self.reads.iter().enumerate().all(forwarded)
    }
}

/// What each group reads, and where it writes.
pub(super) fn reads(plan: &Plan) -> Vec<Reads> {
    let mut output = plan.producers.len();
    let reads = plan.groups.iter().map(|group| {
        let partitions = group.topics.iter().flat_map(|&topic| {
            let topic = &plan.topics[topic];
            topic.numbers()
        });
        let stream = group.output.as_ref().map(|_| (output, group.retry.dead_letters));
        output += usize::from(stream.is_some());
        Reads { topics: group.topics.clone(), partitions: partitions.collect(), output: stream }
    });
    reads.collect()
}
