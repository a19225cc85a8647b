//! What befalls the cast of a live run, at its time: carried out by letters.
//!
//! What is to happen, and to whom, is decided as in the simulator (`engine::faults`). Here it becomes letters to the actors, each
//! of which does its part when it opens it; new processes of members with real work hire anew.
use super::Hire;
use super::bench::Bench;
use super::clock::Clock;
use super::host::{Fate, Letter};
use super::muster::Company;
use super::process::Peer;
use crate::engine::cast::Casting;
use crate::engine::faults::{Faults, Order};
use crate::model::processing::RealWork;
use crate::model::protocol::ActorId;
use crate::plan::events::{Action, Who};
use crate::plan::{Job, Plan};
use crate::units::Time;
use std::sync::{Arc, Mutex};

/// What happened: when, what, to whom.
pub type Happened = Vec<(Time, String, String)>;

/// What befalls the cast of a run.
#[derive(Debug)]
pub struct Strikes<'p> {
    plan: &'p Plan,
    /// Nothing where nothing ever happens.
    faults: Option<Box<Faults<'p>>>,
    clock: Clock,
}

impl<'p> Strikes<'p> {
    /// Of a run of this plan.
    #[must_use]
    pub fn new(plan: &'p Plan, casting: Casting<'p>, clock: Clock) -> Self {
        Self { plan, faults: Faults::new(plan, casting).map(Box::new), clock }
    }

    /// When the next thing happens.
    #[must_use]
    pub fn next_at(&self) -> Time {
        self.faults.as_ref().map_or(Time::NEVER, |faults| faults.next_at())
    }

    /// What the plan has for this instant befalls whom it does.
    pub fn strike(&mut self, now: Time, company: &Company, hire: &Hire<'_>) {
        let Some(faults) = &mut self.faults else { return };
        for order in faults.act(now) {
            match order {
                Order::Tell(actor, input) => befalls(company, actor, Fate::Told(input)),
                Order::Forget(actor) => befalls(company, actor, Fate::Gone),
                Order::Replace(actor, life) => {
                    let mut bench = None;
                    let machine = faults.member(actor, life, &mut |group, member| {
                        let labour = hire(group, member)?;
                        let new = Bench::new(labour, self.clock, Arc::clone(&company.plan), group, member);
                        bench = Some(Arc::new(Mutex::new(new)));
                        bench.clone().map(|bench| bench as Arc<Mutex<dyn RealWork>>)
                    });
                    befalls(company, actor, Fate::Back(Box::new(machine), bench));
                }
                // Its actor has kept what came for it.
                Order::Deliver(actor, _) => befalls(company, actor, Fate::GoesOn),
                Order::Worsen(bad) => {
                    for actor in everybody(company).filter(|&actor| bad.concerns(actor)) {
                        befalls(company, actor, Fate::Worse(bad.of(actor)));
                    }
                }
                Order::Mend(number) => {
                    everybody(company).for_each(|actor| befalls(company, actor, Fate::Mended(number)));
                }
            }
        }
    }

    /// What happened, and what the user should know of it.
    #[must_use]
    pub fn finish(self) -> (Happened, Vec<String>) {
        let happened = self.faults.map_or_else(Vec::new, |faults| faults.happened);
        let mut warnings = Vec::new();
        for event in &self.plan.events {
            let Action::Crash(Who::Group(group) | Who::Member(group, _) | Who::AnyOf(group), _) = event.action else {
                continue;
            };
            let planned = &self.plan.groups[group];
            let Job::App(app) = &planned.job else { continue };
            if happened.iter().any(|(_, what, whom)| what == event.action.word() && *whom == event.target) {
                let app = format!("{app:?}").to_lowercase();
                warnings.push(format!(
                    "{} crashed, and with it what `app: {app}` had in memory: the tables under `work/{}` lack what it had \
                     committed before, while a database has every record",
                    event.target, planned.name
                ));
            }
        }
        (happened, warnings)
    }
}

fn everybody(company: &Company) -> impl Iterator<Item = ActorId> {
    (0..company.peers.len() as u32).map(ActorId)
}

/// Somebody in a process of its own is not reached by events.
fn befalls(company: &Company, actor: ActorId, fate: Fate) {
    if let Peer::Here(host) = &company.peers[actor.index()] {
        host.do_send(Letter::Befall(fate));
    }
}
