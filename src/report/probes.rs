//! Points over what was set: a figure with its interval and its limit, and what became of each point.
//!
//! What did not run stands at the foot of the chart, grey and small, so that nobody takes it for a failure. Where points
//! are too many to be told apart, those that lie on each other are drawn once.
use super::axis::{Axis, Measure};
use super::palette::{Role, State};
use super::plot::{Band, Dot, Line, Panel};
use super::study::dimension::show;
use super::study::map::name;
use std::collections::BTreeSet;

/// Points that tell their value to who points at them, and points that are all drawn.
const MOST_TITLES: usize = 200;
const MOST_DOTS: usize = 400;
/// Of more of them, those that are drawn lie in different cells of a grid of this size.
const FINE: (f64, f64) = (90.0, 36.0);

/// A point of a chart.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Where, along the horizontal axis.
    pub at: f64,
    /// The figure, where there is one.
    pub value: Option<f64>,
    /// Its 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// What became of it.
    pub state: State,
    /// What it is, in words.
    pub title: String,
}

/// A bound in words, and where it lies.
pub type Bound = (String, f64);

/// Points over an axis, with lines between them where that is wanted, and how many of them are not drawn.
#[must_use]
pub fn panel(path: &str, measure: Measure, x: &Axis, seen: &[Seen], bounds: &[Bound], joined: bool) -> (Panel, usize) {
    use plotters::coord::ranged1d::Ranged;
    let range = x.range();
    let values = seen.iter().filter_map(|one| one.value);
    let ends = seen.iter().filter_map(|one| one.interval).map(|(_, high)| high);
    let y = Axis::of(values.chain(ends).chain(bounds.iter().map(|(_, bound)| *bound)), measure);
    let foot = y.range().start;
    let bound = |(name, bound): &Bound| Line {
        name: name.clone(),
        role: Role::Mark,
        width: 2,
        points: vec![(range.start, Some(*bound)), (range.end, Some(*bound))],
    };
    let mut panel = Panel::over(path, y.clone());
    panel.lines.extend(bounds.iter().map(bound));
    if joined {
        let points = seen.iter().map(|one| (one.at, one.value)).collect();
        panel.lines.push(Line { name: "mean".to_owned(), role: Role::Series(0), width: 2, points });
    }
    if joined && seen.iter().any(|one| one.interval.is_some()) {
        let ends = |one: &Seen| one.interval.or_else(|| one.value.map(|value| (value, value)));
        let points = seen.iter().map(|one| (one.at, ends(one).map(|(low, high)| (low.max(foot), high)))).collect();
        panel.bands.push(Band { name: "95 % interval of the mean".to_owned(), role: Role::Band(1), points });
    }
    let titled = seen.len() <= MOST_TITLES;
    let dot = |one: &Seen| Dot {
        name: name(one.state).to_owned(),
        role: Role::Point(one.state),
        at: (one.at, one.value.unwrap_or(foot)),
        title: if titled { format!("{}: {} {}", one.title, path, show(path, one.value)) } else { String::new() },
    };
    if seen.len() <= MOST_DOTS {
        panel.dots.extend(seen.iter().map(dot));
        return (panel, 0);
    }
    let place = |axis: &Axis, value: f64, cells: f64| f64::from(axis.map(&value, (0, cells as i32)));
    let mut taken: BTreeSet<(u64, u64, State)> = BTreeSet::new();
    for one in seen {
        let (across, up) = (place(x, one.at, FINE.0), place(&y, one.value.unwrap_or(foot), FINE.1));
        if taken.insert((across as u64, up as u64, one.state)) {
            panel.dots.push(dot(one));
        }
    }
    let left = seen.len() - panel.dots.len();
    (panel, left)
}

/// What is told of points that are not drawn.
#[must_use]
pub fn left_out(left: usize, all: usize) -> String {
    if left == 0 { String::new() } else { format!("Of {all} points, {left} lie on others and are not drawn.") }
}
