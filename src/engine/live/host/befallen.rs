//! What befalls an actor: it is told, is gone, comes back as another, stands still and goes on.
//!
//! The rules are the simulator's (`engine::faults`). Whoever is gone hears nothing: its timers are dropped and so is what comes
//! for it, while what it had sent stays under way. Whoever stands still hears everything later, in the order in which it
//! came, and has told before what it had done.
use super::{Host, What};
use crate::engine::cast::Actor;
use crate::engine::live::bench::Bench;
use crate::engine::live::goods::{Cargo, Packer};
use crate::engine::live::stage::Goods;
use crate::engine::network::Bad;
use crate::model::machine::Input;
use crate::model::protocol::{ActorId, Message, Timer};
use std::sync::{Arc, Mutex};

/// What befalls an actor.
#[derive(Debug)]
pub enum Fate {
    /// Its machine is told.
    Told(Input),
    /// It is gone.
    Gone,
    /// Another takes its place, and starts: its machine, and where it works if its work is real.
    Back(Box<Actor>, Option<Arc<Mutex<Bench>>>),
    /// It has stood still for long enough.
    GoesOn,
    /// A way of what it sends becomes bad.
    Worse(Bad),
    /// What has this number is over.
    Mended(u64),
}

/// Whether an actor hears what comes.
#[derive(Debug)]
pub(super) enum Presence {
    /// At once.
    Here,
    /// When it goes on.
    Still(Vec<Kept>),
    /// Never.
    Gone,
}

/// What came for somebody who stood still.
#[derive(Debug)]
pub(super) enum Kept {
    /// A message and its bytes.
    Post(ActorId, Message, Cargo),
    /// A timer.
    Timer(Timer),
}

impl Presence {
    /// What comes for it, if it hears that now.
    pub(super) fn admit(&mut self, kept: Kept) -> Option<Kept> {
        match self {
            Self::Here => Some(kept),
            Self::Still(all) => {
                all.push(kept);
                None
            }
            Self::Gone => None,
        }
    }
}

impl Host {
    /// Something befalls it.
    pub(super) fn befall(&mut self, fate: Fate) {
        match fate {
            Fate::Told(input) => self.is_told(input),
            Fate::Gone => self.is_gone(),
            Fate::Back(machine, bench) => self.comes_back(*machine, bench),
            Fate::GoesOn => self.goes_on(),
            Fate::Worse(bad) => self.stage.bad.push(bad),
            Fate::Mended(number) => self.stage.bad.retain(|bad| bad.number != number),
        }
    }

    fn is_told(&mut self, input: Input) {
        if matches!((&input, &self.presence), (Input::Paused(_), Presence::Here)) {
            self.report();
            self.presence = Presence::Still(Vec::new());
        }
        // Whoever has ended in good order is not killed any more.
        self.crashed |= matches!(input, Input::Crashed) && !self.machine.has_ended();
        self.act(input);
    }

    fn is_gone(&mut self) {
        self.stage.due.retain(|due| matches!(due.what, What::Deliver(..)));
        self.presence = Presence::Gone;
        self.settle_work();
    }

    /// The work of whoever was here is over: what it found counts if it ended in good order.
    pub(super) fn settle_work(&mut self) {
        let Goods::Member(taker) = &mut self.stage.goods else { return };
        let Some(bench) = taker.bench.take() else { return };
        let mut bench = bench.lock().expect("nobody panics at work");
        if self.crashed {
            return bench.abandon();
        }
        let told = bench.finish();
        if !told.is_null() {
            self.work.push(told);
        }
        if let Some(failed) = bench.failure() {
            self.stage.ear.fails(&failed);
        }
    }

    fn comes_back(&mut self, machine: Actor, bench: Option<Arc<Mutex<Bench>>>) {
        (self.presence, self.crashed) = (Presence::Here, false);
        if let Goods::Member(taker) = &mut self.stage.goods {
            (taker.generation, taker.bench) = (machine.incarnation(), bench);
            taker.packer.iter_mut().for_each(Packer::begins_anew);
        }
        self.machine = machine;
        self.act(Input::Started);
    }

    /// The run begins; what came before is heard now.
    pub(super) fn begin(&mut self, is_there: bool) {
        if !is_there {
            self.presence = Presence::Gone;
            return;
        }
        let kept = self.kept();
        self.act(Input::Started);
        self.hear(kept);
    }

    fn goes_on(&mut self) {
        let kept = self.kept();
        self.hear(kept);
    }

    /// It hears what comes from now on; what it has kept until now.
    fn kept(&mut self) -> Vec<Kept> {
        let Presence::Still(kept) = &mut self.presence else { return Vec::new() };
        let kept = std::mem::take(kept);
        self.presence = Presence::Here;
        kept
    }

    fn hear(&mut self, kept: Vec<Kept>) {
        for one in kept {
            match one {
                Kept::Post(from, message, cargo) => self.receive(from, message, cargo),
                Kept::Timer(timer) => self.act(Input::Fired(timer)),
            }
        }
    }
}
