//! What to show: one page to read anywhere, the same in Markdown, and the charts on their own.
//!
//! Everything is drawn from an [`Outcome`], fresh from a run or read back from its folder; the same outcome draws the
//! same bytes. Drawing happens in memory first, so that files appear whole or not at all.
pub mod axis;
mod befallen;
pub mod bottleneck;
pub mod charts;
pub mod codecs;
pub mod comparison;
pub mod figures;
pub mod fit;
pub mod markdown;
pub mod page;
pub mod palette;
pub mod picture;
pub mod plan;
pub mod plan_page;
pub mod plot;
pub mod probes;
pub mod study;
pub mod svg;
pub mod text;
pub mod verdict;
pub mod work;

use crate::outcome::result::Outcome;
use crate::outcome::saved;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Writes `report.html`, `report.md` and `charts/*.svg` into `dir`, replacing those that are there. What real work left
/// there already is shown as well.
///
/// # Errors
/// When the file system refuses.
pub fn write(outcome: &Outcome, dir: &Path) -> io::Result<()> {
    let charts = charts::all(outcome);
    let left = saved::work::left(dir).map_err(io::Error::other)?;
    let work = work::Section::of(outcome, &left);
    let new = tempfile::Builder::new().prefix(".conga-").tempdir_in(dir)?;
    let drawn = new.path().join("charts");
    fs::create_dir(&drawn)?;
    for chart in &charts {
        fs::write(drawn.join(file_name(chart)), standalone(chart))?;
    }
    fs::write(new.path().join("report.html"), page::html(outcome, &charts, &work))?;
    fs::write(new.path().join("report.md"), markdown::page(outcome, &charts, &work))?;
    replace(&dir.join("charts"), &drawn, &new.path().join("old"))?;
    for file in ["report.html", "report.md"] {
        fs::rename(new.path().join(file), dir.join(file))?;
    }
    Ok(())
}

/// Writes a page of its own as `report.html`, with its charts in `charts/`, replacing those that are there.
///
/// # Errors
/// When the file system refuses.
pub fn write_page(dir: &Path, html: &str, charts: &[&charts::Chart]) -> io::Result<()> {
    let new = tempfile::Builder::new().prefix(".conga-").tempdir_in(dir)?;
    let drawn = new.path().join("charts");
    fs::create_dir(&drawn)?;
    for chart in charts {
        fs::write(drawn.join(file_name(chart)), standalone(chart))?;
    }
    fs::write(new.path().join("report.html"), html)?;
    replace(&dir.join("charts"), &drawn, &new.path().join("old"))?;
    fs::rename(new.path().join("report.html"), dir.join("report.html"))
}

/// Writes one chart into `dir`, as it looks right without a page, and says where.
///
/// # Errors
/// When the file system refuses.
pub fn write_chart(chart: &charts::Chart, dir: &Path) -> io::Result<PathBuf> {
    let path = dir.join(file_name(chart));
    put(&path, standalone(chart).as_bytes())?;
    Ok(path)
}

/// Writes a file as a whole or not at all, replacing one that is there.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().expect("a file is in a folder");
    // A folder of its own, for a temporary file would be its owner's alone.
    let new = tempfile::Builder::new().prefix(".conga-").tempdir_in(dir)?;
    let written = new.path().join("new");
    fs::write(&written, bytes)?;
    fs::rename(written, path)
}

/// Puts a folder in the place of another, which moves to `aside` first.
fn replace(old: &Path, new: &Path, aside: &Path) -> io::Result<()> {
    if fs::symlink_metadata(old).is_ok() {
        fs::rename(old, aside)?;
    }
    fs::rename(new, old)
}

/// `throughput.svg`; bytes that do not belong in the name of a file are written `%2F`.
fn file_name(chart: &charts::Chart) -> String {
    let name = chart.file.bytes().fold(String::new(), |mut name, byte| {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            name.push(char::from(byte));
        } else {
            let _ = write!(name, "%{byte:02X}");
        }
        name
    });
    format!("{name}.svg")
}

/// A chart that looks right without the page: with its title, its own style sheet and some air around it.
fn standalone(chart: &charts::Chart) -> String {
    const AIR: i32 = 16;
    let (width, height) = chart.plot.size(plot::Format::WIDE);
    let (wide, high) = (width + 2 * AIR, height + 2 * AIR);
    let (title, hint) = (escaped(&chart.title), escaped(&chart.hint));
    let (style, surface) = (palette::style_sheet(), palette::surface("svg"));
    let place = format!("<svg x=\"{AIR}\" y=\"{AIR}\" width=\"{width}\" height=\"{height}\" ");
    let drawing = chart.plot.svg(plot::Format::WIDE).replacen("<svg ", &place, 1);
    format!(
        "<svg width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {wide} {high}\" xmlns=\"http://www.w3.org/2000/svg\">\n\
         <title>{title}</title>\n<desc>{hint}</desc>\n<style>\n{style}{surface}</style>\n{drawing}</svg>\n"
    )
}

/// Puts something right after the opening tag of an SVG.
fn insert_after_tag(svg: &str, head: &str) -> String {
    let end = svg.find('>').map_or(0, |place| place + 1);
    format!("{}\n{head}{}", &svg[..end], svg[end..].trim_start())
}

/// Text for XML and HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
