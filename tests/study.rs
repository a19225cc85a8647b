//! Studies as stories: what is killed goes on, what is torn is done again, and whoever runs a point says the same.
mod journal;
mod page;
mod vary;
mod worker;

use crate::cli::{conga, json};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

pub const CONGA: &str = env!("CARGO_BIN_EXE_conga");

/// A run of it takes some milliseconds.
const SMALL: &str = "
name: small
topics: {events: {partitions: 6}}
producers:
  edge: {topic: events, arrivals: {poisson: {rate: 2k/s}}, key: {uniform: {keys: 1k}}}
groups:
  workers: {topics: [events], members: 2, work: {exponential: {mean: 800us}}}
run: {duration: 2s, drain: 1s, seed: 5}
thresholds: [groups.workers.e2e_s.p99 < 100ms]
cost: {consumer: 0.05/h, broker: 0.40/h}
";

/// A folder with the small scenario in it.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("small.yaml"), SMALL).expect("a file");
    folder
}

/// Everything that a finished study leaves for others to read.
pub fn left(dir: &Path) -> Vec<Vec<u8>> {
    let read = |file: &str| fs::read(dir.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    ["study.json", "runs.csv", "runs.parquet", "scenario.yaml"].map(read).to_vec()
}

/// How many whole lines the journal of a study has, the first one included.
fn lines(dir: &Path) -> usize {
    fs::read_to_string(dir.join("journal.jsonl")).unwrap_or_default().matches('\n').count()
}

const MANY: [&str; 7] = [
    "study",
    "small.yaml",
    "--vary",
    "groups.workers.members=1..6",
    "--vary",
    "producers.edge.rate=1k/s..2k/s by 0.25k/s",
    "--set=study.repetitions=2",
];

#[test]
#[expect(clippy::disallowed_methods, reason = "a process of its own is killed while it works")]
fn a_study_that_is_killed_again_and_again_leaves_what_an_undisturbed_one_leaves() {
    let folder = folder();
    let calm = conga(folder.path(), &[&MANY[..], &["--out", "calm", "--cores", "1"]].concat());
    assert_eq!(calm.code, Some(0), "{}", calm.err);
    let dir = folder.path().join("killed");
    let mut kills = 0;
    for _ in 0..5 {
        let before = lines(&dir);
        let args = [&MANY[..], &["--out", "killed"]].concat();
        let mut command = Command::new(CONGA);
        let quiet = command.args(&args).current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = quiet.spawn().expect("the command starts");
        // Some more runs are done, however slow this machine is.
        while lines(&dir) < before + 4 && process.try_wait().expect("a process").is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        kills += u32::from(process.try_wait().expect("a process").is_none());
        process.kill().expect("it can be killed");
        process.wait().expect("it ends");
    }
    assert!(kills >= 2, "it was killed in the middle, {kills} times");
    let rest = conga(folder.path(), &[&MANY[..], &["--out", "killed"]].concat());
    assert_eq!(rest.code, Some(0), "{}", rest.err);
    assert!(rest.err.contains("are done already"), "{}", rest.err);
    assert_eq!(lines(&dir), 1 + 60, "every run was done once");
    assert!(left(&dir) == left(&folder.path().join("calm")), "the same bytes");
    let again = conga(folder.path(), &[&MANY[..], &["--out", "killed"]].concat());
    assert_eq!((again.code, again.out), (Some(0), rest.out), "nothing is left to do, and the answer is the same");
    assert!(left(&dir) == left(&folder.path().join("calm")));
}

#[cfg(target_os = "linux")]
#[test]
#[expect(clippy::disallowed_methods, reason = "a process of its own is interrupted while it works")]
fn an_interrupted_study_keeps_what_is_done_and_says_how_to_go_on() {
    let folder = folder();
    let dir = folder.path().join("out");
    let args = [&MANY[..], &["--out", "out", "--set", "run.duration=20s"]].concat();
    let mut command = Command::new(CONGA);
    command.args(&args).current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("the command starts");
    while lines(&dir) < 2 {
        assert!(process.try_wait().expect("a process").is_none(), "it works until it is interrupted");
        std::thread::sleep(Duration::from_millis(2));
    }
    let interrupt = Command::new("kill").args(["-INT", &process.id().to_string()]).status();
    assert!(interrupt.expect("kill").success());
    let ran = crate::cli::Ran::from(process.wait_with_output().expect("it ends"));
    assert_eq!(ran.code, Some(1), "{}\n{}", ran.out, ran.err);
    assert!(ran.err.contains("of 60 runs are done") && ran.err.contains("repeat the command to go on"), "{}", ran.err);
    assert!(!dir.join("study.json").exists(), "no table of half a study");
    let kept = lines(&dir);
    let text = fs::read_to_string(dir.join("journal.jsonl")).expect("a journal");
    assert!(text.ends_with('\n') && kept > 1, "what is kept is whole");
}

#[test]
fn a_folder_belongs_to_one_study() {
    let folder = folder();
    let study = |more: &[&str]| {
        conga(folder.path(), &[&["study", "small.yaml", "--vary", "groups.workers.members=[2,3]"], more].concat())
    };
    assert_eq!(study(&[]).code, Some(0));
    let dir = folder.path().join("reports/small-study");
    let before = left(&dir);
    for other in [&["--seed", "6"][..], &["--set", "producers.edge.rate=1k/s"], &["--vary", "run.duration=[1s]"]] {
        let ran = study(other);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{other:?}");
        assert!(ran.err.contains("holds another study, of small with 2 runs; choose another --out"), "{}", ran.err);
    }
    assert!(left(&dir) == before);
    fs::create_dir(folder.path().join("mine")).expect("a folder");
    fs::write(folder.path().join("mine/diary.txt"), "dear diary").expect("a file");
    let ran = study(&["--out", "mine"]);
    assert!(ran.code == Some(2) && ran.err.contains("not a study of conga"), "{}", ran.err);
    assert!(!folder.path().join("mine/journal.jsonl").exists());
}

/// The table of a Parquet file: rows of cells by column.
fn parquet(path: &Path) -> Vec<BTreeMap<String, Field>> {
    let reader = SerializedFileReader::new(fs::File::open(path).expect("a file")).expect("it is Parquet");
    let rows = reader.get_row_iter(None).expect("it has rows");
    rows.map(|row| row.expect("a row").get_column_iter().map(|(name, cell)| (name.clone(), cell.clone())).collect())
        .collect()
}

#[test]
fn the_tables_hold_the_same_numbers() {
    let folder = folder();
    // One point is refused, and brokers differ: columns that some rows do not have.
    let args = ["--vary", "groups.workers.members=[0,3]", "--vary", "cluster.brokers=[1,2]", "--out", "out"];
    let ran = conga(folder.path(), &[&["study", "small.yaml"][..], &args].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("2 of them refused") && ran.out.contains("write at least 1"), "{}", ran.out);
    let dir = folder.path().join("out");
    let study = json(&dir.join("study.json"));
    let columns = parquet(&dir.join("runs.parquet"));
    let mut table = csv::Reader::from_path(dir.join("runs.csv")).expect("a table");
    let headings = table.headers().expect("headings").clone();
    let runs = study["runs"].as_array().expect("runs");
    assert_eq!((runs.len(), columns.len(), &study["refused"]), (4, 4, &Value::from(2)));
    let mut numbers = 0;
    for ((run, column), cells) in runs.iter().zip(&columns).zip(table.records()) {
        for (heading, cell) in headings.iter().zip(&cells.expect("a row")) {
            let told = match heading.strip_prefix("set.") {
                Some(path) => &run["values"][path],
                None if run.get(heading).is_some() => &run[heading],
                None => run["figures"].get(heading).unwrap_or(&Value::Null),
            };
            match &column[heading] {
                Field::Null => assert!(cell.is_empty() && told.is_null(), "{heading}: {told}"),
                Field::Double(number) => {
                    assert_eq!(told.as_f64().map(f64::to_bits), Some(number.to_bits()), "{heading}");
                    assert_eq!(cell.parse::<f64>().map(f64::to_bits), Ok(number.to_bits()), "{heading}");
                    numbers += 1;
                }
                Field::ULong(number) => assert_eq!((told.as_u64(), cell), (Some(*number), &*number.to_string())),
                Field::Bool(flag) => assert_eq!((told.as_bool(), cell), (Some(*flag), &*flag.to_string())),
                Field::Str(text) => assert_eq!((told.as_str(), cell), (Some(text.as_str()), text.as_str())),
                other => panic!("{heading}: {other}"),
            }
        }
    }
    assert!(numbers > 250, "{numbers} figures were compared");
    let of = |run: usize, figure: &str| runs[run]["figures"].get(figure).cloned();
    assert!(of(2, "brokers.1.utilisation").is_none() && of(3, "brokers.1.utilisation").is_some());
    assert_eq!(of(3, "cost_per_h").and_then(|cost| cost.as_f64()), Some(3.0 * 0.05 + 2.0 * 0.40));
    // And they are the figures of a run.
    let set = ["--set", "groups.workers.members=3", "--set", "cluster.brokers=2", "--out", "alone"];
    conga(folder.path(), &[&["run", "small.yaml"][..], &set].concat());
    let alone = json(&folder.path().join("alone/result.json"));
    assert_eq!(of(3, "groups.workers.e2e_s.p99"), Some(alone["groups"]["workers"]["e2e_s"]["p99"].clone()));
}

#[test]
fn points_share_their_luck_and_repetitions_do_not() {
    let folder = folder();
    let args = ["--vary", "groups.workers.members=[3,4]", "--set", "study.repetitions=2", "--out", "out"];
    conga(folder.path(), &[&["study", "small.yaml"][..], &args].concat());
    let study = json(&folder.path().join("out/study.json"));
    let offered = |run: usize| study["runs"][run]["figures"]["producers.edge.offered"].as_f64().expect("a figure");
    let seeds: Vec<&Value> = study["runs"].as_array().expect("runs").iter().map(|run| &run["seed"]).collect();
    assert_eq!(seeds, [5, 6, 5, 6]);
    assert_eq!([offered(0).to_bits(), offered(1).to_bits()], [offered(2).to_bits(), offered(3).to_bits()]);
    assert_ne!(offered(0).to_bits(), offered(1).to_bits());
}

/// Pages that the system had to find for a study of so many runs, and for the shell that waited for it.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn faults(folder: &Path, runs: u64) -> u64 {
    let study = format!("--vary groups.workers.members=[2] --set study.repetitions={runs} --cores 1 --out {runs}");
    let script = format!("\"$0\" study small.yaml {study} >&2 && cat /proc/$$/stat");
    let ran = Command::new("sh").args(["-c", &script, CONGA]).current_dir(folder).output().expect("a shell");
    let stat = String::from_utf8(ran.stdout).expect("text");
    // The eleventh field: minor faults of children that were waited for. The second one is a name in parentheses.
    let after_name = stat.rsplit_once(')').unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&ran.stderr))).1;
    after_name.split_whitespace().nth(8).and_then(|field| field.parse().ok()).expect("a number")
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_run_uses_the_memory_of_the_one_before() {
    let folder = folder();
    let (few, many) = (faults(folder.path(), 4), faults(folder.path(), 24));
    let each = many.saturating_sub(few) / 20;
    assert!(each < 500, "each run has the system clear {each} pages, of 4 KiB");
}
