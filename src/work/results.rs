//! What comes out of work: one result a record, packed, and what it adds to the counts of windows.
//!
//! Counts are told only to who asks for them ([`Results::counting`]): a store that must not count a record twice adds
//! them in the same transaction in which it sees that the record is new.
use std::fmt;

/// What a record adds to one cell of a table of windows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count {
    /// Which of the records of this batch.
    pub record: u32,
    /// What is counted.
    pub measure: &'static str,
    /// When the window begins, in seconds after 1970.
    pub window_s: i64,
    /// Of whom it is counted.
    pub key: Box<str>,
    /// What it adds: whole, so that the order of adding does not matter.
    pub amount: i64,
}

/// Tells the time, in nanoseconds since whenever.
pub type Clock = Box<dyn Fn() -> u64 + Send>;

/// The results of a batch of records, in their order.
#[derive(Default)]
pub struct Results {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    counts: Option<Vec<Count>>,
    /// Looked at when a result is there.
    clock: Option<Clock>,
    there: Vec<u64>,
}

impl Results {
    /// Where counts are told as well.
    #[must_use]
    pub fn counting() -> Self {
        Self { counts: Some(Vec::new()), ..Self::default() }
    }

    /// Notes when each result is there.
    #[must_use]
    pub fn timed(self, clock: Clock) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// When each result was there, by the clock of [`Results::timed`]; nothing without one.
    #[must_use]
    pub fn times(&self) -> &[u64] {
        &self.there
    }

    /// Forgets all, keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.there.clear();
        if let Some(counts) = &mut self.counts {
            counts.clear();
        }
    }

    /// Appends the result of the next record.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len());
        self.there.extend(self.clock.as_ref().map(|clock| clock()));
    }

    /// The result of a record that cannot be read.
    pub(super) fn push_malformed(&mut self) {
        self.push(|out| out.extend_from_slice(b"{\"malformed\":true}"));
    }

    /// Tells what the record whose result comes next adds to a window.
    pub(super) fn count(&mut self, measure: &'static str, window_s: i64, key: impl FnOnce() -> Box<str>, amount: u64) {
        let record = self.ends.len() as u32;
        if let Some(counts) = &mut self.counts {
            let amount = i64::try_from(amount).unwrap_or(i64::MAX);
            counts.push(Count { record, measure, window_s, key: key(), amount });
        }
    }

    /// Number of results.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The result of record `i` of the batch.
    #[must_use]
    pub fn get(&self, i: usize) -> &[u8] {
        let begin = i.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[begin..self.ends[i]]
    }

    /// All results, in the order of the records.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.len()).map(|i| self.get(i))
    }

    /// What the records add to windows, in their order; nothing unless it was asked for.
    #[must_use]
    pub fn counts(&self) -> &[Count] {
        self.counts.as_deref().unwrap_or_default()
    }
}

impl fmt::Debug for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} results, {} bytes", self.len(), self.bytes.len())
    }
}
