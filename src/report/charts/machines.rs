//! Who works how much: members, brokers over time, and the batches that pass between them.
//!
//! Where there are many, the busiest are shown or listed, and the chart says so.
use super::{Chart, Line, MOST_GROUPS, MOST_LINES, OverTime, Table, groups_with_most_lag, left_out, role_of_group};
use crate::outcome::result::{BatchRow, MemberRow, Outcome};
use crate::report::axis::{Axis, Measure, Scale};
use crate::report::palette::Role;
use crate::report::plot::{Block, Panel, Plot};
use crate::units::show;

/// Members that tell their values to who points at them, and rows of their table.
const MOST_TITLES: usize = 200;
const MOST_ROWS: usize = 20;

/// A bar a member.
pub(super) fn members(outcome: &Outcome) -> Option<Chart> {
    let groups = &outcome.result.groups;
    let shown = groups_with_most_lag(outcome, MOST_GROUPS);
    let of = |i: usize| outcome.members.iter().filter(move |row| row.group == groups[i].0);
    let widest = shown.iter().map(|&i| of(i).count()).max().filter(|members| *members > 0)?;
    let titled = shown.iter().map(|&i| of(i).count()).sum::<usize>() <= MOST_TITLES;
    let panel = |&i: &usize| {
        let block = |row: &MemberRow| Block {
            name: String::new(),
            role: role_of_group(outcome, i),
            corners: [(f64::from(row.member) + 0.1, 0.0), (f64::from(row.member) + 0.9, row.utilisation.min(1.0))],
            title: if titled { member_title(row) } else { String::new() },
        };
        let heading = if groups.len() > 1 { groups[i].0.clone() } else { String::new() };
        let blocks = of(i).map(block).collect();
        Panel { heading, height: Some(150), ..Panel::of_blocks("share of its workers' time", Axis::of_share(), blocks) }
    };
    let ticks = (0..widest).map(|i| (i as f64 + 0.5, i.to_string())).collect();
    let mut rows: Vec<&MemberRow> = shown.iter().flat_map(|&i| of(i)).collect();
    let all = rows.len();
    rows.sort_by(|a, b| b.utilisation.total_cmp(&a.utilisation));
    rows.truncate(MOST_ROWS);
    let row = |row: &&MemberRow| {
        let name = format!("{}, member {}", row.group, row.member);
        vec![name, show::percent(row.utilisation), row.partitions.to_string(), show::count(row.processed as f64)]
    };
    let note = left_out(shown.len(), groups.len(), "groups");
    let cut = if all > MOST_ROWS { format!("The table holds the {MOST_ROWS} busiest.") } else { String::new() };
    Some(Chart {
        file: "members".to_owned(),
        title: "How busy each member is".to_owned(),
        hint: "Look for uneven bars: members at the top are the limit of their partitions while others have time, \
            and those without a bar have no partition."
            .to_owned(),
        note: format!("{note} {cut}").trim().to_owned(),
        plot: Plot {
            x: Axis::new(0.0, widest as f64, Scale::Linear, ticks),
            x_name: "member".to_owned(),
            panels: shown.iter().map(panel).collect(),
            marks: Vec::new(),
        },
        table: Table { columns: vec!["member", "busy", "partitions", "records"], rows: rows.iter().map(row).collect() },
        on_page: true,
    })
}

fn member_title(row: &MemberRow) -> String {
    let (busy, records) = (show::percent(row.utilisation), show::count(row.processed as f64));
    format!("member {}: {busy}, {} partitions, {records} records", row.member, row.partitions)
}

/// Request handlers of the busiest brokers over time.
pub(super) fn brokers(over: &OverTime<'_>) -> Option<Chart> {
    let result = &over.outcome.result;
    let known = over.outcome.series.first()?.broker_utilisation.len();
    let mut busiest: Vec<usize> = (0..known.min(result.brokers.len())).collect();
    let busy = |i: usize| result.brokers[i].1.utilisation;
    busiest.sort_by(|&a, &b| busy(b).total_cmp(&busy(a)));
    busiest.truncate(MOST_LINES);
    busiest.sort_unstable();
    let line = |(nth, &i): (usize, &usize)| {
        let name = format!("broker {}", result.brokers[i].0);
        over.rates(name, Role::Series(nth), 2, move |row| row.broker_utilisation.get(i).copied().unwrap_or(0.0))
    };
    let lines: Vec<Line> = busiest.iter().enumerate().map(line).collect();
    let works = lines.iter().flat_map(|line| &line.points).any(|point| point.1.is_some_and(|busy| busy > 0.0));
    let panel = Panel::new("share of their time", Measure::Share, lines);
    let hint = "Look for a broker above the others: it leads the hot partitions. Beyond 80 % requests begin to queue.";
    let mut chart = over.chart("brokers", "How busy request handlers are", hint, vec![panel], Measure::Share);
    if busiest.len() < result.brokers.len() {
        chart.note = format!("Shown: the {} busiest of {} brokers.", busiest.len(), result.brokers.len());
    }
    works.then_some(chart)
}

/// How many records a batch has, by topic.
pub(super) fn batches(outcome: &Outcome) -> Option<Chart> {
    let topics = &outcome.result.topics;
    let of = |name: &str| outcome.batches.iter().filter(|row| row.topic == name).collect::<Vec<&BatchRow>>();
    let found: Vec<_> = topics.iter().map(|(name, _)| (name, of(name))).filter(|(_, rows)| !rows.is_empty()).collect();
    let shown = found.len().min(MOST_GROUPS);
    let all = || found[..shown].iter().flat_map(|(_, rows)| rows);
    let (least, greatest) = (all().map(|row| row.from).min()?, all().map(|row| row.to).max()?);
    let panel = |(i, (name, rows)): (usize, &(&String, Vec<&BatchRow>))| {
        let total: u64 = rows.iter().map(|row| row.batches).sum();
        let share = |row: &BatchRow| row.batches as f64 / total as f64;
        let block = |row: &&BatchRow| Block {
            name: String::new(),
            role: Role::Series(i),
            corners: [(row.from as f64, 0.0), (row.to as f64 + 1.0, share(row))],
            title: format!(
                "{} records: {} of {} batches",
                sizes(row),
                show::percent(share(row)),
                show::count(total as f64)
            ),
        };
        let axis = Axis::to(rows.iter().map(|row| share(row)).fold(0.0, f64::max), Measure::Share);
        let heading = if topics.len() > 1 { (*name).clone() } else { String::new() };
        let blocks = rows.iter().map(block).collect();
        Panel { heading, height: Some(170), ..Panel::of_blocks("share of the batches", axis, blocks) }
    };
    let row = |name: &str, row: &BatchRow| vec![format!("{name}: {}", sizes(row)), show::count(row.batches as f64)];
    let rows = found[..shown].iter().flat_map(|(name, rows)| rows.iter().map(|&of| row(name, of)));
    Some(Chart {
        file: "batches".to_owned(),
        title: "Records in a batch".to_owned(),
        hint: "Look at how far right it stands: large batches spread the cost of a request over many records; \
            a pile at 1 means each record pays for its own."
            .to_owned(),
        note: if shown < found.len() { format!("Shown: {shown} of {} topics.", found.len()) } else { String::new() },
        table: Table { columns: vec!["records", "batches"], rows: rows.collect() },
        plot: Plot {
            x: Axis::of_sizes(least as f64, greatest as f64 + 1.0),
            x_name: "records in a batch (log scale)".to_owned(),
            panels: found[..shown].iter().enumerate().map(panel).collect(),
            marks: Vec::new(),
        },
        on_page: true,
    })
}

fn sizes(row: &BatchRow) -> String {
    if row.from == row.to {
        show::count(row.from as f64)
    } else {
        format!("{} to {}", show::count(row.from as f64), show::count(row.to as f64))
    }
}
