//! A token bucket before the buffer: when each record may pass. Full at the start, shared by nothing.
//!
//! Each bucket is the instant at which it would be full again, so nothing ticks while nothing is sent.
use crate::units::Time;

/// Two buckets, one for records and one for bytes; infinite rates never hold.
#[derive(Clone, Debug)]
pub struct Limiter {
    messages: Bucket,
    bytes: Bucket,
    /// Release of the record before.
    last: Time,
}

#[derive(Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "a name ends with its unit")]
struct Bucket {
    /// Nanoseconds a token takes to drip in; zero for no limit.
    drip_ns: f64,
    /// Nanoseconds a full bucket takes to drip in.
    depth_ns: f64,
    /// When the bucket would be full if nothing more were taken.
    full_at_ns: f64,
}

impl Bucket {
    fn new(per_s: f64, burst: f64) -> Self {
        let drip_ns = 1e9 / per_s;
        let depth_ns = if drip_ns > 0.0 { drip_ns * burst.max(1.0) } else { 0.0 };
        Self { drip_ns, depth_ns, full_at_ns: 0.0 }
    }

    /// When `tokens` can be taken, at or after `at_ns`. More than a whole bucket passes when the bucket is full.
    fn ready(&self, at_ns: f64, tokens: f64) -> f64 {
        let cost = (tokens * self.drip_ns).min(self.depth_ns);
        at_ns.max(self.full_at_ns + cost - self.depth_ns)
    }

    fn take(&mut self, at_ns: f64, tokens: f64) {
        self.full_at_ns = self.full_at_ns.max(at_ns) + tokens * self.drip_ns;
    }
}

impl Limiter {
    /// Records per second, bytes per second, and the depth of both buckets.
    #[must_use]
    pub fn new(messages_per_s: f64, bytes_per_s: f64, burst: f64) -> Self {
        let (messages, bytes) = (Bucket::new(messages_per_s, burst), Bucket::new(bytes_per_s, burst));
        Self { messages, bytes, last: Time::ZERO }
    }

    /// When a record that is due then, with so many bytes, may pass. Records pass in order.
    pub fn release(&mut self, due: Time, bytes: u32) -> Time {
        let asked = due.max(self.last);
        let (at, bytes) = (asked.ns() as f64, f64::from(bytes));
        let ready = self.messages.ready(at, 1.0).max(self.bytes.ready(at, bytes));
        self.messages.take(ready, 1.0);
        self.bytes.take(ready, bytes);
        let release = Time::from_ns(ready.ceil() as u64).max(asked);
        self.last = release;
        release
    }
}
