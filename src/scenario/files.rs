//! Files that a scenario names: only beside it or below, never outside its folder, never endless.
//!
//! Scenarios are passed around, so one must not be able to read a stranger's files into a report. All are read at once
//! and kept with the result: what was run can be run again.
use super::node::{Kind, Node};
use super::problem::Problem;
use super::read::clean;
use super::values::File;
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

    fn contents(&self, reference: &str) -> Option<Arc<[u8]>> {
        let name = self.name_of(reference)?;
        self.inputs.iter().find(|(known, _)| known == name).map(|(_, bytes)| Arc::clone(bytes))
    }

    fn share(&mut self, reference: &str, bytes: Arc<[u8]>) {
        let base = Path::new(reference).file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let taken = |name: &str| self.names.iter().any(|(_, known)| known == name);
        let mut name = base.clone();
        let mut number = 2;
        while taken(&name) {
            name = format!("{number}-{base}");
            number += 1;
        }
        self.inputs.push((name.clone(), bytes));
        self.names.push((reference.to_owned(), name));
    }
}

/// Reads every file that the scenario names and that is not known yet.
pub fn read(root: &Node, folder: Option<&Path>, known: &Files) -> Result<Files, Vec<Problem>> {
    let mut files = Files::default();
    let mut problems = Vec::new();
    for (path, reference) in references(root) {
        if files.name_of(&reference).is_some() {
            continue;
        }
        if let Some(bytes) = known.contents(&reference) {
            files.share(&reference, bytes);
            continue;
        }
        match contents(&reference, folder) {
            Ok(bytes) => files.share(&reference, Arc::from(bytes)),
            Err((message, remedy)) => problems.push(Problem::error(root.place_of(&path), &path, message, remedy)),
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

/// The files of a scenario as resolved, which names them as they are called there.
pub fn given(root: &Node, inputs: &Inputs) -> Result<Files, Vec<Problem>> {
    let mut files = Files { inputs: inputs.clone(), names: Vec::new() };
    let mut problems = Vec::new();
    for (path, reference) in references(root) {
        let name = reference.strip_prefix("inputs/").unwrap_or(&reference).to_owned();
        if inputs.iter().any(|(known, _)| *known == name) {
            files.names.push((reference, name));
        } else {
            let message = format!("`{}` is not among the files of this scenario", clean(&reference));
            problems.push(Problem::error(root.place_of(&path), &path, message, "read the scenario from a file"));
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

/// Path and text of every reference to a file, in a tree that the schema has passed.
pub fn references(root: &Node) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for section in ["cluster", "producers", "groups"] {
        if let Some(entry) = root.entry(section) {
            collect(&entry.value, section, &mut found);
        }
    }
    found
}

fn collect(node: &Node, path: &str, found: &mut Vec<(String, String)>) {
    for entry in node.entries() {
        let inner = format!("{path}.{}", entry.key);
        let names_a_file = is_reference(&inner);
        match &entry.value.kind {
            // As the schema reads it, which may differ from what was written where it looks like a number.
            Kind::Scalar { .. } if names_a_file => {
                found.extend(serde_json::from_value(entry.value.to_json()).map(|File(text)| (inner, text)));
            }
            // A template of messages is the user's own, whatever its keys are called.
            _ if inner.ends_with(".message.json") => {}
            _ => collect(&entry.value, &inner, found),
        }
    }
}

/// Whether what stands at a path is the name of a file.
fn is_reference(path: &str) -> bool {
    [".trace.file", ".empirical.file", ".message.lines", ".kafka_properties"].iter().any(|end| path.ends_with(end))
}

/// Whether a value names files once it is set at a path.
#[must_use]
pub fn names_files(path: &str, value: &serde_json::Value) -> bool {
    match value {
        _ if path.ends_with(".message.json") || path.contains(".message.json.") => false,
        serde_json::Value::Object(fields) => {
            fields.iter().any(|(key, inner)| names_files(&format!("{path}.{key}"), inner))
        }
        _ => is_reference(path),
    }
}

type Refusal = (String, String);

fn contents(reference: &str, folder: Option<&Path>) -> Result<Vec<u8>, Refusal> {
    let shown = clean(reference);
    let path = inside(reference, folder)?;
    let cannot = |error: std::io::Error| (format!("`{shown}` cannot be read: {error}"), "check the name".to_owned());
    let meta = path.metadata().map_err(cannot)?;
    if !meta.is_file() {
        return Err((format!("`{shown}` is not a plain file"), "name a file".to_owned()));
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
fn inside(reference: &str, folder: Option<&Path>) -> Result<PathBuf, Refusal> {
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
        std::io::ErrorKind::NotFound => (format!("`{shown}` does not exist"), beside(folder, reference)),
        _ => (format!("`{shown}` cannot be read: {error}"), "check the name".to_owned()),
    };
    let home = folder.canonicalize().map_err(missing)?;
    let path = home.join(reference).canonicalize().map_err(missing)?;
    if path.starts_with(&home) { Ok(path) } else { Err(leaves()) }
}

/// What files of the same kind there are instead.
fn beside(folder: &Path, reference: &str) -> String {
    let kind = Path::new(reference).extension();
    let entries = std::fs::read_dir(folder).into_iter().flatten().take(1_000).flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| kind.is_some() && Path::new(name).extension() == kind);
    names.sort();
    names.truncate(5);
    match names.as_slice() {
        [] => "put it beside the scenario".to_owned(),
        names => format!("put it beside the scenario, where there are {}", list(names.iter().map(String::as_str))),
    }
}
