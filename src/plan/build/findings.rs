//! Problems as they are found, each at the place of its path.
//!
//! Building goes on after an error, with whatever value is at hand: users see every problem at once.
use crate::scenario::{Problem, Scenario};
use std::sync::Arc;

/// Problems collected so far.
pub struct Findings<'s> {
    scenario: &'s Scenario,
    /// What stops a run.
    pub errors: Vec<Problem>,
    /// What does not.
    pub warnings: Vec<Problem>,
}

impl<'s> Findings<'s> {
    /// None yet.
    pub fn new(scenario: &'s Scenario) -> Self {
        Self { scenario, errors: Vec::new(), warnings: Vec::new() }
    }

    /// Contents of a file as the scenario names it.
    pub fn input(&self, reference: &str) -> Option<Arc<[u8]>> {
        self.scenario.input(reference).map(Arc::clone)
    }

    /// Something that stops a run.
    pub fn error(&mut self, path: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.errors.push(Problem::error(self.scenario.place(path), path, message, remedy));
    }

    /// Something to know.
    pub fn warn(&mut self, path: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.warnings.push(Problem::warning(self.scenario.place(path), path, message, remedy));
    }
}

/// The number of a topic by its name. That it exists was checked when the scenario was read.
pub fn topic(name: &str, topics: &[String]) -> usize {
    topics.iter().position(|known| known == name).expect("a scenario names only topics it has")
}
