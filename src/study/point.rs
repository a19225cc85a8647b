//! One run of a study: values set, planned, run, and told on one line.
//!
//! Everybody who runs a point runs it here, in the study's own process or far away, so the line is the same byte for
//! byte. What cannot be read or planned is a row with its error: other points go on.
use super::cost;
use super::figures::{Figures, flat};
use crate::outcome::result::Outcome;
use crate::outcome::saved;
use crate::plan::{Plan, build};
use crate::scenario::Scenario;
use serde_json::{Map, Value};

/// Runs a plan, or nothing where somebody interrupted it.
pub type Engine<'e> = dyn Fn(&Plan) -> Option<Outcome> + Sync + 'e;

/// What is to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Digest of its study, so that nobody takes it for a run of another one.
    pub study: String,
    /// Number of the run, from 0.
    pub id: u64,
    /// Number of the point, from 0.
    pub point: u64,
    /// Which of its runs, from 0.
    pub repetition: u64,
    /// Its seed.
    pub seed: u64,
    /// Path and value.
    pub values: Vec<(String, String)>,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Row {
    /// What ran.
    pub point: Point,
    /// Why it did not.
    pub error: Option<String>,
    /// Every threshold held, the run is valid and no law was broken.
    pub passed: bool,
    /// Every figure by path.
    pub figures: Figures,
}

/// Paths and values as `--set` takes them.
#[must_use]
pub fn sets(values: &[(String, String)]) -> Vec<String> {
    values.iter().map(|(path, value)| format!("{path}={value}")).collect()
}

impl Point {
    /// What `--set` would have to say.
    #[must_use]
    pub fn sets(&self) -> Vec<String> {
        let mut all = sets(&self.values);
        all.extend([format!("run.seed={}", self.seed), "run.repetitions=1".to_owned()]);
        all
    }

    /// The head of its line.
    #[must_use]
    pub fn told(&self) -> Map<String, Value> {
        let values: Map<String, Value> =
            self.values.iter().map(|(path, value)| (path.clone(), Value::String(value.clone()))).collect();
        let mut line = Map::new();
        line.insert("id".into(), self.id.into());
        line.insert("study".into(), self.study.as_str().into());
        line.insert("point".into(), self.point.into());
        line.insert("repetition".into(), self.repetition.into());
        line.insert("seed".into(), self.seed.into());
        line.insert("values".into(), Value::Object(values));
        line
    }
}

impl Row {
    /// One line of JSON, without its end.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = self.point.told();
        line.insert("error".into(), self.error.clone().map_or(Value::Null, Value::String));
        line.insert("passed".into(), self.passed.into());
        let number = |value: Option<f64>| value.and_then(saved::number).map_or(Value::Null, Value::Number);
        let figures = self.figures.iter().map(|(path, value)| (path.clone(), number(*value))).collect();
        line.insert("figures".into(), Value::Object(figures));
        Value::Object(line).to_string()
    }

    fn refused(point: &Point, error: String) -> Self {
        Self { point: point.clone(), error: Some(error), passed: false, figures: Figures::new() }
    }
}

/// Runs a point; nothing where somebody interrupted it.
#[must_use]
pub fn run(base: &Scenario, point: &Point, engine: &Engine<'_>) -> Option<Row> {
    if base.document.run.as_ref().is_some_and(|run| run.precision.is_some()) {
        let error = "run.precision: a study runs every point equally often; remove it".to_owned();
        return Some(Row::refused(point, error));
    }
    let planned = base.with(&point.sets()).and_then(|scenario| {
        let (plan, _) = build::simulated(&scenario)?;
        Ok((scenario, plan))
    });
    let (scenario, plan) = match planned {
        Ok(planned) => planned,
        Err(problems) => return Some(Row::refused(point, problems.one_line())),
    };
    let outcome = engine(&plan)?;
    let mut figures = flat(&outcome.result);
    if let Some(prices) = &scenario.document.cost {
        figures.push(("cost_per_h".to_owned(), Some(cost::per_hour(prices, &plan, &outcome.result))));
    }
    let broken = outcome.result.broken_laws.join(" | ");
    let error = (!broken.is_empty()).then(|| format!("broken law: {broken}"));
    Some(Row { point: point.clone(), error, passed: outcome.result.passed, figures })
}
