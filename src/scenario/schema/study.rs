//! Keys of what stands above a single run: which values a study tries, and what things cost.
//!
//! `conga run` simulates the scenario as it stands and leaves both alone; `conga study` and `conga plan` read them.
use super::super::values::{Count, Price, Real};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use std::borrow::Cow;

/// Which values `conga study` tries.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// Values by path, as `--set` takes it: a list, or a range such as `1..8`, `10ms..50ms by 10ms` or `1..64 log`.
    pub vary: Option<Varied>,
    /// Points of a Latin hypercube, which spreads that many over all values at once; every combination when silent.
    #[schemars(extend("minimum" = 2, "maximum" = 1_000_000))]
    pub points: Option<Count>,
    /// Independent runs of each point, with the same seeds for every point; `run.repetitions` when silent.
    #[schemars(extend("minimum" = 1, "maximum" = 10_000))]
    pub repetitions: Option<Count>,
}

/// Values by path: a path, and a list or the text of a range.
#[derive(Clone, Debug, Deserialize)]
pub struct Varied(pub serde_json::Map<String, serde_json::Value>);

impl JsonSchema for Varied {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Varied".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "additionalProperties": {},
            "examples": [{"groups.workers.members": [2, 4, 8]}],
        })
    }
}

/// What things cost, so that plans can be compared by it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// A member of a group for a time; 0 when silent.
    pub consumer: Option<Price>,
    /// A broker for a time; 0 when silent.
    pub broker: Option<Price>,
    /// A GiB that brokers keep for a time, replicas included; 0 when silent.
    pub gib_stored: Option<Price>,
    /// A GiB that brokers send, to groups and to each other; 0 when silent.
    pub gib_out: Option<Real>,
}
