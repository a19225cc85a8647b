//! What a member knows of partitions, where topics grow and members deal: Kafka's `ConsumerCoordinator`.
//!
//! It asks anew when what it knows is older than `metadata.max.age.ms`. Whoever leads the group remembers how many
//! partitions it dealt; when it learns of more it joins again, and everybody after it. The others only take note, for any
//! of them may come to lead.
use super::Consumer;
use crate::model::machine::Outbox;
use crate::model::metadata::Freshness;
use crate::model::protocol::{Leaders, PartitionId, Timer};
use crate::units::{Span, Time};
use std::ops::Range;

/// What is known of topics, and how long.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// How old it may become.
    pub freshness: Freshness,
    /// When it asks first, after it has begun.
    pub first: Span,
    /// By topic: partitions that there are places for, over all topics.
    pub places: Vec<Range<PartitionId>>,
    /// By topic: how many are known.
    pub known: Vec<u32>,
    /// The same when it dealt last, if it leads.
    pub dealt: Option<Vec<u32>>,
}

impl Metadata {
    /// It leads the group from now on, or does not; returns how many partitions it knows of.
    pub(super) fn leads(&mut self, leads: bool) -> &[u32] {
        self.dealt = leads.then(|| self.known.clone());
        &self.known
    }
}

impl Consumer {
    /// The same where topics grow.
    #[must_use]
    pub fn refreshing(self, metadata: Option<Metadata>) -> Self {
        Self { metadata: metadata.map(Box::new), ..self }
    }

    pub(super) fn first_refresh(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if let Some(metadata) = &mut self.metadata {
            metadata.freshness.due = now + metadata.first;
            out.wake(Timer::Refresh, metadata.freshness.due);
        }
    }

    /// What it knows may be too old.
    #[cold]
    pub(super) fn refresh(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if let Some(metadata) = &mut self.metadata {
            metadata.freshness.refresh(true, now, out);
        }
    }

    /// Hears who leads what, and of how many partitions.
    #[cold]
    pub(super) fn informed(&mut self, answer: &Leaders, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if let Some(metadata) = &mut self.metadata {
            metadata.freshness.heard(now);
            metadata.known = metadata.places.iter().map(|places| answer.there(places)).collect();
            self.deals_anew();
        }
        self.led(answer, now, out);
        self.poll_if_idle(now, out);
    }

    /// Whether it leads, and knows of more than it dealt.
    pub(super) fn has_grown(&self) -> bool {
        self.metadata
            .as_ref()
            .is_some_and(|metadata| metadata.dealt.as_ref().is_some_and(|dealt| *dealt != metadata.known))
    }
}
