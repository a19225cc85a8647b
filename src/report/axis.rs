//! Scales and their ticks: linear from zero, logarithmic, and time in the unit that suits its length.
//!
//! Ticks are ours because a reader wants `2 ms, 5 ms, 10 ms` or `99.9 %` where a general library gives `0.003`. An axis
//! is a coordinate of plotters, so its charts do the rest.
use crate::units::show;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use std::ops::Range;

/// How far the greatest value lies above the tenth percentile before a logarithmic scale reads better.
const LOGARITHMIC_FROM: f64 = 100.0;

/// What an axis measures, which decides its ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// A length of time.
    Seconds,
    /// A rate.
    PerSecond,
    /// A count, of which zero is a usual value.
    Records,
    /// A share of a whole.
    Share,
    /// A share of a whole that is missing, in powers of ten: 2 is 99 %.
    Nines,
    /// An amount of bytes.
    Bytes,
    /// Bytes in a second.
    BytesPerSecond,
    /// Anything else, such as money.
    Plain,
}

impl Measure {
    /// A value with its unit.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Seconds => show::duration(value),
            Self::PerSecond => show::rate(value),
            Self::Records | Self::Plain => show::count(value),
            Self::Bytes => show::size(value),
            Self::BytesPerSecond => format!("{}/s", show::size(value)),
            Self::Share => show::percent(value),
            Self::Nines => show::percent(1.0 - 10_f64.powf(-value)),
        }
    }

    fn step(self, at_least: f64) -> f64 {
        const WHOLE: [f64; 11] =
            [30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0, 21_600.0, 43_200.0, 86_400.0];
        let clock =
            (self == Self::Seconds && at_least > 25.0).then(|| WHOLE.into_iter().find(|step| *step >= at_least));
        clock.flatten().unwrap_or_else(|| nice_step(at_least))
    }
}

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
    /// What a value on it is, if it is one.
    measure: Option<Measure>,
    /// Whether its ticks are words, of which only so many are shown as there is room for.
    worded: bool,
}

impl Axis {
    /// An axis with ticks of one's own.
    #[must_use]
    pub fn new(low: f64, high: f64, scale: Scale, ticks: Vec<(f64, String)>) -> Self {
        Self { low, high, scale, ticks, measure: None, worded: false }
    }

    /// The same for values of this measure.
    #[must_use]
    pub fn measuring(self, measure: Measure) -> Self {
        Self { measure: Some(measure), ..self }
    }

    /// The same with ticks that are words.
    #[must_use]
    pub fn worded(self) -> Self {
        Self { worded: true, ..self }
    }

    /// Whether its ticks are words.
    #[must_use]
    pub fn is_worded(&self) -> bool {
        self.worded
    }

    /// A place of length one for each name, from the first on.
    #[must_use]
    pub fn of_names(names: Vec<String>) -> Self {
        let high = names.len().max(1) as f64;
        let ticks = names.into_iter().enumerate().map(|(i, name)| (i as f64 + 0.5, name)).collect();
        Self::new(0.0, high, Scale::Linear, ticks).worded()
    }

    /// From a little below the least to a little above the greatest value, with even ticks.
    #[must_use]
    pub fn spanning(low: f64, high: f64, measure: Measure) -> Self {
        let step = measure.step((high - low).max(f64::MIN_POSITIVE) / 6.0);
        let (first, last) = ((low / step).ceil() as i64, (high / step + 1e-9).floor() as i64);
        let ticks = (first..=last).map(|i| i as f64 * step).map(|value| (value, measure.show(value))).collect();
        let air = (high - low) * 0.04;
        Self::new(low - air, high + air, Scale::Linear, ticks).measuring(measure).worded()
    }

    /// From nothing to all.
    #[must_use]
    pub fn of_share() -> Self {
        let ticks = (0..=4).map(|i| f64::from(i) * 0.25).map(|share| (share, show::percent(share))).collect();
        Self::new(0.0, 1.0, Scale::Linear, ticks).measuring(Measure::Share)
    }

    /// Through powers of two, five and ten, for whole numbers from `low` to `high`.
    #[must_use]
    pub fn of_sizes(low: f64, high: f64) -> Self {
        let steps = (0..19).flat_map(|power| [1.0, 2.0, 5.0].map(|times| times * 10_f64.powi(power)));
        let wide = high / low > 1e3;
        let inside = |&step: &f64| step >= low && step <= high && (!wide || step.log10().fract() == 0.0);
        let ticks = steps.filter(inside).map(|step| (step, show::count(step))).collect();
        Self::new(low, high, Scale::Log, ticks).measuring(Measure::Records)
    }

    /// Decades that hold these lengths of time.
    #[must_use]
    pub fn of_decades(least: f64, greatest: f64) -> Self {
        Self::log(least, greatest, Measure::Seconds)
    }

    /// For a script: ends, how values become distances, and what they are.
    #[must_use]
    pub fn described(&self) -> serde_json::Value {
        let scale = match self.scale {
            Scale::Linear => "linear",
            Scale::Log => "log",
            Scale::LogOfOneMore => "log1",
        };
        let measure = self.measure.map(|measure| match measure {
            Measure::Seconds => "s",
            Measure::PerSecond => "/s",
            Measure::Records => "n",
            Measure::Share => "%",
            Measure::Nines => "9s",
            Measure::Bytes => "B",
            Measure::BytesPerSecond => "B/s",
            Measure::Plain => "x",
        });
        serde_json::json!([self.low, self.high, scale, measure])
    }

    /// From zero (or a suitable power) to a little above the greatest value.
    ///
    /// Values over more than two decades make the scale logarithmic.
    #[must_use]
    pub fn of(values: impl Iterator<Item = f64>, measure: Measure) -> Self {
        let mut positive: Vec<f64> = values.filter(|value| value.is_finite() && *value > 0.0).collect();
        positive.sort_by(f64::total_cmp);
        let (Some(&greatest), Some(&usual)) = (positive.last(), positive.get(positive.len() / 10)) else {
            return Self::linear(1.0, measure);
        };
        if greatest <= usual * LOGARITHMIC_FROM {
            return Self::linear(greatest, measure);
        }
        match measure {
            // What is not whole would all lie at zero.
            Measure::Seconds | Measure::Plain => Self::log(positive[0].max(greatest * 1e-6), greatest, measure),
            _ => Self::log_of_one_more(greatest, measure),
        }
    }

    /// From zero to a little above the greatest value, in proportion.
    #[must_use]
    pub fn to(greatest: f64, measure: Measure) -> Self {
        if greatest > 0.0 { Self::linear(greatest, measure) } else { Self::linear(1.0, measure) }
    }

    fn linear(greatest: f64, measure: Measure) -> Self {
        let step = measure.step(greatest / 4.0);
        let count = (greatest * 1.04 / step).ceil().max(1.0);
        let ticks = (0..=count as u32).map(|i| f64::from(i) * step).map(|value| (value, measure.show(value))).collect();
        Self { low: 0.0, high: count * step, scale: Scale::Linear, ticks, measure: Some(measure), worded: false }
    }

    /// Whole decades.
    fn log(least: f64, greatest: f64, measure: Measure) -> Self {
        let (first, end) = (least.log10().floor() as i32, (greatest * 1.02).log10().ceil() as i32);
        let ticks = (first..=end).map(|power| 10_f64.powi(power)).map(|value| (value, measure.show(value))).collect();
        Self {
            low: 10_f64.powi(first),
            high: 10_f64.powi(end),
            scale: Scale::Log,
            ticks,
            measure: Some(measure),
            worded: false,
        }
    }

    /// From zero through whole decades; the first of them would stand too close to zero.
    fn log_of_one_more(greatest: f64, measure: Measure) -> Self {
        let last = (greatest * 1.02).log10().ceil() as i32;
        let values = std::iter::once(0.0).chain((1..=last).map(|power| 10_f64.powi(power)));
        let ticks = values.map(|value| (value, measure.show(value))).collect();
        Self {
            low: 0.0,
            high: 10_f64.powi(last),
            scale: Scale::LogOfOneMore,
            ticks,
            measure: Some(measure),
            worded: false,
        }
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
        let wanted = !hint.weight().allow_light_points() && hint.max_num_points() > 0;
        if wanted { self.ticks.iter().map(|tick| tick.0).collect() } else { Vec::new() }
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
        let end_s = if end_s > 0.0 { end_s } else { unit };
        let end = end_s / unit;
        let step = nice_step(end / 7.0);
        let count = (end / step + 1e-9).floor() as u32;
        let ticks = (0..=count).map(|i| f64::from(i) * step).map(|value| (value * unit, plain(value))).collect();
        Self { axis: Axis::new(0.0, end_s, Scale::Linear, ticks).measuring(Measure::Seconds), name }
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
