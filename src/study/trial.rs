//! Whether a candidate holds its thresholds: bounds first, then runs, as many as it takes to be sure.
//!
//! Every candidate runs with the same seeds, so two of them differ by their decision and not by their luck. A glance is
//! one run. To be sure takes at least five: each threshold's figure has an interval by Student's t, and what lies on one
//! side of the bound is decided; otherwise runs double, up to forty. Looking up to four times, each time at a quarter of
//! the 5 %, keeps the whole at 95 % (Bonferroni). What is still open then is told as such, and the mean decides. A figure
//! that is the same in all runs has no interval: that is told in place of a confidence.
use super::cost;
use super::memory::Memory;
use super::point::{Engine, sets};
use crate::outcome::intervals::half_width;
use crate::outcome::result::Outcome;
use crate::outcome::threshold::{find, holds};
use crate::plan::load::{Bound, bounds};
use crate::plan::{Comparison, Plan, build};
use crate::scenario::Scenario;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs that a sure answer takes at least, and at most.
pub const LEAST: usize = 5;
/// Runs at most.
pub const MOST: usize = 40;
/// Plans that are kept.
const KEPT: usize = 16;
/// Looks at 5, 10, 20 and 40 runs share the 5 % that an answer may be wrong.
const LEVEL: f64 = 0.05 / 4.0;

/// Path and value, in order.
pub type Choice = Vec<(String, String)>;

/// What is known of a candidate.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Whether every threshold holds, as far as is known.
    pub passed: bool,
    /// With 95 % confidence, or without any doubt.
    pub sure: bool,
    /// Whether more runs are of no use: it is sure, or what is not is the same in all runs.
    pub decided: bool,
    /// Runs it took.
    pub runs: usize,
    /// Why it was not simulated, if so.
    pub cut: Option<Cut>,
    /// The thresholds, each with the mean of its figure.
    pub thresholds: Vec<Held>,
    /// Money an hour, where there are prices.
    pub cost_per_h: Option<f64>,
}

/// Why a candidate was not simulated.
#[derive(Clone, Debug)]
pub enum Cut {
    /// It can never be stable.
    Unstable(Bound),
    /// It cannot be at all.
    Refused(String),
}

/// A threshold over the runs of a candidate.
#[derive(Clone, Debug)]
pub struct Held {
    /// As written.
    pub expression: String,
    /// Mean of the figure; none where some run has no value.
    pub mean: Option<f64>,
    /// Interval of the mean at the level of one look.
    pub interval: Option<(f64, f64)>,
    /// The bound.
    pub bound: f64,
    /// Whether the mean holds.
    pub passed: bool,
    /// Whether that is sure.
    pub sure: bool,
    /// The number of runs, where all of them say the same: such figures, mostly counts, have no interval, and nothing
    /// can be said of how often another run would say otherwise.
    pub same_in: Option<usize>,
}

impl Held {
    /// Whether more runs are of no use.
    fn is_decided(&self) -> bool {
        self.sure || self.same_in.is_some()
    }
}

/// What one run said: figures of the thresholds, and its cost.
#[derive(Clone, Debug)]
pub struct Said {
    /// In the order of the thresholds.
    pub figures: Vec<Option<f64>>,
    /// Money an hour, where there are prices.
    pub cost_per_h: Option<f64>,
}

/// Runs candidates and remembers them.
pub struct Trials<'e> {
    base: &'e Scenario,
    engine: &'e Engine<'e>,
    cores: usize,
    known: BTreeMap<Choice, Vec<Said>>,
    /// What was tried, in the order in which it was.
    order: Vec<Choice>,
    memory: Option<&'e Memory>,
    /// The latest few plans: there may be thousands of candidates, and each is asked for several times in a row.
    plans: VecDeque<(Choice, Result<Arc<Plan>, String>)>,
    /// Simulations so far.
    pub simulations: usize,
    /// Told after each simulation, with their number.
    told: &'e (dyn Fn(usize) + Sync),
}

/// Why a plan ends without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Somebody interrupted it.
    Interrupted,
    /// A run broke a law, which is a bug of conga and no answer: what was set, the seed, and the laws.
    Broken(String),
}

impl<'e> Trials<'e> {
    /// Nothing has been tried yet.
    #[must_use]
    pub fn new(base: &'e Scenario, engine: &'e Engine<'e>, cores: usize, told: &'e (dyn Fn(usize) + Sync)) -> Self {
        let (known, plans) = (BTreeMap::new(), VecDeque::new());
        Self { base, engine, cores, known, order: Vec::new(), memory: None, plans, simulations: 0, told }
    }

    /// The same, taking what was done before from a memory, and keeping there what is done.
    #[must_use]
    pub fn remembering(self, memory: &'e Memory) -> Self {
        Self { memory: Some(memory), ..self }
    }

    /// What is known of everything that was tried so far, in the order in which it was.
    pub fn so_far(&mut self) -> Vec<(Choice, Tried)> {
        let all = self.order.clone();
        all.into_iter().map(|choice| (choice.clone(), self.judge(&choice))).collect()
    }

    /// The plan of a candidate.
    ///
    /// # Errors
    /// Why there is none.
    pub fn plan(&mut self, choice: &Choice) -> Result<Arc<Plan>, String> {
        if let Some((_, known)) = self.plans.iter().find(|(of, _)| of == choice) {
            return known.clone();
        }
        let planned = self.base.with(&sets(choice)).and_then(|scenario| build::simulated(&scenario));
        let plan = planned.map(|(plan, _)| Arc::new(plan)).map_err(|problems| problems.one_line());
        self.plans.truncate(KEPT - 1);
        self.plans.push_front((choice.clone(), plan.clone()));
        plan
    }

    /// Why a candidate need not be simulated: it cannot be, or a resource is used up and latency or lag is bounded.
    pub fn cut(&mut self, choice: &Choice) -> Option<Cut> {
        let plan = match self.plan(choice) {
            Ok(plan) => plan,
            Err(refused) => return Some(Cut::Refused(refused)),
        };
        let unstable = bounds(&plan).into_iter().filter(|bound| bound.used >= 1.0 && dooms(&plan, bound));
        unstable.max_by(|a, b| a.used.total_cmp(&b.used)).map(Cut::Unstable)
    }

    /// Whether a candidate can be, and uses up nothing that its thresholds name.
    pub fn is_stable(&mut self, choice: &Choice) -> bool {
        let stable = |plan: Arc<Plan>| !bounds(&plan).iter().any(|bound| bound.used >= 1.0 && named(&plan, bound));
        self.plan(choice).is_ok_and(stable)
    }

    /// One run, or what is known already.
    ///
    /// # Errors
    /// When somebody interrupts it, or a run breaks a law.
    pub fn glance(&mut self, choice: &Choice) -> Result<Tried, Stopped> {
        self.tried(choice, 1, 1)
    }

    /// So many runs, whether that makes it sure or not.
    ///
    /// # Errors
    /// When somebody interrupts it, or a run breaks a law.
    pub fn look(&mut self, choice: &Choice) -> Result<Tried, Stopped> {
        self.tried(choice, LEAST, LEAST)
    }

    /// As many runs as it takes to be sure, or until more are of no use.
    ///
    /// # Errors
    /// When somebody interrupts it, or a run breaks a law.
    pub fn sure(&mut self, choice: &Choice) -> Result<Tried, Stopped> {
        self.tried(choice, LEAST, MOST)
    }

    /// Runs that double until it is decided, or there are as many as there may be; none where bounds decide it.
    fn tried(&mut self, choice: &Choice, least: usize, most: usize) -> Result<Tried, Stopped> {
        if let Some(cut) = self.cut(choice) {
            return Ok(cut_off(cut));
        }
        let mut runs = least;
        loop {
            self.run(choice, runs)?;
            let tried = self.judge(choice);
            if tried.decided || runs >= most {
                return Ok(tried);
            }
            runs *= 2;
        }
    }

    /// Mean of a threshold's figure over the first runs of a candidate; none where a run has none, or there are fewer.
    #[must_use]
    pub fn mean(&self, choice: &Choice, line: usize, runs: usize) -> Option<f64> {
        let said = self.known.get(choice)?.get(..runs)?;
        said.iter().map(|one| one.figures[line]).sum::<Option<f64>>().map(|sum| sum / runs as f64)
    }

    /// All runs of a candidate together, as `conga run` would conclude them.
    ///
    /// # Errors
    /// When somebody interrupts it, or a run breaks a law.
    pub fn outcome(&mut self, choice: &Choice) -> Result<Option<Outcome>, Stopped> {
        let Ok(plan) = self.plan(choice) else { return Ok(None) };
        let mut plan = Plan::clone(&plan);
        (plan.run.repetitions, plan.run.precision) = (1, None);
        self.simulations += 1;
        ran(self.engine, &plan, choice).map(Some)
    }

    /// Adds the runs that are missing, side by side.
    fn run(&mut self, choice: &Choice, runs: usize) -> Result<(), Stopped> {
        let plan = self.plan(choice).expect("it was not cut");
        let known = self.known.get(choice).map_or(0, Vec::len);
        if known >= runs {
            return Ok(());
        }
        let next = AtomicUsize::new(known);
        let (engine, told, before, memory) = (self.engine, self.told, self.simulations, self.memory);
        let prices = self.base.document.cost.as_ref();
        let work = || {
            let mut done = Vec::new();
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= runs {
                    return Ok(done);
                }
                if let Some(said) = memory.and_then(|memory| memory.of(choice, i)) {
                    done.push((i, said));
                    continue;
                }
                let mut one = plan.repetition(i as u32);
                (one.run.repetitions, one.run.precision) = (1, None);
                let outcome = ran(engine, &one, choice)?;
                told(before + i - known + 1);
                let tree = serde_json::to_value(&outcome.result).expect("a result is plain data");
                let figures = one.thresholds.iter().map(|line| find(&line.path, &tree)).collect();
                let cost_per_h = prices.map(|prices| cost::per_hour(prices, &one, &outcome.result));
                let said = Said { figures, cost_per_h };
                if let Some(memory) = memory {
                    memory.keep(choice, i, &said);
                }
                done.push((i, said));
            }
        };
        let mut all = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.cores.clamp(1, runs - known)).map(|_| scope.spawn(work)).collect();
            let joined = threads.into_iter().map(|thread| thread.join().expect("a run of the plan panicked"));
            joined.collect::<Result<Vec<Vec<_>>, Stopped>>()
        })?
        .concat();
        all.sort_by_key(|(i, _)| *i);
        self.simulations += all.len();
        if known == 0 {
            self.order.push(choice.clone());
        }
        self.known.entry(choice.clone()).or_default().extend(all.into_iter().map(|(_, said)| said));
        Ok(())
    }

    fn judge(&mut self, choice: &Choice) -> Tried {
        let plan = self.plan(choice).expect("it ran");
        let said = &self.known[choice];
        let thresholds: Vec<Held> = plan
            .thresholds
            .iter()
            .enumerate()
            .map(|(i, line)| {
                let figures: Option<Vec<f64>> = said.iter().map(|one| one.figures[i]).collect();
                held(&line.expression, line.comparison, line.bound, figures.as_deref())
            })
            .collect();
        let passed = thresholds.iter().all(|line| line.passed);
        let sure_not = thresholds.iter().any(|line| line.sure && !line.passed);
        let sure = sure_not || thresholds.iter().all(|line| line.sure);
        let decided_not = thresholds.iter().any(|line| line.is_decided() && !line.passed);
        let decided = decided_not || thresholds.iter().all(Held::is_decided);
        let costs: Option<Vec<f64>> = said.iter().map(|one| one.cost_per_h).collect();
        let cost_per_h = costs.map(|costs| costs.iter().sum::<f64>() / costs.len() as f64);
        Tried { passed, sure, decided, runs: said.len(), cut: None, thresholds, cost_per_h }
    }
}

/// What a run came to, unless somebody interrupted it or a law was broken: figures of such a run say nothing.
fn ran(engine: &Engine<'_>, plan: &Plan, choice: &Choice) -> Result<Outcome, Stopped> {
    let outcome = engine(plan).ok_or(Stopped::Interrupted)?;
    let laws = outcome.result.broken_laws.join(" | ");
    if laws.is_empty() {
        return Ok(outcome);
    }
    Err(Stopped::Broken(format!("with {} and seed {}: {laws}", sets(choice).join(", "), plan.run.seed)))
}

fn cut_off(cut: Cut) -> Tried {
    Tried {
        passed: false,
        sure: true,
        decided: true,
        runs: 0,
        cut: Some(cut),
        thresholds: Vec::new(),
        cost_per_h: None,
    }
}

/// Figures that grow without end where a group, or the brokers, cannot keep up.
const OF_GROUPS: [&str; 7] = ["wait_s", "e2e_s", "e2e_raw_s", "journey_s", "lag", "committed_lag", "lag_s"];
const OF_PRODUCERS: [&str; 2] = ["publish_s", "service_s"];
/// What of them does not grow.
const STEADY: [&str; 3] = ["count", "min", "stddev"];

/// Whether a threshold can never hold for long where this is used up: one that bounds a latency or a lag from above, of
/// the group or, where it is the brokers, of any. What is lost, for one, may be nothing however late all is.
fn dooms(plan: &Plan, bound: &Bound) -> bool {
    let group = bound.group.as_deref();
    plan.thresholds.iter().any(|line| {
        let from_above = matches!(line.comparison, Comparison::Less | Comparison::LessOrEqual);
        let steady = line.path.get(3).is_some_and(|of| STEADY.contains(&of.as_str()));
        let [section, name, figure, ..] = line.path.as_slice() else { return false };
        let grows = match section.as_str() {
            "groups" => group.is_none_or(|group| group == name) && OF_GROUPS.contains(&figure.as_str()),
            "producers" => group.is_none() && OF_PRODUCERS.contains(&figure.as_str()),
            _ => false,
        };
        from_above && grows && !steady
    })
}

/// Whether thresholds name what is used up: who is named in none may be overloaded, and the brokers serve all.
fn named(plan: &Plan, bound: &Bound) -> bool {
    let of = |name: &str| plan.thresholds.iter().any(|line| line.path[0] == "groups" && line.path[1] == name);
    bound.group.as_deref().is_none_or(of)
}

/// A threshold over the figures of several runs.
#[must_use]
pub fn held(expression: &str, comparison: Comparison, bound: f64, figures: Option<&[f64]>) -> Held {
    let line = |mean, interval, passed, sure, same_in| Held {
        expression: expression.to_owned(),
        mean,
        interval,
        bound,
        passed,
        sure,
        same_in,
    };
    // A figure without a value never passes, and more runs would not have one either.
    let Some(figures) = figures else { return line(None, None, false, true, None) };
    let n = figures.len() as f64;
    let mean = figures.iter().sum::<f64>() / n;
    let enough = (figures.len() >= LEAST).then_some(figures.len());
    if matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
        // One run that says no is enough for no; that none does is all that can be said for yes.
        let all = figures.iter().all(|figure| holds(*figure, comparison, bound));
        return line(Some(mean), None, all, !all, enough.filter(|_| all));
    }
    let passed = holds(mean, comparison, bound);
    if enough.is_none() {
        return line(Some(mean), None, passed, false, None);
    }
    if figures.iter().all(|figure| figure.to_bits() == figures[0].to_bits()) {
        return line(Some(figures[0]), None, holds(figures[0], comparison, bound), false, enough);
    }
    let squares: f64 = figures.iter().map(|figure| (figure - mean).powi(2)).sum();
    let half = half_width(squares, n, 1.0 - LEVEL / 2.0);
    let (low, high) = (mean - half, mean + half);
    let sure = holds(low, comparison, bound) == holds(high, comparison, bound);
    line(Some(mean), Some((low, high)), passed, sure, None)
}
