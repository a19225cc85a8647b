//! Who is where: makes the cast with its bytes, deals it out to threads, and lets the run begin.
//!
//! Brokers are dealt to the threads in turn; a member goes where most of its partitions are led, a producer where it is
//! quiet. Members whose work is real have a thread each: they are busy while they work, and nobody else should wait.
use super::Settings;
use super::bench::Bench;
use super::clock::Clock;
use super::goods::{Lettering, Packer, Store, Unpacker};
use super::host::{Host, Letter};
use super::stage::{Goods, Listener, Stage, Taker};
use crate::engine::cast::{self, Actor};
use crate::engine::sim::network::Links;
use crate::model::processing::RealWork;
use crate::model::protocol::ActorId;
use crate::model::random::Distribution;
use crate::outcome::Witness;
use crate::payload::{Codec, Maker, Messages};
use crate::plan::{ClientPlan, Plan};
use crate::units::Span;
use actix::{Actor as _, Addr, Arbiter};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// Time for threads and actors to come up before the clock runs: so much, and so much for each.
const COMING_UP: Duration = Duration::from_millis(20);
const EACH: Duration = Duration::from_micros(50);

/// What a machine does, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A broker.
    Broker,
    /// The coordinator of a group.
    Coordinator,
    /// An instance of a producer: the number of its stream.
    Producer(usize),
    /// A member: number of the group, and its own in it.
    Member(usize, u32),
}

/// Everybody, and the threads they are on.
#[derive(Debug)]
pub struct Company {
    /// By address.
    pub hosts: Vec<Addr<Host>>,
    /// What each does.
    pub parts: Vec<Part>,
    arbiters: Vec<Arbiter>,
}

impl Company {
    /// Ends the threads.
    pub fn dismiss(self) {
        drop(self.hosts);
        for arbiter in self.arbiters {
            arbiter.stop();
            // A thread that panicked has said so itself.
            let _ = arbiter.join();
        }
    }

    /// How many threads there are.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.arbiters.len()
    }
}

/// The parts of the cast, in the order of their addresses.
fn parts(plan: &Plan) -> Vec<Part> {
    let brokers = (0..plan.cluster.brokers).map(|_| Part::Broker);
    let coordinators = plan.groups.iter().map(|_| Part::Coordinator);
    let producers =
        plan.producers.iter().enumerate().flat_map(|(i, p)| (0..p.instances).map(move |_| Part::Producer(i)));
    let members = plan.groups.iter().enumerate();
    let members = members.flat_map(|(g, group)| (0..group.members).map(move |member| Part::Member(g, member)));
    brokers.chain(coordinators).chain(producers).chain(members).collect()
}

/// Puts everybody in place; the clock runs a few milliseconds later.
pub fn muster(plan: &Plan, settings: &Settings<'_>) -> (Company, Clock, Arc<Mutex<Listener>>) {
    let plan = Arc::new(without_modelled_cost(plan));
    let parts = parts(&plan);
    let clock = Clock::new(COMING_UP + EACH * parts.len() as u32, settings.speed);
    let listener = Arc::new(Mutex::new(Listener::new(Witness::new(&plan))));
    let mut benches: Vec<Option<Arc<std::sync::Mutex<Bench>>>> = Vec::new();
    let cast = cast::assemble_with(&plan, &mut |group, member| {
        let labour = (settings.hire)(group, member);
        let workers = plan.groups[group].workers;
        assert!(labour.is_none() || workers == 1, "a member does real work one record after the other");
        let bench = labour.map(|labour| Bench::new(labour, clock, Arc::clone(&plan), group, member));
        let bench = bench.map(|bench| Arc::new(std::sync::Mutex::new(bench)));
        benches.push(bench.clone());
        bench.map(|bench| bench as Arc<std::sync::Mutex<dyn RealWork>>)
    });
    let mut arbiters: Vec<Arbiter> = (0..settings.threads.max(1)).map(|_| thread()).collect();
    let shared = arbiters.len();
    let mut benches = benches.into_iter();
    let (mut hosts, mut numbers) = (Vec::new(), vec![0; plan.producers.len()]);
    for ((address, machine), &part) in (0..).zip(cast).zip(&parts) {
        let bench = if matches!(part, Part::Member(..)) { benches.next().flatten() } else { None };
        let place = if bench.is_some() {
            arbiters.push(thread());
            arbiters.len() - 1
        } else {
            place(&plan, part, &machine, address, shared)
        };
        let instance = if let Part::Producer(stream) = part {
            numbers[stream] += 1;
            numbers[stream] - 1
        } else {
            0
        };
        let me = ActorId(address);
        let goods = goods(&plan, part, instance, settings.memory, bench);
        let delayed = plan.cluster.network != Distribution::ZERO;
        let links = delayed.then(|| Links::new(&plan.cluster.network, me, plan.run.seed));
        let stage = Stage::new(me, clock, Arc::clone(&listener), links, goods);
        let warmup = plan.run.warmup;
        hosts.push(Host::start_in_arbiter(&arbiters[place].handle(), move |_| Host::new(machine, stage, warmup)));
    }
    let everybody = Arc::new(hosts.clone());
    for host in &hosts {
        host.do_send(Letter::Begin(Arc::clone(&everybody)));
    }
    (Company { hosts, parts, arbiters }, clock, listener)
}

/// Compressing is real here: its modelled cost would count it twice.
fn without_modelled_cost(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    let outputs = plan.groups.iter_mut().filter_map(|group| group.output.as_mut());
    let clients = plan.producers.iter_mut().map(|producer| &mut producer.client).chain(outputs);
    for compression in clients.filter_map(|client| client.compression.as_mut()) {
        compression.work_per_kib = Span::ZERO;
    }
    plan
}

fn thread() -> Arbiter {
    let arbiter = Arbiter::new();
    inherit(&arbiter);
    arbiter
}

/// A deliberate bug is played on all threads of the run.
#[cfg(feature = "sabotage")]
fn inherit(arbiter: &Arbiter) {
    use crate::model::sabotage;
    let bug = sabotage::played();
    arbiter.spawn_fn(move || sabotage::play(bug));
}

#[cfg(not(feature = "sabotage"))]
fn inherit(_: &Arbiter) {}

/// The thread of a machine, of so many that are shared.
fn place(plan: &Plan, part: Part, machine: &Actor, address: u32, shared: usize) -> usize {
    let brokers = plan.cluster.brokers as usize;
    match (part, machine) {
        (Part::Member(..), Actor::Consumer(member)) if brokers >= shared => {
            let mut led = vec![0; shared];
            member.leaders().for_each(|leader| led[leader as usize % shared] += 1);
            let most = led.iter().copied().max().unwrap_or(0);
            led.iter().position(|&partitions| partitions == most).unwrap_or(0)
        }
        // Fewer brokers than threads: clients take the last threads first.
        (Part::Member(..) | Part::Producer(_), _) => shared - 1 - address as usize % shared,
        _ => address as usize % shared,
    }
}

fn goods(plan: &Plan, part: Part, instance: u32, memory: u64, bench: Option<Arc<std::sync::Mutex<Bench>>>) -> Goods {
    let codec = |client: &ClientPlan| client.compression.as_ref().map_or(Codec::None, |one| one.codec);
    // What may be unanswered for too long may have to be sent again, as it is.
    let keeping = |packer: Packer, client| if cast::times_out(plan, client) { packer.keeping() } else { packer };
    match part {
        Part::Broker => Goods::Broker(Box::new(Store::new(memory / u64::from(plan.cluster.brokers)))),
        Part::Coordinator => Goods::None,
        Part::Producer(stream) => {
            let producer = &plan.producers[stream];
            let messages = producer.contents.sources[0].messages.clone();
            let lettering = Lettering::new(vec![producer.keys.clone()]);
            let (next, stride) = (u64::from(instance), u64::from(producer.instances));
            let packer = Packer::new(messages, lettering, codec(&producer.client), next, stride);
            Goods::Sender(Box::new(keeping(packer, &producer.client)))
        }
        Part::Member(group, member) => {
            let group = &plan.groups[group];
            let packer = group.output.as_ref().map(|client| {
                let messages = Messages::new(Maker::Filler, plan.run.seed, &format!("messages/{}/output", group.name));
                let keys = plan.producers.iter().map(|producer| producer.keys.clone()).collect();
                let (next, stride) = (u64::from(member), u64::from(group.members));
                keeping(Packer::new(messages, Lettering::new(keys), codec(client), next, stride), client)
            });
            Goods::Member(Box::new(Taker { unpacker: Unpacker::default(), bench, packer }))
        }
    }
}
