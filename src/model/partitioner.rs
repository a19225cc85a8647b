//! Where a record goes: the partitioners of Kafka's producer.
//!
//! A key goes where its hash says, always. Records without a key stick to a partition until it has had a batch worth
//! of bytes (KIP-794), and then go on to one drawn at random, with luck in favour of short queues.
//! Everything here is told how big an append was and handed its dice.
pub mod hash;

pub use hash::KeyHash;
use std::sync::Arc;

/// Kafka's `murmur2`, the 32-bit hash of a key's bytes.
#[must_use]
pub fn murmur2(bytes: &[u8]) -> i32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;
    let (words, tail) = bytes.as_chunks::<4>();
    let mut h = SEED ^ bytes.len() as u32;
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> R;
        h = h.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !tail.is_empty() {
        h ^= tail.iter().rev().fold(0, |rest, &byte| rest << 8 | u32::from(byte));
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    (h ^ h >> 15).cast_signed()
}

/// A hash without its sign, as Kafka drops it: by clearing the bit.
#[inline]
#[must_use]
pub const fn to_positive(hash: i32) -> u32 {
    hash.cast_unsigned() & 0x7fff_ffff
}

/// The partition of a key with this hash, among all `partitions` of a topic.
#[inline]
#[must_use]
pub const fn partition_of_hash(hash: i32, partitions: u32) -> u32 {
    to_positive(hash) % partitions
}

/// The texts of numbered keys, a salt followed by decimal digits, in one buffer.
#[derive(Clone, Debug)]
pub struct NumberedKeyText {
    bytes: Vec<u8>,
    salt_len: usize,
}

impl NumberedKeyText {
    /// Texts that start with `salt`.
    #[must_use]
    pub fn new(salt: &str) -> Self {
        Self { bytes: salt.as_bytes().to_vec(), salt_len: salt.len() }
    }

    /// The text of key `i` in UTF-8.
    #[inline]
    pub fn of(&mut self, mut i: u32) -> &[u8] {
        self.bytes.resize(self.salt_len + digits(i) as usize, b'0');
        for place in self.bytes[self.salt_len..].iter_mut().rev() {
            *place = b'0' + (i % 10) as u8;
            i /= 10;
        }
        &self.bytes
    }
}

/// How many decimal digits `i` has.
#[inline]
#[must_use]
pub const fn digits(i: u32) -> u32 {
    const POWERS: [u32; 10] = [0, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];
    // 1233 / 4096 is a little more than the logarithm of 2 to base 10.
    let about = ((32 - (i | 1).leading_zeros()) * 1_233) >> 12;
    about + (i >= POWERS[about as usize]) as u32
}

/// What the digits of `i` but the first add up to, each worth what `adds` says. Without a branch, for wide registers.
#[inline(always)]
#[must_use]
pub fn by_digits(i: u32, adds: &[u32; 9]) -> u32 {
    let mut power = 1;
    adds.iter().fold(0, |sum, add| {
        power *= 10;
        sum + if i >= power { *add } else { 0 }
    })
}

/// Bytes of the text of key `i` behind a salt of `salt_len` bytes.
#[inline]
#[must_use]
pub const fn key_bytes(salt_len: u32, i: u32) -> u32 {
    salt_len + digits(i)
}

/// The partition of every numbered key. Cheap to clone; the table is shared.
#[derive(Clone, Debug)]
pub struct KeyTable {
    hash: KeyHash,
    salt: Arc<str>,
    count: u32,
    partitions: u32,
    places: Places,
}

/// Partitions by key in as few bytes as they need, because a table of a million keys should stay in the cache.
#[derive(Clone, Debug)]
enum Places {
    Bytes(Arc<[u8]>),
    Words(Arc<[u16]>),
    Longs(Arc<[u32]>),
    Hashed,
}

impl KeyTable {
    /// Above so many keys nothing is stored and every key is hashed when it is used.
    pub const MOST_STORED: u32 = 8_000_000;

    /// The table of keys `0..count` behind `salt` over `partitions`, at least one, by `hash`.
    #[must_use]
    pub fn new(hash: KeyHash, salt: &str, count: u32, partitions: u32) -> Self {
        let mut text = NumberedKeyText::new(salt);
        let all = (0..count).map(|key| hash.partition(text.of(key), partitions));
        let places = match partitions {
            _ if count > Self::MOST_STORED => Places::Hashed,
            1..=0x100 => Places::Bytes(all.map(|partition| partition as u8).collect()),
            0x101..=0x1_0000 => Places::Words(all.map(|partition| partition as u16).collect()),
            _ => Places::Longs(all.collect()),
        };
        Self { hash, salt: salt.into(), count, partitions, places }
    }

    /// How many keys there are.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Partitions of a block of keys, into `out` of the same length.
    pub fn fill(&self, keys: &[u32], out: &mut [u32]) {
        match &self.places {
            Places::Bytes(table) => look_up(table, keys, out),
            Places::Words(table) => look_up(table, keys, out),
            Places::Longs(table) => look_up(table, keys, out),
            Places::Hashed => self.hash(keys, out),
        }
    }

    /// The partition of one key.
    #[must_use]
    pub fn partition(&self, key: u32) -> u32 {
        let mut out = [0];
        self.fill(&[key], &mut out);
        out[0]
    }

    fn hash(&self, keys: &[u32], out: &mut [u32]) {
        let mut text = NumberedKeyText::new(&self.salt);
        for (&key, partition) in keys.iter().zip(out) {
            *partition = self.hash.partition(text.of(key), self.partitions);
        }
    }
}

fn look_up<P: Copy + Into<u32>>(table: &[P], keys: &[u32], out: &mut [u32]) {
    for (&key, partition) in keys.iter().zip(out) {
        *partition = table[key as usize].into();
    }
}

/// The partition that records without a key stick to, by KIP-794 (`BuiltInPartitioner`).
///
/// Around an append, as `RecordAccumulator` does it: first, where [`Sticky::is_due`] says so, draw a partition and
/// [`Sticky::switch_to`] it; then append to [`Sticky::partition`]; then, where [`Sticky::appended`] says so, draw again.
#[derive(Clone, Copy, Debug)]
pub struct Sticky {
    partition: u32,
    produced_bytes: u64,
    batch_size: u32,
}

impl Sticky {
    /// Starts at `partition`; `batch_size` in bytes.
    #[must_use]
    pub const fn new(partition: u32, batch_size: u32) -> Self {
        Self { partition, produced_bytes: 0, batch_size: if batch_size == 0 { 1 } else { batch_size } }
    }

    /// Where the next record goes.
    #[inline]
    #[must_use]
    pub const fn partition(&self) -> u32 {
        self.partition
    }

    /// Whether to go on to another partition now: it has had a batch worth of bytes and no batch waits there half
    /// filled (`enable_switch`: the last one of its queue is full, or the queue is empty), or it has had two.
    #[inline]
    #[must_use]
    pub const fn is_due(&self, enable_switch: bool) -> bool {
        let batch = self.batch_size as u64;
        self.produced_bytes >= batch && enable_switch || self.produced_bytes >= 2 * batch
    }

    /// Accounts for an append of `bytes`, the batch header included if it began a batch, and says whether to go on to
    /// another partition. `enable_switch` as in [`Sticky::is_due`], seen after the append.
    #[inline]
    pub const fn appended(&mut self, bytes: u32, enable_switch: bool) -> bool {
        self.produced_bytes += bytes as u64;
        self.is_due(enable_switch)
    }

    /// Goes on to `partition`, which may be the same one again.
    #[inline]
    pub const fn switch_to(&mut self, partition: u32) {
        self.partition = partition;
        self.produced_bytes = 0;
    }
}

/// KIP-794's weights of the partitions of a topic by the batches queued there, added up: a partition weighs as much
/// as it is shorter than the longest queue, plus one. `None` where all are alike and any partition will do.
///
/// Kafka asks for them only once every partition of the topic has had a record.
#[must_use]
pub fn cumulative_weights(queue_sizes: &[u32]) -> Option<Vec<u32>> {
    let longest = queue_sizes.iter().max()?;
    if queue_sizes.iter().all(|size| size == longest) {
        return None;
    }
    let add_up = |sum: &mut u32, size: &u32| {
        *sum += longest + 1 - size;
        Some(*sum)
    };
    Some(queue_sizes.iter().scan(0, add_up).collect())
}

/// The place in `cumulative` that `random`, of at most 31 bits, falls on.
#[must_use]
pub fn pick(cumulative: &[u32], random: u32) -> u32 {
    let Some(&sum) = cumulative.last() else { return 0 };
    let random = random % sum;
    cumulative.partition_point(|&weight| weight <= random) as u32
}

/// One partition after the other, from 0.
#[derive(Clone, Copy, Debug)]
pub struct RoundRobin {
    next: u32,
    partitions: u32,
}

impl RoundRobin {
    /// Over so many partitions, at least one.
    #[must_use]
    pub const fn new(partitions: u32) -> Self {
        Self { next: 0, partitions }
    }

    /// The partition of the next record.
    #[inline]
    pub const fn next_partition(&mut self) -> u32 {
        let partition = self.next;
        self.next = if partition + 1 == self.partitions { 0 } else { partition + 1 };
        partition
    }
}
