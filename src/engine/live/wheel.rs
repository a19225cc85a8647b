//! Wakes the actors of one thread: when each has something to do next, in order, behind one alarm.
//!
//! An alarm for each timer would be a system call for each batch. Here wakes lie at least a sixth of a millisecond
//! apart, and each wakes everybody who is due; who is due after a longer quiet is woken on time.
use super::alarm::Alarm;
use super::clock::Clock;
use super::host::{Host, Letter};
use crate::units::Time;
use actix::Addr;
use std::cell::{Cell, OnceCell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::time::Duration;

/// Real time between two wakes at least.
pub const GRAIN: Duration = Duration::from_micros(165);

/// The wheel of a thread.
#[derive(Debug)]
pub struct Wheel {
    clock: Clock,
    alarm: Alarm,
    hosts: RefCell<Vec<Addr<Host>>>,
    due: RefCell<BinaryHeap<Reverse<(Time, usize)>>>,
    /// For when the alarm is set.
    armed: Cell<Time>,
    /// Nobody is woken before this.
    rests: Cell<Time>,
}

thread_local! {
    static HERE: OnceCell<Rc<Wheel>> = const { OnceCell::new() };
}

impl Wheel {
    /// The wheel of this thread, which must be one of actix's; made when it is asked for first.
    #[must_use]
    pub fn here(clock: Clock) -> Rc<Self> {
        HERE.with(|here| Rc::clone(here.get_or_init(|| Self::start(clock))))
    }

    fn start(clock: Clock) -> Rc<Self> {
        let wheel = Rc::new(Self {
            clock,
            alarm: Alarm::new().expect("the system has timers for every thread"),
            hosts: RefCell::default(),
            due: RefCell::default(),
            armed: Cell::new(Time::NEVER),
            rests: Cell::new(Time::ZERO),
        });
        let turning = Rc::clone(&wheel);
        drop(actix::spawn(async move {
            loop {
                turning.alarm.ring().await;
                turning.turn();
            }
        }));
        wheel
    }

    /// Takes in an actor; returns its place.
    pub fn join(&self, host: Addr<Host>) -> usize {
        let mut hosts = self.hosts.borrow_mut();
        hosts.push(host);
        hosts.len() - 1
    }

    /// Wakes the actor at this place then, or soon after.
    pub fn ask(&self, place: usize, at: Time) {
        self.due.borrow_mut().push(Reverse((at, place)));
        self.arm(at);
    }

    fn arm(&self, at: Time) {
        let at = at.max(self.rests.get());
        if at < self.armed.get() {
            self.armed.set(at);
            self.alarm.set(self.clock.real(self.clock.now(), at));
        }
    }

    fn turn(&self) {
        let now = self.clock.now();
        self.armed.set(Time::NEVER);
        self.rests.set(now + self.clock.scaled(GRAIN));
        let (mut due, hosts) = (self.due.borrow_mut(), self.hosts.borrow());
        while let Some(&Reverse((at, place))) = due.peek() {
            if at > now {
                self.arm(at);
                return;
            }
            due.pop();
            hosts[place].do_send(Letter::Tick);
        }
    }
}
