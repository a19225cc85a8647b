//! Draws lines, bands and blocks over an axis, wide or narrow: a legend, panels that share the horizontal axis, and a
//! name above each.
//!
//! Everything is drawn four times as large as it is shown, since plotters rounds to whole units and curves would show
//! it. Widths of texts are estimated: a drawing cannot know the reader's font.
mod dots;
mod layout;
mod marks;

use super::axis::{Axis, Measure, TimeAxis};
use super::palette::{Role, class_of, classes};
use super::svg;
pub use dots::{Dot, Label};
use layout::Layout;
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
/// Left, right, top and bottom of a plot, in units of the drawing.
type Frame = [i32; 4];
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

/// What lies between two lines.
#[derive(Clone, Debug)]
pub struct Band {
    /// Its name in the legend.
    pub name: String,
    /// Its colour.
    pub role: Role,
    /// Places along the horizontal axis with both ends; a gap where there are none.
    pub points: Vec<(f64, Option<(f64, f64)>)>,
}

/// A rectangle: a bar, or a cell of a map.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its name in the legend, which it may share with others.
    pub name: String,
    /// Its colour.
    pub role: Role,
    /// Two opposite corners, along the axes.
    pub corners: [(f64, f64); 2],
    /// Its value in words, shown to who points at it; may be empty where there are many.
    pub title: String,
}

/// Lines, bands and blocks over one vertical axis.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Whose lines these are, where there are several panels; may be empty.
    pub heading: String,
    /// What the vertical axis measures, and in which unit.
    pub name: String,
    /// The vertical axis.
    pub y: Axis,
    /// Height of the plot in pixels, where it is not the usual one.
    pub height: Option<i32>,
    /// Behind everything else.
    pub bands: Vec<Band>,
    /// In front of the bands.
    pub blocks: Vec<Block>,
    /// In front of both, in the order of the legend; each is drawn above those after it.
    pub lines: Vec<Line>,
    /// In front of everything.
    pub dots: Vec<Dot>,
    /// Written into the plot, all of them or, where one finds no room, none.
    pub labels: Vec<Label>,
}

impl Panel {
    /// Lines over an axis that suits them.
    #[must_use]
    pub fn new(name: &str, measure: Measure, lines: Vec<Line>) -> Self {
        let values = lines.iter().flat_map(|line| &line.points).filter_map(|point| point.1);
        let axis = Axis::of(values, measure);
        Self { lines, ..Self::over(name, axis) }
    }

    /// Nothing yet, over an axis.
    #[must_use]
    pub fn over(name: &str, y: Axis) -> Self {
        Self {
            heading: String::new(),
            name: name.to_owned(),
            y,
            height: None,
            bands: Vec::new(),
            blocks: Vec::new(),
            lines: Vec::new(),
            dots: Vec::new(),
            labels: Vec::new(),
        }
    }

    /// Blocks over an axis.
    #[must_use]
    pub fn of_blocks(name: &str, y: Axis, blocks: Vec<Block>) -> Self {
        Self { blocks, ..Self::over(name, y) }
    }

    /// The vertical axis with as many ticks as there is room for.
    fn ticks_up(&self, format: Format) -> Axis {
        let rows = self.height.unwrap_or(format.panel_height) / (format.row() - 2);
        self.y.thinned(if self.y.is_worded() { rows.max(1) as usize } else { 8 })
    }

    /// What the legend names: of one name and colour, whether lines or filled.
    fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let lines = self.lines.iter().map(|line| Entry { name: &line.name, role: line.role, is_filled: false });
        let bands = self.bands.iter().map(|band| Entry { name: &band.name, role: band.role, is_filled: true });
        let blocks = self.blocks.iter().map(|block| Entry { name: &block.name, role: block.role, is_filled: true });
        let dots = self.dots.iter().map(|dot| Entry { name: &dot.name, role: dot.role, is_filled: true });
        lines.chain(bands).chain(blocks).chain(dots)
    }
}

/// A name and what it looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry<'a> {
    name: &'a str,
    role: Role,
    is_filled: bool,
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
        let (svg, frames) = self.drawn(format);
        let view = svg.find("viewBox").unwrap_or(0);
        format!("<svg data-plot=\"{}\" {}", super::escaped(&self.described(&frames)), classes(&svg[view..]))
    }

    /// The drawing in marker colours, and where the plot of each panel lies in it.
    fn drawn(&self, format: Format) -> (String, Vec<Frame>) {
        let layout = Layout::of(self, format);
        let mut svg = String::new();
        let size = ((format.width * FINE) as u32, (layout.height * FINE) as u32);
        let frames = {
            let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            self.draw(&root, &layout).expect("drawing into memory cannot fail")
        };
        let titles = self.panels.iter().flat_map(|panel| {
            let blocks = panel.blocks.iter().map(|block| block.title.as_str());
            blocks.chain(panel.dots.iter().map(|dot| dot.title.as_str()))
        });
        (svg::with_titles(&svg, titles), frames)
    }

    /// What a script needs to turn a place in the drawing into values: axes, places of the plots, names by class.
    fn described(&self, frames: &[Frame]) -> String {
        let panels = frames.iter().zip(&self.panels).map(|(frame, panel)| {
            let names: serde_json::Map<String, serde_json::Value> =
                panel.entries().map(|entry| (class_of(entry.role).to_string(), entry.name.into())).collect();
            serde_json::json!({"at": frame, "y": panel.y.described(), "names": names})
        });
        let panels: Vec<serde_json::Value> = panels.collect();
        serde_json::json!({"x": self.x.described(), "panels": panels}).to_string()
    }

    /// Its natural size in pixels.
    #[must_use]
    pub fn size(&self, format: Format) -> (i32, i32) {
        (format.width, Layout::of(self, format).height)
    }

    fn draw(&self, root: &Area<'_>, layout: &Layout) -> Drawn<Vec<Frame>> {
        root.fill(&Role::Surface.colour())?;
        layout.legend.draw(root, layout.format)?;
        let mut frames = Vec::new();
        for (i, (panel, place)) in self.panels.iter().zip(&layout.places).enumerate() {
            let last = i + 1 == self.panels.len();
            let height = place.height + if last { layout.foot } else { 0 };
            let area = root.clone().shrink((0, place.top * FINE), (layout.format.width * FINE, height * FINE));
            frames.push(self.panel(&area, panel, layout, last)?);
        }
        root.present()?;
        Ok(frames)
    }

    fn panel(&self, area: &Area<'_>, panel: &Panel, layout: &Layout, last: bool) -> Drawn<Frame> {
        let format = layout.format;
        if !panel.heading.is_empty() {
            let bold = font(format.text, Role::Text, VPos::Top);
            let bold = TextStyle { font: bold.font.style(FontStyle::Bold), ..bold };
            area.draw(&Text::new(shortened(&panel.heading), (0, 0), bold))?;
        }
        let name = format!("{}{}", panel.name, if panel.y.is_logarithmic() { " (log scale)" } else { "" });
        write(area, &name, layout.heading, format.text, Role::Muted)?;
        let mut chart = ChartBuilder::on(area)
            .margin_top((layout.heading + layout.naming) * FINE)
            .margin_right(layout.right * FINE)
            .set_label_area_size(LabelAreaPosition::Left, layout.left * FINE)
            .set_label_area_size(LabelAreaPosition::Bottom, if last { layout.foot + GAP } else { GAP } * FINE)
            .build_cartesian_2d(self.ticks_across(layout), panel.ticks_up(format))?;
        let pixels = (format.width - layout.left - layout.right).max(1) as usize;
        panel.bands.iter().rev().try_for_each(|band| band.draw(&mut chart, pixels))?;
        self.mesh(&mut chart, format, last)?;
        for block in &panel.blocks {
            chart.draw_series([Rectangle::new(block.corners, block.role.colour().filled())])?;
        }
        self.draw_marks(&mut chart, format, &panel.y)?;
        panel.lines.iter().rev().try_for_each(|line| line.draw(&mut chart, pixels, format.stroke))?;
        panel.dots.iter().try_for_each(|dot| dot.draw(&mut chart))?;
        dots::write(&panel.labels, &mut chart, format)?;
        let (x, y) = chart.plotting_area().get_pixel_range();
        Ok([x.start, x.end, y.start, y.end])
    }

    /// The horizontal axis with as many ticks as there is room for.
    fn ticks_across(&self, layout: &Layout) -> Axis {
        let format = layout.format;
        if !self.x.is_worded() {
            return self.x.thinned(format.most_x_ticks);
        }
        let room = format.width - layout.left - layout.right;
        self.x.thinned((room / format.text_width(self.x.label_width() + 1).max(1)).max(1) as usize)
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
        for &at in &self.marks {
            let stroke = Role::Mark.colour().stroke_width(FINE as u32);
            chart.draw_series([PathElement::new(vec![(at, range.start), (at, range.end)], stroke)])?;
        }
        let pixel = |at: f64| chart.backend_coord(&(at, range.end)).0 / FINE;
        for number in marks::numbers(&self.marks, pixel, |characters| format.text_width(characters)) {
            let small = font(format.text, Role::Mark, VPos::Bottom);
            let place = (number.at, range.end);
            chart.draw_series([Text::new(number.text, place, small.pos(Pos::new(HPos::Center, VPos::Bottom)))])?;
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

impl Band {
    fn draw(&self, chart: &mut Chart<'_, '_>, pixels: usize) -> Drawn {
        // Every point, or where there are more than pixels one every second pixel: the lines at its edges hide the rest.
        let crowded = self.points.len() > pixels;
        let stretch = if crowded { (2 * self.points.len()).div_ceil(pixels) } else { 1 };
        for run in self.points.split(|point| point.1.is_none()).filter(|run| run.len() > 1) {
            let side = |pick: fn((f64, f64)) -> f64, most: fn(f64, f64) -> f64| {
                let last = run.len().saturating_sub(1);
                let end = move |chunk: &[(f64, Option<(f64, f64)>)]| {
                    let values = chunk.iter().filter_map(|point| point.1).map(pick);
                    Some((chunk[chunk.len() / 2].0, values.reduce(most)?))
                };
                let edges = [&run[..1], &run[last..]].map(|edge| edge.iter().filter_map(|p| Some((p.0, pick(p.1?)))));
                let [first, end_of_run] = edges;
                first.chain(run.chunks(stretch).filter_map(end)).chain(end_of_run).collect::<Vec<(f64, f64)>>()
            };
            let (low, high) = (side(|ends| ends.0, f64::min), side(|ends| ends.1, f64::max));
            let outline: Vec<(f64, f64)> = low.into_iter().chain(high.into_iter().rev()).collect();
            chart.draw_series([Polygon::new(outline, self.role.colour().filled())])?;
        }
        Ok(())
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
