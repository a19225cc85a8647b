//! What is known of the keys of brokers that can fail.
//!
//! As everywhere, what a key means is said by the schema; here is what one gains and pays.
use super::{Row, row};

/// Everything about copies and leaders.
pub const BROKERS: &[Row] = &[
    row(
        &["topics.min_insync"],
        "min.insync.replicas",
        "With 2 and `acks: all` no single broker takes what was acknowledged with it. With as many as there are copies, \
         nothing can be written while one of them is gone.",
        "2",
    ),
    row(
        &["cluster.replication.lag_max"],
        "replica.lag.time.max.ms",
        "Shorter lets writes go on sooner without a follower that hangs, and drops followers that are only slow.",
        "10s",
    ),
    row(
        &["cluster.replication.fetch_wait"],
        "replica.fetch.wait.max.ms",
        "Followers of quiet partitions ask less often, and hear later what may be read.",
        "500ms",
    ),
    row(
        &["cluster.replication.heartbeat"],
        "broker.heartbeat.interval.ms",
        "Costs nothing that shows; a crash is noticed a session after the last one.",
        "2s",
    ),
    row(
        &["cluster.replication.session_timeout"],
        "broker.session.timeout.ms",
        "How long nobody leads what a crashed broker led. Shorter takes a broker that only pauses for gone.",
        "6s",
    ),
];
