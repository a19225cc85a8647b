//! Which of the scenario's distributions a sample may come from: each is fitted, then ranked by Akaike's criterion.
//!
//! Most fits are by maximum likelihood; the hyperexponential takes its mean from the sample and its variation by likelihood.
//! The distance of Kolmogorov and Smirnov stands beside: with many values even a good law has a significant one, so it is
//! told, not tested. One or two different values are a constant or bimodal, which no density can compete with.
//! Formulas: Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions.
use statrs::function::erf::erfc;
use statrs::function::gamma::{digamma, gamma, gamma_lr, ln_gamma};
use std::f64::consts::{PI, SQRT_2};

/// A law with its parameters, in the unit of the sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// Always this.
    Constant(f64),
    /// Two values and the share of the greater one.
    Bimodal(f64, f64, f64),
    /// Least and greatest value.
    Uniform(f64, f64),
    /// Mean.
    Exponential(f64),
    /// Mean and coefficient of variation.
    Lognormal(f64, f64),
    /// Mean and coefficient of variation.
    Gamma(f64, f64),
    /// Mean and shape.
    Weibull(f64, f64),
    /// Mean and shape.
    Pareto(f64, f64),
    /// Mean and coefficient of variation, with balanced means.
    Hyperexponential(f64, f64),
}

/// How well a law fits a sample.
#[derive(Clone, Copy, Debug)]
pub struct Fit {
    /// The law, as fitted.
    pub law: Law,
    /// Akaike's criterion: twice the number of parameters less twice the logarithm of the likelihood. Nothing where the
    /// sample has one or two different values.
    pub aic: Option<f64>,
    /// Greatest distance between the shares of values below, of sample and law.
    pub distance: f64,
}

/// Fits every law that can be, best first. Values must be finite and at least zero, and there must be one.
#[must_use]
pub fn ranked(values: &[f64]) -> Vec<Fit> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    if let Some(law) = few_values(&sorted) {
        return vec![Fit { law, aic: None, distance: 0.0 }];
    }
    let mut fits: Vec<Fit> = fitted(&sorted)
        .into_iter()
        .map(|law| {
            let likelihood: f64 = sorted.iter().map(|&x| law.ln_density(x)).sum();
            let aic = 2.0 * law.parameters() - 2.0 * likelihood;
            Fit { law, aic: Some(aic).filter(|aic| aic.is_finite()), distance: distance(&sorted, law) }
        })
        .filter(|fit| fit.aic.is_some())
        .collect();
    fits.sort_by(|a, b| a.aic.unwrap_or(f64::MAX).total_cmp(&b.aic.unwrap_or(f64::MAX)));
    fits
}

/// A sample of one or two different values.
fn few_values(sorted: &[f64]) -> Option<Law> {
    let (first, last) = (*sorted.first()?, *sorted.last()?);
    let below = sorted.partition_point(|&x| x <= first);
    if below == sorted.len() {
        return Some(Law::Constant(first));
    }
    // Two values seen once each are no law.
    let two = sorted.len() > 2 && sorted[below].total_cmp(&last).is_eq();
    two.then(|| Law::Bimodal(first, last, 1.0 - below as f64 / sorted.len() as f64))
}

fn fitted(sorted: &[f64]) -> Vec<Law> {
    let n = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / n;
    let (least, greatest) = (sorted[0], sorted[sorted.len() - 1]);
    let mut laws = vec![Law::Uniform(least, greatest), Law::Exponential(mean)];
    if sorted.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n > mean * mean {
        // Two phases vary more than one.
        laws.push(hyperexponential(sorted, mean));
    }
    if least > 0.0 {
        let mean_ln = sorted.iter().map(|x| x.ln()).sum::<f64>() / n;
        let variance = sorted.iter().map(|x| (x.ln() - mean_ln).powi(2)).sum::<f64>() / n;
        laws.push(Law::Lognormal((mean_ln + variance / 2.0).exp(), variance.exp_m1().sqrt()));
        laws.push(Law::Gamma(mean, gamma_shape(mean.ln() - mean_ln).sqrt().recip()));
        laws.push(weibull(sorted, mean_ln, variance));
        let tail = 1.0 / (mean_ln - least.ln());
        if tail > 1.0 {
            // A law without a mean cannot be written in a scenario.
            laws.push(Law::Pareto(least * tail / (tail - 1.0), tail));
        }
    }
    laws
}

/// The k with ln k − ψ(k) = s, by bisection over its logarithm: the left side falls.
fn gamma_shape(s: f64) -> f64 {
    bisected(-9.0, 16.0, |ln_k| ln_k - digamma(ln_k.exp()) - s).exp()
}

/// The shape that makes the observed values most likely: Σ xᵏ ln x / Σ xᵏ − 1/k − mean of ln x rises through zero.
fn weibull(sorted: &[f64], mean_ln: f64, variance_ln: f64) -> Law {
    let score = |ln_k: f64| {
        let k = ln_k.exp();
        // Relative to the geometric mean, so that powers stay in range.
        let (mut powers, mut weighted) = (0.0, 0.0);
        for x in sorted {
            let ln = x.ln() - mean_ln;
            let power = (k * ln).min(700.0).exp();
            powers += power;
            weighted += power * ln;
        }
        1.0 / k - weighted / powers
    };
    // The logarithm of a Weibull variable has the standard deviation π / (k √6).
    let near = (PI / (6.0 * variance_ln).sqrt()).ln();
    let k = bisected(near - 1.5, near + 1.5, score).exp();
    let powers: f64 = sorted.iter().map(|x| (k * (x.ln() - mean_ln)).exp()).sum();
    let scale = (mean_ln + (powers / sorted.len() as f64).ln() / k).exp();
    Law::Weibull(scale * gamma(1.0 + 1.0 / k), k)
}

/// The most likely split of two phases with balanced means, by golden section over the share of the first.
fn hyperexponential(sorted: &[f64], mean: f64) -> Law {
    const RATIO: f64 = 0.618_033_988_749_894_9;
    let cv_of = |first: f64| (1.0 / (2.0 * first * (1.0 - first)) - 1.0).sqrt();
    let likelihood = |logit: f64| {
        let first = 1.0 - 0.5 * (-logit).exp();
        let law = Law::Hyperexponential(mean, cv_of(first));
        sorted.iter().map(|&x| law.ln_density(x)).sum::<f64>()
    };
    // Shares of the first phase from a half, where both are the same, to 1 − 5 × 10⁻⁵, with a variation of a hundred.
    let (mut low, mut high) = (0.0, 9.2);
    for _ in 0..32 {
        let (a, b) = (high - (high - low) * RATIO, low + (high - low) * RATIO);
        if likelihood(a) < likelihood(b) { low = a } else { high = b }
    }
    Law::Hyperexponential(mean, cv_of(1.0 - 0.5 * (-f64::midpoint(low, high)).exp()).max(1.0))
}

/// Where a falling function crosses zero.
fn bisected(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if f(middle) > 0.0 { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// Greatest distance between the steps of a sorted sample and a law.
fn distance(sorted: &[f64], law: Law) -> f64 {
    let n = sorted.len() as f64;
    let steps = (0..).zip(sorted).map(|(i, &x)| {
        let (below, share) = (f64::from(i) / n, law.share_below(x));
        (share - below).abs().max((share - below - 1.0 / n).abs())
    });
    steps.fold(0.0, f64::max)
}

/// First share, and the rate of each phase.
fn phases(mean: f64, cv: f64) -> [(f64, f64); 2] {
    let squared = cv * cv;
    let first = 0.5 * (1.0 + ((squared - 1.0) / (squared + 1.0)).max(0.0).sqrt());
    [first, 1.0 - first].map(|share| (share, 2.0 * share / mean))
}

/// Mean and standard deviation of the logarithm.
fn logarithm(mean: f64, cv: f64) -> (f64, f64) {
    let variance = (cv * cv).ln_1p();
    (mean.ln() - variance / 2.0, variance.sqrt())
}

impl Law {
    /// As a scenario calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant(_) => "constant",
            Self::Bimodal(..) => "bimodal",
            Self::Uniform(..) => "uniform",
            Self::Exponential(_) => "exponential",
            Self::Lognormal(..) => "lognormal",
            Self::Gamma(..) => "gamma",
            Self::Weibull(..) => "weibull",
            Self::Pareto(..) => "pareto",
            Self::Hyperexponential(..) => "hyperexponential",
        }
    }

    fn parameters(self) -> f64 {
        match self {
            Self::Constant(_) | Self::Exponential(_) => 1.0,
            Self::Bimodal(..) => 3.0,
            _ => 2.0,
        }
    }

    /// Share of values up to `x`.
    #[must_use]
    pub fn share_below(self, x: f64) -> f64 {
        match self {
            Self::Constant(value) => f64::from(u8::from(x >= value)),
            Self::Bimodal(fast, slow, share) => match (x >= fast, x >= slow) {
                (_, true) => 1.0,
                (true, false) => 1.0 - share,
                (false, false) => 0.0,
            },
            _ if x <= 0.0 => 0.0,
            Self::Uniform(min, max) => ((x - min) / (max - min)).clamp(0.0, 1.0),
            Self::Exponential(mean) => -(-x / mean).exp_m1(),
            Self::Lognormal(mean, cv) => {
                let (mu, sigma) = logarithm(mean, cv);
                0.5 * erfc((mu - x.ln()) / (sigma * SQRT_2))
            }
            Self::Gamma(mean, cv) => gamma_lr(1.0 / (cv * cv), x / (mean * cv * cv)),
            Self::Weibull(mean, k) => -(-(x * gamma(1.0 + 1.0 / k) / mean).powf(k)).exp_m1(),
            Self::Pareto(mean, tail) => {
                let least = mean * (tail - 1.0) / tail;
                if x < least { 0.0 } else { 1.0 - (least / x).powf(tail) }
            }
            Self::Hyperexponential(mean, cv) => {
                phases(mean, cv).iter().map(|(share, rate)| -share * (-rate * x).exp_m1()).sum()
            }
        }
    }

    /// Logarithm of the density; where the law has none, nothing is likely.
    fn ln_density(self, x: f64) -> f64 {
        match self {
            Self::Constant(_) | Self::Bimodal(..) => f64::NEG_INFINITY,
            Self::Uniform(min, max) => -(max - min).ln(),
            Self::Exponential(mean) => -mean.ln() - x / mean,
            Self::Lognormal(mean, cv) => {
                let (mu, sigma) = logarithm(mean, cv);
                -0.5 * ((x.ln() - mu) / sigma).powi(2) - x.ln() - sigma.ln() - 0.5 * (2.0 * PI).ln()
            }
            Self::Gamma(mean, cv) => {
                let k = 1.0 / (cv * cv);
                (k - 1.0) * x.ln() - x * k / mean - ln_gamma(k) - k * (mean / k).ln()
            }
            Self::Weibull(mean, k) => {
                let scale = mean / gamma(1.0 + 1.0 / k);
                k.ln() - k * scale.ln() + (k - 1.0) * x.ln() - (x / scale).powf(k)
            }
            Self::Pareto(mean, tail) => {
                let least = mean * (tail - 1.0) / tail;
                tail.ln() + tail * least.ln() - (tail + 1.0) * x.ln()
            }
            Self::Hyperexponential(mean, cv) => {
                phases(mean, cv).iter().map(|(share, rate)| share * rate * (-rate * x).exp()).sum::<f64>().ln()
            }
        }
    }
}
