//! `conga completions SHELL`: a script by which a shell completes commands, options and their values.
//!
//! Made from the same definition as the parser, so it knows what the parser knows.
use super::{Cli, CompletionsArgs};
use clap::CommandFactory;
use std::io::Write;
use std::process::ExitCode;

/// Prints the script.
///
/// # Errors
/// Where standard output cannot be written.
pub fn run(args: &CompletionsArgs) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "conga", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
