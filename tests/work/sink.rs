//! The database: each record once, whatever is delivered again and whoever dies when.
use super::{PARTITIONS, input, place, record, small};
use conga::work::sink::Sink;
use conga::work::{App, Item, Results, Source, tables};
use rusqlite::Connection;
use std::path::Path;

fn source(partition: u32) -> Source<'static> {
    Source { topic: "t", partition }
}

/// Stores what an app makes of these records, `batch` at a time; how many were new.
fn store(sink: &mut Sink, app: App, records: &[Vec<u8>], batch: usize) -> usize {
    let (mut job, mut out, mut new) = (small(app), Results::counting(), 0);
    for partition in 0..PARTITIONS {
        let own: Vec<Item<'_>> =
            (0..records.len()).filter(|i| place(*i).0 == partition).map(|i| record(records, i)).collect();
        for batch in own.chunks(batch) {
            out.clear();
            job.take(source(partition), batch, &mut out).expect("it works");
            sink.hold(source(partition), batch, &out);
            new += sink.flush().expect("it stores");
        }
    }
    new
}

fn number(file: &Path, query: &str) -> usize {
    let number = Connection::open(file).and_then(|db| db.query_row(query, [], |row| row.get::<_, i64>(0)));
    usize::try_from(number.expect("a number")).expect("none below zero")
}

/// All windows as lines.
fn windows(file: &Path) -> Vec<String> {
    let db = Connection::open(file).expect("a database");
    let mut rows = db
        .prepare("SELECT measure || ' ' || window_s || ' ' || key || ' ' || amount FROM windows ORDER BY 1")
        .expect("a table");
    let rows = rows.query_map([], |row| row.get::<_, String>(0)).expect("rows");
    rows.map(|row| row.expect("a row")).collect()
}

#[test]
fn what_is_delivered_again_changes_nothing() {
    for app in App::ALL {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("results.db");
        let records = input(super::generator(app));
        let mut sink = Sink::open(&file).expect("it opens");
        assert_eq!(store(&mut sink, app, &records, 40), records.len());
        let once = windows(&file);
        assert!(once.len() >= 8, "{once:?}");
        let first = number(&file, "SELECT sum(length(result)) FROM results");
        // Another member, with nothing in its memory, and other batches.
        assert_eq!(store(&mut sink, app, &records, 17), 0);
        sink.close().expect("it closes");
        assert_eq!(windows(&file), once);
        assert_eq!(number(&file, "SELECT count(*) FROM results"), records.len());
        assert_eq!(number(&file, "SELECT sum(length(result)) FROM results"), first);
        assert!(!folder.path().join("results.db-wal").exists(), "one plain file is left");
    }
}

#[test]
fn windows_say_what_the_tables_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("results.db");
    let records = input(super::generator(App::Flows));
    store(&mut Sink::open(&file).expect("it opens"), App::Flows, &records, 100);
    let traffic = super::dealt(&records, 3, || small(App::Flows)).remove(2);
    let sum =
        |column: usize| traffic.rows.iter().map(|row| row[column].parse::<usize>().expect("a number")).sum::<usize>();
    for (measure, column) in [("bytes_from", 4), ("bytes_to", 5)] {
        let cells = traffic.rows.iter().filter(|row| row[column] != "0").count();
        assert_eq!(number(&file, &format!("SELECT sum(amount) FROM windows WHERE measure = '{measure}'")), sum(column));
        assert_eq!(number(&file, &format!("SELECT count(*) FROM windows WHERE measure = '{measure}'")), cells);
    }
    assert!(tables([]).is_empty());
}

/// Stores batches of ten until it is killed: the body of the process in the next test.
#[test]
#[ignore = "runs until it is killed; another test starts it"]
fn store_without_end() {
    let Ok(file) = std::env::var("CONGA_TEST_SINK") else { return };
    let mut sink = Sink::open(Path::new(&file)).expect("it opens");
    let records = input(super::generator(App::Posts));
    let (mut job, mut out) = (small(App::Posts), Results::counting());
    for round in 0_u64.. {
        for (i, batch) in (0_u64..).zip(records.chunks(10)) {
            let offsets = round * 2_000 + i * 10..;
            let batch: Vec<Item<'_>> = offsets
                .zip(batch)
                .map(|(offset, payload)| Item { offset, due_ns: super::NOW, key: None, value: payload })
                .collect();
            out.clear();
            job.take(source(0), &batch, &mut out).expect("it works");
            sink.hold(source(0), &batch, &out);
            sink.flush().expect("it stores");
        }
    }
}

#[test]
fn a_kill_in_the_middle_leaves_whole_transactions() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("results.db");
    let records = input(super::generator(App::Posts));
    for kill in 1..=5_u32 {
        let mut child = std::process::Command::new(std::env::current_exe().expect("this program"))
            .args(["--ignored", "--exact", "work::sink::store_without_end"])
            .env("CONGA_TEST_SINK", &file)
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("it starts");
        let before = if file.exists() && kill > 1 { number(&file, "SELECT count(*) FROM results") } else { 0 };
        // Until it stores something new: not by a clock.
        let tables = "SELECT count(*) FROM sqlite_master WHERE name = 'windows'";
        while number(&file, tables) == 0 || number(&file, "SELECT count(*) FROM results") < before + 150 {
            std::thread::yield_now();
        }
        child.kill().and_then(|()| child.wait()).expect("it was running");
        let stored = number(&file, "SELECT count(*) FROM results");
        assert_eq!(stored % 10, 0, "whole batches");
        assert_eq!(number(&file, "SELECT max(offset) + 1 FROM results"), stored, "without a gap");
        // What the windows hold is what exactly these records say.
        let fresh = folder.path().join(format!("fresh-{kill}.db"));
        let mut sink = Sink::open(&fresh).expect("it opens");
        let (mut job, mut out) = (small(App::Posts), Results::counting());
        let all: Vec<Item<'_>> = (0..stored as u64)
            .map(|offset| Item { offset, due_ns: super::NOW, key: None, value: &records[offset as usize % 2_000] })
            .collect();
        job.take(source(0), &all, &mut out).expect("it works");
        sink.hold(source(0), &all, &out);
        sink.flush().expect("it stores");
        assert_eq!(windows(&file), windows(&fresh), "after kill {kill}");
    }
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("notes.db");
    std::fs::write(&file, "these are notes, and not a database at all, whatever the name says").expect("a file");
    let told = Sink::open(&file).expect_err("it is none").to_string();
    assert!(told.starts_with("cannot open the database") && told.contains("not a database"), "{told}");
    assert!(std::fs::read_to_string(&file).expect("a file").starts_with("these are notes"));
}

/// Processes that are started together all make it, and the database lets only one of them.
#[test]
fn all_who_open_it_at_once_have_it() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("results.db");
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| Sink::open(&file).map(drop))).collect();
            for thread in threads {
                thread.join().expect("nobody panics").expect("it opens for everybody");
            }
        });
    }
}

#[test]
fn two_write_to_one_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("results.db");
    let records = input(super::generator(App::Sentiment));
    let news: Vec<usize> = std::thread::scope(|scope| {
        let both = [11, 23].map(|batch| {
            let (file, records) = (&file, &records);
            scope.spawn(move || store(&mut Sink::open(file).expect("it opens"), App::Sentiment, records, batch))
        });
        both.map(|one| one.join().expect("it stores")).into()
    });
    assert_eq!(news.iter().sum::<usize>(), records.len(), "each record is new to one of them");
    assert_eq!(number(&file, "SELECT sum(amount) FROM windows WHERE measure = 'texts'"), records.len());
}
