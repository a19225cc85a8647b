//! What was varied, as an axis: in proportion where its values are numbers that are spread evenly, by ratio where each is
//! so many times the one before, and otherwise side by side, as words are.
use crate::report::axis::{Axis, Measure, Scale};
use crate::report::figures;
use crate::units::parse;

/// Values that are all named along an axis of numbers.
const MOST_NAMED: usize = 16;
/// Letters of a value beside or below a chart.
const LONGEST: usize = 14;
/// Words longer than this, below a chart, are numbered and told apart from it.
const SHORT: usize = 9;

/// A path and its values.
#[derive(Clone, Debug)]
pub struct Dimension {
    /// As `--set` takes it.
    pub path: String,
    /// As they were set, each once: from little to much where they are numbers, otherwise as they came.
    pub values: Vec<String>,
    numbers: Option<(Measure, Vec<f64>)>,
}

impl Dimension {
    /// From values as they were met, with the place of each of them.
    #[must_use]
    pub fn of(path: &str, met: Vec<String>) -> (Self, Vec<usize>) {
        let Some((measure, numbers)) = numbers(&met) else {
            let places = (0..met.len()).collect();
            return (Self { path: path.to_owned(), values: met, numbers: None }, places);
        };
        let mut order: Vec<usize> = (0..met.len()).collect();
        order.sort_by(|a, b| numbers[*a].total_cmp(&numbers[*b]));
        let mut places = vec![0; met.len()];
        order.iter().enumerate().for_each(|(place, i)| places[*i] = place);
        let sorted = order.iter().map(|i| numbers[*i]).collect();
        let values = order.into_iter().map(|i| met[i].clone()).collect();
        (Self { path: path.to_owned(), values, numbers: Some((measure, sorted)) }, places)
    }

    /// Whether its values are numbers.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.numbers.is_some()
    }

    /// What its values measure, where they are numbers.
    #[must_use]
    pub fn measure(&self) -> Option<Measure> {
        self.numbers.as_ref().map(|(measure, _)| *measure)
    }

    /// A value as a number, if it is one.
    #[must_use]
    pub fn number(&self, value: usize) -> Option<f64> {
        self.numbers.as_ref().map(|(_, all)| all[value])
    }

    /// Its values below or beside a chart.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.values.iter().map(|value| cut(value, LONGEST)).collect()
    }

    /// The same below a chart, with what numbers stand for where words would be too long.
    #[must_use]
    pub fn names_below(&self) -> (Vec<String>, String) {
        let longest = self.values.iter().map(|value| value.chars().count()).max().unwrap_or(0);
        if self.is_counted() || longest <= SHORT {
            return (self.names(), String::new());
        }
        let numbered = (1..).zip(&self.values).map(|(i, value)| format!("{i} is {}", cut(value, 60)));
        let told = format!("Of {}, {}.", self.path, numbered.collect::<Vec<_>>().join(", "));
        ((1..=self.values.len()).map(|i| i.to_string()).collect(), told)
    }

    /// Its axis, the place of each value on it, and what has to be told about its names.
    #[must_use]
    pub fn axis(&self) -> (Axis, Vec<f64>, String) {
        if let Some((axis, places)) = self.numbers.as_ref().and_then(|(measure, all)| self.counted(*measure, all)) {
            return (axis, places, String::new());
        }
        let (names, told) = self.names_below();
        let places = (0..self.values.len()).map(|i| i as f64 + 0.5).collect();
        (Axis::of_names(names), places, told)
    }

    fn counted(&self, measure: Measure, all: &[f64]) -> Option<(Axis, Vec<f64>)> {
        let (first, last) = (*all.first()?, *all.last()?);
        if all.len() < 3 || first.total_cmp(&last).is_eq() {
            return None;
        }
        let steps = |values: &[f64]| values.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<f64>>();
        let are_even = |steps: &[f64]| {
            let shortest = steps.iter().copied().fold(f64::INFINITY, f64::min);
            shortest > 0.0 && steps.iter().all(|step| *step < 1.7 * shortest)
        };
        let ticks = || all.iter().copied().zip(self.names()).collect::<Vec<_>>();
        if all.len() > MOST_NAMED {
            return Some((Axis::spanning(first, last, measure), all.to_vec()));
        }
        if are_even(&steps(all)) {
            let air = (last - first) / all.len() as f64 / 2.0;
            let axis = Axis::new(first - air, last + air, Scale::Linear, ticks()).measuring(measure).worded();
            return Some((axis, all.to_vec()));
        }
        let powers: Vec<f64> = all.iter().filter(|value| **value > 0.0).map(|value| value.ln()).collect();
        if powers.len() == all.len() && are_even(&steps(&powers)) {
            let air = (last / first).powf(0.5 / all.len() as f64);
            let axis = Axis::new(first / air, last * air, Scale::Log, ticks()).measuring(measure).worded();
            return Some((axis, all.to_vec()));
        }
        None
    }
}

/// All values as numbers of one kind, if they are.
fn numbers(values: &[String]) -> Option<(Measure, Vec<f64>)> {
    type Read = fn(&str) -> Option<f64>;
    const KINDS: [(Measure, Read); 6] = [
        (Measure::Plain, |text| parse::number(text).ok()),
        (Measure::Records, |text| parse::count(text).ok().map(|count| count as f64)),
        (Measure::Seconds, |text| parse::duration(text).ok().map(crate::units::Span::seconds)),
        (Measure::PerSecond, |text| parse::rate(text).ok()),
        (Measure::BytesPerSecond, |text| parse::byte_rate(text).ok()),
        (Measure::Bytes, |text| parse::size(text).ok().map(|size| size as f64)),
    ];
    KINDS.into_iter().find_map(|(measure, read)| {
        let all: Option<Vec<f64>> = values.iter().map(|text| read(text)).collect();
        all.filter(|all| !all.is_empty()).map(|all| (measure, all))
    })
}

/// The begin of a text.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}

/// A path that is too long without its begin: its end says more.
#[must_use]
pub fn tail(path: &str, most: usize) -> String {
    let letters = path.chars().count();
    if letters <= most {
        path.to_owned()
    } else {
        std::iter::once('…').chain(path.chars().skip(letters + 1 - most)).collect()
    }
}

/// What a figure measures, by its name.
#[must_use]
pub fn measure(path: &str) -> Measure {
    // As it would be written, from the unit that it is written with.
    match figures::by_expression(path, Some(1.5)).as_str() {
        "1.5 s" => Measure::Seconds,
        "1.5 /s" => Measure::PerSecond,
        "1.5 B" | "2 B" => Measure::Bytes,
        "1.5 B/s" | "2 B/s" => Measure::BytesPerSecond,
        "150 %" => Measure::Share,
        _ => Measure::Plain,
    }
}

/// A figure with its unit.
#[must_use]
pub fn show(path: &str, value: Option<f64>) -> String {
    if value.is_none() { "–".to_owned() } else { figures::by_expression(path, value) }
}
