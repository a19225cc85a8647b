//! `report.html` of a study: the answer, the maps, what matters, and every point, in one file that fetches nothing.
//!
//! Which figure the map shows is picked by the page's style sheet, so it works without any script.
use super::dimension::{cut, show};
use super::map::{self, Pick};
use super::read::{self, Limit, Study};
use super::{charts, words};
use crate::report::charts::Chart;
use crate::report::page::{self, Shown};
use crate::units::show as numbers;
use serde::Serialize;
use std::io;
use std::path::Path;

/// Points in the table.
const MOST_ROWS: usize = 200;

#[derive(Serialize)]
struct Page<'a> {
    frame: page::Frame,
    name: &'a str,
    digest: String,
    design: &'a str,
    seed: u64,
    points: String,
    repetitions: u64,
    headline: String,
    tone: &'static str,
    sentences: Vec<String>,
    warnings: Vec<String>,
    thresholds: Vec<Vec<String>>,
    picks: Vec<Picked<'a>>,
    charts: Vec<Shown<'a>>,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    note: String,
    mapped: Vec<Vec<String>>,
}

#[derive(Serialize)]
struct Picked<'a> {
    label: &'a str,
    shown: Shown<'a>,
}

/// Draws the report of a study into its folder, from what is there, and hands back its answer in one sentence.
///
/// # Errors
/// When there is no study, or the file system refuses.
pub fn write(dir: &Path) -> io::Result<String> {
    let study = read::read(dir)?;
    let (picks, charts) = (map::picks(&study), charts::all(&study));
    let html = html(&study, &picks, &charts);
    let all: Vec<&Chart> = picks.iter().map(|pick| &pick.chart).chain(&charts).collect();
    crate::report::write_page(dir, &html, &all)?;
    Ok(words::headline(&study))
}

fn html(study: &Study, picks: &[Pick], charts: &[Chart]) -> String {
    let rows = rows(study, MOST_ROWS);
    let note = if study.points.len() > rows.len() {
        format!(
            "The first {} of {} points; runs.csv has every run of all of them, with every figure.",
            rows.len(),
            numbers::count(study.points.len() as f64)
        )
    } else {
        "runs.csv has every run, with every figure.".to_owned()
    };
    let page = Page {
        frame: page::Frame::new(),
        name: &study.name,
        digest: study.digest.chars().take(12).collect(),
        design: if study.design == "grid" { "Every combination" } else { "Latin hypercube" },
        seed: study.seed,
        points: numbers::count(study.points.len() as f64),
        repetitions: study.repetitions,
        headline: words::headline(study),
        tone: words::tone(study),
        sentences: words::sentences(study),
        warnings: words::warnings(study),
        thresholds: study.limits.iter().map(|limit| threshold(study, limit)).collect(),
        picks: (1..).zip(picks).map(picked).collect(),
        charts: (picks.len() + 1..).zip(charts).map(page::shown).collect(),
        columns: columns(study),
        mapped: rows.iter().take(40).cloned().collect(),
        rows,
        note,
    };
    page::rendered(include_str!("../study.html"), page)
}

fn picked((number, pick): (usize, &Pick)) -> Picked<'_> {
    Picked { label: &pick.label, shown: page::shown((number, &pick.chart)) }
}

/// A threshold, at how many points it holds, and where the figure lies.
fn threshold(study: &Study, limit: &Limit) -> Vec<String> {
    let key = study.keys.iter().position(|key| *key == limit.path);
    let known: Vec<f64> = key.map_or_else(Vec::new, |key| study.points.iter().filter_map(|p| p.mean(key)).collect());
    let holding = known.iter().filter(|value| limit.holds(**value)).count();
    let end = |pick: fn(f64, f64) -> f64| show(&limit.expression, known.iter().copied().reduce(pick));
    let told = if key.is_none() { "–".to_owned() } else { format!("{holding} of {}", known.len()) };
    vec![limit.expression.clone(), told, end(f64::min), end(f64::max)]
}

fn columns(study: &Study) -> Vec<String> {
    let varied = study.dimensions.iter().map(|dimension| dimension.path.clone());
    varied.chain(study.keys.iter().cloned()).chain(["outcome".to_owned()]).collect()
}

fn rows(study: &Study, most: usize) -> Vec<Vec<String>> {
    let row = |point: &read::Point| {
        let values = study.dimensions.iter().zip(&point.values);
        let values = values.map(|(dimension, value)| cut(&dimension.values[*value], 60));
        let figures = study.keys.iter().enumerate().map(|(key, path)| show(path, point.mean(key)));
        values.chain(figures).chain([cut(&map::outcome(point), 100)]).collect()
    };
    study.points.iter().take(most).map(row).collect()
}
