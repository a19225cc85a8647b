//! Requests that are not answered within `request.timeout.ms`: the client closes the connection, everything under way on
//! it counts as unanswered, and its batches are sent again, each after a wait that grows (KIP-580).
//!
//! One timer a producer looks at all its connections and waits for the oldest request, so that nothing happens while all
//! goes well. A request's records are in its box, which is with the broker; so what is to be sent again comes home first,
//! with the answer to the closing, in the time in which Kafka's client would open the next connection. Until everything
//! is back nothing is sent there. That relies on each box coming home; where brokers can fail a copy stays here
//! instead (`leaders.rs`).
//!
//! Absent: the wait before Kafka connects again (`reconnect.backoff.ms`), which is half as long as that of the batches.
use super::leaders::GONE;
use super::{HELD, Lane, Producer, TROUBLED};
use crate::model::accumulator::Repeat;
use crate::model::backoff::Backoff;
use crate::model::machine::{Fact, Outbox};
use crate::model::protocol::{ActorId, Batch, Message, Parcel, Produce, Timer, Unanswered};
use crate::model::random::Stream;
use crate::units::{Span, Time};

/// When a request counts as unanswered, and what then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retrying {
    /// `request.timeout.ms`.
    pub timeout: Span,
    /// `retries`: how often a batch is sent again.
    pub retries: u32,
    /// `retry.backoff.ms` and `retry.backoff.max.ms`.
    pub backoff: Backoff,
}

/// What is known of requests under way, and of connections that were closed.
#[derive(Debug)]
pub struct Retry {
    how: Retrying,
    luck: Stream,
    armed: bool,
    /// By broker.
    ways: Vec<Way>,
}

#[derive(Debug)]
struct Way {
    /// When the last requests left, as many as may be under way: a ring, by their number.
    lefts: Box<[Time]>,
    /// Requests so far.
    sent: u32,
    lost: Option<Lost>,
}

/// A connection that was closed, until everything that was under way on it is home.
#[derive(Debug)]
struct Lost {
    at: Time,
    /// Requests that are not home.
    away: u32,
    /// The broker knows that it is closed.
    confirmed: bool,
    #[expect(clippy::vec_box, reason = "boxes travel: messages move pointers, and wait here")]
    home: Vec<Box<Produce>>,
}

impl Retry {
    #[inline]
    pub(super) fn left(&mut self, lane: usize, epoch: u32, now: Time, request: &mut Produce) {
        let way = &mut self.ways[lane];
        (request.number, request.epoch) = (way.sent, epoch);
        let place = way.sent as usize & (way.lefts.len() - 1);
        way.lefts[place] = now;
        way.sent = way.sent.wrapping_add(1);
    }
}

impl Retry {
    pub(super) fn unit(&mut self) -> f64 {
        self.luck.unit()
    }

    pub(super) fn backoff(&self) -> Backoff {
        self.how.backoff
    }
}

impl Way {
    /// When the oldest of so many requests under way left.
    fn oldest(&self, under_way: u32) -> Option<Time> {
        let first = self.sent.wrapping_sub(under_way) as usize & (self.lefts.len() - 1);
        (under_way > 0).then(|| self.lefts[first])
    }
}

impl Producer {
    /// From now on closes connections on which nothing is answered; `luck` makes waits uneven.
    #[must_use]
    pub fn with_retries(mut self, how: Retrying, luck: Stream) -> Self {
        let most = self.settings.max_in_flight.next_power_of_two() as usize;
        let way = || Way { lefts: vec![Time::ZERO; most].into_boxed_slice(), sent: 0, lost: None };
        let ways = (0..self.lanes.len()).map(|_| way()).collect();
        self.retry = Some(Box::new(Retry { how, luck, armed: false, ways }));
        self
    }

    /// Whether a request that comes home is waited for: its connection is not closed.
    #[must_use]
    pub fn awaits(&self, from: ActorId, answer: &Produce) -> bool {
        self.lanes[from.index()].epoch == answer.epoch
    }

    /// Asks to be woken when a request may be unanswered for too long, unless it has.
    #[inline]
    pub(super) fn watch_requests(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if let Some(retry) = &mut self.retry
            && !retry.armed
        {
            retry.armed = true;
            out.wake(Timer::TimedOut, now + retry.how.timeout);
        }
    }

    /// Closes the connections on which a request waits for too long, and waits for the next.
    #[cold]
    pub(super) fn time_out(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        // What was due before must find the buffer as it was before.
        self.catch_up(now, out);
        let Some(timeout) = self.retry.as_ref().map(|retry| retry.how.timeout) else { return };
        for lane in 0..self.lanes.len() {
            if self.oldest(lane).is_some_and(|left| left + timeout <= now) {
                self.disconnect(lane, now, out);
            }
        }
        // What leaves from now on, or when the next is due, is not late before that.
        let begins = if self.is_empty() { self.next_due(now) } else { Some(now) };
        let oldest = (0..self.lanes.len()).filter_map(|lane| self.oldest(lane)).min().or(begins);
        let Some(retry) = &mut self.retry else { return };
        // Where nothing is known to come, whoever is given something asks again.
        retry.armed = oldest.is_some();
        if let Some(left) = oldest {
            out.wake(Timer::TimedOut, left + timeout);
        }
        self.arm_fresh(now, out);
    }

    /// When the oldest request under way to a broker left.
    fn oldest(&self, lane: usize) -> Option<Time> {
        self.retry.as_ref()?.ways.get(lane)?.oldest(self.lanes[lane].in_flight & (HELD - 1))
    }

    /// When the next record is given to it, if any is known.
    fn next_due(&self, now: Time) -> Option<Time> {
        (!self.ahead.is_empty()).then(|| self.ahead.release(0).max(now))
    }

    /// Nothing waits or is under way.
    fn is_empty(&self) -> bool {
        let busy = self.lanes.iter().any(|lane| lane.in_flight & !HELD > 0);
        !busy && self.blocked.is_none() && self.accumulator.records() == 0
    }

    fn disconnect(&mut self, lane: usize, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if self.moves.is_some() {
            let epoch = self.lanes[lane].epoch;
            out.send_at(self.lanes[lane].left.max(now), ActorId(lane as u32), Message::Close { epoch });
            return self.hung_up(lane, epoch, now, out);
        }
        let Some(retry) = &mut self.retry else { return };
        let way = &mut self.lanes[lane];
        let away = way.in_flight & (HELD - 1);
        let (epoch, left) = (way.epoch, way.left.max(now));
        way.in_flight = (way.in_flight & HELD) | TROUBLED;
        way.epoch += 1;
        retry.ways[lane].lost = Some(Lost { at: now, away, confirmed: false, home: Vec::new() });
        self.accumulator.lost(lane);
        out.observe(&Fact::TimedOut { stream: self.settings.stream, requests: u64::from(away) });
        // Behind what the client has still to put on the wire.
        out.send_at(left, ActorId(lane as u32), Message::Close { epoch });
    }

    /// A request comes home on a connection that is closed: what its answer says is not heard any more.
    #[cold]
    pub(super) fn came_home(
        &mut self,
        from: ActorId,
        request: Box<Produce>,
        now: Time,
        out: &mut (impl Outbox + ?Sized),
    ) {
        if request.epoch < self.settings.first_epoch {
            // A process that is gone had asked.
            return;
        }
        let Some(lost) = self.lost(from) else { panic!("every request of a connection is home before the next opens") };
        lost.away -= 1;
        lost.home.push(request);
        self.open_again(from.index(), now, out);
    }

    /// A broker knows that a connection is closed, and gives back what it did not answer.
    #[cold]
    pub(super) fn closed(
        &mut self,
        from: ActorId,
        unanswered: Unanswered,
        now: Time,
        out: &mut (impl Outbox + ?Sized),
    ) {
        if self.moves.is_some() {
            return self.hung_up(from.index(), unanswered.epoch, now, out);
        }
        if unanswered.epoch < self.settings.first_epoch {
            return;
        }
        let Some(lost) = self.lost(from) else { panic!("a broker confirms what was closed once") };
        lost.away -= unanswered.requests.len() as u32;
        lost.confirmed = true;
        lost.home.extend(unanswered.requests);
        self.open_again(from.index(), now, out);
    }

    fn lost(&mut self, from: ActorId) -> Option<&mut Lost> {
        self.retry.as_mut()?.ways[from.index()].lost.as_mut()
    }

    /// Once everything is home, decides what is sent again, and when.
    fn open_again(&mut self, lane: usize, now: Time, out: &mut (impl Outbox + ?Sized)) {
        self.catch_up(now, out);
        let Some(retry) = &mut self.retry else { return };
        let all = retry.ways[lane].lost.take_if(|lost| lost.confirmed && lost.away == 0);
        let Some(Lost { at, mut home, .. }) = all else { return };
        home.sort_by_key(|request| request.number);
        let mut failed = 0;
        for mut request in home {
            request.complete();
            failed += self.again(lane, at, &request);
            request.clear();
            (request.repeats, request.throttle) = (false, Span::ZERO);
            self.spare.push(request);
        }
        if failed > 0 {
            out.observe(&Fact::Failed { stream: self.settings.stream, unsent: 0, under_way: failed });
        }
        self.go_on(lane, now, out);
    }

    /// Keeps the batches of an unanswered request, to be sent again; returns how many records are given up with those
    /// that were sent often enough.
    pub(super) fn again(&mut self, lane: usize, at: Time, request: &Produce) -> u64 {
        let mut failed = 0;
        for batch in &request.batches {
            let home = self.expiry.as_mut().map_or((Time::NEVER, true), |expiry| expiry.home(lane));
            failed += self.batch_again(home, at, batch, &request.parcel);
        }
        failed
    }

    /// The same for a batch, of which is known when it was begun and whether it is open.
    pub(super) fn batch_again(&mut self, (created, open): (Time, bool), at: Time, batch: &Batch, from: &Parcel) -> u64 {
        let Self { retry, accumulator, .. } = self;
        let Some(retry) = retry else { return 0 };
        if !open || batch.attempts >= retry.how.retries {
            accumulator.release(std::slice::from_ref(batch));
            self.settle(batch, false);
            return u64::from(open) * u64::from(batch.records());
        }
        let mut parcel = Parcel::default();
        parcel.extend(&from.records[batch.range()], from.extras_of(batch.range()));
        let not_before = at + retry.how.backoff.after(batch.attempts, retry.luck.unit());
        let batch = Batch { attempts: batch.attempts + 1, ..*batch };
        accumulator.repeat(Repeat { batch, created, not_before, parcel });
        0
    }

    /// As `arm_fresh`, but where something waits to be sent again: who arms there may send, and is armed for whatever
    /// comes next.
    pub(super) fn arm_fresh_usual(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if self.lanes.iter().all(|lane| lane.in_flight < TROUBLED) {
            return self.arm_fresh(now, out);
        }
        while self.accumulator.fresh().is_some() {}
        for lane in 0..self.lanes.len() {
            if self.lanes[lane].in_flight < TROUBLED {
                self.arm(lane, now, out);
            }
        }
    }

    /// Sends to all brokers whatever may leave: memory is used up.
    #[cold]
    pub(super) fn drain_all(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        for lane in 0..self.lanes.len() {
            self.drain(lane, now, out);
            if self.lanes[lane].in_flight >= TROUBLED {
                self.recover(lane, now, out);
            }
        }
    }

    /// Sends to a broker, and asks to be woken, while something waits to be sent there again.
    #[cold]
    pub(super) fn recover(&mut self, lane: usize, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let lost = self.retry.as_ref().is_some_and(|retry| retry.ways[lane].lost.is_some());
        if lost || self.lanes[lane].in_flight & GONE > 0 {
            return;
        }
        let (blocked, hurries) = (self.blocked.is_some(), self.hurries());
        let may = |way: &Lane, most: u32| way.in_flight & (HELD - 1) < most && way.in_flight & HELD == 0;
        while may(&self.lanes[lane], self.settings.max_in_flight) && self.accumulator.is_ready_again(lane, now, hurries)
        {
            let mut request = self.spare.pop().unwrap_or_default();
            let (records, bytes) = self.accumulator.drain_again(lane, now, &mut request);
            if records > 0 {
                out.observe(&Fact::Retried { stream: self.settings.stream, records });
            }
            // What was compressed once stays so.
            let fresh = request.plain - bytes;
            self.dispatch(lane, request, fresh, now, out);
        }
        if !self.accumulator.repeats(lane) {
            // All are on their way: from here on it goes as usual, and whatever was armed for is asked for anew.
            self.lanes[lane].in_flight &= !TROUBLED;
            self.lanes[lane].armed = Time::NEVER;
            self.drain(lane, now, out);
            return self.arm(lane, now, out);
        }
        let waits = may(&self.lanes[lane], self.settings.max_in_flight);
        let ready = if waits { self.accumulator.ready_again_at(lane) } else { None };
        let coming = if blocked { None } else { self.may_move_on(lane).map(|at| at.max(now + Span::from_ns(1))) };
        let Some(at) = ready.into_iter().chain(coming).min() else { return };
        let at = at.max(now);
        if at < self.lanes[lane].armed {
            self.lanes[lane].armed = at;
            out.wake(Timer::Ready(lane as u32), at);
        }
    }
}
