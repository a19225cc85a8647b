//! Charts of a study besides its maps: a figure over one dimension, points over two, what matters, and what it costs.
//!
//! Each is drawn only where it says something: a figure that is the same everywhere gets no chart, and without prices there
//! is none of what things cost.
use super::dimension::{measure, show, tail};
use super::influence::{self, Question};
use super::map;
use super::read::{Limit, Point, Study};
use crate::report::axis::{Axis, Measure};
use crate::report::charts::{Chart, Table};
use crate::report::palette::{Role, State};
use crate::report::plot::{Block, Dot, Line, Panel, Plot};
use crate::report::probes::{self, Bound, Seen};
use crate::units::show as numbers;

/// Letters of a path above or below a chart.
const PATH: usize = 40;
/// Charts over one dimension.
const MOST_LINES: usize = 4;
/// Dimensions and figures in the chart of what matters.
const MOST_BARS: usize = 8;
const MOST_QUESTIONS: usize = 4;
/// Pixels of a bar.
const BAR: i32 = 16;
/// Rows of the table behind a chart.
const MOST_ROWS: usize = 40;
/// The figure of what a point costs.
const COST: &str = "cost_per_h";

/// Every chart that can be drawn, but the maps.
#[must_use]
pub fn all(study: &Study) -> Vec<Chart> {
    let mut charts = lines(study);
    charts.extend(scattered(study));
    charts.extend(sensitivity(study));
    charts.extend(cost(study));
    charts
}

fn bounds(study: &Study, key: usize) -> Vec<Bound> {
    study.limits_of(key).map(|limit| (format!("limit {}", words(limit)), limit.bound)).collect()
}

/// `< 200 ms`.
fn words(limit: &Limit) -> String {
    let sign = limit.expression.trim_start_matches(limit.path.as_str()).trim_start();
    let sign: String = sign.chars().take_while(|c| "<>=!".contains(*c)).collect();
    format!("{sign} {}", show(&limit.path, Some(limit.bound)))
}

fn seen(study: &Study, point: &Point, at: f64, key: usize) -> Seen {
    Seen {
        at,
        value: point.mean(key),
        interval: point.interval(key),
        state: point.state,
        title: format!("{}, {}", study.told(point), map::outcome(point)),
    }
}

/// Each figure over the dimension, where only one has several values.
fn lines(study: &Study) -> Vec<Chart> {
    let varied: Vec<usize> = (0..study.dimensions.len()).filter(|i| study.dimensions[*i].values.len() > 1).collect();
    let [dimension] = varied.as_slice() else { return Vec::new() };
    let (x, places, told) = study.dimensions[*dimension].axis();
    let path = &study.dimensions[*dimension].path;
    let mut points: Vec<&Point> = study.points.iter().collect();
    points.sort_by_key(|point| point.values[*dimension]);
    let chart = |key: usize| {
        let seen: Vec<Seen> =
            points.iter().map(|point| seen(study, point, places[point.values[*dimension]], key)).collect();
        let figure = &study.keys[key];
        let (panel, left) = probes::panel(figure, measure(figure), &x, &seen, &bounds(study, key), true);
        Chart {
            file: format!("line-{figure}"),
            title: format!("{} over {}", tail(figure, 60), tail(path, 60)),
            hint: line_hint(study, key),
            note: joined(&[&told, &probes::left_out(left, seen.len())]),
            plot: Plot {
                x: x.clone(),
                x_name: tail(path, PATH),
                panels: vec![Panel { name: tail(figure, PATH), ..panel }],
                marks: Vec::new(),
            },
            table: line_table(study, &points, *dimension, key),
            on_page: true,
        }
    };
    study.telling().into_iter().take(MOST_LINES).map(chart).collect()
}

fn line_hint(study: &Study, key: usize) -> String {
    let turn = if study.limits_of(key).next().is_some() {
        "Look for where the line crosses the limit, and how steep it is there: where it is steep, a little less is far too little."
    } else {
        "Look for where the line turns: before it more changes much, beyond it hardly anything."
    };
    let interval = if study.repetitions > 1 { " The wider the band, the less the runs agree." } else { "" };
    format!("{turn}{interval}")
}

fn line_table(study: &Study, points: &[&Point], dimension: usize, key: usize) -> Table {
    let figure = &study.keys[key];
    let row = |point: &&Point| {
        let ends = point
            .interval(key)
            .map(|(low, high)| format!("{} to {}", show(figure, Some(low)), show(figure, Some(high))));
        vec![
            study.dimensions[dimension].values[point.values[dimension]].clone(),
            show(figure, point.mean(key)),
            ends.unwrap_or_else(|| "–".to_owned()),
            map::outcome(point),
        ]
    };
    let rows = points.iter().take(MOST_ROWS).map(row).collect();
    Table { columns: vec!["value", "mean", "95 % interval", "outcome"], rows }
}

fn joined(notes: &[&str]) -> String {
    notes.iter().filter(|note| !note.is_empty()).copied().collect::<Vec<_>>().join(" ")
}

/// Points over the two dimensions that matter most, where they are not on a grid.
fn scattered(study: &Study) -> Option<Chart> {
    let order: Vec<usize> =
        influence::order(study).into_iter().filter(|i| study.dimensions[*i].values.len() > 1).collect();
    let [across, up, rest @ ..] = order.as_slice() else { return None };
    if study.design == "grid" {
        return None;
    }
    let [(x, x_places, told), (y, y_places, _)] = [across, up].map(|i| study.dimensions[*i].axis());
    let [x_path, y_path] = [across, up].map(|i| study.dimensions[*i].path.as_str());
    let titled = study.points.len() <= 400;
    let most = study.points.len().div_ceil(2_000);
    let figure = |point: &Point| {
        study.main().map_or_else(String::new, |key| {
            format!("; {} {}", study.keys[key], show(&study.keys[key], point.mean(key)))
        })
    };
    let dot = |point: &Point| Dot {
        name: map::name(point.state).to_owned(),
        role: Role::Point(point.state),
        at: (x_places[point.values[*across]], y_places[point.values[*up]]),
        title: if titled {
            format!("{}: {}{}", study.told(point), map::outcome(point), figure(point))
        } else {
            String::new()
        },
    };
    let dots: Vec<Dot> = study.points.iter().step_by(most.max(1)).map(dot).collect();
    let others = if rest.is_empty() {
        ""
    } else {
        " The other dimensions differ from point to point as well, so neighbours may differ for their sake."
    };
    let thinned =
        if most > 1 { format!("Drawn: {} of {} points.", dots.len(), study.points.len()) } else { String::new() };
    let rows = study.points.iter().take(MOST_ROWS).map(|point| {
        vec![
            study.dimensions[*across].values[point.values[*across]].clone(),
            study.dimensions[*up].values[point.values[*up]].clone(),
            map::outcome(point),
        ]
    });
    Some(Chart {
        file: "points".to_owned(),
        title: "Points over the two dimensions that matter most".to_owned(),
        hint: format!(
            "Look for the border between what passes and what fails: the sharper it is, the less the rest matters.{others}"
        ),
        note: joined(&[&told, &thinned]),
        table: Table { columns: vec!["across", "upwards", "outcome"], rows: rows.collect() },
        plot: Plot {
            x,
            x_name: tail(x_path, PATH),
            panels: vec![Panel { dots, height: Some(360), ..Panel::over(&tail(y_path, PATH), y) }],
            marks: Vec::new(),
        },
        on_page: true,
    })
}

/// How much each dimension moves each figure.
fn sensitivity(study: &Study) -> Option<Chart> {
    let order = influence::order(study);
    let passes = influence::divides(study).then_some(Question::Passes);
    let questions: Vec<Question> =
        passes.into_iter().chain(study.telling().into_iter().map(Question::Figure)).take(MOST_QUESTIONS).collect();
    let name = |question: Question| match question {
        Question::Passes => "share of points that pass".to_owned(),
        Question::Figure(key) => study.keys[key].clone(),
    };
    let told = |question: Question, value: f64| match question {
        Question::Passes => numbers::percent(value),
        Question::Figure(key) => show(&study.keys[key], Some(value)),
    };
    // Of shares the difference itself: of a mean of 1 % it would be thousands.
    let width = |question: Question, range: &influence::Range| match question {
        Question::Passes => range.high - range.low,
        Question::Figure(_) => range.relative(),
    };
    let mut table =
        Table { columns: vec!["dimension and figure", "least mean", "greatest mean", "range"], rows: Vec::new() };
    let mut panels = Vec::new();
    let mut widest = 0.0_f64;
    for &dimension in order.iter().take(MOST_BARS) {
        let path = &study.dimensions[dimension].path;
        let ranges: Vec<(Question, Option<influence::Range>)> =
            questions.iter().map(|question| (*question, influence::range(study, dimension, *question))).collect();
        if ranges.iter().all(|(_, range)| range.is_none()) {
            continue;
        }
        let mut panel =
            Panel::over("", Axis::new(0.0, questions.len() as f64, crate::report::axis::Scale::Linear, Vec::new()));
        panel.heading = tail(path, 34);
        panel.height = Some(BAR * i32::try_from(questions.len()).unwrap_or(4) + 6);
        for (i, (question, range)) in ranges.into_iter().enumerate() {
            let Some(range) = range else { continue };
            let wide = width(question, &range);
            let ends = [told(question, range.low), told(question, range.high)];
            let title = format!("{path}: {} from {} to {}", name(question), ends[0], ends[1]);
            let top = (questions.len() - i) as f64;
            let corners = [(0.0, top - 0.9), (wide, top - 0.1)];
            panel.blocks.push(Block { name: name(question), role: Role::Series(i), corners, title });
            let [low, high] = ends;
            table.rows.push(vec![format!("{path}: {}", name(question)), low, high, numbers::percent(wide)]);
            widest = widest.max(wide);
        }
        panels.push(panel);
    }
    (panels.len() > 1 && widest > 0.0).then(|| Chart {
        file: "sensitivity".to_owned(),
        title: "What matters".to_owned(),
        hint:
            "Each bar is how far the means over all points with the same value lie apart. Look for the longest: that \
            dimension decides; one with short bars everywhere can be set to whatever is cheapest."
                .to_owned(),
        note: "Of figures the range is told as a share of their mean over all points.".to_owned(),
        plot: Plot {
            x: Axis::to(widest, Measure::Share),
            x_name: "range of the means".to_owned(),
            panels,
            marks: Vec::new(),
        },
        table,
        on_page: true,
    })
}

/// What points cost, and what they give for it.
fn cost(study: &Study) -> Option<Chart> {
    let price = study.keys.iter().position(|key| key == COST)?;
    let key = study.main().filter(|key| *key != price).or_else(|| (0..study.keys.len()).find(|key| *key != price))?;
    let figure = &study.keys[key];
    let mut points: Vec<(&Point, f64)> =
        study.points.iter().filter_map(|point| Some((point, point.mean(price)?))).collect();
    points.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (first, last) = (points.first()?.1, points.last()?.1);
    if first.total_cmp(&last).is_eq() {
        return None;
    }
    let x = Axis::spanning(first, last, Measure::Plain);
    let all: Vec<Seen> = points.iter().map(|(point, cost)| seen(study, point, *cost, key)).collect();
    let (mut panel, left) = probes::panel(figure, measure(figure), &x, &all, &bounds(study, key), false);
    let less = study.limits_of(key).next().is_none_or(Limit::is_from_above);
    let mut best: Vec<(f64, Option<f64>)> = Vec::new();
    // What does not pass is no bargain, unless nothing does.
    let any = study.count(State::Passes) > 0;
    for (_, one) in points.iter().zip(&all).filter(|((point, _), _)| !any || point.state == State::Passes) {
        let Some(value) = one.value else { continue };
        let known = best.last().and_then(|(_, known)| *known);
        if known.is_none_or(|known| if less { value < known } else { value > known }) {
            best.push((one.at, Some(value)));
        }
    }
    panel.lines.push(Line { name: "best for the money".to_owned(), role: Role::Series(0), width: 2, points: best });
    let cheapest = points.iter().filter(|(point, _)| point.state == State::Passes).take(MOST_ROWS);
    let rows =
        cheapest.map(|(point, cost)| vec![study.told(point), show(COST, Some(*cost)), show(figure, point.mean(key))]);
    Some(Chart {
        file: "cost".to_owned(),
        title: format!("What it costs, against {}", tail(figure, 60)),
        hint: "Look for the leftmost point that passes: the cheapest. To the right of where the line flattens, money buys \
            hardly anything."
            .to_owned(),
        note: joined(&[&probes::left_out(left, all.len()), "The table has the cheapest that pass."]),
        table: Table { columns: vec!["point", "cost an hour", "figure"], rows: rows.collect() },
        plot: Plot {
            x,
            x_name: "cost an hour, in the money of `cost`".to_owned(),
            panels: vec![Panel { name: tail(figure, PATH), ..panel }],
            marks: Vec::new(),
        },
        on_page: true,
    })
}
