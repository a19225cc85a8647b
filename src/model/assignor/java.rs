//! Orders that Kafka's clients inherit from Java: of text, and of hash maps.
//!
//! The sticky assignors visit members in the order of a `HashMap`, and whom they visit first may keep one partition
//! more. So the order is part of the rule. Buckets of eight and more colliding keys, which Java turns into trees, keep
//! the order of insertion here; member ids that collide so often do not come about by themselves.
use std::cmp::Ordering;

/// As `String.compareTo`: by UTF-16 unit.
#[must_use]
pub fn order(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

/// As `String.hashCode`.
#[must_use]
pub fn hash(text: &str) -> i32 {
    text.encode_utf16().fold(0, |h: i32, unit| h.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// Places of keys with these hashes, inserted one after the other into an empty `HashMap`, in its order.
///
/// The table has 16 buckets and doubles whenever it is more than three quarters full; a bucket keeps the order of
/// insertion when it is split.
#[must_use]
pub fn hash_order(hashes: &[i32]) -> Vec<usize> {
    let mut buckets = 16;
    while 4 * hashes.len() > 3 * buckets as usize {
        buckets *= 2;
    }
    let bucket = |hash: i32| {
        let bits = hash.cast_unsigned();
        (bits ^ bits >> 16) & (buckets - 1)
    };
    let mut places: Vec<usize> = (0..hashes.len()).collect();
    places.sort_by_key(|&place| bucket(hashes[place]));
    places
}
