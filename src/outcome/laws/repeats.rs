//! Batches that do not arrive once and in order because requests were not answered in time: what is allowed, and how much.
//!
//! While all goes well a place (a sender and a partition) is a number in a table, and every batch the next one. Where a
//! broker did not append a batch, its number there is made one that never comes, so that each batch after that is looked
//! at here, until none is missing any more: the usual way costs nothing more. A batch may be skipped only if it went down
//! with its connection; one may come twice, or late, only where brokers do not recognise repeats; and what a broker says
//! it knows has been appended.
use super::Laws;
use crate::model::protocol::{ActorId, PartitionId};
use crate::plan::{Acks, ClientPlan, Plan};
use crate::units::Time;
use std::collections::BTreeMap;

/// Sequence number of a place that is looked at here. A batch has it after four thousand million others.
const HERE: u32 = u32::MAX;

/// Batches of a place that are missing at most: no client has more of one partition under way.
const MOST: usize = 2_048;

/// A sender and a partition.
type Place = (ActorId, PartitionId);

/// What was sent again, or not appended.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    places: BTreeMap<Place, Troubled>,
    streams: Vec<Again>,
    /// Last batch that a broker knew, by place.
    known: BTreeMap<Place, u32>,
}

/// What became of one stream's records.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Again {
    /// Whether brokers recognise repeats.
    recognised: bool,
    /// Sent again.
    sent: u64,
    /// Appended again.
    pub duplicates: u64,
    /// Appended after later ones.
    pub out_of_order: u64,
    /// Not appended so far, though they left.
    pub missing: u64,
    /// Acknowledged, and yet not there: cut off by an election, or never waited for and dropped.
    pub excused: u64,
    /// Whether an answer is waited for.
    answered: bool,
}

#[derive(Debug, Default)]
struct Troubled {
    due: u32,
    /// Batches that were not appended, and how many records are in each.
    missing: BTreeMap<u32, u32>,
}

impl Repeats {
    pub(super) fn new(plan: &Plan) -> Self {
        let outputs = plan.groups.iter().filter_map(|group| group.output.as_ref());
        let clients = plan.producers.iter().map(|producer| &producer.client).chain(outputs);
        let stream = |client: &ClientPlan| Again {
            recognised: client.idempotent,
            answered: client.acks != Acks::None,
            ..Again::default()
        };
        Self { streams: clients.map(stream).collect(), ..Self::default() }
    }

    pub(super) fn of(&self, stream: usize) -> Again {
        self.streams[stream]
    }

    pub(super) fn sent_again(&mut self, stream: u32, records: u64) {
        self.streams[stream as usize].sent += records;
    }
}

/// The groups that read each partition, where brokers can fail.
pub(super) fn readers(plan: &Plan) -> Vec<Vec<usize>> {
    if plan.cluster.failing.is_none() {
        return Vec::new();
    }
    let reading = |topic: usize| {
        let all = plan.groups.iter().enumerate().filter(move |(_, group)| group.topics.contains(&topic));
        all.map(|(number, _)| number).collect::<Vec<_>>()
    };
    let topics = plan.topics.iter().enumerate();
    topics.flat_map(|(t, topic)| vec![reading(t); topic.partitions as usize]).collect()
}

impl Laws {
    /// Appended again, and after later ones, by stream.
    pub fn repeated(&self) -> impl Iterator<Item = [u64; 2]> {
        self.repeats.streams.iter().map(|stream| [stream.duplicates, stream.out_of_order])
    }

    /// The run is over: what brokers knew is appended, and nothing was appended again that was not sent again.
    pub(super) fn settle_repeats(&mut self, now: Time) {
        for ((from, partition), last) in std::mem::take(&mut self.repeats.known) {
            let troubled = self.repeats.places.get(&(from, partition)).map(|troubled| troubled.due);
            let due = troubled.unwrap_or_else(|| *self.sequences.of(from, partition));
            self.check(last < due, now, || format!("a broker knows only what is appended: {last} to {partition}"));
        }
        for i in 0..self.repeats.streams.len() {
            let Again { duplicates, sent, .. } = self.repeats.streams[i];
            self.check(duplicates <= sent, now, || {
                format!("only what stream {i} sent again is appended again: {duplicates} of {sent}")
            });
        }
    }

    /// A broker did not append a batch.
    #[cold]
    pub(super) fn discarded(
        &mut self,
        now: Time,
        stream: usize,
        (from, partition, sequence): (ActorId, PartitionId, u32),
        records: u32,
        known: bool,
    ) {
        let next = self.sequences.of(from, partition);
        let troubled = self.repeats.places.get(&(from, partition));
        let due = troubled.map_or(*next, |troubled| troubled.due);
        let is_missing = troubled.is_some_and(|troubled| troubled.missing.contains_key(&sequence));
        if known {
            let last = self.repeats.known.entry((from, partition)).or_default();
            *last = sequence.max(*last);
            self.check(!is_missing, now, || {
                format!("a broker knows only what is appended: {sequence} to {partition} is not")
            });
            return;
        }
        if sequence < due || is_missing {
            // It was sent before, and either appended then, or is missing already.
            return;
        }
        let place = self.repeats.places.entry((from, partition)).or_insert(Troubled { due, missing: BTreeMap::new() });
        place.missing.insert(sequence, records);
        if place.missing.len() > MOST {
            // It was given up long ago, and never comes.
            place.missing.pop_first();
        }
        let again = &mut self.repeats.streams[stream];
        again.missing += u64::from(records);
        again.excused += if again.answered { 0 } else { u64::from(records) };
        *next = HERE;
    }

    /// A batch is gone with its leader: it may come again as if it had never been there, unless its sender has done with it.
    #[cold]
    pub(super) fn truncated(
        &mut self,
        now: Time,
        stream: usize,
        (from, partition, sequence): (ActorId, PartitionId, u32),
        (base, records): (u64, u64),
        promised: bool,
    ) {
        for group in self.readers[partition as usize].clone() {
            let place = &mut self.places[group * self.partitions.len() + partition as usize];
            let once = place.progress.done(base, records);
            // Whoever goes on from there goes on behind what is gone.
            place.committed += if place.committed == base { records } else { 0 };
            self.check(once, now, || format!("what is cut off of partition {partition} was never read: {base}"));
        }
        self.appended[stream] -= records;
        let next = self.sequences.of(from, partition);
        let due = self.repeats.places.get(&(from, partition)).map_or(*next, |troubled| troubled.due);
        *next = HERE;
        let new = || Troubled { due, missing: BTreeMap::new() };
        let place = self.repeats.places.entry((from, partition)).or_insert_with(new);
        place.due = place.due.min(sequence);
        let again = &mut self.repeats.streams[stream];
        if place.missing.insert(sequence, records as u32).is_some() {
            // It was there twice.
            again.duplicates -= records;
        } else {
            again.missing += records;
        }
        again.excused += if promised { records } else { 0 };
        // It may be there again before others that are gone too.
        while place.due.checked_sub(1).is_some_and(|last| place.missing.contains_key(&last)) {
            place.due -= 1;
        }
    }

    /// What was cut off is lost for good after all, or is there again.
    pub fn reconsidered(&mut self, stream: usize, records: u64, for_good: bool) {
        let excused = &mut self.repeats.streams[stream].excused;
        *excused = if for_good { *excused + records } else { *excused - records };
    }

    /// A batch is not the one that was due.
    #[cold]
    pub(super) fn out_of_turn(
        &mut self,
        now: Time,
        stream: usize,
        (from, partition, sequence): (ActorId, PartitionId, u32),
        due: u32,
        records: u64,
    ) {
        let troubled =
            self.repeats.places.entry((from, partition)).or_insert(Troubled { due, missing: BTreeMap::new() });
        let due = troubled.due;
        let was_missing = troubled.missing.remove(&sequence).is_some();
        let skipped = (due..sequence).find(|between| !troubled.missing.contains_key(between));
        troubled.due = due.max(sequence.wrapping_add(1));
        let next = if troubled.missing.is_empty() { troubled.due } else { HERE };
        if troubled.missing.is_empty() {
            self.repeats.places.remove(&(from, partition));
        }
        *self.sequences.of(from, partition) = next;
        let again = &mut self.repeats.streams[stream];
        if was_missing {
            again.missing -= records;
        }
        let late = sequence < due;
        if late && was_missing {
            again.out_of_order += records;
        } else if late {
            again.duplicates += records;
        }
        let allowed = skipped.is_none() && !(late && again.recognised);
        self.check(allowed, now, || {
            format!("batches to partition {partition} arrive once and in order: {sequence} instead of {due}")
        });
    }
}
