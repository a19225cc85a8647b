//! Spin, print and exec: time is burnt as drawn, lines are safe to show, programs that misbehave are told of and ended.
use super::NOW;
use conga::work::exec::{Exec, Failed};
use conga::work::print::Print;
use conga::work::spin::Spin;
use conga::work::{Failure, Item, Job, Results, Source};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const FROM: Source<'static> = Source { topic: "events", partition: 3 };
const SHORT: Duration = Duration::from_millis(300);

fn records<'p>(payloads: &[&'p [u8]]) -> Vec<Item<'p>> {
    (0..).zip(payloads).map(|(offset, &payload)| Item { offset, due_ns: NOW, key: None, value: payload }).collect()
}

fn start(words: &[&str], limit: Duration) -> Job {
    let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
    Job::Exec(Exec::start(&words, limit).expect("it starts"))
}

/// Gives a program these lines; what it answers.
fn answers(job: &mut Job, payloads: &[&[u8]]) -> Result<Vec<String>, String> {
    let mut out = Results::default();
    job.take(FROM, &records(payloads), &mut out).map_err(|failure| failure.to_string())?;
    Ok(out.iter().map(|result| String::from_utf8_lossy(result).into_owned()).collect())
}

fn refused(words: &[&str], payloads: &[&[u8]]) -> String {
    answers(&mut start(words, SHORT), payloads).expect_err("it misbehaves")
}

#[test]
fn programs_answer_each_line_batch_after_batch() {
    let mut cat = start(&["cat"], Duration::from_secs(20));
    assert_eq!(answers(&mut cat, &[b"one", b"", b"\xc3\xa4 \"x\""]).expect("it answers"), ["one", "", "ä \"x\""]);
    assert_eq!(answers(&mut cat, &[]).expect("nothing is no work"), [""; 0]);
    assert_eq!(answers(&mut cat, &[b"two"]).expect("it answers"), ["two"]);
    cat.flush().expect("it ends");
    let mut upper = start(&["stdbuf", "-oL", "tr", "a-z", "A-Z"], Duration::from_secs(20));
    assert_eq!(answers(&mut upper, &[b"one", b"two"]).expect("it answers"), ["ONE", "TWO"]);
    upper.flush().expect("it ends");
}

#[test]
fn a_large_batch_does_not_lock_up() {
    // More than pipes hold, in both directions, before the last line is written.
    let line = vec![b'x'; 5_000];
    let payloads = vec![line.as_slice(); 2_000];
    let mut cat = start(&["cat"], Duration::from_secs(20));
    let answers = answers(&mut cat, &payloads).expect("it answers");
    assert!(answers.len() == 2_000 && answers.iter().all(|answer| answer.len() == 5_000));
    cat.flush().expect("it ends");
}

#[test]
fn a_program_that_ends_early_is_told_with_its_last_words() {
    let told = refused(&["sh", "-c", "read a; echo got $a; echo no more >&2; exit 3"], &[b"1", b"2", b"3"]);
    assert_eq!(told, "`sh` ended (exit status: 3) and owes 2 of 3 results; its last words:\nno more");
}

#[test]
fn a_program_that_hangs_is_ended_and_leaves_no_zombie() {
    let words = ["sh", "-c", "read a; echo $a; exec sleep 1000"].map(str::to_owned);
    let exec = Exec::start(&words, SHORT).expect("it starts");
    let process = format!("/proc/{}", exec.id());
    assert!(Path::new(&process).exists(), "it runs");
    let told = answers(&mut Job::Exec(exec), &[b"1", b"2"]).expect_err("it hangs");
    assert!(
        told.starts_with("`sh` printed nothing for 0.3 s and owes 1 of 2 results; let it print one line"),
        "{told}"
    );
    assert!(!Path::new(&process).exists(), "it is gone, and was waited for");
}

#[test]
fn a_program_that_keeps_its_lines_back_is_told_how_to_flush() {
    let told = refused(&["tr", "a-z", "A-Z"], &[b"one"]);
    assert!(told.contains("owes 1 of 1 results") && told.contains("flush after each (`python3 -u`"), "{told}");
}

#[test]
fn a_program_that_prints_too_much_is_told() {
    let mut twice = start(&["sed", "-u", "p"], SHORT);
    let mut told = answers(&mut twice, &[b"one", b"two"]).map(|_| String::new());
    if told.is_ok() {
        told = twice.flush().map(|()| String::new()).map_err(|failure| failure.to_string());
    }
    let message = told.expect_err("four lines for two records");
    assert!(message.starts_with("`sed` printed more lines than it was given records"), "{message}");
}

#[test]
fn the_end_of_the_run_is_the_end_of_the_input() {
    let mut bad = start(&["sh", "-c", "cat; echo oh >&2; exit 4"], SHORT);
    answers(&mut bad, &[b"one"]).expect("it answers");
    let told = bad.flush().expect_err("it ends badly").to_string();
    assert_eq!(told, "`sh` ended badly (exit status: 4) after its last record; its last words:\noh");
    let mut endless = start(&["sh", "-c", "cat; exec sleep 1000"], SHORT);
    answers(&mut endless, &[b"one"]).expect("it answers");
    let told = endless.flush().expect_err("it does not end").to_string();
    assert!(told.starts_with("`sh` did not end within 0.3 s of the end of its input, and was killed"), "{told}");
}

#[test]
fn a_program_that_is_not_there_and_a_record_of_two_lines() {
    let told = Exec::start(&["no-such-program".to_owned()], SHORT).expect_err("it is not there").to_string();
    assert!(told.starts_with("`no-such-program` cannot be started: No such file"), "{told}");
    let mut out = Results::default();
    let told = start(&["cat"], SHORT).take(FROM, &records(&[b"fine", b"a\nb"]), &mut out).expect_err("two lines");
    assert!(matches!(told, Failure::Exec(Failed::Broken { offset: 1 })), "{told}");
}

#[test]
fn dropping_a_job_ends_its_program() {
    let exec = Exec::start(&["cat".to_owned()], SHORT).expect("it starts");
    let process = format!("/proc/{}", exec.id());
    drop(Job::Exec(exec));
    assert!(!Path::new(&process).exists());
}

#[test]
fn spinning_takes_the_drawn_time_of_each_record() {
    // A clock that moves on by 7 ns whenever one looks.
    let now = Arc::new(AtomicU64::new(0));
    let (clock, mut draws) = (Arc::clone(&now), [100, 0, 50].into_iter());
    let spin = Spin::new(move || draws.next().expect("three records"), move || clock.fetch_add(7, Ordering::Relaxed));
    let mut out = Results::default();
    Job::Spin(spin).take(FROM, &records(&[b"a", b"b", b"c"]), &mut out).expect("it spins");
    // 100 ns are over at the 15th look after the first, 50 at the 8th, nothing at the next.
    assert_eq!(now.load(Ordering::Relaxed), 7 * (16 + 2 + 9));
    assert_eq!(out.iter().collect::<Vec<_>>(), [b"a", b"b", b"c"]);
}

/// Keeps what is written.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panicked").write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn printed_lines_are_short_and_harmless() {
    let page = Page::default();
    let long = "é".repeat(500);
    let mut batch = records(&[b"hello 1", b"\x1b[2J\xff\n", long.as_bytes()]);
    batch[0].key = Some(b"k-1");
    let mut job = Job::Print(Print::new(page.clone()));
    job.take(FROM, &batch, &mut Results::default()).and_then(|()| job.flush()).expect("it prints");
    let printed = String::from_utf8(page.0.lock().expect("nobody panicked").clone()).expect("text");
    let cut = format!("events-3@2 - {}… (1000 B)", "é".repeat(160));
    assert_eq!(
        printed.lines().collect::<Vec<_>>(),
        ["events-3@0 k-1 hello 1", "events-3@1 - \u{FFFD}[2J\u{FFFD}\u{FFFD}", &cut]
    );
}
