//! Members that are lost, and come back to read again what was not committed.
//!
//! A connection that is gone takes its requests along: those that wait are dropped, so that whoever comes after does not
//! queue behind them. One that a handler is working on is answered to nobody; its answer says for which generation it was.
use super::{Broker, Job, Request};
use crate::model::machine::Outbox;
use crate::model::protocol::{ActorId, Message, Position};
use crate::units::Time;

impl Broker {
    /// What only brokers of lost members hear.
    #[cold]
    pub(super) fn reread(&mut self, from: ActorId, message: Message, now: Time, out: &mut (impl Outbox + ?Sized)) {
        match message {
            Message::Settled { group, positions } => self.settle(group, &positions),
            Message::HungUp => self.hung_up(from, now, out),
            Message::ListOffsets { number, latest, mut positions } => {
                for position in positions.iter_mut() {
                    let log = &self.logs[self.log(position.partition)];
                    position.offset = if latest { log.high_watermark() } else { log.earliest() };
                }
                out.send(from, Message::ListedOffsets { number, positions });
            }
            other => panic!("a broker does not expect {other:?}"),
        }
    }

    /// A group has committed.
    fn settle(&mut self, group: u32, positions: &[Position]) {
        for position in positions {
            let place = self.places.partitions[position.partition as usize];
            let reader = self.places.readers[(group * self.places.topics + place.topic) as usize];
            let log = &mut self.logs[place.log as usize];
            // A copy may be behind what is committed, as a log that is led never is.
            log.settled(reader as usize, position.offset.min(log.end()));
        }
    }

    /// Drops what a client has asked to read and has not been answered.
    fn hung_up(&mut self, client: ActorId, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let connection = 2 * client.index() + 1;
        for job in std::mem::take(&mut self.connections[connection].queue) {
            self.release(job);
        }
        // What it wrote is parked too, until it is replicated, and is none of this.
        let waits = |job: &Job| job.parked && job.client == client && matches!(job.request, Some(Request::Fetch(_)));
        let parked = self.jobs.iter().position(waits);
        let Some(job) = parked.map(|job| job as u32) else { return };
        let (_, request) = self.release(job);
        let Request::Fetch(fetch) = request else { panic!("found as a fetch") };
        for wanted in &fetch.wanted {
            let log = self.places.partitions[wanted.partition as usize].log;
            self.logs[log as usize].waiting.retain(|&waiting| waiting != job);
        }
        self.next_of(connection, now, out);
    }
}
