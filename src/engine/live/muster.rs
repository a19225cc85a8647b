//! Who is where: makes the cast with its bytes, deals it out to threads, and lets the run begin.
//!
//! Brokers are dealt to the threads in turn; a member goes where most of its partitions are led, a producer where it is
//! quiet. Members whose work is real have a thread each: they are busy while they work, and nobody else should wait.
use super::bench::Bench;
use super::clock::Clock;
use super::goods::{Lettering, Packer, Store, Unpacker};
use super::host::{Host, Letter};
use super::process::{Desk, Hello, Peer};
use super::stage::{Ear, Goods, Listener, Stage, Taker};
use super::{Hire, Settings};
use crate::engine::cast::{self, Actor, Casting};
use crate::engine::network::Links;
use crate::model::processing::RealWork;
use crate::model::protocol::ActorId;
use crate::model::random::Distribution;
use crate::outcome::Witness;
use crate::payload::{Codec, Maker, Messages};
use crate::plan::events::Action;
use crate::plan::{Acks, ClientPlan, Plan};
use crate::units::Span;
use crate::work::Labour;
use actix::{Actor as _, Addr, Arbiter};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// Time for threads and actors to come up before the clock runs: so much, and so much for each.
const COMING_UP: Duration = Duration::from_millis(20);
const EACH: Duration = Duration::from_micros(50);
/// So much more for those in other processes, who hear of it through a socket.
const ELSEWHERE: Duration = Duration::from_millis(100);

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
    /// The controller, where brokers can fail or topics grow.
    Controller,
}

/// Everybody, and the threads they are on.
#[derive(Debug)]
pub struct Company {
    /// By address.
    pub peers: Arc<Vec<Peer>>,
    /// What each does.
    pub parts: Vec<Part>,
    /// What they were made for: the plan, without what is real here.
    pub plan: Arc<Plan>,
    arbiters: Vec<Arbiter>,
}

impl Company {
    /// Ends the threads.
    pub fn dismiss(self) {
        drop(self.peers);
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
pub fn parts(plan: &Plan) -> Vec<Part> {
    let brokers = (0..plan.cluster.brokers).map(|_| Part::Broker);
    let coordinators = plan.groups.iter().map(|_| Part::Coordinator);
    let producers =
        plan.producers.iter().enumerate().flat_map(|(i, p)| (0..p.instances).map(move |_| Part::Producer(i)));
    let members = plan.groups.iter().enumerate();
    let members = members.flat_map(|(g, group)| (0..group.most_members).map(move |member| Part::Member(g, member)));
    let controller = plan.has_controller().then_some(Part::Controller);
    brokers.chain(coordinators).chain(producers).chain(members).chain(controller).collect()
}

/// Puts everybody in place; the clock runs a few milliseconds later. Members that are at `desks`, by their number modulo
/// that of these, are in processes of their own.
pub fn muster(
    plan: &Arc<Plan>,
    casting: &Casting<'_>,
    settings: &Settings<'_>,
    desks: &[Arc<Desk>],
) -> (Company, Clock, Arc<Mutex<Listener>>) {
    let parts = parts(plan);
    // Who begins late is taken for gone by whoever began in time: the clock runs when the threads do.
    let mut arbiters: Vec<Arbiter> = (0..settings.threads.max(1)).map(|_| thread()).collect();
    arbiters.iter().for_each(is_up);
    let elsewhere = if desks.is_empty() { Duration::ZERO } else { ELSEWHERE };
    let clock = Clock::new(COMING_UP + elsewhere + EACH * parts.len() as u32, settings.speed);
    let listener = Arc::new(Mutex::new(Listener::new(Witness::new(plan))));
    let mut benches = Benches::new(plan, clock);
    let cast = casting.everybody(&mut |group, member| {
        let here = desks.is_empty() && member < plan.groups[group].members;
        let labour = if here { (settings.hire)(group, member) } else { None };
        benches.add(labour, group, member)
    });
    let mut benches = benches.all.into_iter();
    let mut works = vec![false; plan.groups.len()];
    let room = Room { plan, clock, ear: &Ear::Here(Arc::clone(&listener)) };
    let shared = arbiters.len();
    let (mut peers, mut numbers) = (Vec::new(), vec![0; plan.producers.len()]);
    for ((address, machine), &part) in (0..).zip(cast).zip(&parts) {
        if let (Part::Member(_, member), false) = (part, desks.is_empty()) {
            peers.push(Peer::There(Arc::clone(&desks[member as usize % desks.len()])));
            continue;
        }
        let bench = if matches!(part, Part::Member(..)) { benches.next().flatten() } else { None };
        let is_real = if let Part::Member(group, _) = part {
            // Whoever joins later works as those do who are there.
            works[group] |= bench.is_some();
            works[group]
        } else {
            false
        };
        let place = if is_real {
            arbiters.push(thread());
            arbiters.len() - 1
        } else {
            place(plan, part, &machine, address, shared)
        };
        let instance = if let Part::Producer(stream) = part {
            numbers[stream] += 1;
            numbers[stream] - 1
        } else {
            0
        };
        let goods = goods(plan, part, (instance, 1), settings.memory, bench);
        peers.push(Peer::Here(room.host(&arbiters[place], ActorId(address), machine, goods)));
    }
    let peers = Arc::new(peers);
    for (peer, &part) in peers.iter().zip(&parts) {
        if let Peer::Here(host) = peer {
            let is_there = !matches!(part, Part::Member(group, member) if member >= plan.groups[group].members);
            host.do_send(Letter::Begin(Arc::clone(&peers), is_there));
        }
    }
    (Company { peers, parts, plan: Arc::clone(plan), arbiters }, clock, listener)
}

/// The members of a consumer process: their addresses, and the threads they are on.
pub fn members(
    plan: &Plan,
    hello: &Hello,
    clock: Clock,
    desk: &Arc<Desk>,
    hire: &Hire<'_>,
) -> (Vec<(ActorId, Addr<Host>)>, Vec<Arbiter>) {
    let plan = Arc::new(without_modelled_cost(plan));
    let parts = parts(&plan);
    let before = parts.iter().take_while(|part| !matches!(part, Part::Member(..))).count();
    let mine = |member: u32| member % hello.processes == hello.number;
    let mut benches = Benches::new(&plan, clock);
    let cast = Casting::new(&plan).members(hello.generation, &mut |group, member| {
        let labour = if mine(member) { hire(group, member) } else { None };
        benches.add(labour, group, member)
    });
    let room = Room { plan: &plan, clock, ear: &Ear::There(Arc::clone(desk)) };
    let peers = Arc::new(vec![Peer::There(Arc::clone(desk)); parts.len()]);
    let mut arbiters = vec![thread()];
    let mut hosts = Vec::new();
    for (((address, machine), &part), bench) in (0..).zip(cast).zip(&parts[before..]).zip(benches.all) {
        if !matches!(part, Part::Member(_, member) if mine(member)) {
            continue;
        }
        if bench.is_some() {
            arbiters.push(thread());
        }
        let arbiter = if bench.is_some() { &arbiters[arbiters.len() - 1] } else { &arbiters[0] };
        let me = ActorId(before as u32 + address);
        let host = room.host(arbiter, me, machine, goods(&plan, part, (0, hello.generation), 0, bench));
        host.do_send(Letter::Begin(Arc::clone(&peers), true));
        hosts.push((me, host));
    }
    (hosts, arbiters)
}

/// Where members work for real, in the order of members; nothing for those whose work is a delay.
struct Benches<'p> {
    plan: &'p Arc<Plan>,
    clock: Clock,
    all: Vec<Option<Arc<std::sync::Mutex<Bench>>>>,
}

impl<'p> Benches<'p> {
    fn new(plan: &'p Arc<Plan>, clock: Clock) -> Self {
        Self { plan, clock, all: Vec::new() }
    }

    fn add(
        &mut self,
        labour: Option<Box<dyn Labour>>,
        group: usize,
        member: u32,
    ) -> Option<Arc<std::sync::Mutex<dyn RealWork>>> {
        let workers = self.plan.groups[group].workers;
        assert!(labour.is_none() || workers == 1, "a member does real work one record after the other");
        let bench = labour.map(|labour| Bench::new(labour, self.clock, Arc::clone(self.plan), group, member));
        let bench = bench.map(|bench| Arc::new(std::sync::Mutex::new(bench)));
        self.all.push(bench.clone());
        bench.map(|bench| bench as Arc<std::sync::Mutex<dyn RealWork>>)
    }
}

/// What all hosts of a process have in common.
struct Room<'p> {
    plan: &'p Plan,
    clock: Clock,
    ear: &'p Ear,
}

impl Room<'_> {
    fn host(&self, arbiter: &Arbiter, me: ActorId, machine: Actor, goods: Goods) -> Addr<Host> {
        let network = &self.plan.cluster.network;
        // What a bad way held back must not be overtaken by what comes after it.
        let may_be_bad = self.plan.events.iter().any(|event| matches!(event.action, Action::Network(..)));
        let links = (may_be_bad || *network != Distribution::ZERO).then(|| Links::new(network, me, self.plan.run.seed));
        let stage = Stage::new(me, self.clock, self.ear.clone(), links, goods);
        let warmup = self.plan.run.warmup;
        Host::start_in_arbiter(&arbiter.handle(), move |_| Host::new(machine, stage, warmup))
    }
}

/// Compressing is real here: its modelled cost would count it twice.
pub fn without_modelled_cost(plan: &Plan) -> Plan {
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

/// Waits until a thread runs.
fn is_up(arbiter: &Arbiter) {
    let (says, heard) = std::sync::mpsc::channel();
    let says = move || says.send(()).expect("somebody waits for it");
    if arbiter.spawn_fn(says) {
        heard.recv().expect("a thread that runs says so");
    }
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
            if most == 0 {
                // Nobody knows yet what it will read.
                return address as usize % shared;
            }
            led.iter().position(|&partitions| partitions == most).unwrap_or(0)
        }
        // Fewer brokers than threads: clients take the last threads first.
        (Part::Member(..) | Part::Producer(_), _) => shared - 1 - address as usize % shared,
        _ => address as usize % shared,
    }
}

fn goods(
    plan: &Plan,
    part: Part,
    (instance, generation): (u32, u32),
    memory: u64,
    bench: Option<Arc<std::sync::Mutex<Bench>>>,
) -> Goods {
    let codec = |client: &ClientPlan| client.compression.as_ref().map_or(Codec::None, |one| one.codec);
    // What may be unanswered for too long, or go down with a broker, may have to be sent again, as it is.
    let fails = plan.cluster.failing.is_some();
    let repeats = |client: &ClientPlan| cast::times_out(plan, client) || fails && client.acks != Acks::None;
    let keeping = |packer: Packer, client| if repeats(client) { packer.keeping() } else { packer };
    match part {
        Part::Broker => Goods::Broker(Box::new(Store::new(memory / u64::from(plan.cluster.brokers)))),
        Part::Coordinator | Part::Controller => Goods::None,
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
            Goods::Member(Box::new(Taker { generation, unpacker: Unpacker::default(), bench, packer }))
        }
    }
}
