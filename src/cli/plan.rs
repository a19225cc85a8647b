//! `conga plan FILE`: how little is enough, how much is possible, and what is needed as the load grows.
//!
//! The scenario's thresholds say what is good enough. The answer goes to standard output, everything it rests on into
//! `plan.json`. The number of runs is the plan's to decide: `run.repetitions` is told to be of no use here.
use super::run::stop_on_interrupt;
use super::{BAD, FAILED, GOOD, PlanArgs, THRESHOLD};
use crate::engine::{self, Watch};
use crate::report;
use crate::scenario::{self, Scenario};
use crate::study::answer::{Answer, Step, answer, frontier};
use crate::study::memory::{self, Memory};
use crate::study::quest::{Goal, Quest, quest};
use crate::study::tables;
use crate::study::trial::{Choice, Stopped, Trials, Tried};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Plans, and leaves `plan.json` and `report.html`.
///
/// # Errors
/// When the folder cannot be written.
pub fn run(args: &PlanArgs) -> anyhow::Result<ExitCode> {
    super::heap::keep();
    let goal = match (&args.minimize, &args.maximize) {
        (Some(path), _) if path == "cost" => Goal::Cheapest,
        (Some(path), _) => Goal::Least(path.clone()),
        (None, path) => Goal::Greatest(path.clone().unwrap_or_default()),
    };
    let read = scenario::load(&args.file, &args.all_sets()).and_then(|scenario| {
        let quest = quest(&scenario, goal, &args.vary, args.frontier.as_deref())?;
        Ok((scenario, quest))
    });
    let (scenario, quest) = match read {
        Ok(read) => read,
        Err(problems) => {
            writeln!(std::io::stderr(), "{problems}")?;
            return Ok(ExitCode::from(BAD));
        }
    };
    let dir = args.out.clone().unwrap_or_else(|| PathBuf::from("reports").join(format!("{}-plan", scenario.name)));
    if let Some(refusal) = refused(&dir) {
        writeln!(std::io::stderr(), "conga: {refusal}")?;
        return Ok(ExitCode::from(BAD));
    }
    let run = scenario.document.run.as_ref();
    if !args.quiet && run.is_some_and(|run| run.repetitions.is_some() || run.precision.is_some()) {
        let told =
            "`run.repetitions` and `run.precision` are not used: a plan runs each candidate as often as it takes";
        writeln!(std::io::stderr(), "conga: {told}")?;
    }
    let memory = match Memory::open(&dir, &scenario) {
        Ok(memory) => memory,
        Err(error) => {
            writeln!(std::io::stderr(), "conga: {}: {error}", dir.display())?;
            return Ok(ExitCode::from(FAILED));
        }
    };
    if !args.quiet && memory.done() > 0 {
        let told = "of an earlier plan of this very scenario are taken over";
        writeln!(std::io::stderr(), "conga: {} simulations {told}", memory.done())?;
    }
    let (answer, steps) = match search(args, &scenario, &quest, &memory) {
        Ok(found) => found,
        Err((stopped, so_far)) => {
            writeln!(std::io::stderr(), "{}", stopped_early(&stopped, &so_far, &memory))?;
            return Ok(ExitCode::from(FAILED));
        }
    };
    save(&scenario, &answer, &steps, &dir).with_context(|| format!("cannot write into {}", dir.display()))?;
    memory.forget().with_context(|| format!("cannot write into {}", dir.display()))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", report::plan::text(&scenario.name, &answer, &steps).join("\n"))?;
    writeln!(out, "Plan: {}", dir.join("plan.json").display())?;
    writeln!(out, "Report: {}", dir.join("report.html").display())?;
    let every = answer.choice.is_some() && steps.iter().all(|step| step.choice.is_some());
    Ok(ExitCode::from(if every { GOOD } else { THRESHOLD }))
}

/// Candidates that are told where a plan is interrupted: the latest.
const TOLD: usize = 12;

/// What is known of a plan that did not come to its end.
fn stopped_early(stopped: &Stopped, so_far: &[(Choice, Tried)], memory: &Memory) -> String {
    let kept = memory.trouble().map_or_else(
        || "what was simulated is kept, and the same command goes on from there".to_owned(),
        |error| format!("what was simulated could not be kept: {error}"),
    );
    let latest = so_far.len().saturating_sub(TOLD);
    let tried = report::plan::so_far(&so_far[latest..]);
    let head = format!("conga: {}: there is no answer yet; {kept}", why(stopped));
    std::iter::once(head).chain(tried).collect::<Vec<_>>().join("\n")
}

fn why(stopped: &Stopped) -> String {
    match stopped {
        Stopped::Interrupted => "interrupted".to_owned(),
        Stopped::Broken(laws) => format!("broken law {laws}; that is a bug of conga, please report it"),
    }
}

/// A folder that is there and not of a plan.
fn refused(dir: &Path) -> Option<String> {
    let mut inside = std::fs::read_dir(dir).ok()?;
    let foreign = inside.next().is_some() && !dir.join("plan.json").is_file() && !dir.join(memory::FILE).is_file();
    foreign.then(|| {
        format!("{} holds files that are not a plan of conga; choose another --out or empty this one", dir.display())
    })
}

/// Why it stopped, and what was tried until then.
type Early = (Stopped, Vec<(Choice, Tried)>);

fn search(args: &PlanArgs, scenario: &Scenario, quest: &Quest, memory: &Memory) -> Result<(Answer, Vec<Step>), Early> {
    let watch = Arc::new(Watch::quiet());
    stop_on_interrupt(&watch);
    let visible = !args.quiet && std::io::stderr().is_terminal();
    let bar = if visible { ProgressBar::no_length() } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{spinner} {pos} simulations, {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    let engine = |plan: &_| {
        let outcome = if watch.is_stopped() { None } else { Some(engine::run(plan, &watch)) };
        outcome.filter(|outcome| !outcome.result.partial)
    };
    let told = |simulations: usize| bar.set_position(simulations as u64);
    let cores = args.cores.map_or_else(engine::cores, usize::from);
    let mut trials = Trials::new(scenario, &engine, cores, &told).remembering(memory);
    let found = answer(&mut trials, quest, args.brief).and_then(|answer| Ok((answer, frontier(&mut trials, quest)?)));
    bar.finish_and_clear();
    found.map_err(|stopped| (stopped, trials.so_far()))
}

fn save(scenario: &Scenario, answer: &Answer, steps: &[Step], dir: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let mut told = report::plan::json(&scenario.name, &scenario.sha256, answer, steps);
    told["text"] = report::plan::text(&scenario.name, answer, steps).into();
    tables::whole(dir, "plan.json", |out| writeln!(out, "{told:#}"))?;
    report::plan_page::write(dir).map(|_| ())
}
