//! How people write quantities: durations `5ms`, sizes `16 KiB`, rates `100k/s` and `20 MiB/s`, counts `1M`.
//!
//! A unit is always written, so that nobody has to remember whether `5` means seconds or milliseconds; only a zero
//! may stand alone. Every refusal says what is wrong and shows how to write it.
use super::Span;
use std::fmt;

/// Why a text is not the quantity it should be, and how to write one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong.
    pub message: String,
    /// How to write it.
    pub remedy: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message, self.remedy)
    }
}

impl std::error::Error for Unreadable {}

/// Longest duration that may be written, in seconds: ten years.
const LONGEST_S: f64 = 10.0 * 365.25 * 86_400.0;
/// Greatest rate that may be written, per second.
const FASTEST: f64 = 1e12;
/// Greatest size or count that may be written: every whole number up to here is exact.
const GREATEST: f64 = 9_007_199_254_740_992.0;

const DURATIONS: &[(&str, f64)] = &[
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("μs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3_600e9),
    ("d", 86_400e9),
];
const SIZES: &[(&str, f64)] = &[
    ("B", 1.0),
    ("kB", 1e3),
    ("KB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
];
const COUNTS: &[(&str, f64)] = &[("", 1.0), ("k", 1e3), ("M", 1e6), ("G", 1e9)];
const PER: &[(&str, f64)] = &[("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3_600.0), ("d", 86_400.0)];

const DURATION: &str = "a number and a unit such as `250us`, `5ms`, `2s`, `10m`, `1h` or `30d`";
const SIZE: &str = "a number and a unit such as `100 B`, `16 KiB` or `1 MB`";
const COUNT: &str = "a whole number such as `1000`, `100k` or `1M`";
const RATE: &str = "a count per time such as `1/s`, `100k/s` or `6M/m`";
const BYTE_RATE: &str = "a size per time such as `20 MiB/s`";

/// A duration such as `5ms`; `0` needs no unit.
///
/// # Errors
/// Where it is not a number with a unit of time, or is longer than ten years.
pub fn duration(text: &str) -> Result<Span, Unreadable> {
    let ns = quantity(text, "duration", DURATION, DURATIONS)?;
    if ns > LONGEST_S * 1e9 {
        return Err(refused(format!("`{text}` is longer than ten years"), "write a shorter duration"));
    }
    Ok(Span::from_ns(ns.round() as u64))
}

/// A size in bytes such as `16 KiB`; `0` needs no unit.
///
/// # Errors
/// Where it is not a number with a unit of size, or no whole number of bytes.
pub fn size(text: &str) -> Result<u64, Unreadable> {
    whole(text, "a whole number of bytes", quantity(text, "size", SIZE, SIZES)?)
}

/// A count such as `100k`.
///
/// # Errors
/// Where it is not a whole number.
pub fn count(text: &str) -> Result<u64, Unreadable> {
    whole(text, "a whole number", quantity(text, "count", COUNT, COUNTS)?)
}

/// A rate per second such as `100k/s`.
///
/// # Errors
/// Where it is not a count per time, or greater than 10^12 per second.
pub fn rate(text: &str) -> Result<f64, Unreadable> {
    per_second(text, "rate", RATE, COUNTS)
}

/// A rate in bytes per second such as `20 MiB/s`.
///
/// # Errors
/// Where it is not a size per time, or greater than 10^12 per second.
pub fn byte_rate(text: &str) -> Result<f64, Unreadable> {
    per_second(text, "rate in bytes", BYTE_RATE, SIZES)
}

/// A price in whatever money for a time, such as `0.05/h`, in money per hour; `0` needs no time.
///
/// # Errors
/// Where it is not a number per time.
pub fn price(text: &str) -> Result<f64, Unreadable> {
    const HOUR_S: f64 = 3_600.0;
    const PRICE: &str = "a number per time such as `0.05/h` or `0.02/30d`";
    let no = || refused(format!("`{}` is not a price", shorten(text)), &format!("write {PRICE}"));
    match text.trim().split_once('/') {
        None if text.trim() == "0" => Ok(0.0),
        None => Err(no()),
        Some((amount, per)) => {
            let amount = number(amount.trim()).map_err(|_| no())?;
            let per = per.trim();
            let per = if per.starts_with(|c: char| c.is_ascii_digit()) { per.to_owned() } else { format!("1{per}") };
            let time = duration(&per).map_err(|_| no())?.seconds();
            if time > 0.0 { Ok(amount * (HOUR_S / time)) } else { Err(no()) }
        }
    }
}

/// A plain number such as `0.2` or `1.5`, zero or more.
///
/// # Errors
/// Where it is anything else.
pub fn number(text: &str) -> Result<f64, Unreadable> {
    let (digits, unit) = split(text.trim());
    match digits.parse() {
        Ok(value) if unit.is_empty() => Ok(value),
        _ => Err(refused(format!("`{}` is not a number", shorten(text)), "write a number such as `0.2` or `1.5`")),
    }
}

fn quantity(text: &str, what: &str, how: &str, units: &[(&str, f64)]) -> Result<f64, Unreadable> {
    let (digits, unit) = split(text.trim());
    let shown = shorten(text);
    let Ok(value) = digits.parse::<f64>() else {
        return Err(refused(format!("`{shown}` is not a {what}"), &format!("write {how}")));
    };
    let scale = units.iter().find(|(name, _)| *name == unit).map(|(_, scale)| *scale);
    match scale {
        Some(scale) => Ok(value * scale),
        None if unit.is_empty() && value == 0.0 => Ok(0.0),
        None if unit.is_empty() => Err(refused(format!("`{shown}` has no unit"), &format!("write {how}"))),
        None => {
            Err(refused(format!("`{shown}` is not a {what}: no unit `{}`", shorten(unit)), &format!("write {how}")))
        }
    }
}

fn per_second(text: &str, what: &str, how: &str, units: &[(&str, f64)]) -> Result<f64, Unreadable> {
    let shown = shorten(text);
    let Some((amount, per)) = text.split_once('/') else {
        return Err(refused(format!("`{shown}` is not a {what}"), &format!("write {how}")));
    };
    let value = quantity(amount, what, how, units)?;
    let Some((_, seconds)) = PER.iter().find(|(name, _)| *name == per.trim()) else {
        return Err(refused(format!("`{shown}` is not a {what}: no time `{}`", shorten(per)), &format!("write {how}")));
    };
    let rate = value / seconds;
    if rate > FASTEST {
        return Err(refused(format!("`{shown}` is more than 10^12 a second"), "write a smaller rate"));
    }
    Ok(rate)
}

fn whole(text: &str, what: &str, value: f64) -> Result<u64, Unreadable> {
    let rounded = value.round();
    if value > GREATEST {
        return Err(refused(format!("`{}` is too much", shorten(text)), "write a smaller number"));
    }
    // Decimal fractions such as 1.1k are whole but for the last bits of the product.
    if (value - rounded).abs() > 1e-9 * value {
        return Err(refused(format!("`{}` is not {what}", shorten(text)), "leave out the fraction"));
    }
    Ok(rounded as u64)
}

/// The digits at the start, and what follows them and one optional space.
fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let proper = digits.starts_with(|c: char| c.is_ascii_digit()) && digits.ends_with(|c: char| c.is_ascii_digit());
    (if proper { digits } else { "" }, rest.strip_prefix(' ').unwrap_or(rest))
}

/// Keeps hostile input from filling the screen.
fn shorten(text: &str) -> String {
    let shown: String = text.chars().take(40).map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect();
    if text.chars().nth(40).is_some() { format!("{shown}…") } else { shown }
}

fn refused(message: String, remedy: &str) -> Unreadable {
    Unreadable { message, remedy: remedy.to_owned() }
}
