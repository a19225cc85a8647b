//! Batches that will be sent again: before all others of their partition, none before its time.
//!
//! As in Kafka a batch that is sent again goes to the front, and while it waits nothing of its partition leaves. Where
//! the broker knows repeats (idempotence) they keep their order, and of those only the oldest of a partition is on its way
//! at a time. Elsewhere each is put before the one before it, so that requests lost together come back the other way
//! round, which is Kafka's `RecordAccumulator.reenqueue`, too. Nothing here is asked while no batch waits to be repeated.
use super::{Accumulator, Parcel};
use crate::model::protocol::{Batch, Produce};
use crate::units::{Span, Time};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A batch that will be sent again.
#[derive(Debug)]
pub struct Repeat {
    /// As it was, with the number of times that it was sent.
    pub batch: Batch,
    /// When it was begun.
    pub created: Time,
    /// It leaves no sooner.
    pub not_before: Time,
    /// Its records.
    pub parcel: Parcel,
}

/// All of them, by their partition's place in the topic.
#[derive(Debug, Default)]
pub struct Repeats {
    pub(super) waiting: BTreeMap<u32, VecDeque<Repeat>>,
    /// Partitions of which one is on its way, and the next waits for its answer.
    pub(super) under_way: BTreeSet<u32>,
}

impl Repeats {
    fn on<'r>(&'r self, lane: usize, leaders: &'r [u32]) -> impl Iterator<Item = (u32, &'r VecDeque<Repeat>)> {
        let all = self.waiting.iter().map(|(&partition, queue)| (partition, queue));
        all.filter(move |(partition, _)| leaders[*partition as usize] as usize == lane)
    }

    /// When the first of a partition may leave, unless an answer is awaited.
    fn ready_at(&self, partition: u32, queue: &VecDeque<Repeat>) -> Option<Time> {
        queue.front().filter(|_| !self.under_way.contains(&partition)).map(|first| first.not_before)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Repeat> {
        self.waiting.values().flatten()
    }

    /// How many batches of a partition wait.
    pub(super) fn batches(&self, partition: u32) -> u32 {
        self.waiting.get(&partition).map_or(0, |queue| queue.len() as u32)
    }
}

impl Accumulator {
    /// A batch will be sent again.
    pub fn repeat(&mut self, repeat: Repeat) {
        let partition = repeat.batch.partition - self.settings.first_partition;
        let queue = self.repeats.waiting.entry(partition).or_default();
        let place = if self.settings.ordered {
            queue.partition_point(|before| before.batch.sequence < repeat.batch.sequence)
        } else {
            0
        };
        queue.insert(place, repeat);
    }

    /// Whether anything waits to be sent to a broker again.
    #[must_use]
    pub fn repeats(&self, lane: usize) -> bool {
        let awaited = |&partition: &u32| self.leaders[partition as usize] as usize == lane;
        self.repeats.on(lane, &self.leaders).next().is_some()
            || (self.strict && self.repeats.under_way.iter().any(awaited))
    }

    /// Nothing is on its way to a broker any more.
    pub fn lost(&mut self, lane: usize) {
        let leaders = &self.leaders;
        self.repeats.under_way.retain(|&partition| leaders[partition as usize] as usize != lane);
    }

    /// These batches are answered.
    pub fn answered(&mut self, batches: &[Batch]) {
        for batch in batches.iter().filter(|batch| batch.attempts > 0) {
            self.repeats.under_way.remove(&(batch.partition - self.settings.first_partition));
        }
    }

    /// Partitions of a broker whose own batches are not held up by repeats.
    fn free(&self, lane: usize) -> impl Iterator<Item = u32> {
        self.lanes[lane].waiting.iter().copied().filter(|partition| !self.is_held(*partition))
    }

    /// Whether repeats of a partition hold up its other batches.
    fn is_held(&self, partition: u32) -> bool {
        self.repeats.waiting.contains_key(&partition)
            || (self.strict && self.settings.ordered && self.repeats.under_way.contains(&partition))
    }

    /// Whether a request may leave for a broker with repeats.
    #[must_use]
    pub fn is_ready_again(&self, lane: usize, now: Time, out_of_memory: bool) -> bool {
        let repeats = &self.repeats;
        let mut waits = repeats.on(lane, &self.leaders);
        waits.any(|(partition, queue)| repeats.ready_at(partition, queue).is_some_and(|at| at <= now))
            || self.free(lane).any(|partition| {
                let queue = &self.queues[partition as usize];
                let lingered = queue.head().created + self.settings.linger;
                !queue.sealed.is_empty() || out_of_memory || lingered <= now
            })
    }

    /// When that may be so next, if nothing more comes.
    #[must_use]
    pub fn ready_again_at(&self, lane: usize) -> Option<Time> {
        let repeats = &self.repeats;
        let waits = repeats.on(lane, &self.leaders);
        let repeated = waits.filter_map(|(partition, queue)| repeats.ready_at(partition, queue));
        let lingered = self.free(lane).map(|p| self.queues[p as usize].head().created + self.settings.linger);
        repeated.chain(lingered).min()
    }

    /// Moves what may leave for a broker with repeats into a request, at most a batch of each partition; returns the
    /// records among it that were sent before, and their bytes before compression.
    pub fn drain_again(&mut self, lane: usize, now: Time, request: &mut Produce) -> (u64, u64) {
        self.created.iter_mut().for_each(Vec::clear);
        let taken = self.drain_repeats(lane, now, request);
        let repeated = (request.parcel.len() as u64, request.plain);
        for _ in 0..self.lanes[lane].waiting.len() {
            let Some(partition) = self.lanes[lane].waiting.pop_front() else { break };
            let held = taken.contains(&partition) || self.is_held(partition);
            if held || !self.take_fresh(partition, lane, request) {
                self.lanes[lane].waiting.push_back(partition);
            }
        }
        let heads = self.lanes[lane].waiting.iter().map(|&partition| self.queues[partition as usize].head().created);
        self.lanes[lane].oldest = heads.min().unwrap_or(Time::NEVER);
        repeated
    }

    /// Moves the first repeat of each partition, if its time has come; returns of which.
    fn drain_repeats(&mut self, lane: usize, now: Time, request: &mut Produce) -> BTreeSet<u32> {
        let leaders = &self.leaders;
        let Repeats { waiting, under_way } = &mut self.repeats;
        let mut taken = BTreeSet::new();
        let here = |partition: u32| leaders[partition as usize] as usize == lane;
        for (&partition, queue) in waiting.iter_mut().filter(|(partition, _)| here(**partition)) {
            let fits = |first: &Repeat| {
                request.batches.is_empty() || request.bytes + first.batch.bytes <= self.settings.request_size
            };
            let may = |first: &Repeat| first.not_before <= now && !under_way.contains(&partition) && fits(first);
            let Some(first) = queue.pop_front_if(|first| may(first)) else { continue };
            let Repeat { batch, created, parcel, .. } = first;
            let start = request.parcel.len() as u32;
            let end = start + parcel.len() as u32;
            request.parcel.extend(&parcel.records, &parcel.extras);
            request.batches.push(Batch { start, end, base: 0, ..batch });
            request.bytes += batch.bytes;
            request.plain += u64::from(batch.plain);
            if let Some(all) = &mut self.created {
                all.push(created);
            }
            if self.settings.ordered {
                under_way.insert(partition);
            }
            taken.insert(partition);
        }
        waiting.retain(|_, queue| !queue.is_empty());
        request.repeats = !taken.is_empty();
        taken
    }

    /// Moves the head batch of a partition, if the request is not too large for it; false where the partition has a
    /// further one or could not be taken, and so waits on.
    fn take_fresh(&mut self, partition: u32, lane: usize, request: &mut Produce) -> bool {
        let Self { queues, lanes, settings, compression, created, .. } = self;
        let queue = &mut queues[partition as usize];
        let was_sealed = !queue.sealed.is_empty();
        let head = *queue.head();
        let bytes = compression.as_ref().map_or(head.bytes, |c| c.compressed(head.bytes, head.records));
        if !request.batches.is_empty() && request.bytes + bytes > settings.request_size {
            return false;
        }
        if let Some(compression) = compression {
            compression.learn(head.records);
        }
        if let Some(created) = created {
            created.push(head.created);
        }
        queue.take_head(head, bytes, was_sealed, settings.first_partition + partition, request);
        lanes[lane].sealed -= u32::from(was_sealed && queue.sealed.is_empty());
        queue.is_empty()
    }

    /// Drops repeats that were begun `timeout` ago or earlier, with their memory; returns them.
    pub fn expire_repeats(&mut self, now: Time, timeout: Span) -> Vec<Batch> {
        let Self { repeats, memory_free, .. } = self;
        let mut dropped = Vec::new();
        for queue in repeats.waiting.values_mut() {
            queue.retain(|repeat| {
                let open = repeat.created + timeout > now;
                if !open {
                    dropped.push(repeat.batch);
                    *memory_free += u64::from(repeat.batch.pinned);
                }
                open
            });
        }
        repeats.waiting.retain(|_, queue| !queue.is_empty());
        dropped
    }
}
