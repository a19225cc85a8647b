//! A worker says what the study itself would have said, whatever it is handed.
use super::{CONGA, folder, left};
use crate::cli::{Ran, conga};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a worker answers to this input.
fn worker(folder: &Path, input: &str) -> Ran {
    let mut command = Command::new(CONGA);
    command.arg("worker").current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("the command starts");
    let mut stdin = process.stdin.take().expect("its input");
    let input = input.to_owned();
    let writing = std::thread::Builder::new().spawn(move || stdin.write_all(input.as_bytes())).expect("a thread");
    let ran = Ran::from(process.wait_with_output().expect("it ends"));
    writing.join().expect("the thread ends").expect("it reads everything");
    ran
}

/// Lines of a journal by the number of their run, without their checksums.
fn kept(dir: &Path) -> BTreeMap<u64, String> {
    let text = fs::read_to_string(dir.join("journal.jsonl")).expect("a journal");
    let lines = text.lines().skip(1).map(|line| line[9..].to_owned());
    lines.map(|line| (id(&line).expect("a number"), line)).collect()
}

fn id(line: &str) -> Option<u64> {
    serde_json::from_str::<serde_json::Value>(line).expect("JSON")["id"].as_u64()
}

fn check(folder: &Path, args: &[&str]) {
    let study = |more: &[&str]| conga(folder, &[args, more].concat());
    assert_eq!(study(&["--out", "local"]).code, Some(0));
    let points = study(&["--out", "far", "--print-points"]);
    assert_eq!(points.code, Some(0), "{}", points.err);
    // Handed out backwards, some twice, some with a tab at their end.
    let lines: Vec<&str> = points.out.lines().rev().collect();
    let input = format!("{}\n\n{}\t\n", lines.join("\t\n"), lines[0]);
    let ran = worker(folder, &input);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let local = kept(&folder.join("local"));
    let answers: Vec<&str> = ran.out.lines().collect();
    assert_eq!(answers.len(), local.len() + 1);
    for answer in &answers {
        assert_eq!(local.get(&id(answer).expect("a number")).map(String::as_str), Some(*answer));
    }
    fs::write(folder.join("answers.jsonl"), &ran.out).expect("a file");
    let collected = study(&["--out", "far", "--collect", "answers.jsonl"]);
    assert_eq!(collected.code, Some(0), "{}", collected.err);
    assert!(left(&folder.join("far")) == left(&folder.join("local")), "the same bytes");
}

#[test]
fn workers_answer_what_the_study_would_have_kept() {
    let folder = folder();
    check(
        folder.path(),
        &["study", "small.yaml", "--vary", "groups.workers.members=0..3", "--set", "study.repetitions=2"],
    );
}

#[test]
fn answers_are_taken_over_before_what_is_missing_is_printed() {
    let folder = folder();
    let study = |more: &[&str]| {
        let args = ["study", "small.yaml", "--vary", "groups.workers.members=1..5", "--out", "out"];
        let ran = conga(folder.path(), &[&args[..], more].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        ran.out
    };
    let points = study(&["--print-points"]);
    let some: Vec<&str> = points.lines().skip(1).step_by(2).collect();
    fs::write(folder.path().join("some.jsonl"), worker(folder.path(), &some.join("\n")).out).expect("a file");
    let rest = study(&["--collect", "some.jsonl", "--print-points"]);
    assert_eq!(rest.lines().map(id).collect::<Vec<_>>(), [Some(0), Some(2), Some(4)]);
    let done: Vec<u64> = kept(&folder.path().join("out")).into_keys().collect();
    assert_eq!(done, [1, 3], "what was answered is in the journal, and nothing was run here");
    assert!(!folder.path().join("out/study.json").exists());
    assert_eq!(study(&["--print-points"]), rest);
    // Whoever was ended amid a line has said nothing of that run.
    let answers = worker(folder.path(), &rest).out;
    fs::write(folder.path().join("torn.jsonl"), &answers[..answers.len() - 9]).expect("a file");
    let left = study(&["--collect", "torn.jsonl", "--print-points"]);
    assert_eq!(left.lines().map(id).collect::<Vec<_>>(), [Some(4)]);
    // What is not finished cannot be drawn, and says so.
    let drawn = conga(folder.path(), &["report", "out"]);
    assert_eq!(drawn.code, Some(2));
    assert!(drawn.err.contains("an unfinished study; repeat its command"), "{}", drawn.err);
}

#[test]
fn scenarios_with_files_travel_by_name() {
    let folder = folder();
    for (name, value) in [("a.csv", "1ms\n2ms\n"), ("b.csv", "3ms\n")] {
        fs::write(folder.path().join(name), value).expect("a file");
    }
    let work = "groups.workers.work={empirical: {file: a.csv}}";
    check(folder.path(), &["study", "small.yaml", "--vary", "groups.workers.members=[4,6]", "--set", work]);
}

#[test]
fn bad_points_are_answered_and_do_not_end_the_work() {
    let folder = folder();
    let good = conga(
        folder.path(),
        &["study", "small.yaml", "--vary", "groups.workers.members=[2]", "--print-points", "--out", "out"],
    );
    let good = good.out.trim();
    let bad = [
        ("nonsense", "null", "is no point"),
        ("{\"id\":7}", "7", "has no `values`"),
        (
            "{\"id\":8,\"point\":0,\"repetition\":0,\"seed\":1,\"values\":{}}",
            "8",
            "has no `scenario`, or `file` with its `sha256`",
        ),
        (
            "{\"id\":9,\"point\":0,\"repetition\":0,\"seed\":1,\"values\":{},\"scenario\":\"a: 1\"}",
            "9",
            "has no `study`",
        ),
        (
            "{\"id\":9,\"study\":\"s\",\"point\":0,\"repetition\":0,\"seed\":1,\"values\":{},\"scenario\":\"a: 1\"}",
            "9",
            "unknown key `a`",
        ),
    ];
    for (line, id, said) in bad {
        let ran = worker(folder.path(), &format!("{line}\n{good}\n"));
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let answers: Vec<&str> = ran.out.lines().collect();
        assert_eq!(answers.len(), 2, "{line}");
        assert!(
            answers[0].starts_with(&format!("{{\"id\":{id},\"error\":")) && answers[0].contains(said),
            "{}",
            ran.out
        );
        assert!(answers[1].contains("\"error\":null"), "{}", answers[1]);
    }
}

#[test]
fn only_answers_of_this_study_are_collected() {
    let folder = folder();
    let study = |values: &str, more: &[&str]| {
        let vary = format!("groups.workers.members={values}");
        conga(folder.path(), &[&["study", "small.yaml", "--vary", &vary][..], more].concat())
    };
    let points = study("[2,3]", &["--print-points", "--out", "other"]).out;
    fs::write(folder.path().join("answers.jsonl"), worker(folder.path(), &points).out).expect("a file");
    fs::write(folder.path().join("noise.jsonl"), "hello\n").expect("a file");
    for (values, more, file, said) in [
        ("[2,4]", "run.duration=2s", "answers.jsonl", "line 1: is of another study"),
        // The same values of another scenario.
        ("[2,3]", "run.duration=3s", "answers.jsonl", "line 1: is of another study"),
        ("[2,4]", "run.duration=2s", "noise.jsonl", "line 1: is no answer"),
    ] {
        let ran = study(values, &["--set", more, "--out", more, "--collect", file]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{values} {more} {file}");
        assert!(ran.err.contains(said), "{}", ran.err);
    }
}

#[test]
fn a_worker_that_goes_on_for_long_runs_what_a_point_was_printed_for() {
    let folder = folder();
    fs::write(folder.path().join("a.csv"), "1ms\n2ms\n").expect("a file");
    let work = "groups.workers.work={empirical: {file: a.csv}}";
    let print = |seed: &str| {
        let _ = fs::remove_dir_all(folder.path().join("out"));
        let args = ["--vary", "groups.workers.members=[4]", "--set", work, "--out", "out", "--print-points"];
        conga(folder.path(), &[&["study", "small.yaml", "--seed", seed][..], &args].concat()).out
    };
    let old = print("5");
    fs::write(folder.path().join("a.csv"), "3ms\n").expect("a file");
    // The same file name, the same seed and values: only the input differs.
    let new = print("5");
    assert_ne!(old, new);
    let mut process = Command::new(CONGA);
    process.arg("worker").current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = process.spawn().expect("the command starts");
    let (mut stdin, stdout) = (process.stdin.take().expect("its input"), process.stdout.take().expect("its output"));
    let mut answers = std::io::BufRead::lines(std::io::BufReader::new(stdout));
    let mut ask = |line: &str| {
        stdin.write_all(line.as_bytes()).expect("it listens");
        answers.next().expect("an answer").expect("text")
    };
    let gone = ask(&old);
    assert!(gone.contains("is no longer the scenario of this point; print the points again"), "{gone}");
    let mean = |answer: &str| {
        let row: serde_json::Value = serde_json::from_str(answer).expect("JSON");
        row["figures"]["groups.workers.work_s.mean"].as_f64().unwrap_or_else(|| panic!("{answer}"))
    };
    assert!((mean(&ask(&new)) / 0.003 - 1.0).abs() < 0.01);
    // And the file changes under a worker that has read it.
    fs::write(folder.path().join("a.csv"), "6ms\n").expect("a file");
    let newest = print("5");
    assert!((mean(&ask(&newest)) / 0.006 - 1.0).abs() < 0.01);
    drop(stdin);
    assert!(process.wait().expect("it ends").success());
}

#[test]
fn what_is_no_answer_is_refused_before_it_is_kept() {
    let folder = folder();
    let study = |more: &[&str]| {
        let args = ["study", "small.yaml", "--vary", "groups.workers.members=[2,3]", "--out", "out"];
        conga(folder.path(), &[&args[..], more].concat())
    };
    let points = study(&["--print-points"]).out;
    let answers = worker(folder.path(), &points).out;
    let last = answers.lines().last().expect("an answer");
    let changed = |key: &str, value: serde_json::Value| {
        let mut row: serde_json::Value = serde_json::from_str(last).expect("JSON");
        row[key] = value;
        row.to_string()
    };
    let complaint = worker(folder.path(), "{\"id\":1}").out;
    for (line, said) in [
        (points.as_str(), "line 1: is a point that nobody has run yet; collect only what `conga worker` wrote"),
        (&complaint, "line 1: is a worker's complaint about a point that it did not run: the point has no `values`"),
        (&changed("error", 7.into()), "line 1: is no answer of a worker: it has no `error` that is text or null"),
        (&changed("passed", "yes".into()), "it has no `passed` that is true or false"),
        (&changed("figures", serde_json::json!({ "valid": "yes" })), "it has no `figures` that are numbers"),
        (&changed("figures", serde_json::Value::Null), "it has no `figures` that are numbers"),
    ] {
        fs::write(folder.path().join("wrong.jsonl"), line).expect("a file");
        let ran = study(&["--collect", "wrong.jsonl"]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{line}");
        assert!(ran.err.contains(said), "{line}: {}", ran.err);
        assert!(kept(&folder.path().join("out")).is_empty(), "nothing of it is kept");
    }
    let ran = study(&[]);
    assert_eq!(ran.code, Some(0), "the study goes on: {}", ran.err);
}
