//! What codecs make of a producer's messages, drawn: how much smaller and how fast, over the records of a batch.
//!
//! The figures are measurements of one machine; whoever took them hands them in.
use super::axis::{Axis, Measure, Scale};
use super::charts::{Chart, Table};
use super::palette::Role;
use super::plot::{Line, Panel, Plot};
use crate::units::show;

/// One codec at one number of records.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Records of a batch.
    pub records: u32,
    /// Bytes before over bytes after compression.
    pub smaller: f64,
    /// Bytes before compression that are compressed in a second.
    pub compress_per_s: f64,
    /// The same bytes that are brought back in a second.
    pub expand_per_s: f64,
}

/// A codec with its points in the order of their records.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What it is called.
    pub codec: String,
    /// At least one.
    pub points: Vec<Point>,
}

/// The chart of one producer.
#[must_use]
pub fn chart(producer: &str, all: &[Measured]) -> Chart {
    let panel = |name: &str, value: fn(&Point) -> f64| {
        let line = |(i, one): (usize, &Measured)| Line {
            name: one.codec.clone(),
            role: Role::Series(i),
            width: 2,
            points: one.points.iter().map(|point| (f64::from(point.records), Some(value(point)))).collect(),
        };
        Panel::new(name, Measure::Records, all.iter().enumerate().map(line).collect())
    };
    let panels = vec![
        panel("times smaller", |point| point.smaller),
        panel("compressed, MB a second", |point| point.compress_per_s * 1e-6),
        panel("decompressed, MB a second", |point| point.expand_per_s * 1e-6),
    ];
    let most = all.iter().flat_map(|one| &one.points).map(|point| point.records).max().unwrap_or(1).max(10);
    let ticks = (0..10).map(|power| 10_f64.powi(power)).take_while(|tick| *tick <= f64::from(most));
    let ticks = ticks.map(|tick| (tick, show::count(tick))).collect();
    Chart {
        file: format!("codecs-{producer}"),
        title: format!("Codecs on the messages of {producer}"),
        hint: "The more records in a batch, the more they have in common".to_owned(),
        note: String::new(),
        table: Table::default(),
        plot: Plot {
            // A little beyond the last tick, so that its label has room.
            x: Axis::new(1.0, 1.2 * f64::from(most), Scale::Log, ticks),
            x_name: "records in a batch (log scale)".to_owned(),
            panels,
            marks: Vec::new(),
        },
        on_page: false,
    }
}
