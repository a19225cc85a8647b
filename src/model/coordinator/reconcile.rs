//! How a member of the consumer protocol comes from what it has to what it should have (KIP-848): first it gives up, then
//! it moves to the new epoch, then it is given what others have let go, a part at a time.
//!
//! A pure function of what the coordinator knows of one member. Of its own partitions nobody waits for anything but
//! those that move; that is the protocol's point.
use crate::model::protocol::PartitionId;
use crate::model::sabotage::{self, Sabotage};
use std::collections::BTreeSet;

/// What a member is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It has what it should have, or has not heard of something newer.
    #[default]
    Stable,
    /// It has to give up partitions before anything else.
    UnrevokedPartitions,
    /// It waits for partitions that others have not given up yet.
    UnreleasedPartitions,
}

/// What the coordinator has told a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Current {
    /// What it is at.
    pub state: State,
    /// The epoch it is in.
    pub epoch: u32,
    /// The one before.
    pub previous_epoch: u32,
    /// What it may read.
    pub assigned: BTreeSet<PartitionId>,
    /// What it was told to give up, and has not yet.
    pub revoking: BTreeSet<PartitionId>,
}

impl Current {
    /// What it is told next, on its way to `target` of `target_epoch`, if anything new. A partition is free if nobody has
    /// it; `owned` is what the member says it has, where it says so.
    #[must_use]
    pub fn reconciled(
        &self,
        target_epoch: u32,
        target: &BTreeSet<PartitionId>,
        is_free: impl Fn(PartitionId) -> bool,
        owned: Option<&[PartitionId]>,
    ) -> Option<Self> {
        let next = match self.state {
            State::Stable if self.epoch == target_epoch => return None,
            State::UnrevokedPartitions if !gave_up(&self.revoking, owned) => return None,
            // What was to be given up is: that is an epoch of its own, even if there is more to give up now.
            State::UnrevokedPartitions => self.next(self.epoch + 1, (target_epoch, target), is_free, owned),
            State::Stable | State::UnreleasedPartitions => {
                self.next(self.epoch, (target_epoch, target), is_free, owned)
            }
        };
        (next != *self).then_some(next)
    }

    fn next(
        &self,
        epoch: u32,
        (target_epoch, target): (u32, &BTreeSet<PartitionId>),
        is_free: impl Fn(PartitionId) -> bool,
        owned: Option<&[PartitionId]>,
    ) -> Self {
        let mut assigned: BTreeSet<PartitionId> = self.assigned.intersection(target).copied().collect();
        let revoking: BTreeSet<PartitionId> = self.assigned.difference(target).copied().collect();
        if !revoking.is_empty() && !gave_up(&revoking, owned) {
            return self.at(State::UnrevokedPartitions, epoch, assigned, revoking);
        }
        let mut unreleased = false;
        for &partition in target.difference(&self.assigned) {
            // What it has just given up itself, nobody else can have.
            let free = is_free(partition) || self.revoking.contains(&partition);
            if free || sabotage::plays(Sabotage::GiveUnreleased) {
                assigned.insert(partition);
            } else {
                unreleased = true;
            }
        }
        let state = if unreleased { State::UnreleasedPartitions } else { State::Stable };
        self.at(state, target_epoch, assigned, BTreeSet::new())
    }

    fn at(&self, state: State, epoch: u32, assigned: BTreeSet<PartitionId>, revoking: BTreeSet<PartitionId>) -> Self {
        let previous_epoch = if epoch == self.epoch { self.previous_epoch } else { self.epoch };
        Self { state, epoch, previous_epoch, assigned, revoking }
    }

    /// Everything nobody else may have.
    pub fn held(&self) -> impl Iterator<Item = PartitionId> {
        self.assigned.iter().chain(&self.revoking).copied()
    }
}

/// Whether a member says that it has none of these; where it says nothing, it may have them all.
fn gave_up(revoking: &BTreeSet<PartitionId>, owned: Option<&[PartitionId]>) -> bool {
    owned.is_some_and(|owned| owned.iter().all(|partition| !revoking.contains(partition)))
}
