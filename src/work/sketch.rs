//! The keys with the largest sums, in little memory: Space-Saving with weights.
//!
//! A fixed number of counters; a key without one takes over the smallest, with its sum as the error it may have inherited.
//! Then sum - error ≤ truth ≤ sum, and no error is larger than all weights over the number of counters. Source: Metwally,
//! Agrawal, El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams", ICDT 2005.
use foldhash::{HashMap, HashMapExt as _};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::hash::Hash;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Counter<K> {
    key: K,
    sum: u64,
    error: u64,
    /// Where in the heap it stands.
    at: usize,
}

/// A stream of weighted keys in a fixed number of counters.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(serialize = "K: Serialize", deserialize = "K: Deserialize<'de> + Eq + Hash"))]
pub struct Sketch<K> {
    most: usize,
    total: u64,
    counters: Vec<Counter<K>>,
    /// Counters by their number, the smallest sum first: four children each.
    heap: Vec<u32>,
    places: HashMap<K, u32>,
}

impl<K: Copy + Ord + Hash> Sketch<K> {
    /// With so many counters, at least one.
    #[must_use]
    pub fn new(counters: usize) -> Self {
        Self { most: counters.max(1), total: 0, counters: Vec::new(), heap: Vec::new(), places: HashMap::new() }
    }

    /// Adds a weight to a key.
    pub fn add(&mut self, key: K, weight: u64) {
        self.total += weight;
        if let Some(&i) = self.places.get(&key) {
            self.counters[i as usize].sum += weight;
            self.sink(self.counters[i as usize].at);
        } else if self.counters.len() < self.most {
            let (i, at) = (self.counters.len() as u32, self.heap.len());
            self.counters.push(Counter { key, sum: weight, error: 0, at });
            self.heap.push(i);
            self.places.insert(key, i);
            self.rise(at);
        } else {
            let i = self.heap[0];
            let smallest = &mut self.counters[i as usize];
            self.places.remove(&smallest.key);
            (smallest.key, smallest.error, smallest.sum) = (key, smallest.sum, smallest.sum + weight);
            self.places.insert(key, i);
            self.sink(0);
        }
    }

    /// Order in the heap: ties by key, so that the same stream gives the same sketch.
    fn order(&self, at: usize) -> (u64, K) {
        let counter = &self.counters[self.heap[at] as usize];
        (counter.sum, counter.key)
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        for at in [a, b] {
            self.counters[self.heap[at] as usize].at = at;
        }
    }

    fn rise(&mut self, mut at: usize) {
        while at > 0 && self.order(at) < self.order((at - 1) / 4) {
            self.swap(at, (at - 1) / 4);
            at = (at - 1) / 4;
        }
    }

    fn sink(&mut self, mut at: usize) {
        loop {
            let children = 4 * at + 1..(4 * at + 5).min(self.heap.len());
            let Some(child) = children.min_by_key(|child| self.order(*child)) else { return };
            if self.order(at) <= self.order(child) {
                return;
            }
            self.swap(at, child);
            at = child;
        }
    }

    /// What it knows, in a shape that can be added up.
    #[must_use]
    pub fn summary(&self) -> Summary<K> {
        let is_full = self.counters.len() == self.most;
        let floor = if is_full { self.counters[self.heap[0] as usize].sum } else { 0 };
        let keys =
            self.counters.iter().map(|counter| (counter.key, (counter.sum - counter.error, counter.sum))).collect();
        Summary { keys, floor, total: self.total, counters: self.most }
    }
}

/// Bounds of the sum of each key: of one sketch, or of several added up.
///
/// Adding keeps every key that any sketch has, so the error of the sum is at most the sum of the errors, and that at most
/// the sum of all weights over the number of counters of each.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(serialize = "K: Serialize", deserialize = "K: Deserialize<'de> + Ord"))]
pub struct Summary<K> {
    keys: BTreeMap<K, (u64, u64)>,
    floor: u64,
    total: u64,
    counters: usize,
}

impl<K: Copy + Ord> Summary<K> {
    /// Of nothing.
    #[must_use]
    pub fn empty(counters: usize) -> Self {
        Self { keys: BTreeMap::new(), floor: 0, total: 0, counters: counters.max(1) }
    }

    /// Adds another stream's.
    pub fn merge(&mut self, other: &Self) {
        for (key, (low, high)) in &mut self.keys {
            let (more, most) = other.bounds(key);
            *low += more;
            *high += most;
        }
        for (key, (low, high)) in &other.keys {
            // A key that we had no counter for weighed at most our floor.
            self.keys.entry(*key).or_insert((*low, *high + self.floor));
        }
        self.floor += other.floor;
        self.total += other.total;
        self.counters = self.counters.min(other.counters);
    }

    /// Least and most that a key can weigh.
    #[must_use]
    pub fn bounds(&self, key: &K) -> (u64, u64) {
        self.keys.get(key).copied().unwrap_or((0, self.floor))
    }

    /// All weights.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Most that a key without a counter can weigh: 0 where every key has one.
    #[must_use]
    pub fn floor(&self) -> u64 {
        self.floor
    }

    /// What no error exceeds: all weights over the number of counters.
    #[must_use]
    pub fn error_bound(&self) -> u64 {
        self.total / self.counters as u64
    }

    /// The heaviest keys with least and most that they weigh, heaviest first; ties by key.
    #[must_use]
    pub fn top(&self, n: usize) -> Vec<(K, u64, u64)> {
        let mut all: Vec<(K, u64, u64)> = self.keys.iter().map(|(key, (low, high))| (*key, *low, *high)).collect();
        all.sort_by_key(|(key, _, high)| (std::cmp::Reverse(*high), *key));
        all.truncate(n);
        all
    }
}
