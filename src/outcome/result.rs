//! The result of a run, as it is saved and read again: `result.json`, the series, the partitions, the histograms.
//!
//! Times are in seconds, sizes in bytes, rates per second. A figure that has no value is `null`.
mod tables;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use tables::{
    BatchRow, GroupSeries, HeatRow, LaneRow, MemberRow, PartitionGroup, PartitionRow, SeriesInterval, SeriesRow,
};

/// Everything a run leaves but its pictures; a report can be drawn from it alone.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// `result.json`.
    pub result: RunResult,
    /// `series.csv`: in time order, at most 2,000 rows. With repetitions, of the first one.
    pub series: Vec<SeriesRow>,
    /// Per group, in the order of the scenario: the partitions of `GroupSeries::worst_lag`, such as `events-3`, worst first.
    pub worst_partitions: Vec<Vec<String>>,
    /// `partitions.csv`: by topic and number. With repetitions, of the first one.
    pub partitions: Vec<PartitionRow>,
    /// `members.csv`: by group and number. With repetitions, of the first one.
    pub members: Vec<MemberRow>,
    /// `timeline.csv`: by group, member and time, where members can come and go. With repetitions, of the first one.
    pub lanes: Vec<LaneRow>,
    /// `batches.csv`: by topic and size. With repetitions, of the first one.
    pub batches: Vec<BatchRow>,
    /// `latency_heat.csv`: by group, time and latency; what is empty is left out. With repetitions, of the first one.
    pub heat: Vec<HeatRow>,
    /// `histograms/NAME.hlog`: full distributions in nanoseconds over all repetitions, by name such as `groups.workers.e2e_s`.
    pub histograms: BTreeMap<String, hdrhistogram::Histogram<u64>>,
}

impl Outcome {
    /// Share of its time that the busiest member of a group works.
    #[must_use]
    pub fn busiest(&self, group: &str) -> f64 {
        self.members.iter().filter(|row| row.group == group).map(|row| row.utilisation).fold(0.0, f64::max)
    }
}

/// `result.json`. Maps are ordered as in the scenario.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunResult {
    /// Version of this format: "1".
    pub conga: String,
    /// Which scenario.
    pub scenario: ScenarioRef,
    /// `sim` or `live`.
    pub engine: String,
    /// First seed.
    pub seed: u64,
    /// Length of `[warmup, duration)`.
    pub window_s: f64,
    /// Where that window begins.
    pub warmup_s: f64,
    /// Where it ends: the end of arrivals, or of a run that ended earlier.
    pub duration_s: f64,
    /// Interrupted before its end.
    pub partial: bool,
    /// All thresholds held, all laws held, and the run is valid.
    pub passed: bool,
    /// Whether the instrument worked.
    pub validity: Validity,
    /// What to keep in mind when reading this.
    pub warnings: Vec<String>,
    /// Laws that were broken: bugs of conga. Empty in every good run.
    pub broken_laws: Vec<String>,
    /// How often it ran.
    pub repetitions: Repetitions,
    /// In the order of the scenario.
    pub thresholds: Vec<ThresholdResult>,
    /// What was done to the system during the run.
    pub events: Vec<EventResult>,
    /// By name.
    #[serde(with = "ordered")]
    pub producers: Ordered<ProducerResult>,
    /// By name.
    #[serde(with = "ordered")]
    pub topics: Ordered<TopicResult>,
    /// By number, `"0"` and so on.
    #[serde(with = "ordered")]
    pub brokers: Ordered<BrokerResult>,
    /// By name.
    #[serde(with = "ordered")]
    pub groups: Ordered<GroupResult>,
    /// 95 % intervals by path such as `groups.workers.rate_per_s`: with repetitions, of the plain figures; of a single run
    /// with a steady load, of some figures by batch means.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "ordered")]
    pub intervals: Ordered<Interval>,
}

/// A map that keeps its order, saved as a JSON object.
pub type Ordered<T> = Vec<(String, T)>;

/// Which scenario a result is of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ScenarioRef {
    /// Its name.
    pub name: String,
    /// Digest of the scenario as resolved, with its inputs.
    pub sha256: String,
}

/// Whether the instrument worked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Validity {
    /// `valid` or `invalid`.
    pub verdict: String,
    /// Why it is invalid.
    pub reasons: Vec<String>,
}

/// How often a scenario ran.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Repetitions {
    /// Number of runs.
    pub count: u32,
    /// Seed of each.
    pub seeds: Vec<u64>,
}

/// One threshold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ThresholdResult {
    /// As written in the scenario.
    pub expression: String,
    /// The figure, `null` when it has no value.
    pub value: Option<f64>,
    /// Whether it holds; a figure without a value never does.
    pub passed: bool,
}

/// Something done to the system during the run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EventResult {
    /// When.
    pub at_s: f64,
    /// What.
    pub what: String,
    /// To whom.
    pub target: String,
    /// How long after it the lag of all groups was back where it had been, if it was.
    #[serde(default)]
    pub time_to_drain_s: Option<f64>,
}

/// A figure: one value, or with repetitions a mean with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Figure {
    /// One run.
    Plain(Option<f64>),
    /// Several runs.
    Interval(Interval),
}

/// A mean with its 95 % interval over repetitions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Mean over the repetitions.
    pub value: Option<f64>,
    /// Lower end.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

impl Figure {
    /// The value, whatever its interval.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        match self {
            Self::Plain(value) => value,
            Self::Interval(interval) => interval.value,
        }
    }
}

/// A latency: times in seconds. A percentile with fewer than ten samples beyond it has no value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Latency {
    /// Samples.
    pub count: Figure,
    /// Mean.
    pub mean: Figure,
    /// Standard deviation.
    pub stddev: Figure,
    /// Least.
    pub min: Figure,
    /// Median.
    pub p50: Figure,
    /// 90th percentile.
    pub p90: Figure,
    /// 95th percentile.
    pub p95: Figure,
    /// 99th percentile.
    pub p99: Figure,
    /// 99.9th percentile.
    pub p99_9: Figure,
    /// 99.99th percentile.
    pub p99_99: Figure,
    /// Greatest.
    pub max: Figure,
}

/// One producer, all its instances together. Counters cover the whole run; with repetitions they are means.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProducerResult {
    /// Records due.
    pub offered: f64,
    /// Records never accepted into the buffer.
    pub unsent: f64,
    /// Records accepted into the buffer, each once.
    pub sent: f64,
    /// Of those, acknowledged.
    pub acked: f64,
    /// Of those, given up.
    pub failed: f64,
    /// Sent again, each as often as it was.
    #[serde(default)]
    pub retried: f64,
    /// Appended again, because brokers did not recognise what was sent again.
    #[serde(default)]
    pub duplicates: f64,
    /// Written once more, because the member that wrote it first was gone before it committed what it had made it of; only
    /// where that can happen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewritten: Option<f64>,
    /// Appended after later ones of the same instance in the same partition.
    #[serde(default)]
    pub out_of_order: f64,
    /// Of those, still open at the end.
    pub in_flight: f64,
    /// Acknowledged per second in the window.
    pub rate_per_s: f64,
    /// Requests in flight over those its in-flight windows allow, averaged over the window.
    pub in_flight_share: f64,
    /// Bytes of the sent batches before compression.
    pub bytes: f64,
    /// Time the rate limit held records back, summed over instances.
    pub limited_s: f64,
    /// Time the full buffer held records back, summed over instances.
    pub blocked_s: f64,
    /// Time a quota kept it from writing, summed over instances and brokers.
    #[serde(default)]
    pub throttled_s: f64,
    /// Bytes per second over the whole run: the byte rate limit that would just let it pass.
    pub rate_limit_bytes_per_s: f64,
    /// From the intended time to the acknowledgement.
    pub publish_s: Latency,
    /// From the actual send to the acknowledgement.
    pub service_s: Latency,
    /// How late the generator itself was; nothing in virtual time.
    pub lateness_s: Latency,
}

/// One topic.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TopicResult {
    /// How many it has.
    pub partitions: u32,
    /// Records appended.
    pub appended: f64,
    /// Bytes appended, before compression.
    pub bytes: f64,
    /// Bytes stored by the leaders, after compression.
    pub stored_bytes: f64,
    /// Stored over original: 0.2 is good.
    pub compression_ratio: Option<f64>,
    /// Bytes over partitions.
    pub partition_share_bytes: f64,
    /// Share of the records in the fullest partition.
    pub hottest_share: Option<f64>,
    /// Records over batches.
    pub batch_records_mean: Option<f64>,
    /// Produce requests that carried it.
    pub requests: f64,
}

/// One broker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BrokerResult {
    /// Share of its request handlers' time that was busy, in the window.
    pub utilisation: f64,
    /// Share of its network card's bandwidth that was used, in the busier direction, in the window; no value without a
    /// limit.
    pub network_utilisation: Option<f64>,
    /// Requests waiting for a handler, averaged over the window.
    pub queue_mean: f64,
    /// Requests served.
    pub requests: f64,
    /// Received, replication included.
    pub network_in_bytes: f64,
    /// Sent, replication included.
    pub network_out_bytes: f64,
    /// Written, replicas included.
    pub disk_bytes: f64,
    /// Share of the time its disk was busy, in the window; nothing where writing is free.
    #[serde(default)]
    pub disk_utilisation: f64,
    /// Partitions it leads.
    pub leaders: u32,
}

/// One consumer group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupResult {
    /// Records handed to members by poll.
    pub delivered: f64,
    /// Distinct records processed.
    pub processed: f64,
    /// Records processed again.
    pub duplicates: f64,
    /// Records that no member will ever process.
    pub lost: f64,
    /// Why.
    pub lost_by: LostBy,
    /// Records given up after failures.
    pub dead_lettered: f64,
    /// Records finished after a later one of the same key.
    pub out_of_order: f64,
    /// Appended and not processed at the end.
    pub backlog: f64,
    /// Records intended in the window whose latency is unknown at the end.
    pub censored: f64,
    /// Processed per second in the window.
    pub rate_per_s: f64,
    /// Members at the end.
    pub members: u32,
    /// Share of the workers' time that was busy, in the window.
    pub utilisation: f64,
    /// Members times window.
    pub member_seconds: f64,
    /// Processing attempts.
    pub attempts: f64,
    /// Fetches answered.
    pub fetches: f64,
    /// Time a quota kept it from reading, summed over members and brokers.
    #[serde(default)]
    pub throttled_s: f64,
    /// Records appended and not processed.
    pub lag: Level,
    /// Records appended and not committed.
    pub committed_lag: Level,
    /// Age of the oldest unprocessed record since its intended time.
    pub lag_s: Level,
    /// From the end of arrivals until nothing was left; no value if that was not seen.
    pub time_to_drain_s: Option<f64>,
    /// From the intended time to the start of processing.
    pub wait_s: Latency,
    /// Processing.
    pub work_s: Latency,
    /// From the intended time to the end of processing.
    pub e2e_s: Latency,
    /// From the actual send to the end of processing.
    pub e2e_raw_s: Latency,
    /// From the first intended time along a pipeline to the end of processing.
    pub journey_s: Latency,
    /// Where the time goes, in the order in which a record passes.
    pub stages: Vec<StageResult>,
    /// Each rebalance.
    pub rebalances: Vec<RebalanceResult>,
}

/// One stage of a record's way, from the end of warm-up to the end of the run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StageResult {
    /// `accept`, `batch`, `request`, `replicate`, `fetch`, `poll`, `queue` or `work`.
    pub stage: String,
    /// Mean time of a record in it: what it held over time, over the records that were processed.
    pub mean_s: Option<f64>,
    /// Records in it, averaged over time.
    pub records_mean: Option<f64>,
}

/// Why records were lost.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct LostBy {
    /// A group without a valid offset jumped.
    pub reset: f64,
    /// Deleted before they were read.
    pub retention: f64,
    /// Cut off by an unclean election.
    pub truncation: f64,
    /// Committed before they were processed.
    pub committed_unprocessed: f64,
}

/// A level over time.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Level {
    /// Average over the window.
    pub mean: Option<f64>,
    /// Greatest at the edges of the series' intervals.
    pub max: Option<f64>,
    /// At the end of the run.
    pub r#final: Option<f64>,
}

/// One rebalance of a group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RebalanceResult {
    /// When it began.
    pub at_s: f64,
    /// Why.
    pub reason: String,
    /// Generation it led to.
    pub generation: u32,
    /// How long it took.
    pub duration_s: f64,
    /// Partitions that changed hands.
    pub partitions_moved: u32,
    /// Partitions times the time they stood still.
    pub stopped_partition_s: f64,
    /// Records that waited for them: those that came while their partition stood still, and those that had come and were
    /// not processed by then. Nothing in results of versions that did not count them.
    #[serde(default)]
    pub delayed_records: u64,
}

mod ordered {
    //! Saves a list of pairs as a JSON object in its order.
    use serde::de::{MapAccess, Visitor};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::fmt;
    use std::marker::PhantomData;

    pub fn serialize<S: Serializer, T: Serialize>(pairs: &[(String, T)], to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(pairs.iter().map(|(key, value)| (key, value)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<(String, T)>, D::Error> {
        struct Pairs<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
            type Value = Vec<(String, T)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        from.deserialize_map(Pairs(PhantomData))
    }
}
