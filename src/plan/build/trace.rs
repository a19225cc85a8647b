//! Arrivals from a CSV file: a heading, then a row per message or per `count` messages.
//!
//! The first row is time 0, whatever its clock says. Rows must be in order: what is late in a trace is late in a run.
use super::arrivals::{LONGEST_NS, Read, mean_of_trace};
use super::findings::Findings;
use crate::model::protocol::NO_KEY;
use crate::model::workload::{Arrivals, Keys, TraceRow};
use crate::scenario::Scenario;
use crate::scenario::schema::{Columns, Producer, Trace};
use crate::scenario::values::Words;
use crate::scenario::{list, nearest};
use crate::units::show;
use csv::StringRecord;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Messages of a trace at most.
const MOST_MESSAGES: usize = 2_000_000;
/// Different keys of a trace at most.
const MOST_KEYS: usize = 1_000_000;
/// Bad rows told at most.
const MOST_COMPLAINTS: usize = 5;

/// Where a column stands in a row.
struct Places {
    at: usize,
    count: Option<usize>,
    key: Option<usize>,
    size: Option<usize>,
    units: Option<usize>,
}

/// Reads the trace of a producer, whose messages must fit into a request of so many bytes.
pub fn read(
    scenario: &Scenario,
    settings: &Producer,
    (trace, request_size): (&Trace, u32),
    path: &str,
    found: &mut Findings<'_>,
) -> Read {
    let at = format!("{path}.arrivals.trace");
    let nothing = Read::from(Arrivals::Trace(Arc::from([])));
    let Some(bytes) = scenario.input(&trace.file.0) else { return nothing };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(&**bytes);
    let places = match reader.headers().cloned() {
        Ok(heading) if heading.is_empty() => {
            found.error(&format!("{at}.file"), "is empty", "write a heading such as `at,size`, and a row a message");
            None
        }
        Ok(heading) => places(&heading, trace.columns.as_ref(), &at, found),
        Err(error) => {
            found.error(
                &format!("{at}.file"),
                format!("the heading is unreadable: {error}"),
                "write one, such as `at,size`",
            );
            None
        }
    };
    let Some(places) = places else { return nothing };
    twice(settings, &places, path, found);
    let mut reading = Reading {
        places,
        request_size,
        first: None,
        last: 0,
        rows: Vec::new(),
        keys: BTreeMap::new(),
        texts: Vec::new(),
        full: false,
    };
    collect(&mut reader, &mut reading, &format!("{at}.file"), &trace.file.0, found);
    if reading.rows.is_empty() && found.errors.is_empty() {
        found.error(&format!("{at}.file"), "has no rows", "name a file with at least one message");
    }
    scale(&mut reading.rows, settings, trace, path, found);
    let keys = match reading.places.key {
        Some(_) => Keys::Listed { texts: reading.texts.into(), base: 0 },
        None => Keys::None,
    };
    Read { arrivals: Arrivals::Trace(reading.rows.into()), keys }
}

/// What both the trace and the producer say.
fn twice(settings: &Producer, places: &Places, path: &str, found: &mut Findings<'_>) {
    let both = [
        ("key", places.key.is_some(), settings.key.is_some()),
        ("message", places.size.is_some(), settings.message.is_some()),
    ];
    for (key, trace, producer) in both {
        if trace && producer {
            let remedy = format!("remove `{key}` here, or the column from the trace");
            found.error(&format!("{path}.{key}"), "stands in the trace, too", remedy);
        }
    }
}

fn places(heading: &StringRecord, columns: Option<&Columns>, path: &str, found: &mut Findings<'_>) -> Option<Places> {
    let silent = Columns::default();
    let columns = columns.unwrap_or(&silent);
    let mut place = |name: &str, mapped: Option<&Words>| -> Option<usize> {
        let wanted = mapped.map_or(name, |Words(text)| text.as_str());
        let place = heading.iter().position(|column| column.trim_start_matches('\u{FEFF}') == wanted);
        if place.is_none() && (mapped.is_some() || name == "at") {
            let shown = list(heading.iter().take(10));
            let remedy = match nearest(wanted, heading.iter()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the file has {shown}; say which one with `columns: {{{name}: …}}`"),
            };
            let path = if mapped.is_some() { format!("{path}.columns.{name}") } else { format!("{path}.file") };
            found.error(&path, format!("no column is called `{wanted}`"), remedy);
        }
        place
    };
    let count = place("count", columns.count.as_ref());
    let key = place("key", columns.key.as_ref());
    let size = place("size", columns.size.as_ref());
    let units = place("units", columns.units.as_ref());
    let at = place("at", columns.at.as_ref())?;
    Some(Places { at, count, key, size, units })
}

fn collect(reader: &mut csv::Reader<&[u8]>, reading: &mut Reading, path: &str, file: &str, found: &mut Findings<'_>) {
    let mut record = StringRecord::new();
    let mut complaints = 0;
    loop {
        let outcome = match reader.read_record(&mut record) {
            Ok(false) => return,
            Ok(true) => reading.add(&record),
            Err(error) => {
                found.error(path, format!("`{file}` is unreadable: {error}"), "write every row like the heading");
                return;
            }
        };
        let Err((message, remedy)) = outcome else { continue };
        let line = record.position().map_or(0, csv::Position::line);
        found.error(path, format!("{file}:{line}: {message}"), remedy);
        complaints += 1;
        if complaints == MOST_COMPLAINTS || reading.full {
            return;
        }
    }
}

struct Reading {
    places: Places,
    request_size: u32,
    /// Clock of the first row.
    first: Option<i128>,
    last: u64,
    rows: Vec<TraceRow>,
    keys: BTreeMap<String, u32>,
    texts: Vec<String>,
    /// A limit is reached, more rows are of no use.
    full: bool,
}

type Complaint = (String, &'static str);

impl Reading {
    fn add(&mut self, record: &StringRecord) -> Result<(), Complaint> {
        let cell = |place: Option<usize>| place.and_then(|i| record.get(i)).filter(|text| !text.is_empty());
        let at_ns = self.at(cell(Some(self.places.at)).unwrap_or_default())?;
        let count = number(cell(self.places.count), "count", 1.0)?;
        if count.fract() != 0.0 {
            return Err((format!("count {count} is not whole"), "write a whole number"));
        }
        let size = number(cell(self.places.size), "size", -1.0)?;
        if size > f64::from(self.request_size) {
            let limit = show::size(f64::from(self.request_size));
            return Err((
                format!("a message of {size} bytes does not fit into a request of {limit}"),
                "make it smaller",
            ));
        }
        let units = number(cell(self.places.units), "units", 1.0)?;
        if self.rows.len() as f64 + count > MOST_MESSAGES as f64 {
            let message = format!("more than {MOST_MESSAGES} messages");
            self.full = true;
            return Err((message, "shorten the trace, or split it over several producers"));
        }
        let key = self.key(cell(self.places.key))?;
        let row = TraceRow { at_ns, key, size: size as i64, units };
        self.rows.extend(std::iter::repeat_n(row, count as usize));
        Ok(())
    }

    fn at(&mut self, text: &str) -> Result<u64, Complaint> {
        const HOW: &str = "write seconds, RFC 3339 or `YYYY-MM-DD HH:MM:SS.fff`";
        let clock = clock(text).ok_or_else(|| (format!("`{}` is not a time", short(text)), HOW))?;
        let since = clock - *self.first.get_or_insert(clock);
        match u64::try_from(since) {
            Ok(ns) if ns >= self.last && ns < 1 << 58 => {
                self.last = ns;
                Ok(ns)
            }
            Ok(ns) if ns >= 1 << 58 => {
                Err((format!("`{}` is years after the first row", short(text)), "cut the trace"))
            }
            _ => Err((format!("`{}` is before the row above", short(text)), "sort the rows by time")),
        }
    }

    fn key(&mut self, text: Option<&str>) -> Result<u32, Complaint> {
        let Some(text) = text else { return Ok(NO_KEY) };
        if let Some(number) = self.keys.get(text) {
            return Ok(*number);
        }
        if self.texts.len() == MOST_KEYS {
            self.full = true;
            return Err((format!("more than {MOST_KEYS} different keys"), "use `key: {uniform: {keys: …}}` instead"));
        }
        let number = self.texts.len() as u32;
        self.keys.insert(text.to_owned(), number);
        self.texts.push(text.to_owned());
        Ok(number)
    }
}

/// Nanoseconds of a clock that counts from anywhere.
#[must_use]
pub fn clock(text: &str) -> Option<i128> {
    if let Some(ns) = decimal_seconds(text) {
        return Some(ns);
    }
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(instant.as_nanosecond());
    }
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_nanosecond())
}

/// Decimal seconds without rounding: seconds since 1970 with nanoseconds are beyond an `f64`.
fn decimal_seconds(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 12 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let nine: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    Some(whole.parse::<i128>().ok()? * 1_000_000_000 + nine.parse::<i128>().ok()?)
}

fn number(cell: Option<&str>, column: &str, silent: f64) -> Result<f64, Complaint> {
    let Some(text) = cell else { return Ok(silent) };
    let value = text.parse::<f64>().ok().filter(|value| (0.0..1e15).contains(value));
    value.ok_or_else(|| (format!("{column} `{}` is not a number from 0", short(text)), "write a number"))
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// Speeds the trace up by `speed`, or to the mean that `rate` asks for.
fn scale(rows: &mut [TraceRow], settings: &Producer, trace: &Trace, path: &str, found: &mut Findings<'_>) {
    let mean = mean_of_trace(rows);
    let speed = match &settings.rate {
        Some(_) if mean == 0.0 => {
            found.error(&format!("{path}.rate"), "cannot scale a trace whose messages share one instant", "remove it");
            1.0
        }
        Some(rate) => rate.0 / mean,
        None => trace.speed.as_ref().map_or(1.0, |speed| speed.0),
    };
    if rows.last().is_some_and(|row| row.at_ns as f64 / speed > LONGEST_NS) {
        let key = if settings.rate.is_some() { "rate" } else { "arrivals.trace" };
        found.error(&format!("{path}.{key}"), "makes the trace longer than ten years", "play it faster");
    } else if (speed - 1.0).abs() > f64::EPSILON {
        for row in rows {
            row.at_ns = (row.at_ns as f64 / speed).round() as u64;
        }
    }
}
