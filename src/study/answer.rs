//! What a plan comes to: the answer, how sure it is, and what would be otherwise.
//!
//! The answer alone is a number. What makes it one to rely on is how much room it leaves, what is used up first, what one
//! less does, and what one more or fewer of everything else would do.
use super::cheapest::cheapest;
use super::failures::{Failures, changed, failures};
use super::hot::{Hot, hot};
use super::purchase::{Purchase, purchase};
use super::quest::{Goal, Quest};
use super::remedy::{Remedy, remedies};
use super::search::{Found, least};
use super::trial::{Choice, Cut, Stopped, Trials, Tried};
use crate::outcome::result::Outcome;
use crate::plan::Plan;
use crate::plan::load::{Bound, bounds, offered};

/// Load factors that are tried, in steps of 5 %.
const LOAD_STEP: f64 = 1.05;
const LOAD_STEPS: i32 = 40;

/// The greatest load that is tried, as a multiple of what the scenario offers: what holds it may hold more.
#[must_use]
pub fn most_load() -> f64 {
    LOAD_STEP.powi(LOAD_STEPS)
}

/// Everything a plan found out.
pub struct Answer {
    /// What was asked for.
    pub goal: Goal,
    /// The answer; none where no candidate passes.
    pub choice: Option<Choice>,
    /// How it was found.
    pub found: Found,
    /// Candidates, in the order in which they should begin to pass.
    pub candidates: Vec<Choice>,
    /// A run of the answer; where there is none, of the last candidate, unless it cannot be.
    pub outcome: Option<Outcome>,
    /// Bounds of the same.
    pub bounds: Vec<Bound>,
    /// Its hottest partition, where one stands out.
    pub hot: Vec<Hot>,
    /// The candidate before the answer, with a run of it where it was simulated.
    pub before: Option<(Choice, Tried, Option<Outcome>)>,
    /// How many times the load the answer holds, by single runs; none where that was not asked.
    pub load: Option<f64>,
    /// One more or one fewer of each resource.
    pub otherwise: Vec<Otherwise>,
    /// What it is worth when something fails; none without an answer, or where that was not asked.
    pub failures: Option<Failures>,
    /// Network and disk that it needs; none without an answer.
    pub purchase: Option<Purchase>,
    /// Where no candidate passes: whether there could be more members than the last candidate has.
    pub wider: bool,
    /// Where no candidate passes, and bounds do not say why: what else was tried.
    pub remedies: Vec<Remedy>,
    /// What it took.
    pub simulations: Simulations,
}

/// Simulations that a plan took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Simulations {
    /// To find the answer.
    pub search: usize,
    /// To explain it: its neighbours, its headroom, one more and one fewer of everything, remedies.
    pub explanation: usize,
    /// To see what happens when something fails, but for those that explain it as well.
    pub failures: usize,
}

/// One more or one fewer of something, all else as in the answer.
#[derive(Clone, Debug)]
pub struct Otherwise {
    /// What.
    pub path: String,
    /// How many.
    pub value: u64,
    /// What that does.
    pub tried: Tried,
}

/// A value of a frontier.
#[derive(Clone, Debug)]
pub struct Step {
    /// The load.
    pub load: String,
    /// The answer to it.
    pub choice: Option<Choice>,
    /// Whether it is sure.
    pub sure: bool,
    /// Simulations it took.
    pub simulations: usize,
}

/// Searches and explains.
///
/// # Errors
/// When somebody interrupts it, or a run breaks a law.
pub fn answer(trials: &mut Trials<'_>, quest: &Quest, brief: bool) -> Result<Answer, Stopped> {
    let found = search(trials, quest, &[])?;
    let searched = trials.simulations;
    let candidates = quest.candidates.clone();
    let choice = found.at.map(|at| candidates[at].clone());
    let shown = choice.clone().unwrap_or_else(|| candidates[candidates.len() - 1].clone());
    let unstable = found.at.is_none() && trials.cut(&shown).is_some();
    let outcome = if unstable { None } else { trials.outcome(&shown)? };
    let plan = trials.plan(&shown).ok();
    let hot = plan.as_ref().zip(outcome.as_ref()).map_or_else(Vec::new, |(plan, outcome)| hot(plan, outcome));
    let mut answer = Answer {
        goal: quest.goal.clone(),
        bounds: plan.as_ref().map_or_else(Vec::new, |plan| bounds(plan)),
        before: None,
        load: None,
        otherwise: Vec::new(),
        failures: None,
        purchase: None,
        wider: found.at.is_none() && plan.as_ref().is_some_and(|plan| has_room(plan, &quest.goal)),
        remedies: Vec::new(),
        simulations: Simulations { search: searched, ..Simulations::default() },
        choice,
        found,
        candidates,
        outcome,
        hot,
    };
    if let (Some(at), false) = (answer.found.at, matches!(quest.goal, Goal::Cheapest)) {
        answer.before = before(trials, &answer.candidates, at)?;
    }
    if let (Some(choice), Some(plan), false) = (&answer.choice, &plan, brief) {
        if !matches!(quest.goal, Goal::Greatest(_)) {
            answer.load = Some(load(trials, plan, choice)?);
        }
        answer.otherwise = otherwise(trials, plan, choice)?;
    }
    if let (None, Some(plan), Some(_)) = (&answer.choice, &plan, &answer.outcome) {
        answer.remedies = remedies(trials, plan, &answer.goal, &shown)?;
    }
    let explained = trials.simulations;
    answer.simulations.explanation = explained - searched;
    if let (Some(choice), Some(plan), Some(outcome)) = (&answer.choice, &plan, &answer.outcome) {
        answer.purchase = Some(purchase(plan, outcome));
        if !brief {
            answer.failures = Some(failures(trials, plan, choice, outcome, answer.load.unwrap_or(1.0))?);
        }
    }
    answer.simulations.failures = trials.simulations - explained;
    Ok(answer)
}

/// Whether the group whose members are asked for reads more partitions than it has members.
fn has_room(plan: &Plan, goal: &Goal) -> bool {
    plan.groups.iter().any(|group| goal.is_for_members_of(&group.name) && group.members < plan.partitions_of(group))
}

/// The answer for each value of a load. Each is searched by itself, from the first candidate on.
///
/// # Errors
/// When somebody interrupts it, or a run breaks a law.
pub fn frontier(trials: &mut Trials<'_>, quest: &Quest) -> Result<Vec<Step>, Stopped> {
    let Some(axis) = &quest.frontier else { return Ok(Vec::new()) };
    let count = axis.count().unwrap_or(0);
    let mut steps = Vec::new();
    for i in 0..count {
        let load = axis.at((i as f64 + 0.5) / count as f64);
        let before = trials.simulations;
        let found = search(trials, quest, &[(axis.path.clone(), load.clone())])?;
        let choice = found.at.map(|at| quest.candidates[at].clone());
        steps.push(Step { load, choice, sure: found.sure, simulations: trials.simulations - before });
    }
    Ok(steps)
}

/// Searches with further values set for all candidates.
fn search(trials: &mut Trials<'_>, quest: &Quest, also: &[(String, String)]) -> Result<Found, Stopped> {
    let with = |choice: &Choice| also.iter().cloned().chain(choice.iter().cloned()).collect();
    let candidates: Vec<Choice> = quest.candidates.iter().map(with).collect();
    match quest.goal {
        Goal::Cheapest => cheapest(trials, &candidates, &quest.ranks),
        Goal::Least(_) | Goal::Greatest(_) => least(trials, &candidates),
    }
}

type Before = Option<(Choice, Tried, Option<Outcome>)>;

fn before(trials: &mut Trials<'_>, candidates: &[Choice], at: usize) -> Result<Before, Stopped> {
    let Some(before) = at.checked_sub(1) else { return Ok(None) };
    let choice = candidates[before].clone();
    let tried = trials.sure(&choice)?;
    // What is unstable by a bound may still be looked at: that is what would happen.
    let outcome = if matches!(tried.cut, Some(Cut::Refused(_))) { None } else { trials.outcome(&choice)? };
    Ok(Some((choice, tried, outcome)))
}

/// How many times its load the answer holds, by single runs with the same luck.
///
/// # Errors
/// When somebody interrupts it, or a run breaks a law.
pub(super) fn load(trials: &mut Trials<'_>, plan: &Plan, choice: &Choice) -> Result<f64, Stopped> {
    let with = |factor: f64| -> Choice {
        let rates = plan.producers.iter().map(|producer| {
            (format!("producers.{}.rate", producer.name), format!("{:.6}/s", offered(producer) * factor))
        });
        choice.iter().cloned().chain(rates).collect()
    };
    let (mut low, mut high) = (0, LOAD_STEPS);
    while low < high {
        let middle = low + (high - low + 1) / 2;
        let factor = LOAD_STEP.powi(middle);
        if trials.glance(&with(factor))?.passed { low = middle } else { high = middle - 1 }
    }
    Ok(LOAD_STEP.powi(low))
}

/// One more and one fewer of everything that is counted.
fn otherwise(trials: &mut Trials<'_>, plan: &Plan, choice: &Choice) -> Result<Vec<Otherwise>, Stopped> {
    let mut resources: Vec<(String, u32)> = Vec::new();
    for group in &plan.groups {
        resources.push((format!("groups.{}.members", group.name), group.members));
        resources.push((format!("groups.{}.workers", group.name), group.workers));
    }
    resources.extend(plan.topics.iter().map(|topic| (format!("topics.{}.partitions", topic.name), topic.partitions)));
    resources.push(("cluster.brokers".to_owned(), plan.cluster.brokers));
    let mut all = Vec::new();
    for (path, count) in resources {
        for value in [count.saturating_sub(1), count + 1].into_iter().filter(|value| *value > 0) {
            let tried = trials.look(&changed(choice, &path, value.to_string()))?;
            all.push(Otherwise { path: path.clone(), value: u64::from(value), tried });
        }
    }
    Ok(all)
}
