//! One thread, one agenda, virtual time: same seed, same bytes.
//!
//! At the edges of the series everybody is asked what is done; between them nobody reports ahead of time. Threads are
//! absent: repetitions run side by side, one run does not.
pub mod agenda;

use super::cast::{Actor, Casting, simulated};
use super::faults::{Faults, Order};
use super::network::Network;
use super::{Telling, Watch};
use crate::model::machine::{Fact, Input, Machine, Outbox};
use crate::model::protocol::{ActorId, Message, Timer};
use crate::outcome::{Look, Observer, Recording, Witness};
use crate::plan::Plan;
use crate::units::{Span, Time};
use agenda::Agenda;
use std::sync::atomic::Ordering;

/// The stage on which one actor acts: everything it does takes effect at once.
struct Stage<'a> {
    now: Time,
    actor: ActorId,
    agenda: &'a mut Agenda,
    network: &'a mut Network,
    witness: &'a mut Witness,
}

impl Outbox for Stage<'_> {
    // Inlined where messages are made, so that they are written into the agenda and not moved there.
    #[inline(always)]
    fn send(&mut self, to: ActorId, message: Message) {
        self.send_at(self.now, to, message);
    }
    #[inline(always)]
    fn send_at(&mut self, at: Time, to: ActorId, message: Message) {
        let at = self.network.deliver(at, self.actor, to);
        self.agenda.add(at, to, Input::Received { from: self.actor, message });
    }
    // Called: a timer fits into registers, and this is asked for in many places.
    #[inline]
    fn wake(&mut self, timer: Timer, at: Time) {
        self.agenda.wake(at, self.actor, timer);
    }
    #[inline(always)]
    fn observe(&mut self, fact: &Fact<'_>) {
        if self.witness.is_careful() {
            self.witness.hear(self.now, fact);
        } else {
            self.witness.observe(self.now, fact);
        }
    }
}

/// The instants at which everybody is asked what is done: the edges of the series' rows, warm-up, end of arrivals.
pub(super) struct Edges {
    pub(super) next: Time,
    interval: Span,
    row: Time,
    marks: [Time; 2],
    rows: u32,
}

/// Rows of an open-ended run after which rows become longer.
const MANY_ROWS: u32 = 1_000;

impl Edges {
    pub(super) fn new(plan: &Plan) -> Self {
        let run = &plan.run;
        let mut edges = Self {
            next: Time::ZERO,
            interval: run.interval,
            row: Time::ZERO + run.interval,
            marks: [run.warmup, run.arrivals_end],
            rows: 0,
        };
        edges.advance();
        edges
    }

    pub(super) fn advance(&mut self) {
        let now = self.next;
        if self.row <= now {
            self.rows += 1;
            if self.rows > MANY_ROWS && self.rows.is_multiple_of(100) {
                self.interval = self.interval.times(2);
            }
            self.row = self.row + self.interval;
        }
        let marks = self.marks.iter().copied().filter(|&mark| mark > now);
        self.next = marks.fold(self.row, Time::min);
    }
}

/// Runs one repetition of a plan to its end, or until somebody asks it to stop.
#[must_use]
pub fn run(plan: &Plan, watch: &Watch) -> Recording {
    Run::new(plan).play(plan, watch)
}

struct Run<'p> {
    cast: Vec<Actor>,
    network: Network,
    agenda: Agenda,
    witness: Witness,
    edges: Edges,
    events: u64,
    telling: Telling,
    seed: u64,
    faults: Option<Box<Faults<'p>>>,
}

impl<'p> Run<'p> {
    fn new(plan: &'p Plan) -> Self {
        let casting = Casting::new(plan);
        let cast = casting.everybody(&mut simulated);
        let network = Network::new(&plan.cluster.network, cast.len(), plan.run.seed, !plan.events.is_empty());
        let faults = Faults::new(plan, casting).map(Box::new);
        let mut agenda = Agenda::default();
        for actor in (0..cast.len() as u32).map(ActorId) {
            if faults.as_ref().is_none_or(|faults| faults.is_there(actor)) {
                agenda.add(Time::ZERO, actor, Input::Started);
            }
        }
        Self {
            cast,
            network,
            agenda,
            witness: Witness::new(plan),
            edges: Edges::new(plan),
            events: 0,
            telling: Telling::new(plan),
            seed: plan.run.seed,
            faults,
        }
    }

    fn play(mut self, plan: &Plan, watch: &Watch) -> Recording {
        let end = plan.end();
        let mut now = Time::ZERO;
        while self.goes_on(end) {
            let strikes = self.strikes_at();
            let limit = self.edges.next.min(end).min(strikes);
            while let Some((at, actor, input)) = self.agenda.pop(limit) {
                now = at;
                self.step(now, actor, input);
                if self.witness.is_settled() && (end == Time::NEVER || now >= plan.run.arrivals_end) {
                    return self.finish(now, false, watch);
                }
            }
            if strikes <= limit && limit < end {
                now = limit;
                self.strike(now);
                if limit < self.edges.next {
                    continue;
                }
            }
            if limit == end || !self.goes_on(end) {
                break;
            }
            // Whoever is asked may find something to do before the next edge.
            now = limit;
            self.edge(now);
            self.tell(watch, now, end);
            if watch.is_stopped() {
                return self.finish(now, true, watch);
            }
        }
        // Nothing is left to happen, or the time is over.
        self.finish(if end == Time::NEVER { now } else { end }, false, watch)
    }

    /// Whether something is left to happen.
    fn goes_on(&self, end: Time) -> bool {
        self.agenda.next_at().is_some() || self.strikes_at() < end
    }

    /// When something befalls somebody next.
    fn strikes_at(&self) -> Time {
        self.faults.as_ref().map_or(Time::NEVER, |faults| faults.next_at())
    }

    #[inline]
    fn step(&mut self, now: Time, actor: ActorId, mut input: Input) {
        if let Some(faults) = &mut self.faults {
            let Some(admitted) = faults.admit(actor, input) else { return };
            input = admitted;
        }
        self.act(now, actor, input);
    }

    #[inline]
    fn act(&mut self, now: Time, actor: ActorId, input: Input) {
        self.events += 1;
        let Self { cast, network, agenda, witness, .. } = self;
        let mut stage = Stage { now, actor, agenda, network, witness };
        cast[actor.index()].handle(now, input, &mut stage);
    }

    /// What the plan has for this instant befalls whom it does.
    #[cold]
    fn strike(&mut self, now: Time) {
        let orders = self.faults.as_mut().map_or_else(Vec::new, |faults| faults.act(now));
        for order in orders {
            match order {
                Order::Tell(actor, input) => self.act(now, actor, input),
                Order::Forget(actor) => self.agenda.forget(actor),
                Order::Replace(actor, life) => {
                    let Some(faults) = &self.faults else { continue };
                    self.cast[actor.index()] = faults.member(actor, life, &mut simulated);
                    self.act(now, actor, Input::Started);
                }
                Order::Deliver(actor, inputs) => inputs.into_iter().for_each(|input| self.act(now, actor, input)),
                Order::Worsen(bad) => self.network.worsen(bad),
                Order::Mend(number) => self.network.mend(number),
            }
        }
    }

    #[cold]
    fn edge(&mut self, now: Time) {
        self.observe_all(now);
        self.witness.edge(now);
        self.edges.advance();
    }

    fn tell(&mut self, watch: &Watch, now: Time, end: Time) {
        self.telling.tell(watch, self.witness.records(), now, end);
        if watch.wants(self.seed) {
            watch.show(self.witness.look(now));
        }
    }

    fn observe_all(&mut self, now: Time) {
        let Self { cast, network, agenda, witness, .. } = self;
        for (i, actor) in cast.iter_mut().enumerate() {
            let mut stage = Stage { now, actor: ActorId(i as u32), agenda, network, witness };
            if let Some(faults) = &mut self.faults
                && faults.admit(stage.actor, Input::Observed).is_none()
            {
                continue;
            }
            actor.handle(now, Input::Observed, &mut stage);
        }
    }

    fn finish(mut self, now: Time, partial: bool, watch: &Watch) -> Recording {
        self.observe_all(now);
        watch.events.fetch_add(self.events, Ordering::Relaxed);
        self.tell(watch, now, now);
        if watch.wants_last(self.seed) {
            watch.show(Look { ended: true, ..self.witness.look(now) });
        }
        let mut recording = self.witness.finish(now, partial, self.events);
        recording.happened = self.faults.map_or_else(Vec::new, |faults| faults.happened);
        recording
    }
}
