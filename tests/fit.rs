//! Laws behind samples: each is recognised, and its parameters come back.
use crate::cli::conga;
use conga::model::random::{BLOCK, Distribution, Stream};
use conga::study::fit::{Fit, Law, ranked};

const VALUES: usize = 100_000;

/// Values by one of the scenario's distributions, drawn by the simulator's own dice, in nanoseconds.
fn sample(law: &Distribution, seed: u64) -> Vec<f64> {
    let (mut stream, mut block, mut values) = (Stream::named(seed, "fit"), [0; BLOCK], Vec::new());
    while values.len() < VALUES {
        law.fill(&mut stream, &mut block);
        values.extend(block.iter().map(|&ns| ns as f64));
    }
    values.truncate(VALUES);
    values
}

/// Weibull values by inversion.
fn weibull(mean: f64, shape: f64, seed: u64) -> Vec<f64> {
    let scale = mean / statrs::function::gamma::gamma(1.0 + 1.0 / shape);
    let mut stream = Stream::named(seed, "weibull");
    (0..VALUES).map(|_| scale * (-(1.0 - stream.unit()).ln()).powf(1.0 / shape)).collect()
}

/// A law as good as the best, but for luck, has these parameters within 5 %: where a law is a special case of another,
/// either may come out ahead by a hair.
fn check(values: &[f64], expected: Law) {
    let fits = ranked(values);
    let of_name = fits.iter().find(|fit| fit.law.name() == expected.name());
    let &Fit { law, aic, distance } = of_name.unwrap_or_else(|| panic!("{expected:?}: {fits:?}"));
    let behind = aic.unwrap_or(0.0) - fits[0].aic.unwrap_or(0.0);
    assert!(behind < 12.0, "{expected:?} is {behind} behind the best: {fits:?}");
    for (found, wanted) in parameters(law).into_iter().zip(parameters(expected)) {
        assert!((found / wanted - 1.0).abs() < 0.05, "{law:?} for {expected:?}");
    }
    assert!(distance < 0.01, "{distance} from {expected:?}");
}

fn parameters(law: Law) -> Vec<f64> {
    match law {
        Law::Constant(a) | Law::Exponential(a) => vec![a],
        Law::Uniform(a, b)
        | Law::Lognormal(a, b)
        | Law::Gamma(a, b)
        | Law::Weibull(a, b)
        | Law::Pareto(a, b)
        | Law::Hyperexponential(a, b) => vec![a, b],
        Law::Bimodal(a, b, c) => vec![a, b, c],
    }
}

#[test]
fn parameters_come_back_from_a_hundred_thousand_values_in_fifty_random_cases() {
    for case in 0..54 {
        let mut luck = Stream::named(case, "cases");
        // From a hundred microseconds to a hundred milliseconds.
        let mean = 1e5 * 1e3_f64.powf(luck.unit());
        let mut within = |low: f64, high: f64| low + (high - low) * luck.unit();
        match case % 9 {
            0 => check(&sample(&Distribution::Exponential { mean }, case), Law::Exponential(mean)),
            1 => {
                let max = mean * within(1.5, 9.0);
                check(&sample(&Distribution::Uniform { min: mean, max }, case), Law::Uniform(mean, max));
            }
            2 => {
                let cv = within(0.2, 2.0);
                check(&sample(&Distribution::Lognormal { mean, cv }, case), Law::Lognormal(mean, cv));
            }
            3 => {
                let cv = within(0.2, 0.8);
                check(&sample(&Distribution::Gamma { mean, cv }, case), Law::Gamma(mean, cv));
            }
            4 => {
                let shape = within(2.0, 6.0);
                check(&sample(&Distribution::Pareto { mean, shape }, case), Law::Pareto(mean, shape));
            }
            5 => {
                let cv = within(1.5, 4.0);
                check(&sample(&Distribution::Hyperexponential { mean, cv }, case), Law::Hyperexponential(mean, cv));
            }
            6 => {
                let shape = within(0.6, 0.9);
                check(&weibull(mean, shape, case), Law::Weibull(mean, shape));
            }
            7 => check(&sample(&Distribution::Constant(mean.round()), case), Law::Constant(mean.round())),
            _ => {
                let (fast, slow, share_slow) = (mean.round(), (mean * 20.0).round(), within(0.05, 0.5));
                let law = Distribution::Bimodal { fast, slow, share_slow };
                check(&sample(&law, case), Law::Bimodal(fast, slow, share_slow));
            }
        }
    }
}

#[test]
fn times_without_a_unit_need_one_on_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("log.csv"), "service_ms\n1.5\n2\n2.5\n2ms\n").expect("a file");
    let fit = |args: &[&str]| conga(folder.path(), &[&["fit", "log.csv", "--column", "service_ms"], args].concat());
    let ran = fit(&[]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("line 2: `1.5` has no unit") && ran.err.contains("add `--unit ms`"), "{}", ran.err);
    let ran = fit(&["--unit", "ms"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("from 1.5 ms to 2.5 ms, mean 2 ms"), "{}", ran.out);
}
