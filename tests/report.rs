//! What a run leaves, written and read again, and the report drawn from it.
//!
//! The outcomes are made up: bursts, two groups of which one falls behind, a hot partition, and names that would like
//! to be tags.
use conga::outcome::result::*;
use conga::outcome::saved::{self, SaveError};
use conga::report;
use conga::units::show;
use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SCRIPT: &str = "audit <script>alert('x')</script> & \"co\" |*_[a](b)";
const PARTITIONS: u32 = 12;

/// A small generator, so that made-up figures look real and stay the same.
struct Luck(u64);

impl Luck {
    fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn latency(histogram: &Histogram<u64>) -> Latency {
    let at = |quantile| Figure::Plain(Some(histogram.value_at_quantile(quantile) as f64 * 1e-9));
    let plain = |value: f64| Figure::Plain(Some(value));
    Latency {
        count: plain(histogram.len() as f64),
        mean: plain(histogram.mean() * 1e-9),
        stddev: plain(histogram.stdev() * 1e-9),
        min: plain(histogram.min() as f64 * 1e-9),
        p50: at(0.5),
        p90: at(0.9),
        p95: at(0.95),
        p99: at(0.99),
        p99_9: at(0.999),
        p99_99: Figure::Plain(None),
        max: plain(histogram.max() as f64 * 1e-9),
    }
}

fn distribution(mean_s: f64, slow_s: f64) -> Histogram<u64> {
    let mut luck = Luck(7);
    let mut histogram = Histogram::new_with_bounds(1, 3_600_000_000_000, 3).expect("bounds are sound");
    for _ in 0..200_000 {
        let slow = if luck.draw() < 0.004 { slow_s * luck.draw() } else { 0.0 };
        histogram.saturating_record(((mean_s * (0.3 - luck.draw().ln()) + slow) * 1e9) as u64);
    }
    histogram
}

/// A group that keeps up with its bursts, or one that falls behind by 2,000 records a second.
fn group(behind: bool, rate: f64, e2e: &Histogram<u64>) -> GroupResult {
    let level = |mean: f64, max: f64, end: f64| Level { mean: Some(mean), max: Some(max), r#final: Some(end) };
    let lag = if behind { level(252_000.0, 500_812.0, 500_120.0) } else { level(412.5, 9_120.0, 0.0) };
    GroupResult {
        delivered: rate * 250.0,
        processed: rate * 250.0,
        duplicates: 0.0,
        lost: 0.0,
        lost_by: LostBy::default(),
        dead_lettered: 0.0,
        out_of_order: if behind { 17.0 } else { 0.0 },
        backlog: if behind { 500_120.0 } else { 0.0 },
        censored: if behind { 500_120.0 } else { 0.0 },
        rate_per_s: rate,
        members: 4,
        utilisation: if behind { 0.9987 } else { 0.7994 },
        member_seconds: 960.0,
        attempts: rate * 250.0,
        fetches: 81_233.0,
        lag,
        committed_lag: level(500.0, 12_000.0, 0.0),
        lag_s: if behind { level(21.5, 44.2, 44.2) } else { level(0.004, 0.3, 0.0) },
        time_to_drain_s: (!behind).then_some(0.012),
        wait_s: latency(e2e),
        work_s: latency(e2e),
        e2e_s: latency(e2e),
        e2e_raw_s: latency(e2e),
        journey_s: latency(&Histogram::new(3).expect("three digits are allowed")),
        rebalances: Vec::new(),
    }
}

fn topic(hottest: f64) -> TopicResult {
    TopicResult {
        partitions: PARTITIONS,
        appended: 2_500_000.0,
        bytes: 2.5e8,
        stored_bytes: 0.51e8,
        compression_ratio: Some(0.204),
        partition_share_bytes: 2.5e8 / f64::from(PARTITIONS),
        hottest_share: Some(hottest),
        batch_records_mean: Some(48.25),
        requests: 12_345.0,
    }
}

fn producer(publish: &Histogram<u64>) -> ProducerResult {
    ProducerResult {
        offered: 2_500_000.0,
        unsent: 0.0,
        sent: 2_500_000.0,
        acked: 2_500_000.0,
        failed: 0.0,
        in_flight: 0.0,
        rate_per_s: 10_003.2,
        bytes: 2.5e8,
        limited_s: 1.25,
        blocked_s: 0.0,
        rate_limit_bytes_per_s: 1e6 / 3.0,
        publish_s: latency(publish),
        service_s: latency(publish),
        lateness_s: latency(&Histogram::new(3).expect("three digits are allowed")),
    }
}

fn group_series(luck: &mut Luck, behind: bool, t: f64, burst: f64, offered: f64) -> GroupSeries {
    let lag = if behind { 2_000.0 * t + 900.0 * luck.draw() } else { 20.0 + 9_000.0 * burst * luck.draw().powi(3) };
    let p50 = if behind { 0.05 + t * 0.17 } else { 0.004 + 0.01 * burst };
    let quiet = t > 120.0 && t < 123.0;
    let value = |times: f64| (!quiet).then_some(p50 * times);
    let shares = [0.55, 0.12, 0.08, 0.07, 0.06, 0.05, 0.04, 0.03];
    GroupSeries {
        processed_per_s: if behind { 8_000.0 } else { offered * (0.97 + 0.06 * luck.draw()) },
        lag: lag as u64,
        committed_lag: lag as u64 + 312,
        lag_s: lag / 10_000.0,
        utilisation: if behind { 0.99 } else { 0.6 + 0.3 * burst },
        e2e_p50_s: value(1.0),
        e2e_p90_s: value(1.4 + luck.draw()),
        e2e_p99_s: value(3.0 + 2.0 * luck.draw()),
        e2e_max_s: value(5.0 + 9.0 * luck.draw()),
        worst_lag: shares.iter().map(|share| (lag * share * (0.8 + 0.4 * luck.draw())) as u64).collect(),
    }
}

fn series(groups: &[bool]) -> Vec<SeriesRow> {
    let mut luck = Luck(42);
    (0..500)
        .map(|i| {
            let t = f64::from(i) * 0.5;
            let burst = if (t / 25.0) as u32 % 3 == 1 { 1.0 } else { 0.15 * luck.draw() };
            let offered = 8_000.0 + 6_000.0 * burst + 400.0 * luck.draw();
            SeriesRow {
                interval: SeriesInterval { start_s: t, end_s: t + 0.5 },
                offered_per_s: offered,
                appended_per_s: vec![offered * (0.99 + 0.02 * luck.draw()), 0.1 * offered],
                groups: groups.iter().map(|&behind| group_series(&mut luck, behind, t, burst, offered)).collect(),
            }
        })
        .collect()
}

fn partitions(groups: usize) -> Vec<PartitionRow> {
    let share = |i: u32| if i == 3 { 0.31 } else { 0.69 / f64::from(PARTITIONS - 1) };
    let seen = |i: u32| PartitionGroup {
        processed: (250_000.0 * share(i)) as u64,
        member: i % 4,
        lag_max: if i == 3 { 260_000 } else { 900 },
        lag_final: u64::from(i),
    };
    let row = |topic: &str, i: u32, group: &dyn Fn(usize) -> bool| PartitionRow {
        topic: topic.to_owned(),
        partition: i,
        leader: i % 3,
        appended: (2_500_000.0 * share(i)) as u64,
        share: share(i),
        bytes: (2.5e8 * share(i)) as u64,
        groups: (0..groups).map(|g| group(g).then(|| seen(i))).collect(),
    };
    let events = (0..PARTITIONS).map(|i| row("events", i, &|_| true));
    events.chain((0..PARTITIONS).map(|i| row("audit.log", i, &|_| false))).collect()
}

/// The outcome of a run of these groups: name, and whether it falls behind.
fn outcome(groups: &[(&str, bool)]) -> Outcome {
    let e2e = distribution(0.005, 0.4);
    let behind: Vec<bool> = groups.iter().map(|group| group.1).collect();
    let worst: Vec<String> = [3, 0, 7, 5, 1, 2, 9, 11].map(|i| format!("events-{i}")).to_vec();
    let broker = |leaders| BrokerResult {
        utilisation: 0.123,
        queue_mean: 0.0217,
        requests: 93_482.0,
        network_in_bytes: 2.5e8,
        network_out_bytes: 5e8,
        disk_bytes: 2.5e8,
        leaders,
    };
    let threshold =
        |expression: &str, value, passed| ThresholdResult { expression: expression.to_owned(), value, passed };
    let failed = behind.contains(&true);
    Outcome {
        result: RunResult {
            conga: "1".to_owned(),
            scenario: ScenarioRef { name: "peak-hour".to_owned(), sha256: "5f".repeat(32) },
            engine: "sim".to_owned(),
            seed: 1,
            window_s: 240.0,
            partial: false,
            passed: !failed,
            validity: Validity { verdict: "valid".to_owned(), reasons: Vec::new() },
            warnings: vec![
                "costs are uncalibrated: cluster.network and cluster.request come from profile default".to_owned(),
            ],
            broken_laws: Vec::new(),
            repetitions: Repetitions { count: 1, seeds: vec![1] },
            thresholds: vec![
                threshold("groups.workers.e2e_s.p99 < 200ms", Some(0.031), true),
                threshold("groups.workers.lost == 0", Some(0.0), true),
                threshold("producers.edge.rate_per_s >= 0.99 * 12k/s", Some(10_003.2), !failed),
            ],
            events: if failed {
                vec![EventResult { at_s: 75.5, what: "crash".to_owned(), target: "workers/2".to_owned() }]
            } else {
                Vec::new()
            },
            producers: vec![("edge".to_owned(), producer(&e2e))],
            topics: vec![("events".to_owned(), topic(0.31)), ("audit.log".to_owned(), topic(0.09))],
            brokers: (0..3).map(|i| (i.to_string(), broker(4))).collect(),
            groups: groups
                .iter()
                .map(|&(name, behind)| (name.to_owned(), group(behind, if behind { 8_000.0 } else { 10_002.7 }, &e2e)))
                .collect(),
            intervals: Vec::new(),
        },
        series: series(&behind),
        worst_partitions: groups.iter().map(|_| worst.clone()).collect(),
        partitions: partitions(groups.len()),
        histograms: groups
            .iter()
            .zip([(0.005, 0.4), (0.3, 8.0)].into_iter().cycle())
            .map(|((name, _), (mean, slow))| (format!("groups.{name}.e2e_s"), distribution(mean, slow)))
            .collect::<BTreeMap<_, _>>(),
    }
}

fn save(outcome: &Outcome, dir: &Path) -> Result<(), SaveError> {
    let inputs = [("service.csv".to_owned(), Arc::from(b"1ms\n".as_slice()))];
    let provenance = serde_json::json!({"version": "0.1.0"});
    saved::save(outcome, "name: peak-hour\n", &inputs, &provenance, dir, report::write)
}

/// A folder of this test alone, absent at first.
fn folder(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report").join(name);
    let _ = fs::remove_dir_all(&dir);
    dir
}

/// Every file below a folder with its contents.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("the entry is there").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(dir).expect("below").to_owned(), fs::read(&path).expect("readable"));
            }
        }
    }
    found
}

fn two_groups() -> Outcome {
    outcome(&[("workers", false), (SCRIPT, true)])
}

#[test]
fn a_saved_run_reads_back_equal_in_every_figure() {
    let mut before = two_groups();
    before.series[3].groups[0].lag_s = 0.1 + 0.2;
    before.series[4].groups[0].lag_s = 1e-300;
    before.result.groups[0].1.e2e_s.p50 = Figure::Interval(Interval { value: Some(0.1), low: Some(1.0), high: None });
    before
        .result
        .intervals
        .push(("groups.workers.rate_per_s".to_owned(), Interval { value: Some(3.0), low: None, high: None }));
    let dir = folder("round-trip");
    save(&before, &dir).expect("it is saved");
    let after = saved::load(&dir).expect("it is read");
    let json = |outcome: &Outcome| serde_json::to_value(&outcome.result).expect("it is JSON").to_string();
    assert_eq!(json(&before), json(&after));
    assert_eq!(before.series, after.series);
    assert_eq!(before.worst_partitions, after.worst_partitions);
    assert_eq!(before.partitions, after.partitions);
    assert_eq!(before.histograms, after.histograms);
}

#[test]
fn the_same_outcome_leaves_the_same_bytes_and_draws_them_again() {
    let (first, second) = (folder("bytes-1"), folder("bytes-2"));
    save(&two_groups(), &first).expect("it is saved");
    save(&two_groups(), &second).expect("it is saved");
    let before = files(&first);
    assert_eq!(before, files(&second));
    fs::remove_file(second.join("report.md")).expect("it is there");
    fs::write(second.join("charts/stale.svg"), "old").expect("writable");
    report::write(&saved::load(&second).expect("it is read"), &second).expect("it is drawn");
    assert_eq!(before.keys().collect::<Vec<_>>(), files(&second).keys().collect::<Vec<_>>());
    assert_eq!(before, files(&second));
}

#[test]
fn a_run_leaves_what_the_contract_says() {
    let dir = folder("contents");
    save(&outcome(&[("workers", false)]), &dir).expect("it is saved");
    let found = files(&dir);
    for name in [
        "result.json",
        "series.csv",
        "partitions.csv",
        "histograms/groups.workers.e2e_s.hgrm",
        "histograms/groups.workers.e2e_s.hlog",
        "scenario.yaml",
        "inputs/service.csv",
        "provenance.json",
        "report.html",
        "report.md",
        "charts/throughput.svg",
        "charts/lag.svg",
        "charts/lag-partitions-workers.svg",
        "charts/latency-percentiles.svg",
        "charts/latency-time.svg",
    ] {
        assert!(found.contains_key(Path::new(name)), "{name} is missing");
    }
    let text = |name: &str| String::from_utf8_lossy(&found[Path::new(name)]).into_owned();
    assert!(text("result.json").contains("\"offered\": 2500000,"), "whole numbers have no point");
    let series = text("series.csv");
    assert!(series.starts_with("start_s,end_s,offered_per_s,topics.events.appended_per_s,"), "{}", &series[..200]);
    assert!(series.contains("groups.workers.e2e_p99_s,groups.workers.e2e_max_s,groups.workers.lag.events-3,"));
    let hgrm = text("histograms/groups.workers.e2e_s.hgrm");
    assert!(hgrm.starts_with("       Value     Percentile TotalCount 1/(1-Percentile)\n\n"), "{hgrm}");
    assert!(hgrm.contains(" 1.000000000000     200000\n#[Mean    = "), "{hgrm}");
}

#[test]
fn a_folder_of_somebody_else_is_refused_and_stays() {
    let outcome = outcome(&[("workers", false)]);
    let dir = folder("refused");
    fs::create_dir_all(dir.join("thesis")).expect("creatable");
    fs::write(dir.join("result.json"), "{\"mine\": 1}").expect("writable");
    assert!(matches!(save(&outcome, &dir), Err(SaveError::NotOurs(_))));
    assert!(dir.join("thesis").is_dir());
    let file = folder("refused-file");
    fs::write(&file, "text").expect("writable");
    assert!(matches!(save(&outcome, &file), Err(SaveError::NotAFolder(_))));
    fs::remove_file(&file).expect("it is there");
    assert!(matches!(saved::check(Path::new("/")), Err(SaveError::Unnamed(_))));
    let missing = saved::load(&folder("missing")).expect_err("nothing is there");
    assert!(missing.to_string().ends_with("has no result.json; name a folder that `conga run` left"), "{missing}");
}

#[cfg(unix)]
#[test]
fn a_link_is_refused_and_what_it_points_to_stays() {
    let outcome = outcome(&[("workers", false)]);
    let (real, link) = (folder("linked"), folder("link"));
    let _ = fs::remove_file(&link);
    save(&outcome, &real).expect("it is saved");
    std::os::unix::fs::symlink(&real, &link).expect("linkable");
    assert!(matches!(save(&outcome, &link), Err(SaveError::Link(_))));
    assert!(real.join("result.json").is_file());
    fs::remove_file(&link).expect("it is there");
}

#[test]
fn a_failure_while_drawing_leaves_the_former_run_alone() {
    let outcome = outcome(&[("workers", false)]);
    let dir = folder("former");
    save(&outcome, &dir).expect("it is saved");
    let before = files(&dir);
    let fails = |_: &Outcome, _: &Path| Err(std::io::Error::other("disk full"));
    assert!(saved::save(&outcome, "", &[], &serde_json::Value::Null, &dir, fails).is_err());
    let outside = [("../evil".to_owned(), Arc::from(b"x".as_slice()))];
    let escaped = saved::save(&outcome, "", &outside, &serde_json::Value::Null, &dir, report::write);
    assert!(matches!(escaped, Err(SaveError::InputName(_))));
    assert_eq!(before, files(&dir));
    let left = fs::read_dir(dir.parent().expect("it has a parent")).expect("readable");
    let hidden =
        left.filter(|entry| entry.as_ref().is_ok_and(|e| e.file_name().to_string_lossy().starts_with(".conga-")));
    // Other tests write beside this one; nothing of theirs stays either, but it may be there right now.
    assert!(hidden.count() <= 8);
}

#[test]
fn names_stay_text_wherever_they_appear() {
    let dir = folder("names");
    save(&two_groups(), &dir).expect("it is saved");
    for (path, bytes) in files(&dir) {
        let kind = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_owned();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if ["html", "svg", "md"].contains(&kind.as_str()) {
            assert!(!text.contains("<script"), "{} holds a tag", path.display());
        }
    }
}

#[test]
fn the_page_needs_nothing_but_itself() {
    let dir = folder("sample");
    save(&two_groups(), &dir).expect("it is saved");
    let page = fs::read_to_string(dir.join("report.html")).expect("it is there");
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    for forbidden in ["<script", "<link rel=\"stylesheet", "src=", "url(", "@import"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    let addresses = page.matches("http").count() - page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count();
    assert_eq!(addresses, 0);
    let sample = folder("sample-calm");
    save(&outcome(&[("workers", false)]), &sample).expect("it is saved");
}

#[test]
fn the_summary_says_it_in_plain_words_and_fits() {
    let calm = report::text::summary(&outcome(&[("workers", false)]));
    insta::assert_snapshot!(calm);
    let busy = report::text::summary(&two_groups());
    for line in calm.lines().chain(busy.lines()) {
        assert!(line.chars().count() <= 100, "{line}");
    }
    insta::assert_snapshot!(busy);
}

#[test]
fn numbers_read_well() {
    let cases: [(fn(f64) -> String, &[(f64, &str)]); 5] = [
        (
            show::duration,
            &[
                (0.0, "0 s"),
                (3e-9, "3 ns"),
                (48e-6, "48 µs"),
                (0.012_43, "12.4 ms"),
                (0.999_4, "999 ms"),
                (0.999_7, "1 s"),
                (90.0, "90 s"),
                (750.0, "12 min 30 s"),
                (11_100.0, "3 h 5 min"),
                (86_400.0, "1 d"),
                (f64::NAN, "–"),
            ],
        ),
        (show::rate, &[(850.0, "850 /s"), (99_970.0, "99.97 k/s"), (1.25e6, "1.25 M/s"), (999_990.0, "1 M/s")]),
        (show::size, &[(100.0, "100 B"), (16_384.0, "16 KiB"), (1.5e9, "1.4 GiB")]),
        (show::count, &[(9.0, "9"), (9_876.0, "9,876"), (120_000.0, "120 k"), (1.25e6, "1.25 M"), (0.05, "0.05")]),
        (
            show::percent,
            &[
                (0.83, "83 %"),
                (0.004, "0.4 %"),
                (0.083, "8.3 %"),
                (0.996, "99.6 %"),
                (0.999_999, "99.99 %"),
                (1.0, "100 %"),
            ],
        ),
    ];
    for (show, examples) in cases {
        for (value, text) in examples {
            assert_eq!(show(*value), *text, "{value}");
        }
    }
}
