//! The key figures of a result as labelled text: once here, shown by the page, the Markdown and the summary.
//!
//! A figure that is zero in every good run, such as lost records, appears only when it is not.
use crate::outcome::result::{BrokerResult, Figure, GroupResult, Latency, Outcome, ProducerResult, TopicResult};
use crate::units::show;
use serde::Serialize;

/// Figures of one producer, topic or group.
#[derive(Clone, Debug, Serialize)]
pub struct Card {
    /// `Group`, `Topic` or `Producer`.
    pub what: &'static str,
    /// Its name.
    pub name: String,
    /// The figures.
    pub figures: Vec<KeyFigure>,
}

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub struct KeyFigure {
    /// What it is.
    pub label: &'static str,
    /// With its unit.
    pub value: String,
    /// Its 95 % interval over the repetitions; empty without any.
    pub interval: String,
    /// A word of explanation or a companion figure; may be empty.
    pub note: String,
}

fn key(label: &'static str, value: String, note: impl Into<String>) -> KeyFigure {
    KeyFigure { label, value, interval: String::new(), note: note.into() }
}

/// All cards, groups first: they are what the reader came for.
#[must_use]
pub fn cards(outcome: &Outcome) -> Vec<Card> {
    let result = &outcome.result;
    let of = |kind: &'static str, name: &str| Of { outcome, prefix: format!("{kind}.{name}") };
    let groups = result.groups.iter().map(|(name, group)| of("groups", name).group(name, group));
    let topics = result.topics.iter().map(|(name, topic)| of("topics", name).topic(name, topic));
    let producers = result.producers.iter().map(|(name, producer)| of("producers", name).producer(name, producer));
    groups.chain(topics).chain(producers).collect()
}

/// Whose figures: finds their intervals.
struct Of<'a> {
    outcome: &'a Outcome,
    prefix: String,
}

impl Of<'_> {
    /// A plain figure with its 95 % interval where there is one.
    fn plain(
        &self,
        label: &'static str,
        field: &str,
        value: impl Into<Option<f64>>,
        show: fn(f64) -> String,
        note: String,
    ) -> KeyFigure {
        let value = value.into();
        let path = format!("{}.{field}", self.prefix);
        let interval =
            self.outcome.result.intervals.iter().find(|(name, _)| *name == path).map(|(_, interval)| interval);
        let range = interval.and_then(|interval| interval.low.zip(interval.high)).map(|ends| range(ends, show));
        KeyFigure { interval: range.unwrap_or_default(), ..key(label, optional(value, show), note) }
    }

    fn group(&self, name: &str, group: &GroupResult) -> Card {
        let e2e = &group.e2e_s;
        let max = format!("max {}", optional(e2e.max.value(), show::duration));
        let lag = &group.lag;
        let lag_note =
            format!("max {}, at the end {}", optional(lag.max, show::count), optional(lag.r#final, show::count));
        let age = format!("mean {}", optional(group.lag_s.mean, show::duration));
        let mut figures = vec![
            self.plain("Processed", "rate_per_s", group.rate_per_s, show::rate, records(group.processed)),
            self.plain("Utilisation", "utilisation", group.utilisation, show::percent, members(group.members)),
            percentile("Latency p50", e2e.p50, String::new()),
            percentile("Latency p99", e2e.p99, max),
            self.plain("Lag, mean", "lag.mean", lag.mean, records, lag_note),
            self.plain("Oldest waiting record", "lag_s.max", group.lag_s.max, show::duration, age),
        ];
        let rare = [
            ("Backlog", group.backlog, "appended and not processed at the end"),
            ("Lost", group.lost, "no member will ever process them"),
            ("Duplicates", group.duplicates, "processed again"),
            ("Dead-lettered", group.dead_lettered, "given up after failures"),
            ("Out of order", group.out_of_order, "finished after a later one of their key"),
            ("Censored", group.censored, "latency unknown at the end"),
        ];
        let rare = rare.into_iter().filter(|(_, value, _)| *value > 0.0);
        figures.extend(rare.map(|(label, value, note)| key(label, records(value), note)));
        if group.throttled_s > 0.0 {
            let time = show::duration(group.throttled_s);
            figures.push(key("Held back by the quota", time, "summed over members and brokers"));
        }
        if let Some(time) = group.time_to_drain_s {
            figures.push(key("Time to drain", show::duration(time), "from the end of arrivals"));
        }
        Card { what: "Group", name: name.to_owned(), figures }
    }

    fn topic(&self, name: &str, topic: &TopicResult) -> Card {
        let partitions = f64::from(topic.partitions);
        let even = format!("an even share is {}", show::percent(1.0 / partitions.max(1.0)));
        let batch = topic.batch_records_mean;
        let figures = vec![
            key("Appended", records(topic.appended), show::size(topic.bytes)),
            self.plain(
                "Partition share",
                "partition_share_bytes",
                topic.partition_share_bytes,
                show::size,
                format!("for each of {}", plural(partitions, "partition")),
            ),
            key("Compression ratio", optional(topic.compression_ratio, ratio), smaller(topic.compression_ratio)),
            key("Hottest partition", optional(topic.hottest_share, show::percent), even),
            key(
                "Records a batch",
                optional(batch, show::count),
                format!("in {} requests", show::count(topic.requests)),
            ),
        ];
        Card { what: "Topic", name: name.to_owned(), figures }
    }

    fn producer(&self, name: &str, producer: &ProducerResult) -> Card {
        let limit = producer.rate_limit_bytes_per_s;
        let offered = format!("{} offered", records(producer.offered));
        let max = format!("max {}", optional(producer.publish_s.max.value(), show::duration));
        let mut figures = vec![
            self.plain("Acknowledged", "rate_per_s", producer.rate_per_s, show::rate, offered),
            self.plain("Rate limit", "rate_limit_bytes_per_s", limit, bytes_per_s, "would just let it pass".to_owned()),
            percentile("Publish p99", producer.publish_s.p99, max),
        ];
        let rare = [
            ("Unsent", producer.unsent, records as fn(f64) -> String, "never accepted into the buffer"),
            ("Failed", producer.failed, records, "given up"),
            ("Retried", producer.retried, records, "sent again, unanswered in time"),
            ("Duplicates", producer.duplicates, records, "stored again"),
            ("Written again", producer.rewritten.unwrap_or(0.0), records, "after a member was lost"),
            ("Out of order", producer.out_of_order, records, "stored after later ones"),
            ("Held back by the limit", producer.limited_s, show::duration, "summed over instances"),
            ("Held back by the buffer", producer.blocked_s, show::duration, "summed over instances"),
            ("Held back by the quota", producer.throttled_s, show::duration, "summed over instances and brokers"),
        ];
        let rare = rare.into_iter().filter(|(_, value, _, _)| *value > 0.0);
        figures.extend(rare.map(|(label, value, show, note)| key(label, show(value), note)));
        Card { what: "Producer", name: name.to_owned(), figures }
    }
}

fn percentile(label: &'static str, figure: Figure, note: String) -> KeyFigure {
    let range = match figure {
        Figure::Interval(interval) => interval.low.zip(interval.high).map(|ends| range(ends, show::duration)),
        Figure::Plain(_) => None,
    };
    KeyFigure { interval: range.unwrap_or_default(), ..key(label, optional(figure.value(), show::duration), note) }
}

fn range((low, high): (f64, f64), show: fn(f64) -> String) -> String {
    format!("{} to {}", show(low), show(high))
}

/// A value, or a dash where there is none.
#[must_use]
pub fn optional(value: Option<f64>, show: fn(f64) -> String) -> String {
    value.map_or_else(|| "–".to_owned(), show)
}

/// `16 KiB/s`.
#[must_use]
pub fn bytes_per_s(value: f64) -> String {
    format!("{}/s", show::size(value))
}

fn ratio(value: f64) -> String {
    format!("{value:.3}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn smaller(ratio: Option<f64>) -> String {
    match ratio {
        Some(ratio) if ratio > 0.0 && ratio < 0.995 => format!("{:.1}× smaller", 1.0 / ratio),
        Some(_) => "not compressed".to_owned(),
        None => String::new(),
    }
}

fn records(count: f64) -> String {
    plural(count, "record")
}

fn members(count: u32) -> String {
    plural(f64::from(count), "member")
}

fn plural(count: f64, one: &str) -> String {
    let ending = if (count - 1.0).abs() < f64::EPSILON { "" } else { "s" };
    format!("{} {one}{ending}", show::count(count))
}

/// Headings of [`broker_rows`].
pub const BROKER_COLUMNS: [&str; 7] = ["broker", "busy", "queue, mean", "requests", "in", "out", "partitions led"];

/// A row a broker.
#[must_use]
pub fn broker_rows(outcome: &Outcome) -> Vec<[String; 7]> {
    let row = |(name, broker): &(String, BrokerResult)| {
        let queue = format!("{:.2}", broker.queue_mean);
        let (network_in, network_out) = (show::size(broker.network_in_bytes), show::size(broker.network_out_bytes));
        let (busy, requests) = (show::percent(broker.utilisation), show::count(broker.requests));
        [name.clone(), busy, queue, requests, network_in, network_out, broker.leaders.to_string()]
    };
    outcome.result.brokers.iter().map(row).collect()
}

/// Headings of [`latency_rows`].
pub const LATENCY_COLUMNS: [&str; 8] = ["latency", "count", "mean", "p50", "p90", "p99", "p99.9", "max"];

/// A row for each latency that has samples.
#[must_use]
pub fn latency_rows(outcome: &Outcome) -> Vec<[String; 8]> {
    let producers = outcome.result.producers.iter().flat_map(|(name, p)| {
        let of = |what, latency| (format!("{name}: {what}"), latency);
        [of("publish", &p.publish_s), of("service", &p.service_s), of("generator late by", &p.lateness_s)]
    });
    let groups = outcome.result.groups.iter().flat_map(|(name, g)| {
        let of = |what, latency| (format!("{name}: {what}"), latency);
        [
            of("wait", &g.wait_s),
            of("work", &g.work_s),
            of("end to end", &g.e2e_s),
            of("end to end, from the actual send", &g.e2e_raw_s),
            of("journey", &g.journey_s),
        ]
    });
    let with_samples = groups.chain(producers).filter(|(_, latency)| latency.count.value().unwrap_or(0.0) > 0.0);
    with_samples.map(|(name, latency)| latency_row(name, latency)).collect()
}

fn latency_row(name: String, latency: &Latency) -> [String; 8] {
    let time = |figure: Figure| optional(figure.value(), show::duration);
    let count = optional(latency.count.value(), show::count);
    let (mean, max) = (time(latency.mean), time(latency.max));
    [name, count, mean, time(latency.p50), time(latency.p90), time(latency.p99), time(latency.p99_9), max]
}

/// The path of the figure that a threshold is about.
#[must_use]
pub fn path_of(expression: &str) -> &str {
    expression.split(['<', '>', '=', '!']).next().unwrap_or_default().trim()
}

/// The value of a threshold such as `groups.workers.e2e_s.p99 < 200ms`, in the unit of its figure.
#[must_use]
pub fn by_expression(expression: &str, value: Option<f64>) -> String {
    let Some(value) = value else { return "without a value".to_owned() };
    let mut parts = path_of(expression).rsplit('.');
    let (leaf, above) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let is_time = |name: &str| name.ends_with("_s") && !name.ends_with("_per_s");
    match leaf {
        "count" => show::count(value),
        _ if is_time(leaf) || is_time(above) => show::duration(value),
        _ if leaf.ends_with("bytes_per_s") => bytes_per_s(value),
        _ if leaf.ends_with("_per_s") => show::rate(value),
        _ if leaf.ends_with("bytes") => show::size(value),
        _ if leaf.ends_with("share") || leaf == "utilisation" => show::percent(value),
        "compression_ratio" => ratio(value),
        // Where every one counts, every digit is shown.
        _ if expression.contains("==") || expression.contains("!=") => value.to_string(),
        _ => show::count(value),
    }
}
