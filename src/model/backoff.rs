//! How long a client waits before it tries again: longer each time, up to a limit, and never quite the same.
//!
//! Kafka's `ExponentialBackoff` (KIP-580): the power stops growing where the limit is reached, and the jitter is applied
//! before the limit, so that nobody waits longer than that.
use crate::units::Span;

/// `retry.backoff.ms`, `retry.backoff.max.ms`, and what Kafka's clients fix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The first wait.
    pub initial: Span,
    /// The longest wait.
    pub max: Span,
    /// How many times longer each wait is; 2 in Kafka's clients.
    pub multiplier: f64,
    /// How far it may be off either way, as a share; 0.2 in Kafka's clients.
    pub jitter: f64,
}

impl Backoff {
    /// The wait after so many failed attempts before, in whole milliseconds; `unit` is a random number in [0, 1).
    #[must_use]
    pub fn after(&self, attempts: u32, unit: f64) -> Span {
        let (initial, max) = (self.initial.seconds() * 1e3, self.max.seconds() * 1e3);
        let powers = if max > initial { (max / initial.max(1.0)).ln() / self.multiplier.ln() } else { 0.0 };
        let wait = initial * self.multiplier.powf(f64::from(attempts).min(powers));
        let factor = 1.0 + self.jitter * (2.0 * unit - 1.0);
        // A power of a logarithm may miss a whole number by a hair.
        Span::from_ms((wait * factor + 1e-6).min(max) as u64)
    }
}
