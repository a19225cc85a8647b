//! What is wrong with a scenario, where, and what to do about it; and how that is printed.
//!
//! ```text
//! cg.yaml:14:14 groups.workers.members: 12 members share 6 partitions, 6 will idle; add partitions or remove members
//!    14 |     members: 12
//!       |              ^^
//! ```
use super::node::Place;
use std::fmt::{self, Write as _};
use std::sync::Arc;

/// Whether a run may go ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It may not.
    Error,
    /// It may, but the user should know.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether a run may go ahead.
    pub severity: Severity,
    /// Where it was written.
    pub place: Place,
    /// Dotted path of keys, such as `groups.workers.members`; empty for the file as a whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl Problem {
    /// Something that stops a run.
    #[must_use]
    pub fn error(place: Place, path: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        let (message, remedy) = (message.into(), remedy.into());
        Self { severity: Severity::Error, place, path: path.to_owned(), message, remedy }
    }

    /// Something to know.
    #[must_use]
    pub fn warning(place: Place, path: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(place, path, message, remedy) }
    }
}

/// Without its place: the same wherever the scenario was read from.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}; {}", self.message, self.remedy)
    }
}

/// The text that problems point into.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Name of the file as it is shown.
    pub file: String,
    /// Its text.
    pub text: Arc<str>,
    /// What `--set` added, in order.
    pub sets: Arc<[String]>,
    /// What other options asked for, as typed; counted on after the `--set`s.
    pub options: Arc<[String]>,
}

/// Every problem of a scenario, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    /// What they point into.
    pub source: Source,
    /// The problems.
    pub list: Vec<Problem>,
}

/// Problems beyond this many are counted, not printed: noise has thousands.
const SHOWN: usize = 50;
/// Characters of a line that a snippet shows at most.
const WIDTH: usize = 120;

impl Problems {
    /// In the order of the file.
    #[must_use]
    pub fn new(source: Source, mut list: Vec<Problem>) -> Self {
        list.sort_by(|a, b| (a.place, &a.path).cmp(&(b.place, &b.path)));
        list.dedup();
        Self { source, list }
    }

    /// All of them without their places, for a row or a line: the scenario may have been read from elsewhere.
    #[must_use]
    pub fn one_line(&self) -> String {
        self.list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")
    }
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.list.iter().take(SHOWN).enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            f.write_str(&self.source.render(problem))?;
        }
        match self.list.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n… and {more} more"),
        }
    }
}

impl Source {
    /// A problem with its place and the line it points to.
    #[must_use]
    pub fn render(&self, problem: &Problem) -> String {
        let mut out = String::new();
        let severity = if problem.severity == Severity::Warning { "warning: " } else { "" };
        let line = problem.place.line;
        let place = match self.set_of(problem.place) {
            Some(option) => option,
            None if line == 0 => self.file.clone(),
            None => format!("{}:{line}:{}", self.file, problem.place.column),
        };
        let colon = if problem.path.is_empty() || line == 0 { ":" } else { "" };
        let _ = write!(out, "{place}{colon} {severity}{problem}");
        self.snippet(problem.place, &mut out);
        out
    }

    /// The option of the command line that a place on line 0 stands for.
    fn set_of(&self, place: Place) -> Option<String> {
        let number = (place.line == 0).then_some(place.column as usize)?.checked_sub(1)?;
        match self.sets.get(number) {
            Some(set) => Some(format!("--set {set}")),
            None => self.options.get(number - self.sets.len()).cloned(),
        }
    }

    fn snippet(&self, place: Place, out: &mut String) {
        let Some(line) = place.line.checked_sub(1).and_then(|i| self.text.lines().nth(i as usize)) else { return };
        let column = (place.column as usize).max(1) - 1;
        let skipped = if column < WIDTH - 20 { 0 } else { column - 20 };
        let visible: String =
            line.chars().skip(skipped).take(WIDTH).map(|c| if c.is_control() { ' ' } else { c }).collect();
        if visible.trim().is_empty() {
            return;
        }
        let room = visible.chars().count().saturating_sub(column - skipped).max(1);
        let carets = "^".repeat((place.length as usize).clamp(1, room));
        let indent = " ".repeat(column - skipped);
        let _ = write!(out, "\n{:>6} | {}\n       | {indent}{carets}", place.line, visible.trim_end());
    }
}
