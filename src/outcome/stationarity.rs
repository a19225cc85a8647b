//! Warnings about what a result can bear: whether the run settled down, and whether it is long enough.
//!
//! They only warn: a growing backlog is often the very finding. Where the load is meant to change, a trend says nothing.
use super::batches::{BATCHES, half_width, mser5};
use super::recorder::Recording;
use crate::plan::Plan;
use crate::units::show;

/// What to keep in mind when reading this run.
#[must_use]
pub fn warnings(plan: &Plan, run: &Recording) -> Vec<String> {
    let steady = plan.is_steady();
    let mut warnings = Vec::new();
    for (i, group) in plan.groups.iter().enumerate() {
        let name = &group.name;
        let few = run.groups[i].e2e.len();
        if (1..1_000).contains(&few) {
            warnings
                .push(format!("few samples: groups.{name} has {few} latencies; p99 needs 1,000, p99.9 needs 10,000"));
        }
        if steady && rises(&lags(run, i)) {
            warnings.push(format!(
                "not stationary: the lag of groups.{name} was still rising at the end; means depend on the duration"
            ));
        } else if steady && let Some(longer) = longer_warmup(run, i) {
            warnings.push(format!(
                "warm-up: groups.{name} settles down after {} (MSER-5 on its lag); set `run.warmup` to that or more",
                show::duration(longer)
            ));
        }
    }
    warnings
}

/// When the lag of a group settles down, in seconds, if that is after the warm-up and moves its mean noticeably.
fn longer_warmup(run: &Recording, group: usize) -> Option<f64> {
    const NOTICEABLE: f64 = 0.05;
    let [begins, ends] = run.window_at;
    let rows: Vec<_> = run.series.rows.iter().filter(|row| row.end <= ends).collect();
    let lags: Vec<f64> = rows.iter().map(|row| row.groups[group].levels[0] as f64).collect();
    let settled = mser5(&lags).filter(|&cut| cut > 0)?;
    let at = rows[settled - 1].end;
    let warm = rows.iter().position(|row| row.start >= begins)?;
    let mean = |from: usize| lags[from..].iter().sum::<f64>() / (lags.len() - from) as f64;
    // More than chance: the mean of what settled down has an interval of its own.
    let least = (NOTICEABLE * mean(settled)).max(3.0 * half_width(&lags[settled..])?);
    let moves = (mean(warm) - mean(settled)).abs() > least;
    (at > begins && moves).then_some(at.seconds())
}

/// Mean lag of each batch of the window.
fn lags(run: &Recording, group: usize) -> Vec<f64> {
    let [begins, ends] = run.window_at;
    let rows = run.series.rows.iter().filter(|row| row.start >= begins && row.end <= ends);
    let lags: Vec<f64> = rows.map(|row| row.groups[group].levels[0] as f64).collect();
    let size = (lags.len() / BATCHES).max(1);
    lags.chunks_exact(size).map(|batch| batch.iter().sum::<f64>() / size as f64).collect()
}

/// Mann and Kendall's test for a trend at 99.9 %, and a rise that matters: the last quarter is twice the second one.
fn rises(values: &[f64]) -> bool {
    let n = values.len();
    if n < BATCHES {
        return false;
    }
    let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
    let signs: f64 =
        pairs.map(|(i, j)| (values[j] - values[i]).partial_cmp(&0.0).map_or(0.0, |order| f64::from(order as i8))).sum();
    let n_f = n as f64;
    let deviation = (n_f * (n_f - 1.0) * (2.0 * n_f + 5.0) / 18.0).sqrt();
    let quarter = n / 4;
    let mean = |range: std::ops::Range<usize>| values[range].iter().sum::<f64>() / quarter as f64;
    signs / deviation > 3.09 && mean(n - quarter..n) > 2.0 * mean(quarter..2 * quarter).max(1.0)
}
