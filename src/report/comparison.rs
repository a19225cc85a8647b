//! Several results side by side: tables of what changed, and their charts laid over each other.
//!
//! Figures that people decide by come first; everything else is in `comparison.json`.
use super::axis::{Measure, TimeAxis};
use super::charts::{self, Chart};
use super::palette::Role;
use super::plot::{Line, Panel, Plot};
use super::{figures, page};
use crate::outcome::result::{GroupSeries, Outcome};
use crate::study::compare::{Change, Comparison, Figure};
use crate::study::limit::{self, Breach};
use serde::Serialize;
use std::path::Path;
use std::{fs, io};

/// Figures by section that people decide by.
const KEY: &[&str] = &[
    "groups.*.rate_per_s",
    "groups.*.utilisation",
    "groups.*.e2e_s.mean",
    "groups.*.e2e_s.p50",
    "groups.*.e2e_s.p99",
    "groups.*.e2e_s.p99_9",
    "groups.*.lag.mean",
    "groups.*.lag.max",
    "groups.*.lag_s.max",
    "groups.*.backlog",
    "groups.*.lost",
    "groups.*.duplicates",
    "groups.*.time_to_drain_s",
    "producers.*.rate_per_s",
    "producers.*.unsent",
    "producers.*.publish_s.p99",
    "topics.*.batch_records_mean",
    "topics.*.compression_ratio",
    "brokers.*.utilisation",
];
/// Groups that get charts.
const MOST_GROUPS: usize = 4;

/// One row of a table: figure, first, other, change, interval, judgement.
pub type Row = [String; 6];

/// Headings of the rows.
pub const COLUMNS: [&str; 6] = ["figure", "first", "this", "change", "95 % interval", "more than chance"];

/// What one result shows against the first.
#[derive(Clone, Debug, Serialize)]
pub struct Against {
    /// Such as `b against a`.
    pub title: String,
    /// What changed most, in words.
    pub sentence: String,
    /// Key figures.
    pub rows: Vec<Row>,
}

/// Each result but the first, against it.
#[must_use]
pub fn against(comparison: &Comparison) -> Vec<Against> {
    let one = |i: usize| Against {
        title: format!("{} against {}", comparison.names[i], comparison.names[0]),
        sentence: sentence(comparison, i),
        rows: key_figures(comparison).map(|figure| row(figure, i)).collect(),
    };
    (1..comparison.names.len()).map(one).collect()
}

fn key_figures(comparison: &Comparison) -> impl Iterator<Item = &Figure> {
    comparison.figures.iter().filter(|figure| is_key(figure))
}

fn is_key(figure: &Figure) -> bool {
    let rare = ["backlog", "lost", "duplicates", "unsent", "time_to_drain_s"];
    let is_nothing = figure.values.iter().all(|value| value.unwrap_or(0.0) == 0.0);
    KEY.iter().any(|key| limit::matches(key.split('.'), &figure.path))
        && !(is_nothing && rare.iter().any(|name| figure.path.ends_with(name)))
}

fn row(figure: &Figure, i: usize) -> Row {
    let show = |value: Option<f64>| match value {
        Some(value) => figures::by_expression(&figure.path, Some(value)),
        None => "–".to_owned(),
    };
    let change = figure.changes[i - 1];
    let interval = change.and_then(|change| change.low.zip(change.high)).map_or_else(
        || "–".to_owned(),
        |(low, high)| format!("{} to {}", signed(&figure.path, low), signed(&figure.path, high)),
    );
    [
        figure.path.clone(),
        show(figure.values[0]),
        show(figure.values[i]),
        change.map_or_else(|| "–".to_owned(), |change| changed(&figure.path, &change)),
        interval,
        change.map_or("–", |change| judgement(&change)).to_owned(),
    ]
}

fn judgement(change: &Change) -> &'static str {
    match change.is_real() {
        _ if change.difference == 0.0 => "equal",
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    }
}

fn signed(path: &str, value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    format!("{sign}{}", figures::by_expression(path, Some(value.abs())))
}

/// `+12 %`, or the plain difference where there is nothing to compare with.
#[must_use]
pub fn changed(path: &str, change: &Change) -> String {
    match change.relative {
        Some(share) if share.abs() < 10.0 => {
            format!("{}{:.1} %", if share < 0.0 { "−" } else { "+" }, share.abs() * 100.0)
        }
        Some(share) if share > 0.0 => format!("× {:.1}", share + 1.0),
        _ => signed(path, change.difference),
    }
}

/// The greatest real changes among the key figures.
fn sentence(comparison: &Comparison, i: usize) -> String {
    const MOST: usize = 3;
    let mut real: Vec<(&Figure, Change)> = key_figures(comparison)
        .filter_map(|figure| Some((figure, figure.changes[i - 1]?)))
        .filter(|(_, change)| change.is_real() != Some(false))
        .collect();
    let size = |change: &Change| change.relative.map_or(f64::INFINITY, f64::abs);
    real.sort_by(|a, b| size(&b.1).total_cmp(&size(&a.1)));
    let known = real.iter().all(|(_, change)| change.is_real().is_some());
    let told: Vec<String> = real
        .iter()
        .take(MOST)
        .map(|(figure, change)| format!("{} {}", figure.path, changed(&figure.path, change)))
        .collect();
    match (told.is_empty(), known) {
        (true, _) => "Nothing changed by more than chance.".to_owned(),
        (_, true) => format!("Changed by more than chance, greatest first: {}.", told.join(", ")),
        (_, false) => format!("Changed, by chance or not: {}.", told.join(", ")),
    }
}

/// A broken limit in words.
#[must_use]
pub fn breach(comparison: &Comparison, breach: &Breach) -> String {
    let name = &comparison.names[breach.result];
    match &breach.change {
        Some(change) => {
            format!("{}: {} of {name} changed by {}", breach.expression, breach.path, changed(&breach.path, change))
        }
        None => format!("{}: {} of {name} has no value any more", breach.expression, breach.path),
    }
}

#[derive(Serialize)]
struct Page<'a> {
    frame: page::Frame,
    name: String,
    tone: &'static str,
    headline: &'static str,
    sentences: Vec<String>,
    warnings: &'a [String],
    against: Vec<Against>,
    columns: [&'static str; 6],
    charts: Vec<page::Shown<'a>>,
}

/// Writes `comparison.html`, `comparison.md` and `comparison.json` into `dir`, which is made where it is missing.
///
/// # Errors
/// When the file system refuses.
pub fn write(comparison: &Comparison, outcomes: &[&Outcome], broken: &[Breach], dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let breaches: Vec<String> = broken.iter().map(|one| breach(comparison, one)).collect();
    let json = format!("{:#}\n", serde_json::to_value(comparison).expect("a comparison is plain data"));
    for (name, text) in [
        ("comparison.html", html(comparison, outcomes, breaches.clone())),
        ("comparison.md", markdown(comparison, &breaches)),
        ("comparison.json", json),
    ] {
        super::put(&dir.join(name), text.as_bytes())?;
    }
    Ok(())
}

fn html(comparison: &Comparison, outcomes: &[&Outcome], breaches: Vec<String>) -> String {
    let (charts, against) = (overlaid(comparison, outcomes), against(comparison));
    let (tone, headline) =
        if breaches.is_empty() { ("good", "What changed") } else { ("bad", "Changed beyond its limits") };
    let told = against.iter().map(|one| format!("{}: {}", one.title, one.sentence));
    let page = Page {
        frame: page::Frame::new(),
        name: format!("{} against {}", comparison.names[1..].join(", "), comparison.names[0]),
        tone,
        headline,
        sentences: breaches.into_iter().chain(told).collect(),
        warnings: &comparison.warnings,
        against,
        columns: COLUMNS,
        charts: (1..).zip(&charts).map(page::shown).collect(),
    };
    page::rendered(include_str!("comparison.html"), page)
}

fn markdown(comparison: &Comparison, breaches: &[String]) -> String {
    use std::fmt::Write as _;
    let mut md = String::from("# Comparison\n");
    for line in comparison.warnings.iter().chain(breaches) {
        let _ = write!(md, "\n- {}", super::markdown::escaped(line));
    }
    for one in against(comparison) {
        let _ = writeln!(
            md,
            "\n\n## {}\n\n{}\n",
            super::markdown::escaped(&one.title),
            super::markdown::escaped(&one.sentence)
        );
        let _ = writeln!(md, "| {} |\n|:--|--:|--:|--:|--:|:--|", COLUMNS.join(" | "));
        for row in &one.rows {
            let _ = writeln!(md, "| {} |", row.each_ref().map(|cell| super::markdown::escaped(cell)).join(" | "));
        }
    }
    md
}

/// Latency by percentile, throughput and lag, of every group that all results have, with a line for each result.
fn overlaid(comparison: &Comparison, outcomes: &[&Outcome]) -> Vec<Chart> {
    let names = &comparison.names;
    let place = |outcome: &Outcome, group: &str| outcome.result.groups.iter().position(|(name, _)| name == group);
    let shared = outcomes[0].result.groups.iter().map(|(name, _)| name);
    let shared = shared.filter(|name| outcomes.iter().all(|outcome| place(outcome, name).is_some())).take(MOST_GROUPS);
    let mut all = Vec::new();
    for group in shared {
        all.extend(charts::overlaid_percentiles(names, outcomes, group));
        let over_time = |title: &str, hint: &str, what: &str, measure, level: &dyn Fn(&GroupSeries) -> f64| {
            let line = |(i, outcome): (usize, &&Outcome)| Line {
                name: names[i].clone(),
                role: Role::Series(i),
                width: 2,
                points: points(outcome, place(outcome, group).unwrap_or(0), level),
            };
            let lines: Vec<Line> = outcomes.iter().enumerate().map(line).collect();
            let end =
                outcomes.iter().filter_map(|one| one.series.last()).map(|row| row.interval.end_s).fold(0.0, f64::max);
            let panel = Panel::new(what, measure, lines);
            Chart {
                file: String::new(),
                title: format!("{title} of {group}"),
                hint: hint.to_owned(),
                note: String::new(),
                table: charts::summary_table(std::slice::from_ref(&panel), measure),
                plot: Plot::over_time(&TimeAxis::to(end), vec![panel], &[]),
                on_page: true,
            }
        };
        let hint = "Look for where the lines part: before that moment the systems did alike.";
        all.push(over_time("Lag", hint, "records appended and not yet processed", Measure::Records, &|row| {
            row.lag as f64
        }));
        let rate = |row: &GroupSeries| row.processed_per_s;
        all.push(over_time("Throughput", hint, "records processed per second", Measure::PerSecond, &rate));
    }
    all
}

fn points(outcome: &Outcome, group: usize, level: &dyn Fn(&GroupSeries) -> f64) -> Vec<(f64, Option<f64>)> {
    outcome.series.iter().map(|row| (row.interval.end_s, Some(level(&row.groups[group])))).collect()
}
