//! What the view shows, drawn into whatever frame there is: nothing here knows a terminal.
//!
//! From the top: how far the run is, who writes, who reads, where lag is greatest, and a line about the process. What does
//! not fit is left away from the bottom of each table.
use crate::cli::film::{GroupMoment, Moment, StreamMoment};
use crate::units::show;
use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Cell, Gauge, Paragraph, Row, Table};

const QUIET: Style = Style::new().fg(Color::DarkGray);
const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
const GOOD: Style = Style::new().fg(Color::Green);
const BAD: Style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
/// Cells of the longest bar.
const BAR: u16 = 40;

/// All there is to draw.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'s> {
    /// Name of the scenario.
    pub scenario: &'s str,
    /// What drives it.
    pub engine: &'s str,
    /// The run, once it has begun.
    pub moment: Option<&'s Moment>,
    /// Thousandths done.
    pub permille: u64,
    /// Somebody asked it to end.
    pub ending: bool,
}

impl Scene<'_> {
    /// Draws it.
    pub fn draw(&self, frame: &mut Frame<'_>) {
        let streams = self.moment.map_or(0, |moment| moment.streams.len());
        let groups = self.moment.map_or(0, |moment| moment.groups.len());
        let rows = |count: usize| Constraint::Length(count.min(8) as u16 + 2);
        let parts = [
            Constraint::Length(1),
            Constraint::Length(1),
            rows(streams),
            rows(groups),
            Constraint::Fill(1),
            Constraint::Length(1),
        ];
        let [top, gauge, producers, readers, lags, bottom] = Layout::vertical(parts).areas(frame.area());
        self.title(frame, top);
        self.progress(frame, gauge);
        let Some(moment) = self.moment else {
            frame.render_widget(Paragraph::new("It begins …").style(QUIET), lags);
            return;
        };
        frame.render_widget(writing(&moment.streams), producers);
        frame.render_widget(reading(&moment.groups), readers);
        frame.render_widget(lagging(&moment.groups, lags), lags);
        frame.render_widget(Paragraph::new(process(moment)), bottom);
    }

    fn title(&self, frame: &mut Frame<'_>, area: Rect) {
        let mut told = vec![Span::styled("conga ", STRONG), Span::styled(self.scenario.to_owned(), STRONG)];
        told.push(Span::styled(format!("  {}", self.engine), QUIET));
        if let Some(moment) = self.moment {
            told.push(Span::styled(format!("  seed {}", moment.seed), QUIET));
        }
        frame.render_widget(Paragraph::new(Line::from(told)), area);
        let keys =
            if self.ending { Span::styled("ending; q again: at once", BAD) } else { Span::styled("q ends", QUIET) };
        frame.render_widget(Paragraph::new(keys).alignment(Alignment::Right), area);
    }

    fn progress(&self, frame: &mut Frame<'_>, area: Rect) {
        let far = self.moment.map(Moment::far).unwrap_or_default();
        let ratio = (self.permille as f64 / 1e3).clamp(0.0, 1.0);
        let gauge = Gauge::default().ratio(ratio).label(format!("{far}  {} %", self.permille / 10));
        frame.render_widget(gauge.gauge_style(Style::new().fg(Color::Cyan).bg(Color::Black)), area);
    }
}

fn table<'t>(title: &'t str, head: Vec<&'static str>, rows: Vec<Row<'t>>, first: u16) -> Table<'t> {
    let numbers = head.len() - 1;
    let head = head.into_iter().enumerate().map(|(i, name)| right(i, Span::styled(name, QUIET)));
    let mut widths = vec![Constraint::Fill(first)];
    widths.extend(std::iter::repeat_n(Constraint::Length(10), numbers));
    Table::new(rows, widths).header(Row::new(head)).block(block(title))
}

fn block(title: &str) -> Block<'_> {
    Block::new().borders(Borders::TOP).border_style(QUIET).title(Span::styled(format!("{title} "), STRONG))
}

/// Numbers stand at the right of their column.
fn right(column: usize, text: impl Into<Line<'static>>) -> Cell<'static> {
    let line = text.into();
    Cell::from(if column == 0 { line } else { line.right_aligned() })
}

fn row(name: &str, cells: Vec<Span<'static>>) -> Row<'static> {
    let cells = std::iter::once(Span::raw(name.to_owned())).chain(cells);
    Row::new(cells.enumerate().map(|(i, cell)| right(i, cell)))
}

fn time(seconds: Option<f64>) -> Span<'static> {
    Span::raw(seconds.map_or_else(|| "–".to_owned(), show::duration))
}

fn count(count: u64) -> Span<'static> {
    Span::raw(show::count(count as f64))
}

/// Zero in every good run.
fn bad(number: u64) -> Span<'static> {
    if number == 0 { Span::styled("0", QUIET) } else { Span::styled(show::count(number as f64), BAD) }
}

fn writing(streams: &[StreamMoment]) -> Table<'static> {
    let head = vec!["in", "sent", "acked", "sent, all", "failed", "late p99"];
    let rows = streams.iter().map(|one| {
        let (sent, acked) = (show::rate(one.sent_per_s), show::rate(one.acked_per_s));
        let cells =
            vec![Span::styled(sent, GOOD), Span::raw(acked), count(one.sent), bad(one.failed), time(one.late_s)];
        row(&format!("{} → {}", one.name, one.topic), cells)
    });
    table("Producers", head, rows.collect(), 1)
}

fn reading(groups: &[GroupMoment]) -> Table<'static> {
    let head = vec!["out", "processed", "lag", "lost", "p50", "p99", "max", "p99, all", "max, all"];
    let rows = groups.iter().map(|one| {
        let [p50, p99, max] = one.recent.map(time);
        let [_, p99_all, max_all] = one.so_far.map(time);
        let rate = Span::styled(show::rate(one.processed_per_s), GOOD);
        row(&one.name, vec![rate, count(one.lag), bad(one.lost), p50, p99, max, p99_all, max_all])
    });
    table("Groups: end to end, of the last five seconds and of all", head, rows.collect(), 1)
}

/// The partitions with the greatest lag over all groups, as bars.
fn lagging(groups: &[GroupMoment], area: Rect) -> Paragraph<'_> {
    let mut worst: Vec<(String, u64)> = groups
        .iter()
        .flat_map(|group| group.worst.iter().map(|(partition, lag)| (format!("{} ← {partition}", group.name), *lag)))
        .collect();
    worst.sort_by_key(|&(_, lag)| std::cmp::Reverse(lag));
    worst.truncate(usize::from(area.height.saturating_sub(1)));
    let most = worst.first().map_or(0, |&(_, lag)| lag).max(1);
    let name = worst.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let wide = BAR.min(area.width.saturating_sub(name as u16 + 14));
    let line = |(place, lag): (String, u64)| {
        let padding = " ".repeat(name - place.chars().count());
        Line::from(vec![
            Span::raw(format!("{place}{padding}  ")),
            Span::styled(bar(lag, most, wide), Style::new().fg(Color::Yellow)),
            Span::raw(format!(" {}", show::count(lag as f64))),
        ])
    };
    Paragraph::new(worst.into_iter().map(line).collect::<Vec<_>>()).block(block("Lag by partition, the worst"))
}

/// A bar to an eighth of a cell.
fn bar(value: u64, most: u64, wide: u16) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (value as f64 / most as f64 * f64::from(wide) * 8.0).round() as usize;
    // What is not nothing is seen.
    let eighths = if value > 0 { eighths.max(1) } else { 0 };
    format!("{}{}", "█".repeat(eighths / 8), PARTS[eighths % 8])
}

fn process(moment: &Moment) -> Line<'static> {
    let memory = moment.rss.map(|bytes| format!("{} of memory", show::size(bytes as f64)));
    let mut told = vec![Span::styled(memory.unwrap_or_default(), QUIET)];
    if moment.broken > 0 {
        told.push(Span::styled(format!("  {} laws broken: a bug of conga", moment.broken), BAD));
    }
    Line::from(told)
}
