//! `conga report DIR`: draws the report again from what a run left, without running anything.
//!
//! Useful after an update of conga, and for results that came from elsewhere: only `report.html`, `report.md` and
//! `charts/` are written, the figures stay as they are. The folder of a study or a plan is drawn the same way.
use crate::outcome::saved;
use crate::report;
use anyhow::Context;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Draws again and prints the summary.
///
/// # Errors
/// When `dir` holds no result of this version, or cannot be written.
pub fn run(dir: &Path) -> anyhow::Result<ExitCode> {
    let has = |file: &str| dir.join(file).is_file();
    let cannot = || format!("cannot draw the report of {}", dir.display());
    let answer = match (has("result.json"), has("study.json"), has("plan.json")) {
        (false, true, _) => Some(report::study::page::write(dir).with_context(cannot)?),
        (false, false, true) => Some(report::plan_page::write(dir).with_context(cannot)?),
        _ => None,
    };
    if let Some(answer) = answer {
        writeln!(std::io::stdout().lock(), "{answer}\nReport: {}", dir.join("report.html").display())?;
        return Ok(ExitCode::SUCCESS);
    }
    let outcome = saved::load(dir)?;
    report::write(&outcome, dir).with_context(|| format!("cannot write the report into {}", dir.display()))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}\nReport: {}", report::text::summary(&outcome), dir.join("report.html").display())?;
    Ok(ExitCode::SUCCESS)
}
