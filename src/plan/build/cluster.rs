//! What the cluster costs, and the default profile that silent keys take.
//!
//! The profile is a plausible small cluster in one data centre, not a measurement: a result that used it is called
//! uncalibrated.
use super::distribution::drawn;
use super::findings::Findings;
use crate::model::random::Distribution;
use crate::plan::events::{Action, EventPlan, Who};
use crate::plan::{ClusterPlan, FailingPlan, Plan, TopicPlan};
use crate::scenario::Scenario;
use crate::scenario::schema::Cluster;
use crate::units::Span;

/// `group.initial.rebalance.delay.ms`.
const INITIAL_REBALANCE_DELAY: Span = Span::from_ms(3_000);
/// `group.consumer.assignment.interval.ms`.
const ASSIGNMENT_INTERVAL: Span = Span::from_ms(1_000);
/// One way, a message: half of the 0.5 ms that a round trip between two racks or near zones takes with both TCP stacks;
/// a little variable, as switches queue.
const NETWORK: Distribution = Distribution::Lognormal { mean: 250_000.0, cv: 0.5 };
/// 10 Gbit/s, the network card of an ordinary server.
const BANDWIDTH: f64 = 1.25e9;
/// A request handler's fixed work: parse, look up, append to the page cache, answer. Kafka brokers serve some 10 to 20
/// thousand small requests a second and thread, variable because of locks, cache misses and collections.
const REQUEST_WORK: Distribution = Distribution::Lognormal { mean: 50_000.0, cv: 1.0 };
/// Each batch is validated, gets its offsets, an index entry and its own log append: about a tenth of a request.
const PER_BATCH: Span = Span::from_ns(5_000);
/// Checksum and copy into the page cache at about 2 GB/s.
const PER_KIB: Span = Span::from_ns(500);
/// Kafka's `num.io.threads`.
const THREADS: u32 = 8;
/// A follower's parked fetch is answered, the follower appends, and its next fetch tells the leader: three trips of the
/// network above and two appends make 1 to 2 ms.
const REPLICATION: Distribution = Distribution::Lognormal { mean: 1_500_000.0, cv: 0.5 };

/// Nothing.
const FREE: Distribution = Distribution::Constant(0.0);

/// A cost: written, free where the cluster is ideal, or the profile's.
struct Costs {
    ideal: bool,
    uncalibrated: bool,
}

impl Costs {
    fn of<T>(&mut self, written: Option<T>, free: T, profile: T) -> T {
        match written {
            Some(cost) => cost,
            None if self.ideal => free,
            None => {
                self.uncalibrated = true;
                profile
            }
        }
    }
}

/// Brokers and what they cost.
pub fn cluster(scenario: &Scenario, topics: &[TopicPlan], found: &mut Findings<'_>) -> ClusterPlan {
    let silent = Cluster::default();
    let keys = scenario.document.cluster.as_ref().unwrap_or(&silent);
    let brokers = keys.brokers.as_ref().map_or(1, |count| count.0) as u32;
    for topic in topics.iter().filter(|topic| topic.replicas > brokers) {
        let message = format!("{} copies need as many brokers, there are {brokers}", topic.replicas);
        let remedy = format!("set `cluster.brokers: {}`, or keep fewer copies", topic.replicas);
        found.error(&format!("topics.{}.replicas", topic.name), message, remedy);
    }
    let copied = topics.iter().any(|topic| topic.replicas > 1);
    costs(keys, brokers, copied, found)
}

fn costs(keys: &Cluster, brokers: u32, copied: bool, found: &mut Findings<'_>) -> ClusterPlan {
    let ideal = keys.ideal.as_ref().is_some_and(|flag| flag.0);
    let mut costs = Costs { ideal, uncalibrated: false };
    let (network, request) = (keys.network.as_ref(), keys.request.as_ref());
    let delay = network.and_then(|n| n.delay.as_ref()).map(|d| drawn(d, "cluster.network.delay", found));
    let work = request.and_then(|r| r.work.as_ref()).map(|d| drawn(d, "cluster.request.work", found));
    let copy = keys.replication.as_ref().and_then(|r| r.delay.as_ref());
    let copy = copy.map(|d| drawn(d, "cluster.replication.delay", found));
    let bandwidth = network.and_then(|n| n.bandwidth.as_ref()).map(|rate| rate.0);
    let per_batch = request.and_then(|r| r.per_batch.as_ref()).map(|d| d.0);
    let per_kib = request.and_then(|r| r.per_kib.as_ref()).map(|d| d.0);
    let threads = request.and_then(|r| r.threads.as_ref()).map(|count| count.0 as u32);
    ClusterPlan {
        brokers,
        network: costs.of(delay, FREE, NETWORK),
        bandwidth: costs.of(bandwidth, f64::INFINITY, BANDWIDTH),
        request_work: costs.of(work, FREE, REQUEST_WORK),
        work_per_batch: costs.of(per_batch, Span::ZERO, PER_BATCH),
        work_per_kib: costs.of(per_kib, Span::ZERO, PER_KIB),
        threads: costs.of(threads, 1, THREADS),
        // The page cache takes what is appended at once, and its copying is in `per_kib`: no profile needs to say more.
        disk: keys.disk.as_ref().and_then(|disk| disk.bandwidth.as_ref()).map_or(f64::INFINITY, |rate| rate.0),
        replication: if copied { costs.of(copy, FREE, REPLICATION) } else { copy.unwrap_or(FREE) },
        failing: None,
        // A delay of the protocol is a setting and no cost: it makes nothing uncalibrated.
        initial_rebalance_delay: match &keys.initial_rebalance_delay {
            Some(delay) => delay.0,
            None if ideal => Span::ZERO,
            None => INITIAL_REBALANCE_DELAY,
        },
        assignment_interval: match &keys.assignment_interval {
            Some(interval) => interval.0,
            None if ideal => Span::ZERO,
            None => ASSIGNMENT_INTERVAL,
        },
        quota_window: None,
        uncalibrated: costs.uncalibrated,
    }
}

/// `replica.lag.time.max.ms`.
const LAG_MAX: Span = Span::from_ms(30_000);
/// `replica.fetch.wait.max.ms`.
const FETCH_WAIT: Span = Span::from_ms(500);
/// `broker.heartbeat.interval.ms`.
const ALIVE: Span = Span::from_ms(2_000);
/// `broker.session.timeout.ms`.
const SESSION: Span = Span::from_ms(9_000);
/// Brokers times partitions at most, where brokers can fail: each pair has a log.
const MOST_LOGS: u64 = 2_000_000;

/// Decides whether brokers can fail: an event is theirs, or the scenario asks for Kafka's rules of replication.
pub fn failing(scenario: &Scenario, plan: &mut Plan, found: &mut Findings<'_>) {
    let silent = crate::scenario::schema::Replication::default();
    let keys = scenario.document.cluster.as_ref().and_then(|cluster| cluster.replication.as_ref()).unwrap_or(&silent);
    let written = [&keys.lag_max, &keys.fetch_wait, &keys.heartbeat, &keys.session_timeout];
    let asked = written.iter().any(|key| key.is_some()) || plan.topics.iter().any(|topic| topic.min_in_sync > 1);
    if !asked && !plan.events.iter().any(befalls_brokers) {
        return;
    }
    let or = |key: &Option<crate::scenario::values::Duration>, silent| key.as_ref().map_or(silent, |d| d.0);
    let failing = FailingPlan {
        lag_max: or(&keys.lag_max, LAG_MAX),
        fetch_wait: or(&keys.fetch_wait, FETCH_WAIT),
        heartbeat: or(&keys.heartbeat, ALIVE),
        session: or(&keys.session_timeout, SESSION),
    };
    let path = "cluster.replication";
    if failing.heartbeat >= failing.session {
        let message = "brokers say that they are there less often than they are taken for gone";
        found.error(&format!("{path}.heartbeat"), message, "make it shorter than `session_timeout`");
    }
    if keys.delay.is_some() {
        let message = "is not drawn where brokers can fail: it follows from how followers fetch";
        found.warn(&format!("{path}.delay"), message, "remove it, and say what the network takes");
    }
    for topic in plan.topics.iter().filter(|topic| topic.retention.is_some()) {
        let message = "nothing is deleted in simulations in which brokers can fail";
        let remedy = "remove it, or what befalls brokers, `min_insync` and the rules of `cluster.replication`";
        found.error(&format!("topics.{}.retention", topic.name), message, remedy);
    }
    let logs = u64::from(plan.partitions()) * u64::from(plan.cluster.brokers);
    if logs > MOST_LOGS {
        let message = format!("{logs} logs, one for each partition and broker");
        found.error("cluster.brokers", message, format!("where brokers can fail {MOST_LOGS} are simulated at most"));
    }
    plan.cluster.failing = Some(failing);
}

/// Whether a broker may be gone, or unheard, after it.
fn befalls_brokers(event: &EventPlan) -> bool {
    let is_theirs = |who: &Who| matches!(who, Who::Brokers | Who::Broker(_));
    match &event.action {
        Action::Crash(who, _) | Action::Restart(who, _) | Action::Pause(who, _) => is_theirs(who),
        // Between brokers: what goes between them and clients needs no other rules.
        Action::Network(between, ..) => between.iter().all(is_theirs),
        _ => false,
    }
}
