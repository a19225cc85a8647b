//! Lines such as `producers.edge.rate_per_s >= 0.99 * 100k/s`: a figure of the result, a comparison, a bound.
//!
//! The bound is written in the figure's own unit, so that nobody compares seconds with milliseconds.
use super::figures::{self, Unit};
use super::findings::Findings;
use crate::plan::{Comparison, ThresholdPlan};
use crate::scenario::{Scenario, list, nearest, values};
use crate::units::{Span, parse};

const OPERATORS: &[(&str, Comparison)] = &[
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

/// What is wrong, and what to do.
pub type Refusal = (String, String);

/// All lines, understood.
pub fn thresholds(scenario: &Scenario, brokers: u32, found: &mut Findings<'_>) -> Vec<ThresholdPlan> {
    let mut plans = Vec::new();
    for (i, line) in scenario.document.thresholds.iter().flatten().enumerate() {
        match threshold(scenario, brokers, &line.0) {
            Ok(plan) => plans.push(plan),
            Err((message, remedy)) => found.error(&format!("thresholds.{i}"), message, remedy),
        }
    }
    plans
}

fn threshold(scenario: &Scenario, brokers: u32, line: &str) -> Result<ThresholdPlan, Refusal> {
    let (left, comparison, right) = split(line).ok_or_else(|| {
        let remedy =
            "write a figure, one of `<` `<=` `>` `>=` `==` `!=` and a bound: `groups.workers.e2e_s.p99 < 200ms`";
        ("compares nothing".to_owned(), remedy.to_owned())
    })?;
    let path: Vec<String> = left.trim().split('.').map(str::to_owned).collect();
    let unit = figure(scenario, brokers, &path)?;
    let bound = bound(right.trim(), unit)?;
    Ok(ThresholdPlan { expression: line.to_owned(), path, comparison, bound })
}

fn split(line: &str) -> Option<(&str, Comparison, &str)> {
    let at = line.find(['<', '>', '=', '!'])?;
    let (left, rest) = line.split_at(at);
    let (sign, comparison) = OPERATORS.iter().find(|(sign, _)| rest.starts_with(sign))?;
    Some((left, *comparison, &rest[sign.len()..]))
}

/// The unit of the figure at a path.
pub(super) fn figure(scenario: &Scenario, brokers: u32, path: &[String]) -> Result<Unit, Refusal> {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let (section, name, rest) = match parts.as_slice() {
        [section, name, rest @ ..] => (*section, *name, rest),
        _ => {
            return Err(no_figure(
                "a path has a section, a name and a figure",
                ["groups.workers.lost"].into_iter(),
                "",
            ));
        }
    };
    let figures = figures::of(section);
    if figures.is_empty() {
        return Err(no_figure(
            "no section of the result is called",
            ["producers", "topics", "brokers", "groups"].into_iter(),
            section,
        ));
    }
    let names = names(scenario, brokers, section);
    if !names.iter().any(|known| known == name) {
        return Err(no_figure(&format!("nothing in `{section}` is called"), names.iter().map(String::as_str), name));
    }
    let Some((figure, rest)) = rest.split_first() else {
        return Err(no_figure("no figure is named", figures.iter().map(|(figure, _)| *figure), ""));
    };
    let Some((_, inner)) = figures.iter().find(|(known, _)| known == figure) else {
        return Err(no_figure("no figure is called", figures.iter().map(|(figure, _)| *figure), figure));
    };
    match (inner, rest) {
        ([], []) => Ok(figures::unit(figure, None)),
        ([], _) => Err((format!("`{figure}` is one number"), "end the path there".to_owned())),
        (inner, [part]) if inner.contains(part) => Ok(figures::unit(figure, Some(part))),
        (inner, []) => {
            Err((format!("`{figure}` has several parts"), format!("add one of {}", list(inner.iter().copied()))))
        }
        (inner, rest) => {
            let wanted = rest.first().copied().unwrap_or_default();
            Err(no_figure(&format!("`{figure}` has no part"), inner.iter().copied(), wanted))
        }
    }
}

fn names(scenario: &Scenario, brokers: u32, section: &str) -> Vec<String> {
    let document = &scenario.document;
    match section {
        "producers" => document.producers.0.iter().map(|(name, _)| name.clone()).collect(),
        "topics" => document.topics.0.iter().map(|(name, _)| name.clone()).collect(),
        "groups" => document.groups.iter().flat_map(|named| &named.0).map(|(name, _)| name.clone()).collect(),
        _ => (0..brokers).map(|number| number.to_string()).collect(),
    }
}

fn no_figure<'k>(message: &str, known: impl Iterator<Item = &'k str> + Clone, wanted: &str) -> Refusal {
    let wanted: String = wanted.chars().filter(|c| !c.is_control()).take(64).collect();
    let message = if wanted.is_empty() { message.to_owned() } else { format!("{message} `{wanted}`") };
    let remedy = match nearest(&wanted, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", list(known.take(30))),
    };
    (message, remedy)
}

/// `QUANTITY`, `NUMBER * QUANTITY` or `QUANTITY * NUMBER`, in the unit of the figure.
///
/// # Errors
/// What is wrong with it, and what to write.
pub fn bound(text: &str, unit: Unit) -> Result<f64, Refusal> {
    let (factor, quantity) = match text.split_once('*') {
        None => (1.0, text),
        Some((left, right)) => match (parse::number(left.trim()), parse::number(right.trim())) {
            (Ok(factor), _) => (factor, right.trim()),
            (_, Ok(factor)) => (factor, left.trim()),
            _ => return Err((format!("`{text}` multiplies two quantities"), "write `0.99 * 100k/s`".to_owned())),
        },
    };
    let read = match unit {
        Unit::Seconds => parse::duration(quantity).map(Span::seconds),
        Unit::Bytes => parse::size(quantity).map(|bytes| bytes as f64),
        Unit::BytesPerSecond => parse::byte_rate(quantity),
        Unit::PerSecond => parse::rate(quantity),
        Unit::Count => parse::count(quantity).map(|count| count as f64).or_else(|_| parse::number(quantity)),
        Unit::Share => values::share(quantity),
    };
    let read = if quantity == "0" { Ok(0.0) } else { read };
    read.map(|value| factor * value).map_err(|error| (error.message, format!("compare it with {}", unit.example())))
}
