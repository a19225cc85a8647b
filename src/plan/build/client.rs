//! How a client writes: the settings that producers and groups with an output share. Silent keys are Kafka 4.4's.
//!
//! Retries and idempotence are absent: brokers do not fail here yet, so that nothing would ever be sent again.
use super::findings::Findings;
use crate::plan::{Acks, ClientPlan, KeyHash, PartitionerPlan};
use crate::scenario::schema::{Output, Partitioner, Producer};
use crate::scenario::values::{self, AcksLevel, Count, Duration, Size};
use crate::units::{Span, show};

/// `batch.size`.
const BATCH_SIZE: u64 = 16_384;
/// `linger.ms`.
const LINGER: Span = Span::from_ms(5);
/// `max.in.flight.requests.per.connection`.
const MAX_IN_FLIGHT: u64 = 5;
/// `buffer.memory`.
const BUFFER: u64 = 32 << 20;
/// `max.block.ms`.
const MAX_BLOCK: Span = Span::from_ms(60_000);
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
        linger: keys.linger.map_or(LINGER, |d| d.0),
        acks: match keys.acks.map(|acks| acks.0) {
            Some(AcksLevel::None) => Acks::None,
            Some(AcksLevel::Leader) => Acks::Leader,
            None | Some(AcksLevel::All) => Acks::All,
        },
        max_in_flight: keys.max_in_flight.map_or(MAX_IN_FLIGHT, |count| count.0) as u32,
        buffer,
        max_block: keys.max_block.map_or(MAX_BLOCK, |d| d.0),
        request_size: keys.request_size.unwrap_or(REQUEST_SIZE),
        quota: f64::INFINITY,
        compression: None,
    }
}
