//! Byte quotas as brokers keep them: a rate over sliding samples, and how long a client that exceeds it must wait.
//!
//! Kafka's `Rate` over a `WindowedSum`: bytes are added to a sample; a sample that is a window old makes room for a new
//! one, which begins with its first event and not on a clock tick; what is older than all samples together is dropped.
//! The window that the sum is divided by is never shorter than all samples but one: a burst at the start does not count
//! as a rate (`ClientQuotaManager`, `QuotaUtils.throttleTime`).
use crate::units::{Span, Time};
use std::collections::VecDeque;

/// How long a client was mute, by broker: told as it passes, and nothing where there are no quotas.
#[derive(Clone, Debug, Default)]
pub struct Muted {
    passed: Span,
    /// By broker: up to where it is told, and until when it lasts.
    brokers: Vec<(Time, Time)>,
}

impl Muted {
    /// This broker hears nothing until then.
    #[cold]
    pub fn until(&mut self, broker: usize, now: Time, until: Time) {
        if self.brokers.len() <= broker {
            self.brokers.resize(broker + 1, (Time::ZERO, Time::ZERO));
        }
        let (told, ends) = &mut self.brokers[broker];
        if *ends <= now {
            self.passed += ends.since(*told);
            *told = now;
        }
        *ends = until.max(*ends);
    }

    /// Time that passed since it was asked last, over all brokers.
    pub fn take(&mut self, now: Time) -> Span {
        for (told, ends) in &mut self.brokers {
            let passed = now.min(*ends);
            self.passed += passed.since(*told);
            *told = passed.max(*told);
        }
        std::mem::take(&mut self.passed)
    }
}

/// What has been observed of one client.
#[derive(Clone, Debug)]
pub struct Observed {
    /// `quota.window.size.seconds`.
    window: Span,
    /// `quota.window.num`.
    most: u64,
    samples: VecDeque<Sample>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    begins: Time,
    last: Time,
    bytes: f64,
}

impl Observed {
    /// Nothing yet; so many samples of this length.
    #[must_use]
    pub const fn new(window: Span, samples: u64) -> Self {
        Self { window, most: samples, samples: VecDeque::new() }
    }

    /// Counts bytes. Time does not go back.
    pub fn record(&mut self, now: Time, bytes: f64) {
        match self.samples.back_mut() {
            Some(sample) if now.ns() - sample.begins.ns() < self.window.ns() => {
                sample.bytes += bytes;
                sample.last = now;
            }
            _ => self.samples.push_back(Sample { begins: now, last: now, bytes }),
        }
    }

    /// How long a client with this quota, in bytes per second, must wait for what was recorded so far; zero within it.
    pub fn throttle(&mut self, now: Time, bytes_per_s: f64) -> Span {
        let expires = self.window.ns() * self.most;
        while self.samples.front().is_some_and(|sample| now.ns() - sample.last.ns() >= expires) {
            self.samples.pop_front();
        }
        let window = self.elapsed(now);
        let observed = self.samples.iter().map(|sample| sample.bytes).sum::<f64>() / window.seconds();
        if observed > bytes_per_s { throttle_time(observed, bytes_per_s, window) } else { Span::ZERO }
    }

    /// The time that the samples count for.
    fn elapsed(&self, now: Time) -> Span {
        let window = self.window.ns();
        let elapsed = self.samples.front().map_or(0, |oldest| now.ns() - oldest.begins.ns());
        let missing = self.most.saturating_sub(1).saturating_sub(elapsed / window);
        Span::from_ns((elapsed + missing * window).max(window))
    }
}

/// The wait that brings a rate down to the quota, in whole milliseconds: as long as the excess would take at the quota.
#[must_use]
pub fn throttle_time(observed: f64, quota: f64, window: Span) -> Span {
    Span::from_ms(((observed - quota) / quota * window.seconds() * 1e3).round() as u64)
}
