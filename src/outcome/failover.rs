//! What elections do to offsets: told apart before anything is counted, so that everybody else sees offsets without a gap.
//!
//! A new leader may lack what the one before had appended; those offsets are given out again. Here they are not: what is
//! appended after an election that cut something off counts from behind it, and what was cut off is truncated, and lost.
//! What its sender took for safe is lost for good; the rest comes again, and counts as never appended when all is counted.
//! Laws about elections are checked here, for nobody else knows what was where.
use super::Witness;
use crate::model::machine::{Fact, Processed};
use crate::model::protocol::{ActorId, PartitionId};
use crate::plan::{Acks, Plan};
use crate::units::Time;
use std::collections::{BTreeMap, VecDeque};

/// Knows where leaders began.
#[derive(Debug)]
pub struct Failover {
    partitions: Vec<Partition>,
    /// By stream: what its senders wait for.
    acks: Vec<Acks>,
    /// By broker and partition: where its copy has to be cut back, and has not been.
    beyond: BTreeMap<(u32, PartitionId), u64>,
    /// By broker and partition: where its copy ends.
    ends: BTreeMap<(u32, PartitionId), u64>,
}

#[derive(Debug, Default)]
struct Partition {
    leader: u32,
    /// Where something was cut off, and how many records all cuts up to there have cost.
    cuts: Vec<(u64, u64)>,
    end: u64,
    high_watermark: u64,
    /// The same, without gaps.
    readable: u64,
    /// Batches above the high watermark.
    open: VecDeque<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    stream: u32,
    from: ActorId,
    sequence: u32,
    base: u64,
    records: u64,
    promised: bool,
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
            beyond: BTreeMap::new(),
            ends: BTreeMap::new(),
        })
    }

    /// Hears a fact and hands on what it comes to.
    pub(super) fn hear(&mut self, witness: &mut Witness, now: Time, fact: &Fact<'_>) {
        match *fact {
            Fact::Appended { stream, from, partition, sequence, base, records, bytes, plain } => {
                let promised = self.acks[stream as usize] == Acks::None;
                let place = &mut self.partitions[partition as usize];
                let n = records.len() as u64;
                place.open.push_back(Open { stream, from, sequence, base, records: n, promised });
                place.end = base + n;
                let base = place.placed(base);
                witness.pass(now, &Fact::Appended { stream, from, partition, sequence, base, records, bytes, plain });
            }
            Fact::Advanced { partition, high_watermark, .. } => self.advanced(witness, now, partition, high_watermark),
            Fact::Promised { stream, partition, base, .. } => self.promised(witness, now, stream, (partition, base)),
            Fact::Led { broker, partition, end } => self.led(witness, now, broker, (partition, end)),
            Fact::Copied { broker, partition, base, records } => {
                let end = self.ends.insert((broker, partition), base + u64::from(records)).unwrap_or(0);
                if let Some(cut) = self.beyond.get(&(broker, partition)) {
                    let law = format!("broker {broker} cuts partition {partition} back to {cut} before it follows");
                    witness.breaks(now, &law);
                }
                if end != base {
                    let law =
                        format!("the copy of partition {partition} on broker {broker} has no gap: {base} after {end}");
                    witness.breaks(now, &law);
                }
            }
            Fact::CutBack { broker, partition, end } => {
                self.ends.insert((broker, partition), end);
                if self.beyond.get(&(broker, partition)).is_some_and(|cut| end <= *cut) {
                    self.beyond.remove(&(broker, partition));
                }
            }
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
            Fact::Lost { group, partition, first, records, cause } => {
                let first = self.partitions[partition as usize].placed(first);
                witness.pass(now, &Fact::Lost { group, partition, first, records, cause });
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
        while place.open.pop_front_if(|open| open.base + open.records <= high_watermark).is_some() {}
        let readable = place.placed(high_watermark);
        let records = readable - std::mem::replace(&mut place.readable, readable);
        witness.pass(now, &Fact::Advanced { partition, high_watermark: readable, records });
    }

    /// A sender takes a batch for safe.
    fn promised(&mut self, witness: &mut Witness, now: Time, stream: u32, (partition, base): (PartitionId, u64)) {
        let place = &mut self.partitions[partition as usize];
        let Some(open) = place.open.iter_mut().find(|open| open.base == base && open.stream == stream) else { return };
        open.promised = true;
        if self.acks[stream as usize] == Acks::All {
            let law =
                format!("what is acknowledged is on all replicas in sync: {base} of partition {partition} is not");
            witness.breaks(now, &law);
        }
    }

    /// A broker begins to lead: what its log does not have is gone.
    fn led(&mut self, witness: &mut Witness, now: Time, broker: u32, (partition, end): (PartitionId, u64)) {
        let place = &mut self.partitions[partition as usize];
        let before = std::mem::replace(&mut place.leader, broker);
        self.ends.insert((before, partition), place.end);
        self.ends.insert((broker, partition), end);
        self.beyond.remove(&(broker, partition));
        if end < place.high_watermark {
            let law = format!(
                "a leader has what all replicas in sync had: broker {broker} has {end} of {} in partition {partition}",
                place.high_watermark
            );
            witness.breaks(now, &law);
            place.high_watermark = end;
        }
        for (&(other, _), known) in self.ends.iter_mut().filter(|(key, _)| key.1 == partition) {
            if *known > end && other != broker {
                self.beyond.insert((other, partition), end);
            }
        }
        if end >= place.end {
            return;
        }
        let gone = place.placed(place.end - 1) + 1 - place.placed(end);
        let before = place.cuts.iter().rev().find(|&&(at, _)| at <= end).map_or(0, |&(_, lost)| lost);
        let mut cut: Vec<(u64, Open)> = Vec::new();
        while let Some(open) = place.open.pop_back_if(|open| open.base >= end) {
            cut.push((place.placed(open.base), open));
        }
        place.cuts.retain(|&(at, _)| at < end);
        place.cuts.push((end, before + gone));
        place.end = end;
        for (base, Open { stream, from, sequence, records, promised, .. }) in cut.into_iter().rev() {
            if promised && self.acks[stream as usize] == Acks::All {
                let law = format!("what is acknowledged by all replicas in sync is not cut off: partition {partition}");
                witness.breaks(now, &law);
            }
            witness.pass(now, &Fact::Truncated { stream, from, partition, sequence, base, records, promised });
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
