//! `conga fit FILE`: which of the scenario's distributions measured times may come from, with the YAML to paste.
//!
//! Values are times with their unit, one a row, or a column of a CSV file; or instants, of which the times between count.
use super::{BAD, FitArgs};
use crate::plan::build;
use crate::report;
use crate::study::fit::{Fit, Law, ranked};
use crate::units::{parse, show};
use anyhow::Context;
use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;

/// Values at most: their logarithms are taken a few hundred times.
const MOST: usize = 5_000_000;

/// Fits and tells.
///
/// # Errors
/// When standard output or the folder of the chart cannot be written.
pub fn run(args: &FitArgs) -> anyhow::Result<ExitCode> {
    let mut values = match values(args) {
        Ok(values) => values,
        Err(complaint) => {
            writeln!(std::io::stderr(), "{}: {complaint}", args.file.display())?;
            return Ok(ExitCode::from(BAD));
        }
    };
    values.sort_by(f64::total_cmp);
    let fits = ranked(&values);
    let mut out = std::io::stdout().lock();
    write!(out, "{}", told(&values, &fits, args.arrivals))?;
    if let Some(dir) = &args.out {
        let draw = || {
            std::fs::create_dir_all(dir)?;
            report::write_chart(&report::fit::chart(&values, &fits), dir)
        };
        let path = draw().with_context(|| format!("cannot draw into {}", dir.display()))?;
        writeln!(out, "\nChart: {}", path.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Times in seconds, or what is wrong and what to do.
fn values(args: &FitArgs) -> Result<Vec<f64>, String> {
    let cannot = |error: &dyn std::fmt::Display| format!("cannot be read: {error}; check the path");
    let named = args.column.is_some();
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .has_headers(named)
        .flexible(true)
        .comment(Some(b'#'))
        .from_path(&args.file)
        .map_err(|error| cannot(&error))?;
    let column = match &args.column {
        None => 0,
        Some(name) => {
            let heading = reader.headers().map_err(|error| cannot(&error))?;
            let place = heading.iter().position(|column| column.trim_start_matches('\u{FEFF}') == name);
            let shown = crate::scenario::list(heading.iter().take(10));
            place.ok_or_else(|| format!("no column is called `{name}`; there are {shown}"))?
        }
    };
    let (mut values, mut before) = (Vec::new(), None);
    for row in reader.records() {
        let row = row.map_err(|error| cannot(&error))?;
        let line = row.position().map_or(0, csv::Position::line);
        let told = |complaint: String| format!("line {line}: {complaint}");
        let text =
            row.get(column).ok_or_else(|| told(format!("has no column {}; write every row alike", column + 1)))?;
        if args.arrivals {
            let remedy = "write seconds, RFC 3339 or `YYYY-MM-DD HH:MM:SS.fff`";
            let at = build::clock(text).ok_or_else(|| told(format!("`{text}` is not a time; {remedy}")))?;
            let since = at - before.replace(at).unwrap_or(at);
            if since < 0 {
                return Err(told(format!("`{text}` is before the row above; sort the rows by time")));
            }
            if line > 1 + u64::from(named) {
                values.push(since as f64 * 1e-9);
            }
        } else {
            let bare = text.parse::<f64>().is_ok();
            let unit = args.unit.as_deref().filter(|_| bare).unwrap_or_default();
            let remedy = if bare { ", or add `--unit ms` for all" } else { "" };
            let span = parse::duration(&format!("{text}{unit}"))
                .map_err(|error| told(format!("{}; {}{remedy}", error.message, error.remedy)))?;
            values.push(span.seconds());
        }
        if values.len() > MOST {
            return Err(format!("has more than {MOST} values; a part of them says as much"));
        }
    }
    if values.len() < 2 {
        return Err("has fewer than two values; write one a row".to_owned());
    }
    Ok(values)
}

fn told(sorted: &[f64], fits: &[Fit], arrivals: bool) -> String {
    let n = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / n;
    let cv = (sorted.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt() / mean;
    let mut text = format!(
        "{} values from {} to {}, mean {}, coefficient of variation {cv:.3}\n\n",
        show::count(n),
        show::duration(sorted[0]),
        show::duration(sorted[sorted.len() - 1]),
        show::duration(mean)
    );
    let best = fits.first().and_then(|fit| fit.aic).unwrap_or(0.0);
    let _ = writeln!(text, "  {:<17} {:>12} {:>9}  parameters", "law", "AIC - best", "distance");
    for fit in fits {
        let behind = fit.aic.map_or_else(|| "exact".to_owned(), |aic| format!("{:.1}", aic - best));
        let _ = writeln!(text, "  {:<17} {behind:>12} {:>9.4}  {}", fit.law.name(), fit.distance, yaml(fit.law));
    }
    if sorted[0] <= 0.0 && fits.first().is_some_and(|fit| fit.aic.is_some()) {
        let zeros = sorted.partition_point(|x| *x <= 0.0) as f64;
        let _ = writeln!(text, "\n{} values are 0: laws that have no 0 are left out.", show::count(zeros));
    }
    let pasted = if arrivals { fits.iter().find_map(|fit| as_arrivals(fit.law)) } else { None };
    match (arrivals, pasted, fits.first()) {
        (true, Some((name, line)), _) => {
            let _ = writeln!(text, "\nThe best of these that arrivals can follow ({name}):\n\n    arrivals: {line}");
        }
        (true, None, _) => text.push_str("\nArrivals follow none of these; use a `trace` of the file.\n"),
        (false, _, Some(fit)) => {
            let _ = writeln!(text, "\nThe best as a distribution, such as of work:\n\n    work: {}", yaml(fit.law));
        }
        (false, _, None) => {}
    }
    text
}

/// As a scenario has it.
fn yaml(law: Law) -> String {
    let name = law.name();
    match law {
        Law::Constant(value) => format!("{{{name}: {{value: {}}}}}", time(value)),
        Law::Bimodal(fast, slow, share) => {
            format!("{{{name}: {{fast: {}, slow: {}, share_slow: {share:.4}}}}}", time(fast), time(slow))
        }
        Law::Uniform(min, max) => format!("{{{name}: {{min: {}, max: {}}}}}", time(min), time(max)),
        Law::Exponential(mean) => format!("{{{name}: {{mean: {}}}}}", time(mean)),
        Law::Lognormal(mean, cv) | Law::Gamma(mean, cv) | Law::Hyperexponential(mean, cv) => {
            format!("{{{name}: {{mean: {}, cv: {cv:.4}}}}}", time(mean))
        }
        Law::Weibull(mean, shape) | Law::Pareto(mean, shape) => {
            format!("{{{name}: {{mean: {}, shape: {shape:.4}}}}}", time(mean))
        }
    }
}

/// Arrivals whose times between follow the law, if there are such.
fn as_arrivals(law: Law) -> Option<(&'static str, String)> {
    let rate = |mean: f64| format!("{:.6}/s", 1.0 / mean);
    let line = match law {
        Law::Constant(value) if value > 0.0 => format!("{{constant: {{rate: {}}}}}", rate(value)),
        Law::Exponential(mean) => format!("{{poisson: {{rate: {}}}}}", rate(mean)),
        Law::Gamma(mean, cv) => format!("{{renewal: {{rate: {}, cv: {cv:.4}}}}}", rate(mean)),
        _ => return None,
    };
    Some((law.name(), line))
}

/// A time as a scenario has it: whole nanoseconds, in the unit that needs no more than three digits before the point.
fn time(seconds: f64) -> String {
    let ns = (seconds * 1e9).round();
    let (unit, digits) =
        [("s", 1e9), ("ms", 1e6), ("us", 1e3)].into_iter().find(|(_, size)| ns >= *size).unwrap_or(("ns", 1.0));
    let text = format!("{:.6}", ns / digits);
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}
