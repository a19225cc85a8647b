//! What happened: recorder and laws listen to the facts; a recording is what they leave of one run, an outcome what is
//! concluded from all of them.
pub mod batches;
pub mod conclude;
pub mod details;
mod drains;
pub mod failover;
pub mod figures;
pub mod heat;
pub mod histogram;
pub mod intervals;
pub mod lanes;
pub mod laws;
pub mod level;
pub mod look;
pub mod once;
pub mod precision;
pub mod progress;
pub mod rebalances;
pub mod recorder;
pub mod redelivery;
pub mod result;
pub mod saved;
pub mod series;
pub mod stages;
pub mod stationarity;
pub mod tally;
pub mod threshold;
pub mod written;

use crate::model::machine::Fact;
use crate::plan::Plan;
use crate::units::Time;

pub use conclude::conclude;
pub use look::Look;
pub use recorder::Recording;

/// Hears every fact as it happens.
pub trait Observer {
    /// Something happened.
    fn observe(&mut self, now: Time, fact: &Fact<'_>);
}

/// Everybody who listens to a run: the recorder writes down, the laws check.
#[derive(Debug)]
pub struct Witness {
    recorder: recorder::Recorder,
    laws: laws::Laws,
    /// Where members can be lost.
    redelivery: Option<redelivery::Redelivery>,
    /// Where brokers can fail.
    failover: Option<failover::Failover>,
    rebalances: Option<rebalances::Rebalances>,
    /// Where members can be gone that write to a topic.
    written: Option<written::Written>,
    /// Where members commit before they work.
    once: Option<once::Once>,
}

impl Observer for Witness {
    #[inline(always)]
    fn observe(&mut self, now: Time, fact: &Fact<'_>) {
        self.recorder.observe(now, fact);
        self.laws.observe(now, fact);
    }
}

impl Witness {
    /// Listens to a run of this plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let rebalances = plan.redelivers.then(|| rebalances::Rebalances::new(plan));
        let redelivery = plan.redelivers.then(|| redelivery::Redelivery::new(plan));
        let failover = failover::Failover::new(plan);
        let (written, once) = (written::Written::new(plan), once::Once::new(plan));
        let (recorder, laws) = (recorder::Recorder::new(plan), laws::Laws::new(plan));
        Self { recorder, laws, redelivery, failover, rebalances, written, once }
    }

    /// Whether members can be lost or brokers fail, so that facts are to be heard and not only observed.
    #[inline]
    #[must_use]
    pub fn is_careful(&self) -> bool {
        self.redelivery.is_some() || self.failover.is_some()
    }

    /// Hears a fact of a run in which members can be lost, or brokers fail: what is processed once more counts apart, and
    /// so does what elections cut off.
    #[cold]
    #[inline(never)]
    pub fn hear(&mut self, now: Time, fact: &Fact<'_>) {
        match self.failover.take() {
            None => self.pass(now, fact),
            Some(mut failover) => {
                failover.hear(self, now, fact);
                self.failover = Some(failover);
            }
        }
    }

    /// Hears a fact with offsets as if nothing was ever cut off.
    fn pass(&mut self, now: Time, fact: &Fact<'_>) {
        match self.redelivery.take() {
            None => self.observe(now, fact),
            Some(mut redelivery) => {
                let unwritten = self.written.as_mut().and_then(|written| written.hear(fact));
                let not_once = self.once.as_mut().and_then(|once| once.hear(fact));
                for law in [unwritten, not_once].iter().flatten() {
                    self.laws.breaks(now, law);
                }
                redelivery.hear(self, now, fact);
                self.redelivery = Some(redelivery);
                let Self { rebalances, laws, .. } = self;
                if let Some(rebalances) = rebalances {
                    rebalances.hear(now, fact, |group, partition| laws.waiting(group, partition));
                }
            }
        }
    }

    /// Records that were cut off by an election are lost for good, as is heard only now; or a later leader has them.
    fn reconsiders(&mut self, stream: u32, partition: u32, records: u64, for_good: bool) {
        self.recorder.reconsidered(partition as usize, records, for_good);
        self.laws.reconsidered(stream as usize, records, for_good);
    }

    /// A member is lost.
    pub fn mourns(&mut self, group: u32, member: u32) {
        self.redelivery.iter_mut().for_each(|redelivery| redelivery.mourns(group, member));
        self.once.iter_mut().for_each(|once| once.loses(group, member));
    }

    /// Whether a group commits before it works.
    fn is_at_most_once(&self, group: u32) -> bool {
        self.once.as_ref().is_some_and(|once| once.watches(group))
    }

    /// Whether whatever lost members had processed and not committed is processed once more.
    #[must_use]
    pub fn is_redone(&self) -> bool {
        self.redelivery.as_ref().is_none_or(redelivery::Redelivery::is_done)
    }

    /// An engine found a law broken that it checks itself.
    pub fn breaks(&mut self, now: Time, law: &str) {
        self.laws.breaks(now, law);
    }

    /// Whether everything that was given out is done and nothing more will come.
    #[inline]
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let is_written = |written: &written::Written| written.is_done(|partition| self.laws.end(partition));
        self.recorder.is_exhausted() && self.recorder.is_settled() && self.written.as_ref().is_none_or(is_written)
    }

    /// Records that went through so far.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.recorder.records()
    }

    /// The run as it stands, for somebody who watches.
    #[must_use]
    pub fn look(&self, now: Time) -> look::Look {
        look::Look { broken: self.laws.broken.len(), ..self.recorder.look(now) }
    }

    /// Everybody has reported up to now: a row of the series ends.
    pub fn edge(&mut self, now: Time) {
        self.recorder.edge(now);
    }

    /// The run is over, and everybody has reported.
    #[must_use]
    pub fn finish(mut self, now: Time, partial: bool, events: u64) -> Recording {
        self.recorder.edge(now);
        self.laws.settle(&self.recorder, now);
        let repeated: Vec<[u64; 2]> = self.laws.repeated().collect();
        let waiting = |group: u32, partition: u32| self.laws.waiting(group, partition);
        let changes = self.rebalances.map_or_else(Vec::new, |rebalances| rebalances.finish(now, waiting));
        let mut recording = self.recorder.finish(now, partial, events, self.laws.broken);
        recording.changes = changes;
        for (stream, [duplicates, out_of_order]) in recording.end.streams.iter_mut().zip(repeated) {
            (stream.duplicates, stream.out_of_order) = (duplicates, out_of_order);
        }
        for (stream, again) in self.written.iter().flat_map(written::Written::again) {
            recording.end.streams[stream].rewritten = Some(again);
        }
        recording
    }
}
