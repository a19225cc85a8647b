//! Records that were appended, and cut off when another broker began to lead.
//!
//! While the run goes on they are lost to everybody who reads them, which keeps all accounts even. Those that come again
//! count once: when it is over, they were never appended.
use super::Recorder;
use crate::model::machine::{Cause, Fact};
use crate::outcome::tally::{PartitionTally, PlaceTally, Totals};
use crate::units::Time;

impl Recorder {
    /// What is heard only where brokers can fail.
    #[cold]
    pub(super) fn failed_over(&mut self, now: Time, fact: &Fact<'_>) {
        match *fact {
            Fact::Truncated { partition, base, records, promised, .. } => {
                self.truncated(partition as usize, (base, records), promised, now);
            }
            Fact::Advanced { partition, records, .. } => {
                let topic = self.topic_of[partition as usize] as usize;
                self.totals.topics[topic].readable.add(records, now);
            }
            Fact::Elected { leader, before, .. } => {
                let brokers = &mut self.totals.brokers;
                if let Some(broker) = before {
                    brokers[broker as usize].led -= 1;
                }
                if let Some(broker) = leader {
                    brokers[broker as usize].led += 1;
                }
            }
            _ => {}
        }
    }

    fn truncated(&mut self, partition: usize, (first, n): (u64, u64), promised: bool, now: Time) {
        let topic = self.topic_of[partition] as usize;
        for group in 0..self.reads.len() {
            if self.reads[group].topics.contains(&topic) {
                self.lost(group, partition, (first, n, Cause::Truncation), now);
            }
        }
        if !promised {
            self.vanished(partition, |known| known + n);
        }
    }

    /// What was cut off is lost for good after all, or is there again.
    pub fn reconsidered(&mut self, partition: usize, n: u64, for_good: bool) {
        self.vanished(partition, |known| if for_good { known - n } else { known + n });
    }

    /// So much of what is lost comes again, or is there again.
    fn vanished(&mut self, partition: usize, change: impl Fn(u64) -> u64) {
        let Self { totals, partitions, reads, topic_of, .. } = self;
        let topic = topic_of[partition] as usize;
        for (group, reads) in totals.groups.iter_mut().zip(reads) {
            if reads.topics.contains(&topic) {
                group.vanished = change(group.vanished);
            }
        }
        let [topic, partition] = [&mut totals.topics[topic].vanished, &mut partitions[partition].vanished];
        (*topic, *partition) = (change(*topic), change(*partition));
    }
}

/// The run is over: what vanished was never appended.
pub(super) fn forget(end: &mut Totals, partitions: &mut [PartitionTally], places: &mut [PlaceTally]) {
    for topic in &mut end.topics {
        topic.appended.total -= topic.vanished;
    }
    for group in &mut end.groups {
        group.lost.total -= group.vanished;
        group.lost_by[Cause::Truncation as usize] -= group.vanished;
    }
    for places in places.chunks_mut(partitions.len().max(1)) {
        for (place, partition) in places.iter_mut().zip(&*partitions) {
            // Groups that do not read it have lost nothing there.
            place.lost = place.lost.saturating_sub(partition.vanished);
        }
    }
    for partition in partitions {
        partition.appended -= partition.vanished;
    }
}
