//! Which points a study has: every combination of the values, or as many as were asked for, spread by a Latin hypercube.
//!
//! A Latin hypercube of n points cuts each axis into n slices and uses every slice of every axis once. It
//! is drawn from the study's seed alone. Every point runs with the same seeds, so that points differ by their values and
//! not by their luck.
use super::axis::{Axis, MOST, Refusal};
use super::point::Point;
use crate::scenario::schema::Study as Written;
use crate::scenario::{self, Place, Problem, Problems, Scenario};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Values of an axis that are tried alone before anything runs, at most.
const TRIED: u64 = 16;
/// Paths that a study sets itself.
const OWN: [(&str, &str); 3] = [
    ("run.seed", "write `study.repetitions`: run after run gets the next seed"),
    ("run.repetitions", "write `study.repetitions`"),
    ("run.precision", "write `study.repetitions`"),
];

/// What runs: axes, points and repetitions.
#[derive(Clone, Debug)]
pub struct Design {
    /// In the order in which they were written; the last one varies fastest.
    pub axes: Vec<Axis>,
    /// Points.
    pub points: u64,
    /// Runs of each point.
    pub repetitions: u64,
    /// Seed of the first repetition.
    pub seed: u64,
    /// The shares of each axis by point, where it is a Latin hypercube.
    latin: Option<Vec<Vec<f64>>>,
    /// Digest of everything that decides what comes out: the scenario with its files, the points, and this version.
    pub sha256: String,
}

/// The design of a scenario's `study` and of `--vary` lines, which replace the values of the same path.
///
/// # Errors
/// Every problem: what cannot be read, paths that nobody knows, too many points.
pub fn design(scenario: &Scenario, vary: &[String]) -> Result<Design, Problems> {
    let sets = scenario.source.sets.len();
    let mut source = scenario.source.clone();
    source.options = vary.iter().map(|line| format!("--vary {line}")).collect();
    let written = scenario.document.study.clone().unwrap_or_default();
    let mut found: Vec<(Place, Axis)> = Vec::new();
    let mut problems = Vec::new();
    for (path, value) in written.vary.iter().flat_map(|varied| &varied.0) {
        let place = scenario.place_of_varied(path);
        match super::axis::axis(path, value) {
            Ok(axis) => found.push((place, axis)),
            Err((message, remedy)) => problems.push(Problem::error(place, path, message, remedy)),
        }
    }
    for (i, line) in vary.iter().enumerate() {
        let place = Place { line: 0, column: (sets + i) as u32 + 1, length: 0 };
        match super::axis::parse(line) {
            Ok(axis) => match found.iter_mut().find(|(_, known)| known.path == axis.path) {
                Some((known, _)) if known.line == 0 => {
                    let remedy = "write all its values into one list";
                    problems.push(Problem::error(place, &axis.path, "is varied twice", remedy));
                }
                Some(known) => *known = (place, axis),
                None => found.push((place, axis)),
            },
            Err((message, remedy)) => problems.push(Problem::error(place, "", message, remedy)),
        }
    }
    for i in 0..found.len() {
        problems.extend(misplaced(&found, i).or_else(|| unknown(scenario, &found[i])));
    }
    let place = scenario.document.study.as_ref().map_or_else(Place::default, |_| scenario.place("study"));
    let axes = found.into_iter().map(|(_, axis)| axis).collect();
    let made = if problems.is_empty() {
        Design::new(axes, &written, scenario).map_err(|(message, remedy)| {
            problems.push(Problem::error(place, "study", message, remedy));
        })
    } else {
        Err(())
    };
    made.map_err(|()| Problems::new(source, problems))
}

/// A path that the study sets itself, whose values are files that the digest does not know, or that lies inside another one
/// that is varied, so that one would undo the other.
fn misplaced(found: &[(Place, Axis)], i: usize) -> Option<Problem> {
    let (place, axis) = &found[i];
    let refuse = |message: String, remedy: &str| Some(Problem::error(*place, &axis.path, message, remedy));
    if let Some((_, remedy)) = OWN.iter().find(|(path, _)| axis.path == *path || axis.path == "run") {
        return refuse("a study sets that itself".to_owned(), remedy);
    }
    if axis.path == "study" || axis.path.starts_with("study.") || axis.path == "name" {
        return refuse("cannot be varied: it changes no run".to_owned(), "vary what a run is made of");
    }
    if axis.names_files() {
        let message = "varies the name of a file, which somebody may change between two points".to_owned();
        return refuse(message, "run a study for each file: name it in the scenario or by `--set`, each with an --out");
    }
    let inside = |other: &Axis| axis.path.starts_with(&format!("{}.", other.path));
    let around = found.iter().find(|(_, other)| inside(other))?;
    refuse(format!("lies inside `{}`, which is varied too", around.1.path), "vary one of them")
}

/// An axis of which no value can even be read is a mistake, not a study: such as a path that nobody knows.
fn unknown(scenario: &Scenario, (place, axis): &(Place, Axis)) -> Option<Problem> {
    let tried = axis.count().unwrap_or(2).min(TRIED);
    let mut first = None;
    for i in 0..tried {
        let value = axis.at((i as f64 + 0.5) / tried as f64);
        match scenario.with(&[format!("{}={value}", axis.path)]) {
            Ok(_) => return None,
            Err(problems) => first = first.or_else(|| problems.list.into_iter().next()),
        }
    }
    let Problem { path, message, remedy, .. } = first?;
    Some(Problem::error(*place, &path, message, remedy))
}

impl Design {
    fn new(axes: Vec<Axis>, written: &Written, scenario: &Scenario) -> Result<Self, Refusal> {
        if axes.is_empty() {
            let remedy = "add `--vary groups.workers.members=1..8`, or `study: {vary: {groups.workers.members: 1..8}}`";
            return Err(("varies nothing".to_owned(), remedy.to_owned()));
        }
        let run = scenario.document.run.as_ref();
        if run.is_some_and(|run| run.precision.is_some()) {
            let message = "has `run.precision`, and a study runs every point equally often".to_owned();
            return Err((message, "remove `run.precision`, and write `study.repetitions`".to_owned()));
        }
        let of_run = run.and_then(|run| run.repetitions.as_ref());
        let repetitions = written.repetitions.as_ref().or(of_run).map_or(1, |count| count.0);
        let seed = run.and_then(|run| run.seed.as_ref()).map_or(1, |seed| seed.0);
        let latin = written.points.as_ref().map(|points| hypercube(points.0, axes.len(), seed));
        let points = match &written.points {
            Some(points) => points.0,
            None => combinations(&axes)?,
        };
        if points.saturating_mul(repetitions) > MOST {
            let message = format!("{points} points, {repetitions} runs each: {MOST} runs at most are one study");
            return Err((message, "make steps larger, or write `study.points` to spread fewer over all".to_owned()));
        }
        let mut design = Self { axes, points, repetitions, seed, latin, sha256: String::new() };
        design.sha256 = design.digest(scenario);
        Ok(design)
    }

    /// Points times repetitions.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.points * self.repetitions
    }

    /// Run `id`: repetitions of a point stand together.
    #[must_use]
    pub fn point(&self, id: u64) -> Point {
        let (point, repetition) = (id / self.repetitions, id % self.repetitions);
        let seed = self.seed.wrapping_add(repetition);
        Point { study: self.sha256.clone(), id, point, repetition, seed, values: self.values(point) }
    }

    fn values(&self, point: u64) -> Vec<(String, String)> {
        let mut left = point;
        let mut values: Vec<(String, String)> = Vec::with_capacity(self.axes.len());
        for (i, axis) in self.axes.iter().enumerate().rev() {
            let share = if let Some(shares) = &self.latin {
                shares[i][point as usize]
            } else {
                let count = axis.count().expect("a grid counts its values");
                let at = left % count;
                left /= count;
                (at as f64 + 0.5) / count as f64
            };
            values.push((axis.path.clone(), axis.at(share)));
        }
        values.reverse();
        values
    }

    /// What it is, for people and for the digest.
    #[must_use]
    pub fn told(&self) -> Value {
        let vary: Map<String, Value> = self.axes.iter().map(|axis| (axis.path.clone(), axis.told())).collect();
        json!({
            "design": if self.latin.is_some() { "latin hypercube" } else { "grid" },
            "vary": vary,
            "points": self.points,
            "repetitions": self.repetitions,
            "seed": self.seed,
        })
    }

    fn digest(&self, scenario: &Scenario) -> String {
        let mut hash = Sha256::new();
        hash.update(format!("{}\n{}\n{}", env!("CARGO_PKG_VERSION"), scenario.sha256, self.told()));
        scenario::hex(&hash.finalize())
    }
}

fn combinations(axes: &[Axis]) -> Result<u64, Refusal> {
    let mut points: u64 = 1;
    for axis in axes {
        let Some(count) = axis.count() else {
            let message = format!("the values of `{}` cannot be counted", axis.path);
            return Err((message, "add a step such as `by 5ms`, or `study.points` to draw that many".to_owned()));
        };
        points = points.saturating_mul(count);
    }
    Ok(points)
}

/// For each axis the share of each point.
fn hypercube(points: u64, axes: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(seed);
    let shares = |_| {
        let mut slices: Vec<u32> = (0..points as u32).collect();
        slices.shuffle(&mut dice);
        slices.into_iter().map(|slice| (f64::from(slice) + dice.random::<f64>()) / points as f64).collect()
    };
    (0..axes).map(shares).collect()
}
