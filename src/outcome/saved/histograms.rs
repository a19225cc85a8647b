//! Histograms as the field exchanges them: the interval log V2 (`.hlog`), read by every tool of `HdrHistogram`, and the
//! percentile table (`.hgrm`) that its plotters take.
//!
//! Values are recorded in nanoseconds; the table prints microseconds. The log's one interval starts at second 0 of the
//! run, not of the epoch, so that the same run leaves the same bytes.
use super::{Outcome, SaveError, at, write};
use base64::Engine;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, IntervalLogWriterBuilder, LogEntry, Tag};
use hdrhistogram::serialization::{Deserializer, V2DeflateSerializer};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Lines a halving of the distance to 100 %, as the reference implementation prints.
const TICKS_PER_HALF: u32 = 5;
const NS_PER_US: f64 = 1e3;

pub(super) fn save(outcome: &Outcome, to: &Path) -> Result<(), SaveError> {
    fs::create_dir_all(to).map_err(at(to))?;
    let length = Duration::from_secs_f64(outcome.result.window_s.max(0.0));
    for (name, histogram) in &outcome.histograms {
        let stem = file_stem(name);
        let path = to.join(format!("{stem}.hlog"));
        let log = interval_log(&stem, histogram, length).map_err(|why| SaveError::contents(&path, why))?;
        write(&path, &log)?;
        write(&to.join(format!("{stem}.hgrm")), percentile_table(histogram).as_bytes())?;
    }
    Ok(())
}

pub(super) fn load(from: &Path) -> Result<BTreeMap<String, Histogram<u64>>, SaveError> {
    let mut histograms = BTreeMap::new();
    for entry in fs::read_dir(from).map_err(at(from))? {
        let path = entry.map_err(at(from))?.path();
        let (Some(stem), Some("hlog")) =
            (path.file_stem().and_then(|s| s.to_str()), path.extension().and_then(|e| e.to_str()))
        else {
            continue;
        };
        let text = fs::read(&path).map_err(at(&path))?;
        let name = name_of(stem).ok_or_else(|| SaveError::contents(&path, "its name is not one that conga gives"))?;
        histograms.insert(name, read_log(&text).map_err(|why| SaveError::contents(&path, why))?);
    }
    Ok(histograms)
}

fn interval_log(tag: &str, histogram: &Histogram<u64>, length: Duration) -> Result<Vec<u8>, String> {
    let mut log = b"#[Values are in nanoseconds; time 0 is the start of the run]\n\
        #[Histogram log format version 1.3]\n\
        #[StartTime: 0.000 (seconds since epoch)]\n\
        \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n"
        .to_vec();
    let mut serializer = V2DeflateSerializer::new();
    IntervalLogWriterBuilder::new()
        .begin_log_with(&mut log, &mut serializer)
        .map_err(|why| why.to_string())?
        .write_histogram(histogram, Duration::ZERO, length, Tag::new(tag))
        .map_err(|why| why.to_string())?;
    Ok(log)
}

fn read_log(text: &[u8]) -> Result<Histogram<u64>, String> {
    for entry in IntervalLogIterator::new(text) {
        let LogEntry::Interval(interval) = entry.map_err(|why| format!("{why:?}"))? else { continue };
        let engine = base64::engine::general_purpose::STANDARD;
        let bytes = engine.decode(interval.encoded_histogram()).map_err(|why| why.to_string())?;
        return Deserializer::new().deserialize(&mut bytes.as_slice()).map_err(|why| why.to_string());
    }
    Err("it holds no histogram".to_owned())
}

/// The text that the reference implementation's `outputPercentileDistribution` prints.
fn percentile_table(histogram: &Histogram<u64>) -> String {
    let mut text = format!("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    let mut total = 0;
    for step in histogram.iter_quantiles(TICKS_PER_HALF) {
        total += step.count_since_last_iteration();
        let (value, quantile) = (step.value_iterated_to() as f64 / NS_PER_US, step.quantile_iterated_to());
        let _ = write!(text, "{value:12.3} {quantile:2.12} {total:10}");
        if quantile < 1.0 {
            let _ = write!(text, " {:14.2}", 1.0 / (1.0 - quantile));
        }
        text.push('\n');
    }
    let (mean, deviation) = (histogram.mean() / NS_PER_US, histogram.stdev() / NS_PER_US);
    let (max, count) = (histogram.max() as f64 / NS_PER_US, histogram.len());
    let (buckets, values) = (histogram.buckets(), histogram.distinct_values());
    let _ = writeln!(text, "#[Mean    = {mean:12.3}, StdDeviation   = {deviation:12.3}]");
    let _ = writeln!(text, "#[Max     = {max:12.3}, Total count    = {count:12}]");
    let _ = writeln!(text, "#[Buckets = {buckets:12}, SubBuckets     = {values:12}]");
    text
}

/// A name as it can stand in a file's name: letters, digits, `.`, `_` and `-` as they are, other bytes as `%2F`.
fn file_stem(name: &str) -> String {
    name.bytes().fold(String::new(), |mut stem, byte| {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            stem.push(char::from(byte));
        } else {
            let _ = write!(stem, "%{byte:02X}");
        }
        stem
    })
}

/// What [`file_stem`] was given.
fn name_of(stem: &str) -> Option<String> {
    let mut pieces = stem.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (code, rest) = piece.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}
