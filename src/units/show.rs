//! How people read quantities: `12.4 ms`, `1.25 M/s`, `16 KiB`. Three significant digits, no trailing zeros.
//!
//! For eyes only: what is read again by a machine is written in full, in base units.
use super::Span;

const TIMES: &[(f64, &str)] = &[(86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs")];
const BINARY: &[(f64, &str)] =
    &[(1_099_511_627_776.0, "TiB"), (1_073_741_824.0, "GiB"), (1_048_576.0, "MiB"), (1_024.0, "KiB")];
const COUNTS: &[(f64, &str)] = &[(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];

/// A span: `12.4 ms`.
#[must_use]
pub fn span(span: Span) -> String {
    seconds(span.seconds())
}

/// Seconds: `12.4 ms`.
#[must_use]
pub fn seconds(seconds: f64) -> String {
    if seconds == 0.0 {
        return "0 s".to_owned();
    }
    scaled(seconds, TIMES, (1e-9, "ns"), " ")
}

/// Bytes: `16 KiB`.
#[must_use]
pub fn size(bytes: f64) -> String {
    scaled(bytes, BINARY, (1.0, "B"), " ")
}

/// Messages per second: `1.25 M/s`.
#[must_use]
pub fn rate(per_second: f64) -> String {
    format!("{}/s", count(per_second))
}

/// Bytes per second: `20 MiB/s`.
#[must_use]
pub fn byte_rate(per_second: f64) -> String {
    format!("{}/s", size(per_second))
}

/// A number of things: `1.25 M`, `980`.
#[must_use]
pub fn count(count: f64) -> String {
    scaled(count, COUNTS, (1.0, ""), " ")
}

/// A share: `12.5 %`.
#[must_use]
pub fn share(share: f64) -> String {
    format!("{} %", digits(share * 100.0))
}

fn scaled(value: f64, units: &[(f64, &str)], smallest: (f64, &str), gap: &str) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "–".to_owned()
        } else if value > 0.0 {
            "∞".to_owned()
        } else {
            "-∞".to_owned()
        };
    }
    // 999.6 rounds to 1000 and belongs to the next unit.
    let fits = |scale: f64| value.abs() / scale >= 0.999_5;
    let (scale, unit) = units.iter().copied().find(|(scale, _)| fits(*scale)).unwrap_or(smallest);
    let gap = if unit.is_empty() { "" } else { gap };
    format!("{}{gap}{unit}", digits(value / scale))
}

fn digits(value: f64) -> String {
    let magnitude = value.abs();
    let decimals = match magnitude {
        m if m >= 99.95 => 0,
        m if m >= 9.995 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
