//! The coordinator of one group: who is in it, who owns what, what is done.
//!
//! Where nothing ever happens to a group it starts stable and stays so: everybody has joined, partitions are dealt in
//! generation 1, every offset is committed at 0, and a heartbeat is answered with nothing but that. Other groups run a
//! protocol (`classic`, `consumer_protocol`). Only what its members say in the present generation is committed.
pub mod classic;
pub mod consumer_protocol;
pub mod reconcile;

use super::machine::{Fact, Input, Machine, Outbox};
use super::protocol::{ActorId, Commits, Message, NOTHING_COMMITTED, PartitionId, Position, Refusal, Timer};
use super::sabotage::{self, Sabotage};
use crate::units::Time;
use classic::Classic;
use consumer_protocol::ConsumerProtocol;

/// The coordinator of one group.
#[derive(Debug)]
pub struct Coordinator {
    group: u32,
    /// By partition over all topics, of those the group reads.
    committed: Vec<u64>,
    /// By partition, the broker that keeps what is not committed; empty where brokers need not know.
    leaders: Vec<u32>,
    /// Where members come and go.
    classic: Option<Box<Classic>>,
    /// The same in the consumer protocol.
    epochs: Option<Box<ConsumerProtocol>>,
}

impl Coordinator {
    /// Of group number `group`, in a cluster with so many partitions.
    #[must_use]
    pub fn new(group: u32, partitions: u32) -> Self {
        Self { group, committed: vec![0; partitions as usize], leaders: Vec::new(), classic: None, epochs: None }
    }

    /// One that tells the broker that leads each partition what is committed, so that the rest can be read again.
    #[must_use]
    pub fn telling(self, leaders: Vec<u32>) -> Self {
        Self { leaders, ..self }
    }

    /// One whose group changes by the classic protocol.
    #[must_use]
    pub fn running(self, classic: Classic) -> Self {
        Self { classic: Some(Box::new(classic)), ..self }
    }

    /// One whose group changes by the consumer protocol.
    #[must_use]
    pub fn in_epochs(self, epochs: ConsumerProtocol) -> Self {
        Self { epochs: Some(Box::new(epochs)), ..self }
    }

    /// One that has heard nothing of these partitions, which are not there yet.
    #[must_use]
    pub fn without(mut self, partitions: impl Iterator<Item = PartitionId>) -> Self {
        partitions.for_each(|partition| self.committed[partition as usize] = NOTHING_COMMITTED);
        self
    }

    /// One whose group has never committed anything.
    #[must_use]
    pub fn cold(mut self) -> Self {
        self.committed.fill(NOTHING_COMMITTED);
        self
    }

    /// Everything below is done in this partition.
    #[must_use]
    pub fn committed(&self, partition: PartitionId) -> u64 {
        if sabotage::plays(Sabotage::ForgetCommitted) {
            return 0;
        }
        self.committed[partition as usize]
    }

    /// The group under the classic protocol, if it is.
    #[must_use]
    pub fn classic(&self) -> Option<&Classic> {
        self.classic.as_deref()
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

    /// Whether positions may be committed, and if not, why not.
    fn refuses(&mut self, commits: &Commits, now: Time) -> Option<Refusal> {
        if let Some(epochs) = &self.epochs {
            return epochs.refuses(commits);
        }
        let classic = self.classic.as_mut()?;
        classic.may_commit(commits.key, commits.generation, now).err()
    }

    fn heard(&mut self, from: ActorId, generation: u32, incarnation: u32, now: Time) -> Message {
        let Some(classic) = &mut self.classic else { return Message::HeartbeatOk };
        match classic.heartbeat(classic.key(from, incarnation), generation, now) {
            Ok(()) => Message::HeartbeatOk,
            Err(refusal) => Message::HeartbeatRefused { refusal, incarnation },
        }
    }
}

impl Machine for Coordinator {
    fn handle(&mut self, now: Time, input: Input, out: &mut (impl Outbox + ?Sized)) {
        match input {
            Input::Observed => {}
            Input::Received { from, message: Message::Heartbeat { generation, incarnation } } => {
                let answer = self.heard(from, generation, incarnation, now);
                out.send(from, answer);
            }
            Input::Received { from, message: Message::Commit(mut commits) } => {
                commits.refused = self.refuses(&commits, now);
                if commits.refused.is_none() {
                    self.commit(&commits.positions, out);
                }
                out.send(from, Message::Committed(commits));
            }
            Input::Received { from, message: Message::OffsetFetch { number, mut positions } } => {
                for position in positions.iter_mut() {
                    position.offset = self.committed(position.partition);
                }
                out.send(from, Message::Offsets { number, positions });
            }
            other => match (&mut self.classic, &mut self.epochs) {
                (Some(classic), _) => classic.handle(now, other, out),
                (_, Some(epochs)) => epochs.handle(now, other, out),
                _ if matches!(other, Input::Started | Input::Paused(_) | Input::Slowed(_)) => {}
                _ => panic!("a coordinator does not expect {other:?}"),
            },
        }
    }
}

impl Machine for Classic {
    fn handle(&mut self, now: Time, input: Input, out: &mut (impl Outbox + ?Sized)) {
        match input {
            Input::Started => self.start(now, out),
            Input::Fired(Timer::Rebalance) => self.waited(now, out),
            Input::Fired(Timer::Session) => self.silent(now, out),
            Input::Received { from, message: Message::Join(join) } => self.join(from, *join, now, out),
            Input::Received { from, message: Message::Share(share) } => self.share(from, *share, now, out),
            Input::Received { message: Message::Leave(leave), .. } => self.leave(*leave, now, out),
            // Whoever leads the group finds out for itself.
            Input::Paused(_) | Input::Slowed(_) | Input::Grown { .. } => {}
            other => panic!("a coordinator does not expect {other:?}"),
        }
    }
}
