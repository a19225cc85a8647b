//! What a producer is given to send: when, which key, how big. Drawn ahead in blocks, for arrivals cost no event.
//!
//! `Arrivals` and `Keys` say it for all instances of a producer; `Workload` is what one instance gets of it.
//! Arrivals, keys and sizes have streams of their own, so that changing one leaves the luck of the others alone.
mod ahead;
pub mod arrivals;
mod bursts;
mod curve;
mod limiter;

use super::accumulator::STICKY;
use super::partitioner::{self, KeyHash, KeyTable};
use super::protocol::{Extra, NO_KEY, Record};
use super::random::{self, BLOCK, Distribution, Stream};
use super::wire;
use crate::units::Time;
use arrivals::Clock;
use limiter::Limiter;
use std::sync::Arc;

pub use ahead::Ahead;
pub use arrivals::{Arrivals, Shape, Step, TraceRow};

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
    /// By the hash of its key; without one where `Keyless` says.
    Hashed(Arc<KeyHomes>, Keyless),
    /// One after the other.
    RoundRobin,
    /// Anywhere.
    Random,
}

/// Where records without a key go under a hash that is not Kafka's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyless {
    /// Anywhere.
    Random,
    /// All to one partition: that of the empty key.
    Partition(u32),
}

impl Keyless {
    /// The partition of the next record without a key.
    #[must_use]
    pub fn home(self, luck: &mut Stream, partitions: u32) -> u32 {
        match self {
            Self::Random => luck.below(partitions),
            Self::Partition(partition) => partition,
        }
    }
}

/// Where keys go in one topic, by one hash: a table for each key space of the plan.
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
    pub fn new<'a>(hash: KeyHash, keys: impl IntoIterator<Item = &'a Keys>, partitions: u32) -> Self {
        let mut homes = Self::default();
        for keys in keys {
            let (base, table) = match keys {
                Keys::None => continue,
                Keys::Numbered { salt, count, base, .. } => {
                    (*base, Table::Numbered(KeyTable::new(hash, salt, *count, partitions)))
                }
                Keys::Listed { texts, base } => {
                    let home = |text: &String| hash.partition(text.as_bytes(), partitions);
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
        self.draw_homes(&keys, &mut ahead.homes, n);
        let base = self.key_base();
        let all = dues[..n].iter().zip(&keys).zip(&bodies);
        ahead.records.extend(all.map(|((&due, &key), &body)| {
            let key = if key == NO_KEY { NO_KEY } else { base + key };
            Record { due, key, body }
        }));
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

    /// The topic has so many partitions, and keys go there: what is drawn ahead, too, for nothing of it has left.
    #[cold]
    pub fn grow(&mut self, partitions: u32, homes: Homes, ahead: &mut Ahead) {
        (self.partitions, self.homes) = (partitions, homes);
        ahead.forget_taken();
        let before = std::mem::take(&mut ahead.homes);
        if let (Homes::RoundRobin, Some(&next)) = (&self.homes, before.first()) {
            self.turn = next;
        }
        let base = self.key_base();
        let own = |record: &Record| if record.key == NO_KEY { NO_KEY } else { record.key - base };
        for block in ahead.records.chunks(BLOCK) {
            let mut keys = [NO_KEY; BLOCK];
            keys.iter_mut().zip(block).for_each(|(key, record)| *key = own(record));
            self.draw_homes(&keys, &mut ahead.homes, block.len());
        }
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
                // Only as many sizes as keys have lengths: the shortest, and what each further digit adds.
                let body = |digits: u32| wire::body(Some(salt.len() as u32 + digits), sizes[0] as u32);
                let (shortest, adds) = (body(1), std::array::from_fn(|d| body(d as u32 + 2) - body(d as u32 + 1)));
                random::wide(
                    #[inline(always)]
                    || {
                        for (body, &key) in out.iter_mut().zip(keys) {
                            *body = shortest + partitioner::by_digits(key, &adds);
                        }
                    },
                );
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
            Homes::Hashed(table, keyless) => {
                let first = homes.len();
                match self.keys {
                    Keys::None => homes.extend(std::iter::repeat_n(STICKY, n)),
                    _ => table.extend(self.key_base(), &keys[..n], homes),
                }
                for home in homes[first..].iter_mut().filter(|home| **home == STICKY) {
                    *home = keyless.home(&mut self.home_stream, self.partitions);
                }
            }
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
