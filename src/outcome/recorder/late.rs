//! Records of which more than the usual is known: accepted later than due, or the work of a pipeline.
//!
//! They are rare, so their latencies are counted apart, and put in place of the usual ones when the run is over.
use crate::model::machine::Processed;
use crate::model::protocol::{Extra, Record};
use crate::outcome::tally::{GroupLatency, StreamLatency};
use crate::units::Time;

/// Latencies of acknowledged records that entered the buffer late.
#[cold]
pub fn acked(latency: &mut StreamLatency, records: &[Record], extras: &[Extra], warmup: Time, now: Time) {
    for (record, extra) in records.iter().zip(extras) {
        if record.due >= warmup && extra.sent > record.due {
            let (publish, service) = (now - record.due, now - extra.sent);
            latency.late_publish.count(publish);
            latency.late_service.count(service);
        }
    }
}

/// Latencies of processed records that entered the buffer late or came along a pipeline.
pub fn processed(latency: &mut GroupLatency, done: &Processed<'_>, warmup: Time) {
    let mut at = done.started;
    for ((record, extra), &work) in done.records.iter().zip(done.extras).zip(done.work) {
        at = at + work;
        if record.due < warmup {
            continue;
        }
        let e2e = at - record.due;
        if extra.sent > record.due {
            let raw = at - extra.sent;
            latency.late_e2e.count(e2e);
            latency.late_raw.count(raw);
        }
        if extra.origin < record.due {
            let journey = at - extra.origin;
            latency.journey.count(journey);
            latency.journey_e2e.count(e2e);
        }
    }
}
