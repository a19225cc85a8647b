//! `conga man`: the manual page, and with `--out DIR` one for each command.
//!
//! Made from the same definition as the help. Pages are replaced: they hold nothing of the user's.
use super::{Cli, ManArgs};
use anyhow::Context;
use clap::CommandFactory;
use clap_mangen::Man;
use std::io::Write;
use std::process::ExitCode;

/// Prints the page, or writes all of them.
///
/// # Errors
/// Where standard output or the folder cannot be written.
pub fn run(args: &ManArgs) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    let Some(dir) = &args.out else {
        let mut page = Vec::new();
        Man::new(Cli::command()).render(&mut page)?;
        out.write_all(&page)?;
        return Ok(ExitCode::SUCCESS);
    };
    let cannot = || format!("cannot write the pages into {}", dir.display());
    std::fs::create_dir_all(dir).with_context(cannot)?;
    clap_mangen::generate_to(Cli::command(), dir).with_context(cannot)?;
    writeln!(out, "{}: conga.1, and a page for each command", dir.display())?;
    Ok(ExitCode::SUCCESS)
}
