//! Who reads what: one owner a partition and generation, who gives up before another has it, and goes on where the last
//! one committed.
//!
//! Members that are taken for gone hold nothing any more, whatever they think themselves.
use super::Laws;
use crate::model::machine::Fact;
use crate::model::protocol::{MemberState, PartitionId};
use crate::units::Time;

impl Laws {
    /// Something became of a group.
    #[cold]
    pub(super) fn changed(&mut self, now: Time, fact: &Fact<'_>) {
        let partitions = self.partitions.len();
        match *fact {
            Fact::Revoked { group, member, partition } => {
                let place = &mut self.places[group as usize * partitions + partition as usize];
                place.held &= place.owner.is_none_or(|(owner, _)| owner != member);
            }
            Fact::Member { state: MemberState::Joined, .. } => {}
            Fact::Member { group, key, .. } => {
                let first = group as usize * partitions;
                for place in &mut self.places[first..first + partitions] {
                    place.held &= place.owner.is_none_or(|(owner, _)| owner != key.member);
                }
            }
            Fact::Reset { group, partition, offset, .. } => {
                let place = &mut self.places[group as usize * partitions + partition as usize];
                place.reset = Some(offset);
                let committed = place.committed;
                self.check(committed == 0, now, || {
                    format!(
                        "group {group} resets partition {partition} only where nothing is committed: {committed} is"
                    )
                });
            }
            _ => {}
        }
    }

    pub(super) fn assigned(&mut self, now: Time, group: u32, member: u32, partition: PartitionId, generation: u32) {
        let place = &mut self.places[group as usize * self.partitions.len() + partition as usize];
        let before = place.owner.replace((member, generation));
        let held = std::mem::replace(&mut place.held, true);
        let fresh = before.is_none_or(|(last, old)| old < generation || last == member && !held);
        let free = before.is_none_or(|(last, _)| last == member || !held);
        self.check(free || !fresh, now, || {
            format!("partition {partition} is given up before member {member} of group {group} has it")
        });
        self.check(fresh, now, || {
            format!("partition {partition} has one owner in generation {generation} of group {group}")
        });
    }

    /// Whoever takes the place of a lost member leaves nothing out, and repeats only what is not committed.
    pub(super) fn resumed(&mut self, now: Time, group: u32, partition: PartitionId, offset: u64) {
        let place = &mut self.places[group as usize * self.partitions.len() + partition as usize];
        let (committed, reset) = (place.committed, place.reset.take());
        self.check(reset.unwrap_or(committed) == offset, now, || {
            format!("a member of group {group} goes on from what is committed of partition {partition}: {offset} instead of {committed}")
        });
    }
}
