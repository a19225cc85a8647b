//! `conga compare A B [C…]`: what changed from the first result to the others, and whether that is more than chance.
//!
//! Made for scripts as well: `--fail-if` ends with 99 where a change is beyond a limit.
use super::{BAD, CompareArgs, GOOD, THRESHOLD};
use crate::outcome::result::Outcome;
use crate::outcome::saved;
use crate::report::{comparison, text};
use crate::study::compare::compare;
use crate::study::limit::{Breach, Limit};
use anyhow::Context;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Compares saved results.
///
/// # Errors
/// When a folder holds no result of this version, or the page cannot be written.
pub fn run(args: &CompareArgs) -> anyhow::Result<ExitCode> {
    let limits: Result<Vec<Limit>, String> = args.fail_if.iter().map(|line| Limit::parse(line)).collect();
    let limits = match limits {
        Ok(limits) => limits,
        Err(problem) => return bad(&problem),
    };
    let outcomes: Vec<Outcome> = args.dirs.iter().map(|dir| saved::load(dir)).collect::<Result<_, _>>()?;
    let results: Vec<(String, &Outcome)> = names(&args.dirs).into_iter().zip(&outcomes).collect();
    let comparison = compare(&results);
    let broken: Result<Vec<Vec<Breach>>, String> = limits.iter().map(|limit| limit.breaches(&comparison)).collect();
    let broken: Vec<Breach> = match broken {
        Ok(broken) => broken.into_iter().flatten().collect(),
        Err(problem) => return bad(&problem),
    };
    let mut out = std::io::stdout().lock();
    for one in comparison::against(&comparison) {
        writeln!(out, "{}\n  {}\n", one.title, one.sentence)?;
        let table = text::aligned(comparison::COLUMNS, one.rows.iter().cloned());
        writeln!(out, "{}\n", table.join("\n"))?;
    }
    for warning in &comparison.warnings {
        writeln!(out, "  warning: {warning}")?;
    }
    for one in &broken {
        writeln!(out, "  FAIL  {}", comparison::breach(&comparison, one))?;
    }
    if let Some(dir) = &args.out {
        let all: Vec<&Outcome> = outcomes.iter().collect();
        comparison::write(&comparison, &all, &broken, dir)
            .with_context(|| format!("cannot write the comparison into {}", dir.display()))?;
        writeln!(out, "Comparison: {}", dir.join("comparison.html").display())?;
    }
    Ok(ExitCode::from(if broken.is_empty() { GOOD } else { THRESHOLD }))
}

fn bad(problem: &str) -> anyhow::Result<ExitCode> {
    writeln!(std::io::stderr(), "conga: {problem}")?;
    Ok(ExitCode::from(BAD))
}

/// The last part of each path, or the whole where that does not tell them apart.
fn names(dirs: &[PathBuf]) -> Vec<String> {
    let last =
        |dir: &PathBuf| dir.file_name().map_or_else(|| dir.display().to_string(), |it| it.to_string_lossy().into());
    let short: Vec<String> = dirs.iter().map(last).collect();
    let distinct = short.iter().enumerate().all(|(i, name)| !short[..i].contains(name));
    if distinct { short } else { dirs.iter().map(|dir| dir.display().to_string()).collect() }
}
