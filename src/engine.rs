//! How the cast is driven. The simulator does it in virtual time, from one agenda: same seed, same bytes; live, it is
//! actors in real time, with real bytes.
//!
//! Repetitions run side by side on all cores and are put back in order, so that cores do not show in the result: neither
//! do they in the length of the rounds in which a precision is reached.
pub mod cast;
mod faults;
pub mod live;
pub mod network;
pub mod sim;
mod watch;

use crate::model::workload::Arrivals;
use crate::outcome::result::Outcome;
use crate::outcome::{self, Recording, precision};
use crate::plan::{Plan, ProducerPlan};
use crate::units::Time;
use live::Measured;
use std::sync::atomic::{AtomicU32, Ordering};

pub use watch::Watch;

/// Tells a watch how far one repetition is.
struct Telling {
    /// Records that will go through, if every producer ends by itself; endlessly many otherwise.
    expected: f64,
    /// Records and thousandths told so far.
    told: (u64, u64),
}

impl Telling {
    fn new(plan: &Plan) -> Self {
        let given = |producer: &ProducerPlan| match &producer.arrivals {
            Arrivals::Trace(rows) => producer.messages.min(rows.len() as u64) as f64,
            _ => producer.messages as f64,
        };
        let readers = |topic| plan.groups.iter().filter(|group| group.topics.contains(&topic)).count().max(1) as f64;
        let all = plan.producers.iter().map(|producer| given(producer) * readers(producer.client.topic));
        Self { expected: all.sum::<f64>().max(1.0), told: (0, 0) }
    }

    fn tell(&mut self, watch: &Watch, records: u64, now: Time, end: Time) {
        watch.records.fetch_add(records - self.told.0, Ordering::Relaxed);
        // A run without a fixed end is as far as its records are.
        let open = end == Time::NEVER;
        let done = if open { records as f64 / self.expected } else { now.ns() as f64 / end.ns() as f64 };
        let permille = (done.min(1.0) * 1e3) as u64;
        watch.permille.fetch_add(permille.saturating_sub(self.told.1), Ordering::Relaxed);
        self.told = (records, permille.max(self.told.1));
    }
}

/// Simulates a plan with all its repetitions, on as many cores as there are.
#[must_use]
pub fn run(plan: &Plan, watch: &Watch) -> Outcome {
    outcome::conclude(plan, &recordings(plan, watch, |all, goal| round(plan, watch, goal, all)))
}

/// Runs a plan live, one repetition after the other; also says what each cost.
#[must_use]
pub fn run_live(plan: &Plan, watch: &Watch, settings: &live::Settings<'_>) -> (Outcome, Vec<Measured>) {
    let mut measured = Vec::new();
    let all = recordings(plan, watch, |all, goal| {
        // An interrupted run keeps what was begun.
        while (all.len() as u32) < goal && (all.is_empty() || !watch.is_stopped()) {
            let (recording, one) = live::run(&plan.repetition(all.len() as u32), watch, settings);
            all.push(recording);
            measured.push(one);
        }
    });
    (outcome::conclude(plan, &all), measured)
}

/// All repetitions: as many as planned, or rounds of them until a figure is known well enough.
fn recordings(plan: &Plan, watch: &Watch, mut round: impl FnMut(&mut Vec<Recording>, u32)) -> Vec<Recording> {
    let mut all = Vec::new();
    let mut goal = plan.run.repetitions;
    let mut known = Vec::new();
    loop {
        watch.repetitions.store(goal, Ordering::Relaxed);
        round(&mut all, goal);
        let Some(precision) = &plan.run.precision else { return all };
        known.extend(all[known.len()..].iter().map(|run| outcome::conclude::figure(plan, run, &precision.path)));
        match precision::next(precision, &known) {
            Some(next) if !watch.is_stopped() => goal = next,
            _ => return all,
        }
    }
}

/// How many processors this process may use.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Adds the repetitions that are missing to a number of them, on all cores.
fn round(plan: &Plan, watch: &Watch, count: u32, all: &mut Vec<Recording>) {
    let begin = all.len() as u32;
    let cores = cores() as u32;
    let next = AtomicU32::new(begin);
    let work = || {
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            // An interrupted run keeps what was begun; the first repetition is always among it.
            if i >= count || (i > 0 && watch.is_stopped()) {
                return done;
            }
            done.push((i, sim::run(&plan.repetition(i), watch)));
        }
    };
    let missing = count - begin;
    let mut runs = if missing == 1 || cores == 1 {
        work()
    } else {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..cores.min(missing)).map(|_| scope.spawn(work)).collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("a repetition panicked")).collect()
        })
    };
    runs.sort_by_key(|&(i, _)| i);
    all.extend(runs.into_iter().map(|(_, recording)| recording));
}
