//! What the machine under a live run says of itself: processor time that was wanted and not given.
//!
//! Linux counts in `/proc/stat` what a hypervisor gave to others (steal), for each thread how long it was ready and not
//! run (`schedstat`), and under `/proc/pressure` how long anybody waited for a processor. Only the first makes a run
//! invalid: it comes from outside, and the clocks of the run go on meanwhile. Elsewhere nothing is known, and nothing told.
use std::fs;
use std::path::Path;

/// Share of all processor time in the window that may be stolen.
///
/// A p99 is decided by one record in a hundred, so from a hundredth on stolen time can be what it shows. Busy hosts take
/// that much all day, mostly from processors that do something else at the moment; twice as much is no accident.
pub const STOLEN: f64 = 0.02;
/// Ticks that must be stolen at least, for one more or less is only where the count was read.
const TICKS: u64 = 5;

/// The counters at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Ticks of all processors, and those of them that were stolen.
    pub ticks: Option<(u64, u64)>,
    /// Nanoseconds that our threads were ready and not run.
    pub waited_ns: Option<u64>,
    /// Microseconds in which anybody on this machine waited for a processor.
    pub pressed_us: Option<u64>,
}

impl Reading {
    /// As the kernel tells it now.
    #[must_use]
    pub fn now() -> Self {
        let text = |path: &Path| fs::read_to_string(path).ok();
        let threads = fs::read_dir("/proc/self/task").ok().map(|threads| {
            let files = threads.filter_map(|thread| text(&thread.ok()?.path().join("schedstat")));
            files.collect::<Vec<_>>()
        });
        Self {
            ticks: text(Path::new("/proc/stat")).as_deref().and_then(ticks),
            waited_ns: threads.and_then(|threads| waited_ns(&threads)),
            pressed_us: text(Path::new("/proc/pressure/cpu")).as_deref().and_then(pressed_us),
        }
    }
}

/// All ticks and the stolen ones, from `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal. What comes
/// after these is in user and nice already. Kernels before 2.6.11 tell no steal.
#[must_use]
pub fn ticks(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Vec<u64> = line.split_ascii_whitespace().take(8).map(str::parse).collect::<Result<_, _>>().ok()?;
    let all = fields.iter().try_fold(0_u64, |sum, &field| sum.checked_add(field))?;
    fields.get(7).map(|&stolen| (all, stolen))
}

/// Time ready and not run, summed over threads, from their `schedstat`: time run, time ready, times run.
#[must_use]
pub fn waited_ns(threads: &[String]) -> Option<u64> {
    let one = |text: &String| text.split_ascii_whitespace().nth(1)?.parse::<u64>().ok();
    let all: Option<Vec<u64>> = threads.iter().map(one).collect();
    all.filter(|all| !all.is_empty())?.iter().try_fold(0_u64, |sum, &ns| sum.checked_add(ns))
}

/// Time in which anybody waited, from `/proc/pressure/cpu`: `some avg10=… avg60=… avg300=… total=N`.
#[must_use]
pub fn pressed_us(pressure: &str) -> Option<u64> {
    let some = pressure.lines().find_map(|line| line.strip_prefix("some "))?;
    some.split_ascii_whitespace().find_map(|field| field.strip_prefix("total="))?.parse().ok()
}

/// What was wanted and not given, from the begin to the end of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Strain {
    /// Share of all processor time that was stolen.
    pub stolen_share: Option<f64>,
    /// Seconds that our threads were ready and not run, over all of them.
    pub waited_s: Option<f64>,
    /// Seconds in which anybody on this machine waited for a processor.
    pub pressed_s: Option<f64>,
    stolen: u64,
}

impl Strain {
    /// Between two readings. A counter that went backwards, as after a thread's end, tells nothing.
    #[must_use]
    pub fn between(begin: &Reading, end: &Reading) -> Self {
        let grown = |begin: Option<u64>, end: Option<u64>| end?.checked_sub(begin?);
        let all = grown(begin.ticks.map(|ticks| ticks.0), end.ticks.map(|ticks| ticks.0));
        let stolen = grown(begin.ticks.map(|ticks| ticks.1), end.ticks.map(|ticks| ticks.1));
        let share = all.zip(stolen).filter(|&(all, stolen)| all > 0 && stolen <= all);
        Self {
            stolen_share: share.map(|(all, stolen)| stolen as f64 / all as f64),
            waited_s: grown(begin.waited_ns, end.waited_ns).map(|ns| ns as f64 * 1e-9),
            pressed_s: grown(begin.pressed_us, end.pressed_us).map(|us| us as f64 * 1e-6),
            stolen: share.map_or(0, |(_, stolen)| stolen),
        }
    }

    /// Why the run is not to be trusted, if so.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        let share = self.stolen_share.filter(|&share| share > STOLEN && self.stolen >= TICKS)?;
        Some(format!(
            "the machine stole time: {:.1} % of its processors' in the window went to others on the same host, at most \
             {:.0} % may; run again when it is quiet, or elsewhere",
            share * 100.0,
            STOLEN * 100.0
        ))
    }
}
