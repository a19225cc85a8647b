//! The report of a study: it says what `study.json` says, has the charts that can be drawn, and stays small.
use crate::cli::{conga, json};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Every file that a report is made of.
pub fn drawn(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |path: &Path| fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut files = BTreeMap::from([("report.html".to_owned(), read(&dir.join("report.html")))]);
    for entry in fs::read_dir(dir.join("charts")).expect("charts") {
        let path = entry.expect("an entry").path();
        files.insert(path.file_name().expect("a name").to_string_lossy().into_owned(), read(&path));
    }
    files
}

/// Names of the charts.
fn charts(dir: &Path) -> String {
    drawn(dir).into_keys().filter(|name| name != "report.html").collect::<Vec<_>>().join(" ")
}

fn html(dir: &Path) -> String {
    fs::read_to_string(dir.join("report.html")).expect("a page")
}

/// The titles of the cells of a drawing.
fn titles(svg: &str) -> Vec<&str> {
    svg.split("<title>").skip(1).filter_map(|rest| rest.split_once("</title></rect>").map(|(title, _)| title)).collect()
}

/// A study that nobody ran: points with values and what became of them.
fn made_up(dir: &Path, vary: &Value, design: &str, rows: &[Value]) {
    fs::create_dir_all(dir).expect("a folder");
    let study = json!({
        "conga": "1", "study": "0123456789abcdef", "scenario": {"name": "made-up", "sha256": "00"}, "design": design,
        "vary": vary, "points": rows.len(), "repetitions": 1, "seed": 1, "refused": 0, "runs": rows,
        "thresholds": [{"expression": "groups.g.e2e_s.p99 < 10ms", "path": "groups.g.e2e_s.p99", "bound": 0.01}],
    });
    fs::write(dir.join("study.json"), study.to_string()).expect("a file");
}

/// A run that has figures, or was refused.
fn row(point: usize, values: &Value, p99: Option<f64>) -> Value {
    let passed = p99.is_some_and(|p99| p99 < 0.01);
    let figures = p99.map_or_else(|| json!({}), |p99| json!({"groups.g.e2e_s.p99": p99, "groups.g.utilisation": 0.5}));
    let error = if p99.is_none() { json!("groups.g.members: no member; add one") } else { Value::Null };
    json!({
        "id": point, "point": point, "repetition": 0, "seed": 1, "values": values, "error": error, "passed": passed,
        "figures": figures,
    })
}

fn report(dir: &Path) -> String {
    let ran = conga(dir, &["report", "."]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    ran.out
}

#[test]
fn the_map_says_what_the_study_says_and_is_drawn_again_to_the_byte() {
    let folder = super::folder();
    let vary = ["--vary", "groups.workers.members=[0,1,2,3]", "--vary", "producers.edge.rate=[1k/s, 2k/s, 3k/s]"];
    let more = ["--set", "study.repetitions=2", "--set", "run.duration=1s", "--out", "out"];
    let ran = conga(folder.path(), &[&["study", "small.yaml"][..], &vary, &more].concat());
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert!(ran.out.ends_with("Report: out/report.html\n"), "{}", ran.out);
    let dir = folder.path().join("out");
    let study = json(&dir.join("study.json"));
    let mut said: BTreeMap<String, Vec<bool>> = BTreeMap::new();
    for run in study["runs"].as_array().expect("runs") {
        let value = |path: &str| format!("{path} = {}", run["values"][path].as_str().expect("a value"));
        let point = format!("{}, {}", value("groups.workers.members"), value("producers.edge.rate"));
        let passed = if run["error"].is_null() { vec![run["passed"] == true] } else { Vec::new() };
        said.entry(point).or_default().extend(passed);
    }
    let svg = fs::read_to_string(dir.join("charts/map-thresholds.svg")).expect("a map");
    let cells = titles(&svg);
    assert_eq!(cells.len(), 12);
    let (mut refused, mut passing) = (0, 0);
    for (point, passed) in &said {
        let cell =
            cells.iter().find(|cell| cell.starts_with(&format!("{point}: "))).unwrap_or_else(|| panic!("{point}"));
        let told = match (passed.iter().filter(|passed| **passed).count(), passed.len()) {
            (0, 0) => "refused: ".to_owned(),
            (0, _) => "fails; ".to_owned(),
            (n, all) if n == all => "passes; ".to_owned(),
            (n, all) => format!("passes in {n} of {all} runs; "),
        };
        assert!(cell[point.len() + 2..].starts_with(&told), "{cell}: {told}");
        refused += usize::from(passed.is_empty());
        passing += usize::from(told == "passes; ");
    }
    assert!(refused == 3 && passing > 0, "{refused} refused, {passing} pass");
    let page = html(&dir);
    let verdict = if passing == 1 { "passes" } else { "pass" };
    assert!(page.contains(&format!("{passing} of 12 points {verdict} the threshold</h2>")));
    assert!(page.contains("3 points were refused and never ran, which says nothing about passing"), "{page}");
    assert_eq!(page.matches("type=\"radio\"").count(), page.matches("<div class=\"pick\"").count());
    let before = drawn(&dir);
    fs::remove_file(dir.join("report.html")).expect("it is there");
    fs::write(dir.join("charts/stale.svg"), "old").expect("writable");
    assert!(report(&dir).contains("points pass"));
    assert!(drawn(&dir) == before, "the same bytes, and nothing stale");
}

#[test]
fn there_are_the_charts_that_can_be_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let members = |i: usize| json!({"groups.g.members": i.to_string()});
    // One dimension: lines; a point that was refused is no failure.
    let one = folder.path().join("one");
    let rows: Vec<Value> = (0..6).map(|i| row(i, &members(i), (i > 0).then(|| 0.03 / i as f64))).collect();
    made_up(&one, &json!({"groups.g.members": ["0", "1", "2", "3", "4", "5"]}), "grid", &rows);
    let said = report(&one);
    assert!(said.contains("2 of 6 points pass the threshold"), "{said}");
    assert_eq!(charts(&one), "line-groups.g.e2e_s.p99.svg", "utilisation is the same everywhere, nothing has a price");
    let svg = fs::read_to_string(one.join("charts/line-groups.g.e2e_s.p99.svg")).expect("a chart");
    assert_eq!(titles(&svg).iter().filter(|title| title.contains("refused: ")).count(), 1);
    assert_eq!(titles(&svg).iter().filter(|title| title.contains("fails")).count(), 3);
    assert!(html(&one).contains("The least that passes is groups.g.members = 4; so does everything beyond."));
    // Two dimensions, drawn: no grid, no map.
    let both =
        |i: usize| json!({"groups.g.members": (i % 7).to_string(), "producers.p.linger": format!("{}ms", i * 13 % 40)});
    let rows: Vec<Value> = (0..40).map(|i| row(i, &both(i), Some(0.03 / (i % 7 + 1) as f64))).collect();
    let vary = json!({"groups.g.members": "1..7", "producers.p.linger": "0ms..40ms"});
    let latin = folder.path().join("latin");
    made_up(&latin, &vary, "latin hypercube", &rows);
    report(&latin);
    assert_eq!(charts(&latin), "points.svg sensitivity.svg");
    assert!(html(&latin).contains("What matters most is groups.g.members: "), "linger does nothing here");
    // Nothing ran: a page that says so.
    let none = folder.path().join("none");
    let rows: Vec<Value> = (0..2).map(|i| row(i, &members(i), None)).collect();
    made_up(&none, &json!({"groups.g.members": ["0", "1"]}), "grid", &rows);
    let said = report(&none);
    assert!(said.contains("None of 2 points ran"), "{said}");
    assert_eq!(charts(&none), "");
}

#[test]
fn ten_thousand_points_and_long_words_still_make_a_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = "producers.p.message.json.a.path.that.nobody.wants.to.read.twice";
    let values = |i: usize| json!({path: (i / 100).to_string(), "groups.g.members": (i % 100).to_string()});
    let rows: Vec<Value> = (0..10_000)
        .map(|i| row(i, &values(i), (i % 100 > 0).then(|| (i / 100 + 1) as f64 / (i % 100).max(1) as f64 * 0.01)))
        .collect();
    let list: Vec<String> = (0..100).map(|i| i.to_string()).collect();
    let wide = folder.path().join("wide");
    made_up(&wide, &json!({path: list, "groups.g.members": list}), "grid", &rows);
    report(&wide);
    let page = html(&wide);
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    assert!(page.contains("The first 200 of 10 k points; runs.csv has every run of all of them"));
    assert!(page.contains("neighbours share a cell"));
    // Words that are no numbers, and want to be tags.
    let works = ["{\"exponential\":{\"mean\":\"1ms\"}}", "<b>bold</b>", "plain"];
    let values = |i: usize| json!({"groups.g.work": works[i % 3], "groups.g.members": (i / 3).to_string()});
    let rows: Vec<Value> = (0..9).map(|i| row(i, &values(i), Some(0.004 * (i + 1) as f64))).collect();
    let tags = folder.path().join("words");
    made_up(&tags, &json!({"groups.g.work": works, "groups.g.members": ["0", "1", "2"]}), "grid", &rows);
    report(&tags);
    for (name, bytes) in drawn(&tags) {
        assert!(!String::from_utf8_lossy(&bytes).contains("<b>"), "{name} holds a tag");
    }
}

#[test]
fn a_folder_without_a_study_of_this_version_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("study.json"), "{\"conga\": \"1\"}").expect("a file");
    let ran = conga(folder.path(), &["report", "."]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("study.json is not a study of this version: missing field"), "{}", ran.err);
    assert!(!folder.path().join("report.html").exists());
}
