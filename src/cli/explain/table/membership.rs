//! What is known of the keys that say how members of a group find together, and when one is taken for gone.
//!
//! As everywhere, what a key means is said by the schema; here is what one gains and pays.
use super::{Row, row};

/// Everything about who is in a group.
pub const MEMBERSHIP: &[Row] = &[
    row(
        &["groups.session_timeout"],
        "session.timeout.ms",
        "A member that says nothing for so long is taken for gone, and others get its partitions; live, with `--processes`, \
         its process is replaced then. Shorter is back sooner, and takes a slow member for a dead one.",
        "10s",
    ),
    row(
        &["groups.start"],
        "",
        "A stable group is there when the load begins; a cold one joins first, and has committed nothing.",
        "cold",
    ),
    row(
        &["groups.offset_reset"],
        "auto.offset.reset",
        "Where a cold group begins: `latest` loses what is there already (`lost_by.reset`), `earliest` reads it.",
        "earliest",
    ),
    row(
        &["groups.static"],
        "group.instance.id",
        "A member that comes back within its session has its partitions again: no rebalance, but nobody reads them meanwhile.",
        "true",
    ),
    row(
        &["groups.poll.max_interval"],
        "max.poll.interval.ms",
        "Whoever does not poll for so long leaves, and does everything again; a rebalance waits as long for members at work. \
         Keep it above the time for `max_records`.",
        "1m",
    ),
    row(
        &["cluster.assignment_interval"],
        "group.consumer.assignment.interval.ms",
        "Longer gathers more changes of a group into one, and lets what changed wait; only with `protocol: consumer`.",
        "5s",
    ),
    row(
        &["cluster.initial_rebalance_delay"],
        "group.initial.rebalance.delay.ms",
        "Longer gathers more members in the first generation, and lets a cold group begin later.",
        "1s",
    ),
];
