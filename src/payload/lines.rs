//! Messages from a file: one a row, cycled. What real systems said compresses like what real systems say.
//!
//! Rows are bytes, not text; `\n` and `\r\n` end them, and empty ones are left out.
use std::sync::Arc;

/// Rows at most: each takes twelve bytes beside its own.
const MOST_ROWS: usize = 2_000_000;

/// The rows of a file.
#[derive(Clone)]
pub struct Lines {
    bytes: Arc<[u8]>,
    /// Begin and end of each.
    rows: Arc<[(u32, u32)]>,
}

/// Why a file has no messages for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLines {
    /// No row with anything in it.
    Empty,
    /// So many rows and more.
    TooMany(usize),
}

impl Lines {
    /// The rows of a file of at most 4 GiB.
    ///
    /// # Errors
    /// When there are none, or too many.
    pub fn of(bytes: &Arc<[u8]>) -> Result<Self, NoLines> {
        let mut rows = Vec::new();
        let mut begin = 0;
        for row in bytes.split(|byte| *byte == b'\n') {
            let length = row.strip_suffix(b"\r").unwrap_or(row).len() as u32;
            if length > 0 {
                rows.push((begin, begin + length));
            }
            if rows.len() > MOST_ROWS {
                return Err(NoLines::TooMany(MOST_ROWS));
            }
            begin += row.len() as u32 + 1;
        }
        if rows.is_empty() { Err(NoLines::Empty) } else { Ok(Self { bytes: Arc::clone(bytes), rows: rows.into() }) }
    }

    /// Row number `index`, counted round and round.
    #[must_use]
    pub fn get(&self, index: u64) -> &[u8] {
        let (begin, end) = self.rows[(index % self.rows.len() as u64) as usize];
        &self.bytes[begin as usize..end as usize]
    }

    /// Lengths of all rows.
    #[must_use]
    pub fn lengths(&self) -> impl ExactSizeIterator<Item = u32> {
        self.rows.iter().map(|(begin, end)| end - begin)
    }
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} rows, {} bytes", self.rows.len(), self.bytes.len())
    }
}
