//! A member in the consumer protocol (KIP-848): heartbeats that join, go on, say what was given up, and leave.
//!
//! What it is told to read it does inside poll, when the records of the last one are done: it commits where Kafka does so
//! by itself, gives up what it is to give up, takes up what is new, and says so at once. A member that was thrown out
//! notices with its next heartbeat and leaves everything as it is, in its next poll. Kafka without a listener would do
//! that a little sooner, while the records are still in work.
use super::{Commit, Consumer};
use crate::model::machine::Outbox;
use crate::model::protocol::{Beat, MemberKey, Message, PartitionId, Reason, Refusal, Standing, Timer, Wish};
use crate::model::sabotage::{self, Sabotage};
use crate::units::{Span, Time};
use std::collections::BTreeSet;

/// How a member takes part in a group of the consumer protocol.
#[derive(Clone, Copy, Debug)]
pub struct Taking {
    /// `group.consumer.heartbeat.interval.ms`, until the coordinator says it.
    pub heartbeat: Span,
    /// After how much of that the first heartbeat leaves of a member that is there from the beginning.
    pub first: Span,
    /// `max.poll.interval.ms`.
    pub patience: Span,
    /// Whether it has a `group.instance.id`.
    pub fixed: bool,
    /// Whether it is in the group from the beginning, in epoch 1.
    pub settled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Not in the group, and does not ask: it has not polled for too long, or not yet.
    Out,
    /// Has asked to be in it.
    Joining,
    In,
}

/// What a member knows of its group.
#[derive(Debug)]
pub(super) struct Epochs {
    taking: Taking,
    pub(super) epoch: u32,
    place: Place,
    /// A heartbeat is not answered yet; another is to leave when it is.
    asking: bool,
    urgent: bool,
    /// When the next heartbeat leaves, and when the timer fires.
    due: Time,
    armed: Time,
    /// What it is to read, if that is something else than it reads.
    told: Option<BTreeSet<PartitionId>>,
    /// What it takes up once its positions are committed.
    taking_up: Option<Vec<PartitionId>>,
    /// It is not in the group any more and has not polled since.
    lost: bool,
    /// When it polled last.
    polled: Time,
}

impl Epochs {
    pub(super) fn new(taking: Taking) -> Self {
        let (epoch, place) = if taking.settled { (1, Place::In) } else { (0, Place::Out) };
        Self {
            taking,
            epoch,
            place,
            asking: false,
            urgent: false,
            due: Time::NEVER,
            armed: Time::NEVER,
            told: None,
            taking_up: None,
            lost: false,
            polled: Time::ZERO,
        }
    }
}

impl Consumer {
    /// The same, in a group of the consumer protocol.
    #[must_use]
    pub fn in_epochs(mut self, taking: Taking) -> Self {
        self.epochs = Some(Box::new(Epochs::new(taking)));
        self
    }

    fn key(&self) -> MemberKey {
        MemberKey { member: self.settings.member, incarnation: self.settings.generation }
    }

    /// Begins: where it is not in the group yet, with the first poll.
    pub(super) fn enter(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if let Commit::Auto(interval) = self.settings.commit {
            self.commit_at = self.settings.starts.max(now) + interval;
        }
        let epochs = self.epochs.as_mut().expect("only members of epochs enter");
        if epochs.taking.settled {
            (epochs.due, epochs.armed) = (now + epochs.taking.first, now + epochs.taking.first);
            out.wake(Timer::Heartbeat, epochs.due);
        }
        out.wake(Timer::Begin, self.settings.starts.max(now));
    }

    /// Sends a heartbeat, or does so as soon as the last one is answered.
    fn beat(&mut self, now: Time, wish: Wish, says: bool, out: &mut (impl Outbox + ?Sized)) {
        let key = self.key();
        let owned = says.then(|| self.roster.partitions().collect());
        let epochs = self.epochs.as_mut().expect("only members of epochs send these");
        (epochs.asking, epochs.urgent) = (true, false);
        let patience = epochs.taking.patience;
        out.send(self.settings.coordinator, Message::Beat(Box::new(Beat { key, wish, owned, patience })));
        epochs.due = now + epochs.taking.heartbeat;
        if epochs.armed == Time::NEVER || epochs.armed > epochs.due {
            epochs.armed = epochs.due;
            out.wake(Timer::Heartbeat, epochs.due);
        }
    }

    /// Says what it has now, at once.
    fn acknowledge(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let epochs = self.epochs.as_mut().expect("only members of epochs acknowledge");
        if epochs.asking {
            epochs.urgent = true;
            return;
        }
        if epochs.place == Place::In {
            let epoch = epochs.epoch;
            self.beat(now, Wish::Stay(epoch), true, out);
        }
    }

    /// It may be time for a heartbeat.
    pub(super) fn beats(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let epochs = self.epochs.as_mut().expect("only members of epochs have this timer");
        if now < epochs.armed {
            return;
        }
        epochs.armed = Time::NEVER;
        if now < epochs.due || epochs.asking {
            epochs.armed = epochs.due.max(now + Span::from_ms(1));
            out.wake(Timer::Heartbeat, epochs.armed);
            return;
        }
        match epochs.place {
            Place::Out => epochs.due = Time::NEVER,
            Place::Joining => self.beat(now, Wish::Join, true, out),
            Place::In => {
                let epoch = epochs.epoch;
                self.beat(now, Wish::Stay(epoch), false, out);
            }
        }
    }

    /// Hears how it stands.
    pub(super) fn stands(&mut self, standing: Standing, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let mine = standing.key == self.key();
        let Some(epochs) = self.epochs.as_mut().filter(|_| mine) else { return };
        epochs.asking = false;
        if epochs.place == Place::Out {
            // The answer to its farewell.
            return self.poll_if_idle(now, out);
        }
        epochs.taking.heartbeat = standing.heartbeat;
        match standing.refused {
            // Its instance is taken until the other's session is over: it asks again with the next heartbeat.
            Some(Refusal::UnreleasedInstance) => return,
            Some(_) => {
                (epochs.place, epochs.lost, epochs.urgent) = (Place::Out, true, false);
                (epochs.told, epochs.taking_up) = (None, None);
            }
            None => {
                (epochs.place, epochs.epoch) = (Place::In, standing.epoch);
                if let Some(assignment) = standing.assignment {
                    epochs.told = Some(assignment.into_iter().collect());
                }
            }
        }
        if epochs.urgent {
            self.acknowledge(now, out);
        }
        self.poll_if_idle(now, out);
    }

    /// What changes for it, inside poll; whether the poll may go on.
    pub(super) fn regroup(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) -> bool {
        let Some(epochs) = &mut self.epochs else { return true };
        epochs.polled = now;
        if epochs.place == Place::In && epochs.told.is_none() || epochs.place == Place::Joining {
            return true;
        }
        if self.processing.done_at() > now {
            // Other workers are not done with the last records.
            self.arm(false, now, out);
            return false;
        }
        if epochs.place == Place::Out && !epochs.asking {
            self.come_back(now, out);
        } else if epochs.taking_up.is_none() {
            self.change(now, out);
        }
        true
    }

    /// Joins, and has nothing of what it may have had.
    fn come_back(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let epochs = self.epochs.as_mut().expect("only members of epochs come back");
        epochs.place = Place::Joining;
        if std::mem::take(&mut epochs.lost) && !sabotage::plays(Sabotage::KeepFenced) {
            let all: Vec<PartitionId> = self.roster.partitions().collect();
            self.give_up(&all, out);
        }
        self.beat(now, Wish::Join, true, out);
    }

    fn change(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let epochs = self.epochs.as_mut().expect("only members of epochs change");
        let Some(told) = epochs.told.take() else { return };
        let has: BTreeSet<PartitionId> = self.roster.partitions().collect();
        let goes: Vec<PartitionId> = has.difference(&told).copied().collect();
        let comes: Vec<PartitionId> = told.difference(&has).copied().collect();
        if !goes.is_empty() && matches!(self.settings.commit, Commit::Auto(_)) {
            epochs.taking_up = Some(comes);
            self.commit(out);
            return self.give_up(&goes, out);
        }
        self.give_up(&goes, out);
        self.have(&comes, now, out);
    }

    /// The positions of what it gave up are committed, or never will be.
    pub(super) fn gave_up(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if let Some(comes) = self.epochs.as_mut().and_then(|epochs| epochs.taking_up.take()) {
            self.have(&comes, now, out);
        }
    }

    fn have(&mut self, comes: &[PartitionId], now: Time, out: &mut (impl Outbox + ?Sized)) {
        let epoch = self.epochs.as_ref().map_or(0, |epochs| epochs.epoch);
        self.take_up(comes, epoch, out);
        self.acknowledge(now, out);
    }

    /// Wants to be woken if the records of a poll take longer than a member may stay away from polling.
    pub(super) fn watch_poll(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if let Some(epochs) = &self.epochs {
            let due = epochs.polled + epochs.taking.patience;
            if self.processing.idle_at() > due && epochs.place == Place::In {
                out.wake(Timer::PollDue, due.max(now));
            }
        }
    }

    /// It may have stayed away from polling for too long: then it leaves, and comes back with its next poll.
    pub(super) fn poll_due(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let Some(epochs) = &mut self.epochs else { return };
        let late = epochs.polled + epochs.taking.patience <= now && self.processing.idle_at() > now;
        if late && epochs.place == Place::In {
            (epochs.place, epochs.lost, epochs.urgent) = (Place::Out, true, false);
            (epochs.told, epochs.taking_up) = (None, None);
            self.farewell(now, Reason::PolledLate, out);
        }
    }

    /// Leaves the group for good, or for a while where it has an instance id.
    pub(super) fn farewell(&mut self, now: Time, reason: Reason, out: &mut (impl Outbox + ?Sized)) {
        if let Some(epochs) = &self.epochs {
            let wish = if epochs.taking.fixed { Wish::Pause } else { Wish::Leave(reason) };
            self.beat(now, wish, false, out);
        }
    }
}
