//! Where reference data comes from: every file of a schema in the folder `CONGA_REFERENCE`, by default the project's
//! own copy. Entries of the own copy that cannot be checked yet are counted exactly, so that their number only shrinks.
use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;

/// The reference data of one schema.
pub struct Reference {
    /// Every entry of every file, by file name.
    pub entries: Vec<Value>,
    /// Whether this is the project's own copy.
    pub own: bool,
}

impl Reference {
    /// Entries listed under `list` in all files whose `schema` begins with `schema`. A custom folder may lack them, if it
    /// has anything; the own copy may not.
    pub fn load(schema: &str, list: &str) -> Self {
        let custom = std::env::var_os("CONGA_REFERENCE").map(PathBuf::from);
        let own = custom.is_none();
        let folder = custom.unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference").into());
        let files = files(&folder);
        let entries: Vec<Value> = files
            .iter()
            .filter(|file| text(file, "schema").starts_with(schema))
            .flat_map(|file| file[list].as_array().unwrap_or_else(|| panic!("a file of {schema} without {list}")))
            .cloned()
            .collect();
        assert!(!(files.is_empty() || own && entries.is_empty()), "no {schema} in {}", folder.display());
        Self { entries, own }
    }

    /// Holds the own copy to `expected` entries that cannot be checked yet.
    pub fn unchecked_can_only_shrink(&self, unchecked: usize, expected: usize) {
        assert!(!self.own || unchecked == expected, "{unchecked} entries cannot be checked, not {expected}");
    }
}

fn files(folder: &PathBuf) -> Vec<Value> {
    let listing = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = listing.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.iter().map(read).collect()
}

fn read(path: &PathBuf) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A field's text, empty where there is none.
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// Shows a report whether or not its test fails: nothing is skipped silently.
pub fn report(text: &str) {
    std::io::stderr().write_all(text.as_bytes()).expect("standard error");
}
