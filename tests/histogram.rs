//! Buckets of latencies against an HDR histogram of three digits: the same values are told apart.
use conga::outcome::histogram::Buckets;
use conga::units::Span;
use hdrhistogram::Histogram;

#[test]
fn histogram_tells_apart_what_hdr_tells_apart() {
    let hdr = Histogram::<u64>::new_with_bounds(1, 1 << 52, 3).expect("good bounds");
    let powers = (0..52).map(|k| 1_u64 << k);
    let around = powers.flat_map(|power| [power.saturating_sub(1), power, power + 1, power + power / 3]);
    for value in around.chain([0, 1_023, 1_024, 1_025, 2_047, 2_048, 2_049, 4_095, 999_999_999]) {
        let mut buckets = Buckets::default();
        buckets.count(Span::from_ns(value));
        let found = (buckets.min_ns(), buckets.max_ns());
        let wanted = (Some(hdr.lowest_equivalent(value)), Some(hdr.highest_equivalent(value)));
        assert_eq!(found, wanted, "the bucket of {value} ns");
    }
}
