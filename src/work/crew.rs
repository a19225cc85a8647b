//! The members of a group who do the same real work: each a hand of its own, and together one result.
//!
//! A hand gives its job back when the run is over; what the crew found is told by all of them together. Where results go
//! to a database, each hand has a connection of its own and writes what it holds before its positions are committed: a
//! record that is committed is stored, and one that comes again after a crash is known there.
use super::results::Clock;
use super::sink::Sink;
use super::{Done, Failed, Found, Item, Job, Labour, Place, Results, Source, Table, tables};
use crate::units::Span;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Results that a hand holds before it writes them.
const HELD: usize = 1_000;

/// Everyone who does the work of a group.
#[derive(Clone, Debug, Default)]
pub struct Crew(Arc<Mutex<Vec<Job>>>);

impl Crew {
    /// One more hand: its job, where its results go besides the group's output, and a clock in nanoseconds.
    #[must_use]
    pub fn hire(&self, job: Job, sink: Option<Sink>, clock: impl Fn() -> u64 + Clone + Send + 'static) -> Hand {
        let results = if sink.is_some() { Results::counting() } else { Results::default() };
        let results = results.timed(Box::new(clock.clone()));
        let clock: Clock = Box::new(clock);
        Hand { crew: self.clone(), job: Some(job), sink, clock, results, stored: Stored::default() }
    }

    /// What all who have finished found, to be taken to another crew.
    #[must_use]
    pub fn found(&self) -> Vec<Found> {
        let jobs = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        jobs.into_iter().filter_map(Job::found).collect()
    }

    /// Takes in what another crew has found.
    pub fn join(&self, found: Vec<Found>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(found.into_iter().map(Job::from));
    }

    /// What all who have finished found, together.
    #[must_use]
    pub fn tables(&self) -> Vec<Table> {
        tables(self.0.lock().unwrap_or_else(PoisonError::into_inner).iter())
    }
}

/// What a hand has stored.
#[derive(Clone, Copy, Debug, Default)]
struct Stored {
    records: u64,
    new: u64,
    transactions: u64,
    took_ns: u64,
    longest_ns: u64,
}

/// One member's work.
pub struct Hand {
    crew: Crew,
    /// Until it has finished.
    job: Option<Job>,
    sink: Option<Sink>,
    clock: Clock,
    results: Results,
    stored: Stored,
}

impl Hand {
    fn write(&mut self) -> Result<(), Failed> {
        let Some(sink) = self.sink.as_mut().filter(|sink| sink.held() > 0) else { return Ok(()) };
        let (held, begun) = (sink.held() as u64, (self.clock)());
        let new = sink.flush().map_err(|failed| Failed(failed.to_string()))?;
        let took = (self.clock)().saturating_sub(begun);
        self.stored.records += held;
        self.stored.new += new as u64;
        self.stored.transactions += 1;
        self.stored.took_ns += took;
        self.stored.longest_ns = self.stored.longest_ns.max(took);
        Ok(())
    }
}

impl Labour for Hand {
    fn work(&mut self, place: &Place<'_>, items: &[Item<'_>], done: &mut Done) -> Result<(), Failed> {
        let job = self.job.as_mut().ok_or_else(|| Failed("work was asked for after the end".to_owned()))?;
        let from = Source { topic: place.topic, partition: place.partition };
        self.results.clear();
        let mut before = (self.clock)();
        job.take(from, items, &mut self.results).map_err(|failure| Failed(failure.to_string()))?;
        for (result, &there) in self.results.iter().zip(self.results.times()) {
            done.took.push(Span::from_ns(there.saturating_sub(before)));
            done.results.extend_from_slice(result);
            done.ends.push(done.results.len());
            before = there;
        }
        let Some(sink) = &mut self.sink else { return Ok(()) };
        sink.hold(from, items, &self.results);
        if sink.held() >= HELD { self.write() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Failed> {
        self.write()
    }

    fn finish(&mut self) -> Result<serde_json::Value, Failed> {
        self.write()?;
        let stored = self.sink.is_some().then_some(self.stored);
        if let Some(sink) = self.sink.take() {
            sink.close().map_err(|failed| Failed(failed.to_string()))?;
        }
        if let Some(mut job) = self.job.take() {
            let ended = job.flush().map_err(|failure| Failed(failure.to_string()));
            self.crew.0.lock().unwrap_or_else(PoisonError::into_inner).push(job);
            ended?;
        }
        Ok(stored.map_or(serde_json::Value::Null, |stored| {
            let seconds = |ns: u64| ns as f64 / 1e9;
            serde_json::json!({
                "sqlite": {
                    "records": stored.records,
                    "new": stored.new,
                    "transactions": stored.transactions,
                    "busy_s": seconds(stored.took_ns),
                    "longest_s": seconds(stored.longest_ns),
                    "records_per_busy_s": stored.records as f64 / seconds(stored.took_ns).max(1e-9),
                }
            })
        }))
    }
}

impl fmt::Debug for Hand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hand({:?}, {:?})", self.job, self.sink)
    }
}
