//! The tables beside the result: members, sizes of batches, latency over time.
//!
//! From counters to rows, of one run: where there are repetitions, the first stands for all.
use super::recorder::Recording;
use super::result::{BatchRow, HeatRow, MemberRow};
use crate::plan::Plan;

const NS: f64 = 1e-9;

/// A row a member.
#[must_use]
pub fn members(plan: &Plan, run: &Recording) -> Vec<MemberRow> {
    let window = run.window_at[1].since(run.window_at[0]).seconds();
    let mut rows = Vec::new();
    for (g, group) in plan.groups.iter().enumerate() {
        let [begins, ends] = run.window.each_ref().map(|totals| &totals.groups[g].members);
        let time = window * f64::from(group.workers);
        let first = rows.len();
        rows.extend((0..group.most_members).map(|member| MemberRow {
            group: group.name.clone(),
            member,
            partitions: 0,
            processed: 0,
            utilisation: match (ends[member as usize] - begins[member as usize]).seconds() {
                busy if time > 0.0 => busy / time,
                _ => 0.0,
            },
        }));
        for topic in group.topics.iter().map(|&topic| &plan.topics[topic]) {
            for partition in topic.numbers() {
                let place = &run.places[g * run.partitions.len() + partition as usize];
                let row = &mut rows[first + place.member as usize];
                row.partitions += 1;
                row.processed += place.processed;
            }
        }
    }
    rows
}

/// How many batches of each size, by topic.
#[must_use]
pub fn batches(plan: &Plan, run: &Recording) -> Vec<BatchRow> {
    let of_topic = |(topic, totals): (&crate::plan::TopicPlan, &super::recorder::TopicTotals)| {
        let row = |step: super::heat::Step| BatchRow {
            topic: topic.name.clone(),
            from: step.low,
            to: step.high.max(step.low + 1) - 1,
            batches: step.count,
        };
        totals.sizes.steps().into_iter().map(row).collect::<Vec<_>>()
    };
    plan.topics.iter().zip(&run.end.topics).flat_map(of_topic).collect()
}

/// Latencies over time, by group.
#[must_use]
pub fn heat(plan: &Plan, run: &Recording) -> Vec<HeatRow> {
    let mut rows = Vec::new();
    for (group, latency) in plan.groups.iter().zip(&run.groups) {
        for stretch in latency.heat.stretches() {
            rows.extend(stretch.steps.iter().map(|step| HeatRow {
                group: group.name.clone(),
                start_s: stretch.start.seconds(),
                end_s: stretch.end.seconds(),
                low_s: step.low as f64 * NS,
                high_s: step.high as f64 * NS,
                records: step.count,
            }));
        }
    }
    rows
}
