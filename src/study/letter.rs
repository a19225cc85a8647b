//! A point as it travels to a worker: one line of JSON with the scenario in it, or with the name of its file.
//!
//! A line carries all that is needed, so that whoever hands lines out needs to know nothing, and whoever gets one can
//! start at once. Scenarios that name files of their own travel by name, and their folder must be there.
use super::point::Point;
use crate::scenario::{self, Problems, Scenario};
use serde_json::{Map, Value};
use std::path::Path;

/// Where the scenario of a point is.
#[derive(Clone, Debug, PartialEq)]
pub enum From {
    /// In the line.
    Text(String),
    /// In a file, with its inputs beside it.
    File {
        /// Its path.
        path: String,
        /// Digest of the scenario in it, for the file may be another one by the time somebody reads it.
        sha256: String,
    },
}

/// The line of a point.
#[must_use]
pub fn write(from: &From, point: &Point) -> String {
    let mut line = point.told();
    match from {
        From::Text(text) => {
            line.insert("scenario".into(), text.as_str().into());
        }
        From::File { path, sha256 } => {
            line.insert("file".into(), path.as_str().into());
            line.insert("sha256".into(), sha256.as_str().into());
        }
    }
    Value::Object(line).to_string()
}

impl From {
    /// How a scenario travels that stands in this file as resolved.
    ///
    /// # Errors
    /// When the file cannot be read again.
    pub fn of(scenario: &Scenario, resolved: &Path) -> Result<Self, Problems> {
        if scenario.inputs().is_empty() {
            return Ok(Self::Text(scenario.resolved_yaml()));
        }
        let sha256 = scenario::load(resolved, &[])?.sha256;
        Ok(Self::File { path: resolved.display().to_string(), sha256 })
    }

    /// Reads the scenario.
    ///
    /// # Errors
    /// Every problem, on one line; or that the file holds another scenario by now.
    pub fn read(&self) -> Result<Scenario, String> {
        let told = |problems: Problems| problems.one_line();
        match self {
            Self::Text(text) => scenario::parse(text, "scenario.yaml", None, &[]).map_err(told),
            Self::File { path, sha256 } => {
                let read = scenario::load(Path::new(path), &[]).map_err(told)?;
                if read.sha256 == *sha256 {
                    return Ok(read);
                }
                let remedy = "print the points again with `conga study FILE --print-points`";
                Err(format!("{path} is no longer the scenario of this point; {remedy}"))
            }
        }
    }
}

/// Reads a line.
///
/// # Errors
/// The number of the run, if it can be read, and what is wrong with the line.
pub fn read(line: &str) -> Result<(Point, From), (Value, String)> {
    let value: Map<String, Value> =
        serde_json::from_str(line).map_err(|why| (Value::Null, format!("the line is no point: {why}")))?;
    let id = value.get("id").cloned().unwrap_or(Value::Null);
    let fail = |what: &str| {
        (id.clone(), format!("the point has no {what}; lines come from `conga study FILE --print-points`"))
    };
    let number =
        |key: &str| value.get(key).and_then(Value::as_u64).ok_or_else(|| fail(&format!("whole number `{key}`")));
    let mut values = Vec::new();
    for (path, set) in value.get("values").and_then(Value::as_object).ok_or_else(|| fail("`values`"))? {
        let set = set.as_str().ok_or_else(|| fail(&format!("text for `{path}`")))?;
        values.push((path.clone(), set.to_owned()));
    }
    let [run, point, repetition, seed] = ["id", "point", "repetition", "seed"].map(number);
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let file = |path| Some(From::File { path, sha256: text("sha256")? });
    let from = text("scenario").map(From::Text).or_else(|| text("file").and_then(file));
    let (run, point, repetition, seed) = (run?, point?, repetition?, seed?);
    let from = from.ok_or_else(|| fail("`scenario`, or `file` with its `sha256`"))?;
    let study = text("study").ok_or_else(|| fail("`study`"))?;
    Ok((Point { study, id: run, point, repetition, seed, values }, from))
}

/// Reads what a worker answered: a row as a study keeps it.
///
/// # Errors
/// What is wrong with the line.
pub fn answer(line: &str) -> Result<Map<String, Value>, String> {
    let row: Map<String, Value> = serde_json::from_str(line).map_err(|_| "is no answer of a worker".to_owned())?;
    let (error, figures) = (row.get("error"), row.get("figures"));
    if let (Some(Value::String(error)), None) = (error, figures) {
        return Err(format!("is a worker's complaint about a point that it did not run: {error}"));
    }
    if error.is_none() && figures.is_none() {
        return Err("is a point that nobody has run yet".to_owned());
    }
    let number = |value: &Value| value.is_number() || value.is_null();
    let whole = [
        ("`error` that is text or null", error.is_some_and(|error| error.is_string() || error.is_null())),
        ("`passed` that is true or false", row.get("passed").is_some_and(Value::is_boolean)),
        ("`figures` that are numbers", figures.and_then(Value::as_object).is_some_and(|all| all.values().all(number))),
    ];
    match whole.into_iter().find(|(_, known)| !known) {
        Some((what, _)) => Err(format!("is no answer of a worker: it has no {what}")),
        None => Ok(row),
    }
}
