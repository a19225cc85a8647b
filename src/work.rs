//! Real work on real records: what the members of a live group do with what they were given.
//!
//! The engine hands over records as bytes, some of one partition at a time and in order, and is told how long each took.
//! There is no thread here and no queue: a member works while it is asked to, as a consumer does between two polls.
use crate::units::Span;
use std::fmt::Debug;

/// Whose records they are, and where they come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Name of the group.
    pub group: &'a str,
    /// Number of the member, counted from 0.
    pub member: u32,
    /// Name of the topic.
    pub topic: &'a str,
    /// Number of the partition within its topic.
    pub partition: u32,
}

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// Its offset in the partition.
    pub offset: u64,
    /// When it should have been sent, in nanoseconds since 1970.
    pub due_ns: i64,
    /// Its key, if it has one.
    pub key: Option<&'a [u8]>,
    /// What it says.
    pub value: &'a [u8],
}

/// What came of some records.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// How long the work on each took, on a real clock.
    pub took: Vec<Span>,
    /// Results, one after the other: what goes to the group's output, if it has one.
    pub results: Vec<u8>,
    /// Where the result of each ends in `results`; empty where records have no results.
    pub ends: Vec<usize>,
}

impl Done {
    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.took.clear();
        self.results.clear();
        self.ends.clear();
    }
}

/// Why work cannot go on, in words for the user: what failed, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failed(pub String);

/// One member's work.
pub trait Labour: Debug + Send {
    /// Works on records of one partition, with offsets that follow each other; appends to `done` the time that each
    /// took. After a crash, offsets may come again.
    ///
    /// # Errors
    /// When work cannot go on. The run then ends and fails.
    fn work(&mut self, place: &Place<'_>, items: &[Item<'_>], done: &mut Done) -> Result<(), Failed>;

    /// Everything handed over so far is about to be committed: what is still in memory of its results must be safe.
    ///
    /// # Errors
    /// When it is not. The run then ends and fails.
    fn flush(&mut self) -> Result<(), Failed> {
        Ok(())
    }

    /// The run is over. What is worth telling of the work goes into the provenance; `Value::Null` for nothing.
    ///
    /// # Errors
    /// When results are not safe.
    fn finish(&mut self) -> Result<serde_json::Value, Failed> {
        self.flush().map(|()| serde_json::Value::Null)
    }
}
