//! Quotas at one broker: what each client has written and read of late, and how long it must wait.
//!
//! As in Kafka (KIP-13, KIP-219): what a client writes is taken and answered at once, and then its connection is muted; a
//! fetch whose answer would exceed the quota is answered empty, does not count, and may be repeated after the wait.
use super::Broker;
use crate::model::protocol::{ActorId, Fetch, Produce};
use crate::model::quota::Observed;
use crate::units::{Span, Time};

/// What is observed of the clients.
#[derive(Debug)]
pub struct Quotas {
    window: Span,
    samples: u64,
    /// By connection, of which each client has one to write and one to read.
    observed: Vec<Option<Box<Observed>>>,
}

impl Quotas {
    /// Nothing yet.
    pub fn new((window, samples): (Span, u64), connections: usize) -> Self {
        Self { window, samples, observed: vec![None; connections] }
    }

    fn record(&mut self, connection: usize, now: Time, bytes: f64, quota: f64) -> Span {
        let new = || Box::new(Observed::new(self.window, self.samples));
        let observed = self.observed[connection].get_or_insert_with(new);
        observed.record(now, bytes);
        observed.throttle(now, quota)
    }

    /// The most that may be read at once: what all samples but one allow (`getMaxValueInQuotaWindow`).
    fn most(&self, quota: f64) -> u64 {
        (quota * self.window.seconds() * (self.samples - 1) as f64) as u64
    }
}

impl Broker {
    /// A fetch asks for no more than its member's quota may ever let through.
    #[cold]
    pub(super) fn limit(&self, fetch: &mut Fetch) {
        let Some(quotas) = &self.quotas else { return };
        let most = quotas.most(self.places.quotas[fetch.group as usize]);
        fetch.max_bytes = fetch.max_bytes.min(most);
        fetch.min_bytes = fetch.min_bytes.min(most);
    }

    /// For how long nothing more is heard from a client whose request is answered then.
    #[inline]
    pub(super) fn throttle_writer(&mut self, client: ActorId, request: &mut Produce, at: Time) -> Span {
        if self.quotas.is_some() { self.mute_writer(client, request, at) } else { Span::ZERO }
    }

    #[cold]
    fn mute_writer(&mut self, client: ActorId, request: &mut Produce, at: Time) -> Span {
        let quota = self.places.streams[request.stream as usize].quota;
        let Some(quotas) = self.quotas.as_mut().filter(|_| quota.is_finite()) else { return Span::ZERO };
        request.throttle = quotas.record(2 * client.index(), at, f64::from(request.bytes), quota);
        request.throttle
    }

    /// Whether a fetch must wait; then it is empty.
    #[cold]
    pub(super) fn throttle_reader(&mut self, client: ActorId, fetch: &mut Fetch, bytes: u64, now: Time) -> bool {
        let quota = self.places.quotas[fetch.group as usize];
        let Some(quotas) = self.quotas.as_mut().filter(|_| quota.is_finite()) else { return false };
        let (connection, bytes) = (2 * client.index() + 1, bytes as f64);
        fetch.throttle = quotas.record(connection, now, bytes, quota);
        if fetch.throttle.is_zero() {
            return false;
        }
        quotas.record(connection, now, -bytes, quota);
        for wanted in &fetch.wanted {
            let place = self.places.partitions[wanted.partition as usize];
            let reader = self.places.readers[(fetch.group * self.places.topics + place.topic) as usize];
            self.logs[place.log as usize].withheld(reader as usize, wanted.offset);
        }
        fetch.batches.clear();
        fetch.parcel.clear();
        true
    }
}
