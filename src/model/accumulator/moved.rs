//! Partitions that move from lane to lane with their leaders; those without a leader are on one that nothing leaves.
//!
//! Only where brokers can fail. Nothing of a partition may be on its way while it moves: whoever moves it sees to that.
use super::{Accumulator, Lane};
use crate::units::Time;
use std::collections::VecDeque;

impl Accumulator {
    /// From now on has a lane for partitions without a leader, behind those of the brokers.
    #[must_use]
    pub fn with_moves(mut self) -> Self {
        self.lanes.push(Lane { waiting: VecDeque::new(), oldest: Time::NEVER, sealed: 0 });
        self.strict = true;
        self
    }

    /// The client has learned that the topic has so many partitions.
    pub fn learn(&mut self, known: u32) {
        self.settings.known = known;
    }

    /// Lane of a partition, counted from the first of the topic.
    #[must_use]
    pub fn leader(&self, partition: u32) -> u32 {
        self.leaders[partition as usize]
    }

    /// A partition is led by another broker, or by none.
    pub fn move_to(&mut self, partition: u32, lane: u32) {
        let before = std::mem::replace(&mut self.leaders[partition as usize], lane);
        if before == lane {
            return;
        }
        self.repeats.under_way.remove(&partition);
        let (from, queue) = (&mut self.lanes[before as usize], &self.queues[partition as usize]);
        if !from.waiting.contains(&partition) {
            return;
        }
        let sealed = u32::from(!queue.sealed.is_empty());
        from.waiting.retain(|&other| other != partition);
        from.sealed -= sealed;
        let heads = from.waiting.iter().map(|&other| self.queues[other as usize].head().created);
        from.oldest = heads.min().unwrap_or(Time::NEVER);
        let to = &mut self.lanes[lane as usize];
        to.waiting.push_back(partition);
        to.sealed += sealed;
        to.oldest = to.oldest.min(queue.head().created);
        self.fresh.push(lane);
    }

    /// Whether anything of a partition is to be sent again.
    #[must_use]
    pub fn repeats_partition(&self, partition: u32) -> bool {
        self.repeats.waiting.contains_key(&partition)
    }

    /// Kafka's sticky partitioner chooses among partitions that have a leader, as far as there are any.
    pub(super) fn next_with_leader(&self, next: u32) -> u32 {
        let led = |partition: &u32| self.leaders[*partition as usize] < self.settings.brokers;
        let all = self.settings.known;
        (next..all).chain(0..next).find(led).unwrap_or(next)
    }
}
