//! Queueing theory as a judge: every entry of the reference that a scenario can express is written as YAML, run, and
//! held to its value.
//!
//! An entry is dispatched on its name, quantity and parameters, never on its id. Entries with the same name and
//! parameters share their runs, which have twice the records that three standard deviations at the tolerance need:
//! with a hundred honest entries at three, one run in four would fail somewhere. The longest runs start first, one a core.
//! To repeat one entry, put it alone into a folder and name that in `CONGA_REFERENCE`.
mod measure;
mod members;
mod sketch;

use crate::play::play;
use crate::reference::{Reference, report, text};
use serde_json::Value;
use sketch::{Params, Stage};
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Entries of the project's own copy that no scenario expresses yet.
const NOT_EXPRESSIBLE: usize = 6;

/// Records of a run whose entries do not say how many they need.
const RECORDS: f64 = 1e6;

#[test]
fn theory_holds() {
    let reference = Reference::load("queueing-theory-reference/", "entries");
    let (mut experiments, mut lines) = (Vec::new(), vec![Line::heading()]);
    for entries in by_name_and_params(&reference.entries) {
        let quantities: Vec<&str> = entries.iter().map(|entry| text(entry, "quantity")).collect();
        let (name, params) = (text(entries[0], "name"), Params(&entries[0]["params"]));
        match sketch::stage(name, &quantities, params, records(&entries)) {
            Ok(stage) => experiments.push(Experiment { stage, entries }),
            Err(reason) => lines.extend(entries.iter().map(|entry| Line::not_expressible(entry, reason))),
        }
    }
    experiments.sort_by(|a, b| b.stage.records.total_cmp(&a.stage.records));
    lines.extend(run_all(&experiments));
    report(&table(&lines));
    let misses: Vec<&str> = lines.iter().filter_map(|line| line.miss.as_deref()).collect();
    assert!(misses.is_empty(), "{} entries missed:\n{}", misses.len(), misses.join("\n"));
    let unchecked = lines.iter().filter(|line| line.unchecked).count();
    reference.unchecked_can_only_shrink(unchecked, NOT_EXPRESSIBLE);
}

/// Entries that share their runs.
struct Experiment<'r> {
    stage: Stage,
    entries: Vec<&'r Value>,
}

fn by_name_and_params(entries: &[Value]) -> Vec<Vec<&Value>> {
    let mut groups: Vec<Vec<&Value>> = Vec::new();
    for entry in entries {
        let alike = |group: &&mut Vec<&Value>| ["name", "params"].iter().all(|field| group[0][field] == entry[field]);
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(entry),
            None => groups.push(vec![entry]),
        }
    }
    groups
}

/// Twice what three standard deviations at the tolerance need, over all quantities.
fn records(entries: &[&Value]) -> f64 {
    let needed = entries.iter().filter_map(|entry| entry["samples_for_3sigma_at_tolerance"].as_f64());
    2.0 * needed.fold(RECORDS / 2.0, f64::max)
}

/// Runs everything, the longest first, one experiment a core at a time.
fn run_all(experiments: &[Experiment<'_>]) -> Vec<Line> {
    let next = AtomicUsize::new(0);
    let lines = Mutex::new(Vec::new());
    let work = || {
        while let Some(experiment) = experiments.get(next.fetch_add(1, Ordering::Relaxed)) {
            let done = experiment.run();
            lines.lock().expect("no other run panicked").extend(done);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
    lines.into_inner().expect("no run panicked")
}

impl Experiment<'_> {
    /// Runs every scenario of the stage and keeps only the figures: outcomes are large.
    fn run(&self) -> Vec<Line> {
        let mut figures = vec![Vec::new(); self.entries.len()];
        for yaml in &self.stage.scenarios {
            let outcome = play(yaml);
            for (entry, figures) in self.entries.iter().zip(&mut figures) {
                figures.push(measure::measure(text(entry, "quantity"), Params(&entry["params"]), &outcome));
            }
        }
        let judged = self.entries.iter().zip(figures);
        judged.map(|(entry, figures)| Line::judged(entry, &self.stage, figures)).collect()
    }
}

/// A line of the table.
struct Line {
    cells: [String; 7],
    unchecked: bool,
    miss: Option<String>,
}

impl Line {
    fn heading() -> Self {
        let cells = ["name", "quantity", "expected", "got", "error", "tolerance", "records"].map(str::to_owned);
        Self { cells, unchecked: false, miss: None }
    }

    fn not_expressible(entry: &Value, reason: &str) -> Self {
        let mut cells = Self::cells(entry, "not checked", "", "");
        reason.clone_into(&mut cells[6]);
        Self { cells, unchecked: true, miss: None }
    }

    /// A figure for each run, where the quantity has a measure and the run gave a value.
    fn judged(entry: &Value, stage: &Stage, figures: Vec<measure::Figure>) -> Self {
        let Some(figures) = figures.into_iter().collect::<Option<Vec<_>>>() else {
            return Self::not_expressible(entry, "no measure for this quantity");
        };
        let records = format!("{:.1} M", stage.records * 1e-6);
        let Some(figures) = figures.into_iter().collect::<Option<Vec<_>>>() else {
            let cells = Self::cells(entry, "no value", "", &records);
            return Self {
                miss: Some(format!("{}\n{}", cells.join("  "), stage.scenarios[0])),
                cells,
                unchecked: false,
            };
        };
        let got = measure::combine(text(entry, "quantity"), &figures);
        let expected = number(entry, "expected");
        let error = format!("{:+.2} %", 100.0 * (got / expected - 1.0));
        let cells = Self::cells(entry, &format!("{got:.6}"), &error, &records);
        let miss = (!holds(entry, got)).then(|| format!("{}\n{}", cells.join("  "), stage.scenarios[0]));
        Self { cells, unchecked: false, miss }
    }

    fn cells(entry: &Value, got: &str, error: &str, records: &str) -> [String; 7] {
        let name = format!("{} {}", text(entry, "name"), short(&entry["params"]));
        let tolerance = format!("{} {}", text(entry, "kind"), short(&entry["tolerance"]));
        let expected = format!("{:.6}", number(entry, "expected"));
        [
            name,
            text(entry, "quantity").to_owned(),
            expected,
            got.to_owned(),
            error.to_owned(),
            tolerance,
            records.to_owned(),
        ]
    }
}

/// Whether a value is within the tolerance, on the side that counts.
fn holds(entry: &Value, got: f64) -> bool {
    let expected = number(entry, "expected");
    let tolerance = &entry["tolerance"];
    let allowed = tolerance["absolute"].as_f64().or(tolerance["relative"].as_f64().map(|share| share * expected.abs()));
    let allowed = allowed.unwrap_or_else(|| panic!("a tolerance in {entry}"));
    match text(entry, "kind") {
        "exact" | "approximation" | "identity" => (got - expected).abs() <= allowed,
        "upper-bound" => got <= expected + allowed,
        "lower-bound" => got >= expected - allowed,
        kind => panic!("unknown kind `{kind}`"),
    }
}

fn number(entry: &Value, field: &str) -> f64 {
    entry[field].as_f64().unwrap_or_else(|| panic!("a number at {field} in {entry}"))
}

/// A JSON object on little room.
fn short(object: &Value) -> String {
    object.to_string().replace(['{', '}', '"'], "").replace(',', " ")
}

fn table(lines: &[Line]) -> String {
    let width = |column: usize| lines.iter().map(|line| line.cells[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 7] = std::array::from_fn(width);
    let mut table = String::from("\n");
    for line in lines {
        let mark = if line.miss.is_some() { "MISS" } else { "" };
        for (cell, width) in line.cells.iter().zip(widths) {
            write!(table, "{cell:width$}  ").expect("a string takes all");
        }
        writeln!(table, "{mark}").expect("a string takes all");
    }
    table
}
