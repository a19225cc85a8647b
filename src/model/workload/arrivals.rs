//! When records are due to one instance of a producer.
//!
//! Instants are drawn in blocks and cost no event. Instances of a Poisson producer are Poisson each, at a share of the
//! rate; constant ones are staggered, so that together they are as even as one.
use super::bursts::Bursts;
use super::curve::Curve;
use crate::model::random::{BLOCK, Distribution, Stream};
use crate::units::Time;
use std::sync::Arc;

pub use super::curve::Shape;

/// When records are due. Rates are per second over all instances of a producer.
#[derive(Clone, Debug)]
pub enum Arrivals {
    /// Evenly spaced from time 0; instance `i` of `n` begins `i` spacings later.
    Constant {
        /// Records per second.
        rate: f64,
    },
    /// Memoryless.
    Poisson {
        /// Records per second.
        rate: f64,
    },
    /// Independent gamma gaps.
    Renewal {
        /// Records per second.
        rate: f64,
        /// Coefficient of variation of a gap.
        cv: f64,
    },
    /// Groups of records at one instant, memoryless.
    Batches {
        /// Groups per second.
        rate: f64,
        /// Records of a group.
        size: u32,
    },
    /// One rate after the other, then silence.
    Steps {
        /// Each step.
        steps: Vec<Step>,
        /// Evenly spaced instead of Poisson.
        even: bool,
    },
    /// A rate that changes all the time.
    Curve {
        /// How it changes.
        shape: Shape,
        /// Evenly spaced instead of Poisson.
        even: bool,
    },
    /// Bursts and silence in turn, exponentially long each; Poisson in a burst. All instances burst together.
    Bursty {
        /// Mean nanoseconds of a burst.
        on_ns: f64,
        /// Mean nanoseconds of the silence between two.
        off_ns: f64,
        /// Records per second in a burst.
        rate: f64,
    },
    /// Read from a file; the rows are dealt to the instances in turn.
    Trace(Arc<[TraceRow]>),
}

/// Part of `Arrivals::Steps`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// How long it lasts, in nanoseconds.
    pub length_ns: u64,
    /// Records per second, zero or more.
    pub rate: f64,
}

/// One record of a trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceRow {
    /// When it is due, in nanoseconds since the first row, after `speed`.
    pub at_ns: u64,
    /// Its key, as a number below the `count` of the producer's `Keys::Listed`; `NO_KEY` without one.
    pub key: u32,
    /// Value bytes; negative where the trace does not say.
    pub size: i64,
    /// Amount of work in it; 1 where the trace does not say.
    pub units: f64,
}

/// The instants at which records are due to one instance, one block after the other.
#[derive(Clone, Debug)]
pub struct Clock {
    process: Process,
    /// Nothing is due from here on.
    end: Time,
    /// Records still to come, at most.
    left: u64,
}

#[derive(Clone, Debug)]
enum Process {
    Constant { period_ns: f64, offset_ns: f64, next: u64 },
    Gaps(Gaps),
    Steps(Steps),
    Curve(Curve),
    Bursts(Bursts),
    Trace(Trace),
}

impl Process {
    /// Fills `out` from its start; returns how far.
    fn fill(&mut self, out: &mut [Time]) -> usize {
        match self {
            Self::Constant { period_ns, offset_ns, next } => {
                for due in &mut *out {
                    // From the number, not from the instant before, so that nothing adds up.
                    *due = Time::from_ns((*offset_ns + *next as f64 * *period_ns).round() as u64);
                    *next += 1;
                }
                out.len()
            }
            Self::Gaps(gaps) => gaps.fill(out),
            Self::Steps(steps) => fill_while(out, || Some(Time::from_ns(steps.next()?.round() as u64))),
            Self::Curve(curve) => fill_while(out, || Some(Time::from_ns(curve.next()?.round() as u64))),
            Self::Bursts(bursts) => fill_while(out, || Some(Time::from_ns(bursts.next().round() as u64))),
            Self::Trace(trace) => trace.fill(out),
        }
    }
}

fn fill_while(out: &mut [Time], mut next: impl FnMut() -> Option<Time>) -> usize {
    for (i, due) in out.iter_mut().enumerate() {
        match next() {
            Some(at) => *due = at,
            None => return i,
        }
    }
    out.len()
}

/// Independent gaps, each followed by so many records at the same instant.
#[derive(Clone, Debug)]
struct Gaps {
    law: Distribution,
    stream: Stream,
    block: Box<[u64; BLOCK]>,
    next: usize,
    now: u64,
    copies: u32,
    pending: u32,
}

impl Gaps {
    fn new(law: Distribution, copies: u32, stream: Stream) -> Self {
        Self { law, stream, block: Box::new([0; BLOCK]), next: BLOCK, now: 0, copies, pending: 0 }
    }

    fn fill(&mut self, out: &mut [Time]) -> usize {
        if self.copies == 1 && self.next == BLOCK && out.len() == BLOCK {
            self.law.fill(&mut self.stream, &mut self.block[..]);
            for (due, gap) in out.iter_mut().zip(self.block.iter()) {
                self.now += gap;
                *due = Time::from_ns(self.now);
            }
            return BLOCK;
        }
        self.fill_singly(out)
    }

    fn fill_singly(&mut self, out: &mut [Time]) -> usize {
        for due in &mut *out {
            if self.pending == 0 {
                self.pending = self.copies;
                if self.next == BLOCK {
                    self.law.fill(&mut self.stream, &mut self.block[..]);
                    self.next = 0;
                }
                self.now += self.block[self.next];
                self.next += 1;
            }
            self.pending -= 1;
            *due = Time::from_ns(self.now);
        }
        out.len()
    }
}

/// The rows of a trace for one instance.
#[derive(Clone, Debug)]
pub struct Trace {
    rows: Arc<[TraceRow]>,
    /// First row of the block given out last.
    block: usize,
    next: usize,
    stride: usize,
}

impl Trace {
    fn fill(&mut self, out: &mut [Time]) -> usize {
        self.block = self.next;
        let (rows, next, stride) = (&self.rows, &mut self.next, self.stride);
        fill_while(out, || {
            let row = rows.get(*next)?;
            *next += stride;
            Some(Time::from_ns(row.at_ns))
        })
    }

    /// The rows of the block given out last.
    pub fn block(&self) -> impl Iterator<Item = &TraceRow> {
        self.rows.get(self.block..).unwrap_or_default().iter().step_by(self.stride)
    }
}

/// Where an instance stands among its steps: arrivals come whenever the sum of rate × time passes the next target.
#[derive(Clone, Debug)]
struct Steps {
    all: Vec<Step>,
    instances: f64,
    stream: Option<Stream>,
    /// Step in which `at_ns` lies, and where it began.
    step: usize,
    began_ns: f64,
    at_ns: f64,
    /// Records still to be due before the next one, a share of one.
    wait: f64,
}

impl Steps {
    fn next(&mut self) -> Option<f64> {
        while let Some(step) = self.all.get(self.step) {
            let per_ns = step.rate * 1e-9 / self.instances;
            let ends = self.began_ns + step.length_ns as f64;
            let arrives = if per_ns > 0.0 { self.at_ns + self.wait / per_ns } else { f64::INFINITY };
            if arrives < ends {
                self.at_ns = arrives;
                self.wait = self.stream.as_mut().map_or(1.0, Stream::exponential);
                return Some(arrives);
            }
            self.wait -= (ends - self.at_ns) * per_ns;
            (self.began_ns, self.at_ns) = (ends, ends);
            self.step += 1;
        }
        None
    }
}

impl Clock {
    /// The clock of instance `i` of `n`, which ends before `end` and after `records`. `stream` is its own luck, `common`
    /// that of all instances: to each a copy of the same.
    #[must_use]
    pub fn new(
        arrivals: &Arrivals,
        (i, n): (u32, u32),
        end: Time,
        records: u64,
        mut stream: Stream,
        common: Stream,
    ) -> Self {
        let (instance, instances) = (f64::from(i), f64::from(n));
        let gaps = |law, copies, stream| Process::Gaps(Gaps::new(law, copies, stream));
        let mean = |rate: f64| instances * 1e9 / rate;
        let process = match arrivals {
            Arrivals::Constant { rate } => {
                Process::Constant { period_ns: mean(*rate), offset_ns: instance * 1e9 / rate, next: 0 }
            }
            Arrivals::Poisson { rate } => gaps(Distribution::Exponential { mean: mean(*rate) }, 1, stream),
            Arrivals::Renewal { rate, cv } => gaps(Distribution::Gamma { mean: mean(*rate), cv: *cv }, 1, stream),
            Arrivals::Batches { rate, size } => gaps(Distribution::Exponential { mean: mean(*rate) }, *size, stream),
            Arrivals::Steps { steps, even } => {
                let wait = if *even { instance / instances } else { stream.exponential() };
                let (all, stream) = (steps.clone(), (!even).then_some(stream));
                Process::Steps(Steps { all, instances, stream, step: 0, began_ns: 0.0, at_ns: 0.0, wait })
            }
            Arrivals::Curve { shape, even } => {
                Process::Curve(Curve::new(*shape, (instance, instances), (!even).then_some(stream)))
            }
            Arrivals::Bursty { on_ns, off_ns, rate } => {
                Process::Bursts(Bursts::new((*on_ns, *off_ns), mean(*rate), stream, common))
            }
            Arrivals::Trace(rows) => {
                Process::Trace(Trace { rows: Arc::clone(rows), block: 0, next: i as usize, stride: n as usize })
            }
        };
        Self { process, end, left: records }
    }

    /// Fills a block with the next instants; returns how many there are, zero at the end.
    pub fn fill(&mut self, out: &mut [Time; BLOCK]) -> usize {
        let wanted = usize::try_from(self.left).unwrap_or(BLOCK).min(BLOCK);
        let mut n = self.process.fill(&mut out[..wanted]);
        self.left -= n as u64;
        if n < wanted {
            self.left = 0;
        }
        if n > 0 && out[n - 1] >= self.end {
            n = out[..n].partition_point(|&due| due < self.end);
            self.left = 0;
        }
        n
    }

    /// The rows behind the records, where they come from a trace.
    #[must_use]
    pub fn trace(&self) -> Option<&Trace> {
        match &self.process {
            Process::Trace(trace) => Some(trace),
            _ => None,
        }
    }
}
