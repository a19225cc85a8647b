//! What a broker did, and how it says so when it is asked.
//!
//! Telling changes nothing but what there is to tell.
use super::Broker;
use crate::model::machine::{Fact, Outbox};
use crate::units::{Span, Time};

/// What was done since it was reported last.
#[derive(Debug, Default)]
pub struct Served {
    /// Handler time given out, and what of it was reported.
    pub work: Span,
    pub reported: Span,
    pub queued: Span,
    pub requests: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub bytes_disk: u64,
    /// Bytes sent to the follower `k + 1` brokers on.
    pub followed: Vec<u64>,
}

impl Broker {
    pub(super) fn observed(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let ahead = self.handlers.iter().fold(Span::ZERO, |sum, free| sum + free.since(now));
        let done = self.served.work - ahead;
        let served = &mut self.served;
        out.observe(&Fact::Served {
            broker: self.settings.me,
            busy: done - served.reported,
            queued: std::mem::take(&mut served.queued),
            requests: std::mem::take(&mut served.requests),
            bytes_in: std::mem::take(&mut served.bytes_in),
            bytes_out: std::mem::take(&mut served.bytes_out),
            bytes_disk: std::mem::take(&mut served.bytes_disk),
            disk: self.disk.busy(now),
        });
        served.reported = done;
        for (k, bytes) in served.followed.iter_mut().enumerate() {
            let bytes = std::mem::take(bytes);
            if bytes > 0 {
                let broker = (self.settings.me + k as u32 + 1) % self.settings.brokers;
                out.observe(&Fact::Followed { broker, bytes });
            }
        }
    }
}
