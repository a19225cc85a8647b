//! What befell a run, in a sentence or two: the event that cost most, and the longest rebalance of each group.
//!
//! The charts number all of them; here is what one would tell somebody on the phone.
use crate::outcome::result::{EventResult, GroupResult, RunResult};
use crate::units::show;

/// Groups whose rebalances are told.
const MOST_GROUPS: usize = 2;

/// Whether something befell it, and the lag was back after each time.
#[must_use]
pub fn has_recovered(result: &RunResult) -> bool {
    !result.events.is_empty() && result.events.iter().all(|event| event.time_to_drain_s.is_some())
}

/// The worst of it.
#[must_use]
pub fn sentences(result: &RunResult) -> Vec<String> {
    let mut sentences: Vec<String> = worst(&result.events).into_iter().collect();
    let rebalanced = result.groups.iter().filter(|(_, group)| !group.rebalances.is_empty()).take(MOST_GROUPS);
    sentences.extend(rebalanced.filter_map(|(name, group)| rebalances(name, group)));
    sentences
}

fn worst(events: &[EventResult]) -> Option<String> {
    let cost = |event: &&EventResult| event.time_to_drain_s.unwrap_or(f64::INFINITY);
    let worst = events.iter().max_by(|a, b| cost(a).total_cmp(&cost(b)))?;
    let what = format!("{} {} at {}", worst.what, worst.target, show::duration(worst.at_s));
    let which = if events.len() > 1 { format!("Of {} events the worst was", events.len()) } else { "It saw".into() };
    Some(match worst.time_to_drain_s {
        None => format!("{which} {what}: the lag was not back where it had been before the end."),
        Some(0.0) => format!("{which} {what}, which the lag does not show."),
        Some(after) => format!("{which} {what}: the lag was back where it had been after {}.", show::duration(after)),
    })
}

fn rebalances(name: &str, group: &GroupResult) -> Option<String> {
    let longest = group.rebalances.iter().max_by(|a, b| a.duration_s.total_cmp(&b.duration_s))?;
    let took = format!("{} ({})", show::duration(longest.duration_s), longest.reason);
    let waited = match group.rebalances.iter().map(|one| one.delayed_records).sum() {
        0 => String::new(),
        1 => "; one record waited".to_owned(),
        records => format!("; {} records waited", show::count(records as f64)),
    };
    Some(match group.rebalances.len() {
        1 => format!("Group {name} rebalanced once, which took {took}{waited}."),
        times => format!("Group {name} rebalanced {times} times; the longest took {took}{waited}."),
    })
}
