//! Real time as the machines are told it: nanoseconds since one epoch that all share, times the speed of the run.
//!
//! The epoch lies ahead when a run is made, so that everybody is there when it begins.
use crate::units::{Span, Time};
use std::time::{Duration, Instant};

/// The clock of a run. Copies tell the same time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    epoch: Instant,
    /// Nothing at the usual speed, at which every nanosecond counts, however long the run.
    speed: Option<f64>,
}

impl Clock {
    /// One that will stand at zero until `ahead` from now, and then runs so many times as fast as real time.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a live run takes place in real time")]
    pub fn new(ahead: Duration, speed: f64) -> Self {
        let usual = (speed - 1.0).abs() < f64::EPSILON;
        Self { epoch: Instant::now() + ahead, speed: (!usual).then_some(speed) }
    }

    /// One that stands at zero when the system's own clock, which all processes share, shows so many nanoseconds.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a live run takes place in real time")]
    pub fn with_zero(zero_ns: u64, speed: f64) -> Self {
        let (now, shared) = (Instant::now(), shared_ns());
        let epoch = match zero_ns.checked_sub(shared) {
            Some(ahead) => now + Duration::from_nanos(ahead),
            None => now.checked_sub(Duration::from_nanos(shared - zero_ns)).unwrap_or(now),
        };
        Self { epoch, ..Self::new(Duration::ZERO, speed) }
    }

    /// What the system's own clock shows when this one stands at zero.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a live run takes place in real time")]
    pub fn zero_ns(&self) -> u64 {
        let (now, shared) = (Instant::now(), shared_ns());
        let (ahead, behind) = (self.epoch.saturating_duration_since(now), now.saturating_duration_since(self.epoch));
        shared + ahead.as_nanos() as u64 - behind.as_nanos() as u64
    }

    /// What time it is in the run.
    #[must_use]
    pub fn now(&self) -> Time {
        Time::from_ns(self.scaled(self.elapsed()).ns())
    }

    /// Real time since the run began.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a live run takes place in real time")]
    pub fn elapsed(&self) -> Duration {
        Instant::now().saturating_duration_since(self.epoch)
    }

    /// How long something took in the time of the run.
    #[must_use]
    pub fn scaled(&self, real: Duration) -> Span {
        let ns = real.as_nanos() as u64;
        Span::from_ns(self.speed.map_or(ns, |speed| (ns as f64 * speed) as u64))
    }

    /// Real time from one instant of the run to another, or nothing if that is over.
    #[must_use]
    pub fn real(&self, from: Time, until: Time) -> Duration {
        Duration::from_secs_f64((until.since(from).seconds() / self.speed.unwrap_or(1.0)).min(1e9))
    }
}

/// A clock of the system that all processes share: the one that `Instant` reads, where that can be told.
#[cfg(target_os = "linux")]
fn shared_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::disallowed_methods, reason = "a live run takes place in real time")]
fn shared_ns() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| now.as_nanos() as u64)
}
