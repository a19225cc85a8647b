//! Fetches that found too little: they wait at the partitions they want, and in the order of their deadlines.
//!
//! One timer waits for the first deadline; those that were answered meanwhile are recognised as stale and skipped.
use super::{Broker, Parked, Request};
use crate::model::machine::Outbox;
use crate::model::protocol::{Timer, Wanted};
use crate::units::Time;

impl Broker {
    /// Lets a fetch wait for more.
    pub(super) fn park(&mut self, job: u32, out: &mut (impl Outbox + ?Sized)) {
        let slot = &mut self.jobs[job as usize];
        let Some(Request::Fetch(fetch)) = &slot.request else { panic!("only fetches are parked") };
        for wanted in &fetch.wanted {
            let log = self.places.partitions[wanted.partition as usize].log;
            self.logs[log as usize].waiting.push(job);
        }
        slot.parked = true;
        let (deadline, turn) = (slot.done + fetch.max_wait, slot.turn);
        while let Some(parked) = self.parked.front()
            && self.jobs[parked.job as usize].turn != parked.turn
        {
            self.parked.pop_front();
        }
        let parked = Parked { deadline, job, turn };
        match self.parked.back() {
            Some(last) if last.deadline > deadline => self.park_before(parked),
            _ => self.parked.push_back(parked),
        }
        if deadline < self.deadline_armed {
            self.deadline_armed = deadline;
            out.wake(Timer::WaitedLong, deadline);
        }
    }

    /// Groups may wait for different times: keeps the order of deadlines.
    #[cold]
    fn park_before(&mut self, new: Parked) {
        let at = self.parked.partition_point(|parked| parked.deadline <= new.deadline);
        self.parked.insert(at, new);
    }

    /// One timer for all parked fetches: it answers those that are over and re-arms for the next.
    pub(super) fn waited_long(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if now < self.deadline_armed {
            return;
        }
        self.deadline_armed = Time::NEVER;
        while let Some(&Parked { deadline, job, turn }) = self.parked.front() {
            if self.jobs[job as usize].turn == turn {
                if deadline > now {
                    self.deadline_armed = deadline;
                    out.wake(Timer::WaitedLong, deadline);
                    return;
                }
                self.parked.pop_front();
                self.answer_fetch(job, now, out);
            } else {
                self.parked.pop_front();
            }
        }
    }

    /// Answers the parked fetches of a partition for which there is enough now.
    #[inline]
    pub(super) fn answer_waiting(&mut self, log: usize, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let mut i = 0;
        while let Some(&job) = self.logs[log].waiting.get(i) {
            if self.has_enough(job) {
                self.answer_fetch(job, now, out);
            } else {
                i += 1;
            }
        }
    }

    #[inline]
    pub(super) fn has_enough(&self, job: u32) -> bool {
        let Some(Request::Fetch(fetch)) = &self.jobs[job as usize].request else { panic!("only fetches wait") };
        if self.copies.as_ref().is_some_and(|copies| copies.is_elsewhere(self.settings.me, fetch)) {
            return true;
        }
        let log = |wanted: &Wanted| &self.logs[self.log(wanted.partition)];
        if fetch.min_bytes <= 1 {
            return fetch.wanted.iter().any(|wanted| log(wanted).high_watermark() > wanted.offset);
        }
        if fetch.wanted.iter().any(|wanted| wanted.offset < log(wanted).earliest()) {
            return true;
        }
        let readable = |wanted| log(wanted).readable(wanted.offset).min(fetch.max_partition_bytes);
        fetch.wanted.iter().map(readable).sum::<u64>() >= fetch.min_bytes
    }
}
