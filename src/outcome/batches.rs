//! Intervals for a single run, by batch means; and where its warm-up seems to end, by MSER-5.
//!
//! Neighbouring rows of the series depend on each other, long batches of them hardly do: the mean of twenty batches has
//! Student's interval (Law, Simulation Modeling and Analysis, 9.5.3). Of percentiles only the spread is taken from the
//! batches; what is reported stays the percentile of the whole window. Claimed only where the load is steady.
use super::intervals;
use super::recorder::Recording;
use super::result::{Interval, Ordered};
use super::series::{GroupRow, Row};
use super::threshold;
use crate::plan::Plan;
use serde_json::Value;

/// Batches a window is cut into.
pub const BATCHES: usize = 20;
/// Values that MSER-5 takes the mean of first.
const FIVE: usize = 5;

/// A figure of a group in a row of the series, if the row has it.
type Level = fn(&Row, Option<&Row>, usize) -> Option<f64>;

const LEVELS: [(&str, Level); 6] = [
    ("rate_per_s", |row, before, g| {
        let done = row.groups[g].processed - before.map_or(0, |row| row.groups[g].processed);
        Some(done as f64 / (row.end - row.start).seconds())
    }),
    ("utilisation", |row, before, g| {
        let busy = row.groups[g].busy_ns - before.map_or(0, |row| row.groups[g].busy_ns);
        Some(busy as f64 / (row.end - row.start).ns() as f64)
    }),
    ("lag.mean", |row, _, g| Some(row.groups[g].levels[0] as f64)),
    ("e2e_s.p50", |row, _, g| latency(&row.groups[g], 0)),
    ("e2e_s.p90", |row, _, g| latency(&row.groups[g], 1)),
    ("e2e_s.p99", |row, _, g| latency(&row.groups[g], 2)),
];

fn latency(group: &GroupRow, which: usize) -> Option<f64> {
    group.e2e_ns[which].map(|ns| ns as f64 * 1e-9)
}

/// The 95 % intervals of a single run's figures, around the figures it reports; none where its load is not steady or
/// its window has too few rows.
#[must_use]
pub fn intervals(plan: &Plan, run: &Recording, result: &Value) -> Ordered<Interval> {
    let mut found = Ordered::new();
    if !plan.is_steady() {
        return found;
    }
    for (g, group) in plan.groups.iter().enumerate() {
        let workers = f64::from(group.members * group.workers);
        for (name, level) in LEVELS {
            let path = format!("groups.{}.{name}", group.name);
            let parts: Vec<String> =
                ["groups", &group.name].into_iter().chain(name.split('.')).map(str::to_owned).collect();
            let value = threshold::find(&parts, result);
            let rows = in_window(run, |row, before| level(row, before, g));
            let (Some(value), Some(half)) = (value, rows.and_then(|rows| half_width(&rows))) else { continue };
            let half = if name == "utilisation" { half / workers } else { half };
            if half > 0.0 {
                let interval = Interval { value: Some(value), low: Some(value - half), high: Some(value + half) };
                found.push((path, interval));
            }
        }
    }
    found
}

/// One value of each row inside the window; none where some row has none.
fn in_window(run: &Recording, level: impl Fn(&Row, Option<&Row>) -> Option<f64>) -> Option<Vec<f64>> {
    let [begins, ends] = run.window_at;
    let rows = &run.series.rows;
    let inside = (0..rows.len()).filter(|&i| rows[i].start >= begins && rows[i].end <= ends);
    inside.map(|i| level(&rows[i], i.checked_sub(1).map(|i| &rows[i]))).collect()
}

/// Half the interval of a mean; none with too few values for the batches.
#[must_use]
pub fn half_width(values: &[f64]) -> Option<f64> {
    let size = values.len() / BATCHES;
    if size == 0 {
        return None;
    }
    let means: Vec<f64> =
        values.chunks_exact(size).take(BATCHES).map(|batch| batch.iter().sum::<f64>() / size as f64).collect();
    Some(intervals::mean_and_half(&means).1)
}

/// How many of the first values are better left out, by MSER-5 (White, Cobb and Spratt 2000): the cut that leaves the
/// mean of the rest with the least standard error. None where that lies in the second half: nothing settled down.
#[must_use]
pub fn mser5(values: &[f64]) -> Option<usize> {
    let fives: Vec<f64> = values.chunks_exact(FIVE).map(|five| five.iter().sum::<f64>() / FIVE as f64).collect();
    let (mut sum, mut squares, mut best) = (0.0, 0.0, (f64::INFINITY, 0));
    for cut in (0..fives.len()).rev() {
        let n = (fives.len() - cut) as f64;
        sum += fives[cut];
        squares += fives[cut] * fives[cut];
        // The last few values look alike by chance.
        if n >= FIVE as f64 {
            let error = (squares - sum * sum / n).max(0.0) / (n * n);
            if error <= best.0 {
                best = (error, cut);
            }
        }
    }
    (2 * best.1 <= fives.len()).then_some(best.1 * FIVE)
}
