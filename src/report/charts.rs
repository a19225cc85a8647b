//! Which charts a result deserves, what each is called, and what to look for in it.
//!
//! A chart is described once; the page draws it wide and narrow, `charts/*.svg` holds the wide one. Where there are
//! many groups, a chart shows those with the most lag and says so.
use super::axis::{Axis, Scale, TimeAxis};
use super::palette::Role;
use super::plot::{Line, Panel, Plot};
use crate::outcome::result::{GroupSeries, Outcome, SeriesRow};
use crate::units::show;

/// Groups that get a panel or a chart of their own on the page.
const MOST_GROUPS: usize = 4;
/// Lines of one kind in a panel.
const MOST_LINES: usize = 8;

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
    let mut charts = Vec::new();
    if !outcome.series.is_empty() {
        let time = TimeAxis::to(outcome.series.last().map_or(0.0, |row| row.interval.end_s));
        let marks = marks(outcome).into_iter().map(|mark| mark.at_s).collect::<Vec<_>>();
        let over = OverTime { outcome, time, marks };
        charts.push(over.throughput());
        charts.extend(over.lag());
        charts.extend(over.lag_of_partitions());
        charts.extend(over.latency());
    }
    let place = charts.iter().position(|chart| chart.file == "latency-time").unwrap_or(charts.len());
    charts.splice(place..place, latency_by_percentile(outcome));
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
    let events = outcome.result.events.iter().map(|event| (event.at_s, format!("{} {}", event.what, event.target)));
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
    fn chart(&self, file: &str, title: &str, hint: &str, panels: Vec<Panel>, show: fn(f64) -> String) -> Chart {
        Chart {
            file: file.to_owned(),
            title: title.to_owned(),
            hint: hint.to_owned(),
            note: String::new(),
            table: summary_table(&panels, show),
            plot: Plot::over_time(&self.time, panels, &self.marks),
            on_page: true,
        }
    }

    /// Rates are of an interval, so they stand in its middle.
    fn rates(&self, name: String, role: Role, width: u32, rate: impl Fn(&SeriesRow) -> f64) -> Line {
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
        let mut lines = vec![self.rates("offered".to_owned(), Role::Demand, 4, |row| row.offered_per_s)];
        for (i, (name, _)) in topics.iter().enumerate().take(MOST_LINES / 2) {
            lines.push(self.rates(format!("appended to {name}"), Role::Series(i), 2, move |row| row.appended_per_s[i]));
        }
        let first = topics.len().min(MOST_LINES / 2);
        for (nth, i) in groups_with_most_lag(self.outcome, MOST_GROUPS).into_iter().enumerate() {
            let name = format!("processed by {}", groups[i].0);
            lines.push(self.rates(name, Role::Series(first + nth), 2, move |row| row.groups[i].processed_per_s));
        }
        let y = axis(&lines, true, show::rate);
        let panel = Panel { name: "records per second".to_owned(), y, lines };
        let hint = "Look for gaps: where a processed line runs below what is appended, lag builds up; \
            where appended runs below offered, producers are held back.";
        let mut chart = self.chart("throughput", "Throughput in and out", hint, vec![panel], show::rate);
        chart.note = left_out(groups.len().min(MOST_GROUPS), groups.len(), "groups");
        chart
    }

    fn lag(&self) -> Option<Chart> {
        let groups = &self.outcome.result.groups;
        let shown = groups_with_most_lag(self.outcome, MOST_LINES);
        let line = |(nth, &i): (usize, &usize)| {
            self.levels(&groups[i].0, Role::Series(nth), i, |group| Some(group.lag as f64))
        };
        let lines: Vec<Line> = shown.iter().enumerate().map(line).collect();
        let y = axis(&lines, true, show::count);
        let panel = Panel { name: "records appended and not yet processed".to_owned(), y, lines };
        let hint = "Look for a line that climbs and does not come back: that group cannot keep up. \
            Peaks that drain away are bursts it absorbs.";
        let mut chart = self.chart("lag", "Lag of each group", hint, vec![panel], show::count);
        chart.note = left_out(shown.len(), groups.len(), "groups");
        (!groups.is_empty()).then_some(chart)
    }

    fn lag_of_partitions(&self) -> Vec<Chart> {
        let groups = &self.outcome.result.groups;
        let on_page = groups_with_most_lag(self.outcome, MOST_GROUPS);
        let worst = self.outcome.worst_partitions.iter().enumerate().filter(|(_, worst)| !worst.is_empty());
        worst
            .map(|(i, worst)| {
                let line = |(nth, name): (usize, &String)| {
                    let lag = move |group: &GroupSeries| group.worst_lag.get(nth).map(|lag| *lag as f64);
                    self.levels(name, Role::Series(nth), i, lag)
                };
                let lines: Vec<Line> = worst.iter().enumerate().map(line).collect();
                let y = axis(&lines, true, show::count);
                let panel = Panel { name: "records appended and not yet processed".to_owned(), y, lines };
                let name = &groups[i].0;
                let hint = "Look for one line far above the others: a hot partition, which more members cannot relieve. \
                    Lines that move together point at the group as a whole.";
                let title = format!("Lag of the worst partitions of {name}");
                let file = format!("lag-partitions-{name}");
                let mut chart = self.chart(&file, &title, hint, vec![panel], show::count);
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
        let hint = "Look at how far p99 stands above p50, and whether it settles: \
            a level that keeps rising is a queue that grows, single spikes are pauses.";
        let title = "End-to-end latency over time";
        let mut chart = self.chart("latency-time", title, hint, panels, show::duration);
        chart.note = left_out(shown.len(), groups.len(), "groups");
        any.then_some(chart)
    }

    fn latency_panel(&self, i: usize, group: &str, several: bool) -> Panel {
        let max = Line { width: 1, ..self.levels("max", Role::Series(7), i, |group| group.e2e_max_s) };
        let lines = vec![
            max,
            self.levels("p99", Role::Series(1), i, |group| group.e2e_p99_s),
            self.levels("p90", Role::Series(4), i, |group| group.e2e_p90_s),
            self.levels("p50", Role::Series(0), i, |group| group.e2e_p50_s),
        ];
        let whose = if several { format!("{group}: ") } else { String::new() };
        let name = format!("{whose}seconds from intended time to processed");
        Panel { name, y: axis(&lines, false, show::duration), lines }
    }
}

fn axis(lines: &[Line], zero: bool, show: fn(f64) -> String) -> Axis {
    Axis::of(lines.iter().flat_map(|line| &line.points).filter_map(|point| point.1), zero, show)
}

/// Least, mean, greatest and last of each line.
fn summary_table(panels: &[Panel], show: fn(f64) -> String) -> Table {
    let mut table = Table { columns: vec!["line", "least", "mean", "greatest", "last"], rows: Vec::new() };
    for panel in panels {
        let whose = if panels.len() > 1 { panel.name.split_once(": ").map_or("", |name| name.0) } else { "" };
        for line in &panel.lines {
            let values: Vec<f64> = line.points.iter().filter_map(|point| point.1).collect();
            let Some(&last) = values.last() else { continue };
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let minimum = values.iter().copied().fold(f64::INFINITY, f64::min);
            let maximum = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let name = format!("{whose} {}", line.name).trim().to_owned();
            table.rows.push(std::iter::once(name).chain([minimum, mean, maximum, last].map(show)).collect());
        }
    }
    table
}

/// The whole distribution, the tail stretched: each step to the right is ten times rarer.
fn latency_by_percentile(outcome: &Outcome) -> Option<Chart> {
    let named = |i: usize| {
        let name = &outcome.result.groups[i].0;
        outcome
            .histograms
            .get(&format!("groups.{name}.e2e_s"))
            .filter(|histogram| !histogram.is_empty())
            .zip(Some(name))
    };
    let found: Vec<_> = groups_with_most_lag(outcome, MOST_LINES).into_iter().filter_map(named).collect();
    let nines = found.iter().map(|(histogram, _)| (histogram.len() as f64 / 10.0).log10()).fold(1.0, f64::max).min(6.0);
    let line = |(nth, (histogram, name)): (usize, &(&hdrhistogram::Histogram<u64>, &String))| {
        let steps = (0..=240).map(|i| nines * f64::from(i) / 240.0);
        let enough = |at: f64| histogram.len() as f64 * 10_f64.powf(-at) >= 10.0 || at == 0.0;
        let value = |at: f64| histogram.value_at_quantile(1.0 - 10_f64.powf(-at)) as f64 * 1e-9;
        let points = steps.map(|at| (at, enough(at).then(|| value(at)))).collect();
        Line { name: (*name).clone(), role: Role::Series(nth), width: 2, points }
    };
    let lines: Vec<Line> = found.iter().enumerate().map(line).collect();
    let y = axis(&lines, false, show::duration);
    let percentiles = [
        (0.0, "0 %"),
        (0.5, "50 %"),
        (0.9, "90 %"),
        (0.99, "99 %"),
        (0.999, "99.9 %"),
        (0.999_9, "99.99 %"),
        (0.999_99, "99.999 %"),
        (0.999_999, "99.9999 %"),
    ];
    let place = |share: f64| -(1.0 - share).log10();
    let ticks = percentiles.iter().filter(|tick| place(tick.0) <= nines + 1e-6);
    let ticks = ticks.map(|tick| (place(tick.0), tick.1.to_owned())).collect();
    let panel = Panel { name: "seconds from intended time to processed".to_owned(), y, lines };
    let chart = Chart {
        file: "latency-percentiles".to_owned(),
        title: "End-to-end latency by percentile".to_owned(),
        hint: "Look for the knee where the line turns upwards: left of it is the usual case, right of it the tail. \
            Each step to the right is ten times rarer."
            .to_owned(),
        note: left_out(
            found.len(),
            outcome.histograms.keys().filter(|name| name.ends_with(".e2e_s")).count(),
            "groups",
        ),
        plot: Plot {
            x: Axis::new(0.0, nines, Scale::Linear, ticks),
            x_name: "share of records that were done within".to_owned(),
            panels: vec![panel],
            marks: Vec::new(),
        },
        table: percentile_table(outcome),
        on_page: true,
    };
    (!found.is_empty()).then_some(chart)
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
