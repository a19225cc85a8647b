//! What a run leaves, written and read again, and the report drawn from it.
//!
//! The outcomes are made up. What the tests leave in `target/tmp/report` is there to be looked at.
mod found;
mod made_up;

use base64::Engine;
use conga::outcome::result::*;
use conga::outcome::saved::{self, SaveError};
use conga::report;
use conga::units::show;
use hdrhistogram::Histogram;
use made_up::SCRIPT;
pub use made_up::outcome;
use sha2::Digest;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

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
    assert_eq!(before.members, after.members);
    assert_eq!(before.batches, after.batches);
    assert_eq!(before.heat, after.heat);
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
        "members.csv",
        "batches.csv",
        "latency_heat.csv",
        "charts/stages.svg",
        "charts/partition-shares-events.svg",
        "charts/partition-lags-workers.svg",
        "charts/latency-map-workers.svg",
        "charts/members.svg",
        "charts/brokers.svg",
        "charts/batches.svg",
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
            // The page has one script, which is ours.
            let ours = usize::from(kind == "html");
            assert_eq!(text.matches("<script").count(), ours, "{} holds a tag", path.display());
        }
    }
}

#[test]
fn the_page_needs_nothing_but_itself() {
    let dir = folder("sample");
    save(&two_groups(), &dir).expect("it is saved");
    let page = fs::read_to_string(dir.join("report.html")).expect("it is there");
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    for forbidden in ["<script ", "<link rel=\"stylesheet", "src=", "url(", "@import"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    let addresses = page.matches("://").count() - page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count();
    assert_eq!(addresses, 0);
    let (_, script) = page.split_once("<script>").expect("there is one");
    let (script, _) = script.split_once("</script>").expect("it ends");
    let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(script));
    let policy = format!("default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'");
    assert!(page.contains(&policy), "nothing is fetched, and no other script runs");
    let sample = folder("sample-calm");
    save(&outcome(&[("workers", false)]), &sample).expect("it is saved");
}

#[test]
fn many_groups_and_long_runs_stay_small() {
    let names: Vec<String> = (0..12).map(|i| format!("group-{i}")).collect();
    let groups: Vec<(&str, bool)> = names.iter().map(|name| (name.as_str(), false)).collect();
    let mut big = outcome(&groups);
    let once = big.series.clone();
    for round in 1..4 {
        big.series.extend(once.iter().cloned().map(|mut row| {
            row.interval.start_s += f64::from(round) * 250.0;
            row.interval.end_s += f64::from(round) * 250.0;
            row
        }));
    }
    let dir = folder("sample-big");
    save(&big, &dir).expect("it is saved");
    let page = fs::read_to_string(dir.join("report.html")).expect("it is there");
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert!(page.contains("Shown: the 4 of 12 groups with the most lag."));
    let charts = files(&dir.join("charts"));
    let is_drawing = |path: &&PathBuf| path.extension().is_some_and(|of| of == "svg");
    assert_eq!(charts.keys().filter(is_drawing).count(), 10 + 3 * 12, "three for each group");
    assert_eq!(saved::load(&dir).expect("it is read").series, big.series);
}

/// Width and height of a PNG, and whether more than one pixel in 200 is drawn upon.
fn picture(bytes: &[u8]) -> (u32, u32, bool) {
    let pixmap = resvg::tiny_skia::Pixmap::decode_png(bytes).expect("it is a PNG");
    let pixels = pixmap.pixels();
    let strange = pixels.iter().filter(|pixel| **pixel != pixels[0]).count();
    (pixmap.width(), pixmap.height(), strange > pixels.len() / 200)
}

#[test]
fn every_chart_is_a_picture_as_well() {
    let dir = folder("pictures");
    save(&two_groups(), &dir).expect("it is saved");
    let alone = files(&dir.join("charts"));
    assert!(alone.keys().all(|path| path.extension().is_some_and(|of| of == "svg")), "only where asked for");
    let ran = Command::new(env!("CARGO_BIN_EXE_conga")).arg("report").arg(&dir).arg("--png").output();
    assert!(ran.expect("it starts").status.success());
    let found = files(&dir.join("charts"));
    assert_eq!(found.len(), 2 * alone.len(), "one for each");
    for (path, svg) in found.iter().filter(|(path, _)| path.extension().is_some_and(|ending| ending == "svg")) {
        let text = String::from_utf8_lossy(svg);
        let (width, height, drawn) = picture(&found[&path.with_extension("png")]);
        let natural = format!("<svg width=\"{width}\" height=\"{height}\"");
        assert!(text.starts_with(&natural), "{} is {width} × {height}: {}", path.display(), &text[..60]);
        assert!(drawn, "{} is empty", path.display());
    }
}

#[test]
fn charts_tell_a_pointer_their_values_and_a_table_tells_them_to_all() {
    let dir = folder("values");
    save(&two_groups(), &dir).expect("it is saved");
    let page = fs::read_to_string(dir.join("report.html")).expect("it is there");
    for title in [
        "<title>being written and replicated: 700 µs (9.5 %)</title>",
        "<title>events-3: 31 %</title>",
        "<title>member 3: 99.8 %, 3 partitions, 698.6 k records</title>",
        "<title>48 to 55 records: 38 % of 31.48 k batches</title>",
    ] {
        assert!(page.contains(title), "{title} is missing");
    }
    let figures = page.matches("<figure").count();
    assert_eq!(page.matches("data-plot=").count(), 2 * figures, "wide and narrow");
    assert_eq!(page.matches("<details><summary>Figures</summary>\n<div class=\"scroll\" tabindex").count(), figures);
    let axis = "&quot;x&quot;:[0.0,250.0,&quot;linear&quot;,&quot;s&quot;]";
    assert!(page.contains(axis), "a script can tell the time of a place");
}

#[test]
fn many_partitions_and_members_stay_small() {
    let mut big = outcome(&[("workers", false)]);
    let row = big.partitions[0].clone();
    big.result.topics[0].1.partitions = 1_200;
    big.partitions = (0..1_200)
        .map(|partition| PartitionRow { partition, share: f64::from(partition % 7) / 3_600.0, ..row.clone() })
        .collect();
    let member = big.members[0].clone();
    big.members = (0..600).map(|number| MemberRow { member: number, ..member.clone() }).collect();
    let dir = folder("sample-partitions");
    save(&big, &dir).expect("it is saved");
    let page = fs::read_to_string(dir.join("report.html")).expect("it is there");
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert!(page.contains("The table holds the first 20."));
}

#[test]
fn a_run_in_which_nothing_happened_still_has_a_report() {
    let mut nothing = outcome(&[("workers", false)]);
    nothing.series.clear();
    nothing.partitions.clear();
    nothing.histograms = BTreeMap::from([("groups.workers.e2e_s".to_owned(), Histogram::new(3).expect("allowed"))]);
    nothing.worst_partitions = vec![Vec::new()];
    nothing.result.thresholds.clear();
    nothing.result.warnings.clear();
    let dir = folder("nothing");
    save(&nothing, &dir).expect("it is saved");
    assert_eq!(saved::load(&dir).expect("it is read").histograms, nothing.histograms);
    let summary = report::text::summary(&nothing);
    assert!(
        summary.starts_with("peak-hour: Passed\n  Group workers kept up: it processed 10 k/s at 80 %"),
        "{summary}"
    );
}

#[test]
fn the_gravest_news_comes_first() {
    type Change = fn(&mut RunResult);
    let cases: [(&str, Change); 7] = [
        ("Passed", |_| ()),
        ("Passed (uncalibrated costs)", |result| result.warnings.push("uncalibrated costs".to_owned())),
        ("Overloaded", |result| result.producers[0].1.unsent = 500_000.0),
        ("Threshold failed", |result| result.thresholds[1].passed = false),
        ("Partial", |result| (result.partial, result.thresholds[1].passed) = (true, false)),
        ("Invalid", |result| (result.partial, result.validity.verdict) = (true, "invalid".to_owned())),
        ("Law broken", |result| result.broken_laws.push("a record was lost".to_owned())),
    ];
    for (headline, change) in cases {
        let mut outcome = outcome(&[("workers", false)]);
        outcome.result.warnings.clear();
        change(&mut outcome.result);
        let summary = report::text::summary(&outcome);
        assert_eq!(summary.lines().next(), Some(format!("peak-hour: {headline}").as_str()));
    }
}

#[test]
fn repetitions_show_their_intervals() {
    let mut repeated = outcome(&[("workers", false)]);
    repeated.result.repetitions = Repetitions { count: 5, seeds: (1..=5).collect() };
    let interval = |value, low, high| Interval { value: Some(value), low: Some(low), high: Some(high) };
    let rate = interval(10_002.7, 9_990.0, 10_011.0);
    repeated.result.intervals.push(("groups.workers.rate_per_s".to_owned(), rate));
    repeated.result.groups[0].1.e2e_s.p99 = Figure::Interval(interval(0.0273, 0.026, 0.028));
    let dir = folder("sample-repeated");
    save(&repeated, &dir).expect("it is saved");
    let summary = report::text::summary(&saved::load(&dir).expect("it is read"));
    let line = "  95 % intervals of workers: Processed 9.99 k/s to 10.01 k/s; Latency p99 26 ms to 28 ms";
    assert!(summary.lines().any(|found| found == line), "{summary}");
    let page = fs::read_to_string(dir.join("report.html")).expect("it is there");
    assert!(page.contains("95 %: 26 ms to 28 ms"));
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
    type Case = (fn(f64) -> String, &'static [(f64, &'static str)]);
    let cases: [Case; 5] = [
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
