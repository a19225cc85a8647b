//! Points that stand by themselves, and words in a plot.
//!
//! What became of a point is told by its colour and by its shape, since not everybody tells colours apart: a square
//! passes, a flat bar fails, an upright one does so in part, and what did not run is small.
use super::{Chart, Drawn, FINE, Format, font};
use crate::report::palette::{Role, State};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A point.
#[derive(Clone, Debug)]
pub struct Dot {
    /// Its name in the legend, which it may share with others.
    pub name: String,
    /// Its colour.
    pub role: Role,
    /// Where, along the axes.
    pub at: (f64, f64),
    /// What it is in words, shown to who points at it; may be empty where there are many.
    pub title: String,
}

impl Dot {
    pub(super) fn draw(&self, chart: &mut Chart<'_, '_>) -> Drawn {
        let (wide, high) = match self.role {
            Role::Point(State::Fails) => (7, 3),
            Role::Point(State::Partly) => (3, 7),
            Role::Point(State::Refused) => (3, 3),
            _ => (5, 5),
        };
        let corners = [(-wide * FINE, -high * FINE), (wide * FINE, high * FINE)];
        let shape = EmptyElement::at(self.at) + Rectangle::new(corners, self.role.colour().filled());
        chart.draw_series([shape])?;
        Ok(())
    }
}

/// A word in a plot.
#[derive(Clone, Debug)]
pub struct Label {
    /// What it says.
    pub text: String,
    /// Its colour.
    pub role: Role,
    /// Its middle, along the axes.
    pub at: (f64, f64),
    /// How much room there is for it, along the horizontal axis.
    pub room: f64,
}

/// Writes all words, or none where one of them finds no room.
pub(super) fn write(labels: &[Label], chart: &mut Chart<'_, '_>, format: Format) -> Drawn {
    let (across, up) = chart.plotting_area().get_pixel_range();
    let range = chart.x_range();
    let pixels = |room: f64| room / (range.end - range.start) * f64::from(across.end - across.start);
    let size = format.text;
    let width = |label: &Label| (label.text.chars().count() as f64 * 0.56 * f64::from(size) + 8.0) * f64::from(FINE);
    if up.is_empty() || labels.iter().any(|label| width(label) > pixels(label.room)) {
        return Ok(());
    }
    for label in labels {
        let style = font(size, label.role, VPos::Center).pos(Pos::new(HPos::Center, VPos::Center));
        chart.draw_series([Text::new(label.text.clone(), label.at, style)])?;
    }
    Ok(())
}
