//! Rows of the tables beside `result.json`: the series, partitions, members, sizes of batches, latency over time.
//!
//! Times are in seconds, rates per second. A figure that has no value is an empty cell.
use serde::{Deserialize, Serialize};

/// When a row of the series was.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesInterval {
    /// Start of the interval.
    pub start_s: f64,
    /// End of the interval.
    pub end_s: f64,
}

/// One interval of the series, all topics and groups in it.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesRow {
    /// When it was.
    pub interval: SeriesInterval,
    /// Records due per second, over all producers of the scenario.
    pub offered_per_s: f64,
    /// Per topic, in the order of the scenario: records appended per second.
    pub appended_per_s: Vec<f64>,
    /// Share of the time of their handlers that was busy, of the first 64 brokers.
    pub broker_utilisation: Vec<f64>,
    /// Per group, in the order of the scenario.
    pub groups: Vec<GroupSeries>,
}

/// What a group did in an interval.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupSeries {
    /// Records processed per second.
    pub processed_per_s: f64,
    /// Lag at the end of the interval, in records.
    pub lag: u64,
    /// Records appended and not committed at its end.
    pub committed_lag: u64,
    /// Age of the oldest unprocessed record at its end, in seconds.
    pub lag_s: f64,
    /// Share of the workers' time that was busy.
    pub utilisation: f64,
    /// End-to-end latency of what finished in it; no value with too few samples.
    pub e2e_p50_s: Option<f64>,
    /// 90th percentile.
    pub e2e_p90_s: Option<f64>,
    /// 99th percentile.
    pub e2e_p99_s: Option<f64>,
    /// Greatest.
    pub e2e_max_s: Option<f64>,
    /// Lag of the worst partitions by greatest lag over the run (at most 8), in the order of `Outcome::worst_partitions`.
    pub worst_lag: Vec<u64>,
}

/// One row of `partitions.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionRow {
    /// Name of the topic.
    pub topic: String,
    /// Number within the topic.
    pub partition: u32,
    /// Broker that leads it.
    pub leader: u32,
    /// Records appended.
    pub appended: u64,
    /// Share of the topic's records.
    pub share: f64,
    /// Bytes appended.
    pub bytes: u64,
    /// When it came, in seconds; nothing where no topic grows.
    pub since_s: Option<f64>,
    /// Per group of the scenario, empty where the group does not read the topic.
    pub groups: Vec<Option<PartitionGroup>>,
}

/// One partition as one group sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionGroup {
    /// Records processed.
    pub processed: u64,
    /// Member that owns it at the end, counted from 0.
    pub member: u32,
    /// Greatest lag at the edges of the intervals.
    pub lag_max: u64,
    /// Lag at the end.
    pub lag_final: u64,
}

/// One row of `members.csv`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemberRow {
    /// Name of the group.
    pub group: String,
    /// Number within the group.
    pub member: u32,
    /// Partitions it owns at the end.
    pub partitions: u32,
    /// Records processed of these.
    pub processed: u64,
    /// Share of its workers' time that was busy, in the window.
    pub utilisation: f64,
}

/// One row of `timeline.csv`: what a member did in a stretch of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LaneRow {
    /// Name of the group.
    pub group: String,
    /// Number within the group.
    pub member: u32,
    /// `working`, `waiting`, `paused`, `crashed` or `left`.
    pub state: String,
    /// When it begins.
    pub from_s: f64,
    /// When it ends.
    pub to_s: f64,
}

/// One row of `batches.csv`: how many batches had so many records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchRow {
    /// Name of the topic.
    pub topic: String,
    /// Least number of records.
    pub from: u64,
    /// Greatest.
    pub to: u64,
    /// Batches of that size.
    pub batches: u64,
}

/// One row of `latency_heat.csv`: records that finished in a stretch of time with a latency in `[low_s, high_s)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeatRow {
    /// Name of the group.
    pub group: String,
    /// When the stretch begins.
    pub start_s: f64,
    /// When it ends.
    pub end_s: f64,
    /// Least latency.
    pub low_s: f64,
    /// Above the greatest.
    pub high_s: f64,
    /// How many.
    pub records: u64,
}
