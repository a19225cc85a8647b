//! Distributions as written, in whatever unit, become numbers.
//!
//! What the schema cannot say about their parameters is checked here.
use super::findings::Findings;
use super::samples;
use crate::model::random::Distribution;
use crate::scenario::values::{self, Drawn, Duration, Size};
use crate::units::parse::{self, Unreadable};

/// A value that may vary: its number in nanoseconds or bytes.
pub trait Amount {
    /// In nanoseconds or bytes.
    fn amount(&self) -> f64;

    /// Reads one with its unit.
    fn read(text: &str) -> Result<f64, Unreadable>;
}

impl Amount for Duration {
    fn amount(&self) -> f64 {
        self.0.ns() as f64
    }

    fn read(text: &str) -> Result<f64, Unreadable> {
        parse::duration(text).map(|span| span.ns() as f64)
    }
}

impl Amount for Size {
    fn amount(&self) -> f64 {
        self.0 as f64
    }

    fn read(text: &str) -> Result<f64, Unreadable> {
        parse::size(text).map(|bytes| bytes as f64)
    }
}

/// A distribution as the model draws it.
pub fn drawn<V: Amount>(written: &values::Distribution<V>, path: &str, found: &mut Findings<'_>) -> Distribution {
    let law = match written {
        values::Distribution::Bare(value) => return Distribution::Constant(value.amount()),
        values::Distribution::Drawn(law) => law,
    };
    match law {
        Drawn::Constant { value } => Distribution::Constant(value.amount()),
        Drawn::Uniform { min, max } => {
            if min.amount() > max.amount() {
                found.error(&format!("{path}.uniform.min"), "is greater than `max`", "swap them");
            }
            Distribution::Uniform { min: min.amount(), max: max.amount() }
        }
        Drawn::Exponential { mean } => Distribution::Exponential { mean: mean.amount() },
        Drawn::Lognormal { mean, cv } => Distribution::Lognormal { mean: mean.amount(), cv: cv.0.0 },
        Drawn::Gamma { mean, cv } => Distribution::Gamma { mean: mean.amount(), cv: cv.0.0 },
        Drawn::Pareto { mean, shape } => Distribution::Pareto { mean: mean.amount(), shape: shape.0 },
        Drawn::Bimodal { fast, slow, share_slow } => {
            Distribution::Bimodal { fast: fast.amount(), slow: slow.amount(), share_slow: share_slow.0 }
        }
        Drawn::Weibull { mean, shape } => Distribution::Weibull { mean: mean.amount(), shape: shape.0 },
        Drawn::Empirical { file } => samples::read(&file.0, V::read, &format!("{path}.empirical.file"), found),
        Drawn::Hyperexponential { mean, cv } => Distribution::Hyperexponential { mean: mean.amount(), cv: cv.0 },
    }
}

/// Greatest value where there is one, otherwise the mean: what a limit must at least let pass.
pub fn must_fit(distribution: &Distribution) -> f64 {
    match *distribution {
        Distribution::Empirical(ref values) => values.iter().copied().fold(0.0, f64::max),
        Distribution::Uniform { max, .. } => max,
        Distribution::Bimodal { fast, slow, .. } => fast.max(slow),
        _ => distribution.mean(),
    }
}
