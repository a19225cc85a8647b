//! What a study leaves: `study.json`, `runs.csv` and `runs.parquet`, a row a run, in the order of the runs.
//!
//! Rows are read from the journal one after the other, so memory does not grow with their number. The same study leaves
//! the same bytes, however often it was interrupted and however many cores it had. A figure that a run does not have
//! (another number of brokers, a percentile of too few samples) is null, or an empty cell.
use super::columns;
use super::journal::Journal;
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Columns before the varied values, and those after them.
const BEFORE: [&str; 4] = ["id", "point", "repetition", "seed"];
const AFTER: [&str; 2] = ["error", "passed"];

/// The columns of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// Paths that were varied.
    pub varied: Vec<String>,
    /// Figures, in the order in which they first appear.
    pub figures: Vec<String>,
}

impl Columns {
    /// Headings: a varied path stands under `set.PATH`, for a figure may have the same name.
    #[must_use]
    pub fn headings(&self) -> Vec<String> {
        let varied = self.varied.iter().map(|path| format!("set.{path}"));
        let before = BEFORE.into_iter().map(str::to_owned).chain(varied);
        before.chain(AFTER.map(str::to_owned)).chain(self.figures.iter().cloned()).collect()
    }
}

/// One row as it was kept.
pub type Kept = Map<String, Value>;

fn read(line: &str) -> io::Result<Kept> {
    serde_json::from_str(line).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))
}

/// Writes everything; each file takes the place of a former one when it is whole.
///
/// # Errors
/// When the file system refuses.
pub fn write(dir: &Path, journal: &Journal, runs: u64, varied: &[String], head: &Map<String, Value>) -> io::Result<()> {
    let mut columns = Columns { varied: varied.to_vec(), figures: Vec::new() };
    let mut known: HashSet<String> = HashSet::new();
    let mut refused = 0_u64;
    for id in 0..runs {
        let row = read(&journal.line(id)?)?;
        refused += u64::from(!row["error"].is_null());
        for figure in row["figures"].as_object().into_iter().flat_map(Map::keys) {
            if known.insert(figure.clone()) {
                columns.figures.push(figure.clone());
            }
        }
    }
    whole(dir, "study.json", |out| json(out, journal, runs, head, refused))?;
    whole(dir, "runs.csv", |out| csv(out, journal, runs, &columns))?;
    whole(dir, "runs.parquet", |out| {
        let rows = (0..runs).map(|id| read(&journal.line(id)?));
        columns::write(out, &columns, rows)
    })
}

/// A file that appears whole or not at all. What a killed process began is begun again under the same name.
///
/// # Errors
/// When the file system refuses.
pub fn whole(dir: &Path, name: &str, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let new = dir.join(format!(".{name}.new"));
    let mut out = BufWriter::new(File::create(&new)?);
    fill(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(&new, dir.join(name))
}

fn json(out: &mut impl Write, journal: &Journal, runs: u64, head: &Map<String, Value>, refused: u64) -> io::Result<()> {
    writeln!(out, "{{")?;
    for (key, value) in head {
        writeln!(out, "  {}: {value},", Value::from(key.as_str()))?;
    }
    writeln!(out, "  \"refused\": {refused},\n  \"runs\": [")?;
    for id in 0..runs {
        let comma = if id + 1 < runs { "," } else { "" };
        writeln!(out, "    {}{comma}", journal.line(id)?)?;
    }
    writeln!(out, "  ]\n}}")
}

fn csv(out: &mut impl Write, journal: &Journal, runs: u64, columns: &Columns) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(columns.headings())?;
    for id in 0..runs {
        table.write_record(cells(&read(&journal.line(id)?)?, columns))?;
    }
    table.flush()
}

fn cells(row: &Kept, columns: &Columns) -> Vec<String> {
    let of = |map: &Value, key: &str| map.get(key).map_or_else(String::new, cell);
    let before = BEFORE.iter().map(|key| row.get(*key).map_or_else(String::new, cell));
    let varied = columns.varied.iter().map(|path| of(&row["values"], path));
    let after = AFTER.iter().map(|key| row.get(*key).map_or_else(String::new, cell));
    let figures = columns.figures.iter().map(|path| of(&row["figures"], path));
    before.chain(varied).chain(after).chain(figures).collect()
}

/// Numbers as in `study.json`; nothing where there is no value.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
