//! A chart as PNG, for slides and chats that take no SVG: the very drawing of the SVG, in light colours.
//!
//! Drawn by resvg rather than by plotters' own bitmaps, so that lines are smooth and one drawing is all there is. The
//! font is brought along, so the bytes depend on the outcome alone, not on what is installed.
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::{fs, io};

/// Pixels for each of the drawing's. More would be sharper on some screens, and would take more memory than a whole run.
const SHARP: f32 = 1.0;

static OPTIONS: LazyLock<Options<'static>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    for font in [dejavu::sans::regular(), dejavu::sans::bold()] {
        fonts.load_font_source(fontdb::Source::Binary(Arc::new(font)));
    }
    fonts.set_sans_serif_family("DejaVu Sans");
    Options { font_family: "DejaVu Sans".to_owned(), fontdb: Arc::new(fonts), ..Options::default() }
});

/// Draws every SVG in a folder as a PNG beside it.
///
/// # Errors
/// When the file system refuses, or a file is no drawing of ours.
pub fn beside(charts: &Path) -> io::Result<()> {
    for entry in fs::read_dir(charts)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "svg") {
            super::put(&path.with_extension("png"), &png(&fs::read_to_string(&path)?)?)?;
        }
    }
    Ok(())
}

/// The PNG of a drawing that brings its style along.
///
/// # Errors
/// When the drawing cannot be read or is too large for memory; neither is expected of our own.
pub fn png(svg: &str) -> io::Result<Vec<u8>> {
    let tree = Tree::from_str(svg, &OPTIONS).map_err(io::Error::other)?;
    let size = tree.size();
    let pixels = |length: f32| (length * SHARP).ceil() as u32;
    let mut pixmap = Pixmap::new(pixels(size.width()), pixels(size.height()))
        .ok_or_else(|| io::Error::other("a chart without a size cannot be drawn"))?;
    pixmap.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(SHARP, SHARP), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(io::Error::other)
}
