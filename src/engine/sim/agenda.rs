//! What happens next, ordered by (time, turn): ties go to whoever asked first.
//!
//! The order is kept over 16-byte keys; what happens lies in slots beside it. What is to happen at the present instant
//! comes after everything that was asked for earlier, so it waits in a plain queue and never enters the order.
use super::heap::Heap;
use crate::model::machine::Input;
use crate::model::protocol::ActorId;
use crate::units::Time;
use std::collections::VecDeque;

/// Time, turn and slot of an entry in one number: 2^40 turns and 2^24 pending entries.
type Key = u128;
const SLOT_BITS: u32 = 24;

/// All that is still to happen.
#[derive(Debug, Default)]
pub struct Agenda {
    order: Heap,
    slots: Vec<Option<(ActorId, Input)>>,
    idle: Vec<u32>,
    turns: u64,
    now: Time,
    /// Everything to happen at `now` that was asked for at `now`.
    present: VecDeque<(ActorId, Input)>,
}

fn time_of(key: Key) -> Time {
    Time::from_ns((key >> 64) as u64)
}

impl Agenda {
    /// Something will happen to somebody.
    #[inline(always)]
    pub fn add(&mut self, at: Time, to: ActorId, input: Input) {
        if at <= self.now {
            self.present.push_back((to, input));
            return;
        }
        let slot = self.idle_slot(at);
        self.slots[slot] = Some((to, input));
    }

    /// Enters an instant into the order; returns the slot for what is to happen then.
    #[inline(never)]
    fn idle_slot(&mut self, at: Time) -> usize {
        let slot = self.idle.pop().unwrap_or_else(|| {
            self.slots.push(None);
            assert!(self.slots.len() < 1 << SLOT_BITS, "the agenda is full");
            self.slots.len() as u32 - 1
        });
        self.turns += 1;
        let low = (self.turns << SLOT_BITS) | u64::from(slot);
        self.order.push((Key::from(at.ns()) << 64) | Key::from(low));
        slot as usize
    }

    /// When the next thing happens.
    #[must_use]
    pub fn next_at(&mut self) -> Option<Time> {
        if self.present.is_empty() { self.order.least().map(time_of) } else { Some(self.now) }
    }

    /// The next thing to happen, if that is before `limit`.
    #[inline]
    pub fn pop(&mut self, limit: Time) -> Option<(Time, ActorId, Input)> {
        match self.order.least() {
            Some(key) if self.present.is_empty() || time_of(key) <= self.now => {
                if time_of(key) >= limit {
                    return None;
                }
                self.order.remove_least();
                let slot = key as u32 & ((1 << SLOT_BITS) - 1);
                self.idle.push(slot);
                self.now = time_of(key);
                let (to, input) = self.slots[slot as usize].take().expect("a key has its slot");
                Some((self.now, to, input))
            }
            _ => {
                let (to, input) = self.present.pop_front()?;
                Some((self.now, to, input))
            }
        }
    }
}
