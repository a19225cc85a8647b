//! What an application found, as tables: sorted rows of text, the same bytes for the same records.
//!
//! Amounts are whole numbers in small units, so that no sum depends on its order.
use csv::{Terminator, WriterBuilder};

/// A table with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Name of its file, without the ending.
    pub name: &'static str,
    /// Names of its columns.
    pub columns: Vec<&'static str>,
    /// Its rows, sorted.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// As CSV with a head, lines ending in `\n`.
    #[must_use]
    pub fn csv(&self) -> Vec<u8> {
        let mut out = WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(Vec::new());
        let wrote =
            out.write_record(&self.columns).and_then(|()| self.rows.iter().try_for_each(|row| out.write_record(row)));
        wrote.expect("a list of bytes takes all that is written, and rows have as many cells as the head");
        out.into_inner().expect("a list of bytes takes all that is written")
    }

    /// As JSON, an object a line; every value is a text.
    #[must_use]
    pub fn json_lines(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for row in &self.rows {
            let object: serde_json::Map<String, serde_json::Value> = self
                .columns
                .iter()
                .zip(row)
                .map(|(column, cell)| ((*column).to_owned(), cell.clone().into()))
                .collect();
            serde_json::to_writer(&mut out, &object).expect("a list of bytes takes all that is written");
            out.push(b'\n');
        }
        out
    }
}

/// An instant after 1970 as RFC 3339 in UTC, in whole seconds.
#[must_use]
pub fn instant(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |instant| instant.to_string())
}
