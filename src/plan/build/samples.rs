//! Measured values from a file: one a row, each with its unit, as a measurement prints them.
//!
//! No heading, no second column, no number without a unit: what is not plainly a value is told with its line.
use super::findings::Findings;
use crate::model::random::Distribution;
use crate::units::parse::Unreadable;

/// Values of a file at most.
const MOST_VALUES: usize = 2_000_000;
/// Bad rows told at most.
const MOST_COMPLAINTS: usize = 5;

/// Reads the values of `file` as `value` reads one.
pub fn read(
    file: &str,
    value: fn(&str) -> Result<f64, Unreadable>,
    path: &str,
    found: &mut Findings<'_>,
) -> Distribution {
    let Some(bytes) = found.input(file) else { return Distribution::ZERO };
    let Ok(text) = std::str::from_utf8(&bytes) else {
        found.error(path, format!("`{file}` is not UTF-8 text"), "save the file as UTF-8");
        return Distribution::ZERO;
    };
    let (mut values, mut complaints) = (Vec::new(), 0);
    let rows = (1..).zip(text.trim_start_matches('\u{FEFF}').lines()).map(|(line, row)| (line, row.trim()));
    for (line, row) in rows.filter(|(_, row)| !row.is_empty()) {
        match one(row, values.len(), value) {
            Ok(value) => values.push(value),
            Err(Unreadable { message, remedy }) => {
                found.error(path, format!("{file}:{line}: {message}"), remedy);
                complaints += 1;
            }
        }
        if complaints == MOST_COMPLAINTS || complaints > 0 && values.len() == MOST_VALUES {
            break;
        }
    }
    if values.is_empty() && complaints == 0 {
        found.error(path, "has no values", "write one a row, each with its unit");
    }
    if values.is_empty() { Distribution::ZERO } else { Distribution::Empirical(values.into()) }
}

fn one(row: &str, known: usize, value: fn(&str) -> Result<f64, Unreadable>) -> Result<f64, Unreadable> {
    let refuse = |message: String, remedy: &str| Err(Unreadable { message, remedy: remedy.to_owned() });
    let columns = row.split([',', ';', '\t']).count();
    if columns > 1 {
        return refuse(format!("{columns} columns"), "write one value a row, and nothing else");
    }
    if known == MOST_VALUES {
        return refuse(format!("more than {MOST_VALUES} values"), "keep every tenth of them");
    }
    value(row)
}
