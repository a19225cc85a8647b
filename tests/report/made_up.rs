//! Made-up outcomes: bursts, groups of which some fall behind, a hot partition, and names that would like to be tags.
//! A small generator stands for luck, so that they stay the same.
use conga::outcome::result::*;
use conga::outcome::stages::STAGES;
use hdrhistogram::Histogram;
use std::collections::BTreeMap;

/// A group that would like to be a tag, a table and a link.
pub const SCRIPT: &str = "audit <script>alert('x')</script> & \"co\" |*_[a](b)";
const PARTITIONS: u32 = 12;

/// A small generator, so that made-up figures look real and stay the same.
struct Luck(u64);

impl Luck {
    fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn latency(histogram: &Histogram<u64>) -> Latency {
    let at = |quantile| Figure::Plain(Some(histogram.value_at_quantile(quantile) as f64 * 1e-9));
    let plain = |value: f64| Figure::Plain(Some(value));
    Latency {
        count: plain(histogram.len() as f64),
        mean: plain(histogram.mean() * 1e-9),
        stddev: plain(histogram.stdev() * 1e-9),
        min: plain(histogram.min() as f64 * 1e-9),
        p50: at(0.5),
        p90: at(0.9),
        p95: at(0.95),
        p99: at(0.99),
        p99_9: at(0.999),
        p99_99: Figure::Plain(None),
        max: plain(histogram.max() as f64 * 1e-9),
    }
}

fn distribution(mean_s: f64, slow_s: f64) -> Histogram<u64> {
    let mut luck = Luck(7);
    let mut histogram = Histogram::new_with_bounds(1, 3_600_000_000_000, 3).expect("bounds are sound");
    for _ in 0..200_000 {
        let slow = if luck.draw() < 0.004 { slow_s * luck.draw() } else { 0.0 };
        histogram.saturating_record(((mean_s * (0.3 - luck.draw().ln()) + slow) * 1e9) as u64);
    }
    histogram
}

/// A group that keeps up with its bursts, or one that falls behind by 2,000 records a second.
fn group(behind: bool, rate: f64, e2e: &Histogram<u64>) -> GroupResult {
    let level = |mean: f64, max: f64, end: f64| Level { mean: Some(mean), max: Some(max), r#final: Some(end) };
    let lag = if behind { level(252_000.0, 500_812.0, 500_120.0) } else { level(412.5, 9_120.0, 0.0) };
    GroupResult {
        delivered: rate * 250.0,
        processed: rate * 250.0,
        duplicates: 0.0,
        lost: 0.0,
        lost_by: LostBy::default(),
        dead_lettered: 0.0,
        out_of_order: if behind { 17.0 } else { 0.0 },
        backlog: if behind { 500_120.0 } else { 0.0 },
        censored: if behind { 500_120.0 } else { 0.0 },
        rate_per_s: rate,
        members: 4,
        utilisation: if behind { 0.6214 } else { 0.7994 },
        member_seconds: 960.0,
        attempts: rate * 250.0,
        fetches: 81_233.0,
        throttled_s: 0.0,
        lag,
        committed_lag: level(500.0, 12_000.0, 0.0),
        lag_s: if behind { level(21.5, 44.2, 44.2) } else { level(0.004, 0.3, 0.0) },
        time_to_drain_s: (!behind).then_some(0.012),
        wait_s: latency(e2e),
        work_s: latency(e2e),
        e2e_s: latency(e2e),
        e2e_raw_s: latency(e2e),
        journey_s: latency(&Histogram::new(3).expect("three digits are allowed")),
        stages: stages(behind),
        rebalances: Vec::new(),
    }
}

/// A group that keeps up spends its time on work, one that does not leaves its records unfetched.
fn stages(behind: bool) -> Vec<StageResult> {
    let means = [0.0, 0.0021, 0.0004, 0.0007, if behind { 21.5 } else { 0.0009 }, 0.0011, 0.0014, 0.0008];
    let stage = |(stage, mean): (&str, f64)| StageResult {
        stage: stage.to_owned(),
        mean_s: Some(mean),
        records_mean: Some(mean * 10_000.0),
    };
    STAGES.into_iter().zip(means).map(stage).collect()
}

fn topic(hottest: f64) -> TopicResult {
    TopicResult {
        partitions: PARTITIONS,
        appended: 2_500_000.0,
        bytes: 2.5e8,
        stored_bytes: 0.51e8,
        compression_ratio: Some(0.204),
        partition_share_bytes: 2.5e8 / f64::from(PARTITIONS),
        hottest_share: Some(hottest),
        batch_records_mean: Some(48.25),
        requests: 12_345.0,
    }
}

fn producer(publish: &Histogram<u64>) -> ProducerResult {
    ProducerResult {
        offered: 2_500_000.0,
        unsent: 0.0,
        sent: 2_500_000.0,
        acked: 2_500_000.0,
        failed: 0.0,
        retried: 0.0,
        duplicates: 0.0,
        rewritten: None,
        out_of_order: 0.0,
        in_flight: 0.0,
        rate_per_s: 10_003.2,
        in_flight_share: 0.27,
        bytes: 2.5e8,
        limited_s: 1.25,
        blocked_s: 0.0,
        throttled_s: 0.0,
        rate_limit_bytes_per_s: 1e6 / 3.0,
        publish_s: latency(publish),
        service_s: latency(publish),
        lateness_s: latency(&Histogram::new(3).expect("three digits are allowed")),
    }
}

fn group_series(luck: &mut Luck, behind: bool, t: f64, burst: f64, offered: f64) -> GroupSeries {
    let lag = if behind { 2_000.0 * t + 900.0 * luck.draw() } else { 20.0 + 9_000.0 * burst * luck.draw().powi(3) };
    let p50 = if behind { 0.05 + t * 0.17 } else { 0.004 + 0.01 * burst };
    let quiet = t > 120.0 && t < 123.0;
    let value = |times: f64| (!quiet).then_some(p50 * times);
    let shares = [0.55, 0.12, 0.08, 0.07, 0.06, 0.05, 0.04, 0.03];
    GroupSeries {
        processed_per_s: if behind { 8_000.0 } else { offered * (0.97 + 0.06 * luck.draw()) },
        lag: lag as u64,
        committed_lag: lag as u64 + 312,
        lag_s: lag / 10_000.0,
        utilisation: if behind { 0.99 } else { 0.6 + 0.3 * burst },
        e2e_p50_s: value(1.0),
        e2e_p90_s: value(1.4 + luck.draw()),
        e2e_p99_s: value(3.0 + 2.0 * luck.draw()),
        e2e_max_s: value(5.0 + 9.0 * luck.draw()),
        worst_lag: shares.iter().map(|share| (lag * share * (0.8 + 0.4 * luck.draw())) as u64).collect(),
    }
}

fn series(groups: &[bool]) -> Vec<SeriesRow> {
    let mut luck = Luck(42);
    (0..500)
        .map(|i| {
            let t = f64::from(i) * 0.5;
            let burst = if (t / 25.0) as u32 % 3 == 1 { 1.0 } else { 0.15 * luck.draw() };
            let offered = 8_000.0 + 6_000.0 * burst + 400.0 * luck.draw();
            SeriesRow {
                interval: SeriesInterval { start_s: t, end_s: t + 0.5 },
                offered_per_s: offered,
                appended_per_s: vec![offered * (0.99 + 0.02 * luck.draw()), 0.1 * offered],
                broker_utilisation: (0..3).map(|b| 0.1 + 0.2 * burst + 0.05 * f64::from(b) * luck.draw()).collect(),
                groups: groups.iter().map(|&behind| group_series(&mut luck, behind, t, burst, offered)).collect(),
            }
        })
        .collect()
}

fn partitions(groups: usize) -> Vec<PartitionRow> {
    let share = |i: u32| if i == 3 { 0.31 } else { 0.69 / f64::from(PARTITIONS - 1) };
    let seen = |i: u32| PartitionGroup {
        processed: (250_000.0 * share(i)) as u64,
        member: i % 4,
        lag_max: if i == 3 { 260_000 } else { 900 },
        lag_final: u64::from(i),
    };
    let row = |topic: &str, i: u32, group: &dyn Fn(usize) -> bool| PartitionRow {
        since_s: None,
        topic: topic.to_owned(),
        partition: i,
        leader: i % 3,
        appended: (2_500_000.0 * share(i)) as u64,
        share: share(i),
        bytes: (2.5e8 * share(i)) as u64,
        groups: (0..groups).map(|g| group(g).then(|| seen(i))).collect(),
    };
    let events = (0..PARTITIONS).map(|i| row("events", i, &|_| true));
    events.chain((0..PARTITIONS).map(|i| row("audit.log", i, &|_| false))).collect()
}

/// Four members with three partitions each.
fn members(group: &str, behind: bool) -> Vec<MemberRow> {
    let busy = if behind { [0.31, 0.29, 0.33, 0.998] } else { [0.78, 0.81, 0.79, 0.82] };
    let row = |(member, utilisation): (u32, f64)| MemberRow {
        group: group.to_owned(),
        member,
        partitions: 3,
        processed: (utilisation * 700_000.0) as u64,
        utilisation,
    };
    (0..).zip(busy).map(row).collect()
}

fn batches() -> Vec<BatchRow> {
    let row = |(from, to, batches)| BatchRow { topic: "events".to_owned(), from, to, batches };
    [(1, 1, 812), (2, 2, 1_200), (5, 5, 2_900), (10, 11, 5_100), (40, 47, 9_300), (48, 55, 12_100), (112, 127, 70)]
        .map(row)
        .to_vec()
}

/// Latencies around one that stays or climbs, and a second, slower kind.
fn heat(group: &str, behind: bool) -> Vec<HeatRow> {
    let cell = |column: u32, step: i32| {
        let middle = if behind { (f64::from(column) + 1.0).log2() * 3.0 } else { 4.0 };
        let far = (f64::from(step) - middle).abs();
        let slow = if step == 24 { 40.0 } else { 0.0 };
        HeatRow {
            group: group.to_owned(),
            start_s: f64::from(column) * 2.5,
            end_s: f64::from(column + 1) * 2.5,
            low_s: 1e-3 * 2_f64.powf(f64::from(step) / 2.0),
            high_s: 1e-3 * 2_f64.powf(f64::from(step + 1) / 2.0),
            records: (9_000.0 * (-far).exp() + slow) as u64,
        }
    };
    let cells = (0..100).flat_map(|column| (0..30).map(move |step| cell(column, step)));
    cells.filter(|cell| cell.records > 0).collect()
}

fn broker(leaders: u32) -> BrokerResult {
    BrokerResult {
        utilisation: 0.123,
        network_utilisation: Some(0.031),
        queue_mean: 0.0217,
        requests: 93_482.0,
        network_in_bytes: 2.5e8,
        network_out_bytes: 5e8,
        disk_bytes: 2.5e8,
        disk_utilisation: 0.0,
        leaders,
    }
}

/// The outcome of a run of these groups: name, and whether it falls behind.
pub fn outcome(groups: &[(&str, bool)]) -> Outcome {
    let e2e = distribution(0.005, 0.4);
    let behind: Vec<bool> = groups.iter().map(|group| group.1).collect();
    let worst: Vec<String> = [3, 0, 7, 5, 1, 2, 9, 11].map(|i| format!("events-{i}")).to_vec();
    let threshold =
        |expression: &str, value, passed| ThresholdResult { expression: expression.to_owned(), value, passed };
    let failed = behind.contains(&true);
    Outcome {
        lanes: Vec::new(),
        result: RunResult {
            conga: "1".to_owned(),
            scenario: ScenarioRef { name: "peak-hour".to_owned(), sha256: "5f".repeat(32) },
            engine: "sim".to_owned(),
            seed: 1,
            window_s: 240.0,
            warmup_s: 10.0,
            duration_s: 250.0,
            partial: false,
            passed: !failed,
            validity: Validity { verdict: "valid".to_owned(), reasons: Vec::new() },
            warnings: vec![
                "costs are uncalibrated: cluster.network and cluster.request come from profile default".to_owned(),
            ],
            broken_laws: Vec::new(),
            repetitions: Repetitions { count: 1, seeds: vec![1] },
            thresholds: vec![
                threshold("groups.workers.e2e_s.p99 < 200ms", Some(0.031), true),
                threshold("groups.workers.lost == 0", Some(0.0), true),
                threshold("producers.edge.rate_per_s >= 0.99 * 12k/s", Some(10_003.2), !failed),
            ],
            events: if failed {
                vec![EventResult {
                    at_s: 75.5,
                    what: "crash".to_owned(),
                    target: "workers/2".to_owned(),
                    time_to_drain_s: None,
                }]
            } else {
                Vec::new()
            },
            producers: vec![("edge".to_owned(), producer(&e2e))],
            topics: vec![("events".to_owned(), topic(0.31)), ("audit.log".to_owned(), topic(0.09))],
            brokers: (0..3).map(|i| (i.to_string(), broker(4))).collect(),
            groups: groups
                .iter()
                .map(|&(name, behind)| (name.to_owned(), group(behind, if behind { 8_000.0 } else { 10_002.7 }, &e2e)))
                .collect(),
            intervals: Vec::new(),
        },
        series: series(&behind),
        worst_partitions: groups.iter().map(|_| worst.clone()).collect(),
        partitions: partitions(groups.len()),
        members: groups.iter().flat_map(|&(name, behind)| members(name, behind)).collect(),
        batches: batches(),
        heat: groups.iter().flat_map(|&(name, behind)| heat(name, behind)).collect(),
        histograms: groups
            .iter()
            .zip([(0.005, 0.4), (0.3, 8.0)].into_iter().cycle())
            .map(|((name, _), (mean, slow))| (format!("groups.{name}.e2e_s"), distribution(mean, slow)))
            .collect::<BTreeMap<_, _>>(),
    }
}
