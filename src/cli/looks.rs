//! Looks at a run for everybody who shows it, four times a second at most, however many they are.
//!
//! Here is the clock that a run's `Watch` does not have.
use crate::engine::Watch;
use crate::outcome::Look;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Real time between two looks.
pub const PAUSE: Duration = Duration::from_millis(250);
/// For how long a reader waits for a run that is busy with something else.
const PATIENCE: Duration = Duration::from_millis(500);

/// Looks at a run.
#[derive(Clone, Debug)]
pub struct Looks {
    watch: Arc<Watch>,
    asked: Arc<Mutex<Instant>>,
}

impl Looks {
    /// At this run, which is asked for its first look at once.
    #[expect(clippy::disallowed_methods, reason = "a run is looked at in real time")]
    #[must_use]
    pub fn new(watch: &Arc<Watch>) -> Self {
        watch.ask();
        Self { watch: Arc::clone(watch), asked: Arc::new(Mutex::new(Instant::now())) }
    }

    /// The latest look; asks for another one, unless that was just done.
    #[must_use]
    pub fn latest(&self) -> Option<Arc<Look>> {
        self.ask();
        self.watch.look()
    }

    /// A look that is younger than the question, or as young as there is one.
    pub async fn fresh(&self) -> Option<Arc<Look>> {
        let before = self.watch.look();
        if !self.ask() || before.as_ref().is_some_and(|look| look.ended) {
            return before;
        }
        let newer = async {
            loop {
                let now = self.watch.look();
                let same = now.as_ref().zip(before.as_ref()).is_some_and(|(now, before)| Arc::ptr_eq(now, before));
                if now.is_some() && !same {
                    return now;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, newer).await.unwrap_or(before)
    }

    /// Asks for a look; false where somebody just did.
    #[expect(clippy::disallowed_methods, reason = "a run is looked at in real time")]
    fn ask(&self) -> bool {
        let mut asked = self.asked.lock();
        let now = Instant::now();
        if now.saturating_duration_since(*asked) < PAUSE {
            return false;
        }
        *asked = now;
        self.watch.ask();
        true
    }
}
