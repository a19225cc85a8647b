//! What a plan has simulated so far, on disk: whatever ends it, the same command goes on from there.
//!
//! A run is known by what was set and by its number, so a line is that and its figures, with a checksum as in the journal of
//! a study. The first line says which scenario this is and by which version; of any other nothing is remembered. It is
//! removed when the plan is whole.
use super::journal::{opened, sealed};
use super::lock::Locked;
use super::trial::{Choice, Said};
use crate::outcome::saved::number;
use crate::scenario::Scenario;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Its name in the folder of the plan.
pub const FILE: &str = "plan-runs.jsonl";

/// An open one.
#[derive(Debug)]
pub struct Memory {
    path: PathBuf,
    known: BTreeMap<(Choice, usize), Said>,
    file: Mutex<io::Result<Locked>>,
}

impl Memory {
    /// Opens what a folder remembers of a scenario; the folder is made where there is none.
    ///
    /// # Errors
    /// Where the file system refuses, or somebody else is planning there.
    pub fn open(dir: &Path, scenario: &Scenario) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let path = dir.join(FILE);
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
        let mut file = Locked::new(file).map_err(|_| io::Error::other("another conga is planning there"))?;
        let identity = sealed(&json!({ "conga": env!("CARGO_PKG_VERSION"), "plan": scenario.sha256 }).to_string());
        let mut lines = BufReader::new(&*file);
        let (mut at, mut line, mut known) = (0, Vec::new(), BTreeMap::new());
        loop {
            line.clear();
            let length = lines.read_until(b'\n', &mut line)?;
            let whole = line.last() == Some(&b'\n');
            let ours = if at == 0 { line == identity.as_bytes() } else { opened(&line).is_some() };
            if length == 0 || !whole || !ours {
                break;
            }
            known.extend(opened(&line).and_then(read));
            at += length as u64;
        }
        file.set_len(at)?;
        if at == 0 {
            file.write_all(identity.as_bytes())?;
        }
        Ok(Self { path, known, file: Mutex::new(Ok(file)) })
    }

    /// How many runs were done before.
    #[must_use]
    pub fn done(&self) -> usize {
        self.known.len()
    }

    /// A run that was done before.
    #[must_use]
    pub fn of(&self, choice: &Choice, run: usize) -> Option<Said> {
        self.known.get(&(choice.clone(), run)).cloned()
    }

    /// Keeps a run. What cannot be kept is told by [`Self::trouble`]: the plan itself is none the worse.
    pub fn keep(&self, choice: &Choice, run: usize, said: &Said) {
        let figures: Vec<Value> = said.figures.iter().map(|figure| told(*figure)).collect();
        let line = json!({ "set": choice, "run": run, "figures": figures, "cost_per_h": told(said.cost_per_h) });
        let mut file = self.file.lock().expect("nobody panics while writing");
        if let Ok(open) = file.as_mut()
            && let Err(error) = open.write_all(sealed(&line.to_string()).as_bytes())
        {
            *file = Err(error);
        }
    }

    /// Why not everything could be kept, if so.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let file = self.file.lock().expect("nobody panics while writing");
        file.as_ref().err().map(|error| format!("{}: {error}", self.path.display()))
    }

    /// Removes it: the plan is whole.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub fn forget(self) -> io::Result<()> {
        // While it is still locked: whoever opens it next must not lose what it begins to write.
        fs::remove_file(&self.path)
    }
}

fn told(figure: Option<f64>) -> Value {
    figure.and_then(number).map_or(Value::Null, Value::Number)
}

fn read(line: &str) -> Option<((Choice, usize), Said)> {
    let value: Value = serde_json::from_str(line).ok()?;
    let choice: Choice = serde_json::from_value(value.get("set")?.clone()).ok()?;
    let run = value["run"].as_u64()? as usize;
    let figures = value["figures"].as_array()?.iter().map(Value::as_f64).collect();
    Some(((choice, run), Said { figures, cost_per_h: value["cost_per_h"].as_f64() }))
}
