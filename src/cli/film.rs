//! The last few looks at a run, and what they say of it now: rates and latencies of the last seconds, and of the whole.
//!
//! Both the view in a terminal and the plain lines show it, so a figure is computed once.
use super::metrics::Names;
use super::surroundings::rss_bytes;
use crate::outcome::Look;
use crate::outcome::look::{GroupLook, Spread, StreamLook};
use crate::plan::Plan;
use crate::units::{Time, show};
use std::collections::VecDeque;
use std::sync::Arc;

/// Of the looks before the last, this many are kept, each so many after the one before it: at four a second, one a second
/// for five seconds. All of them would be most of the memory of a small run.
const KEPT: usize = 5;
const APART: usize = 4;

/// The last few looks.
#[derive(Debug)]
pub struct Film {
    /// What everybody is called.
    pub names: Names,
    end: Time,
    /// Streams that come from outside: the others are outputs of groups.
    producers: usize,
    latest: Option<Arc<Look>>,
    /// Earlier ones, without what nobody asks about the past.
    past: VecDeque<Look>,
    /// Looks since the last that was kept.
    since: usize,
}

/// A run now.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Seed of the repetition that is shown.
    pub seed: u64,
    /// How far it is, in seconds of the run.
    pub at_s: f64,
    /// Where it will end, if that is known.
    pub end_s: Option<f64>,
    /// Producers, then outputs.
    pub streams: Vec<StreamMoment>,
    /// Records that producers accept a second, lately, without those that groups pass on.
    pub in_per_s: f64,
    /// Groups.
    pub groups: Vec<GroupMoment>,
    /// Resident memory of this process.
    pub rss: Option<u64>,
    /// Laws broken so far.
    pub broken: usize,
}

/// A producer, or an output, now.
#[derive(Clone, Debug)]
pub struct StreamMoment {
    /// Its name.
    pub name: String,
    /// Where it writes.
    pub topic: String,
    /// Records accepted a second, lately.
    pub sent_per_s: f64,
    /// Records acknowledged a second, lately.
    pub acked_per_s: f64,
    /// Records accepted.
    pub sent: u64,
    /// Records given up or never accepted.
    pub failed: u64,
    /// Lateness of the generator, p99.
    pub late_s: Option<f64>,
}

/// A group now.
#[derive(Clone, Debug)]
pub struct GroupMoment {
    /// Its name.
    pub name: String,
    /// Records processed a second, lately.
    pub processed_per_s: f64,
    /// Records processed.
    pub processed: u64,
    /// Records lost to it.
    pub lost: u64,
    /// Records appended and not processed.
    pub lag: u64,
    /// Partitions with the greatest lag, worst first.
    pub worst: Vec<(String, u64)>,
    /// End to end lately: p50, p99 and the greatest.
    pub recent: [Option<f64>; 3],
    /// The same so far.
    pub so_far: [Option<f64>; 3],
}

/// Partitions of a group that are shown at most.
const WORST: usize = 12;

impl Film {
    /// Of a run of this plan.
    #[must_use]
    pub fn of(plan: &Plan, engine: &'static str) -> Self {
        let (names, producers) = (Names::of(plan, engine), plan.producers.len());
        Self { names, end: plan.end(), producers, latest: None, past: VecDeque::new(), since: 0 }
    }

    /// One more look; false if it was there already.
    pub fn add(&mut self, look: Arc<Look>) -> bool {
        if self.latest.as_ref().is_some_and(|last| Arc::ptr_eq(last, &look)) {
            return false;
        }
        let seed = look.seed;
        let Some(last) = self.latest.replace(look).filter(|last| last.seed == seed) else {
            self.past.clear();
            self.since = 0;
            return true;
        };
        if self.since.is_multiple_of(APART) {
            self.past.push_back(of_the_past(&last));
        }
        self.since += 1;
        if self.past.len() > KEPT {
            self.past.pop_front();
        }
        true
    }

    /// What they say; nothing before the first.
    #[must_use]
    pub fn now(&self) -> Option<Moment> {
        let now = self.latest.as_ref()?;
        // The first look of all is compared with the beginning, when there was nothing.
        let nothing = Look::default();
        let before = self.past.front().unwrap_or(&nothing);
        let span = now.at.since(before.at).seconds();
        let rate = |now: u64, before: u64| if span > 0.0 { now.saturating_sub(before) as f64 / span } else { 0.0 };
        let no_stream = StreamLook::default();
        let stream = |(i, look): (usize, &StreamLook)| {
            let before = before.streams.get(i).unwrap_or(&no_stream);
            let (name, topic) = self.names.stream(i);
            StreamMoment {
                name: name.to_owned(),
                topic: topic.to_owned(),
                sent_per_s: rate(look.sent, before.sent),
                acked_per_s: rate(look.acked, before.acked),
                sent: look.sent,
                failed: look.failed + look.refused,
                late_s: look.lateness.quantile_s(0.99),
            }
        };
        let no_group = GroupLook::default();
        let group = |(i, look): (usize, &GroupLook)| {
            let before = before.groups.get(i).unwrap_or(&no_group);
            GroupMoment {
                name: self.names.group(i).to_owned(),
                processed_per_s: rate(look.processed, before.processed),
                processed: look.processed,
                lost: look.lost,
                lag: look.lag(),
                worst: self.worst(look),
                recent: times(&look.e2e.since(&before.e2e)),
                so_far: times(&look.e2e),
            }
        };
        let streams: Vec<StreamMoment> = now.streams.iter().enumerate().map(stream).collect();
        Some(Moment {
            seed: now.seed,
            at_s: now.at.seconds(),
            end_s: (self.end != Time::NEVER).then(|| self.end.seconds()),
            in_per_s: streams.iter().take(self.producers).map(|stream| stream.sent_per_s).sum(),
            streams,
            groups: now.groups.iter().enumerate().map(group).collect(),
            rss: rss_bytes(),
            broken: now.broken,
        })
    }

    fn worst(&self, group: &GroupLook) -> Vec<(String, u64)> {
        let mut lags = group.lags.clone();
        lags.sort_by_key(|&(partition, lag)| (std::cmp::Reverse(lag), partition));
        lags.truncate(WORST);
        lags.into_iter().map(|(partition, lag)| (self.names.partition(partition), lag)).collect()
    }
}

/// A look without what is only shown as it is now.
fn of_the_past(look: &Look) -> Look {
    let stream = |&StreamLook { sent, refused, acked, failed, .. }: &StreamLook| {
        let lateness = Spread::default();
        StreamLook { sent, refused, acked, failed, lateness }
    };
    let group = |group: &GroupLook| {
        let (processed, lost, lags, e2e) = (group.processed, group.lost, Vec::new(), group.e2e.clone());
        GroupLook { processed, lost, lags, e2e }
    };
    Look {
        streams: look.streams.iter().map(stream).collect(),
        appended: Vec::new(),
        groups: look.groups.iter().map(group).collect(),
        ..*look
    }
}

fn times(spread: &Spread) -> [Option<f64>; 3] {
    [spread.quantile_s(0.5), spread.quantile_s(0.99), spread.max_s()]
}

impl Moment {
    /// How far it is, of all.
    #[must_use]
    pub fn far(&self) -> String {
        let end = self.end_s.map(|end| format!(" of {}", show::duration(end)));
        format!("{}{}", show::duration(self.at_s), end.unwrap_or_default())
    }

    /// As one line.
    #[must_use]
    pub fn line(&self, permille: u64) -> String {
        let mut line = format!("{} ({} %): {} in", self.far(), permille / 10, show::rate(self.in_per_s));
        let mut say = |what: String| line.extend([", ", &what]);
        let time = |time: Option<f64>| time.map_or_else(|| "–".to_owned(), show::duration);
        for group in &self.groups {
            let [p50, p99, max] = group.recent.map(time);
            let (name, rate, lag) = (&group.name, show::rate(group.processed_per_s), show::count(group.lag as f64));
            say(format!("{name} {rate}, lag {lag}, end to end p50 {p50}, p99 {p99}, max {max}"));
        }
        let failed: u64 = self.streams.iter().map(|stream| stream.failed).sum();
        let lost: u64 = self.groups.iter().map(|group| group.lost).sum();
        if failed + lost > 0 {
            say(format!("{failed} failed, {lost} lost"));
        }
        if self.broken > 0 {
            say(format!("{} laws broken", self.broken));
        }
        if let Some(bytes) = self.rss {
            say(format!("{} of memory", show::size(bytes as f64)));
        }
        line
    }
}
