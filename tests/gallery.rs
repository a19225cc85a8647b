//! The gallery: each scenario shows what its entry in the reference says it must, and its control shows that it is the
//! cause. An assertion here fails where the phenomenon is gone; figures are those of theory, not of an earlier run.
mod changes;

use crate::play::{group, producer};
use crate::reference::Reference;
use conga::engine::{Watch, run};
use conga::outcome::result::{Figure, Outcome};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs a scenario of the gallery with changes.
fn play(name: &str, sets: &[&str]) -> Outcome {
    let file = Path::new(ROOT).join("scenarios/gallery").join(name).with_extension("yaml");
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    let scenario = conga::scenario::load(&file, &sets).unwrap_or_else(|problems| panic!("{problems}"));
    let (plan, _) = conga::plan::build::plan(&scenario).unwrap_or_else(|problems| panic!("{problems}"));
    let outcome = run(&plan, &Watch::quiet());
    assert!(outcome.result.broken_laws.is_empty(), "{name}: {:?}", outcome.result.broken_laws);
    outcome
}

fn value(figure: Figure) -> f64 {
    figure.value().expect("a value")
}

/// Within so many hundredths of what theory says.
#[track_caller]
fn near(got: f64, expected: f64, percent: f64, what: &str) {
    assert!((got / expected - 1.0).abs() <= percent / 100.0, "{what}: {got}, not {expected} ± {percent} %");
}

fn first_topic(outcome: &Outcome) -> &conga::outcome::result::TopicResult {
    &outcome.result.topics[0].1
}

/// Mean time of a record from being due to being done.
fn mean_e2e(outcome: &Outcome) -> f64 {
    value(outcome.result.groups[0].1.e2e_s.mean)
}

#[test]
fn each_has_its_entry_its_page_and_its_chart() {
    let known = Reference::load("scenario-gallery/", "scenarios");
    let ids: BTreeSet<&str> = known.entries.iter().filter_map(|entry| entry["id"].as_str()).collect();
    let page = fs::read_to_string(Path::new(ROOT).join("docs/gallery.md")).expect("there is a page");
    let files = fs::read_dir(Path::new(ROOT).join("scenarios/gallery")).expect("a folder");
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    assert!(files.len() >= 10, "{files:?}");
    for file in files {
        let name = file.file_stem().expect("a name").to_string_lossy();
        assert!(ids.contains(&*name), "{name}: not in the reference");
        let section = page.split("\n## ").find(|section| section.contains(&format!("scenarios/gallery/{name}.yaml")));
        let section = section.unwrap_or_else(|| panic!("{name}: not in docs/gallery.md"));
        for part in ["One might think", "The rule", "conga run", "](gallery/"] {
            assert!(section.contains(part), "{name}: no `{part}` in its section");
        }
    }
    for link in page.split("](").skip(1).map(|rest| rest.split(')').next().unwrap_or_default()) {
        assert!(Path::new(ROOT).join("docs").join(link).exists(), "docs/gallery.md links to {link}");
    }
}

#[test]
fn idle_consumers_add_nothing() {
    let run = |members: u32| play("idle-consumers", &[&format!("groups.workers.members={members}")]);
    let partitions_of = |outcome: &Outcome| {
        let mut owned = BTreeMap::new();
        for row in &outcome.partitions {
            let member = row.groups[0].as_ref().expect("the group reads it").member;
            *owned.entry(member).or_insert(0_u32) += 1;
        }
        owned
    };
    let rate = |outcome: &Outcome| group(outcome, "workers").rate_per_s;
    let [few, enough, many] = [4, 8, 16].map(run);
    near(rate(&many), rate(&enough), 1.0, "sixteen members do what eight do");
    near(rate(&few), 4.0 * 1_000.0, 1.0, "four do what they can");
    assert!(rate(&enough) > 1.7 * rate(&few), "up to the number of partitions members count");
    assert_eq!(16 - partitions_of(&many).len(), 16 - 8, "idle members are those beyond the partitions");
    for outcome in [few, enough, many] {
        let owned = partitions_of(&outcome);
        let (least, most) = (owned.values().min().expect("one"), owned.values().max().expect("one"));
        assert!(most - least <= 1, "partitions are dealt evenly: {owned:?}");
    }
}

/// Records a batch where one node leads all partitions: the first record of a request and a Poisson number of others fall
/// on so many of them.
fn batch_of_random(per_linger: f64, partitions: f64) -> f64 {
    let touched = partitions * (1.0 - (1.0 - 1.0 / partitions) * (-per_linger / partitions).exp());
    (1.0 + per_linger) / touched
}

#[test]
fn sticky_batching_beats_spreading_evenly() {
    let run = |partitions: u32, partitioner: &str, cost: &str| {
        let sets = [
            format!("topics.events.partitions={partitions}"),
            format!("producers.service.partitioner={partitioner}"),
            format!("cluster.request.per_batch={cost}"),
        ];
        play("sticky-batching", &sets.each_ref().map(String::as_str))
    };
    let batch = |outcome: &Outcome| first_topic(outcome).batch_records_mean.expect("batches");
    for partitions in [10, 100] {
        let [sticky, random] = ["kafka", "random"].map(|partitioner| run(partitions, partitioner, "950us"));
        near(batch(&sticky), 6.0, 5.0, "sticky: 1 + rate × linger");
        let expected = batch_of_random(5.0, f64::from(partitions));
        near(batch(&random), expected, 5.0, "random: on as many partitions as records fall on");
        let ratio = batch(&sticky) / batch(&random);
        assert!((4.0..=6.0).contains(&ratio), "batches a second differ by four to six: {ratio}");
        let busy = random.result.brokers[0].1.utilisation;
        assert!(busy > 0.5 && sticky.result.brokers[0].1.utilisation < busy / 3.5, "{busy}");
        assert!(mean_e2e(&sticky) < 0.6 * mean_e2e(&random), "what the broker has to do is what records wait for");
    }
    // Where each partition has a node of its own, nothing else takes a batch along before it has lingered.
    for partitions in [10, 100] {
        let apart = |partitioner: &str| {
            let sets = [
                format!("cluster.brokers={partitions}"),
                format!("topics.events.partitions={partitions}"),
                format!("producers.service.partitioner={partitioner}"),
            ];
            play("sticky-batching", &sets.each_ref().map(String::as_str))
        };
        let [sticky, random] = ["kafka", "random"].map(apart);
        near(batch(&random), 1.0 + 5.0 / f64::from(partitions), 5.0, "random, apart: 1 + rate × linger / partitions");
        near(batch(&sticky), 6.0, 5.0, "sticky, apart: 1 + rate × linger");
        assert!(mean_e2e(&sticky) < mean_e2e(&random) + 0.001, "no queue at a node hides what linger costs");
    }
    let [sticky, random] = ["kafka", "random"].map(|partitioner| run(10, partitioner, "1us"));
    near(mean_e2e(&random), mean_e2e(&sticky), 3.0, "where batches cost nothing only linger is left");
}

#[test]
fn linger_increases_throughput() {
    let run = |rate: &str, linger: &str| {
        let sets = [format!("producers.service.rate={rate}"), format!("producers.service.linger={linger}")];
        play("linger-increases-throughput", &sets.each_ref().map(String::as_str))
    };
    let at = |rate: &str| ["0s", "2ms", "10ms", "30ms", "100ms"].map(|linger| mean_e2e(&run(rate, linger)));
    let busy = at("1k/s");
    let best = busy.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(busy[0] > 2.0 * best && busy[4] > 2.0 * best, "the best linger lies between: {busy:?}");
    let lowest = busy.iter().position(|one| *one <= best).expect("one is");
    assert!(busy[..=lowest].is_sorted_by(|a, b| a > b) && busy[lowest..].is_sorted(), "U-shaped: {busy:?}");
    let calm = at("100/s");
    assert!(calm.is_sorted_by(|a, b| a < b), "at low load linger only adds: {calm:?}");
    assert!((0.05..=0.105).contains(&calm[4]), "about the linger: {calm:?}");
}

#[test]
fn a_hot_partition_falls_behind_while_the_group_is_half_idle() {
    let (rate, duration, capacity) = (6_000.0, 120.0, 1_000.0);
    let run = |set: &str| play("hot-partition", &[set]);
    let hottest = |outcome: &Outcome| first_topic(outcome).hottest_share.expect("records");
    let plain = run("run.seed=1");
    near(group(&plain, "workers").utilisation, 0.48, 5.0, "half of the members' time is free");
    let worst = plain.partitions.iter().max_by_key(|row| row.appended).expect("partitions");
    let lag = worst.groups[0].as_ref().expect("the group reads it").lag_final as f64;
    assert!(hottest(&plain) * rate > 1.1 * capacity, "more than one member can do");
    near(lag / duration, worst.share * rate - capacity, 2.0, "lag grows by what is too much");
    let others = group(&plain, "workers").lag.r#final.expect("a lag") - lag;
    assert!(others < 0.05 * lag, "in that partition only: {others} of {lag}");
    let more = run("groups.workers.members=24");
    near(group(&more, "workers").backlog, group(&plain, "workers").backlog, 0.01, "more members change nothing");
    let split = run("topics.orders.partitions=24");
    assert!(
        hottest(&split) < hottest(&plain) && hottest(&plain) < 2.0 * hottest(&split),
        "twice the partitions, not half"
    );
    // Over many ways the keys may fall: never below the first key's share, a fifth on average.
    let first_key = 1.0 / (1..=1000).map(|i| 1.0 / f64::from(i)).sum::<f64>();
    let salted = |salt: u32| {
        let key = format!("producers.shop.key={{zipf: {{keys: 1000, exponent: 1, salt: s{salt}-}}}}");
        hottest(&play("hot-partition", &[&key, "run.duration=5s", "run.warmup=0s", "groups.workers.work=1us"]))
    };
    let shares: Vec<f64> = (0..20).map(salted).collect();
    assert!(shares.iter().all(|share| *share > 0.95 * first_key), "{shares:?}");
    near(shares.iter().sum::<f64>() / 20.0, 0.206, 12.0, "the hottest share over hashings");
}

#[test]
fn a_poison_pill_makes_everybody_wait() {
    let wait = |outcome: &Outcome| value(group(outcome, "workers").wait_s.mean);
    let (rate, load) = (700.0, 0.7);
    let pollaczek_khinchine = |second_moment: f64| rate * second_moment / (2.0 * (1.0 - load));
    let pills = play("poison-pill", &[]);
    let squares = 0.99 * 0.0005_f64.powi(2) + 0.01 * 0.0505_f64.powi(2);
    near(wait(&pills), pollaczek_khinchine(squares), 5.0, "one in a hundred is slow");
    near(group(&pills, "workers").utilisation, load, 2.0, "the member is no busier than with even work");
    let even = play("poison-pill", &["groups.workers.work=1ms", "run.duration=500s"]);
    near(wait(&even), pollaczek_khinchine(0.001_f64.powi(2)), 5.0, "the same mean without slow ones");
    assert!(wait(&pills) > 20.0 * wait(&even), "the few make the queue of all");
}

/// When the lag was gone for the first time after the group came.
fn caught_up(outcome: &Outcome, after_s: f64) -> f64 {
    let mut rows = outcome.series.iter().filter(|row| row.interval.end_s > after_s + 1.0);
    rows.find(|row| row.groups[0].lag <= 2).expect("it catches up").interval.end_s - after_s
}

#[test]
fn catching_up_takes_longer_than_the_outage() {
    let outcome = play("catch-up", &[]);
    near(caught_up(&outcome, 600.0), 1_200.0, 2.0, "1,000 × 600 s / (1,500 − 1,000)");
    near(
        group(&outcome, "workers").lag_s.max.expect("an age"),
        600.0,
        1.0,
        "the oldest record is as old as the outage",
    );
    near(group(&outcome, "workers").lag.max.expect("a lag"), 600_000.0, 1.0, "all of the outage waits");
    let sets = ["groups.workers.starts=60s", "groups.workers.work=950us", "run.duration=1210s"];
    near(caught_up(&play("catch-up", &sets), 60.0), 19.0 * 60.0, 2.0, "at 95 % load, 19 times the outage");
}

/// Mean of the time until `k` arrivals of a Poisson process, but at most `most`: the integral of "fewer than k by then".
fn hold_s(k: u32, rate: f64, most: f64) -> f64 {
    let steps = 20_000;
    let fewer = |t: f64| -> f64 {
        let mut term = (-rate * t).exp();
        let mut sum = term;
        for i in 1..k {
            term *= rate * t / f64::from(i);
            sum += term;
        }
        sum
    };
    let width = most / f64::from(steps);
    (0..steps).map(|i| fewer((f64::from(i) + 0.5) * width) * width).sum()
}

#[test]
fn fetch_min_bytes_buys_requests_with_latency() {
    let run = |bytes: &str| play("fetch-min-bytes", &[&format!("groups.workers.fetch.min_bytes={bytes}")]);
    let fetches_per_s = |outcome: &Outcome| group(outcome, "workers").fetches / 2_000.0;
    let [one, sixteen, never] = ["1 B", "16 KiB", "1 MiB"].map(run);
    near(fetches_per_s(&one), 100.0, 2.0, "each record has its own");
    near(fetches_per_s(&sixteen), 1.0 / hold_s(16, 100.0, 0.5), 2.0, "one for sixteen, or after half a second");
    near(fetches_per_s(&never), 1.0 / 0.5, 2.0, "one each half second");
    assert!(mean_e2e(&one) < 1e-6, "at once: {}", mean_e2e(&one));
    near(mean_e2e(&sixteen), 15.0 / 2.0 / 100.0, 2.0, "half of fifteen gaps");
    near(mean_e2e(&never), 0.25, 2.0, "half of the longest wait");
    let worst = value(group(&never, "workers").e2e_s.max);
    assert!(worst <= 0.5 * 1.001, "never longer than the longest wait: {worst}");
}

#[test]
fn compression_depends_on_the_batch() {
    let run = |linger: &str, codec: &str| {
        let sets = [format!("producers.service.linger={linger}"), format!("producers.service.compression={codec}")];
        play("compression-batch", &sets.each_ref().map(String::as_str))
    };
    let runs = ["0s", "1ms", "10ms", "100ms"].map(|linger| run(linger, "zstd"));
    let batches = runs.each_ref().map(|run| first_topic(run).batch_records_mean.expect("batches"));
    let smaller = runs.each_ref().map(|run| first_topic(run).compression_ratio.expect("compressed").recip());
    let stored = runs.each_ref().map(|run| first_topic(run).stored_bytes);
    assert!(batches[0] < 1.01 && batches[3] > 100.0, "{batches:?}");
    assert!(smaller.is_sorted_by(|a, b| a < b), "the larger the batch the smaller its records: {smaller:?}");
    assert!(smaller[0] < 1.5 && smaller[3] > 2.5 * smaller[0], "one alone hardly shrinks: {smaller:?}");
    assert!(stored.is_sorted_by(|a, b| a > b) && stored[3] < 0.33 * stored[0], "fewer bytes leave: {stored:?}");
    let gains: Vec<f64> = (1..4).map(|i| (smaller[i] - smaller[i - 1]) / (batches[i] - batches[i - 1])).collect();
    assert!(gains.is_sorted_by(|a, b| a > b), "each further record gains less: {gains:?}");
    let plain = ["1ms", "100ms"].map(|linger| run(linger, "none"));
    let headers = first_topic(&plain[0]).stored_bytes / first_topic(&plain[1]).stored_bytes;
    assert!(headers < 1.1, "without a codec a batch saves headers only: {headers}");
}

#[test]
fn a_quota_lets_bursts_pass_and_then_mutes() {
    let (quota, offered) = (f64::from(1 << 20), 2.5 * f64::from(1 << 20));
    let of = |sets: &[&str]| {
        let outcome = play("quota-shape", sets);
        let topic = first_topic(&outcome);
        let record = topic.bytes / topic.appended;
        let rows = outcome.series.iter();
        let rates: Vec<f64> = rows.map(|row| row.appended_per_s[0] * record).collect();
        let row = outcome.series[0].interval.end_s - outcome.series[0].interval.start_s;
        (outcome, rates, row)
    };
    let (outcome, rates, row) = of(&[]);
    let first = rates.iter().position(|rate| *rate < 0.5 * offered).expect("it is muted");
    let before: f64 = rates[..first].iter().map(|rate| rate * row).sum();
    near(before, 10.0 * quota, 6.0, "ten seconds' worth passes before anybody is muted");
    let settled = &rates[(60.0 / row) as usize..];
    let mean = settled.iter().sum::<f64>() / settled.len() as f64;
    assert!(mean <= 1.05 * quota && mean > 0.9 * quota, "in the long run the quota is kept: {mean}");
    let share =
        |holds: &dyn Fn(f64) -> bool| settled.iter().filter(|rate| holds(**rate)).count() as f64 / settled.len() as f64;
    assert!(share(&|rate| rate == 0.0) > 0.4, "mute for much of the time: {}", share(&|rate| rate == 0.0));
    let burst = settled.iter().copied().fold(0.0, f64::max);
    assert!(burst > 5.0 * quota, "what waited comes at once: {burst}");
    let cycle = |from: usize, rows: usize| rates[from..from + rows].iter().sum::<f64>();
    let second = (1.0 / row) as usize;
    assert!(
        cycle(first, second) > 2.0 * cycle(first + 2 * second, second),
        "the first mutes are short, then they grow"
    );
    let one = producer(&outcome, "service");
    assert!(one.throttled_s > 0.5 * 300.0 && one.unsent > 0.0, "{} s mute", one.throttled_s);
    let (wide, rates, _) = of(&["producers.service.quota=3 MiB/s", "run.duration=60s", "run.warmup=0s"]);
    assert!(
        producer(&wide, "service").throttled_s == 0.0 && rates.iter().all(|rate| *rate > 0.9 * offered),
        "within it nobody notices"
    );
}

#[test]
fn retries_keep_a_broker_down_that_would_have_recovered() {
    let shop = |sets: &[&str]| producer(&play("retry-amplification", sets), "shop").clone();
    let calm = "producers.shop.arrivals.steps.1.rate=60/s";
    let (first, most) = ("producers.shop.retry_backoff=2s", "producers.shop.retry_backoff_max=10s");
    // What is due is the same in all of them from 25 s on, and less than the broker can do.
    let untouched = shop(&[calm]);
    near(untouched.rate_per_s, 60.0, 10.0, "without a peak all goes well, whatever the retries");
    assert!(untouched.retried < 0.5, "{}", untouched.retried);
    let down = shop(&[]);
    assert!(down.rate_per_s < 0.2 * 60.0, "a minute and a half after the peak: {}", down.rate_per_s);
    assert!(down.retried > down.sent && down.duplicates < 0.5, "{} of {}", down.retried, down.sent);
    for (sets, what) in [(&[first, most][..], "waits that grow"), (&["producers.shop.retries=0"][..], "no retries")] {
        let one = shop(sets);
        assert!(one.rate_per_s > 0.9 * 60.0, "with {what}: {}", one.rate_per_s);
    }
}

#[test]
fn littles_law_holds() {
    for sets in [&[][..], &["groups.workers.work.gamma.mean=4ms"], &["cluster.network.delay=20ms", "run.seed=7"]] {
        let outcome = play("little", sets);
        let (group, producer) = (group(&outcome, "workers"), producer(&outcome, "source"));
        assert_eq!((group.processed, group.lag.r#final), (200_000.0, Some(0.0)), "all came and all left");
        // From the append: an acknowledgement takes as long back as the records took to it.
        let delay = if sets.len() == 2 { 0.020 } else { 0.001 };
        let stayed = value(group.e2e_s.mean) - (value(producer.publish_s.mean) - delay);
        let rate = group.processed / outcome.result.window_s;
        let lag = group.lag.mean.expect("a lag");
        assert!(lag > 5.0 && (lag / (rate * stayed) - 1.0).abs() < 1e-9, "{lag} is not {rate} × {stayed}");
    }
}
