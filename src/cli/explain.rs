//! `conga explain KEY`: what a key of a scenario means, its default, Kafka's name for it, the trade-off, an example.
//!
//! A key may be given by its end (`linger`), by its path with or without the user's names, or by Kafka's name
//! (`linger.ms`). What it means comes from the schema (`keys`), what it is good for from a table (`table`).
pub mod keys;
pub mod table;

use super::{BAD, ExplainArgs};
use crate::scenario::{later, nearest};
use keys::Key;
use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;

/// Characters of a line.
const WIDTH: usize = 100;
/// Columns that the words on the left take.
const LEFT: usize = 13;
/// Keys of the same name that are listed at most.
const MOST: usize = 8;
/// What the figures of a result mean.
const FIGURES: &str = include_str!("../../docs/figures.md");
/// Sections whose first name below is the user's.
const NAMED: [&str; 3] = ["topics", "producers", "groups"];

/// Explains a key, or lists them all.
///
/// # Errors
/// Where standard output or error cannot be written.
pub fn run(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let keys = keys::all();
    let Some(asked) = args.key.as_deref().filter(|_| !args.list) else {
        write!(std::io::stdout(), "{}", list(&keys))?;
        return Ok(ExitCode::SUCCESS);
    };
    match explain(&keys, asked) {
        Ok(text) => write!(std::io::stdout(), "{text}")?,
        Err(text) => {
            writeln!(std::io::stderr(), "{text}")?;
            return Ok(ExitCode::from(BAD));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Every key with its meaning, a line each.
fn list(keys: &[Key]) -> String {
    let width = keys.iter().map(|key| key.path.len()).max().unwrap_or_default();
    keys.iter().fold(String::new(), |mut out, key| {
        let _ = writeln!(out, "{:<width$}  {}", key.path, key.meaning);
        out
    })
}

/// All that is known of what was asked for: a key of a scenario, or a figure of its result.
///
/// # Errors
/// What to ask instead.
pub fn explain(keys: &[Key], asked: &str) -> Result<String, String> {
    let asked = asked.trim();
    let found = find(keys, asked);
    if let Some((key, others)) = found.split_first() {
        return Ok(page(keys, key, others));
    }
    match figure(asked) {
        Some(meaning) => Ok(format!("{asked}\n\n  A figure of the result, for thresholds: {meaning}.\n")),
        None => Err(unknown(keys, asked)),
    }
}

/// Keys that may be meant, the one to explain first.
fn find<'k>(keys: &'k [Key], asked: &str) -> Vec<&'k Key> {
    let with = |path: &str| -> Vec<&'k Key> { keys.iter().filter(|key| key.path == path).collect() };
    let exact = with(asked);
    if !exact.is_empty() {
        return exact;
    }
    let named = without_name(asked).map(|plain| with(&plain)).unwrap_or_default();
    if !named.is_empty() {
        return named;
    }
    let kafka = |key: &&Key| table::find(&key.path).is_some_and(|row| row.kafka == asked);
    let by_kafka: Vec<&Key> = keys.iter().filter(kafka).collect();
    if !by_kafka.is_empty() {
        return by_kafka;
    }
    let end = format!(".{asked}");
    let mut by_end: Vec<&Key> = keys.iter().filter(|key| key.path.ends_with(&end)).collect();
    by_end.sort_by_key(|key| (key.inside_choice, key.depth()));
    by_end
}

/// `groups.workers.members` as `groups.members`.
fn without_name(path: &str) -> Option<String> {
    let (section, rest) = path.split_once('.').filter(|(section, _)| NAMED.contains(section))?;
    rest.split_once('.').map(|(_, key)| format!("{section}.{key}"))
}

fn unknown(keys: &[Key], asked: &str) -> String {
    let shown: String = asked.chars().take(64).map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect();
    let name = asked.rsplit('.').next().unwrap_or_default();
    let definitions = ["Document", "Topic", "Cluster", "Producer", "Group", "Run", "Assignor", "Start"];
    if let Some(remedy) = definitions.iter().find_map(|definition| later::instead(definition, name)) {
        return format!("{shown}: `{name}` is known, but not built yet; {remedy}");
    }
    let paths = keys.iter().map(|key| key.path.as_str());
    let kafka = keys.iter().filter_map(|key| table::find(&key.path)).map(|row| row.kafka);
    let near = match without_name(asked) {
        Some(plain) => nearest(&plain, paths),
        None if asked.contains('.') => nearest(asked, paths.chain(kafka)),
        None => nearest(asked, keys.iter().map(Key::name)),
    };
    match near.or_else(|| nearest(name, keys.iter().map(Key::name))) {
        Some(near) => format!("{shown}: no key of a scenario; did you mean `{near}`?"),
        None => format!("{shown}: no key of a scenario; `conga explain --list` shows them all"),
    }
}

/// What the figure with this path means, by the page that lists them all.
fn figure(asked: &str) -> Option<String> {
    let rows = || FIGURES.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    let of = |name: &str| {
        let row =
            rows().find(|row| row.split(" | ").next().is_some_and(|names| names.split('`').any(|one| one == name)))?;
        Some(row.rsplit(" | ").next()?.to_owned())
    };
    // Of `groups.billing.e2e_s.p99` the last part that is a figure.
    asked.rsplit('.').find_map(of)
}

fn page(keys: &[Key], key: &Key, others: &[&Key]) -> String {
    let mut out = format!("{}\n\n", key.path);
    fold(&mut out, "  ", "  ", &key.meaning);
    out.push('\n');
    line(&mut out, "Default", if key.required { "none: it has to be written" } else { key.default.trim_matches('`') });
    line(&mut out, "Value", &key.value);
    line(&mut out, "Limits", &key.limits);
    line(&mut out, "Kafka", table::find(&key.path).map_or("", |row| row.kafka));
    for (i, (word, meaning)) in key.words.iter().enumerate() {
        let text = if meaning.is_empty() { word.clone() } else { format!("{word}: {meaning}") };
        line(&mut out, if i == 0 { "Words" } else { " " }, &text);
    }
    if let Some((row, path)) = table::find_above(&key.path) {
        line(&mut out, "Trade-off", row.trade_off);
        let law = keys.iter().any(|one| one.path == path && one.inside_choice);
        let (path, value) = if law { chosen(path, row.example) } else { (path, row.example.to_owned()) };
        line(&mut out, "Example", &example(path, &value));
        line(&mut out, "For --set", &format!("{}={}", with_name(path), quoted(&value)));
    }
    let below = format!("{}.", key.path);
    let inside = keys.iter().filter(|one| one.path.strip_prefix(&below).is_some_and(|rest| !rest.contains('.')));
    for (i, one) in inside.enumerate() {
        line(&mut out, if i == 0 { "Keys inside" } else { " " }, &format!("{}: {}", one.name(), one.meaning));
    }
    for (i, other) in others.iter().take(MOST).enumerate() {
        line(&mut out, if i == 0 { "Also" } else { " " }, &other.path);
    }
    out
}

/// The key that chooses a law, and the law as its value.
fn chosen<'p>(path: &'p str, value: &str) -> (&'p str, String) {
    let (above, law) = path.rsplit_once('.').unwrap_or(("", path));
    (above, format!("{{{law}: {value}}}"))
}

/// A line of a scenario, below the name that the user gives.
fn example(path: &str, value: &str) -> String {
    let mut parts: Vec<&str> = path.split('.').collect();
    if parts.len() > 1 && NAMED.contains(&parts[0]) {
        parts.remove(0);
    }
    if parts == [keys::DISTRIBUTION] {
        return format!("work: {value}");
    }
    let last = parts.pop().unwrap_or_default();
    parts.iter().rev().fold(format!("{last}: {value}"), |inner, part| match *part {
        "events" => format!("{part}: [{{{inner}}}]"),
        part => format!("{part}: {{{inner}}}"),
    })
}

/// A path as `--set` takes it.
fn with_name(path: &str) -> String {
    if path == keys::DISTRIBUTION {
        return "groups.NAME.work".to_owned();
    }
    match path.split_once('.') {
        Some((section, rest)) if NAMED.contains(&section) => format!("{section}.NAME.{rest}"),
        // The first of the list.
        Some(("events", rest)) => format!("events.0.{rest}"),
        _ => path.to_owned(),
    }
}

/// As a shell takes it.
fn quoted(value: &str) -> String {
    let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    if plain { value.to_owned() } else { format!("'{}'", value.replace('\'', "\"")) }
}

fn line(out: &mut String, left: &str, text: &str) {
    if !text.is_empty() {
        fold(out, &format!("  {left:<LEFT$}"), &" ".repeat(LEFT + 2), text);
    }
}

/// Text in lines that are short enough, the first after `begin` and the others after `next`.
fn fold(out: &mut String, begin: &str, next: &str, text: &str) {
    let mut column = begin.chars().count();
    out.push_str(begin);
    for (i, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if i > 0 && column + 1 + length > WIDTH {
            out.push('\n');
            out.push_str(next);
            column = next.chars().count();
        } else if i > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
}
