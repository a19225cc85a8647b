//! What else might help where no candidate passes although there is capacity: settings that cost latency, other resources.
//!
//! Each is tried on the last candidate by a single run, alone and in the end all together, so that nobody is told to change
//! what does not help. Work that takes longer than the bound allows needs no run: nothing but cheaper work can help then.
use super::failures::changed;
use super::quest::Goal;
use super::trial::{Choice, Stopped, Trials, Tried};
use crate::plan::Plan;
use crate::plan::load::work_s;

/// Something that was tried instead of more of what was asked for.
#[derive(Clone, Debug)]
pub struct Remedy {
    /// What was set, the candidate's own values aside.
    pub set: Choice,
    /// What came out.
    pub tried: Tried,
}

/// Tries what might help the last candidate.
///
/// # Errors
/// When somebody interrupts it, or a run breaks a law.
pub fn remedies(trials: &mut Trials<'_>, plan: &Plan, goal: &Goal, last: &Choice) -> Result<Vec<Remedy>, Stopped> {
    let levers: Vec<Choice> = levers(plan).into_iter().map(|lever| unasked(lever, goal)).collect();
    let mut levers: Vec<Choice> = levers.into_iter().filter(|lever| !lever.is_empty()).collect();
    if levers.len() > 1 {
        levers.push(levers.concat());
    }
    let mut all: Vec<Remedy> = Vec::new();
    let single = levers.len() - usize::from(levers.len() > 1);
    for (i, set) in levers.into_iter().enumerate() {
        if i >= single && all.iter().any(|remedy| remedy.tried.passed) {
            break;
        }
        let with = set.iter().fold(last.clone(), |with, (path, value)| changed(&with, path, value.clone()));
        let tried = trials.glance(&with)?;
        all.push(Remedy { set, tried });
    }
    Ok(all)
}

/// Without what is asked for already.
fn unasked(lever: Choice, goal: &Goal) -> Choice {
    let asked = |path: &String| matches!(goal, Goal::Least(asked) | Goal::Greatest(asked) if asked == path);
    lever.into_iter().filter(|(path, _)| !asked(path)).collect()
}

/// Settings that make records wait, then twice of what does the work.
fn levers(plan: &Plan) -> Vec<Choice> {
    let lingering = plan.producers.iter().filter(|producer| !producer.client.linger.is_zero());
    let linger = lingering.map(|producer| (format!("producers.{}.linger", producer.name), "0s".to_owned()));
    let waiting = plan.groups.iter().filter(|group| group.fetch_min_bytes > 1);
    let fetch = waiting.map(|group| (format!("groups.{}.fetch.min_bytes", group.name), "1 B".to_owned()));
    let working = || plan.groups.iter().filter(|group| work_s(&group.work) > 0.0);
    let members = working().map(|group| (format!("groups.{}.members", group.name), (group.members * 2).to_string()));
    let workers = working().map(|group| (format!("groups.{}.workers", group.name), (group.workers * 2).to_string()));
    let brokers = ("cluster.brokers".to_owned(), (plan.cluster.brokers * 2).to_string());
    let costs = plan.cluster.request_work.mean() > 0.0 || plan.cluster.bandwidth.is_finite();
    vec![
        linger.collect(),
        fetch.collect(),
        members.collect(),
        workers.collect(),
        if costs { vec![brokers] } else { Choice::new() },
    ]
}
