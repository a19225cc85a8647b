//! The figures of a result by path, and what they are measured in: what a threshold may name.
//!
//! Kept here and not read from a result, so that a threshold with a typing error is refused before hours of work.

/// What a figure is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    BytesPerSecond,
    /// Per second.
    PerSecond,
    /// A number of things, or their mean.
    Count,
    /// Part of a whole.
    Share,
}

impl Unit {
    /// With an example.
    #[must_use]
    pub const fn example(self) -> &'static str {
        match self {
            Self::Seconds => "a duration such as `200ms`",
            Self::Bytes => "a size such as `16 KiB`",
            Self::BytesPerSecond => "a rate in bytes such as `20 MiB/s`",
            Self::PerSecond => "a rate such as `100k/s`",
            Self::Count => "a number such as `1000`",
            Self::Share => "a share such as `0.8` or `80%`",
        }
    }
}

const LATENCY: &[&str] = &["count", "mean", "stddev", "min", "p50", "p90", "p95", "p99", "p99_9", "p99_99", "max"];
const LEVEL: &[&str] = &["mean", "max", "final"];
const LOST_BY: &[&str] = &["reset", "retention", "truncation", "committed_unprocessed"];
const NONE: &[&str] = &[];

type Figure = (&'static str, &'static [&'static str]);

const PRODUCER: &[Figure] = &[
    ("offered", NONE),
    ("unsent", NONE),
    ("sent", NONE),
    ("acked", NONE),
    ("failed", NONE),
    ("retried", NONE),
    ("duplicates", NONE),
    ("rewritten", NONE),
    ("out_of_order", NONE),
    ("in_flight", NONE),
    ("rate_per_s", NONE),
    ("bytes", NONE),
    ("limited_s", NONE),
    ("blocked_s", NONE),
    ("throttled_s", NONE),
    ("rate_limit_bytes_per_s", NONE),
    ("publish_s", LATENCY),
    ("service_s", LATENCY),
    ("lateness_s", LATENCY),
];
const TOPIC: &[Figure] = &[
    ("partitions", NONE),
    ("appended", NONE),
    ("bytes", NONE),
    ("stored_bytes", NONE),
    ("compression_ratio", NONE),
    ("partition_share_bytes", NONE),
    ("hottest_share", NONE),
    ("batch_records_mean", NONE),
    ("requests", NONE),
];
const BROKER: &[Figure] = &[
    ("utilisation", NONE),
    ("queue_mean", NONE),
    ("requests", NONE),
    ("network_in_bytes", NONE),
    ("network_out_bytes", NONE),
    ("disk_bytes", NONE),
    ("disk_utilisation", NONE),
    ("leaders", NONE),
];
const GROUP: &[Figure] = &[
    ("delivered", NONE),
    ("processed", NONE),
    ("duplicates", NONE),
    ("lost", NONE),
    ("lost_by", LOST_BY),
    ("dead_lettered", NONE),
    ("out_of_order", NONE),
    ("backlog", NONE),
    ("censored", NONE),
    ("rate_per_s", NONE),
    ("members", NONE),
    ("utilisation", NONE),
    ("member_seconds", NONE),
    ("attempts", NONE),
    ("fetches", NONE),
    ("throttled_s", NONE),
    ("lag", LEVEL),
    ("committed_lag", LEVEL),
    ("lag_s", LEVEL),
    ("time_to_drain_s", NONE),
    ("wait_s", LATENCY),
    ("work_s", LATENCY),
    ("e2e_s", LATENCY),
    ("e2e_raw_s", LATENCY),
    ("journey_s", LATENCY),
];

/// The figures of a section of the result; none for what is no section.
#[must_use]
pub fn of(section: &str) -> &'static [Figure] {
    match section {
        "producers" => PRODUCER,
        "topics" => TOPIC,
        "brokers" => BROKER,
        "groups" => GROUP,
        _ => &[],
    }
}

/// What a figure is measured in; its name says so.
#[must_use]
pub fn unit(figure: &str, part: Option<&str>) -> Unit {
    match figure {
        _ if part == Some("count") => Unit::Count,
        "utilisation" | "disk_utilisation" | "hottest_share" | "compression_ratio" => Unit::Share,
        "member_seconds" => Unit::Seconds,
        name if name.ends_with("_bytes_per_s") => Unit::BytesPerSecond,
        name if name.ends_with("_per_s") => Unit::PerSecond,
        name if name.ends_with("_s") => Unit::Seconds,
        name if name.ends_with("bytes") => Unit::Bytes,
        _ => Unit::Count,
    }
}
