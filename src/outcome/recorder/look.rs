//! What a recorder tells of a run that goes on: a copy of its counters, which changes none of them.
//!
//! The end-to-end latencies of the present row of the series lie apart until it is closed; here they are put together.
use super::Recorder;
use crate::outcome::look::{GroupLook, Look, Spread, StreamLook};
use crate::units::Time;

impl Recorder {
    /// The run as it stands.
    #[must_use]
    pub fn look(&self, now: Time) -> Look {
        let streams = self.totals.streams.iter().map(|stream| StreamLook {
            sent: stream.sent,
            refused: stream.refused,
            acked: stream.acked,
            failed: stream.failed,
            lateness: Spread::default(),
        });
        Look {
            seed: self.seed,
            at: now,
            ended: false,
            streams: streams.collect(),
            appended: self.totals.topics.iter().map(|topic| topic.appended.total).collect(),
            groups: (0..self.reads.len()).map(|group| self.look_at_group(group)).collect(),
            broken: 0,
        }
    }

    fn look_at_group(&self, group: usize) -> GroupLook {
        let totals = &self.totals.groups[group];
        let lag = |&partition: &u32| {
            let place = &self.places[group * self.partitions.len() + partition as usize];
            let appended = self.partitions[partition as usize].appended;
            (partition, appended.saturating_sub(place.processed + place.lost))
        };
        GroupLook {
            processed: totals.processed.total,
            lost: totals.lost.total,
            lags: self.reads[group].partitions.iter().map(lag).collect(),
            e2e: Spread::of(&[&self.groups[group].e2e, &self.recent[group]]),
        }
    }
}
