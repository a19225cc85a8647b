//! Where the time goes: one bar a group, cut into the stages of a record's way.
//!
//! Each bar is as long as the others, since groups differ by orders of magnitude; the time stands above it.
use super::{Chart, MOST_GROUPS, Table, groups_with_most_lag, left_out};
use crate::outcome::result::{GroupResult, Outcome, StageResult};
use crate::outcome::stages::STAGES;
use crate::report::axis::{Axis, Scale};
use crate::report::palette::Role;
use crate::report::plot::{Block, Panel, Plot};
use crate::units::show;

const BAR: i32 = 38;

/// What a record does in a stage, in the words of the legend.
#[must_use]
pub fn label(stage: &str) -> &'static str {
    match stage {
        "accept" => "waiting for the buffer",
        "batch" => "gathering in a batch",
        "request" => "reaching the broker",
        "replicate" => "being written and replicated",
        "fetch" => "waiting to be fetched",
        "poll" => "waiting for a poll",
        "queue" => "waiting for a worker",
        _ => "being worked on",
    }
}

/// From where to where a stage reaches.
fn reach(stage: &str) -> &'static str {
    match stage {
        "accept" => "due until accepted into the producer's buffer",
        "batch" => "until its request leaves: linger, batch and in-flight window",
        "request" => "until a request handler begins: network and broker queue",
        "replicate" => "until the high watermark passes it: work and replication",
        "fetch" => "until it arrives at the member",
        "poll" => "until a poll hands it out",
        "queue" => "until a worker begins",
        _ => "until it is done",
    }
}

/// Mean time from due to done, as the stages add up.
#[must_use]
pub fn total(group: &GroupResult) -> Option<f64> {
    let known: Option<Vec<f64>> = group.stages.iter().map(|stage| stage.mean_s).collect();
    known.map(|means| means.iter().sum()).filter(|sum| *sum > 0.0)
}

/// The chart, where some group has processed anything.
pub(super) fn chart(outcome: &Outcome) -> Option<Chart> {
    let groups = &outcome.result.groups;
    let timed: Vec<usize> =
        groups_with_most_lag(outcome, MOST_GROUPS).into_iter().filter(|&i| total(&groups[i].1).is_some()).collect();
    let panels: Vec<Panel> = timed.iter().filter_map(|&i| panel(&groups[i].0, &groups[i].1)).collect();
    let rows = timed.iter().flat_map(|&i| table_rows(&groups[i].0, &groups[i].1)).collect();
    (!panels.is_empty()).then(|| Chart {
        file: "stages".to_owned(),
        title: "Where the time goes".to_owned(),
        hint: "Look for the widest part: the mean way of a record from due to done, cut where it changes hands. \
            Only what is wide is worth making faster."
            .to_owned(),
        note: left_out(panels.len(), groups.len(), "groups"),
        plot: Plot {
            x: Axis::of_share(),
            x_name: "share of the mean time from due to done".to_owned(),
            panels,
            marks: Vec::new(),
        },
        table: Table { columns: vec!["group and stage", "mean", "share", "records in it", "reaches"], rows },
        on_page: true,
    })
}

fn panel(name: &str, group: &GroupResult) -> Option<Panel> {
    let total = total(group)?;
    let mut from = 0.0;
    let block = |(i, stage): (usize, &StageResult)| {
        let mean = stage.mean_s.unwrap_or(0.0).max(0.0);
        let begins = from;
        from += mean / total;
        let (label, time) = (label(&stage.stage), show::duration(mean));
        Block {
            name: label.to_owned(),
            role: Role::Series(i),
            corners: [(begins, 0.0), (from.min(1.0), 1.0)],
            title: format!("{label}: {time} ({})", show::percent(mean / total)),
        }
    };
    let blocks = group.stages.iter().enumerate().map(block).collect();
    let axis = Axis::new(0.0, 1.0, Scale::Linear, Vec::new());
    let heading = format!("{name}: {} on average", show::duration(total));
    Some(Panel { heading, height: Some(BAR), ..Panel::of_blocks("", axis, blocks) })
}

fn table_rows(name: &str, group: &GroupResult) -> Vec<Vec<String>> {
    let total = total(group).unwrap_or(f64::NAN);
    let row = |stage: &StageResult| {
        let mean = stage.mean_s.unwrap_or(f64::NAN);
        let held = stage.records_mean.unwrap_or(f64::NAN);
        vec![
            format!("{name}: {}", label(&stage.stage)),
            show::duration(mean),
            show::percent(mean / total),
            show::count(held),
            reach(&stage.stage).to_owned(),
        ]
    };
    debug_assert_eq!(group.stages.len(), STAGES.len());
    group.stages.iter().map(row).collect()
}
