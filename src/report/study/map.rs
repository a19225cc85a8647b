//! The points of a grid over its two dimensions that matter most: who passes, and how much of each figure.
//!
//! Further dimensions become maps of their own below each other, or, where they would be too many, are taken together in
//! each cell, as neighbours are where there would be more cells than one can see. What is taken together is told.
use super::dimension::{cut, show, tail};
use super::influence;
use super::read::{Point, Study};
use crate::report::axis::Axis;
use crate::report::charts::{Chart, Table};
use crate::report::palette::{INKED, Role, SHADES, State};
use crate::report::plot::{Block, Label, Panel, Plot};
use crate::units::show as numbers;
use std::collections::BTreeMap;

/// Cells side by side and above each other, at most, in all maps together.
const ACROSS: usize = 50;
const UP: usize = 40;
/// Maps below each other.
const MOST_PANELS: usize = 9;
/// Cells that tell their value to who points at them.
const MOST_TITLES: usize = 400;
/// Pixels of a row.
const ROW: i32 = 30;
/// Letters of a path beside a map.
const PATH: usize = 34;

/// What the cells show.
pub struct Pick {
    /// Its name, for who picks.
    pub label: String,
    /// The map.
    pub chart: Chart,
}

/// The name of a state in a legend.
#[must_use]
pub fn name(state: State) -> &'static str {
    match state {
        State::Ran => "ran",
        State::Passes => "passes",
        State::Partly => "passes in part",
        State::Fails => "fails",
        State::Refused => "refused",
        State::Broke => "broke a law",
    }
}

/// Cells of a dimension: of each of its values, which one.
struct Cells {
    dimension: usize,
    of: Vec<usize>,
    count: usize,
}

impl Cells {
    fn new(study: &Study, dimension: usize, most: usize) -> Self {
        let values = study.dimensions[dimension].values.len();
        let each = values.div_ceil(most.max(1));
        Self { dimension, of: (0..values).map(|value| value / each).collect(), count: values.div_ceil(each) }
    }

    /// Names of the cells: of several values the first and the last.
    fn names(&self, names: &[String]) -> Vec<String> {
        let ends = |cell: usize| {
            let inside: Vec<usize> = (0..self.of.len()).filter(|value| self.of[*value] == cell).collect();
            let (first, last) = (&names[inside[0]], &names[inside[inside.len() - 1]]);
            if inside.len() == 1 { first.clone() } else { format!("{first}–{last}") }
        };
        (0..self.count).map(ends).collect()
    }

    fn are_thinned(&self) -> bool {
        self.count < self.of.len()
    }
}

/// Points by the cell they stand in.
type Filled<'a> = BTreeMap<(usize, usize), Vec<&'a Point>>;

/// Which points stand where.
struct Grid<'a> {
    study: &'a Study,
    x: Cells,
    y: Cells,
    /// The headings of the maps, each with its points by cell.
    panels: Vec<(String, Filled<'a>)>,
    /// What is told of it.
    note: String,
}

/// The maps, where it is a grid with two dimensions that have more than one value.
#[must_use]
pub fn picks(study: &Study) -> Vec<Pick> {
    let Some(grid) = Grid::of(study) else { return Vec::new() };
    let mut picks = Vec::new();
    if study.judged {
        picks.push(Pick { label: "thresholds".to_owned(), chart: grid.chart(None) });
    }
    picks.extend(study.telling().into_iter().map(|key| {
        let label = study.keys[key].clone();
        Pick { label, chart: grid.chart(Some(key)) }
    }));
    picks
}

impl<'a> Grid<'a> {
    fn of(study: &'a Study) -> Option<Self> {
        if study.design != "grid" {
            return None;
        }
        let order: Vec<usize> =
            influence::order(study).into_iter().filter(|i| study.dimensions[*i].values.len() > 1).collect();
        let [first, second, rest @ ..] = order.as_slice() else { return None };
        // Across is room for more values than upwards.
        let values = |i: usize| study.dimensions[i].values.len();
        let (x, y) = if values(*first) >= values(*second) { (*first, *second) } else { (*second, *first) };
        let parts = panels_of(study, rest, values(y));
        let x = Cells::new(study, x, ACROSS);
        let combinations: usize = parts.iter().map(|i| values(*i)).product();
        let y = Cells::new(study, y, (UP / combinations).max(4));
        let mut panels: BTreeMap<Vec<usize>, Filled<'_>> = BTreeMap::new();
        for point in &study.points {
            let panel = panels.entry(parts.iter().map(|i| point.values[*i]).collect()).or_default();
            let cell = (x.of[point.values[x.dimension]], y.of[point.values[y.dimension]]);
            panel.entry(cell).or_default().push(point);
        }
        let heading = |values: Vec<usize>| {
            let one = |(i, value): (&usize, usize)| {
                let dimension = &study.dimensions[*i];
                format!("{} = {}", tail(&dimension.path, 24), cut(&dimension.values[value], 14))
            };
            parts.iter().zip(values).map(one).collect::<Vec<_>>().join(", ")
        };
        let panels: Vec<_> = panels.into_iter().map(|(values, cells)| (heading(values), cells)).collect();
        let hidden: Vec<&str> =
            rest.iter().filter(|i| !parts.contains(i)).map(|i| study.dimensions[*i].path.as_str()).collect();
        let mut grid = Self { study, x, y, panels, note: String::new() };
        grid.note = grid.told(&hidden);
        Some(grid)
    }

    fn told(&self, hidden: &[&str]) -> String {
        let mut told: Vec<String> = Vec::new();
        let most = self.panels.iter().flat_map(|(_, cells)| cells.values().map(Vec::len)).max().unwrap_or(0);
        if !hidden.is_empty() {
            told.push(format!("Each cell holds all values of {}.", hidden.join(" and ")));
        }
        if self.x.are_thinned() || self.y.are_thinned() {
            told.push("There are more values than one can see, so neighbours share a cell.".to_owned());
        }
        if most > 1 {
            let told_of = "figures are means of those that ran, and a cell passes where all of them do";
            told.push(format!("A cell stands for up to {most} points: {told_of}."));
        }
        told.extend(Some(self.study.dimensions[self.x.dimension].names_below().1).filter(|told| !told.is_empty()));
        told.join(" ")
    }

    fn chart(&self, figure: Option<usize>) -> Chart {
        let study = self.study;
        let [x, y] = [&self.x, &self.y].map(|cells| &study.dimensions[cells.dimension]);
        let shown = figure.or_else(|| study.main());
        let steps = figure.map(|key| Steps::of(self.cells().filter_map(|points| mean(points, key))));
        let titled = self.cells().count() <= MOST_TITLES;
        let up = Axis::of_names(self.y.names(&y.names()));
        let row = (480 / i32::try_from(self.y.count * self.panels.len()).unwrap_or(480)).clamp(12, ROW);
        let height = row * i32::try_from(self.y.count).unwrap_or(40);
        let panel = |(heading, cells): &(String, Filled<'_>)| {
            let mut panel = Panel::over(&tail(&y.path, PATH), up.clone());
            panel.heading.clone_from(heading);
            panel.height = Some(height.max(44));
            for (&(across, up), points) in cells {
                let cell = self.cell(points, shown, steps.as_ref(), figure);
                let (x, y) = (across as f64, up as f64);
                let title = if titled { self.title(points, shown) } else { String::new() };
                panel.labels.push(Label { text: cell.text, role: cell.ink, at: (x + 0.5, y + 0.5), room: 1.0 });
                panel.blocks.push(Block {
                    name: cell.name,
                    role: cell.role,
                    corners: [(x + 0.02, y + 0.03), (x + 0.98, y + 0.97)],
                    title,
                });
            }
            panel
        };
        let of = figure.map_or("points that pass", |key| study.keys[key].as_str());
        Chart {
            file: figure.map_or_else(|| "map-thresholds".to_owned(), |key| format!("map-{}", study.keys[key])),
            title: format!("Map of {of}"),
            hint: self.hint(figure),
            note: self.note.clone(),
            plot: Plot {
                x: Axis::of_names(self.x.names(&x.names_below().0)),
                x_name: tail(&x.path, PATH),
                panels: self.panels.iter().map(panel).collect(),
                marks: Vec::new(),
            },
            table: Table::default(),
            on_page: true,
        }
    }

    fn hint(&self, figure: Option<usize>) -> String {
        let study = self.study;
        match (figure, study.main()) {
            (Some(key), _) => format!(
                "{}: the more a cell stands out, the more of it. Look for where the colour turns: a sudden step is a queue \
                 that begins to grow, and along stripes only one of the two dimensions matters.",
                study.keys[key]
            ),
            (None, shown) => {
                let written = shown.map_or_else(String::new, |key| {
                    format!(" Where there is room, the cells say {}.", study.keys[key])
                });
                format!(
                    "Look for the border between what passes and what fails, and how far from it you are: beside it, a \
                     little more load or a little less of anything is enough to fail.{written}"
                )
            }
        }
    }

    fn cells(&self) -> impl Iterator<Item = &Vec<&'a Point>> {
        self.panels.iter().flat_map(|(_, cells)| cells.values())
    }

    fn cell(&self, points: &[&Point], shown: Option<usize>, steps: Option<&Steps>, figure: Option<usize>) -> Cell {
        let state = together(points);
        let value = shown.and_then(|key| mean(points, key).map(|value| (key, value)));
        let text = match (state, value) {
            (State::Refused | State::Broke, _) => name(state).split(' ').next().unwrap_or_default().to_owned(),
            (_, Some((key, value))) => show(&self.study.keys[key], Some(value)),
            (_, None) => "–".to_owned(),
        };
        match (steps, figure, value) {
            (Some(steps), Some(key), Some((_, value))) if !matches!(state, State::Refused | State::Broke) => {
                let (step, name) = steps.of_value(&self.study.keys[key], value);
                let ink = if step >= INKED { Role::Ink } else { Role::Text };
                Cell { text, ink, role: Role::Shade(step), name }
            }
            (Some(_), Some(_), None) if !matches!(state, State::Refused | State::Broke) => {
                Cell { text, ink: Role::Text, role: Role::Cell(State::Refused), name: "no value".to_owned() }
            }
            _ => Cell { text, ink: Role::Text, role: Role::Cell(state), name: name(state).to_owned() },
        }
    }

    fn title(&self, points: &[&Point], shown: Option<usize>) -> String {
        let study = self.study;
        let figure = shown.map_or_else(String::new, |key| {
            format!("; {} {}", study.keys[key], show(&study.keys[key], mean(points, key)))
        });
        if let [point] = points {
            return format!("{}: {}{figure}", study.told(point), outcome(point));
        }
        let count = |state: State| points.iter().filter(|point| point.state == state).count();
        let states = [State::Ran, State::Passes, State::Partly, State::Fails, State::Refused, State::Broke];
        let told = states.into_iter().filter(|state| count(*state) > 0);
        let told: Vec<String> = told.map(|state| format!("{} {}", count(state), name(state))).collect();
        format!("of {} points {}{figure}", points.len(), told.join(", "))
    }
}

struct Cell {
    text: String,
    ink: Role,
    role: Role,
    name: String,
}

/// `passes`, `passes in 3 of 5 runs` or why it did not run.
#[must_use]
pub fn outcome(point: &Point) -> String {
    match (&point.error, point.state) {
        (Some(error), state) => format!("{}: {}", name(state), cut(error, 160)),
        (None, State::Partly) => format!("passes in {} of {} runs", point.passed, point.runs),
        (None, state) => name(state).to_owned(),
    }
}

/// Dimensions that get maps of their own: all others if there is room, otherwise the first of them, otherwise none.
fn panels_of(study: &Study, rest: &[usize], rows: usize) -> Vec<usize> {
    let fits = |dimensions: &[usize]| {
        let count: usize = dimensions.iter().map(|i| study.dimensions[*i].values.len()).product();
        count <= MOST_PANELS && count * rows.min(8) <= UP
    };
    let long = rest.len() > 2;
    if fits(rest) && !long {
        rest.to_vec()
    } else {
        rest.first().filter(|first| fits(&[**first])).copied().into_iter().collect()
    }
}

/// What became of several points. Those that were refused say nothing, unless all were.
fn together(points: &[&Point]) -> State {
    let any = |state: State| points.iter().any(|point| point.state == state);
    match (any(State::Broke), any(State::Partly), any(State::Passes), any(State::Fails)) {
        (true, ..) => State::Broke,
        (_, true, ..) | (_, _, true, true) => State::Partly,
        (_, _, true, false) => State::Passes,
        (_, _, false, true) => State::Fails,
        _ if any(State::Ran) => State::Ran,
        _ => State::Refused,
    }
}

fn mean(points: &[&Point], key: usize) -> Option<f64> {
    let known: Vec<f64> = points.iter().filter_map(|point| point.mean(key)).collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

/// Steps of a figure: by ratio where the greatest is many times the least, otherwise even.
struct Steps {
    edges: Vec<f64>,
    most: f64,
}

impl Steps {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut all: Vec<f64> = values.collect();
        all.sort_by(f64::total_cmp);
        let (Some(&least), Some(&most)) = (all.first(), all.last()) else {
            return Self { edges: Vec::new(), most: 0.0 };
        };
        let steps = if all.iter().all(|value| value.total_cmp(&least).is_eq()) { 1 } else { SHADES };
        let edge = |i: usize| {
            let share = i as f64 / steps as f64;
            if least > 0.0 && most > 8.0 * least {
                least * (most / least).powf(share)
            } else {
                least + share * (most - least)
            }
        };
        Self { edges: (0..steps).map(edge).collect(), most }
    }

    fn of_value(&self, path: &str, value: f64) -> (usize, String) {
        let step = self.edges.partition_point(|edge| *edge <= value).max(1) - 1;
        let to = self.edges.get(step + 1).copied().unwrap_or(self.most);
        let (low, high) = (show(path, self.edges.get(step).copied()), show(path, Some(to)));
        (step, if low == high { low } else { format!("{low} to {high}") })
    }
}

/// How many of the points pass, as people say it.
#[must_use]
pub fn share(passed: usize, all: usize) -> String {
    numbers::percent(passed as f64 / all.max(1) as f64)
}
