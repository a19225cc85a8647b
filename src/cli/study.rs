//! `conga study FILE`: many points of one scenario, run on all cores, a row a run.
//!
//! What is done stands in a journal in the folder of the study, so the same command goes on after whatever ended it.
//! The tables are written when all is done. Ctrl-C keeps the runs that are done.
use super::run::stop_on_interrupt;
use super::{BAD, FAILED, GOOD, StudyArgs, heap};
use crate::engine::{self, Watch};
use crate::plan::build;
use crate::report;
use crate::report::study::{SHOWN, Table};
use crate::scenario::{self, Scenario};
use crate::study::design::{Design, design};
use crate::study::drive::drive;
use crate::study::journal::{Identity, Journal, JournalError};
use crate::study::letter::{self, From};
use crate::study::{point, tables};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Runs a study, or goes on with one.
///
/// # Errors
/// When the folder cannot be written.
pub fn run(args: &StudyArgs) -> anyhow::Result<ExitCode> {
    heap::keep();
    let read = scenario::load(&args.file, &args.all_sets())
        .and_then(|scenario| design(&scenario, &args.vary).map(|design| (scenario, design)));
    let (scenario, design) = match read {
        Ok(read) => read,
        Err(problems) => {
            writeln!(std::io::stderr(), "{problems}")?;
            return Ok(ExitCode::from(BAD));
        }
    };
    let dir = args.out.clone().unwrap_or_else(|| PathBuf::from("reports").join(format!("{}-study", scenario.name)));
    let identity = Identity { sha256: design.sha256.clone(), scenario: scenario.name.clone(), runs: design.runs() };
    let mut journal = match Journal::open(&dir, &identity) {
        Ok(journal) => journal,
        Err(error @ JournalError::Io { .. }) => return Err(error.into()),
        Err(refusal) => {
            writeln!(std::io::stderr(), "conga: {refusal}")?;
            return Ok(ExitCode::from(BAD));
        }
    };
    keep_scenario(&scenario, &dir).with_context(|| format!("cannot write into {}", dir.display()))?;
    for file in &args.collect {
        if let Err(complaint) = collect(file, &design, &mut journal)? {
            writeln!(std::io::stderr(), "{}: {complaint}", file.display())?;
            return Ok(ExitCode::from(BAD));
        }
    }
    if args.print_points {
        journal.sync().with_context(|| format!("cannot write into {}", dir.display()))?;
        return print_points(&scenario, &design, &journal, &dir);
    }
    let journal = play(args, &scenario, &design, journal, &dir)?;
    if journal.done() < design.runs() {
        let (done, all) = (journal.done(), design.runs());
        let told = format!("{done} of {all} runs are done and kept in {}; repeat the command to go on", dir.display());
        writeln!(std::io::stderr(), "conga: interrupted: {told}")?;
        return Ok(ExitCode::from(FAILED));
    }
    finish(&scenario, &design, &journal, &identity, &dir)
}

/// The scenario as resolved, for whoever wants to know later what was run, and for workers.
fn keep_scenario(scenario: &Scenario, dir: &Path) -> std::io::Result<()> {
    tables::whole(dir, "scenario.yaml", |out| out.write_all(scenario.resolved_yaml().as_bytes()))?;
    if !scenario.inputs().is_empty() {
        std::fs::create_dir_all(dir.join("inputs"))?;
    }
    scenario
        .inputs()
        .iter()
        .try_for_each(|(name, bytes)| tables::whole(&dir.join("inputs"), name, |out| out.write_all(bytes)))
}

fn print_points(scenario: &Scenario, design: &Design, journal: &Journal, dir: &Path) -> anyhow::Result<ExitCode> {
    let resolved = std::path::absolute(dir)?.join("scenario.yaml");
    let from = match From::of(scenario, &resolved) {
        Ok(from) => from,
        Err(problems) => {
            writeln!(std::io::stderr(), "{problems}")?;
            return Ok(ExitCode::from(BAD));
        }
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for id in (0..design.runs()).filter(|id| !journal.has(*id)) {
        writeln!(out, "{}", letter::write(&from, &design.point(id)))?;
    }
    out.flush()?;
    Ok(ExitCode::from(GOOD))
}

/// Keeps what workers answered. Repeated answers count once; what is of another study is refused.
fn collect(file: &Path, design: &Design, journal: &mut Journal) -> anyhow::Result<Result<(), String>> {
    let cannot = || format!("cannot read {}", file.display());
    let mut lines = BufReader::new(std::fs::File::open(file).with_context(cannot)?);
    let mut line = String::new();
    for number in 0.. {
        line.clear();
        if lines.read_line(&mut line).with_context(cannot)? == 0 {
            break;
        }
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        let complain =
            |what: &str| Ok(Err(format!("line {}: {what}; collect only what `conga worker` wrote", number + 1)));
        let answer = match letter::answer(text) {
            Ok(answer) => answer,
            // Whoever wrote it was ended amid its last line: that run is done again.
            Err(_) if !line.ends_with('\n') && number > 0 => break,
            Err(what) => return complain(&what),
        };
        if answer.get("study").and_then(Value::as_str) != Some(design.sha256.as_str()) {
            return complain("is of another study: of another scenario, other values or another version of conga");
        }
        let id = answer.get("id").and_then(Value::as_u64).filter(|id| *id < design.runs());
        let Some(id) = id else { return complain("is of no run of this study") };
        if !design.point(id).told().iter().all(|(key, value)| answer.get(key) == Some(value)) {
            return complain("is of a run with other values");
        }
        journal.keep(id, text)?;
    }
    Ok(Ok(()))
}

fn play(
    args: &StudyArgs,
    scenario: &Scenario,
    design: &Design,
    journal: Journal,
    dir: &Path,
) -> anyhow::Result<Journal> {
    let watch = Arc::new(Watch::quiet());
    stop_on_interrupt(&watch);
    let (done, all) = (journal.done(), design.runs());
    let visible = !args.quiet && std::io::stderr().is_terminal();
    let bar = if visible { bar(done, all) } else { ProgressBar::hidden() };
    if done > 0 && !args.quiet {
        writeln!(std::io::stderr(), "conga: {done} of {all} runs are done already, in {}", dir.display())?;
    }
    let engine = |plan: &_| {
        let outcome = engine::run(plan, &watch);
        (!outcome.result.partial).then_some(outcome)
    };
    let run = |id: u64| {
        let row = if watch.is_stopped() { None } else { point::run(scenario, &design.point(id), &engine) };
        row.map(|row| row.line())
    };
    let cores = args.cores.map_or_else(engine::cores, usize::from);
    let journal = drive(journal, all, cores, &run, &|| bar.inc(1)).with_context(|| {
        format!("cannot write into {}; what is done is kept, repeat the command to go on", dir.display())
    });
    bar.finish_and_clear();
    journal
}

fn bar(done: u64, all: u64) -> ProgressBar {
    let bar = ProgressBar::new(all);
    let style = ProgressStyle::with_template("{pos} of {len} runs {wide_bar} {percent} % · {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_position(done);
    bar.reset_eta();
    bar
}

fn finish(
    scenario: &Scenario,
    design: &Design,
    journal: &Journal,
    identity: &Identity,
    dir: &Path,
) -> anyhow::Result<ExitCode> {
    let mut head = Map::new();
    head.insert("conga".into(), "1".into());
    head.insert("study".into(), identity.sha256.as_str().into());
    head.insert("scenario".into(), json!({ "name": scenario.name, "sha256": scenario.sha256 }));
    head.extend(design.told().as_object().cloned().unwrap_or_default());
    let thresholds = build::simulated(scenario).map(|(plan, _)| plan.thresholds).unwrap_or_default();
    let limits = thresholds
        .iter()
        .map(|line| json!({ "expression": line.expression, "path": line.path.join("."), "bound": line.bound }));
    head.insert("thresholds".into(), limits.collect());
    let varied: Vec<String> = design.axes.iter().map(|axis| axis.path.clone()).collect();
    let cannot = || format!("cannot write into {}", dir.display());
    tables::write(dir, journal, design.runs(), &varied, &head).with_context(cannot)?;
    report::study::page::write(dir).with_context(cannot)?;
    let mut shown = Table::new(thresholds.iter().map(|line| line.path.join(".")).collect());
    let (mut refused, mut first, mut broken) = (0, None, false);
    for id in 0..design.runs() {
        let row: Map<String, Value> = serde_json::from_str(&journal.line(id).with_context(cannot)?)?;
        if let Some(error) = row["error"].as_str() {
            refused += 1;
            broken |= row["figures"].as_object().is_some_and(|figures| !figures.is_empty());
            first.get_or_insert_with(|| error.to_owned());
        }
        shown.add(id / design.repetitions, &row);
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}: {} points, {} runs{}\n", scenario.name, design.points, design.runs(), told(refused))?;
    writeln!(out, "{}", shown.lines().join("\n"))?;
    if design.points > SHOWN {
        writeln!(out, "  … and {} more points, in {}", design.points - SHOWN, dir.join("runs.csv").display())?;
    }
    if let Some(error) = first {
        writeln!(out, "\n  first error: {error}")?;
    }
    writeln!(out, "\nStudy: {}", dir.join("study.json").display())?;
    writeln!(out, "Report: {}", dir.join("report.html").display())?;
    let code = if broken {
        FAILED
    } else if refused == design.runs() {
        BAD
    } else {
        GOOD
    };
    Ok(ExitCode::from(code))
}

fn told(refused: u64) -> String {
    if refused == 0 { String::new() } else { format!(", {refused} of them refused") }
}
