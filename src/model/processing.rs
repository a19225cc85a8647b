//! What a member does with the records a poll gave it: one or several workers, one record after the other.
//!
//! A poll is one event. Its service times are drawn at its start, so every finish is known ahead; what is finished is
//! reported when somebody asks, never ahead of time, as slices of the buffers the records were fetched into.
//! With several workers the free one takes the oldest record, and records finish in another order than they began.
mod service;
mod trials;
mod warp;

use super::machine::{Fact, Outbox, Processed};
use super::protocol::{Extra, Fetch, PartitionId, Record};
use super::sabotage::{self, Sabotage};
use crate::units::{Span, Time};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

pub use service::{RealWork, Service};
pub use trials::{Fails, Poison, Retry, Trials};
pub use warp::Warp;

/// Records of one partition in one buffer, with contiguous offsets.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// The member's number of the partition.
    pub slot: u32,
    /// Which partition.
    pub partition: PartitionId,
    /// Which buffer.
    pub buffer: u32,
    /// Offset of the first record.
    pub base: u64,
    /// First record in the buffer.
    pub start: u32,
    /// After the last record in the buffer.
    pub end: u32,
}

/// An answer whose records are not all finished.
#[derive(Debug)]
struct Buffer {
    fetch: Option<Box<Fetch>>,
    left: u32,
}

/// Told of each record, its offset and when it will be done, in the order in which they begin.
pub type Finishes<'a> = dyn FnMut(&Record, &Extra, u64, Time) + 'a;

/// The workers of a member and what they hold.
#[derive(Debug)]
pub struct Processing {
    group: u32,
    member: u32,
    buffers: Vec<Buffer>,
    idle_buffers: Vec<u32>,
    #[expect(clippy::vec_box, reason = "boxes travel: messages move pointers, and come home here")]
    spare: Vec<Box<Fetch>>,
    workers: Workers,
    /// Work given out, and what of it was reported as busy.
    work: Span,
    reported: Span,
    /// How many times as long as usual work takes.
    pace: f64,
    /// Until when they stand still, if they do.
    still_until: Time,
    /// What becomes of records that fail, where any can.
    trials: Option<Box<Trials>>,
}

#[derive(Debug)]
enum Workers {
    One(One),
    Several(Several),
}

/// One worker: runs one after the other.
#[derive(Debug, Default)]
struct One {
    /// What it will work on, and how long the rest of that takes.
    runs: VecDeque<(Run, Span)>,
    /// Processing times of the unreported records of all runs, from `next` on.
    work: Vec<Span>,
    next: usize,
    /// When work on the first unreported record begins, and when all is done.
    at: Time,
    free: Time,
}

/// Several workers: tasks in the order in which they began.
#[derive(Debug)]
struct Several {
    tasks: Vec<Task>,
    finished: Vec<Task>,
    work: Vec<Span>,
    /// When each worker is free.
    free: BinaryHeap<Reverse<Time>>,
}

#[derive(Clone, Copy, Debug)]
struct Task {
    run: Run,
    started: Time,
    work: Span,
}

impl Task {
    fn done(&self) -> Time {
        self.started + self.work
    }
}

impl Processing {
    /// The workers of member `member` of group `group`.
    #[must_use]
    pub fn new(group: u32, member: u32, workers: u32) -> Self {
        let workers = if workers == 1 {
            Workers::One(One::default())
        } else {
            let free = (0..workers).map(|_| Reverse(Time::ZERO)).collect();
            Workers::Several(Several { tasks: Vec::new(), finished: Vec::new(), work: Vec::new(), free })
        };
        Self {
            group,
            member,
            buffers: Vec::new(),
            idle_buffers: Vec::new(),
            spare: Vec::new(),
            workers,
            work: Span::ZERO,
            reported: Span::ZERO,
            pace: 1.0,
            still_until: Time::ZERO,
            trials: None,
        }
    }

    /// The same, where records may fail.
    #[must_use]
    pub fn with_trials(self, trials: Option<Trials>) -> Self {
        Self { trials: trials.map(Box::new), ..self }
    }

    /// An empty fetch request.
    #[inline]
    pub fn spare(&mut self) -> Box<Fetch> {
        self.spare.pop().unwrap_or_default()
    }

    /// The number of the buffer that the next answer will be kept in.
    #[inline]
    pub fn next_buffer(&mut self) -> u32 {
        match self.idle_buffers.last() {
            Some(&buffer) => buffer,
            None => self.more_buffers(),
        }
    }

    #[cold]
    fn more_buffers(&mut self) -> u32 {
        let buffer = self.buffers.len() as u32;
        self.buffers.push(Buffer { fetch: None, left: 0 });
        self.idle_buffers.push(buffer);
        buffer
    }

    /// Keeps an answer in the next buffer until all its records are finished.
    #[inline]
    pub fn keep(&mut self, fetch: Box<Fetch>) {
        let left = fetch.parcel.len() as u32;
        let buffer = self.next_buffer();
        self.idle_buffers.pop();
        self.buffers[buffer as usize] = Buffer { fetch: Some(fetch), left };
        self.recycle(buffer);
    }

    #[inline]
    fn recycle(&mut self, buffer: u32) {
        let slot = &mut self.buffers[buffer as usize];
        if slot.left == 0
            && let Some(mut fetch) = slot.fetch.take()
        {
            fetch.wanted.clear();
            fetch.batches.clear();
            fetch.parcel.clear();
            self.spare.push(fetch);
            self.idle_buffers.push(buffer);
        }
    }

    /// When a worker has nothing to do, if nothing is added.
    #[inline]
    #[must_use]
    pub fn idle_at(&self) -> Time {
        match &self.workers {
            Workers::One(one) => one.free,
            Workers::Several(several) => several.free.peek().map_or(Time::ZERO, |free| free.0),
        }
    }

    /// When everything is done, if nothing is added.
    #[must_use]
    pub fn done_at(&self) -> Time {
        match &self.workers {
            Workers::One(one) => one.free,
            Workers::Several(several) => several.tasks.iter().map(Task::done).max().unwrap_or(Time::ZERO),
        }
    }

    /// When `n` more records than were reported are finished; never, if there are fewer or workers share them.
    #[must_use]
    pub fn finish_of(&self, n: usize) -> Time {
        match &self.workers {
            Workers::One(one) if one.next + n <= one.work.len() => {
                one.work[one.next..one.next + n].iter().fold(one.at, |at, &work| at + work)
            }
            _ => Time::NEVER,
        }
    }

    /// Lowest offset of a partition that is taken on and not reported finished, if there is one.
    #[must_use]
    pub fn unfinished(&self, slot: u32) -> Option<u64> {
        let runs_of = |run: &&Run| run.slot == slot;
        match &self.workers {
            Workers::One(one) => one.runs.iter().map(|(run, _)| run).find(runs_of).map(|run| run.base),
            Workers::Several(several) => {
                several.tasks.iter().map(|task| &task.run).filter(runs_of).map(|run| run.base).min()
            }
        }
    }

    /// Takes on a run; tells `finishes` of each record and when it will be done, in the order in which they begin.
    #[inline]
    pub fn take_on(&mut self, run: Run, service: &mut Service, now: Time, finishes: Option<&mut Finishes<'_>>) {
        let fetch = self.buffers[run.buffer as usize].fetch.as_ref().expect("a run lies in a buffer");
        let range = run.start as usize..run.end as usize;
        let extras = fetch.parcel.extras_of(range.clone());
        match &mut self.workers {
            Workers::One(one) => {
                if one.runs.is_empty() {
                    one.work.clear();
                    (one.next, one.at, one.free) = (0, now, now);
                }
                let first = one.work.len();
                let begins = one.free;
                let mut sum = service.draw((&run, begins), &fetch.parcel.records[range.clone()], extras, &mut one.work);
                if warp::is_unusual(self.pace) {
                    sum = warp::paced(&mut one.work[first..], self.pace);
                }
                if let Some(trials) = &mut self.trials {
                    sum = trials.lengthen(&run, &fetch.parcel.records[range.clone()], &mut one.work[first..]);
                }
                one.free = one.free + sum;
                self.work += sum;
                one.runs.push_back((run, sum));
                if let Some(finishes) = finishes {
                    let mut at = begins;
                    for (i, record) in fetch.parcel.records[range].iter().enumerate() {
                        at = at + one.work[first + i];
                        if !forwarded(self.trials.as_deref(), &run, i) {
                            continue;
                        }
                        let offset = run.base + i as u64;
                        finishes(record, extras.get(i).unwrap_or(&Extra::usual(record)), offset, at);
                    }
                }
            }
            Workers::Several(several) => {
                several.work.clear();
                let records = &fetch.parcel.records[range];
                let mut sum = service.draw((&run, now), records, extras, &mut several.work);
                if warp::is_unusual(self.pace) {
                    sum = warp::paced(&mut several.work, self.pace);
                }
                if let Some(trials) = &mut self.trials {
                    sum = trials.lengthen(&run, records, &mut several.work);
                }
                self.work += sum;
                let mut finishes = finishes;
                for (i, record) in records.iter().enumerate() {
                    let n = i as u32;
                    let run =
                        Run { base: run.base + u64::from(n), start: run.start + n, end: run.start + n + 1, ..run };
                    let done = several.begin(run, several.work[i], now);
                    if let Some(finishes) = &mut finishes
                        && forwarded(self.trials.as_deref(), &run, 0)
                    {
                        finishes(record, extras.get(i).unwrap_or(&Extra::usual(record)), run.base, done);
                    }
                }
            }
        }
    }

    /// Reports what is finished; returns the number of records.
    #[inline]
    pub fn report(&mut self, mut now: Time, out: &mut (impl Outbox + ?Sized)) -> u64 {
        if sabotage::plays(Sabotage::FinishAhead) {
            now = now + Span::from_ms(1);
        }
        match self.workers {
            Workers::One(_) => self.report_one(now, out),
            Workers::Several(_) => self.report_several(now, out),
        }
    }

    #[inline]
    fn report_one(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) -> u64 {
        let mut reported = 0;
        while let Workers::One(one) = &mut self.workers {
            let Some(&(run, takes)) = one.runs.front() else { break };
            let known = (run.end - run.start) as usize;
            let (n, sum) = one.finished(known, takes, now);
            if n == 0 {
                break;
            }
            let work = &one.work[one.next..one.next + n];
            let fetch = self.buffers[run.buffer as usize].fetch.as_ref().expect("a run lies in a buffer");
            let range = run.start as usize..run.start as usize + n;
            let processed = Processed {
                group: self.group,
                member: self.member,
                partition: run.partition,
                first: run.base,
                records: &fetch.parcel.records[range.clone()],
                extras: fetch.parcel.extras_of(range),
                work,
                started: one.at,
                shared: false,
            };
            match &mut self.trials {
                None => out.observe(&Fact::Processed(processed)),
                Some(trials) => trials.report(&processed, out),
            }
            if sabotage::plays(Sabotage::DeliverTwice) {
                out.observe(&Fact::Processed(processed));
            }
            one.at = one.at + sum;
            one.next += n;
            reported += n as u64;
            if n == known {
                one.runs.pop_front();
            } else {
                let (run, takes) = &mut one.runs[0];
                run.start += n as u32;
                run.base += n as u64;
                *takes = *takes - sum;
            }
            self.finished(run.buffer, n as u32);
            if n < known {
                break;
            }
        }
        reported
    }

    fn report_several(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) -> u64 {
        let Workers::Several(several) = &mut self.workers else { return 0 };
        let mut finished = std::mem::take(&mut several.finished);
        several.tasks.retain(|task| {
            let done = task.done() <= now;
            if done {
                finished.push(*task);
            }
            !done
        });
        finished.sort_by_key(|task| (task.done(), task.run.partition, task.run.base));
        let reported = finished.len() as u64;
        for Task { run, started, work } in finished.drain(..) {
            let fetch = self.buffers[run.buffer as usize].fetch.as_ref().expect("a run lies in a buffer");
            let range = run.start as usize..run.end as usize;
            let processed = Processed {
                group: self.group,
                member: self.member,
                partition: run.partition,
                first: run.base,
                records: &fetch.parcel.records[range.clone()],
                extras: fetch.parcel.extras_of(range),
                work: &[work],
                started,
                shared: true,
            };
            match &mut self.trials {
                None => out.observe(&Fact::Processed(processed)),
                Some(trials) => trials.report(&processed, out),
            }
            self.finished(run.buffer, 1);
        }
        if let Workers::Several(several) = &mut self.workers {
            several.finished = finished;
        }
        reported
    }

    /// Records that are kept will never be worked on.
    #[cold]
    pub fn forget(&mut self, buffer: u32, records: u32) {
        self.finished(buffer, records);
    }

    #[inline]
    fn finished(&mut self, buffer: u32, records: u32) {
        self.buffers[buffer as usize].left -= records;
        self.recycle(buffer);
    }

    /// Reports the time workers were busy since the last time.
    pub fn report_busy(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let ahead = match &self.workers {
            Workers::One(one) => one.free.since(now),
            Workers::Several(several) => several.free.iter().fold(Span::ZERO, |sum, free| sum + free.0.since(now)),
        };
        let busy = self.work - ahead;
        if busy > self.reported {
            let (group, member) = (self.group, self.member);
            out.observe(&Fact::Busy { group, member, span: busy - self.reported });
            self.reported = busy;
        }
    }
}

/// Whether a record goes on when it is finished: what was processed, or where dead letters go on, those alone.
fn forwarded(trials: Option<&Trials>, run: &Run, i: usize) -> bool {
    trials.is_none_or(|trials| trials.forwards(run.partition, run.base + i as u64))
}

impl One {
    /// How many of the next `known` records, which take so long, are finished, and the sum of their work.
    #[inline]
    fn finished(&self, known: usize, takes: Span, now: Time) -> (usize, Span) {
        if self.at + takes <= now {
            return (known, takes);
        }
        let (mut at, mut n) = (self.at, 0);
        for &work in &self.work[self.next..self.next + known] {
            if at + work > now {
                break;
            }
            at = at + work;
            n += 1;
        }
        (n, at - self.at)
    }
}

impl Several {
    /// Gives a task to the worker that is free first; returns when it will be done.
    fn begin(&mut self, run: Run, work: Span, now: Time) -> Time {
        let Reverse(free) = self.free.pop().expect("there are workers");
        let started = free.max(now);
        self.free.push(Reverse(started + work));
        self.tasks.push(Task { run, started, work });
        started + work
    }
}
