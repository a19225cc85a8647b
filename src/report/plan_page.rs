//! `report.html` of a plan: the answer, what was tried against the limits, the frontier, and the plan's own words.
//!
//! Drawn from `plan.json` alone, whether the plan has just ended or is an old one, so the bytes are the same. What an
//! older or newer file does not have is left out of the page.
use super::axis::{Axis, Measure};
use super::charts::{Chart, Table};
use super::figures::{self, path_of};
use super::page::{self, Shown};
use super::palette::{Role, State};
use super::plot::{Dot, Line, Panel, Plot};
use super::probes::{self, Seen};
use super::study::dimension::{Dimension, cut, measure, show, tail};
use crate::study::answer::most_load;
use crate::units::show as numbers;
use serde::Serialize;
use serde_json::{Map, Value};
use std::io;
use std::path::Path;

/// Thresholds that get a chart.
const MOST_CHARTS: usize = 3;
/// Rows of a table on the page, and behind a chart.
const MOST_ROWS: usize = 200;
const MOST_BEHIND: usize = 40;
/// Letters of a path above or below a chart.
const PATH: usize = 40;
/// Runs from which on an open verdict lies within the noise; below, nobody looked closer.
const CLOSE: u64 = 5;
/// What an interval of a plan is.
const INTERVAL: &str = "interval of the mean";

#[derive(Serialize)]
struct Page<'a> {
    frame: page::Frame,
    name: String,
    goal: String,
    simulations: String,
    digest: String,
    headline: String,
    tone: &'static str,
    sentences: Vec<String>,
    thresholds: Vec<Threshold>,
    words: String,
    otherwise_columns: Vec<&'static str>,
    otherwise: Vec<Vec<String>>,
    tried_columns: Vec<String>,
    tried: Vec<Vec<String>>,
    note: String,
    charts: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Threshold {
    expression: String,
    value: String,
    passed: bool,
}

/// Draws the report of a plan into its folder, from what is there, and hands back its answer in one sentence.
///
/// # Errors
/// When there is no plan, or the file system refuses.
pub fn write(dir: &Path) -> io::Result<String> {
    let path = dir.join("plan.json");
    let wrong = |why: String| {
        let told = format!("{} is not a plan of this version: {why}; run it again", path.display());
        io::Error::new(io::ErrorKind::InvalidData, told)
    };
    let plan: Value = serde_json::from_slice(&std::fs::read(&path)?).map_err(|why| wrong(why.to_string()))?;
    let plan = Plan::of(&plan).ok_or_else(|| wrong("it has no goal, or no list of what was tried".to_owned()))?;
    let charts = plan.charts();
    let html = page::rendered(include_str!("plan.html"), plan.page(&charts));
    super::write_page(dir, &html, &charts.iter().collect::<Vec<_>>())?;
    Ok(plan.headline())
}

/// A candidate.
struct Tried<'a> {
    json: &'a Value,
    /// Path and value.
    set: Vec<(String, String)>,
    runs: u64,
    state: State,
}

impl<'a> Tried<'a> {
    fn of(json: &'a Value) -> Option<Self> {
        let set = json["set"].as_object()?.iter().map(|(path, value)| (path.clone(), text(value))).collect();
        let runs = json["runs"].as_u64().unwrap_or(0);
        let state = match (json["passed"] == true, json["decided"] == true) {
            _ if runs == 0 => State::Refused,
            (_, false) if runs >= CLOSE => State::Partly,
            (true, _) => State::Passes,
            (false, _) => State::Fails,
        };
        Some(Self { json, set, runs, state })
    }

    fn threshold(&self, expression: &str) -> Option<&'a Value> {
        self.json["thresholds"].as_array()?.iter().find(|one| one["expression"] == expression)
    }

    fn told(&self) -> String {
        let verdict = if self.json["passed"] == true { "passes" } else { "fails" };
        let runs = if self.runs == 1 { "1 run".to_owned() } else { format!("{} runs", self.runs) };
        match self.state {
            State::Refused => format!("not run: {}", cut(self.json["ruled_out"].as_str().unwrap_or("ruled out"), 160)),
            State::Partly => format!("{verdict} by the mean of {runs}, within the noise"),
            _ => format!("{verdict}, {runs}"),
        }
    }
}

/// A plan as its file has it.
struct Plan<'a> {
    json: &'a Value,
    goal: &'a str,
    answer: Option<&'a Map<String, Value>>,
    tried: Vec<Tried<'a>>,
    /// Expressions of the thresholds.
    expressions: Vec<String>,
}

impl<'a> Plan<'a> {
    fn of(json: &'a Value) -> Option<Self> {
        let tried: Vec<Tried<'_>> = json["tried"].as_array()?.iter().filter_map(Tried::of).collect();
        let mut expressions: Vec<String> = Vec::new();
        for one in tried.iter().filter_map(|tried| tried.json["thresholds"].as_array()).flatten() {
            let expression = one["expression"].as_str().unwrap_or_default().to_owned();
            if !expressions.contains(&expression) {
                expressions.push(expression);
            }
        }
        Some(Self { json, goal: json["goal"].as_str()?, answer: json["answer"].as_object(), tried, expressions })
    }

    fn headline(&self) -> String {
        let Some(answer) = self.answer else {
            return format!("{}: nothing that was looked at will do", self.goal);
        };
        let told = answer.iter().map(|(path, value)| format!("{path} = {}", text(value)));
        let all = told.collect::<Vec<_>>().join(", ");
        let only = answer.iter().next().filter(|_| answer.len() == 1).map(|(path, value)| (path, text(value)));
        match (self.goal.split_once(' '), only) {
            (Some(("least" | "greatest", of)), Some((path, value))) if of == path => {
                format!("The {} that holds is {value}", self.goal)
            }
            _ if self.goal == "least cost" => format!("The cheapest that holds is {all}"),
            _ => format!("{}: {all}", self.goal),
        }
    }

    /// The answer among what was tried.
    fn at(&self) -> Option<&Tried<'a>> {
        let answer: Vec<(String, String)> =
            self.answer?.iter().map(|(path, value)| (path.clone(), text(value))).collect();
        self.tried.iter().find(|tried| tried.set == answer)
    }

    fn tone(&self) -> &'static str {
        match (self.answer, self.at().map(|tried| tried.state)) {
            (None, _) => "bad",
            (Some(_), Some(State::Partly)) => "warn",
            _ => "good",
        }
    }

    fn sentences(&self) -> Vec<String> {
        let mut told: Vec<String> = Vec::new();
        if let (Some(before), Some(_)) = (self.json["before"]["set"].as_object(), self.answer) {
            let set =
                before.iter().map(|(path, value)| format!("{path} = {}", text(value))).collect::<Vec<_>>().join(", ");
            let verdict = Tried::of(&self.json["before"]).map_or_else(String::new, |tried| tried.told());
            told.push(format!("The one before it, {set}: {verdict}."));
        }
        let to = |load: f64| if load >= most_load() { "at least" } else { "up to" };
        told.extend(self.json["load"].as_f64().map(|load| format!("It holds {} {load:.2} times this load.", to(load))));
        if self.answer.is_none() {
            told.extend(self.json["ruled_out"]["why"].as_str().map(|why| format!("Ruled out without a run: {why}.")));
        }
        let cost = self.json["cost_per_h"].as_f64();
        told.extend(cost.map(|cost| format!("It costs {} an hour.", numbers::count(cost))));
        told.extend(self.json["doubt"].as_str().map(|doubt| format!("Not sure: {doubt}.")));
        told
    }

    fn page<'c>(&self, charts: &'c [Chart]) -> Page<'c> {
        let sum: u64 = self.json["simulations"]
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| *name != "exhaustive")
            .filter_map(|(_, n)| n.as_u64())
            .sum();
        let words = self.json["text"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let otherwise = self.json["otherwise"].as_array().into_iter().flatten().filter_map(Tried::of);
        let held = self.json["thresholds"].as_array().into_iter().flatten();
        let shown = self.tried.len().min(MOST_ROWS);
        let left = self.tried.len() - shown;
        Page {
            frame: page::Frame::new(),
            name: self.json["scenario"]["name"].as_str().unwrap_or_default().to_owned(),
            goal: self.goal.to_owned(),
            simulations: format!("{} simulations", numbers::count(sum as f64)),
            digest: self.json["scenario"]["sha256"].as_str().unwrap_or_default().chars().take(12).collect(),
            headline: self.headline(),
            tone: self.tone(),
            sentences: self.sentences(),
            thresholds: held.map(threshold).collect(),
            words: words.collect::<Vec<_>>().join("\n"),
            otherwise_columns: vec!["what", "figures", "outcome"],
            otherwise: otherwise
                .map(|tried| vec![set(&tried.set), self.figures(&tried).join(", "), tried.told()])
                .collect(),
            tried_columns: self.columns(),
            tried: self.tried.iter().take(shown).map(|tried| self.row(tried)).collect(),
            note: if left > 0 { format!("{left} more candidates are in plan.json.") } else { String::new() },
            charts: (1..).zip(charts).map(page::shown).collect(),
        }
    }

    fn columns(&self) -> Vec<String> {
        let figures = self.expressions.iter().map(|expression| path_of(expression).to_owned());
        let cost = self.has_cost().then(|| "cost an hour".to_owned());
        ["candidate".to_owned()].into_iter().chain(figures).chain(cost).chain(["outcome".to_owned()]).collect()
    }

    fn figures(&self, tried: &Tried<'_>) -> Vec<String> {
        let value = |expression: &String| {
            let mean = tried.threshold(expression).and_then(|one| one["mean"].as_f64());
            mean.map_or_else(|| "–".to_owned(), |mean| figures::by_expression(expression, Some(mean)))
        };
        self.expressions.iter().map(value).collect()
    }

    fn row(&self, tried: &Tried<'_>) -> Vec<String> {
        let cost = tried.json["cost_per_h"].as_f64().map_or_else(|| "–".to_owned(), numbers::count);
        let cost = self.has_cost().then_some(cost);
        let figures = self.figures(tried);
        [set(&tried.set)].into_iter().chain(figures).chain(cost).chain([tried.told()]).collect()
    }

    fn has_cost(&self) -> bool {
        self.tried.iter().any(|tried| tried.json["cost_per_h"].is_number())
    }

    fn charts(&self) -> Vec<Chart> {
        let mut charts = self.probes();
        charts.extend(self.frontier());
        charts.extend(self.cost());
        charts
    }

    /// A candidate on a chart of a threshold.
    fn seen(tried: &Tried<'_>, at: f64, expression: &str) -> Seen {
        let threshold = tried.threshold(expression);
        let field = |name: &str| threshold.and_then(|one| one[name].as_f64());
        Seen {
            at,
            value: field("mean"),
            interval: field("low").zip(field("high")),
            state: tried.state,
            title: format!("{}, {}", set(&tried.set), tried.told()),
        }
    }

    /// Thresholds that a chart can be drawn of, those first that say something.
    fn drawable(&self) -> Vec<(&str, f64)> {
        let bound = |expression: &str| {
            let known = self.tried.iter().filter_map(|tried| tried.threshold(expression));
            let known: Vec<&Value> = known.filter(|one| one["mean"].is_number()).collect();
            let bound = known.first()?["bound"].as_f64()?;
            Some((bound, known.iter().any(|one| one["mean"] != known[0]["mean"])))
        };
        let with = |expression| bound(expression).map(|(bound, differs)| (expression, bound, differs));
        let mut all: Vec<(&str, f64, bool)> = self.expressions.iter().map(String::as_str).filter_map(with).collect();
        let any = all.iter().any(|(_, _, differs)| *differs);
        all.retain(|(_, _, differs)| *differs || !any);
        all.into_iter().map(|(expression, bound, _)| (expression, bound)).take(MOST_CHARTS).collect()
    }

    /// The path that was tried and its values, where it is only one, with where each candidate stands.
    fn dimension(&self) -> Option<(Dimension, Vec<usize>)> {
        let path = &self.tried.first()?.set.first()?.0;
        let of = |tried: &Tried<'_>| match tried.set.as_slice() {
            [(known, value)] if known == path => Some(value.clone()),
            _ => None,
        };
        let values: Vec<String> = self.tried.iter().map(of).collect::<Option<_>>()?;
        Some(Dimension::of(path, values))
    }

    /// What was tried against each threshold.
    fn probes(&self) -> Vec<Chart> {
        let Some((dimension, order)) = self.dimension() else { return Vec::new() };
        if self.tried.len() < 2 {
            return Vec::new();
        }
        let (x, places, told) = dimension.axis();
        let answer = self.at().and_then(|at| self.tried.iter().position(|tried| tried.set == at.set));
        let marks: Vec<f64> = answer.map(|i| places[order[i]]).into_iter().collect();
        let marked = if marks.is_empty() { "" } else { "1 marks the answer." };
        let chart = |(expression, bound): (&str, f64)| {
            let path = path_of(expression);
            let mut seen: Vec<(usize, Seen)> = self
                .tried
                .iter()
                .zip(&order)
                .map(|(tried, place)| (*place, Self::seen(tried, places[*place], expression)))
                .collect();
            seen.sort_by_key(|(place, _)| *place);
            let seen: Vec<Seen> = seen.into_iter().map(|(_, seen)| seen).collect();
            let limit = format!("limit {}", show(path, Some(bound)));
            let (panel, left) = probes::panel(path, measure(path), &x, &seen, &[(limit, bound)], true);
            let left = probes::left_out(left, seen.len());
            Chart {
                file: format!("tried-{path}"),
                title: format!("What was tried: {} over {}", tail(path, 60), tail(&dimension.path, 60)),
                hint:
                    "Look for how steeply the line crosses the limit, and how wide the intervals are there: the answer \
                    stands at the crossing. Far from it a single run was enough."
                        .to_owned(),
                note: [marked, &told, &left].into_iter().filter(|note| !note.is_empty()).collect::<Vec<_>>().join(" "),
                table: self.table(expression),
                plot: Plot {
                    x: x.clone(),
                    x_name: tail(&dimension.path, PATH),
                    panels: vec![renamed(Panel { name: tail(path, PATH), ..panel })],
                    marks: marks.clone(),
                },
                on_page: true,
            }
        };
        self.drawable().into_iter().map(chart).collect()
    }

    fn table(&self, expression: &str) -> Table {
        let row = |tried: &Tried<'_>| {
            let one = tried.threshold(expression);
            let value = |name: &str| one.and_then(|one| one[name].as_f64());
            let ends = value("low").zip(value("high"));
            let told = |value| figures::by_expression(expression, Some(value));
            vec![
                set(&tried.set),
                value("mean").map_or_else(|| "–".to_owned(), told),
                ends.map_or_else(|| "–".to_owned(), |(low, high)| format!("{} to {}", told(low), told(high))),
                tried.told(),
            ]
        };
        let rows = self.tried.iter().take(MOST_BEHIND).map(row).collect();
        Table { columns: vec!["candidate", "mean", "interval", "outcome"], rows }
    }

    /// The answer as a function of the load.
    fn frontier(&self) -> Option<Chart> {
        let steps = self.json["frontier"].as_array().filter(|steps| steps.len() > 1)?;
        let loads = steps.iter().map(|step| text(&step["load"])).collect();
        let (dimension, order) = Dimension::of("load", loads);
        let (x, places, told) = dimension.axis();
        let mut sorted: Vec<(usize, &Value)> = order.into_iter().zip(steps).collect();
        sorted.sort_by_key(|(place, _)| *place);
        let paths: Vec<&String> = steps.iter().find_map(|step| step["answer"].as_object())?.keys().collect();
        let panels = paths.iter().map(|path| panel_of_frontier(path, &sorted, &places)).collect();
        let row = |(_, step): &(usize, &Value)| {
            let answer = step["answer"].as_object();
            let told = answer
                .map(|answer| set(&answer.iter().map(|(path, value)| (path.clone(), text(value))).collect::<Vec<_>>()));
            let sure = if step["sure"] == true { "sure" } else { "not sure" };
            vec![text(&step["load"]), told.unwrap_or_else(|| "none will do".to_owned()), sure.to_owned()]
        };
        Some(Chart {
            file: "frontier".to_owned(),
            title: "As the load grows".to_owned(),
            hint: "Look for where the line bends upwards: up to there what is needed grows with the load, beyond it something \
                else is used up, and more of the same stops helping."
                .to_owned(),
            note: told,
            table: Table { columns: vec!["load", "answer", "how sure"], rows: sorted.iter().map(row).collect() },
            plot: Plot { x, x_name: "load".to_owned(), panels, marks: Vec::new() },
            on_page: true,
        })
    }

    /// What candidates cost, and what they give for it.
    fn cost(&self) -> Option<Chart> {
        let (expression, bound) = *self.drawable().first()?;
        let path = path_of(expression);
        let mut priced: Vec<(f64, &Tried<'_>)> =
            self.tried.iter().filter_map(|tried| Some((tried.json["cost_per_h"].as_f64()?, tried))).collect();
        priced.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (first, last) = (priced.first()?.0, priced.last()?.0);
        if first.total_cmp(&last).is_eq() {
            return None;
        }
        let x = Axis::spanning(first, last, Measure::Plain);
        let seen: Vec<Seen> = priced.iter().map(|(cost, tried)| Self::seen(tried, *cost, expression)).collect();
        let limit = format!("limit {}", show(path, Some(bound)));
        let (panel, left) = probes::panel(path, measure(path), &x, &seen, &[(limit, bound)], false);
        let rows = priced.iter().take(MOST_BEHIND);
        let rows = rows.map(|(cost, tried)| vec![set(&tried.set), numbers::count(*cost), tried.told()]);
        Some(Chart {
            file: "cost".to_owned(),
            title: format!("What it costs, against {}", tail(path, 60)),
            hint: "Look for the leftmost point that passes: the cheapest. What lies to its left was too little."
                .to_owned(),
            note: probes::left_out(left, seen.len()),
            table: Table { columns: vec!["candidate", "cost an hour", "outcome"], rows: rows.collect() },
            plot: Plot {
                x,
                x_name: "cost an hour, in the money of `cost`".to_owned(),
                panels: vec![renamed(Panel { name: tail(path, PATH), ..panel })],
                marks: Vec::new(),
            },
            on_page: true,
        })
    }
}

/// In the words of a plan.
fn renamed(mut panel: Panel) -> Panel {
    for band in &mut panel.bands {
        INTERVAL.clone_into(&mut band.name);
    }
    for dot in &mut panel.dots {
        match dot.role {
            Role::Point(State::Refused) => "ruled out, not run".clone_into(&mut dot.name),
            Role::Point(State::Partly) => "within the noise".clone_into(&mut dot.name),
            _ => {}
        }
    }
    panel
}

/// One value of the answers, in proportion where it is a number.
fn panel_of_frontier(path: &str, steps: &[(usize, &Value)], places: &[f64]) -> Panel {
    let answers: Vec<Option<String>> = steps.iter().map(|(_, step)| step["answer"].get(path).map(text)).collect();
    let known: Vec<String> = answers.iter().flatten().cloned().collect();
    let mut met: Vec<String> = Vec::new();
    for value in known {
        if !met.contains(&value) {
            met.push(value);
        }
    }
    let (values, _) = Dimension::of(path, met);
    let number = |text: &String| {
        let place = values.values.iter().position(|known| known == text)?;
        Some(values.number(place).unwrap_or(place as f64 + 0.5))
    };
    let greatest = (0..values.values.len()).filter_map(|i| values.number(i)).fold(0.0, f64::max);
    let y = values.measure().map_or_else(|| Axis::of_names(values.names()), |measure| Axis::to(greatest, measure));
    let points: Vec<(f64, Option<f64>)> = steps
        .iter()
        .zip(&answers)
        .map(|((place, _), answer)| (places[*place], answer.as_ref().and_then(number)))
        .collect();
    let dots = steps.iter().zip(&answers).zip(&points).map(|(((_, step), answer), (x, y))| {
        let (state, name) = if answer.is_some() { (State::Ran, "enough") } else { (State::Refused, "none will do") };
        let told = answer.as_ref().map_or_else(|| name.to_owned(), |value| format!("{path} = {value}"));
        let title = format!("load {}: {told}", text(&step["load"]));
        Dot { name: name.to_owned(), role: Role::Point(state), at: (*x, y.unwrap_or(0.0)), title }
    });
    let dots = dots.collect();
    let line = Line { name: "needed".to_owned(), role: Role::Series(0), width: 2, points };
    Panel { lines: vec![line], dots, ..Panel::over(&tail(path, PATH), y) }
}

fn threshold(one: &Value) -> Threshold {
    let expression = one["expression"].as_str().unwrap_or_default();
    let told = |value: f64| figures::by_expression(expression, Some(value));
    let ends = one["low"].as_f64().zip(one["high"].as_f64());
    let ends = ends.map_or_else(String::new, |(low, high)| format!(", {} to {}", told(low), told(high)));
    Threshold {
        expression: expression.to_owned(),
        value: format!("{}{ends}", figures::by_expression(expression, one["mean"].as_f64())),
        passed: one["passed"] == true,
    }
}

fn set(choice: &[(String, String)]) -> String {
    choice.iter().map(|(path, value)| format!("{path} = {}", cut(value, 60))).collect::<Vec<_>>().join(", ")
}

/// A value as it was set.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
