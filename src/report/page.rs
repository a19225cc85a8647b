//! `report.html`: one file, nothing fetched. It reads on a phone, on a desk and on paper, in light and dark; a small
//! script shows values under the pointer, and the page misses nothing but that without it.
//!
//! Each chart stands in the page twice, wide and narrow, and the style sheet shows the one that fits: text in a drawing
//! that shrinks along with it could not be read on a phone.
use super::charts::{self, Chart, Mark, Table};
use super::figures::{self, Card};
use super::plot::Format;
use super::verdict::Verdict;
use super::work::Section;
use super::{escaped, file_name, insert_after_tag, palette};
use crate::outcome::result::Outcome;
use crate::units::show;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Serde;
use minijinja::{Environment, Value};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Shows values under the pointer; the page forbids any other script by its digest, and everything that is fetched.
const SCRIPT: &str = include_str!("page.js");

/// What every page with a script has: its style, the script, and the digest that allows it.
#[derive(Serialize)]
pub struct Frame {
    style: String,
    script: &'static str,
    script_digest: String,
}

impl Frame {
    /// The same for every page.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "there is nothing that could be set")]
    pub fn new() -> Self {
        Self {
            style: format!("{}{}", include_str!("page.css"), palette::style_sheet()),
            script: SCRIPT,
            script_digest: format!("sha256-{}", STANDARD.encode(Sha256::digest(SCRIPT))),
        }
    }
}

/// A chart as a template wants it.
#[derive(Serialize)]
pub struct Shown<'a> {
    id: String,
    title: &'a str,
    hint: &'a str,
    note: &'a str,
    wide: String,
    narrow: String,
    table: &'a Table,
}

#[derive(Serialize)]
struct Threshold {
    expression: String,
    value: String,
    passed: bool,
}

#[derive(Serialize)]
struct Page<'a> {
    frame: Frame,
    name: &'a str,
    digest: String,
    engine: &'a str,
    seed: u64,
    repetitions: u32,
    window: String,
    label: &'static str,
    headline: String,
    tone: &'static str,
    sentences: Vec<String>,
    warnings: &'a [String],
    thresholds: Vec<Threshold>,
    cards: Vec<Card>,
    charts: Vec<Shown<'a>>,
    elsewhere: Vec<String>,
    marks: Vec<Mark>,
    work: Option<&'a Section>,
    latency_columns: [&'static str; 8],
    latencies: Vec<[String; 8]>,
    broker_columns: [&'static str; 7],
    brokers: Vec<[String; 7]>,
}

/// The whole page.
#[must_use]
pub fn html(outcome: &Outcome, charts: &[Chart], work: &Section) -> String {
    rendered(include_str!("page.html"), describe(outcome, charts, work))
}

/// A page from its template, which may import what pages share.
#[must_use]
pub fn rendered(template: &str, page: impl Serialize) -> String {
    let mut environment = Environment::new();
    let parts = environment.add_template("parts.html", include_str!("parts.html"));
    let drawn = parts
        .and_then(|()| environment.add_template("page.html", template))
        .and_then(|()| environment.get_template("page.html")?.render(Value::from(Serde(page))));
    drawn.expect("the templates are sound")
}

fn describe<'a>(outcome: &'a Outcome, charts: &'a [Chart], work: &'a Section) -> Page<'a> {
    let result = &outcome.result;
    let verdict = Verdict::of(outcome);
    Page {
        frame: Frame::new(),
        name: &result.scenario.name,
        digest: result.scenario.sha256.chars().take(12).collect(),
        engine: &result.engine,
        seed: result.seed,
        repetitions: result.repetitions.count,
        window: show::duration(result.window_s),
        label: verdict.kind.label(),
        headline: verdict.headline,
        tone: verdict.kind.tone(),
        sentences: verdict.sentences,
        warnings: &result.warnings,
        thresholds: thresholds(outcome),
        cards: figures::cards(outcome),
        charts: (1..).zip(charts.iter().filter(|chart| chart.on_page)).map(shown).collect(),
        elsewhere: charts.iter().filter(|chart| !chart.on_page).map(file_name).collect(),
        marks: charts::marks(outcome),
        work: Some(work).filter(|work| !work.is_empty()),
        latency_columns: figures::LATENCY_COLUMNS,
        latencies: figures::latency_rows(outcome),
        broker_columns: figures::BROKER_COLUMNS,
        brokers: figures::broker_rows(outcome),
    }
}

fn thresholds(outcome: &Outcome) -> Vec<Threshold> {
    let all = outcome.result.thresholds.iter();
    all.map(|threshold| Threshold {
        expression: threshold.expression.clone(),
        value: figures::by_expression(&threshold.expression, threshold.value),
        passed: threshold.passed,
    })
    .collect()
}

/// Draws a chart for a page, with its number there.
#[must_use]
pub fn shown((number, chart): (usize, &Chart)) -> Shown<'_> {
    Shown {
        id: format!("chart-{number}"),
        title: &chart.title,
        hint: &chart.hint,
        note: &chart.note,
        wide: inline(chart, Format::WIDE, "wide", number),
        narrow: inline(chart, Format::NARROW, "narrow", number),
        table: &chart.table,
    }
}

/// A drawing for the page: it scales, and says what it is to those who cannot see it.
fn inline(chart: &Chart, format: Format, class: &str, number: usize) -> String {
    let svg = chart.plot.svg(format);
    let (title, hint) = (format!("t{number}-{class}"), format!("d{number}-{class}"));
    let tag = format!("<svg class=\"chart {class}\" role=\"img\" aria-labelledby=\"{title} {hint}\" ");
    let head = format!(
        "<title id=\"{title}\">{}</title><desc id=\"{hint}\">{}</desc>",
        escaped(&chart.title),
        escaped(&chart.hint)
    );
    insert_after_tag(&svg.replacen("<svg ", &tag, 1), &head)
}
