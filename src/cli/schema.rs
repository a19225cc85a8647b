//! `conga schema`: the JSON Schema of a scenario, so that editors complete keys and explain them.
//!
//! It is derived from the very types that read scenarios, so that the two cannot part. In a file beside a scenario it
//! serves editors without a network; a file that is no schema of scenarios is left alone.
use super::{BAD, SchemaArgs};
use anyhow::Context;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Its name beside a scenario.
pub const FILE: &str = "conga.schema.json";

/// Prints the schema, or writes it.
///
/// # Errors
/// Where standard output or the file cannot be written.
pub fn run(args: &SchemaArgs) -> anyhow::Result<ExitCode> {
    let Some(file) = &args.out else {
        write!(std::io::stdout(), "{}", text())?;
        return Ok(ExitCode::SUCCESS);
    };
    if file.exists() && !is_ours(file) {
        let remedy = "name another file, or remove it first";
        writeln!(std::io::stderr(), "{}: is there, and no schema of scenarios; {remedy}", file.display())?;
        return Ok(ExitCode::from(BAD));
    }
    std::fs::write(file, text()).with_context(|| format!("cannot write {}", file.display()))?;
    writeln!(std::io::stdout(), "{}: the schema of this version", file.display())?;
    Ok(ExitCode::SUCCESS)
}

/// The schema as a file holds it.
#[must_use]
pub fn text() -> String {
    let text = serde_json::to_string_pretty(&crate::scenario::json_schema()).expect("a schema is plain JSON");
    format!("{text}\n")
}

/// Whether a file holds a schema of scenarios, of whatever version.
fn is_ours(file: &Path) -> bool {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let Ok(schema) = serde_json::from_str::<serde_json::Value>(&text) else { return false };
    let has = |key: &str| !schema["properties"][key].is_null();
    schema["$schema"].is_string() && ["topics", "producers", "groups", "thresholds"].into_iter().all(has)
}
