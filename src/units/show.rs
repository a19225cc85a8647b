//! Numbers as people read them: `12.4 ms`, `1.25 M/s`, `16 KiB`, `83 %`.
//!
//! Three or four digits are enough to compare and few enough to read; the exact values are in `result.json`. Every
//! function takes the plain unit (seconds, bytes, per second, a share of 1) and writes `–` for what is not a number.

/// Seconds: `48 µs`, `12.4 ms`, `1.5 s`, `12 min 30 s`, `3 h 5 min`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    const STEPS: [(f64, &str); 3] = [(1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms")];
    match seconds.abs() {
        size if !size.is_finite() => dash(),
        0.0 => "0 s".to_owned(),
        size if size >= 119.5 => long(seconds),
        size if size >= 0.999_5 => format!("{} s", digits(seconds, 3)),
        size => {
            let (step, unit) = STEPS.into_iter().find(|(step, _)| size < step * 999.5).unwrap_or(STEPS[2]);
            format!("{} {unit}", digits(seconds / step, 3))
        }
    }
}

/// From two minutes on, in the two greatest units.
fn long(seconds: f64) -> String {
    let sign = if seconds < 0.0 { "-" } else { "" };
    let whole = seconds.abs().round() as u64;
    let (days, hours, minutes, rest) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60, whole % 60);
    let (first, second) = match (days, hours) {
        (0, 0) => ((minutes, "min"), (rest, "s")),
        (0, _) => ((hours, "h"), (minutes, "min")),
        _ => ((days, "d"), (hours, "h")),
    };
    match second.0 {
        0 => format!("{sign}{} {}", first.0, first.1),
        n => format!("{sign}{} {} {n} {}", first.0, first.1, second.1),
    }
}

/// Per second: `850 /s`, `99.97 k/s`, `1.25 M/s`.
#[must_use]
pub fn rate(per_second: f64) -> String {
    if !per_second.is_finite() {
        return dash();
    }
    let (value, prefix) = decimal(per_second);
    format!("{} {prefix}/s", digits(value, 4))
}

/// Bytes in powers of 1,024: `100 B`, `16 KiB`, `1.5 GiB`.
#[must_use]
pub fn size(bytes: f64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    if !bytes.is_finite() {
        return dash();
    }
    let mut value = bytes;
    let mut unit = 0;
    while value.abs() >= 1023.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{} {}", digits(value, 3), UNITS[unit])
}

/// Records and other things one counts: `9,876`, `120 k`, `1.25 M`.
#[must_use]
pub fn count(count: f64) -> String {
    match count.abs() {
        size if !size.is_finite() => dash(),
        size if (1_000.0..9_999.5).contains(&size) => {
            let whole = size.round() as u64;
            format!("{}{},{:03}", if count < 0.0 { "-" } else { "" }, whole / 1_000, whole % 1_000)
        }
        _ => {
            let (value, prefix) = decimal(count);
            format!("{} {prefix}", digits(value, 4)).trim_end().to_owned()
        }
    }
}

/// A share of 1: `0.4 %`, `8.3 %`, `83 %`, `99.6 %`. Only what is whole reads `100 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    match value.abs() {
        size if !size.is_finite() => dash(),
        size if size > 99.0 && size < 100.0 => format!("{} %", trimmed(format!("{:.2}", value.clamp(-99.99, 99.99)))),
        size if size < 10.0 => format!("{} %", digits(value, 2)),
        _ => format!("{value:.0} %"),
    }
}

fn dash() -> String {
    "–".to_owned()
}

/// A value and its decimal prefix, chosen so that rounding never shows 1000.
fn decimal(value: f64) -> (f64, &'static str) {
    const STEPS: [(f64, &str); 4] = [(1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G")];
    let (step, prefix) = STEPS.into_iter().find(|(step, _)| value.abs() < step * 999.95).unwrap_or((1e12, "T"));
    (value / step, prefix)
}

/// At most so many digits, without zeros at the end: `12.4`, `0.05`, `1234`.
fn digits(value: f64, most: i32) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let before = value.abs().log10().floor() as i32 + 1;
    trimmed(format!("{value:.*}", (most - before).clamp(0, 12) as usize))
}

fn trimmed(text: String) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
