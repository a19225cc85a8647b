//! Counts of latencies in buckets of three significant digits: the layout of an HDR histogram, none of its bookkeeping.
//!
//! `hdrhistogram` in the hot loop costs several times as much; counts are converted to it at the end. The sum is kept,
//! so a mean is exact; the other figures are read off the buckets.
use crate::units::Span;
use hdrhistogram::Histogram;

/// Logarithm of the buckets in an octave of values.
const BITS: u32 = 10;
/// Buckets that are looked at together: an octave.
const CHUNK: usize = 1 << BITS;
/// Enough for every whole number of nanoseconds; only the pages that are used take memory.
const BUCKETS: usize = 64 * CHUNK;
/// Bits of a float's fraction, and its exponent for 1.
const FRACTION: u32 = f64::MANTISSA_DIGITS - 1;
const BIAS: usize = f64::MAX_EXP as usize - 1;

/// Counts the values of a batch, as [`Buckets::added`] must be told afterwards.
#[derive(Debug)]
pub struct Counting<'a>(&'a mut [u32; BUCKETS]);

impl Counting<'_> {
    /// Counts one value, in nanoseconds.
    #[inline(always)]
    pub fn add(&mut self, ns: u64) {
        self.0[Buckets::index(ns)] += 1;
    }
}

/// Counts by bucket, and the sum of all values.
#[derive(Clone, Debug)]
pub struct Buckets {
    counts: Box<[u32; BUCKETS]>,
    /// What was folded out of `counts` before they could overflow.
    folded: Option<Box<[u64; BUCKETS]>>,
    sum_ns: u128,
    count: u64,
    unfolded: u64,
}

impl Default for Buckets {
    fn default() -> Self {
        let counts = vec![0; BUCKETS].try_into().expect("the length is right");
        Self { counts, folded: None, sum_ns: 0, count: 0, unfolded: 0 }
    }
}

fn empty() -> Box<[u64; BUCKETS]> {
    vec![0; BUCKETS].try_into().expect("the length is right")
}

fn drain_counts(counts: &mut [u32; BUCKETS], into: &mut [u64; BUCKETS]) {
    for (counts, into) in counts.chunks_exact_mut(CHUNK).zip(into.chunks_exact_mut(CHUNK)) {
        if is_used(counts) {
            counts.iter_mut().zip(into).for_each(|(count, total)| *total += u64::from(std::mem::take(count)));
        }
    }
}

/// Whether anything was counted here. Most of the buckets are always empty, and this looks at many at once.
fn is_used(counts: &[u32]) -> bool {
    counts.iter().fold(0, |all, count| all | count) != 0
}

impl Buckets {
    /// The exponent and the first bits of the fraction of twice the value as a float, which is what an HDR histogram's
    /// layout comes to. The odd number keeps 0 apart; a search for the highest bit would take a dozen steps on some
    /// processors.
    #[inline(always)]
    fn index(ns: u64) -> usize {
        let float = (2 * ns + 1).cast_signed() as f64;
        ((float.to_bits() >> (FRACTION - BITS)) as usize).wrapping_sub(BIAS << BITS) & (BUCKETS - 1)
    }

    /// Least value of a bucket, and how many values share it.
    fn range(index: usize) -> (u64, u64) {
        let (octave, within) = (index >> BITS, (CHUNK + index % CHUNK) as u64);
        match octave.checked_sub(BITS as usize + 1) {
            Some(shift) => (within << shift, 1 << shift),
            None => (within >> (BITS as usize + 1 - octave), 1),
        }
    }

    /// Whether two values, in nanoseconds, are told apart.
    #[must_use]
    pub fn shares_bucket(one: u64, other: u64) -> bool {
        Self::index(one) == Self::index(other)
    }

    /// Where the values of a batch are counted.
    #[inline(always)]
    pub fn counting(&mut self) -> Counting<'_> {
        Counting(&mut self.counts)
    }

    /// Counts one value.
    pub fn count(&mut self, span: Span) {
        self.counting().add(span.ns());
        self.added(1, span);
    }

    /// So many values were counted, and this is their sum. Told once a batch.
    #[inline(always)]
    pub fn added(&mut self, count: u64, sum: Span) {
        self.count += count;
        self.unfolded += count;
        self.sum_ns += u128::from(sum.ns());
        if self.unfolded > u64::from(u32::MAX / 2) {
            self.fold();
        }
    }

    #[cold]
    fn fold(&mut self) {
        let folded = self.folded.get_or_insert_with(empty);
        drain_counts(&mut self.counts, folded);
        self.unfolded = 0;
    }

    /// Number of values.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.count
    }

    /// True when nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Sum of all values in nanoseconds.
    #[must_use]
    pub fn sum_ns(&self) -> u128 {
        self.sum_ns
    }

    /// Moves everything counted so far into `total`, and begins anew.
    pub fn move_into(&mut self, total: &mut Self) {
        let into = total.folded.get_or_insert_with(empty);
        drain_counts(&mut self.counts, into);
        if let Some(folded) = self.folded.take() {
            into.iter_mut().zip(folded.iter()).for_each(|(total, &count)| *total += count);
        }
        total.count += std::mem::take(&mut self.count);
        total.sum_ns += std::mem::take(&mut self.sum_ns);
        self.unfolded = 0;
    }

    /// These values with `without` taken away, which must be among them, and `with` added.
    #[must_use]
    pub fn exchanged(&self, without: &Self, with: &Self) -> Self {
        let mut changed = self.clone();
        changed.fold();
        let totals = changed.folded.as_mut().expect("just folded");
        without.counts().for_each(|(i, count)| totals[i] -= count);
        with.counts().for_each(|(i, count)| totals[i] += count);
        changed.count = changed.count - without.count + with.count;
        changed.sum_ns = changed.sum_ns - without.sum_ns + with.sum_ns;
        changed
    }

    /// Number and count of each bucket that is not empty.
    fn counts(&self) -> impl Iterator<Item = (usize, u64)> {
        let (counts, folded) = (&*self.counts, self.folded.as_deref());
        let is_used = move |range: &std::ops::Range<usize>| {
            is_used(&counts[range.clone()])
                || folded.is_some_and(|folded| folded[range.clone()].iter().fold(0, |all, count| all | count) != 0)
        };
        let chunks = (0..BUCKETS).step_by(CHUNK).map(|first| first..first + CHUNK);
        let total = move |i: usize| (i, u64::from(counts[i]) + folded.map_or(0, |folded| folded[i]));
        chunks.filter(is_used).flatten().map(total).filter(|&(_, count)| count > 0)
    }

    /// Tells the least value of each bucket that is not empty, in nanoseconds, and its count.
    pub fn each(&self, mut tell: impl FnMut(u64, u64)) {
        self.counts().for_each(|(i, count)| tell(Self::range(i).0, count));
    }

    /// Tells the highest value of each bucket that is not empty, in nanoseconds, and its count.
    pub fn highest(&self) -> impl Iterator<Item = (u64, u64)> {
        self.counts().map(|(i, count)| {
            let (least, width) = Self::range(i);
            (least + width - 1, count)
        })
    }

    /// Values at which these shares of all values are reached, in nanoseconds: the highest of their bucket, as HDR says.
    /// `None` where fewer than ten values lie beyond.
    #[must_use]
    pub fn quantiles<const N: usize>(&self, shares: [f64; N]) -> [Option<u64>; N] {
        let mut found = [None; N];
        let mut below = 0;
        let mut next = 0;
        for (i, count) in self.counts() {
            below += count;
            while next < N && below as f64 >= (shares[next] * self.count as f64).ceil().max(1.0) {
                let (least, width) = Self::range(i);
                found[next] = (self.count as f64 * (1.0 - shares[next]) >= 10.0).then_some(least + width - 1);
                next += 1;
            }
        }
        found
    }

    /// Standard deviation in nanoseconds, to three digits.
    #[must_use]
    pub fn stddev_ns(&self) -> Option<f64> {
        let n = self.count as f64;
        let mean = self.sum_ns as f64 / n;
        let square = |(i, count): (usize, u64)| {
            let (least, width) = Self::range(i);
            let middle = least as f64 + (width - 1) as f64 / 2.0;
            count as f64 * (middle - mean).powi(2)
        };
        (self.count > 1).then(|| (self.counts().map(square).sum::<f64>() / (n - 1.0)).sqrt())
    }

    /// Least value, to three digits, in nanoseconds.
    #[must_use]
    pub fn min_ns(&self) -> Option<u64> {
        Some(Self::range(self.counts().next()?.0).0)
    }

    /// Greatest value, to three digits, in nanoseconds.
    #[must_use]
    pub fn max_ns(&self) -> Option<u64> {
        let (least, width) = Self::range(self.counts().last()?.0);
        Some(least + width - 1)
    }

    /// As the field exchanges it: nanoseconds, three significant digits.
    #[must_use]
    pub fn to_hdr(&self) -> Histogram<u64> {
        let mut hdr = Histogram::new_with_bounds(1, 1 << 42, 3).expect("the bounds are good");
        hdr.auto(true);
        for (i, count) in self.counts() {
            let (least, width) = Self::range(i);
            hdr.record_n(least + width / 2, count).expect("it resizes itself");
        }
        hdr
    }
}
