//! Dice for one message: a generator seeded by the stream's name and the message's number.
//!
//! Seeding costs a few nanoseconds, and makes every message independent of which ones were made before it.
use rand::{RngExt as _, SeedableRng as _, rand_core::Rng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

/// The stream called `name` under a seed, as a number: FNV-1a.
pub(super) fn stream(seed: u64, name: &str) -> u64 {
    let bytes = seed.to_le_bytes().into_iter().chain(name.bytes());
    bytes.fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

/// Spreads neighbouring numbers over all 64 bits (the finalizer of `MurmurHash3`).
pub(super) fn scattered(mut x: u64) -> u64 {
    x = (x ^ (x >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    x = (x ^ (x >> 33)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    x ^ (x >> 33)
}

/// The dice of one message.
#[derive(Clone, Debug)]
pub struct Luck(Xoshiro256PlusPlus);

impl Luck {
    /// Those of message number `index` of a stream.
    #[must_use]
    pub fn of(stream: u64, index: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(stream ^ scattered(index)))
    }

    /// Sixty-four random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in [0, 1).
    pub fn unit(&mut self) -> f64 {
        self.0.random()
    }

    /// A whole number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// A whole number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.wrapping_sub(low) as u64;
        let above = if width == u64::MAX { self.bits() } else { self.below(width + 1) };
        low.wrapping_add_unsigned(above)
    }

    /// A rank below `n`, rank k about in proportion to 1/(k + 1): Zipf's law, by inverting its integral.
    pub fn rank(&mut self, n: u64) -> u64 {
        let rank = ((n + 1) as f64).powf(self.unit()) as u64;
        rank.clamp(1, n) - 1
    }

    /// One of these, the earlier the more often.
    pub fn skewed<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rank(of.len() as u64) as usize]
    }

    /// True with this probability.
    pub fn happens(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// A whole number with a long tail: log-normal around `median`, `spread` natural orders of magnitude wide.
    pub fn long_tailed(&mut self, median: f64, spread: f64) -> u64 {
        // The sum of twelve uniforms is near enough a normal.
        let normal = (0..12).map(|_| self.unit()).sum::<f64>() - 6.0;
        (median * (spread * normal).exp()) as u64
    }
}
