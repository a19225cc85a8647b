//! The partition that gets the most, and how busy it alone keeps its member.
//!
//! A partition has one member. What is in it cannot be shared, however many members there are.
use crate::outcome::result::Outcome;
use crate::plan::Plan;
use crate::plan::load::{rates, work_s};

/// A partition so many times above an even share stands out.
const STANDS_OUT: f64 = 1.5;

/// A partition that stands out.
#[derive(Clone, Debug, PartialEq)]
pub struct Hot {
    /// Which group reads it.
    pub group: String,
    /// `events-3`.
    pub partition: String,
    /// Its share of the records of its topic.
    pub share: f64,
    /// An even share.
    pub even: f64,
    /// Share of one member's workers that its records keep busy.
    pub used: f64,
    /// Whether further members would change nothing for it: its member has no other partition, or it fills one alone.
    pub alone: bool,
}

/// The hottest partition of each group, where one stands out and something is to be done with its records.
#[must_use]
pub fn hot(plan: &Plan, outcome: &Outcome) -> Vec<Hot> {
    let mut all = hottest(plan, outcome);
    all.retain(|hot| hot.used > 0.0 && hot.share >= STANDS_OUT * hot.even);
    all
}

/// The hottest partition of each group: the one that keeps its member busiest, or gets the most records.
#[must_use]
pub fn hottest(plan: &Plan, outcome: &Outcome) -> Vec<Hot> {
    let Ok(rates) = rates(plan) else { return Vec::new() };
    let of_group = plan.groups.iter().filter_map(|group| {
        let rows = outcome.partitions.iter().filter_map(|row| {
            let topic = plan.topics.iter().position(|topic| topic.name == row.topic)?;
            let read = group.topics.contains(&topic);
            let used = row.share * rates[topic] * work_s(&group.work) / f64::from(group.workers);
            read.then(|| Hot {
                group: group.name.clone(),
                partition: format!("{}-{}", row.topic, row.partition),
                share: row.share,
                even: 1.0 / f64::from(plan.topics[topic].partitions),
                used,
                alone: used >= 1.0 || group.members >= plan.partitions_of(group),
            })
        });
        rows.max_by(|a, b| a.used.total_cmp(&b.used).then(a.share.total_cmp(&b.share)))
    });
    of_group.collect()
}
