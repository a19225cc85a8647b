//! `conga worker`: points of a study on standard input, a line each; what came out on standard output, a line each.
//!
//! Made for engines that hand out lines to processes. A bad point is answered with its error and the worker goes on, for
//! a process that fails would fail the whole job. Each answer is written at once, byte for byte what the study itself
//! would have kept.
use super::heap;
use crate::engine::{self, Watch};
use crate::scenario::Scenario;
use crate::study::letter::{self, From};
use crate::study::point;
use serde_json::{Value, json};
use std::io::{BufRead, Write};
use std::process::ExitCode;

/// Bytes of a line at most: a scenario has at most one MiB, which JSON may write in six times as many.
const LONGEST: u64 = 8 << 20;

/// Works until there is no more input.
///
/// # Errors
/// When standard input or output breaks.
pub fn run() -> anyhow::Result<ExitCode> {
    heap::keep();
    let mut input = std::io::stdin().lock();
    let mut out = std::io::stdout().lock();
    let mut known: Option<(From, Scenario)> = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        if std::io::Read::take(&mut input, LONGEST).read_until(b'\n', &mut line)? == 0 {
            return Ok(ExitCode::SUCCESS);
        }
        let text = String::from_utf8_lossy(&line);
        // Some engines end a line with a tab.
        let text = text.trim();
        if !text.is_empty() {
            writeln!(out, "{}", answer(text, &mut known))?;
            out.flush()?;
        }
    }
}

/// What a line comes to. The scenario of the line before is kept, for it is nearly always the same.
fn answer(text: &str, known: &mut Option<(From, Scenario)>) -> String {
    let failed = |(id, error): (Value, String)| json!({ "id": id, "error": error }).to_string();
    let (point, from) = match letter::read(text) {
        Ok(read) => read,
        Err(wrong) => return failed(wrong),
    };
    if known.as_ref().is_none_or(|(before, _)| *before != from) {
        match from.read() {
            Ok(scenario) => *known = Some((from, scenario)),
            Err(error) => return failed((point.id.into(), error)),
        }
    }
    let (_, scenario) = known.as_ref().expect("it was read just now");
    let row = point::run(scenario, &point, &|plan| Some(engine::run(plan, &Watch::quiet())));
    row.expect("nobody interrupts a worker's run").line()
}
