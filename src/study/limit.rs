//! Lines such as `groups.*.e2e_s.p99 > +10%`: how much worse a result may be than the first before a script should fail.
//!
//! `*` stands for any one name of a path. A change counts only where it is more than chance, or where chance cannot be
//! told; a figure that has lost its value always counts.
use super::compare::{Change, Comparison, Figure};
use crate::plan::build::{figures, thresholds};
use crate::scenario::nearest;
use std::collections::BTreeSet;

/// One such line, understood.
#[derive(Clone, Debug)]
pub struct Limit {
    /// As written.
    pub expression: String,
    path: Vec<String>,
    above: bool,
    inclusive: bool,
    bound: Bound,
}

#[derive(Clone, Debug)]
enum Bound {
    /// A share of the first.
    Relative(f64),
    /// In the unit of the figure, read once the figure is known.
    Absolute { sign: f64, text: String },
}

/// A figure that broke a limit.
#[derive(Clone, Debug)]
pub struct Breach {
    /// The line.
    pub expression: String,
    /// The figure.
    pub path: String,
    /// Which result, counted from the first.
    pub result: usize,
    /// How it changed; none where it lost its value.
    pub change: Option<Change>,
}

const REMEDY: &str = "write a figure, `>` or `<`, and a signed change: `groups.*.e2e_s.p99 > +10%`";

impl Limit {
    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it and what to write instead.
    pub fn parse(line: &str) -> Result<Self, String> {
        let at = line.find(['<', '>']).ok_or_else(|| format!("`{line}` compares nothing; {REMEDY}"))?;
        let (path, rest) = line.split_at(at);
        let (above, rest) = (rest.starts_with('>'), &rest[1..]);
        let (inclusive, rest) = rest.strip_prefix('=').map_or((false, rest), |rest| (true, rest));
        let text = rest.trim();
        let (sign, amount) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(amount), _) => (1.0, amount.trim()),
            (_, Some(amount)) => (-1.0, amount.trim()),
            _ if text == "0" => (1.0, "0%"),
            _ => return Err(format!("`{line}`: a change has a sign, such as `+10%` or `-5ms`; {REMEDY}")),
        };
        let bound = match amount.strip_suffix('%') {
            Some(percent) => {
                let share = percent.trim().parse::<f64>().ok().filter(|share| share.is_finite());
                Bound::Relative(
                    sign * share.ok_or_else(|| format!("`{line}`: `{amount}` is no share; {REMEDY}"))? / 100.0,
                )
            }
            None => Bound::Absolute { sign, text: amount.to_owned() },
        };
        let path: Vec<String> = path.trim().split('.').map(str::to_owned).collect();
        if path.len() < 3 || path.iter().any(String::is_empty) {
            return Err(format!("`{line}`: a figure has a section, a name and a figure; {REMEDY}"));
        }
        Ok(Self { expression: line.to_owned(), path, above, inclusive, bound })
    }

    /// Every figure of a comparison that breaks it.
    ///
    /// # Errors
    /// When no figure has such a path, or the bound is not in its unit: a limit that checks nothing is a mistake.
    pub fn breaches(&self, comparison: &Comparison) -> Result<Vec<Breach>, String> {
        let mut found = Vec::new();
        let mut compared = 0;
        for figure in
            comparison.figures.iter().filter(|figure| matches(self.path.iter().map(String::as_str), &figure.path))
        {
            for result in 1..figure.values.len() {
                let known = [figure.values[0], figure.values[result]].map(|value| value.is_some());
                compared += usize::from(known[0]);
                if known[0] && self.is_broken(figure, result)? {
                    let change = figure.changes[result - 1];
                    let (expression, path) = (self.expression.clone(), figure.path.clone());
                    found.push(Breach { expression, path, result, change });
                }
            }
        }
        if compared == 0 {
            return Err(self.names_nothing(comparison));
        }
        Ok(found)
    }

    fn names_nothing(&self, comparison: &Comparison) -> String {
        let path = self.path.join(".");
        let valued = comparison.figures.iter().filter(|figure| figure.values[0].is_some());
        let known: BTreeSet<String> = valued.map(|figure| self.alike(&figure.path)).collect();
        let remedy = nearest(&path, known.iter().map(String::as_str))
            .map_or_else(|| "see result.json".to_owned(), |near| format!("did you mean `{near}`?"));
        format!("`{}`: no figure with a value is called `{path}`; {remedy}", self.expression)
    }

    /// A path with a `*` where this limit has one.
    fn alike(&self, path: &str) -> String {
        let star = |i: usize| self.path.get(i).is_some_and(|part| part == "*");
        let parts = path.split('.').enumerate().map(|(i, part)| if star(i) { "*" } else { part });
        parts.collect::<Vec<_>>().join(".")
    }

    fn is_broken(&self, figure: &Figure, result: usize) -> Result<bool, String> {
        let Some(change) = figure.changes[result - 1] else { return Ok(true) };
        let (amount, bound) = match &self.bound {
            Bound::Relative(bound) => {
                let from_nothing =
                    if change.difference == 0.0 { 0.0 } else { change.difference.signum() * f64::INFINITY };
                (change.relative.unwrap_or(from_nothing), *bound)
            }
            Bound::Absolute { sign, text } => (change.difference, sign * self.quantity(&figure.path, text)?),
        };
        let beyond = if self.above { amount > bound } else { amount < bound };
        let at = self.inclusive && (amount - bound).abs() <= f64::EPSILON * bound.abs();
        Ok((beyond || at) && change.is_real() != Some(false))
    }

    fn quantity(&self, path: &str, text: &str) -> Result<f64, String> {
        let parts: Vec<&str> = path.split('.').collect();
        let unit = figures::unit(parts[2], parts.get(3).copied());
        thresholds::bound(text, unit).map_err(|(message, remedy)| format!("`{}`: {message}; {remedy}", self.expression))
    }
}

/// Whether a figure has a path like this, in which `*` stands for any one name.
#[must_use]
pub fn matches<'p>(pattern: impl IntoIterator<Item = &'p str>, path: &str) -> bool {
    let (mut parts, mut wanted) = (path.split('.'), pattern.into_iter());
    wanted.by_ref().all(|wanted| parts.next().is_some_and(|part| wanted == "*" || wanted == part))
        && parts.next().is_none()
}
