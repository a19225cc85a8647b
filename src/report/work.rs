//! What real work found, for the page and the Markdown: the begin of each table, and where results went.
//!
//! Every cell may come from a record, so from anybody; both formats escape it like any other text.
use super::figures::optional;
use crate::outcome::result::Outcome;
use crate::outcome::saved::work::{LeftWork, WorkTable};
use crate::units::show;
use serde::Serialize;

/// The whole section.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Section {
    /// Where results went, a sentence each.
    pub sentences: Vec<String>,
    /// Tables.
    pub tables: Vec<Found>,
}

/// The begin of a table.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// Its group.
    pub group: String,
    /// Where all of it is.
    pub file: String,
    /// How much of it is shown.
    pub note: String,
    /// Names of its columns, and whether each holds numbers.
    pub columns: Vec<(String, bool)>,
    /// Its first rows.
    pub rows: Vec<Vec<String>>,
}

impl Section {
    /// What there is to tell; nothing in most runs.
    #[must_use]
    pub fn of(outcome: &Outcome, left: &LeftWork) -> Self {
        // Where work is a delay, the card of the output says as much.
        let is_real = !left.tables.is_empty() || left.stored.is_some();
        let mut sentences: Vec<String> = outputs(outcome).filter(|_| is_real).collect();
        if let Some(stored) = left.stored {
            sentences.push(format!(
                "The database took {} results in {} transactions, {} a second of writing; the longest took {}.",
                show::count(stored.records),
                show::count(stored.transactions),
                show::count(stored.records / stored.busy_s.max(1e-9)),
                show::duration(stored.longest_s)
            ));
        }
        if left.hidden > 0 {
            sentences.push(format!("{} more tables lie in `work`.", left.hidden));
        }
        Self { sentences, tables: left.tables.iter().map(found).collect() }
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sentences.is_empty() && self.tables.is_empty()
    }
}

/// What groups passed on to a topic: the producers inside their members are in the result by this name.
fn outputs(outcome: &Outcome) -> impl Iterator<Item = String> {
    let producers = &outcome.result.producers;
    outcome.result.groups.iter().filter_map(move |(group, _)| {
        let output = format!("{group}-output");
        let (_, output) = producers.iter().find(|(name, _)| *name == output)?;
        Some(format!(
            "Group {group} passed on {} results, {}, acknowledged within {} at p99.",
            show::count(output.acked),
            show::rate(output.rate_per_s),
            optional(output.publish_s.p99.value(), show::duration)
        ))
    })
}

fn found(table: &WorkTable) -> Found {
    let name = table.file.rsplit('/').next().unwrap_or_default().trim_end_matches(".csv").to_owned();
    let is_number = |column: usize| {
        let mut cells = table.rows.iter().map(|row| row[column].as_str()).filter(|cell| !cell.is_empty()).peekable();
        cells.peek().is_some() && cells.all(|cell| cell.parse::<f64>().is_ok())
    };
    let columns = table.columns.iter().enumerate().map(|(i, name)| (name.clone(), is_number(i)));
    let shown = table.rows.len();
    let mut note = match table.count {
        Some(count) if count == shown => String::new(),
        Some(count) => format!("the first {shown} of {} rows", show::count(count as f64)),
        None => format!("the first {shown} rows of very many"),
    };
    if table.hidden > 0 {
        let comma = if note.is_empty() { "" } else { ", " };
        note = format!("{note}{comma}{} more columns", table.hidden);
    }
    Found {
        name,
        group: table.group.clone(),
        file: table.file.clone(),
        note,
        columns: columns.collect(),
        rows: table.rows.clone(),
    }
}
