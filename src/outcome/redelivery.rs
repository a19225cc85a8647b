//! What is processed once more after a member was lost: told apart from what is new, before it is counted.
//!
//! At least once, and no more often than a loss explains. Whoever takes a lost member's place goes on from what is
//! committed, and goes through each offset once and in order, as anybody does; offsets that were processed before are
//! duplicates and count as nothing else, so latencies and lag are of first times only.
use super::progress::Progress;
use super::{Observer, Witness};
use crate::model::machine::{Cause, Fact, Processed};
use crate::model::protocol::{MemberKey, MemberState};
use crate::plan::Plan;
use crate::units::Time;
use std::collections::BTreeMap;
use std::ops::Range;

/// Knows what was processed before.
#[derive(Debug)]
pub struct Redelivery {
    partitions: usize,
    /// By group and partition.
    places: Vec<Place>,
    /// By group and member: the last process of it.
    lives: BTreeMap<(u32, u32), u32>,
    /// By partition: what was cut off of it, which nobody will ever read.
    cut: BTreeMap<u32, Vec<Range<u64>>>,
}

#[derive(Clone, Debug, Default)]
struct Place {
    /// Who reads it.
    owner: Option<u32>,
    /// Who did when it was taken for gone, until another does.
    last: Option<u32>,
    /// Which process of it.
    incarnation: u32,
    /// Whether its owner is lost, and nobody has said yet where to go on.
    orphaned: bool,
    /// By anybody.
    seen: Progress,
    /// Records below may count as lost, although somebody has them in hand.
    deleted: u64,
    /// By whoever took a lost member's place, until it is past what was seen by then.
    again: Option<(Progress, u64)>,
}

impl Redelivery {
    /// Of a run of this plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let partitions = plan.partitions() as usize;
        let places = vec![Place::default(); partitions * plan.groups.len()];
        Self { partitions, places, lives: BTreeMap::new(), cut: BTreeMap::new() }
    }

    /// Whether nothing is left to be processed once more.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.places.iter().all(|place| place.again.is_none() && !place.orphaned)
    }

    /// A member is lost: until somebody in its place has said where to go on, nobody knows what will come again.
    pub(super) fn mourns(&mut self, group: u32, member: u32) {
        let first = group as usize * self.partitions;
        for place in &mut self.places[first..first + self.partitions] {
            place.orphaned |= place.owner == Some(member);
        }
    }

    fn place(&mut self, group: u32, partition: u32) -> &mut Place {
        &mut self.places[group as usize * self.partitions + partition as usize]
    }

    /// Hears a fact and hands on what is to be counted.
    pub(super) fn hear(&mut self, witness: &mut Witness, now: Time, fact: &Fact<'_>) {
        match *fact {
            Fact::Processed(ref done) => return self.processed(witness, now, done),
            Fact::Assigned { group, member, partition, .. } => {
                let incarnation = self.lives.get(&(group, member)).copied().unwrap_or(1);
                let place = self.place(group, partition);
                (place.owner, place.last, place.incarnation) = (Some(member), None, incarnation);
            }
            Fact::Revoked { group, member, partition } => {
                let place = self.place(group, partition);
                place.owner = place.owner.filter(|owner| *owner != member);
            }
            Fact::Member { group, key, state } if !self.changes(group, key, state) => {
                return self.releases(witness, now, group, key);
            }
            Fact::Reset { group, partition, offset, .. } => {
                self.loses(witness, now, (group, partition), (0, offset), (Cause::Reset, now));
            }
            Fact::Resumed { group, partition, offset, .. } => {
                self.passed_over(witness, now, (group, partition), offset);
                self.resumes(group, partition, offset);
            }
            Fact::Truncated { partition, base, records, .. } => {
                // Nobody will ever read it, nor wait for it.
                self.cut.entry(partition).or_default().push(base..base + records);
                for group in 0..self.places.len() / self.partitions {
                    let Place { seen, again, .. } = self.place(group as u32, partition);
                    seen.done(base, records);
                    if let Some((progress, _)) = again {
                        progress.done(base, records);
                    }
                }
            }
            Fact::Skipped { group, member, partition, first, records, cause } => {
                // Whoever was taken for gone finds out what others have in their hands.
                if self.place(group, partition).owner == Some(member) {
                    self.loses(witness, now, (group, partition), (first, records), (cause, now));
                }
                return;
            }
            Fact::Lost { group, partition, first, records, cause, at } => {
                return self.loses(witness, now, (group, partition), (first, records), (cause, at));
            }
            _ => {}
        }
        witness.observe(now, fact);
    }

    /// A member came or went; returns whether that says anything about who reads what.
    fn changes(&mut self, group: u32, key: MemberKey, state: MemberState) -> bool {
        let last = self.lives.entry((group, key.member)).or_insert(key.incarnation);
        if state == MemberState::Joined {
            *last = key.incarnation.max(*last);
            return true;
        }
        if let MemberState::Still(_) = state {
            return true;
        }
        // Somebody else is there by now under the same number.
        if key.incarnation < *last {
            return false;
        }
        let first = group as usize * self.partitions;
        for place in &mut self.places[first..first + self.partitions] {
            if place.owner == Some(key.member) {
                (place.owner, place.last) = (None, Some(key.member));
            }
        }
        true
    }

    /// A process that is gone held partitions until now, though another one is there under the same number.
    fn releases(&mut self, witness: &mut Witness, now: Time, group: u32, key: MemberKey) {
        let first = group as usize * self.partitions;
        for (partition, place) in (0..).zip(&mut self.places[first..first + self.partitions]) {
            if place.owner == Some(key.member) && place.incarnation == key.incarnation {
                place.owner = None;
                witness.observe(now, &Fact::Revoked { group, member: key.member, partition });
            }
        }
    }

    /// Somebody goes on from an offset: what was seen behind it comes again, but for what was cut off.
    fn resumes(&mut self, group: u32, partition: u32, offset: u64) {
        let Place { orphaned, seen, again, .. } =
            &mut self.places[group as usize * self.partitions + partition as usize];
        *orphaned = false;
        let until = seen.end();
        let mut progress = Progress::up_to(offset);
        for cut in self.cut.get(&partition).into_iter().flatten() {
            let first = cut.start.max(offset);
            if first < cut.end {
                progress.done(first, cut.end - first);
            }
        }
        *again = (progress.below < until).then_some((progress, until));
    }

    /// What was committed by whoever was lost, and never processed.
    fn passed_over(&mut self, witness: &mut Witness, now: Time, (group, partition): (u32, u32), offset: u64) {
        let seen = &mut self.place(group, partition).seen;
        let mut left_out = seen.claim(seen.below, offset);
        left_out.retain(|(_, known)| !known);
        for (run, _) in &left_out {
            let (first, records, cause) = (run.start, run.end - run.start, Cause::Unprocessed);
            witness.observe(now, &Fact::Lost { group, partition, first, records, cause, at: now });
        }
        let first = left_out.first().map(|(run, _)| run.start);
        let broken = witness.once.as_mut().and_then(|once| once.resumes(group, partition, first));
        if let Some(law) = broken {
            witness.breaks(now, &law);
        }
    }

    /// Records are lost to a group, if nobody has processed them: whatever comes again of them is no news.
    fn loses(
        &mut self,
        witness: &mut Witness,
        now: Time,
        (group, partition): (u32, u32),
        (first, records): (u64, u64),
        (cause, at): (Cause, Time),
    ) {
        // At most once nobody works on anything again: whoever was cast out goes on with what counts as lost.
        let works_again = matches!(cause, Cause::DeadLetter | Cause::Unprocessed) && !witness.is_at_most_once(group);
        let Place { seen, again, deleted, .. } = self.place(group, partition);
        let end = first + records;
        *deleted = end.max(*deleted);
        if let Some((progress, until)) = again {
            // What somebody has in hand in front of it still comes.
            progress.claim(first, end);
            if progress.below >= *until {
                *again = None;
            }
        }
        for (run, known) in seen.claim(first, end) {
            let (first, records) = (run.start, run.end - run.start);
            if !known {
                witness.observe(now, &Fact::Lost { group, partition, first, records, cause, at });
            } else if works_again {
                witness.observe(now, &Fact::Redone { group, records });
            }
        }
    }

    fn processed(&mut self, witness: &mut Witness, now: Time, done: &Processed<'_>) {
        let &Processed { group, partition, first, records, shared, .. } = done;
        let (n, end) = (records.len() as u64, first + records.len() as u64);
        let Place { seen, again, owner, last, deleted, .. } = self.place(group, partition);
        if *owner != Some(done.member) {
            // It was taken for gone, and does not know.
            if !witness.is_at_most_once(group) {
                // What it does is done again by whoever has its place.
                return witness.observe(now, &Fact::Redone { group, records: n });
            }
            // What it does is committed, and nobody does it again: it counts, or counts as lost where another went on.
            let runs = if *last == Some(done.member) { seen.claim(first, end) } else { Vec::new() };
            for (run, known) in runs {
                if !known {
                    witness.observe(now, &Fact::Processed(done.part(run.start, run.end)));
                }
            }
            return;
        }
        if let Some((progress, until)) = again {
            let next = progress.below;
            if !progress.done(first, n) {
                witness.breaks(now, &format!("records of partition {partition} come again once after a loss: {first}"));
            }
            if !shared && first != next {
                let law =
                    format!("what comes again of partition {partition} comes in order: {first} instead of {next}");
                witness.breaks(now, &law);
            }
            if progress.below >= *until {
                *again = None;
            }
        } else if first >= *deleted {
            seen.done(first, n);
            return witness.observe(now, &Fact::Processed(*done));
        }
        for (run, known) in seen.claim(first, end) {
            if known {
                witness.observe(now, &Fact::Redone { group, records: run.end - run.start });
            } else {
                witness.observe(now, &Fact::Processed(done.part(run.start, run.end)));
            }
        }
    }
}
