//! `conga run FILE`: not yet.
use super::RunArgs;
use std::process::ExitCode;

/// Runs a scenario.
///
/// # Errors
/// Always, for now.
pub fn run(_: &RunArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`run` comes with the engine")
}
