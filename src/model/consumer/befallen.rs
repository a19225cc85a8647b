//! What befalls a member from outside: it is asked to end, is gone, stands still, or becomes slow.
//!
//! A member that is asked to end does it as an application with a shutdown hook does: the records of the last poll are
//! finished, what is done is committed, and its connections are closed. One that is killed leaves everything as it is.
use super::{Commit, Consumer, Ending, Settings};
use crate::model::machine::{Fact, Input, Machine, Outbox};
use crate::model::processing::Warp;
use crate::model::protocol::{ActorId, MemberKey, MemberState, Message, Timer};
use crate::model::sabotage::{self, Sabotage};
use crate::units::Time;

impl Consumer {
    /// Something befalls it.
    #[cold]
    pub(super) fn befallen(&mut self, now: Time, input: Input, out: &mut (impl Outbox + ?Sized)) {
        self.report(now, out);
        self.processing.report_busy(now, out);
        match input {
            Input::Closing => {
                self.ending = Ending::Asked;
                self.poll(now, out);
            }
            Input::Crashed => {
                self.says(MemberState::Crashed, out);
                if let Some(output) = &mut self.output {
                    output.producer.perish(now, out);
                }
                self.hang_up(out);
            }
            Input::Paused(span) => {
                self.says(MemberState::Still(span), out);
                let warp = self.processing.stand_still(span, now);
                self.bend(warp, now, out);
            }
            Input::Slowed(pace) => {
                let warp = self.processing.slow(pace, now);
                self.bend(warp, now, out);
            }
            other => panic!("{other:?} befalls nobody"),
        }
    }

    /// What was known of the time to come no longer holds.
    fn bend(&mut self, warp: Warp, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if let Some(output) = &mut self.output {
            output.producer.bend(now, |at| warp.of(now, at));
            // What is finished sooner now must not wait for whoever looks next.
            output.producer.turn_all(now, out);
        }
        if self.idle_armed > now && self.idle_armed != Time::NEVER {
            self.idle_armed = warp.of(now, self.idle_armed);
            out.wake(Timer::Idle, self.idle_armed);
        }
    }

    /// Ends once the records of the last poll are done.
    #[cold]
    pub(super) fn end(&mut self, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if self.processing.done_at() > now {
            return self.arm(false, now, out);
        }
        self.report(now, out);
        if !self.is_written(now, out) {
            return;
        }
        self.processing.report_busy(now, out);
        self.commit(out);
        if let Some(output) = &mut self.output {
            output.producer.handle(now, Input::Observed, out);
        }
        self.depart(now, out);
        self.says(MemberState::Ended, out);
        self.hang_up(out);
    }

    /// Tells what becomes of it to whoever listens to the run.
    fn says(&self, state: MemberState, out: &mut (impl Outbox + ?Sized)) {
        let Settings { group, member, generation: incarnation, .. } = self.settings;
        out.observe(&Fact::Member { group, key: MemberKey { member, incarnation }, state });
    }

    /// Whether it commits without being asked.
    pub(super) fn commits_by_itself(&self) -> bool {
        matches!(self.settings.commit, Commit::Auto(_)) && !sabotage::plays(Sabotage::SkipCommit)
    }

    /// Its process is gone: the kernel closes its connections.
    fn hang_up(&mut self, out: &mut (impl Outbox + ?Sized)) {
        self.ending = Ending::Over;
        for broker in 0..self.settings.brokers {
            out.send(ActorId(broker), Message::HungUp);
        }
    }
}
