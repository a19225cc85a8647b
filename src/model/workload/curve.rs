//! Rates that change all the time: a straight line, and a sine.
//!
//! A record is due whenever the integrated rate passes the next target. Targets one apart are even arrivals; with
//! exponential gaps between them they are exactly Poisson with that rate (the time change of Çinlar 1975). So the only
//! question is when the integral reaches a number: a root for the line, a search by Newton's rule for the sine.
use crate::model::random::Stream;
use std::f64::consts::TAU;

/// How a rate changes. Rates are per second over all instances of a producer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Straight from one rate to another, then on at the latter.
    Ramp {
        /// Records per second at the start.
        from: f64,
        /// Records per second at the end.
        to: f64,
        /// Nanoseconds in between.
        over_ns: f64,
    },
    /// mean + amplitude × sin(2π × time / period).
    Sine {
        /// Records per second in the middle.
        mean: f64,
        /// At most the mean.
        amplitude: f64,
        /// Nanoseconds.
        period_ns: f64,
    },
}

impl Shape {
    /// Records per second: over the ramp, and over whole periods.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Ramp { from, to, .. } => f64::midpoint(from, to),
            Self::Sine { mean, .. } => mean,
        }
    }

    /// Nanoseconds until so many records are due, over all instances; none if that never happens.
    #[must_use]
    pub fn reaches(&self, records: f64) -> Option<f64> {
        match *self {
            Self::Ramp { from, to, over_ns } => {
                let in_ramp = f64::midpoint(from, to) * (over_ns / 1e9);
                if records < in_ramp {
                    // The root of from × t + slope × t² / 2 that does not cancel digits.
                    let slope = (to - from) * 1e9 / over_ns;
                    let seconds = 2.0 * records / (from + (from * from + 2.0 * slope * records).max(0.0).sqrt());
                    return Some(if records > 0.0 { (seconds * 1e9).min(over_ns) } else { 0.0 });
                }
                (to > 0.0).then(|| over_ns + (records - in_ramp) * 1e9 / to)
            }
            Self::Sine { mean, amplitude, period_ns } => {
                let a_period = mean * (period_ns / 1e9);
                let periods = (records / a_period).floor();
                let share = records / a_period - periods;
                Some((periods + phase(share, amplitude / mean)) * period_ns)
            }
        }
    }
}

/// The part of a period after which a share of its records is due: x with x + depth × (1 − cos 2πx) / 2π = share.
fn phase(share: f64, depth: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    let mut x = share;
    for _ in 0..60 {
        let error = x + depth * (1.0 - (TAU * x).cos()) / TAU - share;
        if error > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let slope = 1.0 + depth * (TAU * x).sin();
        let newton = x - error / slope;
        // Where the rate is nearly zero Newton's rule may jump out: then halve what is left.
        let next = if newton > low && newton < high { newton } else { f64::midpoint(low, high) };
        if (next - x).abs() < 1e-16 {
            return next;
        }
        x = next;
    }
    x
}

/// One instance's arrivals along a curve.
#[derive(Clone, Debug)]
pub struct Curve {
    shape: Shape,
    instances: f64,
    /// Of Poisson arrivals.
    stream: Option<Stream>,
    /// Records of this instance so far, and where the next one is due: its number, or a sum of exponential gaps.
    target: f64,
    last_ns: f64,
}

impl Curve {
    /// Instance number and how many there are; luck for Poisson arrivals, none for even ones.
    pub fn new(shape: Shape, (instance, instances): (f64, f64), mut stream: Option<Stream>) -> Self {
        let target = stream.as_mut().map_or(instance / instances, Stream::exponential);
        Self { shape, instances, stream, target, last_ns: 0.0 }
    }

    /// When the next record is due, if ever.
    pub fn next(&mut self) -> Option<f64> {
        // Where the rate is nearly zero the root is only known to a few digits: no step back because of that.
        let at = self.shape.reaches(self.target * self.instances)?.max(self.last_ns);
        self.last_ns = at;
        self.target += self.stream.as_mut().map_or(1.0, Stream::exponential);
        Some(at)
    }
}
