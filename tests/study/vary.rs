//! What is varied: lists and ranges, grids and Latin hypercubes, and what is refused with what to write instead.
use crate::cli::conga;
use conga::scenario::Scenario;
use conga::study::axis::{Values, parse};
use conga::study::design::{Design, design};
use std::collections::BTreeSet;

fn values(range: &str) -> Vec<String> {
    match parse(&format!("a.b={range}")).unwrap_or_else(|(message, remedy)| panic!("{message}; {remedy}")).values {
        Values::Listed(all) => all,
        Values::Between { low, high, unit } => panic!("between {low} and {high} {unit}"),
    }
}

#[test]
fn ranges_count_in_their_own_digits() {
    for (range, all) in [
        ("[1,2,4]", "1 2 4"),
        ("9..12", "9 10 11 12"),
        ("9..65 by 8", "9 17 25 33 41 49 57 65"),
        ("1..64 log", "1 2 4 8 16 32 64"),
        ("3..20 log", "3 6 12"),
        ("0.1..0.9 by 0.1", "0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9"),
        ("1k/s..2k/s by 0.25k/s", "1k/s 1.25k/s 1.5k/s 1.75k/s 2k/s"),
        ("0..20ms by 10ms", "0ms 10ms 20ms"),
        ("100us..900us log", "100us 200us 400us 800us"),
        ("5..5", "5"),
        ("[none, gzip]", "none gzip"),
    ] {
        assert_eq!(values(range).join(" "), all, "{range}");
    }
    assert_eq!(values("[{exponential: {mean: 1ms}}]"), ["{\"exponential\":{\"mean\":\"1ms\"}}"]);
}

#[test]
fn what_is_no_range_is_refused_with_what_to_write() {
    for (line, said) in [
        ("a.b", "has no `=`; write `--vary PATH=LIST`"),
        ("a.b=", "has no values"),
        ("a.b=3", "`3` is one value; set one value with `--set`"),
        ("a.b=[]", "is an empty list; write at least one value"),
        ("a.b=[1,1]", "`1` stands there twice; keep one of them"),
        ("a.b=[1", "cannot be read"),
        ("a.b={x: 1}", "is neither a list nor a range; write"),
        ("a.b=8..1", "ends before it begins; write the smaller end first"),
        ("a.b=1..8 by 0", "never moves; write a step of more than 0"),
        ("a.b=0..8 log", "twice 0 is 0; begin with more than 0"),
        ("a.b=1ms..2s by 1ms", "more than one unit; write both ends"),
        ("a.b=1..x", "`x` is no end of a range; write `1..8`"),
        ("a.b=1..9000000", "9000000 values, 1000000 at most"),
        ("a.b=1..8 by x", "`x` is no step"),
    ] {
        let (message, remedy) = parse(line).expect_err(line);
        assert!(format!("{message}; {remedy}").contains(said), "{line}: {message}; {remedy}");
    }
}

fn scenario(study: &str) -> Scenario {
    let text = format!("{}\n{study}", super::SMALL);
    conga::scenario::parse(&text, "small.yaml", None, &[]).unwrap_or_else(|problems| panic!("{problems}"))
}

fn points(design: &Design) -> Vec<Vec<String>> {
    let point = |id| design.point(id).values.into_iter().map(|(_, value)| value).collect();
    (0..design.points).map(|point| point * design.repetitions).map(point).collect()
}

#[test]
fn a_grid_has_every_combination_and_the_last_path_turns_fastest() {
    let read = scenario("study: {vary: {groups.workers.members: 1..2, run.duration: [1s, 2s, 3s]}, repetitions: 2}");
    let made = design(&read, &["groups.workers.members=[4,5]".to_owned()]).expect("a design");
    let all: Vec<String> = points(&made).iter().map(|point| point.join(" ")).collect();
    assert_eq!(all, ["4 1s", "4 2s", "4 3s", "5 1s", "5 2s", "5 3s"], "--vary takes the place of the same path");
    let seeds: Vec<(u64, u64)> = (0..4).map(|id| (made.point(id).point, made.point(id).seed)).collect();
    assert_eq!((made.runs(), seeds), (12, vec![(0, 5), (0, 6), (1, 5), (1, 6)]));
}

#[test]
fn a_latin_hypercube_uses_every_slice_of_every_axis_once() {
    let study = "study: {points: 40, vary: {groups.workers.members: 1..40, producers.edge.linger: 10ms..50ms, \
                 groups.workers.commit.every: [1, 10]}}";
    let made = design(&scenario(study), &[]).expect("a design");
    let all = points(&made);
    let members: BTreeSet<&String> = all.iter().map(|point| &point[0]).collect();
    assert_eq!(members.len(), 40);
    let slices: BTreeSet<u32> = all
        .iter()
        .map(|point| point[1].strip_suffix("ms").expect("in the unit of the ends").parse::<f64>().expect("a number"))
        .inspect(|ms| assert!((10.0..=50.0).contains(ms)))
        .map(|ms| (ms - 10.0 - 1e-9) as u32)
        .collect();
    assert!(slices.len() >= 39, "one a millisecond, but for rounding: {slices:?}");
    assert_eq!(all.iter().filter(|point| point[2] == "1").count(), 20);
    assert_eq!(points(&design(&scenario(study), &[]).expect("a design")), all, "same seed, same points");
    let other = scenario(study).with(&["run.seed=6".to_owned()]).expect("a seed");
    assert_ne!(points(&design(&other, &[]).expect("a design")), all);
}

#[test]
fn designs_that_cannot_be_are_told_with_place_and_remedy() {
    for (study, vary, said) in [
        ("", "groups.workes.members=1..2", "--vary groups.workes.members=1..2: `groups` has no `workes`; did you mean"),
        ("", "groups.workers.membrs=1..2", "unknown key `membrs`; did you mean `members`?"),
        ("", "producers.edge.linger=1ms..5ms", "cannot be counted; add a step such as `by 5ms`"),
        ("", "run.seed=1..5", "a study sets that itself; write `study.repetitions`"),
        ("", "study.points=1..5", "cannot be varied"),
        ("study: {repetitions: 10000}", "groups.workers.members=1..200", "1000000 runs at most are one study"),
        ("", "", "small.yaml: study: varies nothing; add `--vary groups.workers.members=1..8`"),
        ("study: {vary: {groups.workers.members: 8..1}}", "", "small.yaml:12:40 groups.workers.members: `8..1` ends"),
        ("study: {vary: {run: [{duration: 1s}]}}", "", "run: a study sets that itself"),
        (
            "study: {vary: {cluster.network.delay: [1ms]}}",
            "cluster.network=[{delay: 2ms}]",
            "lies inside `cluster.network`, which is varied too",
        ),
    ] {
        let vary: Vec<String> = std::iter::once(vary.to_owned()).filter(|vary| !vary.is_empty()).collect();
        let told = design(&scenario(study), &vary).expect_err(said).to_string();
        assert!(told.contains(said), "{told}");
    }
    let both = ["groups.workers.members=1..2".to_owned(), "groups.workers.members=3..4".to_owned()];
    let told = design(&scenario(""), &both).expect_err("twice").to_string();
    assert!(told.contains("is varied twice"), "{told}");
    let precise = scenario("").with(&["run.precision=5%".to_owned()]).expect("it is well formed");
    let told = design(&precise, &both[..1]).expect_err("a precision").to_string();
    assert!(told.contains("a study runs every point equally often; remove `run.precision`"), "{told}");
}

#[test]
fn files_are_not_varied_for_nobody_could_tell_which_ones_were_read() {
    let folder = super::folder();
    for name in ["a.csv", "b.csv"] {
        std::fs::write(folder.path().join(name), "1ms\n2ms\n").expect("a file");
    }
    for vary in [
        "groups.workers.work.empirical.file=[a.csv, b.csv]",
        "groups.workers.work=[1ms, {empirical: {file: a.csv}}]",
        "groups.workers=[{topics: [events], members: 2, work: {empirical: {file: a.csv}}}]",
    ] {
        let set = "groups.workers.work={empirical: {file: a.csv}}";
        let ran = conga(folder.path(), &["study", "small.yaml", "--set", set, "--vary", vary, "--out", "out"]);
        assert_eq!(ran.code, Some(2), "{vary}: {}", ran.out);
        assert!(
            ran.err.contains("varies the name of a file") && ran.err.contains("a study for each file"),
            "{}",
            ran.err
        );
        assert!(!folder.path().join("out").exists(), "nothing ran");
    }
    // A template of messages is the user's own, whatever its keys are called.
    let vary = ["producers.edge.message.json.trace.file=[a, b]".to_owned()];
    let message = scenario("").with(&["producers.edge.message={json: {trace: {file: a}}}".to_owned()]);
    design(&message.expect("it is well formed"), &vary).expect("a design");
}

#[test]
fn a_study_of_nothing_but_refused_points_is_a_bad_command() {
    let folder = super::folder();
    let ran = conga(folder.path(), &["study", "small.yaml", "--vary", "run.warmup=[3s,4s]", "--out", "out"]);
    assert_eq!(ran.code, Some(2), "{}", ran.out);
    assert!(ran.out.contains("2 of them refused") && ran.out.contains("make it shorter than the run"), "{}", ran.out);
}

#[test]
fn wrong_keys_of_studies_and_prices_are_told_before_anything_runs() {
    let folder = super::folder();
    for (set, said) in [
        ("study={vary: [1]}", "study.vary: is a list"),
        ("study={points: 1}", "study.points: `1` is out of range; write at least 2"),
        ("study={var: {}}", "unknown key `var`; did you mean `vary`?"),
        ("cost={consumer: 0.05}", "`0.05` is not a price; write a number per time such as `0.05/h`"),
        ("cost={consumr: 0.05/h}", "unknown key `consumr`; did you mean `consumer`?"),
        ("vary={}", "write it into `study`"),
    ] {
        let ran = conga(folder.path(), &["check", "small.yaml", "--set", set]);
        assert!(ran.code == Some(2) && ran.err.contains(said), "{set}: {}", ran.err);
    }
}

#[test]
fn check_reads_the_study_of_a_scenario_as_well() {
    let folder = super::folder();
    let check = |study: &str| conga(folder.path(), &["check", "small.yaml", "--set", study]);
    assert_eq!(check("study={vary: {groups.workers.members: 1..8}}").code, Some(0));
    let ran = check("study={vary: {groups.workers.members: 8..1}}");
    assert!(ran.code == Some(2) && ran.err.contains("ends before it begins"), "{}", ran.err);
}
