//! What plotters leaves open: titles on what one may point at, and one path for many cells of one colour.
//!
//! Every rectangle of a chart is a block but those of the surface. Blocks with a title become elements of their own, so
//! that browsers show it; those without are drawn together, a path for each colour, which takes a quarter of the bytes.
use super::escaped;
use super::palette::{Role, is_role};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Puts titles on the blocks, in the order in which they were drawn; those of one colour without become one path.
#[must_use]
pub fn with_titles<'a>(svg: &str, mut titles: impl Iterator<Item = &'a str>) -> String {
    let mut out = String::with_capacity(svg.len());
    // By colour: a path that is not written yet.
    let mut cells: BTreeMap<&str, String> = BTreeMap::new();
    for line in svg.split_inclusive('\n') {
        match Rectangle::of(line) {
            Some(block) if !is_role(block.fill, Role::Surface) => match titles.next().unwrap_or_default() {
                "" => block.add_to(cells.entry(block.fill).or_default()),
                title => {
                    let shape = line.trim_end().trim_end_matches("/>");
                    let _ = writeln!(out, "{shape}><title>{}</title></rect>", escaped(title));
                }
            },
            _ => {
                flush(&mut out, &mut cells);
                out.push_str(line);
            }
        }
    }
    flush(&mut out, &mut cells);
    out
}

fn flush(out: &mut String, cells: &mut BTreeMap<&str, String>) {
    for (fill, path) in std::mem::take(cells) {
        let _ = writeln!(out, "<path fill=\"{fill}\" d=\"{path}\"/>");
    }
}

/// A rectangle as plotters writes it.
struct Rectangle<'a> {
    x: i32,
    y: i32,
    width: i32,
    height: i32,
    fill: &'a str,
}

impl<'a> Rectangle<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let line = line.strip_prefix("<rect ")?;
        let text = |name: &str| {
            let from = line.find(&format!("{name}=\""))? + name.len() + 2;
            Some(&line[from..from + line[from..].find('"')?])
        };
        let number = |name: &str| text(name)?.parse().ok();
        Some(Self {
            x: number("x")?,
            y: number("y")?,
            width: number("width")?,
            height: number("height")?,
            fill: text("fill")?,
        })
    }

    fn add_to(&self, path: &mut String) {
        let Self { x, y, width, height, .. } = self;
        let _ = write!(path, "M{x} {y}h{width}v{height}h-{width}z");
    }
}
