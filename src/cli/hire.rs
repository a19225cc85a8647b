//! From what a plan says of work to hands that do it: programs are started, databases opened, dice and clocks handed in.
//!
//! It stands here because it touches everything at once: standard output, the folder of the result, the clock.
use super::Engine;
use crate::model::random::{Draws, Stream};
use crate::plan::{App, GroupPlan, Job as Planned, Plan};
use crate::work::exec::Exec;
use crate::work::print::Print;
use crate::work::sink::Sink;
use crate::work::spin::Spin;
use crate::work::{self, Crew, Done, Failed, Found, Hand, Item, Job, Labour, Place, Table};
use anyhow::Context;
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Whoever does the real work of a run: hired before it, so that what cannot be started is told before anything ran.
#[derive(Debug)]
pub struct Roster {
    crews: Crews,
    hands: Mutex<Vec<Vec<Option<Hand>>>>,
    plan: Plan,
    /// Databases grow here, beside the result's folder, which appears whole or not at all.
    place: Option<TempDir>,
}

impl Roster {
    /// Everybody a plan needs; nobody in a simulation, or where consumer processes hire for themselves.
    ///
    /// # Errors
    /// When a program cannot be started or a database cannot be opened.
    pub fn hire(plan: &Plan, engine: Engine, here: bool, dir: &Path) -> anyhow::Result<Self> {
        let place = if engine == Engine::Live && plan.groups.iter().any(|group| group.store.is_some()) {
            let dir = std::path::absolute(dir)?;
            let parent = dir.parent().unwrap_or(Path::new("/"));
            std::fs::create_dir_all(parent)?;
            Some(tempfile::Builder::new().prefix(".conga-").tempdir_in(parent)?)
        } else {
            None
        };
        let crews = Crews::new(plan, place.as_ref().map_or(dir, TempDir::path));
        let hands = if engine == Engine::Live && here { crews.hire_all(plan)? } else { Vec::new() };
        Ok(Self { crews, hands: Mutex::new(hands), plan: plan.clone(), place })
    }

    /// Where databases grow.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.crews.folder
    }

    /// Takes in what a consumer process has found.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn join(&self, findings: &[u8]) -> anyhow::Result<()> {
        self.crews.join(findings)
    }

    /// The hand of a member: the one hired before the run at first, and later another.
    #[must_use]
    pub fn take(&self, group: usize, member: u32) -> Option<Box<dyn Labour>> {
        let mut hands = self.hands.lock();
        let first = hands.get_mut(group)?.get_mut(member as usize).and_then(Option::take);
        if let Some(first) = first {
            return Some(Box::new(first));
        }
        match self.crews.hire(&self.plan, group, member) {
            Ok(hand) => Some(Box::new(hand?)),
            Err(why) => Some(Box::new(Absent(Failed(format!("{why:#}"))))),
        }
    }

    /// Puts what the work found into the folder of the result: tables, and databases as they are.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn leave(&self, plan: &Plan, dir: &Path) -> std::io::Result<()> {
        for (path, contents) in self.crews.files(plan) {
            let path = dir.join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(dir))?;
            std::fs::write(path, contents)?;
        }
        let Some(place) = &self.place else { return Ok(()) };
        for file in std::fs::read_dir(place.path())? {
            let file = file?;
            std::fs::rename(file.path(), dir.join(file.file_name()))?;
        }
        Ok(())
    }
}

/// Somebody who could not be hired while the run went on: says so when there is work.
#[derive(Debug)]
struct Absent(Failed);

impl Labour for Absent {
    fn work(&mut self, _: &Place<'_>, _: &[Item<'_>], _: &mut Done) -> Result<(), Failed> {
        Err(self.0.clone())
    }
}

/// The crews of all groups of a plan.
#[derive(Debug)]
pub struct Crews {
    all: Vec<Crew>,
    /// Where databases lie.
    folder: PathBuf,
    began: Instant,
}

impl Crews {
    /// Nobody hired yet. Databases will lie in `folder`, which is there.
    #[expect(clippy::disallowed_methods, reason = "real work takes real time")]
    #[must_use]
    pub fn new(plan: &Plan, folder: &Path) -> Self {
        let all = plan.groups.iter().map(|_| Crew::default()).collect();
        Self { all, folder: folder.to_owned(), began: Instant::now() }
    }

    /// A hand for a member; none where its work is a delay and its results go to no database.
    ///
    /// # Errors
    /// When a program cannot be started or a database cannot be opened.
    pub fn hire(&self, plan: &Plan, group: usize, member: u32) -> anyhow::Result<Option<Hand>> {
        let planned = &plan.groups[group];
        let Some(job) = self.job(plan, planned, member)? else { return Ok(None) };
        let store = planned.store.as_ref().map(|name| Sink::open(&self.folder.join(name))).transpose()?;
        Ok(Some(self.all[group].hire(job, store, self.clock())))
    }

    /// Hands for all members, by group and member: whatever cannot be started is told before the run, not within it.
    ///
    /// # Errors
    /// As [`Crews::hire`].
    pub fn hire_all(&self, plan: &Plan) -> anyhow::Result<Vec<Vec<Option<Hand>>>> {
        let hands =
            |group: usize| (0..plan.groups[group].members).map(|member| self.hire(plan, group, member)).collect();
        (0..plan.groups.len()).map(hands).collect()
    }

    /// What all members who have finished found, for the crews of another process.
    ///
    /// # Panics
    /// Never: what was found is plain data.
    #[must_use]
    pub fn found(&self) -> Vec<u8> {
        let found: Vec<Vec<Found>> = self.all.iter().map(Crew::found).collect();
        postcard::to_stdvec(&found).expect("what was found is plain data")
    }

    /// Takes that in.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn join(&self, findings: &[u8]) -> anyhow::Result<()> {
        let found: Vec<Vec<Found>> = postcard::from_bytes(findings).context("what a consumer process found")?;
        self.all.iter().zip(found).for_each(|(crew, found)| crew.join(found));
        Ok(())
    }

    /// What the members of a group who have finished found, together.
    #[must_use]
    pub fn tables(&self, group: usize) -> Vec<Table> {
        self.all[group].tables()
    }

    /// The same as files: where in the folder of the result, and what is in them.
    #[must_use]
    pub fn files(&self, plan: &Plan) -> Vec<(PathBuf, Vec<u8>)> {
        let groups = plan.groups.iter().enumerate();
        let file = |name: &str, table: &Table| {
            let path = Path::new("work").join(name).join(table.name).with_extension("csv");
            (path, table.csv())
        };
        groups
            .flat_map(|(i, group)| self.tables(i).iter().map(|table| file(&group.name, table)).collect::<Vec<_>>())
            .collect()
    }

    #[expect(clippy::disallowed_methods, reason = "real work takes real time")]
    fn clock(&self) -> impl Fn() -> u64 + Clone + Send + 'static {
        let began = self.began;
        move || Instant::now().duration_since(began).as_nanos() as u64
    }

    fn job(&self, plan: &Plan, planned: &GroupPlan, member: u32) -> anyhow::Result<Option<Job>> {
        let who = || format!("the work of member {member} of group `{}`", planned.name);
        Ok(Some(match &planned.job {
            Planned::Delay => return Ok(None),
            Planned::Spin(law) => {
                let stream = Stream::named(plan.run.seed, &format!("spin/{}/{member}", planned.name));
                let mut draws = Draws::new(law, stream);
                Job::Spin(Spin::new(move || draws.span().ns(), self.clock()))
            }
            Planned::Print => Job::Print(Print::new(std::io::stdout())),
            Planned::App(app) => Job::app(match app {
                App::Flows => work::App::Flows,
                App::Posts => work::App::Posts,
                App::Sentiment => work::App::Sentiment,
            }),
            Planned::Exec { words, timeout } => {
                Job::Exec(Exec::start(words, Duration::from_nanos(timeout.ns())).with_context(who)?)
            }
        }))
    }
}
