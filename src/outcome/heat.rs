//! Counts on a grid: latencies by time and size, batches by size. Small, exact, and bounded whatever the run.
//!
//! Sizes fall into quarters of an octave: 1, 1.25, 1.5 and 1.75 times a power of two, found with shifts. Columns of time
//! are rows of the series; when there are too many, neighbours become one, as often as needed.
use super::histogram::Buckets;
use crate::units::Time;

/// Quarters of octaves of all whole numbers.
const QUARTERS: usize = 4 * 64;
/// Columns at most; half as many at least, once there were so many.
const COLUMNS: usize = 120;
/// Steps of size at most.
const STEPS: usize = 48;

/// Counts of whole numbers by quarters of octaves.
#[derive(Clone, Debug)]
pub struct Sizes(Box<[u64; QUARTERS]>);

impl Default for Sizes {
    fn default() -> Self {
        Self(Box::new([0; QUARTERS]))
    }
}

/// Numbers in `[low, high)`, of which there are so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Least number.
    pub low: u64,
    /// After the greatest.
    pub high: u64,
    /// How many.
    pub count: u64,
}

impl Sizes {
    /// Counts so many numbers of one size.
    #[inline]
    pub fn add(&mut self, size: u64, count: u64) {
        // The exponent of the size as a float, and two bits of its fraction: the octave and its quarter.
        let bits = (size.max(1).cast_signed() as f64).to_bits() >> 50;
        self.0[bits as usize - 4 * 1023] += count;
    }

    fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0.iter()).for_each(|(all, more)| *all += more);
    }

    /// First number of a quarter; what lies between whole numbers is rounded up.
    fn edge(quarter: usize) -> u64 {
        let (octave, quarter) = (quarter / 4, quarter as u128 % 4);
        u64::try_from(((4 + quarter) << octave).div_ceil(4)).unwrap_or(u64::MAX)
    }

    /// The steps in which something was counted.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        self.steps_of(1)
    }

    /// The same in steps of so many quarters.
    fn steps_of(&self, width: usize) -> Vec<Step> {
        let step = |first: usize| Step {
            low: Self::edge(first),
            high: Self::edge(first + width),
            count: self.0[first..(first + width).min(QUARTERS)].iter().sum(),
        };
        (0..QUARTERS).step_by(width).map(step).filter(|step| step.count > 0).collect()
    }
}

/// Latencies by time.
#[derive(Clone, Debug)]
pub struct Heat {
    columns: Vec<Column>,
    /// Rows of the series in a column, and rows so far in the last one.
    every: u32,
    rows: u32,
}

/// Latencies of what finished in a stretch of time.
#[derive(Clone, Debug)]
pub struct Column {
    /// When it begins.
    pub start: Time,
    /// When it ends.
    pub end: Time,
    sizes: Sizes,
}

/// What finished between two instants, by latency in nanoseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// When it begins.
    pub start: Time,
    /// When it ends.
    pub end: Time,
    /// In order of size; those without a record are left out.
    pub steps: Vec<Step>,
}

impl Default for Heat {
    fn default() -> Self {
        Self { columns: Vec::new(), every: 1, rows: 1 }
    }
}

impl Heat {
    /// A row of the series ends, in which these latencies were counted.
    pub fn row(&mut self, start: Time, end: Time, latencies: &Buckets) {
        if self.rows == self.every {
            if self.columns.len() == COLUMNS {
                self.halve();
            }
            self.columns.push(Column { start, end, sizes: Sizes::default() });
            self.rows = 0;
        }
        self.rows += 1;
        let column = self.columns.last_mut().expect("there is one by now");
        column.end = end;
        latencies.each(|least, count| column.sizes.add(least, count));
    }

    fn halve(&mut self) {
        let pair = |pair: &[Column]| {
            let mut column = pair[0].clone();
            for other in &pair[1..] {
                column.end = other.end;
                column.sizes.merge(&other.sizes);
            }
            column
        };
        self.columns = self.columns.chunks(2).map(pair).collect();
        self.every *= 2;
    }

    /// Everything, in at most 48 steps of size.
    #[must_use]
    pub fn stretches(&self) -> Vec<Stretch> {
        let mut all = Sizes::default();
        self.columns.iter().for_each(|column| all.merge(&column.sizes));
        let used = |width: usize| {
            let quarters = all.0.iter().enumerate().filter(|(_, count)| **count > 0).map(|(i, _)| i / width);
            quarters.clone().max().zip(quarters.min()).map_or(0, |(last, first)| last - first + 1)
        };
        let width = (0..8).map(|i| 1 << i).find(|&width| used(width) <= STEPS).unwrap_or(QUARTERS);
        let stretch =
            |column: &Column| Stretch { start: column.start, end: column.end, steps: column.sizes.steps_of(width) };
        self.columns.iter().map(stretch).collect()
    }
}
