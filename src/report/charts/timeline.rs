//! What became of a group: a lane for each member with what it did when, and above them every rebalance.
//!
//! Drawn where members can come and go. A rebalance is a block as long as it took; the table says what it cost.
use super::{Chart, MOST_GROUPS, OverTime, Table, groups_with_most_lag};
use crate::outcome::result::{GroupResult, LaneRow, RebalanceResult};
use crate::report::axis::{Axis, Scale};
use crate::report::palette::{Role, State};
use crate::report::plot::{Block, Panel, Plot};
use crate::units::show;
use std::collections::BTreeSet;

/// Lanes drawn, and rebalances in the table.
const MOST_MEMBERS: usize = 24;
const MOST_ROWS: usize = 40;
/// Height of a lane in pixels.
const LANE: i32 = 17;
/// What takes no time is drawn so much of the run wide, or nobody would see it.
const LEAST: f64 = 1.0 / 400.0;

/// A chart a group.
pub(super) fn timelines(over: &OverTime<'_>) -> Vec<Chart> {
    let outcome = over.outcome;
    let groups = &outcome.result.groups;
    let shown = groups_with_most_lag(outcome, MOST_GROUPS);
    let chart = |(i, (name, group)): (usize, &(String, GroupResult))| {
        let lanes: Vec<&LaneRow> = outcome.lanes.iter().filter(|row| row.group == *name).collect();
        let is_eventful = !group.rebalances.is_empty() || lanes.iter().any(|row| row.state != "working");
        is_eventful.then(|| Chart { on_page: shown.contains(&i), ..timeline(over, name, group, &lanes) })
    };
    groups.iter().enumerate().filter_map(chart).collect()
}

fn timeline(over: &OverTime<'_>, name: &str, group: &GroupResult, rows: &[&LaneRow]) -> Chart {
    let (members, all) = members(rows);
    let lane = |member: u32| members.iter().position(|one| *one == member).map(|at| (members.len() - 1 - at) as f64);
    let end = over.outcome.series.last().map_or(1.0, |row| row.interval.end_s);
    let top = members.len() as f64;
    let mut blocks: Vec<Block> = Vec::new();
    for row in rows {
        let Some(y) = lane(row.member) else { continue };
        let (role, state) = looks(&row.state);
        blocks.push(Block {
            name: state.to_owned(),
            role,
            corners: [(row.from_s, y + 0.12), (row.to_s.max(row.from_s + end * LEAST).min(end), y + 0.88)],
            title: format!(
                "member {}: {state} from {} for {}",
                row.member,
                show::duration(row.from_s),
                show::duration(row.to_s - row.from_s)
            ),
        });
    }
    blocks.extend(group.rebalances.iter().map(|one| Block {
        name: "rebalance".to_owned(),
        role: Role::Series(1),
        corners: [(one.at_s, top + 0.12), ((one.at_s + one.duration_s.max(end * LEAST)).min(end), top + 0.88)],
        title: in_words(one),
    }));
    let mut ticks: Vec<(f64, String)> =
        members.iter().filter_map(|&member| Some((lane(member)? + 0.5, member.to_string()))).collect();
    ticks.push((top + 0.5, "group".to_owned()));
    let axis = Axis::new(0.0, top + 1.0, Scale::Linear, ticks);
    let height = (i32::try_from(members.len()).unwrap_or(i32::MAX / 64) + 1) * LANE;
    let panel = Panel { height: Some(height.max(3 * LANE)), ..Panel::of_blocks("members", axis, blocks) };
    let left_out = if all > members.len() {
        format!("Shown: {} of {all} members, those to whom most happened.", members.len())
    } else {
        String::new()
    };
    Chart {
        file: format!("timeline-{name}"),
        title: format!("What became of the members of {name}"),
        hint: "Look at how long lanes are not at work after each mark: that is what it cost. Blocks in the uppermost lane are \
            rebalances; where all lanes stop with one, the group stops the world."
            .to_owned(),
        note: left_out,
        plot: Plot::over_time(&over.time, vec![panel], &over.marks),
        table: table(group),
        on_page: true,
    }
}

/// The members to draw, and how many there are: where there are too many, those to whom most happened.
fn members(rows: &[&LaneRow]) -> (Vec<u32>, usize) {
    let all: BTreeSet<u32> = rows.iter().map(|row| row.member).collect();
    let mut members: Vec<u32> = all.iter().copied().collect();
    let stays = |member: u32| rows.iter().filter(|row| row.member == member).count();
    if members.len() > MOST_MEMBERS {
        members.sort_by_key(|&member| (std::cmp::Reverse(stays(member)), member));
        members.truncate(MOST_MEMBERS);
        members.sort_unstable();
    }
    (members, all.len())
}

/// How a stay looks, and what it is called.
fn looks(state: &str) -> (Role, &str) {
    match state {
        "working" => (Role::Cell(State::Passes), "has partitions"),
        "waiting" => (Role::Cell(State::Partly), "has none"),
        "paused" => (Role::Cell(State::Broke), "stands still"),
        "crashed" => (Role::Cell(State::Fails), "crashed"),
        "left" => (Role::Cell(State::Refused), "has left"),
        other => (Role::Cell(State::Ran), other),
    }
}

fn in_words(one: &RebalanceResult) -> String {
    format!(
        "generation {}, {}: {}, {} partitions moved, {} of partitions standing still, {} records delayed",
        one.generation,
        one.reason,
        show::duration(one.duration_s),
        one.partitions_moved,
        show::duration(one.stopped_partition_s),
        show::count(one.delayed_records as f64)
    )
}

fn table(group: &GroupResult) -> Table {
    let row = |one: &RebalanceResult| {
        vec![
            show::duration(one.at_s),
            one.reason.clone(),
            one.generation.to_string(),
            show::duration(one.duration_s),
            one.partitions_moved.to_string(),
            show::duration(one.stopped_partition_s),
            show::count(one.delayed_records as f64),
        ]
    };
    Table {
        columns: vec![
            "rebalance at",
            "cause",
            "generation",
            "took",
            "partitions moved",
            "stopped, partition time",
            "records delayed",
        ],
        rows: group.rebalances.iter().take(MOST_ROWS).map(row).collect(),
    }
}
