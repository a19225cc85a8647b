//! What a member commits, and what it does with the answer.
//!
//! Positions go to the coordinator all at once; what waited for the answer goes on when it has come.
use super::partitions::UNKNOWN;
use super::{Commit, Consumer};
use crate::model::machine::Outbox;
use crate::model::protocol::{Commits, MemberKey, Message, Position};
use crate::model::sabotage::{self, Sabotage};
use crate::units::Time;

impl Consumer {
    /// Commits what is finished without a gap; with several workers that is less than what polls have handed out.
    pub(super) fn commit(&mut self, out: &mut (impl Outbox + ?Sized)) {
        self.uncommitted = 0;
        let commits = self.positions(out);
        out.send(self.settings.coordinator, Message::Commit(commits));
    }

    /// Positions below which all is done, or where commits come first, was handed out.
    #[expect(clippy::unnecessary_box_returns, reason = "the box is the message: it travels and comes home")]
    pub(super) fn positions(&mut self, out: &mut (impl Outbox + ?Sized)) -> Box<Commits> {
        let generation = self.generation();
        let mut commits = self.commits.take().unwrap_or_default();
        if let Some(output) = &mut self.output {
            output.producer.tell_written(self.settings.group, out);
        }
        let ahead = self.settings.commit == Commit::BeforeWork || sabotage::plays(Sabotage::CommitAhead);
        let Self { owned, processing, settings, .. } = self;
        commits.key = MemberKey { member: settings.member, incarnation: settings.generation };
        commits.generation = generation;
        let known = owned.iter().enumerate().filter(|(_, owned)| owned.polled != UNKNOWN);
        commits.positions.extend(known.map(|(slot, owned)| Position {
            partition: owned.partition,
            offset: match processing.unfinished(slot as u32) {
                Some(offset) if !ahead => offset,
                _ => owned.polled,
            },
        }));
        if self.careful {
            let positions = commits.positions.iter_mut();
            positions.for_each(|position| position.offset = self.written(position.partition, position.offset));
        }
        commits
    }

    pub(super) fn committed(&mut self, mut commits: Box<Commits>, now: Time, out: &mut (impl Outbox + ?Sized)) {
        if commits.key != self.key() {
            // Whoever was here before has committed that.
            return;
        }
        let refused = commits.refused.take();
        let generation = commits.generation;
        commits.positions.clear();
        self.commits = Some(commits);
        let waited = std::mem::take(&mut self.committing);
        if let Some(refusal) = refused {
            if !sabotage::plays(Sabotage::WorkUncommitted) {
                self.granted = 0;
            }
            self.commit_refused(refusal, generation);
        }
        if waited && self.processing.idle_at() <= now {
            self.report(now, out);
            self.poll(now, out);
        } else if refused.is_some() {
            self.poll_if_idle(now, out);
        }
    }
}
