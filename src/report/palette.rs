//! Colours by role, light and dark, and how a drawing comes to follow the reader's choice of either.
//!
//! Charts are drawn in marker colours that stand for roles; afterwards each becomes a class, and one style sheet says
//! what a class looks like in light and dark. The series colours can be told apart with any of the common kinds of
//! colour blindness (after Okabe and Ito), and stand out from their background by 3:1 or more.
use plotters::style::RGBColor;
use std::fmt::Write;

/// What a colour is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The n-th line of a chart; they repeat after [`SERIES`].
    Series(usize),
    /// What was demanded, behind what happened: dashed and neutral.
    Demand,
    /// Text one reads.
    Text,
    /// Text one looks up.
    Muted,
    /// Lines behind the data.
    Grid,
    /// The edge of the plot.
    Edge,
    /// Something happened here.
    Mark,
    /// Behind everything.
    Surface,
    /// The n-th of [`BANDS`] bands, from the usual case outwards.
    Band(usize),
    /// The n-th of [`HEAT`] steps from little to much.
    Heat(usize),
    /// A cell that text is written on, by what became of its points.
    Cell(State),
    /// A point, by what became of it.
    Point(State),
    /// The n-th of [`SHADES`] steps from little to much, with text on it.
    Shade(usize),
    /// Text on the later half of the shades.
    Ink,
}

/// What became of a point of a study, or of a candidate of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It ran, and nothing says what is good enough.
    Ran,
    /// All its runs hold every threshold.
    Passes,
    /// Some of its runs do.
    Partly,
    /// None does.
    Fails,
    /// It could not be run.
    Refused,
    /// A run of it broke a law.
    Broke,
}

/// States there are.
const STATES: usize = 6;
/// Steps from little to much that text is written on.
pub const SHADES: usize = 5;
/// From this shade on text is written in [`Role::Ink`].
pub const INKED: usize = 3;

/// Bands that differ in colour.
pub const BANDS: usize = 3;
/// Steps from little to much.
pub const HEAT: usize = 6;

/// Lines that differ in colour.
pub const SERIES: usize = 8;

/// Light and dark, in the order of the classes.
const COLOURS: [(&str, &str); SERIES + 7 + BANDS + HEAT + 2 * STATES + SHADES + 1] = [
    ("#0067a8", "#5ab4f0"),
    ("#c74a00", "#ff9457"),
    ("#00805c", "#34cf9f"),
    ("#a23b82", "#ec95c8"),
    ("#8a6100", "#efbb45"),
    ("#2b7fb8", "#9bd8ff"),
    ("#6549b0", "#bca8fa"),
    ("#5f6670", "#c3cad4"),
    ("#7a828e", "#98a1ae"),
    ("#1d2430", "#e8ecf2"),
    ("#5a6472", "#a3adbb"),
    ("#e4e8ee", "#2a313c"),
    ("#aab3c0", "#4a5463"),
    ("#b3261e", "#ff8a80"),
    ("#ffffff", "#171b22"),
    ("#93c1e3", "#2f6694"),
    ("#c3dbee", "#24496a"),
    ("#e3edf6", "#1c3044"),
    ("#dbe8f4", "#1d3044"),
    ("#aacbe8", "#24507a"),
    ("#72a7d6", "#2f74ab"),
    ("#3b80bb", "#4f9dd8"),
    ("#195a99", "#8ac6f0"),
    ("#0a3562", "#d6edff"),
    ("#c9dff2", "#1f4468"),
    ("#bfe6dc", "#0d4f5c"),
    ("#f5dc8c", "#5f4d10"),
    ("#f0a988", "#8a3a1c"),
    ("#d5d9df", "#39414d"),
    ("#d3b4ea", "#553370"),
    ("#0067a8", "#5ab4f0"),
    ("#00805c", "#34cf9f"),
    ("#8a6100", "#efbb45"),
    ("#c74a00", "#ff9457"),
    ("#5f6670", "#a9b1bc"),
    ("#6549b0", "#bca8fa"),
    ("#eaf2fa", "#1a2a3a"),
    ("#c9dff2", "#1f4468"),
    ("#9cc4e6", "#235f93"),
    ("#24649f", "#7fbdf0"),
    ("#0b3a69", "#d6edff"),
    ("#ffffff", "#0c1622"),
];

impl Role {
    fn class(self) -> usize {
        match self {
            Self::Series(n) => n % SERIES,
            Self::Demand => SERIES,
            Self::Text => SERIES + 1,
            Self::Muted => SERIES + 2,
            Self::Grid => SERIES + 3,
            Self::Edge => SERIES + 4,
            Self::Mark => SERIES + 5,
            Self::Surface => SERIES + 6,
            Self::Band(n) => SERIES + 7 + n.min(BANDS - 1),
            Self::Heat(n) => SERIES + 7 + BANDS + n.min(HEAT - 1),
            Self::Cell(state) => SERIES + 7 + BANDS + HEAT + state as usize,
            Self::Point(state) => SERIES + 7 + BANDS + HEAT + STATES + state as usize,
            Self::Shade(n) => SERIES + 7 + BANDS + HEAT + 2 * STATES + n.min(SHADES - 1),
            Self::Ink => SERIES + 7 + BANDS + HEAT + 2 * STATES + SHADES,
        }
    }

    /// Whether it says how much, or what became of something: then it means nothing without a legend.
    #[must_use]
    pub fn is_step(self) -> bool {
        matches!(self, Self::Heat(_) | Self::Cell(_) | Self::Point(_) | Self::Shade(_))
    }

    /// The marker colour to draw in.
    #[must_use]
    pub fn colour(self) -> RGBColor {
        RGBColor(0xA7, 0x03, self.class() as u8)
    }
}

/// The class it has in a drawing: `s3` for lines, `f3` for what is filled.
#[must_use]
pub fn class_of(role: Role) -> usize {
    role.class()
}

/// Whether a colour, as drawn, stands for a role.
#[must_use]
pub fn is_role(colour: &str, role: Role) -> bool {
    colour == format!("#A703{:02X}", role.class())
}

/// Replaces marker colours by classes, and drops what the style sheet says once for all.
#[must_use]
pub fn classes(svg: &str) -> String {
    let mut svg = svg.replace(" opacity=\"1\"", "").replace(" font-family=\"sans-serif\"", "");
    for class in 0..COLOURS.len() {
        svg = svg.replace(&format!("stroke=\"#A703{class:02X}\""), &format!("class=\"s{class}\""));
        svg = svg.replace(&format!("fill=\"#A703{class:02X}\""), &format!("class=\"f{class}\""));
    }
    svg
}

/// The background of an element.
#[must_use]
pub fn surface(element: &str) -> String {
    let (light, dark) = COLOURS[Role::Surface.class()];
    let rule = |colour: &str| format!("{element}{{background:{colour}}}");
    format!("{}\n@media screen and (prefers-color-scheme:dark){{{}}}\n", rule(light), rule(dark))
}

/// What the classes look like: for the page and for a chart on its own.
#[must_use]
pub fn style_sheet() -> String {
    let mut css = String::from("text{font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif}\n");
    css.push_str("polyline{stroke-linejoin:round;stroke-linecap:round}\n");
    let rules = |pick: fn(&(&'static str, &'static str)) -> &'static str| {
        COLOURS.iter().enumerate().fold(String::new(), |mut rules, (class, pair)| {
            let colour = pick(pair);
            let _ = write!(rules, ".s{class}{{stroke:{colour}}}.f{class}{{fill:{colour}}}");
            rules
        })
    };
    let (demand, mark) = (Role::Demand.class(), Role::Mark.class());
    let _ = writeln!(css, "{}", rules(|pair| pair.0));
    let _ = writeln!(
        css,
        "polyline.s{demand}{{stroke-dasharray:18 36}}line.s{mark},polyline.s{mark}{{stroke-dasharray:8 10;opacity:.75}}"
    );
    // Paper is light, whatever the screen.
    let _ = writeln!(css, "@media screen and (prefers-color-scheme:dark){{{}}}", rules(|pair| pair.1));
    css
}
