//! When records are due: each law against what is known of it, alone and shared by several instances.
use crate::play::plan;
use conga::model::random::{BLOCK, Stream};
use conga::model::workload::arrivals::Clock;
use conga::model::workload::{Arrivals, Shape};
use conga::units::Time;
use std::f64::consts::TAU;

/// Seconds at which records are due before `end_s`, over so many instances.
fn dues(arrivals: &Arrivals, instances: u32, seed: u64, end_s: f64) -> Vec<f64> {
    let end = Time::from_ns((end_s * 1e9) as u64);
    let mut all = Vec::new();
    for i in 0..instances {
        let own = Stream::named(seed, &format!("arrivals/p/{i}"));
        let mut clock = Clock::new(arrivals, (i, instances), end, u64::MAX, own, Stream::named(seed, "arrivals/p"));
        let mut block = [Time::ZERO; BLOCK];
        let first = all.len();
        loop {
            let n = clock.fill(&mut block);
            if n == 0 {
                break;
            }
            all.extend(block[..n].iter().map(|due| due.seconds()));
        }
        assert!(all[first..].is_sorted(), "no step back");
    }
    all.sort_by(f64::total_cmp);
    all
}

/// The arrivals of a producer, as the plan has them.
fn written(arrivals: &str, more: &str) -> Arrivals {
    let text = format!(
        "topics: {{t: {{partitions: 1}}}}\nproducers: {{p: {{topic: t, arrivals: {arrivals}{more}}}}}\n\
         run: {{duration: 10s}}\n"
    );
    plan(&text).producers[0].arrivals.clone()
}

/// Whether gaps look exponential with mean 1: Kolmogorov and Smirnov's distance at one in a thousand.
fn assert_memoryless(integrated: &[f64], what: &str) {
    let mut gaps: Vec<f64> = integrated.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_by(f64::total_cmp);
    let n = gaps.len() as f64;
    let distance = |(i, gap): (usize, &f64)| {
        let law = 1.0 - (-gap).exp();
        (law - i as f64 / n).abs().max(((i + 1) as f64 / n - law).abs())
    };
    let greatest = gaps.iter().enumerate().map(distance).fold(0.0, f64::max);
    assert!(greatest < 1.95 / n.sqrt(), "{what}: distance {greatest} of {n} gaps");
}

/// Records due by then, as the formulas of a ramp to 400/s in 50 s and of a sine say.
fn ramp_integral(t: f64) -> f64 {
    if t < 50.0 { 100.0 * t + 3.0 * t * t } else { 12_500.0 + 400.0 * (t - 50.0) }
}

fn sine_integral(t: f64) -> f64 {
    300.0 * t + 300.0 * 20.0 / TAU * (1.0 - (TAU * t / 20.0).cos())
}

const RAMP: &str = "{ramp: {from: 100/s, to: 400/s, over: 50s}";
const SINE: &str = "{sine: {mean: 300/s, amplitude: 300/s, period: 20s}";

#[test]
fn curves_are_poisson_with_their_rate_however_many_share_them() {
    for (text, integral) in [(RAMP, ramp_integral as fn(f64) -> f64), (SINE, sine_integral)] {
        for instances in [1, 7] {
            let times = dues(&written(&format!("{text}}}"), ""), instances, 3, 200.0);
            let expected = integral(200.0);
            assert!((times.len() as f64 - expected).abs() < 4.0 * expected.sqrt(), "{text}: {}", times.len());
            let integrated: Vec<f64> = times.iter().map(|&t| integral(t)).collect();
            assert_memoryless(&integrated, text);
        }
    }
}

#[test]
fn even_curves_pass_one_record_at_each_whole_number() {
    for (text, integral) in [(RAMP, ramp_integral as fn(f64) -> f64), (SINE, sine_integral)] {
        for instances in [1, 3] {
            let times = dues(&written(&format!("{text}, even: true}}"), ""), instances, 3, 200.0);
            assert_eq!(times.len(), integral(200.0).ceil() as usize, "{text}");
            for (number, &t) in times.iter().enumerate() {
                assert!((integral(t) - number as f64).abs() < 1e-5, "{text}: record {number} is due at {t}");
            }
        }
    }
    let down = written("{ramp: {from: 100/s, to: 0/s, over: 10s}, even: true}", "");
    let times = dues(&down, 2, 1, 1000.0);
    assert_eq!(times.len(), 500, "after that there is silence");
    let last = times[499];
    assert!((100.0 * last - 5.0 * last * last - 499.0).abs() < 1e-5, "{last}");
}

#[test]
fn bursts_have_the_rate_and_the_variation_of_an_interrupted_poisson_process() {
    let bursty = written("{bursty: {on: 1s, off: 3s, rate: 40/s}}", "");
    for instances in [1, 4] {
        let times = dues(&bursty, instances, 5, 200_000.0);
        let rate = times.len() as f64 / 200_000.0;
        assert!((rate - 10.0).abs() < 0.2, "{rate}");
        let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        // Kuczura 1973: 1 + 2 × rate × ends / (ends + begins)², with one end a second and a beginning in three.
        let expected = 1.0 + 2.0 * 40.0 / (1.0_f64 + 1.0 / 3.0).powi(2);
        assert!((variance / mean / mean / expected - 1.0).abs() < 0.03, "{}, not {expected}", variance / mean / mean);
    }
    let begins = (0..2000).filter(|&seed| dues(&bursty, 1, seed, 0.1).len() > 1).count();
    assert!((400..600).contains(&begins), "a quarter begins in a burst: {begins}");
}

#[test]
fn every_parameter_changes_the_arrivals() {
    let pairs = [
        ("{ramp: {from: 10/s, to: 90/s, over: 5s}}", "{ramp: {from: 20/s, to: 90/s, over: 5s}}"),
        ("{ramp: {from: 10/s, to: 90/s, over: 5s}}", "{ramp: {from: 10/s, to: 80/s, over: 5s}}"),
        ("{ramp: {from: 10/s, to: 90/s, over: 5s}}", "{ramp: {from: 10/s, to: 90/s, over: 4s}}"),
        ("{ramp: {from: 10/s, to: 90/s, over: 5s}}", "{ramp: {from: 10/s, to: 90/s, over: 5s}, even: true}"),
        ("{sine: {mean: 90/s, amplitude: 9/s, period: 5s}}", "{sine: {mean: 80/s, amplitude: 9/s, period: 5s}}"),
        ("{sine: {mean: 90/s, amplitude: 9/s, period: 5s}}", "{sine: {mean: 90/s, amplitude: 8/s, period: 5s}}"),
        ("{sine: {mean: 90/s, amplitude: 9/s, period: 5s}}", "{sine: {mean: 90/s, amplitude: 9/s, period: 4s}}"),
        (
            "{sine: {mean: 9/s, amplitude: 9/s, period: 5s}}",
            "{sine: {mean: 9/s, amplitude: 9/s, period: 5s}, even: true}",
        ),
        ("{bursty: {on: 1s, off: 3s, rate: 40/s}}", "{bursty: {on: 2s, off: 3s, rate: 40/s}}"),
        ("{bursty: {on: 1s, off: 3s, rate: 40/s}}", "{bursty: {on: 1s, off: 4s, rate: 40/s}}"),
        ("{bursty: {on: 1s, off: 3s, rate: 40/s}}", "{bursty: {on: 1s, off: 3s, rate: 50/s}}"),
    ];
    for (one, other) in pairs {
        let of = |text: &str| dues(&written(text, ""), 1, 1, 60.0);
        assert_ne!(of(one), of(other), "{one} and {other}");
    }
}

#[test]
fn rate_scales_curves_and_bursts_to_a_mean() {
    let cases = [
        ("{ramp: {from: 0/s, to: 10/s, over: 100s}}", 100.0),
        ("{sine: {mean: 10/s, amplitude: 9/s, period: 10s}}", 100.0),
        ("{bursty: {on: 1s, off: 3s, rate: 10/s}}", 20_000.0),
    ];
    for (text, length) in cases {
        let times = dues(&written(text, ", rate: 50/s"), 2, 9, length);
        let rate = times.len() as f64 / length;
        assert!((rate - 50.0).abs() < 2.0, "{text}: {rate}");
    }
    let ramp = written("{ramp: {from: 10/s, to: 30/s, over: 1m}}", ", rate: 40/s");
    assert!(matches!(ramp, Arrivals::Curve { shape: Shape::Ramp { from, to, .. }, even: false }
        if (from - 20.0).abs() < 1e-9 && (to - 60.0).abs() < 1e-9));
}
