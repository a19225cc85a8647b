//! Sizes on the wire: Kafka's record batch, format v2, without compression and headers.
//!
//! A batch is a header of 61 bytes and its records; a record is a varint length and a body whose timestamp and offset
//! are deltas to the first record of the batch, so equal records grow by a byte as the batch fills.
//! Source: `DefaultRecordBatch`, `DefaultRecord` and `MemoryRecordsBuilder` of Kafka's clients.

use crate::units::Span;

/// Bytes of a batch before its first record (`RECORD_BATCH_OVERHEAD`).
pub const BATCH_HEADER: u32 = 61;

/// The most a record can need beyond its key, value and their lengths (`MAX_RECORD_OVERHEAD`).
const RECORD_OVERHEAD: u32 = 21;

/// Bytes of a zigzag varint of `value`, 1 to 10. Nearly all are 1 or 2, which costs a comparison.
#[inline]
#[must_use]
pub const fn varint(value: u64) -> u32 {
    if value < 1 << 13 { 1 + (value >= 1 << 6) as u32 } else { long_varint(value) }
}

/// Seven bits a byte: floor(log2 / 7) + 1, without a division.
#[cold]
const fn long_varint(value: u64) -> u32 {
    (((value << 1) | 1).ilog2() * 9 + 73) >> 6
}

/// Bytes of a key with its length; a record without a key spends one byte on saying so.
const fn key_field(key_bytes: Option<u32>) -> u32 {
    match key_bytes {
        Some(bytes) => varint(bytes as u64) + bytes,
        None => 1,
    }
}

/// Bytes of a record's key, value, their lengths and the number of its headers, which is always zero.
const fn fields(key_bytes: Option<u32>, value_bytes: u32) -> u32 {
    key_field(key_bytes) + varint(value_bytes as u64) + value_bytes + 1
}

/// Bytes of a record's body without its timestamp and offset deltas: what [`record`] wants.
#[inline]
#[must_use]
pub const fn body(key_bytes: Option<u32>, value_bytes: u32) -> u32 {
    1 + fields(key_bytes, value_bytes)
}

/// Bytes of the value of a record with such a body: the opposite of [`body`].
#[must_use]
pub const fn value_of(body: u32, key_bytes: Option<u32>) -> u32 {
    let rest = body.saturating_sub(2 + key_field(key_bytes));
    // The length stands before the value, and takes as many bytes as it needs.
    let mut digits = 1;
    while digits < 5 && varint(rest.saturating_sub(digits) as u64) > digits {
        digits += 1;
    }
    rest.saturating_sub(digits)
}

/// Bytes of record number `index` of its batch, created `since_first_ns` after the first one.
#[inline]
#[must_use]
pub const fn record(body: u32, since_first_ns: u64, index: u32) -> u32 {
    // Nearly always: both deltas fit a byte, and the length one or two.
    if since_first_ns < 64_000_000 && body < 8_000 && index < 8_192 {
        let length = body + 2 + (index >= 64) as u32;
        return length + 1 + (length >= 64) as u32;
    }
    long_record(body, since_first_ns, index)
}

#[cold]
const fn long_record(body: u32, since_first_ns: u64, index: u32) -> u32 {
    let length = body + varint(since_first_ns / 1_000_000) + varint(index as u64);
    length + varint(length as u64)
}

/// What Kafka assumes a batch with this first record may need, in bytes (`estimateSizeInBytesUpperBound`).
#[inline]
#[must_use]
pub const fn upper_bound(key_bytes: Option<u32>, value_bytes: u32) -> u32 {
    BATCH_HEADER + RECORD_OVERHEAD + fields(key_bytes, value_bytes)
}

/// The same from what [`body`] says of the record.
#[inline]
#[must_use]
pub const fn upper_bound_of_body(body: u32) -> u32 {
    BATCH_HEADER + RECORD_OVERHEAD + body - 1
}

/// Bytes of `buffer.memory` that an open batch holds, which is also the limit it is filled to: `batch.size`, or the
/// [`upper_bound`] of its first record where that is more.
#[inline]
#[must_use]
pub const fn pinned(batch_size: u32, upper_bound: u32) -> u32 {
    if batch_size > upper_bound { batch_size } else { upper_bound }
}

/// Whether a batch that has a record, `bytes` long and filled up to `limit`, takes one of `record` bytes more.
/// A batch always takes its first record.
#[inline]
#[must_use]
pub const fn takes(bytes: u32, record: u32, limit: u32) -> bool {
    bytes + record <= limit
}

/// Whether a batch of `bytes` is full and need not linger.
#[inline]
#[must_use]
pub const fn is_full(bytes: u32, limit: u32) -> bool {
    bytes >= limit
}

/// How long bytes take on a network card.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bandwidth {
    /// Zero where bandwidth costs nothing.
    ns_per_byte: f64,
}

impl Bandwidth {
    /// So many bytes per second; infinite where bandwidth costs nothing.
    #[must_use]
    pub fn new(bytes_per_s: f64) -> Self {
        Self { ns_per_byte: if bytes_per_s.is_finite() { 1e9 / bytes_per_s } else { 0.0 } }
    }
    /// Whether it costs anything.
    #[inline]
    #[must_use]
    pub fn is_limited(self) -> bool {
        self.ns_per_byte > 0.0
    }
    /// Time for so many bytes, at most 52 days.
    #[inline]
    #[must_use]
    pub fn takes(self, bytes: u64) -> Span {
        Span::round_ns((bytes.cast_signed() as f64 * self.ns_per_byte).min(4.5e15))
    }
}
