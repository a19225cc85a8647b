//! Workers that stand still for a while, or become slower: what was known ahead of their finishes no longer holds.
//!
//! Both bend the time to come: what would have been done at an instant after now is done at a later one (or an earlier one,
//! when they become quick again), in the same order. What was begun keeps its beginning.
use super::{Processing, Task, Workers};
use crate::units::{Span, Time};
use std::cmp::Reverse;

/// How the time to come is bent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Warp {
    /// Everything is so much later.
    Still(Span),
    /// From then on everything takes so many times as long; before, workers stand still.
    Stretched(Time, f64),
}

impl Warp {
    /// When is done what would have been done at an instant.
    #[must_use]
    pub fn of(self, now: Time, at: Time) -> Time {
        match self {
            Self::Still(span) if at > now => at + span,
            Self::Stretched(from, factor) if at > from => from + stretched(at.since(from), factor),
            _ => at,
        }
    }
}

fn stretched(span: Span, factor: f64) -> Span {
    Span::from_ns((span.ns() as f64 * factor).round() as u64)
}

/// Whether work takes longer or shorter than it usually does.
#[inline]
#[expect(clippy::float_cmp, reason = "usual is exactly 1")]
pub(super) fn is_unusual(pace: f64) -> bool {
    pace != 1.0
}

/// Processing times of workers that are not as quick as usual; returns their sum.
#[cold]
pub(super) fn paced(work: &mut [Span], pace: f64) -> Span {
    work.iter_mut().fold(Span::ZERO, |sum, work| {
        *work = stretched(*work, pace);
        sum + *work
    })
}

impl Processing {
    /// Workers take so many times as long as usual from now on; returns how that bends what is known ahead. Everything
    /// finished must have been reported.
    pub fn slow(&mut self, pace: f64, now: Time) -> Warp {
        let warp = Warp::Stretched(self.still_until.max(now), pace / self.pace);
        self.pace = pace;
        self.bend(warp, now);
        warp
    }

    /// Workers stand still for so long; returns how that bends what is known ahead. Everything finished must have been
    /// reported.
    pub fn stand_still(&mut self, span: Span, now: Time) -> Warp {
        let warp = Warp::Still(span);
        self.still_until = self.still_until.max(now) + span;
        self.bend(warp, now);
        warp
    }

    fn bend(&mut self, warp: Warp, now: Time) {
        let (before, after) = match &mut self.workers {
            Workers::One(one) => {
                let (mut old, mut new) = (one.at, one.at);
                let before = one.free;
                let mut work = one.work[one.next..].iter_mut();
                for (run, takes) in &mut one.runs {
                    let begins = new;
                    for work in work.by_ref().take((run.end - run.start) as usize) {
                        old = old + *work;
                        let done = warp.of(now, old);
                        *work = done.since(new);
                        new = done;
                    }
                    *takes = new.since(begins);
                }
                one.free = warp.of(now, one.free);
                (before.since(now), one.free.since(now))
            }
            Workers::Several(several) => {
                let sum = |free: &std::collections::BinaryHeap<Reverse<Time>>| {
                    free.iter().fold(Span::ZERO, |sum, free| sum + free.0.since(now))
                };
                let before = sum(&several.free);
                for task in &mut several.tasks {
                    let done = warp.of(now, task.done());
                    let started = warp.of(now, task.started);
                    *task = Task { started, work: done.since(started), ..*task };
                }
                several.free = several.free.drain().map(|Reverse(free)| Reverse(warp.of(now, free))).collect();
                (before, sum(&several.free))
            }
        };
        self.work = self.work + after - before;
    }
}
