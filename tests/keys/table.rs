//! For every key two values, and the figure that tells them apart, on one small scenario.
//!
//! A figure is a JSON pointer into what a run leaves: `/result` is `result.json`; `/partitions`, `/members` and `/rows`
//! stand for the tables, `/events` for the count in `provenance.json`, `/job` for what members of a live run do.

/// A key is changed from one value to the other, and nothing else.
pub struct Row {
    /// Its path in the schema.
    pub key: &'static str,
    /// What the scenario says besides, as `--set` would.
    pub with: &'static [&'static str],
    /// The one value; empty for silence.
    pub one: &'static str,
    /// The other.
    pub other: &'static str,
    /// What must differ.
    pub figure: &'static str,
}

pub const fn row(
    key: &'static str,
    with: &'static [&'static str],
    one: &'static str,
    other: &'static str,
    figure: &'static str,
) -> Row {
    Row { key, with, one, other, figure }
}

/// What every row begins with. Nobody reads `u` and `v` but where a row says so.
pub const BASE: &str = "
name: base
topics: {t: {partitions: 4}, u: {partitions: 3}, v: {partitions: 3}}
cluster: {brokers: 2, network: {delay: 100us}, request: {work: 50us, threads: 2}}
producers: {p: {topic: t, arrivals: {poisson: {rate: 2k/s}}}}
groups: {g: {topics: [t], members: 2, work: 200us}}
run: {duration: 300ms, drain: 5s, seed: 3}
";

/// Files beside it, by name.
pub const FILES: [(&str, &str); 10] = [
    ("a.txt", "one\ntwo\nthree\n"),
    ("b.txt", "one\ntwo\nthree and some more\n"),
    ("a.csv", "at,then,count,n,key,k,size,s,units,u\n0,0,1,2,1,8,50,60,1,2\n0.1,0.2,2,1,2,9,50,70,2,3\n"),
    ("b.csv", "at\n0\n0.1\n0.2\n0.25\n"),
    ("times.csv", "100us\n200us\n"),
    ("other-times.csv", "100us\n300us\n"),
    ("p.properties", "linger.ms=1\n"),
    ("q.properties", "linger.ms=30\n"),
    ("g.properties", "fetch.min.bytes=1\n"),
    ("h.properties", "fetch.min.bytes=10000\n"),
];

/// A group that begins by the consumer protocol, with heartbeats in time.
const IN_EPOCHS: &[&str] =
    &["groups.g.protocol=consumer", "groups.g.start=cold", "groups.g.offset_reset=earliest", "groups.g.heartbeat=20ms"];

const CRASHED: &[&str] = &[
    "topics.t.replicas=2",
    "cluster.replication={heartbeat: 200ms, session_timeout: 1s}",
    "events=[{at: 100ms, crash: brokers.1}]",
];
const CUT: &[&str] = &["topics.t.replicas=2", "events=[{at: 100ms, cut: [brokers.0, brokers.1], for: 4s}]"];
const OFFERED: &str = "/result/producers/p/offered";
const BYTES: &str = "/result/producers/p/bytes";
const PUBLISH: &str = "/result/producers/p/publish_s/mean";
const BATCH: &str = "/result/topics/t/batch_records_mean";
const E2E: &str = "/result/groups/g/e2e_s/mean";
const WORK: &str = "/result/groups/g/work_s/mean";
const SPREAD: &str = "/result/groups/g/work_s/stddev";
const LOST: &str = "/result/groups/g/lost_by/retention";
const FETCHES: &str = "/result/groups/g/fetches";
const COMMITTED: &str = "/result/groups/g/committed_lag/mean";
const COUNT: &str = "/result/repetitions/count";
const PARTITIONS: &str = "/partitions";
const MEMBERS: &str = "/members";
const OUT_PUBLISH: &str = "/result/producers/g-output/publish_s/mean";
const OUT_BATCH: &str = "/result/topics/u/batch_records_mean";

/// A group that begins with nothing.
const COLD: &[&str] = &["groups.g.start=cold", "cluster.initial_rebalance_delay=50ms"];
/// One of two members is gone.
const CRASH: &[&str] = &["events=[{at: 100ms, crash: groups.g.0}]", "groups.g.heartbeat=100ms"];
const LATE: &[&str] = &["groups.g.starts=250ms", "topics.t.retention={time: 50ms, check: 1ms}"];
const QUOTA: &[&str] = &["cluster.quota={samples: 2, window: 20ms}"];
const SMALL_QUOTA: &[&str] = &["cluster.quota={produce: 200 KiB/s, samples: 2, window: 20ms}"];
const FAR: &[&str] = &["cluster.network.delay=20ms", "producers.p.batch_size=1000 B", "producers.p.max_in_flight=1"];
const UNEVEN: &str = "cluster.network.delay={bimodal: {fast: 100us, slow: 100ms, share_slow: 0.05}}";
const UNHEARD: &[&str] = &[UNEVEN, "producers.p.request_timeout=20ms"];
const OUTPUT_UNHEARD: &[&str] = &[UNEVEN, "groups.g.output={topic: u, request_timeout: 20ms}"];
const FULL: &[&str] = &["cluster.network.delay=20ms", "producers.p.batch_size=1000 B", "producers.p.buffer=2000 B"];
const FLOWS: &[&str] = &["producers.p.message={generator: flows}"];
const LZ4: &[&str] = &["producers.p.message={generator: flows}", "producers.p.compression=lz4"];
const MESSAGES: &[&str] = &["producers.p.rate_limit={messages: 500/s, burst: 10}"];
const KEYED: &[&str] = &["producers.p.key={uniform: {keys: 20}}"];
const OUTPUT: &[&str] = &["groups.g.output={topic: u}"];
const OUTPUT_KEYED: &[&str] = &["groups.g.output={topic: u}", "producers.p.key={uniform: {keys: 20}}"];
const OUTPUT_FLOWS: &[&str] = &["groups.g.output={topic: u}", "producers.p.message={generator: flows}"];
const OUTPUT_LZ4: &[&str] = &["groups.g.output={topic: u, compression: lz4}", "producers.p.message={generator: flows}"];
const OUTPUT_FAR: &[&str] =
    &["groups.g.output={topic: u, batch_size: 1000 B}", "cluster.network.delay=20ms", "run.drain=20s"];
const OUTPUT_FULL: &[&str] =
    &["groups.g.output={topic: u, batch_size: 1000 B, buffer: 2000 B}", "cluster.network.delay=20ms", "run.drain=20s"];
const PRECISE: &[&str] = &["run.precision={metric: groups.g.e2e_s.mean, within: 3%, most: 12}", "run.duration=50ms"];
const TRACE: &[&str] = &["producers.p.arrivals={trace: {file: a.csv}}"];

/// Every key but those of arrivals and distributions.
pub const ROWS: &[Row] = &[
    row("name", &[], "one", "other", "/result/scenario/name"),
    row("thresholds", &[], "[groups.g.lost == 0]", "[groups.g.lost > 0]", "/result/passed"),
    row("run.duration", &[], "300ms", "200ms", OFFERED),
    row("run.warmup", &[], "", "100ms", "/result/groups/g/e2e_s/count"),
    row("run.drain", &["groups.g.work=2ms"], "0s", "5s", "/result/groups/g/processed"),
    row("run.seed", &[], "3", "4", OFFERED),
    row("run.interval", &[], "50ms", "100ms", "/rows"),
    row("run.repetitions", &[], "1", "3", E2E),
    row("run.precision", &["run.duration=1s", "groups.g.work={exponential: {mean: 200us}}"], "90%", "1%", COUNT),
    row("run.precision.metric", PRECISE, "groups.g.e2e_s.mean", "producers.p.publish_s.mean", COUNT),
    row("run.precision.within", PRECISE, "3%", "90%", COUNT),
    row("run.precision.most", PRECISE, "12", "7", COUNT),
    row("topics.partitions", &[], "4", "5", PARTITIONS),
    row("topics.replicas", &[], "", "2", PUBLISH),
    row("topics.min_insync", CRASHED, "1", "2", "/result/producers/p/acked"),
    row("topics.retention.time", LATE, "50ms", "100ms", LOST),
    row("topics.retention.size", LATE, "", "2 KiB", LOST),
    row("topics.retention.segment", LATE, "", "20 KiB", LOST),
    row("topics.retention.check", LATE, "1ms", "40ms", LOST),
    row("cluster.ideal", &[], "", "true", PUBLISH),
    row("cluster.brokers", &[], "2", "1", "/result/brokers/0/requests"),
    row("cluster.network.delay", &[], "100us", "200us", PUBLISH),
    row("cluster.network.bandwidth", &[], "", "1 MiB/s", PUBLISH),
    row("cluster.request.work", &[], "50us", "70us", "/result/brokers/0/utilisation"),
    row("cluster.request.per_batch", &[], "0us", "70us", "/result/brokers/0/utilisation"),
    row("cluster.request.per_kib", &[], "0us", "70us", "/result/brokers/0/utilisation"),
    row("cluster.request.threads", &["cluster.request.work=2ms"], "1", "4", "/result/brokers/0/queue_mean"),
    row("cluster.disk.bandwidth", &[], "", "1 MiB/s", "/result/brokers/0/disk_utilisation"),
    row("cluster.replication.delay", &["topics.t.replicas=2"], "1ms", "2ms", PUBLISH),
    row("cluster.replication.lag_max", CUT, "1s", "2s", PUBLISH),
    row("cluster.replication.fetch_wait", &["topics.t.replicas=2"], "100ms", "200ms", "/events"),
    row("cluster.replication.heartbeat", &["topics.t.replicas=2"], "100ms", "200ms", "/events"),
    row("cluster.replication.session_timeout", CRASHED, "1s", "2s", PUBLISH),
    row("cluster.quota.produce", QUOTA, "", "100 KiB/s", PUBLISH),
    row("cluster.assignment_interval", IN_EPOCHS, "10ms", "10s", "/events"),
    row("cluster.quota.fetch", QUOTA, "", "100 KiB/s", E2E),
    row("cluster.quota.samples", SMALL_QUOTA, "2", "4", PUBLISH),
    row("cluster.quota.window", SMALL_QUOTA, "20ms", "60ms", PUBLISH),
    row("producers.topic", &[], "t", "u", "/result/topics/u/appended"),
    row("producers.instances", &[], "", "2", "/result/topics/t/requests"),
    row("producers.rate", &[], "", "1k/s", OFFERED),
    row("producers.messages", &[], "100", "200", OFFERED),
    row("producers.message.size", &[], "100 B", "101 B", BYTES),
    row("producers.message.json", &[], "{a: hello}", "{a: world and more}", BYTES),
    row("producers.message.lines", &[], "a.txt", "b.txt", BYTES),
    row("producers.message.generator", &[], "flows", "posts", BYTES),
    row("producers.key", &[], "none", "{uniform: {keys: 20}}", PARTITIONS),
    row("producers.key.uniform.keys", &["producers.p.key={uniform: {keys: 9}}"], "9", "20", PARTITIONS),
    row("producers.key.uniform.salt", KEYED, "", "user-", PARTITIONS),
    row("producers.key.zipf.keys", &["producers.p.key={zipf: {keys: 9, exponent: 1}}"], "9", "20", PARTITIONS),
    row("producers.key.zipf.exponent", &["producers.p.key={zipf: {keys: 9, exponent: 1}}"], "1", "2", PARTITIONS),
    row("producers.key.zipf.salt", &["producers.p.key={zipf: {keys: 9, exponent: 1}}"], "", "user-", PARTITIONS),
    row("producers.key.hot.share", &["producers.p.key={hot: {share: 0.3, keys: 9}}"], "0.3", "0.6", PARTITIONS),
    row("producers.key.hot.keys", &["producers.p.key={hot: {share: 0.3, keys: 9}}"], "9", "20", PARTITIONS),
    row("producers.key.hot.salt", &["producers.p.key={hot: {share: 0.3, keys: 9}}"], "", "user-", PARTITIONS),
    row("producers.rate_limit.messages", MESSAGES, "500/s", "1k/s", "/result/producers/p/limited_s"),
    row(
        "producers.rate_limit.bytes",
        &["producers.p.rate_limit={bytes: 50 KiB/s, burst: 1 KiB}"],
        "50 KiB/s",
        "100 KiB/s",
        "/result/producers/p/limited_s",
    ),
    row("producers.rate_limit.burst", MESSAGES, "10", "100", "/result/producers/p/limited_s"),
    row("producers.quota", QUOTA, "", "100 KiB/s", PUBLISH),
    row("producers.kafka_properties", &[], "p.properties", "q.properties", BATCH),
    row("producers.partitioner", KEYED, "", "random", PARTITIONS),
    row("producers.batch_size", &[], "", "300 B", BATCH),
    row("producers.linger", &[], "", "20ms", BATCH),
    row("producers.compression", FLOWS, "", "zstd", "/result/topics/t/stored_bytes"),
    row("producers.compression_cost", LZ4, "1us", "1ms", PUBLISH),
    row("producers.acks", &["topics.t.replicas=2"], "0", "1", PUBLISH),
    row("producers.acks", &["topics.t.replicas=2"], "1", "all", PUBLISH),
    row("producers.max_in_flight", FAR, "1", "3", PUBLISH),
    row("producers.buffer", FULL, "2000 B", "5000 B", "/result/producers/p/blocked_s"),
    row("producers.max_block", FULL, "0s", "1s", "/result/producers/p/unsent"),
    row("producers.delivery_timeout", FAR, "", "50ms", "/result/producers/p/failed"),
    row("producers.request_timeout", &[UNEVEN], "", "20ms", "/result/producers/p/retried"),
    row("producers.retries", UNHEARD, "", "0", "/result/producers/p/failed"),
    row("producers.retry_backoff", UNHEARD, "", "1ms", PUBLISH),
    row("producers.retry_backoff_max", UNHEARD, "", "10ms", PUBLISH),
    row("producers.idempotence", UNHEARD, "", "false", "/result/producers/p/duplicates"),
    row("groups.topics", &[], "[t]", "[t, u]", MEMBERS),
    row("groups.members", &[], "2", "3", MEMBERS),
    row("groups.workers", &[], "", "2", "/result/groups/g/utilisation"),
    row("groups.assignor", &["groups.g.topics=[t, u]", "groups.g.members=3"], "range", "roundrobin", PARTITIONS),
    row(
        "groups.protocol",
        &["groups.g.start=cold", "groups.g.offset_reset=earliest"],
        "classic",
        "consumer",
        "/events",
    ),
    row("groups.starts", &[], "", "100ms", E2E),
    row("groups.work", &[], "200us", "300us", WORK),
    row("groups.work.per_unit.base", &["groups.g.work={per_unit: {base: 1us, each: 2us}}"], "1us", "3us", WORK),
    row("groups.work.per_unit.each", &["groups.g.work={per_unit: {base: 1us, each: 2us}}"], "2us", "3us", WORK),
    row("groups.work.spin", &["groups.g.work={spin: 1us}"], "1us", "3us", WORK),
    row("groups.work.app", &["groups.g.work={app: flows, model: 1us}"], "flows", "posts", "/job/0"),
    row("groups.work.model@app", &["groups.g.work={app: flows, model: 1us}"], "1us", "3us", WORK),
    row("groups.work.exec", &["groups.g.work={exec: [cat], model: 1us}"], "[cat]", "[sort]", "/job/0"),
    row("groups.work.model@exec", &["groups.g.work={exec: [cat], model: 1us}"], "1us", "3us", WORK),
    row("groups.work.timeout@exec", &["groups.g.work={exec: [cat], model: 1us}"], "", "3s", "/job/0"),
    row(
        "groups.output.sqlite",
        &["groups.g.work={app: flows, model: 1us}", "groups.g.output={sqlite: a.db}"],
        "a.db",
        "b.db",
        "/job/0",
    ),
    row("groups.kafka_properties", &[], "g.properties", "h.properties", FETCHES),
    row("groups.poll.max_records", &["groups.g.commit={after: poll}"], "", "2", COMMITTED),
    row("groups.fetch.min_bytes", &[], "", "10 KiB", FETCHES),
    row("groups.fetch.max_wait", &["groups.g.fetch={min_bytes: 1 MiB}"], "", "20ms", FETCHES),
    row("groups.fetch.max_bytes", &["groups.g.starts=200ms"], "", "1 B", FETCHES),
    row("groups.fetch.max_partition_bytes", &["groups.g.starts=200ms"], "", "1 B", FETCHES),
    row("groups.quota", QUOTA, "", "100 KiB/s", E2E),
    row("groups.commit.auto", &[], "", "20ms", COMMITTED),
    row("groups.commit.after", &[], "", "poll", COMMITTED),
    row("groups.commit.every", &["groups.g.commit={every: 1}"], "1", "100", COMMITTED),
    row("groups.start", &["cluster.initial_rebalance_delay=50ms"], "", "cold", E2E),
    row("groups.offset_reset", COLD, "", "earliest", E2E),
    row("cluster.initial_rebalance_delay", COLD, "50ms", "100ms", E2E),
    row("groups.static", &["events=[{at: 100ms, restart: groups.g.0, for: 50ms}]"], "", "true", E2E),
    row("groups.session_timeout", CRASH, "300ms", "1s", E2E),
    row("groups.poll.max_interval", &["groups.g.work=2ms"], "", "20ms", E2E),
    row("groups.heartbeat", &[], "", "10ms", "/events"),
    row("groups.output.topic", OUTPUT, "u", "v", "/result/topics/u/appended"),
    row("groups.output.partitioner", OUTPUT_KEYED, "", "random", PARTITIONS),
    row("groups.output.batch_size", OUTPUT, "", "300 B", OUT_BATCH),
    row("groups.output.linger", OUTPUT, "", "20ms", OUT_BATCH),
    row("groups.output.compression", OUTPUT_FLOWS, "", "zstd", "/result/topics/u/stored_bytes"),
    row("groups.output.compression_cost", OUTPUT_LZ4, "1us", "1ms", OUT_PUBLISH),
    row("groups.output.acks", &["groups.g.output={topic: u}", "topics.u.replicas=2"], "0", "1", OUT_PUBLISH),
    row("groups.output.acks", &["groups.g.output={topic: u}", "topics.u.replicas=2"], "1", "all", OUT_PUBLISH),
    row("groups.output.max_in_flight", OUTPUT_FAR, "1", "3", OUT_PUBLISH),
    row("groups.output.buffer", OUTPUT_FULL, "2000 B", "5000 B", "/result/producers/g-output/blocked_s"),
    row("groups.output.max_block", OUTPUT_FULL, "0s", "1s", "/result/producers/g-output/unsent"),
    row(
        "groups.output.delivery_timeout",
        &["groups.g.output={topic: u, batch_size: 1000 B, max_in_flight: 1}", "cluster.network.delay=20ms"],
        "",
        "50ms",
        "/result/producers/g-output/failed",
    ),
    row(
        "groups.output.request_timeout",
        &[UNEVEN, "groups.g.output={topic: u}"],
        "",
        "20ms",
        "/result/producers/g-output/retried",
    ),
    row("groups.output.retries", OUTPUT_UNHEARD, "", "0", "/result/producers/g-output/failed"),
    row("groups.output.retry_backoff", OUTPUT_UNHEARD, "", "1ms", OUT_PUBLISH),
    row("groups.output.retry_backoff_max", OUTPUT_UNHEARD, "", "10ms", OUT_PUBLISH),
    row("groups.output.idempotence", OUTPUT_UNHEARD, "", "false", "/result/producers/g-output/duplicates"),
];

/// Keys of arrivals.
pub const ARRIVALS: &[Row] = &[
    row(
        "producers.arrivals.constant.rate",
        &["producers.p.arrivals={constant: {rate: 1k/s}}"],
        "1k/s",
        "2k/s",
        OFFERED,
    ),
    row("producers.arrivals.poisson.rate", &[], "2k/s", "1k/s", OFFERED),
    row(
        "producers.arrivals.renewal.rate",
        &["producers.p.arrivals={renewal: {rate: 1k/s, cv: 2}}"],
        "1k/s",
        "2k/s",
        OFFERED,
    ),
    row("producers.arrivals.renewal.cv", &["producers.p.arrivals={renewal: {rate: 1k/s, cv: 2}}"], "2", "0.1", OFFERED),
    row(
        "producers.arrivals.batches.rate",
        &["producers.p.arrivals={batches: {rate: 100/s, size: 9}}"],
        "100/s",
        "200/s",
        OFFERED,
    ),
    row(
        "producers.arrivals.batches.size",
        &["producers.p.arrivals={batches: {rate: 100/s, size: 9}}"],
        "9",
        "10",
        OFFERED,
    ),
    row(
        "producers.arrivals.bursty.on",
        &["producers.p.arrivals={bursty: {on: 9ms, off: 9ms, rate: 5k/s}}"],
        "9ms",
        "20ms",
        OFFERED,
    ),
    row(
        "producers.arrivals.bursty.off",
        &["producers.p.arrivals={bursty: {on: 9ms, off: 9ms, rate: 5k/s}}"],
        "9ms",
        "20ms",
        OFFERED,
    ),
    row(
        "producers.arrivals.bursty.rate",
        &["producers.p.arrivals={bursty: {on: 9ms, off: 9ms, rate: 5k/s}}"],
        "5k/s",
        "9k/s",
        OFFERED,
    ),
    row(
        "producers.arrivals.steps.for",
        &["producers.p.arrivals={steps: [{for: 1s, rate: 1k/s}]}"],
        "1s",
        "100ms",
        OFFERED,
    ),
    row(
        "producers.arrivals.steps.rate",
        &["producers.p.arrivals={steps: [{for: 1s, rate: 1k/s}]}"],
        "1k/s",
        "2k/s",
        OFFERED,
    ),
    row(
        "producers.arrivals.even@steps",
        &["producers.p.arrivals={steps: [{for: 1s, rate: 1k/s}]}"],
        "",
        "true",
        PUBLISH,
    ),
    row(
        "producers.arrivals.ramp.from",
        &["producers.p.arrivals={ramp: {from: 1k/s, to: 2k/s, over: 1s}}"],
        "1k/s",
        "3k/s",
        OFFERED,
    ),
    row(
        "producers.arrivals.ramp.to",
        &["producers.p.arrivals={ramp: {from: 1k/s, to: 2k/s, over: 1s}}"],
        "2k/s",
        "9k/s",
        OFFERED,
    ),
    row(
        "producers.arrivals.ramp.over",
        &["producers.p.arrivals={ramp: {from: 1k/s, to: 2k/s, over: 1s}}"],
        "1s",
        "100ms",
        OFFERED,
    ),
    row(
        "producers.arrivals.even@ramp",
        &["producers.p.arrivals={ramp: {from: 1k/s, to: 2k/s, over: 1s}}"],
        "",
        "true",
        PUBLISH,
    ),
    row(
        "producers.arrivals.sine.mean",
        &["producers.p.arrivals={sine: {mean: 1k/s, amplitude: 500/s, period: 1s}}"],
        "1k/s",
        "2k/s",
        OFFERED,
    ),
    row(
        "producers.arrivals.sine.amplitude",
        &["producers.p.arrivals={sine: {mean: 1k/s, amplitude: 500/s, period: 1s}}"],
        "500/s",
        "1k/s",
        OFFERED,
    ),
    row(
        "producers.arrivals.sine.period",
        &["producers.p.arrivals={sine: {mean: 1k/s, amplitude: 500/s, period: 1s}}"],
        "1s",
        "200ms",
        OFFERED,
    ),
    row(
        "producers.arrivals.even@sine",
        &["producers.p.arrivals={sine: {mean: 1k/s, amplitude: 500/s, period: 1s}}"],
        "",
        "true",
        PUBLISH,
    ),
    row("producers.arrivals.trace.file", TRACE, "a.csv", "b.csv", OFFERED),
    row("producers.arrivals.trace.speed", TRACE, "", "0.2", OFFERED),
    row("producers.arrivals.trace.columns.at", TRACE, "", "then", "/series"),
    row("producers.arrivals.trace.columns.count", TRACE, "", "n", "/partitions"),
    row("producers.arrivals.trace.columns.key", TRACE, "", "k", "/partitions"),
    row("producers.arrivals.trace.columns.size", TRACE, "", "s", BYTES),
    row(
        "producers.arrivals.trace.columns.units",
        &["producers.p.arrivals={trace: {file: a.csv}}", "groups.g.work={per_unit: {base: 1us, each: 2us}}"],
        "",
        "u",
        WORK,
    ),
];

/// Parameters of distributions, where a group works.
pub const DISTRIBUTIONS: &[Row] = &[
    row("distribution", &[], "1us", "2us", WORK),
    row("distribution.constant.value", &["groups.g.work={constant: {value: 1us}}"], "1us", "2us", WORK),
    row("distribution.uniform.min", &["groups.g.work={uniform: {min: 1us, max: 9us}}"], "1us", "2us", WORK),
    row("distribution.uniform.max", &["groups.g.work={uniform: {min: 1us, max: 9us}}"], "9us", "8us", WORK),
    row("distribution.exponential.mean", &["groups.g.work={exponential: {mean: 1us}}"], "1us", "2us", WORK),
    row("distribution.lognormal.mean", &["groups.g.work={lognormal: {mean: 1us, cv: 1}}"], "1us", "2us", WORK),
    row("distribution.lognormal.cv", &["groups.g.work={lognormal: {mean: 1us, cv: 1}}"], "1", "2", SPREAD),
    row("distribution.gamma.mean", &["groups.g.work={gamma: {mean: 1us, cv: 0.5}}"], "1us", "2us", WORK),
    row("distribution.gamma.cv", &["groups.g.work={gamma: {mean: 1us, cv: 0.5}}"], "0.5", "2", SPREAD),
    row("distribution.pareto.mean", &["groups.g.work={pareto: {mean: 1us, shape: 3}}"], "1us", "2us", WORK),
    row("distribution.pareto.shape", &["groups.g.work={pareto: {mean: 1us, shape: 3}}"], "3", "2", SPREAD),
    row("distribution.weibull.mean", &["groups.g.work={weibull: {mean: 1us, shape: 3}}"], "1us", "2us", WORK),
    row("distribution.weibull.shape", &["groups.g.work={weibull: {mean: 1us, shape: 3}}"], "3", "2", SPREAD),
    row(
        "distribution.hyperexponential.mean",
        &["groups.g.work={hyperexponential: {mean: 1us, cv: 3}}"],
        "1us",
        "2us",
        WORK,
    ),
    row(
        "distribution.hyperexponential.cv",
        &["groups.g.work={hyperexponential: {mean: 1us, cv: 3}}"],
        "3",
        "2",
        SPREAD,
    ),
    row(
        "distribution.bimodal.fast",
        &["groups.g.work={bimodal: {fast: 1us, slow: 9us, share_slow: 0.2}}"],
        "1us",
        "2us",
        WORK,
    ),
    row(
        "distribution.bimodal.slow",
        &["groups.g.work={bimodal: {fast: 1us, slow: 9us, share_slow: 0.2}}"],
        "9us",
        "8us",
        WORK,
    ),
    row(
        "distribution.bimodal.share_slow",
        &["groups.g.work={bimodal: {fast: 1us, slow: 9us, share_slow: 0.2}}"],
        "0.2",
        "0.4",
        WORK,
    ),
    row(
        "distribution.empirical.file",
        &["groups.g.work={empirical: {file: times.csv}}"],
        "times.csv",
        "other-times.csv",
        WORK,
    ),
];

/// Keys that change nothing one could measure, each with its reason; and a value that shows it.
pub const NOTHING: &[(&str, &str, &str)] = &[
    ("description", "hello", "words for whoever reads the scenario"),
    ("cluster.profile", "default", "there is one profile, which silence takes"),
    ("study.vary", "{run.duration: [1s, 2s]}", "`conga study` reads it; a run is of the scenario as it stands"),
    ("study.points", "7", "`conga study` reads it; a run is of the scenario as it stands"),
    ("study.repetitions", "7", "`conga study` reads it; a run is of the scenario as it stands"),
    ("cost.consumer", "0.05/h", "`conga study` and `conga plan` read it; prices change no run"),
    ("cost.broker", "0.40/h", "`conga study` and `conga plan` read it; prices change no run"),
    ("cost.gib_stored", "0.02/30d", "`conga study` and `conga plan` read it; prices change no run"),
    ("cost.gib_out", "0.09", "`conga study` and `conga plan` read it; prices change no run"),
];

/// Words of a key that come to the same, each with its reason.
pub const TWINS: &[(&str, &[&str], &str)] = &[(
    "groups.assignor",
    &["roundrobin", "sticky", "cooperative-sticky"],
    "a group that begins is dealt in turn by all three; they differ while partitions move, and none ever does",
)];

/// Words that mean something only beside another one.
pub const BESIDE: &[(&str, &str, &str)] = &[("groups.assignor", "uniform", "groups.g.protocol=consumer")];
