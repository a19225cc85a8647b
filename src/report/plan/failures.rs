//! What an answer is worth when something fails, and what it takes in network and disk: for scripts and for people.
//!
//! Every line says how it was found: by how many runs, or by means.
use super::{most_load, ran, set, share, verdict, with};
use crate::study::failures::{BrokerDown, Failures, Fewer, Skew};
use crate::study::outage::{HOUR_S, Outage};
use crate::study::purchase::{By, Kept, Purchase};
use crate::study::remedy::Remedy;
use crate::study::trial::{Choice, Tried};
use crate::units::show;
use serde_json::{Value, json};

/// Slower than this, an hour is never drained.
const NEVER_S: f64 = 3.2e9;

/// For scripts.
#[must_use]
pub fn json(failures: &Failures) -> Value {
    let fewer = failures.fewer.iter().map(|one| {
        let path = format!("groups.{}.members", one.group);
        let mut told = tried(&vec![(path, one.members.to_string())], one.tried.as_ref());
        told["group"] = one.group.as_str().into();
        told["how"] = "simulated with one member fewer, after the rebalance".into();
        told
    });
    let down = &failures.broker_down;
    let mut broker = tried(&vec![("cluster.brokers".to_owned(), down.brokers.to_string())], down.tried.as_ref());
    broker["unreplicated_topics"] = down.unreplicated.clone().into();
    broker["copies"] = down.copies.map_or(Value::Null, |(left, written)| json!({ "left": left, "written": written }));
    broker["how"] =
        "simulated with one broker fewer, whose partitions the others lead; its failing itself is not".into();
    let skew = failures.skew.iter().map(|one| {
        let hot = &one.hottest;
        json!({
            "group": hot.group, "partition": hot.partition, "share": hot.share, "even_share": hot.even, "used": hot.used,
            "load": one.load.map(|load| load.0), "load_with_even_keys": one.load.map(|load| load.1),
            "how": "shares as measured in one run, loads by single runs in steps of 5 %",
        })
    });
    json!({
        "one_consumer_fewer": fewer.collect::<Vec<_>>(),
        "one_broker_down": broker,
        "skewed_keys": skew.collect::<Vec<_>>(),
        "outage_of_an_hour": failures.outages.iter().map(outage).collect::<Vec<_>>(),
    })
}

fn tried(choice: &Choice, tried: Option<&Tried>) -> Value {
    match tried {
        Some(tried) => {
            let mut told = with(choice, tried);
            told["outage"] = false.into();
            told
        }
        None => json!({ "set": set(choice), "passed": false, "outage": true }),
    }
}

fn outage(one: &Outage) -> Value {
    json!({
        "group": one.group,
        "rate_per_s": one.rate_per_s,
        "backlog": one.backlog,
        "capacity_per_s": one.capacity_per_s,
        "drained_s": one.drained_s(),
        "drained_s_by_means": one.by_means_s,
        "simulated": one.seen.map(|seen| json!({ "away_s": seen.away_s, "caught_up_s": seen.caught_up_s })),
        "kept_s": one.lost.as_ref().map(|lost| lost.1),
        "how": if one.seen.is_some() { "one run with a short outage, in proportion" } else { "by means" },
    })
}

/// What to buy, for scripts.
#[must_use]
pub fn bought(purchase: &Purchase) -> Value {
    let kept = purchase.kept.iter().map(|kept| {
        let (time, size) = match kept.by {
            By::Time(seconds) => (Some(seconds), None),
            By::Size(bytes) => (None, Some(bytes)),
            By::Nothing => (None, None),
        };
        json!({
            "topic": kept.topic, "stored_bytes_per_s": kept.stored_per_s, "replicas": kept.replicas,
            "retention_s": time, "retention_bytes": size, "per_day": kept.by == By::Nothing,
            "bytes": kept.bytes, "bytes_a_broker": kept.a_broker,
        })
    });
    json!({
        "brokers": purchase.brokers,
        "network_in_bytes_per_s": purchase.in_per_s,
        "network_out_bytes_per_s": purchase.out_per_s,
        "disk": kept.collect::<Vec<_>>(),
        "how": "measured in one run of the answer: the busiest broker, copies and all groups' fetches included",
    })
}

/// For people.
#[must_use]
pub fn lines(failures: &Failures) -> Vec<String> {
    let mut lines = vec![String::new(), "  when something fails:".to_owned()];
    lines.extend(failures.fewer.iter().map(consumer));
    lines.push(broker(&failures.broker_down));
    lines.extend(failures.outages.iter().map(hour));
    lines.extend(failures.skew.iter().map(keys));
    lines
}

fn consumer(one: &Fewer) -> String {
    match &one.tried {
        Some(tried) => {
            format!("    one consumer fewer, {} with {}: {}{}", one.group, one.members, verdict(tried), ran(tried))
        }
        None => format!("    one consumer fewer: an outage, it is the only one of {}", one.group),
    }
}

fn broker(down: &BrokerDown) -> String {
    let Some(tried) = &down.tried else {
        return "    one broker down: an outage, it is the only one".to_owned();
    };
    let (left, lead) = if down.brokers == 1 { ("is left", "leads") } else { ("are left", "lead") };
    let copies = down.copies.map_or_else(String::new, |(left, written)| {
        format!(", with {left} {} of a record instead of {written}", if left == 1 { "copy" } else { "copies" })
    });
    let away = match down.unreplicated.as_slice() {
        [] => String::new(),
        topics => format!(
            "; but what that broker led of {} is away until it comes back, for there is no second replica",
            topics.join(", ")
        ),
    };
    let brokers = down.brokers;
    format!(
        "    one broker down, {brokers} {left} and {lead} its partitions: {}{}{copies}{away}",
        verdict(tried),
        ran(tried)
    )
}

fn hour(one: &Outage) -> String {
    let backlog = format!("    an hour without {}: {} records wait", one.group, show::count(one.backlog));
    let drained = match one.drained_s() {
        Some(seconds) if seconds < NEVER_S => format!("drained {} after it is back", show::duration(seconds)),
        Some(_) => "never drained".to_owned(),
        None if one.capacity_per_s.is_some() || one.seen.is_some() => {
            "never drained, for there is no headroom".to_owned()
        }
        None => "how fast they are drained is not known".to_owned(),
    };
    let how = match (one.seen, one.by_means_s) {
        (Some(seen), by_means) => {
            let caught_up = seen.caught_up_s.map_or_else(|| "never".to_owned(), show::duration);
            let means =
                by_means.map_or_else(String::new, |means| format!("; by means alone {}", show::duration(means)));
            format!(" (one run: after {} away it took {caught_up}{means})", show::duration(seen.away_s))
        }
        (None, Some(_)) => " (by means: at what it can do more than what comes in)".to_owned(),
        (None, None) => String::new(),
    };
    let lost = one.lost.as_ref().map_or_else(String::new, |(topic, kept)| {
        let came = show::count(one.rate_per_s * HOUR_S);
        format!("; {came} came, but {topic} keeps records for {} only, so what is older is LOST", show::duration(*kept))
    });
    format!("{backlog}, {drained}{how}{lost}")
}

fn keys(one: &Skew) -> String {
    let hot = &one.hottest;
    let head = format!(
        "    keys: the hottest partition of {}, {}, gets {} of the records, an even share is {}",
        hot.group,
        hot.partition,
        share(hot.share),
        share(hot.even)
    );
    match one.load {
        Some((load, even)) if even > load => {
            format!("{head}: that costs load, it holds {load:.2} × of it and with even keys {even:.2} × (single runs)")
        }
        Some((load, _)) if load >= most_load() => head,
        Some((load, _)) => format!("{head}; even keys would bear no more ({load:.2} × this load, single runs)"),
        None => head,
    }
}

/// What to buy, for people.
#[must_use]
pub fn to_buy(purchase: &Purchase) -> Vec<String> {
    let wire = |bytes: f64| format!("{} MB/s ({} Gbit/s)", digits(bytes / 1e6), digits(bytes * 8e-9));
    let of = if purchase.brokers == 1 { "the broker" } else { "the busiest broker" };
    let network = format!(
        "    network of {of}: {} in, {} out, copies and all readers included",
        wire(purchase.in_per_s),
        wire(purchase.out_per_s)
    );
    let mut lines =
        vec![String::new(), "  what to buy, by the average of one run; peaks come on top:".to_owned(), network];
    lines.extend(purchase.kept.iter().map(disk));
    lines
}

/// Three digits.
fn digits(value: f64) -> String {
    let before = if value > 0.0 { value.log10().floor() as i32 } else { 0 };
    format!("{value:.*}", (2 - before).clamp(0, 6) as usize)
}

fn disk(kept: &Kept) -> String {
    let copies = if kept.replicas == 1 { String::new() } else { format!(" in {} copies", kept.replicas) };
    let why = match kept.by {
        By::Time(seconds) => format!("for {} of {}{copies}", show::duration(seconds), kept.topic),
        By::Size(bytes) => format!("for {} of each partition of {}{copies}", show::size(bytes as f64), kept.topic),
        By::Nothing => format!("a DAY for {}{copies}: it has no retention, so this grows", kept.topic),
    };
    format!("    disk: {} {why}; {} a broker", show::size(kept.bytes), show::size(kept.a_broker))
}

/// What else was tried where nothing passes.
#[must_use]
pub fn remedies(all: &[Remedy], last: &str) -> Vec<String> {
    if all.is_empty() {
        return Vec::new();
    }
    let helps = all.iter().any(|remedy| remedy.tried.passed);
    let head = if helps { "what does help" } else { "what was tried besides, in vain" };
    let line = |remedy: &Remedy| {
        let set: Vec<String> = remedy.set.iter().map(|(path, value)| format!("{path} = {value}")).collect();
        format!("    {}: {}", set.join(", "), verdict(&remedy.tried).trim_end_matches(", not sure"))
    };
    let mut lines = vec![format!("  {head}, by a single run each with {last}:")];
    lines.extend(all.iter().filter(|remedy| remedy.tried.passed || !helps).map(line));
    lines
}

/// The same for scripts.
#[must_use]
pub fn remedies_json(all: &[Remedy]) -> Vec<Value> {
    all.iter().map(|remedy| with(&remedy.set, &remedy.tried)).collect()
}
