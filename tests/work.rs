//! Real work: applications are exact against an independent computation and the same however partitions are dealt,
//! programs that misbehave are told of, a database counts each record once.
#[path = "work/exec.rs"]
mod exec;
#[path = "work/language.rs"]
mod language;
#[path = "work/sink.rs"]
mod sink;
#[path = "work/state.rs"]
mod state;

use conga::payload::{Generator, Maker, Messages};
use conga::work::{App, Item, Job, Results, Source, Table, flows, state::States, tables};
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

/// 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600_000_000_000;
/// Between two records.
const STEP: i64 = 60_000_000;
const RECORDS: usize = 2_000;
const PARTITIONS: u32 = 12;

fn at(i: usize) -> i64 {
    NOW + i64::try_from(i).expect("a small number") * STEP
}

/// Records as a producer of this kind makes them.
fn input(generator: Generator) -> Vec<Vec<u8>> {
    let messages = Messages::new(Maker::Generated(generator), 7, "work");
    let message = |i: usize| {
        let mut bytes = Vec::new();
        messages.write(i as u64, at(i), 0, &mut bytes);
        bytes
    };
    (0..RECORDS).map(message).collect()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/work").join(name)
}

fn lines(records: &[Vec<u8>]) -> Vec<u8> {
    records.iter().flat_map(|record| [record.as_slice(), b"\n"].concat()).collect()
}

/// Writes the inputs that the scripts read, when the generators have been changed on purpose: then run the scripts again.
#[test]
#[ignore = "writes into the sources"]
fn write_the_inputs_of_the_scripts() {
    for generator in [Generator::Flows, Generator::Posts] {
        let file = fs::File::create(fixture(&format!("{}.jsonl.gz", generator.name()))).expect("a file");
        let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::best());
        packed.write_all(&lines(&input(generator))).expect("a file takes it");
        packed.finish().expect("a file takes it");
    }
}

#[test]
fn the_scripts_have_read_what_the_generators_make() {
    for generator in [Generator::Flows, Generator::Posts] {
        let name = format!("{}.jsonl.gz", generator.name());
        let mut read = Vec::new();
        let packed = fs::File::open(fixture(&name)).expect("a fixture");
        flate2::read::GzDecoder::new(packed).read_to_end(&mut read).expect("it is whole");
        let how = "cargo test --features sabotage write_the_inputs -- --ignored, then the scripts in tests/work";
        assert!(read == lines(&input(generator)), "{name} is not what the generator makes; {how}");
    }
}

/// Partition and offset of record `i`.
fn place(i: usize) -> (u32, u64) {
    (i as u32 % PARTITIONS, (i as u32 / PARTITIONS).into())
}

/// What members find that share the partitions in turn and take records a few at a time.
fn dealt(records: &[Vec<u8>], members: usize, job: impl Fn() -> Job) -> Vec<Table> {
    let mut jobs: Vec<Job> = (0..members).map(|_| job()).collect();
    let mut out = Results::default();
    for partition in 0..PARTITIONS {
        let own: Vec<Item<'_>> =
            (0..records.len()).filter(|i| place(*i).0 == partition).map(|i| record(records, i)).collect();
        for batch in own.chunks(7 + members) {
            out.clear();
            let from = Source { topic: "t", partition };
            jobs[partition as usize % members].take(from, batch, &mut out).expect("applications do not fail");
            assert_eq!(out.len(), batch.len(), "a result for each record");
        }
    }
    tables(&jobs)
}

fn record(records: &[Vec<u8>], i: usize) -> Item<'_> {
    Item { offset: place(i).1, due_ns: at(i), key: None, value: &records[i] }
}

/// The app as the scripts compute it: flows with a lower limit, for made-up flows scan nobody.
fn small(app: App) -> Job {
    match app {
        App::Flows => {
            let settings = flows::Settings { scan_ports: 2, counters: 4_096, ..flows::Settings::default() };
            Job::Flows(States::new(flows::State::new(settings)))
        }
        App::Posts | App::Sentiment => Job::app(app),
    }
}

fn generator(app: App) -> Generator {
    if app == App::Flows { Generator::Flows } else { Generator::Posts }
}

fn text(tables: &[Table]) -> String {
    let parts =
        tables.iter().map(|table| format!("# {}\n{}", table.name, String::from_utf8(table.csv()).expect("text")));
    parts.collect()
}

/// Tables, and the file with what the script found.
fn check(app: App) {
    let records = input(generator(app));
    let expected = fs::read_to_string(fixture(&format!("{}.expected", app.name()))).expect("a fixture");
    for members in [1, 3, 12] {
        let found = text(&dealt(&records, members, || small(app)));
        let differs = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
        assert!(found == expected, "{members} members: found and expected differ at {differs:?}");
    }
}

#[test]
fn flows_are_analysed_as_the_script_does() {
    check(App::Flows);
}

#[test]
fn posts_are_analysed_as_the_script_does() {
    check(App::Posts);
}

#[test]
fn moods_are_read_as_the_script_does() {
    check(App::Sentiment);
}
