//! For every key of events two values, and the figure that tells them apart; as in `table.rs`.
use super::table::{Row, row};

const LAST: &str = "/result/groups/g/lag/max";
const AGE: &str = "/result/groups/g/e2e_s/max";
const HAPPENED: &str = "/result/events";
const TRIED: &str = "/result/groups/g/attempts";
const GIVEN_UP: &str = "/result/groups/g/lost";

const CRASH: &[&str] = &[KEYED, "groups.g.static=true", "events=[{at: 100ms, crash: groups.g.0, for: 50ms}]"];
const SLOW: &[&str] = &[KEYED, "events=[{at: 100ms, slow: groups.g.0, by: 20, for: 50ms}]"];
const DELAY: &[&str] = &["events=[{at: 100ms, delay: [groups.g, brokers.0], add: 20ms, for: 50ms}]"];
const LOSE: &[&str] = &[KEYED, "events=[{at: 100ms, lose: [groups.g, brokers], share: 20%, for: 50ms}]"];
const SCALE: &[&str] = &[OTHER, "events=[{at: 100ms, scale: groups.g, to: 3}]"];
const DEPLOY: &[&str] = &[OTHER, "events=[{at: 50ms, deploy: groups.g, for: 20ms}]"];
const POISON: &[&str] = &["events=[{at: 100ms, poison: topics.t, share: 20%, for: 50ms}]"];
const GROW: &[&str] = &["producers.p.partitioner=round-robin", "events=[{at: 100ms, grow: topics.t, to: 8}]"];
const GROWN: &[&str] = &[
    "producers.p.partitioner=round-robin",
    "producers.p.metadata_max_age=1ms",
    "groups.g.offset_reset=earliest",
    "events=[{at: 100ms, grow: topics.t, to: 8}]",
];
const FAILING: &[&str] =
    &["events=[{at: 100ms, poison: topics.t, share: 20%, for: 50ms}]", "groups.g.retry={attempts: 3, backoff: 1ms}"];
const DEAD: &[&str] =
    &["events=[{at: 100ms, poison: topics.t, share: 20%, for: 50ms}]", "groups.g.dead_letter={topic: u}"];
const KEYED: &str = "producers.p.key={uniform: {keys: 20}}";
const OTHER: &str = "groups={g: {topics: [t], members: 2, work: 200us}, h: {topics: [t], members: 2}}";

/// Keys of events, and of what groups do with records that fail.
pub const ROWS: &[Row] = &[
    row("events.at", CRASH, "100ms", "150ms", HAPPENED),
    row("events.every", CRASH, "", "100ms", HAPPENED),
    row("events.crash", CRASH, "groups.g.0", "groups.g", LAST),
    row("events.for", CRASH, "50ms", "100ms", AGE),
    row("events.restart", &["events=[{at: 100ms, restart: groups.g.0, for: 50ms}]"], "groups.g.0", "groups.g", LAST),
    row("events.leave", &["events=[{at: 100ms, leave: groups.g.0}]"], "groups.g.0", "groups.g", LAST),
    row("events.join", &["events=[{at: 100ms, join: groups.g}]"], "groups.g", "groups.g.5", MEMBERS),
    row("events.scale", SCALE, "groups.g", "groups.h", MEMBERS),
    row("events.to", SCALE, "3", "4", MEMBERS),
    row("events.deploy", DEPLOY, "groups.g", "groups.h", LAST),
    row("events.gap", DEPLOY, "", "100ms", "/series"),
    row("events.pause", &[KEYED, "events=[{at: 100ms, pause: groups.g.0, for: 50ms}]"], "groups.g.0", "groups.g", LAST),
    row("events.slow", SLOW, "groups.g.0", "groups.g", LAST),
    row("events.by", SLOW, "20", "40", AGE),
    row("events.delay", DELAY, "[groups.g, brokers.0]", "[groups.g, brokers]", LAST),
    row("events.add", DELAY, "20ms", "40ms", AGE),
    row("events.lose", LOSE, "[groups.g, brokers]", "[groups.g.0, brokers]", "/series"),
    row("events.share", LOSE, "20%", "90%", AGE),
    row(
        "events.cut",
        &[KEYED, "events=[{at: 100ms, cut: [groups.g, brokers], for: 50ms}]"],
        "[groups.g, brokers]",
        "[groups.g.0, brokers]",
        LAST,
    ),
    row("events.poison", POISON, "topics.t", "topics.u", GIVEN_UP),
    row("events.grow", GROW, "topics.t", "topics.u", "/result/topics/t/partitions"),
    row("producers.metadata_max_age", GROW, "10ms", "50ms", "/partitions"),
    row("groups.metadata_max_age", GROWN, "10ms", "50ms", LAST),
    row("events.fails", POISON, "always", "2", GIVEN_UP),
    row("groups.retry.attempts", FAILING, "3", "5", TRIED),
    row("groups.retry.backoff", FAILING, "1ms", "5ms", AGE),
    row("groups.retry.backoff_max", FAILING, "", "1ms", AGE),
    row("groups.dead_letter.topic", DEAD, "u", "v", "/result/topics/u/appended"),
    row("groups.commit.before", &[], "", "work", "/result/groups/g/committed_lag/mean"),
];

const MEMBERS: &str = "/members";
