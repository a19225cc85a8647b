//! `conga check FILE…`: every problem of every scenario, with its place and remedy, and nothing is run.
//!
//! Good files are told on standard output and problems on standard error, so that a script can keep either.
use super::{BAD, CheckArgs, GOOD};
use crate::plan::build;
use crate::scenario::{Problems, load};
use crate::study::design::design;
use crate::units::show;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Checks every file. Problems go to standard error, one good line per good file to standard output.
///
/// # Errors
/// Where standard output or error cannot be written.
pub fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let mut code = GOOD;
    for file in &args.files {
        match verdict(file, &args.sets) {
            Ok((line, warnings)) => {
                writeln!(std::io::stdout(), "{line}")?;
                if !warnings.is_empty() {
                    writeln!(std::io::stderr(), "{warnings}")?;
                }
            }
            Err(problems) => {
                writeln!(std::io::stderr(), "{problems}")?;
                code = BAD;
            }
        }
    }
    Ok(ExitCode::from(code))
}

/// A line about a good scenario, and its warnings as they are printed.
pub(super) fn verdict(file: &Path, sets: &[String]) -> Result<(String, String), Problems> {
    let scenario = load(file, sets)?;
    let (plan, warnings) = build::plan(&scenario)?;
    if scenario.document.study.as_ref().is_some_and(|study| study.vary.is_some()) {
        design(&scenario, &[])?;
    }
    let members: u32 = plan.groups.iter().map(|group| group.members).sum();
    let needs_records = plan.groups.iter().any(|group| !group.modelled || group.store.is_some());
    let line = format!(
        "{}: good: {}, {}, {}, {}{}",
        file.display(),
        counted(f64::from(plan.partitions()), "partition"),
        counted(plan.producers.len() as f64, "producer"),
        counted(f64::from(members), "member"),
        counted(warnings.len() as f64, "warning"),
        if needs_records { "; needs `--engine live`" } else { "" },
    );
    let shown: Vec<String> = warnings.iter().map(|warning| scenario.source.render(warning)).collect();
    Ok((line, shown.join("\n")))
}

fn counted(count: f64, what: &str) -> String {
    let plural = if (count - 1.0).abs() < f64::EPSILON { "" } else { "s" };
    format!("{} {what}{plural}", show::count(count))
}
