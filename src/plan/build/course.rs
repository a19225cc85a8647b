//! The course of a run: when it starts to count, when it ends, how finely it is drawn.
//!
//! Without a duration its length is estimated by the means, only to choose how finely to draw.
use super::arrivals::mean_rate;
use super::findings::Findings;
use super::precision;
use crate::model::workload::{Arrivals, Shape};
use crate::plan::load::work_s;
use crate::plan::{GroupPlan, ProducerPlan, RunPlan};
use crate::scenario::Scenario;
use crate::scenario::schema::Run;
use crate::units::{Span, Time, show};

/// Rows of the series at most.
const MOST_ROWS: u64 = 2_000;
/// Rows of the series when nobody chose the interval, at most; at least two fifths of them.
const ROWS: u64 = 500;

/// The course, and how long the run will take: exactly where `duration` says so, otherwise estimated.
pub fn run(
    scenario: &Scenario,
    brokers: u32,
    (producers, groups): (&[ProducerPlan], &[GroupPlan]),
    found: &mut Findings<'_>,
) -> (RunPlan, Span) {
    let silent = Run::default();
    let keys = scenario.document.run.as_ref().unwrap_or(&silent);
    let span = |duration: &Option<crate::scenario::values::Duration>| duration.as_ref().map_or(Span::ZERO, |d| d.0);
    let (warmup, drain) = (span(&keys.warmup), span(&keys.drain));
    let duration = keys.duration.as_ref().map(|d| d.0);
    if duration.is_none() {
        endless(producers, found);
        if scenario.document.events.as_ref().is_some_and(|events| !events.is_empty()) {
            let message = "`run.duration` is missing, and what befalls a run may leave work that nobody ever does";
            found.error("run", message, "add `duration: 10m`");
        }
    }
    let length = duration.unwrap_or_else(|| estimate(producers, groups));
    if warmup >= length && !warmup.is_zero() {
        let message = format!(
            "{} of warm-up leave nothing of {}",
            show::duration(warmup.seconds()),
            show::duration(length.seconds())
        );
        found.error("run.warmup", message, "make it shorter than the run, or the run longer");
    }
    let end = length + drain;
    let run = RunPlan {
        seed: super::seed(scenario),
        warmup: Time::ZERO + warmup,
        arrivals_end: duration.map_or(Time::NEVER, |duration| Time::ZERO + duration),
        drain,
        interval: keys.interval.as_ref().map_or_else(|| interval(end), |d| d.0),
        repetitions: keys.repetitions.as_ref().map_or(u64::from(precision::first_round(keys)), |count| count.0) as u32,
        precision: precision::precision(scenario, keys, brokers, found),
    };
    let rows = end.ns().div_ceil(run.interval.ns().max(1));
    if rows > MOST_ROWS {
        let message =
            format!("{rows} rows of {}, {MOST_ROWS} at most are kept", show::duration(run.interval.seconds()));
        found.error(
            "run.interval",
            message,
            format!("make it {} or more, or leave it out", show::duration(interval(end).seconds())),
        );
    }
    (run, end)
}

/// Without a duration every producer must end by itself.
fn endless(producers: &[ProducerPlan], found: &mut Findings<'_>) {
    let never = |plan: &&ProducerPlan| match plan.arrivals {
        Arrivals::Trace(_) => false,
        Arrivals::Steps { .. } | Arrivals::Curve { shape: Shape::Ramp { to: 0.0, .. }, .. } => true,
        _ => plan.messages == u64::MAX,
    };
    if let Some(plan) = producers.iter().find(never) {
        let message = format!("`run.duration` is missing, and `{}` never ends by itself", plan.name);
        let remedy = match plan.arrivals {
            Arrivals::Steps { .. } => "add `duration: 100s`: steps may fall short of any number of messages",
            Arrivals::Curve { shape: Shape::Ramp { to: 0.0, .. }, .. } => {
                "add `duration: 100s`: a ramp to 0 may fall short of any number of messages"
            }
            _ => "add `duration: 100s`, or give that producer `messages`",
        };
        found.error("run", message, remedy);
    }
}

/// How long it takes until all is sent and processed, by the means.
fn estimate(producers: &[ProducerPlan], groups: &[GroupPlan]) -> Span {
    let sent = producers.iter().map(|plan| match &plan.arrivals {
        Arrivals::Trace(rows) => Time::from_ns(rows.last().map_or(0, |row| row.at_ns)).seconds(),
        Arrivals::Curve { shape, .. } => shape.reaches(plan.messages as f64).unwrap_or(f64::INFINITY) * 1e-9,
        arrivals => plan.messages as f64 / mean_rate(arrivals),
    });
    let sent = sent.filter(|seconds| seconds.is_finite()).fold(1e-3, f64::max);
    let processed = groups.iter().map(|group| {
        let of = |topic| producers.iter().filter(move |plan| plan.client.topic == topic).map(count).sum::<f64>();
        let messages: f64 = group.topics.iter().map(|topic| of(*topic)).sum();
        messages * work_s(&group.work) / (f64::from(group.members) * f64::from(group.workers))
    });
    Span::from_seconds(processed.filter(|seconds| seconds.is_finite()).fold(sent, f64::max).min(3e8))
}

fn count(plan: &ProducerPlan) -> f64 {
    match &plan.arrivals {
        Arrivals::Trace(rows) => (rows.len() as u64).min(plan.messages) as f64,
        _ => plan.messages as f64,
    }
}

/// The least number of 1, 2 or 5 times a power of ten that draws `end` in few enough rows.
fn interval(end: Span) -> Span {
    let least = end.ns().div_ceil(ROWS).max(1);
    let mut power = 1;
    loop {
        if let Some(step) = [1, 2, 5].into_iter().find(|step| step * power >= least) {
            return Span::from_ns(step * power);
        }
        power *= 10;
    }
}
