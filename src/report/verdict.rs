//! The result in plain words: what came of it, whether each group kept up, and the bottleneck one can see.
//!
//! A group falls behind when its lag climbs, as a straight line through it says, by more than a hundredth of what it
//! was given, and is still high when arrivals end. Nothing here is measured anew: it only reads the outcome.
use super::befallen;
use super::bottleneck::topics_of;
use super::{bottleneck, figures};
use crate::outcome::result::{GroupResult, Outcome, ProducerResult, SeriesRow};
use crate::units::show;

/// What came of a run, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A law was broken: a bug of conga.
    Broken,
    /// The instrument failed.
    Invalid,
    /// Interrupted.
    Partial,
    /// A threshold does not hold.
    ThresholdFailed,
    /// A group or a producer did not keep up, and no threshold minded.
    Overloaded,
    /// All is well.
    Passed,
}

/// What came of a run, and why.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The short form.
    pub kind: Kind,
    /// The short form with what the reader must not forget: `Passed (uncalibrated costs)`.
    pub headline: String,
    /// The long form.
    pub sentences: Vec<String>,
}

impl Kind {
    /// `Passed`, `Threshold failed` and so on.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Broken => "Law broken",
            Self::Invalid => "Invalid",
            Self::Partial => "Partial",
            Self::ThresholdFailed => "Threshold failed",
            Self::Overloaded => "Overloaded",
            Self::Passed => "Passed",
        }
    }

    /// `bad`, `warn` or `good`: the colour of the banner.
    #[must_use]
    pub fn tone(self) -> &'static str {
        match self {
            Self::Broken | Self::Invalid | Self::ThresholdFailed => "bad",
            Self::Partial | Self::Overloaded => "warn",
            Self::Passed => "good",
        }
    }
}

/// Groups whose pace is told; the others are in the figures.
const MOST_GROUPS: usize = 4;

impl Verdict {
    /// Reads an outcome.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Self {
        let result = &outcome.result;
        let mut paces: Vec<Pace> = (0..result.groups.len()).map(|i| Pace::of(outcome, i)).collect();
        if befallen::has_recovered(result) {
            // What an event left is no sign of too little capacity.
            for pace in &mut paces {
                pace.growth_per_s = None;
            }
        }
        let overloaded = paces.iter().any(|pace| pace.growth_per_s.is_some())
            || result.producers.iter().any(|(_, producer)| lost_share(producer) > 0.01 || waiting(producer).is_some());
        let kind = match () {
            () if !result.broken_laws.is_empty() => Kind::Broken,
            () if result.validity.verdict != "valid" => Kind::Invalid,
            () if result.partial => Kind::Partial,
            () if result.thresholds.iter().any(|threshold| !threshold.passed) => Kind::ThresholdFailed,
            () if overloaded => Kind::Overloaded,
            () => Kind::Passed,
        };
        let mut sentences = course(outcome);
        sentences.extend(thresholds(outcome));
        // Groups that fall behind are the news.
        let mut order: Vec<usize> = (0..paces.len()).collect();
        order.sort_by_key(|&i| paces[i].growth_per_s.is_none());
        sentences.extend(order.iter().take(MOST_GROUPS).map(|&i| group(outcome, i, &paces[i])));
        sentences.extend(result.producers.iter().filter_map(|(name, producer)| held_back(name, producer)));
        sentences.extend(befallen::sentences(result));
        if result.repetitions.count > 1 {
            let count = result.repetitions.count;
            sentences.push(format!("Figures are means of {count} repetitions; ranges are 95 % intervals."));
        }
        let uncalibrated = result.warnings.iter().any(|warning| warning.contains("uncalibrated"));
        if uncalibrated {
            sentences.push("Costs are uncalibrated: taken from a default profile, not from your cluster.".to_owned());
        }
        let headline = format!("{}{}", kind.label(), if uncalibrated { " (uncalibrated costs)" } else { "" });
        Self { kind, headline, sentences }
    }
}

/// What makes the figures less than a full run.
fn course(outcome: &Outcome) -> Vec<String> {
    let result = &outcome.result;
    let mut sentences = Vec::new();
    for law in &result.broken_laws {
        sentences.push(format!("A law was broken, which is a bug of conga: {law}."));
    }
    if result.validity.verdict != "valid" {
        let why = result.validity.reasons.join("; ");
        sentences.push(format!("The instrument failed, do not rely on the figures: {why}."));
    }
    if result.partial {
        sentences.push("Interrupted before its end: the figures cover what ran until then.".to_owned());
    }
    sentences
}

fn thresholds(outcome: &Outcome) -> Option<String> {
    let all = &outcome.result.thresholds;
    let failed: Vec<String> = all
        .iter()
        .filter(|threshold| !threshold.passed)
        .map(|threshold| {
            let value = figures::by_expression(&threshold.expression, threshold.value);
            format!("{} (it was {value})", threshold.expression)
        })
        .collect();
    match (all.len(), failed.len()) {
        (0, _) => None,
        (1, 0) => Some("The threshold holds.".to_owned()),
        (all, 0) => Some(format!("All {all} thresholds hold.")),
        (all, bad) => Some(format!("{bad} of {all} thresholds failed: {}.", failed.join(", "))),
    }
}

/// How a group fared while records arrived.
#[derive(Debug)]
struct Pace {
    /// Appended to its topics, per second of the window.
    given_per_s: f64,
    /// How fast its lag climbs, where it does not keep up.
    growth_per_s: Option<f64>,
    /// Lag when arrivals ended.
    lag: f64,
}

impl Pace {
    fn of(outcome: &Outcome, group: usize) -> Self {
        let topics = topics_of(outcome, group);
        let given = |row: &SeriesRow| topics.iter().map(|&topic| row.appended_per_s[topic]).sum::<f64>();
        let rows = window(outcome);
        let length = |row: &SeriesRow| row.interval.end_s - row.interval.start_s;
        let total: f64 = rows.iter().map(length).sum();
        let given_per_s = rows.iter().map(|row| given(row) * length(row)).sum::<f64>() / total.max(f64::MIN_POSITIVE);
        let points: Vec<(f64, f64)> =
            rows.iter().map(|row| (row.interval.end_s, row.groups[group].lag as f64)).collect();
        let greatest = points.iter().map(|point| point.1).fold(0.0, f64::max);
        let lag = points.last().map_or(0.0, |point| point.1);
        let growth = slope(&points);
        let climbs = growth > 0.01 * given_per_s && growth * total > 20.0 && lag > 0.5 * greatest;
        Self { given_per_s, growth_per_s: climbs.then_some(growth), lag }
    }
}

/// Rows between warm-up and the end of arrivals.
fn window(outcome: &Outcome) -> &[SeriesRow] {
    const NEARLY: f64 = 1e-9;
    let (from, until) = (outcome.result.warmup_s - NEARLY, outcome.result.duration_s + NEARLY);
    let given = outcome.series.iter().rposition(|row| row.offered_per_s > 0.0).map_or(0, |last| last + 1);
    let end = given.min(outcome.series.partition_point(|row| row.interval.end_s <= until));
    &outcome.series[..end][outcome.series[..end].partition_point(|row| row.interval.start_s < from)..]
}

/// Least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let (mean_x, mean_y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / n, y + point.1 / n));
    let (xy, xx) = points
        .iter()
        .fold((0.0, 0.0), |(xy, xx), (x, y)| (xy + (x - mean_x) * (y - mean_y), xx + (x - mean_x) * (x - mean_x)));
    if xx > 0.0 { xy / xx } else { 0.0 }
}

fn group(outcome: &Outcome, i: usize, pace: &Pace) -> String {
    let (name, group) = &outcome.result.groups[i];
    let done = match pace.given_per_s {
        given if given > 0.0 => format!("{} of {} appended", show::rate(group.rate_per_s), show::rate(given)),
        _ => show::rate(group.rate_per_s),
    };
    let mut text = match pace.growth_per_s {
        None => {
            let busy = show::percent(group.utilisation);
            let first = bottleneck::of_steady(outcome, i);
            let rising = format!("not stationary: the lag of groups.{name} was still rising");
            let (barely, but) = if outcome.result.warnings.iter().any(|warning| warning.starts_with(&rising)) {
                ("barely ", ", but its lag was still rising at the end")
            } else {
                ("", "")
            };
            format!(
                "Group {name} {barely}kept up{}: it processed {done} at {busy} utilisation{}{but}.{first}",
                with_what(outcome),
                within(group)
            )
        }
        Some(growth) => {
            let (growth, lag) = (show::count(growth), show::count(pace.lag));
            let cause = bottleneck::of_overloaded(outcome, i);
            format!(
                "Group {name} cannot keep up: it processed {done}, and its lag grew by {growth} \
                 records every second, to {lag}. {cause}"
            )
        }
    };
    if group.lost > 0.0 {
        text.extend([" It lost ", &show::count(group.lost), " records."]);
    }
    text
}

/// Who hears of little has little to do.
fn with_what(outcome: &Outcome) -> &'static str {
    let held = |producer: &ProducerResult| lost_share(producer) > 0.1 || waiting(producer).is_some();
    let any = outcome.result.producers.iter().any(|(_, producer)| held(producer));
    if any { " with what reached it" } else { "" }
}

/// The share of what was due that never arrives.
fn lost_share(producer: &ProducerResult) -> f64 {
    (producer.unsent + producer.failed) / producer.offered.max(1.0)
}

/// Records that still waited at the end, neither acknowledged nor given up, where those are more than are always under way.
fn waiting(producer: &ProducerResult) -> Option<f64> {
    let open = producer.offered - producer.acked - producer.failed - producer.unsent;
    (open > 20.0 && open > 0.1 * producer.offered).then_some(open)
}

fn within(group: &GroupResult) -> String {
    let (half, most) = (group.e2e_s.p50.value(), group.e2e_s.p99.value());
    let half = half.map(|half| format!("half of all records were done within {}", show::duration(half)));
    let most = most.map(|most| format!("99 % within {}", show::duration(most)));
    let known: Vec<String> = half.into_iter().chain(most).collect();
    if known.is_empty() { String::new() } else { format!("; {}", known.join(", ")) }
}

fn held_back(name: &str, producer: &ProducerResult) -> Option<String> {
    let unsent = (producer.unsent > 0.0).then(|| {
        let (unsent, share) = (show::count(producer.unsent), show::percent(producer.unsent / producer.offered));
        let limited = producer.limited_s > 0.0 && producer.blocked_s <= 0.0;
        let why = if limited { "its rate limit held them back" } else { "its buffer was full" };
        format!("Producer {name} never sent {unsent} records, {share} of what was due: {why}.")
    });
    let failed = (producer.failed > 0.0).then(|| {
        let (failed, share) = (show::count(producer.failed), show::percent(producer.failed / producer.offered));
        format!(
            "Producer {name} gave up {failed} records, {share} of what was due: they were not acknowledged in time."
        )
    });
    let open = waiting(producer).map(|open| {
        let (open, share) = (show::count(open), show::percent(open / producer.offered));
        format!("Producer {name} still held {open} records at the end, {share} of what was due: they come faster than they go.")
    });
    let said: Vec<String> = unsent.into_iter().chain(failed).chain(open).chain(sent_again(name, producer)).collect();
    (!said.is_empty()).then(|| said.join(" "))
}

fn sent_again(name: &str, producer: &ProducerResult) -> Option<String> {
    if producer.retried <= 0.0 {
        return None;
    }
    let retried = show::count(producer.retried);
    let twice = match producer.duplicates {
        none if none <= 0.0 => String::new(),
        some => format!("; {} are stored more than once", show::count(some)),
    };
    Some(format!("Producer {name} sent {retried} records again that were not answered in time{twice}."))
}
