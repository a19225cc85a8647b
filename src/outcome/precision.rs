//! Whether a figure is known well enough, and how many repetitions it may take.
//!
//! The half width of an interval falls with the root of the number of runs: that says how many are missing. As it is
//! itself an estimate, a round adds at most as many as there are, and nothing but the figures decides: the same seed
//! makes the same number of runs. Looking after each round makes intervals a little optimistic; long rounds keep it little.
use super::intervals;
use crate::plan::PrecisionPlan;

/// How many runs there shall be after the next round; none when it is known well enough, cannot be, or need not be.
#[must_use]
pub fn next(precision: &PrecisionPlan, known: &[Option<f64>]) -> Option<u32> {
    let values: Vec<f64> = known.iter().copied().collect::<Option<_>>()?;
    let n = values.len() as u32;
    let off = off(&values);
    if off <= precision.within || n >= precision.most {
        return None;
    }
    let needed = (f64::from(n) * (off / precision.within).powi(2)).ceil().min(f64::from(u32::MAX)) as u32;
    Some(needed.clamp(n + 1, 2 * n).min(precision.most))
}

/// What the result has to say of it, if it was not reached.
#[must_use]
pub fn shortfall(precision: &PrecisionPlan, known: &[Option<f64>]) -> Option<String> {
    let name = precision.path.join(".");
    let Some(values) = known.iter().copied().collect::<Option<Vec<f64>>>() else {
        return Some(format!(
            "precision: {name} has no value in some repetition, so no number of them would do; make the run longer"
        ));
    };
    let off = off(&values);
    if off.is_infinite() {
        return Some(format!("precision: {name} is of one run, which cannot tell how well it is known"));
    }
    (off > precision.within).then(|| {
        let (off, within, n) = (100.0 * off, 100.0 * precision.within, values.len());
        format!("precision: {name} is known within {off:.3} % after {n} repetitions, {within:.3} % were asked for")
    })
}

/// Half the width of the 95 % interval over the mean.
fn off(values: &[f64]) -> f64 {
    let (mean, half) = intervals::mean_and_half(values);
    // A figure that is the same in all runs is known, zero included.
    if half == 0.0 { 0.0 } else { half / mean.abs() }
}
