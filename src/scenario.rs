//! What the user wrote: one YAML file, and the files it names.
//!
//! Text becomes a tree with places, `--set` edits the tree, the schema checks it, serde makes it a [`Document`]. Every
//! problem is told at once, with its place and a remedy. Whether the parts fit together is the plan's question.
mod files;
pub mod later;
pub mod node;
pub mod problem;
mod read;
mod references;
mod resolve;
pub mod schema;
mod set;
mod validate;
pub mod values;

pub use files::names_files;
pub use node::Place;
pub use problem::{Problem, Problems, Severity};
pub use validate::{is_name, list, nearest};

use node::{Entry, Node};
use problem::Source;
use schema::Document;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Input files of a scenario by their name under `inputs/`, kept so that a run can be repeated from what it leaves.
pub type Inputs = Vec<(String, Arc<[u8]>)>;

/// A scenario that is well formed: every key known, every value readable, every file read.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Digest of the scenario as resolved, with its inputs: 64 hexadecimal digits.
    pub sha256: String,
    /// What was written, by key.
    pub document: Document,
    /// What it is called.
    pub name: String,
    /// What problems point into.
    pub source: Source,
    root: Node,
    files: files::Files,
    folder: Option<PathBuf>,
}

impl Scenario {
    /// The scenario with every `--set` applied, its name and seed explicit and its files under `inputs/`. Reading it again and
    /// resolving that gives the same bytes.
    #[must_use]
    pub fn resolved_yaml(&self) -> String {
        resolve::yaml(&self.root, &self.name, &self.files)
    }

    /// The same scenario with further values set, read from what is in memory: nobody can change it between two points
    /// of a study. Only a file that was not named before is read.
    ///
    /// # Errors
    /// Every problem found, at the place of the scenario's own file.
    pub fn with(&self, sets: &[String]) -> Result<Self, Problems> {
        let all: Vec<String> = self.source.sets.iter().chain(sets).cloned().collect();
        let source = Source { sets: all.into(), ..self.source.clone() };
        let mut root = self.root.clone();
        let before = self.source.sets.len();
        let wrong = sets.iter().enumerate().filter_map(|(i, set)| set::apply(&mut root, set, before + i).err());
        let wrong: Vec<Problem> = wrong.map(|problem| *problem).collect();
        let folder = self.folder.as_deref();
        let read_files = |root: &Node| files::read(root, folder, &self.files);
        let built = if wrong.is_empty() { build(root, &source, folder, read_files) } else { Err(wrong) };
        built.map_err(|problems| Problems::new(source, problems))
    }

    /// Input files by name under `inputs/`.
    #[must_use]
    pub fn inputs(&self) -> &Inputs {
        &self.files.inputs
    }

    /// Contents of a file as the scenario names it.
    #[must_use]
    pub fn input(&self, reference: &str) -> Option<&Arc<[u8]>> {
        let name = self.files.name_of(reference)?;
        self.files.inputs.iter().find(|(known, _)| known == name).map(|(_, bytes)| bytes)
    }

    /// Where a dotted path was written.
    #[must_use]
    pub fn place(&self, path: &str) -> Place {
        self.root.place_of(path)
    }

    /// Where the values of a path stand in `study.vary`: the path is one key there.
    #[must_use]
    pub fn place_of_varied(&self, path: &str) -> Place {
        let vary = self.root.entry("study").and_then(|study| study.value.entry("vary"));
        let entry = vary.and_then(|vary| vary.value.entry(path));
        entry.map_or_else(|| self.place("study.vary"), Entry::best_place)
    }
}

/// Reads a scenario from a file and the files beside it.
///
/// # Errors
/// Every problem found.
pub fn load(path: &Path, sets: &[String]) -> Result<Scenario, Problems> {
    let file = path.display().to_string();
    let text = text_of(path).map_err(|problem| {
        let source = Source { file: file.clone(), ..Source::default() };
        Problems::new(source, vec![*problem])
    })?;
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    parse(&text, &file, Some(folder), sets)
}

/// Reads a scenario from text. Without a folder it may name no files.
///
/// # Errors
/// Every problem found.
pub fn parse(text: &str, file_name: &str, folder: Option<&Path>, sets: &[String]) -> Result<Scenario, Problems> {
    let source = Source { file: file_name.to_owned(), text: text.into(), sets: sets.into(), ..Source::default() };
    match read_tree(text, sets)
        .and_then(|root| build(root, &source, folder, |root| files::read(root, folder, &files::Files::default())))
    {
        Ok(scenario) => Ok(scenario),
        Err(problems) => Err(Problems::new(source, problems)),
    }
}

/// Reads a scenario again from its text as resolved, and the files that it names.
///
/// # Errors
/// Every problem found: there is none where both are of one scenario.
pub fn again(resolved: &str, inputs: &Inputs) -> Result<Scenario, Problems> {
    let source = Source { file: "scenario.yaml".to_owned(), text: resolved.into(), ..Source::default() };
    match read_tree(resolved, &[]).and_then(|root| build(root, &source, None, |root| files::given(root, inputs))) {
        Ok(scenario) => Ok(scenario),
        Err(problems) => Err(Problems::new(source, problems)),
    }
}

/// A value as one would write it into a scenario, as plain data.
///
/// # Errors
/// Where it is no YAML.
pub fn value(text: &str) -> Result<serde_json::Value, String> {
    match read::tree(text) {
        Ok(node) => Ok(node.to_json()),
        Err(problems) => Err(problems.into_iter().next().map_or_else(String::new, |problem| problem.message)),
    }
}

/// The JSON Schema of a scenario.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}

fn read_tree(text: &str, sets: &[String]) -> Result<Node, Vec<Problem>> {
    let mut root = read::tree(text)?;
    let problems: Vec<Problem> =
        sets.iter().enumerate().filter_map(|(i, set)| set::apply(&mut root, set, i).err().map(|p| *p)).collect();
    if problems.is_empty() { Ok(root) } else { Err(problems) }
}

fn build(
    root: Node,
    source: &Source,
    folder: Option<&Path>,
    read_files: impl FnOnce(&Node) -> Result<files::Files, Vec<Problem>>,
) -> Result<Scenario, Vec<Problem>> {
    let mut problems = validate::document(&root);
    problems.append(&mut references::check(&root));
    if !problems.is_empty() {
        return Err(problems);
    }
    let document: Document = serde_json::from_value(root.to_json()).map_err(|error| {
        vec![Problem::error(root.place, "", read::clean(&error.to_string()), "compare with `conga schema`")]
    })?;
    let name = document.name.as_ref().map_or_else(|| name_of(&source.file), |name| name.0.clone());
    let files = read_files(&root)?;
    let folder = folder.map(Path::to_owned);
    let mut scenario = Scenario { sha256: String::new(), document, name, source: source.clone(), root, files, folder };
    scenario.sha256 = digest(&scenario);
    Ok(scenario)
}

/// The name of a scenario that does not say: that of its file.
fn name_of(file: &str) -> String {
    let stem = Path::new(file).file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let kept = stem.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' });
    let name: String = kept.take(64).collect();
    if is_name(&name) { name } else { "scenario".to_owned() }
}

fn digest(scenario: &Scenario) -> String {
    let mut hash = Sha256::new();
    hash.update(scenario.resolved_yaml());
    for (name, bytes) in scenario.inputs() {
        hash.update(format!("\n{name} {}\n", bytes.len()));
        hash.update(bytes);
    }
    hex(&hash.finalize())
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn text_of(path: &Path) -> Result<String, Box<Problem>> {
    let refuse = |place, message: String, remedy: &str| Box::new(Problem::error(place, "", message, remedy));
    let cannot = |error: std::io::Error| {
        let remedy = if path.is_dir() { "name the file in it" } else { "check the path" };
        refuse(Place::default(), format!("cannot be read: {error}"), remedy)
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(cannot)?;
    file.take(read::LARGEST_FILE as u64 + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() > read::LARGEST_FILE {
        let message = format!("the file is longer than {} bytes", read::LARGEST_FILE);
        return Err(refuse(Place::default(), message, "put long data into files beside it"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = good.split(|byte| *byte == b'\n').count() as u32;
        let place = Place { line, column: 1, length: 1 };
        refuse(place, "not UTF-8 text".to_owned(), "save the file as UTF-8")
    })
}

/// Keys that the resolved scenario always has: `name` first, `run.seed` with its value.
fn explicit(root: &Node, name: &str) -> Node {
    let mut root = root.clone();
    let node::Kind::Map(entries) = &mut root.kind else { return root };
    let place = Place::default();
    if !entries.iter().any(|entry| entry.key == "name") {
        entries.insert(0, Entry { key: "name".to_owned(), place, value: Node::text(name, place) });
    }
    if !entries.iter().any(|entry| entry.key == "run") {
        entries.push(Entry { key: "run".to_owned(), place, value: Node { kind: node::Kind::Map(vec![]), place } });
    }
    if let Some(run) = entries.iter_mut().find(|entry| entry.key == "run")
        && let node::Kind::Map(keys) = &mut run.value.kind
        && !keys.iter().any(|entry| entry.key == "seed")
    {
        keys.push(Entry { key: "seed".to_owned(), place, value: Node::text("1", place) });
    }
    root
}
