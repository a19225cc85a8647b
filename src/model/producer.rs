//! Takes what is due, gathers it into batches, sends requests and hears of them again.
//!
//! Arrivals cost no event: whenever the producer acts, it first takes what has become due. It wakes when a batch will
//! have lingered, or at the earliest instant a batch could be full. While the buffer is full the thread that sends is
//! blocked, as in Kafka: records wait unread, in order, each for at most `max.block.ms`, and their due times survive.
//! A member that writes its results to a topic has one of these inside, fed by `push` instead of a workload.
mod beyond;
mod blocked;
mod expiry;
mod held;
mod lane;
mod leaders;
mod metadata;
mod observed;
mod retry;
mod sources;

use super::accumulator::{Accumulator, STICKY};
use super::machine::{Fact, Input, Machine, Outbox};
use super::protocol::{ActorId, Extra, Message, Produce, Record, Source, Timer};
use super::quota::Muted;
use super::random::BLOCK;
use super::wire::Bandwidth;
use super::workload::{Ahead, Workload};
use crate::units::{Span, Time};
use beyond::Beyond;
use expiry::Expiry;
use lane::{HELD, Lane, TROUBLED};
use leaders::Moves;
pub use metadata::Metadata;
use retry::Retry;
pub use retry::Retrying;
use sources::Sources;

/// One instance of a producer, or the output of a member.
#[derive(Debug)]
pub struct Producer {
    settings: Settings,
    source: Option<Workload>,
    ahead: Ahead,
    accumulator: Accumulator,
    lanes: Vec<Lane>,
    /// Since when the next record has waited for memory.
    blocked: Option<Time>,
    /// Nothing enters the buffer before this: the thread that sends was blocked until then.
    resumed: Time,
    /// Release of the record taken last, where there is a limiter.
    released: Time,
    /// Records accepted or refused.
    taken: u64,
    exhausted: bool,
    /// Some records go wherever the sticky partition is, which moves from broker to broker.
    wanders: bool,
    /// When the record taken last was due.
    last_due: Time,
    /// Counts what is due beyond the records known ahead, while blocked.
    beyond: Option<Beyond>,
    limited: Span,
    blocked_for: Span,
    /// Since when time spent blocked is not reported yet.
    blocked_since: Time,
    /// When everything that left so far is compressed.
    compressed: Time,
    expiry: Option<Box<Expiry>>,
    retry: Option<Box<Retry>>,
    /// Where brokers can fail.
    moves: Option<Box<Moves>>,
    /// Of an output, where members can be gone.
    sources: Option<Box<Sources>>,
    /// Where its topic grows.
    metadata: Option<Box<Metadata>>,
    muted: Muted,
    #[expect(clippy::vec_box, reason = "boxes travel: messages move pointers, and come home here")]
    spare: Vec<Box<Produce>>,
}

/// How it sends.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Number of the stream in facts: producers, then outputs.
    pub stream: u32,
    /// Instance of the producer, or member of the group.
    pub instance: u32,
    /// `max.in.flight.requests.per.connection`.
    pub max_in_flight: u32,
    /// `max.block.ms`.
    pub max_block: Span,
    /// `delivery.timeout.ms`; nothing where the run ends before.
    pub delivery_timeout: Option<Span>,
    /// Of the brokers' network cards: what is sent takes its time, and is in then if the card has nothing else to do.
    pub bandwidth: Bandwidth,
    /// Whether a request is done when it has left: `acks=0`.
    pub forgets: bool,
    /// Time to compress a KiB; nothing where batches are not compressed.
    pub work_per_kib: Span,
    /// Its producer id: its address, or where other processes were here before another.
    pub id: ActorId,
    /// Number of its first connection to each broker: theirs are lower.
    pub first_epoch: u32,
}

impl Machine for Producer {
    #[inline]
    fn handle(&mut self, now: Time, input: Input, out: &mut (impl Outbox + ?Sized)) {
        match input {
            Input::Started => self.start(now, out),
            Input::Fired(Timer::GaveUp) => self.turn_all(now, out),
            Input::Fired(Timer::Ready(lane)) => self.ready(lane as usize, now, out),
            Input::Received { from, message: Message::Produced(answer) } => self.acked(from, answer, now, out),
            Input::Fired(Timer::Expired) => self.expire(now, out),
            Input::Fired(Timer::TimedOut) => self.time_out(now, out),
            Input::Received { from, message: Message::Closed(rest) } => self.closed(from, *rest, now, out),
            Input::Fired(Timer::Throttled(lane)) => self.throttle_is_over(lane as usize, now, out),
            Input::Observed => self.observed(now, out),
            Input::Received { from, message: Message::Connected { epoch } } => self.connected(from, epoch, now, out),
            Input::Received { message: Message::Leaders(answer), .. } => self.informed(&answer, now, out),
            Input::Fired(Timer::Refresh) => self.refresh(now, out),
            Input::Fired(Timer::AskToWrite) => self.ask_again(out),
            Input::Fired(Timer::Reconnect(lane)) => self.reconnect(lane as usize, out),
            other => panic!("a producer does not expect {other:?}"),
        }
    }
}

impl Producer {
    /// One that takes from `source`, or only what is pushed.
    #[must_use]
    pub fn new(settings: Settings, source: Option<Workload>, accumulator: Accumulator, brokers: u32) -> Self {
        let epoch = settings.first_epoch;
        let expiry = settings.delivery_timeout.map(|timeout| Box::new(Expiry::new(timeout, brokers as usize)));
        let mut producer = Self {
            settings,
            source,
            ahead: Ahead::default(),
            accumulator: if expiry.is_some() { accumulator.with_ages() } else { accumulator },
            expiry,
            retry: None,
            moves: None,
            sources: None,
            metadata: None,
            muted: Muted::default(),
            lanes: vec![Lane::new(epoch); brokers as usize],
            blocked: None,
            resumed: Time::ZERO,
            released: Time::ZERO,
            taken: 0,
            exhausted: false,
            wanders: false,
            last_due: Time::ZERO,
            beyond: None,
            limited: Span::ZERO,
            blocked_for: Span::ZERO,
            blocked_since: Time::ZERO,
            compressed: Time::ZERO,
            spare: Vec::new(),
        };
        producer.look_ahead();
        producer
    }

    /// Gives it a record that will be due later than all before, and what it was made of.
    pub fn push(&mut self, record: Record, home: u32, extra: Extra, source: Source) {
        self.wanders |= self.lanes.len() > 1 && home == STICKY;
        self.sources.iter_mut().for_each(|sources| sources.begin(source));
        self.ahead.push(record, home, extra, self.sources.is_some().then_some(source));
    }

    /// What was pushed and is not due yet will be due at another instant.
    pub fn bend(&mut self, now: Time, bent: impl Fn(Time) -> Time) {
        self.ahead.bend(now, bent);
    }

    /// Looks again at what is to be done and when, after `push`.
    pub fn turn_all(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        self.catch_up(now, out);
        self.watch_ages(now, out);
        self.watch_requests(now, out);
        for lane in 0..self.lanes.len() {
            self.drain(lane, now, out);
            self.arm(lane, now, out);
        }
        self.arm_fresh(now, out);
    }

    fn ready(&mut self, lane: usize, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if now < self.lanes[lane].armed {
            return;
        }
        self.lanes[lane].armed = Time::NEVER;
        self.turn(lane, now, out);
    }

    #[inline]
    fn turn(&mut self, lane: usize, now: Time, out: &mut (impl Outbox + ?Sized)) {
        self.catch_up(now, out);
        if self.blocked.is_some() {
            self.drain_all(now, out);
        }
        self.drain(lane, now, out);
        self.arm(lane, now, out);
        self.arm_fresh(now, out);
    }

    /// Lanes that got their first records meanwhile, such as by a switch of the sticky partition.
    #[inline]
    fn arm_fresh(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        while let Some(lane) = self.accumulator.fresh() {
            self.arm(lane, now, out);
        }
        if self.accumulator.scarce(self.ahead.size_max()).is_some() {
            // Memory may be used up earlier than the other lanes knew.
            (0..self.lanes.len()).for_each(|lane| self.arm(lane, now, out));
        }
    }

    fn look_ahead(&mut self) {
        if let Some(source) = &mut self.source {
            while self.ahead.len() < BLOCK && source.look_ahead(&mut self.ahead) {}
            self.wanders |= self.lanes.len() > 1 && self.ahead.is_sticky();
        }
    }

    /// Takes the records due by `now`, as far as memory goes.
    #[inline]
    fn catch_up(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let (mut sent, mut refused) = (0, 0);
        loop {
            let known = self.ahead.len();
            let mut taken = self.take_plainly(now);
            sent += taken as u64;
            while taken < known {
                let (record, home) = self.ahead.get(taken);
                let at = match self.blocked {
                    None => self.ahead.release(taken).max(self.resumed),
                    Some(_) => now,
                };
                if at > now {
                    break;
                }
                let extra = self.extra(taken, record, at);
                if let Some(partition) = self.accumulator.append(record, extra, home, at) {
                    sent += 1;
                    if self.sources.is_some() {
                        self.entered(taken, Some(partition));
                    }
                    if self.blocked.is_some() {
                        self.unblock(now);
                    }
                } else if self.gives_up(at, now, out) {
                    refused += 1;
                    self.entered(taken, None);
                } else {
                    break;
                }
                taken += 1;
            }
            if taken > 0 {
                self.last_due = self.ahead.get(taken - 1).0.due;
            }
            self.ahead.take(taken);
            self.taken += taken as u64;
            if self.ahead.len() < BLOCK {
                self.look_ahead();
            }
            if taken < known || taken == 0 {
                break;
            }
        }
        self.report(sent, refused, out);
    }

    /// The quick way for records that are taken when they are due; returns how many.
    #[inline]
    fn take_plainly(&mut self, now: Time) -> usize {
        let Self { ahead, accumulator, .. } = self;
        let (None, Some((records, homes))) = (self.blocked, ahead.plain()) else { return 0 };
        if self.resumed > Time::ZERO {
            return 0;
        }
        accumulator.append_plain(records, homes, now)
    }

    /// What is known of a record beyond the usual, if anything.
    #[inline]
    fn extra(&mut self, i: usize, record: Record, at: Time) -> Option<Extra> {
        let known = self.ahead.extra(i);
        if at == record.due {
            return known;
        }
        let limited = self.ahead.release(i);
        self.limited += limited.since(record.due.max(self.released));
        self.released = limited;
        Some(Extra { sent: at, ..known.unwrap_or(Extra::usual(&record)) })
    }

    #[inline]
    fn report(&mut self, sent: u64, refused: u64, out: &mut (impl Outbox + ?Sized)) {
        let stream = self.settings.stream;
        if sent > 0 {
            out.observe(&Fact::Sent { stream, records: sent });
        }
        if refused > 0 {
            out.observe(&Fact::Refused { stream, records: refused });
        }
        if self.ahead.is_empty() && !self.exhausted && self.source.is_some() {
            self.exhausted = true;
            out.observe(&Fact::Exhausted { stream, at: self.last_due });
        }
    }

    /// Sends requests on a lane while something is ready and the limit in flight allows.
    #[inline]
    fn drain(&mut self, lane: usize, now: Time, out: &mut (impl Outbox + ?Sized)) {
        while self.lanes[lane].in_flight < self.settings.max_in_flight
            && self.accumulator.is_ready(lane, now, self.hurries())
        {
            let mut request = self.spare.pop().unwrap_or_default();
            self.accumulator.drain(lane, &mut request);
            let plain = request.plain;
            self.dispatch(lane, request, plain, now, out);
        }
    }

    /// A request leaves, of which so many bytes are to be compressed before.
    #[inline(always)]
    fn dispatch(
        &mut self,
        lane: usize,
        mut request: Box<Produce>,
        plain: u64,
        now: Time,
        out: &mut (impl Outbox + ?Sized),
    ) {
        (request.stream, request.sender) = (self.settings.stream, self.settings.id);
        (request.left, request.epoch) = (now, self.lanes[lane].epoch);
        let (records, bytes) = (request.parcel.len() as u64, request.plain);
        out.observe(&Fact::Requested { stream: self.settings.stream, records, bytes });
        if self.sources.is_some() {
            self.sources_leave(&request);
        }
        if self.settings.forgets {
            self.done(&request, out);
            self.accumulator.release(&request.batches);
            self.catch_up(now, out);
        } else {
            self.lanes[lane].in_flight += 1;
            self.remember(lane, &request);
            if let Some(retry) = &mut self.retry {
                retry.left(lane, self.lanes[lane].epoch, now, &mut request);
            }
        }
        if self.moves.is_some() {
            self.keep_copy(lane, &mut request);
        }
        let ready = self.compress(plain, now);
        let begins = self.lanes[lane].left.max(ready);
        let left = begins + self.settings.bandwidth.takes(u64::from(request.bytes));
        self.lanes[lane].left = left;
        out.send_at(left, ActorId(lane as u32), Message::Produce(request));
    }

    /// When so many bytes are compressed: one request after the other, by the one thread that sends.
    #[inline]
    fn compress(&mut self, plain: u64, now: Time) -> Time {
        if self.settings.work_per_kib.is_zero() {
            return now;
        }
        let work = self.settings.work_per_kib.ns() as f64 * plain as f64 / 1024.0;
        self.compressed = self.compressed.max(now) + Span::from_ns(work as u64);
        self.compressed
    }

    /// Asks to be woken when this lane may next be ready. A lane at its limit is woken by an answer, unless it is where
    /// the sticky partition is: that may move on to another lane meanwhile.
    #[inline]
    fn arm(&mut self, lane: usize, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let Lane { in_flight, armed, .. } = self.lanes[lane];
        if self.blocked.is_some() && in_flight < TROUBLED {
            return;
        }
        let at = if in_flight >= self.settings.max_in_flight {
            if in_flight >= TROUBLED {
                return self.recover(lane, now, out);
            }
            if !self.wanders || self.accumulator.lane_of(STICKY) != lane {
                return;
            }
            self.may_move_on(lane)
        } else if armed != Time::NEVER && self.source.is_some() && !self.wanders {
            // It was armed for the earliest instant possible, and all arrivals were known then, with their lanes.
            return;
        } else {
            self.may_be_ready(lane)
        };
        let Some(at) = at else { return };
        let at = at.max(now);
        if at < armed {
            self.lanes[lane].armed = at;
            out.wake(Timer::Ready(lane as u32), at);
        }
    }

    /// When the next record may have lingered in another lane, or a batch may be full there.
    fn may_move_on(&self, lane: usize) -> Option<Time> {
        if self.ahead.is_empty() {
            return None;
        }
        let first = self.ahead.release(0).max(self.resumed);
        Some(self.full(lane).min(first + self.linger()))
    }

    #[inline]
    fn may_be_ready(&self, lane: usize) -> Option<Time> {
        let lingered = self.accumulator.oldest_for(lane).map(|oldest| oldest + self.linger());
        if self.ahead.is_empty() {
            return lingered;
        }
        let lingers = lingered.or_else(|| {
            let first = self.ahead.first_for(lane, |home| self.accumulator.lane_of(home));
            first.map(|due| due.max(self.resumed) + self.linger())
        });
        if let Some(at) = lingers
            && at <= self.ahead.release(0)
        {
            // Nothing can arrive before.
            return lingers;
        }
        let full = self.full(lane);
        Some(lingers.map_or(full, |at| at.min(full)))
    }

    /// The earliest instant at which a batch of this lane may be full, or memory used up, by the records known ahead.
    #[inline]
    fn full(&self, lane: usize) -> Time {
        let size = self.ahead.size_max();
        let mut seals = self.accumulator.records_to_seal(lane, size) as usize;
        if let Some(fit) = self.accumulator.scarce(size) {
            // The first record that may not fit makes everything ready.
            seals = seals.min(fit as usize + 1);
        }
        self.ahead.release(seals.min(self.ahead.len()) - 1)
    }

    #[inline]
    fn acked(&mut self, from: ActorId, mut answer: Box<Produce>, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if answer.epoch != self.lanes[from.index()].epoch {
            return if self.moves.is_some() { drop(answer) } else { self.came_home(from, answer, now, out) };
        }
        // What was due before must find the buffer as it was before.
        self.catch_up(now, out);
        if self.moves.is_some() {
            return self.answered(from, answer, now, out);
        }
        if answer.repeats {
            answer.complete();
            self.accumulator.answered(&answer.batches);
            answer.repeats = false;
        }
        self.done_in_time(from, &answer, out);
        self.accumulator.release(&answer.batches);
        answer.clear();
        let throttle = std::mem::take(&mut answer.throttle);
        self.spare.push(answer);
        self.lanes[from.index()].in_flight -= 1;
        if !throttle.is_zero() {
            self.hold(from.index(), now + throttle, now, out);
        }
        self.go_on(from.index(), now, out);
    }

    /// There is room for another request on a lane.
    #[inline]
    fn go_on(&mut self, lane: usize, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if self.blocked.is_some() {
            self.turn_all(now, out);
        } else {
            self.drain(lane, now, out);
            self.arm(lane, now, out);
            self.arm_fresh(now, out);
        }
    }
}
