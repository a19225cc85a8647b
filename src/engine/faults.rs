//! Carries out what befalls members, brokers and the network: by input at the machine, by verdict at the network.
//!
//! Both engines carry out its orders: the simulator at once, live by letters to the actors.
//! Whoever is gone hears nothing, and what was under way to it is gone as well. Whoever stands still hears everything
//! later, in the order in which it came. The rules know nothing of all this but what their machine is told.
use super::cast::{Actor, Casting, RealWorkOf};
use super::network::{Bad, How};
use crate::model::machine::Input;
use crate::model::protocol::ActorId;
use crate::model::random::{Draws, Stream};
use crate::plan::Plan;
use crate::plan::events::{Action, Trouble, Who};
use crate::units::{Span, Time};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// What is done next, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    /// An event of the plan begins, by number.
    Begin(usize),
    /// A time of being slow is over, by its number.
    Quicken(u64),
    /// A way is as it was before something happened to it, by the number of that.
    Mend(u64),
    /// A member or broker starts, if nobody has since this life of it ended.
    Start(ActorId, u32),
    /// The next member of a rolling restart, of this event.
    Deploy(usize, u32),
    /// Somebody goes on who stood still.
    GoOn(ActorId),
}

/// What an engine is to do at once.
#[derive(Debug)]
pub enum Order {
    /// A machine is told.
    Tell(ActorId, Input),
    /// Everything that was to happen to it is forgotten: it is gone.
    Forget(ActorId),
    /// A new process of a member takes its place, counted from the first, and starts.
    Replace(ActorId, u32),
    /// What came for it while it stood still comes now.
    Deliver(ActorId, Vec<Input>),
    /// A way becomes bad.
    Worsen(Bad),
    /// What has this number is over.
    Mend(u64),
}

/// How somebody is.
#[derive(Debug)]
enum State {
    /// It works.
    Up,
    /// It works until it has ended in good order.
    Leaving,
    /// It is gone, or was never there.
    Gone,
    /// A broker that is gone: its machine goes on to say so to whoever writes to it.
    Down,
    /// It stands still until then; this has come for it.
    Still(Time, Vec<Input>),
}

/// Everything that befalls anybody in a run.
#[derive(Debug)]
pub struct Faults<'p> {
    plan: &'p Plan,
    casting: Casting<'p>,
    due: BinaryHeap<Reverse<(Time, u64, Deed)>>,
    turns: u64,
    states: Vec<State>,
    /// How often each has started, where that is more than once.
    lives: BTreeMap<ActorId, u32>,
    /// Those who are gone, or going, and will be back.
    awaited: BTreeSet<ActorId>,
    /// How often anything has happened: every time has its number.
    occurrences: u64,
    /// Who is slow by what happened to it: by which number, and how slow. The last one counts.
    paces: BTreeMap<ActorId, Vec<(u64, f64)>>,
    /// What happened: when, what, to whom.
    pub happened: Vec<(Time, String, String)>,
}

impl<'p> Faults<'p> {
    /// Of a run of this plan; nothing where nothing ever happens.
    #[must_use]
    pub fn new(plan: &'p Plan, casting: Casting<'p>) -> Option<Self> {
        if plan.events.is_empty() {
            return None;
        }
        let addresses = &casting.addresses;
        let mut states: Vec<State> = (0..addresses.clients()).map(|_| State::Up).collect();
        for (number, group) in plan.groups.iter().enumerate() {
            for late in addresses.members(number).skip(group.members as usize) {
                states[late as usize] = State::Gone;
            }
        }
        let mut faults = Self {
            plan,
            casting,
            due: BinaryHeap::new(),
            turns: 0,
            states,
            lives: BTreeMap::new(),
            awaited: BTreeSet::new(),
            occurrences: 0,
            paces: BTreeMap::new(),
            happened: Vec::new(),
        };
        for (at, number) in plan.timetable() {
            faults.plan_for(at, Deed::Begin(number));
        }
        Some(faults)
    }

    /// When the next thing happens.
    #[must_use]
    pub fn next_at(&self) -> Time {
        self.due.peek().map_or(Time::NEVER, |Reverse((at, ..))| *at)
    }

    /// Whether somebody is there, and stays.
    #[must_use]
    pub fn is_there(&self, actor: ActorId) -> bool {
        !matches!(self.states.get(actor.index()), Some(State::Gone | State::Down | State::Leaving))
    }

    /// What comes for somebody, unless it is gone, or it is kept until it goes on.
    #[inline]
    pub fn admit(&mut self, actor: ActorId, input: Input) -> Option<Input> {
        match self.states.get_mut(actor.index()) {
            None | Some(State::Up | State::Leaving | State::Down) => Some(input),
            Some(State::Gone) => None,
            // To be asked what it had done before changes nothing.
            Some(State::Still(..)) if matches!(input, Input::Observed) => Some(input),
            Some(State::Still(_, kept)) => {
                kept.push(input);
                None
            }
        }
    }

    fn plan_for(&mut self, at: Time, deed: Deed) {
        self.turns += 1;
        self.due.push(Reverse((at, self.turns, deed)));
    }

    /// The process of a member that is to take the place of the one before; who does its work for real, if anybody, says
    /// `real`.
    ///
    /// # Panics
    /// When it is no member that was ordered to be replaced.
    #[must_use]
    pub fn member(&self, actor: ActorId, life: u32, real: &mut RealWorkOf<'_>) -> Actor {
        let (group, member) = self.casting.addresses.place(actor).expect("only members are replaced");
        self.casting.member(group, member, life, real)
    }

    /// What is to be done now.
    pub fn act(&mut self, now: Time) -> Vec<Order> {
        let mut orders = Vec::new();
        while self.next_at() <= now
            && let Some(Reverse((_, _, deed))) = self.due.pop()
        {
            match deed {
                Deed::Begin(number) => self.begin(number, now, &mut orders),
                Deed::Quicken(occurrence) => self.quicken(occurrence, &mut orders),
                Deed::Mend(occurrence) => orders.push(Order::Mend(occurrence)),
                Deed::Start(actor, life) => {
                    if self.life(actor) == life && self.awaited.contains(&actor) {
                        self.start(actor, &mut orders);
                    }
                }
                Deed::Deploy(number, member) => self.deploy(number, member, now, &mut orders),
                Deed::GoOn(actor) => self.go_on(actor, now, &mut orders),
            }
        }
        orders
    }

    fn begin(&mut self, number: usize, now: Time, orders: &mut Vec<Order>) {
        let plan = self.plan;
        let event = &plan.events[number];
        self.occurrences += 1;
        let occurrence = self.occurrences;
        self.happened.push((now, event.action.word().to_owned(), event.target.clone()));
        match event.action {
            Action::Crash(who, back) => self.down(who, back, true, number, now, orders),
            Action::Restart(who, back) => self.down(who, back, false, number, now, orders),
            Action::Join(Who::Member(group, member)) => {
                self.start(self.casting.addresses.member(group, member), orders);
            }
            Action::Join(Who::Group(group)) => {
                let next = self.vacant(group).expect("there is a place for everybody who joins");
                self.start(next, orders);
            }
            Action::Join(_) => panic!("the plan lets only members join"),
            Action::Scale { group, to } => self.scale(group, to, orders),
            Action::Deploy { .. } => self.deploy(number, 0, now, orders),
            Action::Pause(who, span) => {
                for actor in self.who(who, number, now) {
                    self.pause(actor, span, now, orders);
                }
            }
            Action::Slow(who, by, lasts) => {
                for actor in self.who(who, number, now) {
                    self.slow(actor, (occurrence, by), lasts.is_some(), orders);
                }
                self.plan_end(Deed::Quicken(occurrence), now, lasts);
            }
            // Whoever processes such records was told when it was made.
            Action::Poison { .. } => {}
            Action::Grow { topic, to } => {
                let grown =
                    |actor| Order::Tell(actor, Input::Grown { first: plan.topics[topic].first, partitions: to });
                orders.extend(self.casting.grow(topic, to).into_iter().map(grown));
            }
            Action::Network(ref between, ref trouble, lasts) => {
                let luck = || Stream::named(plan.run.seed, &format!("events/{number}/network/{}", now.ns()));
                let how = match trouble {
                    Trouble::Delay(law) => How::Slower(Draws::new(law, luck())),
                    Trouble::Loss(share) => How::Lossy(*share, luck()),
                    Trouble::Cut => How::Shut(lasts.map_or(Time::NEVER, |lasts| now + lasts)),
                };
                let ends = between.map(|who| self.casting.addresses.whom(who));
                orders.push(Order::Worsen(Bad { number: occurrence, ends, how }));
                self.plan_end(Deed::Mend(occurrence), now, lasts);
            }
        }
    }

    fn plan_end(&mut self, deed: Deed, now: Time, lasts: Option<Span>) {
        if let Some(lasts) = lasts {
            self.plan_for(now + lasts, deed);
        }
    }

    /// Somebody is slow from now on, for a while or until something else is said.
    fn slow(&mut self, actor: ActorId, pace: (u64, f64), for_a_while: bool, orders: &mut Vec<Order>) {
        let paces = self.paces.entry(actor).or_default();
        if !for_a_while {
            paces.clear();
        }
        paces.push(pace);
        orders.push(Order::Tell(actor, Input::Slowed(pace.1)));
    }

    /// Whoever was slow by this is as slow as it is by what goes on.
    fn quicken(&mut self, occurrence: u64, orders: &mut Vec<Order>) {
        for (&actor, paces) in &mut self.paces {
            let last = paces.last().copied();
            paces.retain(|(number, _)| *number != occurrence);
            if paces.last().copied() != last {
                let pace = paces.last().map_or(1.0, |(_, pace)| *pace);
                orders.push(Order::Tell(actor, Input::Slowed(pace)));
            }
        }
    }

    /// Somebody goes, of its own will or not. Coordinators do not: another broker takes them over at once.
    fn down(&mut self, who: Who, back: Option<Span>, crashes: bool, number: usize, now: Time, orders: &mut Vec<Order>) {
        for actor in self.who(who, number, now) {
            let goes = !self.casting.addresses.is_coordinator(actor) && self.stop(actor, crashes, orders);
            if let Some(back) = back.filter(|_| goes) {
                self.comes_back(actor, now + back);
            }
        }
    }

    fn comes_back(&mut self, actor: ActorId, at: Time) {
        self.awaited.insert(actor);
        self.plan_for(at, Deed::Start(actor, self.life(actor)));
    }

    /// Somebody ends, in good order or not; whether it was there.
    fn stop(&mut self, actor: ActorId, crashes: bool, orders: &mut Vec<Order>) -> bool {
        if !self.is_there(actor) {
            return false;
        }
        let is_broker = self.casting.addresses.is_broker(actor);
        let (input, next) = match (crashes, is_broker) {
            // It hears what it waits for until it has ended; then it hears nothing by itself.
            (false, _) => (Input::Closing, State::Leaving),
            (true, false) => (Input::Crashed, State::Gone),
            // Its log survives, and whoever writes to it hears that it is gone: it stays where it is.
            (true, true) => (Input::Crashed, State::Down),
        };
        let before = std::mem::replace(&mut self.states[actor.index()], next);
        let kept = if let State::Still(_, kept) = before { Some(Order::Deliver(actor, kept)) } else { None };
        let told = Order::Tell(actor, input);
        match (crashes, is_broker) {
            // What came while it stood still it hears first.
            (false, _) => orders.extend(kept.into_iter().chain([told])),
            (true, false) => orders.extend([told, Order::Forget(actor)]),
            // That is answered as whatever comes for a process that is gone.
            (true, true) => orders.extend([told].into_iter().chain(kept)),
        }
        true
    }

    /// Which life of somebody this is, or the last one was, counted from 1.
    fn life(&self, actor: ActorId) -> u32 {
        self.lives.get(&actor).copied().unwrap_or(1)
    }

    /// Somebody starts anew, whatever it was.
    fn start(&mut self, actor: ActorId, orders: &mut Vec<Order>) {
        let life = self.life(actor) + 1;
        self.lives.insert(actor, life);
        self.awaited.remove(&actor);
        let before = std::mem::replace(&mut self.states[actor.index()], State::Up);
        if self.casting.addresses.is_broker(actor) {
            return orders.push(Order::Tell(actor, Input::Restarted));
        }
        if !matches!(before, State::Gone) {
            orders.push(Order::Tell(actor, Input::Crashed));
        }
        // A new process is as quick as any.
        self.paces.remove(&actor);
        orders.push(Order::Forget(actor));
        orders.push(Order::Replace(actor, life));
    }

    fn scale(&mut self, group: usize, to: u32, orders: &mut Vec<Order>) {
        let range = self.casting.addresses.members(group);
        for actor in range.clone().map(ActorId) {
            let stays = actor.0 - range.start < to;
            let comes = !self.is_there(actor) && !self.awaited.contains(&actor);
            if stays && comes {
                self.start(actor, orders);
            } else if !stays {
                self.stop(actor, false, orders);
                self.awaited.remove(&actor);
            }
        }
    }

    fn deploy(&mut self, number: usize, member: u32, now: Time, orders: &mut Vec<Order>) {
        let Action::Deploy { group, away, gap } = self.plan.events[number].action else { return };
        let range = self.casting.addresses.members(group);
        let actor = ActorId(range.start + member);
        if self.stop(actor, false, orders) {
            self.comes_back(actor, now + away);
        }
        if actor.0 + 1 < range.end {
            self.plan_for(now + gap, Deed::Deploy(number, member + 1));
        }
    }

    fn pause(&mut self, actor: ActorId, span: Span, now: Time, orders: &mut Vec<Order>) {
        match &mut self.states[actor.index()] {
            State::Up => {
                orders.push(Order::Tell(actor, Input::Paused(span)));
                self.states[actor.index()] = State::Still(now + span, Vec::new());
            }
            // It stands still already: for longer, perhaps, and has to be told for how much.
            State::Still(until, _) if *until < now + span => {
                orders.push(Order::Tell(actor, Input::Paused((now + span).since(*until))));
                *until = now + span;
            }
            State::Still(..) | State::Gone | State::Down | State::Leaving => return,
        }
        self.plan_for(now + span, Deed::GoOn(actor));
    }

    fn go_on(&mut self, actor: ActorId, now: Time, orders: &mut Vec<Order>) {
        let state = &mut self.states[actor.index()];
        if let State::Still(until, kept) = state
            && *until <= now
        {
            orders.push(Order::Deliver(actor, std::mem::take(kept)));
            *state = State::Up;
        }
    }

    /// A place in a group where nobody is, nobody is about to go, and nobody comes back to.
    fn vacant(&self, group: usize) -> Option<ActorId> {
        let is_gone = |actor: ActorId| matches!(self.states[actor.index()], State::Gone);
        let mut places = self.casting.addresses.members(group).map(ActorId);
        places.find(|&actor| is_gone(actor) && !self.awaited.contains(&actor))
    }

    /// Who is meant and is there; brokers always are, for their disks and logs are.
    fn who(&self, who: Who, number: usize, now: Time) -> Vec<ActorId> {
        let addresses = &self.casting.addresses;
        let is_meant = |&actor: &ActorId| addresses.is_broker(actor) || self.is_there(actor);
        let there: Vec<ActorId> = addresses.whom(who).map(ActorId).filter(is_meant).collect();
        match who {
            Who::AnyOf(_) if !there.is_empty() => {
                let name = format!("events/{number}/whom/{}", now.ns());
                let drawn = Stream::named(self.plan.run.seed, &name).below(there.len() as u32);
                vec![there[drawn as usize]]
            }
            _ => there,
        }
    }
}
