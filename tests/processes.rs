//! Consumers in processes of their own: they count what members in one process count, and a killed one loses nothing.
//!
//! Processes are found by the name under which their program was started, so that tests beside each other do not meet.
mod ends;
mod groups;
mod rules;

use crate::cli::{conga, json};
use crate::live::{COUNTED, counts_all, sound};
use crate::play::{group, plan, play};
use conga::engine::live::{Measured, Processes, Settings};
use conga::engine::{Watch, run_live};
use conga::model::sabotage::{self, Sabotage};
use conga::outcome::result::Outcome;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const CONGA: &str = env!("CARGO_BIN_EXE_conga");

/// Consumer processes of a scenario, with a program of this name in the folder.
fn processes(yaml: &str, count: u32, folder: &Path) -> Processes {
    let program = folder.join("conga-of-this-test");
    if !program.exists() {
        std::os::unix::fs::symlink(CONGA, &program).expect("a link");
    }
    let scenario = conga::scenario::parse(yaml, "test.yaml", None, &[]).unwrap_or_else(|problems| panic!("{problems}"));
    let processes = conga::cli::processes::start(count, &scenario, folder).expect("this program has a name");
    Processes { program, ..processes }
}

/// What comes out of a run with so many consumer processes, while something else goes on.
fn live(yaml: &str, count: u32, beside: impl FnOnce(&Path) + Send) -> (Outcome, Measured) {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = Settings { processes: Some(processes(yaml, count, folder.path())), ..Settings::plain() };
    let (outcome, mut measured) = std::thread::scope(|scope| {
        let bystander = scope.spawn(|| beside(folder.path()));
        let ran = run_live(&plan(yaml), &Watch::quiet(), &settings);
        bystander.join().expect("whoever stands by does not panic");
        ran
    });
    assert!(started_in(folder.path()).is_empty(), "nobody is left");
    (outcome, measured.remove(0))
}

/// Processes whose program lies in a folder.
fn started_in(folder: &Path) -> Vec<u32> {
    let begins = folder.join("").into_os_string().into_encoded_bytes();
    let numbers = std::fs::read_dir("/proc").expect("processes").flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let starts =
        |&number: &u32| std::fs::read(format!("/proc/{number}/cmdline")).is_ok_and(|line| line.starts_with(&begins));
    numbers.filter(starts).collect()
}

/// Children of a process.
fn children_of(parent: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    let children = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    children.flat_map(|text| text.split_whitespace().filter_map(|n| n.parse().ok()).collect::<Vec<_>>()).collect()
}

fn is_there(process: u32) -> bool {
    // One that has ended and was not waited for is not there either.
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    status.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with(['Z', 'X']))
}

fn kill(signal: &str, process: u32) -> bool {
    let sent = Command::new("kill").args([signal, &process.to_string()]).stderr(Stdio::null()).status();
    sent.expect("kill").success()
}

#[expect(clippy::disallowed_methods, reason = "processes take their time")]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

#[test]
fn processes_count_what_one_process_counts() {
    let outcomes = [play(COUNTED), live(COUNTED, 1, |_| {}).0, live(COUNTED, 2, |_| {}).0];
    for outcome in &outcomes {
        counts_all(outcome);
        assert!(outcome.result.events.is_empty(), "nothing happened");
    }
}

#[test]
fn what_processes_cost_is_told() {
    let measured = live(COUNTED, 2, |_| {}).1;
    assert_eq!(measured.failed, None);
    assert_eq!(measured.processes.iter().map(|one| (one.members, one.replaced)).collect::<Vec<_>>(), [(2, 0), (1, 0)]);
    for one in &measured.processes {
        let farewell = one.farewell.as_ref().expect("each says goodbye");
        assert!(farewell.cpu > Duration::ZERO && farewell.peak_rss_bytes > Some(1 << 20), "{farewell:?}");
    }
    let members = measured.roles.iter().find(|role| role.name == "members").expect("a role");
    assert!(members.actors == 3 && members.busy > Duration::ZERO, "{members:?}");
    let bytes = measured.cost;
    assert!(bytes.expanded > 0 && bytes.packed < bytes.plain, "{bytes:?}");
}

#[test]
fn bytes_reach_processes_with_every_codec() {
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let yaml = format!(
            "
topics: {{posts: {{partitions: 4}}}}
cluster: {{ideal: true}}
producers:
  network: {{topic: posts, arrivals: {{constant: {{rate: 4k/s}}}}, messages: 2000, message: {{generator: posts}},
    key: {{uniform: {{keys: 40}}}}, compression: {codec}, linger: 5ms}}
groups: {{readers: {{topics: [posts], members: 3, work: {{app: posts}}}}}}
run: {{seed: 1}}
"
        );
        let (outcome, measured) = live(&yaml, 2, |_| {});
        sound(&outcome);
        assert_eq!((measured.cost.expanded, measured.cost.batches > 0), (measured.cost.plain, true), "{codec}");
        let damaged = {
            sabotage::play(Some(Sabotage::FlipByte));
            let damaged = live(&yaml, 2, |_| {}).0;
            sabotage::play(None);
            damaged.result.broken_laws
        };
        assert!(damaged.iter().any(|law| law.contains("bytes arrive as they left")), "{codec}: {damaged:?}");
    }
}

/// Real work whose tables and rows can be compared: every message has its place, whenever it arrives.
const FOUND: &str = "
topics: {posts: {partitions: 4}}
cluster: {ideal: true}
producers:
  network: {topic: posts, arrivals: {constant: {rate: 3k/s}}, messages: 3000, message: {generator: posts},
    key: {zipf: {keys: 100, exponent: 0.8, salt: user-}}, linger: 5ms}
groups:
  readers: {topics: [posts], members: 3, work: {app: sentiment}, commit: {after: poll}, output: {sqlite: moods.db}}
  talk: {topics: [posts], members: 2, work: {app: posts}}
run: {seed: 1, interval: 500ms}
";

#[test]
fn processes_find_what_one_process_finds() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("found.yaml"), FOUND).expect("a file");
    let run = |out: &str, more: &[&str]| {
        let ran =
            conga(folder.path(), &[&["run", "found.yaml", "--engine", "live", "--quiet", "--out", out], more].concat());
        // On a machine that others use too, a run may be invalid; what it found is the same.
        assert!(matches!(ran.code, Some(0 | 3)), "{}\n{}", ran.out, ran.err);
        let text = |name: &str| std::fs::read_to_string(folder.path().join(out).join(name)).expect("a table");
        let tables = ["work/readers/sentiment.csv", "work/readers/words.csv", "work/talk/trending.csv"].map(text);
        let moods = rows(&folder.path().join(out).join("moods.db"));
        (tables, moods)
    };
    let (one, several) = (run("one", &[]), run("several", &["--processes", "2"]));
    assert_eq!(one, several);
    assert_eq!(one.1.0, 3000);
    let provenance = json(&folder.path().join("several/provenance.json"));
    assert_eq!(provenance["live"][0]["processes"].as_array().map(Vec::len), Some(2));
}

/// Rows of a database, and the sum of its windows.
fn rows(database: &Path) -> (i64, i64) {
    let database = rusqlite::Connection::open(database).expect("a database");
    let count = |what: &str| database.query_row(what, [], |row| row.get::<_, i64>(0)).expect("a number");
    (
        count("SELECT count(*) FROM results"),
        count("SELECT coalesce(sum(amount), 0) FROM windows WHERE measure = 'texts'"),
    )
}

/// Sessions so short that a lost process is back within half a second.
const KILLED: &str = "
topics: {posts: {partitions: 4}}
cluster: {ideal: true, brokers: 2}
producers:
  network: {topic: posts, arrivals: {constant: {rate: 1k/s}}, message: {generator: posts},
    key: {zipf: {keys: 100, exponent: 0.8, salt: user-}}, compression: lz4, linger: 20ms}
groups:
  readers:
    topics: [posts]
    members: 4
    work: {app: sentiment}
    poll: {max_records: 50}
    commit: {every: 200}
    heartbeat: 100ms
    session_timeout: 400ms
    output: {sqlite: moods.db}
run: {seed: 1, interval: 500ms}
";

/// Kills one consumer process after the other until there were so many, or the run is over; returns how many.
fn kill_consumers(parent: &mut std::process::Child, times: u32) -> u32 {
    let mut killed = Vec::new();
    while (killed.len() as u32) < times && parent.try_wait().expect("a status").is_none() {
        pause();
        let there = children_of(parent.id());
        // When all are there, each in its turn: one of those that came last would be the same again.
        if there.len() == 2
            && let Some(&victim) = there.get(killed.len() % 2)
            && !killed.contains(&victim)
            && works(victim)
            && kill("-9", victim)
        {
            killed.push(victim);
        }
    }
    killed.len() as u32
}

/// Whether a process has begun to write to its database.
fn works(process: u32) -> bool {
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    let mut files = files.filter_map(|file| std::fs::read_link(file.path()).ok());
    written(process) > 100_000 && files.any(|file| file.to_string_lossy().contains("moods.db"))
}

/// Bytes a process has written so far, to files most of all.
fn written(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/io")).unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix("wchar: ")?.parse().ok()).unwrap_or(0)
}

#[test]
fn a_killed_consumer_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("killed.yaml"), KILLED).expect("a file");
    for messages in [8_000, 16_000, 32_000] {
        let mut command = Command::new(CONGA);
        command.args([
            "run",
            "killed.yaml",
            "--engine",
            "live",
            "--processes",
            "2",
            "--quiet",
            "--out",
            "out",
            "--set",
        ]);
        command.arg(format!("producers.network.messages={messages}")).current_dir(folder.path());
        let mut parent = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
        let killed = kill_consumers(&mut parent, 3);
        let ran = parent.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
        let result = json(&folder.path().join("out/result.json"));
        assert_eq!((&result["broken_laws"], &result["partial"]), (&serde_json::json!([]), &false.into()), "{said}");
        let count = |key: &str| result["groups"]["readers"][key].as_u64().expect("a count");
        assert_eq!([count("processed"), count("backlog"), count("lost")], [messages, 0, 0], "{said}");
        assert_eq!(count("attempts"), count("processed") + count("duplicates"), "{said}");
        let whole = messages.cast_signed();
        assert_eq!(rows(&folder.path().join("out/moods.db")), (whole, whole), "each message once: {said}");
        if killed == 3 {
            // A process that has processed something since its last commit leaves it to be done again.
            assert!(count("duplicates") > 0, "{said}");
            let events = result["events"].as_array().expect("events");
            let told = |what: &str| events.iter().filter(|event| event["what"] == what).count();
            assert_eq!([told("consumer process lost"), told("consumer process replaced")], [3, 3], "{events:?}");
            let warned = result["warnings"].to_string();
            assert!(warned.contains("`app: sentiment` had in memory"), "{warned}");
            return;
        }
    }
    panic!("the run was over before three consumers were killed, three times");
}

/// As [`KILLED`], with work that is a delay and is committed seldom, so that much comes again.
const RESUMED: &str = "
topics: {events: {partitions: 4}}
cluster: {ideal: true}
producers: {edge: {topic: events, arrivals: {constant: {rate: 2k/s}}, messages: 10000, linger: 10ms}}
groups:
  workers: {topics: [events], members: 2, work: 100us, commit: {every: 300}, heartbeat: 50ms, session_timeout: 200ms}
run: {seed: 1, interval: 500ms}
";

/// Kills one of two processes half a second after both have begun, unless the run is over by then.
fn kill_one(folder: &Path) {
    let mut seen = false;
    loop {
        pause();
        let there = started_in(folder);
        if there.len() == 2 && there.iter().all(|&process| has_begun(process)) {
            (0..25).for_each(|_| pause());
            kill("-9", there[0]);
            return;
        }
        if seen && there.is_empty() {
            return;
        }
        seen |= !there.is_empty();
    }
}

/// Whether a consumer process has threads for its members, which it has from the beginning of the run.
fn has_begun(process: u32) -> bool {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let threads = text.lines().find_map(|line| line.strip_prefix("Threads:")?.trim().parse::<u32>().ok());
    threads > Some(1)
}

#[test]
fn laws_watch_over_whoever_takes_a_lost_ones_place() {
    let outcome = live(RESUMED, 2, kill_one).0;
    sound(&outcome);
    assert_eq!(outcome.result.events.len(), 2, "one was lost and replaced: {:?}", outcome.result.events);
    let workers = group(&outcome, "workers");
    assert_eq!([workers.processed as u64, workers.backlog as u64], [10_000, 0]);
    assert_eq!(workers.attempts as u64, 10_000 + workers.duplicates as u64);
    assert!(workers.delivered >= workers.processed + workers.duplicates && workers.stages.is_empty());
    for (bug, law) in [
        (Sabotage::ResumeAhead, "goes on from what is committed"),
        (Sabotage::CommitAhead, "commits only what is processed"),
    ] {
        sabotage::play(Some(bug));
        // What is skipped is never processed, so the run would not end by itself.
        let yaml = RESUMED.replace("messages: 10000,", "").replace("run: {", "run: {duration: 4s, drain: 1s, ");
        let broken = live(&yaml, 2, kill_one).0.result.broken_laws;
        sabotage::play(None);
        assert!(broken.iter().any(|words| words.contains(law)), "{bug:?}: {broken:#?}");
    }
}

#[test]
fn a_consumer_that_writes_to_a_topic_cannot_be_replaced() {
    let yaml = COUNTED.replace("messages: 3000", "messages: 30000");
    let (outcome, measured) = live(&yaml, 2, kill_one);
    assert!(outcome.result.partial);
    let failed = measured.failed.expect("a reason");
    assert!(failed.contains("topic `clean`") || failed.contains("before the run began"), "{failed}");
}

#[test]
fn a_process_that_cannot_start_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |processes: Processes| {
        let settings = Settings { processes: Some(processes), ..Settings::plain() };
        let (outcome, measured) = run_live(&plan(COUNTED), &Watch::quiet(), &settings);
        assert!(outcome.result.partial);
        measured[0].failed.clone().expect("a reason")
    };
    let good = processes(COUNTED, 2, folder.path());
    let missing = run(Processes { program: PathBuf::from("/nowhere/conga"), ..good.clone() });
    assert!(missing.contains("cannot be started"), "{missing}");
    let ended = run(Processes { program: PathBuf::from("true"), ..good.clone() });
    assert!(ended.contains("ended by itself"), "{ended}");
    let garbled = run(Processes { greeting: vec![1, 2, 3], ..good });
    assert!(garbled.contains("consumer process"), "{garbled}");
    let exec = FOUND.replace("app: sentiment", "exec: [no-such-program-anywhere]");
    std::fs::write(folder.path().join("exec.yaml"), exec).expect("a file");
    let ran = conga(folder.path(), &["run", "exec.yaml", "--engine", "live", "--processes", "2", "--quiet"]);
    assert!(ran.code == Some(1) && ran.err.contains("no-such-program-anywhere"), "{:?}: {}", ran.code, ran.err);
}

#[test]
fn interrupted_runs_take_their_processes_along() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("long.yaml"), KILLED.replace("interval: 500ms", "duration: 10h"))
        .expect("a file");
    for signal in ["-INT", "-TERM", "-KILL"] {
        let mut command = Command::new(CONGA);
        command.args(["run", "long.yaml", "--engine", "live", "--processes", "2", "--out", "out"]);
        command.current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut parent = command.spawn().expect("the command starts");
        let mut there = Vec::new();
        while there.len() < 2 || !there.iter().all(|&child| works(child)) {
            pause();
            if parent.try_wait().expect("it can be asked").is_some() {
                let ran = parent.wait_with_output().expect("it ended");
                panic!("{signal}: it ended by itself: {}", String::from_utf8_lossy(&ran.stderr));
            }
            there = children_of(parent.id());
        }
        assert!(kill(signal, parent.id()));
        let ran = parent.wait_with_output().expect("it ends");
        while there.iter().any(|&child| is_there(child)) {
            pause();
        }
        if signal != "-KILL" {
            assert_eq!(ran.status.code(), Some(1), "{signal}: {}", String::from_utf8_lossy(&ran.stderr));
            let result = json(&folder.path().join("out/result.json"));
            assert_eq!((&result["partial"], &result["broken_laws"]), (&true.into(), &serde_json::json!([])));
            let processed = result["groups"]["readers"]["processed"].as_i64().expect("a count");
            assert_eq!(rows(&folder.path().join("out/moods.db")), (processed, processed), "{signal}");
        }
    }
}

#[test]
fn processes_are_refused_where_they_mean_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("small.yaml"), RESUMED.replace("10000", "600")).expect("a file");
    let run = |args: &[&str]| conga(folder.path(), &[&["run", "small.yaml", "--out", "out"], args].concat());
    let simulated = run(&["--processes", "2"]);
    assert!(simulated.code == Some(2) && simulated.err.contains("--engine live"), "{}", simulated.err);
    for bad in ["0", "65", "1000000", "-1", "two"] {
        assert_eq!(run(&["--engine", "live", "--processes", bad]).code, Some(2), "{bad}");
    }
    let kept = run(&["--engine", "live", "--processes", "2", "--set", "topics.events.retention={time: 1s}"]);
    assert!(kept.code == Some(2) && kept.err.contains("topics.events.retention"), "{}", kept.err);
    let many = run(&["--engine", "live", "--processes", "5"]);
    assert!(
        matches!(many.code, Some(0 | 3)) && many.err.contains("2 processes are started"),
        "{:?} {}",
        many.code,
        many.err
    );
    let result = json(&folder.path().join("out/result.json"));
    assert!(result["warnings"].to_string().contains("--processes 5"), "{}", result["warnings"]);
    let session = run(&["--set", "groups.workers.heartbeat=200ms"]);
    assert!(session.code == Some(2) && session.err.contains("groups.workers.session_timeout"), "{}", session.err);
}

#[test]
fn nobody_else_starts_a_consumer_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let ran = conga(folder.path(), &["member-process"]);
    assert!(ran.code == Some(1) && ran.err.contains("conga run --processes"), "{:?}: {}", ran.code, ran.err);
}
