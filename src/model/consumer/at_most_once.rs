//! Commits first and works afterwards: nothing is ever processed twice, and what a lost member had polled is lost.
//!
//! What a poll will hand out is known before it does: the records in front of what is fetched. Their end is committed, and
//! the poll goes on with just these when the answer is there, whatever its group asks of it by then. Where they may not be
//! committed they stay in front, and are committed in the next generation, or forgotten with their partition.
use super::Consumer;
use crate::model::machine::Outbox;
use crate::model::protocol::Message;

impl Consumer {
    /// Whether there is something to commit, and a chance that it is not refused: not before it knows what to read.
    #[cold]
    pub(super) fn may_commit_first(&self) -> bool {
        let shares = self.membership.as_ref().is_some_and(|membership| membership.is_sharing());
        let is_in = self.epochs.as_ref().is_none_or(|epochs| epochs.is_in());
        !self.fetched.is_empty() && !shares && is_in
    }

    /// Commits what the next poll will return, and waits for the answer.
    #[cold]
    pub(super) fn commit_first(&mut self, out: &mut (impl Outbox + ?Sized)) {
        let mut room = self.settings.poll_records;
        let mut commits = self.positions(out);
        for run in &self.fetched {
            let n = room.min(run.end - run.start);
            let mut positions = commits.positions.iter_mut();
            let position = positions.find(|position| position.partition == run.partition);
            let until = run.base + u64::from(n);
            position.expect("what is fetched is owned").offset = until;
            room -= n;
            if room == 0 {
                break;
            }
        }
        self.granted = self.settings.poll_records - room;
        self.committing = true;
        out.send(self.settings.coordinator, Message::Commit(commits));
    }
}
