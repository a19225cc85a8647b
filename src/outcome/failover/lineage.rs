//! Which records a copy has, from two numbers: the leader epoch of its last record, and where it ends.
//!
//! An epoch has one leader, so copies that have a record of it are the same up to there (KIP-101, Raft's log matching). A
//! leader begins with what it has, which is the log of an earlier epoch up to some offset: so epochs are a tree, and where two
//! copies part is found by going back to where they have an epoch in common.
use std::collections::BTreeMap;

/// Where a copy ends, and the leader epoch of what is last in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tip {
    pub epoch: u32,
    pub end: u64,
}

/// The epochs of a partition: with what each leader began. The first one began with nothing.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    begun: BTreeMap<u32, Tip>,
}

impl Lineage {
    /// A leader begins an epoch.
    pub fn begin(&mut self, epoch: u32, with: Tip) {
        if with.epoch < epoch {
            self.begun.insert(epoch, with);
        }
    }

    /// A copy without what lies behind an offset.
    pub fn cut(&self, copy: Tip, end: u64) -> Tip {
        let mut tip = Tip { end: end.min(copy.end), ..copy };
        while let Some(before) = self.begun.get(&tip.epoch)
            && before.end >= tip.end
        {
            tip.epoch = before.epoch;
        }
        tip
    }

    /// Up to where two copies are the same.
    pub fn shared(&self, one: Tip, other: Tip) -> u64 {
        let [mut one, mut other] = [one, other].map(|tip| self.cut(tip, tip.end));
        while one.epoch != other.epoch {
            let later = if one.epoch > other.epoch { &mut one } else { &mut other };
            *later = self.begun.get(&later.epoch).copied().unwrap_or_default();
        }
        one.end.min(other.end)
    }
}
