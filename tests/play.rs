//! Plays a scenario from its text, as `conga run` would, and hands back what came out.
use conga::engine::{Watch, run};
use conga::outcome::result::{GroupResult, Ordered, Outcome, ProducerResult};
use conga::plan::Plan;

/// The plan of a scenario that must be sound.
pub fn plan(yaml: &str) -> Plan {
    let scenario = conga::scenario::parse(yaml, "test.yaml", None, &[]).unwrap_or_else(|problems| panic!("{problems}"));
    conga::plan::build::plan(&scenario).unwrap_or_else(|problems| panic!("{problems}\n{yaml}")).0
}

/// What comes out of a scenario that must be sound.
pub fn play(yaml: &str) -> Outcome {
    run(&plan(yaml), &Watch::quiet())
}

/// A producer of an outcome, by name.
pub fn producer<'o>(outcome: &'o Outcome, name: &str) -> &'o ProducerResult {
    named(&outcome.result.producers, name)
}

/// A group of an outcome, by name.
pub fn group<'o>(outcome: &'o Outcome, name: &str) -> &'o GroupResult {
    named(&outcome.result.groups, name)
}

fn named<'o, T>(all: &'o Ordered<T>, name: &str) -> &'o T {
    all.iter().find_map(|(known, one)| (known == name).then_some(one)).unwrap_or_else(|| panic!("no `{name}`"))
}
