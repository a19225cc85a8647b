//! Problems as they are found, each at the place of its path.
use crate::scenario::{Problem, Scenario, list, nearest};

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

    /// Something that stops a run.
    pub fn error(&mut self, path: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.errors.push(Problem::error(self.scenario.place(path), path, message, remedy));
    }

    /// Something to know.
    pub fn warn(&mut self, path: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.warnings.push(Problem::warning(self.scenario.place(path), path, message, remedy));
    }

    /// The number of a name; an error with the nearest one where nobody has it.
    pub fn index(&mut self, path: &str, kind: &str, name: &str, names: &[String]) -> Option<usize> {
        let index = names.iter().position(|known| known == name);
        if index.is_none() {
            let known = || names.iter().map(String::as_str);
            let remedy = match nearest(name, known()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", list(known().take(10))),
            };
            let shown: String = name.chars().take(64).filter(|c| !c.is_control()).collect();
            self.error(path, format!("no {kind} is called `{shown}`"), remedy);
        }
        index
    }
}
