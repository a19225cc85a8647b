//! Keys of the run: when it starts to count, when it ends, how often it is repeated.
//!
//! How many rows and repetitions there are when nobody says so is the plan's to decide.
use super::super::values::{Count, Duration, Seed, Share, Words};
use schemars::JsonSchema;
use serde::Deserialize;

/// The course of a run.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Arrivals run over `[0, duration)`; may be silent where every producer ends by itself.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub duration: Option<Duration>,
    /// Nothing before this counts for latencies, rates, utilisation and lag; 0 s when silent.
    pub warmup: Option<Duration>,
    /// How long work may go on after arrivals have ended; 0 s when silent.
    pub drain: Option<Duration>,
    /// First seed; 1 when silent.
    pub seed: Option<Seed>,
    /// Length of a row of the series; chosen when silent.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub interval: Option<Duration>,
    /// Independent runs with seeds one after the other; 1 when silent, with `precision` 5, which is where it begins.
    #[schemars(extend("minimum" = 1, "maximum" = 10_000))]
    pub repetitions: Option<Count>,
    /// Repeats until a figure is known so well; a share alone is `within`.
    pub precision: Option<Precision>,
}

/// How well a figure has to be known.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Precision {
    /// Of the usual figure.
    Within(#[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))] Share),
    /// Of a figure by name.
    Of(Precise),
}

/// Repetitions in rounds, until the 95 % interval of a figure is narrow enough.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Precise {
    /// The figure, as in a threshold; `e2e_s.p99` of the first group when silent, or `publish_s.p99` of the first producer
    /// where there is no group.
    #[schemars(extend("examples" = ["groups.workers.e2e_s.p99"]))]
    pub metric: Option<Words>,
    /// Half the width of the interval over the mean, at most.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1, "examples" = ["5%"]))]
    pub within: Share,
    /// Repetitions at most, whatever the interval; 100 when silent.
    #[schemars(extend("minimum" = 2, "maximum" = 10_000))]
    pub most: Option<Count>,
}
