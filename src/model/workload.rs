//! What a producer is given to send: when, which key, how big. Drawn ahead in blocks, for arrivals cost no event.
//!
//! `Arrivals` and `Keys` say it for all instances of a producer; `Workload` is what one instance gets of it.
//! Arrivals, keys and sizes have streams of their own, so that changing one leaves the luck of the others alone.
pub mod arrivals;
mod limiter;

use super::accumulator::STICKY;
use super::partitioner::{self, KeyTable};
use super::protocol::{Extra, NO_KEY, Record};
use super::random::{BLOCK, Distribution, Stream};
use super::wire;
use crate::units::Time;
use arrivals::Clock;
use limiter::Limiter;
use std::sync::Arc;

pub use arrivals::{Arrivals, Step, TraceRow};

/// Keys of a producer's records.
#[derive(Clone, Debug)]
pub enum Keys {
    /// No keys.
    None,
    /// Numbered keys: the text of key `i` is `salt` followed by the decimal digits of `i`.
    Numbered {
        /// What every key's text starts with.
        salt: String,
        /// How many there are.
        count: u32,
        /// How often each occurs.
        law: KeyLaw,
        /// Number of key 0 over all producers of the plan; equal salts share numbers.
        base: u32,
    },
    /// The distinct keys of a trace in order of first appearance; a row names its key by its place here.
    Listed {
        /// Text of each key.
        texts: Arc<[String]>,
        /// Number of the first key over all producers of the plan.
        base: u32,
    },
}

/// How often each numbered key occurs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum KeyLaw {
    /// All alike.
    Uniform,
    /// Key `i` in proportion to `(i + 1)^-exponent`.
    Zipf {
        /// At least 0.
        exponent: f64,
    },
    /// Key 0 has this share, the rest is spread evenly.
    Hot {
        /// 0 to 1.
        share: f64,
    },
}

/// Sizes of values, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Sizes {
    /// By a law.
    Law(Distribution),
    /// Any of these, as made messages were found to have: drawn with replacement, never empty.
    Table(Arc<[u32]>),
}

impl Sizes {
    /// Fills a block with sizes.
    fn fill(&self, stream: &mut Stream, out: &mut [u64; BLOCK]) {
        match self {
            Self::Law(law) => law.fill(stream, out),
            Self::Table(sizes) => {
                for size in out {
                    *size = u64::from(sizes[stream.below(sizes.len() as u32) as usize]);
                }
            }
        }
    }
}

/// How a record finds its partition.
#[derive(Clone, Debug)]
pub enum Homes {
    /// By the hash of its key; wherever the sticky partition is without one.
    Kafka(Arc<KeyHomes>),
    /// One after the other.
    RoundRobin,
    /// Anywhere.
    Random,
}

/// Where keys go in one topic, by Kafka's hash: a table for each key space of the plan.
#[derive(Debug, Default)]
pub struct KeyHomes {
    spaces: Vec<Space>,
}

#[derive(Debug)]
struct Space {
    base: u32,
    table: Table,
}

#[derive(Debug)]
enum Table {
    Numbered(KeyTable),
    Listed(Vec<u32>),
}

impl KeyHomes {
    /// For a topic with so many partitions, to which records with these keys may come.
    #[must_use]
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a Keys>, partitions: u32) -> Self {
        let mut homes = Self::default();
        for keys in keys {
            let (base, table) = match keys {
                Keys::None => continue,
                Keys::Numbered { salt, count, base, .. } => {
                    (*base, Table::Numbered(KeyTable::new(salt, *count, partitions)))
                }
                Keys::Listed { texts, base } => {
                    let home = |text: &String| partitioner::partition_of_key(text.as_bytes(), partitions);
                    (*base, Table::Listed(texts.iter().map(home).collect()))
                }
            };
            // Equal salts share a base: the larger space serves both.
            homes.spaces.retain(|space| space.base != base || space.len() > table.len());
            if homes.spaces.iter().all(|space| space.base != base) {
                homes.spaces.push(Space { base, table });
            }
        }
        homes.spaces.sort_by_key(|space| space.base);
        homes
    }

    /// Where a record with this key goes.
    #[must_use]
    pub fn home(&self, key: u32) -> u32 {
        if key == NO_KEY {
            return STICKY;
        }
        let space = self.space(key);
        match &space.table {
            Table::Numbered(table) => table.partition(key - space.base),
            Table::Listed(homes) => homes[(key - space.base) as usize],
        }
    }

    fn space(&self, key: u32) -> &Space {
        let after = self.spaces.partition_point(|space| space.base <= key);
        after.checked_sub(1).map(|i| &self.spaces[i]).expect("every key belongs to a space of the plan")
    }

    fn extend(&self, base: u32, keys: &[u32], homes: &mut Vec<u32>) {
        match &self.space(base).table {
            Table::Numbered(table) => {
                let first = homes.len();
                homes.resize(first + keys.len(), 0);
                table.fill(keys, &mut homes[first..]);
            }
            Table::Listed(known) => {
                homes.extend(keys.iter().map(|&key| known.get(key as usize).copied().unwrap_or(STICKY)));
            }
        }
    }
}

impl Table {
    fn len(&self) -> usize {
        match self {
            Self::Numbered(table) => table.count() as usize,
            Self::Listed(homes) => homes.len(),
        }
    }
}

impl Space {
    fn len(&self) -> usize {
        self.table.len()
    }
}

/// The records known ahead, in the order in which they are due.
#[derive(Debug, Default)]
pub struct Ahead {
    records: Vec<Record>,
    homes: Vec<u32>,
    /// Empty, or one for each record.
    extras: Vec<Extra>,
    /// When each record may enter the buffer; empty where that is when it is due.
    release: Vec<Time>,
    next: usize,
    /// Greatest body of any record so far.
    body_max: u32,
}

impl Ahead {
    /// Number of records known ahead.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len() - self.next
    }
    /// True when none is known.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The records and their homes, if each may enter when it is due and nothing more is known of any.
    #[inline]
    #[must_use]
    pub fn plain(&self) -> Option<(&[Record], &[u32])> {
        let plain = self.extras.is_empty() && self.release.is_empty();
        plain.then(|| (&self.records[self.next..], &self.homes[self.next..]))
    }
    /// Record number `i` from here, and its home.
    #[inline]
    #[must_use]
    pub fn get(&self, i: usize) -> (Record, u32) {
        (self.records[self.next + i], self.homes[self.next + i])
    }
    /// What more is known of it.
    #[inline]
    #[must_use]
    pub fn extra(&self, i: usize) -> Option<Extra> {
        self.extras.get(self.next + i).copied()
    }
    /// When it may enter the buffer.
    #[inline]
    #[must_use]
    pub fn release(&self, i: usize) -> Time {
        match self.release.get(self.next + i) {
            Some(&at) => at,
            None => self.records[self.next + i].due,
        }
    }
    /// When the first record for this lane may enter, or the last one known ahead if there is none among them.
    ///
    /// Records without a home of their own all go where the first of them goes, as far as anyone can know.
    #[inline]
    #[must_use]
    pub fn first_for(&self, lane: usize, lane_of: impl Fn(u32) -> usize) -> Option<Time> {
        let homes = &self.homes[self.next..];
        if *homes.first()? == STICKY && lane_of(STICKY) != lane {
            return None;
        }
        let found = homes.iter().position(|&home| lane_of(home) == lane);
        Some(self.release(found.unwrap_or(homes.len() - 1)))
    }
    /// How many of the records known ahead are due.
    #[must_use]
    pub fn due_by(&self, now: Time) -> u64 {
        self.records[self.next..].partition_point(|record| record.due <= now) as u64
    }
    /// Greatest size that any record so far can have on the wire.
    #[must_use]
    pub fn size_max(&self) -> u32 {
        wire::record(self.body_max, 8_192_000_000, 8_192)
    }
    /// Moves past `n` records.
    #[inline]
    pub fn take(&mut self, n: usize) {
        self.next += n;
    }
    /// Adds one record, due later than now and later than most, for a source that is fed.
    pub fn push(&mut self, record: Record, home: u32, extra: Extra) {
        if 2 * self.next > self.records.len() {
            self.forget_taken();
        }
        self.body_max = self.body_max.max(record.body);
        // Several workers finish in another order than they begin, but never far apart.
        let later = self.records[self.next..].iter().rev().take_while(|other| other.due > record.due).count();
        let at = self.records.len() - later;
        self.records.insert(at, record);
        self.homes.insert(at, home);
        self.extras.insert(at, extra);
    }

    fn forget_taken(&mut self) {
        self.records.drain(..self.next);
        self.homes.drain(..self.next);
        self.extras.drain(..self.next.min(self.extras.len()));
        self.release.drain(..self.next.min(self.release.len()));
        self.next = 0;
    }
}

/// What one instance of a producer is given.
#[derive(Debug)]
pub struct Workload {
    clock: Clock,
    keys: Keys,
    key_stream: Stream,
    zipf: Option<rand_distr::Zipf<f64>>,
    sizes: Sizes,
    size_stream: Stream,
    homes: Homes,
    home_stream: Stream,
    partitions: u32,
    turn: u32,
    limiter: Option<Limiter>,
}

/// What a workload is made of.
#[derive(Debug)]
pub struct Recipe {
    /// When its records are due.
    pub clock: Clock,
    /// Their keys.
    pub keys: Keys,
    /// Their values' sizes.
    pub sizes: Sizes,
    /// Where they go.
    pub homes: Homes,
    /// Partitions of the topic.
    pub partitions: u32,
    /// First partition for `Homes::RoundRobin`.
    pub turn: u32,
    /// Records per second, bytes per second and burst, if the producer is limited.
    pub limit: Option<(f64, f64, f64)>,
    /// Seed of the run.
    pub seed: u64,
    /// Name of this instance: `edge/2`.
    pub name: String,
}

impl Workload {
    /// What `recipe` says.
    #[must_use]
    pub fn new(recipe: Recipe) -> Self {
        let Recipe { clock, keys, sizes, homes, partitions, turn, limit, seed, name } = recipe;
        let stream = |what: &str| Stream::named(seed, &format!("{what}/{name}"));
        let zipf = match keys {
            Keys::Numbered { count, law: KeyLaw::Zipf { exponent }, .. } => {
                Some(rand_distr::Zipf::new(f64::from(count), exponent).expect("the plan has checked the exponent"))
            }
            _ => None,
        };
        Self {
            key_stream: stream("keys"),
            size_stream: stream("sizes"),
            home_stream: stream("homes"),
            limiter: limit.map(|(messages, bytes, burst)| Limiter::new(messages, bytes, burst)),
            clock,
            keys,
            zipf,
            sizes,
            homes,
            partitions,
            turn,
        }
    }

    /// A clock that counts arrivals from where this workload stands, without drawing anything else.
    #[must_use]
    pub fn counter(&self) -> Clock {
        self.clock.clone()
    }

    /// Draws at least one more block, as long as there is something to draw; false when there is not.
    #[cold]
    pub fn look_ahead(&mut self, ahead: &mut Ahead) -> bool {
        ahead.forget_taken();
        let first = ahead.records.len();
        let mut dues = [Time::ZERO; BLOCK];
        let n = self.clock.fill(&mut dues);
        if n == 0 {
            return false;
        }
        let mut keys = [NO_KEY; BLOCK];
        self.draw_keys(&mut keys, n);
        let mut bodies = [0; BLOCK];
        self.draw_bodies(&keys, &mut bodies, n);
        ahead.body_max = ahead.body_max.max(bodies[..n].iter().copied().max().unwrap_or(0));
        let base = self.key_base();
        ahead.records.extend((0..n).map(|i| {
            let key = if keys[i] == NO_KEY { NO_KEY } else { base + keys[i] };
            Record { due: dues[i], key, body: bodies[i] }
        }));
        self.draw_homes(&keys, &mut ahead.homes, n);
        if let Some(trace) = self.clock.trace() {
            let rows = trace.block().map(|row| row.units);
            let usual = ahead.records[first..].iter().zip(rows);
            ahead.extras.extend(usual.map(|(record, units)| Extra { units, ..Extra::usual(record) }));
        }
        if let Some(limiter) = &mut self.limiter {
            let sizes = (0..n).map(|i| value_bytes(bodies[i]));
            ahead.release.extend(dues.iter().zip(sizes).map(|(&due, size)| limiter.release(due, size)));
        }
        true
    }

    fn key_base(&self) -> u32 {
        match self.keys {
            Keys::None => 0,
            Keys::Numbered { base, .. } | Keys::Listed { base, .. } => base,
        }
    }

    fn draw_keys(&mut self, out: &mut [u32; BLOCK], n: usize) {
        match self.keys {
            Keys::None => {}
            Keys::Numbered { count, law, .. } => match law {
                KeyLaw::Uniform => self.key_stream.fill_below(count, out),
                KeyLaw::Zipf { .. } => {
                    let zipf = self.zipf.as_ref().expect("made with the workload");
                    self.key_stream.fill_by(zipf, out);
                    for key in out {
                        *key = (*key - 1).min(count - 1);
                    }
                }
                KeyLaw::Hot { share } => {
                    for key in out {
                        let hot = self.key_stream.unit() < share || count == 1;
                        *key = if hot { 0 } else { 1 + self.key_stream.below(count - 1) };
                    }
                }
            },
            Keys::Listed { .. } => {
                if let Some(trace) = self.clock.trace() {
                    out.iter_mut().take(n).zip(trace.block()).for_each(|(key, row)| *key = row.key);
                }
            }
        }
    }

    fn draw_bodies(&mut self, keys: &[u32; BLOCK], out: &mut [u32; BLOCK], n: usize) {
        let mut sizes = [0; BLOCK];
        self.sizes.fill(&mut self.size_stream, &mut sizes);
        if let Some(trace) = self.clock.trace() {
            for (size, row) in sizes.iter_mut().take(n).zip(trace.block()) {
                *size = u64::try_from(row.size).unwrap_or(*size);
            }
        }
        match &self.keys {
            Keys::None => (0..n).for_each(|i| out[i] = wire::body(None, sizes[i] as u32)),
            Keys::Numbered { salt, .. } if matches!(self.sizes, Sizes::Law(Distribution::Constant(_))) => {
                // Only as many sizes as keys have lengths.
                let salt = salt.len() as u32;
                let by_digits: [u32; 11] = std::array::from_fn(|d| wire::body(Some(salt + d as u32), sizes[0] as u32));
                for (body, &key) in out[..n].iter_mut().zip(keys) {
                    *body = by_digits[partitioner::digits(key) as usize];
                }
            }
            Keys::Numbered { salt, .. } => {
                let salt = salt.len() as u32;
                (0..n).for_each(|i| out[i] = wire::body(Some(partitioner::key_bytes(salt, keys[i])), sizes[i] as u32));
            }
            Keys::Listed { texts, .. } => {
                for i in 0..n {
                    let key = texts.get(keys[i] as usize).map(|text| text.len() as u32);
                    out[i] = wire::body(key, sizes[i] as u32);
                }
            }
        }
    }

    fn draw_homes(&mut self, keys: &[u32; BLOCK], homes: &mut Vec<u32>, n: usize) {
        match &self.homes {
            Homes::Kafka(table) => match self.keys {
                Keys::None => homes.extend(std::iter::repeat_n(STICKY, n)),
                _ => table.extend(self.key_base(), &keys[..n], homes),
            },
            Homes::RoundRobin => homes.extend((0..n).map(|_| {
                let turn = self.turn;
                self.turn = if turn + 1 == self.partitions { 0 } else { turn + 1 };
                turn
            })),
            Homes::Random => homes.extend((0..n).map(|_| self.home_stream.below(self.partitions))),
        }
    }
}

/// Bytes of a value, near enough for a byte limit: the body less its smallest framing.
fn value_bytes(body: u32) -> u32 {
    body.saturating_sub(4)
}
