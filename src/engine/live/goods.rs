//! Real bytes, beside the machines and never in them: what leaves with a request, what a broker keeps, what arrives.
//!
//! A lot is a batch as Kafka frames it (`payload::framing`), compressed, with its checksum. Machines know only how many
//! records there are and when they were due; the hosts around them carry the lots along, under the same partitions and
//! offsets. That what arrives is what left is a law like any other.
mod packer;
mod store;

use crate::payload::{Codec, Press};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

pub use packer::{Lettering, Packer};
pub use store::Store;

/// A batch in bytes.
#[derive(Clone, Debug)]
pub struct Lot {
    /// Which partition.
    pub partition: u32,
    /// Its number from its sender to its partition; once it has them, the offset of its first record.
    pub number: u64,
    /// How many records are in it.
    pub records: u32,
    /// Length before compression.
    pub plain: u32,
    /// CRC-32C of the bytes, as in Kafka.
    pub crc: u32,
    /// How they are compressed.
    pub codec: Codec,
    /// The records.
    pub bytes: Bytes,
}

/// What travels beside a message.
pub type Cargo = Vec<Lot>;

/// What bytes have cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Batches made.
    pub batches: u64,
    /// Bytes of their records.
    pub plain: u64,
    /// The same after compression.
    pub packed: u64,
    /// Time to make messages and frame them.
    pub making: Duration,
    /// Time to compress them and add them up.
    pub packing: Duration,
    /// Bytes checked and expanded by whoever got them, and the time it took.
    pub expanded: u64,
    /// The same.
    pub expanding: Duration,
}

impl Cost {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            batches: self.batches + other.batches,
            plain: self.plain + other.plain,
            packed: self.packed + other.packed,
            making: self.making + other.making,
            packing: self.packing + other.packing,
            expanded: self.expanded + other.expanded,
            expanding: self.expanding + other.expanding,
        }
    }
}

/// Checks and expands what arrives.
#[derive(Debug, Default)]
pub struct Unpacker {
    presses: Vec<Press>,
    plain: Vec<u8>,
    /// What that has cost.
    pub cost: Cost,
}

impl Unpacker {
    /// The records of a lot as [`crate::payload::framing`] reads them.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub fn open<'a>(&'a mut self, lot: &'a Lot) -> Result<&'a [u8], String> {
        let begin = instant();
        let Lot { partition, number, plain, codec, .. } = *lot;
        if crc32c::crc32c(&lot.bytes) != lot.crc {
            return Err(format!("bytes arrive as they left: partition {partition} from offset {number} is damaged"));
        }
        let expanded = if codec == Codec::None {
            &lot.bytes[..]
        } else {
            let press = match self.presses.iter().position(|press| press.codec() == codec) {
                Some(known) => &mut self.presses[known],
                None => self.presses.push_mut(Press::new(codec)),
            };
            let expanded = press.expand(&lot.bytes, plain as usize, &mut self.plain);
            expanded.map_err(|why| format!("bytes expand: partition {partition} from offset {number}: {why}"))?;
            &self.plain[..]
        };
        self.cost.expanded += expanded.len() as u64;
        self.cost.expanding += begin.elapsed();
        if expanded.len() == plain as usize {
            Ok(expanded)
        } else {
            Err(format!("bytes expand to what they were: partition {partition} from offset {number} does not"))
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "what compressing costs is measured; only provenance tells it")]
fn instant() -> Instant {
    Instant::now()
}
