//! How far a group has come in a partition, in offsets: everything below a mark, and with several workers some beyond.
//!
//! In order it is one number; the map is touched only where several workers overtake each other.
use std::collections::BTreeMap;
use std::ops::Range;

/// Offsets that are done.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Everything below is done.
    pub below: u64,
    /// Runs beyond that are done: first offset to the one after the last.
    beyond: BTreeMap<u64, u64>,
}

impl Progress {
    /// Everything below an offset.
    #[must_use]
    pub fn up_to(below: u64) -> Self {
        Self { below, beyond: BTreeMap::new() }
    }

    /// Records `first .. first + n` are done; false if one of them was done before.
    #[inline]
    pub fn done(&mut self, first: u64, n: u64) -> bool {
        if first == self.below && self.beyond.is_empty() {
            self.below += n;
            return true;
        }
        self.done_beyond(first, first + n)
    }

    #[cold]
    fn done_beyond(&mut self, first: u64, end: u64) -> bool {
        let overlaps = self.beyond.range(..end).next_back().is_some_and(|(_, &other)| other > first);
        if first < self.below || overlaps {
            return false;
        }
        self.beyond.insert(first, end);
        while let Some(entry) = self.beyond.first_entry()
            && *entry.key() == self.below
        {
            self.below = entry.remove();
        }
        true
    }

    /// Whether an offset is done, and up to which one the answer is the same.
    #[must_use]
    pub fn is_done(&self, offset: u64) -> (bool, u64) {
        if offset < self.below {
            return (true, self.below);
        }
        let run = self.beyond.range(..=offset).next_back().filter(|&(_, &end)| end > offset);
        let next = self.beyond.range(offset..).next().map_or(u64::MAX, |(&first, _)| first);
        run.map_or((false, next), |(_, &end)| (true, end))
    }

    /// Everything from `first` to before `end` is done now: run by run, whether it was before.
    pub fn claim(&mut self, first: u64, end: u64) -> Vec<(Range<u64>, bool)> {
        let (mut runs, mut at) = (Vec::new(), first);
        while at < end {
            let (known, until) = self.is_done(at);
            let until = until.min(end);
            if !known {
                self.done(at, until - at);
            }
            runs.push((at..until, known));
            at = until;
        }
        runs
    }

    /// The offset after the last one that is done.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.beyond.last_key_value().map_or(self.below, |(_, &end)| end)
    }

    /// Number of offsets done beyond the mark.
    #[must_use]
    pub fn beyond(&self) -> u64 {
        self.beyond.iter().map(|(first, end)| end - first).sum()
    }
}
