//! What groups write, by what they made it of: that nothing is committed before what it became is written, and how much is
//! written once more.
//!
//! Only where members can be gone that write to a topic. Whoever takes a lost member's place does again what that had not
//! committed, and writes it again if it was written: to whoever reads it, these are different records. A group that commits
//! before it works promises nothing, and loses what was not written.
use super::progress::Progress;
use crate::model::machine::{Cause, Fact};
use crate::plan::{Commit, Plan, TopicPlan};

/// Knows what is written.
#[derive(Debug)]
pub struct Written {
    /// By group; nothing for one of which no member can be gone, or that writes nowhere.
    groups: Vec<Option<Writes>>,
}

/// What a group writes.
#[derive(Debug)]
struct Writes {
    stream: usize,
    dead_letters: bool,
    /// It commits first, and works afterwards.
    ahead: bool,
    reads: Vec<u32>,
    /// By partition over all topics: of which records nothing is left to be written.
    done: Vec<Progress>,
    /// Of which records something is written.
    written: Vec<Progress>,
    /// Records written once more.
    again: u64,
}

impl Written {
    /// Of a run of this plan, if there is any such group.
    #[must_use]
    pub fn new(plan: &Plan) -> Option<Self> {
        let mut stream = plan.producers.len();
        let partitions = plan.partitions() as usize;
        let mut groups = Vec::new();
        for (number, group) in plan.groups.iter().enumerate() {
            let ranges = group.topics.iter().map(|&topic| &plan.topics[topic]);
            let writes = Writes {
                stream,
                dead_letters: group.retry.dead_letters,
                ahead: group.commit == Commit::BeforeWork,
                reads: ranges.flat_map(TopicPlan::numbers).collect(),
                done: vec![Progress::default(); partitions],
                written: vec![Progress::default(); partitions],
                again: 0,
            };
            groups.push((group.output.is_some() && plan.may_lose_members_of(number)).then_some(writes));
            stream += usize::from(group.output.is_some());
        }
        groups.iter().any(Option::is_some).then_some(Self { groups })
    }

    fn of(&mut self, group: u32) -> Option<&mut Writes> {
        self.groups[group as usize].as_mut()
    }

    /// Hears a fact; returns the law that it breaks, if it does.
    pub(super) fn hear(&mut self, fact: &Fact<'_>) -> Option<String> {
        match *fact {
            Fact::Forwarded { group, partition, first, records, written } => {
                let writes = self.of(group)?;
                fill(&mut writes.done[partition as usize], first, records);
                if written {
                    writes.again += records - fill(&mut writes.written[partition as usize], first, records);
                }
            }
            Fact::Processed(ref done) => {
                let writes = self.of(done.group).filter(|writes| writes.dead_letters)?;
                fill(&mut writes.done[done.partition as usize], done.first, done.records.len() as u64);
            }
            Fact::Lost { group, partition, first, records, cause, .. } => {
                let writes = self.of(group).filter(|writes| !writes.dead_letters || cause != Cause::DeadLetter)?;
                fill(&mut writes.done[partition as usize], first, records);
            }
            Fact::Skipped { group, partition, first, records, .. } => {
                fill(&mut self.of(group)?.done[partition as usize], first, records);
            }
            Fact::Reset { group, partition, offset, .. } => {
                fill(&mut self.of(group)?.done[partition as usize], 0, offset);
            }
            Fact::Truncated { partition, base, records, .. } => {
                for writes in self.groups.iter_mut().flatten() {
                    fill(&mut writes.done[partition as usize], base, records);
                }
            }
            Fact::Committed { group, partition, offset } => {
                let writes = self.of(group).filter(|writes| !writes.ahead)?;
                let below = writes.done[partition as usize].below;
                return (offset > below).then(|| {
                    format!(
                        "group {group} commits only what it has written on of partition {partition}: {offset} of {below}"
                    )
                });
            }
            _ => {}
        }
        None
    }

    /// Whether everything is written, up to where each partition ends.
    pub(super) fn is_done(&self, end: impl Fn(u32) -> u64) -> bool {
        let written = |writes: &Writes| {
            writes.reads.iter().all(|&partition| writes.done[partition as usize].below >= end(partition))
        };
        self.groups.iter().flatten().all(|writes| writes.ahead || written(writes))
    }

    /// By stream, records written once more because whoever wrote them first was gone before they were committed.
    pub(super) fn again(&self) -> impl Iterator<Item = (usize, u64)> {
        self.groups.iter().flatten().map(|writes| (writes.stream, writes.again))
    }
}

/// Records are done, some of them perhaps not for the first time; returns how many are.
fn fill(progress: &mut Progress, first: u64, records: u64) -> u64 {
    let runs = progress.claim(first, first + records);
    runs.into_iter().filter(|(_, known)| !known).map(|(run, _)| run.end - run.start).sum()
}
