//! What a study has done so far, on disk: one line a finished run, appended, each with its checksum.
//!
//! A process may end at any byte. A line counts once it is whole: a torn last line is cut off, one that does not match
//! its checksum is as if it had never been written, and its run is done again. The first line says which study this is,
//! so that nobody goes on with another one. The lock of the file keeps two processes from one study; it ends with them.
use super::lock::Locked;
use serde_json::{Value, json};
use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Its name in the folder of the study.
pub const FILE: &str = "journal.jsonl";
/// No line yet.
const MISSING: (u64, u32) = (u64::MAX, 0);

/// Why a folder cannot hold this study.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another scenario, other values, another seed, or another version of conga.
    #[error(
        "{} holds another study, of {scenario} with {runs} runs; choose another --out, repeat that command as it was, or \
         remove the folder",
        dir.display()
    )]
    Other {
        /// The folder.
        dir: PathBuf,
        /// Name of its scenario.
        scenario: String,
        /// How many runs it has.
        runs: u64,
    },
    /// Not a study at all.
    #[error("{} holds files that are not a study of conga; choose another --out or empty this one", .0.display())]
    NotOurs(PathBuf),
    /// Somebody is at it.
    #[error("another conga is working on {}; wait for it, or choose another --out", .0.display())]
    Locked(PathBuf),
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Which study a journal is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// Digest of all that decides what comes out.
    pub sha256: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Number of runs.
    pub runs: u64,
}

impl Identity {
    fn line(&self) -> String {
        sealed(&json!({ "conga": "1", "study": self.sha256, "scenario": self.scenario, "runs": self.runs }).to_string())
    }

    fn read(line: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_str(opened(line)?).ok()?;
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        Some(Self { sha256: text("study")?, scenario: text("scenario")?, runs: value["runs"].as_u64()? })
    }
}

/// An open journal: where each finished run stands.
#[derive(Debug)]
pub struct Journal {
    file: Locked,
    path: PathBuf,
    end: u64,
    /// By number of the run: where its text begins, and how long it is.
    places: Vec<(u64, u32)>,
}

/// A line as it is written: its checksum, the text, a line break.
pub(super) fn sealed(text: &str) -> String {
    format!("{:08x} {text}\n", crc32fast::hash(text.as_bytes()))
}

/// The text of a line, with or without its line break, if it is whole.
pub(super) fn opened(line: &[u8]) -> Option<&str> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let (sum, text) = (line.get(..8)?, line.get(9..)?);
    let sum = u32::from_str_radix(std::str::from_utf8(sum).ok()?, 16).ok()?;
    (sum == crc32fast::hash(text)).then(|| std::str::from_utf8(text).ok())?
}

/// The number of the run that a line is of.
fn id(text: &str) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Head {
        id: u64,
    }
    serde_json::from_str::<Head>(text).ok().map(|head| head.id)
}

impl Journal {
    /// Opens the journal of a study in a folder that is absent, empty, or of this very study.
    ///
    /// # Errors
    /// Where the folder holds anything else, somebody else is working on it, or the file system refuses.
    pub fn open(dir: &Path, identity: &Identity) -> Result<Self, JournalError> {
        let path = dir.join(FILE);
        let at = |source| JournalError::Io { path: path.clone(), source };
        if !path.exists() && dir.exists() {
            let mut inside = fs::read_dir(dir).map_err(at)?;
            if inside.next().is_some() {
                return Err(JournalError::NotOurs(dir.to_owned()));
            }
        }
        fs::create_dir_all(dir).map_err(at)?;
        let options = OpenOptions::new().read(true).append(true).create(true).clone();
        let file = options.open(&path).map_err(at)?;
        let file = Locked::new(file).map_err(|why| match why {
            TryLockError::WouldBlock => JournalError::Locked(dir.to_owned()),
            TryLockError::Error(source) => at(source),
        })?;
        let mut journal = Self { file, path: path.clone(), end: 0, places: vec![MISSING; identity.runs as usize] };
        if !journal.is_of(dir, identity)? {
            journal.file.set_len(0).map_err(at)?;
            journal.append(&identity.line()).map_err(at)?;
        }
        journal.read().map_err(at)?;
        Ok(journal)
    }

    /// Whether the first line names this study; false where it was torn before it was whole.
    fn is_of(&self, dir: &Path, identity: &Identity) -> Result<bool, JournalError> {
        let mut first = Vec::new();
        let mut file = &*self.file;
        let longest = 1 << 16;
        file.seek(SeekFrom::Start(0))
            .and_then(|_| BufReader::new(file).take(longest).read_until(b'\n', &mut first))
            .map_err(|source| JournalError::Io { path: self.path.clone(), source })?;
        if first.last() != Some(&b'\n') {
            let torn = identity.line().as_bytes().starts_with(&first);
            return if torn { Ok(false) } else { Err(JournalError::NotOurs(dir.to_owned())) };
        }
        match Identity::read(&first) {
            Some(known) if known == *identity => Ok(true),
            Some(Identity { scenario, runs, .. }) => Err(JournalError::Other { dir: dir.to_owned(), scenario, runs }),
            None => Err(JournalError::NotOurs(dir.to_owned())),
        }
    }

    /// Finds what is done, and cuts off a last line that was never finished.
    fn read(&mut self) -> io::Result<()> {
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(0))?;
        let mut lines = BufReader::new(file);
        let (mut at, mut line) = (0, Vec::new());
        loop {
            line.clear();
            let length = lines.read_until(b'\n', &mut line)?;
            if length == 0 || line.last() != Some(&b'\n') {
                break;
            }
            let text = opened(&line);
            let run = if at == 0 { None } else { text.and_then(id) };
            if let (Some(text), Some(place)) = (text, run.and_then(|id| self.places.get_mut(id as usize)))
                && *place == MISSING
            {
                *place = (at + 9, text.len() as u32);
            }
            at += length as u64;
        }
        self.file.set_len(at)?;
        self.end = at;
        Ok(())
    }

    fn append(&mut self, line: &str) -> io::Result<()> {
        // In one call, at the end: what was written before stays whole whatever happens.
        self.file.write_all(line.as_bytes())?;
        self.end += line.len() as u64;
        Ok(())
    }

    /// Whether a run is done.
    #[must_use]
    pub fn has(&self, id: u64) -> bool {
        self.places.get(id as usize).is_some_and(|place| *place != MISSING)
    }

    /// How many runs are done.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.places.iter().filter(|place| **place != MISSING).count() as u64
    }

    /// Keeps the line of a finished run; a second one of the same run changes nothing.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn keep(&mut self, run: u64, text: &str) -> io::Result<()> {
        if self.has(run) {
            return Ok(());
        }
        let at = self.end;
        self.append(&sealed(text))?;
        self.places[run as usize] = (at + 9, text.len() as u32);
        Ok(())
    }

    /// The line of a run that is done.
    ///
    /// # Errors
    /// When the file system refuses, or somebody else wrote into the file meanwhile.
    pub fn line(&self, run: u64) -> io::Result<String> {
        let (at, length) = self.places[run as usize];
        let mut text = vec![0; length as usize];
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut text)?;
        String::from_utf8(text).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))
    }

    /// Makes sure that what was kept outlives the machine, too.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}
