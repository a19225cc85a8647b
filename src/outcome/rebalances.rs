//! What rebalances cost: how long each took, what changed hands, for how long partitions stood still, and how many records
//! waited for that; and how long members were in the group.
//!
//! A partition stands still from when its reader gives it up, or is gone, until somebody knows where to go on. That counts
//! for the rebalance in which it was dealt again. Then it is known what waited: whatever can be read of it and is not
//! processed came while it stood still, or was there already.
use crate::model::machine::Fact;
use crate::model::protocol::{MemberKey, MemberState, Reason};
use crate::plan::Plan;
use crate::units::Time;
use std::collections::{BTreeMap, BTreeSet};

/// One rebalance.
#[derive(Clone, Debug)]
pub struct Rebalance {
    /// When it began.
    pub began: Time,
    /// When everybody knew what to read, or somebody came before.
    pub ended: Time,
    /// Why.
    pub reason: Reason,
    /// The generation it led to.
    pub generation: u32,
    /// Partitions that changed hands.
    pub moved: u32,
    /// Partitions times the time they stood still, in nanoseconds.
    pub stopped_ns: u128,
    /// Records that waited while their partitions stood still.
    pub delayed: u64,
}

/// What became of a group.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Every rebalance.
    pub rebalances: Vec<Rebalance>,
    /// Members at the end.
    pub members: u32,
    /// Members times the window, in nanoseconds.
    pub member_ns: u128,
}

/// Hears what becomes of groups.
#[derive(Debug)]
pub struct Rebalances {
    window: [Time; 2],
    partitions: usize,
    groups: Vec<Group>,
    /// By group and partition.
    places: Vec<Place>,
}

#[derive(Debug, Default)]
struct Group {
    changes: Changes,
    present: BTreeSet<MemberKey>,
    /// Since when their processes are there.
    alive: BTreeMap<MemberKey, Time>,
    /// Of a rebalance that is not over.
    early: Vec<Cost>,
}

/// Something that a rebalance costs.
#[derive(Clone, Copy, Debug)]
struct Cost {
    generation: u32,
    at: Time,
    /// Partitions that changed hands.
    moved: u32,
    /// Since when a partition stood still, if one did, and how many of its records waited in the end.
    stopped: Option<(Time, u64)>,
}

#[derive(Clone, Debug, Default)]
struct Place {
    reader: Option<u32>,
    last: Option<u32>,
    /// Since when it stands still, and in which generation it was dealt again.
    stopped: Option<Time>,
    generation: u32,
}

impl Rebalances {
    /// Of a run of this plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let partitions = plan.partitions() as usize;
        Self {
            window: [plan.run.warmup, plan.run.arrivals_end],
            partitions,
            groups: plan.groups.iter().map(|_| Group::default()).collect(),
            places: vec![Place::default(); partitions * plan.groups.len()],
        }
    }

    /// Hears a fact, after everybody else; `waiting` tells how many records a group may read in a partition and has not
    /// processed.
    pub fn hear(&mut self, now: Time, fact: &Fact<'_>, waiting: impl Fn(u32, u32) -> u64) {
        match *fact {
            Fact::Assigned { group, member, partition, generation } => {
                let place = self.place(group, partition);
                let moved = place.last.is_some_and(|last| last != member);
                (place.reader, place.last, place.generation) = (Some(member), Some(member), generation);
                if moved {
                    self.groups[group as usize].costs(Cost { generation, at: now, moved: 1, stopped: None });
                }
            }
            Fact::Revoked { group, member, partition } => {
                let place = self.place(group, partition);
                if place.reader == Some(member) {
                    place.reader = None;
                    place.stopped = place.stopped.or(Some(now));
                }
            }
            Fact::Resumed { group, partition, .. } => {
                let place = self.place(group, partition);
                if let Some(stopped) = place.stopped.take() {
                    let (generation, waited) = (place.generation, waiting(group, partition));
                    self.groups[group as usize].costs(Cost {
                        generation,
                        at: now,
                        moved: 0,
                        stopped: Some((stopped, waited)),
                    });
                }
            }
            Fact::Member { group, key, state } => self.member(group, key, state, now),
            Fact::Rebalanced { group, generation, reason, began, .. } => {
                let rebalance =
                    Rebalance { began, ended: now, reason, generation, moved: 0, stopped_ns: 0, delayed: 0 };
                self.groups[group as usize].over(rebalance);
            }
            _ => {}
        }
    }

    fn place(&mut self, group: u32, partition: u32) -> &mut Place {
        &mut self.places[group as usize * self.partitions + partition as usize]
    }

    fn member(&mut self, number: u32, key: MemberKey, state: MemberState, now: Time) {
        let window = self.window;
        let group = &mut self.groups[number as usize];
        let ended = match state {
            MemberState::Joined => {
                group.present.insert(key);
                group.alive.entry(key).or_insert(now);
                return;
            }
            MemberState::Still(_) => return,
            // The coordinator does not know yet.
            MemberState::Crashed | MemberState::Ended => true,
            MemberState::Gone(reason) => {
                group.present.remove(&key);
                reason == Reason::Left
            }
            MemberState::Replaced => {
                group.present.remove(&key);
                true
            }
        };
        if ended && let Some(since) = group.alive.remove(&key) {
            group.changes.member_ns += inside(window, since, now);
        }
        // Whoever came after it goes on.
        if group.present.iter().any(|other| other.member == key.member && other.incarnation > key.incarnation) {
            return;
        }
        let first = number as usize * self.partitions;
        for place in &mut self.places[first..first + self.partitions] {
            if place.reader == Some(key.member) {
                place.reader = None;
                place.stopped = place.stopped.or(Some(now));
            }
        }
    }

    /// The run is over.
    #[must_use]
    pub fn finish(mut self, now: Time, waiting: impl Fn(u32, u32) -> u64) -> Vec<Changes> {
        for at in 0..self.places.len() {
            let (group, partition) = (at / self.partitions, at % self.partitions);
            let last = self.groups[group].changes.rebalances.last().map(|last| last.generation);
            if let (Some(generation), Some(stopped)) = (last, self.places[at].stopped.take()) {
                let waited = waiting(group as u32, partition as u32);
                self.groups[group].costs(Cost { generation, at: now, moved: 0, stopped: Some((stopped, waited)) });
            }
        }
        let finished = self.groups.into_iter().map(|mut group| {
            for &since in group.alive.values() {
                group.changes.member_ns += inside(self.window, since, now);
            }
            group.changes.members = group.present.len() as u32;
            group.changes
        });
        finished.collect()
    }
}

/// How much of a time lies in the window, in nanoseconds.
fn inside([begins, ends]: [Time; 2], from: Time, until: Time) -> u128 {
    u128::from(until.min(ends).since(from.max(begins)).ns())
}

impl Rebalance {
    fn pays(&mut self, cost: &Cost) {
        self.moved += cost.moved;
        // A static member that was away stood still by itself: its generation was dealt before.
        if let Some((stopped, waited)) = cost.stopped.filter(|&(stopped, _)| self.ended >= stopped) {
            self.stopped_ns += u128::from(cost.at.since(stopped).ns());
            self.delayed += waited;
        }
    }
}

impl Group {
    /// A cost belongs to the first rebalance that led to its generation, or beyond. In the consumer protocol partitions
    /// change hands while the rebalance goes on: then it is kept until that is over.
    fn costs(&mut self, cost: Cost) {
        let beyond = self.changes.rebalances.iter_mut().rev().take_while(|one| one.generation >= cost.generation);
        match beyond.last() {
            Some(rebalance) => rebalance.pays(&cost),
            None => self.early.push(cost),
        }
    }

    fn over(&mut self, mut rebalance: Rebalance) {
        for cost in self.early.drain(..) {
            if cost.at >= rebalance.began {
                rebalance.pays(&cost);
            }
        }
        self.changes.rebalances.push(rebalance);
    }
}
