//! Whether two results differ: the arithmetic against known values, and how often chance is called change.
use crate::cli::conga;
use crate::play::plan;
use conga::engine::{Watch, run};
use conga::outcome::result::Outcome;
use conga::study::compare::{Change, Comparison, compare};
use conga::study::limit::Limit;

/// A queue that is half full, a thousand records long; the seed and the speed of its server are for the caller.
fn queue(repetitions: u32, seed: u64, work: &str) -> Outcome {
    run(
        &plan(&format!(
            "topics: {{queue: {{partitions: 1}}}}\ncluster: {{ideal: true}}\n\
             producers: {{source: {{topic: queue, arrivals: {{poisson: {{rate: 1000/s}}}}, linger: 0s}}}}\n\
             groups: {{server: {{topics: [queue], members: 1, work: {{exponential: {{mean: {work}}}}}}}}}\n\
             run: {{duration: 500ms, warmup: 20ms, repetitions: {repetitions}, seed: {seed}}}\n"
        )),
        &Watch::quiet(),
    )
}

fn compared(a: &Outcome, b: &Outcome) -> Comparison {
    compare(&[("a".to_owned(), a), ("b".to_owned(), b)])
}

fn change(comparison: &Comparison, path: &str) -> Change {
    let figure = comparison.figures.iter().find(|figure| figure.path == path).unwrap_or_else(|| panic!("no {path}"));
    figure.changes[0].unwrap_or_else(|| panic!("{path} has no value"))
}

/// Two results whose mean latency over these runs is known.
fn with_means(a: &[f64], b: &[f64]) -> Change {
    let result = |runs: &[f64]| {
        let mut outcome = queue(runs.len() as u32, 1, "0.5ms");
        let n = runs.len() as f64;
        let mean = runs.iter().sum::<f64>() / n;
        let variance = runs.iter().map(|run| (run - mean).powi(2)).sum::<f64>() / (n - 1.0);
        // The 0.975 quantiles of Student's t with 4 and 9 degrees of freedom, from a printed table.
        let t = if runs.len() == 5 { 2.776_445_105 } else { 2.262_157_163 };
        let half = t * (variance / n).sqrt();
        let interval =
            conga::outcome::result::Interval { value: Some(mean), low: Some(mean - half), high: Some(mean + half) };
        outcome.result.groups[0].1.e2e_s.mean = conga::outcome::result::Figure::Interval(interval);
        outcome
    };
    change(&compared(&result(a), &result(b)), "groups.server.e2e_s.mean")
}

#[test]
fn the_difference_of_two_means_is_welchs() {
    // Worked by hand: means 3 and 8, variances of the means 0.5 and 0.91667, t = 4.20084, 12.8762 degrees of freedom.
    let found = with_means(&[1.0, 2.0, 3.0, 4.0, 5.0], &[3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5, 11.5, 12.5]);
    let close = |found: Option<f64>, wanted: f64| (found.expect("a value") - wanted).abs() < 1e-4;
    assert!((found.difference - 5.0).abs() < 1e-9 && (found.relative.expect("a share") - 5.0 / 3.0).abs() < 1e-9);
    assert!(
        close(found.low, 5.0 - 2.57388) && close(found.high, 5.0 + 2.57388) && close(found.p, 0.001_059),
        "{found:?}"
    );
    assert_eq!(found.is_real(), Some(true));
}

#[test]
fn of_equal_systems_one_figure_in_twenty_is_called_changed() {
    // Each against the ten before it: more than a thousand pairs.
    const RESULTS: u64 = 150;
    let paths = ["groups.server.e2e_s.mean", "groups.server.rate_per_s", "groups.server.utilisation"];
    let all: Vec<Outcome> = (0..RESULTS).map(|i| queue(5, 1_000_000 + 10 * i, "0.5ms")).collect();
    let mut pairs = 0;
    let mut alarms = [0; 3];
    for (i, a) in all.iter().enumerate() {
        for b in &all[i.saturating_sub(10)..i] {
            let comparison = compared(a, b);
            pairs += 1;
            for (path, alarms) in paths.iter().zip(&mut alarms) {
                *alarms += u32::from(change(&comparison, path).is_real() == Some(true));
            }
        }
    }
    assert!(pairs > 1_000);
    // One in twenty; pairs share results, so that their alarms come in company.
    for (path, alarms) in paths.iter().zip(alarms) {
        let rate = f64::from(alarms) / f64::from(pairs);
        assert!((0.02..=0.085).contains(&rate), "{path}: {alarms} alarms in {pairs} pairs of equal runs");
    }
}

#[test]
fn a_slower_server_is_found_and_breaks_its_limit() {
    let (fast, slow) = (queue(8, 1, "0.5ms"), queue(8, 50, "0.65ms"));
    let comparison = compared(&fast, &slow);
    let worse = change(&comparison, "groups.server.e2e_s.mean");
    assert!(worse.is_real() == Some(true) && worse.relative > Some(0.3), "{worse:?}");
    let broken = |line: &str| Limit::parse(line).and_then(|limit| limit.breaches(&comparison)).map(|it| it.len());
    assert_eq!(broken("groups.*.e2e_s.mean > +10%"), Ok(1));
    assert_eq!(broken("groups.*.e2e_s.mean > +1s"), Ok(0));
    assert_eq!(broken("groups.server.work_s.mean > +100us"), Ok(1));
    assert_eq!(broken("groups.server.rate_per_s < -50%"), Ok(0));
    for (line, problem) in [
        ("groups.*.e2e_s.p98 > +10%", "no figure with a value"),
        ("groups.*.e2e.p90 > +10%", "did you mean `groups.*.e2e_s.p90`?"),
        ("groups.servr.e2e_s.p90 > +10%", "did you mean `groups.server.e2e_s.p90`?"),
        ("groups.*.e2e_s.p99 > 10%", "a change has a sign"),
        ("groups.*.e2e_s.p99", "compares nothing"),
        ("e2e_s > +10%", "a section, a name and a figure"),
        ("groups.*.e2e_s.mean > +10 MB", "compare it with a duration"),
    ] {
        let told = broken(line).expect_err(line);
        assert!(told.contains(problem), "{line}: {told}");
    }
}

#[test]
fn chance_breaks_no_limit() {
    // The same system twice: whatever differs is chance, and a limit of nothing at all does not fail.
    let comparison = compared(&queue(8, 1, "0.5ms"), &queue(8, 9, "0.5ms"));
    let found = change(&comparison, "groups.server.e2e_s.mean");
    assert!(found.difference != 0.0 && found.is_real() == Some(false), "{found:?}");
    let limit = Limit::parse("groups.*.e2e_s.mean >= -100%").expect("a limit");
    assert!(limit.breaches(&comparison).expect("it compares").is_empty());
}

#[test]
fn scripts_compare_folders() {
    let folder = tempfile::tempdir().expect("a folder");
    let yaml = "
topics: {events: {partitions: 2}}
cluster: {ideal: true}
producers: {edge: {topic: events, arrivals: {poisson: {rate: 500/s}}}}
groups: {workers: {topics: [events], members: 2, work: {exponential: {mean: 1ms}}}}
run: {duration: 2s, repetitions: 6}
";
    std::fs::write(folder.path().join("small.yaml"), yaml).expect("a file");
    for (out, set) in [("before", "groups.workers.members=2"), ("after", "groups.workers.work=3ms")] {
        let ran = conga(folder.path(), &["run", "small.yaml", "--quiet", "--out", out, "--set", set]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
    }
    let run = |args: &[&str]| conga(folder.path(), &[&["compare", "before", "after"], args].concat());
    let good = run(&["--out", "both"]);
    assert_eq!(good.code, Some(0), "{}", good.err);
    assert!(good.out.contains("after against before") && good.out.contains("groups.workers.e2e_s.p50"), "{}", good.out);
    for file in ["comparison.html", "comparison.md", "comparison.json"] {
        assert!(folder.path().join("both").join(file).exists(), "{file}");
    }
    let html = std::fs::read_to_string(folder.path().join("both/comparison.html")).expect("a page");
    assert!(html.matches("<svg").count() >= 6 && html.contains("more than chance"));
    let bad = run(&["--fail-if", "groups.*.e2e_s.p90 > +10%"]);
    assert_eq!(bad.code, Some(99), "{}", bad.out);
    assert!(
        bad.out.contains("FAIL  groups.*.e2e_s.p90 > +10%: groups.workers.e2e_s.p90 of after changed by "),
        "{}",
        bad.out
    );
    assert_eq!(run(&["--fail-if", "groups.*.nothing > +10%"]).code, Some(2));
    assert_eq!(conga(folder.path(), &["compare", "before", "nowhere"]).code, Some(2));
}
