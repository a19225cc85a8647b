//! The coordinator of one group: who owns what, who is alive, what is done.
//!
//! Groups start stable: everybody has joined, partitions are dealt in generation 1, every offset is committed at 0.
//! Joining, leaving and rebalancing are deliberately absent until groups can change.
use super::machine::{Fact, Input, Machine, Outbox};
use super::protocol::{Message, PartitionId, Position};
use crate::units::Time;

/// The coordinator of one group.
#[derive(Debug)]
pub struct Coordinator {
    group: u32,
    /// By partition over all topics, of those the group reads.
    committed: Vec<u64>,
}

impl Coordinator {
    /// Of group number `group`, in a cluster with so many partitions.
    #[must_use]
    pub fn new(group: u32, partitions: u32) -> Self {
        Self { group, committed: vec![0; partitions as usize] }
    }

    /// Everything below is done in this partition.
    #[must_use]
    pub fn committed(&self, partition: PartitionId) -> u64 {
        self.committed[partition as usize]
    }

    fn commit(&mut self, positions: &[Position], out: &mut (impl Outbox + ?Sized)) {
        for &Position { partition, offset } in positions {
            let committed = &mut self.committed[partition as usize];
            if *committed != offset {
                *committed = offset;
                out.observe(&Fact::Committed { group: self.group, partition, offset });
            }
        }
    }
}

impl Machine for Coordinator {
    fn handle(&mut self, _: Time, input: Input, out: &mut (impl Outbox + ?Sized)) {
        match input {
            Input::Started | Input::Observed => {}
            Input::Received { from, message: Message::Heartbeat { .. } } => out.send(from, Message::HeartbeatOk),
            Input::Received { from, message: Message::Commit(positions) } => {
                self.commit(&positions, out);
                out.send(from, Message::Committed(positions));
            }
            other => panic!("a coordinator does not expect {other:?}"),
        }
    }
}
