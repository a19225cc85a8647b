//! How a client writes: the settings that producers and groups with an output share. Silent keys are Kafka 4.4's.
//!
//! Requests never time out and are never repeated: brokers do not fail here yet, and idempotence has nothing to do.
use super::findings::Findings;
use crate::plan::{Acks, ClientPlan, KeyHash, PartitionerPlan};
use crate::scenario::schema::{Output, Partitioner, Producer};
use crate::scenario::values::{self, AcksLevel, Count, Duration, Size};
use crate::units::{Span, show};

/// `batch.size`.
const BATCH_SIZE: u64 = 16_384;
/// `linger.ms`.
pub const LINGER: Span = Span::from_ms(5);
/// `max.in.flight.requests.per.connection`.
const MAX_IN_FLIGHT: u64 = 5;
/// `buffer.memory`.
const BUFFER: u64 = 32 << 20;
/// `max.block.ms`.
const MAX_BLOCK: Span = Span::from_ms(60_000);
/// `delivery.timeout.ms`.
pub const DELIVERY_TIMEOUT: Span = Span::from_ms(120_000);
/// `request.timeout.ms`: Kafka raises a silent `delivery.timeout.ms` to at least this and `linger.ms`.
pub const REQUEST_TIMEOUT: Span = Span::from_ms(30_000);
/// `max.request.size`.
pub const REQUEST_SIZE: u32 = 1 << 20;

/// The keys of a client, wherever they stand.
pub struct Keys<'s> {
    partitioner: Option<Partitioner>,
    batch_size: Option<&'s Size>,
    linger: Option<&'s Duration>,
    acks: Option<&'s values::Acks>,
    max_in_flight: Option<&'s Count>,
    buffer: Option<&'s Size>,
    max_block: Option<&'s Duration>,
    delivery_timeout: Option<&'s Duration>,
    /// `max.request.size`, which only a properties file says.
    pub request_size: Option<u32>,
}

macro_rules! keys_of {
    ($settings:expr) => {
        Keys {
            partitioner: $settings.partitioner,
            batch_size: $settings.batch_size.as_ref(),
            linger: $settings.linger.as_ref(),
            acks: $settings.acks.as_ref(),
            max_in_flight: $settings.max_in_flight.as_ref(),
            buffer: $settings.buffer.as_ref(),
            max_block: $settings.max_block.as_ref(),
            delivery_timeout: $settings.delivery_timeout.as_ref(),
            request_size: None,
        }
    };
}

impl<'s> From<&'s Producer> for Keys<'s> {
    fn from(settings: &'s Producer) -> Self {
        keys_of!(settings)
    }
}

impl<'s> From<&'s Output> for Keys<'s> {
    fn from(settings: &'s Output) -> Self {
        keys_of!(settings)
    }
}

/// The client that writes to `topic` with the settings at `path`.
pub fn client(keys: &Keys<'_>, topic: usize, path: &str, found: &mut Findings<'_>) -> ClientPlan {
    let batch_size = keys.batch_size.map_or(BATCH_SIZE, |size| size.0);
    let buffer = keys.buffer.map_or(BUFFER, |size| size.0);
    if batch_size > buffer {
        let message = format!(
            "no batch of {} fits into a buffer of {}",
            show::size(batch_size as f64),
            show::size(buffer as f64)
        );
        let key = if keys.buffer.is_some() { "buffer" } else { "batch_size" };
        found.error(&format!("{path}.{key}"), message, "make `buffer` larger or `batch_size` smaller");
    }
    let linger = keys.linger.map_or(LINGER, |d| d.0);
    ClientPlan {
        topic,
        partitioner: match keys.partitioner {
            None | Some(Partitioner::Kafka) => PartitionerPlan::Kafka,
            Some(Partitioner::RoundRobin) => PartitionerPlan::RoundRobin,
            Some(Partitioner::Random) => PartitionerPlan::Random,
            Some(Partitioner::LibrdkafkaCrc32) => PartitionerPlan::Hashed(KeyHash::Crc32),
            Some(Partitioner::Fnv1a) => PartitionerPlan::Hashed(KeyHash::Fnv1a),
            Some(Partitioner::RabbitmqMurmur3) => PartitionerPlan::Hashed(KeyHash::Murmur3),
        },
        batch_size: batch_size as u32,
        linger,
        acks: match keys.acks.map(|acks| acks.0) {
            Some(AcksLevel::None) => Acks::None,
            Some(AcksLevel::Leader) => Acks::Leader,
            None | Some(AcksLevel::All) => Acks::All,
        },
        max_in_flight: keys.max_in_flight.map_or(MAX_IN_FLIGHT, |count| count.0) as u32,
        buffer,
        max_block: keys.max_block.map_or(MAX_BLOCK, |d| d.0),
        delivery_timeout: delivery_timeout(keys, linger, path, found),
        request_size: keys.request_size.unwrap_or(REQUEST_SIZE),
        quota: f64::INFINITY,
        compression: None,
    }
}

/// As Kafka decides it, but for the time of a request, which has no limit here.
fn delivery_timeout(keys: &Keys<'_>, linger: Span, path: &str, found: &mut Findings<'_>) -> Span {
    let Some(written) = keys.delivery_timeout else { return DELIVERY_TIMEOUT.max(linger + REQUEST_TIMEOUT) };
    if written.0 <= linger {
        let (timeout, linger) = (show::duration(written.0.seconds()), show::duration(linger.seconds()));
        let message = format!("batches are given up after {timeout}, before they have lingered for {linger}");
        let remedy = "make `delivery_timeout` longer than `linger`";
        found.error(&format!("{path}.delivery_timeout"), message, remedy);
    }
    written.0
}
