//! The rules behind lost members, with a pencil: what is kept, where whoever comes next goes on, what counts twice.
use conga::model::broker::{Answer, Broker, Place, Places, Settings, Writing};
use conga::model::coordinator::Coordinator;
use conga::model::log::Log;
use conga::model::machine::{Fact, Input, Machine, Outbox, Processed};
use conga::model::protocol::{
    ActorId, Batch, Commits, Fetch, Message, Parcel, Position, Produce, Record, Timer, Wanted,
};
use conga::model::random::{Distribution, Draws, Stream};
use conga::model::wire::Bandwidth;
use conga::outcome::{Recording, Witness};
use conga::plan::Plan;
use conga::units::{Span, Time};

/// What a machine sent.
#[derive(Default)]
struct Sent(Vec<(ActorId, Message)>);

impl Outbox for Sent {
    fn send(&mut self, to: ActorId, message: Message) {
        self.0.push((to, message));
    }
    fn send_at(&mut self, _: Time, to: ActorId, message: Message) {
        self.send(to, message);
    }
    fn wake(&mut self, _: Timer, _: Time) {}
    fn observe(&mut self, _: &Fact<'_>) {}
}

fn records(n: u64) -> Vec<Record> {
    (0..n).map(|ms| Record { due: Time::ZERO + Span::from_ms(ms), key: u32::MAX, body: 10 }).collect()
}

#[test]
fn a_log_that_may_be_read_again_keeps_what_is_not_committed() {
    let read = |log: &Log, offset: u64| {
        let mut parcel = Parcel::default();
        log.read(offset, u64::MAX, &mut parcel);
        parcel.records.iter().map(|record| record.due.ns() / 1_000_000).collect::<Vec<_>>()
    };
    let mut log = Log::new(2, None).rereadable(true);
    for batch in records(30).chunks(10) {
        log.append(batch, &[], 100);
        log.replicated(10, 100);
    }
    log.reached(0, 30);
    log.reached(1, 30);
    assert_eq!((log.start(), log.held()), (0, 30), "what was fetched is kept");
    log.settled(0, 25);
    assert_eq!(log.start(), 0, "for the other group");
    log.settled(1, 13);
    assert_eq!(log.start(), 13, "in the middle of a batch");
    assert_eq!(read(&log, 13), (13..30).collect::<Vec<_>>());
    assert_eq!(log.readable(13), 200, "the batch as a whole");
    log.settled(1, 30);
    assert_eq!((log.start(), log.readable(25)), (25, 100));
    let mut usual = Log::new(1, None);
    usual.append(&records(10), &[], 100);
    usual.replicated(10, 100);
    usual.reached(0, 10);
    assert_eq!(usual.held(), 0, "nobody comes back");
}

#[test]
fn a_coordinator_tells_what_is_committed() {
    let mut coordinator = Coordinator::new(7, 3).telling(vec![0, 1, 0]);
    let mut out = Sent::default();
    let member = ActorId(9);
    let at = |partition, offset| Position { partition, offset };
    let mut hear = |message, out: &mut Sent| {
        coordinator.handle(Time::ZERO, Input::Received { from: member, message }, out);
    };
    let positions = vec![at(0, 5), at(1, 0), at(2, 8)];
    hear(Message::Commit(Box::new(Commits { positions, ..Commits::default() })), &mut out);
    let [(ActorId(0), Message::Settled { group: 7, positions }), (to, Message::Committed(_))] = &out.0[..] else {
        panic!("the broker of partitions 0 and 2, then the member: {:?}", out.0);
    };
    assert_eq!(*to, member);
    assert_eq!(positions.iter().map(|p| (p.partition, p.offset)).collect::<Vec<_>>(), [(0, 5), (2, 8)]);
    out.0.clear();
    hear(Message::OffsetFetch { number: 3, positions: Box::new(vec![at(2, 0), at(1, 0)]) }, &mut out);
    let [(_, Message::Offsets { number: 3, positions })] = &out.0[..] else { panic!("an answer: {:?}", out.0) };
    assert_eq!(positions.iter().map(|p| p.offset).collect::<Vec<_>>(), [8, 0]);
}

/// A broker whose replicas take a second, with one partition for one stream and one group.
fn slow_to_replicate() -> Broker {
    let settings = Settings {
        me: 0,
        brokers: 2,
        work_per_batch: Span::ZERO,
        work_per_kib: Span::ZERO,
        bandwidth: Bandwidth::new(f64::INFINITY),
        disk: Bandwidth::new(f64::INFINITY),
        handlers: 1,
        quota_samples: None,
    };
    let (quota, patience, idempotent) = (f64::INFINITY, None, true);
    let places = Places {
        partitions: vec![Place { log: 0, topic: 0, leader: 0 }],
        streams: vec![Writing { replicas: 2, answer: Answer::Replicated, quota, patience, idempotent }],
        readers: vec![0],
        groups: vec![vec![0]],
        checks: vec![None],
        quotas: vec![f64::INFINITY],
        topics: 1,
    };
    let takes = |seconds: f64| Draws::new(&Distribution::Constant(seconds * 1e9), Stream::named(1, "broker"));
    Broker::new(settings, places.into(), vec![Log::new(1, None).rereadable(true)], 10, takes(0.0), takes(1.0))
}

#[test]
fn a_connection_that_is_gone_takes_what_it_was_to_read_and_nothing_it_wrote() {
    let member = ActorId(9);
    let batch = Batch { end: 10, bytes: 100, plain: 100, ..Batch::default() };
    let parcel = Parcel { records: records(10), ..Parcel::default() };
    let written = Produce { bytes: 100, plain: 100, batches: vec![batch], parcel, ..Produce::default() };
    let read = || {
        Message::Fetch(Box::new(Fetch {
            min_bytes: 1,
            max_bytes: 1000,
            max_partition_bytes: 1000,
            max_wait: Span::from_ms(500),
            wanted: vec![Wanted { partition: 0, slot: 0, offset: 0 }],
            ..Fetch::default()
        }))
    };
    // Whatever waits first: what is written until it is replicated, what is read until there is something.
    for reads in [[false, false], [true, false], [false, true]] {
        let (mut broker, mut out) = (slow_to_replicate(), Sent::default());
        let mut hear = |message, out: &mut Sent| {
            broker.handle(Time::ZERO, Input::Received { from: member, message }, out);
        };
        if reads[0] {
            hear(read(), &mut out);
        }
        hear(Message::Produce(Box::new(written.clone())), &mut out);
        if reads[1] {
            hear(read(), &mut out);
        }
        hear(Message::HungUp, &mut out);
        assert!(out.0.is_empty(), "{reads:?}: {:?}", out.0);
        let job = u32::from(reads[0]);
        broker.handle(Time::ZERO + Span::from_ms(1000), Input::Fired(Timer::Replicated(job)), &mut out);
        let sent: Vec<_> = out.0.iter().map(|(to, message)| (*to, matches!(message, Message::Produced(_)))).collect();
        assert_eq!(sent, [(member, true)], "{reads:?}: written, and nothing is read");
        // Whoever comes next is not kept waiting by those before.
        out.0.clear();
        let later = Input::Received { from: member, message: read() };
        broker.handle(Time::ZERO + Span::from_ms(1000), later, &mut out);
        let [(_, Message::Fetched(answer))] = &out.0[..] else { panic!("{reads:?}: an answer: {:?}", out.0) };
        assert_eq!(answer.batches.iter().map(Batch::records).sum::<u32>(), 10);
    }
}

/// A witness of a run in which members can be lost, and what it hears.
struct Story {
    plan: Plan,
    witness: Witness,
    records: Vec<Record>,
}

impl Story {
    /// Ten records are there to be read by a member that owns them.
    fn new() -> Self {
        let yaml = "
topics: {events: {partitions: 1}}
producers: {edge: {topic: events, arrivals: {constant: {rate: 1k/s}}, messages: 10}}
groups: {workers: {topics: [events], members: 1}}
run: {seed: 1}
";
        let plan = Plan { redelivers: true, ..crate::play::plan(yaml) };
        let mut story = Self { witness: Witness::new(&plan), plan, records: records(10) };
        let all = story.records.clone();
        story.hear(&Fact::Sent { stream: 0, records: 10 });
        story.hear(&Fact::Requested { stream: 0, records: 10, bytes: 100 });
        let (stream, from, partition, sequence, base) = (0, ActorId(2), 0, 0, 0);
        story.hear(&Fact::Appended { stream, from, partition, sequence, base, records: &all, bytes: 100, plain: 100 });
        story.hear(&Fact::Replicated { partition, high_watermark: 10, records: 10 });
        story.hear(&Fact::Acked { stream, left: Time::ZERO, records: &all, extras: &[] });
        story.hear(&Fact::Exhausted { stream, at: Time::ZERO });
        story.assigned(1);
        story
    }

    fn hear(&mut self, fact: &Fact<'_>) {
        self.witness.hear(Time::ZERO + Span::from_ms(100), fact);
    }

    fn assigned(&mut self, generation: u32) {
        self.hear(&Fact::Assigned { group: 0, member: 0, partition: 0, generation });
    }

    fn processed(&mut self, first: u64, end: u64) {
        let records = self.records[first as usize..end as usize].to_vec();
        let work = vec![Span::ZERO; records.len()];
        let started = Time::ZERO + Span::from_ms(50);
        let (group, member, partition, shared) = (0, 0, 0, false);
        let extras = &[];
        let (records, work) = (&records, &work);
        self.hear(&Fact::Processed(Processed {
            group,
            member,
            partition,
            first,
            records,
            extras,
            work,
            started,
            shared,
        }));
    }

    fn committed(&mut self, offset: u64) {
        self.hear(&Fact::Committed { group: 0, partition: 0, offset });
    }

    /// The member is lost.
    fn lost(&mut self) {
        self.witness.mourns(0, 0);
    }

    /// Another member has taken the lost one's place.
    fn resumed(&mut self, offset: u64) {
        self.resumed_in(2, offset);
    }

    fn resumed_in(&mut self, generation: u32, offset: u64) {
        self.assigned(generation);
        self.hear(&Fact::Resumed { group: 0, member: 0, partition: 0, offset });
    }

    fn finish(self) -> Recording {
        drop(self.plan);
        self.witness.finish(Time::ZERO + Span::from_ms(200), false, 0)
    }
}

fn counted(recording: &Recording) -> [u64; 2] {
    let workers = &recording.end.groups[0];
    [workers.processed.total, workers.duplicates]
}

#[test]
fn what_was_not_committed_comes_again_and_counts_as_duplicates() {
    let mut story = Story::new();
    story.processed(0, 6);
    story.committed(3);
    story.resumed(3);
    assert!(!story.witness.is_redone());
    story.processed(3, 5);
    assert!(!story.witness.is_settled(), "four are missing");
    story.processed(5, 8);
    assert!(story.witness.is_redone(), "what was done before is done again");
    story.processed(8, 10);
    story.committed(10);
    assert!(story.witness.is_settled());
    let recording = story.finish();
    assert_eq!(recording.broken, Vec::<String>::new());
    assert_eq!(counted(&recording), [10, 3]);
}

#[test]
fn nothing_is_done_again_before_somebody_said_where() {
    let mut story = Story::new();
    story.processed(0, 10);
    story.committed(4);
    assert!(story.witness.is_redone() && story.witness.is_settled());
    story.witness.mourns(0, 1);
    assert!(story.witness.is_redone(), "somebody who had nothing");
    story.lost();
    assert!(!story.witness.is_redone(), "nobody is there");
    story.assigned(2);
    assert!(!story.witness.is_redone(), "somebody is there, and has not heard where to go on");
    story.hear(&Fact::Resumed { group: 0, member: 0, partition: 0, offset: 4 });
    assert!(!story.witness.is_redone());
    story.lost();
    story.resumed_in(3, 4);
    story.processed(4, 10);
    assert!(story.witness.is_redone());
    story.committed(10);
    story.lost();
    assert!(!story.witness.is_redone());
    story.resumed_in(4, 10);
    assert!(story.witness.is_redone(), "everything was committed");
    let recording = story.finish();
    assert_eq!(recording.broken, Vec::<String>::new());
    assert_eq!(counted(&recording), [10, 6]);
}

/// The rest of a story.
type Tell<'t> = &'t dyn Fn(&mut Story);

#[test]
fn whoever_comes_next_repeats_once_and_leaves_nothing_out() {
    let broken = |tell: Tell<'_>| {
        let mut story = Story::new();
        story.processed(0, 6);
        story.committed(3);
        tell(&mut story);
        story.finish().broken
    };
    let cases: [(&str, Tell<'_>); 5] = [
        ("are processed once", &|story| story.processed(5, 7)),
        ("goes on from what is committed", &|story| story.resumed(4)),
        ("comes in order", &|story| {
            story.resumed(3);
            story.processed(4, 6);
        }),
        ("come again once after a loss", &|story| {
            story.resumed(3);
            story.processed(3, 5);
            story.processed(4, 6);
        }),
        ("move forward", &|story| story.committed(2)),
    ];
    for (law, tell) in cases {
        let broken = broken(tell);
        assert!(broken.iter().any(|words| words.contains(law)), "{law}: {broken:?}");
    }
}
