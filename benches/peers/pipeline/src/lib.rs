//! The pipeline that conga's live engine is compared with, without the wiring: two producers, four partitions, two
//! consumers, 100-byte records framed into batches with CRC-32C, acknowledged, fetched by long poll.
//!
//! Only one latency is counted, into one histogram; there are no laws, rates, lags or commits. So the peers do less
//! than conga for every record, never more. Time is in nanoseconds since the run began.
use bytes::Bytes;
use hdrhistogram::Histogram;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

pub const PRODUCERS: usize = 2;
pub const PARTITIONS: usize = 4;
pub const CONSUMERS: usize = 2;
pub const TICK: Duration = Duration::from_millis(1);
/// As Kafka's default, and as in conga's scenario.
const BATCH: usize = 16 * 1024;
const PAYLOAD: usize = 100;
/// Due in nanoseconds, length.
const HEAD: usize = 12;

/// What a run is: `RATE SECONDS THREADS` on the command line.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub rate: f64,
    pub seconds: f64,
    pub threads: usize,
}

impl Load {
    pub fn from_args() -> Self {
        let mut args = std::env::args().skip(1).map(|arg| arg.parse::<f64>().expect("RATE SECONDS THREADS"));
        let mut next = || args.next().expect("RATE SECONDS THREADS");
        Self { rate: next(), seconds: next(), threads: next() as usize }
    }

    pub fn runtime(&self) -> tokio::runtime::Runtime {
        let mut builder = match self.threads {
            1 => tokio::runtime::Builder::new_current_thread(),
            _ => tokio::runtime::Builder::new_multi_thread(),
        };
        builder.worker_threads(self.threads).enable_time().build().expect("a runtime")
    }
}

/// A batch.
#[derive(Clone, Debug)]
pub struct Lot {
    pub bytes: Bytes,
    pub records: u32,
    pub crc: u32,
}

/// Makes what is due, a batch to one partition, the next to the next.
pub struct Producer {
    zero: Instant,
    gap_ns: f64,
    next: u64,
    count: u64,
    partition: usize,
    open: Vec<u8>,
    records: u32,
    pub acked: u64,
}

impl Producer {
    pub fn new(load: Load, zero: Instant, number: usize) -> Self {
        let rate = load.rate / PRODUCERS as f64;
        let (gap_ns, count) = (1e9 / rate, (rate * load.seconds) as u64);
        let open = Vec::with_capacity(BATCH);
        Self { zero, gap_ns, next: 0, count, partition: number, open, records: 0, acked: 0 }
    }

    /// Everything due by now, as batches with their partitions.
    pub fn due(&mut self, mut send: impl FnMut(usize, Lot)) {
        let now = self.zero.elapsed().as_nanos() as f64;
        while self.next < self.count && self.next as f64 * self.gap_ns <= now {
            if self.open.len() + HEAD + PAYLOAD > BATCH {
                self.close(&mut send);
            }
            let due = (self.next as f64 * self.gap_ns) as u64;
            self.open.extend_from_slice(&due.to_le_bytes());
            self.open.extend_from_slice(&(PAYLOAD as u32).to_le_bytes());
            self.open.extend_from_slice(&[(self.next % 251) as u8; PAYLOAD]);
            (self.records, self.next) = (self.records + 1, self.next + 1);
        }
        self.close(&mut send);
    }

    fn close(&mut self, send: &mut impl FnMut(usize, Lot)) {
        if self.open.is_empty() {
            return;
        }
        let bytes = std::mem::replace(&mut self.open, Vec::with_capacity(BATCH));
        let lot = Lot { crc: crc32c::crc32c(&bytes), bytes: bytes.into(), records: self.records };
        self.records = 0;
        send(self.partition, lot);
        self.partition = (self.partition + 1) % PARTITIONS;
    }

    pub fn is_done(&self) -> bool {
        self.acked >= self.count
    }
}

/// A partition's log, from what was not fetched yet; at most one fetch waits.
#[derive(Default)]
pub struct Partition {
    log: VecDeque<Lot>,
    waits: bool,
}

impl Partition {
    /// Keeps a batch; what the waiting fetch gets, if one waits.
    pub fn append(&mut self, lot: Lot) -> Option<Vec<Lot>> {
        self.log.push_back(lot);
        std::mem::take(&mut self.waits).then(|| self.log.drain(..).collect())
    }

    /// What there is; otherwise the fetch waits.
    pub fn fetch(&mut self) -> Option<Vec<Lot>> {
        self.waits = self.log.is_empty();
        (!self.waits).then(|| self.log.drain(..).collect())
    }
}

/// Checks and reads every record.
pub struct Consumer {
    zero: Instant,
    pub latency: Histogram<u64>,
    sum: u64,
}

impl Consumer {
    pub fn new(zero: Instant) -> Self {
        let latency = Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("bounds");
        Self { zero, latency, sum: 0 }
    }

    pub fn take(&mut self, lots: &[Lot]) {
        let now = self.zero.elapsed().as_nanos() as u64;
        for lot in lots {
            assert_eq!(crc32c::crc32c(&lot.bytes), lot.crc, "bytes arrive as they left");
            let mut rest = &lot.bytes[..];
            while !rest.is_empty() {
                let due = u64::from_le_bytes(rest[..8].try_into().expect("eight bytes"));
                let length = u32::from_le_bytes(rest[8..HEAD].try_into().expect("four bytes")) as usize;
                self.sum = self.sum.wrapping_add(u64::from(rest[HEAD]));
                rest = &rest[HEAD + length..];
                self.latency.saturating_record(now.saturating_sub(due).max(1));
            }
        }
    }
}

/// Prints what came out, as JSON in a line.
pub fn tell(name: &str, zero: Instant, consumers: impl IntoIterator<Item = Consumer>) {
    let mut all = Histogram::<u64>::new_with_bounds(1, 60_000_000_000, 3).expect("bounds");
    let mut sum = 0_u64;
    for consumer in consumers {
        all.add(&consumer.latency).expect("same bounds");
        sum = sum.wrapping_add(consumer.sum);
    }
    let (records, wall) = (all.len(), zero.elapsed().as_secs_f64());
    let quantile = |q| all.value_at_quantile(q) as f64 / 1e9;
    let (p50, p99, p999) = (quantile(0.5), quantile(0.99), quantile(0.999));
    println!(
        "{{\"name\":\"{name}\",\"records\":{records},\"wall_s\":{wall},\"p50_s\":{p50},\"p99_s\":{p99},\"p999_s\":{p999},\"sum\":{sum}}}"
    );
}
