//! Where things stand in a drawing, in pixels: legend, panels, room for ticks and names.
//!
//! Settled before anything is drawn, so that a drawing knows its size; widths of texts are estimates.
use super::{Area, Drawn, Entry, FINE, Format, GAP, Plot, count, font, shortened};
use crate::report::palette::Role;
use plotters::prelude::*;
use plotters::style::text_anchor::VPos;

/// Where things stand, in pixels.
pub(super) struct Layout {
    pub(super) format: Format,
    pub(super) legend: Legend,
    pub(super) places: Vec<Placed>,
    /// Above the name of the vertical axis.
    pub(super) heading: i32,
    /// For that name.
    pub(super) naming: i32,
    /// Beside the plot, for the ticks.
    pub(super) left: i32,
    /// On its other side.
    pub(super) right: i32,
    /// Below the last plot, for the ticks and the name of the horizontal axis.
    pub(super) foot: i32,
    pub(super) height: i32,
}

/// Where a panel stands.
pub(super) struct Placed {
    pub(super) top: i32,
    /// To where the next begins.
    pub(super) height: i32,
}

impl Layout {
    pub(super) fn of(plot: &Plot, format: Format) -> Self {
        let legend = Legend::of(plot, format);
        let heading = if plot.panels.iter().any(|panel| !panel.heading.is_empty()) { format.row() } else { 0 };
        let is_named = plot.panels.iter().any(|panel| !panel.name.is_empty()) || !plot.marks.is_empty();
        let naming = if is_named { format.row() * 3 / 2 } else { format.row() / 3 };
        let mut top = legend.height(format);
        let place = |panel: &super::Panel| {
            let height = heading + naming + panel.height.unwrap_or(format.panel_height) + GAP;
            top += height;
            Placed { top: top - height, height }
        };
        let places = plot.panels.iter().map(place).collect();
        let widest = plot.panels.iter().map(|panel| panel.y.label_width()).max().unwrap_or(0);
        // Without ticks of its own, the plot leaves room for half of the first and the last tick below it.
        let half = format.text_width(3);
        let (beside, right) = if widest == 0 { (half, half) } else { (format.text_width(widest) + 12, format.text) };
        let foot = format.row();
        Self { format, legend, places, heading, naming, left: beside, right, foot, height: top + foot }
    }
}

/// Names with a swatch each, in rows that fit.
pub(super) struct Legend {
    rows: Vec<Vec<Swatch>>,
}

struct Swatch {
    x: i32,
    name: String,
    role: Role,
    is_filled: bool,
}

impl Legend {
    fn of(plot: &Plot, format: Format) -> Self {
        let mut entries: Vec<Entry<'_>> = Vec::new();
        for entry in plot.panels.iter().flat_map(super::Panel::entries) {
            if !entry.name.is_empty() && !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        // Steps of a map are read from little to much, wherever they were met first.
        if entries.iter().all(|entry| entry.role.is_step()) {
            entries.sort_by_key(|entry| super::class_of(entry.role));
        }
        let mut rows: Vec<Vec<Swatch>> = Vec::new();
        let is_map = entries.first().is_some_and(|entry| entry.role.is_step());
        if entries.len() < 2 && !is_map {
            return Self { rows };
        }
        let mut x = i32::MAX;
        for Entry { name, role, is_filled } in entries {
            let name = shortened(name);
            let width = 26 + format.text_width(name.chars().count()) + 18;
            if x > format.width.saturating_sub(width) {
                rows.push(Vec::new());
                x = 0;
            }
            if let Some(row) = rows.last_mut() {
                row.push(Swatch { x, name, role, is_filled });
            }
            x += width;
        }
        Self { rows }
    }

    fn height(&self, format: Format) -> i32 {
        if self.rows.is_empty() { 4 } else { count(&self.rows) * format.row() + format.text }
    }

    pub(super) fn draw(&self, root: &Area<'_>, format: Format) -> Drawn {
        for (i, row) in (0..).zip(&self.rows) {
            let y = i * format.row() + format.row() / 2 + 2;
            row.iter().try_for_each(|swatch| swatch.draw(root, y, format))?;
        }
        Ok(())
    }
}

impl Swatch {
    fn draw(&self, root: &Area<'_>, y: i32, format: Format) -> Drawn {
        let (left, right) = (self.x * FINE, (self.x + 20) * FINE);
        if self.is_filled {
            // No rectangle: those are the chart's own.
            let [top, bottom] = [y - 6, y + 6].map(|y| y * FINE);
            let corners = vec![(left, top), (right, top), (right, bottom), (left, bottom)];
            root.draw(&Polygon::new(corners, self.role.colour().filled()))?;
        } else {
            let line = vec![(left, y * FINE), (right, y * FINE)];
            root.draw(&PathElement::new(line, self.role.colour().stroke_width(3 * FINE as u32)))?;
        }
        let style = font(format.text, Role::Text, VPos::Center);
        Ok(root.draw(&Text::new(self.name.as_str(), ((self.x + 26) * FINE, y * FINE), style))?)
    }
}
