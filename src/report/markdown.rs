//! `report.md`: what the page says, for pull requests and wikis, with the charts linked as files.
//! Names are escaped, so that nothing in them becomes a link, a table or a tag.
use super::charts::{self, Chart};
use super::figures::{self, Card};
use super::verdict::Verdict;
use super::work::Section;
use crate::outcome::result::Outcome;
use crate::units::show;
use std::fmt::Write;

/// The whole report.
#[must_use]
pub fn page(outcome: &Outcome, charts: &[Chart], work: &Section) -> String {
    let result = &outcome.result;
    let verdict = Verdict::of(outcome);
    let mut md = format!("# {}\n\n**{}.** ", escaped(&result.scenario.name), verdict.headline);
    let _ = writeln!(md, "{}\n", escaped(&verdict.sentences.join(" ")));
    let (engine, seed, window) = (escaped(&result.engine), result.seed, show::duration(result.window_s));
    let _ = writeln!(md, "Engine {engine}, seed {seed}, measured over {window}.\n");
    for warning in &result.warnings {
        let _ = writeln!(md, "- Warning: {}", escaped(warning));
    }
    md.push_str(if result.warnings.is_empty() { "" } else { "\n" });
    thresholds(&mut md, outcome);
    md.push_str("## Key figures\n\n");
    for card in &figures::cards(outcome) {
        key_figures(&mut md, card);
    }
    md.push_str("## Charts\n\n");
    for chart in charts {
        picture(&mut md, chart);
    }
    let marks = charts::marks(outcome);
    if !marks.is_empty() {
        md.push_str("## What happened\n\n");
        for mark in marks {
            let _ = writeln!(md, "1. {}: {}", mark.at, escaped(&mark.what));
        }
        md.push('\n');
    }
    found(&mut md, work);
    md.push_str("## Latencies\n\n");
    table(&mut md, &figures::LATENCY_COLUMNS, figures::latency_rows(outcome));
    md.push_str("## Brokers\n\n");
    table(&mut md, &figures::BROKER_COLUMNS, figures::broker_rows(outcome));
    md.truncate(md.trim_end().len());
    md.push('\n');
    md
}

fn thresholds(md: &mut String, outcome: &Outcome) {
    let all = &outcome.result.thresholds;
    if all.is_empty() {
        return;
    }
    md.push_str("## Thresholds\n\n");
    let rows = all.iter().map(|threshold| {
        let value = figures::by_expression(&threshold.expression, threshold.value);
        [threshold.expression.clone(), value, if threshold.passed { "passed" } else { "**failed**" }.to_owned()]
    });
    let rows: Vec<[String; 3]> = rows.collect();
    let _ = writeln!(md, "| threshold | value | |\n|:--|--:|:--|");
    for [expression, value, passed] in rows {
        let _ = writeln!(md, "| {} | {} | {passed} |", escaped(&expression), escaped(&value));
    }
    md.push('\n');
}

/// What real work found.
fn found(md: &mut String, work: &Section) {
    if work.is_empty() {
        return;
    }
    md.push_str("## What the work found\n\n");
    for sentence in &work.sentences {
        let _ = writeln!(md, "- {}", escaped(sentence));
    }
    md.push_str(if work.sentences.is_empty() { "" } else { "\n" });
    for one in &work.tables {
        let note = if one.note.is_empty() { String::new() } else { format!(", {}", one.note) };
        let _ = writeln!(md, "### {}\n\n{}{note}\n", escaped(&one.name), escaped(&one.file));
        let names: Vec<String> = one.columns.iter().map(|(name, _)| escaped(name)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if !names.is_empty() {
            table(md, &names, one.rows.clone());
        }
    }
}

fn key_figures(md: &mut String, card: &Card) {
    let _ = writeln!(md, "### {} {}\n", card.what, escaped(&card.name));
    let rows = card
        .figures
        .iter()
        .map(|figure| [figure.label.to_owned(), figure.value.clone(), figure.interval.clone(), figure.note.clone()]);
    table(md, &["figure", "value", "95 % interval", ""], rows.collect());
}

fn picture(md: &mut String, chart: &Chart) {
    let (title, hint) = (escaped(&chart.title), escaped(&chart.hint));
    let file = super::file_name(chart).replace('%', "%25");
    let _ = writeln!(md, "### {title}\n\n{hint} {}\n\n![{title}](charts/{file})\n", escaped(&chart.note));
    table(md, &chart.table.columns, chart.table.rows.clone());
}

fn table<Row: AsRef<[String]>>(md: &mut String, columns: &[&str], rows: Vec<Row>) {
    let _ = writeln!(md, "| {} |\n|:--|{}", columns.join(" | "), "--:|".repeat(columns.len() - 1));
    for row in rows {
        let cells: Vec<String> = row.as_ref().iter().map(|cell| escaped(cell)).collect();
        let _ = writeln!(md, "| {} |", cells.join(" | "));
    }
    md.push('\n');
}

/// Text that stays text: nothing in a name becomes a link, a table or a tag.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut safe, c| {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            c if c.is_control() => safe.push(' '),
            c if "\\`*_{}[]#|~".contains(c) => safe.extend(['\\', c]),
            c => safe.push(c),
        }
        safe
    })
}
