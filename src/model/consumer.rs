//! A member of a group: fetches ahead, polls, has its workers process, commits now and then, sends heartbeats.
//!
//! One fetch is in flight per broker, for the partitions of which nothing is fetched ahead; it is sent inside poll, as
//! Kafka's consumer does. A poll takes fetched records in the order of arrival, up to `max.poll.records`.
mod at_most_once;
mod befallen;
mod commits;
mod epochs;
mod leaders;
mod membership;
mod metadata;
mod output;
mod partitions;
mod resume;
mod settings;
mod supply;

use super::machine::{Fact, Input, Machine, Outbox};
use super::processing::{Processing, Run, Service, Trials};
use super::protocol::{ActorId, Commits, Extra, Fetch, Message, PartitionId, Produce, Record, Source, Timer, Wanted};
use super::quota::Muted;
use super::sabotage::{self, Sabotage};
use crate::units::Time;
use epochs::Epochs;
use membership::Membership;
use partitions::Roster;
use std::collections::VecDeque;

pub use epochs::Taking;
pub use membership::Joining;
pub use metadata::Metadata;
pub use output::Output;
pub use partitions::Reset;
pub use settings::{Commit, Settings};
pub use supply::{Supplies, Supply, Toil};

/// A member of a consumer group.
#[derive(Debug)]
pub struct Consumer {
    settings: Settings,
    owned: Vec<Owned>,
    sessions: Vec<Session>,
    /// Fetched and not yet polled, in order of arrival.
    fetched: VecDeque<Run>,
    processing: Processing,
    output: Option<Output>,
    /// When the timer for an idle worker fires; others are stale.
    idle_armed: Time,
    /// A commit is waited for before the next poll.
    committing: bool,
    commit_at: Time,
    /// Records reported since the last commit.
    uncommitted: u64,
    commits: Option<Box<Commits>>,
    muted: Muted,
    /// Where its partitions change.
    roster: Roster,
    /// Its part in a group whose members come and go.
    membership: Option<Box<Membership>>,
    /// The same in the consumer protocol.
    epochs: Option<Box<Epochs>>,
    /// Its group asks something of it at the next poll.
    attends: bool,
    /// When it last took records.
    polled_at: Time,
    ending: Ending,
    /// Where brokers can fail.
    seeking: Option<Box<leaders::Seeking>>,
    /// Where topics that it reads grow, and members deal.
    metadata: Option<Box<Metadata>>,
    /// Records that are committed already and may be worked on, where that comes first.
    granted: u32,
    /// It has an output, and what is not written yet is not done.
    careful: bool,
}

/// Whether it is about to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// It goes on.
    No,
    /// It was asked to, and finishes what it polled.
    Asked,
    /// It is gone.
    Over,
}

/// A partition of a member.
#[derive(Debug)]
pub struct Owned {
    /// Which one.
    pub partition: PartitionId,
    /// Broker that leads it.
    pub leader: u32,
    /// Next offset to ask for.
    pub next: u64,
    /// Everything below was handed out by polls.
    pub polled: u64,
    /// Processing times of its records.
    pub service: Service,
}

/// What this member asks one broker for.
#[derive(Debug, Default)]
struct Session {
    in_flight: bool,
    /// Owned partitions with nothing fetched ahead.
    wanting: Vec<u32>,
}

impl Machine for Consumer {
    #[inline]
    fn handle(&mut self, now: Time, input: Input, out: &mut (impl Outbox + ?Sized)) {
        if self.ending == Ending::Over {
            return;
        }
        self.act(now, input, out);
        if self.careful {
            self.has_written(now, out);
        }
    }
}

impl Consumer {
    #[inline]
    fn act(&mut self, now: Time, input: Input, out: &mut (impl Outbox + ?Sized)) {
        match input {
            Input::Started => self.start(now, out),
            Input::Received { from, message: Message::Fetched(answer) } => self.arrived(from, answer, now, out),
            Input::Fired(Timer::Idle) => self.idle(now, out),
            Input::Received { message: Message::Committed(commits), .. } => self.committed(commits, now, out),
            Input::Fired(Timer::FetchThrottled(broker)) => {
                self.sessions[broker as usize].in_flight = false;
                self.poll_if_idle(now, out);
            }
            Input::Received { message: Message::HeartbeatOk, .. } => {}
            Input::Received { message: Message::Offsets { number, positions }, .. } => {
                self.offsets(number, &positions, now, out);
            }
            Input::Received { message: Message::ListedOffsets { number, positions }, .. } => {
                self.listed(number, &positions, now, out);
            }
            Input::Fired(Timer::Heartbeat) => self.beat(now, out),
            Input::Fired(Timer::PollDue) => self.poll_due(now, out),
            Input::Received {
                message:
                    message @ (Message::HeartbeatRefused { .. }
                    | Message::Joined(_)
                    | Message::Shared(_)
                    | Message::Standing(_)),
                ..
            } => self.told(message, now, out),
            Input::Fired(Timer::Begin) => self.poll(now, out),
            Input::Observed => {
                self.report(now, out);
                self.processing.report_busy(now, out);
                let (group, span) = (self.settings.group, self.muted.take(now));
                if !span.is_zero() {
                    out.observe(&Fact::Throttled { group, span });
                }
                if let Some(output) = &mut self.output {
                    output.producer.handle(now, input, out);
                }
            }
            Input::Received { message: Message::Leaders(answer), .. } if answer.reads => {
                self.informed(&answer, now, out);
            }
            Input::Fired(Timer::Refresh) => self.refresh(now, out),
            Input::Fired(Timer::AskToRead) => self.ask_leaders(now, out),
            Input::Fired(Timer::FetchTimedOut(broker)) => self.fetch_timed_out(broker, now, out),
            Input::Closing | Input::Crashed | Input::Paused(_) | Input::Slowed(_) => self.befallen(now, input, out),
            other => match &mut self.output {
                Some(output) => output.producer.handle(now, other, out),
                None => panic!("a member without output does not expect {other:?}"),
            },
        }
    }
}

impl Consumer {
    /// A member that owns these partitions from the beginning.
    #[must_use]
    pub fn new(settings: Settings, owned: Vec<Owned>, workers: u32, output: Option<Output>) -> Self {
        let mut sessions: Vec<Session> = (0..settings.brokers).map(|_| Session::default()).collect();
        for (slot, owned) in owned.iter().enumerate() {
            sessions[owned.leader as usize].wanting.push(slot as u32);
        }
        Self {
            owned,
            sessions,
            fetched: VecDeque::new(),
            processing: Processing::new(settings.group, settings.member, workers),
            idle_armed: Time::NEVER,
            committing: false,
            commit_at: Time::ZERO,
            uncommitted: 0,
            commits: None,
            muted: Muted::default(),
            roster: Roster::default(),
            membership: None,
            epochs: None,
            attends: false,
            polled_at: Time::ZERO,
            ending: Ending::No,
            seeking: None,
            metadata: None,
            granted: 0,
            careful: output.as_ref().is_some_and(|output| output.producer.knows_sources()),
            output,
            settings,
        }
    }

    /// The same, where records may fail.
    #[must_use]
    pub fn with_trials(self, trials: Option<Trials>) -> Self {
        Self { processing: self.processing.with_trials(trials), ..self }
    }

    /// The same, in a group that changes: it may be given other partitions while it runs.
    #[must_use]
    pub fn supplied(mut self, supply: Supply) -> Self {
        self.roster = Roster::new(supply, &self.owned, self.settings.generation);
        self
    }

    /// The broker that leads each of its partitions.
    pub fn leaders(&self) -> impl Iterator<Item = u32> {
        self.owned.iter().map(|owned| owned.leader)
    }

    /// Whether its output still waits for this answer.
    #[must_use]
    pub fn awaits(&self, from: ActorId, answer: &Produce) -> bool {
        self.output.as_ref().is_some_and(|output| output.producer.awaits(from, answer))
    }

    /// Whether it has ended, in good order or not.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ending == Ending::Over
    }

    /// Which process of its number in the group it is, counted from 1.
    #[must_use]
    pub fn incarnation(&self) -> u32 {
        self.settings.generation
    }

    fn start(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        self.tell_owned(out);
        let waits = self.settings.generation > 1 && self.membership.is_none() && self.epochs.is_none();
        if waits { self.ask_where(out) } else { self.begin(now, out) }
    }

    fn begin(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if let Commit::Auto(interval) = self.settings.commit {
            self.commit_at = self.settings.starts.max(now) + interval;
        }
        self.first_beat(now, out);
        self.first_refresh(now, out);
        out.wake(Timer::Begin, self.settings.starts.max(now));
    }

    /// One fetch in flight per broker, for the partitions with nothing fetched ahead.
    #[inline]
    fn ask(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        for (broker, session) in self.sessions.iter_mut().enumerate() {
            if session.in_flight || session.wanting.is_empty() {
                continue;
            }
            let mut fetch = self.processing.spare();
            (fetch.group, fetch.generation) = (self.settings.group, self.settings.generation);
            (fetch.min_bytes, fetch.max_bytes) = (self.settings.fetch_min_bytes, self.settings.fetch_max_bytes);
            fetch.max_partition_bytes = self.settings.fetch_max_partition_bytes;
            fetch.max_wait = self.settings.fetch_max_wait;
            let owned = &self.owned;
            fetch.wanted.extend(session.wanting.drain(..).map(|slot| {
                let Owned { partition, next, .. } = owned[slot as usize];
                Wanted { partition, slot, offset: next }
            }));
            session.in_flight = true;
            if let Some(seeking) = &mut self.seeking {
                Self::asked(seeking, broker, &mut fetch, now, out);
            }
            out.send(ActorId(broker as u32), Message::Fetch(fetch));
        }
    }

    #[inline]
    fn arrived(&mut self, from: ActorId, mut fetch: Box<Fetch>, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if fetch.generation != self.settings.generation {
            // What a member asked for that is gone; whoever took its place asks for itself.
            return;
        }
        if self.seeking.is_some() && self.is_stale(from, &fetch) {
            return;
        }
        let dropped = if self.roster.leaving > 0 { self.strip(&mut fetch) } else { 0 };
        if self.seeking.is_some() {
            self.heard(from, &mut fetch, now, out);
        }
        let Self { owned, sessions, fetched, processing, settings, .. } = self;
        let session = &mut sessions[from.index()];
        let throttle = std::mem::take(&mut fetch.throttle);
        session.in_flight = !throttle.is_zero();
        if session.in_flight {
            self.muted.until(from.index(), now, now + throttle);
            out.wake(Timer::FetchThrottled(from.0), now + throttle);
        }
        let buffer = processing.next_buffer();
        let mut batches = fetch.batches.iter().peekable();
        for wanted in &fetch.wanted {
            let slot = wanted.slot;
            match batches.next_if(|batch| batch.sequence == slot) {
                Some(gone) if gone.start == gone.end => {
                    owned[slot as usize].skip_to(gone.base, settings, out);
                    session.wanting.push(slot);
                }
                Some(batch) => {
                    let (base, start, end) = (batch.base, batch.start, batch.end);
                    owned[slot as usize].next = base + u64::from(end - start);
                    fetched.push_back(Run { slot, partition: batch.partition, buffer, base, start, end });
                }
                None => session.wanting.push(slot),
            }
        }
        let records = fetch.parcel.len() as u64;
        processing.keep(fetch);
        if dropped > 0 {
            processing.forget(buffer, dropped);
        }
        out.observe(&Fact::Fetched { group: self.settings.group, records });
        self.poll_if_idle(now, out);
    }

    #[inline]
    fn poll_if_idle(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        // Who is to start later hears things before that, where its group changes.
        if self.processing.idle_at() <= now && self.idle_armed > now && now >= self.settings.starts {
            self.report(now, out);
            self.poll(now, out);
        }
    }

    /// Takes the next records and has them worked through, while the next ones are fetched.
    #[inline]
    fn poll(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if self.committing {
            return;
        }
        if self.attends && sabotage::plays(Sabotage::ForgetGranted) {
            self.granted = 0;
        }
        // What is committed already is worked on first, whatever else there is to do.
        if self.granted == 0 {
            if self.attends && !self.attend(now, out) {
                return;
            }
            if self.ending == Ending::Asked {
                return self.end(now, out);
            }
        }
        if let Commit::Auto(interval) = self.settings.commit
            && now >= self.commit_at
        {
            self.commit_at = now + interval;
            self.commit(out);
        }
        let most = match self.settings.commit {
            Commit::BeforeWork if self.granted == 0 && self.may_commit_first() => return self.commit_first(out),
            Commit::BeforeWork => std::mem::take(&mut self.granted),
            _ => self.settings.poll_records,
        };
        let mut room = most;
        while room > 0
            && let Some(run) = self.fetched.front_mut()
        {
            let n = room.min(run.end - run.start);
            let part = Run { end: run.start + n, ..*run };
            room -= n;
            run.start += n;
            run.base += u64::from(n);
            if run.start == run.end {
                let slot = run.slot;
                self.sessions[self.owned[slot as usize].leader as usize].wanting.push(slot);
                self.fetched.pop_front();
            }
            self.take_on(part, now);
        }
        let records = u64::from(most - room);
        if records > 0 {
            self.polled_at = now;
            out.observe(&Fact::Polled { group: self.settings.group, records });
            if let Some(output) = &mut self.output {
                output.producer.turn_all(now, out);
            }
        }
        self.ask(now, out);
        self.arm(records > 0, now, out);
    }

    #[inline]
    fn take_on(&mut self, run: Run, now: Time) {
        let owned = &mut self.owned[run.slot as usize];
        owned.polled = run.base + u64::from(run.end - run.start);
        match &mut self.output {
            None => self.processing.take_on(run, &mut owned.service, now, None),
            Some(output) => {
                let partition = run.partition;
                let mut finishes = |record: &Record, extra: &Extra, offset: u64, at: Time| {
                    output.forward(record, extra, Source { partition, offset }, at);
                };
                self.processing.take_on(run, &mut owned.service, now, Some(&mut finishes));
            }
        }
    }

    /// Asks to be woken when a worker will have nothing to do, or when a commit is due before.
    #[inline]
    fn arm(&mut self, polled: bool, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let mut at = self.processing.idle_at();
        if at <= now {
            // Somebody is idle already and waits for records; the others must still be heard of when they are done.
            at = self.processing.done_at();
            if polled && (at <= now || !self.fetched.is_empty()) {
                // Records that took no time, or fewer than are idle: the next poll follows at once.
                self.idle_armed = now;
                out.wake(Timer::Idle, now);
                return;
            }
        }
        if let Commit::Every(records) = self.settings.commit {
            let left = u64::from(records).saturating_sub(self.uncommitted).max(1);
            at = at.min(self.processing.finish_of(left as usize));
        }
        if at > now && (at < self.idle_armed || self.idle_armed <= now) {
            self.idle_armed = at;
            out.wake(Timer::Idle, at);
        }
    }

    #[inline]
    fn idle(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        // Where clocks are real, a timer fires later than it was armed for.
        if now < self.idle_armed {
            return;
        }
        self.idle_armed = Time::NEVER;
        self.report(now, out);
        match self.settings.commit {
            Commit::AfterPoll if self.uncommitted > 0 && !self.committing => {
                self.committing = true;
                if self.is_written(now, out) {
                    self.commit(out);
                }
            }
            Commit::Every(records) if self.uncommitted >= u64::from(records) => self.commit(out),
            _ => {}
        }
        // While a commit holds up the next poll, workers who are not done yet are heard of all the same.
        let polls = self.processing.idle_at() <= now && !self.committing;
        if polls { self.poll(now, out) } else { self.arm(false, now, out) }
    }

    #[inline]
    fn report(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        self.uncommitted += self.processing.report(now, out);
        if self.careful
            && let Some(output) = &mut self.output
        {
            output.producer.take_due(now, out);
        }
    }
}
