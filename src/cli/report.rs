//! `conga report DIR`: not yet.
use super::ReportArgs;
use std::process::ExitCode;

/// Draws a saved result again.
///
/// # Errors
/// Always, for now.
pub fn run(_: &ReportArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`report` comes with the reports")
}
