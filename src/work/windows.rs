//! Windows of event time, by their number, as many as there is memory for.
//!
//! Event time comes from records and may be anything. So the limit is a number of windows, not an age: when there are too
//! many, the first one is folded into `earlier`, and totals stay exact. Windows never close: what comes late still counts
//! where it belongs, or in `earlier`.
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a record in JSON is read as.
pub(super) trait Dated {
    /// When it happened, as RFC 3339.
    fn at(&self) -> &str;
}

/// A record, and the number of the window of so many seconds it belongs to; nothing where it is malformed.
pub(super) fn read<'r, R: Dated + Deserialize<'r>>(value: &'r [u8], window_s: i64) -> Option<(i64, R)> {
    let record: R = serde_json::from_slice(value).ok()?;
    let at: jiff::Timestamp = record.at().parse().ok()?;
    Some((at.as_nanosecond().div_euclid(i128::from(window_s) * 1_000_000_000) as i64, record))
}

/// What a window holds.
pub(super) trait Cell: Default {
    /// Adds what another part holds of the same window.
    fn merge(&mut self, other: &Self);

    /// Adds a window that is given up, as far as it can still be told apart.
    fn fold(&mut self, other: Self);
}

/// The windows of one partition, or of all.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Windows<C> {
    kept: usize,
    open: BTreeMap<i64, C>,
    /// All windows before this number are in `earlier`.
    first: i64,
    earlier: C,
}

impl<C: Cell> Windows<C> {
    pub fn new(kept: usize) -> Self {
        Self { kept, open: BTreeMap::new(), first: i64::MIN, earlier: C::default() }
    }

    /// The window with this number.
    pub fn at(&mut self, number: i64) -> &mut C {
        if number < self.first {
            return &mut self.earlier;
        }
        if !self.open.contains_key(&number) && self.open.len() >= self.kept {
            // It may itself be the first to go.
            self.open.insert(number, C::default());
            self.give_up_first();
            if number < self.first {
                return &mut self.earlier;
            }
        }
        self.open.entry(number).or_default()
    }

    /// Whether a window is kept by itself.
    pub fn keeps(&self, number: i64) -> bool {
        self.open.contains_key(&number)
    }

    fn give_up_first(&mut self) {
        if let Some((number, cell)) = self.open.pop_first() {
            self.first = number + 1;
            self.earlier.fold(cell);
        }
    }

    pub fn merge(&mut self, other: &Self) {
        for (number, cell) in &other.open {
            self.open.entry(*number).or_default().merge(cell);
        }
        self.earlier.merge(&other.earlier);
        self.first = self.first.max(other.first);
        while self.open.first_key_value().is_some_and(|(number, _)| *number < self.first) || self.open.len() > self.kept
        {
            let first = self.first;
            self.give_up_first();
            self.first = self.first.max(first);
        }
    }

    /// The windows that are kept, in the order of time.
    pub fn iter(&self) -> impl Iterator<Item = (i64, &C)> {
        self.open.iter().map(|(number, cell)| (*number, cell))
    }

    /// What is not kept by window, if there is any such window.
    pub fn earlier(&self) -> Option<&C> {
        (self.first > i64::MIN).then_some(&self.earlier)
    }
}
