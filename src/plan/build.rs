//! Scenario to plan: silent keys get their defaults, names become places, and what does not fit together is told, all of
//! it at once.
//!
//! Errors stop a run; warnings are what the user should know but may well want.
pub(in crate::plan) mod arrivals;
mod client;
mod cluster;
mod compression;
mod course;
mod distribution;
mod events;
pub mod figures;
mod findings;
mod fit;
mod groups;
mod job;
mod keys;
mod message;
mod precision;
mod producers;
mod properties;
mod quotas;
mod samples;
pub mod thresholds;
mod topics;
mod trace;

pub use trace::clock;

use super::Plan;
use crate::scenario::{Problem, Problems, Scenario};
use findings::Findings;

/// Builds the plan of a scenario, with warnings, for whatever engine.
///
/// # Errors
/// Every way in which the parts of the scenario do not fit together.
pub fn plan(scenario: &Scenario) -> Result<(Plan, Vec<Problem>), Problems> {
    build(scenario, Findings::new(scenario), true)
}

/// Builds the plan of a scenario for somebody who only hosts its members: how small producers' batches become is left out,
/// for measuring takes its time and members need not know, unless they write batches of their own.
///
/// # Errors
/// As [`plan`].
pub fn of_members(scenario: &Scenario) -> Result<Plan, Problems> {
    build(scenario, Findings::new(scenario), false).map(|(plan, _)| plan)
}

/// Builds the plan of a scenario that will be simulated.
///
/// # Errors
/// As [`plan`], and work that needs real records and does not say how long it takes.
pub fn simulated(scenario: &Scenario) -> Result<(Plan, Vec<Problem>), Problems> {
    let mut found = Findings::new(scenario);
    job::must_be_modelled(scenario, &mut found);
    build(scenario, found, true)
}

fn build(scenario: &Scenario, mut found: Findings<'_>, whole: bool) -> Result<(Plan, Vec<Problem>), Problems> {
    let topics = topics::topics(scenario, &mut found);
    let cluster = cluster::cluster(scenario, &topics, &mut found);
    let names = topics.iter().map(|topic| topic.name.clone()).collect::<Vec<_>>();
    let (producers, codecs) = producers::producers(scenario, &names, &topics, &mut found);
    let groups = groups::groups(scenario, &names, &mut found);
    let thresholds = thresholds::thresholds(scenario, cluster.brokers, &mut found);
    let (run, horizon) = course::run(scenario, cluster.brokers, (&producers, &groups), &mut found);
    let mut plan = Plan {
        name: scenario.name.clone(),
        sha256: scenario.sha256.clone(),
        run,
        cluster,
        topics,
        producers,
        groups,
        events: Vec::new(),
        thresholds,
        warnings: Vec::new(),
        redelivers: false,
    };
    events::events(scenario, &mut plan, &mut found);
    cluster::failing(scenario, &mut plan, &mut found);
    groups::changing(&mut plan);
    job::together(&plan, &mut found);
    quotas::quotas(scenario, &mut plan, &mut found);
    if whole || plan.groups.iter().any(|group| group.output.is_some()) {
        compression::compression(scenario, &mut plan, &codecs, &mut found);
    }
    if found.errors.is_empty() {
        fit::check(&plan, horizon, &mut found);
    }
    if !found.errors.is_empty() {
        found.errors.append(&mut found.warnings);
        return Err(Problems::new(scenario.source.clone(), found.errors));
    }
    let warnings = Problems::new(scenario.source.clone(), found.warnings).list;
    plan.warnings = warnings.iter().map(ToString::to_string).collect();
    Ok((plan, warnings))
}

/// First seed of the run.
fn seed(scenario: &Scenario) -> u64 {
    scenario.document.run.as_ref().and_then(|run| run.seed.as_ref()).map_or(1, |seed| seed.0)
}
