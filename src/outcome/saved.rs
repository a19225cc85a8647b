//! The folder a run leaves, written and read again.
//!
//! Everything is written into a sibling folder that then takes the place of the old one, so files appear whole or not
//! at all. Numbers have one form everywhere, the shortest that reads back as the same number; nothing but
//! `provenance.json` knows of the clock or the machine. A report is drawn again from what [`load`] returns.
mod folder;
mod histograms;
mod tables;
pub mod work;

use super::result::{Outcome, RunResult};
use serde_json::{Number, Value};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The version of the format that is written and read.
const FORMAT: &str = "1";
/// Columns of `members.csv`, `batches.csv` and `latency_heat.csv`: the fields of their rows.
const LANES: [&str; 5] = ["group", "member", "state", "from_s", "to_s"];
const MEMBERS: [&str; 5] = ["group", "member", "partitions", "processed", "utilisation"];
const BATCHES: [&str; 4] = ["topic", "from", "to", "batches"];
const HEAT: [&str; 6] = ["group", "start_s", "end_s", "low_s", "high_s", "records"];

/// Why a folder could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// It holds something else.
    #[error("{} holds files that are not a result of conga; choose another folder or empty this one", .0.display())]
    NotOurs(PathBuf),
    /// Replacing it would replace what it points to, or leave that behind.
    #[error("{} is a symbolic link; name the folder itself", .0.display())]
    Link(PathBuf),
    /// A file stands in the way.
    #[error("{} is not a folder; choose another name or remove it", .0.display())]
    NotAFolder(PathBuf),
    /// Such as `/` or `..`.
    #[error("{} has no name that could be replaced; name a folder of its own", .0.display())]
    Unnamed(PathBuf),
    /// An input would lie outside the folder.
    #[error("input {0:?} must be a relative path without '..'")]
    InputName(String),
    /// There is no result to read.
    #[error("{} has no result.json; name a folder that `conga run` left", .0.display())]
    NoResult(PathBuf),
    /// Another version wrote it.
    #[error("{} is of format {found:?}, this conga reads \"1\"; run the scenario again", path.display())]
    Format {
        /// The result.
        path: PathBuf,
        /// What it says.
        found: String,
    },
    /// The contents do not make sense.
    #[error("{}: {why}; run the scenario again", path.display())]
    Contents {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl SaveError {
    /// Whether a folder was named that holds no result which can be read: another name is wanted.
    #[must_use]
    pub fn is_of_the_name(&self) -> bool {
        matches!(self, Self::NoResult(_) | Self::Format { .. } | Self::Contents { .. })
    }

    fn contents(path: &Path, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Contents { path: path.to_owned(), why: why.into() }
    }
}

/// Turns an error of the file system into one that names the file.
fn at(path: &Path) -> impl Fn(io::Error) -> SaveError + '_ {
    |source| SaveError::Io { path: path.to_owned(), source }
}

/// Whether `dir` may be replaced: absent, empty, or left by conga. Asked before a run, so that hours are not lost.
///
/// # Errors
/// Says what stands in the way and what to do.
pub fn check(dir: &Path) -> Result<(), SaveError> {
    folder::place(dir).map(|_| ())
}

/// Leaves everything about a run in `dir`, replacing what a former run left there.
///
/// `inputs` lie below `inputs/` under their names. `draw` adds the pictures; it is handed the folder as it grows.
///
/// # Errors
/// When `dir` holds anything but a former result, or the file system refuses. The former result then stands untouched.
pub fn save(
    outcome: &Outcome,
    scenario_yaml: &str,
    inputs: &[(String, Arc<[u8]>)],
    provenance: &Value,
    dir: &Path,
    draw: impl FnOnce(&Outcome, &Path) -> io::Result<()>,
) -> Result<(), SaveError> {
    folder::replace(dir, |new| {
        let result = serde_json::to_value(&outcome.result).map_err(|why| SaveError::contents(new, why))?;
        write(&new.join("result.json"), &pretty(&tidy(result)))?;
        write(&new.join("series.csv"), &tables::series(outcome))?;
        write(&new.join("partitions.csv"), &tables::partitions(outcome))?;
        write(&new.join("members.csv"), &tables::rows(&MEMBERS, &outcome.members))?;
        if !outcome.lanes.is_empty() {
            write(&new.join("timeline.csv"), &tables::rows(&LANES, &outcome.lanes))?;
        }
        write(&new.join("batches.csv"), &tables::rows(&BATCHES, &outcome.batches))?;
        write(&new.join("latency_heat.csv"), &tables::rows(&HEAT, &outcome.heat))?;
        histograms::save(outcome, &new.join("histograms"))?;
        write(&new.join("scenario.yaml"), scenario_yaml.as_bytes())?;
        save_inputs(inputs, &new.join("inputs"))?;
        write(&new.join("provenance.json"), &pretty(provenance))?;
        draw(outcome, new).map_err(at(new))
    })
}

/// Reads what [`save`] wrote: equal in every figure.
///
/// # Errors
/// When a file is missing or does not make sense.
pub fn load(dir: &Path) -> Result<Outcome, SaveError> {
    let path = dir.join("result.json");
    let text = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(SaveError::NoResult(dir.to_owned())),
        other => other.map_err(at(&path))?,
    };
    let value: Value = serde_json::from_slice(&text).map_err(|why| SaveError::contents(&path, why))?;
    match value.get("conga").and_then(Value::as_str) {
        Some(FORMAT) => {}
        found => return Err(SaveError::Format { path, found: found.unwrap_or_default().to_owned() }),
    }
    let result: RunResult = serde_json::from_slice(&text).map_err(|why| SaveError::contents(&path, why))?;
    let (series, worst_partitions) = tables::read_series(&result, &dir.join("series.csv"))?;
    let partitions = tables::read_partitions(&result, &dir.join("partitions.csv"))?;
    let histograms = histograms::load(&dir.join("histograms"))?;
    let members = tables::read_rows(&dir.join("members.csv"))?;
    let lanes = dir.join("timeline.csv");
    let lanes = if lanes.exists() { tables::read_rows(&lanes)? } else { Vec::new() };
    let batches = tables::read_rows(&dir.join("batches.csv"))?;
    let heat = tables::read_rows(&dir.join("latency_heat.csv"))?;
    Ok(Outcome { result, series, worst_partitions, partitions, members, lanes, batches, heat, histograms })
}

/// The one form of a number: whole ones without a point, others in the fewest digits that read back the same.
/// Nothing for what is not a number.
#[must_use]
pub fn number(value: f64) -> Option<Number> {
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < WHOLE {
        return Some(Number::from(value as i64));
    }
    Number::from_f64(value)
}

/// The same value with every number in its one form.
#[must_use]
pub fn tidy(value: Value) -> Value {
    match value {
        Value::Number(n) if n.is_f64() => n.as_f64().and_then(number).map_or(Value::Null, Value::Number),
        Value::Array(items) => items.into_iter().map(tidy).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key, tidy(value))).collect(),
        other => other,
    }
}

fn pretty(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

fn write(path: &Path, contents: &[u8]) -> Result<(), SaveError> {
    fs::write(path, contents).map_err(at(path))
}

fn save_inputs(inputs: &[(String, Arc<[u8]>)], to: &Path) -> Result<(), SaveError> {
    for (name, bytes) in inputs {
        let inside = Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
        if name.is_empty() || !inside {
            return Err(SaveError::InputName(name.clone()));
        }
        let path = to.join(name);
        let above = path.parent().unwrap_or(to);
        fs::create_dir_all(above).map_err(at(above))?;
        write(&path, bytes)?;
    }
    Ok(())
}
