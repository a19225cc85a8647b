//! Runs what is missing of a study on all cores, and keeps each run as soon as it is done.
//!
//! Threads take the next missing run; the order in which they finish shows in the journal and nowhere else. Whoever is
//! interrupted keeps what is done and nothing that is half done.
use super::journal::Journal;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Runs every run that the journal does not have; ends early where `run` returns nothing.
///
/// # Errors
/// When the journal cannot be written; what was written before is kept.
pub fn drive(
    journal: Journal,
    runs: u64,
    cores: usize,
    run: &(dyn Fn(u64) -> Option<String> + Sync),
    told: &(dyn Fn() + Sync),
) -> io::Result<Journal> {
    let missing: Vec<u64> = (0..runs).filter(|id| !journal.has(*id)).collect();
    let (journal, next, stop) = (Mutex::new(journal), AtomicU64::new(0), AtomicBool::new(false));
    let keep = |id: u64, line: &str| journal.lock().expect("nobody panics while writing").keep(id, line);
    let work = || -> io::Result<()> {
        while !stop.load(Ordering::Relaxed) {
            let Some(id) = missing.get(next.fetch_add(1, Ordering::Relaxed) as usize) else { break };
            let Some(line) = run(*id) else { break };
            if let Err(error) = keep(*id, &line) {
                stop.store(true, Ordering::Relaxed);
                return Err(error);
            }
            told();
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores.clamp(1, missing.len().max(1))).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a run of the study panicked"))
    })?;
    let journal = journal.into_inner().expect("nobody panics while writing");
    journal.sync()?;
    Ok(journal)
}
