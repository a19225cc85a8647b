//! Who takes part: brokers, then coordinators, producers, members. A closed set, dispatched by an enum.
//!
//! The only place that knows both the plan and every machine: it turns the one into the other, with named streams of luck
//! that do not depend on the number of members.
mod addresses;
mod failing;
mod groups;

use crate::model::accumulator::{self, Accumulator};
use crate::model::assignor;
use crate::model::broker::{self, Answer, Broker, Place, Places, Writing};
use crate::model::consumer::{self, Consumer, Output, Owned};
use crate::model::controller::Controller;
use crate::model::coordinator::Coordinator;
use crate::model::log::Log;
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
}

impl<'p> Casting<'p> {
    /// For a run of this plan.
    #[must_use]
    pub fn new(plan: &'p Plan) -> Self {
        let shared = (0..plan.groups.len()).map(|group| Shared::of(plan, group)).collect();
        let (addresses, homes, poisons) = (Addresses::of(plan), KeyMaps::of(plan), plan.poisons().into());
        Self { plan, addresses, homes, poisons, shared }
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

/// Where keys go, for each topic and hash with which anybody writes there.
#[derive(Debug)]
struct KeyMaps(BTreeMap<(usize, KeyHash), Arc<KeyHomes>>);

impl KeyMaps {
    fn of(plan: &Plan) -> Self {
        let outputs = plan.groups.iter().filter_map(|group| group.output.as_ref());
        let clients = plan.producers.iter().map(|producer| &producer.client).chain(outputs);
        let wanted = clients.filter_map(|client| Some((client.topic, client.partitioner.hash()?)));
        let mut maps = BTreeMap::new();
        for (topic, hash) in wanted {
            maps.entry((topic, hash)).or_insert_with(|| Arc::new(key_homes(plan, topic, hash)));
        }
        Self(maps)
    }

    fn homes(&self, plan: &Plan, client: &ClientPlan) -> Homes {
        let table = |hash| Arc::clone(self.0.get(&(client.topic, hash)).expect("made for every client"));
        match client.partitioner {
            PartitionerPlan::Kafka => Homes::Kafka(table(KeyHash::Murmur2)),
            PartitionerPlan::RoundRobin => Homes::RoundRobin,
            PartitionerPlan::Random => Homes::Random,
            PartitionerPlan::Hashed(hash) => {
                let keyless = match hash {
                    // `consistent_random`; the other two hash no key as they hash an empty one.
                    KeyHash::Crc32 => Keyless::Random,
                    _ => Keyless::Partition(hash.partition(b"", plan.topics[client.topic].partitions)),
                };
                Homes::Hashed(table(hash), keyless)
            }
        }
    }
}

/// Where keys go in a topic: those of its producers, and of whatever is written to it along pipelines.
fn key_homes(plan: &Plan, topic: usize, hash: KeyHash) -> KeyHomes {
    let is_written = plan.producers.iter().any(|producer| producer.client.topic == topic);
    let is_output = plan.groups.iter().any(|group| group.output.as_ref().is_some_and(|output| output.topic == topic));
    let wanted = plan.producers.iter().filter(|producer| producer.client.topic == topic || is_output);
    let keys = wanted.filter(|_| is_written || is_output).map(|producer| &producer.keys);
    KeyHomes::new(hash, keys, plan.topics[topic].partitions)
}

fn writing(plan: &Plan, client: &ClientPlan) -> Writing {
    let answer = match client.acks {
        Acks::None => Answer::Never,
        Acks::Leader => Answer::Appended,
        Acks::All => Answer::Replicated,
    };
    let patience = times_out(plan, client).then_some(client.request_timeout);
    let replicas = plan.topics[client.topic].replicas;
    Writing { replicas, answer, quota: client.quota, patience, idempotent: client.idempotent }
}

fn accumulator(plan: &Plan, client: &ClientPlan, name: &str) -> Accumulator {
    let topic = &plan.topics[client.topic];
    let settings = accumulator::Settings {
        first_partition: topic.first,
        partitions: topic.partitions,
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

fn sender(plan: &Plan, client: &ClientPlan, stream: u32, instance: u32) -> producer::Settings {
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
        plan.topics.iter().map(|topic| assignor::Topic { name: &topic.name, partitions: topic.partitions }).collect();
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
    fn brokers(&self) -> Vec<Actor> {
        let (plan, clients) = (self.plan, self.addresses.clients());
        let count = plan.cluster.brokers;
        let mut led: Vec<Vec<Log>> = (0..count).map(|_| Vec::new()).collect();
        let mut places = Places { topics: plan.topics.len() as u32, ..Places::default() };
        for (number, topic) in plan.topics.iter().enumerate() {
            let reading = (0..).zip(&plan.groups).filter(|(_, group)| group.topics.contains(&number));
            let groups: Vec<u32> = reading.map(|(group, _)| group).collect();
            let readers = groups.len();
            places.groups.push(groups);
            places.checks.push(topic.retention.filter(|_| readers > 0).map(|retention| retention.check));
            for partition in 0..topic.partitions {
                let leader = partition % count;
                if plan.cluster.failing.is_some() {
                    // Whoever leads next must have it: every broker has a log for it, though not all of them have copies.
                    let log = places.partitions.len() as u32;
                    places.partitions.push(Place { log, topic: number as u32, leader });
                    for logs in &mut led {
                        logs.push(Log::new(readers.max(1), None).rereadable(true));
                    }
                    continue;
                }
                let logs = &mut led[leader as usize];
                places.partitions.push(Place { log: logs.len() as u32, topic: number as u32, leader });
                logs.push(Log::new(readers, topic.retention).rereadable(plan.redelivers));
            }
        }
        let outputs = plan.groups.iter().filter_map(|group| group.output.as_ref());
        let clients_of = plan.producers.iter().map(|producer| &producer.client).chain(outputs);
        places.streams = clients_of.map(|client| writing(plan, client)).collect();
        for (g, _) in plan.groups.iter().enumerate() {
            for topic in 0..plan.topics.len() {
                let before = plan.groups[..g].iter().filter(|group| group.topics.contains(&topic)).count();
                places.readers.push(before as u32);
            }
        }
        places.quotas = plan.groups.iter().map(|group| group.quota).collect();
        let places = Arc::new(places);
        let cluster = &plan.cluster;
        let broker = |(me, logs): (usize, Vec<Log>)| {
            let draws =
                |law: &Distribution, name: &str| Draws::new(law, Stream::named(plan.run.seed, &format!("{name}/{me}")));
            let settings = broker::Settings {
                me: me as u32,
                brokers: count,
                work_per_batch: cluster.work_per_batch,
                work_per_kib: cluster.work_per_kib,
                bandwidth: Bandwidth::new(cluster.bandwidth),
                disk: Bandwidth::new(cluster.disk),
                handlers: cluster.threads,
                quota_samples: cluster.quota_window.map(|window| (window.length, window.samples)),
            };
            let (work, replication) =
                (draws(&cluster.request_work, "request"), draws(&cluster.replication, "replication"));
            let broker = Broker::new(settings, Arc::clone(&places), logs, clients, work, replication);
            Actor::Broker(Box::new(match failing::copies(plan, &self.addresses, me as u32) {
                Some(copies) => broker.failing(copies),
                None => broker,
            }))
        };
        led.into_iter().enumerate().map(broker).collect()
    }

    fn producer(&self, stream: usize, planned: &ProducerPlan, i: u32) -> Producer {
        let plan = self.plan;
        let (seed, n, name) = (plan.run.seed, planned.instances, format!("{}/{i}", planned.name));
        let share = match planned.messages {
            u64::MAX => u64::MAX,
            messages => messages / u64::from(n) + u64::from(u64::from(i) < messages % u64::from(n)),
        };
        let arrivals = Stream::named(seed, &format!("arrivals/{name}"));
        let common = Stream::named(seed, &format!("arrivals/{}", planned.name));
        let partitions = plan.topics[planned.client.topic].partitions;
        let limit = &planned.limit;
        let limited = limit.messages_per_s.is_finite() || limit.bytes_per_s.is_finite();
        let each = f64::from(n);
        let workload = Workload::new(Recipe {
            clock: Clock::new(&planned.arrivals, (i, n), plan.run.arrivals_end, share, arrivals, common),
            keys: planned.keys.clone(),
            sizes: planned.message_size.clone(),
            homes: self.homes.homes(plan, &planned.client),
            partitions,
            turn: i % partitions,
            limit: limited.then_some((limit.messages_per_s / each, limit.bytes_per_s / each, limit.burst / each)),
            seed,
            name: name.clone(),
        });
        let settings = sender(plan, &planned.client, stream as u32, i);
        let accumulator = accumulator(plan, &planned.client, &name);
        let producer = Producer::new(settings, Some(workload), accumulator, plan.cluster.brokers);
        self.patient(&planned.client, producer, &name)
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

    /// What a member writes its results with, if it does.
    fn output(&self, group: usize, member: u32) -> Option<Output> {
        let plan = self.plan;
        let client = plan.groups[group].output.as_ref()?;
        let before = plan.groups[..group].iter().filter(|group| group.output.is_some()).count();
        let stream = (plan.producers.len() + before) as u32;
        let name = format!("{}/output/{member}", plan.groups[group].name);
        let settings = sender(plan, client, stream, member);
        let producer = Producer::new(settings, None, accumulator(plan, client, &name), plan.cluster.brokers);
        Some(Output {
            producer: self.patient(client, producer, &name),
            homes: self.homes.homes(plan, client),
            turn: 0,
            luck: Stream::named(plan.run.seed, &format!("homes/{name}")),
            partitions: plan.topics[client.topic].partitions,
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
        let output = self.output(number as usize, member);
        let consumer = Consumer::new(settings, owned.collect(), group.workers, output).with_trials(trials);
        if plan.cluster.failing.is_some() { consumer.seeking(self.addresses.controller()) } else { consumer }
    }
}
