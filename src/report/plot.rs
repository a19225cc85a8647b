//! Draws lines over an axis, wide or narrow: a name above the plot, a legend, panels that share the horizontal axis.
//!
//! Everything is drawn four times as large as it is shown, since plotters rounds to whole units and curves would show
//! it. Widths of texts are estimated: a drawing cannot know the reader's font.
use super::axis::{Axis, TimeAxis};
use super::palette::{Role, classes};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Units of the drawing a pixel at its natural size.
const FINE: i32 = 4;
/// Width of a character in heights of the text, over the common system fonts.
const CHARACTER: f64 = 0.56;
/// Characters of a name that are shown.
const LONGEST_NAME: usize = 34;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// A line of a chart.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its name in the legend.
    pub name: String,
    /// Its colour.
    pub role: Role,
    /// Its width in pixels.
    pub width: u32,
    /// Places along the horizontal axis with their values; a gap where there is none.
    pub points: Vec<(f64, Option<f64>)>,
}

/// Lines over one vertical axis.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What the vertical axis measures, and in which unit.
    pub name: String,
    /// The vertical axis.
    pub y: Axis,
    /// In drawing order.
    pub lines: Vec<Line>,
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
    most_x_ticks: usize,
}

impl Format {
    /// For a desk.
    pub const WIDE: Self = Self { width: 960, panel_height: 270, text: 13, most_x_ticks: 12 };
    /// For a phone held upright.
    pub const NARROW: Self = Self { width: 340, panel_height: 220, text: 12, most_x_ticks: 6 };

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

    /// The drawing, without title or style: `<svg viewBox=…>…</svg>`.
    #[must_use]
    pub fn svg(&self, format: Format) -> String {
        let legend = Legend::of(self, format);
        let head = legend.height(format);
        let height = head + format.row() * 5 / 2 + self.panels.len() as i32 * (format.panel_height + format.row());
        let mut svg = String::new();
        {
            let size = ((format.width * FINE) as u32, (height * FINE) as u32);
            let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            self.draw(&root, &legend, format).expect("drawing into memory cannot fail");
        }
        classes(&svg)
    }

    fn draw(&self, root: &Area<'_>, legend: &Legend, format: Format) -> Drawn {
        root.fill(&Role::Surface.colour())?;
        legend.draw(root, format)?;
        let left = self.panels.iter().map(|panel| panel.y.label_width()).max().unwrap_or(0);
        let left = format.text_width(left) + 10;
        for (i, panel) in self.panels.iter().enumerate() {
            let top = legend.height(format) + i as i32 * (format.panel_height + format.row());
            let last = i + 1 == self.panels.len();
            let bottom = top + format.panel_height + format.row() + if last { format.row() * 5 / 2 } else { 0 };
            let area = root.clone().shrink((0, top * FINE), (format.width * FINE, (bottom - top) * FINE));
            self.panel(&area, panel, format, left, last)?;
        }
        root.present()?;
        Ok(())
    }

    fn panel(&self, area: &Area<'_>, panel: &Panel, format: Format, left: i32, last: bool) -> Drawn {
        let name = format!("{}{}", panel.name, if panel.y.is_logarithmic() { " (log scale)" } else { "" });
        write(area, &name, (0, 2), format.text, Role::Muted, HPos::Left)?;
        let mut chart = ChartBuilder::on(area)
            .margin_top(format.row() * 3 / 2 * FINE)
            .margin_right(format.text * FINE)
            .set_label_area_size(LabelAreaPosition::Left, left * FINE)
            .set_label_area_size(LabelAreaPosition::Bottom, if last { format.row() * 5 / 2 } else { 6 } * FINE)
            .build_cartesian_2d(self.x.thinned(format.most_x_ticks), panel.y.thinned(8))?;
        let label = font(format.text, Role::Muted, HPos::Center);
        let (grid, edge) =
            (Role::Grid.colour().stroke_width(FINE as u32), Role::Edge.colour().stroke_width(FINE as u32));
        let mut mesh = chart.configure_mesh();
        mesh.disable_x_mesh().bold_line_style(grid).light_line_style(TRANSPARENT).axis_style(edge);
        mesh.label_style(label.clone()).set_all_tick_mark_size(4 * FINE);
        if last {
            mesh.x_desc(self.x_name.as_str()).axis_desc_style(label);
        } else {
            mesh.x_labels(0);
        }
        mesh.draw()?;
        let range = panel.y.range();
        let pixels = (format.width - left - format.text).max(1) as usize;
        for (number, &at) in (1..).zip(&self.marks) {
            let stroke = Role::Mark.colour().stroke_width(FINE as u32);
            chart.draw_series([PathElement::new(vec![(at, range.start), (at, range.end)], stroke)])?;
            let small = font(format.text - 2, Role::Mark, HPos::Left);
            chart.draw_series([Text::new(format!(" {number}"), (at, range.end), small)])?;
        }
        for line in &panel.lines {
            let style = line.role.colour().stroke_width(line.width * FINE as u32);
            for piece in pieces(&line.points) {
                if let [only] = piece.as_slice() {
                    chart.draw_series([Circle::new(*only, line.width as i32 * FINE, style.filled())])?;
                } else {
                    chart.draw_series([PathElement::new(thinned(&piece, pixels), style)])?;
                }
            }
        }
        Ok(())
    }
}

/// Runs of points without a gap.
fn pieces(points: &[(f64, Option<f64>)]) -> Vec<Vec<(f64, f64)>> {
    let runs = points.split(|point| point.1.is_none()).filter(|run| !run.is_empty());
    runs.map(|run| run.iter().filter_map(|(x, y)| y.map(|y| (*x, y))).collect()).collect()
}

/// The least and the greatest of as many stretches as there are pixels, in their order; peaks stay.
fn thinned(points: &[(f64, f64)], pixels: usize) -> Vec<(f64, f64)> {
    if points.len() <= 2 * pixels {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil(pixels);
    let mut kept = Vec::with_capacity(2 * pixels + 2);
    for chunk in points.chunks(stretch) {
        let by_value = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        if let (Some(least), Some(greatest)) = (chunk.iter().min_by(by_value), chunk.iter().max_by(by_value)) {
            let ordered = if least.0 <= greatest.0 { [*least, *greatest] } else { [*greatest, *least] };
            kept.extend(ordered);
        }
    }
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
        if self.rows.is_empty() { 4 } else { self.rows.len() as i32 * format.row() + format.text }
    }

    fn draw(&self, root: &Area<'_>, format: Format) -> Drawn {
        for (i, row) in self.rows.iter().enumerate() {
            let y = i as i32 * format.row() + format.row() / 2 + 2;
            for (x, name, role) in row {
                let swatch = vec![(x * FINE, y * FINE), ((x + 20) * FINE, y * FINE)];
                root.draw(&PathElement::new(swatch, role.colour().stroke_width(3 * FINE as u32)))?;
                let style =
                    TextStyle { pos: Pos::new(HPos::Left, VPos::Center), ..font(format.text, Role::Text, HPos::Left) };
                root.draw(&Text::new(name.as_str(), ((x + 26) * FINE, y * FINE), style))?;
            }
        }
        Ok(())
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}

fn write(area: &Area<'_>, text: &str, at: (i32, i32), size: i32, role: Role, align: HPos) -> Drawn {
    Ok(area.draw(&Text::new(text, (at.0 * FINE, at.1 * FINE), font(size, role, align)))?)
}

/// plotters shows text at its nominal size divided by 1.24.
fn font(size: i32, role: Role, align: HPos) -> TextStyle<'static> {
    let font = ("sans-serif", f64::from(size * FINE) * 1.24).into_font();
    TextStyle { color: role.colour().to_backend_color(), ..TextStyle::from(font) }.pos(Pos::new(align, VPos::Top))
}
