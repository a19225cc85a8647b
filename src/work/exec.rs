//! `work: {exec: ["prog", "args"]}`: the user's own program reads a record a line and prints a result a line.
//!
//! One program a job, for the whole run: starting one a batch would measure that. The lines of a batch go down together,
//! from a thread of their own, so that a program that prints while it reads cannot lock up with us; another thread reads
//! what it prints, a third keeps the last lines of its complaints. Nobody waits longer than the limit for a line.
use super::{Item, Results};
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::Duration;

/// Lines of complaints that are kept.
const COMPLAINTS: usize = 10;
/// Bytes of a complaint that are kept, and bytes of a result that are taken.
const COMPLAINT: usize = 500;
const RESULT: u64 = 16 << 20;
/// Results that may wait to be taken before the program has to wait.
const AHEAD: usize = 4_096;
/// Between two looks at whether a program has ended.
const LOOK: Duration = Duration::from_millis(2);

/// Why a program's work cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// It cannot be started.
    #[error("`{program}` cannot be started: {why}; check the name, and that it may be run")]
    Start {
        /// Its name.
        program: String,
        /// What the system says.
        why: io::Error,
    },
    /// It ended in the middle.
    #[error("`{program}` ended ({how}) and owes {owed} of {given} results{said}")]
    Ended {
        /// Its name.
        program: String,
        /// How it ended.
        how: String,
        /// Results that are missing.
        owed: usize,
        /// Records it was given last.
        given: usize,
        /// The last it complained of.
        said: String,
    },
    /// It says nothing.
    #[error(
        "`{program}` printed nothing for {} s and owes {owed} of {given} results; let it print one line for each line \
         it reads, and flush after each (`python3 -u`, `sed -u`, `stdbuf -oL`){said}",
        limit.as_secs_f64()
    )]
    Silent {
        /// Its name.
        program: String,
        /// How long it was waited for.
        limit: Duration,
        /// Results that are missing.
        owed: usize,
        /// Records it was given last.
        given: usize,
        /// The last it complained of.
        said: String,
    },
    /// It says too much.
    #[error("`{program}` printed more lines than it was given records; let it print one line for each line it reads")]
    TooMuch {
        /// Its name.
        program: String,
    },
    /// It ended badly after its work.
    #[error("`{program}` ended badly ({how}) after its last record{said}")]
    Badly {
        /// Its name.
        program: String,
        /// How it ended.
        how: String,
        /// The last it complained of.
        said: String,
    },
    /// It does not end.
    #[error("`{program}` did not end within {} s of the end of its input, and was killed; let it end there", limit.as_secs_f64())]
    Lingers {
        /// Its name.
        program: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// A record that is more than one line.
    #[error(
        "the record at offset {offset} has a line break, and a program reads a record a line; write such messages as JSON"
    )]
    Broken {
        /// Its offset.
        offset: u64,
    },
}

/// A program that runs.
#[derive(Debug)]
pub struct Exec {
    program: String,
    child: Child,
    limit: Duration,
    /// Gone once its input has ended.
    lines: Option<Sender<Vec<u8>>>,
    results: Receiver<Vec<u8>>,
    complaints: Arc<Mutex<VecDeque<String>>>,
    /// How it ended, once it has.
    ended: Option<ExitStatus>,
}

impl Exec {
    /// Starts a program with its arguments. It has `limit` for each line.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(words: &[String], limit: Duration) -> Result<Self, Failed> {
        let program = words.first().cloned().unwrap_or_default();
        let cannot = |why| Failed::Start { program: program.clone(), why };
        let mut command = Command::new(&program);
        command.args(words.iter().skip(1)).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(cannot)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else { unreachable!("all three were asked for") };
        let (lines, to_write) = channel();
        let (read, results) = sync_channel(AHEAD);
        let complaints = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&complaints);
        // They end when the pipes do. Nobody waits for them: a grandchild may hold a pipe for ever.
        let begun = Builder::new().spawn(move || write(stdin, &to_write)).and_then(|_| {
            Builder::new().spawn(move || {
                let mut stdout = BufReader::with_capacity(1 << 16, stdout);
                while let Some(line) = next_line(&mut stdout) {
                    if read.send(line).is_err() {
                        return;
                    }
                }
            })?;
            Builder::new().spawn(move || listen(BufReader::new(stderr), &kept))
        });
        // From here on it is killed and waited for when it is dropped.
        let exec =
            Self { program: program.clone(), child, limit, lines: Some(lines), results, complaints, ended: None };
        begun.map_err(cannot)?;
        Ok(exec)
    }

    /// Its number in the system.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn take(&mut self, records: &[Item<'_>], out: &mut Results) -> Result<(), Failed> {
        if let Some(record) = records.iter().find(|record| record.value.contains(&b'\n')) {
            return Err(Failed::Broken { offset: record.offset });
        }
        if records.is_empty() {
            return Ok(());
        }
        let given = records.len();
        match self.results.try_recv() {
            Ok(_) => return Err(Failed::TooMuch { program: self.program.clone() }),
            Err(TryRecvError::Disconnected) => return Err(self.ended_early(given, given)),
            Err(TryRecvError::Empty) => {}
        }
        let mut batch = Vec::with_capacity(records.iter().map(|record| record.value.len() + 1).sum());
        for record in records {
            batch.extend_from_slice(record.value);
            batch.push(b'\n');
        }
        // Where nobody writes any more, the program has ended, and its results say so.
        let _ = self.lines.as_ref().map(|lines| lines.send(batch));
        for owed in (1..=given).rev() {
            match self.results.recv_timeout(self.limit) {
                Ok(line) => out.push(|out| out.extend_from_slice(&line)),
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended_early(owed, given)),
                Err(RecvTimeoutError::Timeout) => {
                    self.kill();
                    let (program, limit, said) = (self.program.clone(), self.limit, self.said());
                    return Err(Failed::Silent { program, limit, owed, given, said });
                }
            }
        }
        Ok(())
    }

    /// Ends its input, and waits until it has ended.
    pub(super) fn finish(&mut self) -> Result<(), Failed> {
        if self.ended.is_some() {
            return Ok(());
        }
        self.lines = None;
        let program = self.program.clone();
        match self.results.recv_timeout(self.limit) {
            Ok(_) => {
                self.kill();
                return Err(Failed::TooMuch { program });
            }
            Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) => {}
        }
        match self.wait() {
            None => {
                self.kill();
                Err(Failed::Lingers { program, limit: self.limit })
            }
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(Failed::Badly { program, how: status.to_string(), said: self.said() }),
        }
    }

    fn ended_early(&mut self, owed: usize, given: usize) -> Failed {
        // It may have closed its output without ending.
        let how = self.wait().map_or_else(|| "it closed its output".to_owned(), |status| status.to_string());
        self.kill();
        Failed::Ended { program: self.program.clone(), how, owed, given, said: self.said() }
    }

    /// How it ended, if it does within the limit.
    fn wait(&mut self) -> Option<ExitStatus> {
        let looks = self.limit.as_millis() / LOOK.as_millis() + 1;
        for _ in 0..looks {
            if let Ok(Some(status)) = self.child.try_wait() {
                self.ended = Some(status);
                return Some(status);
            }
            std::thread::park_timeout(LOOK);
        }
        None
    }

    /// Ends it at once, and waits for it: no zombie is left.
    fn kill(&mut self) {
        self.lines = None;
        if self.ended.is_none() {
            let _ = self.child.kill();
            self.ended = self.child.wait().ok();
        }
    }

    fn said(&self) -> String {
        // The thread that listens may need a moment.
        std::thread::park_timeout(10 * LOOK);
        let complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        if complaints.is_empty() {
            return String::new();
        }
        let lines: Vec<&str> = complaints.iter().map(String::as_str).collect();
        format!("; its last words:\n{}", lines.join("\n"))
    }
}

impl Drop for Exec {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Writes batches until there are no more, or nobody reads; then the input ends.
fn write(mut stdin: ChildStdin, batches: &Receiver<Vec<u8>>) {
    while let Ok(batch) = batches.recv() {
        if stdin.write_all(&batch).and_then(|()| stdin.flush()).is_err() {
            return;
        }
    }
}

/// A line without its end, `\n` or `\r\n`; a last one may have none.
fn next_line(from: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    let read = from.take(RESULT).read_until(b'\n', &mut line).ok()?;
    if read == 0 {
        return None;
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    }
    Some(line)
}

/// Keeps the last lines.
fn listen(mut from: impl BufRead, kept: &Mutex<VecDeque<String>>) {
    while let Some(line) = next_line(&mut from) {
        let text = String::from_utf8_lossy(&line[..line.len().min(COMPLAINT)]);
        let text = text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == COMPLAINTS {
            kept.pop_front();
        }
        kept.push_back(text);
    }
}
