//! Why records that were appended are lost to a group: what a fact about it says.
//!
//! A closed set; results and tables have a place for each.
use serde::{Deserialize, Serialize};

/// Why a group never processes a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// It was deleted before the group got it.
    Retention,
    /// The group had nothing committed, and began after it: `auto.offset.reset`.
    Reset,
    /// A new leader did not have it.
    Truncation,
    /// It was committed, and whoever was to process it did not, or gave it up.
    Unprocessed,
    /// Processing it failed as often as it may, and it was written to another topic.
    DeadLetter,
}

impl Cause {
    /// Number of causes.
    pub const COUNT: usize = 5;
}
