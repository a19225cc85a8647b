//! Topics: how many partitions there are, and what they keep.
//!
//! Without a word about it everything is kept until it is read; how often is looked what to delete follows from its time.
use super::events::growth;
use super::findings::Findings;
use crate::plan::{Retention, TopicPlan};
use crate::scenario::Scenario;
use crate::scenario::schema::Topic;
use crate::units::Span;

/// Partitions over all topics at most.
const MOST_PARTITIONS: u64 = 100_000;
/// `log.retention.check.interval.ms`.
const CHECK: Span = Span::from_ms(300_000);
/// Checks when nothing tells how long records live.
const CHECK_SIZE: Span = Span::from_ms(1_000);
/// The shortest interval of checks.
const CHECK_LEAST: Span = Span::from_ms(1);

/// All topics, in the order of the file.
pub fn topics(scenario: &Scenario, found: &mut Findings<'_>) -> Vec<TopicPlan> {
    let mut first = 0;
    let mut plans = Vec::new();
    for (name, topic) in &scenario.document.topics.0 {
        let replicas = topic.replicas.as_ref().map_or(1, |count| count.0) as u32;
        let most = growth::most(scenario, name, topic.partitions.0);
        plans.push(TopicPlan {
            name: name.clone(),
            first: first as u32,
            partitions: most as u32,
            at_first: topic.partitions.0 as u32,
            replicas,
            min_in_sync: min_in_sync(topic, replicas, &format!("topics.{name}.min_insync"), found),
            retention: retention(topic, &format!("topics.{name}.retention"), found),
        });
        first += most;
    }
    if first > MOST_PARTITIONS {
        found.error("topics", format!("{first} partitions in all"), format!("{MOST_PARTITIONS} at most are simulated"));
    }
    plans
}

fn min_in_sync(topic: &Topic, replicas: u32, path: &str, found: &mut Findings<'_>) -> u32 {
    let written = topic.min_insync.as_ref().map_or(1, |count| count.0) as u32;
    if written > replicas {
        let message = format!("{written} copies in sync are never there: the topic has {replicas}");
        found.error(path, message, format!("set `replicas: {written}`, or ask for fewer"));
    }
    written
}

fn retention(topic: &Topic, path: &str, found: &mut Findings<'_>) -> Option<Retention> {
    let keys = topic.retention.as_ref()?;
    if keys.time.is_none() && keys.size.is_none() {
        found.error(path, "keeps everything", "add `time: 1h` or `size: 1 GiB`, or remove it");
        return None;
    }
    let time = keys.time.as_ref().map(|d| d.0);
    let usual = time.map_or(CHECK_SIZE, |time| Span::from_ns(time.ns() / 100));
    Some(Retention {
        time,
        size: keys.size.as_ref().map(|size| size.0),
        segment: keys.segment.as_ref().map_or(1, |size| size.0),
        check: keys.check.as_ref().map_or(usual.clamp(CHECK_LEAST, CHECK), |d| d.0),
    })
}
