//! What a plan looks for, and among which candidates.
//!
//! Candidates stand in the order in which they should begin to pass: members from few to many, rates from high to low.
//! Where a plan cannot know them it asks for `--vary`.
use super::axis::{self, Axis, Refusal};
use super::cheapest::{Amount, Rank};
use super::cost;
use super::point::sets;
use super::trial::{Choice, Trials};
use crate::plan::load::{offered, strain, useful};
use crate::plan::{Plan, build};
use crate::scenario::{Place, Problem, Problems, Scenario};

/// Least and most of what is counted, where nobody says.
const WORKERS: u32 = 1_024;
const BROKERS: u32 = 100;
const PARTITIONS: u32 = 1_000;
/// A rate is searched in steps of this much.
const STEP: f64 = 1.02;
/// Combinations that are compared by cost, at most.
const MOST: u64 = 10_000;
/// Rates below and above the scenario's own that are looked at, as factors.
const SLOWEST: f64 = 1e-4;
const FASTEST: f64 = 1_048_576.0;

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    /// The least value of a path.
    Least(String),
    /// The greatest value of a path.
    Greatest(String),
    /// The cheapest of several values of several paths.
    Cheapest,
}

impl Goal {
    /// As it was asked for.
    fn option(&self) -> String {
        match self {
            Self::Least(path) => format!("--minimize {path}"),
            Self::Greatest(path) => format!("--maximize {path}"),
            Self::Cheapest => "--minimize cost".to_owned(),
        }
    }

    /// Whether the members of this group are asked for.
    #[must_use]
    pub fn is_for_members_of(&self, group: &str) -> bool {
        matches!(self, Self::Least(path) if *path == format!("groups.{group}.members"))
    }

    /// As one would say it.
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            Self::Least(path) => format!("least {path}"),
            Self::Greatest(path) => format!("greatest {path}"),
            Self::Cheapest => "least cost".to_owned(),
        }
    }
}

/// A goal with its candidates.
#[derive(Clone, Debug)]
pub struct Quest {
    /// What is asked for.
    pub goal: Goal,
    /// In the order in which they should begin to pass; at least one. By cost where that is asked for.
    pub candidates: Vec<Choice>,
    /// Of each candidate what orders them, where several things are varied.
    pub ranks: Vec<Rank>,
    /// Values of a load for each of which the goal is asked, if any.
    pub frontier: Option<Axis>,
}

/// Reads what is asked for.
///
/// # Errors
/// Every problem: no thresholds, paths that nobody knows, candidates that cannot be known.
pub fn quest(scenario: &Scenario, goal: Goal, vary: &[String], frontier: Option<&str>) -> Result<Quest, Problems> {
    let (_, _) = build::simulated(scenario)?;
    let mut found = Vec::new();
    let mut source = scenario.source.clone();
    let sets = source.sets.len();
    let frontier_line = frontier.map(|line| format!("--frontier {line}"));
    let (frontier_at, goal_at) = (vary.len(), vary.len() + usize::from(frontier.is_some()));
    let goal_line = std::iter::once(goal.option());
    source.options = vary.iter().map(|line| format!("--vary {line}")).chain(frontier_line).chain(goal_line).collect();
    if scenario.document.thresholds.as_ref().is_none_or(Vec::is_empty) {
        let remedy = "add what is good enough: `thresholds: [groups.workers.e2e_s.p99 < 200ms]`";
        found.push(Problem::error(scenario.place(""), "thresholds", "is missing: a plan needs an objective", remedy));
    }
    let option = |i: usize| Place { line: 0, column: (sets + i) as u32 + 1, length: 0 };
    let mut read = |i: usize, line: &str| {
        let place = option(i);
        match axis::parse(line) {
            Ok(axis) if axis.count().is_none() => {
                let remedy = "add a step such as `by 5ms`";
                found.push(Problem::error(place, &axis.path, "has values that cannot be counted", remedy));
                None
            }
            // What was simulated before is known by its values, and a name says nothing of what is in the file.
            Ok(axis) if axis.names_files() => {
                let message = "varies the name of a file, which somebody may change before the plan goes on";
                let remedy = "make a plan for each file: name it in the scenario or by `--set`, each with an --out";
                found.push(Problem::error(place, &axis.path, message, remedy));
                None
            }
            Ok(axis) => Some(axis),
            Err((message, remedy)) => {
                found.push(Problem::error(place, "", message, remedy));
                None
            }
        }
    };
    let axes: Vec<Axis> = vary.iter().enumerate().filter_map(|(i, line)| read(i, line)).collect();
    let frontier = frontier.and_then(|line| read(frontier_at, line));
    if let Some((message, remedy)) = frontier.iter().find_map(|axis| known(scenario, &axis.path, &axis.at(0.0)).err()) {
        found.push(Problem::error(option(frontier_at), "", message, remedy));
    }
    found.extend(set_in_vain(scenario, &goal, &axes, frontier.as_ref()));
    if goal == Goal::Cheapest && scenario.document.cost.is_some() && axes.len() == vary.len() {
        let wrong = axes.iter().enumerate().filter_map(|(i, axis)| {
            let (message, remedy) = known(scenario, &axis.path, &axis.at(0.999)).err()?;
            Some(Problem::error(option(i), "", message, remedy))
        });
        found.extend(wrong);
    }
    let made = if found.is_empty() { make(scenario, goal, &axes, frontier) } else { Err(None) };
    made.map_err(|refusal| {
        if let Some((message, remedy)) = refusal {
            found.push(Problem::error(option(goal_at), "", message, remedy));
        }
        Problems::new(source, found)
    })
}

/// Every `--set` of a path that is varied or asked for: its value would be dropped.
fn set_in_vain(scenario: &Scenario, goal: &Goal, axes: &[Axis], frontier: Option<&Axis>) -> Vec<Problem> {
    let asked = match goal {
        Goal::Least(path) | Goal::Greatest(path) => Some((path.as_str(), goal.option())),
        Goal::Cheapest => None,
    };
    let varied = axes.iter().map(|axis| (axis.path.as_str(), format!("--vary {}", axis.path)));
    let stepped = frontier.map(|axis| (axis.path.as_str(), format!("--frontier {}", axis.path)));
    let all: Vec<(&str, String)> = asked.into_iter().chain(varied).chain(stepped).collect();
    let clash = |(i, set): (usize, &String)| {
        let path = set.split_once('=').map_or(set.as_str(), |(path, _)| path).trim();
        let below = |whole: &str| path.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let (_, option) = all.iter().find(|(whole, _)| below(whole))?;
        let place = Place { line: 0, column: i as u32 + 1, length: 0 };
        let message = format!("`{option}` tries values of it, so this one would be dropped");
        Some(Problem::error(place, "", message, "leave out one of the two"))
    };
    scenario.source.sets.iter().enumerate().filter_map(clash).collect()
}

fn make(scenario: &Scenario, goal: Goal, axes: &[Axis], frontier: Option<Axis>) -> Result<Quest, Option<Refusal>> {
    let base = || build::simulated(scenario).map(|(plan, _)| plan).map_err(|_| None);
    let known = |path: &str, value: &str| known(scenario, path, value).map_err(Some);
    let path = match &goal {
        Goal::Cheapest => return cheapest(scenario, axes, frontier).map_err(Some),
        Goal::Least(path) | Goal::Greatest(path) => path.clone(),
    };
    if let Some(other) = axes.iter().find(|axis| axis.path != path) {
        let message = format!("`{}` is varied, and `{path}` is asked for", other.path);
        return Err(Some((message, "vary what is asked for, or ask for `--minimize cost`".to_owned())));
    }
    let mut values = match (axes.first(), &goal) {
        (Some(only), _) => listed(only),
        (None, Goal::Greatest(_)) => rates(scenario, &base()?, &path).map_err(Some)?,
        (None, _) => counts(&base()?, scenario, &path).map_err(Some)?,
    };
    known(&path, values.last().map_or("1", String::as_str))?;
    if !axes.is_empty() && matches!(goal, Goal::Greatest(_)) {
        values.reverse();
    }
    let candidates = values.into_iter().map(|value| vec![(path.clone(), value)]).collect();
    Ok(Quest { goal, candidates, ranks: Vec::new(), frontier })
}

fn listed(axis: &Axis) -> Vec<String> {
    let count = axis.count().unwrap_or(0);
    (0..count).map(|i| axis.at((i as f64 + 0.5) / count as f64)).collect()
}

/// A path that nobody knows is a mistake, not something that never passes.
fn known(scenario: &Scenario, path: &str, value: &str) -> Result<(), Refusal> {
    match scenario.with(&[format!("{path}={value}")]) {
        Ok(_) => Ok(()),
        Err(problems) => {
            let first = problems.list.into_iter().next();
            Err(first.map_or_else(Default::default, |problem| {
                // The option that is blamed names the path already.
                let at = Some(problem.path).filter(|at| !at.is_empty() && at != path);
                let at = at.map_or_else(String::new, |at| format!("{at}: "));
                (format!("{at}{}", problem.message), problem.remedy)
            }))
        }
    }
}

/// The same, whatever its values look like.
fn known_path(scenario: &Scenario, path: &str) -> Result<(), Refusal> {
    let tried = ["1", "1ms", "1/s", "1 B"].map(|value| known(scenario, path, value));
    if tried.iter().any(Result::is_ok) { Ok(()) } else { tried.into_iter().next().unwrap_or(Ok(())) }
}

/// What is counted from one upwards.
fn counts(plan: &Plan, scenario: &Scenario, path: &str) -> Result<Vec<String>, Refusal> {
    let parts: Vec<&str> = path.split('.').collect();
    let most = match parts.as_slice() {
        ["groups", name, "members"] => {
            let group = plan.groups.iter().find(|group| group.name == *name);
            // Beyond the partitions members would idle.
            group.map(|group| useful(plan, group))
        }
        ["groups", name, "workers"] => plan.groups.iter().any(|group| group.name == *name).then_some(WORKERS),
        ["topics", name, "partitions"] => plan.topics.iter().any(|topic| topic.name == *name).then_some(PARTITIONS),
        ["cluster", "brokers"] => Some(BROKERS),
        _ => None,
    };
    if let Some(most) = most {
        return Ok((1..=most).map(|count| count.to_string()).collect());
    }
    known_path(scenario, path)?;
    Err((
        format!("which values of `{path}` to try is not known"),
        format!("add `--vary {path}=RANGE`, from what should fail to what should pass"),
    ))
}

/// Rates from the fastest that could be stable down to very slow.
fn rates(scenario: &Scenario, plan: &Plan, path: &str) -> Result<Vec<String>, Refusal> {
    let parts: Vec<&str> = path.split('.').collect();
    let producer = match parts.as_slice() {
        ["producers", name, "rate"] => plan.producers.iter().find(|producer| producer.name == *name),
        _ => None,
    };
    let Some(producer) = producer else {
        known_path(scenario, path)?;
        return Err((
            format!("which values of `{path}` to try is not known"),
            format!("add `--vary {path}=RANGE`, from what should pass to what should fail"),
        ));
    };
    let own = offered(producer);
    let engine = |_: &Plan| None;
    let mut trials = Trials::new(scenario, &engine, 1, &|_| {});
    let mut stable = |factor: f64| trials.is_stable(&vec![(path.to_owned(), rate(own * factor))]);
    let mut factor = 1.0;
    while factor < FASTEST && stable(factor) {
        factor *= 2.0;
    }
    let steps = ((factor / SLOWEST).ln() / STEP.ln()) as i32;
    let mut all: Vec<String> = (0..steps).map(|i| rate(own * factor / STEP.powi(i))).collect();
    all.dedup();
    Ok(all)
}

/// A rate in four digits.
fn rate(per_second: f64) -> String {
    let before = per_second.log10().floor() as i32 + 1;
    let scale = 10_f64.powi(4 - before);
    let rounded = (per_second * scale).round() / scale;
    let text = format!("{rounded:.*}", (4 - before).clamp(0, 9) as usize);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}/s")
}

fn cheapest(scenario: &Scenario, axes: &[Axis], frontier: Option<Axis>) -> Result<Quest, Refusal> {
    let Some(prices) = &scenario.document.cost else {
        let message = "the scenario has no `cost`".to_owned();
        return Err((message, "add prices: `cost: {consumer: 0.05/h, broker: 0.40/h}`".to_owned()));
    };
    if axes.is_empty() {
        let remedy = "add `--vary groups.workers.members=1..12 --vary cluster.brokers=[3, 5]`";
        return Err(("there is nothing to choose from".to_owned(), remedy.to_owned()));
    }
    let all = axes.iter().try_fold(1_u64, |all, axis| all.checked_mul(axis.count()?)).unwrap_or(u64::MAX);
    if all > MOST {
        let message = format!("{all} combinations, {MOST} at most are compared");
        return Err((message, "make steps larger, or ranges shorter".to_owned()));
    }
    let engine = |_: &Plan| None;
    let mut trials = Trials::new(scenario, &engine, 1, &|_| {});
    let (mut combined, mut refused) = (Vec::new(), None);
    for number in 0..all {
        let (choice, amounts) = combination(axes, number);
        match trials.plan(&choice) {
            Ok(plan) => {
                combined.push((cost::fixed_per_hour(prices, &plan), Rank { amounts, strain: strain(&plan) }, choice));
            }
            Err(why) => refused = refused.or(Some((choice, why))),
        }
    }
    if let (true, Some((choice, why))) = (combined.is_empty(), refused) {
        let message = format!("none of the combinations can be: with {}: {why}", sets(&choice).join(", "));
        return Err((message, "vary what can be, or change the scenario so that it can".to_owned()));
    }
    if combined.iter().all(|(price, ..)| price.total_cmp(&combined[0].0).is_eq()) {
        let message = "all combinations cost the same".to_owned();
        return Err((message, "give `cost.consumer` or `cost.broker` a price, and vary members or brokers".to_owned()));
    }
    combined.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.amounts.cmp(&b.1.amounts)));
    let (ranks, candidates) = combined.into_iter().map(|(_, rank, choice)| (rank, choice)).unzip();
    Ok(Quest { goal: Goal::Cheapest, candidates, ranks, frontier })
}

/// A combination by its number: the last axis changes first.
fn combination(axes: &[Axis], number: u64) -> (Choice, Vec<Amount>) {
    let mut left = number;
    let mut all = Vec::new();
    for axis in axes.iter().rev() {
        let count = axis.count().unwrap_or(1);
        let place = left % count;
        left /= count;
        let value = axis.at((place as f64 + 0.5) / count as f64);
        let amount = match value.parse() {
            Ok(number) if axis.is_counted() => Amount::Counted(number),
            _ => Amount::Other(place as usize),
        };
        all.push(((axis.path.clone(), value), amount));
    }
    all.into_iter().rev().unzip()
}
