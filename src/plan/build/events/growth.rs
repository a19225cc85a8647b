//! Topics that get more partitions while the run goes on: how many there will be at most, and in which order.
//!
//! Kafka never takes a partition away, so each growth of a topic must ask for more than there are by then.
use super::Reading;
use crate::plan::Plan;
use crate::plan::build::findings::Findings;
use crate::plan::events::{Action, EventPlan};
use crate::scenario::Scenario;

/// How many partitions a topic with so many at the beginning will ever have.
pub fn most(scenario: &Scenario, topic: &str, at_first: u64) -> u64 {
    let grown = |target: &str| target.strip_prefix("topics.") == Some(topic);
    let events = scenario.document.events.iter().flatten();
    let those = events.filter(|event| event.grow.as_ref().is_some_and(|target| grown(&target.0)));
    those.filter_map(|event| event.to.as_ref()).map(|to| to.0).fold(at_first, u64::max)
}

/// Whether a topic grows.
pub fn grows(scenario: &Scenario, topic: &str) -> bool {
    most(scenario, topic, 0) > 0
}

/// Each growth of a topic comes after a smaller one.
pub fn in_order(plan: &Plan, paths: &[String], found: &mut Findings<'_>) {
    let growth = |(event, path): (&EventPlan, _)| match event.action {
        Action::Grow { topic, to } => Some((topic, event.at.mean(), to, path)),
        _ => None,
    };
    let mut all: Vec<(usize, f64, u32, &String)> = plan.events.iter().zip(paths).filter_map(growth).collect();
    all.sort_by(|one, other| (one.0, one.1).partial_cmp(&(other.0, other.1)).expect("times are numbers"));
    let mut now: Vec<u32> = plan.topics.iter().map(|topic| topic.at_first).collect();
    for (topic, _, to, path) in all {
        let before = std::mem::replace(&mut now[topic], to);
        if to <= before {
            let message =
                format!("`{}` has {before} partitions by then, and Kafka takes none away", plan.topics[topic].name);
            found.error(&format!("{path}.to"), message, format!("write {} or more", before + 1));
        }
    }
}

impl Reading<'_, '_> {
    pub(super) fn grow(&mut self, target: &str) -> Option<(Action, String)> {
        let topic = self.topic("grow", target)?;
        let Some(to) = self.event.to.as_ref().map(|to| to.0 as u32) else {
            self.error("", "does not say how many partitions there will be", "add `to: 16`");
            return None;
        };
        self.used.push("to");
        if self.event.every.is_some() {
            self.error("every", "a topic grows to a number of partitions once", "remove it");
        }
        let writes = |output: &crate::plan::ClientPlan| output.topic == topic;
        if let Some(group) = self.plan.groups.iter().find(|group| group.output.as_ref().is_some_and(writes)) {
            let message = format!("members of `{}` write to it, and do not learn of new partitions yet", group.name);
            self.error("grow", message, "let a topic grow to which only producers write");
        }
        Some((Action::Grow { topic, to }, format!("{target} to {to}")))
    }
}
