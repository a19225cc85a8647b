//! A client's own Java properties file: what it says fills the keys that the scenario leaves silent.
//!
//! Values have Kafka's form there: bare numbers of bytes and milliseconds, names of classes. What a file sets and nothing
//! here simulates is told by name; what cannot be honoured is refused with its line, as Kafka would refuse it.
use super::client;
use super::findings::Findings;
use crate::scenario::later;
use crate::scenario::list;
use crate::scenario::schema::{AfterWhat, Assignor, Commit, Compression, Group, Partitioner, Producer, Protocol};
use crate::scenario::values::{self, Acks, Count, Duration, File, Flag, Size};
use crate::units::Span;
use java_properties::{LineContent, PropertiesIter};
use std::collections::BTreeMap;

/// Bytes of a file at most.
const LARGEST: usize = 1 << 20;
/// Names a warning lists at most.
const MOST_NAMED: usize = 30;
/// Milliseconds that stand for "for ever": ten years.
const FOR_EVER_MS: u64 = 315_360_000_000;
/// Kafka's `int`.
const INT: u64 = i32::MAX as u64;

/// A producer with its silent keys filled from its properties file, and `max.request.size` if that stands there.
pub fn producer(written: &Producer, path: &str, found: &mut Findings<'_>) -> (Producer, Option<u32>) {
    let mut filled = written.clone();
    let Some(file) = &written.kafka_properties else { return (filled, None) };
    let mut lines = Lines::read(file, path, found);
    fill(&mut filled.batch_size, lines.number("batch.size", 0..=1 << 30, found).map(|n| Size(n.max(1))));
    fill(&mut filled.linger, lines.millis("linger.ms", 0, found));
    fill(&mut filled.acks, lines.acks(found));
    let window = lines.number("max.in.flight.requests.per.connection", 1..=1_000, found);
    fill(&mut filled.max_in_flight, window.map(Count));
    fill(&mut filled.buffer, lines.number("buffer.memory", 1..=i64::MAX as u64, found).map(Size));
    fill(&mut filled.max_block, lines.millis("max.block.ms", 0, found));
    fill(&mut filled.request_timeout, lines.millis("request.timeout.ms", 1, found));
    let delivery = lines.delivery(&filled, written.delivery_timeout.is_none(), found);
    fill(&mut filled.delivery_timeout, delivery);
    fill(&mut filled.retries, lines.number("retries", 0..=INT, found).map(Count));
    fill(&mut filled.retry_backoff, lines.millis("retry.backoff.ms", 0, found));
    fill(&mut filled.retry_backoff_max, lines.millis("retry.backoff.max.ms", 0, found));
    fill(&mut filled.idempotence, lines.flag("enable.idempotence", found).map(|(_, flag)| Flag(flag)));
    fill(&mut filled.metadata_max_age, lines.millis("metadata.max.age.ms", 1, found));
    let compression = lines.compression(written.compression.is_none(), found);
    fill(&mut filled.compression, compression);
    let partitioner = lines.partitioner(written.partitioner.is_none(), found);
    fill(&mut filled.partitioner, partitioner);
    let request_size = lines.number("max.request.size", 1..=INT, found).map(|n| n as u32);
    lines.tell_the_rest(found);
    (filled, request_size)
}

/// A group with its silent keys filled from its members' properties file.
pub fn group(written: &Group, path: &str, found: &mut Findings<'_>) -> Group {
    let mut filled = written.clone();
    let Some(file) = &written.kafka_properties else { return filled };
    let mut lines = Lines::read(file, path, found);
    let mut poll = filled.poll.take().unwrap_or_default();
    fill(&mut poll.max_records, lines.number("max.poll.records", 1..=10_000_000, found).map(Count));
    fill(&mut poll.max_interval, lines.millis("max.poll.interval.ms", 1, found));
    filled.poll = Some(poll);
    let mut fetch = filled.fetch.take().unwrap_or_default();
    fill(&mut fetch.min_bytes, lines.number("fetch.min.bytes", 0..=INT, found).map(Size));
    fill(&mut fetch.max_wait, lines.millis("fetch.max.wait.ms", 0, found));
    fill(&mut fetch.max_bytes, lines.number("fetch.max.bytes", 1..=INT, found).map(Size));
    let partition = lines.number("max.partition.fetch.bytes", 1..=INT, found);
    fill(&mut fetch.max_partition_bytes, partition.map(Size));
    filled.fetch = Some(fetch);
    fill(&mut filled.protocol, lines.protocol(found));
    if filled.protocol == Some(Protocol::Consumer) {
        lines.not_of_consumers(found);
    }
    fill(&mut filled.heartbeat, lines.millis("heartbeat.interval.ms", 1, found));
    fill(&mut filled.session_timeout, lines.millis("session.timeout.ms", 1, found));
    fill(&mut filled.metadata_max_age, lines.millis("metadata.max.age.ms", 1, found));
    let commit = lines.commit(written.commit.is_none(), found);
    fill(&mut filled.commit, commit);
    let assignor = match filled.protocol {
        Some(Protocol::Consumer) => lines.remote_assignor(written.assignor.is_none(), found),
        _ => lines.assignor(written.assignor.is_none(), found),
    };
    fill(&mut filled.assignor, assignor);
    lines.tell_the_rest(found);
    filled
}

/// What is written in the scenario wins.
fn fill<T>(key: &mut Option<T>, from_file: Option<T>) {
    if key.is_none() {
        *key = from_file;
    }
}

/// The lines of a file that nobody has asked for yet.
struct Lines {
    file: String,
    /// Path of the key that names the file.
    path: String,
    /// Line and value by key.
    values: BTreeMap<String, (usize, String)>,
}

impl Lines {
    fn read(file: &File, path: &str, found: &mut Findings<'_>) -> Self {
        let path = format!("{path}.kafka_properties");
        let mut lines = Self { file: file.0.clone(), path, values: BTreeMap::new() };
        let Some(bytes) = found.input(&file.0) else { return lines };
        if bytes.len() > LARGEST {
            found.error(&lines.path, format!("`{}` is larger than 1 MiB", file.0), "name the file of one client");
            return lines;
        }
        for line in PropertiesIter::new(&*bytes) {
            match line {
                Ok(line) => {
                    let number = line.line_number();
                    let LineContent::KVPair(key, value) = line.consume_content() else { continue };
                    let before = lines.values.insert(key.clone(), (number, value.trim().to_owned()));
                    if let Some((first, _)) = before {
                        let message = format!("{}:{number}: `{}` stands on line {first}, too", file.0, short(&key));
                        found.warn(&lines.path, message, "Java takes the last one, and so does this run");
                    }
                }
                Err(error) => {
                    let line = error.line_number().unwrap_or_default();
                    let remedy = "write `key=value` in every line, as Java's `Properties` reads it";
                    found.error(&lines.path, format!("{}:{line}: is unreadable: {error}", file.0), remedy);
                    return lines;
                }
            }
        }
        lines
    }

    fn take(&mut self, key: &str) -> Option<(usize, String)> {
        self.values.remove(key)
    }

    fn refuse(&self, line: usize, what: &str, remedy: impl Into<String>, found: &mut Findings<'_>) {
        found.error(&self.path, format!("{}:{line}: {what}", self.file), remedy);
    }

    fn number(&mut self, key: &str, range: std::ops::RangeInclusive<u64>, found: &mut Findings<'_>) -> Option<u64> {
        let (line, value) = self.take(key)?;
        let number = value.parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            let what = format!("{key} `{}` is out of range or no whole number", short(&value));
            self.refuse(line, &what, format!("write a whole number from {} to {}", range.start(), range.end()), found);
        }
        number
    }

    fn millis(&mut self, key: &str, least: u64, found: &mut Findings<'_>) -> Option<Duration> {
        let millis = self.number(key, least..=i64::MAX as u64, found)?;
        Some(Duration(Span::from_ms(millis.min(FOR_EVER_MS))))
    }

    /// `delivery.timeout.ms`, which Kafka holds to `linger.ms` and `request.timeout.ms`, and which silent follows them.
    fn delivery(&mut self, filled: &Producer, asked: bool, found: &mut Findings<'_>) -> Option<Duration> {
        let line = self.values.get("delivery.timeout.ms").map(|(line, _)| *line);
        let written = self.millis("delivery.timeout.ms", 0, found).filter(|_| asked);
        let request = filled.request_timeout.as_ref().map_or(client::REQUEST_TIMEOUT, |timeout| timeout.0);
        let least = filled.linger.as_ref().map_or(client::LINGER, |linger| linger.0) + request;
        match (line, &written) {
            (Some(line), Some(timeout)) if timeout.0 < least => {
                let what = "delivery.timeout.ms is less than linger.ms and request.timeout.ms together";
                let remedy = format!("write at least {}, as Kafka asks for", least.ns().div_ceil(1_000_000));
                self.refuse(line, what, remedy, found);
                None
            }
            (None, None) if asked && least > client::DELIVERY_TIMEOUT => Some(Duration(least)),
            _ => written,
        }
    }

    fn flag(&mut self, key: &str, found: &mut Findings<'_>) -> Option<(usize, bool)> {
        let (line, value) = self.take(key)?;
        let flag = value.to_ascii_lowercase().parse().ok();
        if flag.is_none() {
            self.refuse(line, &format!("{key} `{}` is not a truth value", short(&value)), "write true or false", found);
        }
        Some((line, flag?))
    }

    fn acks(&mut self, found: &mut Findings<'_>) -> Option<Acks> {
        let (line, value) = self.take("acks")?;
        match values::acks(&value) {
            Ok(level) => Some(Acks(level)),
            Err(error) => {
                self.refuse(line, &format!("acks {}", error.message), error.remedy, found);
                None
            }
        }
    }

    fn compression(&mut self, asked: bool, found: &mut Findings<'_>) -> Option<Compression> {
        let (line, value) = self.take("compression.type").filter(|_| asked)?;
        let read = serde_json::from_value(value.to_ascii_lowercase().into()).ok();
        if read.is_none() {
            let (what, remedy) = match later::instead("Compression", &value) {
                Some(remedy) => ("is known, but not built yet", remedy),
                None => ("is unknown", "write none"),
            };
            let what = format!("compression.type `{}` {what}", short(&value));
            self.refuse(line, &what, format!("{remedy}; `compression` in the scenario goes before the file"), found);
        }
        read
    }

    fn partitioner(&mut self, asked: bool, found: &mut Findings<'_>) -> Option<Partitioner> {
        if let Some((line, true)) = self.flag("partitioner.ignore.keys", found) {
            let remedy = "remove the line here, and `key` from the scenario";
            self.refuse(line, "partitioner.ignore.keys is not simulated", remedy, found);
        }
        let (line, class) = self.take("partitioner.class").filter(|_| asked)?;
        match class.as_str() {
            "" => None,
            "org.apache.kafka.clients.producer.RoundRobinPartitioner" => Some(Partitioner::RoundRobin),
            other => {
                let what = format!("nobody knows what partitioner.class `{}` does", short(other));
                self.refuse(line, &what, "say with `partitioner` in the scenario what comes nearest", found);
                None
            }
        }
    }

    fn commit(&mut self, asked: bool, found: &mut Findings<'_>) -> Option<Commit> {
        let interval = self.millis("auto.commit.interval.ms", 1, found);
        match self.flag("enable.auto.commit", found) {
            Some((line, false)) => {
                if asked {
                    let message = format!("{}:{line}: the application commits, and nobody says when", self.file);
                    let remedy = "after each poll is assumed; say with `commit` if it is otherwise";
                    found.warn(&self.path, message, remedy);
                }
                Some(Commit::After(AfterWhat::Poll))
            }
            _ => interval.map(Commit::Auto),
        }
    }

    /// The first one that is named: where all members name the same, Kafka takes it.
    fn assignor(&mut self, asked: bool, found: &mut Findings<'_>) -> Option<Assignor> {
        let (line, classes) = self.take("partition.assignment.strategy").filter(|_| asked)?;
        let first = classes.split(',').next().unwrap_or_default().trim();
        let name = first.strip_prefix("org.apache.kafka.clients.consumer.").unwrap_or_default();
        let assignor = match name {
            "RangeAssignor" => Some(Assignor::Range),
            "RoundRobinAssignor" => Some(Assignor::RoundRobin),
            "StickyAssignor" => Some(Assignor::Sticky),
            "CooperativeStickyAssignor" => Some(Assignor::CooperativeSticky),
            _ => None,
        };
        if assignor.is_none() {
            let what = format!("nobody knows how partition.assignment.strategy `{}` deals", short(first));
            self.refuse(line, &what, "say with `assignor` in the scenario what comes nearest", found);
        }
        assignor
    }

    fn protocol(&mut self, found: &mut Findings<'_>) -> Option<Protocol> {
        let (line, protocol) = self.take("group.protocol")?;
        match protocol.to_ascii_lowercase().as_str() {
            "classic" => Some(Protocol::Classic),
            "consumer" => Some(Protocol::Consumer),
            _ => {
                let what = format!("nobody knows the group.protocol `{}`", short(&protocol));
                self.refuse(line, &what, "write classic or consumer", found);
                None
            }
        }
    }

    /// What Kafka's client refuses where the coordinator decides.
    fn not_of_consumers(&mut self, found: &mut Findings<'_>) {
        for key in ["heartbeat.interval.ms", "session.timeout.ms", "partition.assignment.strategy"] {
            if let Some((line, _)) = self.take(key) {
                let what =
                    format!("{key} is the coordinator's where group.protocol is consumer: Kafka's client refuses it");
                let remedy = "remove the line; `heartbeat`, `session_timeout` and `assignor` in the scenario are the coordinator's";
                self.refuse(line, &what, remedy, found);
            }
        }
    }

    /// The coordinator's assignor.
    fn remote_assignor(&mut self, asked: bool, found: &mut Findings<'_>) -> Option<Assignor> {
        let (line, name) = self.take("group.remote.assignor").filter(|_| asked)?;
        match name.as_str() {
            "uniform" => Some(Assignor::Uniform),
            "range" => Some(Assignor::Range),
            _ => {
                let what = format!("nobody knows how group.remote.assignor `{}` deals", short(&name));
                self.refuse(line, &what, "write uniform or range", found);
                None
            }
        }
    }

    /// What nobody has asked for changes nothing here, and that should be known.
    fn tell_the_rest(self, found: &mut Findings<'_>) {
        let names: Vec<String> = self.values.keys().map(|key| short(key)).collect();
        if names.is_empty() {
            return;
        }
        let more = match names.len().saturating_sub(MOST_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let told = list(names.iter().take(MOST_NAMED).map(String::as_str));
        let message = format!("`{}` sets what is not simulated: {told}{more}", self.file);
        found.warn(&self.path, message, "nothing to do, unless one of them matters to your question");
    }
}

fn short(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).take(80).collect()
}
