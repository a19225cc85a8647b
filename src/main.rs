//! The command `conga`: parses the command line, does what it says, and answers with an exit code.
//!
//! Everything else is in the library, where tests and benchmarks reach it.
use clap::Parser;
use conga::cli::{self, Cli, Command};
use conga::outcome::saved::SaveError;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|word| word == cli::processes::COMMAND) {
        return told(cli::processes::run());
    }
    let command = Cli::parse().command;
    let only_shows =
        matches!(command, Command::Explain(_) | Command::Schema(_) | Command::Completions(_) | Command::Man(_));
    let done = match command {
        Command::Init(args) => cli::init::run(&args),
        Command::Run(args) => cli::run::run(&args),
        Command::Check(args) => cli::check::run(&args),
        Command::Import(command) => cli::import::run(&command),
        Command::Explain(args) => cli::explain::run(&args),
        Command::Codecs(args) => cli::codecs::run(&args),
        Command::Fit(args) => cli::fit::run(&args),
        Command::Study(args) => cli::study::run(&args),
        Command::Plan(args) => cli::plan::run(&args),
        Command::Worker(_) => cli::worker::run(),
        Command::Report(args) => cli::report::run(&args),
        Command::Compare(args) => cli::compare::run(&args),
        Command::Schema(args) => cli::schema::run(&args),
        Command::Completions(args) => cli::completions::run(&args),
        Command::Man(args) => cli::man::run(&args),
    };
    match done {
        // Whoever read our output has seen enough, as `head` does.
        Err(error) if only_shows && is_broken_pipe(&error) => ExitCode::SUCCESS,
        done => told(done),
    }
}

/// The exit code of what was done; why it failed goes to standard error.
fn told(done: anyhow::Result<ExitCode>) -> ExitCode {
    done.unwrap_or_else(|error| {
        // Where even standard error is closed, the exit code still says it.
        let _ = writeln!(std::io::stderr(), "conga: {error:#}");
        let misnamed = error.downcast_ref::<SaveError>().is_some_and(SaveError::is_of_the_name);
        ExitCode::from(if misnamed { cli::BAD } else { cli::FAILED })
    })
}

/// Whether writing failed only because nobody reads any more.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |io: &std::io::Error| io.kind() == std::io::ErrorKind::BrokenPipe;
    error.downcast_ref::<std::io::Error>().is_some_and(broken)
}
