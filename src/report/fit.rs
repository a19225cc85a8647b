//! A sample and the laws that fit it best, drawn: the share of values up to each value.
//!
//! Over the logarithm of the value, since times vary over decades; only the best few laws, or none could be told apart.
use super::axis::{Axis, Measure, Scale};
use super::charts::{Chart, Table};
use super::palette::Role;
use super::plot::{Line, Panel, Plot};
use crate::study::fit::Fit;
use crate::units::show;

/// Laws that are drawn.
const MOST: usize = 3;
/// Points of a line.
const POINTS: u32 = 240;

/// The chart of sorted values in seconds, of which there must be one, and their fits, best first.
#[must_use]
pub fn chart(sorted: &[f64], fits: &[Fit]) -> Chart {
    let most = sorted[sorted.len() - 1].max(1e-9);
    // From a value that one in five hundred is below, but not over more than six decades.
    let low = sorted[sorted.len() / 500].max(most * 1e-6);
    let decades = (low.log10().floor() as i32)..=(most.log10().ceil() as i32);
    let ticks: Vec<(f64, String)> =
        decades.map(|power| 10_f64.powi(power)).map(|tick| (tick, show::duration(tick))).collect();
    let (first, last) = (ticks[0].0, ticks[ticks.len() - 1].0);
    let places = |i: u32| first * (last / first).powf(f64::from(i) / f64::from(POINTS));
    let line = |name: String, role, width, share: &dyn Fn(f64) -> f64| Line {
        name,
        role,
        width,
        points: (0..=POINTS).map(|i| (places(i), Some(share(places(i))))).collect(),
    };
    let of_sample = |x: f64| sorted.partition_point(|value| *value <= x) as f64 / sorted.len() as f64;
    let laws = fits.iter().take(MOST).enumerate();
    let mut lines: Vec<Line> =
        laws.map(|(i, fit)| line(fit.law.name().to_owned(), Role::Series(i), 2, &|x| fit.law.share_below(x))).collect();
    lines.push(line("data".to_owned(), Role::Demand, 4, &of_sample));
    Chart {
        file: "fit".to_owned(),
        title: "The data and the laws that fit best".to_owned(),
        hint: "Where a line leaves that of the data, the law has too many or too few values up to there".to_owned(),
        note: String::new(),
        table: Table::default(),
        plot: Plot {
            x: Axis::new(first, 1.2 * last, Scale::Log, ticks),
            x_name: "value (log scale)".to_owned(),
            panels: vec![Panel::new("share of values up to there", Measure::Records, lines)],
            marks: Vec::new(),
        },
        on_page: false,
    }
}
