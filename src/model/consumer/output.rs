//! Where the records go that a member has processed: to a topic, by a producer inside the member.
//!
//! Each is sent on when it will be finished, which is known when it is begun.
use crate::model::producer::Producer;
use crate::model::protocol::{Extra, NO_KEY, Record};
use crate::model::random::Stream;
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
}

impl Output {
    /// A record will be finished then, and sent on.
    pub(super) fn forward(&mut self, record: &Record, extra: &Extra, at: Time) {
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
        self.producer.push(Record { due: at, ..*record }, home, Extra { sent: at, ..*extra });
    }
}
