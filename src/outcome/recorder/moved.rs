//! Keys that move to another partition, because their topic grew: what is finished there before what is older.
//!
//! Within a partition offsets keep the order. So only records of one key in two partitions are compared, by when they were
//! due and when they were done; what is known of a key is the youngest of its records.
use crate::model::machine::Processed;
use crate::model::protocol::NO_KEY;
use crate::units::Time;
use std::collections::HashMap;

/// The youngest finished record of each key, by group and key.
#[derive(Debug, Default)]
pub(super) struct Moved {
    last: HashMap<(u32, u32), Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    partition: u32,
    due: Time,
    done: Time,
}

impl Moved {
    /// Hears of finished records; returns how many of them, or of those before, were done after a younger one of their key.
    pub(super) fn processed(&mut self, processed: &Processed<'_>) -> u64 {
        let &Processed { group, partition, started, .. } = processed;
        let (mut done, mut late) = (started, 0);
        for (record, &work) in processed.records.iter().zip(processed.work) {
            done = done + work;
            if record.key == NO_KEY {
                continue;
            }
            let this = Last { partition, due: record.due, done };
            let last = self.last.entry((group, record.key)).or_insert(this);
            let older = this.due < last.due;
            let apart = last.partition != partition && this.due != last.due && last.done != done;
            late += u64::from(apart && older == (last.done < done));
            if !older {
                *last = this;
            }
        }
        late
    }
}
