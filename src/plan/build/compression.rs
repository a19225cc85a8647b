//! What batches are compressed with: each codec is measured on the scenario's own messages, once, when the plan is made.
//!
//! So a plan depends on the scenario and its seed alone, and the simulator compresses nothing. What compressing costs is
//! written or the profile's, never measured here: the clock of this machine must not show in a result.
use super::findings::Findings;
use crate::model::compression::Curve;
use crate::payload::{Codec, curve};
use crate::plan::contents::Contents;
use crate::plan::{ClientPlan, CompressionPlan, GroupPlan, Plan, ProducerPlan};
use crate::scenario::Scenario;
use crate::scenario::schema;
use crate::scenario::values::Duration;
use crate::units::Span;
use std::sync::Arc;

/// Time to compress a KiB by the default profile: batches of a hundred flow records on one core of a server, where gzip
/// takes 80 MB/s, snappy 700, lz4 800 and zstd 450.
fn profile(codec: Codec) -> Span {
    Span::from_ns(match codec {
        Codec::None => 0,
        Codec::Gzip => 13_000,
        Codec::Snappy => 1_500,
        Codec::Lz4 => 1_300,
        Codec::Zstd => 2_300,
    })
}

/// What is written of one client.
struct Written<'s> {
    codec: Codec,
    cost: Option<&'s Duration>,
    path: String,
}

impl<'s> Written<'s> {
    fn of(word: Option<schema::Compression>, cost: Option<&'s Duration>, path: String) -> Self {
        let codec = match word {
            None | Some(schema::Compression::None) => Codec::None,
            Some(schema::Compression::Gzip) => Codec::Gzip,
            Some(schema::Compression::Snappy) => Codec::Snappy,
            Some(schema::Compression::Lz4) => Codec::Lz4,
            Some(schema::Compression::Zstd) => Codec::Zstd,
        };
        Self { codec, cost, path }
    }
}

/// Gives every client that compresses its codec, curve and cost; `codecs` are those of the producers.
pub fn compression(
    scenario: &Scenario,
    plan: &mut Plan,
    codecs: &[Option<schema::Compression>],
    found: &mut Findings<'_>,
) {
    let producers = scenario.document.producers.0.iter().zip(codecs).map(|((name, settings), codec)| {
        Written::of(*codec, settings.compression_cost.as_ref(), format!("producers.{name}"))
    });
    let groups = scenario.document.groups.iter().flat_map(|named| &named.0).map(|(name, settings)| {
        let output = settings.output.as_ref();
        let cost = output.and_then(|output| output.compression_cost.as_ref());
        Written::of(output.and_then(|output| output.compression), cost, format!("groups.{name}.output"))
    });
    let (producers, groups): (Vec<_>, Vec<_>) = (producers.collect(), groups.collect());
    for written in producers.iter().chain(&groups).filter(|one| one.cost.is_some() && one.codec == Codec::None) {
        let path = format!("{}.compression_cost", written.path);
        found.error(&path, "nothing is compressed", "add `compression: lz4`, or remove it");
    }
    if !found.errors.is_empty() {
        return;
    }
    let ideal = scenario.document.cluster.as_ref().and_then(|c| c.ideal.as_ref()).is_some_and(|flag| flag.0);
    let sized = |message: &Option<schema::Message>| matches!(message, None | Some(schema::Message::Size(_)));
    let made_up = scenario.document.producers.0.iter().map(|(_, settings)| sized(&settings.message));
    for (written, _) in producers.iter().zip(made_up).filter(|(one, made_up)| *made_up && one.codec != Codec::None) {
        let path = format!("{}.compression", written.path);
        let message = "is measured on plain English text, for nothing but the size of the messages is known";
        found.warn(&path, message, "describe them, by `message: {json: …}`, `{lines: FILE}` or `{generator: flows}`");
    }
    for (producer, written) in plan.producers.iter_mut().zip(&producers) {
        plan.cluster.uncalibrated |= give(&mut producer.client, written, &producer.contents, ideal);
    }
    for (i, written) in groups.iter().enumerate().filter(|(_, written)| written.codec != Codec::None) {
        let contents = passed_on(plan, i);
        if let Some(client) = &mut plan.groups[i].output {
            plan.cluster.uncalibrated |= give(client, written, &contents, ideal);
        }
    }
}

/// Returns whether a cost was taken from the profile.
fn give(client: &mut ClientPlan, written: &Written<'_>, contents: &Contents, ideal: bool) -> bool {
    if written.codec == Codec::None {
        return false;
    }
    let silent = if ideal { Span::ZERO } else { profile(written.codec) };
    let knots = curve::measure(written.codec, client.batch_size, |i, records, out| contents.batch(i, records, out));
    client.compression = Some(CompressionPlan {
        codec: written.codec,
        curve: Arc::new(Curve::new(&knots)),
        work_per_kib: written.cost.map_or(silent, |cost| cost.0),
    });
    written.cost.is_none() && !ideal
}

/// What the output of a group says: what it reads, along all pipelines.
pub(super) fn passed_on(plan: &Plan, group: usize) -> Contents {
    let mut topics: Vec<usize> = plan.groups[group].topics.clone();
    let mut i = 0;
    while let Some(&topic) = topics.get(i) {
        let into = |group: &&GroupPlan| group.output.as_ref().is_some_and(|output| output.topic == topic);
        let more: Vec<usize> = plan.groups.iter().filter(into).flat_map(|group| group.topics.clone()).collect();
        topics.extend(more.into_iter().filter(|topic| !topics.contains(topic)).collect::<Vec<_>>());
        i += 1;
    }
    let read = |producer: &&ProducerPlan| topics.contains(&producer.client.topic);
    let sources = plan.producers.iter().filter(read).flat_map(|producer| producer.contents.sources.clone());
    Contents { sources: sources.collect(), seed: plan.run.seed }
}
