//! A look at a run as OpenMetrics text: what is counted, by producer, topic and group; lags; times as histograms.
//!
//! The Prometheus project's own library writes it. Every sample carries the seed of its repetition, so that counters of
//! one never seem to go on in the next.
use crate::cli::surroundings::{cpu, rss_bytes};
use crate::outcome::figures::{stream_names, stream_topics};
use crate::outcome::look::{GroupLook, Look, Spread, StreamLook};
use crate::plan::Plan;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};
use std::fmt::Error;
use std::sync::Arc;

/// What the text says it is.
pub const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper ends of the histograms' buckets, in seconds.
const BOUNDS: [f64; 19] = [
    0.0001,
    0.000_25,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    25.0,
    50.0,
    f64::INFINITY,
];

/// What everybody in a run is called.
#[derive(Clone, Debug)]
pub struct Names(Arc<Called>);

#[derive(Debug)]
struct Called {
    scenario: String,
    engine: &'static str,
    /// Producers, then outputs: name and topic.
    streams: Vec<(String, String)>,
    topics: Vec<String>,
    groups: Vec<String>,
    /// By number over all topics: topic, and number in it.
    partitions: Vec<(String, String)>,
}

impl Names {
    /// As the plan calls them.
    #[must_use]
    pub fn of(plan: &Plan, engine: &'static str) -> Self {
        let topic = |topic: usize| plan.topics[topic].name.clone();
        let streams = stream_names(plan).into_iter().zip(stream_topics(plan).into_iter().map(topic));
        let partitions = plan.topics.iter().flat_map(|topic| {
            let numbers = 0..topic.partitions;
            numbers.map(move |number| (topic.name.clone(), number.to_string()))
        });
        Self(Arc::new(Called {
            scenario: plan.name.clone(),
            engine,
            streams: streams.collect(),
            topics: plan.topics.iter().map(|topic| topic.name.clone()).collect(),
            groups: plan.groups.iter().map(|group| group.name.clone()).collect(),
            partitions: partitions.collect(),
        }))
    }
}

impl Names {
    /// Name of the scenario.
    #[must_use]
    pub fn scenario(&self) -> &str {
        &self.0.scenario
    }

    /// What drives it.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        self.0.engine
    }

    /// Name of a producer or output, and its topic.
    #[must_use]
    pub fn stream(&self, number: usize) -> (&str, &str) {
        let (name, topic) = &self.0.streams[number];
        (name, topic)
    }

    /// Name of a group.
    #[must_use]
    pub fn group(&self, number: usize) -> &str {
        &self.0.groups[number]
    }

    /// A partition as `TOPIC-NUMBER`.
    #[must_use]
    pub fn partition(&self, number: u32) -> String {
        let (topic, number) = &self.0.partitions[number as usize];
        format!("{topic}-{number}")
    }
}

/// The whole text; before a run has anything to show, only what it is.
#[must_use]
pub fn text(names: &Names, look: Option<&Look>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Exposition { names: names.clone(), look: look.cloned() }));
    let mut text = String::new();
    encode(&mut text, &registry).expect("a text takes all that is written");
    text
}

#[derive(Debug)]
struct Exposition {
    names: Names,
    look: Option<Look>,
}

type Labels<'l> = Vec<(&'static str, &'l str)>;

impl Collector for Exposition {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut page = Page { encoder };
        let names = &self.names.0;
        let about = [("version", env!("CARGO_PKG_VERSION")), ("scenario", &names.scenario), ("engine", names.engine)];
        let mut family =
            page.encoder.encode_descriptor("conga", "What makes these figures.", None, MetricType::Info)?;
        family.encode_info(&about)?;
        page.process()?;
        let Some(look) = &self.look else { return Ok(()) };
        let seed = look.seed.to_string();
        page.run(look, &seed)?;
        page.streams(names, look, &seed)?;
        page.topics(names, look, &seed)?;
        page.groups(names, look, &seed)
    }
}

/// Writes families one after the other.
struct Page<'e> {
    encoder: DescriptorEncoder<'e>,
}

impl Page<'_> {
    /// A family: a sample each, of a value that `write` writes.
    fn family<'l, V>(
        &mut self,
        (name, help): (&str, &str),
        unit: Option<&Unit>,
        kind: MetricType,
        samples: impl IntoIterator<Item = (Labels<'l>, V)>,
        write: impl Fn(&mut MetricEncoder<'_>, V) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut family = self.encoder.encode_descriptor(name, help, unit, kind)?;
        for (labels, value) in samples {
            write(&mut family.encode_family(&labels)?, value)?;
        }
        Ok(())
    }

    fn counter<'l>(
        &mut self,
        name: (&str, &str),
        samples: impl IntoIterator<Item = (Labels<'l>, u64)>,
    ) -> Result<(), Error> {
        self.family(name, None, MetricType::Counter, samples, |encoder, value| {
            encoder.encode_counter::<NoLabelSet, _, u64>(&value, None)
        })
    }

    fn gauge<'l>(
        &mut self,
        name: (&str, &str),
        samples: impl IntoIterator<Item = (Labels<'l>, u64)>,
    ) -> Result<(), Error> {
        self.family(name, None, MetricType::Gauge, samples, |encoder, value| encoder.encode_gauge(&value))
    }

    fn times<'l, 's>(
        &mut self,
        name: (&str, &str),
        samples: impl IntoIterator<Item = (Labels<'l>, &'s Spread)>,
    ) -> Result<(), Error> {
        self.family(name, Some(&Unit::Seconds), MetricType::Histogram, samples, |encoder, spread| {
            let buckets: Vec<(f64, u64)> = BOUNDS.into_iter().zip(spread.between(&BOUNDS)).collect();
            encoder.encode_histogram::<NoLabelSet>(spread.sum_ns as f64 * 1e-9, spread.count, &buckets, None)
        })
    }

    fn process(&mut self) -> Result<(), Error> {
        if let Some(bytes) = rss_bytes() {
            let help = "Resident memory of this process.";
            let mut family = self.encoder.encode_descriptor(
                "process_resident_memory",
                help,
                Some(&Unit::Bytes),
                MetricType::Gauge,
            )?;
            family.encode_gauge(&bytes)?;
        }
        let help = "Processor time of this process.";
        let mut family =
            self.encoder.encode_descriptor("process_cpu", help, Some(&Unit::Seconds), MetricType::Counter)?;
        family.encode_counter::<NoLabelSet, _, u64>(&cpu().as_secs_f64(), None)
    }

    fn run(&mut self, look: &Look, seed: &str) -> Result<(), Error> {
        let labels = || vec![("seed", seed)];
        let help = ("conga_run_time", "Time of the run, in the time of its scenario.");
        let at = [(labels(), look.at.seconds())];
        self.family(help, Some(&Unit::Seconds), MetricType::Gauge, at, |encoder, at| encoder.encode_gauge(&at))?;
        let help = ("conga_run_ended", "1 when the run is over, and these are its last figures.");
        self.gauge(help, [(labels(), u64::from(look.ended))])?;
        let help = ("conga_broken_laws", "Laws that were broken: bugs of conga.");
        self.gauge(help, [(labels(), look.broken as u64)])
    }

    fn streams(&mut self, names: &Called, look: &Look, seed: &str) -> Result<(), Error> {
        let each = |value: fn(&StreamLook) -> u64| {
            let samples = names.streams.iter().zip(&look.streams);
            samples.map(move |(name, stream)| (by_stream(name, seed), value(stream)))
        };
        let help = ("conga_sent_records", "Records accepted into the buffer of a producer.");
        self.counter(help, each(|stream| stream.sent))?;
        let help = ("conga_acked_records", "Records acknowledged to a producer.");
        self.counter(help, each(|stream| stream.acked))?;
        let help = ("conga_failed_records", "Records a producer gave up after it had accepted them.");
        self.counter(help, each(|stream| stream.failed))?;
        let help = ("conga_refused_records", "Records a producer never accepted into its buffer.");
        self.counter(help, each(|stream| stream.refused))?;
        let late = names.streams.iter().zip(&look.streams).filter(|(_, stream)| stream.lateness.count > 0);
        let late = late.map(|(name, stream)| (by_stream(name, seed), &stream.lateness));
        self.times(("conga_lateness", "How late the generator itself woke to send what was due."), late)
    }

    fn topics(&mut self, names: &Called, look: &Look, seed: &str) -> Result<(), Error> {
        let topics = names.topics.iter().zip(&look.appended);
        let topics = topics.map(|(topic, &appended)| (vec![("topic", topic.as_str()), ("seed", seed)], appended));
        self.counter(("conga_appended_records", "Records appended to a topic."), topics)
    }

    fn groups(&mut self, names: &Called, look: &Look, seed: &str) -> Result<(), Error> {
        let groups = || names.groups.iter().zip(&look.groups);
        let labels = |group| vec![("group", group), ("seed", seed)];
        let each = |value: fn(&GroupLook) -> u64| groups().map(move |(name, group)| (labels(name), value(group)));
        let help = ("conga_processed_records", "Records processed by a group.");
        self.counter(help, each(|group| group.processed))?;
        let help = ("conga_lost_records", "Records deleted before a group got them.");
        self.counter(help, each(|group| group.lost))?;
        let help = ("conga_lag_records", "Records appended and not processed by a group, in all it reads.");
        self.gauge(help, each(GroupLook::lag))?;
        let lags = groups().flat_map(|(name, group)| {
            let lag = move |&(partition, lag): &(u32, u64)| {
                let (topic, number) = &names.partitions[partition as usize];
                (vec![("group", name.as_str()), ("topic", topic), ("partition", number), ("seed", seed)], lag)
            };
            group.lags.iter().map(lag)
        });
        self.gauge(("conga_partition_lag_records", "The same by partition."), lags)?;
        let times = groups().map(|(name, group)| (labels(name), &group.e2e));
        self.times(("conga_end_to_end", "Due to end of processing, of records due after the warm-up."), times)
    }
}

fn by_stream<'l>((name, topic): &'l (String, String), seed: &'l str) -> Labels<'l> {
    vec![("producer", name), ("topic", topic), ("seed", seed)]
}
