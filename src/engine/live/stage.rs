//! The stage on which one machine acts in real time: what it sends leaves at once or when its delay is over, what it
//! observes is written down before anything it sends afterwards can be heard.
use super::bench::Bench;
use super::clock::Clock;
use super::goods::{Cargo, Packer, Store, Unpacker};
use super::process::{Desk, Frame, Peer, Told};
use crate::engine::network::{Bad, Links};
use crate::model::machine::{Fact, Outbox};
use crate::model::protocol::{ActorId, Fetch, Message, Produce, Record, Timer};
use crate::outcome::{Look, Recording, Witness};
use crate::units::Time;
use crate::work::Failed;
use parking_lot::Mutex;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// Hears the facts of all threads.
#[derive(Debug)]
pub struct Listener {
    witness: Option<Witness>,
    /// The last edge: everybody has reported up to here, so nothing happens before.
    floor: Time,
    /// When something happened last.
    pub last: Time,
    /// Why work cannot go on.
    pub failed: Option<String>,
}

impl Listener {
    /// One that has heard nothing.
    #[must_use]
    pub fn new(witness: Witness) -> Self {
        Self { witness: Some(witness), floor: Time::ZERO, last: Time::ZERO, failed: None }
    }

    /// Something happened.
    pub fn hear(&mut self, now: Time, fact: &Fact<'_>) {
        let Some(witness) = &mut self.witness else { return };
        let now = now.max(self.floor);
        if !matches!(fact, Fact::Waiting { .. } | Fact::Served { .. } | Fact::Followed { .. } | Fact::Busy { .. }) {
            self.last = self.last.max(now);
        }
        witness.hear(now, fact);
    }

    /// A law that only this engine can check is broken.
    pub fn breaks(&mut self, now: Time, law: &str) {
        if let Some(witness) = &mut self.witness {
            witness.breaks(now, law);
        }
    }

    /// Work cannot go on.
    pub fn fails(&mut self, why: &Failed) {
        self.failed.get_or_insert_with(|| why.to_string());
    }

    /// Everybody has reported up to `now`, and some a little further.
    pub fn edge(&mut self, now: Time) {
        if let Some(witness) = &mut self.witness {
            witness.edge(now);
        }
        self.floor = now;
    }

    /// Whether everything is done and nothing more will come.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.witness.as_ref().is_some_and(Witness::is_settled)
    }

    /// A member is lost.
    pub fn mourns(&mut self, group: u32, member: u32) {
        self.witness.iter_mut().for_each(|witness| witness.mourns(group, member));
    }

    /// Whether whatever lost members had done and not committed is done again.
    #[must_use]
    pub fn is_redone(&self) -> bool {
        self.witness.as_ref().is_none_or(Witness::is_redone)
    }

    /// Records that went through so far.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.witness.as_ref().map_or(0, Witness::records)
    }

    /// The run as it stands, for somebody who watches; empty when it is over.
    #[must_use]
    pub fn look(&self, now: Time) -> Look {
        self.witness.as_ref().map_or_else(Look::default, |witness| witness.look(now.max(self.floor)))
    }

    /// The run is over; nothing is heard any more.
    pub fn finish(&mut self, now: Time, partial: bool, events: u64) -> Recording {
        let witness = self.witness.take().expect("a run is finished once");
        witness.finish(now.max(self.floor), partial, events)
    }
}

/// Where facts are heard: here, or in the process that this one belongs to.
#[derive(Clone, Debug)]
pub enum Ear {
    /// Here.
    Here(Arc<Mutex<Listener>>),
    /// There.
    There(Arc<Desk>),
}

impl Ear {
    /// Something happened.
    pub fn hear(&self, now: Time, fact: &Fact<'_>) {
        match self {
            Self::Here(listener) => listener.lock().hear(now, fact),
            Self::There(desk) => desk.send(&Frame::Told(now, Told::of(fact))),
        }
    }

    /// A law that only this engine can check is broken.
    pub fn breaks(&self, now: Time, law: &str) {
        match self {
            Self::Here(listener) => listener.lock().breaks(now, law),
            Self::There(desk) => desk.send(&Frame::Breaks(now, law.to_owned())),
        }
    }

    /// Work cannot go on.
    pub fn fails(&self, why: &Failed) {
        match self {
            Self::Here(listener) => listener.lock().fails(why),
            Self::There(desk) => desk.send(&Frame::Fails(why.to_string())),
        }
    }
}

/// The bytes beside a machine, by its role.
#[derive(Debug)]
pub enum Goods {
    /// A coordinator has none.
    None,
    /// A producer makes them.
    Sender(Box<Packer>),
    /// A broker keeps them.
    Broker(Box<Store>),
    /// A member takes them, works on them if its work is real, and may send others.
    Member(Box<Taker>),
}

/// What a member has beside its machine.
#[derive(Debug)]
pub struct Taker {
    /// In which generation it asks: what was meant for those before it is not for it.
    pub generation: u32,
    /// What opens what arrives.
    pub unpacker: Unpacker,
    /// Where it works, if its work is real.
    pub bench: Option<Arc<std::sync::Mutex<Bench>>>,
    /// What makes the batches of its output, if it has one.
    pub packer: Option<Packer>,
}

impl Taker {
    fn at_bench(&self, does: impl FnOnce(&mut Bench)) {
        if let Some(bench) = &self.bench {
            does(&mut bench.lock().expect("nobody panics at work"));
        }
    }

    /// Checks and expands what came with an answer, and lays it where the member works.
    fn take(&mut self, answer: &Fetch, cargo: &Cargo) -> Result<(), String> {
        let mut lots = cargo.iter().peekable();
        for batch in &answer.batches {
            let (partition, end) = (batch.partition, batch.base + u64::from(batch.records()));
            let mut next = batch.base;
            while next < end
                && let Some(lot) = lots.next_if(|lot| lot.partition == partition && lot.number <= next)
            {
                let plain = self.unpacker.open(lot)?;
                let until = end.min(lot.number + u64::from(lot.records));
                if let Some(bench) = &self.bench {
                    let mut bench = bench.lock().expect("nobody panics at work");
                    bench.lay(partition, next..until, next - lot.number, plain);
                }
                next = until;
            }
            if next < end {
                return Err(format!("every record has its bytes: partition {partition} has none from offset {next}"));
            }
        }
        Ok(())
    }
}

/// Something to be done later.
#[derive(Debug)]
pub struct Due {
    /// When.
    pub at: Time,
    /// Ties go to whoever asked first.
    turn: u64,
    /// What.
    pub what: What,
}

/// What can be done later.
#[derive(Debug)]
pub enum What {
    /// Tell the machine.
    Fire(Timer),
    /// Deliver a message.
    Deliver(ActorId, Message, Cargo),
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Due {}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Due {
    /// The earliest is the greatest, for the heap gives out the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.turn).cmp(&(self.at, self.turn))
    }
}

/// The stage of one machine.
#[derive(Debug)]
pub struct Stage {
    /// Whose stage it is.
    pub me: ActorId,
    /// What time it was when the machine began to act.
    pub now: Time,
    /// The clock of the run.
    pub clock: Clock,
    /// Who hears the facts.
    pub ear: Ear,
    /// Everybody, by address; known once the run has begun.
    pub peers: Arc<Vec<Peer>>,
    /// Delays of what it sends, unless there are none.
    pub links: Option<Links>,
    /// What is wrong at present with ways of what it sends.
    pub bad: Vec<Bad>,
    /// What is to be done later.
    pub due: BinaryHeap<Due>,
    turns: u64,
    /// The bytes.
    pub goods: Goods,
    /// Partitions of which the log may have forgotten something.
    pub touched: Vec<u32>,
}

impl Stage {
    /// An empty one.
    #[must_use]
    pub fn new(me: ActorId, clock: Clock, ear: Ear, links: Option<Links>, goods: Goods) -> Self {
        let (peers, bad, due, touched) = (Arc::default(), Vec::new(), BinaryHeap::new(), Vec::new());
        Self { me, now: Time::ZERO, clock, ear, peers, links, bad, due, turns: 0, goods, touched }
    }

    /// Does something then.
    fn later(&mut self, at: Time, what: What) {
        self.turns += 1;
        self.due.push(Due { at, turn: self.turns, what });
    }

    /// Hands a message over.
    pub fn deliver(&self, to: ActorId, message: Message, cargo: Cargo) {
        self.peers[to.index()].post(self.me, to, message, cargo);
    }

    /// The bytes that go with a message.
    fn load(&mut self, message: &Message) -> Cargo {
        match (&mut self.goods, message) {
            (Goods::Sender(packer), Message::Produce(request)) => packer.pack(request, &mut |_| None),
            (Goods::Broker(store), Message::Fetched(answer)) => {
                let mut cargo = Vec::new();
                for batch in &answer.batches {
                    store.read(batch.partition, batch.base, batch.base + u64::from(batch.records()), &mut cargo);
                }
                self.touched.extend(answer.wanted.iter().map(|wanted| wanted.partition));
                cargo
            }
            (Goods::Broker(store), Message::Followed(answer)) => {
                let mut cargo = Vec::new();
                for batch in answer.batches.iter().map(|copied| copied.batch) {
                    store.read(batch.partition, batch.base, batch.base + u64::from(batch.records()), &mut cargo);
                }
                cargo
            }
            (Goods::Member(taker), Message::Produce(request)) => {
                let Taker { packer, bench, .. } = &mut **taker;
                let mut bench = bench.as_ref().map(|bench| bench.lock().expect("nobody panics at work"));
                let mut given = |record: &Record| bench.as_mut().and_then(|bench| bench.result(record.due));
                packer.as_mut().map_or_else(Cargo::new, |packer| packer.pack(request, &mut given))
            }
            (Goods::Member(taker), Message::Commit(_)) => {
                if let Some(bench) = &taker.bench {
                    bench.lock().expect("nobody panics at work").flush();
                }
                Cargo::new()
            }
            _ => Cargo::new(),
        }
    }

    /// What came home in time need not be kept any more.
    pub fn settled(&mut self, answer: &Produce) {
        match &mut self.goods {
            Goods::Sender(packer) => packer.settled(answer),
            Goods::Member(taker) => taker.packer.iter_mut().for_each(|packer| packer.settled(answer)),
            _ => {}
        }
    }

    /// The bytes that come with a message.
    pub fn unload(&mut self, message: &Message, cargo: Cargo) {
        match (&mut self.goods, message) {
            (Goods::Broker(store), Message::Produce(request)) => store.arrive(request.sender, cargo),
            (Goods::Member(taker), Message::Fetched(answer)) if answer.generation == taker.generation => {
                if let Err(law) = taker.take(answer, &cargo) {
                    self.ear.breaks(self.now, &law);
                }
            }
            (Goods::Broker(store), Message::Followed(_)) => store.offer(cargo),
            (Goods::Broker(_), Message::Settled { positions, .. }) => {
                self.touched.extend(positions.iter().map(|position| position.partition));
            }
            _ => {}
        }
    }
}

impl Outbox for Stage {
    fn send(&mut self, to: ActorId, message: Message) {
        self.send_at(self.now, to, message);
    }

    fn send_at(&mut self, at: Time, to: ActorId, message: Message) {
        let cargo = self.load(&message);
        let (now, me) = (self.now, self.me);
        let leaves = self.bad.iter_mut().fold(at.max(now), |leaves, bad| bad.leaves(leaves, me, to));
        let arrives = self.links.as_mut().map_or(leaves, |links| links.deliver(leaves, to));
        // What a bad way held back until a moment ago may not have left yet, and is not overtaken.
        let waits = self.links.is_some() && self.due.peek().is_some_and(|due| due.at <= now);
        if arrives <= now && !waits {
            self.deliver(to, message, cargo);
        } else {
            self.later(arrives, What::Deliver(to, message, cargo));
        }
    }

    fn wake(&mut self, timer: Timer, at: Time) {
        self.later(at, What::Fire(timer));
    }

    fn observe(&mut self, fact: &Fact<'_>) {
        self.ear.hear(self.now, fact);
        match (&mut self.goods, fact) {
            (Goods::Broker(store), &Fact::Discarded { from, partition, sequence, .. }) => {
                store.discard(from, partition, sequence);
            }
            (Goods::Broker(store), &Fact::Appended { from, partition, sequence, base, .. }) => {
                self.touched.push(partition);
                if !store.append(from, partition, sequence, base) {
                    let law = format!("every batch has its bytes: {sequence} to partition {partition} has none");
                    self.ear.breaks(self.now, &law);
                }
            }
            (Goods::Broker(store), &Fact::Copied { partition, base, .. }) => {
                self.touched.push(partition);
                if !store.copy(partition, base) {
                    let law = format!("every copy has its bytes: partition {partition} has none from offset {base}");
                    self.ear.breaks(self.now, &law);
                }
            }
            (Goods::Broker(store), &Fact::CutBack { partition, end, .. }) => {
                self.touched.push(partition);
                store.cut(partition, end);
            }
            (Goods::Member(taker), &Fact::Assigned { partition, .. }) => {
                taker.at_bench(|bench| bench.takes_up(partition));
            }
            (Goods::Member(taker), &Fact::Revoked { partition, .. }) => {
                taker.at_bench(|bench| bench.gives_up(partition));
            }
            _ => {}
        }
    }
}
