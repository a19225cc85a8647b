//! How a producer takes compression into account: what batches become, and what it believes they will become.
//!
//! While a batch is filled nobody knows how small it will be. Kafka's producer guesses by the batches before: it starts
//! from "not at all", lowers its estimate by 0.005 where a batch came out smaller, and raises it at once, by 0.05 at
//! least, where one came out larger. A batch keeps the estimate it was opened with, with 5 % on top, and is full when
//! that says so. Sources: `CompressionRatioEstimator` and `MemoryRecordsBuilder` of Kafka's clients. Splitting batches
//! that came out too large for a broker is absent: what is estimated here is never that far off.
use super::wire;
use std::sync::Arc;

/// How fast an estimate improves (`COMPRESSION_RATIO_IMPROVING_STEP`).
const IMPROVING: f32 = 0.005;
/// How fast it deteriorates at least (`COMPRESSION_RATIO_DETERIORATE_STEP`).
const DETERIORATING: f32 = 0.05;
/// What is added to it (`COMPRESSION_RATE_ESTIMATION_FACTOR`).
const CAUTION: f32 = 1.05;
/// Bytes of records in a batch at most, whatever becomes of them: Kafka counts them in an `int`.
const MOST: u32 = 1 << 30;

/// Bytes after over bytes before compression of a batch's records, by their number: measured, with straight lines over
/// the logarithm of the number between the knots.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    knots: Vec<(f64, f64)>,
}

impl Curve {
    /// Through these points, ascending and at least one: number of records, ratio.
    #[must_use]
    pub fn new(points: &[(u32, f64)]) -> Self {
        Self { knots: points.iter().map(|&(records, ratio)| (f64::from(records).ln(), ratio)).collect() }
    }

    /// The ratio of a batch of so many records; beyond the last knot that of the last knot.
    #[must_use]
    pub fn ratio(&self, records: u32) -> f64 {
        let at = f64::from(records.max(1)).ln();
        let after = self.knots.partition_point(|knot| knot.0 <= at);
        match (after.checked_sub(1).map(|i| self.knots[i]), self.knots.get(after)) {
            (Some((x0, y0)), Some(&(x1, y1))) => y0 + (y1 - y0) * (at - x0) / (x1 - x0),
            (Some((_, ratio)), None) | (None, Some(&(_, ratio))) => ratio,
            (None, None) => 1.0,
        }
    }

    fn greatest(&self) -> f64 {
        self.knots.iter().map(|knot| knot.1).fold(0.0, f64::max)
    }
}

/// What one producer knows of compression.
#[derive(Clone, Debug)]
pub struct Compression {
    curve: Arc<Curve>,
    /// Of the next batch that is opened.
    estimate: f32,
    /// By partition: the estimate of the open batch, with caution.
    factors: Vec<f32>,
    /// No estimate will ever be greater, with caution.
    worst: f32,
}

impl Compression {
    /// For a topic with so many partitions.
    #[must_use]
    pub fn new(curve: Arc<Curve>, partitions: u32) -> Self {
        let worst = (curve.greatest() as f32).max(1.0) + DETERIORATING;
        Self { curve, estimate: 1.0, factors: vec![1.0; partitions as usize], worst: worst * CAUTION }
    }

    /// A batch is opened: it keeps today's estimate.
    pub fn open(&mut self, partition: u32) {
        self.factors[partition as usize] = self.estimate * CAUTION;
    }

    /// What the open batch of a partition would weigh with `bytes` before compression.
    #[inline(never)]
    #[must_use]
    pub fn estimated(&self, partition: u32, bytes: u32) -> u32 {
        wire::BATCH_HEADER + ((bytes - wire::BATCH_HEADER) as f32 * self.factors[partition as usize]) as u32
    }

    /// Whether an open batch of `bytes`, filled up to `limit`, takes a record of `record` bytes more.
    #[inline(never)]
    #[must_use]
    pub fn takes(&self, partition: u32, bytes: u32, record: u32, limit: u32) -> bool {
        wire::takes(self.estimated(partition, bytes), record, limit) && bytes + record <= MOST
    }

    /// Least number of further records of at most `size` bytes that can fill a batch that has `bytes` of them, up to
    /// `limit`; of one that is not open yet where there is no partition.
    #[inline(never)]
    #[must_use]
    pub fn records_to_fill(&self, partition: Option<u32>, bytes: u32, size: u32, limit: u32) -> u32 {
        let factor = f64::from(partition.map_or(self.worst, |partition| self.factors[partition as usize]));
        let (size, room) = (f64::from(size.max(1)), f64::from(limit.saturating_sub(wire::BATCH_HEADER)));
        let records = f64::from(bytes.saturating_sub(wire::BATCH_HEADER));
        // The record that does not fit counts in full, those before by the estimate.
        let left = room - records * factor - size * (1.0 - factor).max(0.0);
        // The estimate is rounded down, in single precision: half a per cent is far beyond what that can do.
        ((left / (size * factor) * 0.995) as u32).min((MOST - bytes) / size as u32)
    }

    /// What a batch of so many records weighs when it is compressed.
    #[inline(never)]
    #[must_use]
    pub fn compressed(&self, bytes: u32, records: u32) -> u32 {
        let plain = f64::from(bytes - wire::BATCH_HEADER);
        wire::BATCH_HEADER + (plain * self.curve.ratio(records)).round() as u32
    }

    /// A batch of so many records left: the next estimate learns from it.
    #[inline(never)]
    pub fn learn(&mut self, records: u32) {
        let observed = self.curve.ratio(records) as f32;
        if observed > self.estimate {
            self.estimate = (self.estimate + DETERIORATING).max(observed);
        } else {
            self.estimate = (self.estimate - IMPROVING).max(observed);
        }
    }
}
