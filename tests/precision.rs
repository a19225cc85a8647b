//! Repetitions until a figure is known well enough: how many there are, which figure decides, and where it ends.
use crate::play::{group, plan, play};
use conga::outcome::result::{Figure, Outcome};

/// A queue that is busy four fifths of the time, whose waits vary from run to run.
fn scenario(run: &str) -> String {
    format!(
        "topics: {{t: {{partitions: 1}}}}\ncluster: {{ideal: true}}\n\
         producers: {{p: {{topic: t, arrivals: {{poisson: {{rate: 800/s}}}}, linger: 0s}}}}\n\
         groups: {{g: {{topics: [t], members: 1, work: {{exponential: {{mean: 1ms}}}}}}}}\n\
         run: {{duration: 5s, drain: 1s, {run}}}\n"
    )
}

/// Half the width of the interval over the mean.
fn off(figure: Figure) -> f64 {
    let Figure::Interval(interval) = figure else { panic!("repetitions make intervals") };
    let of = |bound: Option<f64>| bound.expect("there are enough samples");
    (of(interval.high) - of(interval.low)) / 2.0 / of(interval.value).abs()
}

fn missed(outcome: &Outcome) -> Vec<&String> {
    outcome.result.warnings.iter().filter(|warning| warning.starts_with("precision:")).collect()
}

#[test]
fn repetitions_end_where_the_interval_is_narrow_enough() {
    for within in [0.3, 0.15, 0.08] {
        let outcome = play(&scenario(&format!("precision: {{metric: groups.g.e2e_s.mean, within: {within}}}")));
        let count = outcome.result.repetitions.count;
        assert!(off(group(&outcome, "g").e2e_s.mean) <= within, "{count} runs");
        assert_eq!(missed(&outcome), Vec::<&String>::new());
        assert!(!outcome.result.partial);
        assert_eq!(outcome.result.repetitions.seeds, (1..=u64::from(count)).collect::<Vec<_>>());
        // The same as if somebody had known the number.
        let known = play(&scenario(&format!("repetitions: {count}")));
        assert_eq!(off(group(&known, "g").e2e_s.mean).to_bits(), off(group(&outcome, "g").e2e_s.mean).to_bits());
    }
    let counts = |within: &str| play(&scenario(&format!("precision: {within}"))).result.repetitions.count;
    assert_eq!(counts("100%"), 5, "the first round is enough");
    assert!(counts("10%") > 5);
}

#[test]
fn the_figure_decides() {
    let of = |metric: &str| plan(&scenario(&format!("precision: {metric}"))).run.precision.expect("it is written");
    assert_eq!(of("5%").path.join("."), "groups.g.e2e_s.p99");
    assert_eq!(of("{metric: producers.p.publish_s.p50, within: 0.05}").path.join("."), "producers.p.publish_s.p50");
    // Every record takes no time to be acknowledged: known at once, where the lag is not.
    let count = |metric: &str| {
        play(&scenario(&format!("precision: {{metric: {metric}, within: 8%}}"))).result.repetitions.count
    };
    assert_eq!(count("groups.g.lost"), 5);
    assert!(count("groups.g.lag.mean") > 5);
}

#[test]
fn what_cannot_be_reached_ends_and_says_so() {
    let outcome = play(&scenario("repetitions: 2, precision: {within: 0.001%, most: 7}"));
    assert_eq!(outcome.result.repetitions.count, 7);
    let said = missed(&outcome);
    assert!(said.len() == 1 && said[0].contains("after 7 repetitions"), "{said:?}");
    assert!(!outcome.result.partial, "it was asked to end there");
    let none = play(&scenario("precision: {metric: groups.g.e2e_s.p99_99, within: 5%}"));
    let said = missed(&none);
    assert!(said.len() == 1 && said[0].contains("no value"), "{said:?}");
    assert_eq!(none.result.repetitions.count, 5, "more of them would not help");
}
