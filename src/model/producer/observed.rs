//! What a producer says of itself when it is asked.
//!
//! Telling changes nothing: what is due is taken first, which it would be anyway.
use super::Producer;
use super::beyond::Beyond;
use crate::model::machine::{Fact, Outbox};
use crate::units::Time;

impl Producer {
    pub(super) fn observed(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        self.catch_up(now, out);
        self.arm_fresh_usual(now, out);
        let stream = self.settings.stream;
        if self.blocked.is_some() {
            self.blocked_for += now.since(self.blocked_since);
            self.blocked_since = now;
        }
        let records = self.waiting(now);
        let (limited, blocked) = (std::mem::take(&mut self.limited), std::mem::take(&mut self.blocked_for));
        let (instance, open, throttled) = (self.settings.instance, self.open(), self.muted.take(now));
        out.observe(&Fact::Waiting { stream, instance, records, limited, blocked, open, throttled });
    }

    /// Records due by now that have neither been accepted nor refused.
    fn waiting(&mut self, now: Time) -> u64 {
        let known = self.ahead.due_by(now);
        let Some(source) = &self.source else { return known };
        if known < self.ahead.len() as u64 && self.beyond.is_none() {
            return known;
        }
        let drawn = self.taken + self.ahead.len() as u64;
        let beyond = self.beyond.get_or_insert_with(|| Beyond::new(source.counter(), drawn));
        beyond.count(now) - self.taken
    }
}
