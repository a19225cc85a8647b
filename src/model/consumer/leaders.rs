//! A member follows the leaders of its partitions where brokers can fail.
//!
//! A broker that does not lead a partition says so, and one that is not there is noticed at once; one that hangs after
//! `request.timeout.ms`. Then leaders are asked for, with waits that grow while a broker goes on refusing (KIP-580). What
//! was fetched before stays good.
use super::partitions::UNKNOWN;
use super::{Consumer, Owned};
use crate::model::backoff::Backoff;
use crate::model::machine::Outbox;
use crate::model::protocol::{ABSENT, ActorId, Fetch, Leaders, Message, NOBODY, PartitionId, Position, Timer};
use crate::units::{Span, Time};

/// `retry.backoff.ms` and `retry.backoff.max.ms`.
const BACKOFF: Backoff =
    Backoff { initial: Span::from_ms(100), max: Span::from_ms(1_000), multiplier: 2.0, jitter: 0.0 };
/// `request.timeout.ms`.
const TIMEOUT: Span = Span::from_ms(30_000);

/// What is known of brokers and leaders.
#[derive(Debug)]
pub struct Seeking {
    controller: ActorId,
    /// Owned partitions of which nobody knows the leader.
    pub(super) lost: Vec<u32>,
    /// By partition, who led it when that was asked last.
    leaders: Vec<u32>,
    /// When it asks next; other timers are stale.
    asks_at: Time,
    ways: Vec<Way>,
}

/// The connection to a broker.
#[derive(Clone, Copy, Debug)]
struct Way {
    session: u32,
    /// Refusals in a row.
    refusals: u32,
    asked: Time,
    armed: bool,
}

/// Whether somebody leads, of a partition that is there.
fn is_led(leader: u32) -> bool {
    leader != NOBODY && leader != ABSENT
}

impl Seeking {
    /// Who led a partition when that was asked last.
    pub(super) fn leader(&self, partition: PartitionId) -> Option<u32> {
        self.leaders.get(partition as usize).copied().filter(|&leader| is_led(leader))
    }
}

impl Consumer {
    /// From now on follows leaders, who are asked of the controller.
    #[must_use]
    pub fn seeking(mut self, controller: ActorId) -> Self {
        let way = Way { session: 0, refusals: 0, asked: Time::ZERO, armed: false };
        let ways = vec![way; self.settings.brokers as usize];
        self.seeking =
            Some(Box::new(Seeking { controller, lost: Vec::new(), leaders: Vec::new(), asks_at: Time::NEVER, ways }));
        self
    }

    /// A fetch leaves.
    #[cold]
    pub(super) fn asked(
        seeking: &mut Seeking,
        broker: usize,
        fetch: &mut Fetch,
        now: Time,
        out: &mut (impl Outbox + ?Sized),
    ) {
        let way = &mut seeking.ways[broker];
        (fetch.session, way.asked) = (way.session, now);
        if !std::mem::replace(&mut way.armed, true) {
            out.wake(Timer::FetchTimedOut(broker as u32), now + TIMEOUT);
        }
    }

    /// Whether nobody waits for an answer any more.
    #[cold]
    pub(super) fn is_stale(&self, from: ActorId, fetch: &Fetch) -> bool {
        self.seeking.as_ref().is_some_and(|seeking| seeking.ways[from.index()].session != fetch.session)
    }

    /// An answer has come: what moved is not asked for there again.
    #[cold]
    pub(super) fn heard(&mut self, from: ActorId, fetch: &mut Fetch, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let Some(seeking) = &mut self.seeking else { return };
        let way = &mut seeking.ways[from.index()];
        let mut moved = std::mem::take(&mut fetch.moved);
        if moved.is_empty() {
            way.refusals = 0;
            return;
        }
        // Some may have been given up meanwhile.
        moved.retain(|slot| fetch.wanted.iter().any(|wanted| wanted.slot == *slot));
        let wait = BACKOFF.after(way.refusals, 0.0);
        way.refusals += 1;
        fetch.wanted.retain(|wanted| !moved.contains(&wanted.slot));
        self.lose(moved, now + wait, out);
    }

    /// A broker does not say where these partitions begin or end, for it does not lead them: somebody else is asked, later.
    #[cold]
    pub(super) fn ask_elsewhere(&mut self, positions: Vec<Position>, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if positions.is_empty() {
            return;
        }
        self.lose(Vec::new(), now, out);
        let (number, coordinator) = (self.roster.asks(&positions), self.settings.coordinator);
        let message = Message::OffsetFetch { number, positions: Box::new(positions) };
        out.send_at(now + BACKOFF.initial, coordinator, message);
    }

    fn lose(&mut self, slots: Vec<u32>, at: Time, out: &mut (impl Outbox + ?Sized)) {
        let Some(seeking) = &mut self.seeking else { return };
        seeking.lost.extend(slots);
        if at < seeking.asks_at {
            seeking.asks_at = at;
            out.wake(Timer::AskToRead, at);
        }
    }

    #[cold]
    pub(super) fn ask_leaders(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let Some(seeking) = &mut self.seeking else { return };
        if now >= seeking.asks_at {
            seeking.asks_at = Time::NEVER;
            out.send(seeking.controller, Message::WhoLeads(Box::new(Leaders { reads: true, leaders: Vec::new() })));
        }
    }

    /// Who leads what: partitions without a leader are asked for again.
    #[cold]
    pub(super) fn led(&mut self, answer: &Leaders, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let Some(seeking) = &mut self.seeking else { return };
        seeking.leaders.clone_from(&answer.leaders);
        let mut lost = std::mem::take(&mut seeking.lost);
        lost.retain(|&slot| {
            let owned = &mut self.owned[slot as usize];
            let leader = answer.leaders[owned.partition as usize];
            if is_led(leader) {
                owned.leader = leader;
                self.sessions[leader as usize].wanting.push(slot);
            }
            !is_led(leader)
        });
        if !lost.is_empty() {
            self.lose(lost, now + BACKOFF.max, out);
        }
    }

    /// A broker may not have answered for too long: then what it was asked for is asked for elsewhere.
    #[cold]
    pub(super) fn fetch_timed_out(&mut self, broker: u32, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let Self { seeking: Some(seeking), sessions, owned, fetched, roster, .. } = self else { return };
        let (way, session) = (&mut seeking.ways[broker as usize], &mut sessions[broker as usize]);
        way.armed = false;
        if !session.in_flight {
            return;
        }
        if now < way.asked + TIMEOUT {
            way.armed = true;
            return out.wake(Timer::FetchTimedOut(broker), way.asked + TIMEOUT);
        }
        way.session += 1;
        session.in_flight = false;
        roster.vacate_all(broker, owned);
        let waits = |slot: &u32| {
            let known = session.wanting.contains(slot) || seeking.lost.contains(slot);
            let Owned { leader, next, .. } = owned[*slot as usize];
            let is_its = leader == broker && next != UNKNOWN && !roster.is_vacant(*slot);
            is_its && !known && fetched.iter().all(|run| run.slot != *slot)
        };
        let lost: Vec<u32> = (0..owned.len() as u32).filter(waits).collect();
        self.lose(lost, now, out);
    }
}
