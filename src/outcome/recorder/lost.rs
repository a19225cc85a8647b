//! Records that a group lost: they leave its lag when they are deleted, and nothing else is known of them.
//!
//! They count as done where only the order of offsets matters.
use super::Recorder;
use crate::model::machine::Cause;
use crate::units::Time;

impl Recorder {
    #[cold]
    pub(super) fn lost(&mut self, group: usize, partition: usize, (first, n, cause): (u64, u64, Cause), at: Time) {
        let totals = &mut self.totals.groups[group];
        totals.lost.add(n, at);
        totals.lost_by[cause as usize] += n;
        let place = &mut self.places[group * self.partitions.len() + partition];
        place.lost += n;
        place.progress.done(first, n);
        if self.over.is_some() && self.backlog(group) == 0 {
            self.groups[group].drained = Some(at);
        }
    }
}
