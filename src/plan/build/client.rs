//! How a client writes: the settings that producers and groups with an output share. Silent keys are Kafka 4.4's.
//!
//! What contradicts itself is refused as Kafka's client refuses it. Idempotence that nobody asked for is turned off where
//! other settings do not allow it, as Kafka does.
use super::findings::Findings;
use crate::plan::{Acks, Backoff, ClientPlan, KeyHash, PartitionerPlan};
use crate::scenario::schema::{Output, Partitioner, Producer};
use crate::scenario::values::{self, AcksLevel, Count, Duration, Flag, Size};
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
/// `retries`.
const RETRIES: u64 = i32::MAX as u64;
/// `retry.backoff.ms`, `retry.backoff.max.ms`, and the two figures that Kafka's clients fix.
const BACKOFF: Backoff =
    Backoff { initial: Span::from_ms(100), max: Span::from_ms(1_000), multiplier: 2.0, jitter: 0.2 };
/// Requests in flight with which repeats can be recognised.
const MAX_IN_FLIGHT_IDEMPOTENT: u64 = 5;
/// `metadata.max.age.ms`.
pub const METADATA_AGE: Span = Span::from_ms(300_000);
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
    request_timeout: Option<&'s Duration>,
    retries: Option<&'s Count>,
    retry_backoff: Option<&'s Duration>,
    retry_backoff_max: Option<&'s Duration>,
    idempotence: Option<&'s Flag>,
    /// `metadata.max.age.ms`, which matters only for producers.
    pub metadata_age: Option<Span>,
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
            request_timeout: $settings.request_timeout.as_ref(),
            retries: $settings.retries.as_ref(),
            retry_backoff: $settings.retry_backoff.as_ref(),
            retry_backoff_max: $settings.retry_backoff_max.as_ref(),
            idempotence: $settings.idempotence.as_ref(),
            metadata_age: None,
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
        request_timeout: keys.request_timeout.map_or(REQUEST_TIMEOUT, |d| d.0),
        retries: keys.retries.map_or(RETRIES, |count| count.0) as u32,
        backoff: Backoff {
            initial: keys.retry_backoff.map_or(BACKOFF.initial, |d| d.0),
            max: keys.retry_backoff_max.map_or(BACKOFF.max, |d| d.0),
            ..BACKOFF
        },
        idempotent: idempotence(keys, path, found),
        metadata_age: keys.metadata_age.unwrap_or(METADATA_AGE),
        request_size: keys.request_size.unwrap_or(REQUEST_SIZE),
        quota: f64::INFINITY,
        compression: None,
    }
}

/// As Kafka decides it, but that one which is written alone may be shorter than a request may take.
fn delivery_timeout(keys: &Keys<'_>, linger: Span, path: &str, found: &mut Findings<'_>) -> Span {
    let request = keys.request_timeout.map(|d| d.0);
    let least = linger + request.unwrap_or(REQUEST_TIMEOUT);
    let Some(written) = keys.delivery_timeout else { return DELIVERY_TIMEOUT.max(least) };
    let shown = |span: Span| show::duration(span.seconds());
    let path = format!("{path}.delivery_timeout");
    if written.0 <= linger {
        let (timeout, linger) = (shown(written.0), shown(linger));
        let message = format!("batches are given up after {timeout}, before they have lingered for {linger}");
        found.error(&path, message, "make `delivery_timeout` longer than `linger`");
    } else if let Some(request) = request.filter(|_| written.0 < least) {
        let (timeout, linger, request) = (shown(written.0), shown(linger), shown(request));
        let message = format!(
            "batches are given up after {timeout}, before they have lingered for {linger} and a request has had {request}"
        );
        let remedy = "make `delivery_timeout` as long as both together, or `request_timeout` shorter";
        found.error(&path, message, remedy);
    }
    written.0
}

/// Whether brokers recognise repeats: asked for, it has its conditions; silent, it is as they allow.
fn idempotence(keys: &Keys<'_>, path: &str, found: &mut Findings<'_>) -> bool {
    let all = keys.acks.is_none_or(|acks| acks.0 == AcksLevel::All);
    let repeats = keys.retries.is_none_or(|retries| retries.0 > 0);
    let in_flight = keys.max_in_flight.map_or(MAX_IN_FLIGHT, |count| count.0);
    let few = in_flight <= MAX_IN_FLIGHT_IDEMPOTENT;
    match keys.idempotence {
        Some(Flag(false)) => return false,
        None if all && repeats && !few => {
            let message = format!("with {in_flight} requests in flight brokers do not recognise what is sent again");
            let remedy = "Kafka 4's client does not start so: write `idempotence: false`, or at most 5";
            found.warn(&format!("{path}.max_in_flight"), message, remedy);
        }
        None => {}
        Some(Flag(true)) => {
            let needs = [
                (all, "works only with `acks: all`", "write that"),
                (repeats, "is for what is sent again, and `retries` is 0", "let `retries` be more than 0"),
                (few, "works with 5 requests in flight at most", "let `max_in_flight` be at most 5"),
            ];
            for (_, message, remedy) in needs.iter().filter(|(met, _, _)| !met) {
                found.error(
                    &format!("{path}.idempotence"),
                    *message,
                    format!("{remedy}, or write `idempotence: false`"),
                );
            }
        }
    }
    all && repeats && few
}
