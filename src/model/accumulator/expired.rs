//! Takes away batches that nobody may send any more: `ProducerBatch.hasReachedDeliveryTimeout` of Kafka's accumulator.
//!
//! Looked at when the oldest batch is due to go, never in between; a partition's batches go oldest first, full or not.
use super::{Accumulator, PartitionId};
use crate::units::{Span, Time};

impl Accumulator {
    /// From now on tells when the batches of a request were begun.
    #[must_use]
    pub fn with_ages(mut self) -> Self {
        self.created = Some(Vec::new());
        self
    }

    /// When each batch of the request drained last was begun, if anybody wanted to know.
    pub fn ages(&mut self) -> impl Iterator<Item = Time> {
        self.created.iter_mut().flat_map(|created| created.drain(..))
    }

    /// When the oldest batch was begun, if there is one.
    #[must_use]
    pub fn oldest(&self) -> Option<Time> {
        let lanes = self.lanes.iter().filter(|lane| !lane.waiting.is_empty()).map(|lane| lane.oldest);
        lanes.chain(self.repeats.all().map(|repeat| repeat.created)).min()
    }

    /// Records in batches that have not left.
    #[must_use]
    pub fn records(&self) -> u64 {
        let waiting = self.lanes.iter().flat_map(|lane| &lane.waiting).map(|&p| &self.queues[p as usize]);
        let repeats = self.repeats.all().map(|repeat| u64::from(repeat.batch.records()));
        waiting.map(|queue| (queue.parcel.len() - queue.gone) as u64).chain(repeats).sum()
    }

    /// Number of the topic's first partition over all topics.
    #[must_use]
    pub fn first_partition(&self) -> PartitionId {
        self.settings.first_partition
    }

    /// Records of a partition that have never left.
    #[must_use]
    pub fn unsent(&self, partition: usize) -> usize {
        let queue = &self.queues[partition];
        queue.parcel.len() - queue.gone
    }

    /// Drops the batches that were begun `timeout` ago or earlier and never left, with their memory; returns how many
    /// records were in them.
    pub fn expire(&mut self, now: Time, timeout: Span) -> u64 {
        let before = self.records();
        for lane in 0..self.lanes.len() {
            if self.lanes[lane].oldest.ns().saturating_add(timeout.ns()) > now.ns() {
                continue;
            }
            let mut waiting = std::mem::take(&mut self.lanes[lane].waiting);
            waiting.retain(|&partition| self.expire_partition(partition, now, timeout));
            let heads = waiting.iter().map(|&partition| &self.queues[partition as usize]);
            self.lanes[lane].oldest = heads.map(|queue| queue.head().created).min().unwrap_or(Time::NEVER);
            self.lanes[lane].waiting = waiting;
        }
        before - self.records()
    }

    /// Whether anything is left of a partition.
    fn expire_partition(&mut self, partition: u32, now: Time, timeout: Span) -> bool {
        let queue = &mut self.queues[partition as usize];
        let was_sealed = !queue.sealed.is_empty();
        while !queue.is_empty() && queue.head().created + timeout <= now {
            let head = queue.sealed.pop_front().unwrap_or_else(|| std::mem::take(&mut queue.open));
            self.memory_free += u64::from(head.pinned);
            queue.leave_behind(head.records as usize);
        }
        let lane = &mut self.lanes[self.leaders[partition as usize] as usize];
        lane.sealed -= u32::from(was_sealed && queue.sealed.is_empty());
        !queue.is_empty()
    }
}
