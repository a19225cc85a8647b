//! A member's partitions change while it runs: what it takes up it asks for where to go on, what it gives up it forgets.
//!
//! A partition has a slot for as long as the member has it. What was asked of a broker before a partition was given up
//! comes all the same: until then its slot is nobody's, and what comes is dropped. Whoever gives up has processed what it
//! polled and committed it, or has lost the partition anyway; what is fetched and not polled is forgotten, as in Kafka.
use super::{Consumer, Owned, Settings, Supply};
use crate::model::machine::{Cause, Fact, Outbox};
use crate::model::protocol::{ActorId, Fetch, Message, NOTHING_COMMITTED, PartitionId, Position};
use crate::model::sabotage::{self, Sabotage};
use crate::units::Time;
use std::collections::{BTreeMap, BTreeSet};

/// An offset that is not known yet.
pub(super) const UNKNOWN: u64 = u64::MAX;
/// The partition of a slot that is nobody's.
const VACANT: PartitionId = PartitionId::MAX;

/// Where a group goes on in a partition of which nothing is committed: `auto.offset.reset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// With the first record that is left.
    Earliest,
    /// With what comes from now on.
    Latest,
}

/// The slots of a member whose partitions change.
#[derive(Debug, Default)]
pub(super) struct Roster {
    supply: Option<Supply>,
    slots: BTreeMap<PartitionId, u32>,
    /// Slots for whoever comes next.
    vacant: Vec<u32>,
    /// Slots given up that a fetch under way still asks for.
    pub(super) leaving: u32,
    /// Partitions whose position is not known, with the number of the question.
    awaited: BTreeMap<PartitionId, u32>,
    /// Number of the last question.
    asked: u32,
}

impl Roster {
    /// Of a member that has these partitions from the beginning.
    pub(super) fn new(supply: Supply, owned: &[Owned], incarnation: u32) -> Self {
        let slots = (0..).zip(owned).map(|(slot, owned)| (owned.partition, slot)).collect();
        // Answers to whoever was here before have other numbers.
        Self { supply: Some(supply), slots, asked: incarnation << 16, ..Self::default() }
    }

    /// Whether it has a partition.
    pub(super) fn has(&self, partition: PartitionId) -> bool {
        self.slots.contains_key(&partition)
    }

    /// The partitions it has.
    pub(super) fn partitions(&self) -> impl Iterator<Item = PartitionId> {
        self.slots.keys().copied()
    }
}

impl Owned {
    /// What it asked for is gone: it goes on from an offset. What it was given before stays in its hands.
    #[cold]
    pub(super) fn skip_to(&mut self, offset: u64, settings: &Settings, out: &mut (impl Outbox + ?Sized)) {
        let &Settings { group, member, .. } = settings;
        let (first, partition) = (std::mem::replace(&mut self.next, offset), self.partition);
        let (records, cause) = (offset - first, Cause::Retention);
        out.observe(&Fact::Skipped { group, member, partition, first, records, cause });
    }
}

impl Consumer {
    /// Takes up partitions in a generation: nothing is fetched of them before it is known where to go on.
    pub(super) fn take_up(&mut self, partitions: &[PartitionId], epoch: u32, out: &mut (impl Outbox + ?Sized)) {
        if partitions.is_empty() {
            return;
        }
        let Settings { group, member, generation: incarnation, coordinator, .. } = self.settings;
        let Self { roster, owned, .. } = self;
        let supply = roster.supply.as_ref().expect("partitions change only where there is a supply");
        let turn = if incarnation == 1 { format!("/{epoch}") } else { format!("/{epoch}/{incarnation}") };
        roster.asked += 1;
        for &partition in partitions {
            let known = self.seeking.as_ref().and_then(|seeking| seeking.leader(partition));
            let (leader, service) = (known.unwrap_or(supply.leader(partition)), supply.service(partition, &turn));
            let new = Owned { partition, leader, next: UNKNOWN, polled: UNKNOWN, service };
            let slot = if let Some(slot) = roster.vacant.pop() {
                owned[slot as usize] = new;
                slot
            } else {
                owned.push(new);
                owned.len() as u32 - 1
            };
            let before = roster.slots.insert(partition, slot);
            assert!(before.is_none(), "partition {partition} is taken up once");
            roster.awaited.insert(partition, roster.asked);
            out.observe(&Fact::Assigned { group, member, partition, generation: epoch });
        }
        let positions = partitions.iter().map(|&partition| Position { partition, offset: 0 }).collect();
        out.send(coordinator, Message::OffsetFetch { number: roster.asked, positions: Box::new(positions) });
    }

    /// Gives up partitions of which nothing is in work: whoever gets them goes on from what is committed.
    pub(super) fn give_up(&mut self, partitions: &[PartitionId], out: &mut (impl Outbox + ?Sized)) {
        let Settings { group, member, .. } = self.settings;
        let Self { roster, owned, sessions, fetched, processing, output, .. } = self;
        let mut given = BTreeSet::new();
        for partition in partitions {
            let Some(slot) = roster.slots.remove(partition) else { continue };
            let owned = &mut owned[slot as usize];
            (owned.partition, owned.polled) = (VACANT, UNKNOWN);
            if owned.next == UNKNOWN {
                roster.vacant.push(slot);
            } else {
                given.insert(slot);
            }
            roster.awaited.remove(partition);
            if let Some(output) = output {
                output.producer.disown(*partition);
            }
            out.observe(&Fact::Revoked { group, member, partition: *partition });
        }
        for session in sessions {
            session.wanting.retain(|slot| !given.contains(slot) || !roster.frees(&mut given, *slot));
        }
        fetched.retain(|run| {
            let goes = owned[run.slot as usize].partition == VACANT;
            if goes {
                processing.forget(run.buffer, run.end - run.start);
                roster.frees(&mut given, run.slot);
            }
            !goes
        });
        if let Some(seeking) = &mut self.seeking {
            seeking.lost.retain(|slot| !given.contains(slot) || !roster.frees(&mut given, *slot));
        }
        // What is neither wanted nor here is under way.
        roster.leaving += given.len() as u32;
    }

    /// Drops from an answer what was given up since it was asked for; returns the number of records dropped.
    #[cold]
    pub(super) fn strip(&mut self, fetch: &mut Fetch) -> u32 {
        let Self { roster, owned, .. } = self;
        let vacant = |slot: u32| owned[slot as usize].partition == VACANT;
        fetch.wanted.retain(|wanted| {
            let goes = vacant(wanted.slot);
            if goes {
                roster.leaving -= 1;
                roster.vacant.push(wanted.slot);
            }
            !goes
        });
        let mut dropped = 0;
        fetch.batches.retain(|batch| {
            let goes = vacant(batch.sequence);
            dropped += if goes { batch.records() } else { 0 };
            !goes
        });
        dropped
    }

    /// Hears what is committed of partitions that it took up.
    pub(super) fn offsets(&mut self, number: u32, positions: &[Position], now: Time, out: &mut (impl Outbox + ?Sized)) {
        if self.roster.supply.is_none() {
            return self.resume(positions, now, out);
        }
        let mut nowhere: BTreeMap<u32, Vec<Position>> = BTreeMap::new();
        for &position in positions {
            let Some(slot) = self.roster.answered(number, position.partition) else { continue };
            if position.offset == NOTHING_COMMITTED {
                let known = self.seeking.as_ref().and_then(|seeking| seeking.leader(position.partition));
                let owned = &mut self.owned[slot as usize];
                owned.leader = known.unwrap_or(owned.leader);
                nowhere.entry(owned.leader).or_default().push(position);
            } else {
                self.go_on(slot, position.offset + u64::from(sabotage::plays(Sabotage::ResumeAhead)), out);
            }
        }
        for (leader, positions) in nowhere {
            let number = self.roster.asks(&positions);
            let latest = self.settings.reset == Reset::Latest;
            let positions = Box::new(positions);
            out.send(ActorId(leader), Message::ListOffsets { number, latest, positions });
        }
        self.poll_if_idle(now, out);
    }

    /// Hears where a partition begins or ends of which nothing was committed.
    pub(super) fn listed(&mut self, number: u32, positions: &[Position], now: Time, out: &mut (impl Outbox + ?Sized)) {
        let Settings { group, member, .. } = self.settings;
        let mut elsewhere = Vec::new();
        for &Position { partition, offset } in positions {
            let Some(slot) = self.roster.answered(number, partition) else { continue };
            if offset == UNKNOWN {
                elsewhere.push(Position { partition, offset });
                continue;
            }
            out.observe(&Fact::Reset { group, member, partition, offset });
            self.go_on(slot, offset, out);
        }
        self.ask_elsewhere(elsewhere, now, out);
        self.poll_if_idle(now, out);
    }

    fn go_on(&mut self, slot: u32, offset: u64, out: &mut (impl Outbox + ?Sized)) {
        let Settings { group, member, .. } = self.settings;
        let owned = &mut self.owned[slot as usize];
        (owned.next, owned.polled) = (offset, offset);
        out.observe(&Fact::Resumed { group, member, partition: owned.partition, offset });
        self.sessions[owned.leader as usize].wanting.push(slot);
    }
}

impl Roster {
    /// Whether a slot is free.
    pub(super) fn is_vacant(&self, slot: u32) -> bool {
        self.vacant.contains(&slot)
    }

    /// What was under way to a broker is not waited for any more: slots given up are free.
    pub(super) fn vacate_all(&mut self, leader: u32, owned: &[Owned]) {
        let gone = (0..)
            .zip(owned)
            .filter(|(_, owned)| owned.partition == VACANT && owned.leader == leader)
            .map(|(slot, _)| slot);
        let gone: Vec<u32> = gone.filter(|slot| !self.vacant.contains(slot)).collect();
        self.leaving -= gone.len() as u32;
        self.vacant.extend(gone);
    }

    /// A slot was found: it is free, and none of those that were not.
    fn frees(&mut self, given: &mut BTreeSet<u32>, slot: u32) -> bool {
        let found = given.remove(&slot);
        if found {
            self.vacant.push(slot);
        }
        found
    }

    /// The slot of a partition whose position this answer gives, unless it was given up, or asked for again.
    fn answered(&mut self, number: u32, partition: PartitionId) -> Option<u32> {
        if self.awaited.get(&partition) != Some(&number) {
            return None;
        }
        self.awaited.remove(&partition);
        self.slots.get(&partition).copied()
    }

    /// Asks once more for these, elsewhere.
    pub(super) fn asks(&mut self, positions: &[Position]) -> u32 {
        self.asked += 1;
        self.awaited.extend(positions.iter().map(|position| (position.partition, self.asked)));
        self.asked
    }
}
