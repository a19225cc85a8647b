//! At most once: groups that commit before they work do nothing twice, nothing before it is committed, and lose only what was
//! in the hands of somebody who is gone.
//!
//! Heard is what members say themselves, before it is told apart what counts: work that comes too late to count is work.
use super::progress::Progress;
use crate::model::machine::{Cause, Fact};
use crate::model::protocol::MemberState;
use crate::plan::{Commit, Plan};

/// Watches over such groups.
#[derive(Debug)]
pub struct Once {
    /// By group and partition; nothing for other groups.
    groups: Vec<Option<Vec<Place>>>,
}

#[derive(Clone, Debug, Default)]
struct Place {
    committed: u64,
    /// What was worked on, by anybody, whatever came of it.
    worked: Progress,
    owner: Option<u32>,
    /// Whoever had it last was gone, and nobody has gone on yet.
    bereft: bool,
}

impl Once {
    /// Of a run of this plan, if there is any such group.
    #[must_use]
    pub fn new(plan: &Plan) -> Option<Self> {
        let places = || vec![Place::default(); plan.partitions() as usize];
        let ahead = plan.groups.iter().map(|group| group.commit == Commit::BeforeWork);
        let groups: Vec<Option<Vec<Place>>> = ahead.map(|ahead| ahead.then(places)).collect();
        groups.iter().any(Option::is_some).then_some(Self { groups })
    }

    /// Whether this is such a group.
    #[must_use]
    pub fn watches(&self, group: u32) -> bool {
        self.groups[group as usize].is_some()
    }

    fn place(&mut self, group: u32, partition: u32) -> Option<&mut Place> {
        Some(&mut self.groups[group as usize].as_mut()?[partition as usize])
    }

    /// Hears a fact; returns the law that it breaks, if it does.
    pub(super) fn hear(&mut self, fact: &Fact<'_>) -> Option<String> {
        match *fact {
            Fact::Committed { group, partition, offset } => self.place(group, partition)?.committed = offset,
            Fact::Processed(ref done) => {
                return self.works(done.group, done.partition, (done.first, done.records.len() as u64));
            }
            Fact::Lost { group, partition, first, records, cause: Cause::Unprocessed | Cause::DeadLetter, .. } => {
                return self.works(group, partition, (first, records));
            }
            Fact::Assigned { group, member, partition, .. } => self.place(group, partition)?.owner = Some(member),
            Fact::Revoked { group, member, partition } => {
                let place = self.place(group, partition)?;
                place.owner = place.owner.filter(|owner| *owner != member);
            }
            Fact::Member { group, key, state: MemberState::Crashed | MemberState::Gone(_) | MemberState::Replaced } => {
                self.loses(group, key.member);
            }
            _ => {}
        }
        None
    }

    fn works(&mut self, group: u32, partition: u32, (first, n): (u64, u64)) -> Option<String> {
        let place = self.place(group, partition)?;
        let (end, committed) = (first + n, place.committed);
        if end > committed {
            return Some(format!(
                "group {group} works only on what it has committed of partition {partition}: {end} of {committed}"
            ));
        }
        let again = place.worked.claim(first, end).into_iter().any(|(_, known)| known);
        again.then(|| format!("group {group} works once on what it has of partition {partition}: {first} again"))
    }

    /// A member is gone, with what it had in hand.
    pub(super) fn loses(&mut self, group: u32, member: u32) {
        for place in self.groups[group as usize].iter_mut().flatten() {
            place.bereft |= place.owner == Some(member);
        }
    }

    /// Somebody goes on, perhaps behind records that nobody worked on; returns the law that this breaks, if it does.
    pub(super) fn resumes(&mut self, group: u32, partition: u32, left_out: Option<u64>) -> Option<String> {
        let bereft = std::mem::take(&mut self.place(group, partition)?.bereft);
        left_out.filter(|_| !bereft).map(|first| {
            format!(
                "group {group} works on what it has committed of partition {partition} while its members live: {first}"
            )
        })
    }
}
