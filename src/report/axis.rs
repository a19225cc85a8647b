//! Scales and their ticks: linear from zero, logarithmic, and time in the unit that suits its length.
//!
//! Ticks are ours because a reader wants `2 ms, 5 ms, 10 ms` or `99.9 %` where a general library gives `0.003`. An axis
//! is a coordinate of plotters, so its charts do the rest.
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use std::ops::Range;

/// How far the greatest value lies above the tenth percentile before a logarithmic scale reads better.
const LOGARITHMIC_FROM: f64 = 100.0;

/// How values become distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// In proportion.
    Linear,
    /// By order of magnitude.
    Log,
    /// By order of magnitude of one more than the value, so that zero has a place: for counts.
    LogOfOneMore,
}

/// One axis of a chart.
#[derive(Clone, Debug)]
pub struct Axis {
    low: f64,
    high: f64,
    scale: Scale,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// An axis with ticks of one's own.
    #[must_use]
    pub fn new(low: f64, high: f64, scale: Scale, ticks: Vec<(f64, String)>) -> Self {
        Self { low, high, scale, ticks }
    }

    /// From zero (or a suitable power) to a little above the greatest value.
    ///
    /// `zero` says that zeros are among the values and matter, as with counts. Values over more than two decades make
    /// the scale logarithmic.
    #[must_use]
    pub fn of(values: impl Iterator<Item = f64>, zero: bool, show: fn(f64) -> String) -> Self {
        let mut positive: Vec<f64> = values.filter(|value| value.is_finite() && *value > 0.0).collect();
        positive.sort_by(f64::total_cmp);
        let (Some(&greatest), Some(&usual)) = (positive.last(), positive.get(positive.len() / 10)) else {
            return Self::linear(1.0, show);
        };
        if greatest <= usual * LOGARITHMIC_FROM {
            return Self::linear(greatest, show);
        }
        Self::logarithmic(if zero { 0.0 } else { positive[0].max(greatest * 1e-6) }, greatest, show)
    }

    fn linear(greatest: f64, show: fn(f64) -> String) -> Self {
        let step = nice_step(greatest / 4.0);
        let high = (greatest * 1.04 / step).ceil().max(1.0) * step;
        let count = (high / step).round() as u32;
        let ticks = (0..=count).map(|i| f64::from(i) * step).map(|value| (value, show(value))).collect();
        Self { low: 0.0, high, scale: Scale::Linear, ticks }
    }

    /// Whole decades; from zero where `low` is zero.
    fn logarithmic(low: f64, greatest: f64, show: fn(f64) -> String) -> Self {
        let last = (greatest * 1.02).log10().ceil() as i32;
        let first = if low > 0.0 { low.log10().floor() as i32 } else { 0 };
        let powers = (first..=last).map(|power| 10_f64.powi(power));
        let values: Vec<f64> = if low > 0.0 { powers.collect() } else { std::iter::once(0.0).chain(powers).collect() };
        let scale = if low > 0.0 { Scale::Log } else { Scale::LogOfOneMore };
        let ticks = values.iter().map(|&value| (value, show(value))).collect();
        Self { low: values[0], high: 10_f64.powi(last), scale, ticks }
    }

    /// Whether the reader must be told that distances are ratios.
    #[must_use]
    pub fn is_logarithmic(&self) -> bool {
        self.scale != Scale::Linear
    }

    /// Characters of the longest tick.
    #[must_use]
    pub fn label_width(&self) -> usize {
        self.ticks.iter().map(|(_, label)| label.chars().count()).max().unwrap_or(0)
    }

    /// The same axis with every second tick and so on, until no more than `most` are left.
    #[must_use]
    pub fn thinned(&self, most: usize) -> Self {
        let every = self.ticks.len().div_ceil(most.max(1)).max(1);
        Self { ticks: self.ticks.iter().step_by(every).cloned().collect(), ..self.clone() }
    }

    /// Where a value lies between the ends: 0 to 1.
    fn place(&self, value: f64) -> f64 {
        let stretch = |value: f64| match self.scale {
            Scale::Linear => value,
            Scale::Log => value.max(self.low).log10(),
            Scale::LogOfOneMore => (value.max(0.0) + 1.0).log10(),
        };
        let (low, high) = (stretch(self.low), stretch(self.high));
        ((stretch(value) - low) / (high - low)).clamp(0.0, 1.0)
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        limit.0 + (self.place(*value) * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.iter().map(|tick| tick.0).collect() }
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|tick| tick.0.total_cmp(value).is_eq());
        tick.map(|tick| tick.1.clone()).unwrap_or_default()
    }
}

/// A time axis, and the unit its ticks are in.
#[derive(Clone, Debug)]
pub struct TimeAxis {
    /// Seconds, with ticks in the unit.
    pub axis: Axis,
    /// `time, min`.
    pub name: &'static str,
}

impl TimeAxis {
    /// From zero to `end_s`.
    #[must_use]
    pub fn to(end_s: f64) -> Self {
        let (unit, name) = match end_s {
            end if end <= 0.5 => (1e-3, "time, ms"),
            end if end <= 200.0 => (1.0, "time, s"),
            end if end <= 3.0 * 3600.0 => (60.0, "time, min"),
            end if end <= 96.0 * 3600.0 => (3600.0, "time, h"),
            _ => (86_400.0, "time, d"),
        };
        let end = if end_s > 0.0 { end_s / unit } else { 1.0 };
        let step = nice_step(end / 7.0);
        let count = (end / step + 1e-9).floor() as u32;
        let ticks = (0..=count).map(|i| f64::from(i) * step).map(|value| (value * unit, plain(value))).collect();
        Self { axis: Axis::new(0.0, end * unit, Scale::Linear, ticks), name }
    }
}

/// The least of 1, 2, 5 times a power of ten that is no less than `at_least`.
fn nice_step(at_least: f64) -> f64 {
    let power = 10_f64.powi(at_least.log10().floor() as i32);
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|step| *step >= at_least * 0.999).unwrap_or(power)
}

/// Up to six decimals, none that are zero.
fn plain(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
