//! `conga run FILE`: load → plan → run → report.
//!
//! Progress goes to standard error, the summary to standard output. Ctrl-C ends the run where it stands and keeps what
//! was done; a second one ends the program.
use super::hire::Roster;
use super::looks::Looks;
use super::metrics::{Names, Server};
use super::processes;
use super::progress::{self, Shown};
use super::{BAD, Engine, FAILED, GOOD, INVALID, RunArgs, THRESHOLD, surroundings, view};
use crate::engine::live::strain::Reading;
use crate::engine::live::{self, Measured, Processes};
use crate::engine::{self, Watch};
use crate::outcome::result::Outcome;
use crate::outcome::saved;
use crate::plan::{Job, Plan, build};
use crate::report;
use crate::scenario::{self, Scenario};
use anyhow::Context;
use cpu_time::ProcessTime;
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::oneshot;

/// Runs a scenario and leaves its result and report.
///
/// # Errors
/// When the folder of the result cannot be written.
pub fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let planned = scenario::load(&args.file, &args.all_sets()).and_then(|scenario| {
        let (plan, warnings) = match args.engine {
            Engine::Sim => build::simulated(&scenario)?,
            Engine::Live => build::plan(&scenario)?,
        };
        Ok((scenario, plan, warnings))
    });
    let (scenario, mut plan, warnings) = match planned {
        Ok(planned) => planned,
        Err(problems) => {
            writeln!(std::io::stderr(), "{problems}")?;
            return Ok(ExitCode::from(BAD));
        }
    };
    if !args.quiet {
        for warning in &warnings {
            writeln!(std::io::stderr(), "{}", scenario.source.render(warning))?;
        }
    }
    if let Some(refused) = processes::refused(args, &plan).or_else(|| refused(args, &plan).map(str::to_owned)) {
        writeln!(std::io::stderr(), "{refused}")?;
        return Ok(ExitCode::from(BAD));
    }
    let shown = match progress::choose(args, &plan) {
        Ok(shown) => shown,
        Err(refused) => {
            writeln!(std::io::stderr(), "{refused}")?;
            return Ok(ExitCode::from(BAD));
        }
    };
    let processes = processes::count(args, &mut plan);
    for warning in plan.warnings.iter().skip(warnings.len()).filter(|_| !args.quiet) {
        writeln!(std::io::stderr(), "{warning}")?;
    }
    let dir = args.out.clone().unwrap_or_else(|| PathBuf::from("reports").join(&plan.name));
    // Before hours of work, not after.
    saved::check(&dir)?;
    let server = match args.prometheus.map(Server::bind).transpose() {
        Ok(server) => server,
        Err(error) => {
            writeln!(std::io::stderr(), "{error:#}")?;
            return Ok(ExitCode::from(BAD));
        }
    };
    let watch = Arc::new(Watch::quiet());
    // Whoever shows the run shares its looks; where nobody does, there are none.
    let looks = (shown.looks() || server.is_some()).then(|| Looks::new(&watch));
    let run = Run { args, scenario: &scenario, plan: &plan, processes, dir: &dir, shown, watch, looks };
    server.map_or_else(|| run.all(), |server| run.served(server))
}

/// A run that may begin.
struct Run<'r> {
    args: &'r RunArgs,
    scenario: &'r Scenario,
    plan: &'r Plan,
    /// Of consumers, if they have any of their own.
    processes: Option<u32>,
    dir: &'r Path,
    shown: Shown,
    watch: Arc<Watch>,
    looks: Option<Looks>,
}

impl Run<'_> {
    /// Runs, and leaves the result.
    fn all(&self) -> anyhow::Result<ExitCode> {
        let Self { args, scenario, plan, dir, .. } = *self;
        stop_on_interrupt(&self.watch);
        let roster = Roster::hire(plan, args.engine, self.processes.is_none(), dir)?;
        let processes = self.processes.map(|count| processes::start(count, scenario, roster.folder())).transpose()?;
        let (outcome, cost) = self.drive(&roster, processes.as_ref());
        for ended in cost.live.iter().flat_map(|measured| &measured.processes) {
            ended.farewell.iter().try_for_each(|farewell| roster.join(&farewell.findings))?;
        }
        for failed in cost.live.iter().filter_map(|measured| measured.failed.as_ref()) {
            writeln!(std::io::stderr(), "the run could not go on: {failed}")?;
        }
        save(&outcome, scenario, &cost, dir, |new| roster.leave(plan, new))?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", report::text::summary(&outcome))?;
        writeln!(out, "Report: {}", dir.join("report.html").display())?;
        Ok(ExitCode::from(code(&outcome)))
    }

    /// The same, while its figures can be read until the result is there.
    fn served(&self, server: Server) -> anyhow::Result<ExitCode> {
        // A port that conga chose is an answer, not progress.
        if !self.args.quiet || self.args.prometheus.is_some_and(|address| address.port() == 0) {
            writeln!(std::io::stderr(), "Metrics: http://{}/metrics", server.address)?;
        }
        let names = Names::of(self.plan, self.args.engine.name());
        let looks = self.looks.clone().unwrap_or_else(|| Looks::new(&self.watch));
        std::thread::scope(|scope| {
            // Gone when the run is over, however: then the server ends as well.
            let (alive, stop) = oneshot::channel();
            let serving = scope.spawn(|| server.serve(names, looks, stop));
            let done = self.all();
            drop(alive);
            serving.join().expect("the server of metrics panicked; this is a bug of conga")?;
            done
        })
    }
}

impl Run<'_> {
    #[expect(clippy::disallowed_methods, reason = "what a run cost: clocks outside the simulation")]
    fn drive(&self, roster: &Roster, processes: Option<&Processes>) -> (Outcome, Cost) {
        let Self { args, plan, watch, .. } = self;
        let run = || match args.engine {
            Engine::Sim => (engine::run(plan, watch), Vec::new()),
            Engine::Live => {
                let (threads, speed) = (usize::from(args.threads.unwrap_or(1)), args.speed.unwrap_or(1.0));
                let memory = args.memory.unwrap_or(live::MEMORY);
                let hire = |group, member| roster.take(group, member);
                let processes = processes.cloned();
                let settings = live::Settings { threads, speed, memory, hire: &hire, read: Reading::now, processes };
                engine::run_live(plan, watch, &settings)
            }
        };
        let (wall, cpu) = (std::time::Instant::now(), ProcessTime::now());
        let (outcome, live) = progress::with(self.shown, plan, watch, self.looks.as_ref(), args.engine, &run);
        let cost = Cost {
            wall_s: wall.elapsed().as_secs_f64(),
            cpu_s: cpu.elapsed().as_secs_f64(),
            records: watch.records.load(Ordering::Relaxed),
            events: watch.events.load(Ordering::Relaxed),
            live,
        };
        (outcome, cost)
    }
}

/// Why these arguments do not go with this plan.
fn refused(args: &RunArgs, plan: &Plan) -> Option<&'static str> {
    let live = args.threads.is_some() || args.speed.is_some() || args.memory.is_some();
    let works = plan.groups.iter().any(|group| group.job != Job::Delay || group.store.is_some());
    let repeated = plan.run.repetitions > 1 || plan.run.precision.is_some();
    match args.engine {
        Engine::Sim if live => {
            Some("--threads, --speed and --memory are for a live run; add `--engine live`, or leave them away")
        }
        Engine::Live if works && repeated => {
            Some("members that do real work do it once; add `--set run.repetitions=1`, and leave `run.precision` away")
        }
        _ => None,
    }
}

fn code(outcome: &Outcome) -> u8 {
    let result = &outcome.result;
    if result.partial || !result.broken_laws.is_empty() {
        FAILED
    } else if result.validity.verdict != "valid" {
        INVALID
    } else if result.passed {
        GOOD
    } else {
        THRESHOLD
    }
}

#[expect(clippy::disallowed_methods, reason = "a second Ctrl-C means at once; results are whole or absent anyway")]
pub(super) fn stop_on_interrupt(watch: &Arc<Watch>) {
    let watched = Arc::clone(watch);
    let installed = ctrlc::set_handler(move || {
        if watched.is_stopped() {
            view::restore();
            std::process::exit(i32::from(FAILED));
        }
        watched.stop();
    });
    // Without a handler an interrupt ends the program at once, which is no reason not to run.
    drop(installed);
}

/// What a run cost.
#[derive(Debug)]
struct Cost {
    wall_s: f64,
    cpu_s: f64,
    records: u64,
    events: u64,
    /// Of each repetition of a live run.
    live: Vec<Measured>,
}

fn save(
    outcome: &Outcome,
    scenario: &Scenario,
    cost: &Cost,
    dir: &Path,
    leave_work: impl FnOnce(&Path) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    let provenance = provenance(cost);
    let draw = |outcome: &Outcome, dir: &Path| {
        leave_work(dir)?;
        report::write(outcome, dir)
    };
    saved::save(outcome, &scenario.resolved_yaml(), scenario.inputs(), &provenance, dir, draw)
        .with_context(|| format!("cannot leave the result in {}", dir.display()))
}

/// Where the figures come from: the only file of a run that differs from one time to the next.
fn provenance(cost: &Cost) -> serde_json::Value {
    // What a lost process has used nobody knows.
    let processes = cost.live.iter().flat_map(|measured| &measured.processes);
    let cpu_s = |ended: &live::Ended| {
        ended.farewell.as_ref().filter(|_| ended.replaced == 0).map(|farewell| farewell.cpu.as_secs_f64())
    };
    let members_s: Option<f64> = processes.map(cpu_s).sum();
    let mut told = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "host": surroundings::host(),
        "engine": { "wall_s": cost.wall_s, "cpu_s": cost.cpu_s },
        "process": { "cpu_s": surroundings::cpu().as_secs_f64() },
        "events": cost.events,
        "messages": cost.records,
        "messages_per_cpu_s": members_s.map(|members_s| cost.records as f64 / (cost.cpu_s + members_s).max(1e-9)),
        "events_per_message": cost.events as f64 / (cost.records.max(1)) as f64,
        "peak_rss_bytes": surroundings::peak_rss_bytes(),
    });
    if !cost.live.is_empty() {
        told["live"] = cost.live.iter().map(live).collect();
    }
    told
}

/// What a live run measured beside the scenario's own figures.
fn live(measured: &Measured) -> serde_json::Value {
    let role =
        |role: &live::Role| (role.name.to_owned(), json!({ "actors": role.actors, "busy_s": role.busy.as_secs_f64() }));
    let bytes = measured.cost;
    let rate = |bytes: u64, time: Duration| (bytes > 0).then(|| bytes as f64 / 1e6 / time.as_secs_f64().max(1e-9));
    json!({
        "threads": measured.threads,
        "machine": {
            "stolen_share": measured.strain.stolen_share,
            "waited_for_cpu_s": measured.strain.waited_s,
            "anybody_waited_s": measured.strain.pressed_s,
        },
        "roles": measured.roles.iter().map(role).collect::<serde_json::Map<_, _>>(),
        "bytes": {
            "batches": bytes.batches,
            "made": bytes.plain,
            "compressed": bytes.packed,
            "compression_ratio": (bytes.plain > 0).then(|| bytes.packed as f64 / bytes.plain as f64),
            "making_s": bytes.making.as_secs_f64(),
            "compressing_s": bytes.packing.as_secs_f64(),
            "compressing_mb_per_s": rate(bytes.plain, bytes.packing),
            "expanded": bytes.expanded,
            "expanding_s": bytes.expanding.as_secs_f64(),
            "expanding_mb_per_s": rate(bytes.expanded, bytes.expanding),
        },
        "work": measured.work,
        "processes": measured.processes.iter().map(process).collect::<Vec<_>>(),
    })
}

/// A consumer process: what is not known of one that was lost at the end is null.
fn process(ended: &live::Ended) -> serde_json::Value {
    let farewell = ended.farewell.as_ref();
    json!({
        "members": ended.members,
        "replaced": ended.replaced,
        "cpu_s": farewell.map(|farewell| farewell.cpu.as_secs_f64()),
        "peak_rss_bytes": farewell.and_then(|farewell| farewell.peak_rss_bytes),
    })
}
