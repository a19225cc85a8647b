//! Consumers in processes of their own: what `--processes` asks for, and what such a process does.
//!
//! A process is started as `conga member-process`, which no user types: it reads who it is from its standard input, makes
//! the plan again from the scenario as resolved, and hires for its own members.
use super::hire::Crews;
use super::surroundings::{cpu, peak_rss_bytes};
use super::{Engine, FAILED, GOOD, RunArgs};
use crate::engine::live::{self, Farewell, Hello, Processes, Visit};
use crate::plan::events::{Action, EventPlan};
use crate::plan::{Plan, build};
use crate::scenario::{self, Inputs, Scenario};
use crate::work::{Hand, Labour};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What makes this program a consumer process: a command that no help shows, for no user types it.
pub const COMMAND: &str = "member-process";

/// What a consumer process has to know of the scenario.
#[derive(Debug, Serialize, Deserialize)]
struct Brief {
    resolved: String,
    inputs: Vec<(String, Vec<u8>)>,
    sha256: String,
    /// Where databases grow.
    folder: PathBuf,
}

/// Why consumers of this plan cannot be processes of their own.
#[must_use]
pub fn refused(args: &RunArgs, plan: &Plan) -> Option<String> {
    args.processes?;
    if args.engine == Engine::Sim {
        let remedy = "add `--engine live`, or leave it away";
        return Some(format!("--processes is for a live run: a simulation is one process; {remedy}"));
    }
    if plan.groups.is_empty() {
        return Some("--processes: there are no groups, and so no consumers; leave it away".to_owned());
    }
    let refused = plan.events.iter().find_map(refused_event);
    let read = plan.groups.iter().flat_map(|group| &group.topics).map(|&topic| &plan.topics[topic]);
    refused
        .or_else(|| read.filter(|topic| topic.retention.is_some()).map(|topic| refused_retention(&topic.name)).next())
}

/// Why an event cannot happen to consumers in processes of their own.
fn refused_event(event: &EventPlan) -> Option<String> {
    let (why, remedy) = match event.action {
        Action::Poison { .. } => return None,
        Action::Grow { .. } => ("is not known to a consumer process that takes the place of another", ""),
        _ => ("does not reach consumers in processes of their own", ", or kill a process by hand"),
    };
    let (what, whom) = (event.action.word(), &event.target);
    Some(format!("events: `{what}: {whom}` {why}; run without --processes{remedy}"))
}

fn refused_retention(topic: &str) -> String {
    format!(
        "topics.{topic}.retention: what a consumer process has to read again after another was lost may be deleted by then; \
         remove it, or run without --processes"
    )
}

/// How many processes there will be; adds a warning where that is fewer than asked for.
pub fn count(args: &RunArgs, plan: &mut Plan) -> Option<u32> {
    let asked = u32::from(args.processes?);
    let most = plan.groups.iter().map(|group| group.members).max().unwrap_or(1);
    if asked > most {
        plan.warnings.push(format!(
            "--processes {asked}: no group has more than {most} members, so {most} processes are started; the others would \
             have nobody"
        ));
    }
    Some(asked.min(most))
}

/// How the processes of a run are started.
///
/// # Errors
/// When the system does not tell which program this is.
pub fn start(count: u32, scenario: &Scenario, folder: &Path) -> anyhow::Result<Processes> {
    let inputs = scenario.inputs().iter().map(|(name, bytes)| (name.clone(), bytes.to_vec()));
    let brief = Brief {
        resolved: scenario.resolved_yaml(),
        inputs: inputs.collect(),
        sha256: scenario.sha256.clone(),
        folder: std::path::absolute(folder)?,
    };
    let (program, greeting) = (std::env::current_exe()?, postcard::to_stdvec(&brief)?);
    Ok(Processes { count, program, arguments: vec![COMMAND.to_owned()], greeting })
}

/// Serves as a consumer process.
///
/// # Errors
/// When nobody is there whose process it could be.
pub fn run() -> anyhow::Result<ExitCode> {
    end_when_anybody_panics();
    let done = live::visit(&mut Member::default());
    if let Err(why) = done {
        writeln!(std::io::stderr(), "conga {COMMAND} is started by `conga run --processes` and cannot go on: {why}")?;
        return Ok(ExitCode::from(FAILED));
    }
    Ok(ExitCode::from(GOOD))
}

/// A thread that panics would leave the others waiting.
#[expect(clippy::disallowed_methods, reason = "whoever started this process has to hear of it at once")]
fn end_when_anybody_panics() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        std::process::exit(101);
    }));
}

/// What this process is, once it knows.
#[derive(Debug, Default)]
struct Member {
    crews: Option<Crews>,
    /// By group and member.
    hands: Mutex<Vec<Vec<Option<Hand>>>>,
}

impl Visit for Member {
    fn prepare(&mut self, hello: &Hello) -> Result<Plan, String> {
        let brief: Brief = postcard::from_bytes(&hello.greeting).map_err(|why| why.to_string())?;
        let inputs: Inputs = brief.inputs.into_iter().map(|(name, bytes)| (name, bytes.into())).collect();
        let scenario = scenario::again(&brief.resolved, &inputs).map_err(|problems| problems.to_string())?;
        if scenario.sha256 != brief.sha256 {
            return Err("it has read another scenario than its parent".to_owned());
        }
        let mut plan = build::of_members(&scenario).map_err(|problems| problems.to_string())?;
        plan.run.seed = hello.seed;
        plan.redelivers = true;
        let crews = Crews::new(&plan, &brief.folder);
        for (group, planned) in plan.groups.iter().enumerate() {
            let hand = |member: u32| {
                let mine = member % hello.processes == hello.number;
                if mine { crews.hire(&plan, group, member) } else { Ok(None) }
            };
            let hands: anyhow::Result<Vec<Option<Hand>>> = (0..planned.members).map(hand).collect();
            self.hands.lock().push(hands.map_err(|why| format!("{why:#}"))?);
        }
        self.crews = Some(crews);
        Ok(plan)
    }

    fn hire(&self, group: usize, member: u32) -> Option<Box<dyn Labour>> {
        let hand = self.hands.lock().get_mut(group)?.get_mut(member as usize)?.take()?;
        Some(Box::new(hand))
    }

    fn farewell(&self) -> Farewell {
        let findings = self.crews.as_ref().map_or_else(Vec::new, Crews::found);
        Farewell { cpu: cpu(), peak_rss_bytes: peak_rss_bytes(), findings }
    }
}
