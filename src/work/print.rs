//! `work: print`: shows each record on a line: `events-0@12 key payload`, without a key `-`.
//!
//! What is not text is shown as the replacement character, control characters as well: a record must not be able to move
//! the cursor of a terminal. Long payloads are cut, and their length told.
use super::{Item, Results, Source};
use std::fmt;
use std::io::{self, Write};

/// Characters of a key or payload that are shown.
const SHOWN: usize = 160;

/// Shows records to whoever takes lines.
pub struct Print {
    into: Box<dyn Write + Send>,
    /// The lines of a batch, written at once: others who print do not get between the parts of a line.
    lines: Vec<u8>,
}

impl Print {
    /// Into this.
    pub fn new(into: impl Write + Send + 'static) -> Self {
        Self { into: Box::new(into), lines: Vec::new() }
    }

    pub(super) fn take(&mut self, from: Source<'_>, records: &[Item<'_>], out: &mut Results) -> io::Result<()> {
        self.lines.clear();
        for record in records {
            let key = record.key.map_or_else(|| "-".to_owned(), shown);
            let place = (from.topic, from.partition, record.offset);
            writeln!(self.lines, "{}-{}@{} {key} {}", place.0, place.1, place.2, shown(record.value))?;
            out.push(|out| out.extend_from_slice(record.value));
        }
        self.into.write_all(&self.lines)
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}

/// Bytes as they may be shown.
fn shown(bytes: &[u8]) -> String {
    // A character has at most four bytes: no need to read all of a large payload.
    let head = &bytes[..bytes.len().min(4 * SHOWN + 4)];
    let text = String::from_utf8_lossy(head);
    let is_cut = text.chars().nth(SHOWN).is_some() || head.len() < bytes.len();
    let safe = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let mut line: String = text.chars().take(SHOWN).map(safe).collect();
    if is_cut {
        line.extend(["… (", &bytes.len().to_string(), " B)"]);
    }
    line
}

impl fmt::Debug for Print {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Print")
    }
}
