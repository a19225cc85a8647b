//! One consumer process as the parent sees it: started, heard, mourned, replaced.
//!
//! What comes out of its socket before the end is all that it did: a message or a fact that it had not written is as if it
//! had never been. Only then, and when its members' sessions are over, is another started in its place.
use super::desk::{Desk, Incoming};
use super::frame::{Farewell, Frame, Gone, Hello};
use super::office::Shared;
use super::socket::{self, Socket};
use super::told::Told;
use crate::engine::live::goods::Cargo;
use crate::engine::live::host::Left;
use crate::model::machine::Fact;
use crate::model::protocol::{ActorId, Message};
use crate::units::{Span, Time};
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::process::{Child, Command, ExitStatus};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

/// Real time between two looks at whether a process is there, or gone.
const LOOK: Duration = Duration::from_millis(1);
/// A process that has closed its socket is given so long to end, and is ended then.
const GRACE: Duration = Duration::from_secs(10);
/// Real time between two looks at whether a process has said anything.
const LISTEN: Duration = Duration::from_millis(100);
/// Nobody in a consumer process: an answer for it comes from the process itself, whatever its members are at.
pub const NOBODY: ActorId = ActorId(0);

/// One consumer process, and those that take its place.
#[derive(Debug)]
pub struct Branch {
    /// Its number.
    pub number: u32,
    /// The way to it.
    pub desk: Arc<Desk>,
    /// Its members.
    pub seats: Vec<Seat>,
    /// How it is.
    pub state: Cell<State>,
    /// What its members measured; all of them once they have left.
    pub left: RefCell<Vec<Left>>,
    /// What it said last.
    pub farewell: RefCell<Option<Farewell>>,
    /// How many processes there have been.
    pub generation: Cell<u32>,
    /// Whether it was told to go.
    dismissed: Cell<bool>,
    /// Frames that came from it.
    frames: Cell<u64>,
}

/// How a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not there yet.
    Coming,
    /// Ready, and waits for the run.
    Ready,
    /// There.
    Up,
    /// Gone before its time.
    Lost,
    /// Gone for good.
    Ended,
}

/// One member.
#[derive(Debug)]
pub struct Seat {
    /// Its address.
    pub address: ActorId,
    /// Its group.
    pub group: u32,
    /// Its number there.
    pub member: u32,
    /// When it was heard of last.
    heard: Cell<Instant>,
    /// Work on what it processed, and what of that it has reported as time at work.
    taken: Cell<Span>,
    busy: Cell<Span>,
}

impl Seat {
    /// Of a member that has done nothing.
    #[must_use]
    pub fn new(address: ActorId, group: u32, member: u32) -> Self {
        let none = || Cell::new(Span::ZERO);
        Self { address, group, member, heard: Cell::new(instant()), taken: none(), busy: none() }
    }
}

/// How a process ended.
enum End {
    /// It said so.
    Farewell,
    /// It did not.
    Lost(ExitStatus),
}

/// A process that ends with its keeper.
#[derive(Debug)]
struct Ward(Child);

impl Ward {
    /// Waits for its end.
    async fn end(&mut self) -> std::io::Result<ExitStatus> {
        let begin = instant();
        while begin.elapsed() < GRACE {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(LOOK).await;
        }
        self.0.kill()?;
        self.0.wait()
    }
}

impl Drop for Ward {
    fn drop(&mut self) {
        // It may have ended long ago, and been waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Branch {
    /// One with these members.
    #[must_use]
    pub fn new(number: u32, seats: Vec<Seat>) -> Self {
        Self {
            number,
            desk: Arc::default(),
            seats,
            state: Cell::new(State::Coming),
            left: RefCell::default(),
            farewell: RefCell::default(),
            generation: Cell::new(0),
            dismissed: Cell::new(false),
            frames: Cell::new(0),
        }
    }

    /// Tells it once to go, if it is there.
    pub fn dismiss(&self) {
        if self.state.get() == State::Up && !self.dismissed.replace(true) {
            self.desk.send(&Frame::Leave);
        }
    }

    /// Whether all its members have left.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.left.borrow().len() == self.seats.len()
    }

    /// Starts it, and others in its place, until the run is over.
    pub async fn keep(self: Rc<Self>, shared: Rc<Shared>) {
        loop {
            self.generation.set(self.generation.get() + 1);
            let lived = self.live(&shared).await;
            self.state.set(State::Lost);
            match lived {
                Ok(End::Farewell) => break,
                Ok(End::Lost(_)) if self.has_left() || shared.is_over() => {
                    shared.misses(&self);
                    break;
                }
                Ok(End::Lost(status)) if was_killed(status) => {
                    if !shared.mourns(&self) {
                        break;
                    }
                }
                Ok(End::Lost(status)) => {
                    shared.fails(format!(
                        "consumer process {} ended by itself ({status}), which is a bug of conga or of what it runs; what \
                         it had to say stands above",
                        self.number
                    ));
                    break;
                }
                Err(why) => {
                    shared.fails(format!("consumer process {}: {why}", self.number));
                    break;
                }
            }
            self.wait_for_session(&shared).await;
            if shared.is_over() {
                break;
            }
        }
        self.state.set(State::Ended);
    }

    /// From its start to its end; in words, why it could not be.
    async fn live(&self, shared: &Shared) -> Result<End, String> {
        let (socket, theirs) = socket::pair().map_err(|why| format!("there is no socket for it: {why}"))?;
        let processes = &shared.processes;
        let mut command = Command::new(&processes.program);
        command.args(&processes.arguments).stdin(theirs);
        // A Ctrl-C is for the parent, who tells the others in its own way.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().map_err(|why| format!("cannot be started: {why}"))?;
        drop(command);
        let mut ward = Ward(child);
        self.dismissed.set(false);
        self.left.borrow_mut().clear();
        self.desk.open();
        self.desk.send(&Frame::Hello(Hello {
            number: self.number,
            generation: self.generation.get(),
            ..shared.hello.clone()
        }));
        let socket = Rc::new(socket);
        let (desk, to) = (Arc::clone(&self.desk), Rc::clone(&socket));
        let writing = actix::spawn(async move { desk.write(&to).await });
        let heard = self.hear_out(&socket, shared, &mut ward).await;
        self.desk.close();
        // It fails where the other side is gone, and that is known.
        drop(writing.await);
        drop(socket);
        let status = ward.end().await.map_err(|why| format!("cannot be waited for: {why}"))?;
        heard?;
        Ok(if self.farewell.borrow().is_some() { End::Farewell } else { End::Lost(status) })
    }

    /// Hears it to its end, and ends it where it says nothing any more: a process that is stopped, or hangs.
    async fn hear_out(&self, socket: &Socket, shared: &Shared, ward: &mut Ward) -> Result<(), String> {
        let mut hearing = pin!(self.hear_all(socket, shared));
        let mut silence = pin!(self.silence(shared));
        let first = poll_fn(|context| match hearing.as_mut().poll(context) {
            Poll::Ready(heard) => Poll::Ready(Some(heard)),
            Poll::Pending => silence.as_mut().poll(context).map(|()| None),
        });
        if let Some(heard) = first.await {
            return heard;
        }
        shared.tells_silence(self);
        ward.0.kill().map_err(|why| format!("says nothing, and cannot be ended: {why}"))?;
        // What it had said before counts.
        hearing.await
    }

    /// Until it has said nothing for so long that a coordinator would not wait any longer. What counts is how long we
    /// have listened: when this process was stopped itself, nobody is to blame.
    async fn silence(&self, shared: &Shared) {
        let (mut silent, mut known) = (Duration::ZERO, self.frames.get());
        loop {
            tokio::time::sleep(LISTEN).await;
            let frames = self.frames.get();
            let patience = match self.state.get() {
                _ if frames != known => None,
                _ if shared.is_over() => Some(GRACE),
                State::Up => self.seats.iter().map(|seat| shared.session(seat.group)).max(),
                _ => None,
            };
            known = frames;
            let Some(patience) = patience else {
                silent = Duration::ZERO;
                continue;
            };
            silent += LISTEN;
            // A session may be shorter than a busy machine makes somebody wait who is well.
            if silent >= patience.max(GRACE) {
                return;
            }
            if self.state.get() == State::Up && !self.dismissed.get() {
                self.desk.send(&Frame::Ask(NOBODY));
            }
        }
    }

    async fn hear_all(&self, socket: &Socket, shared: &Shared) -> Result<(), String> {
        let mut incoming = Incoming::default();
        loop {
            match incoming.next(socket).await.map_err(|garbled| garbled.to_string())? {
                None => return Ok(()),
                Some((Frame::Cannot(why), _)) => return Err(why),
                Some((frame, cargo)) => {
                    self.frames.set(self.frames.get() + 1);
                    self.hear(frame, cargo, shared);
                }
            }
        }
    }

    fn hear(&self, frame: Frame<'_>, cargo: Cargo, shared: &Shared) {
        match frame {
            Frame::Ready => {
                self.state.set(State::Ready);
                self.begin(shared);
            }
            Frame::Post(from, to, message, _) => {
                if let (true, Some(seat)) = (is_sign_of_life(&message), self.seat(from)) {
                    seat.heard.set(instant());
                }
                shared.stage().peers[to.index()].post(from, to, message, cargo);
            }
            Frame::Told(now, fact) => {
                self.tally(&fact);
                shared.stage().listener.lock().hear(now, &fact.fact());
            }
            Frame::Breaks(now, law) => shared.stage().listener.lock().breaks(now, &law),
            Frame::Fails(why) => shared.fails(why),
            Frame::Answered(who, at) => self.desk.answered(who, at),
            Frame::Left(Gone { me, busy, cost, events, work }) => {
                let work = serde_json::from_str(&work).unwrap_or_default();
                self.left.borrow_mut().push(Left { me, lateness: None, busy, cost, full: Span::ZERO, events, work });
            }
            Frame::Farewell(farewell) => drop(self.farewell.borrow_mut().replace(farewell)),
            other => panic!("a consumer process does not say {other:?}"),
        }
    }

    /// Lets it begin, where the run has.
    pub fn begin(&self, shared: &Shared) {
        if let (Some(stage), State::Ready) = (shared.stage.get(), self.state.get()) {
            self.seats.iter().for_each(|seat| seat.heard.set(instant()));
            self.desk.send(&Frame::Begin(stage.clock.zero_ns()));
            self.state.set(State::Up);
            shared.notes(self);
        }
    }

    fn seat(&self, address: ActorId) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.address == address)
    }

    fn tally(&self, fact: &Told<'_>) {
        let of =
            |group: u32, member: u32| self.seats.iter().find(move |seat| (seat.group, seat.member) == (group, member));
        let add = |to: &Cell<Span>, span: Span| to.set(to.get() + span);
        match *fact {
            Told::Processed { group, member, ref work, .. } => {
                if let Some(seat) = of(group, member) {
                    add(&seat.taken, work.iter().fold(Span::ZERO, |sum, &work| sum + work));
                }
            }
            Told::Busy(group, member, span) => {
                if let Some(seat) = of(group, member) {
                    add(&seat.busy, span);
                }
            }
            _ => {}
        }
    }

    /// Time at work that a lost process had not reported yet: at least what its finished records took.
    pub fn settle(&self, now: Time, hear: &mut dyn FnMut(Time, &Fact<'_>)) {
        for Seat { group, member, taken, busy, .. } in &self.seats {
            if taken.get() > busy.get() {
                let span = taken.get() - busy.get();
                busy.set(taken.get());
                hear(now, &Fact::Busy { group: *group, member: *member, span });
            }
        }
    }

    /// Until no member's session is open any more.
    async fn wait_for_session(&self, shared: &Shared) {
        let until = self.seats.iter().map(|seat| seat.heard.get() + shared.absence(seat.group)).max();
        while until.is_some_and(|until| instant() < until) && !shared.is_over() {
            let left = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(instant()));
            tokio::time::sleep(left.min(LOOK * 10)).await;
        }
    }
}

/// Whether a coordinator takes a message for a sign of life.
fn is_sign_of_life(message: &Message) -> bool {
    let commits = matches!(message, Message::Commit(_));
    commits || matches!(message, Message::Heartbeat { .. } | Message::Beat(_) | Message::Join(_) | Message::Share(_))
}

/// Whether somebody else ended it.
#[cfg(unix)]
fn was_killed(status: ExitStatus) -> bool {
    /// How a program ends that gives up on itself.
    const ABORT: i32 = 6;
    std::os::unix::process::ExitStatusExt::signal(&status).is_some_and(|signal| signal != ABORT)
}

#[cfg(not(unix))]
fn was_killed(_: ExitStatus) -> bool {
    false
}

#[expect(clippy::disallowed_methods, reason = "sessions of a live run take real time")]
fn instant() -> Instant {
    Instant::now()
}
