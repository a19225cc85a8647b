//! What real work left in the folder of a run, as far as a report shows it: the first rows of its tables, and what writing
//! to a database took.
//!
//! It comes from records, and so from anybody: cells are cut to a length, and what would turn the text around or hide it
//! is replaced. Links are not followed, and however long a table is, only so much of it is read.
use super::SaveError;
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Tables, columns, rows and characters of a cell that are shown at most.
const TABLES: usize = 40;
const COLUMNS: usize = 12;
const ROWS: usize = 10;
const CELL: usize = 60;
/// Bytes of a table that are read at most.
const BYTES: u64 = 64 << 20;

/// The begin of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkTable {
    /// Its group.
    pub group: String,
    /// Where it lies in the folder, with `/` between: `work/GROUP/TABLE.csv`.
    pub file: String,
    /// Names of its columns.
    pub columns: Vec<String>,
    /// Its first rows, as many cells each as there are columns.
    pub rows: Vec<Vec<String>>,
    /// How many rows it has; nothing where it is too long to be read to its end.
    pub count: Option<usize>,
    /// Columns that are left away.
    pub hidden: usize,
}

/// What writing results to a database took, over all members.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stored {
    /// Results written.
    pub records: f64,
    /// In so many transactions.
    pub transactions: f64,
    /// Time members spent writing.
    pub busy_s: f64,
    /// The longest transaction.
    pub longest_s: f64,
}

/// What work left.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeftWork {
    /// In order of group and name.
    pub tables: Vec<WorkTable>,
    /// Tables that are not shown.
    pub hidden: usize,
    /// Where results went to a database.
    pub stored: Option<Stored>,
}

/// Looks into the folder of a run. There is nothing in most.
///
/// # Errors
/// When a file is there and cannot be read.
pub fn left(dir: &Path) -> Result<LeftWork, SaveError> {
    let mut found = Vec::new();
    for group in entries(&dir.join("work"), fs::FileType::is_dir)? {
        for file in entries(&group, fs::FileType::is_file)? {
            if file.extension().is_some_and(|ending| ending == "csv") {
                found.push((name(&group), file));
            }
        }
    }
    let hidden = found.len().saturating_sub(TABLES);
    let tables = found.into_iter().take(TABLES).map(|(group, file)| table(group, &file)).collect::<Result<_, _>>()?;
    Ok(LeftWork { tables, hidden, stored: stored(dir) })
}

/// What of one kind lies in a folder, in order of name; nothing where there is no such folder. A link is neither kind.
fn entries(folder: &Path, is: impl Fn(&fs::FileType) -> bool) -> Result<Vec<PathBuf>, SaveError> {
    let failed = |source| SaveError::Io { path: folder.to_owned(), source };
    if !fs::symlink_metadata(folder).is_ok_and(|data| data.is_dir()) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if is(&entry.file_type().map_err(failed)?) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

fn name(path: &Path) -> String {
    tame(&path.file_name().unwrap_or_default().to_string_lossy())
}

fn table(group: String, path: &Path) -> Result<WorkTable, SaveError> {
    let open = fs::File::open(path).map_err(super::at(path))?;
    let whole = open.metadata().is_ok_and(|data| data.len() <= BYTES);
    let mut rows = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(open.take(BYTES));
    let mut row = csv::ByteRecord::new();
    let (mut columns, mut hidden, mut shown, mut count) = (Vec::new(), 0, Vec::new(), 0);
    while rows.read_byte_record(&mut row).map_err(|why| SaveError::contents(path, why))? {
        if columns.is_empty() {
            hidden = row.len().saturating_sub(COLUMNS);
            columns = row.iter().take(COLUMNS).map(cell).collect();
            continue;
        }
        if shown.len() < ROWS {
            let mut cells: Vec<String> = row.iter().take(columns.len()).map(cell).collect();
            cells.resize(columns.len(), String::new());
            shown.push(cells);
        }
        count += 1;
    }
    let file = format!("work/{group}/{}", name(path));
    Ok(WorkTable { group, file, columns, rows: shown, count: whole.then_some(count), hidden })
}

fn cell(bytes: &[u8]) -> String {
    tame(&String::from_utf8_lossy(bytes))
}

/// A text on one line, in its own direction, of a bearable length.
fn tame(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let mut chars = text.chars().map(|c| if c.is_control() || turns(c) { '\u{fffd}' } else { c });
    let mut tame: String = chars.by_ref().take(CELL).collect();
    if chars.next().is_some() {
        tame.push('…');
    }
    tame
}

/// What members told of their databases; a file that is not there, or says something else, tells nothing.
fn stored(dir: &Path) -> Option<Stored> {
    let provenance: Value = serde_json::from_slice(&fs::read(dir.join("provenance.json")).ok()?).ok()?;
    let runs = provenance.get("live")?.as_array()?;
    let told = runs.iter().filter_map(|run| run.get("work")?.as_array()).flatten();
    let mut all: Option<Stored> = None;
    for sqlite in told.filter_map(|member| member.get("sqlite")) {
        let figure = |name: &str| sqlite.get(name).and_then(Value::as_f64).unwrap_or(0.0);
        let stored = all.get_or_insert_default();
        stored.records += figure("records");
        stored.transactions += figure("transactions");
        stored.busy_s += figure("busy_s");
        stored.longest_s = stored.longest_s.max(figure("longest_s"));
    }
    all
}
