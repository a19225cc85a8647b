//! When messages are due: rates as written, scaled to `rate` where that is set.
//!
//! `rate` beside `arrivals` scales their mean and keeps their shape, so that a study can turn one knob for any of them.
use super::findings::Findings;
use super::trace;
use crate::model::workload::{Arrivals, Keys, Step, TraceRow};
use crate::scenario::Scenario;
use crate::scenario::schema::{self, Law, Producer, Steps};

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

/// Arrivals of a producer.
pub fn arrivals(scenario: &Scenario, settings: &Producer, path: &str, found: &mut Findings<'_>) -> Read {
    let law = match &settings.arrivals {
        schema::Arrivals::Steps(steps) => return even_or_poisson(steps, settings, path, found).into(),
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
        Law::Trace(settings_of_trace) => trace::read(scenario, settings, settings_of_trace, path, found),
    }
}

fn even_or_poisson(written: &Steps, settings: &Producer, path: &str, found: &mut Findings<'_>) -> Arrivals {
    let even = written.even.as_ref().is_some_and(|flag| flag.0);
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
        Arrivals::Trace(rows) => mean_of_trace(rows),
    }
}

/// Messages per second of a trace: gaps over the time they take.
pub fn mean_of_trace(rows: &[TraceRow]) -> f64 {
    let span = rows.last().map_or(0, |row| row.at_ns);
    if span == 0 { 0.0 } else { (rows.len() - 1) as f64 * 1e9 / span as f64 }
}
