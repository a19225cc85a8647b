//! What is known of the keys of events, and of what groups do with records that fail.
//!
//! As everywhere, what a key means is said by the schema; here is what one gains and pays.
use super::{Row, row};

/// Everything about events, in the order of the schema.
pub const EVENTS: &[Row] = &[
    row(
        &["groups.retry"],
        "",
        "Kafka's client does not try again by itself; these are the rules of the application around it.",
        "{attempts: 3, backoff: 100ms}",
    ),
    row(
        &["groups.retry.attempts"],
        "",
        "More bridge longer outages of what the work needs, and multiply the load on it while it is down. `forever` blocks a \
         partition until the record succeeds.",
        "3",
    ),
    row(
        &["groups.retry.backoff"],
        "",
        "Longer spares what is down, and holds everything behind the record back.",
        "100ms",
    ),
    row(
        &["groups.retry.backoff_max"],
        "",
        "Bounds how long one record can hold a partition between two attempts.",
        "1s",
    ),
    row(&["groups.dead_letter"], "", "Nothing is lost, and somebody has to look at what is there.", "{topic: results}"),
    row(&["groups.dead_letter.topic"], "", "A topic of its own keeps bad records out of everybody's way.", "results"),
    row(
        &["groups.commit.before"],
        "",
        "Nothing is processed twice, and a member that dies loses what it had polled.",
        "work",
    ),
    row(
        &["events"],
        "",
        "What a run without them cannot show: a rebalance, an outage, a bad record. One at a time shows what each costs.",
        "[{at: 1m, crash: groups.workers.0, for: 30s}]",
    ),
    row(
        &["events.at"],
        "",
        "Drawn from a distribution, and with repetitions, it meets every phase of a commit interval.",
        "1m",
    ),
    row(&["events.every"], "", "A deploy a day, a crash an hour.", "1d"),
    row(&["events.crash"], "", "What was processed and not committed comes again.", "groups.workers.2"),
    row(&["events.restart"], "", "As a deploy does it with one member: it commits before it goes.", "groups.workers.2"),
    row(&["events.leave"], "", "One member fewer, in good order.", "groups.workers.2"),
    row(&["events.join"], "", "One member more than there are partitions idles.", "groups.workers"),
    row(&["events.scale"], "", "All at once: every step costs what one step costs, and more.", "groups.workers"),
    row(&["events.deploy"], "", "Twice as many changes of the group as it has members.", "groups.workers"),
    row(&["events.pause"], "", "Shorter than the session timeout nobody notices, but for the lag.", "groups.workers.0"),
    row(
        &["events.slow"],
        "",
        "A neighbour that takes the processor, a database that has become slow.",
        "groups.workers.0",
    ),
    row(&["events.delay"], "", "A way between two sites that has become long.", "[groups.workers, brokers]"),
    row(
        &["events.lose"],
        "",
        "A single lost packet holds back everything behind it on its connection.",
        "[groups.workers, brokers.0]",
    ),
    row(&["events.cut"], "", "Two sides that each think the other is gone.", "[groups.workers.0, brokers]"),
    row(
        &["events.poison"],
        "",
        "One bad record in a hundred is enough to see what the rules for retries are worth.",
        "topics.orders",
    ),
    row(
        &["events.grow"],
        "",
        "Keys move: N to M partitions leave a key where it was only where its hash has one remainder for both. Multiples of \
         the old number move the fewest.",
        "topics.orders",
    ),
    row(
        &["producers.metadata_max_age", "groups.metadata_max_age"],
        "metadata.max.age.ms",
        "Shorter learns sooner of partitions that were added; with `offset_reset: latest` a group skips what came before.",
        "30s",
    ),
    row(&["events.for"], "", "Longer than the session timeout, and others take over.", "30s"),
    row(&["events.to"], "", "As many members as there are partitions, at most; more partitions than there were.", "8"),
    row(&["events.by"], "", "Beyond capacity over rate the lag grows.", "4"),
    row(&["events.gap"], "", "Shorter than a member takes to come back, and more than one is away at once.", "30s"),
    row(&["events.add"], "", "A round trip takes twice as much longer.", "50ms"),
    row(&["events.share"], "", "A few percent lost make the slowest of many messages very slow.", "5%"),
    row(&["events.fails"], "", "A chance for what a retry helps against, `always` for what it does not.", "3"),
];
