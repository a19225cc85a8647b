//! Which charts a result deserves, what each is called, and what to look for in it.
//!
//! A chart is described once; the page draws it wide and narrow, `charts/*.svg` holds the wide one. Where there are
//! many groups, a chart shows those with the most lag and says so.
mod machines;
mod maps;
pub mod stages;
mod timeline;

use super::axis::{Axis, Measure, Scale, TimeAxis};
use super::palette::Role;
use super::plot::{Band, Line, Panel, Plot};
use crate::outcome::result::{GroupSeries, Outcome, SeriesRow};
use crate::units::show;
use hdrhistogram::Histogram;

/// Groups that get a panel or a chart of their own on the page.
const MOST_GROUPS: usize = 4;
/// Lines of one kind in a panel.
const MOST_LINES: usize = 8;

/// Samples beyond a percentile that give it a value.
const BEYOND: f64 = 10.0;
/// What a lag axis measures.
const LAG: &str = "records appended and not yet processed";
/// What a latency axis measures.
const LATENCY: &str = "from intended time to processed";

/// A chart with the words around it.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Name of its file, without `.svg`.
    pub file: String,
    /// Its heading.
    pub title: String,
    /// One plain line: what to look for.
    pub hint: String,
    /// What was left out, if anything.
    pub note: String,
    /// The drawing.
    pub plot: Plot,
    /// The same in figures.
    pub table: Table,
    /// Whether the page shows it; if not, only `charts/` has it.
    pub on_page: bool,
}

/// Figures behind a chart, as text.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Table {
    /// Headings of the columns.
    pub columns: Vec<&'static str>,
    /// A cell a column.
    pub rows: Vec<Vec<String>>,
}

/// Every chart that has something to show, in reading order.
#[must_use]
pub fn all(outcome: &Outcome) -> Vec<Chart> {
    let mut charts: Vec<Chart> = stages::chart(outcome).into_iter().collect();
    let marks = marks(outcome).into_iter().map(|mark| mark.at_s).collect::<Vec<_>>();
    let time = TimeAxis::to(outcome.series.last().map_or(0.0, |row| row.interval.end_s));
    let over = (!outcome.series.is_empty()).then_some(OverTime { outcome, time, marks });
    if let Some(over) = &over {
        charts.extend(timeline::timelines(over));
        charts.push(over.throughput());
        charts.extend(over.lag());
        charts.extend(over.lag_of_partitions());
    }
    charts.extend(maps::partitions(outcome));
    charts.extend(latency_by_percentile(outcome));
    if let Some(over) = &over {
        charts.extend(over.latency());
        charts.extend(maps::latency(outcome, &over.time, &over.marks));
    }
    charts.extend(machines::members(outcome));
    charts.extend(over.as_ref().and_then(machines::brokers));
    charts.extend(machines::batches(outcome));
    charts
}

/// Something that happened to the system or to a group.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Mark {
    /// When.
    #[serde(skip)]
    pub at_s: f64,
    /// When, as text.
    pub at: String,
    /// What.
    pub what: String,
}

/// Events and rebalances in time order, as the charts number them.
#[must_use]
pub fn marks(outcome: &Outcome) -> Vec<Mark> {
    const MOST: usize = 30;
    let events = outcome.result.events.iter().map(|event| {
        let drained = match event.time_to_drain_s {
            None => "; the lag did not come back".to_owned(),
            Some(0.0) => String::new(),
            Some(after) => format!("; the lag was back after {}", show::duration(after)),
        };
        (event.at_s, format!("{} {}{drained}", event.what, event.target))
    });
    let rebalances = outcome.result.groups.iter().flat_map(|(name, group)| {
        group.rebalances.iter().map(move |one| {
            let (length, moved) = (show::duration(one.duration_s), one.partitions_moved);
            let what = format!("Group {name} rebalanced ({}): {length}, {moved} partitions moved", one.reason);
            (one.at_s, what)
        })
    });
    let mut marks: Vec<(f64, String)> = events.chain(rebalances).collect();
    marks.sort_by(|a, b| a.0.total_cmp(&b.0));
    marks.truncate(MOST);
    marks.into_iter().map(|(at_s, what)| Mark { at_s, at: show::duration(at_s), what }).collect()
}

/// The groups to show where there is no room for all: those with the greatest lag, in the order of the scenario.
fn groups_with_most_lag(outcome: &Outcome, most: usize) -> Vec<usize> {
    let mut groups: Vec<usize> = (0..outcome.result.groups.len()).collect();
    let lag = |i: &usize| outcome.result.groups[*i].1.lag.max.unwrap_or(0.0);
    groups.sort_by(|a, b| lag(b).total_cmp(&lag(a)));
    groups.truncate(most);
    groups.sort_unstable();
    groups
}

/// The colour of a group in every chart; topics have those before.
fn role_of_group(outcome: &Outcome, group: usize) -> Role {
    Role::Series(outcome.result.topics.len().min(MOST_LINES / 2) + group)
}

fn left_out(shown: usize, all: usize, what: &str) -> String {
    if shown < all { format!("Shown: the {shown} of {all} {what} with the most lag.") } else { String::new() }
}

/// What charts over time share.
struct OverTime<'a> {
    outcome: &'a Outcome,
    time: TimeAxis,
    marks: Vec<f64>,
}

impl OverTime<'_> {
    fn chart(&self, file: &str, title: &str, hint: &str, panels: Vec<Panel>, measure: Measure) -> Chart {
        Chart {
            file: file.to_owned(),
            title: title.to_owned(),
            hint: hint.to_owned(),
            note: String::new(),
            table: summary_table(&panels, measure),
            plot: Plot::over_time(&self.time, panels, &self.marks),
            on_page: true,
        }
    }

    /// Rates are of an interval, so they stand in its middle.
    fn rates(&self, name: String, role: Role, width: i32, rate: impl Fn(&SeriesRow) -> f64) -> Line {
        let middle = |row: &SeriesRow| f64::midpoint(row.interval.start_s, row.interval.end_s);
        Line {
            name,
            role,
            width,
            points: self.outcome.series.iter().map(|row| (middle(row), Some(rate(row)))).collect(),
        }
    }

    /// Levels are of the end of an interval.
    fn levels(&self, name: &str, role: Role, group: usize, level: impl Fn(&GroupSeries) -> Option<f64>) -> Line {
        let at = |row: &SeriesRow| row.interval.end_s;
        let points = self.outcome.series.iter().map(|row| (at(row), level(&row.groups[group]))).collect();
        Line { name: name.to_owned(), role, width: 2, points }
    }

    fn throughput(&self) -> Chart {
        let (topics, groups) = (&self.outcome.result.topics, &self.outcome.result.groups);
        // What coincides stays visible: dashed above thin above wide.
        let mut lines = vec![self.rates("offered".to_owned(), Role::Demand, 2, |row| row.offered_per_s)];
        for i in groups_with_most_lag(self.outcome, MOST_GROUPS) {
            let name = format!("processed by {}", groups[i].0);
            lines.push(self.rates(name, role_of_group(self.outcome, i), 2, move |row| row.groups[i].processed_per_s));
        }
        for (i, (name, _)) in topics.iter().enumerate().take(MOST_LINES / 2) {
            lines.push(self.rates(format!("appended to {name}"), Role::Series(i), 4, move |row| row.appended_per_s[i]));
        }
        let panel = Panel::new("records per second", Measure::PerSecond, lines);
        let hint = "Look for gaps: where a processed line runs below what is appended, lag builds up; \
            where appended runs below offered, producers are held back.";
        let mut chart = self.chart("throughput", "Throughput in and out", hint, vec![panel], Measure::PerSecond);
        chart.note = left_out(groups.len().min(MOST_GROUPS), groups.len(), "groups");
        chart
    }

    fn lag(&self) -> Option<Chart> {
        let groups = &self.outcome.result.groups;
        let shown = groups_with_most_lag(self.outcome, MOST_LINES);
        let line =
            |&i: &usize| self.levels(&groups[i].0, role_of_group(self.outcome, i), i, |group| Some(group.lag as f64));
        let lines: Vec<Line> = shown.iter().map(line).collect();
        let mut panels = vec![Panel::new(LAG, Measure::Records, lines)];
        if !self.outcome.lanes.is_empty() {
            let age =
                |&i: &usize| self.levels(&groups[i].0, role_of_group(self.outcome, i), i, |group| Some(group.lag_s));
            panels.push(Panel::new("age of the oldest", Measure::Seconds, shown.iter().map(age).collect()));
        }
        let hint = "Look for a line that climbs and does not come back: that group cannot keep up. \
            Peaks that drain away are bursts it absorbs.";
        let mut chart = self.chart("lag", "Lag of each group", hint, panels, Measure::Records);
        chart.note = left_out(shown.len(), groups.len(), "groups");
        (!groups.is_empty()).then_some(chart)
    }

    fn lag_of_partitions(&self) -> Vec<Chart> {
        let groups = &self.outcome.result.groups;
        let on_page = groups_with_most_lag(self.outcome, maps::MOST_MAPS);
        let worst = self.outcome.worst_partitions.iter().enumerate().filter(|(_, worst)| !worst.is_empty());
        worst
            .map(|(i, worst)| {
                let line = |(nth, name): (usize, &String)| {
                    let lag = move |group: &GroupSeries| group.worst_lag.get(nth).map(|lag| *lag as f64);
                    self.levels(name, Role::Series(nth), i, lag)
                };
                let lines: Vec<Line> = worst.iter().enumerate().map(line).collect();
                let panel = Panel::new(LAG, Measure::Records, lines);
                let name = &groups[i].0;
                let hint = "Look for one line far above the others: a hot partition, which more members cannot relieve. \
                    Lines that move together point at the group as a whole.";
                let title = format!("Lag of the worst partitions of {name}");
                let file = format!("lag-partitions-{name}");
                let mut chart = self.chart(&file, &title, hint, vec![panel], Measure::Records);
                chart.on_page = on_page.contains(&i);
                chart
            })
            .collect()
    }

    fn latency(&self) -> Option<Chart> {
        let groups = &self.outcome.result.groups;
        let shown = groups_with_most_lag(self.outcome, MOST_GROUPS);
        let panels: Vec<Panel> = shown.iter().map(|&i| self.latency_panel(i, &groups[i].0, groups.len() > 1)).collect();
        let any = panels.iter().flat_map(|panel| &panel.lines).any(|line| line.points.iter().any(|p| p.1.is_some()));
        // Intervals with few records have no p99.
        let has_p99 = panels.iter().flat_map(|panel| &panel.lines).any(|line| line.name == "p99");
        let tail = if has_p99 { "p99 stands" } else { "the greatest stands" };
        let hint = format!(
            "Look at how far {tail} above p50, and whether it settles: a level that keeps rising is a queue that \
             grows, single spikes are pauses. Where a line has gaps, too few records were finished to tell."
        );
        let title = "End-to-end latency over time";
        let mut chart = self.chart("latency-time", title, &hint, panels, Measure::Seconds);
        chart.note = left_out(shown.len(), groups.len(), "groups");
        any.then_some(chart)
    }

    fn latency_panel(&self, i: usize, group: &str, several: bool) -> Panel {
        let line = |name: &str, role, width, level: fn(&GroupSeries) -> Option<f64>| Line {
            width,
            ..self.levels(name, role, i, level)
        };
        let lines = vec![
            line("p50", Role::Series(0), 2, |group| group.e2e_p50_s),
            line("p90", Role::Series(4), 1, |group| group.e2e_p90_s),
            line("p99", Role::Series(1), 2, |group| group.e2e_p99_s),
            line("max", Role::Series(7), 1, |group| group.e2e_max_s),
        ];
        // Rows with few records have no high percentiles; a line without a point would only be a word in the legend.
        let lines: Vec<Line> =
            lines.into_iter().filter(|line| line.points.iter().any(|point| point.1.is_some())).collect();
        // A line with points here and there bounds nothing.
        let known = |line: &Line| line.points.iter().filter(|point| point.1.is_some()).count();
        let most = lines.iter().map(known).max().unwrap_or(0);
        let bounds: Vec<&Line> = lines.iter().filter(|line| 2 * known(line) >= most).collect();
        let band = |(nth, pair): (usize, &[&Line])| Band {
            name: String::new(),
            role: Role::Band(nth),
            points: pair[0].points.iter().zip(&pair[1].points).map(|(low, high)| (low.0, low.1.zip(high.1))).collect(),
        };
        let bands = bounds.windows(2).enumerate().map(band).collect();
        let heading = if several { group.to_owned() } else { String::new() };
        Panel { heading, bands, ..Panel::new(LATENCY, Measure::Seconds, lines) }
    }
}

/// Least, mean, greatest and last of each line.
pub fn summary_table(panels: &[Panel], measure: Measure) -> Table {
    let mut table = Table { columns: vec!["line", "least", "mean", "greatest", "last"], rows: Vec::new() };
    for panel in panels {
        for line in &panel.lines {
            let values: Vec<f64> = line.points.iter().filter_map(|point| point.1).collect();
            let Some(&last) = values.last() else { continue };
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let minimum = values.iter().copied().fold(f64::INFINITY, f64::min);
            let maximum = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let name = format!("{} {}", panel.heading, line.name).trim().to_owned();
            table.rows.push(
                std::iter::once(name).chain([minimum, mean, maximum, last].map(|value| measure.show(value))).collect(),
            );
        }
    }
    table
}

/// The whole distribution, the tail stretched: each step to the right is ten times rarer.
fn latency_by_percentile(outcome: &Outcome) -> Option<Chart> {
    let named = |i: usize| {
        let name = &outcome.result.groups[i].0;
        let histogram = outcome.histograms.get(&format!("groups.{name}.e2e_s"))?;
        (!histogram.is_empty()).then_some((i, name, histogram))
    };
    let found: Vec<_> = groups_with_most_lag(outcome, MOST_LINES).into_iter().filter_map(named).collect();
    let samples = found.iter().map(|(_, _, histogram)| histogram.len()).max()?;
    let lines = found.iter().map(|&(i, name, histogram)| (name.clone(), role_of_group(outcome, i), histogram));
    Some(Chart {
        file: "latency-percentiles".to_owned(),
        title: "End-to-end latency by percentile".to_owned(),
        hint: "Look for the knee where the line turns upwards: left of it is the usual case, right of it the tail. \
            Each step to the right is ten times rarer."
            .to_owned(),
        note: left_out(found.len(), outcome.result.groups.len(), "groups"),
        plot: percentiles(samples, lines),
        table: percentile_table(outcome),
        on_page: true,
    })
}

/// Distributions by name and colour, of which the greatest has so many samples.
fn percentiles<'h>(samples: u64, all: impl Iterator<Item = (String, Role, &'h Histogram<u64>)>) -> Plot {
    let nines = (samples as f64 / BEYOND).log10().clamp(1.0, 6.0);
    let line = |(name, role, histogram)| Line { name, role, width: 2, points: tail(histogram, nines) };
    Plot {
        x: percentile_axis(nines),
        x_name: "share of records done within, %".to_owned(),
        panels: vec![Panel::new(LATENCY, Measure::Seconds, all.map(line).collect())],
        marks: Vec::new(),
    }
}

/// The same of one group in several results, which are named.
pub fn overlaid_percentiles(names: &[String], outcomes: &[&Outcome], group: &str) -> Option<Chart> {
    let of = |outcome: &&Outcome| outcome.histograms.get(&format!("groups.{group}.e2e_s")).cloned();
    let histograms: Vec<Histogram<u64>> = outcomes.iter().map(of).collect::<Option<_>>()?;
    let samples = histograms.iter().map(Histogram::len).max().filter(|samples| *samples > 0)?;
    let lines = histograms.iter().enumerate().map(|(i, histogram)| (names[i].clone(), Role::Series(i), histogram));
    let plot = percentiles(samples, lines);
    Some(Chart {
        file: String::new(),
        title: format!("End-to-end latency of {group} by percentile"),
        hint: "Look for where the lines part: on the left the usual case changed, on the right only the tail."
            .to_owned(),
        note: String::new(),
        table: summary_table(&plot.panels, Measure::Seconds),
        plot,
        on_page: true,
    })
}

/// Nines against seconds, as far as there are enough samples beyond.
fn tail(histogram: &Histogram<u64>, nines: f64) -> Vec<(f64, Option<f64>)> {
    const STEPS: u32 = 240;
    let rarer = |at: f64| 10_f64.powf(-at);
    let enough = |at: f64| histogram.len() as f64 * rarer(at) >= BEYOND * 0.999 || at == 0.0;
    let value = |at: f64| histogram.value_at_quantile(1.0 - rarer(at)) as f64 * 1e-9;
    let steps = (0..=STEPS).map(|i| nines * f64::from(i) / f64::from(STEPS));
    steps.map(|at| (at, enough(at).then(|| value(at)))).collect()
}

/// From 0 through 90, 99, 99.9 and so on.
fn percentile_axis(nines: f64) -> Axis {
    let named = ["90", "99", "99.9", "99.99", "99.999", "99.9999"];
    let nine = named.into_iter().enumerate().map(|(i, name)| ((i + 1) as f64, name));
    let half = std::iter::once((2_f64.log10(), "50"));
    let ticks = half.chain(nine).filter(|(place, _)| *place <= nines + 1e-6);
    let ticks = ticks.map(|(place, name)| (place, name.to_owned())).collect();
    Axis::new(0.0, nines, Scale::Linear, ticks).measuring(Measure::Nines)
}

fn percentile_table(outcome: &Outcome) -> Table {
    let rows = outcome.result.groups.iter().take(MOST_LINES).map(|(name, group)| {
        let e2e = &group.e2e_s;
        let figures = [e2e.p50, e2e.p90, e2e.p95, e2e.p99, e2e.p99_9, e2e.p99_99, e2e.max];
        let cells = figures.map(|figure| figure.value().map_or_else(|| "–".to_owned(), show::duration));
        std::iter::once(name.clone()).chain(cells).collect()
    });
    Table { columns: vec!["group", "p50", "p90", "p95", "p99", "p99.9", "p99.99", "max"], rows: rows.collect() }
}
