//! An actor with a machine inside: hears letters, tells the machine what time it is, carries its bytes.
//!
//! Before a letter is opened, everything is done that was to be done before now, in the order in which the machine asked
//! for it: so it sees what it would see in virtual time, only later. It never sends to itself; what is left for later
//! waits for the wheel.
mod befallen;

use super::clock::Clock;
use super::goods::{Cargo, Cost};
use super::process::Peer;
use super::stage::{Due, Goods, Stage, What};
use super::wheel::Wheel;
use crate::engine::cast;
use crate::model::machine::{Input, Machine};
use crate::model::protocol::{ActorId, Message, Timer};
use crate::outcome::histogram::Buckets;
use crate::outcome::look::Spread;
use crate::units::{Span, Time};
use actix::{Actor, AsyncContext, Context, Handler};
use befallen::{Kept, Presence};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

pub use befallen::Fate;

/// What an actor can be sent.
#[derive(Debug)]
pub enum Letter {
    /// The run begins; here is everybody, and whether you are there from the beginning.
    Begin(Arc<Vec<Peer>>, bool),
    /// A message from one of them.
    Post {
        /// Who sent it.
        from: ActorId,
        /// What it says.
        message: Message,
        /// The bytes with it.
        cargo: Cargo,
    },
    /// Something befalls you.
    Befall(Fate),
    /// Something may be due.
    Tick,
    /// Report what is done, and say when you did.
    Ask(UnboundedSender<(ActorId, Time)>),
    /// Say how late you were so far; only producers were.
    Late(UnboundedSender<(ActorId, Spread)>),
    /// The run is over: hand over what you measured, and go.
    Leave(UnboundedSender<Left>),
}

impl actix::Message for Letter {
    type Result = ();
}

/// What an actor measured.
#[derive(Debug)]
pub struct Left {
    /// Who it was.
    pub me: ActorId,
    /// How late its machine was woken to send what was due; only producers.
    pub lateness: Option<Box<Buckets>>,
    /// Time it was at work: on a machine that is not overloaded, its share of the processor.
    pub busy: Duration,
    /// What its bytes cost.
    pub cost: Cost,
    /// For how long requests waited for memory; only brokers.
    pub full: Span,
    /// Inputs of its machine.
    pub events: u64,
    /// What its work has to tell, and that of whoever was there before it.
    pub work: Vec<serde_json::Value>,
}

/// Inputs after which other actors of the thread get their turn.
const AT_ONCE: u32 = 10_000;

/// An actor with a machine inside.
#[derive(Debug)]
pub struct Host {
    machine: cast::Actor,
    stage: Stage,
    wheel: Option<(Rc<Wheel>, usize)>,
    /// When the wheel will wake it.
    asked: Time,
    warmup: Time,
    lateness: Option<Box<Buckets>>,
    busy: Duration,
    events: u64,
    /// Whether it hears what comes.
    presence: Presence,
    /// Whether whoever was here last was killed.
    crashed: bool,
    /// What the work of whoever ended here had to tell.
    work: Vec<serde_json::Value>,
    /// Whether the run is over for it.
    left: bool,
}

impl Actor for Host {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let wheel = Wheel::here(self.stage.clock);
        let place = wheel.join(ctx.address());
        self.wheel = Some((wheel, place));
    }
}

impl Handler<Letter> for Host {
    type Result = ();

    fn handle(&mut self, letter: Letter, _: &mut Self::Context) {
        // What it told when it left is the last word: an answer taken now would be in no account.
        if self.left {
            return;
        }
        let begin = self.clock().elapsed();
        match letter {
            Letter::Begin(peers, is_there) => {
                self.stage.peers = peers;
                self.begin(is_there);
            }
            Letter::Post { from, message, cargo } => {
                self.catch_up();
                if let Some(Kept::Post(from, message, cargo)) = self.presence.admit(Kept::Post(from, message, cargo)) {
                    self.receive(from, message, cargo);
                }
            }
            Letter::Befall(fate) => {
                self.catch_up();
                self.befall(fate);
            }
            Letter::Tick => {
                if self.asked <= self.clock().now() {
                    self.asked = Time::NEVER;
                }
            }
            Letter::Ask(answers) => {
                self.catch_up();
                self.report();
                // Nobody may be left to hear it.
                let _ = answers.send((self.stage.me, self.stage.now));
            }
            Letter::Late(answers) => {
                if let Some(lateness) = &self.lateness {
                    let _ = answers.send((self.stage.me, Spread::of(&[lateness])));
                }
            }
            Letter::Leave(answers) => {
                // What came since the last question is counted; so is what it left open, then.
                self.catch_up();
                self.report();
                let _ = answers.send(self.leave());
                self.left = true;
                return;
            }
        }
        self.catch_up();
        self.admit_waiting();
        self.look_at_work();
        self.ask_wheel();
        self.busy += self.clock().elapsed().saturating_sub(begin);
    }
}

impl Host {
    /// A machine on its stage.
    #[must_use]
    pub fn new(machine: cast::Actor, stage: Stage, warmup: Time) -> Self {
        let lateness = matches!(machine, cast::Actor::Producer(_)).then(Box::default);
        let (wheel, asked, busy, events) = (None, Time::NEVER, Duration::ZERO, 0);
        // Others may have begun before it does.
        let (presence, crashed, work, left) = (Presence::Still(Vec::new()), false, Vec::new(), false);
        Self { machine, stage, wheel, asked, warmup, lateness, busy, events, presence, crashed, work, left }
    }

    fn clock(&self) -> &Clock {
        &self.stage.clock
    }

    /// Does everything that was to be done by now.
    fn catch_up(&mut self) {
        for _ in 0..AT_ONCE {
            let now = self.clock().now();
            if self.stage.due.peek().is_none_or(|due| due.at > now) {
                return;
            }
            let Some(Due { at, what, .. }) = self.stage.due.pop() else { return };
            match what {
                What::Deliver(to, message, cargo) => self.stage.deliver(to, message, cargo),
                What::Fire(timer) => {
                    if self.presence.admit(Kept::Timer(timer)).is_some() {
                        self.note_lateness(timer, now.since(at));
                        self.act(Input::Fired(timer));
                    }
                }
            }
        }
    }

    fn receive(&mut self, from: ActorId, message: Message, cargo: Cargo) {
        let admitted = match &mut self.stage.goods {
            Goods::Broker(store) if matches!(message, Message::Produce(_) | Message::Close { .. }) => {
                store.admit(self.stage.clock.now(), (from, message, cargo))
            }
            _ => Some((from, message, cargo)),
        };
        if let Some((from, message, cargo)) = admitted {
            if let Message::Produced(answer) = &message
                && self.machine.awaits(from, answer)
            {
                self.stage.settled(answer);
            }
            self.stage.unload(&message, cargo);
            self.act(Input::Received { from, message });
        }
    }

    /// A broker that has room again goes on with the requests that wait for it.
    fn admit_waiting(&mut self) {
        while let Goods::Broker(store) = &mut self.stage.goods
            && let Some((from, message, cargo)) = store.next_admitted(self.stage.clock.now())
        {
            self.stage.unload(&message, cargo);
            self.act(Input::Received { from, message });
            self.catch_up();
        }
    }

    fn note_lateness(&mut self, timer: Timer, late: Span) {
        if let (Some(lateness), Timer::Ready(_)) = (&mut self.lateness, timer)
            && self.stage.now >= self.warmup
        {
            lateness.count(late);
        }
    }

    /// Reports what is done, if it can.
    fn report(&mut self) {
        if matches!(self.presence, Presence::Here) {
            self.act(Input::Observed);
        } else {
            self.stage.now = self.clock().now();
        }
    }

    fn act(&mut self, input: Input) {
        self.events += 1;
        self.stage.now = self.clock().now();
        let cleans = matches!(input, Input::Fired(Timer::Clean(_)));
        self.machine.handle(self.stage.now, input, &mut self.stage);
        self.forget(cleans);
    }

    /// A broker forgets the bytes that its logs have forgotten.
    fn forget(&mut self, cleaned: bool) {
        let (Goods::Broker(store), cast::Actor::Broker(broker)) = (&mut self.stage.goods, &self.machine) else {
            return;
        };
        if cleaned {
            self.stage.touched = store.partitions();
        }
        for partition in self.stage.touched.drain(..) {
            store.forget(partition, broker.held_from(partition));
        }
    }

    /// Work that failed ends the run.
    fn look_at_work(&mut self) {
        let Goods::Member(taker) = &self.stage.goods else { return };
        let Some(bench) = &taker.bench else { return };
        if let Some(failed) = bench.lock().expect("nobody panics at work").failure() {
            self.stage.ear.fails(&failed);
        }
    }

    fn ask_wheel(&mut self) {
        let (Some((wheel, place)), Some(due)) = (&self.wheel, self.stage.due.peek()) else { return };
        if due.at < self.asked {
            self.asked = due.at;
            wheel.ask(*place, due.at);
        }
    }

    fn leave(&mut self) -> Left {
        self.settle_work();
        let (mut cost, mut full) = (Cost::default(), Span::ZERO);
        match &mut self.stage.goods {
            Goods::Sender(packer) => cost = packer.cost,
            Goods::Member(taker) => {
                cost = taker.packer.as_ref().map_or_else(Cost::default, |packer| packer.cost).and(taker.unpacker.cost);
            }
            Goods::Broker(store) => full = store.full(self.stage.clock.now()),
            Goods::None => {}
        }
        let (me, busy, events, work) = (self.stage.me, self.busy, self.events, std::mem::take(&mut self.work));
        Left { me, lateness: self.lateness.take(), busy, cost, full, events, work }
    }
}
