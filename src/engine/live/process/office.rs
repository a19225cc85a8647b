//! All consumer processes of a run: started before its clock runs, waited for when it is over.
//!
//! A run is over only when whatever was processed is safe. A process that dies at the very end is replaced like any other,
//! and what it had not committed is done again before the others may leave.
use super::branch::{Branch, Seat, State};
use super::{Desk, Farewell, Hello, Peer, Processes};
use crate::engine::live::Settings;
use crate::engine::live::clock::Clock;
use crate::engine::live::host::{Left, Letter};
use crate::engine::live::muster::{Part, parts};
use crate::engine::live::stage::Listener;
use crate::model::machine::Fact;
use crate::model::protocol::{ActorId, MemberKey, MemberState, Message};
use crate::plan::{Job, Plan};
use crate::units::Time;
use crate::work::Failed;
use parking_lot::Mutex;
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Real time between two looks at how the processes are.
const LOOK: Duration = Duration::from_millis(1);

/// Looks after which processes that are not ready will not be.
const MOST_LOOKS: u32 = 300_000;

/// What branches have in common.
#[derive(Debug)]
pub struct Shared {
    /// How a process is started.
    pub processes: Processes,
    /// What it is told first, but for who it is.
    pub hello: Hello,
    plan: Plan,
    speed: f64,
    /// Where they act, once the run begins.
    pub stage: OnceCell<Stage>,
    over: Cell<bool>,
    failed: RefCell<Option<String>>,
    happened: RefCell<Happened>,
    warnings: RefCell<Vec<String>>,
}

/// What happened to processes: when, what, to whom.
type Happened = Vec<(Time, String, String)>;

/// Where processes act.
#[derive(Debug)]
pub struct Stage {
    /// The clock of the run.
    pub clock: Clock,
    /// Everybody, by address.
    pub peers: Arc<Vec<Peer>>,
    /// Who hears the facts.
    pub listener: Arc<Mutex<Listener>>,
}

/// All consumer processes of a run; there may be none.
#[derive(Debug)]
pub struct Office {
    shared: Rc<Shared>,
    branches: Vec<Rc<Branch>>,
}

/// What a process leaves.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    /// Members it had.
    pub members: usize,
    /// How many took its place, one after the other.
    pub replaced: u32,
    /// What the last one said; nothing where it was lost at the end.
    pub farewell: Option<Farewell>,
}

impl Office {
    /// Starts the processes and waits until all are ready, or one cannot be.
    pub async fn open(plan: &Plan, settings: &Settings<'_>) -> Self {
        let silent =
            || Processes { count: 0, program: std::path::PathBuf::new(), arguments: Vec::new(), greeting: Vec::new() };
        let processes = settings.processes.clone().unwrap_or_else(silent);
        let count = processes.count;
        let hello = Hello {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            number: 0,
            processes: count,
            generation: 1,
            seed: plan.run.seed,
            speed: settings.speed,
            greeting: processes.greeting.clone(),
            bug: played(),
        };
        let shared = Rc::new(Shared {
            processes,
            hello,
            plan: plan.clone(),
            speed: settings.speed,
            stage: OnceCell::new(),
            over: Cell::new(false),
            failed: RefCell::default(),
            happened: RefCell::default(),
            warnings: RefCell::default(),
        });
        let branches: Vec<Rc<Branch>> =
            (0..count).map(|number| Rc::new(Branch::new(number, seats(plan, number, count)))).collect();
        for branch in &branches {
            drop(actix::spawn(Rc::clone(branch).keep(Rc::clone(&shared))));
        }
        let office = Self { shared, branches };
        let mut looks = 0;
        while office.has(State::Coming) && !office.shared.is_over() {
            tokio::time::sleep(LOOK).await;
            looks += 1;
            if looks > MOST_LOOKS {
                office.shared.fails("consumer processes are not ready after minutes".to_owned());
            }
        }
        office
    }

    fn has(&self, state: State) -> bool {
        self.branches.iter().any(|branch| branch.state.get() == state)
    }

    /// The ways to the processes.
    #[must_use]
    pub fn desks(&self) -> Vec<Arc<Desk>> {
        self.branches.iter().map(|branch| Arc::clone(&branch.desk)).collect()
    }

    /// The run begins.
    pub fn begin(&self, clock: Clock, peers: Arc<Vec<Peer>>, listener: Arc<Mutex<Listener>>) {
        if let Some(why) = self.shared.failed.borrow_mut().take() {
            listener.lock().fails(&Failed(why));
        }
        let stage = Stage { clock, peers, listener };
        self.shared.stage.set(stage).expect("a run begins once");
        self.branches.iter().for_each(|branch| branch.begin(&self.shared));
    }

    /// Waits until every process is there that has not left, and has done again what was not committed; true if that is
    /// so, false if the run cannot go on.
    pub async fn whole(&self, stopped: &dyn Fn() -> bool) -> bool {
        loop {
            let there =
                |branch: &Rc<Branch>| matches!((branch.state.get(), branch.has_left()), (State::Up, _) | (_, true));
            let redone = || self.shared.stage().listener.lock().is_redone();
            if self.branches.is_empty() || self.branches.iter().all(there) && redone() {
                return true;
            }
            if stopped() || self.shared.is_over() {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Lets everybody leave who is still there; false if somebody was lost instead.
    pub async fn leave(&self, partial: bool) -> bool {
        self.shared.over.set(partial || self.shared.over.get());
        loop {
            self.branches.iter().for_each(|branch| branch.dismiss());
            let over = self.shared.is_over();
            // Who is not there yet when nobody is needed any more ends with the run.
            let gone = |state: State| state == State::Ended || (over && state == State::Coming);
            if self.branches.iter().all(|branch| gone(branch.state.get())) {
                return true;
            }
            let lost = |branch: &Rc<Branch>| branch.state.get() == State::Lost && !branch.has_left();
            if !self.shared.is_over() && self.branches.iter().any(lost) {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What members measured.
    #[must_use]
    pub fn left(&self) -> Vec<Left> {
        self.branches.iter().flat_map(|branch| branch.left.take()).collect()
    }

    /// What the processes leave, and what happened to them.
    #[must_use]
    pub fn close(&self) -> (Vec<Ended>, Happened, Vec<String>) {
        let ended = |branch: &Rc<Branch>| Ended {
            members: branch.seats.len(),
            replaced: branch.generation.get().saturating_sub(1),
            farewell: branch.farewell.take(),
        };
        let ended: Vec<Ended> = self.branches.iter().map(ended).collect();
        (ended, self.shared.happened.take(), self.shared.warnings.take())
    }
}

/// The members of a process.
fn seats(plan: &Plan, number: u32, count: u32) -> Vec<Seat> {
    let parts = (0..).zip(parts(plan));
    let seat = |(address, part)| match part {
        Part::Member(group, member) if member % count == number => {
            Some(Seat::new(ActorId(address), group as u32, member))
        }
        _ => None,
    };
    parts.filter_map(seat).collect()
}

impl Shared {
    /// Where processes act.
    ///
    /// # Panics
    /// Before the run begins: nobody acts then.
    pub fn stage(&self) -> &Stage {
        self.stage.get().expect("nobody acts before the run begins")
    }

    /// Whether nobody needs to be replaced any more.
    pub fn is_over(&self) -> bool {
        self.over.get()
    }

    /// The run cannot go on.
    pub fn fails(&self, why: String) {
        self.over.set(true);
        match self.stage.get() {
            Some(stage) => stage.listener.lock().fails(&Failed(why)),
            None => drop(self.failed.borrow_mut().get_or_insert(why)),
        }
    }

    /// Real time of a group's session.
    pub fn session(&self, group: u32) -> Duration {
        let session = self.plan.groups[group as usize].session_timeout.seconds();
        Duration::from_secs_f64((session / self.speed).min(1e9))
    }

    /// Real time after which a lost member's place may be taken: its session, and where the group runs its protocol a quarter
    /// more, so that the coordinator has found out.
    pub fn absence(&self, group: u32) -> Duration {
        let session = self.session(group);
        if self.plan.groups[group as usize].changes { session + session / 4 } else { session }
    }

    /// A process is lost: brokers hear that its connections are gone. False where it cannot be replaced.
    pub fn mourns(&self, branch: &Branch) -> bool {
        let Some(stage) = self.stage.get() else {
            self.fails(format!("consumer process {} was ended before the run began", branch.number));
            return false;
        };
        let (now, who) = (stage.clock.now(), self.names(branch));
        self.happened.borrow_mut().push((now, "consumer process lost".to_owned(), who.clone()));
        {
            let mut listener = stage.listener.lock();
            branch.settle(now, &mut |now, fact| listener.hear(now, fact));
            for &Seat { group, member, .. } in &branch.seats {
                listener.mourns(group, member);
                // Where groups change, it is a member that crashed: the others have what it had when its session is over.
                if self.plan.groups[group as usize].changes {
                    let key = MemberKey { member, incarnation: branch.generation.get() };
                    listener.hear(now, &Fact::Member { group, key, state: MemberState::Crashed });
                }
            }
        }
        self.warn_of_state(branch, &who);
        let mut writes = branch.seats.iter().map(|seat| &self.plan.groups[seat.group as usize]);
        if let Some((group, topic)) = writes.find_map(|group| Some((group, group.output.as_ref()?.topic))) {
            self.fails(format!(
                "consumer process {} was ended, and the records that members of group `{}` had not yet written to topic \
                 `{}` are gone with it; keep such groups in one process, without `--processes`",
                branch.number, group.name, self.plan.topics[topic].name
            ));
            return false;
        }
        for seat in &branch.seats {
            for broker in &stage.peers[..self.plan.cluster.brokers as usize] {
                if let Peer::Here(broker) = broker {
                    broker.do_send(Letter::Post { from: seat.address, message: Message::HungUp, cargo: Vec::new() });
                }
            }
        }
        true
    }

    /// A process is gone when nobody has to take its place any more, and has not said goodbye.
    pub fn misses(&self, branch: &Branch) {
        let Some(stage) = self.stage.get() else { return };
        let (now, who) = (stage.clock.now(), self.names(branch));
        {
            let mut listener = stage.listener.lock();
            branch.settle(now, &mut |now, fact| listener.hear(now, fact));
        }
        self.happened.borrow_mut().push((now, "consumer process lost".to_owned(), who.clone()));
        if branch.has_left() {
            self.warn_of_state(branch, &who);
        } else {
            self.warnings.borrow_mut().push(format!(
                "{who} was lost when the run was ended early: what it had processed is counted, and may be missing in its \
                 tables and databases"
            ));
        }
    }

    /// What is gone with a process, though every record is done again.
    fn warn_of_state(&self, branch: &Branch, who: &str) {
        for (number, group) in (0..).zip(&self.plan.groups) {
            let app = match &group.job {
                Job::App(app) => format!("{app:?}").to_lowercase(),
                _ => continue,
            };
            if branch.seats.iter().any(|seat| seat.group == number) {
                let warning = format!(
                    "{who} was lost, and with it what `app: {app}` had in memory: the tables under `work/{}` lack what it \
                     had committed before, while a database has every record",
                    group.name
                );
                let mut warnings = self.warnings.borrow_mut();
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }
        }
    }

    /// A process is ended because it says nothing any more.
    pub fn tells_silence(&self, branch: &Branch) {
        if let Some(stage) = self.stage.get() {
            let silent = (stage.clock.now(), "consumer process silent".to_owned(), self.names(branch));
            self.happened.borrow_mut().push(silent);
        }
    }

    /// A process is there, and if it takes another's place, that is worth telling.
    pub fn notes(&self, branch: &Branch) {
        if branch.generation.get() > 1 {
            let now = self.stage().clock.now();
            self.happened.borrow_mut().push((now, "consumer process replaced".to_owned(), self.names(branch)));
        }
    }

    /// A process with its members: `process 1 (workers/1, workers/3)`.
    fn names(&self, branch: &Branch) -> String {
        let name = |seat: &Seat| format!("{}/{}", self.plan.groups[seat.group as usize].name, seat.member);
        let names: Vec<String> = branch.seats.iter().map(name).collect();
        format!("process {} ({})", branch.number, names.join(", "))
    }
}

#[cfg(feature = "sabotage")]
fn played() -> Option<crate::model::sabotage::Sabotage> {
    crate::model::sabotage::played()
}

#[cfg(not(feature = "sabotage"))]
fn played() -> Option<crate::model::sabotage::Sabotage> {
    None
}
