//! What the records of a client say, in bytes: for measuring codecs, and for whoever sends real ones.
//!
//! A batch holds records that follow each other in time and, where keys or turns spread them over partitions, are that
//! far apart in their producer's numbering. Keys are drawn by their law, whichever partition they would go to. An output
//! passes on what its group reads, so its batches are a mixture.
use crate::model::random::{BLOCK, Draws, Stream};
use crate::model::workload::{Arrivals, KeyLaw, Keys, Sizes};
use crate::payload::Messages;
use crate::payload::framing::Framing;
use crate::units::Time;
use std::fmt::Write as _;

/// The beginning of every run, in nanoseconds since 1970: the first instant of 2026 in UTC.
pub const EPOCH_NS: i64 = 1_767_225_600_000_000_000;

/// Spreads samples evenly: the golden ratio.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// What records of one producer say.
#[derive(Clone, Debug)]
pub struct Source {
    /// The values.
    pub messages: Messages,
    /// Their sizes, where only those are known.
    pub sizes: Sizes,
    /// The keys.
    pub keys: Keys,
    /// When they are due; a trace may name keys and sizes.
    pub arrivals: Arrivals,
    /// Messages a second, over all instances.
    pub rate: f64,
    /// How many there will be, more or less.
    pub expected: f64,
    /// From one message of a batch to the next one in it, counted in messages.
    pub stride: u64,
}

/// What records of one client say.
#[derive(Clone, Debug)]
pub struct Contents {
    /// Where they come from.
    pub sources: Vec<Source>,
    /// Seed of the luck that is not in the messages.
    pub seed: u64,
}

impl Contents {
    /// Fills in batch number `number`: batches are spread over the whole run.
    pub fn batch(&self, number: u64, records: u32, framing: &mut Framing) {
        let mut pens: Vec<Pen<'_>> = self.sources.iter().map(|source| Pen::new(source, self.seed, number)).collect();
        let mut luck = Stream::named(self.seed, &format!("contents/{number}"));
        let all: f64 = self.sources.iter().map(|source| source.rate).sum();
        for _ in 0..records {
            let mut left = if pens.len() > 1 { luck.unit() * all } else { 0.0 };
            let chosen = pens.iter().position(|pen| {
                left -= pen.source.rate;
                left < 0.0
            });
            let last = pens.len().saturating_sub(1);
            if let Some(pen) = pens.get_mut(chosen.unwrap_or(last)) {
                pen.write(framing);
            }
        }
    }
}

/// Writes one message of a source after the other.
struct Pen<'s> {
    source: &'s Source,
    next: u64,
    sizes: Option<Draws>,
    keys: Stream,
    zipf: Option<rand_distr::Zipf<f64>>,
    /// Ranks by that law, of which the last are used up.
    ranks: [u32; BLOCK],
    ranks_left: usize,
    key: String,
}

impl<'s> Pen<'s> {
    fn new(source: &'s Source, seed: u64, batch: u64) -> Self {
        let spread = (0.5 + batch as f64 * GOLDEN).fract();
        let stream = |what: &str| Stream::named(seed, &format!("contents/{what}/{batch}"));
        let sizes = match &source.sizes {
            Sizes::Law(law) => Some(Draws::new(law, stream("sizes"))),
            Sizes::Table(_) => None,
        };
        let zipf = match source.keys {
            Keys::Numbered { count, law: KeyLaw::Zipf { exponent }, .. } => {
                rand_distr::Zipf::new(f64::from(count), exponent).ok()
            }
            _ => None,
        };
        let next = (spread * source.expected) as u64;
        Self { source, next, sizes, keys: stream("keys"), zipf, ranks: [1; BLOCK], ranks_left: 0, key: String::new() }
    }

    fn write(&mut self, framing: &mut Framing) {
        let source = self.source;
        let (row, at) = match &source.arrivals {
            Arrivals::Trace(rows) if !rows.is_empty() => {
                let row = rows[(self.next % rows.len() as u64) as usize];
                (Some(row), Time::from_ns(row.at_ns))
            }
            _ => (None, Time::from_ns((self.next as f64 / source.rate.max(1e-9) * 1e9) as u64)),
        };
        let drawn = self.sizes.as_mut().map_or(0, |sizes| sizes.span().ns());
        let size = row.and_then(|row| u64::try_from(row.size).ok()).unwrap_or(drawn);
        let keyed = self.draw_key(row.map(|row| row.key));
        let now_ns = EPOCH_NS.saturating_add_unsigned(at.ns());
        let key = keyed.then_some(self.key.as_bytes());
        framing.push(now_ns / 1_000_000, key, |out| source.messages.write(self.next, now_ns, size as usize, out));
        self.next += source.stride;
    }

    /// Draws the next key's text; false where there is none.
    fn draw_key(&mut self, of_row: Option<u32>) -> bool {
        self.key.clear();
        match &self.source.keys {
            Keys::None => false,
            Keys::Listed { texts, .. } => match of_row.and_then(|key| texts.get(key as usize)) {
                Some(text) => {
                    self.key.push_str(text);
                    true
                }
                None => false,
            },
            Keys::Numbered { salt, count, law, .. } => {
                let number = match law {
                    KeyLaw::Uniform => self.keys.below(*count),
                    KeyLaw::Hot { share } if *count == 1 || self.keys.unit() < *share => 0,
                    KeyLaw::Hot { .. } => 1 + self.keys.below(count - 1),
                    KeyLaw::Zipf { .. } => {
                        if self.ranks_left == 0 {
                            self.ranks_left = BLOCK;
                            if let Some(zipf) = &self.zipf {
                                self.keys.fill_by(zipf, &mut self.ranks);
                            }
                        }
                        self.ranks_left -= 1;
                        (self.ranks[self.ranks_left] - 1).min(count - 1)
                    }
                };
                write!(self.key, "{salt}{number}").is_ok()
            }
        }
    }
}
