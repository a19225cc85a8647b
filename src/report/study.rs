//! What a study came to: its page, and for standard output a row a point, with what its runs came to on average.
//!
//! Only the first points are shown; the tables in the folder have all runs.
pub mod charts;
pub mod dimension;
pub mod influence;
pub mod map;
pub mod page;
pub mod read;
pub mod words;

use super::figures;
use super::text::table;
use crate::units::show;
use serde_json::{Map, Value};

/// Points shown at most.
pub const SHOWN: u64 = 20;
/// Figures shown at most.
const FIGURES: usize = 3;

/// The first points, gathered row by row: sums and counts, for a point may have thousands of runs.
#[derive(Debug, Default)]
pub struct Table {
    thresholds: Vec<String>,
    varied: Vec<String>,
    /// Known with the first row that has figures.
    shown: Option<Vec<String>>,
    points: Vec<Line>,
}

#[derive(Debug, Default)]
struct Line {
    values: Vec<String>,
    runs: usize,
    passed: usize,
    refused: bool,
    /// Rows without any figure.
    bare: usize,
    /// Of each figure that is shown; nothing where a row did not have it.
    sums: Vec<Option<f64>>,
}

impl Table {
    /// Figures are those of the thresholds, otherwise the latencies of the groups.
    #[must_use]
    pub fn new(thresholds: Vec<String>) -> Self {
        Self { thresholds, ..Self::default() }
    }

    /// Takes the next row, of this point.
    pub fn add(&mut self, point: u64, row: &Map<String, Value>) {
        if point >= SHOWN {
            return;
        }
        if self.points.is_empty() {
            self.varied = row["values"].as_object().into_iter().flat_map(Map::keys).cloned().collect();
        }
        if self.points.len() as u64 <= point {
            let value = |path: &String| row["values"][path].as_str().unwrap_or_default().to_owned();
            self.points.push(Line { values: self.varied.iter().map(value).collect(), ..Line::default() });
        }
        let line = self.points.last_mut().expect("a point was begun");
        line.runs += 1;
        line.passed += usize::from(row["passed"] == true);
        line.refused |= !row["error"].is_null();
        let Some(figures) = row["figures"].as_object().filter(|figures| !figures.is_empty()) else {
            line.bare += 1;
            return;
        };
        let shown = self.shown.get_or_insert_with(|| shown(figures, &self.thresholds));
        line.sums.resize(shown.len(), Some(0.0));
        for (path, sum) in shown.iter().zip(&mut line.sums) {
            let figure = figures.get(path).and_then(Value::as_f64);
            *sum = sum.zip(figure).map(|(sum, figure)| sum + figure);
        }
    }

    /// The table.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        if self.points.is_empty() {
            return Vec::new();
        }
        let shown = self.shown.as_deref().unwrap_or_default();
        let mut lines: Vec<Vec<String>> =
            vec![self.varied.iter().chain(shown).cloned().chain(["passed".to_owned()]).collect()];
        for line in &self.points {
            let figures = shown.iter().enumerate().map(|(i, path)| {
                let sum = line.sums.get(i).copied().flatten().filter(|_| line.bare == 0);
                let mean = sum.map(|sum| sum / line.runs as f64);
                if mean.is_some() { figures::by_expression(path, mean) } else { figures::optional(None, show::count) }
            });
            let passed = if line.refused { "refused".to_owned() } else { format!("{}/{}", line.passed, line.runs) };
            lines.push(line.values.iter().cloned().chain(figures).chain([passed]).collect());
        }
        table(lines)
    }
}

fn shown(figures: &Map<String, Value>, thresholds: &[String]) -> Vec<String> {
    let has = |path: &String| figures.contains_key(path);
    let mut paths: Vec<String> = thresholds.iter().filter(|path| has(path)).cloned().collect();
    let latency = |path: &&String| path.starts_with("groups.") && path.ends_with(".e2e_s.p99");
    let busy = |path: &&String| path.starts_with("groups.") && path.ends_with(".utilisation");
    let all: Vec<&String> = figures.keys().collect();
    paths.extend(all.iter().copied().filter(latency).cloned());
    paths.extend(all.iter().copied().filter(busy).cloned());
    let mut seen = Vec::new();
    paths.retain(|path| {
        !seen.contains(path) && {
            seen.push(path.clone());
            true
        }
    });
    paths.truncate(FIGURES);
    paths
}
