//! Draws lines over an axis, wide or narrow: a name above the plot, a legend, panels that share the horizontal axis.
//!
//! Everything is drawn four times as large as it is shown, since plotters rounds to whole units and curves would show
//! it. Widths of texts are estimated: a drawing cannot know the reader's font.
use super::axis::{Axis, Measure, TimeAxis};
use super::palette::{Role, classes};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Units of the drawing a pixel at its natural size.
const FINE: i32 = 4;
/// Width of a character in heights of the text, over the common system fonts.
const CHARACTER: f64 = 0.6;
/// Between two panels.
const GAP: i32 = 24;
/// Characters of a name that are shown.
const LONGEST_NAME: usize = 34;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;
type Drawn<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// A line of a chart.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its name in the legend.
    pub name: String,
    /// Its colour.
    pub role: Role,
    /// Its width in pixels.
    pub width: i32,
    /// Places along the horizontal axis with their values; a gap where there is none.
    pub points: Vec<(f64, Option<f64>)>,
}

/// Lines over one vertical axis.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Whose lines these are, where there are several panels; may be empty.
    pub heading: String,
    /// What the vertical axis measures, and in which unit.
    pub name: String,
    /// The vertical axis.
    pub y: Axis,
    /// In the order of the legend; each is drawn above those after it.
    pub lines: Vec<Line>,
}

impl Panel {
    /// Lines over an axis that suits them.
    #[must_use]
    pub fn new(name: &str, measure: Measure, lines: Vec<Line>) -> Self {
        let values = lines.iter().flat_map(|line| &line.points).filter_map(|point| point.1);
        Self { heading: String::new(), name: name.to_owned(), y: Axis::of(values, measure), lines }
    }
}

/// A chart: panels below each other over one horizontal axis.
#[derive(Clone, Debug)]
pub struct Plot {
    /// The horizontal axis.
    pub x: Axis,
    /// What it measures, and in which unit.
    pub x_name: String,
    /// From the top.
    pub panels: Vec<Panel>,
    /// Numbered places where something happened.
    pub marks: Vec<f64>,
}

/// How much room a drawing has, in pixels.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    width: i32,
    panel_height: i32,
    text: i32,
    /// Units of the drawing for each pixel of a line's width.
    stroke: i32,
    most_x_ticks: usize,
}

impl Format {
    /// For a desk.
    pub const WIDE: Self = Self { width: 960, panel_height: 270, text: 13, stroke: FINE, most_x_ticks: 12 };
    /// For a phone held upright.
    pub const NARROW: Self = Self { width: 340, panel_height: 220, text: 12, stroke: FINE - 1, most_x_ticks: 6 };

    fn row(self) -> i32 {
        self.text * 8 / 5
    }

    fn text_width(self, characters: usize) -> i32 {
        (characters as f64 * CHARACTER * f64::from(self.text)).ceil() as i32
    }
}

impl Plot {
    /// One panel over the time of the run.
    #[must_use]
    pub fn over_time(time: &TimeAxis, panels: Vec<Panel>, marks: &[f64]) -> Self {
        Self { x: time.axis.clone(), x_name: time.name.to_owned(), panels, marks: marks.to_vec() }
    }

    /// The drawing, without title or style: `<svg viewBox=…>…</svg>`. Its size is up to whoever shows it.
    #[must_use]
    pub fn svg(&self, format: Format) -> String {
        let layout = Layout::of(self, format);
        let mut svg = String::new();
        {
            let size = ((format.width * FINE) as u32, (layout.height * FINE) as u32);
            let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            self.draw(&root, &layout).expect("drawing into memory cannot fail");
        }
        let view = svg.find("viewBox").unwrap_or(0);
        format!("<svg {}", classes(&svg[view..]))
    }

    /// Its natural size in pixels.
    #[must_use]
    pub fn size(&self, format: Format) -> (i32, i32) {
        (format.width, Layout::of(self, format).height)
    }

    fn draw(&self, root: &Area<'_>, layout: &Layout) -> Drawn {
        root.fill(&Role::Surface.colour())?;
        layout.legend.draw(root, layout.format)?;
        for (i, panel) in (0..).zip(&self.panels) {
            let last = i + 1 == count(&self.panels);
            let height = layout.pitch + if last { layout.foot } else { 0 };
            let top = layout.top + i * layout.pitch;
            let area = root.clone().shrink((0, top * FINE), (layout.format.width * FINE, height * FINE));
            self.panel(&area, panel, layout, last)?;
        }
        root.present()?;
        Ok(())
    }

    fn panel(&self, area: &Area<'_>, panel: &Panel, layout: &Layout, last: bool) -> Drawn {
        let format = layout.format;
        if !panel.heading.is_empty() {
            let bold = font(format.text, Role::Text, VPos::Top);
            let bold = TextStyle { font: bold.font.style(FontStyle::Bold), ..bold };
            area.draw(&Text::new(shortened(&panel.heading), (0, 0), bold))?;
        }
        let name = format!("{}{}", panel.name, if panel.y.is_logarithmic() { " (log scale)" } else { "" });
        write(area, &name, layout.heading, format.text, Role::Muted)?;
        let mut chart = ChartBuilder::on(area)
            .margin_top((layout.heading + format.row() * 3 / 2) * FINE)
            .margin_right(format.text * FINE)
            .set_label_area_size(LabelAreaPosition::Left, layout.left * FINE)
            .set_label_area_size(LabelAreaPosition::Bottom, if last { layout.foot + GAP } else { GAP } * FINE)
            .build_cartesian_2d(self.x.thinned(format.most_x_ticks), panel.y.thinned(8))?;
        self.mesh(&mut chart, format, last)?;
        self.draw_marks(&mut chart, format, &panel.y)?;
        let pixels = (format.width - layout.left - format.text).max(1) as usize;
        panel.lines.iter().rev().try_for_each(|line| line.draw(&mut chart, pixels, format.stroke))
    }

    /// Axes, ticks and the lines behind the data.
    fn mesh(&self, chart: &mut Chart<'_, '_>, format: Format, labelled: bool) -> Drawn {
        let label = font(format.text, Role::Muted, VPos::Top);
        let thin = |role: Role| role.colour().stroke_width(FINE as u32);
        let mut mesh = chart.configure_mesh();
        mesh.disable_x_mesh().bold_line_style(thin(Role::Grid)).light_line_style(TRANSPARENT);
        mesh.axis_style(thin(Role::Edge)).label_style(label.clone()).set_all_tick_mark_size(4 * FINE);
        if labelled {
            mesh.x_desc(self.x_name.as_str()).axis_desc_style(label);
        } else {
            mesh.x_labels(0);
        }
        Ok(mesh.draw()?)
    }

    fn draw_marks(&self, chart: &mut Chart<'_, '_>, format: Format, y: &Axis) -> Drawn {
        let range = y.range();
        for (number, &at) in (1..).zip(&self.marks) {
            let stroke = Role::Mark.colour().stroke_width(FINE as u32);
            chart.draw_series([PathElement::new(vec![(at, range.start), (at, range.end)], stroke)])?;
            let small = font(format.text - 1, Role::Mark, VPos::Bottom);
            chart.draw_series([Text::new(
                number.to_string(),
                (at, range.end),
                small.pos(Pos::new(HPos::Center, VPos::Bottom)),
            )])?;
        }
        Ok(())
    }
}

impl Line {
    fn draw(&self, chart: &mut Chart<'_, '_>, pixels: usize, stroke: i32) -> Drawn {
        let style = self.role.colour().stroke_width((self.width * stroke) as u32);
        // A pair of points every two pixels is as much as one can see.
        let stretch = (2 * self.points.len()).div_ceil(pixels);
        for piece in pieces(&self.points) {
            if let [only] = piece.as_slice() {
                chart.draw_series([Circle::new(*only, self.width * FINE, style.filled())])?;
            } else {
                chart.draw_series([PathElement::new(thinned(&piece, stretch), style)])?;
            }
        }
        Ok(())
    }
}

/// Where things stand, in pixels.
struct Layout {
    format: Format,
    legend: Legend,
    /// Where the first panel begins.
    top: i32,
    /// From one panel to the next.
    pitch: i32,
    /// Above the name of the vertical axis.
    heading: i32,
    /// Beside the plot, for the ticks.
    left: i32,
    /// Below the last plot, for the ticks and the name of the horizontal axis.
    foot: i32,
    height: i32,
}

impl Layout {
    fn of(plot: &Plot, format: Format) -> Self {
        let legend = Legend::of(plot, format);
        let top = legend.height(format);
        let heading = if plot.panels.iter().any(|panel| !panel.heading.is_empty()) { format.row() } else { 0 };
        let pitch = heading + format.row() * 3 / 2 + format.panel_height + GAP;
        let widest = plot.panels.iter().map(|panel| panel.y.label_width()).max().unwrap_or(0);
        let foot = format.row();
        let height = top + count(&plot.panels) * pitch + foot;
        Self { format, legend, top, pitch, heading, left: format.text_width(widest) + 12, foot, height }
    }
}

/// Runs of points without a gap.
fn pieces(points: &[(f64, Option<f64>)]) -> Vec<Vec<(f64, f64)>> {
    let runs = points.split(|point| point.1.is_none()).filter(|run| !run.is_empty());
    runs.map(|run| run.iter().filter_map(|(x, y)| y.map(|y| (*x, y))).collect()).collect()
}

/// The least and the greatest of each stretch of points, in their order: peaks stay.
fn thinned(points: &[(f64, f64)], stretch: usize) -> Vec<(f64, f64)> {
    if stretch <= 2 {
        return points.to_vec();
    }
    let by_value = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
    let ends = |chunk: &[(f64, f64)]| {
        let ends = [*chunk.iter().min_by(by_value)?, *chunk.iter().max_by(by_value)?];
        Some(if ends[0].0 <= ends[1].0 { ends } else { [ends[1], ends[0]] })
    };
    let mut kept: Vec<(f64, f64)> = points.chunks(stretch).filter_map(ends).flatten().collect();
    kept.dedup();
    kept
}

/// Names of the lines with a swatch each, in rows that fit.
struct Legend {
    rows: Vec<Vec<(i32, String, Role)>>,
}

impl Legend {
    fn of(plot: &Plot, format: Format) -> Self {
        let mut entries: Vec<(String, Role)> = Vec::new();
        for line in plot.panels.iter().flat_map(|panel| &panel.lines) {
            if !entries.iter().any(|(name, role)| *name == line.name && *role == line.role) {
                entries.push((line.name.clone(), line.role));
            }
        }
        let mut rows: Vec<Vec<(i32, String, Role)>> = Vec::new();
        if entries.len() < 2 {
            return Self { rows };
        }
        let mut x = i32::MAX;
        for (name, role) in entries {
            let name = shortened(&name);
            let width = 26 + format.text_width(name.chars().count()) + 18;
            if x > format.width.saturating_sub(width) {
                rows.push(Vec::new());
                x = 0;
            }
            if let Some(row) = rows.last_mut() {
                row.push((x, name, role));
            }
            x += width;
        }
        Self { rows }
    }

    fn height(&self, format: Format) -> i32 {
        if self.rows.is_empty() { 4 } else { count(&self.rows) * format.row() + format.text }
    }

    fn draw(&self, root: &Area<'_>, format: Format) -> Drawn {
        for (i, row) in (0..).zip(&self.rows) {
            let y = i * format.row() + format.row() / 2 + 2;
            for (x, name, role) in row {
                let swatch = vec![(x * FINE, y * FINE), ((x + 20) * FINE, y * FINE)];
                root.draw(&PathElement::new(swatch, role.colour().stroke_width(3 * FINE as u32)))?;
                let style = font(format.text, Role::Text, VPos::Center);
                root.draw(&Text::new(name.as_str(), ((x + 26) * FINE, y * FINE), style))?;
            }
        }
        Ok(())
    }
}

/// A chart has few of anything.
fn count<T>(of: &[T]) -> i32 {
    i32::try_from(of.len()).unwrap_or(i32::MAX)
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}

fn write(area: &Area<'_>, text: &str, y: i32, size: i32, role: Role) -> Drawn {
    Ok(area.draw(&Text::new(text, (0, y * FINE), font(size, role, VPos::Top)))?)
}

/// plotters shows text at its nominal size divided by 1.24.
fn font(size: i32, role: Role, vertical: VPos) -> TextStyle<'static> {
    let font = ("sans-serif", f64::from(size * FINE) * 1.24).into_font();
    let color = role.colour().to_backend_color();
    TextStyle { color, ..TextStyle::from(font) }.pos(Pos::new(HPos::Left, vertical))
}
