//! Follows the leaders of partitions where brokers can fail: connections that break, refusals, who leads what.
//!
//! A copy of each request stays here until it is answered, for a broker that is gone gives nothing back. A partition moves
//! to another broker only when nothing of it is on its way, so that its batches keep their order, as Kafka's idempotent
//! client sees to it by sequence numbers. Leaders are asked of the controller, which stands for any broker that is there:
//! what it knows they know a moment later.
use super::{HELD, Producer, TROUBLED};
use crate::model::backoff::Backoff;
use crate::model::machine::{Fact, Outbox};
use crate::model::protocol::{ABSENT, ActorId, Batch, Leaders, Message, NOBODY, Parcel, PartitionId, Produce, Timer};
use crate::units::{Span, Time};
use std::collections::{BTreeMap, VecDeque};

/// The same as [`TROUBLED`], while there is no connection.
pub(super) const GONE: u32 = 1 << 22;

/// `reconnect.backoff.ms` and `reconnect.backoff.max.ms`.
const RECONNECT: Backoff =
    Backoff { initial: Span::from_ms(50), max: Span::from_ms(1_000), multiplier: 2.0, jitter: 0.2 };

/// What is known of connections and leaders.
#[derive(Debug)]
pub struct Moves {
    controller: ActorId,
    first_partition: PartitionId,
    /// By broker: what is under way, in the order in which it left.
    copies: Vec<VecDeque<Box<Produce>>>,
    /// By partition of the topic: batches under way.
    away: Vec<u32>,
    /// Where a partition goes once nothing of it is under way.
    pending: BTreeMap<u32, u32>,
    asking: bool,
    asked: u32,
    /// By broker: how often it was connected to in vain.
    failures: Vec<u32>,
}

impl Producer {
    /// From now on follows leaders of the topic whose first partition this is.
    #[must_use]
    pub fn with_moves(mut self, controller: ActorId, (first_partition, partitions): (PartitionId, u32)) -> Self {
        let brokers = self.lanes.len();
        self.accumulator = self.accumulator.with_moves();
        let mut nowhere = self.lanes[0];
        nowhere.in_flight = HELD;
        self.lanes.push(nowhere);
        self.moves = Some(Box::new(Moves {
            controller,
            first_partition,
            copies: (0..brokers).map(|_| VecDeque::new()).collect(),
            away: vec![0; partitions as usize],
            pending: BTreeMap::new(),
            asking: false,
            asked: 0,
            failures: vec![0; brokers],
        }));
        self
    }

    fn moves(&mut self) -> &mut Moves {
        self.moves.as_mut().expect("asked only where brokers can fail")
    }

    /// A request leaves: what of it may have to leave again.
    #[cold]
    pub(super) fn keep_copy(&mut self, lane: usize, request: &mut Produce) {
        request.epoch = self.lanes[lane].epoch;
        if self.settings.forgets {
            return;
        }
        let moves = self.moves();
        for batch in &request.batches {
            moves.away[(batch.partition - moves.first_partition) as usize] += 1;
        }
        moves.copies[lane].push_back(Box::new(request.clone()));
    }

    /// Nothing of these batches is under way any more.
    fn came_back(&mut self, request: &Produce) {
        let moves = self.moves();
        for batch in &request.batches {
            moves.away[(batch.partition - moves.first_partition) as usize] -= 1;
        }
    }

    /// A connection is gone, or could not be made.
    #[cold]
    pub(super) fn hung_up(&mut self, lane: usize, epoch: u32, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if epoch != self.lanes[lane].epoch {
            return;
        }
        self.catch_up(now, out);
        if self.lanes[lane].in_flight & GONE == 0 {
            self.lose(lane, now, out);
        }
        let failed = self.moves().failures[lane];
        self.moves().failures[lane] += 1;
        let wait = RECONNECT.after(failed, self.luck());
        out.wake(Timer::Reconnect(lane as u32), now + wait);
        self.ask(out);
        self.turn_all(now, out);
    }

    /// What was under way on a connection is to be sent again.
    fn lose(&mut self, lane: usize, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let lost = &mut self.lanes[lane];
        let requests = u64::from(lost.in_flight & (HELD - 1));
        lost.in_flight = (lost.in_flight & HELD) | TROUBLED | GONE;
        lost.epoch += 1;
        self.accumulator.lost(lane);
        let mut failed = 0;
        for copy in std::mem::take(&mut self.moves().copies[lane]) {
            failed += self.again(lane, now, &copy);
            self.came_back(&copy);
        }
        let stream = self.settings.stream;
        if requests > 0 {
            out.observe(&Fact::TimedOut { stream, requests });
        }
        if failed > 0 {
            out.observe(&Fact::Failed { stream, unsent: 0, under_way: failed });
        }
        self.move_pending();
    }

    fn luck(&mut self) -> f64 {
        self.retry.as_mut().map_or(0.5, |retry| retry.unit())
    }

    #[cold]
    pub(super) fn reconnect(&mut self, lane: usize, out: &mut (impl Outbox + ?Sized)) {
        if self.lanes[lane].in_flight & GONE > 0 {
            out.send(ActorId(lane as u32), Message::Connect { epoch: self.lanes[lane].epoch });
        }
    }

    #[cold]
    pub(super) fn connected(&mut self, from: ActorId, epoch: u32, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let lane = &mut self.lanes[from.index()];
        if epoch == lane.epoch && lane.in_flight & GONE > 0 {
            lane.in_flight &= !GONE;
            self.moves().failures[from.index()] = 0;
            self.turn_all(now, out);
        }
    }

    fn ask(&mut self, out: &mut (impl Outbox + ?Sized)) {
        let moves = self.moves();
        if !std::mem::replace(&mut moves.asking, true) {
            out.send(moves.controller, Message::WhoLeads(Box::default()));
        }
    }

    #[cold]
    pub(super) fn ask_again(&mut self, out: &mut (impl Outbox + ?Sized)) {
        self.moves().asking = false;
        self.ask(out);
    }

    /// Who leads what; asks again after a wait while somebody is missing.
    #[cold]
    pub(super) fn led(&mut self, answer: &Leaders, now: Time, out: &mut (impl Outbox + ?Sized)) {
        self.catch_up(now, out);
        let nowhere = self.lanes.len() as u32 - 1;
        let mut missing = false;
        for partition in 0..self.moves().away.len() as u32 {
            let leader = answer.leaders[(self.moves().first_partition + partition) as usize];
            let lane = if leader == NOBODY || leader == ABSENT { nowhere } else { leader };
            let is_missing = lane == nowhere || self.lanes[lane as usize].in_flight & GONE > 0;
            missing |= is_missing && leader != ABSENT;
            let moves = self.moves();
            moves.pending.remove(&partition);
            if moves.away[partition as usize] > 0 && self.accumulator.leader(partition) != lane {
                self.moves().pending.insert(partition, lane);
                self.accumulator.move_to(partition, nowhere);
            } else {
                self.place(partition, lane);
            }
        }
        let moves = self.moves();
        moves.asking = missing;
        moves.asked = if missing { moves.asked + 1 } else { 0 };
        if missing {
            let (asked, luck) = (self.moves().asked - 1, self.luck());
            let wait = self.retry.as_ref().map_or(Span::from_ms(100), |retry| retry.backoff().after(asked, luck));
            out.wake(Timer::AskToWrite, now + wait);
        }
        self.turn_all(now, out);
    }

    fn place(&mut self, partition: u32, lane: u32) {
        self.accumulator.move_to(partition, lane);
        if lane as usize + 1 < self.lanes.len() && self.accumulator.repeats_partition(partition) {
            self.lanes[lane as usize].in_flight |= TROUBLED;
        }
    }

    /// Partitions of which nothing is under way any more go where they are led.
    fn move_pending(&mut self) {
        let Some(moves) = &mut self.moves else { return };
        let away = &moves.away;
        let ready: Vec<_> = moves.pending.extract_if(.., |partition, _| away[*partition as usize] == 0).collect();
        for (partition, lane) in ready {
            self.place(partition, lane);
        }
    }

    /// An answer: what was refused leaves again, the rest is acknowledged.
    #[cold]
    pub(super) fn answered(
        &mut self,
        from: ActorId,
        mut answer: Box<Produce>,
        now: Time,
        out: &mut (impl Outbox + ?Sized),
    ) {
        let lane = from.index();
        self.catch_up(now, out);
        let copy = self.moves().copies[lane].pop_front().expect("every request that leaves is kept");
        assert_eq!(copy.number, answer.number, "a connection answers in order");
        self.came_back(&copy);
        let refused: Vec<_> = answer.refused.iter().map(|batch| batch.partition).collect();
        answer.complete();
        self.accumulator.answered(&answer.batches);
        let (stream, mut kept, mut failed) = (self.settings.stream, Parcel::default(), 0);
        for batch in &answer.batches {
            let home = self.expiry.as_mut().map_or((Time::NEVER, true), |expiry| expiry.home(lane));
            if refused.contains(&batch.partition) {
                failed += self.batch_again(home, now, batch, &answer.parcel);
                continue;
            }
            self.accumulator.release(std::slice::from_ref(batch));
            self.settle(batch, true);
            if home.1 {
                let Batch { partition, sequence, base, .. } = *batch;
                let from = self.settings.id;
                out.observe(&Fact::Promised { stream, from, partition, sequence, base });
                kept.extend(&answer.parcel.records[batch.range()], answer.parcel.extras_of(batch.range()));
            }
        }
        let left = answer.left;
        out.observe(&Fact::Acked { stream, left, records: &kept.records, extras: &kept.extras });
        if failed > 0 {
            out.observe(&Fact::Failed { stream, unsent: 0, under_way: failed });
        }
        answer.clear();
        answer.repeats = false;
        let throttle = std::mem::take(&mut answer.throttle);
        self.spare.push(answer);
        self.lanes[lane].in_flight -= 1;
        if !throttle.is_zero() {
            self.hold(lane, now + throttle, now, out);
        }
        if !refused.is_empty() {
            self.lanes[lane].in_flight |= TROUBLED;
            self.ask(out);
        }
        self.move_pending();
        if refused.is_empty() && self.lanes[lane].in_flight < TROUBLED {
            self.go_on(lane, now, out);
        } else {
            self.turn_all(now, out);
        }
    }
}
