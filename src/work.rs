//! Real work: what members do with the bytes of records, beyond waiting for a drawn time.
//!
//! A closed set of jobs with one way in, [`Job::take`]: records of one partition, in the order of their offsets. A job
//! knows no engine and looks at no clock, but where its work is to burn time (`spin`, with the clock it was handed) or to
//! run somebody else's program (`exec`). The state of applications belongs to partitions, not to members: merged, it says
//! the same however partitions were dealt, and a record that comes twice counts once while its partition stays.
mod crew;
pub mod exec;
pub mod flows;
mod labour;
pub mod posts;
pub mod print;
pub mod results;
pub mod sentiment;
pub mod sink;
mod sketch;
pub mod spin;
pub mod state;
mod tables;
mod windows;

pub use crew::{Crew, Hand};
pub use labour::{Done, Failed, Item, Labour, Place};
pub use results::{Count, Results};
pub use sketch::{Sketch, Summary};
pub use state::Held;
pub use tables::{Table, instant};

use serde::{Deserialize, Serialize};
use state::States;

/// Where records come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// The partition's number in the topic.
    pub partition: u32,
}

/// An application that conga brings along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum App {
    /// Network traffic analysis of flow records.
    Flows,
    /// What a social network talks about.
    Posts,
    /// Whether posts are friendly.
    Sentiment,
}

impl App {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Flows, Self::Posts, Self::Sentiment];

    /// As it is written in a scenario.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Flows => "flows",
            Self::Posts => "posts",
            Self::Sentiment => "sentiment",
        }
    }
}

/// What one member (or worker of a member) does with records.
#[derive(Debug)]
pub enum Job {
    /// Burns time.
    Spin(spin::Spin),
    /// Shows records.
    Print(print::Print),
    /// Runs a program.
    Exec(exec::Exec),
    /// Analyses network traffic.
    Flows(States<flows::State>),
    /// Analyses a social network.
    Posts(States<posts::State>),
    /// Reads moods.
    Sentiment(States<sentiment::State>),
}

/// What an application has found, on its way from one process to another.
#[derive(Debug, Serialize, Deserialize)]
pub enum Found {
    /// In network traffic.
    Flows(States<flows::State>),
    /// In a social network.
    Posts(States<posts::State>),
    /// Moods.
    Sentiment(States<sentiment::State>),
}

impl From<Found> for Job {
    fn from(found: Found) -> Self {
        match found {
            Found::Flows(states) => Self::Flows(states),
            Found::Posts(states) => Self::Posts(states),
            Found::Sentiment(states) => Self::Sentiment(states),
        }
    }
}

/// Why a job cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A program failed.
    #[error(transparent)]
    Exec(#[from] exec::Failed),
    /// Nobody takes what is printed.
    #[error("cannot print: {0}")]
    Print(#[from] std::io::Error),
}

impl Job {
    /// An application with nothing seen yet.
    #[must_use]
    pub fn app(app: App) -> Self {
        match app {
            App::Flows => Self::Flows(States::new(flows::State::new(flows::Settings::default()))),
            App::Posts => Self::Posts(States::new(posts::State::new(posts::Settings::default()))),
            App::Sentiment => Self::Sentiment(States::new(sentiment::State::new(sentiment::Settings::default()))),
        }
    }

    /// Works on records of one partition and appends one result for each: for an application what it found in the record,
    /// for a program the line it printed, otherwise the record's payload.
    ///
    /// # Errors
    /// When a program fails, or what is printed goes nowhere. Records that say nothing to an application are no error:
    /// they are counted, and their result says so.
    pub fn take(&mut self, from: Source<'_>, records: &[Item<'_>], out: &mut Results) -> Result<(), Failure> {
        match self {
            Self::Spin(spin) => spin.take(records, out),
            Self::Print(print) => print.take(from, records, out)?,
            Self::Exec(exec) => exec.take(records, out)?,
            Self::Flows(states) => states.take(from, records, out),
            Self::Posts(states) => states.take(from, records, out),
            Self::Sentiment(states) => states.take(from, records, out),
        }
        Ok(())
    }

    /// Ends what goes on outside: a program reads the end of its input and has to end well, what is printed is written
    /// out. State stays, for [`tables`].
    ///
    /// # Errors
    /// When the program ends badly, or what is printed goes nowhere.
    pub fn flush(&mut self) -> Result<(), Failure> {
        match self {
            Self::Print(print) => print.flush()?,
            Self::Exec(exec) => exec.finish()?,
            Self::Spin(_) | Self::Flows(_) | Self::Posts(_) | Self::Sentiment(_) => {}
        }
        Ok(())
    }

    /// What it has found, if it looks for anything.
    #[must_use]
    pub fn found(self) -> Option<Found> {
        match self {
            Self::Spin(_) | Self::Print(_) | Self::Exec(_) => None,
            Self::Flows(states) => Some(Found::Flows(states)),
            Self::Posts(states) => Some(Found::Posts(states)),
            Self::Sentiment(states) => Some(Found::Sentiment(states)),
        }
    }

    /// Gives away what it knows of a partition that another member works on from now on.
    pub fn release(&mut self, from: Source<'_>) -> Option<Held> {
        match self {
            Self::Spin(_) | Self::Print(_) | Self::Exec(_) => None,
            Self::Flows(states) => states.release(from).map(Held::Flows),
            Self::Posts(states) => states.release(from).map(Held::Posts),
            Self::Sentiment(states) => states.release(from).map(Held::Sentiment),
        }
    }

    /// Takes over what another member's same job knew of a partition.
    pub fn adopt(&mut self, from: Source<'_>, held: Held) {
        match (self, held) {
            (Self::Flows(states), Held::Flows(state)) => states.adopt(from, state),
            (Self::Posts(states), Held::Posts(state)) => states.adopt(from, state),
            (Self::Sentiment(states), Held::Sentiment(state)) => states.adopt(from, state),
            _ => panic!("members of a group do the same job"),
        }
    }
}

/// What the jobs of all members of a group found, together: the same bytes however partitions were dealt.
#[must_use]
pub fn tables<'j>(jobs: impl IntoIterator<Item = &'j Job>) -> Vec<Table> {
    let (mut flows, mut posts, mut sentiment) = (Vec::new(), Vec::new(), Vec::new());
    for job in jobs {
        match job {
            Job::Flows(states) => flows.push(states),
            Job::Posts(states) => posts.push(states),
            Job::Sentiment(states) => sentiment.push(states),
            Job::Spin(_) | Job::Print(_) | Job::Exec(_) => {}
        }
    }
    let mut tables = state::merged(&flows).map_or_else(Vec::new, |state| state.tables());
    tables.extend(state::merged(&posts).map_or_else(Vec::new, |state| state.tables()));
    tables.extend(state::merged(&sentiment).map_or_else(Vec::new, |state| state.tables()));
    tables
}
