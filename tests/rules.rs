//! Small rules of the model as stories: sizes on the wire, keys, stickiness.
use conga::model::backoff::Backoff;
use conga::model::partitioner::{KeyHash, KeyTable, NumberedKeyText, RoundRobin, Sticky, digits, pick};
use conga::model::wire;
use conga::units::Span;
use proptest::prelude::*;

/// Bytes of a zigzag varint, seven bits at a time.
fn varint_by_hand(value: u64) -> u32 {
    let (mut zigzag, mut bytes) = (value << 1, 1);
    while zigzag > 0x7f {
        zigzag >>= 7;
        bytes += 1;
    }
    bytes
}

proptest! {
    #[test]
    fn a_varint_has_seven_bits_a_byte(value in 0..=u64::MAX >> 1, shift in 0..64) {
        let value = value >> shift;
        prop_assert_eq!(wire::varint(value), varint_by_hand(value));
    }

    #[test]
    fn a_key_is_its_salt_and_its_digits(salt in "[a-z:é]{0,9}", key: u32, shift in 0..32) {
        let key = key >> shift;
        let text = format!("{salt}{key}");
        let mut texts = NumberedKeyText::new(&salt);
        prop_assert_eq!(texts.of(key), text.as_bytes());
        prop_assert_eq!(digits(key) as usize, text.len() - salt.len());
    }
}

#[test]
fn a_varint_grows_at_the_edges() {
    for bits in 0..63 {
        for value in [(1 << bits) - 1, 1 << bits, (1 << bits) + 1] {
            assert_eq!(wire::varint(value), varint_by_hand(value), "{value}");
        }
    }
}

#[test]
fn a_record_grows_with_its_deltas() {
    let body = wire::body(None, 100);
    let sizes =
        [(0, 0), (63, 63), (64, 63), (64, 64), (8192, 8192)].map(|(ms, i)| wire::record(body, ms * 1_000_000, i));
    assert_eq!(sizes, [109, 109, 110, 111, 113]);
}

#[test]
fn a_batch_too_small_for_a_record_still_takes_one() {
    let limit = wire::pinned(1, wire::upper_bound(None, 100));
    let first = wire::BATCH_HEADER + wire::record(wire::body(None, 100), 0, 0);
    assert!(!wire::takes(first, wire::record(wire::body(None, 100), 0, 1), limit));
    assert!(!wire::is_full(first, limit), "Kafka lets it linger: its buffer is longer than the record");
}

#[test]
fn tables_of_every_width_agree_with_the_hash() {
    for (count, partitions) in [(3000, 1), (3000, 256), (3000, 257), (3000, 65_536), (3000, 65_537), (u32::MAX, 100)] {
        for hash in [KeyHash::Murmur2, KeyHash::Crc32, KeyHash::Fnv1a, KeyHash::Murmur3] {
            let table = KeyTable::new(hash, "user-", count, partitions);
            let keys: Vec<u32> = (0..3000).map(|i| if count > 3000 { i * 1_431_655 } else { 2999 - i }).collect();
            let mut out = vec![0; keys.len()];
            table.fill(&keys, &mut out);
            let by_hand = |key: &u32| hash.partition(format!("user-{key}").as_bytes(), partitions);
            assert_eq!(out, keys.iter().map(by_hand).collect::<Vec<_>>(), "{count} keys over {partitions}");
            assert_eq!(table.partition(keys[7]), out[7]);
        }
    }
}

#[test]
fn sticky_waits_for_a_full_batch_but_not_for_a_second() {
    let mut sticky = Sticky::new(3, 1000);
    assert!(!sticky.appended(999, true), "not a batch worth yet");
    assert!(!sticky.appended(1, false), "a batch worth, but a batch waits half filled");
    assert!(!sticky.is_due(false));
    assert!(sticky.is_due(true), "it was sent or filled up since: the withheld switch is made up for");
    assert!(sticky.appended(1000, false), "two batches worth: whatever waits");
    sticky.switch_to(5);
    assert_eq!((sticky.partition(), sticky.is_due(true)), (5, false));
}

#[test]
fn weights_are_picked_by_the_first_sum_above() {
    let picks: Vec<u32> = (0..9).map(|random| pick(&[4, 5, 8], random)).collect();
    assert_eq!(picks, [0, 0, 0, 0, 1, 2, 2, 2, 0]);
}

#[test]
fn round_robin_goes_round() {
    let mut circle = RoundRobin::new(3);
    assert_eq!([0; 5].map(|_| circle.next_partition()), [0, 1, 2, 0, 1]);
}

#[test]
fn waits_grow_to_their_limit_and_scatter_around_it() {
    let backoff = Backoff { initial: Span::from_ms(100), max: Span::from_ms(1_000), multiplier: 2.0, jitter: 0.2 };
    let waits = [0, 1, 2, 3, 4, 90].map(|attempts| backoff.after(attempts, 0.5).ns() / 1_000_000);
    assert_eq!(waits, [100, 200, 400, 800, 1_000, 1_000]);
    assert_eq!([0.0, 0.75].map(|unit| backoff.after(1, unit)), [Span::from_ms(160), Span::from_ms(220)]);
    assert_eq!(backoff.after(90, 0.999), Span::from_ms(1_000), "never more than the limit");
}
