//! Time and quantities. Durations are whole nanoseconds; sizes are bytes; rates are per second.
//!
//! `units` imports nothing of ours, and anyone may import it.
pub mod parse;
pub mod show;

use serde::{Deserialize, Serialize};
use std::ops::{Add, AddAssign, Sub};

/// An instant: nanoseconds since the run began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Time(u64);

/// A length of time in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span(u64);

impl Time {
    /// The beginning of the run.
    pub const ZERO: Self = Self(0);
    /// Later than anything that happens.
    pub const NEVER: Self = Self(u64::MAX);

    /// An instant this many nanoseconds after the beginning.
    #[inline]
    #[must_use]
    pub const fn from_ns(ns: u64) -> Self {
        Self(ns)
    }
    /// Nanoseconds since the beginning.
    #[inline]
    #[must_use]
    pub const fn ns(self) -> u64 {
        self.0
    }
    /// Seconds since the beginning.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0 as f64 * 1e-9
    }
    /// The time since `earlier`, or nothing if that lies ahead.
    #[inline]
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than any run.
    pub const FOREVER: Self = Self(u64::MAX / 4);

    /// A span of this many nanoseconds.
    #[inline]
    #[must_use]
    pub const fn from_ns(ns: u64) -> Self {
        Self(ns)
    }
    /// A span of this many milliseconds.
    #[inline]
    #[must_use]
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms * 1_000_000)
    }
    /// A span of this many seconds, rounded to the nanosecond; negative or not a number gives zero.
    #[must_use]
    pub fn from_seconds(seconds: f64) -> Self {
        Self((seconds * 1e9).round() as u64)
    }
    /// Rounds to the nearest nanosecond without a branch, so that loops over it vectorise. Good for 0 to 2^52 ns (52 days).
    #[inline(always)]
    #[must_use]
    pub fn round_ns(ns: f64) -> Self {
        Self((ns + 4_503_599_627_370_496.0).to_bits() & 0x000F_FFFF_FFFF_FFFF)
    }
    /// Nanoseconds.
    #[inline]
    #[must_use]
    pub const fn ns(self) -> u64 {
        self.0
    }
    /// Seconds.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0 as f64 * 1e-9
    }
    /// This span `n` times over.
    #[inline]
    #[must_use]
    pub const fn times(self, n: u64) -> Self {
        Self(self.0 * n)
    }
    /// True when there is nothing in it.
    #[inline]
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl Add<Span> for Time {
    type Output = Self;
    #[inline]
    fn add(self, span: Span) -> Self {
        Self(self.0 + span.0)
    }
}

impl Sub for Time {
    type Output = Span;
    #[inline]
    fn sub(self, earlier: Self) -> Span {
        Span(self.0 - earlier.0)
    }
}

impl Add for Span {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Span {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl AddAssign for Span {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}
