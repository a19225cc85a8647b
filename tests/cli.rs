//! The command line as scripts see it: exit codes, what goes where, what is left behind.
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const CONGA: &str = env!("CARGO_BIN_EXE_conga");

/// A second of messages through a group that keeps up, or not: that is for `--set` to say.
const SMALL: &str = "
topics: {events: {partitions: 2}}
producers:
  edge: {topic: events, arrivals: {poisson: {rate: 500/s}}}
groups:
  workers: {topics: [events], members: 2, work: {exponential: {mean: 1ms}}}
run: {duration: 1s, drain: 1s, seed: 5}
thresholds: [groups.workers.backlog == 0]
";

/// What a command did.
pub struct Ran {
    /// Its exit code; nothing if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// Runs the command in a folder.
pub fn conga(folder: &Path, args: &[&str]) -> Ran {
    Command::new(CONGA).args(args).current_dir(folder).output().expect("the command starts").into()
}

/// A file a run has left, as JSON.
pub fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

/// A folder with the small scenario in it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("small.yaml"), SMALL).expect("a file");
    folder
}

/// Runs the small scenario with further arguments and expects this exit code.
fn check(args: &[&str], code: i32) -> (tempfile::TempDir, Ran) {
    let folder = folder();
    let ran = conga(folder.path(), &[&["run", "small.yaml", "--out", "out"], args].concat());
    assert_eq!(ran.code, Some(code), "{args:?}\n{}\n{}", ran.out, ran.err);
    (folder, ran)
}

fn result(folder: &tempfile::TempDir) -> Value {
    json(&folder.path().join("out/result.json"))
}

#[test]
fn a_good_run_exits_with_0_and_leaves_everything() {
    let (folder, ran) = check(&[], 0);
    for file in ["result.json", "series.csv", "partitions.csv", "report.html", "scenario.yaml", "provenance.json"] {
        assert!(folder.path().join("out").join(file).is_file(), "{file}");
    }
    assert!(ran.out.contains("Report: out/report.html"), "{}", ran.out);
}

#[test]
fn without_out_the_report_is_named_after_the_scenario() {
    let folder = folder();
    assert_eq!(conga(folder.path(), &["run", "small.yaml"]).code, Some(0));
    assert!(folder.path().join("reports/small/result.json").is_file());
}

#[test]
fn a_broken_threshold_exits_with_99() {
    let (folder, _) = check(&["--set", "groups.workers.work=20ms"], 99);
    let result = result(&folder);
    assert_eq!((&result["passed"], &result["thresholds"][0]["passed"]), (&Value::Bool(false), &Value::Bool(false)));
    assert_eq!(result["partial"], Value::Bool(false));
}

#[test]
fn bad_scenarios_and_command_lines_exit_with_2_and_leave_nothing() {
    let bad: [&[&str]; 5] = [
        &["--set", "groups.workers.members=none"],
        &["--set", "groups.workers.topics=[nowhere]"],
        &["--set", "run.duration=1s", "--set", "run.warmup=2s"],
        &["--speed", "3"],
        &["--engine", "steam"],
    ];
    for args in bad {
        let (folder, ran) = check(args, 2);
        assert!(ran.out.is_empty() && !ran.err.is_empty(), "problems go to standard error: {}", ran.out);
        assert!(!folder.path().join("out").exists(), "{args:?}");
    }
    let folder = folder();
    assert_eq!(conga(folder.path(), &["run", "nowhere.yaml"]).code, Some(2));
    assert_eq!(conga(folder.path(), &["run"]).code, Some(2));
}

#[test]
fn quiet_silences_standard_error_and_nothing_else() {
    let overloaded = ["--set", "groups.workers.work=20ms"];
    let (_, loud) = check(&overloaded, 99);
    let (_, quiet) = check(&[&overloaded[..], &["--quiet"]].concat(), 99);
    assert!(loud.err.contains("lag will grow"), "warnings go to standard error: {}", loud.err);
    assert_eq!(quiet.err, "");
    assert_eq!(quiet.out, loud.out);
    assert!(quiet.out.contains("groups.workers.backlog"), "the summary goes to standard output: {}", quiet.out);
}

#[test]
fn set_changes_a_value_and_seed_the_luck() {
    let offered = |folder: &tempfile::TempDir| result(folder)["producers"]["edge"]["offered"].as_f64();
    let (plain, _) = check(&[], 0);
    let (same, _) = check(&["--seed", "5"], 0);
    let (other, _) = check(&["--seed", "6"], 0);
    let (fewer, _) = check(&["--set", "producers.edge.messages=17", "--set", "groups.workers.members=1"], 0);
    assert_eq!(result(&plain), result(&same));
    assert_eq!(result(&other)["seed"], 6);
    assert_ne!(offered(&plain), offered(&other));
    assert_eq!((offered(&fewer), &result(&fewer)["groups"]["workers"]["members"]), (Some(17.0), &Value::from(1)));
    let left = std::fs::read_to_string(fewer.path().join("out/scenario.yaml")).expect("a scenario");
    assert!(left.contains("messages: 17"), "what was set is written down:\n{left}");
}

#[test]
fn repetitions_have_seeds_in_a_row_and_give_intervals() {
    let (folder, _) = check(&["--set", "run.repetitions=4"], 0);
    let result = result(&folder);
    assert_eq!(result["repetitions"], serde_json::json!({ "count": 4, "seeds": [5, 6, 7, 8] }));
    let mean = &result["groups"]["workers"]["e2e_s"]["mean"];
    let [low, value, high] = ["low", "value", "high"].map(|name| mean[name].as_f64().expect("a number"));
    assert!(0.0 < low && low < value && value < high, "{mean}");
    let alone: Vec<f64> = ["5", "6", "7", "8"].iter().map(|seed| mean_of(seed)).collect();
    let of_all = alone.iter().sum::<f64>() / 4.0;
    assert!((of_all / value - 1.0).abs() < 1e-9, "{alone:?} and their mean {value}");
}

fn mean_of(seed: &str) -> f64 {
    let (folder, _) = check(&["--seed", seed], 0);
    result(&folder)["groups"]["workers"]["e2e_s"]["mean"].as_f64().expect("a number")
}

#[test]
fn a_folder_of_somebody_else_is_left_alone() {
    let folder = folder();
    let mine = folder.path().join("mine");
    std::fs::create_dir(&mine).expect("a folder");
    std::fs::write(mine.join("diary.txt"), "dear diary").expect("a file");
    let ran = conga(folder.path(), &["run", "small.yaml", "--out", "mine"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("mine") && ran.out.is_empty(), "{}", ran.err);
    let files: Vec<_> =
        std::fs::read_dir(&mine).expect("a folder").map(|file| file.expect("a file").file_name()).collect();
    assert_eq!(files, ["diary.txt"]);
}

#[test]
fn a_former_result_is_replaced_whole() {
    let folder = folder();
    let run = |more: &[&str]| conga(folder.path(), &[&["run", "small.yaml", "--out", "out"], more].concat()).code;
    assert_eq!(run(&[]), Some(0));
    assert_eq!(run(&["--seed", "9"]), Some(0));
    assert_eq!(result(&folder)["seed"], 9);
}

/// Whether a process catches interrupts by now.
#[cfg(target_os = "linux")]
pub fn catches_interrupts(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or_default();
    u64::from_str_radix(caught.trim(), 16).is_ok_and(|signals| signals & 0b10 != 0)
}

#[cfg(target_os = "linux")]
#[test]
#[expect(clippy::disallowed_methods, reason = "a process of its own is interrupted while it works")]
fn an_interrupted_run_reports_what_it_has_and_exits_with_1() {
    let folder = folder();
    let args = ["run", "small.yaml", "--out", "out", "--set", "run.duration=10000000s"];
    let mut command = Command::new(CONGA);
    command.args(args).current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let process = command.spawn().expect("the command starts");
    while !catches_interrupts(process.id()) {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    let interrupt = Command::new("kill").args(["-INT", &process.id().to_string()]).status();
    assert!(interrupt.expect("kill").success());
    let ran = Ran::from(process.wait_with_output().expect("it ends"));
    assert_eq!(ran.code, Some(1), "{}\n{}", ran.out, ran.err);
    let result = result(&folder);
    assert_eq!((&result["partial"], &result["broken_laws"]), (&Value::Bool(true), &serde_json::json!([])));
    assert!(folder.path().join("out/report.html").is_file() && ran.out.contains("Report:"));
}

#[test]
fn codecs_are_measured_on_the_messages_of_the_scenario() {
    let folder = folder();
    let set = ["--set", "producers.edge.message={generator: flows}"];
    let ran = conga(folder.path(), &[&["codecs", "small.yaml", "--out", "charts"][..], &set].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let rows: Vec<Vec<&str>> = ran.out.lines().map(|line| line.split_whitespace().collect()).collect();
    let mut smaller = std::collections::BTreeMap::new();
    for codec in ["gzip", "snappy", "lz4", "zstd"] {
        let of_codec: Vec<_> = rows.iter().filter(|row| row.first() == Some(&codec)).collect();
        let records: Vec<u32> = of_codec.iter().map(|row| row[1].parse().expect("a number")).collect();
        assert!([1, 10, 100, 1000].iter().all(|n| records.contains(n)) && records.is_sorted(), "{codec}: {records:?}");
        let times: Vec<f64> =
            of_codec.iter().map(|row| row[3].trim_end_matches('×').parse().expect("a number")).collect();
        assert!(times.is_sorted() && times[4] > 2.0, "{codec}: {times:?}");
        let full: Vec<_> = of_codec.iter().filter(|row| row.ends_with(&["fills", "a", "batch"])).collect();
        assert_eq!(full.len(), 1, "{codec}:\n{}", ran.out);
        let fits: f64 = full[0][1].parse().expect("a number");
        let ratio: f64 = full[0][2].parse().expect("a number");
        assert!(
            (fits * 390.0 * ratio / 16_384.0 - 0.95).abs() < 0.1,
            "{codec}: {fits} records at {ratio} fill a batch"
        );
        for row in of_codec {
            let speeds = [4, 6].map(|i| row[i].parse::<f64>().expect("a speed"));
            assert!(speeds.iter().all(|speed| *speed > 0.0) && row[5] == "MB/s" && row[7] == "MB/s", "{row:?}");
        }
        smaller.insert(codec, times[3]);
    }
    assert!(smaller["gzip"] > smaller["lz4"] && smaller["zstd"] > smaller["snappy"], "{smaller:?}");
    assert!(ran.out.contains("by the wall clock"), "a measurement says so: {}", ran.out);
    let chart = std::fs::read_to_string(folder.path().join("charts/codecs-edge.svg")).expect("a chart");
    assert!(["zstd", "times smaller", "records in a batch"].iter().all(|text| chart.contains(text)));
    let other = conga(folder.path(), &["codecs", "small.yaml"]);
    assert_ne!(other.out.lines().nth(4), ran.out.lines().nth(2), "--set counts");
    assert!(other.out.contains("plain English") && !ran.out.contains("plain English"), "{}", other.out);
    assert_eq!(conga(folder.path(), &["codecs", "nowhere.yaml"]).code, Some(2));
}

#[test]
fn fit_prints_a_distribution_to_paste() {
    let folder = folder();
    // Quantiles of an exponential with a mean of two milliseconds.
    let quantiles: Vec<f64> = (0..2_000).map(|i| -2.0 * (1.0 - (f64::from(i) + 0.5) / 2_000.0).ln()).collect();
    let write = |file: &str, text: String| std::fs::write(folder.path().join(file), text).expect("a file");
    let rows = |row: &mut dyn FnMut(f64) -> String| quantiles.iter().map(|&ms| row(ms)).collect::<Vec<_>>().join("\n");
    write("plain.csv", rows(&mut |ms| format!("{ms:.6}ms")));
    write("named.csv", format!("n,took\n{}", rows(&mut |ms| format!("1,{ms:.6}ms"))));
    let mut at = 1e9;
    let instants = rows(&mut |ms| {
        at += ms / 1e3;
        format!("{at:.7}")
    });
    write("instants.csv", instants);
    let fit = |args: &[&str]| conga(folder.path(), &[&["fit"], args].concat());
    for args in [&["plain.csv", "--out", "charts"][..], &["named.csv", "--column", "took"]] {
        let ran = fit(args);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let pasted = ran.out.lines().find_map(|line| line.trim().strip_prefix("work: ")).expect("YAML to paste");
        assert!(ran.out.contains("{exponential: {mean: 1.99") && ran.out.contains("AIC"), "{}", ran.out);
        let set = format!("groups.workers.work={pasted}");
        assert_eq!(conga(folder.path(), &["check", "small.yaml", "--set", &set]).code, Some(0), "{set}");
    }
    let chart = std::fs::read_to_string(folder.path().join("charts/fit.svg")).expect("a chart");
    assert!(chart.contains("data") && chart.contains("share of values"));
    let arrivals = fit(&["instants.csv", "--arrivals"]);
    assert_eq!(arrivals.code, Some(0), "{}", arrivals.err);
    let pasted = arrivals.out.lines().find_map(|line| line.trim().strip_prefix("arrivals: ")).expect("YAML to paste");
    assert!(pasted.starts_with("{poisson: {rate: 499.8") && !arrivals.out.contains("work:"), "{}", arrivals.out);
    let set = format!("producers.edge.arrivals={pasted}");
    assert_eq!(conga(folder.path(), &["check", "small.yaml", "--set", &set]).code, Some(0), "{set}");
    write("bad.csv", "1ms\nsoon\n".to_owned());
    let wrong = [
        (&["bad.csv"][..], "line 2"),
        (&["nowhere.csv"], "cannot be read"),
        (&["named.csv", "--column", "take"], "`took`"),
        (&["plain.csv", "--arrivals"], "is not a time"),
    ];
    for (args, said) in wrong {
        let ran = fit(args);
        assert!(ran.code == Some(2) && ran.err.contains(said) && ran.out.is_empty(), "{args:?}: {}", ran.err);
    }
}
