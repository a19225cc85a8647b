//! How an entry of theory becomes a scenario: YAML text, as a user would write it.
//!
//! Times without a unit are in mean service times; one of them is played as a millisecond, because with seconds a poll
//! of 500 records would outlast Kafka's timers.
use conga::model::wire;
use serde_json::Value;

/// Records above which a run is cut into repetitions, so that every core can have a share.
const LONG: f64 = 4e7;
/// Repetitions of a long run.
const REPETITIONS: u32 = 8;
/// Relaxation times before counting.
const WARM: f64 = 10.0;
/// A batch that has room for one record of 100 bytes, and not for a second.
const ONE_RECORD: u32 = 200;
/// Runs in which the keys fall differently: the share's variance itself varies by 45 % from one to the next.
const HASHINGS: usize = 400;

/// Parameters of an entry.
#[derive(Clone, Copy)]
pub struct Params<'r>(pub &'r Value);

impl Params<'_> {
    /// A parameter that the entry must have.
    pub fn number(self, name: &str) -> f64 {
        self.given(name).unwrap_or_else(|| panic!("no number {name} in {}", self.0))
    }

    fn given(self, name: &str) -> Option<f64> {
        self.0[name].as_f64()
    }

    /// Mean service time of one server, in units.
    fn service(self) -> f64 {
        let rate = self.given("mu").or(self.given("mu1")).map(f64::recip);
        rate.or(self.given("D")).or(self.given("mean_service")).unwrap_or(1.0)
    }

    fn servers(self) -> f64 {
        self.given("c").unwrap_or(1.0)
    }

    /// Records per unit of time.
    pub fn lambda(self) -> f64 {
        self.given("lambda").unwrap_or_else(|| self.number("rho") * self.servers() / self.service())
    }

    /// Seconds that stand for one unit of time.
    pub fn unit_s(self) -> f64 {
        let in_seconds = self.0.as_object().is_some_and(|all| all.keys().any(|name| name.ends_with("_s")));
        if in_seconds || self.service() < 0.1 { 1.0 } else { 0.001 }
    }
}

/// The scenarios that entries with the same name and parameters need.
pub struct Stage {
    /// Each as YAML.
    pub scenarios: Vec<String>,
    /// How many records they have together, about.
    pub records: f64,
}

/// The scenarios for a name, with at least so many records where luck is involved, or why there is none. A few names
/// need more for some quantities.
pub fn stage(name: &str, quantities: &[&str], p: Params<'_>, records: f64) -> Result<Stage, &'static str> {
    if let Some(stage) = super::members::stage(name, p) {
        return Ok(stage);
    }
    let sketches = match name {
        "M/M/1" | "M/D/1" | "M/M/c" | "M/G/1" => vec![poisson_queue(p, records)],
        "M/M/1-busy-period" => vec![poisson_queue(p, 4.0 * records)],
        "G/G/1" | "G/G/c" => vec![renewal_queue(p, records)],
        "D/M/1" => vec![constant_queue(p, records)],
        "M^[b]/M/1" => vec![batch_queue(p, records)],
        "M/M/1/K" => vec![finite_queue(p, 10.0 * records)],
        "tandem-M/M/1" => vec![tandem(p, 3.0 * records)],
        "partitioned-vs-shared" => vec![partitioned(p, 6.0 * records), poisson_queue(p, 6.0 * records)],
        "linger-batch" => vec![linger_batch(p, records)],
        "partitioner-batching" => vec![sticky_batch(p, records)],
        "fetch-purgatory" => vec![fetch_purgatory(p, records)],
        "catch-up" => vec![catch_up(p)],
        "token-bucket" => vec![token_bucket(p)],
        "closed-in-flight-window" => vec![closed_window(p)],
        "retry-amplification" => vec![unheard(p, records / 4.0)],
        "zipf" => vec![zipf(p, 10_000, 10.0 * records, 0)],
        "hot-partition" => hot_partition(quantities, p, records),
        _ => return Err(reason(name)),
    };
    let records = sketches.iter().map(|sketch| sketch.rate * sketch.length_s).sum();
    Ok(Stage { scenarios: sketches.iter().map(Sketch::yaml).collect(), records })
}

/// Why no scenario expresses a name.
fn reason(name: &str) -> &'static str {
    match name {
        "M/M/c/c" => "a topic never refuses a record",
        "M/M/1-multiple-vacations" => "an idle consumer does not sleep: an append wakes its fetch",
        "fork-join-M/M/1" => "no figure gives the later of two groups' completions of a record",
        _ => "no scenario for this name",
    }
}

/// A scenario before it is text; maps are in YAML's flow style.
struct Sketch {
    topics: String,
    cluster: String,
    /// Keys of the producer beside `topic`.
    source: String,
    /// Empty where nobody reads.
    groups: String,
    /// Records per second.
    rate: f64,
    /// Seconds that count.
    length_s: f64,
    warmup_s: f64,
    /// Runs that share the length; each warms up by itself.
    repetitions: u32,
    /// Further keys of `run`.
    run: String,
}

impl Default for Sketch {
    fn default() -> Self {
        Self {
            topics: "{queue: {partitions: 1}}".into(),
            cluster: "{ideal: true}".into(),
            source: String::new(),
            groups: String::new(),
            rate: 0.0,
            length_s: 0.0,
            warmup_s: 0.0,
            repetitions: 1,
            run: "seed: 1".into(),
        }
    }
}

impl Sketch {
    fn yaml(&self) -> String {
        let Self { topics, cluster, source, groups, repetitions, run, .. } = self;
        let groups = if groups.is_empty() { String::new() } else { format!("groups: {groups}\n") };
        let warmup_s = up_to_ms(self.warmup_s);
        let duration = span(warmup_s + up_to_ms(self.length_s / f64::from(*repetitions)));
        let warmup = span(warmup_s);
        format!(
            "name: theory\ntopics: {topics}\ncluster: {cluster}\nproducers:\n  source: {{topic: queue, {source}}}\n{groups}\
             run: {{duration: {duration}, warmup: {warmup}, repetitions: {repetitions}, {run}}}\n"
        )
    }
}

/// A duration from seconds, in its greatest whole unit.
fn span(seconds: f64) -> String {
    let ns = (seconds * 1e9).round() as u64;
    let units = [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)];
    let whole = units.into_iter().find(|(_, length)| ns.is_multiple_of(*length));
    whole.map_or_else(|| format!("{ns}ns"), |(unit, length)| format!("{}{unit}", ns / length))
}

/// Seconds rounded up to whole milliseconds, for those who read the scenario of a miss.
fn up_to_ms(seconds: f64) -> f64 {
    (seconds * 1e3).ceil() / 1e3
}

/// One queue: so many records from `source` to a group with `servers` workers on one partition.
fn queue(p: Params<'_>, records: f64, arrivals: &str, work: &str, variability: f64) -> Sketch {
    let (service_s, servers) = (p.service() * p.unit_s(), p.servers());
    let rate = per_unit(p).unwrap_or_else(|| p.lambda()) / p.unit_s();
    let load = rate * service_s / servers;
    let relaxation_s = service_s / (1.0 - load.sqrt()).powi(2) * variability.max(1.0);
    Sketch {
        source: format!("arrivals: {arrivals}, linger: 0s"),
        groups: format!("{{server: {{topics: [queue], members: 1, workers: {servers}, work: {work}}}}}"),
        rate,
        length_s: records / rate,
        warmup_s: WARM * relaxation_s,
        repetitions: if records > LONG { REPETITIONS } else { 1 },
        run: "drain: 1m, seed: 1".into(),
        ..Sketch::default()
    }
}

/// Records per unit where an entry says so other than by lambda or rho.
fn per_unit(p: Params<'_>) -> Option<f64> {
    let batches = p.given("batch_rate").map(|rate| rate * p.number("batch_size"));
    batches.or(p.given("interarrival").map(f64::recip))
}

/// A rate from records per unit.
fn rate(p: Params<'_>, per_unit: f64) -> String {
    format!("{}/s", per_unit * p.unit_s().recip())
}

fn poisson(p: Params<'_>) -> String {
    format!("{{poisson: {{rate: {}}}}}", rate(p, p.lambda()))
}

fn exponential(p: Params<'_>, mean: f64) -> String {
    format!("{{exponential: {{mean: {}}}}}", span(mean * p.unit_s()))
}

fn poisson_queue(p: Params<'_>, records: f64) -> Sketch {
    // The mean of a wait whose variance is infinite converges slowly.
    let records = if p.given("alpha").is_some_and(|alpha| alpha < 3.0) { records.max(1e8) } else { records };
    queue(p, records, &poisson(p), &work(p), f64::midpoint(1.0, p.given("scv").unwrap_or(1.0)))
}

/// Processing time, by the law that the entry names.
fn work(p: Params<'_>) -> String {
    let mean = span(p.service() * p.unit_s());
    let law = p.0["service"].as_str().unwrap_or(if p.given("D").is_some() { "constant" } else { "exponential" });
    match law {
        "constant" => format!("{{constant: {{value: {mean}}}}}"),
        "exponential" => format!("{{exponential: {{mean: {mean}}}}}"),
        "lognormal" => format!("{{lognormal: {{mean: {mean}, cv: {}}}}}", p.number("scv").sqrt()),
        "pareto" => format!("{{pareto: {{mean: {mean}, shape: {}}}}}", p.number("alpha")),
        "bimodal" => {
            let [fast, slow] = ["fast", "slow"].map(|name| span(p.number(name) * p.unit_s()));
            format!("{{bimodal: {{fast: {fast}, slow: {slow}, share_slow: {}}}}}", p.number("p_slow"))
        }
        erlang if erlang.starts_with("erlang-") => {
            format!("{{gamma: {{mean: {mean}, cv: {}}}}}", p.number("scv").sqrt())
        }
        law => panic!("unknown service law `{law}`"),
    }
}

fn renewal_queue(p: Params<'_>, records: f64) -> Sketch {
    let (gaps, services) = (p.number("ca2"), p.number("cs2"));
    let arrivals = format!("{{renewal: {{rate: {}, cv: {}}}}}", rate(p, p.lambda()), gaps.sqrt());
    let work = format!("{{gamma: {{mean: {}, cv: {}}}}}", span(p.service() * p.unit_s()), services.sqrt());
    queue(p, records, &arrivals, &work, f64::midpoint(gaps, services))
}

fn constant_queue(p: Params<'_>, records: f64) -> Sketch {
    let arrivals = format!("{{constant: {{rate: {}}}}}", rate(p, p.number("interarrival").recip()));
    queue(p, records, &arrivals, &work(p), 1.0)
}

fn batch_queue(p: Params<'_>, records: f64) -> Sketch {
    let size = p.number("batch_size");
    let arrivals = format!("{{batches: {{rate: {}, size: {size}}}}}", rate(p, p.number("batch_rate")));
    queue(p, records, &arrivals, &work(p), size)
}

/// A broker as the server, a producer's buffer as its waiting room.
fn finite_queue(p: Params<'_>, records: f64) -> Sketch {
    let rate = p.lambda() / p.unit_s();
    let room = p.number("K") * f64::from(ONE_RECORD);
    Sketch {
        cluster: format!("{{ideal: true, request: {{work: {}, threads: 1}}}}", exponential(p, p.service())),
        source: format!(
            "arrivals: {}, linger: 0s, max_in_flight: 1, batch_size: {ONE_RECORD} B, buffer: {room} B, max_block: 0s",
            poisson(p)
        ),
        rate,
        length_s: records / rate,
        ..Sketch::default()
    }
}

fn tandem(p: Params<'_>, records: f64) -> Sketch {
    let slower = p.number("mu1").min(p.number("mu2"));
    let load = p.lambda() / slower;
    let [first, second] = ["mu1", "mu2"].map(|name| exponential(p, p.number(name).recip()));
    Sketch {
        topics: "{queue: {partitions: 1}, next: {partitions: 1}}".into(),
        groups: format!(
            "\n  first: {{topics: [queue], members: 1, work: {first}, output: {{topic: next, linger: 0s}}}}\n  \
             second: {{topics: [next], members: 1, work: {second}}}"
        ),
        warmup_s: WARM * p.unit_s() / slower / (1.0 - load.sqrt()).powi(2),
        ..queue(p, records, &poisson(p), &exponential(p, 1.0), 1.0)
    }
}

/// As many queues as servers, a record to any of them.
fn partitioned(p: Params<'_>, records: f64) -> Sketch {
    let (c, poisson) = (p.servers(), poisson(p));
    Sketch {
        topics: format!("{{queue: {{partitions: {c}}}}}"),
        source: format!("arrivals: {poisson}, linger: 0s, partitioner: random"),
        groups: format!("{{server: {{topics: [queue], members: {c}, work: {}}}}}", work(p)),
        ..queue(p, records, &poisson, &work(p), 1.0)
    }
}

/// Keyless records nobody reads, so many a second.
fn published(p: Params<'_>, records: f64, partitions: f64, keys: &str) -> Sketch {
    let rate = p.number("lambda");
    Sketch {
        topics: format!("{{queue: {{partitions: {partitions}}}}}"),
        source: format!("arrivals: {{poisson: {{rate: {rate}/s}}}}, linger: {}{keys}", span(p.number("linger_s"))),
        rate,
        length_s: records / rate,
        ..Sketch::default()
    }
}

fn linger_batch(p: Params<'_>, records: f64) -> Sketch {
    let batch_size = p.given("size_limit").map_or(512 * 1024, |records| batch_of(records as u32));
    published(p, records, 1.0, &format!(", batch_size: {batch_size} B"))
}

/// Bytes of a batch of so many records of 100 bytes without a key.
fn batch_of(records: u32) -> u32 {
    wire::BATCH_HEADER + (0..records).map(|index| wire::record(wire::body(None, 100), 0, index)).sum::<u32>()
}

fn sticky_batch(p: Params<'_>, records: f64) -> Sketch {
    published(p, records, p.number("partitions"), "")
}

/// Every fetch finds an empty log and waits for enough bytes or long enough.
fn fetch_purgatory(p: Params<'_>, records: f64) -> Sketch {
    let (rate, stored) = (p.number("lambda"), p.number("record_bytes") as u32);
    let alone = |value: u32| wire::BATCH_HEADER + wire::record(wire::body(None, value), 0, 0);
    let value = (0..stored).rev().find(|value| alone(*value) <= stored).unwrap_or_default();
    let fetch = format!("min_bytes: {} B, max_wait: {}", p.number("fetch_min_bytes"), span(p.number("max_wait_s")));
    Sketch {
        source: format!("arrivals: {{poisson: {{rate: {rate}/s}}}}, message: {{size: {value} B}}, linger: 0s"),
        groups: format!("{{server: {{topics: [queue], members: 1, fetch: {{{fetch}}}}}}}"),
        rate,
        length_s: records / rate,
        ..Sketch::default()
    }
}

/// A fluid: nothing is drawn, and a run is as long as the group needs to catch up.
fn catch_up(p: Params<'_>) -> Sketch {
    let (rate, capacity, outage_s) = (p.number("lambda"), p.number("mu"), p.number("outage_s"));
    let length_s = outage_s + 1.05 * rate * outage_s / (capacity - rate);
    let work = span(capacity.recip());
    Sketch {
        source: format!("arrivals: {{constant: {{rate: {rate}/s}}}}, linger: 0s"),
        groups: format!("{{server: {{topics: [queue], members: 1, starts: {}, work: {work}}}}}", span(outage_s)),
        rate,
        length_s,
        run: format!("interval: {}, seed: 1", span((outage_s / 100.0).max(length_s / 1500.0))),
        ..Sketch::default()
    }
}

/// Always more records than the bucket lets pass.
fn token_bucket(p: Params<'_>) -> Sketch {
    let (limit, burst) = (p.number("rate"), p.number("burst"));
    let rate = p.given("peak").unwrap_or(10.0 * limit + burst);
    Sketch {
        source: format!(
            "arrivals: {{constant: {{rate: {rate}/s}}}}, linger: 0s, rate_limit: {{messages: {limit}/s, burst: {burst}}}"
        ),
        rate,
        length_s: p.given("t").unwrap_or_else(|| f64::max(10.0, 10.0 * burst / (rate - limit))),
        ..Sketch::default()
    }
}

/// A producer that always has more to send than its window lets fly.
fn closed_window(p: Params<'_>) -> Sketch {
    let service_s = p.number("service_s");
    let (rate, delay) = (4.0 / service_s, span(p.number("think_s_network") / 2.0));
    let work = format!("{{exponential: {{mean: {}}}}}", span(service_s));
    Sketch {
        cluster: format!("{{ideal: true, network: {{delay: {delay}}}, request: {{work: {work}, threads: 1}}}}"),
        // The queue in the buffer never ends: with Kafka's two minutes what leaves would expire on its way.
        source: format!(
            "arrivals: {{constant: {{rate: {rate}/s}}}}, linger: 0s, max_in_flight: {}, batch_size: {ONE_RECORD} B, \
             delivery_timeout: 1d",
            p.number("window")
        ),
        rate,
        length_s: 2.5e6 / rate,
        warmup_s: 10.0,
        ..Sketch::default()
    }
}

/// A record a second, on a way that keeps a request or its answer for longer than it is waited for, each time anew.
fn unheard(p: Params<'_>, records: f64) -> Sketch {
    let slow = 1.0 - (1.0 - p.number("p_fail")).sqrt();
    let retries = p.given("max_attempts").map_or_else(String::new, |most| format!(", retries: {}", most - 1.0));
    Sketch {
        cluster: format!(
            "{{ideal: true, network: {{delay: {{bimodal: {{fast: 1us, slow: 10ms, share_slow: {slow}}}}}}}}}"
        ),
        source: format!(
            "arrivals: {{constant: {{rate: 1/s}}}}, linger: 0s, request_timeout: 1ms, retry_backoff: 1ms, \
             retry_backoff_max: 1ms{retries}"
        ),
        rate: 1.0,
        length_s: records,
        ..Sketch::default()
    }
}

/// A million records a second, so that batches are worth their cost; `salt` shuffles where the keys fall.
fn keyed(partitions: u32, records: f64, key: &str) -> Sketch {
    let rate = 1e6;
    Sketch {
        topics: format!("{{queue: {{partitions: {partitions}}}}}"),
        source: format!("arrivals: {{poisson: {{rate: {rate}/s}}}}, key: {key}, linger: 100ms, buffer: 1 GiB"),
        rate,
        length_s: records / rate,
        run: "drain: 1s, seed: 1".into(),
        ..Sketch::default()
    }
}

fn zipf(p: Params<'_>, partitions: u32, records: f64, salt: usize) -> Sketch {
    let (keys, exponent) = (p.number("keys"), p.number("s"));
    keyed(partitions, records, &format!("{{zipf: {{keys: {keys}, exponent: {exponent}, salt: \"{salt}-\"}}}}"))
}

fn hot_partition(quantities: &[&str], p: Params<'_>, records: f64) -> Vec<Sketch> {
    let partitions = p.number("partitions") as u32;
    if let Some(share) = p.given("top_key_share") {
        let keys = p.number("other_keys") + 1.0;
        return vec![keyed(partitions, 4.0 * records, &format!("{{hot: {{share: {share}, keys: {keys}}}}}"))];
    }
    let many = quantities.contains(&"variance_of_partition_share");
    let (hashings, records) = if many { (HASHINGS, records / 10.0) } else { (1, 4.0 * records) };
    (0..hashings).map(|salt| zipf(p, partitions, records, salt)).collect()
}
