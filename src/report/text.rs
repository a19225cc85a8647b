//! The short summary for standard output: verdict, key figures of each group, thresholds, warnings.
//!
//! It fits 100 columns and ends without a line break.
use super::figures::{self, Card};
use super::verdict::Verdict;
use crate::outcome::result::Outcome;
use crate::units::show;

const COLUMNS: usize = 100;
/// Characters of a name at most.
const NAME: usize = 28;
const PRODUCER_COLUMNS: [&str; 7] = ["producer", "acknowledged", "offered", "acked", "given up", "p50", "p99"];
const GROUP_COLUMNS: [&str; 7] = ["group", "processed", "utilisation", "p50", "p99", "lag mean", "lag max"];

/// What a run came to, in a few lines.
#[must_use]
pub fn summary(outcome: &Outcome) -> String {
    let result = &outcome.result;
    let verdict = Verdict::of(outcome);
    let head = format!("{}: {}", plain(&result.scenario.name), verdict.headline);
    let mut lines = wrapped(&head, "");
    lines.extend(verdict.sentences.iter().flat_map(|sentence| wrapped(&plain(sentence), "  ")));
    lines.push(String::new());
    lines.extend(if result.groups.is_empty() { producers(outcome) } else { groups(outcome) });
    lines.extend(figures::cards(outcome).iter().filter_map(intervals).flat_map(|line| wrapped(&plain(&line), "  ")));
    if !result.thresholds.is_empty() {
        lines.push(String::new());
    }
    for threshold in &result.thresholds {
        let mark = if threshold.passed { "pass" } else { "FAIL" };
        let value = figures::by_expression(&threshold.expression, threshold.value);
        lines.extend(wrapped(&format!("{mark}  {} ({value})", plain(&threshold.expression)), "  "));
    }
    for warning in &result.warnings {
        lines.extend(wrapped(&format!("warning: {}", plain(warning)), "  "));
    }
    lines.join("\n")
}

/// One row a group, columns aligned.
fn groups(outcome: &Outcome) -> Vec<String> {
    let rows = outcome.result.groups.iter().map(|(name, group)| {
        let time = |figure: crate::outcome::result::Figure| figures::optional(figure.value(), show::duration);
        let lag = |level| figures::optional(level, show::count);
        let (p50, p99) = (time(group.e2e_s.p50), time(group.e2e_s.p99));
        let (done, busy) = (show::rate(group.rate_per_s), show::percent(group.utilisation));
        [cut(&plain(name), NAME), done, busy, p50, p99, lag(group.lag.mean), lag(group.lag.max)]
    });
    aligned(GROUP_COLUMNS, rows)
}

/// One row a producer, where nobody reads.
fn producers(outcome: &Outcome) -> Vec<String> {
    let rows = outcome.result.producers.iter().map(|(name, producer)| {
        let time = |figure: crate::outcome::result::Figure| figures::optional(figure.value(), show::duration);
        let (p50, p99) = (time(producer.publish_s.p50), time(producer.publish_s.p99));
        let [offered, acked, failed] = [producer.offered, producer.acked, producer.failed].map(show::count);
        [cut(&plain(name), NAME), show::rate(producer.rate_per_s), offered, acked, failed, p50, p99]
    });
    aligned(PRODUCER_COLUMNS, rows)
}

/// A table with its headings: the first column to the left, the others to the right.
pub fn aligned<const N: usize>(headings: [&str; N], rows: impl Iterator<Item = [String; N]>) -> Vec<String> {
    table(std::iter::once(headings.map(str::to_owned)).chain(rows).map(Vec::from).collect())
}

/// The same of rows that are all as long as the first, which holds the headings.
#[must_use]
pub fn table(rows: Vec<Vec<String>>) -> Vec<String> {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: Vec<String>| {
        let rest: Vec<String> = (1..columns).map(|i| format!("{:>1$}", row[i], widths[i])).collect();
        format!("  {:<1$}  {2}", row[0], widths[0], rest.join("  ")).trim_end().to_owned()
    };
    rows.into_iter().map(line).collect()
}

/// The 95 % intervals of a card, if it has any.
fn intervals(card: &Card) -> Option<String> {
    let known = card.figures.iter().filter(|figure| !figure.interval.is_empty());
    let known: Vec<String> = known.map(|figure| format!("{} {}", figure.label, figure.interval)).collect();
    (!known.is_empty()).then(|| format!("95 % intervals of {}: {}", card.name, known.join("; ")))
}

/// Names come from a file: nothing in them may steer a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}

/// Words in lines that fit, the later ones indented; a longer word is cut.
pub(super) fn wrapped(text: &str, indent: &str) -> Vec<String> {
    let most = COLUMNS - indent.len() - 2;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let word = cut(word, most);
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    let first = |i: usize| if i == 0 { "" } else { "  " };
    lines.iter().enumerate().map(|(i, line)| format!("{indent}{}{line}", first(i))).collect()
}
