//! The journal: torn at any byte and changed at any byte, it comes to the same.
use conga::study::journal::{FILE, Identity, Journal, JournalError};
use conga::study::memory::Memory;
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

fn identity() -> Identity {
    Identity { sha256: "ab".repeat(32), scenario: "small".to_owned(), runs: 6 }
}

/// The line of a run, as long as its number says.
fn line(id: u64) -> String {
    format!("{{\"id\":{id},\"error\":null,\"figures\":{{\"x\":\"{}\"}}}}", "é".repeat(id as usize))
}

/// Does what is missing; hands back the lines, and how many were missing.
fn go_on(dir: &Path) -> (Vec<String>, u64) {
    let mut journal = Journal::open(dir, &identity()).unwrap_or_else(|error| panic!("{error}"));
    let missing = 6 - journal.done();
    // Runs end in any order.
    for id in [3, 0, 5, 1, 4, 2] {
        if !journal.has(id) {
            journal.keep(id, &line(id)).expect("a writable file");
        }
    }
    ((0..6).map(|id| journal.line(id).expect("a line")).collect(), missing)
}

fn whole() -> (tempfile::TempDir, Vec<u8>) {
    let dir = tempfile::tempdir().expect("a folder");
    assert_eq!(go_on(dir.path()).1, 6);
    let bytes = fs::read(dir.path().join(FILE)).expect("a journal");
    (dir, bytes)
}

#[test]
fn a_journal_may_end_at_any_byte() {
    let (dir, bytes) = whole();
    let all: Vec<String> = (0..6).map(line).collect();
    let begins: Vec<usize> =
        bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    for cut in 0..=bytes.len() {
        fs::write(dir.path().join(FILE), &bytes[..cut]).expect("a writable file");
        let (lines, missing) = go_on(dir.path());
        assert_eq!(lines, all, "cut at {cut}");
        let kept = begins.iter().filter(|begin| **begin <= cut).count().saturating_sub(1) as u64;
        assert_eq!(missing, 6 - kept, "cut at {cut}: nothing whole is lost, nothing torn is kept");
        let after = fs::read_to_string(dir.path().join(FILE)).expect("a journal");
        assert_eq!(after.lines().count(), 7, "cut at {cut}: every run once");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_line_that_changed_is_done_again(at in 0.0..1.0_f64, flip in 1_u8..=255) {
        let (dir, mut bytes) = whole();
        let head = bytes.iter().position(|byte| *byte == b'\n').expect("lines") + 1;
        let at = head + ((bytes.len() - head) as f64 * at) as usize;
        bytes[at] ^= flip;
        fs::write(dir.path().join(FILE), &bytes).expect("a writable file");
        let (lines, missing) = go_on(dir.path());
        prop_assert_eq!(lines, (0..6).map(line).collect::<Vec<_>>());
        prop_assert!(missing <= 2, "a changed line break spoils two lines at most, not {}", missing);
    }
}

#[test]
fn two_processes_never_share_a_journal() {
    let dir = tempfile::tempdir().expect("a folder");
    let first = Journal::open(dir.path(), &identity()).expect("an empty folder");
    assert!(matches!(Journal::open(dir.path(), &identity()), Err(JournalError::Locked(_))));
    drop(first);
    assert!(Journal::open(dir.path(), &identity()).is_ok());
}

/// Opens it again and again while processes are being started, which hold copies of open files until they run their own
/// programs.
fn again_and_again<T, E: std::fmt::Debug>(open: impl Fn() -> Result<T, E>) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let child = Command::new("true").spawn();
                child.expect("a program").wait().expect("an end");
            }
        });
        let refused = (0..2_000).find_map(|_| open().err());
        over.store(true, Ordering::Relaxed);
        assert!(refused.is_none(), "{refused:?}");
    });
}

#[test]
fn a_lock_is_free_at_once_whatever_is_just_being_started() {
    let dir = tempfile::tempdir().expect("a folder");
    again_and_again(|| Journal::open(&dir.path().join("study"), &identity()));
    let text = "topics: {t: {partitions: 1}}\nproducers: {p: {topic: t, arrivals: {constant: {rate: 1/s}}}}\nrun: {duration: 1s}";
    let scenario = conga::scenario::parse(text, "t.yaml", None, &[]).expect("a scenario");
    again_and_again(|| Memory::open(&dir.path().join("plan"), &scenario));
}

#[test]
fn a_file_of_the_same_name_is_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    for text in ["not a journal", "not a journal\n", "00000000 {\"conga\":\"1\"}\n"] {
        fs::write(dir.path().join(FILE), text).expect("a writable file");
        assert!(matches!(Journal::open(dir.path(), &identity()), Err(JournalError::NotOurs(_))), "{text}");
        assert_eq!(fs::read_to_string(dir.path().join(FILE)).expect("a file"), text);
    }
}
