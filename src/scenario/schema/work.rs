//! What members do with a record: wait for a drawn time, or work for real.
//!
//! Time that is drawn means the same in every engine. Real work needs real records, which only a live run has; `model` says
//! how long it takes where there are none.
use super::super::values::{Distribution, Duration, Words};
use schemars::JsonSchema;
use serde::Deserialize;

/// Processing time of a record, or what is really done with it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Work {
    /// Shown, a line each.
    Shown(Shown),
    /// A core is kept busy.
    Spin(Spin),
    /// An application that conga brings along.
    App(Real),
    /// A program of the user's own.
    Exec(Program),
    /// By the units of work in it.
    PerUnit(PerUnit),
    /// Whatever is in it.
    Each(Distribution<Duration>),
}

/// Processing time by the units of work in a record.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerUnit {
    /// base + units × each.
    pub per_unit: BaseAndEach,
}

/// base + units × each.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaseAndEach {
    /// What a record costs whatever is in it.
    pub base: Distribution<Duration>,
    /// What a unit of work costs.
    pub each: Distribution<Duration>,
}

/// Records as lines on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Shown {
    /// A line each: topic, partition, offset, key, message.
    Print,
}

/// A core is kept busy for a drawn time; a simulation waits for as long.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spin {
    /// Keeps a core busy for so long; a simulation waits for as long.
    pub spin: Distribution<Duration>,
}

/// An application that conga brings along.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Real {
    /// Analyses records for real, in a live run.
    pub app: App,
    /// How long real work takes where there are no real records; a simulation refuses it when silent.
    pub model: Option<Distribution<Duration>>,
}

/// Applications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum App {
    /// Network flows: top talkers, port scans, traffic by network and minute.
    Flows,
    /// Posts: trending tags, users by activity, reach.
    Posts,
    /// Posts: words and mood, by a published lexicon.
    Sentiment,
}

/// A program that reads a record a line and prints a result a line.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Runs a program, in a live run: its name and arguments. It reads a record a line and prints a result a line.
    #[schemars(length(min = 1, max = 100), extend("examples" = [["./classify", "--fast"]]))]
    pub exec: Vec<Words>,
    /// How long the program may take for a line; 30 s when silent.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub timeout: Option<Duration>,
    /// How long real work takes where there are no real records; a simulation refuses it when silent.
    pub model: Option<Distribution<Duration>>,
}
