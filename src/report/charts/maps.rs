//! Maps in which colour says how much: latency over time, and partitions side by side.
//!
//! Steps grow by ratios, so that one cell far above the others does not make all of them alike.
use super::{Chart, LATENCY, Table, groups_with_most_lag};
use crate::outcome::result::{HeatRow, Outcome, PartitionGroup, PartitionRow};
use crate::report::axis::{Axis, Scale, TimeAxis};
use crate::report::palette::{HEAT, Role};
use crate::report::plot::{Block, Panel, Plot};
use crate::units::show;

/// Charts of one kind on the page, where each group has one of its own.
pub(super) const MOST_MAPS: usize = 2;
/// Cells that tell their value to who points at them.
const MOST_TITLES: usize = 200;
/// Partitions in one row of a map, and rows in a table.
const MOST_IN_A_ROW: usize = 24;
const MOST_ROWS: usize = 20;
/// Pixels of a row of a map.
const ROW: i32 = 26;

/// A map of latency over time for each group.
pub(super) fn latency(outcome: &Outcome, time: &TimeAxis, marks: &[f64]) -> Vec<Chart> {
    let on_page = groups_with_most_lag(outcome, MOST_MAPS);
    let names = outcome.result.groups.iter().map(|(name, _)| name).enumerate();
    names
        .filter_map(|(i, name)| {
            let rows: Vec<&HeatRow> = outcome.heat.iter().filter(|row| row.group == *name).collect();
            let (least, greatest) = ends(&rows)?;
            let panel = Panel::of_blocks(LATENCY, Axis::of_decades(least, greatest), cells(&rows));
            Some(Chart {
                file: format!("latency-map-{name}"),
                title: format!("Every latency of {name} over time"),
                hint: "Look for what percentiles hide: two separate stripes are two kinds of records, slanted ones a \
                    queue that empties, a lonely spot far above a pause."
                    .to_owned(),
                note: String::new(),
                plot: Plot::over_time(time, vec![panel], marks),
                table: by_latency(&rows),
                on_page: on_page.contains(&i),
            })
        })
        .collect()
}

/// A latency of less than a microsecond is drawn as one.
fn ends(rows: &[&HeatRow]) -> Option<(f64, f64)> {
    const LEAST: f64 = 1e-6;
    let least = rows.iter().map(|row| row.low_s).min_by(f64::total_cmp)?.max(LEAST);
    let greatest = rows.iter().map(|row| row.high_s).max_by(f64::total_cmp)?.max(2.0 * LEAST);
    Some((least, greatest))
}

/// Neighbours of one colour above each other become one block.
fn cells(rows: &[&HeatRow]) -> Vec<Block> {
    let most = rows.iter().map(|row| row.records).max().unwrap_or(1);
    let steps = Steps::of(most, HEAT);
    let mut blocks: Vec<Block> = Vec::new();
    for row in rows {
        let (level, name) = steps.of_count(row.records);
        let corners = [(row.start_s, row.low_s), (row.end_s, row.high_s)];
        match blocks.last_mut() {
            Some(last) if last.role == Role::Heat(level) && touches(last.corners, corners) => {
                last.corners[1] = corners[1];
            }
            _ => blocks.push(Block { name, role: Role::Heat(level), corners, title: String::new() }),
        }
    }
    blocks
}

fn touches(below: [(f64, f64); 2], above: [(f64, f64); 2]) -> bool {
    below[0].0.total_cmp(&above[0].0).is_eq() && below[1].1.total_cmp(&above[0].1).is_eq()
}

/// Steps of a count, each as many times greater than the one before.
struct Steps {
    /// First number of each step.
    from: Vec<u64>,
    most: u64,
}

impl Steps {
    fn of(most: u64, steps: usize) -> Self {
        let edge = |i: usize| ((most + 1) as f64).powf(i as f64 / steps as f64).ceil() as u64;
        let mut from: Vec<u64> = (0..steps).map(edge).filter(|&edge| edge <= most).collect();
        from.dedup();
        Self { from, most }
    }

    fn of_count(&self, count: u64) -> (usize, String) {
        let step = self.from.partition_point(|&from| from <= count).max(1) - 1;
        let to = self.from.get(step + 1).map_or(self.most, |next| next - 1);
        let (low, high) = (show::count(self.from[step] as f64), show::count(to as f64));
        // The last steps are the dark ones, however few there are.
        (step + HEAT - self.from.len(), if low == high { low } else { format!("{low} to {high}") })
    }
}

/// How many records had which latency, over the whole run, by decades halved.
fn by_latency(rows: &[&HeatRow]) -> Table {
    let all: u64 = rows.iter().map(|row| row.records).sum();
    let mut halves: std::collections::BTreeMap<i32, u64> = std::collections::BTreeMap::new();
    for row in rows {
        *halves.entry((row.low_s.max(1e-9).log10() * 2.0).floor() as i32).or_default() += row.records;
    }
    let edge = |half: i32| show::duration(10_f64.powf(f64::from(half) / 2.0));
    let row = |(half, count): (i32, u64)| {
        vec![
            format!("{} to {}", edge(half), edge(half + 1)),
            show::count(count as f64),
            show::percent(count as f64 / all.max(1) as f64),
        ]
    };
    Table { columns: vec!["latency", "records", "share"], rows: halves.into_iter().map(row).collect() }
}

/// For topics with several partitions the share of each, for the groups that read them the greatest lag of each.
pub(super) fn partitions(outcome: &Outcome) -> Vec<Chart> {
    let groups = &outcome.result.groups;
    let on_page = groups_with_most_lag(outcome, MOST_MAPS);
    let mut charts = Vec::new();
    for (nth, (name, topic)) in outcome.result.topics.iter().filter(|(_, topic)| topic.partitions > 1).enumerate() {
        let rows: Vec<&PartitionRow> = outcome.partitions.iter().filter(|row| row.topic == *name).collect();
        if rows.len() < 2 {
            continue;
        }
        let even = 1.0 / f64::from(topic.partitions);
        let cells = rows.iter().map(|row| {
            let (level, label) = of_even(row.share / even);
            Cell { level, label, value: row.share, text: show::percent(row.share) + &since(row), name: place_of(row) }
        });
        let mut chart = map(cells.collect(), "share of its records");
        chart.file = format!("partition-shares-{name}");
        chart.title = format!("How evenly {name} is spread over its partitions");
        let even = show::percent(even);
        chart.hint =
            format!("Look for cells that stand out: an even share is {even}, and a partition far above it is hot.");
        chart.on_page = nth < MOST_MAPS;
        charts.push(chart);
    }
    for (i, (name, _)) in groups.iter().enumerate() {
        let seen = |row| Option::zip(Some(row), row_of(row, i));
        let rows: Vec<(&PartitionRow, &PartitionGroup)> = outcome.partitions.iter().filter_map(seen).collect();
        let most = rows.iter().map(|(_, seen)| seen.lag_max).max().unwrap_or(0);
        if rows.len() < 2 || most == 0 {
            continue;
        }
        let steps = Steps::of(most, HEAT - 1);
        let cells = rows.iter().map(|(row, seen)| {
            let none = || (0, "none".to_owned());
            let (level, label) = if seen.lag_max == 0 { none() } else { steps.of_count(seen.lag_max) };
            let text = show::count(seen.lag_max as f64) + &since(row);
            Cell { level, label, value: seen.lag_max as f64, text, name: place_of(row) }
        });
        let mut chart = map(cells.collect(), "greatest lag, records");
        chart.file = format!("partition-lags-{name}");
        chart.title = format!("Greatest lag of each partition of {name}");
        "Look for a few cells that stand out: their members or keys are the trouble, not the group as a whole."
            .clone_into(&mut chart.hint);
        chart.on_page = on_page.contains(&i);
        charts.push(chart);
    }
    charts
}

fn row_of(row: &PartitionRow, group: usize) -> Option<&PartitionGroup> {
    row.groups.get(group)?.as_ref()
}

fn place_of(row: &PartitionRow) -> String {
    format!("{}-{}", row.topic, row.partition)
}

/// When a partition came, where that was after the beginning.
fn since(row: &PartitionRow) -> String {
    let at = row.since_s.filter(|at| *at > 0.0);
    at.map_or_else(String::new, |at| format!(", there since {}", show::duration(at)))
}

fn of_even(times: f64) -> (usize, String) {
    const EDGES: [f64; HEAT - 1] = [0.5, 0.9, 1.1, 1.5, 2.0];
    let level = EDGES.partition_point(|edge| times >= *edge);
    let label = match level {
        0 => "below 0.5 × even".to_owned(),
        level if level == EDGES.len() => "2 × and more".to_owned(),
        level => format!("{} to {} ×", EDGES[level - 1], EDGES[level]),
    };
    (level, label)
}

struct Cell {
    level: usize,
    label: String,
    value: f64,
    text: String,
    name: String,
}

/// Cells side by side, in rows where they are many.
fn map(cells: Vec<Cell>, what: &'static str) -> Chart {
    let across = if cells.len() <= MOST_IN_A_ROW {
        cells.len()
    } else {
        (MOST_IN_A_ROW..=2 * MOST_IN_A_ROW).rev().find(|n| cells.len().is_multiple_of(*n)).unwrap_or(2 * MOST_IN_A_ROW)
    };
    let rows = cells.len().div_ceil(across);
    let middle = |i: usize| i as f64 + 0.5;
    let columns = (0..across).map(|i| (middle(i), i.to_string())).collect();
    let firsts = (0..rows).map(|row| (middle(rows - 1 - row), (row * across).to_string())).collect();
    let firsts = if rows == 1 { Vec::new() } else { firsts };
    let titled = cells.len() <= MOST_TITLES;
    let block = |(i, cell): (usize, &Cell)| {
        let (x, y) = ((i % across) as f64, (rows - 1 - i / across) as f64);
        Block {
            name: cell.label.clone(),
            role: Role::Heat(cell.level),
            corners: [(x + 0.03, y + 0.04), (x + 0.97, y + 0.96)],
            title: if titled { format!("{}: {}", cell.name, cell.text) } else { String::new() },
        }
    };
    let blocks = cells.iter().enumerate().map(block).collect();
    let axis = |high: usize, ticks| Axis::new(0.0, high as f64, Scale::Linear, ticks);
    let height = (i32::try_from(rows).unwrap_or(i32::MAX).saturating_mul(ROW)).clamp(44, 400);
    let panel = Panel { height: Some(height), ..Panel::of_blocks(what, axis(rows, firsts), blocks) };
    let x_name = if rows == 1 { "partition" } else { "partition, counted on from the start of its row" };
    let mut most = cells;
    most.sort_by(|a, b| b.value.total_cmp(&a.value));
    let note = if most.len() > MOST_ROWS { format!("The table holds the first {MOST_ROWS}.") } else { String::new() };
    most.truncate(MOST_ROWS);
    Chart {
        file: String::new(),
        title: String::new(),
        hint: String::new(),
        note,
        plot: Plot { x: axis(across, columns), x_name: x_name.to_owned(), panels: vec![panel], marks: Vec::new() },
        table: Table {
            columns: vec!["partition", what],
            rows: most.into_iter().map(|cell| vec![cell.name, cell.text]).collect(),
        },
        on_page: false,
    }
}
