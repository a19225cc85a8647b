//! The live engine: the same machines in real time. What is determined comes out as in the simulator, to the record; what
//! is not comes out near it, within bounds that a busy test machine keeps.
mod befalls;
mod failover;
mod growth;
mod outputs;
mod repeats;

use crate::cli::json;
use crate::play::{group, plan, play, producer};
use conga::engine::live::Settings;
use conga::engine::{Watch, run_live};
use conga::model::sabotage::{self, Sabotage};
use conga::outcome::result::Outcome;
use conga::units::Span;
use conga::work::{Done, Failed, Item, Labour, Place};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What comes out of a scenario that is run in real time.
fn live(yaml: &str, settings: &Settings<'_>) -> Outcome {
    run_live(&plan(yaml), &Watch::quiet(), settings).0
}

pub fn sound(outcome: &Outcome) {
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new());
    assert!(!outcome.result.partial, "{:?}", outcome.result.warnings);
}

/// Everything that is counted: two producers with keys and codecs of their own, a pipeline of two groups, several
/// workers, two brokers with costs. Its producers end by themselves.
pub const COUNTED: &str = "
topics: {raw: {partitions: 6, replicas: 2}, clean: {partitions: 3}}
cluster: {brokers: 2, network: {delay: 1ms}, replication: {delay: 2ms}}
producers:
  edge:
    topic: raw
    instances: 3
    arrivals: {poisson: {rate: 4k/s}}
    messages: 3000
    key: {uniform: {keys: 50}}
    message: {generator: flows}
    compression: zstd
    linger: 5ms
  phones: {topic: raw, arrivals: {constant: {rate: 1k/s}}, messages: 700, message: {size: 300 B}, compression: gzip}
groups:
  cleaners: {topics: [raw], members: 2, workers: 3, work: 100us, output: {topic: clean, linger: 2ms, compression: snappy}}
  readers: {topics: [clean], members: 1, work: 10us, commit: {every: 100}}
run: {seed: 3, interval: 500ms}
";

/// Every message of [`COUNTED`] was sent, and done by both groups.
pub fn counts_all(outcome: &Outcome) {
    sound(outcome);
    for (name, messages) in [("edge", 3000), ("phones", 700), ("cleaners-output", 3700)] {
        let one = producer(outcome, name);
        let counts = [one.offered, one.sent, one.acked, one.unsent].map(|count| count as u64);
        assert_eq!(counts, [messages, messages, messages, 0], "{name}");
    }
    for name in ["cleaners", "readers"] {
        let one = group(outcome, name);
        let counts = [one.delivered, one.processed, one.attempts, one.duplicates, one.backlog];
        assert_eq!(counts.map(|count| count as u64), [3700, 3700, 3700, 0, 0], "{name}");
    }
}

#[test]
fn live_counts_what_the_simulator_counts() {
    let threads = Settings { threads: 2, ..Settings::plain() };
    let outcomes = [play(COUNTED), live(COUNTED, &Settings::plain()), live(COUNTED, &threads)];
    for outcome in &outcomes {
        counts_all(outcome);
        let appended = |i: usize| outcome.result.topics[i].1.appended as u64;
        assert_eq!([appended(0), appended(1)], [3700; 2]);
    }
    assert_eq!(outcomes.map(|outcome| outcome.result.engine), ["sim", "live", "live"]);
}

/// Two brokers that cost something, delays of the network and of replicas, keys, compression: everything that waits.
const DELAYED: &str = "
topics: {events: {partitions: 6, replicas: 2}}
cluster: {brokers: 2, network: {delay: 8ms}, replication: {delay: 15ms}}
producers:
  edge:
    topic: events
    instances: 2
    arrivals: {constant: {rate: 2k/s}}
    key: {uniform: {keys: 100}}
    message: {generator: flows}
    compression: lz4
    linger: 30ms
groups:
  workers: {topics: [events], members: 3, work: {exponential: {mean: 400us}}, commit: {after: poll}}
run: {duration: 3s, warmup: 500ms, seed: 1}
";

/// What is not near the simulator, in words.
fn differences(sim: &Outcome, live: &Outcome) -> Vec<String> {
    let mean = |figure: conga::outcome::result::Figure| figure.value().expect("a mean");
    let mut found = Vec::new();
    let mut near = |what: &str, of: &dyn Fn(&Outcome) -> f64, less: f64, more: f64| {
        let (sim, live) = (of(sim), of(live));
        if live < (1.0 - less) * sim || live > (1.0 + more) * sim {
            found.push(format!("{what}: {live} live, {sim} simulated"));
        }
    };
    near("offered", &|o| producer(o, "edge").offered, 0.002, 0.002);
    near("throughput", &|o| group(o, "workers").rate_per_s, 0.02, 0.02);
    near("utilisation", &|o| group(o, "workers").utilisation, 0.05, 0.05);
    // Timers fire late, never early: by up to a sixth of a millisecond where the machine is quiet.
    near("publish", &|o| mean(producer(o, "edge").publish_s.mean), 0.03, 0.35);
    near("end to end", &|o| mean(group(o, "workers").e2e_s.mean), 0.03, 0.35);
    near("lag", &|o| group(o, "workers").lag.mean.expect("a mean"), 0.03, 0.35);
    found
}

#[test]
fn live_is_near_the_simulator_where_time_is_modelled() {
    let sim = play(DELAYED);
    let mut found = Vec::new();
    // Other tests run beside this one, and what they take is missing here: one undisturbed run is enough.
    for _ in 0..4 {
        let live = live(DELAYED, &Settings::plain());
        sound(&live);
        found = differences(&sim, &live);
        if found.is_empty() {
            return;
        }
    }
    panic!("four times out of four: {found:#?}");
}

/// What is not as it is on a machine with time for a run.
fn disturbed(outcome: &Outcome) -> Vec<String> {
    let mut found = Vec::new();
    let lateness = producer(outcome, "edge").lateness_s.mean.value().expect("a mean");
    if lateness <= 0.0 || lateness >= 0.05 {
        found.push(format!("{lateness} s late"));
    }
    let workers = group(outcome, "workers");
    let stages: f64 = workers.stages.iter().filter_map(|stage| stage.mean_s).sum();
    let e2e = workers.e2e_s.mean.value().expect("a mean");
    if (stages - e2e).abs() >= 0.05 * e2e {
        found.push(format!("{stages} s in stages, {e2e} s end to end"));
    }
    let most = outcome.series.iter().map(|row| row.groups[0].lag).max();
    if most.is_none_or(|lag| lag >= 1_000) {
        found.push(format!("a lag of {most:?}"));
    }
    found
}

#[test]
fn live_lateness_is_measured_and_stages_add_up() {
    let mut found = Vec::new();
    // As above: one undisturbed run is enough.
    for _ in 0..4 {
        let outcome = live(DELAYED, &Settings::plain());
        assert!(outcome.histograms.contains_key("producers.edge.lateness_s") && outcome.series.len() > 10);
        found = disturbed(&outcome);
        if found.is_empty() {
            return;
        }
    }
    panic!("four times out of four: {found:?}");
}

#[test]
fn live_goes_as_fast_as_it_is_told() {
    #[expect(clippy::disallowed_methods, reason = "a live run takes its time")]
    let begin = Instant::now();
    let slow = "
topics: {events: {partitions: 2}}
cluster: {ideal: true}
producers: {edge: {topic: events, arrivals: {constant: {rate: 100/s}}, linger: 200ms}}
groups: {workers: {topics: [events], members: 1, work: 2ms}}
run: {duration: 20s, drain: 2s, seed: 1}
";
    let outcome = live(slow, &Settings { speed: 20.0, ..Settings::plain() });
    sound(&outcome);
    let real = begin.elapsed();
    assert!(real > Duration::from_secs(1) && real < Duration::from_secs(10), "{real:?}");
    let (edge, workers) = (producer(&outcome, "edge"), group(&outcome, "workers"));
    assert_eq!((edge.offered, workers.processed), (2000.0, 2000.0));
    assert!((workers.utilisation - 0.2).abs() < 0.02, "{}", workers.utilisation);
}

#[test]
fn live_memory_is_bounded_in_overload() {
    const MEMORY: u64 = 1 << 20;
    let much = "
topics: {events: {partitions: 4}}
cluster: {ideal: true}
producers:
  edge: {topic: events, arrivals: {constant: {rate: 30k/s}}, message: {size: 1 KiB}, linger: 1ms, buffer: 1 MiB}
groups: {workers: {topics: [events], members: 2, work: 5ms}}
run: {duration: 2s, drain: 0s, interval: 100ms, seed: 1}
";
    let outcome = live(much, &Settings { memory: MEMORY, ..Settings::plain() });
    sound(&outcome);
    let (edge, workers) = (producer(&outcome, "edge"), group(&outcome, "workers"));
    assert!((edge.offered - 60_000.0).abs() < 1_000.0, "what is due is due, whatever happens: {}", edge.offered);
    // What brokers hold, what members have fetched ahead, and a request.
    let held = workers.lag.max.expect("a lag") * 1024.0;
    assert!(held < 6.0 * MEMORY as f64, "{held} bytes are appended and not processed");
    assert!(edge.blocked_s > 0.5, "the producer's buffer is full: {} s", edge.blocked_s);
    assert!(edge.in_flight * 1024.0 < 1.1 * MEMORY as f64, "{} messages are in flight", edge.in_flight);
    let reasons = &outcome.result.validity.reasons;
    assert!(outcome.result.validity.verdict == "invalid" && reasons[0].contains("--memory"), "{reasons:?}");
}

#[test]
fn live_damage_is_caught_by_the_checksum() {
    for codec in ["none", "lz4"] {
        let yaml = COUNTED.replace("zstd", codec);
        sabotage::play(Some(Sabotage::FlipByte));
        let outcome = live(&yaml, &Settings::plain());
        sabotage::play(None);
        let broken = &outcome.result.broken_laws;
        assert!(broken.iter().any(|law| law.contains("bytes arrive as they left")), "{codec}: {broken:?}");
        assert!(!outcome.result.passed);
    }
}

/// What a labour saw: by partition, the offsets in order; keys; commits.
#[derive(Debug, Default)]
struct Seen {
    offsets: BTreeMap<(String, u32), Vec<u64>>,
    keys: BTreeMap<String, u64>,
    sizes: BTreeMap<usize, u64>,
    flushes: u32,
    finishes: u32,
}

/// Waits a little over each record, and fails at the end of its strength.
#[derive(Debug)]
struct Looker {
    seen: Arc<Mutex<Seen>>,
    strength: u64,
}

impl Labour for Looker {
    #[expect(clippy::disallowed_methods, reason = "work takes real time")]
    fn work(&mut self, place: &Place<'_>, items: &[Item<'_>], done: &mut Done) -> Result<(), Failed> {
        let mut seen = self.seen.lock().expect("one at a time");
        assert_eq!(place.group, "workers");
        for item in items {
            let begin = Instant::now();
            self.strength = self.strength.checked_sub(1).ok_or_else(|| Failed("no strength left".to_owned()))?;
            seen.offsets.entry((place.topic.to_owned(), place.partition)).or_default().push(item.offset);
            let key = String::from_utf8(item.key.expect("a key").to_vec()).expect("text");
            *seen.keys.entry(key).or_default() += 1;
            *seen.sizes.entry(item.value.len()).or_default() += 1;
            assert!(item.value.is_ascii() && item.due_ns >= conga::plan::contents::EPOCH_NS);
            while begin.elapsed() < Duration::from_micros(200) {
                std::hint::spin_loop();
            }
            done.took.push(Span::from_ns(begin.elapsed().as_nanos() as u64));
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Failed> {
        self.seen.lock().expect("one at a time").flushes += 1;
        Ok(())
    }

    fn finish(&mut self) -> Result<Value, Failed> {
        self.seen.lock().expect("one at a time").finishes += 1;
        Ok(serde_json::json!({ "left": self.strength }))
    }
}

const WORKED: &str = "
topics: {other: {partitions: 2}, events: {partitions: 4}}
cluster: {ideal: true}
producers:
  edge:
    topic: events
    arrivals: {constant: {rate: 2k/s}}
    messages: 2000
    key: {uniform: {keys: 20}}
    message: {size: 120 B}
    compression: lz4
    linger: 5ms
groups: {workers: {topics: [events], members: 2, work: 1ms, commit: {every: 300}, poll: {max_records: 30}}}
run: {seed: 1}
";

#[test]
fn live_work_is_done_on_every_record_in_order() {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let hire = |_, _| Some(Box::new(Looker { seen: Arc::clone(&seen), strength: 10_000 }) as Box<dyn Labour>);
    let (outcome, measured) = run_live(&plan(WORKED), &Watch::quiet(), &Settings { hire: &hire, ..Settings::plain() });
    sound(&outcome);
    let seen = seen.lock().expect("one at a time");
    let mut records = 0;
    for ((topic, partition), offsets) in &seen.offsets {
        assert_eq!(topic, "events");
        assert!(offsets.iter().copied().eq(0..offsets.len() as u64), "partition {partition} from 0 without a gap");
        records += offsets.len();
    }
    assert_eq!((records, seen.offsets.len(), seen.keys.len()), (2000, 4, 20));
    assert_eq!(seen.sizes, BTreeMap::from([(120, 2000)]));
    assert!(seen.flushes >= 6 && seen.finishes == 2, "{} flushes", seen.flushes);
    let workers = group(&outcome, "workers");
    let work = workers.work_s.mean.value().expect("a mean");
    // Not the millisecond of the scenario: as long as it takes.
    assert!((0.0002..0.0009).contains(&work), "{work}");
    let left: u64 = measured[0].work.iter().map(|told| told["left"].as_u64().expect("a number")).sum();
    assert_eq!((measured[0].work.len(), left), (2, 18_000));
}

#[test]
fn live_work_that_fails_ends_the_run() {
    let hire = |_, _| Some(Box::new(Looker { seen: Arc::default(), strength: 200 }) as Box<dyn Labour>);
    let (outcome, measured) = run_live(&plan(WORKED), &Watch::quiet(), &Settings { hire: &hire, ..Settings::plain() });
    assert!(outcome.result.partial, "a run that could not go on is not whole");
    assert_eq!(measured[0].failed.as_deref(), Some("no strength left"));
}

#[cfg(target_os = "linux")]
#[test]
#[expect(clippy::disallowed_methods, reason = "a process of its own is ended while it runs")]
fn live_runs_that_are_interrupted_report_what_they_have() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("long.yaml"), DELAYED.replace("3s", "10h")).expect("a file");
    for signal in ["-INT", "-TERM"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_conga"));
        command.args(["run", "long.yaml", "--engine", "live", "--out", "out"]).current_dir(folder.path());
        let process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
        while !crate::cli::catches_interrupts(process.id()) {
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(1500));
        let sent = Command::new("kill").args([signal, &process.id().to_string()]).status();
        assert!(sent.expect("kill").success());
        let ran = process.wait_with_output().expect("it ends");
        let err = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(1), "{signal}: {err}");
        let result = json(&folder.path().join("out/result.json"));
        assert_eq!((&result["partial"], &result["engine"]), (&Value::Bool(true), &Value::from("live")));
        assert_eq!(result["broken_laws"], serde_json::json!([]));
        assert!(result["groups"]["workers"]["processed"].as_f64().is_some_and(|processed| processed > 100.0));
        let provenance = json(&folder.path().join("out/provenance.json"));
        let bytes = &provenance["live"][0]["bytes"];
        assert!(bytes["compressed"].as_f64() < bytes["made"].as_f64() && bytes["expanded"].as_f64() > Some(0.0));
        assert!(provenance["live"][0]["roles"]["members"]["busy_s"].as_f64() > Some(0.0));
    }
}

#[test]
fn live_settings_are_refused_where_they_mean_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("small.yaml"), DELAYED).expect("a file");
    let run = |args: &[&str]| crate::cli::conga(folder.path(), &[&["run", "small.yaml"], args].concat());
    let ran = run(&["--speed", "10x"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("--engine live"), "{}", ran.err);
    for bad in [["--speed", "10"], ["--threads", "0"], ["--memory", "12"]] {
        assert_eq!(run(&[&["--engine", "live"], &bad[..]].concat()).code, Some(2), "{bad:?}");
    }
}

/// Passes on the key of each record, in capitals; at the end of the line, keeps what arrives.
#[derive(Debug)]
struct Shouter {
    heard: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Labour for Shouter {
    fn work(&mut self, place: &Place<'_>, items: &[Item<'_>], done: &mut Done) -> Result<(), Failed> {
        for item in items {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
            if place.group == "listeners" {
                let key = text(item.key.expect("a key stays with its record"));
                *self
                    .heard
                    .lock()
                    .expect("one at a time")
                    .entry(format!("{key}: {}", text(item.value)))
                    .or_default() += 1;
            } else {
                done.results.extend(text(item.key.expect("a key")).to_uppercase().bytes());
                done.ends.push(done.results.len());
            }
            done.took.push(Span::from_ns(1_000));
        }
        Ok(())
    }
}

#[test]
fn live_results_go_to_the_output() {
    let yaml = "
topics: {words: {partitions: 4}, shouts: {partitions: 3}}
cluster: {ideal: true, network: {delay: 1ms}}
producers:
  edge:
    topic: words
    arrivals: {constant: {rate: 2k/s}}
    messages: 1000
    key: {uniform: {keys: 10, salt: word}}
    linger: 5ms
groups:
  shouters: {topics: [words], members: 2, output: {topic: shouts, linger: 5ms, compression: gzip}}
  listeners: {topics: [shouts], members: 1}
run: {seed: 1}
";
    let heard = Arc::new(Mutex::new(BTreeMap::new()));
    let hire = |_, _| Some(Box::new(Shouter { heard: Arc::clone(&heard) }) as Box<dyn Labour>);
    let outcome = live(yaml, &Settings { hire: &hire, ..Settings::plain() });
    sound(&outcome);
    let heard = heard.lock().expect("one at a time");
    assert_eq!((heard.len(), heard.values().sum::<u64>()), (10, 1000));
    assert!(heard.keys().all(|line| line.split_once(": ").is_some_and(|(key, value)| key.to_uppercase() == value)));
}

#[test]
fn live_batches_become_as_small_as_the_plan_measured() {
    let yaml = "
topics: {events: {partitions: 1}}
cluster: {ideal: true}
producers:
  edge: {topic: events, arrivals: {constant: {rate: 20k/s}}, messages: 10000, compression: zstd, linger: 20ms}
groups: {workers: {topics: [events], members: 1}}
run: {seed: 1}
";
    for message in ["", "message: {generator: logs}, "] {
        let yaml = yaml.replace("compression:", &format!("{message}compression:"));
        let (outcome, measured) = run_live(&plan(&yaml), &Watch::quiet(), &Settings::plain());
        sound(&outcome);
        let cost = measured[0].cost;
        let real = cost.packed as f64 / cost.plain as f64;
        let planned = outcome.result.topics[0].1.compression_ratio.expect("a ratio");
        assert!((real / planned - 1.0).abs() < 0.15, "{real} really, {planned} by the plan: {yaml}");
    }
}

/// The shipped example, shorter: what its members found lies in the result's folder, each post once.
#[test]
fn live_work_leaves_tables_and_a_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("result");
    let mut command = Command::new(env!("CARGO_BIN_EXE_conga"));
    command.args(["run", "scenarios/live/sentiment.yaml", "--engine", "live", "--quiet", "--set", "run.duration=2s"]);
    let ran = command.arg("--out").arg(&out).output().expect("conga runs");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    let text =
        |name: &str| std::fs::read_to_string(out.join(name)).unwrap_or_else(|why| panic!("{name}: {why}\n{said}"));
    let result: serde_json::Value = serde_json::from_str(&text("result.json")).expect("JSON");
    let processed = result["groups"]["readers"]["processed"].as_i64().expect("a number");
    assert!(processed > 3_000, "{said}");
    let sentiment = text("work/readers/sentiment.csv");
    let all = sentiment.lines().find(|line| line.starts_with("all,")).expect("a row for all");
    assert_eq!(all.split(',').nth(1).and_then(|texts| texts.parse().ok()), Some(processed), "{sentiment}");
    let database = rusqlite::Connection::open(out.join("moods.db")).expect("a database");
    let count = |what: &str| database.query_row(what, [], |row| row.get::<_, i64>(0)).expect("a number");
    assert_eq!(count("SELECT count(*) FROM results"), processed);
    assert_eq!(count("SELECT sum(amount) FROM windows WHERE measure = 'texts'"), processed);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left beside the result");
}

#[test]
fn live_work_is_done_once() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conga"));
    command.args(["run", "scenarios/live/flows.yaml", "--engine", "live", "--set", "run.repetitions=2"]);
    let ran = command.output().expect("conga runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(2), "{said}");
    assert!(said.contains("run.repetitions=1"), "{said}");
}
