//! The scenarios that come with conga: each runs, exits as it should, leaves the same bytes every time and again from
//! what it has left, and shows what its comment says.
use crate::cli::{conga, json};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Changes that make a scenario short enough to be run four times.
const SHORT: [(&str, &str); 2] = [("cg1", "run.duration=10s"), ("mm1", "run.duration=300s")];

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// Every scenario by its name.
fn all() -> BTreeMap<String, PathBuf> {
    let files = fs::read_dir(scenarios()).expect("a folder").map(|file| file.expect("a file").path());
    let yaml = files.filter(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    yaml.map(|file| (file.file_stem().expect("a name").to_string_lossy().into_owned(), file)).collect()
}

/// Runs a scenario into a folder, expects this exit code, and reads the result.
fn check(file: &Path, sets: &[&str], into: &Path, code: i32) -> Value {
    let (file, out) = (file.to_string_lossy(), into.to_string_lossy());
    let sets = sets.iter().flat_map(|set| ["--set", set]);
    let args: Vec<&str> = ["run", &file, "--out", &out, "--quiet"].into_iter().chain(sets).collect();
    let ran = conga(Path::new("."), &args);
    assert_eq!(ran.code, Some(code), "{file}\n{}\n{}", ran.out, ran.err);
    json(&into.join("result.json"))
}

/// Every file of a folder but the one that tells of the machine.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if !path.ends_with("provenance.json") {
                let name = path.strip_prefix(folder).expect("it lies inside").to_owned();
                found.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

fn same(one: &Path, other: &Path, what: &str) {
    let (one, other) = (contents(one), contents(other));
    assert!(one.len() > 10, "a folder with everything in it: {:?}", one.keys());
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>(), "{what}");
    for (name, bytes) in &one {
        assert!(*bytes == other[name], "{what}: {} differs", name.display());
    }
}

#[test]
fn the_same_bytes_every_time() {
    for (name, file) in all() {
        let folder = tempfile::tempdir().expect("a folder");
        let [first, second, third] = ["first", "second", "third"].map(|name| folder.path().join(name));
        let sets: Vec<&str> = SHORT.iter().filter(|(known, _)| *known == name).map(|&(_, set)| set).collect();
        check(&file, &sets, &first, 0);
        check(&file, &sets, &second, 0);
        same(&first, &second, &format!("{name} twice"));
        check(&first.join("scenario.yaml"), &[], &third, 0);
        same(&first, &third, &format!("{name} from what it has left"));
    }
}

/// A figure of a result by its path, such as `groups.workers.utilisation`.
fn figure(result: &Value, path: &str) -> f64 {
    let found = path.split('.').fold(result, |value, name| &value[name]);
    found.as_f64().unwrap_or_else(|| panic!("no figure at {path}: {found}"))
}

/// A scenario's result.
fn result(name: &str, sets: &[&str]) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    check(&all()[name], sets, &folder.path().join("out"), 0)
}

/// What each scenario is there to show: a figure lies between two values.
fn shows(result: &Value, path: &str, low: f64, high: f64) {
    let value = figure(result, path);
    assert!((low..=high).contains(&value), "{path} is {value}, not {low} to {high}");
}

#[test]
fn cg1_keeps_its_members_busy_four_fifths_of_the_time() {
    let result = result("cg1", &["run.duration=30s"]);
    shows(&result, "groups.workers.utilisation", 0.79, 0.81);
    shows(&result, "producers.edge.rate_per_s", 99_000.0, 101_000.0);
    shows(&result, "groups.workers.rate_per_s", 99_000.0, 101_000.0);
    shows(&result, "topics.events.hottest_share", 1.0 / 12.0, 0.09);
}

#[test]
fn mm1_takes_four_milliseconds() {
    let result = result("mm1", &["run.duration=6000s"]);
    shows(&result, "groups.server.e2e_s.mean", 0.98 * 0.004, 1.02 * 0.004);
    shows(&result, "groups.server.lag.mean", 0.98 * 4.0, 1.02 * 4.0);
    shows(&result, "groups.server.utilisation", 0.79, 0.81);
}

#[test]
fn hello_world_greets_a_thousand_times() {
    let result = result("hello-world", &[]);
    shows(&result, "groups.printers.processed", 1000.0, 1000.0);
    shows(&result, "groups.printers.e2e_s.max", 0.001, 0.1);
}

#[test]
fn the_quickstart_has_bursts_and_drains_and_holds_with_a_margin() {
    let result = result("quickstart", &[]);
    shows(&result, "groups.inference.processed", 19_366.0, 19_366.0);
    shows(&result, "groups.inference.backlog", 0.0, 0.0);
    // Lag counts what is being worked on, too: about thirty answers of 36 at a time. Bursts are in what waits.
    let of = |name: &str| figure(&result, &format!("groups.inference.{name}"));
    let waiting = [of("lag.max") - 36.0, of("lag.mean") - 36.0 * of("utilisation")];
    assert!(waiting[0] >= 3.0 * waiting[1], "bursts: {waiting:?} wait at most and on average");
    shows(&result, "groups.inference.time_to_drain_s", 0.0, 60.0);
    for threshold in result["thresholds"].as_array().expect("thresholds") {
        let expression = threshold["expression"].as_str().expect("text");
        let Some((_, bound)) = expression.split_once(" < ") else { continue };
        let bound: f64 = bound.trim_end_matches('s').parse().expect("seconds or records");
        let value = threshold["value"].as_f64().expect("a value");
        assert!(value < 0.99 * bound, "{expression} holds with a margin: {value}");
    }
}

#[test]
fn one_change_breaks_the_quickstart() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = fs::read_to_string(&all()["quickstart"]).expect("a scenario");
    let kept: Vec<&str> = text.lines().filter(|line| line.trim() != "partitioner: round-robin").collect();
    assert_eq!(kept.len() + 1, text.lines().count(), "the comment names a line that is there");
    fs::create_dir(folder.path().join("data")).expect("a folder");
    let data = Path::new("data/azure-llm-conv-2023.csv");
    fs::copy(scenarios().join(data), folder.path().join(data)).expect("a copy");
    let changed = folder.path().join("quickstart.yaml");
    fs::write(&changed, kept.join("\n")).expect("a file");
    check(&changed, &[], &folder.path().join("changed"), 99);
    for set in ["groups.inference.members=5", "groups.inference.work.per_unit.each=29ms"] {
        check(&all()["quickstart"], &[set], &folder.path().join("out"), 99);
    }
}
