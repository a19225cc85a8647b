//! `conga schema`: the JSON Schema of a scenario, so that editors complete keys and explain them.
//!
//! It is derived from the very types that read scenarios, so that the two cannot part.
use std::io::Write;
use std::process::ExitCode;

/// Prints the schema.
///
/// # Errors
/// Where standard output cannot be written.
pub fn run() -> anyhow::Result<ExitCode> {
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&crate::scenario::json_schema())?)?;
    Ok(ExitCode::SUCCESS)
}
