//! What limits a group, in words and with the evidence: the stage that holds its records, and the resource that is
//! busiest, whether it is the limit already or would be the first.
//!
//! Stages say where the time goes, utilisations what is used up; only both together name a cause. All figures stand in
//! the result.
use super::charts::stages::{label, total};
use crate::outcome::result::{GroupResult, MemberRow, Outcome, PartitionGroup, PartitionRow};
use crate::units::show;

/// Busy enough to be the bottleneck.
const BUSY: f64 = 0.95;
/// A partition this many times above an even share is hot.
const HOT: f64 = 1.5;
/// A member so many times as busy as all are on average stands out: what the group could do more ends with it.
const AHEAD: f64 = 1.1;
/// In-flight windows so full that requests wait for a place.
const FULL: f64 = 0.9;
/// A stage with so much of the time is worth a word about its cause.
const WIDE: f64 = 0.25;

/// Something that can be used up.
struct Resource {
    /// `its workers`, `the request handlers of broker 2`.
    name: String,
    /// Share of it that is used.
    used: f64,
    /// Whether what is used grows with the load, so that one can tell how much more there could be.
    scales: bool,
    /// What to do about it.
    remedy: &'static str,
}

/// Why a group cannot keep up, and what to do.
#[must_use]
pub fn of_overloaded(outcome: &Outcome, i: usize) -> String {
    let group = &outcome.result.groups[i].1;
    let held = held(group, Load::TooMuch).map(|held| format!(" {held}")).unwrap_or_default();
    format!("{}{held}", cause(outcome, i))
}

/// Where the time of a group that keeps up goes, and what would be used up first if there were more to do.
#[must_use]
pub fn of_steady(outcome: &Outcome, i: usize) -> String {
    let group = &outcome.result.groups[i].1;
    let widest = held(group, Load::Steady).map(|held| match advice(outcome, group) {
        Some(advice) => format!(" {}{advice}.", held.trim_end_matches('.')),
        None => format!(" {held}"),
    });
    let first = resources(outcome, i).into_iter().max_by(|a, b| a.used.total_cmp(&b.used));
    let first = first.filter(|first| first.used > 0.0).map(|Resource { name, used, scales, .. }| {
        let first = format!(" First to saturate: {name}, {} used", show::percent(used));
        if !scales || used >= BUSY {
            return format!("{first}.");
        }
        // Cut, not rounded: never promise more than there is.
        let first = format!("{first}, so about {} × this load", show::count((10.0 / used).floor() / 10.0));
        match hot_partition(outcome, i) {
            Some(Hot { name, share, even, .. }) => format!(
                "{first} as it is spread now: partition {name} receives {share} of the records where an even share is \
                 {even}."
            ),
            None => format!("{first}."),
        }
    });
    format!("{}{}", widest.unwrap_or_default(), first.unwrap_or_default())
}

/// The widest stage, with its share of the time.
fn widest(group: &GroupResult) -> Option<(&str, f64, f64)> {
    let total = total(group)?;
    let mean = |stage: &crate::outcome::result::StageResult| stage.mean_s.unwrap_or(0.0);
    let stage = group.stages.iter().max_by(|a, b| mean(a).total_cmp(&mean(b)))?;
    Some((&stage.stage, mean(stage), mean(stage) / total))
}

/// Whether a group keeps up with what comes.
#[derive(Clone, Copy)]
enum Load {
    /// Its lag grows.
    TooMuch,
    /// It keeps up.
    Steady,
}

fn held(group: &GroupResult, load: Load) -> Option<String> {
    let (stage, mean, share) = widest(group)?;
    let (share, mean, total) = (show::percent(share), show::duration(mean), show::duration(total(group)?));
    let what = label(stage);
    Some(match load {
        Load::TooMuch => format!("Its records spent {share} of their time {what} ({mean} of {total} on average)."),
        Load::Steady => format!("Of the time of its records, {share} goes to {what} ({mean} of {total} on average)."),
    })
}

/// What a wide stage comes from, where that is not obvious.
fn advice(outcome: &Outcome, group: &GroupResult) -> Option<String> {
    let (stage, _, share) = widest(group)?;
    let full = outcome.result.producers.iter().find(|(_, producer)| producer.in_flight_share >= FULL);
    let muted = |seconds: f64| seconds >= WIDE * outcome.result.duration_s;
    let mute = outcome.result.producers.iter().find(|(_, producer)| muted(producer.throttled_s));
    let advice = match stage {
        "accept" => "the buffer or the rate limit of its producers holds them back".to_owned(),
        "batch" => match full.or(mute) {
            Some((name, producer)) if muted(producer.throttled_s) => format!(
                "its quota kept producer {name} mute for {}, summed over instances and brokers",
                show::duration(producer.throttled_s)
            ),
            Some((name, producer)) => format!(
                "the in-flight window of producer {name} is {} full, so requests wait for answers",
                show::percent(producer.in_flight_share)
            ),
            None => "linger and batch size decide it, not a lack of capacity".to_owned(),
        },
        "request" => "network delay, and the queue at the brokers".to_owned(),
        "replicate" => "the brokers' work and replication".to_owned(),
        "fetch" if muted(group.throttled_s) => format!(
            "its quota kept it from reading for {}, summed over members and brokers",
            show::duration(group.throttled_s)
        ),
        "fetch" => "a partition is fetched again only when what was fetched of it is polled".to_owned(),
        "poll" | "queue" => "members are busy with earlier records".to_owned(),
        _ => return None,
    };
    (share >= WIDE).then(|| format!(": {advice}"))
}

/// Everything that can be used up on the way of a group's records.
fn resources(outcome: &Outcome, i: usize) -> Vec<Resource> {
    let result = &outcome.result;
    let (name, group) = &result.groups[i];
    let mut all = vec![Resource {
        name: format!("the workers of {name}"),
        used: group.utilisation,
        scales: true,
        remedy: "add members or workers, or make processing a record cheaper",
    }];
    if let Some(member) = hot_member(outcome, i) {
        all.push(Resource {
            name: format!("member {} of {name}", member.member),
            used: member.utilisation,
            scales: true,
            remedy: "spread keys more evenly, or add members so that it has fewer partitions",
        });
    }
    for (broker, figures) in &result.brokers {
        all.push(Resource {
            name: format!("the request handlers of broker {broker}"),
            used: figures.utilisation,
            scales: true,
            remedy: "add brokers or handlers, or send and fetch in larger batches",
        });
        if let Some(used) = figures.network_utilisation {
            all.push(Resource {
                name: format!("the network card of broker {broker}"),
                used,
                scales: true,
                remedy: "add brokers or bandwidth, or compress",
            });
        }
    }
    for (producer, figures) in &result.producers {
        all.push(Resource {
            name: format!("the in-flight window of producer {producer}"),
            used: figures.in_flight_share,
            scales: false,
            remedy: "allow more requests in flight, or make batches larger",
        });
    }
    all
}

/// The busiest member, if it stands out from the others.
fn hot_member(outcome: &Outcome, i: usize) -> Option<&MemberRow> {
    let (name, group) = &outcome.result.groups[i];
    let members = outcome.members.iter().filter(|row| row.group == *name);
    let busiest = members.max_by(|a, b| a.utilisation.total_cmp(&b.utilisation))?;
    (busiest.utilisation >= AHEAD * group.utilisation).then_some(busiest)
}

/// The most likely cause, with a remedy.
fn cause(outcome: &Outcome, i: usize) -> String {
    let group = &outcome.result.groups[i].1;
    let busy = show::percent(group.utilisation);
    if group.utilisation >= BUSY {
        return format!(
            "Its workers are busy {busy} of the time: add members or workers, or make processing a record cheaper."
        );
    }
    if let Some(Hot { name: partition, share, even, is_alone }) = hot_partition(outcome, i) {
        let remedy = if is_alone {
            "spread its keys, more members cannot help"
        } else {
            "spread its keys, or add members, so that its member has fewer others"
        };
        let member = hot_member(outcome, i).map_or_else(String::new, |member| {
            let busy = show::percent(member.utilisation);
            format!(
                " Its member {} is busy {busy} of the time, all together {}.",
                member.member,
                show::percent(group.utilisation)
            )
        });
        return format!(
            "Partition {partition} receives {share} of the records where an even share is {even}: \
             {remedy}.{member}"
        );
    }
    let used_up = resources(outcome, i).into_iter().filter(|resource| resource.used >= BUSY);
    if let Some(Resource { name, used, remedy, .. }) = used_up.max_by(|a, b| a.used.total_cmp(&b.used)) {
        return format!("The bottleneck is {name}, {} used: {remedy}.", show::percent(used));
    }
    let topics = topics_of(outcome, i);
    let partitions: u32 = topics.iter().map(|&topic| outcome.result.topics[topic].1.partitions).sum();
    if group.members > partitions {
        let (members, idle) = (group.members, group.members - partitions);
        return format!("{members} members share {partitions} partitions, so {idle} of them idle: add partitions.");
    }
    format!("Its workers are busy only {busy} of the time: look at rebalances, commits and the size of its fetches.")
}

/// Topics that a group reads: those with a partition it has a figure for.
#[must_use]
pub fn topics_of(outcome: &Outcome, group: usize) -> Vec<usize> {
    let reads = |name: &str| outcome.partitions.iter().any(|row| row.topic == name && row.groups[group].is_some());
    (0..outcome.result.topics.len()).filter(|&topic| reads(&outcome.result.topics[topic].0)).collect()
}

/// A partition with more than its share.
struct Hot {
    name: String,
    share: String,
    even: String,
    /// Whether its member has hardly anything else to do, so that no other member could take that over.
    is_alone: bool,
}

/// A partition that gets at least half as much again as an even share, among those the group is behind on.
fn hot_partition(outcome: &Outcome, group: usize) -> Option<Hot> {
    let seen = |row| Option::zip(Some(row), seen_by(row, group));
    let rows = || outcome.partitions.iter().filter_map(seen);
    let (row, of_group) = rows().max_by_key(|(_, seen)| seen.lag_max)?;
    let topic = &outcome.result.topics.iter().find(|(name, _)| *name == row.topic)?.1;
    let even = 1.0 / f64::from(topic.partitions.max(1));
    let same_member = rows().filter(|(_, seen)| seen.member == of_group.member);
    let of_member: u64 = same_member.map(|(other, _)| other.appended).sum();
    (topic.partitions > 1 && row.share >= HOT * even).then(|| Hot {
        name: format!("{}-{}", row.topic, row.partition),
        share: show::percent(row.share),
        even: show::percent(even),
        is_alone: row.appended as f64 >= BUSY * of_member as f64,
    })
}

fn seen_by(row: &PartitionRow, group: usize) -> Option<&PartitionGroup> {
    row.groups.get(group)?.as_ref()
}
