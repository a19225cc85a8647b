//! How long a group needs to catch up after it was away for an hour.
//!
//! Means alone say it: what came in meanwhile, over what the group can do more than what goes on coming. Its busiest
//! member decides, for nobody takes its partitions over. A simulation in which the group starts late shows whether
//! fetching and brokers keep up with that: a backlog drains in proportion to the time it gathered.
use super::failures::changed;
use super::trial::{Choice, Stopped, Trials};
use crate::outcome::result::Outcome;
use crate::plan::load::{bounds, rates, work_s};
use crate::plan::{GroupPlan, Plan};
use crate::units::Time;

/// The outage that is asked about, in seconds.
pub const HOUR_S: f64 = 3_600.0;
/// Of a run, the group is away for so much at most.
const AWAY: f64 = 0.6;
/// So many times the expected time to catch up fits into the rest.
const ROOM: f64 = 1.5;
/// A lag of so much of what gathered is caught up.
const CAUGHT_UP: f64 = 0.02;

/// An hour without a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Outage {
    /// The group.
    pub group: String,
    /// Records that come in a second.
    pub rate_per_s: f64,
    /// Records that it could do in a second with its partitions as they are, by means; none where work costs nothing.
    pub capacity_per_s: Option<f64>,
    /// Seconds to drain the hour by these two; none where it never catches up, or where work costs nothing.
    pub by_means_s: Option<f64>,
    /// The simulation; none where the load is not steady, or there is no room for one.
    pub seen: Option<Seen>,
    /// Records that are still there when it comes back.
    pub backlog: f64,
    /// A topic that keeps its records for less than an hour, and for how long.
    pub lost: Option<(String, f64)>,
}

/// A short outage, simulated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// How long it was, in seconds.
    pub away_s: f64,
    /// How long it took to catch up; where the run ended before, as its lag fell until then. None where it did not fall.
    pub caught_up_s: Option<f64>,
}

impl Outage {
    /// Seconds to drain the hour: as simulated, or else by means. None: never, or not known.
    #[must_use]
    pub fn drained_s(&self) -> Option<f64> {
        let whole = match self.seen {
            Some(seen) => seen.caught_up_s.map(|caught_up| HOUR_S * caught_up / seen.away_s),
            None => self.by_means_s,
        };
        // What is deleted meanwhile need not be drained.
        whole.map(
            |seconds| if self.rate_per_s > 0.0 { seconds * self.backlog / (self.rate_per_s * HOUR_S) } else { 0.0 },
        )
    }
}

/// An hour without each group, one after the other.
///
/// # Errors
/// When somebody interrupts it, or a run breaks a law.
pub fn outages(
    trials: &mut Trials<'_>,
    plan: &Plan,
    choice: &Choice,
    outcome: &Outcome,
) -> Result<Vec<Outage>, Stopped> {
    let Ok(rates) = rates(plan) else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for group in &plan.groups {
        let rate: f64 = group.topics.iter().map(|topic| rates[*topic]).sum();
        let used = used(plan, group, outcome);
        let costs = work_s(&group.work) > 0.0;
        let kept = |topic: usize| kept_s(plan, topic, outcome).min(HOUR_S);
        let lost = group.topics.iter().map(|topic| (plan.topics[*topic].name.clone(), kept(*topic)));
        all.push(Outage {
            backlog: group.topics.iter().map(|topic| rates[*topic] * kept(*topic)).sum(),
            group: group.name.clone(),
            rate_per_s: rate,
            capacity_per_s: costs.then(|| rate / used),
            by_means_s: (costs && used < 1.0).then(|| HOUR_S * used / (1.0 - used)),
            seen: simulated(trials, plan, group, choice, outcome, used)?,
            lost: lost.filter(|(_, kept)| *kept < HOUR_S).min_by(|a, b| a.1.total_cmp(&b.1)),
        });
    }
    Ok(all)
}

/// For how many seconds a topic keeps its records: by its time, or by its size where its fullest partition has that sooner.
fn kept_s(plan: &Plan, topic: usize, outcome: &Outcome) -> f64 {
    let (topic, figures) = (&plan.topics[topic], &outcome.result.topics[topic].1);
    let Some(retention) = &topic.retention else { return f64::INFINITY };
    let shares = outcome.partitions.iter().filter(|row| row.topic == topic.name).map(|row| row.share);
    let fullest = shares.fold(0.0, f64::max) * figures.stored_bytes / outcome.result.duration_s.max(1e-9);
    let by_size = retention.size.map_or(f64::INFINITY, |size| size as f64 / fullest);
    retention.time.map_or(f64::INFINITY, crate::units::Span::seconds).min(by_size)
}

/// Share of the group's busiest part that is used, by means and as measured.
fn used(plan: &Plan, group: &GroupPlan, outcome: &Outcome) -> f64 {
    let by_means = bounds(plan).into_iter().filter(|bound| bound.group.as_ref() == Some(&group.name));
    by_means.map(|bound| bound.used).fold(outcome.busiest(&group.name), f64::max)
}

/// One run in which the group starts late.
fn simulated(
    trials: &mut Trials<'_>,
    plan: &Plan,
    group: &GroupPlan,
    choice: &Choice,
    outcome: &Outcome,
    used: f64,
) -> Result<Option<Seen>, Stopped> {
    let end = plan.run.arrivals_end;
    let too_short = |retention: &crate::plan::Retention| {
        retention.size.is_some() || retention.time.is_some_and(|time| time.seconds() < end.seconds())
    };
    let limited = group.topics.iter().any(|topic| plan.topics[*topic].retention.as_ref().is_some_and(too_short));
    if !plan.is_steady() || end == Time::NEVER || used >= 1.0 || limited || group.starts > Time::ZERO {
        return Ok(None);
    }
    let away_s = end.seconds() / (1.0 + ROOM * used / (1.0 - used)).max(1.0 / AWAY);
    let late = changed(choice, &format!("groups.{}.starts", group.name), format!("{:.0}us", away_s * 1e6));
    let Some(after) = trials.outcome(&late)? else { return Ok(None) };
    let Some(i) = plan.groups.iter().position(|known| known.name == group.name) else { return Ok(None) };
    let steady = outcome.result.groups[i].1.lag.mean.unwrap_or(0.0);
    Ok(caught_up(&after, i, (away_s, end.seconds()), steady))
}

/// When the lag of a group that came back was what it is, or would have been; none where no row tells.
fn caught_up(outcome: &Outcome, group: usize, (back, end): (f64, f64), steady: f64) -> Option<Seen> {
    let rows =
        || outcome.series.iter().filter(|row| row.interval.end_s >= back && row.interval.end_s <= end * 1.000_001);
    let gathered = rows().next()?.groups[group].lag as f64;
    let first = rows().next()?.interval.end_s;
    let enough = f64::max(CAUGHT_UP * gathered, 1.5 * steady);
    if let Some(row) = rows().find(|row| row.groups[group].lag as f64 <= enough) {
        return Some(Seen { away_s: back, caught_up_s: Some(row.interval.end_s - back) });
    }
    let last = rows().next_back()?;
    let (fell, in_time) = (gathered - last.groups[group].lag as f64, last.interval.end_s - first);
    let caught_up_s = (fell > 0.0 && in_time > 0.0).then(|| gathered / (fell / in_time));
    Some(Seen { away_s: back, caught_up_s })
}
