//! Drafts of scenarios: every key of the language now and then, small enough to run in milliseconds.
//!
//! A key is drawn as its text, or left out. Topics are numbered, and an output goes to a topic with a greater number than
//! all that its group reads, so that no circle arises. Shrinking leaves keys out.
use super::befalls::{Befalls, befalls, membership, metadata};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::Union;

/// A scenario before it is text.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Whether it is long enough for everything to be done.
    pub settles: bool,
    topics: Vec<Topic>,
    cluster: String,
    /// Keys of replication as a delay, and by Kafka's rules, of which there is one or the other.
    replication: [String; 2],
    producers: Vec<Source>,
    groups: Vec<Group>,
    events: Vec<Befalls>,
    brokers: u32,
    run: String,
}

#[derive(Clone, Debug)]
struct Topic {
    partitions: u32,
    replicas: u32,
    min_insync: u32,
    retention: String,
}

impl Topic {
    /// Where brokers can fail nothing is deleted.
    fn yaml(&self, deletes: bool) -> String {
        let Self { partitions, replicas, min_insync, retention } = self;
        let safe = (*min_insync).min(*replicas);
        let more = if deletes || safe == 1 { retention.clone() } else { format!(", min_insync: {safe}") };
        format!("{{partitions: {partitions}, replicas: {replicas}{more}}}")
    }
}

#[derive(Clone, Debug)]
struct Source {
    topic: usize,
    keys: String,
}

#[derive(Clone, Debug)]
struct Group {
    topics: Vec<bool>,
    keys: String,
    /// Keys of the output, if there is one.
    output: Option<String>,
}

impl Draft {
    /// The scenario, as a user would write it.
    pub fn yaml(&self) -> String {
        let all = self.topics.len();
        let deletes = self.topics.iter().any(|topic| !topic.retention.is_empty());
        let topics = self.topics.iter().enumerate();
        let topics = topics.map(|(i, topic)| format!("  t{i}: {}\n", topic.yaml(deletes)));
        let producers = self.producers.iter().enumerate();
        let producers =
            producers.map(|(i, Source { topic, keys })| format!("  p{i}: {{topic: t{}{keys}}}\n", topic % all));
        let groups = self.groups.iter().enumerate().map(|(i, group)| format!("  g{i}: {}\n", group.yaml(all)));
        let befallen: Vec<usize> = (0..self.groups.len()).collect();
        // Members that write to a topic do not learn that it grows.
        let written =
            |topic: usize| self.groups.iter().any(|group| group.writes_to(all).is_some_and(|to| to.0 == topic));
        let mut grows: Vec<Option<u32>> =
            self.topics.iter().enumerate().map(|(i, topic)| (!written(i)).then_some(topic.partitions)).collect();
        let events = self.events.iter();
        let events: String =
            events.filter_map(|event| event.yaml(&befallen, &mut grows, self.brokers, deletes)).collect();
        let events = if events.is_empty() { events } else { format!("events:\n{events}") };
        format!(
            "name: swarm\ntopics:\n{}cluster: {{{}{}}}\nproducers:\n{}{}{}run: {{{}}}\n{events}",
            topics.collect::<String>(),
            self.cluster,
            self.replication[usize::from(!deletes && !self.replication[1].is_empty())],
            producers.collect::<String>(),
            if self.groups.is_empty() { "" } else { "groups:\n" },
            groups.collect::<String>(),
            self.run
        )
    }
}

impl Group {
    fn reads(&self, topics: usize) -> Vec<usize> {
        let mut read: Vec<usize> = (0..topics).filter(|&topic| self.topics[topic]).collect();
        if read.is_empty() {
            read.push(0);
        }
        read
    }

    /// The topic it writes to, and with which keys.
    fn writes_to(&self, topics: usize) -> Option<(usize, &String)> {
        let next = self.reads(topics).last()? + 1;
        Some((next, self.output.as_ref().filter(|_| next < topics)?))
    }

    fn yaml(&self, topics: usize) -> String {
        let names: Vec<String> = self.reads(topics).iter().map(|topic| format!("t{topic}")).collect();
        let output = self.writes_to(topics);
        let output = output.map_or_else(String::new, |(topic, keys)| format!(", output: {{topic: t{topic}{keys}}}"));
        format!("{{topics: [{}]{}{output}}}", names.join(", "), self.keys)
    }
}

/// Any scenario.
pub fn draft() -> impl Strategy<Value = Draft> {
    (1_u32..4, any::<bool>(), 0..3_u32).prop_flat_map(|(brokers, bounded, how)| {
        let topic = (1_u32..9, 1..=brokers, 1..=3_u32, key("retention", retention()));
        let topic = topic.prop_map(|(partitions, replicas, min_insync, retention)| Topic {
            partitions,
            replicas,
            min_insync,
            retention,
        });
        let topics = vec(topic, 1..=3);
        let producers = vec(source(bounded), 1..=3);
        (topics, cluster(brokers), replication(), producers, vec(group(), 0..=3), befalls(), run(bounded, how))
            .prop_map(move |(topics, cluster, replication, producers, groups, events, run)| {
                // Without a duration a run ends when all is done, which events may prevent.
                let events = if bounded { events } else { Vec::new() };
                let settles = (!bounded || how == 1) && events.iter().all(Befalls::settles);
                Draft { settles, topics, cluster, replication, producers, groups, events, brokers, run }
            })
    })
}

type Text = BoxedStrategy<String>;

/// One of these texts.
pub fn one_of(texts: &'static [&'static str]) -> Text {
    Union::new(texts.iter().map(|text| Just((*text).to_owned()))).boxed()
}

/// A key with its value, or more often nothing.
pub fn key(name: &'static str, value: impl Strategy<Value = String> + 'static) -> Text {
    let written = value.prop_map(move |value| format!(", {name}: {value}"));
    prop_oneof![3 => Just(String::new()), 2 => written].boxed()
}

/// Several keys, one after the other.
pub fn keys(all: Vec<Text>) -> Text {
    all.prop_map(|texts| texts.concat()).boxed()
}

fn cluster(brokers: u32) -> Text {
    let costs = keys(vec![
        key("network", network()),
        key("request", request()),
        key("disk", one_of(&["{bandwidth: 50 MiB/s}", "{bandwidth: 1 MiB/s}"])),
        key("quota", quota()),
    ]);
    (one_of(&["ideal: true", "ideal: false", "profile: default"]), costs)
        .prop_map(move |(ideal, costs)| format!("{ideal}, brokers: {brokers}{costs}"))
        .boxed()
}

/// How followers follow: as a delay, or by Kafka's rules with elections at short notice. Not too short: what brokers do all
/// the time they do for as long as a run may drain.
fn replication() -> impl Strategy<Value = [String; 2]> {
    let delay = key("replication", delay("100us", "2ms").prop_map(|delay| format!("{{delay: {delay}}}")));
    let rules = key(
        "replication",
        one_of(&[
            "{session_timeout: 90ms, heartbeat: 40ms, lag_max: 150ms}",
            "{session_timeout: 60ms, heartbeat: 40ms, fetch_wait: 200ms}",
            "{lag_max: 200ms, fetch_wait: 100ms}",
            "{session_timeout: 300ms, heartbeat: 100ms}",
        ]),
    );
    (delay, rules).prop_map(|(delay, rules)| [delay, rules])
}

/// Large enough for any batch: what a quota never lets through stays for ever.
fn quota() -> Text {
    one_of(&[
        "{produce: 300 KiB/s}",
        "{fetch: 500 KiB/s, samples: 3, window: 200ms}",
        "{produce: 1 MiB/s, fetch: 1 MiB/s}",
    ])
}

fn retention() -> Text {
    one_of(&[
        "{time: 20ms, check: 10ms}",
        "{size: 2 KiB, check: 20ms}",
        "{time: 50ms, size: 10 KiB, segment: 1 KiB, check: 7ms}",
    ])
}

fn network() -> Text {
    let bandwidth = key("bandwidth", one_of(&["1 GiB/s", "10 MiB/s", "500 KiB/s"]));
    (delay("200us", "1ms"), bandwidth).prop_map(|(delay, more)| format!("{{delay: {delay}{more}}}")).boxed()
}

fn request() -> Text {
    let threads = (1..4_u32).prop_map(|threads| threads.to_string());
    let more = keys(vec![
        key("per_batch", one_of(&["1us", "20us"])),
        key("per_kib", one_of(&["500ns", "5us"])),
        key("threads", threads),
    ]);
    (delay("20us", "80us"), more).prop_map(|(work, more)| format!("{{work: {work}{more}}}")).boxed()
}

/// A time that varies in one way or another, about as long as one of the two.
fn delay(short: &'static str, long: &'static str) -> Text {
    prop_oneof![
        Just("0s".to_owned()),
        Just(short.to_owned()),
        Just(format!("{{exponential: {{mean: {short}}}}}")),
        Just(format!("{{uniform: {{min: 0s, max: {long}}}}}")),
        Just(format!("{{lognormal: {{mean: {long}, cv: 1.5}}}}")),
        Just(format!("{{gamma: {{mean: {short}, cv: 0.3}}}}")),
        Just(format!("{{pareto: {{mean: {short}, shape: 2.5}}}}")),
        Just(format!("{{hyperexponential: {{mean: {short}, cv: 3}}}}")),
        Just(format!("{{bimodal: {{fast: {short}, slow: {long}, share_slow: 0.1}}}}")),
    ]
    .boxed()
}

/// Settings of a client, of a producer or of an output.
fn client(name_of_linger: &'static str) -> Vec<Text> {
    let memory = prop_oneof![
        Just(String::new()),
        one_of(&["1 B", "200 B", "1000 B", "4 KiB"]).prop_map(|size| format!(", batch_size: {size}")),
        (1_u32..6, one_of(&["0s", "1ms", "20ms"])).prop_map(|(batches, block)| {
            format!(", batch_size: 2000 B, buffer: {} B, max_block: {block}", 2000 * batches)
        }),
        one_of(&["0s", "300us", "10ms"])
            .prop_map(|block| format!(", batch_size: 1 B, buffer: 1500 B, max_block: {block}")),
    ];
    let window = (1..7_u32).prop_map(|requests| requests.to_string());
    vec![
        memory.boxed(),
        key(name_of_linger, one_of(&["0s", "1ns", "500us", "3ms", "100ms"])),
        key("acks", one_of(&["0", "1", "all"])),
        timeouts(),
        key("retries", one_of(&["0", "1", "3"])),
        key("retry_backoff", one_of(&["5ms", "100ms"])),
        key("retry_backoff_max", one_of(&["100ms", "300ms"])),
        key("idempotence", one_of(&["false"])),
        key("max_in_flight", window),
        key("partitioner", one_of(&["kafka", "round-robin", "random"])),
        prop_oneof![
            3 => Just(String::new()),
            1 => key("compression", one_of(&["none", "gzip", "snappy", "lz4", "zstd"])),
            1 => one_of(&["0us", "3us", "200us"]).prop_map(|cost| format!(", compression: lz4, compression_cost: {cost}")),
        ]
        .boxed(),
    ]
}

/// Together no shorter than the longest linger.
fn timeouts() -> Text {
    let request = one_of(&["2ms", "10ms", "50ms", "300ms"]);
    prop_oneof![
        5 => Just(String::new()),
        3 => key("delivery_timeout", one_of(&["101ms", "150ms", "400ms", "10s"])),
        2 => request.clone().prop_map(|wait| format!(", request_timeout: {wait}")),
        2 => request.prop_map(|wait| format!(", request_timeout: {wait}, delivery_timeout: 400ms")),
    ]
    .boxed()
}

fn source(bounded: bool) -> impl Strategy<Value = Source> {
    let messages = (1_u32..800).prop_map(|messages| format!(", messages: {messages}")).boxed();
    let end = if bounded { prop_oneof![Just(String::new()), messages].boxed() } else { messages };
    let mut all = client("linger");
    all.extend([
        arrivals(bounded),
        end,
        key("instances", (1..4_u32).prop_map(|instances| instances.to_string())),
        key("message", message()),
        key("key", key_law()),
        key("rate_limit", rate_limit()),
        metadata(),
    ]);
    (0..3_usize, keys(all)).prop_map(|(topic, keys)| Source { topic, keys })
}

fn arrivals(bounded: bool) -> Text {
    let rate = || 5_u32..1500;
    let step = (1_u32..300, prop_oneof![Just(0_u32), rate()]);
    let first = (1_u32..300, rate());
    let steps = (first, vec(step, 0..4), any::<bool>()).prop_map(|(first, mut steps, even)| {
        steps.insert(0, first);
        let steps: Vec<String> = steps.iter().map(|(ms, rate)| format!("{{for: {ms}ms, rate: {rate}/s}}")).collect();
        format!(", arrivals: {{steps: [{}], even: {even}}}", steps.join(", "))
    });
    let endless = prop_oneof![
        rate().prop_map(|rate| format!(", arrivals: {{constant: {{rate: {rate}/s}}}}")),
        rate().prop_map(|rate| format!(", arrivals: {{poisson: {{rate: {rate}/s}}}}")),
        (rate(), one_of(&["0.2", "1", "3"]))
            .prop_map(|(rate, cv)| format!(", arrivals: {{renewal: {{rate: {rate}/s, cv: {cv}}}}}")),
        (1_u32..100, 1_u32..40)
            .prop_map(|(rate, size)| format!(", arrivals: {{batches: {{rate: {rate}/s, size: {size}}}}}")),
    ];
    // Steps do not end before the run does, so they need its duration.
    if bounded { prop_oneof![4 => endless, 1 => steps].boxed() } else { endless.boxed() }
}

fn message() -> Text {
    let sizes = one_of(&[
        "{size: 100 B}",
        "{size: 0 B}",
        "{size: 900 B}",
        "{size: {uniform: {min: 1 B, max: 1 KiB}}}",
        "{size: {exponential: {mean: 300 B}}}",
        "{size: {bimodal: {fast: 10 B, slow: 1 KiB, share_slow: 0.2}}}",
    ]);
    let made = one_of(&[
        "{json: {id: \"{index}\", text: hello}}",
        "{json: {id: \"{uuid}\", text: \"{word} {word}\", n: \"{int:1..100000}\", at: \"{now}\"}}",
        "{generator: flows}",
        "{generator: posts}",
        "{generator: logs}",
    ]);
    prop_oneof![sizes, made].boxed()
}

fn key_law() -> Text {
    let count = 1_u32..200;
    prop_oneof![
        Just("none".to_owned()),
        count.clone().prop_map(|keys| format!("{{uniform: {{keys: {keys}}}}}")),
        count.clone().prop_map(|keys| format!("{{uniform: {{keys: {keys}, salt: user-}}}}")),
        (count.clone(), one_of(&["0", "0.9", "2"]))
            .prop_map(|(keys, s)| format!("{{zipf: {{keys: {keys}, exponent: {s}}}}}")),
        (count, one_of(&["0", "0.4", "1"]))
            .prop_map(|(keys, share)| format!("{{hot: {{share: {share}, keys: {keys}}}}}")),
    ]
    .boxed()
}

fn rate_limit() -> Text {
    one_of(&[
        "{messages: 500/s}",
        "{messages: 300/s, burst: 5}",
        "{bytes: 50 KiB/s}",
        "{bytes: 100 KiB/s, burst: 2 KiB}",
        "{messages: 1k/s, bytes: 1 MiB/s, burst: 500}",
    ])
}

fn group() -> impl Strategy<Value = Group> {
    let members = (1_u32..12).prop_map(|members| format!(", members: {members}"));
    let work = prop_oneof![
        delay("100us", "1ms"),
        (delay("50us", "300us"), delay("20us", "100us"))
            .prop_map(|(base, each)| format!("{{per_unit: {{base: {base}, each: {each}}}}}")),
    ];
    let polled = one_of(&["{max_records: 1}", "{max_records: 2}", "{max_records: 7}", "{max_records: 100}"]);
    let all = vec![
        members.boxed(),
        key("workers", (1..6_u32).prop_map(|workers| workers.to_string())),
        key("starts", one_of(&["0s", "10ms", "300ms"])),
        key("work", work),
        key("poll", polled),
        key("fetch", fetch()),
        key(
            "commit",
            one_of(&["{auto: 5s}", "{auto: 3ms}", "{after: poll}", "{before: work}", "{every: 1}", "{every: 10}"]),
        ),
        membership(),
    ];
    let output = prop_oneof![Just(None), keys(client("linger")).prop_map(Some)];
    (vec(any::<bool>(), 3), keys(all), output).prop_map(|(topics, keys, output)| Group { topics, keys, output })
}

/// A fetch that can never have as much as it waits for goes on for hours, so least and most are drawn one at a time.
fn fetch() -> Text {
    let least = one_of(&["0 B", "1 B", "1 KiB", "20 KiB"]).prop_map(|size| format!(", min_bytes: {size}"));
    let most = keys(vec![
        key("max_bytes", one_of(&["1 B", "20 KiB", "1 MiB"])),
        key("max_partition_bytes", one_of(&["1 B", "300 B", "2 KiB"])),
    ]);
    let wait = one_of(&["max_wait: 20ms", "max_wait: 500ms", "max_wait: 1ms"]);
    keys(vec![wait, prop_oneof![least, most].boxed()]).prop_map(|keys| format!("{{{keys}}}")).boxed()
}

/// With a duration, some of them with time to drain; or until all is done.
fn run(bounded: bool, how: u32) -> Text {
    if !bounded {
        return key("warmup", one_of(&["100us", "500us"])).prop_map(|warmup| format!("seed: 7{warmup}")).boxed();
    }
    let drain = ["", ", drain: 20m", ", drain: 50ms"][how as usize];
    let more = keys(vec![
        key("warmup", one_of(&["1ms", "20ms", "49ms"])),
        key("seed", (1_u32..1000).prop_map(|seed| seed.to_string())),
        if how == 1 { Just(String::new()).boxed() } else { key("interval", one_of(&["2ms", "50ms", "333us"])) },
    ]);
    (50_u32..600, more).prop_map(move |(ms, more)| format!("duration: {ms}ms{drain}{more}")).boxed()
}
