//! Files that a scenario names: only beside it or below, never outside its folder, never endless.
//!
//! Scenarios are passed around, so one must not be able to read a stranger's files into a report. All are read at once
//! and kept with the result: what was run can be run again.
use super::node::Node;
use super::problem::Problem;
use super::read::clean;
use super::schema::{Arrivals, Document, Law, Message, Producer};
use super::{Inputs, list};
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Bytes of an input file at most.
const LARGEST: u64 = 64 << 20;

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// By name under `inputs/`.
    pub inputs: Inputs,
    /// Name under `inputs/` of each reference.
    names: Vec<(String, String)>,
}

impl Files {
    /// Name under `inputs/` of a file as the scenario names it.
    #[must_use]
    pub fn name_of(&self, reference: &str) -> Option<&str> {
        self.names.iter().find(|(known, _)| known == reference).map(|(_, name)| name.as_str())
    }

    fn add(&mut self, reference: &str, bytes: Vec<u8>) {
        let base = Path::new(reference).file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let taken = |name: &str| self.names.iter().any(|(_, known)| known == name);
        let mut name = base.clone();
        let mut number = 2;
        while taken(&name) {
            name = format!("{number}-{base}");
            number += 1;
        }
        self.inputs.push((name.clone(), Arc::from(bytes)));
        self.names.push((reference.to_owned(), name));
    }
}

/// Reads every file that the scenario names.
pub fn read(document: &Document, root: &Node, folder: Option<&Path>) -> Result<Files, Vec<Problem>> {
    let mut files = Files::default();
    let mut problems = Vec::new();
    for (producer, settings) in &document.producers.0 {
        for named in named(settings) {
            if files.name_of(named.reference).is_some() {
                continue;
            }
            match contents(&named, folder) {
                Ok(bytes) => files.add(named.reference, bytes),
                Err((message, remedy)) => {
                    let path = format!("producers.{producer}.{}", named.key);
                    problems.push(Problem::error(root.place_of(&path), &path, message, remedy));
                }
            }
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

/// A file as a producer names it.
struct Named<'d> {
    key: &'static str,
    reference: &'d str,
    /// What kind of file is wanted: what it is called, and how such names end.
    kind: (&'static str, &'static [&'static str]),
}

fn named(settings: &Producer) -> Vec<Named<'_>> {
    let mut all = Vec::new();
    if let Arrivals::Law(Law::Trace(trace)) = &settings.arrivals {
        all.push(Named { key: "arrivals.trace.file", reference: &trace.file.0, kind: ("CSV file", &["csv"]) });
    }
    if let Some(Message::Lines(file)) = &settings.message {
        all.push(Named {
            key: "message.lines",
            reference: &file.0,
            kind: ("file of rows", &["txt", "log", "jsonl", "ndjson", "csv"]),
        });
    }
    all
}

type Refusal = (String, String);

fn contents(named: &Named<'_>, folder: Option<&Path>) -> Result<Vec<u8>, Refusal> {
    let shown = clean(named.reference);
    let path = inside(named, folder)?;
    let cannot = |error: std::io::Error| (format!("`{shown}` cannot be read: {error}"), "check the name".to_owned());
    let meta = path.metadata().map_err(cannot)?;
    if !meta.is_file() {
        return Err((format!("`{shown}` is not a plain file"), format!("name a {}", named.kind.0)));
    }
    let mut bytes = Vec::with_capacity(meta.len().min(LARGEST) as usize + 1);
    std::fs::File::open(&path).and_then(|f| f.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(cannot)?;
    if bytes.len() as u64 > LARGEST {
        let message = format!("`{shown}` is larger than {} MiB", LARGEST >> 20);
        return Err((message, "shorten it, or split it over several producers".to_owned()));
    }
    Ok(bytes)
}

/// The path of a reference, if it stays inside the folder, symbolic links followed.
fn inside(named: &Named<'_>, folder: Option<&Path>) -> Result<PathBuf, Refusal> {
    let reference = named.reference;
    let shown = clean(reference);
    let Some(folder) = folder else {
        return Err((
            "names a file, and there is no folder to look in".to_owned(),
            "read the scenario from a file".to_owned(),
        ));
    };
    let stays = Path::new(reference).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let leaves = || (format!("`{shown}` leaves the scenario's folder"), "put the file beside the scenario".to_owned());
    if reference.is_empty() || !stays || reference.contains('\0') {
        return Err(leaves());
    }
    let missing = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => (format!("`{shown}` does not exist"), beside(folder, named.kind.1)),
        _ => (format!("`{shown}` cannot be read: {error}"), "check the name".to_owned()),
    };
    let home = folder.canonicalize().map_err(missing)?;
    let path = home.join(reference).canonicalize().map_err(missing)?;
    if path.starts_with(&home) { Ok(path) } else { Err(leaves()) }
}

/// What files with such endings there are instead.
fn beside(folder: &Path, endings: &[&str]) -> String {
    let entries = std::fs::read_dir(folder).into_iter().flatten().take(1_000).flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| {
        let extension = Path::new(name).extension();
        extension.is_some_and(|extension| endings.iter().any(|ending| extension.eq_ignore_ascii_case(ending)))
    });
    names.sort();
    names.truncate(5);
    match names.as_slice() {
        [] => "put it beside the scenario".to_owned(),
        names => format!("put it beside the scenario, where there are {}", list(names.iter().map(String::as_str))),
    }
}
