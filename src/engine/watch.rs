//! Lets others look at a run while it goes on, and stop it.
//!
//! Whoever looks asks, and the run answers when it comes by: so nobody's clock is needed here, and a run at which nobody
//! looks does nothing for it. Of repetitions side by side one is shown until it is over, then another.
use crate::outcome::Look;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Lets others look at a run while it goes on, and stop it.
#[derive(Debug, Default)]
pub struct Watch {
    stop: AtomicBool,
    /// Records processed or, where nobody reads, appended, over all repetitions.
    pub records: AtomicU64,
    /// Thousandths of the run that are done, over all repetitions.
    pub permille: AtomicU64,
    /// Events of all repetitions that are done.
    pub events: AtomicU64,
    /// Repetitions that are decided on so far; none before the run begins.
    pub repetitions: AtomicU32,
    /// Somebody looks at this run at all.
    watched: AtomicBool,
    /// Somebody wants the next look.
    wanted: AtomicBool,
    shown: Mutex<Option<Arc<Look>>>,
}

impl Watch {
    /// Nobody looks.
    #[must_use]
    pub fn quiet() -> Self {
        Self::default()
    }

    /// Asks the run to end where it stands.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Asks the run how it stands; the answer comes when it comes by.
    pub fn ask(&self) {
        self.watched.store(true, Ordering::Relaxed);
        self.wanted.store(true, Ordering::Relaxed);
    }

    /// The latest answer.
    #[must_use]
    pub fn look(&self) -> Option<Arc<Look>> {
        self.shown.lock().clone()
    }

    /// Whether the repetition with this seed should show itself now; if so, the question is answered.
    #[must_use]
    pub fn wants(&self, seed: u64) -> bool {
        self.wanted.load(Ordering::Relaxed) && self.follows(seed) && self.wanted.swap(false, Ordering::Relaxed)
    }

    /// Whether the last look at the repetition with this seed is wanted.
    #[must_use]
    pub fn wants_last(&self, seed: u64) -> bool {
        self.watched.load(Ordering::Relaxed) && self.follows(seed)
    }

    fn follows(&self, seed: u64) -> bool {
        self.shown.lock().as_ref().is_none_or(|look| look.ended || look.seed == seed)
    }

    /// Answers.
    pub fn show(&self, look: Look) {
        *self.shown.lock() = Some(Arc::new(look));
    }
}
