//! The hashes that send a key to a partition, one for each family of clients that share a topic.
//!
//! Clients with different hashes send the same key to different partitions; that is worth seeing before it happens.
//! CRC-32 comes from `crc32fast`. FNV-1a with 32 bits and murmur3 are a few lines each that no well-kept crate offers
//! in this form. Every one is held to the vectors of the clients' own tests.
use super::{murmur2, partition_of_hash};

/// The seed of RabbitMQ's super streams.
pub const RABBITMQ_SEED: u32 = 104_729;

/// How a key's bytes become a partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyHash {
    /// murmur2 without its sign: Kafka's Java client.
    #[default]
    Murmur2,
    /// CRC-32: `consistent_random`, the silent choice of librdkafka.
    Crc32,
    /// The amount of FNV-1a as a signed number: `fnv1a` of librdkafka, and Sarama's.
    Fnv1a,
    /// murmur3 without its sign, seeded with [`RABBITMQ_SEED`]: RabbitMQ's super streams.
    Murmur3,
}

impl KeyHash {
    /// The partition of a key among all `partitions` of a topic.
    #[must_use]
    pub fn partition(self, key: &[u8], partitions: u32) -> u32 {
        match self {
            Self::Murmur2 => partition_of_hash(murmur2(key), partitions),
            Self::Crc32 => crc32(key) % partitions,
            Self::Fnv1a => fnv1a(key).cast_signed().unsigned_abs() % partitions,
            Self::Murmur3 => partition_of_hash(murmur3(key, RABBITMQ_SEED).cast_signed(), partitions),
        }
    }
}

/// CRC-32 as zlib computes it.
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// FNV-1a with 32 bits (Fowler, Noll and Vo, RFC 9923).
#[must_use]
pub fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811C_9DC5, |h: u32, byte| (h ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// murmur3 with 32 bits for x86 (Appleby, 2011).
#[must_use]
pub fn murmur3(bytes: &[u8], seed: u32) -> u32 {
    let mix = |k: u32| k.wrapping_mul(0xCC9E_2D51).rotate_left(15).wrapping_mul(0x1B87_3593);
    let (words, tail) = bytes.as_chunks::<4>();
    let add = |h: u32, word: &[u8; 4]| {
        (h ^ mix(u32::from_le_bytes(*word))).rotate_left(13).wrapping_mul(5).wrapping_add(0xE654_6B64)
    };
    let mut h = words.iter().fold(seed, add);
    h ^= mix(tail.iter().rev().fold(0, |rest, byte| rest << 8 | u32::from(*byte)));
    h ^= bytes.len() as u32;
    h = (h ^ h >> 16).wrapping_mul(0x85EB_CA6B);
    h = (h ^ h >> 13).wrapping_mul(0xC2B2_AE35);
    h ^ h >> 16
}
