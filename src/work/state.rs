//! The state of an application by partition, and how the parts become one.
//!
//! Offsets of a partition only grow, so one number a partition tells what was seen: a record that is delivered again
//! has its result again, but does not count again. Merging goes by topic and partition, never by member.
use super::{Item, Results, Source, flows, posts, sentiment};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Owned name of a partition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Owned {
    topic: Box<str>,
    partition: u32,
}

/// What a job knows of one partition.
#[derive(Clone, Debug)]
pub enum Held {
    /// Of flows.
    Flows(Partition<flows::State>),
    /// Of posts.
    Posts(Partition<posts::State>),
    /// Of moods.
    Sentiment(Partition<sentiment::State>),
}

/// An application's state of some records.
pub trait Fold: Clone {
    /// Takes a record in, unless it was seen before, and appends its result.
    fn take(&mut self, record: &Item<'_>, is_new: bool, out: &mut Results);

    /// Adds what another part knows.
    fn merge(&mut self, other: &Self);
}

/// One partition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Partition<S> {
    state: S,
    /// Everything below was seen.
    next: u64,
}

/// The partitions that a member has seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct States<S> {
    empty: S,
    partitions: BTreeMap<Owned, Partition<S>>,
}

impl<S: Fold> States<S> {
    /// None yet; each will begin as `empty`.
    pub fn new(empty: S) -> Self {
        Self { empty, partitions: BTreeMap::new() }
    }

    pub(super) fn take(&mut self, from: Source<'_>, records: &[Item<'_>], out: &mut Results) {
        let place = Owned { topic: from.topic.into(), partition: from.partition };
        let silent = || Partition { state: self.empty.clone(), next: 0 };
        let partition = self.partitions.entry(place).or_insert_with(silent);
        for record in records {
            let is_new = record.offset >= partition.next;
            partition.state.take(record, is_new, out);
            partition.next = partition.next.max(record.offset + 1);
        }
    }

    pub(super) fn release(&mut self, from: Source<'_>) -> Option<Partition<S>> {
        self.partitions.remove(&Owned { topic: from.topic.into(), partition: from.partition })
    }

    pub(super) fn adopt(&mut self, from: Source<'_>, held: Partition<S>) {
        let place = Owned { topic: from.topic.into(), partition: from.partition };
        match self.partitions.get_mut(&place) {
            Some(known) => known.add(&held),
            None => drop(self.partitions.insert(place, held)),
        }
    }
}

impl<S: Fold> Partition<S> {
    fn add(&mut self, other: &Self) {
        self.state.merge(&other.state);
        self.next = self.next.max(other.next);
    }
}

/// All partitions of all members as one, in the order of topics and partitions.
pub(super) fn merged<S: Fold>(members: &[&States<S>]) -> Option<S> {
    let mut all: Vec<(&Owned, &Partition<S>)> = members.iter().flat_map(|states| &states.partitions).collect();
    // Where two members saw a partition one after the other, by what they saw, not by who they are.
    all.sort_by_key(|(place, partition)| (*place, partition.next));
    let mut whole = members.first()?.empty.clone();
    for (_, partition) in all {
        whole.merge(&partition.state);
    }
    Some(whole)
}
