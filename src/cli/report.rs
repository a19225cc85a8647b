//! `conga report DIR`: draws the report again from what a run left, without running anything.
//!
//! Useful after an update of conga, and for results that came from elsewhere: only `report.html`, `report.md` and
//! `charts/` are written, the figures stay as they are. The folder of a study or a plan is drawn the same way.
use super::{BAD, GOOD, ReportArgs};
use crate::outcome::saved;
use crate::report;
use crate::study::{journal, memory};
use anyhow::Context;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

/// Draws again and prints the summary.
///
/// # Errors
/// When `dir` holds no result of this version, or cannot be written.
pub fn run(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let dir = args.dir.as_path();
    let has = |file: &str| dir.join(file).is_file();
    let drawn = match (has("result.json"), has("study.json"), has("plan.json")) {
        (true, ..) => None,
        (_, true, _) => Some(report::study::page::write(dir)),
        (_, _, true) => Some(report::plan_page::write(dir)),
        _ if has(journal::FILE) => return bad(dir, "an unfinished study; repeat its command to go on with it"),
        _ if has(memory::FILE) => return bad(dir, "an unfinished plan; repeat its command to go on with it"),
        _ => None,
    };
    match drawn {
        Some(Err(error)) if error.kind() == ErrorKind::InvalidData => return bad(dir, &error.to_string()),
        Some(drawn) => {
            let answer = drawn.with_context(|| format!("cannot draw the report of {}", dir.display()))?;
            pictures(args)?;
            writeln!(std::io::stdout().lock(), "{answer}\nReport: {}", dir.join("report.html").display())?;
            return Ok(ExitCode::from(GOOD));
        }
        None => {}
    }
    let outcome = saved::load(dir)?;
    report::write(&outcome, dir).with_context(|| format!("cannot write the report into {}", dir.display()))?;
    pictures(args)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}\nReport: {}", report::text::summary(&outcome), dir.join("report.html").display())?;
    Ok(ExitCode::from(GOOD))
}

/// Draws the charts that are there once more as PNG, if that is asked for.
fn pictures(args: &ReportArgs) -> anyhow::Result<()> {
    if args.png {
        let charts = args.dir.join("charts");
        report::picture::beside(&charts).with_context(|| format!("cannot draw pictures in {}", charts.display()))?;
    }
    Ok(())
}

/// The folder holds nothing that can be drawn.
fn bad(dir: &Path, why: &str) -> anyhow::Result<ExitCode> {
    writeln!(std::io::stderr(), "conga: {}: {why}", dir.display())?;
    Ok(ExitCode::from(BAD))
}
