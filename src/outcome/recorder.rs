//! Writes down what happened: counters, latencies of every record, levels over time, rows of the series.
//!
//! Everything is counted in whole numbers; floating point begins when the run is over. Memory does not grow with the
//! length of the run but for the rows of the series, which are bounded.
mod cut;
mod late;
mod look;
mod lost;
mod moved;
mod settled;

use super::histogram::Buckets;
use super::lanes::Lanes;
use super::series::{Series, SeriesEdge};
use crate::model::machine::{Fact, Processed};
use crate::model::protocol::{Extra, NO_KEY, Record};
use crate::plan::Plan;
use crate::units::{Span, Time};
use std::collections::HashMap;

pub use super::tally::{
    BrokerTotals, GroupLatency, GroupTotals, PartitionTally, PlaceTally, Recording, StreamLatency, StreamTotals,
    TopicTotals, Totals,
};

/// Listens and counts.
#[derive(Debug)]
pub struct Recorder {
    seed: u64,
    warmup: Time,
    arrivals_end: Time,
    /// When the present segment began.
    begin: Time,
    totals: Totals,
    window: [Option<Totals>; 2],
    window_at: [Time; 2],
    streams: Vec<StreamLatency>,
    groups: Vec<GroupLatency>,
    /// End-to-end latencies of the present segment, by group.
    recent: Vec<Buckets>,
    partitions: Vec<PartitionTally>,
    topic_of: Vec<u32>,
    places: Vec<PlaceTally>,
    /// By group: topics it reads, and the partitions of these.
    reads: Vec<Reads>,
    series: Series,
    /// Producer instances that may still be given records.
    running: u32,
    /// When the last of them ended.
    over: Option<Time>,
    /// When the last record of those who are at their end was due.
    last_due: Time,
    /// Highest offset finished of each key in each partition, for groups whose workers share partitions.
    finished: HashMap<(u32, u32, u32), u64>,
    /// Where topics grow.
    moved: Option<moved::Moved>,
    ages: Vec<u64>,
    lanes: Lanes,
}

#[derive(Clone, Debug)]
struct Reads {
    topics: Vec<usize>,
    partitions: Vec<u32>,
    /// The stream it writes, if any, and whether only dead letters go there.
    output: Option<(usize, bool)>,
}

impl Recorder {
    /// For a run of this plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let outputs = plan.groups.iter().filter_map(|group| group.output.as_ref().map(|_| group.most_members));
        let instances: Vec<u32> = plan.producers.iter().map(|producer| producer.instances).chain(outputs).collect();
        let waiting = |&n: &u32| StreamTotals {
            waiting: vec![0; n as usize],
            open: vec![None; n as usize],
            ..StreamTotals::default()
        };
        let members = |group: &crate::plan::GroupPlan| GroupTotals {
            members: vec![Span::ZERO; group.most_members as usize],
            ..GroupTotals::default()
        };
        let partitions = plan.partitions() as usize;
        let totals = Totals {
            streams: instances.iter().map(waiting).collect(),
            topics: vec![TopicTotals::default(); plan.topics.len()],
            brokers: vec![BrokerTotals::default(); plan.cluster.brokers as usize],
            groups: plan.groups.iter().map(members).collect(),
        };
        let topic_of =
            plan.topics.iter().enumerate().flat_map(|(t, topic)| (0..topic.partitions).map(move |_| t as u32));
        let reads = settled::reads(plan);
        Self {
            seed: plan.run.seed,
            warmup: plan.run.warmup,
            arrivals_end: plan.run.arrivals_end,
            begin: Time::ZERO,
            window: [(plan.run.warmup == Time::ZERO).then(|| totals.clone()), None],
            window_at: [plan.run.warmup, plan.run.arrivals_end],
            streams: vec![StreamLatency::default(); totals.streams.len()],
            groups: vec![GroupLatency::default(); plan.groups.len()],
            recent: vec![Buckets::default(); plan.groups.len()],
            partitions: vec![PartitionTally::default(); partitions],
            topic_of: topic_of.collect(),
            places: vec![PlaceTally::default(); partitions * plan.groups.len()],
            series: Series::new(plan.groups.len(), partitions),
            running: plan.producers.iter().map(|producer| producer.instances).sum(),
            over: None,
            last_due: Time::ZERO,
            finished: HashMap::new(),
            moved: plan.grows().then(moved::Moved::default),
            ages: vec![0; plan.groups.len()],
            lanes: Lanes::new(plan),
            totals,
            reads,
        }
    }

    /// Hears a fact.
    #[inline(always)]
    pub fn observe(&mut self, now: Time, fact: &Fact<'_>) {
        match *fact {
            Fact::Processed(ref processed) => self.processed(processed),
            Fact::Acked { stream, left, records, extras } => self.acked(stream as usize, left, records, extras, now),
            Fact::Appended { partition: p, records, bytes, plain, .. } => self.appended(p, records, bytes, plain, now),
            Fact::Sent { stream, records } => self.totals.streams[stream as usize].sent += records,
            Fact::Requested { stream, records, bytes } => {
                let stream = &mut self.totals.streams[stream as usize];
                stream.bytes += bytes;
                stream.asked.add(1, now);
                stream.requested.add(records, now);
            }
            Fact::Fetched { group, records } => {
                let group = &mut self.totals.groups[group as usize];
                group.fetches += 1;
                group.fetched.add(records, now);
            }
            Fact::Polled { group, records } => self.totals.groups[group as usize].polled.add(records, now),
            Fact::Replicated { partition, records, .. } => {
                let topic = &mut self.totals.topics[self.topic_of[partition as usize] as usize];
                topic.readable.add(u64::from(records), now);
            }
            _ => self.rare(now, fact),
        }
    }

    fn rare(&mut self, now: Time, fact: &Fact<'_>) {
        self.lanes.hear(now, fact);
        if let Fact::Lost { group, partition, first, records, cause, at } = *fact {
            return self.lost(group as usize, partition as usize, (first, records, cause), at);
        }
        if let Fact::Truncated { .. } | Fact::Advanced { .. } | Fact::Elected { .. } = *fact {
            return self.failed_over(now, fact);
        }
        let Self { totals, partitions, places, .. } = self;
        match *fact {
            Fact::Refused { stream, records } => totals.streams[stream as usize].refused += records,
            Fact::Failed { stream, unsent, under_way } => {
                let stream = &mut totals.streams[stream as usize];
                stream.failed += unsent + under_way;
                stream.expired += unsent;
            }
            Fact::TimedOut { stream, requests } => totals.streams[stream as usize].answered.add(requests, now),
            Fact::Retried { stream, records } => totals.streams[stream as usize].retried += records,
            Fact::Discarded { stream, records, left, .. } => {
                totals.streams[stream as usize].requested.take_back(u64::from(records), left);
            }
            Fact::Waiting { stream, instance, records, limited, blocked, open, throttled } => {
                let stream = &mut totals.streams[stream as usize];
                (stream.waiting[instance as usize], stream.open[instance as usize]) = (records, open);
                stream.limited += limited;
                stream.blocked += blocked;
                stream.throttled += throttled;
            }
            Fact::Exhausted { at, .. } => {
                self.last_due = self.last_due.max(at);
                self.running -= 1;
                self.over = (self.running == 0).then_some(self.last_due);
            }
            Fact::Assigned { group, member, partition, .. } => {
                places[group as usize * partitions.len() + partition as usize].member = member;
            }
            Fact::Busy { group, member, span } => {
                let group = &mut totals.groups[group as usize];
                group.busy += span;
                group.members[member as usize] += span;
            }
            Fact::Throttled { group, span } => totals.groups[group as usize].throttled += span,
            Fact::Resumed { group, .. } => totals.groups[group as usize].resumed += 1,
            Fact::Tried { group, more } => totals.groups[group as usize].tried += more,
            Fact::Redone { group, records } => totals.groups[group as usize].duplicates += records,
            Fact::Committed { group, partition, offset } => {
                let place = &mut places[group as usize * partitions.len() + partition as usize];
                let more = offset.saturating_sub(place.committed);
                place.committed += more;
                totals.groups[group as usize].committed.add(more, now);
            }
            Fact::Served { broker, busy, queued, requests, bytes_in, bytes_out, bytes_disk, disk } => {
                let broker = &mut totals.brokers[broker as usize];
                broker.busy += busy;
                broker.queued += queued;
                broker.requests += requests;
                broker.bytes_in += bytes_in;
                broker.bytes_out += bytes_out;
                broker.bytes_disk += bytes_disk;
                broker.disk += disk;
            }
            Fact::Followed { broker, bytes } => {
                totals.brokers[broker as usize].bytes_in += bytes;
                totals.brokers[broker as usize].bytes_disk += bytes;
            }
            _ => {}
        }
    }

    #[inline(always)]
    fn appended(&mut self, partition: u32, records: &[Record], stored: u32, plain: u32, now: Time) {
        let (n, partition) = (records.len() as u64, partition as usize);
        let batches = &self.partitions[partition].batches;
        if batches.len() == batches.capacity() {
            self.forget_batches(partition);
        }
        let tally = &mut self.partitions[partition];
        tally.appended += n;
        (tally.bytes, tally.stored) = (tally.bytes + u64::from(plain), tally.stored + u64::from(stored));
        tally.batches.push_back((tally.appended, records[0].due));
        let topic = &mut self.totals.topics[self.topic_of[partition] as usize];
        topic.appended.add(n, now);
        topic.batches += 1;
        topic.sizes.add(n, 1);
    }

    #[inline(always)]
    fn acked(&mut self, stream: usize, left: Time, records: &[Record], extras: &[Extra], now: Time) {
        self.totals.streams[stream].acked += records.len() as u64;
        self.totals.streams[stream].answered.add(1, now);
        let latency = &mut self.streams[stream];
        let (mut sum, mut n) = (0, 0);
        let mut publishes = latency.publish.counting();
        for record in records {
            if record.due >= self.warmup {
                let publish = now.ns() - record.due.ns();
                publishes.add(publish);
                sum += publish;
                n += 1;
            }
        }
        latency.publish.added(n, Span::from_ns(sum));
        latency.under_way_ns += u128::from(n) * u128::from((now - left).ns());
        if !extras.is_empty() {
            late::acked(latency, records, extras, self.warmup, now);
        }
    }

    #[inline(always)]
    fn processed(&mut self, done: &Processed<'_>) {
        let group = done.group as usize;
        let n = done.records.len() as u64;
        let warmup = self.warmup;
        let latency = &mut self.groups[group];
        let recent = &mut self.recent[group];
        let mut at = done.started.ns();
        let (mut e2e_sum, mut at_sum) = (0, 0_u64);
        // What came before the warm-up ended is taken away again, for it is rare.
        let (mut early, mut early_e2e, mut early_work) = (0, 0, 0);
        let (mut waits, mut works, mut e2es) = (latency.wait.counting(), latency.work.counting(), recent.counting());
        for (record, work) in done.records.iter().zip(done.work) {
            at += work.ns();
            let e2e = at - record.due.ns();
            e2e_sum += e2e;
            at_sum = at_sum.wrapping_add(at);
            if record.due < warmup {
                early += 1;
                early_e2e += e2e;
                early_work += work.ns();
                continue;
            }
            waits.add(e2e - work.ns());
            works.add(work.ns());
            e2es.add(e2e);
        }
        let since = at_sum.wrapping_sub(n.wrapping_mul(done.started.ns()));
        let (counted, e2e) = (n - early, e2e_sum - early_e2e);
        let work = at - done.started.ns() - early_work;
        recent.added(counted, Span::from_ns(e2e));
        latency.work.added(counted, Span::from_ns(work));
        latency.wait.added(counted, Span::from_ns(e2e - work));
        let totals = &mut self.totals.groups[group];
        totals.processed.add_at(n, u128::from(n) * u128::from(done.started.ns()) + u128::from(since));
        totals.e2e_sum += u128::from(e2e_sum);
        totals.work_sum += u128::from(at - done.started.ns());
        let place = &mut self.places[group * self.partitions.len() + done.partition as usize];
        place.progress.done(done.first, n);
        place.processed += n;
        place.last_due = done.records[n as usize - 1].due;
        if !done.extras.is_empty() || done.shared || self.over.is_some() || self.moved.is_some() {
            self.processed_specially(done, Time::from_ns(at));
        }
    }

    #[cold]
    fn processed_specially(&mut self, done: &Processed<'_>, at: Time) {
        let group = done.group as usize;
        if !done.extras.is_empty() {
            late::processed(&mut self.groups[group], done, self.warmup);
        }
        if done.shared {
            for (offset, record) in (done.first..).zip(done.records) {
                if record.key != NO_KEY {
                    let highest = self.finished.entry((done.group, done.partition, record.key)).or_default();
                    self.totals.groups[group].out_of_order += u64::from(*highest > offset);
                    *highest = offset.max(*highest);
                }
            }
        }
        if let Some(moved) = &mut self.moved {
            self.totals.groups[group].out_of_order += moved.processed(done);
        }
        if self.over.is_some() && self.backlog(group) == 0 {
            self.groups[group].drained = Some(at);
        }
    }

    /// Records appended for a group.
    fn appended_for(&self, group: usize) -> u64 {
        self.reads[group].topics.iter().map(|&topic| self.totals.topics[topic].appended.total).sum()
    }

    /// Records appended, and neither processed nor lost.
    #[must_use]
    pub fn backlog(&self, group: usize) -> u64 {
        let GroupTotals { processed, lost, .. } = &self.totals.groups[group];
        self.appended_for(group).saturating_sub(processed.total + lost.total)
    }

    /// Records that went through: processed by the groups, or appended where there are none.
    #[must_use]
    pub fn records(&self) -> u64 {
        if self.reads.is_empty() {
            return self.totals.topics.iter().map(|topic| topic.appended.total).sum();
        }
        self.totals.groups.iter().map(|group| group.processed.total).sum()
    }

    /// The counters so far.
    #[must_use]
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Both sides of Little's law for a group, in record nanoseconds modulo 2^64: the integral of its lag, and the sum
    /// of the times its records spent between append and end of processing, or until now.
    #[must_use]
    pub fn little(&self, group: usize, now: Time) -> [u64; 2] {
        let totals = &self.totals.groups[group];
        let topics = self.reads[group].topics.iter().map(|&topic| &self.totals.topics[topic]);
        let appends = topics.fold(0_u64, |sum, topic| sum.wrapping_add(topic.appended.instants as u64));
        let finishes = (totals.processed.instants + totals.lost.instants) as u64;
        let open = self.backlog(group).wrapping_mul(now.ns());
        [totals.lag_area as u64, finishes.wrapping_add(open).wrapping_sub(appends)]
    }

    /// Time the workers of a group were busy, and what its records that count took of it, in nanoseconds.
    #[must_use]
    pub fn busy(&self, group: usize) -> [u128; 2] {
        [u128::from(self.totals.groups[group].busy.ns()), self.groups[group].work.sum_ns()]
    }

    /// Everybody has reported up to now: closes the segment, and a row of the series with it.
    pub fn edge(&mut self, now: Time) {
        let begin = self.begin;
        let came: Vec<i128> = self.totals.topics.iter_mut().map(|topic| topic.appended.close(now)).collect();
        for group in 0..self.reads.len() {
            self.close_group(group, now, &came);
        }
        self.row(begin, now);
        self.begin = now;
        if self.warmup == now && self.window[0].is_none() {
            self.window[0] = Some(self.totals.clone());
        }
        if self.arrivals_end == now && self.window[1].is_none() {
            self.window[1] = Some(self.totals.clone());
        }
    }

    fn close_group(&mut self, group: usize, now: Time, came: &[i128]) {
        let begin = self.begin;
        let age = self.age(group, now);
        let inside = now >= self.warmup && self.window[1].is_none();
        let backlog = self.backlog(group);
        let arrived: i128 = self.reads[group].topics.iter().map(|&topic| came[topic]).sum();
        let appended = self.appended_for(group);
        let totals = &mut self.totals.groups[group];
        let left = totals.processed.close(now) + totals.lost.close(now);
        totals.lag_area += arrived - left;
        totals.committed_area += arrived - totals.committed.close(now);
        // The age moves almost linearly between edges.
        totals.age_area += u128::from(self.ages[group] + age) * u128::from((now - begin).ns()) / 2;
        self.ages[group] = age;
        let levels = [backlog, appended.saturating_sub(totals.committed.total), age];
        let latency = &mut self.groups[group];
        latency.last = levels;
        if inside {
            latency.max = std::array::from_fn(|i| latency.max[i].max(levels[i]));
        }
    }

    /// Age of the oldest unprocessed record of a group, in nanoseconds, to the grain of a batch.
    fn age(&self, group: usize, now: Time) -> u64 {
        let partitions = self.partitions.len();
        let oldest = self.reads[group].partitions.iter().filter_map(|&partition| {
            let tally = &self.partitions[partition as usize];
            let place = &self.places[group * partitions + partition as usize];
            let below = place.progress.below;
            if below >= tally.appended {
                return None;
            }
            let at = tally.batches.partition_point(|&(end, _)| end <= below);
            let (_, due) = tally.batches[at];
            let begins = at.checked_sub(1).map(|i| tally.batches[i].0);
            // Inside a batch the next record is due no earlier than the one before it.
            Some(if begins == Some(below) || below == 0 { due } else { due.max(place.last_due.min(now)) })
        });
        oldest.min().map_or(0, |due| now.since(due).ns())
    }

    /// Makes room in the list of a partition's batches: what every group has finished is not needed any more.
    #[cold]
    fn forget_batches(&mut self, partition: usize) {
        let topic = self.topic_of[partition] as usize;
        let readers = (0..self.reads.len()).filter(|&group| self.reads[group].topics.contains(&topic));
        let places = readers.map(|group| &self.places[group * self.partitions.len() + partition]);
        let below = places.map(|place| place.progress.below).min().unwrap_or(u64::MAX);
        let batches = &mut self.partitions[partition].batches;
        // The last one that is done stays, to tell where the next begins.
        let done = batches.partition_point(|&(end, _)| end <= below);
        batches.drain(..done.saturating_sub(1));
        // Where most are still needed, the next append would sweep again.
        if 2 * batches.len() > batches.capacity() {
            batches.reserve(batches.capacity());
        }
    }

    fn row(&mut self, before: Time, now: Time) {
        if now == before {
            return;
        }
        let partitions = self.partitions.len();
        let edge = SeriesEdge { start: before, end: now, totals: &self.totals };
        self.series.begin(&edge);
        for (group, reads) in self.reads.iter().enumerate() {
            let recent = &mut self.recent[group];
            self.series.group(group, &self.groups[group].last, recent);
            self.groups[group].heat.row(before, now, recent);
            recent.move_into(&mut self.groups[group].e2e);
            for &partition in &reads.partitions {
                let place = &mut self.places[group * partitions + partition as usize];
                let lag = self.partitions[partition as usize].appended.saturating_sub(place.processed + place.lost);
                place.lag_max = place.lag_max.max(lag);
                self.series.place(group, partition, lag);
            }
        }
    }

    /// The run is over; the last edge has been closed.
    #[must_use]
    pub fn finish(mut self, now: Time, partial: bool, events: u64, broken: Vec<String>) -> Recording {
        for (group, recent) in self.recent.iter_mut().enumerate() {
            recent.move_into(&mut self.groups[group].e2e);
        }
        let window_at = [self.window_at[0].min(now), self.window_at[1].min(now)];
        let [begins, ends] = self.window;
        let mut end = self.totals;
        cut::forget(&mut end, &mut self.partitions, &mut self.places);
        self.lanes.finish(now);
        Recording {
            lanes: self.lanes,
            seed: self.seed,
            window: [begins.unwrap_or_else(|| end.clone()), ends.unwrap_or_else(|| end.clone())],
            window_at,
            over: self.over,
            ended: now,
            partial,
            events,
            streams: self.streams,
            groups: self.groups,
            partitions: self.partitions,
            places: self.places,
            series: self.series,
            broken,
            engine: "sim",
            invalid: Vec::new(),
            happened: Vec::new(),
            changes: Vec::new(),
            warnings: Vec::new(),
            end,
        }
    }
}
