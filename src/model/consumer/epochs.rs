//! A member in the consumer protocol (KIP-848): heartbeats that join, go on, say what was given up, and leave.
//!
//! What it is told to read it does inside poll, when the records of the last one are done: it commits where Kafka does so
//! by itself, gives up what it is to give up, takes up what is new, and says so at once. A member that was thrown out
//! notices with its next heartbeat or commit and leaves everything as it is, in its next poll. Kafka without a listener
//! would do that a little sooner, while the records are still in work.
use super::{Consumer, Ending};
use crate::model::machine::Outbox;
use crate::model::protocol::{Beat, Message, PartitionId, Reason, Refusal, Standing, Timer, Wish};
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
    /// Not in the group, and has not asked.
    Out,
    /// Not in the group any more, and has not polled since.
    Lost,
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
    /// The positions of what it gives up are on their way.
    settled: bool,
}

impl Epochs {
    /// Whether it is in the group, as far as it knows.
    pub(super) fn is_in(&self) -> bool {
        self.place == Place::In
    }
}

impl Consumer {
    /// The same, in a group of the consumer protocol.
    #[must_use]
    pub fn in_epochs(mut self, taking: Taking) -> Self {
        let (epoch, place) = if taking.settled { (1, Place::In) } else { (0, Place::Out) };
        self.attends = !taking.settled;
        self.epochs = Some(Box::new(Epochs {
            taking,
            epoch,
            place,
            asking: false,
            urgent: false,
            due: Time::NEVER,
            armed: Time::NEVER,
            told: None,
            settled: false,
        }));
        self
    }

    /// Who is in the group from the beginning sends signs of life; others join with their first poll.
    pub(super) fn enter(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if let Some(epochs) = &mut self.epochs
            && epochs.place == Place::In
        {
            epochs.due = now + epochs.taking.first;
            epochs.armed = epochs.due;
            out.wake(Timer::Heartbeat, epochs.armed);
        }
    }

    /// Sends a heartbeat; the next one is due an interval later.
    fn send_beat(&mut self, now: Time, wish: Wish, says: bool, out: &mut (impl Outbox + ?Sized)) {
        let key = self.key();
        let owned = says.then(|| self.roster.partitions().collect());
        let Some(epochs) = &mut self.epochs else { return };
        (epochs.asking, epochs.urgent) = (true, false);
        let patience = epochs.taking.patience;
        out.send(self.settings.coordinator, Message::Beat(Box::new(Beat { key, wish, owned, patience })));
        epochs.due = now + epochs.taking.heartbeat;
        if epochs.armed > epochs.due {
            epochs.armed = epochs.due;
            out.wake(Timer::Heartbeat, epochs.armed);
        }
    }

    /// It may be time for a heartbeat.
    pub(super) fn beats(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let at_work = self.processing.idle_at() > now;
        let Some(epochs) = &mut self.epochs else { return };
        if now < epochs.armed {
            return;
        }
        epochs.armed = Time::NEVER;
        if now < epochs.due {
            epochs.armed = epochs.due;
            return out.wake(Timer::Heartbeat, epochs.armed);
        }
        let late = self.polled_at + epochs.taking.patience;
        if at_work && late <= now + epochs.taking.heartbeat {
            out.wake(Timer::PollDue, late.max(now));
        }
        match epochs.place {
            Place::Out | Place::Lost => {}
            Place::In if epochs.asking => {
                // One at a time: the next leaves when this one is answered.
                epochs.urgent = true;
            }
            Place::In => {
                let epoch = epochs.epoch;
                self.send_beat(now, Wish::Stay(epoch), false, out);
            }
            Place::Joining if epochs.asking => {
                // However late the answer is, it comes; whoever asked twice would be taken to have nothing by then.
                epochs.due = now + epochs.taking.heartbeat;
                epochs.armed = epochs.due;
                out.wake(Timer::Heartbeat, epochs.armed);
            }
            Place::Joining => self.send_beat(now, Wish::Join, true, out),
        }
        if !at_work {
            // Kafka's poll returns now and then with nothing, and is called again: it commits on time.
            self.poll_if_idle(now, out);
        }
    }

    /// Says what it has now, at once, or as soon as the last heartbeat is answered.
    fn acknowledge(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let Some(epochs) = &mut self.epochs else { return };
        if epochs.asking {
            epochs.urgent = true;
        } else if epochs.place == Place::In {
            let epoch = epochs.epoch;
            self.send_beat(now, Wish::Stay(epoch), true, out);
        }
    }

    /// Hears how it stands.
    pub(super) fn stands(&mut self, standing: Standing, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let mine = standing.key == self.key();
        let Some(epochs) = self.epochs.as_mut().filter(|_| mine) else { return };
        epochs.asking = false;
        if matches!(epochs.place, Place::Joining | Place::In) {
            epochs.taking.heartbeat = standing.heartbeat;
            match standing.refused {
                // Its instance is taken until the other's session is over: it asks again with the next heartbeat.
                Some(Refusal::UnreleasedInstance) => return,
                Some(_) => self.is_cast_out(),
                None => {
                    (epochs.place, epochs.epoch) = (Place::In, standing.epoch);
                    if let Some(assignment) = standing.assignment {
                        epochs.told = Some(assignment.into_iter().collect());
                        self.attends = true;
                    }
                    if epochs.urgent {
                        self.acknowledge(now, out);
                    }
                }
            }
        }
        self.poll_if_idle(now, out);
    }

    /// A commit was refused: whoever is not known is out. Of one that only came too late for its epoch, a heartbeat says more.
    #[cold]
    pub(super) fn commit_fenced(&mut self, refusal: Refusal) {
        if refusal == Refusal::UnknownMember && self.epochs.as_ref().is_some_and(|epochs| epochs.is_in()) {
            self.is_cast_out();
        }
    }

    /// It is not in the group any more.
    fn is_cast_out(&mut self) {
        if let Some(epochs) = &mut self.epochs {
            (epochs.place, epochs.told) = (Place::Lost, None);
            (epochs.urgent, epochs.settled) = (false, false);
            self.attends = true;
        }
    }

    /// What changes for it, inside poll; whether the poll may go on.
    pub(super) fn regroup(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) -> bool {
        if self.ending != Ending::No {
            return true;
        }
        if self.processing.done_at() > now {
            // Several workers share the last poll: nothing changes before all are done.
            self.arm(false, now, out);
            return false;
        }
        let Some(epochs) = &mut self.epochs else { return true };
        match epochs.place {
            // The farewell is not answered yet.
            Place::Lost if epochs.asking => return true,
            Place::Out | Place::Lost => {
                let lost = std::mem::replace(&mut epochs.place, Place::Joining) == Place::Lost;
                if lost && !sabotage::plays(Sabotage::KeepFenced) {
                    let all: Vec<PartitionId> = self.roster.partitions().collect();
                    self.give_up(&all, out);
                }
                self.send_beat(now, Wish::Join, true, out);
            }
            Place::Joining => {}
            Place::In => return self.change(now, out),
        }
        self.attends = false;
        true
    }

    /// Gives up and takes up what it was told to, and says so; whether it has.
    fn change(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) -> bool {
        let commits = self.commits_by_itself();
        let Some(epochs) = &mut self.epochs else { return true };
        let has: BTreeSet<PartitionId> = self.roster.partitions().collect();
        let told = epochs.told.clone().unwrap_or_else(|| has.clone());
        let goes: Vec<PartitionId> = has.difference(&told).copied().collect();
        if commits && !goes.is_empty() && !epochs.settled {
            if !self.is_written(now, out) {
                return false;
            }
            let Some(epochs) = &mut self.epochs else { return true };
            (epochs.settled, self.committing) = (true, true);
            self.commit(out);
            return false;
        }
        let Some(epochs) = &mut self.epochs else { return true };
        (epochs.told, epochs.settled, self.attends) = (None, false, false);
        let (comes, epoch): (Vec<PartitionId>, u32) = (told.difference(&has).copied().collect(), epochs.epoch);
        self.give_up(&goes, out);
        self.take_up(&comes, epoch, out);
        self.acknowledge(now, out);
        true
    }

    /// It may have stayed away from polling for too long: then it leaves, and comes back with its next poll.
    pub(super) fn stays_away(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let at_work = self.processing.idle_at() > now;
        let Some(epochs) = &self.epochs else { return };
        if at_work && self.polled_at + epochs.taking.patience <= now && epochs.place == Place::In {
            self.report(now, out);
            self.say_farewell(now, Reason::PolledLate, out);
            self.is_cast_out();
        }
    }

    /// It ends in good order.
    pub(super) fn farewell(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        let all: Vec<PartitionId> = self.roster.partitions().collect();
        self.give_up(&all, out);
        self.say_farewell(now, Reason::Left, out);
    }

    /// Leaves the group for good, or for a while where it has an instance id.
    fn say_farewell(&mut self, now: Time, reason: Reason, out: &mut (impl Outbox + ?Sized)) {
        if let Some(epochs) = &self.epochs
            && matches!(epochs.place, Place::Joining | Place::In)
        {
            let wish = if epochs.taking.fixed { Wish::Pause } else { Wish::Leave(reason) };
            self.send_beat(now, wish, false, out);
        }
    }
}
