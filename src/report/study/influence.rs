//! How much each dimension moves what comes out: the range of its marginal means.
//!
//! The marginal mean of a value is the mean over all points that have it. A dimension whose means lie far apart matters.
//! Where values are drawn and hardly one comes twice, neighbours are taken together.
use super::read::{Point, Study};
use crate::report::palette::State;

/// Neighbours of a dimension with more values than this are taken together, in as many parts.
const PARTS: usize = 8;

/// What one may ask of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// The share of its runs that pass.
    Passes,
    /// A figure.
    Figure(usize),
}

impl Question {
    /// The answer of a point.
    #[must_use]
    pub fn of(self, point: &Point) -> Option<f64> {
        match self {
            Self::Passes if matches!(point.state, State::Refused | State::Broke) => None,
            Self::Passes => Some(point.passed as f64 / point.runs.max(1) as f64),
            Self::Figure(key) => point.mean(key),
        }
    }
}

/// Least and greatest marginal mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Least.
    pub low: f64,
    /// Greatest.
    pub high: f64,
    /// The mean over all points.
    pub mean: f64,
}

impl Range {
    /// How far they lie apart, as a share of the mean of all.
    #[must_use]
    pub fn relative(&self) -> f64 {
        if self.mean == 0.0 { 0.0 } else { (self.high - self.low) / self.mean.abs() }
    }
}

/// The range of a dimension; none where it has one value, or nothing is known.
#[must_use]
pub fn range(study: &Study, dimension: usize, question: Question) -> Option<Range> {
    let known: Vec<(usize, f64)> =
        study.points.iter().filter_map(|point| Some((point.values[dimension], question.of(point)?))).collect();
    let count = study.dimensions[dimension].values.len();
    let parts = if count > 2 * PARTS { PARTS } else { count };
    let mut sums = vec![(0.0, 0_u32); parts];
    for (value, answer) in &known {
        let part = &mut sums[value * parts / count];
        part.0 += answer;
        part.1 += 1;
    }
    let means: Vec<f64> = sums.iter().filter(|(_, n)| *n > 0).map(|(sum, n)| sum / f64::from(*n)).collect();
    if means.len() < 2 {
        return None;
    }
    let low = means.iter().copied().fold(f64::INFINITY, f64::min);
    let high = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(Range { low, high, mean: known.iter().map(|(_, answer)| answer).sum::<f64>() / known.len() as f64 })
}

/// Whether some points pass and others do not.
#[must_use]
pub fn divides(study: &Study) -> bool {
    study.judged && study.count(State::Partly) + study.count(State::Passes).min(study.count(State::Fails)) > 0
}

/// What to order dimensions by: whether points pass, or where that is the same everywhere the first figure.
#[must_use]
pub fn question(study: &Study) -> Option<Question> {
    if divides(study) { Some(Question::Passes) } else { study.main().map(Question::Figure) }
}

/// Dimensions, the one that matters most first; those that matter alike, in the order of the first figure.
#[must_use]
pub fn order(study: &Study) -> Vec<usize> {
    let width = |dimension: usize, question: Option<Question>| {
        question.and_then(|question| range(study, dimension, question)).map_or(0.0, |range| range.high - range.low)
    };
    let by =
        |dimension: usize| (width(dimension, question(study)), width(dimension, study.main().map(Question::Figure)));
    let mut all: Vec<(usize, (f64, f64))> = (0..study.dimensions.len()).map(|i| (i, by(i))).collect();
    all.sort_by(|(_, a), (_, b)| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)));
    all.into_iter().map(|(i, _)| i).collect()
}
