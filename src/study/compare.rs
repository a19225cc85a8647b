//! Whether two results differ: every figure side by side, with the interval of the difference and whether it is chance.
//!
//! Repetitions are independent runs, so the difference of two means has Welch's interval (Welch 1947), which needs
//! nothing but the means and intervals a result holds. A single run has intervals of some figures by batch means; the
//! differences of the others are shown, and called unknown.
use crate::outcome::batches::BATCHES;
use crate::outcome::intervals::{QUANTILE, student};
use crate::outcome::result::{Outcome, RunResult};
use serde::Serialize;
use serde_json::{Map, Value};
use statrs::distribution::ContinuousCDF;
use std::collections::{BTreeMap, BTreeSet};

/// A difference this unlikely among equal systems is called real: one in twenty of them is chance all the same.
pub const LEVEL: f64 = 0.05;

/// Sections of a result that hold figures.
const SECTIONS: [&str; 4] = ["groups", "producers", "topics", "brokers"];

/// Several results, figure by figure; the first is what the others are compared with.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// What each result is called.
    pub names: Vec<String>,
    /// What to keep in mind.
    pub warnings: Vec<String>,
    /// Every figure that has a value in some result, in the order of `result.json`.
    pub figures: Vec<Figure>,
}

/// One figure of all results.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// Such as `groups.workers.e2e_s.p99`.
    pub path: String,
    /// One for each result.
    pub values: Vec<Option<f64>>,
    /// One for each result but the first; none where either has no value.
    pub changes: Vec<Option<Change>>,
}

/// How a figure differs from the same one of the first result.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Change {
    /// In the unit of the figure.
    pub difference: f64,
    /// As a share of the first; none where that is zero.
    pub relative: Option<f64>,
    /// 95 % interval of the difference, where there are repetitions.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
    /// How likely so great a difference is between equal systems; none where that cannot be told.
    pub p: Option<f64>,
}

impl Change {
    /// Whether it is more than chance, as far as that can be told.
    #[must_use]
    pub fn is_real(&self) -> Option<bool> {
        if self.difference == 0.0 { Some(false) } else { self.p.map(|p| p < LEVEL) }
    }
}

/// A mean, the variance of that mean, and the number of runs it is of.
#[derive(Clone, Copy, Debug)]
struct Mean {
    value: f64,
    variance: f64,
    runs: f64,
}

/// Compares results with the first of them, of which there must be one.
#[must_use]
pub fn compare(results: &[(String, &Outcome)]) -> Comparison {
    let leaves: Vec<Vec<(String, Option<Mean>)>> = results.iter().map(|(_, one)| leaves(&one.result)).collect();
    let by_path: Vec<BTreeMap<&str, Option<Mean>>> =
        leaves.iter().map(|of| of.iter().map(|(path, mean)| (path.as_str(), *mean)).collect()).collect();
    let mut known = BTreeSet::new();
    let paths = leaves.iter().flatten().map(|(path, _)| path.as_str()).filter(|path| known.insert(*path));
    let figures = paths.filter_map(|path| figure(path, &by_path)).collect();
    Comparison { names: results.iter().map(|(name, _)| name.clone()).collect(), warnings: warnings(results), figures }
}

fn figure(path: &str, results: &[BTreeMap<&str, Option<Mean>>]) -> Option<Figure> {
    let means: Vec<Option<Mean>> = results.iter().map(|of| of.get(path).copied().flatten()).collect();
    means.iter().any(Option::is_some).then(|| Figure {
        path: path.to_owned(),
        values: means.iter().map(|mean| mean.map(|mean| mean.value)).collect(),
        changes: means[1..].iter().map(|mean| Some(change(means[0]?, (*mean)?))).collect(),
    })
}

fn change(from: Mean, to: Mean) -> Change {
    let difference = to.value - from.value;
    let relative = (from.value != 0.0).then(|| difference / from.value.abs());
    let unknown = Change { difference, relative, low: None, high: None, p: None };
    if from.runs < 2.0 || to.runs < 2.0 {
        return unknown;
    }
    let variance = from.variance + to.variance;
    if variance <= 0.0 {
        // The same in every repetition: any difference is real.
        let p = if difference == 0.0 { 1.0 } else { 0.0 };
        return Change { low: Some(difference), high: Some(difference), p: Some(p), ..unknown };
    }
    let share = |mean: Mean| mean.variance.powi(2) / (mean.runs - 1.0);
    let freedom = variance.powi(2) / (share(from) + share(to));
    let error = variance.sqrt();
    let student = student(freedom);
    let half = student.inverse_cdf(1.0 - LEVEL / 2.0) * error;
    let p = 2.0 * student.cdf(-(difference / error).abs());
    Change { low: Some(difference - half), high: Some(difference + half), p: Some(p), ..unknown }
}

/// Every measured figure of a result by path.
fn leaves(result: &RunResult) -> Vec<(String, Option<Mean>)> {
    let tree = serde_json::to_value(result).expect("a result is plain data");
    let runs = f64::from(result.repetitions.count);
    let mut found = Vec::new();
    for section in SECTIONS {
        if let Value::Object(fields) = &tree[section] {
            walk(section, fields, &tree["intervals"], runs, &mut found);
        }
    }
    found
}

fn walk(
    path: &str,
    fields: &Map<String, Value>,
    intervals: &Value,
    runs: f64,
    found: &mut Vec<(String, Option<Mean>)>,
) {
    for (key, value) in fields {
        let path = format!("{path}.{key}");
        match value {
            Value::Object(inner) if inner.contains_key("low") && inner.contains_key("high") => {
                found.push((path, mean(value, runs)));
            }
            Value::Object(inner) => walk(&path, inner, intervals, runs, found),
            Value::Number(_) | Value::Null => {
                // A single run's intervals are of as many batches.
                let of = if runs < 2.0 { BATCHES as f64 } else { runs };
                let known = intervals.get(&path).and_then(|interval| mean(interval, of));
                let plain = || value.as_f64().map(|value| Mean { value, variance: 0.0, runs });
                found.push((path, known.or_else(plain)));
            }
            _ => {}
        }
    }
}

/// From `{value, low, high}`: half the interval is t standard errors.
fn mean(interval: &Value, runs: f64) -> Option<Mean> {
    let [value, low, high] = ["value", "low", "high"].map(|key| interval.get(key).and_then(Value::as_f64));
    let (value, half) = (value?, (high? - low?) / 2.0);
    let variance = if runs > 1.0 { (half / student(runs - 1.0).inverse_cdf(QUANTILE)).powi(2) } else { 0.0 };
    Some(Mean { value, variance, runs })
}

fn warnings(results: &[(String, &Outcome)]) -> Vec<String> {
    let mut warnings = Vec::new();
    for (name, one) in results {
        let result = &one.result;
        if result.repetitions.count < 2 {
            warnings.push(format!(
                "{name} is of one run: only a steady load's figures with an interval tell chance from change; \
                 run it with `--set run.repetitions=10` for the others"
            ));
        }
        if result.partial {
            warnings.push(format!("{name} was interrupted before its end"));
        }
        if result.validity.verdict != "valid" {
            warnings.push(format!("{name} is invalid: {}", result.validity.reasons.join("; ")));
        }
    }
    let (first, rest) = results.split_first().expect("there is a first result");
    for (name, one) in rest {
        let (a, b) = (&first.1.result, &one.result);
        if a.engine != b.engine {
            warnings.push(format!("{} ran under {}, {name} under {}", first.0, a.engine, b.engine));
        }
        let same = a.scenario.sha256 == b.scenario.sha256 && a.repetitions.seeds == b.repetitions.seeds;
        if same && a.engine == "sim" && b.engine == "sim" {
            warnings.push(format!("{} and {name} are of the same scenario and seeds: they are the same run", first.0));
        }
        if (a.window_s - b.window_s).abs() > 0.01 * a.window_s {
            let (a, b) = (crate::units::show::duration(a.window_s), crate::units::show::duration(b.window_s));
            warnings.push(format!("{} was measured over {a}, {name} over {b}: totals differ by that alone", first.0));
        }
    }
    warnings
}
