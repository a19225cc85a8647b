//! Members and their coordinator, a millisecond apart, and a broker that has records only where a test wants some.
use super::script::reads;
use conga::model::consumer::{Commit, Consumer, Owned, Reset, Settings, Supplies, Supply, Taking, Toil};
use conga::model::coordinator::Coordinator;
use conga::model::coordinator::consumer_protocol::{self, ConsumerProtocol, ServerAssignor};
use conga::model::machine::{Fact, Input, Machine, Outbox};
use conga::model::processing::Service;
use conga::model::protocol::{ActorId, Batch, Message, PartitionId, Record, Timer};
use conga::model::random::{Distribution, Draws, Stream};
use conga::units::{Span, Time};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

const BROKER: ActorId = ActorId(0);
const COORDINATOR: ActorId = ActorId(1);
const FIRST: u32 = 2;
/// `max.poll.interval.ms`.
pub const PATIENCE_S: f64 = 300.0;
const HEARTBEAT: Span = Span::from_ms(5_000);

/// What happened to a partition, or to a member.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Turn {
    /// It was taken up by this member.
    Taken(u32, PartitionId),
    /// Its reader knows where to go on.
    Read(u32, PartitionId),
    /// It was given up by this member.
    Given(u32, PartitionId),
    /// Records of it were processed by this member.
    Done(u32, PartitionId),
    /// Everybody has what they should have, in this epoch.
    Settled(u32),
    /// Somebody is out.
    Gone(u32),
}

/// A run in the making.
pub struct Troupe {
    /// What happened, in seconds.
    pub told: Vec<(f64, Turn)>,
    partitions: u32,
    members: BTreeMap<u32, Consumer>,
    coordinator: Coordinator,
    agenda: Agenda,
    /// Partitions of which the broker has so many records, once.
    records: BTreeMap<PartitionId, u32>,
    /// What each takes.
    work: Span,
}

struct Agenda {
    now: Time,
    actor: ActorId,
    turns: u64,
    due: BinaryHeap<Reverse<(Time, u64)>>,
    inputs: BTreeMap<u64, (ActorId, Input)>,
    told: Vec<(f64, Turn)>,
}

impl Agenda {
    fn add(&mut self, at: Time, to: ActorId, input: Input) {
        self.turns += 1;
        self.due.push(Reverse((at, self.turns)));
        self.inputs.insert(self.turns, (to, input));
    }
}

impl Outbox for Agenda {
    fn send(&mut self, to: ActorId, message: Message) {
        self.send_at(self.now, to, message);
    }
    fn send_at(&mut self, at: Time, to: ActorId, message: Message) {
        let from = self.actor;
        self.add(at + Span::from_ms(1), to, Input::Received { from, message });
    }
    fn wake(&mut self, timer: Timer, at: Time) {
        self.add(at, self.actor, Input::Fired(timer));
    }
    fn observe(&mut self, fact: &Fact<'_>) {
        use conga::model::protocol::MemberState::Gone;
        let turn = match *fact {
            Fact::Assigned { member, partition, .. } => Turn::Taken(member, partition),
            Fact::Resumed { member, partition, .. } => Turn::Read(member, partition),
            Fact::Revoked { member, partition, .. } => Turn::Given(member, partition),
            Fact::Processed(ref done) => Turn::Done(done.member, done.partition),
            Fact::Rebalanced { generation, .. } => Turn::Settled(generation),
            Fact::Member { key, state: Gone(_), .. } => Turn::Gone(key.member),
            _ => return,
        };
        self.told.push((self.now.seconds(), turn));
    }
}

impl Troupe {
    /// So many members that have been in their group for long, with their heartbeats at any time, or that all join at 0.
    pub fn new(partitions: u32, members: u32, settled: bool, work: Span, seed: u64) -> Self {
        let settings = consumer_protocol::Settings {
            group: 0,
            topics: reads(&[partitions]),
            assignor: ServerAssignor::Uniform,
            session: Span::from_ms(45_000),
            heartbeat: HEARTBEAT,
            interval: Span::from_ms(1_000),
            fixed: false,
        };
        let each = partitions / members;
        let dealt = |member: u32| (member * each..(member + 1) * each).collect::<Vec<u32>>();
        let patience = Span::from_ns((PATIENCE_S * 1e9) as u64);
        let protocol = if settled {
            ConsumerProtocol::settled(settings, &(0..members).map(dealt).collect::<Vec<_>>(), patience)
        } else {
            ConsumerProtocol::new(settings)
        };
        let agenda = Agenda {
            now: Time::ZERO,
            actor: COORDINATOR,
            turns: 0,
            due: BinaryHeap::new(),
            inputs: BTreeMap::new(),
            told: Vec::new(),
        };
        let mut troupe = Self {
            told: Vec::new(),
            partitions,
            members: BTreeMap::new(),
            coordinator: Coordinator::new(0, partitions).in_epochs(protocol),
            agenda,
            records: BTreeMap::new(),
            work,
        };
        troupe.agenda.add(Time::ZERO, COORDINATOR, Input::Started);
        for member in 0..members {
            let phase = Stream::named(seed, &format!("phase/{member}")).unit();
            let owned = if settled { dealt(member) } else { Vec::new() };
            troupe.enter(member, owned, settled.then_some(phase), 0.0);
        }
        troupe
    }

    fn enter(&mut self, member: u32, owned: Vec<PartitionId>, phase: Option<f64>, at: f64) {
        let law = Distribution::Constant(self.work.ns() as f64);
        let names = (0..self.partitions).map(|number| (format!("topic-0-{number}"), 0)).collect();
        let shared = Arc::new(Supplies { seed: 1, group: "workers".to_owned(), partitions: names });
        let supply = Supply { shared, toil: Toil::Each(law.clone()) };
        let settings = Settings {
            group: 0,
            member,
            generation: 1,
            coordinator: COORDINATOR,
            brokers: 1,
            starts: Time::ZERO,
            poll_records: 500,
            fetch_min_bytes: 1,
            fetch_max_bytes: 1 << 20,
            fetch_max_partition_bytes: 1 << 20,
            fetch_max_wait: Span::from_ms(500),
            commit: Commit::Auto(Span::from_ms(5_000)),
            heartbeat: HEARTBEAT,
            reset: Reset::Earliest,
        };
        let service = |partition| Service::Each(Draws::new(&law, Stream::named(1, &format!("work/{partition}"))));
        let owned = owned.into_iter().map(|partition| Owned {
            partition,
            leader: 0,
            next: 0,
            polled: 0,
            service: service(partition),
        });
        let taking = Taking {
            heartbeat: HEARTBEAT,
            first: Span::from_ns((phase.unwrap_or(0.0) * HEARTBEAT.ns() as f64) as u64),
            patience: Span::from_ns((PATIENCE_S * 1e9) as u64),
            fixed: false,
            settled: phase.is_some(),
        };
        let consumer = Consumer::new(settings, owned.collect(), 1, None).supplied(supply).in_epochs(taking);
        self.members.insert(member, consumer);
        self.agenda.add(seconds(at), ActorId(FIRST + member), Input::Started);
    }

    /// A member that was not there joins.
    pub fn joins(&mut self, member: u32, at: f64) {
        self.enter(member, Vec::new(), None, at);
    }

    /// Somebody is asked to end.
    pub fn ends(&mut self, member: u32, at: f64) {
        self.agenda.add(seconds(at), ActorId(FIRST + member), Input::Closing);
    }

    /// The broker has so many records of a partition.
    pub fn has_records(&mut self, partition: PartitionId, records: u32) {
        self.records.insert(partition, records);
    }

    /// Lets time go by.
    pub fn until(&mut self, end: f64) -> &mut Self {
        let end = seconds(end);
        while let Some(&Reverse((at, turn))) = self.agenda.due.peek()
            && at <= end
        {
            self.agenda.due.pop();
            let (actor, input) = self.agenda.inputs.remove(&turn).expect("everything due has an input");
            (self.agenda.now, self.agenda.actor) = (at, actor);
            match actor {
                BROKER => self.serve(input),
                COORDINATOR => self.coordinator.handle(at, input, &mut self.agenda),
                ActorId(member) => {
                    let member = self.members.get_mut(&(member - FIRST)).expect("everybody called is there");
                    member.handle(at, input, &mut self.agenda);
                }
            }
        }
        self.told.append(&mut self.agenda.told);
        self
    }

    /// A broker answers a fetch only where it has records.
    fn serve(&mut self, input: Input) {
        let Input::Received { from, message: Message::Fetch(mut fetch) } = input else { return };
        for wanted in &fetch.wanted {
            let Some(records) = self.records.remove(&wanted.partition) else { continue };
            let start = fetch.parcel.len() as u32;
            let record = Record { due: self.agenda.now, key: 0, body: 10 };
            fetch.parcel.records.extend(std::iter::repeat_n(record, records as usize));
            fetch.batches.push(Batch {
                partition: wanted.partition,
                sequence: wanted.slot,
                base: wanted.offset,
                start,
                end: start + records,
                ..Batch::default()
            });
        }
        if !fetch.batches.is_empty() {
            self.agenda.send(from, Message::Fetched(fetch));
        }
    }

    /// When these happened.
    pub fn when(&self, wanted: impl Fn(Turn) -> bool) -> Vec<f64> {
        self.told.iter().filter(|(_, turn)| wanted(*turn)).map(|(at, _)| *at).collect()
    }
}

fn seconds(at: f64) -> Time {
    Time::ZERO + Span::from_ns((at * 1e9).round() as u64)
}
