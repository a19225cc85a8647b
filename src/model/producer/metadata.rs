//! What a producer knows of the partitions of its topic, where that grows.
//!
//! It asks anew when what it knows is older than `metadata.max.age.ms`, and hears of it, too, when it asks who leads what.
//! From then on keys go where their hash over the new number says; what is in batches already stays there. Until then it
//! writes as if nothing had happened, and so do its other instances, each for itself.
use super::Producer;
use crate::model::machine::Outbox;
use crate::model::metadata::Freshness;
use crate::model::protocol::{Leaders, PartitionId, Timer};
use crate::model::workload::Homes;
use crate::units::Time;
use std::ops::Range;

/// What is known of a topic, and how long.
#[derive(Debug)]
pub struct Metadata {
    /// How old it may become.
    pub freshness: Freshness,
    /// Partitions of the topic that there are places for, over all topics.
    pub places: Range<PartitionId>,
    /// How many are known.
    pub known: u32,
    /// Where records go, by how many there are.
    pub homes: Vec<(u32, Homes)>,
}

impl Producer {
    /// The same where its topic grows.
    #[must_use]
    pub fn refreshing(self, metadata: Option<Metadata>) -> Self {
        Self { metadata: metadata.map(Box::new), ..self }
    }

    pub(super) fn start(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if let Some(metadata) = &self.metadata {
            out.wake(Timer::Refresh, metadata.freshness.due);
        }
        self.turn_all(now, out);
    }

    /// What it knows may be too old.
    #[cold]
    pub(super) fn refresh(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if let Some(metadata) = &mut self.metadata {
            metadata.freshness.refresh(false, now, out);
        }
    }

    /// Hears who leads what, and of how many partitions.
    #[cold]
    pub(super) fn informed(&mut self, answer: &Leaders, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if let Some(metadata) = &mut self.metadata {
            metadata.freshness.heard(now);
            let known = answer.there(&metadata.places);
            if known > metadata.known {
                metadata.known = known;
                self.grow(known, now, out);
            }
        }
        if self.moves.is_some() {
            self.led(answer, now, out);
        }
    }

    fn grow(&mut self, known: u32, now: Time, out: &mut (impl Outbox + ?Sized)) {
        // What was due before went where it went.
        self.catch_up(now, out);
        self.accumulator.learn(known);
        let Self { source, ahead, metadata, .. } = self;
        let homes = metadata.as_ref().map(|metadata| &metadata.homes);
        if let (Some(source), Some(homes)) = (source, homes) {
            let (_, homes) =
                homes.iter().find(|(partitions, _)| *partitions == known).expect("the plan knows every growth");
            source.grow(known, homes.clone(), ahead);
        }
        // Every lane was armed for what was to come to it then.
        self.lanes.iter_mut().for_each(|lane| lane.armed = Time::NEVER);
        self.turn_all(now, out);
    }
}
