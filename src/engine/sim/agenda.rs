//! What happens next, ordered by (time, turn): ties go to whoever asked first.
//!
//! A ring of days of equal length, each a short list in order, with one bit a day that is not empty; what lies beyond
//! the ring waits in a heap. The length of a day follows the load: about one entry a day (R. Brown, Calendar queues,
//! CACM 31 (1988) 1220). What is to happen at the present instant comes after everything that was asked for earlier,
//! so it waits in a list of its own and never enters the order.
use crate::model::machine::Input;
use crate::model::protocol::{ActorId, Timer};
use crate::units::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

const DAYS: u64 = 512;
const WORDS: usize = DAYS as usize / 64;
/// No slot.
const NONE: u32 = u32::MAX;
/// Entries between two looks at the length of a day.
const LOOK: u32 = 4096;

/// All that is still to happen.
#[derive(Debug)]
pub struct Agenda {
    slots: Vec<Slot>,
    /// The first slot that holds nothing; the others follow.
    idle: u32,
    /// The first slot of each day.
    days: Box<[u32; DAYS as usize]>,
    /// One bit for each day that is not empty.
    busy: [u64; WORDS],
    /// Logarithm of the length of a day in nanoseconds.
    length: u32,
    /// Time, turn and slot of what lies beyond the ring. Nothing there came later than an equal instant in the ring.
    beyond: BinaryHeap<Reverse<(Time, u64, u32)>>,
    turns: u64,
    now: Time,
    /// First and last slot of what is to happen at `now` and was asked for at `now`.
    present: (u32, u32),
    /// Nothing else happens at `now`: the present list need not be compared with the order again.
    only_present: bool,
    load: Load,
}

#[derive(Debug)]
struct Slot {
    at: Time,
    next: u32,
    to: ActorId,
    input: Option<Input>,
}

/// What tells whether days are too long or too short.
#[derive(Debug, Default)]
struct Load {
    added: u32,
    /// Entries passed on the way to a place within a day.
    passed: u32,
    /// Entries that lay beyond the ring.
    beyond: u32,
}

impl Default for Agenda {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            idle: NONE,
            days: Box::new([NONE; DAYS as usize]),
            busy: [0; WORDS],
            length: 14,
            beyond: BinaryHeap::new(),
            turns: 0,
            now: Time::ZERO,
            present: (NONE, NONE),
            only_present: false,
            load: Load::default(),
        }
    }
}

impl Agenda {
    /// Something will happen to somebody.
    #[inline(always)]
    pub fn add(&mut self, at: Time, to: ActorId, input: Input) {
        let number = self.idle_slot();
        let slot = &mut self.slots[number as usize];
        (slot.at, slot.to, slot.input) = (at, to, Some(input));
        self.enter(number, at);
    }

    /// Whatever was to happen to somebody does not, but that it is asked what it has done, which changes nothing.
    #[cold]
    pub fn forget(&mut self, actor: ActorId) {
        for slot in self.slots.iter_mut().filter(|slot| slot.to == actor) {
            if let Some(input) = &mut slot.input {
                *input = Input::Observed;
            }
        }
    }

    /// A timer of somebody's will fire.
    #[inline(never)]
    pub fn wake(&mut self, at: Time, to: ActorId, timer: Timer) {
        self.add(at, to, Input::Fired(timer));
    }

    #[inline]
    fn idle_slot(&mut self) -> u32 {
        if self.idle == NONE {
            self.more_slots();
        }
        let number = self.idle;
        self.idle = self.slots[number as usize].next;
        number
    }

    #[cold]
    fn more_slots(&mut self) {
        let first = self.slots.len() as u32;
        let last = (2 * first).max(64);
        assert!(last < NONE / 2, "the agenda is full");
        let slot = |number: u32| {
            let next = if number + 1 == last { NONE } else { number + 1 };
            Slot { at: Time::ZERO, next, to: ActorId(0), input: None }
        };
        self.slots.extend((first..last).map(slot));
        self.idle = first;
    }

    /// Puts a filled slot where it belongs. Called, for it is long and asked for in many places.
    #[inline(never)]
    fn enter(&mut self, number: u32, at: Time) {
        if at <= self.now { self.enter_present(number) } else { self.enter_order(number, at) }
    }

    /// Puts a filled slot into the order, after everything at the same instant.
    #[inline]
    fn enter_order(&mut self, number: u32, at: Time) {
        self.load.added += 1;
        if self.load.added == LOOK {
            self.look();
        }
        let day = at.ns() >> self.length;
        if day - (self.now.ns() >> self.length) >= DAYS {
            self.load.beyond += 1;
            self.turns += 1;
            self.beyond.push(Reverse((at, self.turns, number)));
            return;
        }
        let place = (day % DAYS) as usize;
        let first = self.days[place];
        if first == NONE || self.slots[first as usize].at > at {
            self.slots[number as usize].next = first;
            self.days[place] = number;
            self.busy[place / 64] |= 1 << (place % 64);
            return;
        }
        let mut before = first as usize;
        loop {
            let next = self.slots[before].next;
            if next == NONE || self.slots[next as usize].at > at {
                self.slots[number as usize].next = next;
                self.slots[before].next = number;
                return;
            }
            self.load.passed += 1;
            before = next as usize;
        }
    }

    #[inline]
    fn enter_present(&mut self, number: u32) {
        self.slots[number as usize].next = NONE;
        let (first, last) = &mut self.present;
        match *first {
            NONE => *first = number,
            _ => self.slots[*last as usize].next = number,
        }
        *last = number;
    }

    #[inline]
    fn take_present(&mut self) -> Option<u32> {
        let number = self.present.0;
        self.present.0 = self.slots.get(number as usize)?.next;
        Some(number)
    }

    /// Makes days shorter where many share one, longer where many lie beyond the ring.
    #[cold]
    fn look(&mut self) {
        let Load { passed, beyond, .. } = std::mem::take(&mut self.load);
        if passed > LOOK / 2 && self.length > 6 {
            self.lengthen(self.length - 1);
        } else if beyond > LOOK / 4 && passed < LOOK / 8 && self.length < 40 {
            self.lengthen(self.length + 1);
        }
    }

    #[cold]
    fn lengthen(&mut self, length: u32) {
        let mut all = Vec::new();
        while let Some(place) = self.first_day() {
            all.push(self.take_first(place));
        }
        self.length = length;
        for number in all {
            let at = self.slots[number as usize].at;
            // Also what is due now: it was asked for before anything in the present list.
            self.enter_order(number, at);
        }
    }

    /// The first day in the ring that is not empty.
    #[inline]
    fn first_day(&self) -> Option<usize> {
        let today = ((self.now.ns() >> self.length) % DAYS) as usize;
        let (word, bit) = (today / 64, today % 64);
        let rest = self.busy[word] >> bit;
        if rest != 0 {
            return Some(today + rest.trailing_zeros() as usize);
        }
        // Around the ring, and at last what lies before today in its own word.
        (1..=WORDS)
            .map(|i| (word + i) % WORDS)
            .find(|&word| self.busy[word] != 0)
            .map(|word| word * 64 + self.busy[word].trailing_zeros() as usize)
    }

    /// Takes the first entry of a day out of the ring.
    #[inline]
    fn take_first(&mut self, place: usize) -> u32 {
        let number = self.days[place];
        let next = self.slots[number as usize].next;
        self.days[place] = next;
        if next == NONE {
            self.busy[place / 64] &= !(1 << (place % 64));
        }
        number
    }

    /// When the next thing happens.
    #[must_use]
    pub fn next_at(&self) -> Option<Time> {
        if self.present.0 != NONE {
            return Some(self.now);
        }
        let in_ring = self.first_day().map(|place| self.slots[self.days[place] as usize].at);
        let beyond = self.beyond.peek().map(|&Reverse((at, ..))| at);
        in_ring.into_iter().chain(beyond).min()
    }

    /// The next thing to happen, if that is before `limit`.
    #[inline]
    pub fn pop(&mut self, limit: Time) -> Option<(Time, ActorId, Input)> {
        let present = if self.only_present { self.take_present() } else { None };
        let number = match present {
            Some(number) => number,
            None => self.next_in_order(limit)?,
        };
        let slot = &mut self.slots[number as usize];
        slot.next = self.idle;
        self.idle = number;
        let input = slot.input.take().expect("what is to happen is in its slot");
        Some((self.now, slot.to, input))
    }

    /// The next slot in the order if that is before `limit`, or else the first of the present list.
    #[inline]
    fn next_in_order(&mut self, limit: Time) -> Option<u32> {
        self.only_present = false;
        // What was asked for earlier at this instant comes before the present list.
        let limit = if self.present.0 == NONE { limit } else { Time::from_ns(self.now.ns() + 1) };
        let place = self.first_day();
        let in_ring = place.map_or(Time::NEVER, |place| self.slots[self.days[place] as usize].at);
        let (at, number) = match (self.beyond.peek(), place) {
            (Some(&Reverse((at, _, number))), _) if at <= in_ring => {
                if at >= limit {
                    return self.begin_present();
                }
                self.beyond.pop();
                (at, number)
            }
            (_, Some(place)) if in_ring < limit => (in_ring, self.take_first(place)),
            _ => return self.begin_present(),
        };
        self.now = at;
        Some(number)
    }

    #[inline]
    fn begin_present(&mut self) -> Option<u32> {
        self.only_present = self.present.0 != NONE;
        self.take_present()
    }
}
