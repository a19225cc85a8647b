//! What elections do to offsets: told apart before anything is counted, so that everybody else sees offsets without a gap.
//!
//! A new leader may lack what the one before had appended; those offsets are given out again. Here they are not: what is
//! appended after an election that cut something off counts from behind it, and what was cut off is truncated, and lost.
//! What its sender took for safe is lost for good; the rest comes again, and counts as never appended when all is counted.
//! Where one of the next leaders has what was cut off it is appended again, at an offset of its own.
//! Laws about elections are checked here, for nobody else knows what was where.
mod lineage;

use super::Witness;
use crate::model::machine::{Fact, Processed};
use crate::model::protocol::{ActorId, PartitionId, Record};
use crate::plan::{Acks, Plan};
use crate::units::Time;
use lineage::{Lineage, Tip};
use std::collections::{BTreeMap, VecDeque};

/// Knows where leaders began.
#[derive(Debug)]
pub struct Failover {
    partitions: Vec<Partition>,
    /// By stream: what its senders wait for.
    acks: Vec<Acks>,
    /// By broker and partition: what its copy is; of a leader, what it was when it began.
    copies: BTreeMap<(u32, PartitionId), Tip>,
}

#[derive(Debug, Default)]
struct Partition {
    leader: u32,
    epoch: u32,
    lineage: Lineage,
    /// Where something was cut off, and how many records all cuts up to there have cost.
    cuts: Vec<(u64, u64)>,
    end: u64,
    high_watermark: u64,
    /// The same, without gaps.
    readable: u64,
    /// Batches above the high watermark.
    open: VecDeque<Open>,
    /// Batches above it that were cut off, and that somebody may still have.
    gone: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    epoch: u32,
    stream: u32,
    from: ActorId,
    sequence: u32,
    base: u64,
    records: Box<[Record]>,
    bytes: u32,
    plain: u32,
    promised: bool,
}

impl Open {
    fn end(&self) -> u64 {
        self.base + self.records.len() as u64
    }
}

impl Partition {
    /// An offset among those without gaps.
    fn placed(&self, offset: u64) -> u64 {
        offset + self.cuts.iter().rev().find(|&&(at, _)| at <= offset).map_or(0, |&(_, lost)| lost)
    }

    /// A range of offsets in pieces, none of which lies on both sides of a cut.
    fn pieces(&self, first: u64, end: u64) -> Vec<(u64, u64)> {
        let mut pieces = Vec::new();
        let mut at = first;
        while at < end {
            let cuts = self.cuts.iter().map(|&(cut, _)| cut);
            let next = cuts.filter(|&cut| cut > at).min().unwrap_or(end).min(end);
            pieces.push((at, next));
            at = next;
        }
        pieces
    }

    /// Takes away everything from an offset on; returns the batches, and where they counted.
    fn cut(&mut self, from: u64) -> Vec<(u64, Open)> {
        let kept = self.open.partition_point(|open| open.base < from);
        let cut: Vec<Open> = self.open.drain(kept..).collect();
        let cut = cut.into_iter().map(|open| (self.placed(open.base), open)).collect();
        if from < self.end {
            let gone = self.placed(self.end - 1) + 1 - self.placed(from);
            let before = self.cuts.iter().rev().find(|&&(at, _)| at <= from).map_or(0, |&(_, lost)| lost);
            self.cuts.retain(|&(at, _)| at < from);
            self.cuts.push((from, before + gone));
            self.end = from;
        }
        cut
    }

    /// What was cut off, and is in this copy all the same.
    fn restore(&mut self, copy: Tip) -> Vec<Open> {
        let (lineage, end) = (&self.lineage, self.end);
        let has = |open: &mut Open| {
            open.base >= end && open.end() <= copy.end && lineage.cut(copy, open.end()).epoch == open.epoch
        };
        let mut restored: Vec<Open> = self.gone.extract_if(.., has).collect();
        restored.sort_by_key(|open| open.base);
        restored
    }
}

impl Failover {
    /// Of a run of this plan, if brokers can fail in it.
    #[must_use]
    pub fn new(plan: &Plan) -> Option<Self> {
        plan.cluster.failing?;
        let outputs = plan.groups.iter().filter_map(|group| group.output.as_ref());
        let clients = plan.producers.iter().map(|producer| &producer.client).chain(outputs);
        let brokers = plan.cluster.brokers;
        let leaders = plan.topics.iter().flat_map(|topic| (0..topic.partitions).map(move |p| p % brokers));
        Some(Self {
            partitions: leaders.map(|leader| Partition { leader, ..Partition::default() }).collect(),
            acks: clients.map(|client| client.acks).collect(),
            copies: BTreeMap::new(),
        })
    }

    /// Hears a fact and hands on what it comes to.
    pub(super) fn hear(&mut self, witness: &mut Witness, now: Time, fact: &Fact<'_>) {
        match *fact {
            Fact::Appended { stream, from, partition, sequence, base, records, bytes, plain } => {
                let promised = self.acks[stream as usize] == Acks::None;
                let place = &mut self.partitions[partition as usize];
                let (epoch, kept) = (place.epoch, Box::from(records));
                place.open.push_back(Open {
                    epoch,
                    stream,
                    from,
                    sequence,
                    base,
                    records: kept,
                    bytes,
                    plain,
                    promised,
                });
                place.end = base + records.len() as u64;
                let base = place.placed(base);
                witness.pass(now, &Fact::Appended { stream, from, partition, sequence, base, records, bytes, plain });
            }
            Fact::Advanced { partition, high_watermark, .. } => self.advanced(witness, now, partition, high_watermark),
            Fact::Promised { stream, from, partition, sequence, base } => {
                self.promised(witness, now, (stream, from, sequence), (partition, base));
            }
            Fact::Led { broker, partition, epoch, end } => self.led(witness, now, broker, (partition, epoch, end)),
            Fact::Copied { broker, partition, epoch, base, records } => {
                self.copied(witness, now, (broker, partition), epoch, (base, records));
            }
            Fact::CutBack { broker, partition, end } => self.cut_back(broker, partition, end),
            Fact::Processed(ref done) => self.processed(witness, now, done),
            Fact::Committed { group, partition, offset } => {
                let offset = self.partitions[partition as usize].placed(offset);
                witness.pass(now, &Fact::Committed { group, partition, offset });
            }
            Fact::Resumed { group, member, partition, offset } => {
                let offset = self.partitions[partition as usize].placed(offset);
                witness.pass(now, &Fact::Resumed { group, member, partition, offset });
            }
            Fact::Reset { group, member, partition, offset } => {
                let offset = self.partitions[partition as usize].placed(offset);
                witness.pass(now, &Fact::Reset { group, member, partition, offset });
            }
            Fact::Forwarded { group, partition, first, records, written } => {
                for (from, until) in self.partitions[partition as usize].pieces(first, first + records) {
                    let first = self.partitions[partition as usize].placed(from);
                    witness.pass(now, &Fact::Forwarded { group, partition, first, records: until - from, written });
                }
            }
            Fact::Lost { group, partition, first, records, cause, at } => {
                for (from, until) in self.partitions[partition as usize].pieces(first, first + records) {
                    let first = self.partitions[partition as usize].placed(from);
                    witness.pass(now, &Fact::Lost { group, partition, first, records: until - from, cause, at });
                }
            }
            Fact::Skipped { group, member, partition, first, records, cause } => {
                let place = &self.partitions[partition as usize];
                let [first, end] = [first, first + records].map(|offset| place.placed(offset));
                witness.pass(now, &Fact::Skipped { group, member, partition, first, records: end - first, cause });
            }
            ref other => witness.pass(now, other),
        }
    }

    fn advanced(&mut self, witness: &mut Witness, now: Time, partition: PartitionId, high_watermark: u64) {
        let place = &mut self.partitions[partition as usize];
        // A new leader knows of less than the one before had told.
        if high_watermark <= place.high_watermark {
            return;
        }
        place.high_watermark = high_watermark;
        while place.open.pop_front_if(|open| open.end() <= high_watermark).is_some() {}
        // Whoever is in sync has what is there now.
        place.gone.retain(|gone| gone.base >= high_watermark);
        let readable = place.placed(high_watermark);
        let records = readable - std::mem::replace(&mut place.readable, readable);
        witness.pass(now, &Fact::Advanced { partition, high_watermark: readable, records });
    }

    /// A sender takes a batch for safe.
    fn promised(
        &mut self,
        witness: &mut Witness,
        now: Time,
        (stream, from, sequence): (u32, ActorId, u32),
        (partition, base): (PartitionId, u64),
    ) {
        let place = &mut self.partitions[partition as usize];
        let is_it = |open: &&mut Open| open.base == base && open.from == from && open.sequence == sequence;
        if let Some(open) = place.open.iter_mut().find(is_it) {
            open.promised = true;
            if self.acks[stream as usize] == Acks::All {
                let law =
                    format!("what is acknowledged is on all replicas in sync: {base} of partition {partition} is not");
                witness.breaks(now, &law);
            }
        } else if let Some(gone) = place.gone.iter_mut().find(|gone| is_it(gone) && !gone.promised) {
            // The answer was under way when another began to lead.
            gone.promised = true;
            let records = gone.records.len() as u64;
            witness.reconsiders(stream, partition, records, true);
        }
    }

    /// A follower has copied a batch, which has to lie where its leader had it, behind the same records.
    fn copied(
        &mut self,
        witness: &mut Witness,
        now: Time,
        (broker, partition): (u32, PartitionId),
        epoch: u32,
        (base, records): (u64, u32),
    ) {
        let tip = Tip { epoch, end: base + u64::from(records) };
        let had = self.copies.insert((broker, partition), tip).unwrap_or_default();
        let lineage = &self.partitions[partition as usize].lineage;
        if had.end != base {
            let law =
                format!("the copy of partition {partition} on broker {broker} has no gap: {base} after {}", had.end);
            witness.breaks(now, &law);
        }
        let [has, wants] = [had.epoch, epoch].map(|epoch| lineage.cut(Tip { epoch, end: base }, base).epoch);
        if has != wants {
            let law = format!(
                "broker {broker} cuts partition {partition} back before it follows: before {base} it has epoch {has}, not {wants}"
            );
            witness.breaks(now, &law);
        }
    }

    fn cut_back(&mut self, broker: u32, partition: PartitionId, end: u64) {
        let place = &self.partitions[partition as usize];
        let copy = self.copies.entry((broker, partition)).or_default();
        // One that begins where what is left begins has missed what nobody has any more.
        let from = if end > copy.end { Tip { epoch: place.epoch, end: place.end } } else { *copy };
        *copy = place.lineage.cut(from, end);
    }

    /// A broker begins to lead: what its log does not have is gone, and what it has was not cut off after all.
    fn led(&mut self, witness: &mut Witness, now: Time, broker: u32, (partition, epoch, end): (PartitionId, u32, u64)) {
        let place = &mut self.partitions[partition as usize];
        let before = Tip { epoch: place.epoch, end: place.end };
        self.copies.insert((place.leader, partition), before);
        let copy = self.copies.entry((broker, partition)).or_default();
        *copy = place.lineage.cut(Tip { end, ..*copy }, end);
        let (has, shared) = (*copy, place.lineage.shared(before, *copy));
        place.lineage.begin(epoch, has);
        (place.leader, place.epoch) = (broker, epoch);
        if shared < place.high_watermark {
            let law = format!(
                "a leader has what all replicas in sync had: broker {broker} has {shared} of {} in partition {partition}",
                place.high_watermark
            );
            witness.breaks(now, &law);
            place.high_watermark = shared;
        }
        for (base, open) in place.cut(shared) {
            let Open { stream, from, sequence, promised, .. } = open;
            let records = open.records.len() as u64;
            if promised && self.acks[stream as usize] == Acks::All {
                let law = format!("what is acknowledged by all replicas in sync is not cut off: partition {partition}");
                witness.breaks(now, &law);
            }
            witness.pass(now, &Fact::Truncated { stream, from, partition, sequence, base, records, promised });
            place.gone.push(open);
        }
        for open in place.restore(has) {
            let Open { stream, from, sequence, base, bytes, plain, promised, ref records, .. } = open;
            if promised {
                witness.reconsiders(stream, partition, records.len() as u64, false);
            }
            place.end = base + records.len() as u64;
            let base = place.placed(base);
            witness.pass(now, &Fact::Appended { stream, from, partition, sequence, base, records, bytes, plain });
            place.open.push_back(open);
        }
    }

    /// Records that were fetched at once may lie on both sides of a cut.
    fn processed(&mut self, witness: &mut Witness, now: Time, done: &Processed<'_>) {
        let place = &self.partitions[done.partition as usize];
        for (from, until) in place.pieces(done.first, done.first + done.records.len() as u64) {
            let part = done.part(from, until);
            witness.pass(now, &Fact::Processed(Processed { first: place.placed(from), ..part }));
        }
    }
}
