//! What is due while a producer is blocked, counted without drawing records: the backlog needs no memory.
//!
//! A second clock of the same arrivals goes ahead of the producer's own.
use crate::model::random::BLOCK;
use crate::model::workload::arrivals::Clock;
use crate::units::Time;

/// A second clock of the same arrivals, which counts without drawing records: the backlog needs no memory.
#[derive(Debug)]
pub struct Beyond {
    clock: Clock,
    block: Box<[Time; BLOCK]>,
    /// Place and length in the block.
    next: usize,
    len: usize,
    due: u64,
}

impl Beyond {
    /// Goes on where `clock` stands, with `due` records drawn before.
    pub fn new(clock: Clock, due: u64) -> Self {
        Self { clock, block: Box::new([Time::ZERO; BLOCK]), next: 0, len: 0, due }
    }

    /// Records due by now since the beginning; those drawn before the clock was copied are all due.
    pub fn count(&mut self, now: Time) -> u64 {
        loop {
            let due = self.block[self.next..self.len].partition_point(|&at| at <= now);
            self.due += due as u64;
            self.next += due;
            if self.next < self.len {
                return self.due;
            }
            (self.next, self.len) = (0, self.clock.fill(&mut self.block));
            if self.len == 0 {
                return self.due;
            }
        }
    }
}
