//! The lots a broker holds: those of requests it has not carried out yet, and those of its logs.
//!
//! What its log forgets is forgotten here, so memory follows the backlog.
use super::{Cargo, Lot};
use crate::model::protocol::ActorId;
use std::collections::{HashMap, VecDeque};

/// What a broker holds.
#[derive(Debug, Default)]
pub struct Store {
    /// By sender, partition and sequence number.
    coming: HashMap<(u32, u32, u32), Lot>,
    /// By partition over all topics, in the order of offsets.
    held: HashMap<u32, VecDeque<Lot>>,
}

impl Store {
    /// A request brings lots.
    pub fn arrive(&mut self, from: ActorId, cargo: Cargo) {
        self.coming.extend(cargo.into_iter().map(|lot| ((from.0, lot.partition, lot.number as u32), lot)));
    }

    /// A batch got its offsets; false where it has no bytes.
    #[must_use]
    pub fn append(&mut self, from: ActorId, partition: u32, sequence: u32, base: u64) -> bool {
        let Some(lot) = self.coming.remove(&(from.0, partition, sequence)) else { return false };
        self.held.entry(partition).or_default().push_back(Lot { number: base, ..lot });
        true
    }

    /// Adds the lots with offsets from `base` to before `end`.
    pub fn read(&self, partition: u32, base: u64, end: u64, cargo: &mut Cargo) {
        let Some(held) = self.held.get(&partition) else { return };
        let first = held.partition_point(|lot| lot.number < base);
        cargo.extend(held.range(first..).take_while(|lot| lot.number < end).cloned());
    }

    /// Forgets what ends at or before an offset.
    pub fn forget(&mut self, partition: u32, below: u64) {
        let Some(held) = self.held.get_mut(&partition) else { return };
        while held.front().is_some_and(|lot| lot.number + u64::from(lot.records) <= below) {
            held.pop_front();
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
