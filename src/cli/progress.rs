//! What is seen of a run while it goes on, on standard error: a view that fills the terminal where the run is live, a bar
//! where it is simulated, plain lines where nobody sits before it, and with `--quiet` nothing.
use super::film::Film;
use super::looks::Looks;
use super::view::{self, View};
use super::{Engine, Progress, RunArgs};
use crate::engine::Watch;
use crate::plan::{Job, Plan};
use crate::units::show;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How often the bar moves and keys are looked at.
const BEAT: Duration = Duration::from_millis(50);

/// How a run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Not at all.
    Nothing,
    /// A bar.
    Bar,
    /// A line now and then.
    Lines,
    /// The whole terminal.
    View,
}

impl Shown {
    /// Whether it is drawn from looks at the run.
    #[must_use]
    pub fn looks(self) -> bool {
        matches!(self, Self::Lines | Self::View)
    }
}

/// How this run is to be shown.
///
/// # Errors
/// Where a view is asked for that cannot be.
pub fn choose(args: &RunArgs, plan: &Plan) -> Result<Shown, &'static str> {
    if args.quiet {
        return Ok(Shown::Nothing);
    }
    let terminal = std::io::stderr().is_terminal();
    match args.progress {
        Progress::Lines => Ok(Shown::Lines),
        Progress::View if !terminal => {
            Err("--progress view needs a terminal on standard error; use `--progress lines`")
        }
        Progress::View => Ok(Shown::View),
        Progress::Auto if !terminal => Ok(Shown::Lines),
        // What members print is what one wants to see.
        Progress::Auto if prints(plan) && std::io::stdout().is_terminal() => Ok(Shown::Nothing),
        Progress::Auto if args.engine == Engine::Live && view::may_be() => Ok(Shown::View),
        Progress::Auto => Ok(Shown::Bar),
    }
}

fn prints(plan: &Plan) -> bool {
    plan.groups.iter().any(|group| group.job == Job::Print)
}

/// Runs while it is shown how far it is.
pub fn with<T: Send>(
    shown: Shown,
    plan: &Plan,
    watch: &Arc<Watch>,
    looks: Option<&Looks>,
    engine: Engine,
    run: &(dyn Fn() -> T + Sync),
) -> T {
    match (shown, looks) {
        (Shown::Bar, _) => {
            let bar = bar(plan);
            let done = beside(run, &mut || show_bar(&bar, watch));
            bar.finish_and_clear();
            done
        }
        (Shown::View, Some(looks)) => {
            let film = Film::of(plan, engine.name());
            let Ok(mut view) = View::enter(film, looks.clone(), watch) else {
                return with(Shown::Lines, plan, watch, Some(looks), engine, run);
            };
            // Dropped, it gives the terminal back.
            beside(run, &mut || view.look())
        }
        (Shown::Lines, Some(looks)) => {
            let mut lines = Lines::new(Film::of(plan, engine.name()), looks.clone());
            beside(run, &mut || lines.look(watch))
        }
        (Shown::Nothing | Shown::Lines | Shown::View, _) => run(),
    }
}

/// Runs on a thread of its own, and looks meanwhile.
#[expect(clippy::disallowed_methods, reason = "progress is looked at twenty times a second, beside the run")]
fn beside<T: Send>(run: &(dyn Fn() -> T + Sync), look: &mut dyn FnMut()) -> T {
    std::thread::scope(|scope| {
        let running = scope.spawn(run);
        while !running.is_finished() {
            look();
            if !running.is_finished() {
                std::thread::sleep(BEAT);
            }
        }
        running.join().expect("the engine panicked; this is a bug of conga")
    })
}

fn bar(plan: &Plan) -> ProgressBar {
    let bar = ProgressBar::new(u64::from(plan.run.repetitions) * 1_000);
    let style = ProgressStyle::with_template("{msg} {wide_bar} {percent} % · {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show_bar(bar: &ProgressBar, watch: &Watch) {
    bar.set_length(u64::from(watch.repetitions.load(Ordering::Relaxed).max(1)) * 1_000);
    bar.set_position(watch.permille.load(Ordering::Relaxed));
    let records = watch.records.load(Ordering::Relaxed) as f64;
    let rate = records / bar.elapsed().as_secs_f64().max(0.001);
    bar.set_message(format!("{} messages, {}", show::count(records), show::rate(rate)));
}

/// Thousandths that are done, over all repetitions that are decided on.
pub fn permille(watch: &Watch) -> u64 {
    let all = u64::from(watch.repetitions.load(Ordering::Relaxed).max(1));
    (watch.permille.load(Ordering::Relaxed) / all).min(1_000)
}

/// A line a second, then every ten seconds, then every minute: a log of a day stays readable.
struct Lines {
    film: Film,
    looks: Looks,
    began: Instant,
    next: Duration,
}

impl Lines {
    #[expect(clippy::disallowed_methods, reason = "lines come in real time")]
    fn new(film: Film, looks: Looks) -> Self {
        Self { film, looks, began: Instant::now(), next: Duration::from_secs(1) }
    }

    fn look(&mut self, watch: &Watch) {
        if let Some(look) = self.looks.latest() {
            self.film.add(look);
        }
        let elapsed = self.began.elapsed();
        if elapsed < self.next {
            return;
        }
        let Some(moment) = self.film.now() else { return };
        self.next = elapsed + pause(elapsed);
        // Nobody may be left to read it.
        let _ = writeln!(std::io::stderr(), "{}", moment.line(permille(watch)));
    }
}

/// Time from one line to the next.
fn pause(elapsed: Duration) -> Duration {
    Duration::from_secs(match elapsed.as_secs() {
        0..10 => 1,
        10..600 => 10,
        _ => 60,
    })
}
