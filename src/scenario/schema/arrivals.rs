//! The keys under `arrivals`: a map with one key that says when messages are due.
//!
//! The form only: the map's one key chooses the law, and each law refuses the keys of the others. What values mean
//! together is decided by the plan.
use super::super::values::{Count, Cv, Duration, File, Flag, Rate, Real, Words};
use schemars::JsonSchema;
use serde::Deserialize;

/// When messages are due: one of these. Rates are totals over all instances.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Arrivals {
    /// One rate after the other.
    Steps(Steps),
    /// From one rate to another.
    Ramp(Ramp),
    /// A rate that goes up and down.
    Sine(Sine),
    /// Everything else.
    Law(Law),
}

/// One rate after the other, then silence.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// Each step.
    #[schemars(length(min = 1, max = 10_000))]
    pub steps: Vec<Step>,
    /// Evenly spaced instead of Poisson; false when silent.
    pub even: Option<Flag>,
}

/// One step.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// How long.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub r#for: Duration,
    /// How many messages a second, also `0/s`.
    pub rate: Rate,
}

/// From one rate to another in a straight line, then on at the latter.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// The line.
    pub ramp: Line,
    /// Evenly spaced instead of Poisson; false when silent.
    pub even: Option<Flag>,
}

/// A straight line between two rates.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Messages per second at the start, also `0/s`.
    pub from: Rate,
    /// Messages per second at the end and from there on, also `0/s`.
    pub to: Rate,
    /// How long it takes.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub over: Duration,
}

/// A rate that goes up and down, up first.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sine {
    /// The wave.
    pub sine: Wave,
    /// Evenly spaced instead of Poisson; false when silent.
    pub even: Option<Flag>,
}

/// A wave of rates: mean + amplitude × sin(2π × time / period).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wave {
    /// Messages per second in the middle.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub mean: Rate,
    /// How far it goes up and down, at most the mean.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub amplitude: Rate,
    /// From one crest to the next.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub period: Duration,
}

/// How messages arrive.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Law {
    /// Evenly spaced, instances staggered.
    Constant {
        /// Messages per second.
        #[schemars(extend("exclusiveMinimum" = 0))]
        rate: Rate,
    },
    /// Memoryless.
    Poisson {
        /// Messages per second.
        #[schemars(extend("exclusiveMinimum" = 0))]
        rate: Rate,
    },
    /// Independent gamma gaps.
    Renewal {
        /// Messages per second.
        #[schemars(extend("exclusiveMinimum" = 0))]
        rate: Rate,
        /// Coefficient of variation of a gap; 1 is Poisson.
        cv: Cv,
    },
    /// Several messages at one instant, memoryless.
    Batches {
        /// Batches per second.
        #[schemars(extend("exclusiveMinimum" = 0))]
        rate: Rate,
        /// Messages of a batch.
        #[schemars(extend("minimum" = 1, "maximum" = 1_000_000))]
        size: Count,
    },
    /// Busy and silent in turn, exponentially long each; memoryless while busy.
    Bursty {
        /// Mean length of a burst.
        #[schemars(extend("exclusiveMinimum" = 0))]
        on: Duration,
        /// Mean length of the silence between two.
        #[schemars(extend("exclusiveMinimum" = 0))]
        off: Duration,
        /// Messages per second in a burst.
        #[schemars(extend("exclusiveMinimum" = 0))]
        rate: Rate,
    },
    /// Read from a CSV file.
    Trace(Trace),
}

/// Arrivals from a CSV file with a heading: `at`, and optionally `count`, `key`, `size` and `units`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// The file, beside the scenario.
    pub file: File,
    /// Headings that stand for `at`, `count`, `key`, `size` and `units`.
    pub columns: Option<Columns>,
    /// Plays it so many times faster; 1 when silent.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1_000_000))]
    pub speed: Option<Real>,
}

/// Which heading stands for what.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// When: seconds, RFC 3339, or `YYYY-MM-DD HH:MM:SS` read as UTC; the first row is time 0.
    pub at: Option<Words>,
    /// Messages at that time; 1 when silent.
    pub count: Option<Words>,
    /// Key of the message.
    pub key: Option<Words>,
    /// Bytes of the message.
    pub size: Option<Words>,
    /// Amount of work in the message; 1 when silent.
    pub units: Option<Words>,
}
