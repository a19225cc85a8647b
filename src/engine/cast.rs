//! Who takes part: brokers, then coordinators, producers, members. A closed set, dispatched by an enum.
//!
//! The only place that knows both the plan and every machine: it turns the one into the other, with named streams of luck
//! that do not depend on the number of members.
mod addresses;
mod brokers;
mod failing;
mod groups;
mod growth;

use crate::model::accumulator::{self, Accumulator};
use crate::model::assignor;
use crate::model::broker::Broker;
use crate::model::consumer::{self, Consumer, Output, Owned};
use crate::model::controller::Controller;
use crate::model::coordinator::Coordinator;
use crate::model::machine::{Input, Machine, Outbox};
use crate::model::processing::{Poison, RealWork, Service, Trials};
use crate::model::producer::{self, Producer, Retrying};
use crate::model::protocol::{ActorId, Produce};
use crate::model::random::{Distribution, Draws, Stream};
use crate::model::sabotage::{self, Sabotage};
use crate::model::wire::Bandwidth;
use crate::model::workload::arrivals::Clock;
use crate::model::workload::{Homes, KeyHomes, Keyless, Recipe, Workload};
use crate::plan::{
    Acks, AssignorPlan, ClientPlan, GroupPlan, KeyHash, PartitionerPlan, Plan, ProducerPlan, ServerAssignor, Work,
};
use crate::units::{Span, Time};
use groups::{Shared, join};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

pub use addresses::Addresses;

/// One of the cast.
#[derive(Debug)]
pub enum Actor {
    /// A broker.
    Broker(Box<Broker>),
    /// The coordinator of a group.
    Coordinator(Coordinator),
    /// The controller, where brokers can fail.
    Controller(Box<Controller>),
    /// An instance of a producer.
    Producer(Box<Producer>),
    /// A member of a group.
    Consumer(Box<Consumer>),
}

impl Machine for Actor {
    #[inline]
    fn handle(&mut self, now: Time, input: Input, out: &mut (impl Outbox + ?Sized)) {
        match self {
            Self::Broker(broker) => broker.handle(now, input, out),
            Self::Coordinator(coordinator) => coordinator.handle(now, input, out),
            Self::Controller(controller) => controller.handle(now, input, out),
            Self::Producer(producer) => producer.handle(now, input, out),
            Self::Consumer(consumer) => consumer.handle(now, input, out),
        }
    }
}

impl Actor {
    /// Whether it has ended, as members can.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self, Self::Consumer(consumer) if consumer.has_ended())
    }

    /// Which process of it this is, counted from 1.
    #[must_use]
    pub fn incarnation(&self) -> u32 {
        if let Self::Consumer(consumer) = self { consumer.incarnation() } else { 1 }
    }

    /// Whether it still waits for this answer.
    #[must_use]
    pub fn awaits(&self, from: ActorId, answer: &Produce) -> bool {
        match self {
            Self::Producer(producer) => producer.awaits(from, answer),
            Self::Consumer(consumer) => consumer.awaits(from, answer),
            Self::Broker(_) | Self::Coordinator(_) | Self::Controller(_) => false,
        }
    }
}

/// Who does the work of a member for real, if anybody: by number of group and member.
pub type RealWorkOf<'w> = dyn FnMut(usize, u32) -> Option<Arc<Mutex<dyn RealWork>>> + 'w;

/// Nobody's work is real.
#[must_use]
pub fn simulated(_group: usize, _member: u32) -> Option<Arc<Mutex<dyn RealWork>>> {
    None
}

/// Makes everybody that a plan asks for, at the beginning or as they come back or come late.
#[derive(Debug)]
pub struct Casting<'p> {
    plan: &'p Plan,
    /// Who has which address.
    pub addresses: Addresses,
    homes: KeyMaps,
    poisons: Arc<[Poison]>,
    /// By group, what its members share.
    shared: Vec<Option<Shared>>,
    /// The next producer id that nobody has had: they go on behind the addresses.
    next_id: Cell<u32>,
    /// How many partitions each topic has by now.
    partitions: Vec<u32>,
}

impl<'p> Casting<'p> {
    /// For a run of this plan.
    #[must_use]
    pub fn new(plan: &'p Plan) -> Self {
        let shared = (0..plan.groups.len()).map(|group| Shared::of(plan, group)).collect();
        let (addresses, homes, poisons) = (Addresses::of(plan), KeyMaps::of(plan), plan.poisons().into());
        let (next_id, partitions) = (Cell::new(addresses.controller().0 + 1), growth::at_first(plan));
        Self { plan, addresses, homes, poisons, shared, next_id, partitions }
    }

    /// A topic has so many partitions from now on, unless it had as many before; whoever hears of it at once.
    pub fn grow(&mut self, topic: usize, to: u32) -> Vec<ActorId> {
        let partitions = &mut self.partitions[topic];
        if to <= *partitions {
            return Vec::new();
        }
        *partitions = to;
        growth::told(self.plan, &self.addresses, topic)
    }

    /// Everybody who is there or may come, in the order of their addresses.
    pub fn everybody(&self, real: &mut RealWorkOf<'_>) -> Vec<Actor> {
        let plan = self.plan;
        let mut cast = self.brokers();
        cast.extend((0..plan.groups.len()).map(|group| Actor::Coordinator(self.coordinator(group))));
        for (stream, planned) in plan.producers.iter().enumerate() {
            let one = |i| Actor::Producer(Box::new(self.producer(stream, planned, i)));
            cast.extend((0..planned.instances).map(one));
        }
        cast.extend(self.members(1, real));
        cast.extend(failing::controller(plan).map(|controller| Actor::Controller(Box::new(controller))));
        cast
    }

    /// Only the members, in the order of their addresses; with a generation after the first, in the place of lost ones.
    pub fn members(&self, generation: u32, real: &mut RealWorkOf<'_>) -> Vec<Actor> {
        let mut cast = Vec::new();
        for (group, planned) in self.plan.groups.iter().enumerate() {
            let mut dealt = assign(self.plan, planned);
            // Where groups change, whoever takes a lost one's place asks what it is to read.
            if planned.cold || planned.changes && generation > 1 {
                dealt.iter_mut().for_each(Vec::clear);
            }
            for (member, partitions) in (0..).zip(dealt) {
                let real = real(group, member);
                cast.push(self.with_partitions((group, member, generation), partitions, real.as_ref()));
            }
        }
        cast
    }

    /// A member of a group that changes, in a generation after the first: it asks what it is to read.
    #[must_use]
    pub fn member(&self, group: usize, member: u32, generation: u32, real: &mut RealWorkOf<'_>) -> Actor {
        let real = real(group, member);
        self.with_partitions((group, member, generation), Vec::new(), real.as_ref())
    }

    fn with_partitions(
        &self,
        (group, member, generation): (usize, u32, u32),
        partitions: Vec<(usize, u32)>,
        real: Option<&Arc<Mutex<dyn RealWork>>>,
    ) -> Actor {
        let (plan, planned, who) = (self.plan, &self.plan.groups[group], (group as u32, member, generation));
        let service = |topic, partition| match real {
            Some(real) => Service::Real(Arc::clone(real)),
            None => service(plan, planned, topic, partition),
        };
        let consumer = self.consumer(who, partitions, service);
        Actor::Consumer(Box::new(join(plan, who, self.shared[group].as_ref(), real, consumer)))
    }
}

/// Where keys go, for each topic and hash with which anybody writes there, and each number of partitions it will have.
#[derive(Debug)]
struct KeyMaps(BTreeMap<(usize, KeyHash, u32), Arc<KeyHomes>>);

impl KeyMaps {
    fn of(plan: &Plan) -> Self {
        let outputs = plan.groups.iter().filter_map(|group| group.output.as_ref());
        let clients = plan.producers.iter().map(|producer| &producer.client).chain(outputs);
        let wanted = clients.filter_map(|client| Some((client.topic, client.partitioner.hash()?)));
        let mut maps = BTreeMap::new();
        for (topic, hash) in wanted {
            for count in growth::counts(plan, topic) {
                let new = || Arc::new(key_homes(plan, topic, hash, count));
                maps.entry((topic, hash, count)).or_insert_with(new);
            }
        }
        Self(maps)
    }

    fn homes(&self, client: &ClientPlan, partitions: u32) -> Homes {
        let table = |hash| Arc::clone(self.0.get(&(client.topic, hash, partitions)).expect("made for every client"));
        match client.partitioner {
            PartitionerPlan::Kafka => Homes::Kafka(table(KeyHash::Murmur2)),
            PartitionerPlan::RoundRobin => Homes::RoundRobin,
            PartitionerPlan::Random => Homes::Random,
            PartitionerPlan::Hashed(hash) => {
                let keyless = match hash {
                    // `consistent_random`; the other two hash no key as they hash an empty one.
                    KeyHash::Crc32 => Keyless::Random,
                    _ => Keyless::Partition(hash.partition(b"", partitions)),
                };
                Homes::Hashed(table(hash), keyless)
            }
        }
    }
}

/// Where keys go in a topic: those of its producers, and of whatever is written to it along pipelines.
fn key_homes(plan: &Plan, topic: usize, hash: KeyHash, partitions: u32) -> KeyHomes {
    let is_written = plan.producers.iter().any(|producer| producer.client.topic == topic);
    let is_output = plan.groups.iter().any(|group| group.output.as_ref().is_some_and(|output| output.topic == topic));
    let wanted = plan.producers.iter().filter(|producer| producer.client.topic == topic || is_output);
    let keys = wanted.filter(|_| is_written || is_output).map(|producer| &producer.keys);
    KeyHomes::new(hash, keys, partitions)
}

fn accumulator(plan: &Plan, client: &ClientPlan, name: &str) -> Accumulator {
    let topic = &plan.topics[client.topic];
    let settings = accumulator::Settings {
        first_partition: topic.first,
        partitions: topic.partitions,
        known: topic.at_first,
        brokers: plan.cluster.brokers,
        batch_size: client.batch_size,
        linger: client.linger,
        request_size: client.request_size,
        buffer: client.buffer,
        compression: client.compression.as_ref().map(|compression| Arc::clone(&compression.curve)),
        ordered: client.idempotent,
    };
    Accumulator::new(settings, Stream::named(plan.run.seed, &format!("sticky/{name}")))
}

fn sender(plan: &Plan, client: &ClientPlan, stream: u32, instance: u32, id: ActorId) -> producer::Settings {
    producer::Settings {
        stream,
        instance,
        max_in_flight: client.max_in_flight,
        max_block: client.max_block,
        // A batch is begun when its first record is accepted: none is older than the run.
        delivery_timeout: (plan.end() > Time::ZERO + client.delivery_timeout).then_some(client.delivery_timeout),
        bandwidth: Bandwidth::new(plan.cluster.bandwidth),
        forgets: client.acks == Acks::None,
        work_per_kib: client.compression.as_ref().map_or(Span::ZERO, |compression| compression.work_per_kib),
        id,
        first_epoch: 0,
    }
}

/// Whether a request may be unanswered for so long that its client does not wait any more: not before it left, and never
/// where no answer is expected.
#[must_use]
pub fn times_out(plan: &Plan, client: &ClientPlan) -> bool {
    plan.end() > Time::ZERO + client.request_timeout && client.acks != Acks::None
}

/// The partitions of each member: (topic, partition) in the order in which they are dealt.
#[must_use]
pub fn assign(plan: &Plan, group: &GroupPlan) -> Vec<Vec<(usize, u32)>> {
    let topics: Vec<_> =
        plan.topics.iter().map(|topic| assignor::Topic { name: &topic.name, partitions: topic.at_first }).collect();
    // Zero-padded, so that the order of the text is the order of the numbers.
    let names: Vec<String> = (0..group.members).map(|member| format!("{}-{member:07}", group.name)).collect();
    let members: Vec<_> =
        names.iter().map(|id| assignor::Member { id, instance: None, topics: &group.topics }).collect();
    // A stable group begins here: nobody has owned anything before.
    let new = vec![assignor::Previous::NONE; members.len()];
    let ids = || (0..).map(assignor::TopicId).take(topics.len()).collect::<Vec<_>>();
    let mut dealt = match group.assignor {
        _ if group.remote_assignor == Some(ServerAssignor::Uniform) => {
            let nothing = vec![Vec::new(); members.len()];
            assignor::uniform(&topics, &ids(), &members, &nothing).expect("a group reads topics that exist")
        }
        AssignorPlan::Range => assignor::range(&topics, &members),
        AssignorPlan::RoundRobin => assignor::roundrobin(&topics, &members),
        AssignorPlan::Sticky => assignor::sticky(&topics, &members, &new),
        AssignorPlan::CooperativeSticky => assignor::cooperative_sticky(&topics, &members, &new),
    };
    if sabotage::plays(Sabotage::TwoOwners) {
        let twice = dealt[0][0];
        dealt[1].push(twice);
    }
    // Who joins later has nothing yet.
    dealt.resize(group.most_members as usize, Vec::new());
    dealt
}

fn service(plan: &Plan, group: &GroupPlan, topic: usize, partition: u32) -> Service {
    let place = format!("{}/{}-{partition}", group.name, plan.topics[topic].name);
    let draws =
        |law: &Distribution, what: &str| Draws::new(law, Stream::named(plan.run.seed, &format!("{what}/{place}")));
    match &group.work {
        Work::Each(law) => Service::Each(draws(law, "work")),
        Work::PerUnit { base, each } => Service::PerUnit { base: draws(base, "work"), each: draws(each, "unit") },
    }
}

/// How each of them is made.
impl Casting<'_> {
    fn producer(&self, stream: usize, planned: &ProducerPlan, i: u32) -> Producer {
        let plan = self.plan;
        let (seed, n, name) = (plan.run.seed, planned.instances, format!("{}/{i}", planned.name));
        let share = match planned.messages {
            u64::MAX => u64::MAX,
            messages => messages / u64::from(n) + u64::from(u64::from(i) < messages % u64::from(n)),
        };
        let arrivals = Stream::named(seed, &format!("arrivals/{name}"));
        let common = Stream::named(seed, &format!("arrivals/{}", planned.name));
        let partitions = plan.topics[planned.client.topic].at_first;
        let limit = &planned.limit;
        let limited = limit.messages_per_s.is_finite() || limit.bytes_per_s.is_finite();
        let each = f64::from(n);
        let workload = Workload::new(Recipe {
            clock: Clock::new(&planned.arrivals, (i, n), plan.run.arrivals_end, share, arrivals, common),
            keys: planned.keys.clone(),
            sizes: planned.message_size.clone(),
            homes: self.homes.homes(&planned.client, partitions),
            partitions,
            turn: i % partitions,
            limit: limited.then_some((limit.messages_per_s / each, limit.bytes_per_s / each, limit.burst / each)),
            seed,
            name: name.clone(),
        });
        let before: u32 = plan.producers[..stream].iter().map(|producer| producer.instances).sum();
        let settings = sender(plan, &planned.client, stream as u32, i, self.addresses.producer(before + i));
        let accumulator = accumulator(plan, &planned.client, &name);
        let producer = Producer::new(settings, Some(workload), accumulator, plan.cluster.brokers);
        let producer = self.patient(&planned.client, producer, &name);
        producer.refreshing(growth::of_producer(plan, &self.addresses, &planned.client, &name, &self.homes))
    }

    /// A producer that sends again what is not answered, where that can happen.
    fn patient(&self, client: &ClientPlan, producer: Producer, name: &str) -> Producer {
        let plan = self.plan;
        let failing = plan.cluster.failing.is_some();
        if !times_out(plan, client) && !failing {
            return producer;
        }
        let how = Retrying { timeout: client.request_timeout, retries: client.retries, backoff: client.backoff };
        let producer = producer.with_retries(how, Stream::named(plan.run.seed, &format!("backoff/{name}")));
        let topic = &plan.topics[client.topic];
        if failing {
            producer.with_moves(self.addresses.controller(), (topic.first, topic.partitions))
        } else {
            producer
        }
    }

    /// What a member writes its results with, if it does. A process that is not the first in its place has a producer id of
    /// its own.
    fn output(&self, group: usize, member: u32, generation: u32) -> Option<Output> {
        let plan = self.plan;
        let client = plan.groups[group].output.as_ref()?;
        let before = plan.groups[..group].iter().filter(|group| group.output.is_some()).count();
        let stream = (plan.producers.len() + before) as u32;
        let mut name = format!("{}/output/{member}", plan.groups[group].name);
        let mut settings = sender(plan, client, stream, member, self.addresses.member(group, member));
        if generation > 1 {
            name = format!("{name}/{generation}");
            (settings.id, settings.first_epoch) = (ActorId(self.next_id.get()), generation << 16);
            self.next_id.set(self.next_id.get() + 1);
        }
        let producer = Producer::new(settings, None, accumulator(plan, client, &name), plan.cluster.brokers);
        let producer = self.patient(client, producer, &name);
        let (careful, partitions) = (plan.may_lose_members_of(group), plan.topics[client.topic].at_first);
        Some(Output {
            producer: if careful { producer.with_sources(partitions) } else { producer },
            awaited: false,
            homes: self.homes.homes(client, partitions),
            turn: 0,
            luck: Stream::named(plan.run.seed, &format!("homes/{name}")),
            partitions,
        })
    }

    fn consumer(
        &self,
        (number, member, generation): (u32, u32, u32),
        partitions: Vec<(usize, u32)>,
        service: impl Fn(usize, u32) -> Service,
    ) -> Consumer {
        let plan = self.plan;
        let (group, brokers) = (&plan.groups[number as usize], plan.cluster.brokers);
        let owned = partitions.into_iter().map(|(topic, partition)| Owned {
            partition: plan.topics[topic].first + partition,
            leader: partition % brokers,
            next: 0,
            polled: 0,
            service: service(topic, partition),
        });
        let settings = consumer::Settings {
            group: number,
            member,
            generation,
            coordinator: self.addresses.coordinator(number as usize),
            brokers,
            starts: group.starts,
            poll_records: group.poll_records,
            fetch_min_bytes: group.fetch_min_bytes,
            fetch_max_bytes: group.fetch_max_bytes,
            fetch_max_partition_bytes: group.fetch_max_partition_bytes,
            fetch_max_wait: group.fetch_max_wait,
            commit: group.commit,
            heartbeat: group.heartbeat.max(Span::from_ms(1)),
            reset: group.reset,
        };
        let trials = (!self.poisons.is_empty() || group.retry.dead_letters)
            .then(|| Trials::new(Arc::clone(&self.poisons), group.retry.clone()));
        let output = self.output(number as usize, member, generation);
        let known = growth::of_member(plan, &self.addresses, group, (member, generation), &self.partitions);
        let consumer = Consumer::new(settings, owned.collect(), group.workers, output).with_trials(trials);
        let consumer = consumer.refreshing(known);
        if plan.cluster.failing.is_some() { consumer.seeking(self.addresses.controller()) } else { consumer }
    }
}
