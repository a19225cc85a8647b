//! A producer whose buffer is full: its thread that sends waits, for at most `max.block.ms`.
//!
//! Records behind the one that waits are not asked for; their due times survive.
use super::Producer;
use crate::model::machine::Outbox;
use crate::model::protocol::Timer;
use crate::units::Time;

impl Producer {
    /// The buffer is full for a record that asked at `at`: whether its time is over. The thread then goes on to the
    /// next record, which will wait its own time.
    #[cold]
    pub(super) fn gives_up(&mut self, at: Time, now: Time, out: &mut (impl Outbox + ?Sized)) -> bool {
        let newly = self.blocked.is_none();
        let since = *self.blocked.get_or_insert(at);
        let deadline = since + self.settings.max_block;
        if newly {
            self.blocked_since = at;
        }
        if deadline <= now {
            self.unblock(deadline);
            return true;
        }
        if newly {
            out.wake(Timer::GaveUp, deadline);
        }
        false
    }

    pub(super) fn unblock(&mut self, at: Time) {
        self.blocked = None;
        self.resumed = self.resumed.max(at);
        self.blocked_for += at.since(self.blocked_since);
    }
}
