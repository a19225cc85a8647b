//! A member that takes the place of one that was lost: it has its partitions, and nothing else of it.
//!
//! It goes on from what is committed, as Kafka's static members do (KIP-345). What the lost one had fetched, or even
//! processed, and not committed comes again.
use super::{Consumer, Settings};
use crate::model::machine::{Fact, Outbox};
use crate::model::protocol::{Message, Position};
use crate::model::sabotage::{self, Sabotage};
use crate::units::Time;

impl Consumer {
    /// Asks what is committed; nothing is fetched before the answer.
    pub(super) fn ask_where(&self, out: &mut (impl Outbox + ?Sized)) {
        let position = |owned: &super::Owned| Position { partition: owned.partition, offset: owned.next };
        let positions = Box::new(self.owned.iter().map(position).collect());
        out.send(self.settings.coordinator, Message::OffsetFetch { number: 0, positions });
    }

    /// Goes on from what is committed.
    pub(super) fn resume(&mut self, positions: &[Position], now: Time, out: &mut (impl Outbox + ?Sized)) {
        let Settings { group, member, .. } = self.settings;
        for (owned, committed) in self.owned.iter_mut().zip(positions) {
            let offset = committed.offset + u64::from(sabotage::plays(Sabotage::ResumeAhead));
            (owned.next, owned.polled) = (offset, offset);
            out.observe(&Fact::Resumed { group, member, partition: owned.partition, offset });
        }
        self.begin(now, out);
    }
}
