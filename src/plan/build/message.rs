//! What messages are, and how big.
//!
//! Sizes of made messages are those of a few thousand that are made here, spread over the run: the simulator draws from
//! them and makes none. Where a template holds nothing but the message's number, all are taken to be as long as the one
//! in the middle, whose number has as many digits as most have.
use super::distribution::drawn;
use super::findings::Findings;
use crate::model::random::Distribution;
use crate::model::workload::Sizes;
use crate::payload::{Generator, Lines, Maker, Messages, NoLines, Template};
use crate::plan::contents::EPOCH_NS;
use crate::scenario::Scenario;
use crate::scenario::schema::{self, Message};
use crate::scenario::values::File;

/// Bytes of a message nobody describes.
const SILENT: Distribution = Distribution::Constant(100.0);
/// Messages that are made to know their sizes.
const MADE: u64 = 4_096;
/// Rows of a file whose lengths are kept.
const ROWS: usize = 1 << 16;

/// Messages and the sizes of their values; `expected` is how many there will be, more or less, `name` that of their stream.
pub fn message(
    scenario: &Scenario,
    message: Option<&Message>,
    expected: f64,
    name: &str,
    found: &mut Findings<'_>,
) -> (Messages, Sizes) {
    let path = format!("producers.{name}.message");
    let maker = match message {
        None | Some(Message::Size(_)) => Maker::Filler,
        Some(Message::Json(template)) => json(template, &path, found).map_or(Maker::Filler, Maker::Json),
        Some(Message::Lines(file)) => lines(scenario, file, &path, found).map_or(Maker::Filler, Maker::Lines),
        Some(Message::Generator(generator)) => Maker::Generated(match generator {
            schema::Generator::Flows => Generator::Flows,
            schema::Generator::Posts => Generator::Posts,
            schema::Generator::Logs => Generator::Logs,
        }),
    };
    let messages = Messages::new(maker, super::seed(scenario), &format!("messages/{name}"));
    let sizes = match message {
        Some(Message::Size(size)) => Sizes::Law(drawn(size, &format!("{path}.size"), found)),
        _ => sizes(&messages, expected),
    };
    (messages, sizes)
}

fn json(template: &serde_json::Value, path: &str, found: &mut Findings<'_>) -> Option<Template> {
    match Template::of(template) {
        Ok(template) => Some(template),
        Err(mistakes) => {
            for mistake in mistakes {
                let parts = std::iter::once("json").chain(mistake.path.iter().map(String::as_str));
                let at = parts.fold(path.to_owned(), |path, part| format!("{path}.{part}"));
                found.error(&at, mistake.message, mistake.remedy);
            }
            None
        }
    }
}

fn lines(scenario: &Scenario, file: &File, path: &str, found: &mut Findings<'_>) -> Option<Lines> {
    let path = format!("{path}.lines");
    match Lines::of(scenario.input(&file.0)?) {
        Ok(lines) => Some(lines),
        Err(NoLines::Empty) => {
            found.error(&path, "has no rows", "name a file with a message a row");
            None
        }
        Err(NoLines::TooMany(most)) => {
            found.error(&path, format!("has more than {most} rows"), "shorten it: rows are used again and again");
            None
        }
    }
}

fn sizes(messages: &Messages, expected: f64) -> Sizes {
    let table = match messages.maker() {
        Maker::Filler => return Sizes::Law(SILENT),
        Maker::Json(template) if template.only_counts() => vec![length(messages, (expected / 2.0) as u64)],
        Maker::Lines(lines) => {
            let step = lines.lengths().len().div_ceil(ROWS);
            lines.lengths().step_by(step).collect()
        }
        Maker::Json(_) | Maker::Generated(_) => {
            let step = expected.max(1.0) / MADE as f64;
            (0..MADE).map(|i| length(messages, ((i as f64 + 0.5) * step) as u64)).collect()
        }
    };
    if table.iter().all(|size| *size == table[0]) {
        Sizes::Law(Distribution::Constant(f64::from(table[0])))
    } else {
        Sizes::Table(table.into())
    }
}

fn length(messages: &Messages, index: u64) -> u32 {
    let mut bytes = Vec::new();
    messages.write(index, EPOCH_NS, 0, &mut bytes);
    bytes.len() as u32
}

/// What a limit must at least let pass.
pub fn must_fit(sizes: &Sizes) -> f64 {
    match sizes {
        Sizes::Law(law) => super::distribution::must_fit(law),
        Sizes::Table(sizes) => f64::from(sizes.iter().copied().max().unwrap_or(0)),
    }
}
