//! Entries of theory about groups whose members come and go: many short runs with an event each, or one with many.
use super::sketch::{Params, Stage};

/// The scenarios for a name, if it is one of these.
pub fn stage(name: &str, p: Params<'_>) -> Option<Stage> {
    let scenarios: Vec<String> = match name {
        "crash-detection" => (1..=60).map(|seed| crash(p, seed)).collect(),
        "eager-join-wait" => {
            let others = p.number("other_members");
            // The greatest of n uniform times deviates by about h / n.
            let runs = (4_000.0 / others) as u64;
            (1..=runs.clamp(20, 400)).map(|seed| join(p, others as u64, seed)).collect()
        }
        "auto-commit-duplicates" => vec![crashes(p)],
        _ => return None,
    };
    let records = if name == "auto-commit-duplicates" { 750_000.0 } else { 70.0 * scenarios.len() as f64 };
    Some(Stage { scenarios, records })
}

fn yaml(partitions: u64, rate: f64, group: &str, run: &str, events: &str) -> String {
    format!(
        "name: theory\ntopics: {{queue: {{partitions: {partitions}}}}}\ncluster: {{ideal: true}}\n\
         producers: {{source: {{topic: queue, arrivals: {{constant: {{rate: {rate}/s}}}}}}}}\n\
         groups: {{server: {{topics: [queue], {group}}}}}\nrun: {{{run}}}\nevents: [{events}]\n"
    )
}

/// One of two members is gone at some phase of its heartbeat.
fn crash(p: Params<'_>, seed: u64) -> String {
    let (heartbeat, session) = (p.number("heartbeat_s"), p.number("session_s"));
    let group = format!("members: 2, heartbeat: {heartbeat}s, session_timeout: {session}s");
    let at = "{at: {uniform: {min: 10s, max: 20s}}, crash: groups.server.1}";
    yaml(2, 1.0, &group, &format!("duration: {}s, seed: {seed}", 2.0 * session), at)
}

/// One more joins a group in which nobody is at work.
fn join(p: Params<'_>, others: u64, seed: u64) -> String {
    let group = format!("members: {others}, heartbeat: {}s", p.number("heartbeat_s"));
    yaml(others + 1, 1.0, &group, &format!("duration: 30s, seed: {seed}"), "{at: 20s, join: groups.server}")
}

/// How often the member of `crashes` is gone.
pub const CRASHES: u64 = 50;

/// A member that is gone again and again, at all phases of its commits alike: it begins anew with each life. As a static
/// one it is back at once.
fn crashes(p: Params<'_>) -> String {
    let (interval, mut at) = (p.number("commit_interval_s"), 0.0);
    let mut events = Vec::new();
    for crash in 0..CRASHES {
        at += 2.0 * interval + (crash as f64 + 0.5) / CRASHES as f64 * interval;
        events.push(format!("{{at: {:.0}ms, crash: groups.server.0, for: 1s}}", at * 1e3));
        at += 1.0;
    }
    let group = format!("members: 1, static: true, work: 20us, commit: {{auto: {interval}s}}");
    yaml(1, p.number("lambda"), &group, &format!("duration: {:.0}s, drain: 1m", at + 10.0), &events.join(", "))
}
