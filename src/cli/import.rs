//! `conga import TOOL …`: writes a scenario of what another tool has, and tells every key that has no counterpart.
//!
//! Nothing is ever overwritten. What was written is checked at once, as `conga check` does, so that client settings
//! without an effect are told as well.
use super::init::write_new;
use super::{BAD, GOOD, ImportArgs, ImportCommand, check};
use crate::import::{Draft, Known, Told, kafka_perf, omb, perftest};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A workload or a driver has a few dozen lines.
const LARGEST: u64 = 1 << 20;

/// Makes a scenario.
///
/// # Errors
/// Where a file or standard output cannot be written.
pub fn run(command: &ImportCommand) -> anyhow::Result<ExitCode> {
    let (name, into) = match command {
        ImportCommand::Omb { into, .. } => ("omb.yaml", into),
        ImportCommand::Perftest { into, .. } => ("perftest.yaml", into),
        ImportCommand::KafkaPerf { into, .. } => ("kafka-perf.yaml", into),
    };
    let known = Known { partitions: into.partitions, brokers: into.brokers, replicas: into.replicas };
    let draft = match command {
        ImportCommand::Omb { workload, driver, .. } => {
            read(workload).and_then(|load| read(driver).and_then(|driver| omb::import(&load, &driver, known)))
        }
        ImportCommand::Perftest { args, .. } => perftest::import(args, known),
        ImportCommand::KafkaPerf { args, .. } => kafka_perf::import(args, known),
    };
    match draft {
        Ok(draft) => write(&draft, name, into),
        Err(problem) => bad(&problem),
    }
}

fn read(path: &Path) -> Result<String, String> {
    let told = |why: std::io::Error| format!("{}: {why}", path.display());
    let length = std::fs::metadata(path).map_err(told)?.len();
    if length > LARGEST {
        return Err(format!("{}: {length} bytes are more than the 1 MiB of any such file", path.display()));
    }
    std::fs::read_to_string(path).map_err(told)
}

fn write(draft: &Draft, name: &str, into: &ImportArgs) -> anyhow::Result<ExitCode> {
    let file = into.out.clone().unwrap_or_else(|| PathBuf::from(name));
    let stem = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let beside =
        draft.beside.iter().map(|(ending, text)| (file.with_file_name(format!("{stem}.{ending}")), text.clone()));
    let files: Vec<(PathBuf, String)> = beside.chain([(file.clone(), draft.yaml(&stem))]).collect();
    if let Some((there, _)) = files.iter().find(|(path, _)| path.exists()) {
        return bad(&format!("{} is there already; name another file by `--out`, or remove it first", there.display()));
    }
    let mut out = std::io::stdout().lock();
    for (path, text) in &files {
        write_new(path, text)?;
        writeln!(out, "wrote {}", path.display())?;
    }
    for (head, told) in [("assumed", &draft.assumed), ("no counterpart", &draft.lost)] {
        for Told { key, why } in told {
            writeln!(out, "{head}: {key}: {why}")?;
        }
    }
    match check::verdict(&file, &[]) {
        Ok((line, warnings)) => {
            writeln!(out, "{line}")?;
            if !warnings.is_empty() {
                writeln!(std::io::stderr(), "{warnings}")?;
            }
            writeln!(out, "next: conga run {}", file.display())?;
            Ok(ExitCode::from(GOOD))
        }
        Err(problems) => {
            writeln!(std::io::stderr(), "{problems}")?;
            bad(&format!("{} says what a scenario cannot say so; mend it by hand", file.display()))
        }
    }
}

fn bad(problem: &str) -> anyhow::Result<ExitCode> {
    writeln!(std::io::stderr(), "conga: {problem}")?;
    Ok(ExitCode::from(BAD))
}
