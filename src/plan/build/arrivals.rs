//! When messages are due: rates as written, scaled to `rate` where that is set.
//!
//! `rate` beside `arrivals` scales their mean and keeps their shape, so that a study can turn one knob for any of them.
use super::findings::Findings;
use super::trace;
use crate::model::workload::{Arrivals, Keys, Shape, Step, TraceRow};
use crate::scenario::Scenario;
use crate::scenario::schema::{self, Law, Producer, Ramp, Sine, Steps};
use crate::scenario::values::Flag;

/// Nanoseconds of arrivals at most: ten years.
pub const LONGEST_NS: f64 = 3_652.5 * 86_400e9;

/// What arrivals say: when, and for a trace with keys also which.
pub struct Read {
    /// When.
    pub arrivals: Arrivals,
    /// Keys of a trace.
    pub keys: Keys,
}

impl From<Arrivals> for Read {
    fn from(arrivals: Arrivals) -> Self {
        Self { arrivals, keys: Keys::None }
    }
}

/// Arrivals of a producer, whose messages must fit into a request of so many bytes.
pub fn arrivals(
    scenario: &Scenario,
    settings: &Producer,
    request_size: u32,
    path: &str,
    found: &mut Findings<'_>,
) -> Read {
    let law = match &settings.arrivals {
        schema::Arrivals::Steps(steps) => return even_or_poisson(steps, settings, path, found).into(),
        schema::Arrivals::Ramp(ramp) => return self::ramp(ramp, settings, path, found).into(),
        schema::Arrivals::Sine(sine) => return self::sine(sine, settings, path, found).into(),
        schema::Arrivals::Law(law) => law,
    };
    let mean = settings.rate.as_ref().map(|rate| rate.0);
    match law {
        Law::Constant { rate } => Arrivals::Constant { rate: mean.unwrap_or(rate.0) }.into(),
        Law::Poisson { rate } => Arrivals::Poisson { rate: mean.unwrap_or(rate.0) }.into(),
        Law::Renewal { rate, cv } => Arrivals::Renewal { rate: mean.unwrap_or(rate.0), cv: cv.0.0 }.into(),
        Law::Batches { rate, size } => {
            let rate = mean.map_or(rate.0, |mean| mean / size.0 as f64);
            Arrivals::Batches { rate, size: size.0 as u32 }.into()
        }
        Law::Bursty { on, off, rate } => {
            let (on_ns, off_ns) = (on.0.ns() as f64, off.0.ns() as f64);
            let rate = mean.map_or(rate.0, |mean| mean * (on_ns + off_ns) / on_ns);
            Arrivals::Bursty { on_ns, off_ns, rate }.into()
        }
        Law::Trace(settings_of_trace) => {
            trace::read(scenario, settings, (settings_of_trace, request_size), path, found)
        }
    }
}

fn even_or_poisson(written: &Steps, settings: &Producer, path: &str, found: &mut Findings<'_>) -> Arrivals {
    let even = is_even(written.even.as_ref());
    let mut steps: Vec<Step> =
        written.steps.iter().map(|step| Step { length_ns: step.r#for.0.ns(), rate: step.rate.0 }).collect();
    let mean = mean_of_steps(&steps);
    let length: f64 = steps.iter().map(|step| step.length_ns as f64).sum();
    if length > LONGEST_NS {
        found.error(&format!("{path}.arrivals.steps"), "take more than ten years together", "make them shorter");
    } else if mean == 0.0 {
        found.error(&format!("{path}.arrivals.steps"), "every rate is 0", "give one of them a rate such as `1k/s`");
    } else if let Some(rate) = &settings.rate {
        for step in &mut steps {
            step.rate *= rate.0 / mean;
        }
    }
    Arrivals::Steps { steps, even }
}

fn ramp(written: &Ramp, settings: &Producer, path: &str, found: &mut Findings<'_>) -> Arrivals {
    let (mut from, mut to, over_ns) = (written.ramp.from.0, written.ramp.to.0, written.ramp.over.0.ns() as f64);
    let mean = f64::midpoint(from, to);
    if mean == 0.0 {
        let message = "goes from 0 to 0";
        found.error(&format!("{path}.arrivals.ramp"), message, "give one end a rate such as `1k/s`");
    } else if let Some(rate) = &settings.rate {
        (from, to) = (from * rate.0 / mean, to * rate.0 / mean);
    }
    Arrivals::Curve { shape: Shape::Ramp { from, to, over_ns }, even: is_even(written.even.as_ref()) }
}

fn sine(written: &Sine, settings: &Producer, path: &str, found: &mut Findings<'_>) -> Arrivals {
    let (mean, amplitude, period_ns) =
        (written.sine.mean.0, written.sine.amplitude.0, written.sine.period.0.ns() as f64);
    if amplitude > mean {
        let remedy = "make it at most the mean: no rate is below 0";
        found.error(&format!("{path}.arrivals.sine.amplitude"), "is greater than `mean`", remedy);
    }
    let times = settings.rate.as_ref().map_or(1.0, |rate| rate.0 / mean);
    let shape = Shape::Sine { mean: mean * times, amplitude: amplitude * times, period_ns };
    Arrivals::Curve { shape, even: is_even(written.even.as_ref()) }
}

fn is_even(flag: Option<&Flag>) -> bool {
    flag.is_some_and(|flag| flag.0)
}

fn mean_of_steps(steps: &[Step]) -> f64 {
    let length: f64 = steps.iter().map(|step| step.length_ns as f64).sum();
    steps.iter().map(|step| step.rate * step.length_ns as f64).sum::<f64>() / length.max(1.0)
}

/// Messages per second, averaged over the time in which there are any.
pub fn mean_rate(arrivals: &Arrivals) -> f64 {
    match arrivals {
        Arrivals::Constant { rate } | Arrivals::Poisson { rate } | Arrivals::Renewal { rate, .. } => *rate,
        Arrivals::Batches { rate, size } => rate * f64::from(*size),
        Arrivals::Steps { steps, .. } => mean_of_steps(steps),
        Arrivals::Curve { shape, .. } => shape.mean(),
        Arrivals::Bursty { on_ns, off_ns, rate } => rate * on_ns / (on_ns + off_ns),
        Arrivals::Trace(rows) => mean_of_trace(rows),
    }
}

/// Messages per second of a trace: gaps over the time they take.
pub fn mean_of_trace(rows: &[TraceRow]) -> f64 {
    let span = rows.last().map_or(0, |row| row.at_ns);
    if span == 0 { 0.0 } else { (rows.len() - 1) as f64 * 1e9 / span as f64 }
}
