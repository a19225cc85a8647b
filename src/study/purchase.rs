//! Network and disk that an answer needs: what its brokers' cards carry and what their disks keep.
//!
//! Bytes a second are those of a run of the answer, with batches as they really become, compression, replication and
//! the fetches of all groups. They are means: who plans for a load that varies has to plan for its peak.
use crate::outcome::result::{BrokerResult, Outcome};
use crate::plan::Plan;

/// Where a topic keeps its records for ever, what a day adds.
pub const DAY_S: f64 = 86_400.0;

/// What to buy.
#[derive(Clone, Debug, PartialEq)]
pub struct Purchase {
    /// How many brokers there are.
    pub brokers: u32,
    /// Bytes a second into the card of the busiest one, replication included.
    pub in_per_s: f64,
    /// Out of the card of the one that sends the most, replication and the fetches of all groups included.
    pub out_per_s: f64,
    /// What each topic keeps.
    pub kept: Vec<Kept>,
}

/// What a topic keeps, on all brokers together.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The topic.
    pub topic: String,
    /// Bytes a second that its leaders store.
    pub stored_per_s: f64,
    /// Copies of each record.
    pub replicas: u32,
    /// What says how much is kept.
    pub by: By,
    /// Bytes on all disks, copies included.
    pub bytes: f64,
    /// Bytes on the disk of one broker, if partitions and copies are spread evenly.
    pub a_broker: f64,
}

/// What says how much is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum By {
    /// Retention, after so many seconds.
    Time(f64),
    /// Retention, at so many bytes a partition.
    Size(u64),
    /// Nothing: this is what a day adds.
    Nothing,
}

/// What the brokers of a run need.
#[must_use]
pub fn purchase(plan: &Plan, outcome: &Outcome) -> Purchase {
    let result = &outcome.result;
    let length = result.duration_s.max(1e-9);
    let most =
        |of: fn(&BrokerResult) -> f64| result.brokers.iter().map(|(_, one)| of(one)).fold(0.0, f64::max) / length;
    let kept = plan.topics.iter().zip(&result.topics).map(|(topic, (name, figures))| {
        let stored_per_s = figures.stored_bytes / length;
        let retention = topic.retention.as_ref();
        let time = retention.and_then(|retention| retention.time).map(crate::units::Span::seconds);
        let size = retention.and_then(|retention| retention.size);
        let by_time = time.map_or(f64::INFINITY, |time| stored_per_s * time);
        let by_size = size.map_or(f64::INFINITY, |size| size as f64 * f64::from(topic.partitions));
        let (by, leaders) = match (time, size) {
            (_, Some(size)) if by_size < by_time => (By::Size(size), by_size),
            (Some(time), _) => (By::Time(time), by_time),
            _ => (By::Nothing, stored_per_s * DAY_S),
        };
        let copies = f64::from(topic.partitions) * f64::from(topic.replicas);
        let fullest = (copies / f64::from(plan.cluster.brokers)).ceil() / copies;
        let bytes = leaders * f64::from(topic.replicas);
        let (topic, replicas) = (name.clone(), topic.replicas);
        Kept { topic, stored_per_s, replicas, by, bytes, a_broker: bytes * fullest }
    });
    Purchase {
        brokers: plan.cluster.brokers,
        in_per_s: most(|one| one.network_in_bytes),
        out_per_s: most(|one| one.network_out_bytes),
        kept: kept.collect(),
    }
}
