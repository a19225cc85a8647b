//! Where the records go that a member has processed: to a topic, by a producer inside the member.
//!
//! Each is sent on when it will be finished, which is known when it is begun. Where members can be gone, a record counts as
//! done when what it became is acknowledged, and not before: that is what is committed. So nothing is lost with a member,
//! and what it had written and not committed is written once more by another. A member that gives partitions up, or ends in
//! good order, waits until everything is written; so does one that commits after each poll.
use super::{Commit, Consumer, Ending};
use crate::model::machine::Outbox;
use crate::model::producer::Producer;
use crate::model::protocol::{Extra, NO_KEY, PartitionId, Record, Source};
use crate::model::random::Stream;
use crate::model::sabotage::{self, Sabotage};
use crate::model::workload::Homes;
use crate::units::Time;

/// Where processed records go.
#[derive(Debug)]
pub struct Output {
    /// What sends them.
    pub producer: Producer,
    /// How they find their partitions.
    pub homes: Homes,
    /// Next partition for `Homes::RoundRobin`.
    pub turn: u32,
    /// Dice for `Homes::Random`.
    pub luck: Stream,
    /// Partitions of the topic.
    pub partitions: u32,
    /// Something waits until all is written.
    pub awaited: bool,
}

impl Output {
    /// A record will be finished then, and sent on.
    pub(super) fn forward(&mut self, record: &Record, extra: &Extra, source: Source, at: Time) {
        let home = match &self.homes {
            Homes::Kafka(homes) => homes.home(record.key),
            Homes::Hashed(homes, _) if record.key != NO_KEY => homes.home(record.key),
            Homes::Hashed(_, keyless) => keyless.home(&mut self.luck, self.partitions),
            Homes::Random => self.luck.below(self.partitions),
            Homes::RoundRobin => {
                self.turn = (self.turn + 1) % self.partitions;
                self.turn
            }
        };
        self.producer.push(Record { due: at, ..*record }, home, Extra { sent: at, ..*extra }, source);
    }
}

impl Consumer {
    /// Below which offset of a partition all is done, if `done` is processed.
    pub(super) fn written(&self, partition: PartitionId, done: u64) -> u64 {
        let careless = self.settings.commit == Commit::BeforeWork || sabotage::plays(Sabotage::CommitUnwritten);
        let output = self.output.as_ref().filter(|_| !careless);
        output.and_then(|output| output.producer.unwritten(partition)).map_or(done, |open| open.min(done))
    }

    /// Whether everything is written that is done; if not, that is waited for.
    pub(super) fn is_written(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) -> bool {
        let Some(output) = self.output.as_mut().filter(|_| self.careful) else { return true };
        output.awaited = !output.producer.flush(now, out);
        !output.awaited
    }

    /// What it was told may have led to this: something is written, perhaps all that is waited for.
    #[cold]
    pub(super) fn has_written(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let group = self.settings.group;
        let Some(output) = &mut self.output else { return };
        output.producer.tell_written(group, out);
        if self.ending == Ending::Over || !output.awaited || !output.producer.has_flushed(now) {
            return;
        }
        output.awaited = false;
        if self.committing {
            // Several workers may have finished something since somebody looked.
            self.report(now, out);
            self.commit(out);
        } else {
            self.poll_if_idle(now, out);
        }
    }
}
