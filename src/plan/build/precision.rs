//! How well a figure has to be known before repetitions end.
//!
//! The figure is named as in a threshold, and refused before the run where there is none.
use super::findings::Findings;
use super::thresholds;
use crate::plan::PrecisionPlan;
use crate::scenario::Scenario;
use crate::scenario::schema::{Precise, Precision, Run};

/// Runs of the first round when nobody chose: fewer make intervals that are wide by Student's factor alone.
const FIRST_ROUND: u32 = 5;
/// Runs at most when nobody chose.
const MOST: u64 = 100;

/// Runs of the first round, where `repetitions` is silent.
pub fn first_round(keys: &Run) -> u32 {
    match &keys.precision {
        None => 1,
        Some(Precision::Of(Precise { most: Some(most), .. })) => FIRST_ROUND.min(most.0 as u32),
        Some(_) => FIRST_ROUND,
    }
}

/// What the scenario asks for, if anything.
pub fn precision(scenario: &Scenario, keys: &Run, brokers: u32, found: &mut Findings<'_>) -> Option<PrecisionPlan> {
    let (metric, within, most) = match keys.precision.as_ref()? {
        Precision::Within(within) => (None, within.0, None),
        Precision::Of(precise) => (precise.metric.as_ref(), precise.within.0, precise.most.as_ref()),
    };
    let path = match metric {
        Some(metric) => metric.0.split('.').map(str::to_owned).collect(),
        None => usual(scenario),
    };
    if let Err((message, remedy)) = thresholds::figure(scenario, brokers, &path) {
        found.error("run.precision.metric", message, remedy);
    }
    let repetitions = keys.repetitions.as_ref().map_or(u64::from(FIRST_ROUND), |count| count.0);
    match (most, &keys.repetitions) {
        (Some(most), Some(count)) if count.0 > most.0 => {
            let message = format!("ends before the {} `repetitions` of the first round", count.0);
            found.error("run.precision.most", message, "make it larger, or `run.repetitions` smaller");
        }
        (_, Some(count)) if count.0 < 2 => {
            found.error("run.repetitions", "has no interval with one run", "write at least 2, or remove it");
        }
        _ => {}
    }
    let most = most.map_or(MOST.max(repetitions), |count| count.0) as u32;
    Some(PrecisionPlan { path, within, most })
}

/// What most people ask first: how late the slowest hundredth is.
fn usual(scenario: &Scenario) -> Vec<String> {
    let document = &scenario.document;
    let group = document.groups.iter().flat_map(|named| &named.0).next();
    let path = match (group, document.producers.0.first()) {
        (Some((name, _)), _) => ["groups", name, "e2e_s", "p99"],
        (None, Some((name, _))) => ["producers", name, "publish_s", "p99"],
        (None, None) => ["producers", "", "publish_s", "p99"],
    };
    path.map(str::to_owned).to_vec()
}
