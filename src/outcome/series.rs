//! Rows of the series: what everybody did between two edges, as raw counters until the run is over.
//!
//! Counters only grow, so a row is the difference of two; rates and shares are computed when tables are written.
use super::histogram::Buckets;
use super::recorder::Totals;
use crate::units::{Span, Time};

/// Brokers whose work is kept over time.
pub const BROKERS: usize = 64;
/// Lags of at most so many places (a group in a partition) are kept over time; the others only by their greatest.
const PLACES: usize = 4_096;

/// All rows of one run.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// In time order.
    pub rows: Vec<Row>,
    /// Lags at the end of each row, places by places; see `lags_of`.
    lags: Vec<u32>,
    groups: usize,
    partitions: usize,
}

/// One row: counters at its end.
#[derive(Clone, Debug)]
pub struct Row {
    /// When it began.
    pub start: Time,
    /// When it ended.
    pub end: Time,
    /// Records due so far, by stream.
    pub offered: Vec<u64>,
    /// Records appended so far, by topic.
    pub appended: Vec<u64>,
    /// By group.
    pub groups: Vec<GroupRow>,
    /// Time the handlers of each broker were busy so far; of the first [`BROKERS`].
    pub brokers: Vec<Span>,
}

/// One group in one row.
#[derive(Clone, Copy, Debug, Default)]
pub struct GroupRow {
    /// Records processed so far.
    pub processed: u64,
    /// Worker time so far, in nanoseconds.
    pub busy_ns: u64,
    /// Lag, committed lag and age in nanoseconds at the end of the row.
    pub levels: [u64; 3],
    /// End-to-end latency of what was finished in the row: p50, p90, p99 and greatest, in nanoseconds.
    pub e2e_ns: [Option<u64>; 4],
}

/// An edge that closes a row.
#[derive(Debug)]
pub struct SeriesEdge<'a> {
    /// When the row began.
    pub start: Time,
    /// When it ends.
    pub end: Time,
    /// Counters now.
    pub totals: &'a Totals,
}

impl Series {
    /// For so many groups and partitions.
    #[must_use]
    pub fn new(groups: usize, partitions: usize) -> Self {
        Self { groups, partitions, ..Self::default() }
    }

    /// Begins the row that ends at this edge.
    pub fn begin(&mut self, edge: &SeriesEdge<'_>) {
        let totals = edge.totals;
        let group = |group: &super::recorder::GroupTotals| GroupRow {
            processed: group.processed.total,
            busy_ns: group.busy.ns(),
            ..GroupRow::default()
        };
        self.rows.push(Row {
            start: edge.start,
            end: edge.end,
            offered: totals.streams.iter().map(super::recorder::StreamTotals::offered).collect(),
            appended: totals.topics.iter().map(|topic| topic.appended.total).collect(),
            groups: totals.groups.iter().map(group).collect(),
            brokers: totals.brokers.iter().take(BROKERS).map(|broker| broker.busy).collect(),
        });
        self.lags.resize(self.rows.len() * self.places(), 0);
    }

    /// Adds what is known of a group to the present row.
    pub fn group(&mut self, group: usize, levels: &[u64; 3], recent: &Buckets) {
        let [p50, p90, p99] = recent.quantiles([0.5, 0.9, 0.99]);
        if let Some(row) = self.rows.last_mut() {
            row.groups[group].levels = *levels;
            row.groups[group].e2e_ns = [p50, p90, p99, recent.max_ns()];
        }
    }

    /// Adds the lag of a group in a partition to the present row.
    pub fn place(&mut self, group: usize, partition: u32, lag: u64) {
        let place = group * self.partitions + partition as usize;
        if place < self.places() {
            let row = (self.rows.len() - 1) * self.places();
            self.lags[row + place] = u32::try_from(lag).unwrap_or(u32::MAX);
        }
    }

    fn places(&self) -> usize {
        (self.groups * self.partitions).min(PLACES)
    }

    /// Whether the lag of a place was kept over time.
    #[must_use]
    pub fn keeps(&self, group: usize, partition: u32) -> bool {
        group * self.partitions + (partition as usize) < self.places()
    }

    /// Lag of a group in a partition at the end of a row.
    #[must_use]
    pub fn lag(&self, row: usize, group: usize, partition: u32) -> u64 {
        u64::from(self.lags[row * self.places() + group * self.partitions + partition as usize])
    }
}
