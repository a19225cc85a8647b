//! Consumer groups: who reads what, how fast, and what becomes of it. Silent keys are Kafka 4.4's.
//!
//! Names were checked when the scenario was read; here is what holds of several keys together, and how much
//! state there may be.
use super::events::growth;
use super::findings::{self, Findings};
use super::{client, job, properties};
use crate::model::random::Distribution;
use crate::plan::{AssignorPlan, Backoff, Commit, GroupPlan, Plan, Reset, Retry, ServerAssignor, Work};
use crate::scenario::Scenario;
use crate::scenario::schema::{self, Assignor, DeadLetter, Fetch, Group, OffsetReset, Protocol, Start};
use crate::units::{Span, Time, show};

/// Members times workers over all groups at most: each has state.
const MOST_WORKERS: u64 = 1_000_000;
/// `max.poll.records`.
const POLL_RECORDS: u64 = 500;
/// `fetch.min.bytes`.
const FETCH_MIN: u64 = 1;
/// `fetch.max.wait.ms`.
const FETCH_WAIT: Span = Span::from_ms(500);
/// `fetch.max.bytes`.
const FETCH_MAX: u64 = 52_428_800;
/// `max.partition.fetch.bytes`.
const PARTITION_MAX: u64 = 1 << 20;
/// `auto.commit.interval.ms`.
const AUTO_COMMIT: Span = Span::from_ms(5_000);
/// `heartbeat.interval.ms`.
const HEARTBEAT: Span = Span::from_ms(3_000);
/// `group.consumer.heartbeat.interval.ms`.
const CONSUMER_HEARTBEAT: Span = Span::from_ms(5_000);

/// `session.timeout.ms`.
const SESSION: Span = Span::from_ms(45_000);

/// `max.poll.interval.ms`.
const MAX_POLL_INTERVAL: Span = Span::from_ms(300_000);

/// All groups, in the order of the file.
pub fn groups(scenario: &Scenario, topics: &[String], found: &mut Findings<'_>) -> Vec<GroupPlan> {
    let groups = scenario.document.groups.iter().flat_map(|named| &named.0);
    let grows: Vec<bool> = topics.iter().map(|topic| growth::grows(scenario, topic)).collect();
    let plans: Vec<GroupPlan> = groups.map(|(name, settings)| group(name, settings, (topics, &grows), found)).collect();
    let of = |plan: &GroupPlan| u64::from(plan.most_members) * u64::from(plan.workers);
    if let Some(largest) = plans.iter().max_by_key(|plan| of(plan))
        && plans.iter().map(of).sum::<u64>() > MOST_WORKERS
    {
        let message = format!("{} members with {} workers each", largest.members, largest.workers);
        let path = format!("groups.{}.members", largest.name);
        found.error(&path, message, format!("{MOST_WORKERS} workers in all are simulated at most"));
    }
    plans
}

fn group(name: &str, written: &Group, (topics, grows): (&[String], &[bool]), found: &mut Findings<'_>) -> GroupPlan {
    let path = format!("groups.{name}");
    let settings = &properties::group(written, &path, found);
    let silent = Fetch::default();
    let fetch = settings.fetch.as_ref().unwrap_or(&silent);
    let max_bytes = fetch.max_bytes.as_ref().map_or(FETCH_MAX, |size| size.0);
    let min_bytes = fetch.min_bytes.as_ref().map_or(FETCH_MIN, |size| size.0);
    if min_bytes > max_bytes {
        let remedy = "make it smaller, or `max_bytes` larger";
        found.error(&format!("{path}.fetch.min_bytes"), "is greater than `max_bytes`", remedy);
    }
    let (heartbeat, session_timeout) = session(settings, &path, found);
    let reads = topics_of(settings, topics, &path, found);
    let poll = settings.poll.as_ref().and_then(|poll| poll.max_records.as_ref());
    let max_interval = settings.poll.as_ref().and_then(|poll| poll.max_interval.as_ref());
    let cold = settings.start == Some(Start::Cold);
    let may_reset = cold || reads.iter().any(|&topic| grows[topic]);
    let reset = reset(settings, may_reset, &path, found);
    let fixed = settings.fixed.as_ref().is_some_and(|flag| flag.0);
    let (job, model) = job::job(settings.work.as_ref(), &path, found);
    GroupPlan {
        name: name.to_owned(),
        output: output(settings, &reads, topics, &path, found),
        topics: reads,
        members: settings.members.0 as u32,
        most_members: settings.members.0 as u32,
        workers: settings.workers.as_ref().map_or(1, |count| count.0) as u32,
        assignor: match settings.assignor {
            None | Some(Assignor::Range | Assignor::Uniform) => AssignorPlan::Range,
            Some(Assignor::RoundRobin) => AssignorPlan::RoundRobin,
            Some(Assignor::Sticky) => AssignorPlan::Sticky,
            Some(Assignor::CooperativeSticky) => AssignorPlan::CooperativeSticky,
        },
        remote_assignor: remote_assignor(settings, &path, found),
        starts: settings.starts.as_ref().map_or(Time::ZERO, |at| Time::ZERO + at.0),
        modelled: model.is_some(),
        work: model.unwrap_or(Work::Each(Distribution::Constant(0.0))),
        store: job::store(&job, settings.output.as_ref(), &path, found),
        job,
        poll_records: poll.map_or(POLL_RECORDS, |count| count.0) as u32,
        fetch_min_bytes: min_bytes,
        fetch_max_wait: fetch.max_wait.as_ref().map_or(FETCH_WAIT, |d| d.0),
        fetch_max_bytes: max_bytes,
        fetch_max_partition_bytes: fetch.max_partition_bytes.as_ref().map_or(PARTITION_MAX, |size| size.0),
        quota: f64::INFINITY,
        retry: retry(settings),
        commit: match &settings.commit {
            None => Commit::Auto(AUTO_COMMIT),
            Some(schema::Commit::Auto(interval)) => Commit::Auto(interval.0),
            Some(schema::Commit::After(schema::AfterWhat::Poll)) => Commit::AfterPoll,
            Some(schema::Commit::Before(schema::BeforeWhat::Work)) => Commit::BeforeWork,
            Some(schema::Commit::Every(count)) => Commit::Every(count.0 as u32),
        },
        heartbeat,
        session_timeout,
        max_poll_interval: max_interval.map_or(MAX_POLL_INTERVAL, |interval| interval.0),
        cold,
        reset,
        fixed,
        metadata_age: settings.metadata_max_age.as_ref().map_or(client::METADATA_AGE, |age| age.0),
        // Whatever else changes it is known when all events are.
        changes: cold || max_interval.is_some() || settings.protocol == Some(Protocol::Consumer),
    }
}

/// Where the group begins what nobody has committed, if there is anything of the kind.
fn reset(settings: &Group, may_reset: bool, path: &str, found: &mut Findings<'_>) -> Reset {
    if settings.offset_reset.is_some() && !may_reset {
        let message = "means nothing for a stable group, which has every offset committed";
        let remedy = "add `start: cold`, let a topic it reads grow, or remove it";
        found.error(&format!("{path}.offset_reset"), message, remedy);
    }
    match settings.offset_reset {
        None | Some(OffsetReset::Latest) => Reset::Latest,
        Some(OffsetReset::Earliest) => Reset::Earliest,
    }
}

/// Which groups run their protocol, once it is known what happens: only there can anything be read twice.
pub fn changing(plan: &mut Plan) {
    for group in &mut plan.groups {
        group.changes |= plan.redelivers;
    }
    plan.redelivers |= plan.groups.iter().any(|group| group.changes);
}

/// Who deals at the coordinator, where that deals.
fn remote_assignor(settings: &Group, path: &str, found: &mut Findings<'_>) -> Option<ServerAssignor> {
    let path = format!("{path}.assignor");
    match (settings.protocol, settings.assignor) {
        (Some(Protocol::Consumer), None | Some(Assignor::Uniform)) => Some(ServerAssignor::Uniform),
        (Some(Protocol::Consumer), Some(Assignor::Range)) => Some(ServerAssignor::Range),
        (Some(Protocol::Consumer), Some(_)) => {
            let message = "is one of the classic protocol; in the consumer protocol the coordinator deals";
            found.error(&path, message, "write `uniform` or `range`, or remove it");
            None
        }
        (None | Some(Protocol::Classic), Some(Assignor::Uniform)) => {
            let message = "is the coordinator's, and that deals only in the consumer protocol";
            found.error(&path, message, "add `protocol: consumer`, or write `cooperative-sticky`");
            None
        }
        (None | Some(Protocol::Classic), _) => None,
    }
}

/// Time between two signs of life, and without one.
fn session(settings: &Group, path: &str, found: &mut Findings<'_>) -> (Span, Span) {
    let silent = if settings.protocol == Some(Protocol::Consumer) { CONSUMER_HEARTBEAT } else { HEARTBEAT };
    let heartbeat = settings.heartbeat.as_ref().map_or(silent, |d| d.0);
    let Some(session) = &settings.session_timeout else { return (heartbeat, SESSION) };
    if heartbeat >= session.0 {
        let shown = show::duration(heartbeat.seconds());
        let message = format!("is no longer than the {shown} between two heartbeats, which would all come too late");
        found.error(&format!("{path}.session_timeout"), message, "make it three times `heartbeat`, or that shorter");
    }
    (heartbeat, session.0)
}

/// Attempts at a record where nothing is said: Spring for Apache Kafka's `DefaultErrorHandler`, a first try and nine more.
const ATTEMPTS: u64 = 10;

fn retry(settings: &Group) -> Retry {
    let silent = schema::Retry::default();
    let written = settings.retry.as_ref().unwrap_or(&silent);
    let initial = written.backoff.as_ref().map_or(Span::ZERO, |d| d.0);
    let max = written.backoff_max.as_ref().map_or(Span::FOREVER, |d| d.0).max(initial);
    Retry {
        attempts: written.attempts.as_ref().map_or(Some(ATTEMPTS), |attempts| attempts.0),
        backoff: Backoff { initial, max, multiplier: 2.0, jitter: 0.0 },
        dead_letters: settings.dead_letter.is_some(),
    }
}

/// A client that writes what was given up.
fn dead_letters(
    settings: &Group,
    written: &DeadLetter,
    reads: &[usize],
    topics: &[String],
    path: &str,
    found: &mut Findings<'_>,
) -> Option<crate::plan::ClientPlan> {
    let path = format!("{path}.dead_letter");
    if settings.output.as_ref().is_some_and(|output| output.topic.is_some()) {
        let remedy = "let a group of its own read the dead letters' topic, or leave one out";
        found.error(&path, "a group writes to one topic, and this one has an `output` already", remedy);
        return None;
    }
    let topic = findings::topic(&written.topic.0, topics);
    if reads.contains(&topic) {
        let message = format!("`{}` is also read by this group: what it gives up would come back", topics[topic]);
        found.error(&format!("{path}.topic"), message, "write to another topic");
    }
    let silent = schema::Output::default();
    Some(client::client(&client::Keys::from(&silent), topic, &path, found))
}

fn topics_of(settings: &Group, topics: &[String], path: &str, found: &mut Findings<'_>) -> Vec<usize> {
    let mut reads = Vec::new();
    for (i, topic) in settings.topics.iter().enumerate() {
        let path = format!("{path}.topics.{i}");
        let index = findings::topic(&topic.0, topics);
        if reads.contains(&index) {
            found.error(&path, format!("`{}` stands here twice", topic.0), "keep one of them");
        } else {
            reads.push(index);
        }
    }
    reads
}

fn output(
    settings: &Group,
    reads: &[usize],
    topics: &[String],
    path: &str,
    found: &mut Findings<'_>,
) -> Option<crate::plan::ClientPlan> {
    if let Some(dead_letter) = &settings.dead_letter {
        return dead_letters(settings, dead_letter, reads, topics, path, found);
    }
    let written = settings.output.as_ref()?;
    let path = format!("{path}.output");
    let Some(topic) = &written.topic else {
        job::no_client(written, &path, found);
        return None;
    };
    let topic = findings::topic(&topic.0, topics);
    if reads.contains(&topic) {
        let message = format!("`{}` is also read by this group: every record would come back for ever", topics[topic]);
        found.error(&format!("{path}.topic"), message, "write to another topic");
    }
    Some(client::client(&client::Keys::from(written), topic, &path, found))
}
