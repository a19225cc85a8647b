//! The same machines as actors on actix, in real time, with real bytes between them and, where asked for, real work.
//!
//! An actor for each machine, a few threads of them, one letter a packed request: on one thread that costs a hundredth of
//! what a record does. Facts go to the same recorder and laws as in the simulator, one lock a fact, and each is heard
//! before anything that follows from it. What belongs to this machine and not to the scenario, such as what bytes cost,
//! is told apart, for the provenance.
mod alarm;
mod bench;
mod clock;
mod goods;
mod host;
mod looks;
mod measured;
mod muster;
mod process;
mod stage;
pub mod strain;
mod strikes;
mod wheel;

use super::cast::Casting;
use super::sim::Edges;
use super::{Telling, Watch};
use crate::model::protocol::ActorId;
use crate::outcome::Recording;
use crate::plan::Plan;
use crate::units::{Span, Time};
use crate::work::Labour;
use clock::Clock;
use host::{Left, Letter};
use looks::Looks;
use measured::Timeliness;
use muster::Company;
use parking_lot::Mutex;
use process::{Office, Peer};
use stage::Listener;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use strain::{Reading, Strain};
use strikes::Strikes;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

pub use measured::{Measured, Role};
pub use process::{Ended, Farewell, Hello, Processes, Visit, visit};

/// Memory for messages, unless somebody says otherwise.
pub const MEMORY: u64 = 1 << 30;

/// Real time between two looks at whether the run is over.
const LOOK: Duration = Duration::from_millis(10);
/// Real time without an answer after which somebody looks whether everybody is still there.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who does the work of a member, by number of group and member; `None` where it is a delay.
pub type Hire<'h> = dyn Fn(usize, u32) -> Option<Box<dyn Labour>> + 'h;

/// How a plan is run live.
pub struct Settings<'h> {
    /// Threads for brokers, producers and members whose work is a delay; each of the others has one of its own.
    pub threads: usize,
    /// How many times as fast as real time the clock of the run goes.
    pub speed: f64,
    /// Memory for messages, in bytes, of all brokers together: what is appended and not fetched.
    pub memory: u64,
    /// Who does real work. Such a member has one worker.
    pub hire: &'h Hire<'h>,
    /// Reads what the machine says of itself.
    pub read: fn() -> Reading,
    /// Consumers in processes of their own, who hire for themselves.
    pub processes: Option<Processes>,
}

impl std::fmt::Debug for Settings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("threads", &self.threads)
            .field("speed", &self.speed)
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}

impl Settings<'_> {
    /// One thread, real time, no real work.
    #[must_use]
    pub fn plain() -> Self {
        let (hire, read, processes): (&Hire<'_>, _, _) = (&|_, _| None, Reading::now as fn() -> Reading, None);
        Settings { threads: 1, speed: 1.0, memory: MEMORY, hire, read, processes }
    }
}

/// Runs one repetition of a plan to its end, or until somebody asks it to stop.
#[must_use]
pub fn run(plan: &Plan, watch: &Watch, settings: &Settings<'_>) -> (Recording, Measured) {
    let system = actix::System::new();
    system.block_on(async {
        let plan = Plan { redelivers: plan.redelivers || settings.processes.is_some(), ..plan.clone() };
        let office = Office::open(&plan, settings).await;
        let cast = Arc::new(muster::without_modelled_cost(&plan));
        let run = Run::new(&cast, settings, office);
        run.play(&plan, watch).await
    })
}

struct Run<'p> {
    company: Company,
    office: Office,
    clock: Clock,
    listener: Arc<Mutex<Listener>>,
    edges: Edges,
    strikes: Strikes<'p>,
    hire: &'p Hire<'p>,
    /// How late each actor heard that arrivals are over.
    late: Vec<Span>,
    telling: Telling,
    looks: Looks,
    read: fn() -> Reading,
    /// What the machine said when the window began and ended.
    machine: [Option<Reading>; 2],
}

impl<'p> Run<'p> {
    fn new(plan: &'p Arc<Plan>, settings: &Settings<'p>, office: Office) -> Self {
        let casting = Casting::new(plan);
        let (company, clock, listener) = muster::muster(plan, &casting, settings, &office.desks());
        office.begin(clock, Arc::clone(&company.peers), Arc::clone(&listener));
        let (edges, strikes, telling) = (Edges::new(plan), Strikes::new(plan, casting, clock), Telling::new(plan));
        let looks = Looks::new(plan.run.seed, &company);
        let machine = [(plan.run.warmup == Time::ZERO).then(settings.read), None];
        let (late, read, hire) = (Vec::new(), settings.read, settings.hire);
        Self { company, office, clock, listener, edges, strikes, hire, late, telling, looks, read, machine }
    }

    async fn play(mut self, plan: &Plan, watch: &Watch) -> (Recording, Measured) {
        let end = plan.end();
        loop {
            let strikes = self.strikes.next_at();
            let limit = self.edges.next.min(end).min(strikes);
            if let Some((at, partial)) = self.wait(limit, plan, watch).await {
                return self.finish(at, partial, watch).await;
            }
            if strikes <= limit && limit < end {
                self.strikes.strike(limit, &self.company, self.hire);
                if limit < self.edges.next {
                    continue;
                }
            }
            let answers = self.ask(watch).await;
            if limit == plan.run.warmup {
                self.machine[0] = Some((self.read)());
            }
            if limit == plan.run.arrivals_end {
                self.machine[1] = Some((self.read)());
                self.late = answers.iter().map(|&at| at.since(limit)).collect();
            }
            if limit == end {
                return self.finish(end, false, watch).await;
            }
            self.listener.lock().edge(limit);
            self.edges.advance();
        }
    }

    /// Waits for an instant; `Some` where the run is over before, with when it ended and whether it is partial.
    async fn wait(&mut self, limit: Time, plan: &Plan, watch: &Watch) -> Option<(Time, bool)> {
        let end = plan.end();
        loop {
            let now = self.clock.now();
            self.tell(watch, now, end);
            self.looks.offer(watch, now, &self.listener, &self.company);
            {
                let listener = self.listener.lock();
                let open = end == Time::NEVER || now >= plan.run.arrivals_end;
                if watch.is_stopped() || listener.failed.is_some() {
                    return Some((now.min(limit), true));
                }
                // What ended after an edge that is still to be drawn ends when it is drawn.
                if open && listener.last < limit && listener.is_settled() {
                    return Some((listener.last, false));
                }
            }
            let left = self.clock.real(now, limit);
            if left.is_zero() {
                return None;
            }
            tokio::time::sleep(left.min(LOOK)).await;
        }
    }

    fn tell(&mut self, watch: &Watch, now: Time, end: Time) {
        let records = self.listener.lock().records();
        self.telling.tell(watch, records, now, end);
    }

    /// Asks everybody what is done by now; returns when each of them said so. Where the run is to stop, processes that
    /// say nothing are not waited for.
    async fn ask(&self, watch: &Watch) -> Vec<Time> {
        let mut heard = vec![None; self.company.peers.len()];
        let (to, mut answers) = unbounded_channel();
        for (address, peer) in (0..).zip(self.company.peers.iter()) {
            match peer {
                Peer::Here(host) => host.do_send(Letter::Ask(to.clone())),
                Peer::There(desk) => desk.ask(ActorId(address), &to),
            }
        }
        drop(to);
        loop {
            let done = |(peer, at): (&Peer, &Option<Time>)| matches!(peer, Peer::There(_)) || at.is_some();
            let enough = || watch.is_stopped() && self.company.peers.iter().zip(&heard).all(done);
            let Some((ActorId(who), at)) = self.next(&mut answers, &enough).await else { break };
            heard[who as usize] = Some(at);
        }
        heard.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// The next answer; `None` when all have come, or those that have not for long are not needed.
    async fn next<T>(&self, answers: &mut UnboundedReceiver<T>, enough: &dyn Fn() -> bool) -> Option<T> {
        loop {
            if let Ok(answer) = tokio::time::timeout(PATIENCE, answers.recv()).await {
                return answer;
            }
            // Work takes its time, but whoever is gone will never answer.
            assert!(self.company.peers.iter().all(Peer::is_there), "an actor panicked");
            if enough() {
                return None;
            }
        }
    }

    async fn finish(mut self, at: Time, partial: bool, watch: &Watch) -> (Recording, Measured) {
        self.members_leave(partial, watch).await;
        let [begin, end] = self.machine;
        let end = end.unwrap_or_else(self.read);
        let strain = begin.map_or_else(Strain::default, |begin| Strain::between(&begin, &end));
        let (to, mut answers) = unbounded_channel();
        for peer in self.company.peers.iter() {
            if let Peer::Here(host) = peer {
                host.do_send(Letter::Leave(to.clone()));
            }
        }
        drop(to);
        let mut left: Vec<Left> = self.office.left();
        while let Some(one) = self.next(&mut answers, &|| false).await {
            left.push(one);
        }
        self.tell(watch, at, at);
        let events = left.iter().map(|left| left.events).sum();
        watch.events.fetch_add(events, Ordering::Relaxed);
        let (mut recording, look) = {
            let mut listener = self.listener.lock();
            let partial = partial || listener.failed.is_some();
            let look = self.looks.last(watch, at, &listener);
            (listener.finish(at, partial, events), look)
        };
        recording.engine = "live";
        let (processes, happened, warnings) = self.office.close();
        (recording.happened, recording.warnings) = self.strikes.finish();
        recording.happened.extend(happened);
        recording.happened.sort_by_key(|&(at, ..)| at);
        recording.warnings.extend(warnings);
        let mut measured = {
            let grain = self.clock.scaled(wheel::GRAIN);
            let failed = self.listener.lock().failed.take();
            let timeliness = Timeliness { late: &self.late, grain };
            Measured { strain, ..measured::conclude(&mut recording, &self.company, left, timeliness, failed) }
        };
        measured.processes = processes;
        recording.invalid.extend(measured.strain.reason());
        looks::show_last(watch, look, &recording);
        self.company.dismiss();
        (recording, measured)
    }

    /// Everybody reports for the last time, and members in other processes leave. One that is lost then is replaced, and
    /// what it had processed and not committed is done again first.
    async fn members_leave(&self, partial: bool, watch: &Watch) {
        loop {
            let whole = !partial && self.office.whole(&|| watch.is_stopped()).await;
            self.ask(watch).await;
            if self.office.leave(!whole).await {
                return;
            }
        }
    }
}
