//! A study as its report wants it: points with what became of them and the few figures that people decide by.
//!
//! Read from `study.json`, run after run, whether the study has just ended or is an old one: so a report drawn again has
//! the same bytes, and memory does not grow with the two hundred figures of every run.
use super::dimension::Dimension;
use crate::outcome::intervals::{QUANTILE, half_width};
use crate::report::palette::State;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

/// Figures that are shown at most.
const MOST_KEYS: usize = 6;
/// Figures of one kind that are kept while reading.
const MOST_KEPT: usize = 8;

/// A threshold as `study.json` has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// As written.
    pub expression: String,
    /// Path of its figure.
    pub path: String,
    /// The bound in the unit of the figure.
    pub bound: f64,
}

impl Limit {
    fn comparison(&self) -> &'static str {
        const WRITTEN: [&str; 6] = ["<=", ">=", "==", "!=", "<", ">"];
        WRITTEN.into_iter().find(|written| self.expression.contains(written)).unwrap_or_default()
    }

    /// Whether a value holds it.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        let order = value.partial_cmp(&self.bound);
        match self.comparison() {
            "<" => order == Some(Ordering::Less),
            ">" => order == Some(Ordering::Greater),
            "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            ">=" => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            "!=" => order != Some(Ordering::Equal),
            _ => order == Some(Ordering::Equal),
        }
    }

    /// Whether less is better.
    #[must_use]
    pub fn is_from_above(&self) -> bool {
        self.comparison().starts_with('<')
    }
}

/// A figure over the runs of a point.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mean {
    runs: u64,
    of_all: f64,
    squares: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.runs += 1;
        let before = value - self.of_all;
        self.of_all += before / self.runs as f64;
        self.squares += before * (value - self.of_all);
    }

    /// Its 95 % interval by Student's t, where there are runs that differ.
    fn interval(&self) -> Option<(f64, f64)> {
        if self.runs < 2 || self.squares <= 0.0 {
            return None;
        }
        let n = self.runs as f64;
        let half = half_width(self.squares, n, QUANTILE);
        Some((self.of_all - half, self.of_all + half))
    }
}

/// A point.
#[derive(Clone, Debug)]
pub struct Point {
    /// Of each dimension, which of its values.
    pub values: Vec<usize>,
    /// Runs of it, and how many of them passed.
    pub runs: u64,
    /// See `runs`.
    pub passed: u64,
    /// What became of it.
    pub state: State,
    /// Why it could not be run, or what broke.
    pub error: Option<String>,
    means: Vec<Mean>,
}

impl Point {
    /// A figure, where every run has one.
    #[must_use]
    pub fn mean(&self, key: usize) -> Option<f64> {
        self.means.get(key).filter(|mean| mean.runs == self.runs && mean.runs > 0).map(|mean| mean.of_all)
    }

    /// Its 95 % interval.
    #[must_use]
    pub fn interval(&self, key: usize) -> Option<(f64, f64)> {
        self.mean(key).and_then(|_| self.means[key].interval())
    }
}

/// What a study came to.
#[derive(Clone, Debug)]
pub struct Study {
    /// Name of its scenario.
    pub name: String,
    /// Digest of the study.
    pub digest: String,
    /// `grid` or `latin hypercube`.
    pub design: String,
    /// Seed of the first repetition.
    pub seed: u64,
    /// Runs of each point.
    pub repetitions: u64,
    /// What is good enough.
    pub limits: Vec<Limit>,
    /// Whether anything says what is good enough.
    pub judged: bool,
    /// What was varied.
    pub dimensions: Vec<Dimension>,
    /// Paths of the figures, those of the thresholds first.
    pub keys: Vec<String>,
    /// In their order.
    pub points: Vec<Point>,
}

impl Study {
    /// The figures that are not the same everywhere; where all are, the first one.
    #[must_use]
    pub fn telling(&self) -> Vec<usize> {
        let differs = |&key: &usize| {
            let mut known = self.points.iter().filter_map(|point| point.mean(key));
            known.next().is_some_and(|first| known.any(|other| other.to_bits() != first.to_bits()))
        };
        let all: Vec<usize> = (0..self.keys.len()).filter(differs).collect();
        if all.is_empty() { (0..self.keys.len().min(1)).collect() } else { all }
    }

    /// The figure that comes first: of the first threshold whose figure is not the same everywhere.
    #[must_use]
    pub fn main(&self) -> Option<usize> {
        self.telling().first().copied()
    }

    /// The limits of a figure.
    pub fn limits_of(&self, key: usize) -> impl Iterator<Item = &Limit> {
        self.limits.iter().filter(move |limit| limit.path == self.keys[key])
    }

    /// Points of a state.
    #[must_use]
    pub fn count(&self, state: State) -> usize {
        self.points.iter().filter(|point| point.state == state).count()
    }

    /// `a = 4, b = 10ms`.
    #[must_use]
    pub fn told(&self, point: &Point) -> String {
        let one =
            |(dimension, value): (&Dimension, &usize)| format!("{} = {}", dimension.path, dimension.values[*value]);
        self.dimensions.iter().zip(&point.values).map(one).collect::<Vec<_>>().join(", ")
    }
}

/// Reads a study back from its folder.
///
/// # Errors
/// When there is none, or it is of another version.
pub fn read(dir: &Path) -> io::Result<Study> {
    let path = dir.join("study.json");
    let wrong = |why: serde_json::Error| {
        let told = format!("{} is not a study of this version: {why}; run it again", path.display());
        io::Error::new(io::ErrorKind::InvalidData, told)
    };
    let open = || File::open(&path).map(BufReader::new);
    let head: Head = serde_json::from_reader(open()?).map_err(wrong)?;
    let mut rows = Rows::of(&head);
    let mut json = serde_json::Deserializer::from_reader(open()?);
    Top(&mut rows).deserialize(&mut json).map_err(wrong)?;
    Ok(rows.study(head))
}

/// Everything before the runs.
#[derive(Deserialize)]
struct Head {
    study: String,
    scenario: Named,
    design: String,
    vary: Map<String, Value>,
    repetitions: u64,
    seed: u64,
    #[serde(default)]
    thresholds: Vec<Limit>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Row {
    point: u64,
    values: BTreeMap<String, String>,
    error: Option<String>,
    passed: bool,
    figures: BTreeMap<String, Option<f64>>,
}

/// What has been read of the runs.
struct Rows {
    paths: Vec<String>,
    values: Vec<BTreeMap<String, usize>>,
    keys: Vec<String>,
    points: BTreeMap<u64, Point>,
}

impl Rows {
    fn of(head: &Head) -> Self {
        let paths: Vec<String> = head.vary.keys().cloned().collect();
        let mut keys: Vec<String> = Vec::new();
        for limit in &head.thresholds {
            if !keys.contains(&limit.path) {
                keys.push(limit.path.clone());
            }
        }
        Self { values: vec![BTreeMap::new(); paths.len()], paths, keys, points: BTreeMap::new() }
    }

    fn add(&mut self, row: &Row) {
        let known = self.values.iter_mut().zip(&self.paths).map(|(known, path)| {
            let (text, next) = (row.values.get(path).map_or("", String::as_str), known.len());
            known.get(text).copied().unwrap_or_else(|| *known.entry(text.to_owned()).or_insert(next))
        });
        let values: Vec<usize> = known.collect();
        for path in row.figures.keys() {
            let kind = KINDS.iter().position(|is| is(path));
            let Some(kind) = kind.filter(|_| !self.keys.contains(path)) else { continue };
            if self.keys.iter().filter(|path| KINDS[kind](path)).count() < MOST_KEPT {
                self.keys.push(path.clone());
            }
        }
        let fresh = || Point { values, runs: 0, passed: 0, state: State::Ran, error: None, means: Vec::new() };
        let point = self.points.entry(row.point).or_insert_with(fresh);
        point.runs += 1;
        point.passed += u64::from(row.passed);
        if let Some(error) = &row.error {
            let now = if row.figures.is_empty() { State::Refused } else { State::Broke };
            point.state = point.state.max(now);
            point.error.get_or_insert_with(|| error.clone());
        }
        point.means.resize(self.keys.len(), Mean::default());
        for (mean, path) in point.means.iter_mut().zip(&self.keys) {
            if let Some(value) = row.figures.get(path).copied().flatten() {
                mean.add(value);
            }
        }
    }

    fn study(self, head: Head) -> Study {
        let mut points: Vec<Point> = self.points.into_values().collect();
        let judged = !head.thresholds.is_empty()
            || points.iter().any(|point| point.error.is_none() && point.passed < point.runs);
        for point in &mut points {
            if point.error.is_none() && judged {
                point.state = match point.passed {
                    0 => State::Fails,
                    all if all == point.runs => State::Passes,
                    _ => State::Partly,
                };
            }
        }
        // Figures of the thresholds, then one of each kind after the other.
        let mut order: Vec<usize> = (0..self.keys.len()).collect();
        let limited = |key: &usize| head.thresholds.iter().any(|limit| limit.path == self.keys[*key]);
        let kind = |key: &usize| KINDS.iter().position(|is| is(&self.keys[*key])).unwrap_or(0);
        order.sort_by_key(|key| (!limited(key), kind(key)));
        order.retain(|key| points.iter().any(|point| point.mean(*key).is_some()));
        let first_of_each = |i: usize| {
            limited(&order[i]) || order[..i].iter().all(|before| limited(before) || kind(before) != kind(&order[i]))
        };
        let (mut chosen, rest): (Vec<usize>, Vec<usize>) = (0..order.len()).partition(|i| first_of_each(*i));
        chosen.extend(rest);
        chosen.truncate(MOST_KEYS);
        chosen.sort_unstable();
        let kept: Vec<usize> = chosen.into_iter().map(|i| order[i]).collect();
        for point in &mut points {
            point.means = kept.iter().map(|key| point.means.get(*key).copied().unwrap_or_default()).collect();
        }
        let mut dimensions = Vec::new();
        for (i, (path, values)) in self.paths.iter().zip(self.values).enumerate() {
            let mut met = vec![String::new(); values.len()];
            for (text, at) in values {
                met[at] = text;
            }
            let (dimension, places) = Dimension::of(path, met);
            for point in &mut points {
                point.values[i] = places[point.values[i]];
            }
            dimensions.push(dimension);
        }
        Study {
            name: head.scenario.name,
            digest: head.study,
            design: head.design,
            seed: head.seed,
            repetitions: head.repetitions,
            limits: head.thresholds,
            judged,
            dimensions,
            keys: kept.into_iter().map(|key| self.keys[key].clone()).collect(),
            points,
        }
    }
}

/// What people decide by besides thresholds: latency of groups, cost, and how busy they are.
const KINDS: [fn(&str) -> bool; 3] = [
    |path| path.starts_with("groups.") && path.ends_with(".e2e_s.p99"),
    |path| path == "cost_per_h",
    |path| path.starts_with("groups.") && path.ends_with(".utilisation"),
];

/// The runs are read one after the other, and each is forgotten at once.
struct Top<'a>(&'a mut Rows);

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a study")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(key) = fields.next_key::<String>()? {
            if key == "runs" {
                fields.next_value_seed(Runs(&mut *self.0))?;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct Runs<'a>(&'a mut Rows);

impl<'de> DeserializeSeed<'de> for Runs<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Runs<'_> {
    type Value = ();

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a list of runs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while let Some(row) = rows.next_element::<Row>()? {
            self.0.add(&row);
        }
        Ok(())
    }
}
