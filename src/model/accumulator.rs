//! Gathers records into batches, one queue a partition, within the memory of the buffer: Kafka's `RecordAccumulator`.
//!
//! A batch is sealed when the next record does not fit, or when it is full to the byte. A broker's lane is ready when
//! it has a sealed batch, when its oldest batch has lingered, or when the memory is used up; then the head batch of
//! every partition it leads goes with the same request, ready or not, up to the size of a request (`drain`). So the
//! batches of one broker flush together, and the effective linger is shorter than the configured one.
mod expired;
mod moved;
mod repeats;

use super::compression::{Compression, Curve};
use super::partitioner::{self, Sticky};
use super::protocol::{Batch, Extra, Parcel, PartitionId, Produce, Record};
use super::random::{BLOCK, Stream};
use super::wire;
use crate::units::{Span, Time};
use std::collections::VecDeque;
use std::sync::Arc;

pub use repeats::Repeat;
use repeats::Repeats;

/// The home of a record without a key under Kafka's partitioner: wherever the sticky partition is.
pub const STICKY: u32 = u32::MAX;

/// Batches that are not sent yet.
#[derive(Debug)]
pub struct Accumulator {
    settings: Settings,
    queues: Vec<Queue>,
    lanes: Vec<Lane>,
    /// By partition, the lane it is on: its leader's.
    leaders: Vec<u32>,
    /// Brokers can fail: nothing of a partition leaves while a repeat of it is on its way.
    strict: bool,
    sticky: Sticky,
    luck: Stream,
    memory_free: u64,
    compression: Option<Compression>,
    /// Lanes whose first record came, or to which the sticky partition moved, since somebody asked.
    fresh: Vec<u32>,
    /// When the batches of the last request were begun, where that is wanted.
    created: Option<Vec<Time>>,
    repeats: Repeats,
}

/// What the accumulator needs to know of its client and topic.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Number of the topic's first partition over all topics.
    pub first_partition: PartitionId,
    /// Partitions of the topic that there are places for.
    pub partitions: u32,
    /// Those of them that the client knows of.
    pub known: u32,
    /// Brokers; partition p of the topic is led by broker p mod this, until it moves.
    pub brokers: u32,
    /// `batch.size`.
    pub batch_size: u32,
    /// `linger.ms`.
    pub linger: Span,
    /// `max.request.size`.
    pub request_size: u32,
    /// `buffer.memory`.
    pub buffer: u64,
    /// How small batches become, if they are compressed.
    pub compression: Option<Arc<Curve>>,
    /// Repeats keep their order: `enable.idempotence`.
    pub ordered: bool,
}

/// The batches of one partition: sealed ones, then one that is filling.
#[derive(Debug, Default)]
struct Queue {
    parcel: Parcel,
    /// Records at the front of the parcel that have left; removed now and then, for removing moves all the others.
    gone: usize,
    sealed: VecDeque<Head>,
    open: Head,
    sequence: u32,
}

/// A batch that is not sent yet.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    records: u32,
    /// Before compression.
    bytes: u32,
    pinned: u32,
    /// Up to so many bytes it takes records without further thought: nothing where it will be compressed.
    limit: u32,
    created: Time,
}

/// The way to one broker.
#[derive(Debug)]
struct Lane {
    /// Partitions led by this broker that have records, in the order in which they are drained.
    waiting: VecDeque<u32>,
    /// When the first of their head batches was created.
    oldest: Time,
    /// Partitions among them whose head batch is sealed.
    sealed: u32,
}

impl Accumulator {
    /// An empty one; `luck` chooses sticky partitions.
    #[must_use]
    pub fn new(settings: Settings, mut luck: Stream) -> Self {
        let lane = || Lane { waiting: VecDeque::new(), oldest: Time::NEVER, sealed: 0 };
        let sticky = Sticky::new(luck.below(settings.known), settings.batch_size);
        Self {
            queues: (0..settings.partitions).map(|_| Queue::default()).collect(),
            lanes: (0..settings.brokers).map(|_| lane()).collect(),
            leaders: (0..settings.partitions).map(|partition| partition % settings.brokers).collect(),
            strict: false,
            sticky,
            luck,
            memory_free: settings.buffer,
            compression: settings.compression.clone().map(|curve| Compression::new(curve, settings.partitions)),
            fresh: Vec::new(),
            created: None,
            repeats: Repeats::default(),
            settings,
        }
    }

    /// Puts a record into a batch at `at`; returns of which partition, and nothing is done if there is no memory for it.
    #[inline]
    pub fn append(&mut self, record: Record, extra: Option<Extra>, home: u32, at: Time) -> Option<u32> {
        if home == STICKY {
            return self.append_sticky(record, extra, at);
        }
        self.append_to(home, record, extra, at).map(|_| home)
    }

    /// Puts records of which nothing special is known into batches when they are due, as far as `now` and memory go;
    /// returns how many.
    #[inline]
    pub fn append_plain(&mut self, records: &[Record], homes: &[u32], now: Time) -> usize {
        let mut taken = 0;
        for (&record, &home) in records.iter().zip(homes) {
            if record.due > now
                || !(self.goes_on(record, home) || self.append(record, None, home, record.due).is_some())
            {
                break;
            }
            taken += 1;
        }
        taken
    }

    /// Whether a record was put into the open batch of its partition and did not fill it: the quick way, for this
    /// happens once a record.
    #[inline(always)]
    fn goes_on(&mut self, record: Record, home: u32) -> bool {
        let Some(queue) = self.queues.get_mut(home as usize) else { return false };
        let open = &mut queue.open;
        let bytes = open.bytes + wire::record(record.body, record.due.since(open.created).ns(), open.records);
        // Where no batch is open, the limit is zero.
        let fits = bytes < open.limit && queue.parcel.extras.is_empty();
        if fits {
            open.records += 1;
            open.bytes = bytes;
            queue.parcel.records.push(record);
        }
        fits
    }

    #[inline]
    fn append_sticky(&mut self, record: Record, extra: Option<Extra>, at: Time) -> Option<u32> {
        if self.sticky.is_due(self.queues[self.sticky.partition() as usize].all_full()) {
            self.switch();
        }
        let partition = self.sticky.partition();
        let bytes = self.append_to(partition, record, extra, at)?;
        let full = self.queues[partition as usize].all_full();
        if self.sticky.appended(bytes, full) {
            self.switch();
        }
        Some(partition)
    }

    /// Chooses the next sticky partition: less loaded ones more often, once every partition has been written to.
    #[cold]
    fn switch(&mut self) {
        let random = (self.luck.bits() >> 33) as u32;
        let queues = &self.queues[..self.settings.known as usize];
        let touched = queues.iter().all(|queue| queue.sequence > 0 || !queue.is_empty());
        let weights = if touched {
            let sizes = (0..).zip(queues).map(|(partition, queue)| queue.batches() + self.repeats.batches(partition));
            let sizes: Vec<u32> = sizes.collect();
            partitioner::cumulative_weights(&sizes)
        } else {
            None
        };
        let mut next = match weights {
            Some(table) => partitioner::pick(&table, random),
            None => random % self.settings.known,
        };
        if self.strict {
            next = self.next_with_leader(next);
        }
        self.sticky.switch_to(next);
        // Nobody knew of its next records when this lane was armed.
        self.fresh.push(self.leaders[next as usize]);
    }

    /// Returns the bytes by which the partition's batches have grown.
    #[inline]
    fn append_to(&mut self, partition: u32, record: Record, extra: Option<Extra>, at: Time) -> Option<u32> {
        let queue = &mut self.queues[partition as usize];
        let open = &mut queue.open;
        if open.records > 0 {
            let size = wire::record(record.body, at.since(open.created).ns(), open.records);
            if wire::takes(open.bytes, size, open.limit) {
                open.records += 1;
                open.bytes += size;
                let full = open.bytes >= open.limit;
                queue.push(record, extra);
                if full {
                    self.seal(partition);
                }
                return Some(size);
            }
            if let Some(grown) = self.append_estimated(partition, record, extra, size) {
                return Some(grown);
            }
            self.seal(partition);
        }
        self.open_batch(partition, record, extra, at)
    }

    /// The same where batches are compressed, which are filled by how small they are thought to become.
    #[inline(never)]
    fn append_estimated(&mut self, partition: u32, record: Record, extra: Option<Extra>, size: u32) -> Option<u32> {
        let compression = self.compression.as_ref()?;
        let queue = &mut self.queues[partition as usize];
        let open = &mut queue.open;
        if !compression.takes(partition, open.bytes, size, open.pinned) {
            return None;
        }
        let before = compression.estimated(partition, open.bytes);
        open.records += 1;
        open.bytes += size;
        let after = compression.estimated(partition, open.bytes);
        let full = wire::is_full(after, open.pinned);
        queue.push(record, extra);
        if full {
            self.seal(partition);
        }
        Some(after - before)
    }

    fn open_batch(&mut self, partition: u32, record: Record, extra: Option<Extra>, at: Time) -> Option<u32> {
        let size = wire::BATCH_HEADER + wire::record(record.body, 0, 0);
        let pinned = wire::pinned(self.settings.batch_size, wire::upper_bound_of_body(record.body));
        if self.memory_free < u64::from(pinned) {
            return None;
        }
        self.memory_free -= u64::from(pinned);
        let (mut limit, mut grown) = (pinned, size);
        if let Some(compression) = &mut self.compression {
            compression.open(partition);
            (limit, grown) = (0, compression.estimated(partition, size));
        }
        let queue = &mut self.queues[partition as usize];
        queue.open = Head { records: 1, bytes: size, pinned, limit, created: at };
        if queue.is_empty() {
            let number = self.leaders[partition as usize];
            let lane = &mut self.lanes[number as usize];
            if lane.waiting.is_empty() {
                self.fresh.push(number);
            }
            lane.waiting.push_back(partition);
            lane.oldest = lane.oldest.min(at);
        }
        queue.push(record, extra);
        if grown >= pinned {
            self.seal(partition);
        }
        Some(grown)
    }

    #[inline]
    fn seal(&mut self, partition: u32) {
        let queue = &mut self.queues[partition as usize];
        if queue.sealed.is_empty() {
            self.lanes[self.leaders[partition as usize] as usize].sealed += 1;
        }
        queue.sealed.push_back(std::mem::take(&mut queue.open));
    }

    /// Whether a request may leave for a broker.
    #[inline]
    #[must_use]
    pub fn is_ready(&self, lane: usize, now: Time, out_of_memory: bool) -> bool {
        let lane = &self.lanes[lane];
        !lane.waiting.is_empty() && (lane.sealed > 0 || out_of_memory || lane.oldest + self.settings.linger <= now)
    }

    /// A lane whose first record came since it was asked last.
    #[inline]
    pub fn fresh(&mut self) -> Option<usize> {
        self.fresh.pop().map(|lane| lane as usize)
    }

    /// `linger.ms`.
    #[inline]
    #[must_use]
    pub fn linger(&self) -> Span {
        self.settings.linger
    }

    /// When the oldest batch for a broker was created, if there is one.
    #[inline]
    #[must_use]
    pub fn oldest_for(&self, lane: usize) -> Option<Time> {
        let lane = &self.lanes[lane];
        if lane.waiting.is_empty() { None } else { Some(lane.oldest) }
    }

    /// Least number of further records of at most `size` bytes that can make a batch of this lane ready.
    #[inline]
    #[must_use]
    pub fn records_to_seal(&self, lane: usize, size: u32) -> u32 {
        if let Some(compression) = &self.compression {
            return self.records_to_fill(compression, lane, size);
        }
        let empty = self.settings.batch_size.saturating_sub(wire::BATCH_HEADER);
        let rooms = self.lanes[lane].waiting.iter().map(|&p| {
            let open = self.queues[p as usize].open;
            if open.records == 0 { empty } else { open.pinned - open.bytes }
        });
        (rooms.min().unwrap_or(empty) / size.max(1)).max(1)
    }

    #[inline(never)]
    fn records_to_fill(&self, compression: &Compression, lane: usize, size: u32) -> u32 {
        let rooms = self.lanes[lane].waiting.iter().map(|&p| {
            let open = self.queues[p as usize].open;
            let (partition, limit) =
                if open.records == 0 { (None, self.settings.batch_size) } else { (Some(p), open.pinned) };
            compression.records_to_fill(partition, open.bytes, size, limit)
        });
        let empty = || compression.records_to_fill(None, 0, size, self.settings.batch_size);
        rooms.min().unwrap_or_else(empty).max(1)
    }

    /// How many further records of at most `size` bytes surely find memory, where that may be fewer than a block.
    #[inline]
    #[must_use]
    pub fn scarce(&self, size: u32) -> Option<u64> {
        let batch = u64::from(wire::pinned(self.settings.batch_size, wire::upper_bound_of_body(size)));
        (self.memory_free < batch * BLOCK as u64).then(|| self.memory_free / batch)
    }

    /// Broker that leads the partition a record with this home would go to.
    #[inline]
    #[must_use]
    pub fn lane_of(&self, home: u32) -> usize {
        let partition = if home == STICKY { self.sticky.partition() } else { home };
        self.leaders[partition as usize] as usize
    }

    /// Moves the head batches of a broker's partitions into a request.
    #[inline]
    pub fn drain(&mut self, lane: usize, request: &mut Produce) {
        let Self { queues, lanes, settings, compression, created, .. } = self;
        created.iter_mut().for_each(Vec::clear);
        let lane = &mut lanes[lane];
        for _ in 0..lane.waiting.len() {
            let partition = lane.waiting[0];
            let queue = &mut queues[partition as usize];
            let was_sealed = !queue.sealed.is_empty();
            let head = if was_sealed { queue.sealed[0] } else { queue.open };
            let bytes = compression.as_ref().map_or(head.bytes, |c| c.compressed(head.bytes, head.records));
            if !request.batches.is_empty() && request.bytes + bytes > settings.request_size {
                break;
            }
            if let Some(compression) = compression {
                compression.learn(head.records);
            }
            if let Some(created) = created {
                created.push(head.created);
            }
            lane.waiting.pop_front();
            queue.take_head(head, bytes, was_sealed, settings.first_partition + partition, request);
            lane.sealed -= u32::from(was_sealed && queue.sealed.is_empty());
            if !queue.is_empty() {
                lane.waiting.push_back(partition);
            }
        }
        lane.oldest = Time::NEVER;
        for &partition in &lane.waiting {
            let queue = &queues[partition as usize];
            lane.oldest = lane.oldest.min(queue.head().created);
        }
    }

    /// Gives back the memory of batches that are acknowledged.
    #[inline]
    pub fn release(&mut self, batches: &[Batch]) {
        self.memory_free += batches.iter().map(|batch| u64::from(batch.pinned)).sum::<u64>();
    }
}

impl Queue {
    #[inline]
    fn push(&mut self, record: Record, extra: Option<Extra>) {
        match extra {
            None => self.parcel.push(record),
            Some(extra) => self.parcel.push_extra(record, extra),
        }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.gone == self.parcel.len()
    }

    /// The batch that leaves first, of those there are.
    #[inline]
    fn head(&self) -> &Head {
        self.sealed.front().unwrap_or(&self.open)
    }

    /// Forgets the first records that have not left yet.
    #[inline]
    fn leave_behind(&mut self, n: usize) {
        self.gone += n;
        if 2 * self.gone >= self.parcel.len() {
            self.parcel.drop_front(self.gone);
            self.gone = 0;
        }
    }

    fn batches(&self) -> u32 {
        self.sealed.len() as u32 + u32::from(self.open.records > 0)
    }

    /// Whether a sticky partition may be left without leaving a batch half full.
    #[inline]
    fn all_full(&self) -> bool {
        self.open.records == 0
    }

    #[inline]
    fn take_head(&mut self, head: Head, bytes: u32, was_sealed: bool, partition: PartitionId, request: &mut Produce) {
        let n = head.records as usize;
        let start = request.parcel.len() as u32;
        if was_sealed {
            self.sealed.pop_front();
        } else {
            self.open = Head::default();
        }
        if n == self.parcel.len() && request.parcel.is_empty() {
            // The only batch of the queue and the first of the request: swap the buffers instead of copying.
            std::mem::swap(&mut self.parcel, &mut request.parcel);
        } else {
            let range = self.gone..self.gone + n;
            request.parcel.extend(&self.parcel.records[range.clone()], self.parcel.extras_of(range));
            self.leave_behind(n);
        }
        let (sequence, end) = (self.sequence, start + head.records);
        let (plain, pinned) = (head.bytes, head.pinned);
        let base = 0;
        request.batches.push(Batch { partition, sequence, base, start, end, bytes, plain, pinned, attempts: 0 });
        request.bytes += bytes;
        request.plain += u64::from(plain);
        self.sequence += 1;
    }
}
