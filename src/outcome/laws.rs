//! What must always hold, checked from the facts alone, in every engine, always on.
//!
//! A broken law is a bug of conga, not of the system under study. It is written down, not panicked about, so that the
//! rest of the run can still be looked at. Laws work on offset ranges per batch; what holds only with one worker, an
//! unchanged number of partitions and no redelivery is claimed only there.
mod owners;
mod repeats;

use super::progress::Progress;
use super::recorder::Recorder;
use crate::model::machine::{Fact, Processed};
use crate::model::protocol::{ActorId, PartitionId};
use crate::plan::{Commit, Plan};
use crate::units::Time;
use repeats::Repeats;

/// Violations written down at most.
const MOST: usize = 20;
/// One key in this many is followed record by record; the others follow from order per partition.
const KEY_SAMPLE: u32 = 64;
/// Keys followed at most.
const KEYS: u32 = 1 << 20;
const NOWHERE: PartitionId = PartitionId::MAX;

/// Checks the laws.
#[derive(Debug)]
pub struct Laws {
    /// Every violation, in words.
    pub broken: Vec<String>,
    partitions: Vec<Partition>,
    /// By group and partition.
    places: Vec<Place>,
    /// By sender's place in the cast, less the first one, and partition of its topic: the sequence number due next.
    sequences: Sequences,
    /// What was sent again, or not appended.
    repeats: Repeats,
    /// Where sampled keys live, if every producer sends them by their hash.
    homes: Vec<PartitionId>,
    /// Where brokers can fail: the groups that read each partition.
    readers: Vec<Vec<usize>>,
    /// By group: whether it commits before it processes.
    ahead: Vec<bool>,
    /// By stream.
    appended: Vec<u64>,
    acked: Vec<u64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Partition {
    end: u64,
    high_watermark: u64,
}

#[derive(Clone, Debug, Default)]
struct Place {
    progress: Progress,
    committed: u64,
    owner: Option<(u32, u32)>,
    /// Whether its owner may still read it.
    held: bool,
    /// Where a reader begins that found nothing committed.
    reset: Option<u64>,
}

/// Sequence numbers by sender and partition, in rows that exist once they are needed.
#[derive(Debug, Default)]
struct Sequences {
    rows: Vec<Vec<u32>>,
    partitions: usize,
}

impl Sequences {
    #[inline]
    fn of(&mut self, sender: ActorId, partition: PartitionId) -> &mut u32 {
        if self.rows.get(sender.index()).is_none_or(Vec::is_empty) {
            self.meet(sender);
        }
        &mut self.rows[sender.index()][partition as usize]
    }

    #[cold]
    fn meet(&mut self, sender: ActorId) {
        if self.rows.len() <= sender.index() {
            self.rows.resize(sender.index() + 1, Vec::new());
        }
        self.rows[sender.index()].resize(self.partitions, 0);
    }
}

impl Laws {
    /// For a run of this plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let partitions = plan.partitions() as usize;
        let outputs = plan.groups.iter().filter_map(|group| group.output.as_ref());
        let hash = plan.producers.first().and_then(|producer| producer.client.partitioner.hash());
        let hashed = hash.is_some() && plan.producers.iter().all(|producer| producer.client.partitioner.hash() == hash);
        // Keys keep their partition within a topic that does not grow; followed only where there is one.
        let followed = hashed && plan.topics.len() == 1 && !plan.grows();
        let streams = plan.producers.len() + outputs.count();
        Self {
            broken: Vec::new(),
            partitions: vec![Partition::default(); partitions],
            places: vec![Place::default(); partitions * plan.groups.len()],
            sequences: Sequences { rows: Vec::new(), partitions },
            repeats: Repeats::new(plan),
            homes: if followed { vec![NOWHERE; (KEYS / KEY_SAMPLE) as usize] } else { Vec::new() },
            readers: repeats::readers(plan),
            ahead: plan.groups.iter().map(|group| group.commit == Commit::BeforeWork).collect(),
            appended: vec![0; streams],
            acked: vec![0; streams],
        }
    }

    /// A law is broken, in words.
    #[cold]
    #[inline(never)]
    pub fn breaks(&mut self, now: Time, law: &str) {
        if self.broken.len() < MOST {
            self.broken.push(format!("at {} s: {law}", now.seconds()));
        }
    }

    #[inline]
    fn check(&mut self, holds: bool, now: Time, law: impl FnOnce() -> String) {
        if !holds {
            self.breaks(now, &law());
        }
    }

    /// Hears a fact.
    #[inline(always)]
    pub fn observe(&mut self, now: Time, fact: &Fact<'_>) {
        match *fact {
            Fact::Processed(ref processed) => self.processed(now, processed),
            Fact::Appended { stream, from, partition, sequence, base, records, .. } => {
                let records = records.len() as u64;
                self.appended(now, stream as usize, (from, sequence), partition, base, records);
            }
            Fact::Replicated { partition, high_watermark, .. } => {
                let place = &mut self.partitions[partition as usize];
                let (end, before) = (place.end, std::mem::replace(&mut place.high_watermark, high_watermark));
                self.check(high_watermark > before, now, || {
                    format!("the high watermark of partition {partition} moves forward: {before} to {high_watermark}")
                });
                self.check(high_watermark <= end, now, || {
                    format!("partition {partition} replicates only what is appended: {high_watermark} of {end}")
                });
            }
            Fact::Advanced { partition, high_watermark, .. } => {
                let Partition { end, high_watermark: before } = self.partitions[partition as usize];
                self.partitions[partition as usize].high_watermark = high_watermark;
                self.check(high_watermark >= before && high_watermark <= end, now, || {
                    format!("the high watermark of partition {partition} moves forward: {before} to {high_watermark} of {end}")
                });
            }
            Fact::Truncated { stream, from, partition, sequence, base, records, promised } => {
                self.truncated(now, stream as usize, (from, partition, sequence), (base, records), promised);
            }
            Fact::Acked { stream, records, .. } => self.acked[stream as usize] += records.len() as u64,
            Fact::Assigned { group, member, partition, generation } => {
                self.assigned(now, group, member, partition, generation);
            }
            Fact::Discarded { stream, from, partition, sequence, records, known, .. } => {
                self.discarded(now, stream as usize, (from, partition, sequence), records, known);
            }
            Fact::Retried { stream, records } => self.repeats.sent_again(stream, records),
            Fact::Lost { group, partition, first, records, .. } => self.lost(now, group, partition, (first, records)),
            Fact::Committed { group, partition, offset } => self.committed(now, group, partition, offset),
            Fact::Resumed { group, partition, offset, .. } => self.resumed(now, group, partition, offset),
            Fact::Revoked { .. } | Fact::Member { .. } | Fact::Reset { .. } => self.changed(now, fact),
            _ => {}
        }
    }

    #[inline(always)]
    fn appended(
        &mut self,
        now: Time,
        stream: usize,
        (from, sequence): (ActorId, u32),
        partition: PartitionId,
        base: u64,
        records: u64,
    ) {
        self.appended[stream] += records;
        let place = &mut self.partitions[partition as usize];
        let end = std::mem::replace(&mut place.end, base + records);
        self.check(end == base, now, || format!("offsets of partition {partition} have no gap: {base} follows {end}"));
        let next = self.sequences.of(from, partition);
        let due = std::mem::replace(next, sequence.wrapping_add(1));
        if due != sequence {
            self.out_of_turn(now, stream, (from, partition, sequence), due, records);
        }
    }

    #[inline(always)]
    fn processed(&mut self, now: Time, done: &Processed<'_>) {
        let &Processed { group, member, partition, first, records, shared, .. } = done;
        let n = records.len() as u64;
        let place = &mut self.places[group as usize * self.partitions.len() + partition as usize];
        let owned = place.owner.is_some_and(|(owner, _)| owner == member);
        let next = place.progress.below;
        let once = place.progress.done(first, n);
        let readable = self.partitions[partition as usize].high_watermark;
        self.check(owned, now, || format!("only the owner reads partition {partition}: member {member} does"));
        self.check(once, now, || format!("records of partition {partition} are processed once: {first} again"));
        self.check(shared || first == next, now, || {
            format!("records of partition {partition} are processed in order: {first} instead of {next}")
        });
        self.check(first + n <= readable, now, || {
            format!("only replicated records of partition {partition} are read: {} of {readable}", first + n)
        });
        if !self.homes.is_empty() {
            for record in records {
                if record.key.is_multiple_of(KEY_SAMPLE) && record.key < KEYS {
                    self.at_home(now, record.key, partition);
                }
            }
        }
    }

    /// A key lives in one partition: with offsets in order and batches in sequence, its records stay in order.
    #[inline]
    fn at_home(&mut self, now: Time, key: u32, partition: PartitionId) {
        let home = &mut self.homes[(key / KEY_SAMPLE) as usize];
        let before = std::mem::replace(home, partition);
        self.check(before == NOWHERE || before == partition, now, || {
            format!("key {key} lives in one partition: {partition} after {before}")
        });
    }

    /// Only what was readable is deleted, and a group loses only what it never gets.
    fn lost(&mut self, now: Time, group: u32, partition: PartitionId, (first, n): (u64, u64)) {
        let place = &mut self.places[group as usize * self.partitions.len() + partition as usize];
        let once = place.progress.done(first, n);
        let readable = self.partitions[partition as usize].high_watermark;
        self.check(once, now, || format!("records of partition {partition} are lost once and unread: {first}"));
        self.check(first + n <= readable, now, || {
            format!("only replicated records of partition {partition} are deleted: {} of {readable}", first + n)
        });
    }

    fn committed(&mut self, now: Time, group: u32, partition: PartitionId, offset: u64) {
        let place = &mut self.places[group as usize * self.partitions.len() + partition as usize];
        let before = std::mem::replace(&mut place.committed, offset);
        let below = place.progress.below;
        self.check(offset >= before, now, || {
            format!("commits of group {group} in partition {partition} move forward: {before} to {offset}")
        });
        let ahead = self.ahead[group as usize];
        self.check(offset <= below || ahead, now, || {
            format!("group {group} commits only what is processed of partition {partition}: {offset} of {below}")
        });
    }

    /// The run is over and everybody has reported: nothing may be unaccounted for.
    pub fn settle(&mut self, recorder: &Recorder, now: Time) {
        let totals = recorder.totals();
        for (i, stream) in totals.streams.iter().enumerate() {
            let again = self.repeats.of(i);
            let appended = self.appended[i] - again.duplicates;
            let (sent, acked) = (stream.sent, self.acked[i]);
            self.check(appended <= sent, now, || format!("stream {i} appends only what it sent: {appended} of {sent}"));
            let (failed, expired) = (stream.failed, stream.expired);
            self.check(acked + failed <= sent, now, || {
                format!("stream {i} hears only of what it sent: {acked} and {failed} given up, of {sent}")
            });
            if let Some(open) = stream.open.iter().copied().sum::<Option<u64>>() {
                self.check(sent == acked + failed + open, now, || {
                    format!("stream {i} accounts for what it sent: {acked} + {failed} given up + {open} open of {sent}")
                });
            }
            if recorder.is_exhausted() && recorder.is_settled() {
                let kept = sent - expired.min(sent);
                self.check(appended + again.missing == kept, now, || {
                    format!("nothing stream {i} sent is lost: {appended} of {kept}, {} never arrived", again.missing)
                });
                self.check(acked <= appended + again.excused, now, || {
                    format!("what stream {i} hears of is appended: {acked} acknowledged of {appended}")
                });
            }
        }
        self.settle_repeats(now);
        let ends: u64 = self.partitions.iter().map(|partition| partition.end).sum();
        let appended: u64 = totals.topics.iter().map(|topic| topic.appended.total).sum();
        self.check(ends == appended, now, || format!("partitions hold what was appended: {ends} of {appended}"));
        for group in 0..totals.groups.len() {
            self.settle_group(recorder, group, now);
        }
    }

    fn settle_group(&mut self, recorder: &Recorder, group: usize, now: Time) {
        let row = &self.places[group * self.partitions.len()..(group + 1) * self.partitions.len()];
        let done: u64 = row.iter().map(|place| place.progress.below + place.progress.beyond()).sum();
        let totals = &recorder.totals().groups[group];
        let (processed, lost) = (totals.processed.total, totals.lost.total);
        self.check(done == processed + lost, now, || {
            format!("group {group} counts each record once: {processed} processed, {lost} lost, {done} distinct")
        });
        let [busy, taken] = recorder.busy(group);
        self.check(taken <= busy, now, || {
            format!("group {group} is busy as long as its records take: {busy} ns for {taken} ns of work")
        });
        // Little's law as an identity: the time integral of the lag is the sum of the times records were in the system.
        let [integral, times] = recorder.little(group, now);
        self.check(integral == times, now, || {
            format!("Little's law holds in group {group}: {integral} against {times} record nanoseconds modulo 2^64")
        });
    }
}
