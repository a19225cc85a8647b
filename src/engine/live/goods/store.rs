//! The lots a broker holds: those of requests it has not carried out yet, and those of its logs.
//!
//! What its log forgets is forgotten here, so memory follows the backlog. That has a limit: a broker whose memory is full
//! lets requests wait until its readers have caught up. Producers then run out of requests in flight and of buffer, as they
//! would with a slow broker, and what is due waits there, where it takes no memory.
use super::{Cargo, Lot};
use crate::model::protocol::ActorId;
use crate::model::protocol::Message;
use crate::units::{Span, Time};
use std::collections::{HashMap, VecDeque};

/// Memory that a lot takes beside its bytes, and a record beside its lot.
const PER_LOT: u64 = 128;
const PER_RECORD: u64 = 16;
/// A queue of so many lots is not worth making smaller.
const ROOMY: usize = 1024;

/// A request that waits for memory.
pub type Waiting = (ActorId, Message, Cargo);

/// What a broker holds.
#[derive(Debug, Default)]
pub struct Store {
    /// By producer id, partition and sequence number.
    coming: HashMap<(u32, u32, u32), Lot>,
    /// Further ones of the same number: a batch that was sent again before the first was looked at.
    again: Vec<((u32, u32, u32), Lot)>,
    /// What came with a leader's answer, by partition and offset: which of it is copied the machine decides.
    offered: HashMap<(u32, u64), Lot>,
    /// By partition over all topics, in the order of offsets.
    held: HashMap<u32, VecDeque<Lot>>,
    /// Memory it may take, and takes.
    limit: u64,
    taken: u64,
    waiting: VecDeque<Waiting>,
    /// Since when there are any, and for how long there were before.
    full_since: Option<Time>,
    full: Span,
}

fn memory(lot: &Lot) -> u64 {
    lot.bytes.len() as u64 + PER_LOT + PER_RECORD * u64::from(lot.records)
}

impl Store {
    /// An empty one, which takes so much memory.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self { limit, ..Self::default() }
    }

    /// A request comes in; it is given back if there is room for it, and waits otherwise. What needs no room goes past a
    /// full memory, but not past those that wait.
    pub fn admit(&mut self, now: Time, request: Waiting) -> Option<Waiting> {
        let needs_room = matches!(request.1, Message::Produce(_));
        if self.waiting.is_empty() && (self.taken < self.limit || !needs_room) {
            return Some(request);
        }
        self.full_since.get_or_insert(now);
        self.waiting.push_back(request);
        None
    }

    /// The next request that waits, once a tenth of the memory is free again.
    pub fn next_admitted(&mut self, now: Time) -> Option<Waiting> {
        let has_room = self.taken < self.limit - self.limit / 10;
        let next = if has_room { self.waiting.pop_front() } else { None };
        if self.waiting.is_empty()
            && let Some(since) = self.full_since.take()
        {
            self.full += now.since(since);
        }
        next
    }

    /// For how long requests have waited for memory.
    #[must_use]
    pub fn full(&self, now: Time) -> Span {
        self.full + self.full_since.map_or(Span::ZERO, |since| now.since(since))
    }

    /// A request brings lots, under the id of the producer whose numbers they have.
    pub fn arrive(&mut self, from: ActorId, cargo: Cargo) {
        self.taken += cargo.iter().map(memory).sum::<u64>();
        for lot in cargo {
            let key = (from.0, lot.partition, lot.number as u32);
            if let Some(before) = self.coming.insert(key, lot) {
                self.again.push((key, before));
            }
        }
    }

    /// A lot that came, if there is one.
    fn take(&mut self, key: (u32, u32, u32)) -> Option<Lot> {
        let lot = self.coming.remove(&key)?;
        if let Some(other) = self.again.iter().position(|(same, _)| *same == key) {
            let (key, other) = self.again.swap_remove(other);
            self.coming.insert(key, other);
        }
        Some(lot)
    }

    /// A batch will not be appended.
    pub fn discard(&mut self, from: ActorId, partition: u32, sequence: u32) {
        self.taken -= self.take((from.0, partition, sequence)).map_or(0, |lot| memory(&lot));
    }

    /// A batch got its offsets; false where it has no bytes.
    #[must_use]
    pub fn append(&mut self, from: ActorId, partition: u32, sequence: u32, base: u64) -> bool {
        let Some(lot) = self.take((from.0, partition, sequence)) else { return false };
        self.held.entry(partition).or_default().push_back(Lot { number: base, ..lot });
        true
    }

    /// A leader's answer brings lots; those of the one before that were not copied are gone.
    pub fn offer(&mut self, cargo: Cargo) {
        self.offered = cargo.into_iter().map(|lot| ((lot.partition, lot.number), lot)).collect();
    }

    /// A batch was copied from a leader; false where it has no bytes.
    #[must_use]
    pub fn copy(&mut self, partition: u32, base: u64) -> bool {
        let Some(lot) = self.offered.remove(&(partition, base)) else { return false };
        self.taken += memory(&lot);
        self.held.entry(partition).or_default().push_back(lot);
        true
    }

    /// What a leader does not have is cut off, from an offset on.
    pub fn cut(&mut self, partition: u32, end: u64) {
        let Some(held) = self.held.get_mut(&partition) else { return };
        while let Some(lot) = held.pop_back_if(|lot| lot.number >= end) {
            self.taken -= memory(&lot);
        }
    }

    /// Adds the lots with offsets from `base` to before `end`; a high watermark may stand inside the first or the last.
    pub fn read(&self, partition: u32, base: u64, end: u64, cargo: &mut Cargo) {
        let Some(held) = self.held.get(&partition) else { return };
        let first = held.partition_point(|lot| lot.number + u64::from(lot.records) <= base);
        cargo.extend(held.range(first..).take_while(|lot| lot.number < end).cloned());
    }

    /// Forgets what ends at or before an offset.
    pub fn forget(&mut self, partition: u32, below: u64) {
        let Some(held) = self.held.get_mut(&partition) else { return };
        while held.front().is_some_and(|lot| lot.number + u64::from(lot.records) <= below) {
            self.taken -= held.pop_front().map_or(0, |lot| memory(&lot));
        }
        // What a backlog took that is gone.
        if held.capacity() > ROOMY && held.len() < held.capacity() / 8 {
            held.shrink_to(held.capacity() / 2);
        }
    }

    /// Every partition it knows, in order.
    #[must_use]
    pub fn partitions(&self) -> Vec<u32> {
        let mut all: Vec<u32> = self.held.keys().copied().collect();
        all.sort_unstable();
        all
    }
}
