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

/// Rows of a point, as they were kept.
pub type Rows = Vec<Map<String, Value>>;

/// The table of some points. Figures are those of the thresholds, otherwise the latencies of the groups.
#[must_use]
pub fn points(points: &[Rows], thresholds: &[String]) -> Vec<String> {
    let Some(first) = points.first().and_then(|rows| rows.first()) else { return Vec::new() };
    let varied: Vec<String> = first["values"].as_object().into_iter().flat_map(Map::keys).cloned().collect();
    let any = points.iter().flatten().find_map(|row| row["figures"].as_object().filter(|figures| !figures.is_empty()));
    let shown = shown(any, thresholds);
    let mut lines: Vec<Vec<String>> =
        vec![varied.iter().cloned().chain(shown.iter().cloned()).chain(["passed".to_owned()]).collect()];
    for rows in points {
        let values = varied.iter().map(|path| rows[0]["values"][path].as_str().unwrap_or_default().to_owned());
        let figures = shown.iter().map(|path| {
            let known: Option<Vec<f64>> =
                rows.iter().map(|row| row["figures"].get(path).and_then(Value::as_f64)).collect();
            let mean = known.map(|all| all.iter().sum::<f64>() / all.len() as f64);
            if mean.is_some() { figures::by_expression(path, mean) } else { figures::optional(None, show::count) }
        });
        let refused = rows.iter().any(|row| !row["error"].is_null());
        let passed = rows.iter().filter(|row| row["passed"] == true).count();
        let passed = if refused { "refused".to_owned() } else { format!("{passed}/{}", rows.len()) };
        lines.push(values.chain(figures).chain([passed]).collect());
    }
    table(lines)
}

fn shown(figures: Option<&Map<String, Value>>, thresholds: &[String]) -> Vec<String> {
    let has = |path: &String| figures.is_some_and(|figures| figures.contains_key(path));
    let mut paths: Vec<String> = thresholds.iter().filter(|path| has(path)).cloned().collect();
    let latency = |path: &&String| path.starts_with("groups.") && path.ends_with(".e2e_s.p99");
    let busy = |path: &&String| path.starts_with("groups.") && path.ends_with(".utilisation");
    let all: Vec<&String> = figures.into_iter().flat_map(Map::keys).collect();
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
