//! The coordinator of one group: who owns what, who is alive, what is done.
//!
//! Groups start stable: everybody has joined, partitions are dealt in generation 1, every offset is committed at 0. Members
//! are Kafka's static ones (KIP-345): whoever takes the place of a lost one has its partitions, and asks where to go on.
//! Joining, leaving and rebalancing are deliberately absent until groups can change.
pub mod consumer_protocol;
pub mod reconcile;

use super::machine::{Fact, Input, Machine, Outbox};
use super::protocol::{ActorId, Message, PartitionId, Position};
use crate::units::Time;

/// The coordinator of one group.
#[derive(Debug)]
pub struct Coordinator {
    group: u32,
    /// By partition over all topics, of those the group reads.
    committed: Vec<u64>,
    /// By partition, the broker that keeps what is not committed; empty where brokers need not know.
    leaders: Vec<u32>,
}

impl Coordinator {
    /// Of group number `group`, in a cluster with so many partitions.
    #[must_use]
    pub fn new(group: u32, partitions: u32) -> Self {
        Self { group, committed: vec![0; partitions as usize], leaders: Vec::new() }
    }

    /// One that tells the broker that leads each partition what is committed, so that the rest can be read again.
    #[must_use]
    pub fn telling(self, leaders: Vec<u32>) -> Self {
        Self { leaders, ..self }
    }

    /// Everything below is done in this partition.
    #[must_use]
    pub fn committed(&self, partition: PartitionId) -> u64 {
        self.committed[partition as usize]
    }

    fn commit(&mut self, positions: &[Position], out: &mut (impl Outbox + ?Sized)) {
        let mut settled: Vec<(u32, Box<Vec<Position>>)> = Vec::new();
        for &Position { partition, offset } in positions {
            let committed = &mut self.committed[partition as usize];
            if *committed == offset {
                continue;
            }
            *committed = offset;
            out.observe(&Fact::Committed { group: self.group, partition, offset });
            if let Some(&leader) = self.leaders.get(partition as usize) {
                let at = settled.iter().position(|&(broker, _)| broker == leader).unwrap_or_else(|| {
                    settled.push((leader, Box::default()));
                    settled.len() - 1
                });
                settled[at].1.push(Position { partition, offset });
            }
        }
        for (broker, positions) in settled {
            out.send(ActorId(broker), Message::Settled { group: self.group, positions });
        }
    }
}

impl Machine for Coordinator {
    fn handle(&mut self, _: Time, input: Input, out: &mut (impl Outbox + ?Sized)) {
        match input {
            Input::Started | Input::Observed => {}
            Input::Received { from, message: Message::Heartbeat { .. } } => out.send(from, Message::HeartbeatOk),
            Input::Received { from, message: Message::Commit(commits) } => {
                self.commit(&commits.positions, out);
                out.send(from, Message::Committed(commits));
            }
            Input::Received { from, message: Message::OffsetFetch { number, mut positions } } => {
                for position in positions.iter_mut() {
                    position.offset = self.committed(position.partition);
                }
                out.send(from, Message::Offsets { number, positions });
            }
            other => panic!("a coordinator does not expect {other:?}"),
        }
    }
}
