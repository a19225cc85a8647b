//! What a member writes, by what it was made of: known until it is written, so that a group commits no record before.
//!
//! Only where members can be gone, for whoever stays writes it in the end. A member that gives something up, or ends, first
//! writes what it has (`KafkaProducer.flush`): no batch lingers then. What is given up, because it was not acknowledged in
//! time or found no memory, counts as done with: an application that goes on after such an error loses it, too.
use super::{HELD, Producer};
use crate::model::machine::{Fact, Outbox};
use crate::model::protocol::{Batch, PartitionId, Produce, Source};
use crate::units::{Span, Time};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What is not written yet.
#[derive(Debug, Default)]
pub struct Sources {
    /// By partition of the topic that is written to: of records that have not left, in their order.
    unsent: Vec<VecDeque<Source>>,
    /// Of batches that have left: by partition over all topics, and number.
    away: BTreeMap<(PartitionId, u32), Vec<Source>>,
    /// By partition that is read: offsets of which nobody knows yet that what they became is written.
    open: BTreeMap<PartitionId, BTreeSet<u64>>,
    /// Known, and not told yet; and whether it was written.
    known: Vec<(Source, bool)>,
    /// Nothing lingers.
    pub(super) flushing: bool,
}

impl Sources {
    /// A record will be finished, and written.
    pub(super) fn begin(&mut self, source: Source) {
        self.open.entry(source.partition).or_default().insert(source.offset);
    }

    fn settle(&mut self, source: Source, written: bool) {
        if let Some(open) = self.open.get_mut(&source.partition) {
            open.remove(&source.offset);
        }
        self.known.push((source, written));
    }
}

impl Producer {
    /// From now on knows what is not written yet, to a topic of so many partitions.
    #[must_use]
    pub fn with_sources(mut self, partitions: u32) -> Self {
        let unsent = (0..partitions).map(|_| VecDeque::new()).collect();
        self.sources = Some(Box::new(Sources { unsent, ..Sources::default() }));
        self
    }

    /// Whether it knows what is not written yet.
    #[must_use]
    pub fn knows_sources(&self) -> bool {
        self.sources.is_some()
    }

    /// The first offset of a partition of which what it became may not be written.
    #[must_use]
    pub fn unwritten(&self, partition: PartitionId) -> Option<u64> {
        self.sources.as_ref()?.open.get(&partition)?.first().copied()
    }

    /// The member has nothing more to do with a partition: whoever has it next answers for it.
    pub fn disown(&mut self, partition: PartitionId) {
        if let Some(sources) = &mut self.sources {
            sources.open.remove(&partition);
        }
    }

    /// Record `i` of those ahead is in the buffer, in this partition of the topic; or in none, for it was refused.
    #[cold]
    pub(super) fn entered(&mut self, i: usize, partition: Option<u32>) {
        let (Some(sources), Some(source)) = (&mut self.sources, self.ahead.source(i)) else { return };
        match partition {
            Some(partition) => sources.unsent[partition as usize].push_back(source),
            None => sources.settle(source, false),
        }
    }

    /// A request leaves.
    #[cold]
    pub(super) fn sources_leave(&mut self, request: &Produce) {
        let Some(sources) = &mut self.sources else { return };
        let first = self.accumulator.first_partition();
        for batch in request.batches.iter().filter(|batch| batch.attempts == 0) {
            let left = sources.unsent[(batch.partition - first) as usize].drain(..batch.records() as usize).collect();
            sources.away.insert((batch.partition, batch.sequence), left);
        }
        if self.settings.forgets {
            request.batches.iter().for_each(|batch| self.settle(batch, true));
        }
    }

    /// It is known what became of a batch.
    pub(super) fn settle(&mut self, batch: &Batch, written: bool) {
        let Some(sources) = &mut self.sources else { return };
        for source in sources.away.remove(&(batch.partition, batch.sequence)).into_iter().flatten() {
            sources.settle(source, written);
        }
    }

    /// Batches were given up: these, and some that never left.
    pub(super) fn settle_expired(&mut self, repeats: &[Batch]) {
        for batch in repeats {
            self.settle(batch, false);
        }
        let Some(sources) = &mut self.sources else { return };
        for partition in 0..sources.unsent.len() {
            let gone = sources.unsent[partition].len() - self.accumulator.unsent(partition);
            for source in sources.unsent[partition].drain(..gone).collect::<Vec<_>>() {
                sources.settle(source, false);
            }
        }
    }

    /// Whether nothing lingers: memory is used up, or all is to be written.
    #[inline]
    pub(super) fn hurries(&self) -> bool {
        self.blocked.is_some() || self.sources.as_ref().is_some_and(|sources| sources.flushing)
    }

    /// How long a batch waits for more: not at all while everything is to be written, so that what several workers finish
    /// meanwhile leaves at once.
    #[inline]
    pub(super) fn linger(&self) -> Span {
        let flushing = self.sources.as_ref().is_some_and(|sources| sources.flushing);
        if flushing { Span::ZERO } else { self.accumulator.linger() }
    }

    /// Takes what has become due, for somebody who has just said so.
    pub fn take_due(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        self.catch_up(now, out);
        self.arm_fresh_usual(now, out);
    }

    /// Sends whatever there is, however short it has lingered; returns whether all is written.
    pub fn flush(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) -> bool {
        if let Some(sources) = &mut self.sources {
            sources.flushing = true;
        }
        self.turn_all(now, out);
        self.has_flushed(now)
    }

    /// Whether everything that is due is written, or given up; if so batches linger again.
    pub fn has_flushed(&mut self, now: Time) -> bool {
        let is_written = |sources: &Sources| sources.away.is_empty() && sources.unsent.iter().all(VecDeque::is_empty);
        let flushed = self.ahead.due_by(now) == 0 && self.sources.as_deref().is_none_or(is_written);
        if let Some(sources) = &mut self.sources {
            sources.flushing = !flushed;
        }
        flushed
    }

    /// Tells what is written since it last did: of which records of which group it was made.
    pub fn tell_written(&mut self, group: u32, out: &mut (impl Outbox + ?Sized)) {
        let Some(sources) = &mut self.sources else { return };
        sources.known.sort_unstable();
        let next_of = |a: &(Source, bool), b: &(Source, bool)| {
            (a.0.partition, a.0.offset + 1, a.1) == (b.0.partition, b.0.offset, b.1)
        };
        for run in sources.known.chunk_by(next_of) {
            let (Source { partition, offset: first }, written) = run[0];
            out.observe(&Fact::Forwarded { group, partition, first, records: run.len() as u64, written });
        }
        sources.known.clear();
    }

    /// Its process is gone: what is in the buffer is lost with it, what has left arrives, and nobody hears of it.
    pub fn perish(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        self.catch_up(now, out);
        let (stream, instance, due) = (self.settings.stream, self.settings.instance, self.ahead.due_by(now));
        if due > 0 {
            out.observe(&Fact::Refused { stream, records: due });
        }
        let requests = self.lanes.iter().map(|lane| u64::from(lane.in_flight & (HELD - 1))).sum();
        if requests > 0 {
            out.observe(&Fact::TimedOut { stream, requests });
        }
        let open = self.open();
        let Some(sources) = &mut self.sources else { return };
        let unsent: u64 = sources.unsent.iter().map(|queue| queue.len() as u64).sum();
        let away = std::mem::take(&mut sources.away);
        let left = away.values().map(|sources| sources.len() as u64).sum();
        // Some of what has left may be given up already.
        let under_way = open.map_or(left, |open| open - unsent);
        away.into_values().flatten().for_each(|source| sources.settle(source, true));
        if unsent + under_way > 0 {
            out.observe(&Fact::Failed { stream, unsent, under_way });
        }
        let (limited, blocked, throttled) = (Span::ZERO, std::mem::take(&mut self.blocked_for), self.muted.take(now));
        let open = open.map(|_| 0);
        out.observe(&Fact::Waiting { stream, instance, records: 0, limited, blocked, open, throttled });
    }
}
