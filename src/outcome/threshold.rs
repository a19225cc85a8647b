//! Whether a line such as `groups.workers.e2e_s.p99 < 200ms` holds of a result.
//!
//! The figure is found by its path in the saved form, so that a threshold names what the user sees in `result.json`.
use super::result::ThresholdResult;
use crate::plan::{Comparison, ThresholdPlan};
use serde_json::Value;

/// Looks the figure up in `result.json` as a tree and compares. A figure without a value never passes.
#[must_use]
pub fn judge(threshold: &ThresholdPlan, result: &Value) -> ThresholdResult {
    let value = find(&threshold.path, result);
    let passed = value.is_some_and(|value| holds(value, threshold.comparison, threshold.bound));
    ThresholdResult { expression: threshold.expression.clone(), value, passed }
}

/// The figure at a path, if it has a value.
#[must_use]
pub fn find(path: &[String], result: &Value) -> Option<f64> {
    path.iter().try_fold(result, |tree, key| tree.get(key)).and_then(number)
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.get("value")?.as_f64())
}

/// Whether a value compares to a bound as it should.
#[must_use]
#[expect(clippy::float_cmp, reason = "a count is compared to a count")]
pub fn holds(value: f64, comparison: Comparison, bound: f64) -> bool {
    match comparison {
        Comparison::Less => value < bound,
        Comparison::LessOrEqual => value <= bound,
        Comparison::Greater => value > bound,
        Comparison::GreaterOrEqual => value >= bound,
        Comparison::Equal => value == bound,
        Comparison::NotEqual => value != bound,
    }
}
