//! Byte quotas as stories: what is within passes as if there were none, what exceeds it is slowed down to it.
use crate::play::{group, plan, play, producer};
use conga::outcome::result::Outcome;

/// Bytes of a batch of one record with a value of 10,000.
const BATCH: f64 = 10_077.0;

/// Ten thousand bytes a record and a batch, 400 records a second.
fn scenario(cluster: &str, producer: &str, group: &str, run: &str) -> String {
    format!(
        "topics: {{t: {{partitions: 4}}}}\ncluster: {{ideal: true{cluster}}}\n\
         producers: {{p: {{topic: t, partitioner: round-robin, linger: 0s, message: {{size: 10000 B}}, \
         arrivals: {{constant: {{rate: 400/s}}}}{producer}}}}}\n\
         groups: {{g: {{topics: [t], members: 1{group}}}}}\nrun: {{{run}}}\n"
    )
}

fn sound(text: &str) -> Outcome {
    let outcome = play(text);
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new());
    outcome
}

fn near(value: f64, wanted: f64, share: f64) {
    assert!((value / wanted - 1.0).abs() < share, "{value} instead of {wanted}");
}

const LONG: &str = "duration: 120s, warmup: 40s";

#[test]
fn a_producer_settles_at_its_quota() {
    for acks in ["0", "1", "all"] {
        let limited = format!(", quota: 1 MB/s, acks: {acks}, buffer: 4 MiB, max_block: 0s");
        let outcome = sound(&scenario("", &limited, "", LONG));
        near(group(&outcome, "g").rate_per_s, 1e6 / BATCH, 0.05);
        if acks != "0" {
            let producer = producer(&outcome, "p");
            near(producer.rate_per_s, 1e6 / BATCH, 0.05);
            assert!(producer.unsent > 0.0, "what does not fit into the buffer is refused");
            // What is accepted waits until the 256 batches before it, for which there is memory, have gone at the quota.
            near(producer.publish_s.mean.value().expect("there are many"), 256.0 * BATCH / 1e6, 0.3);
        }
    }
    // Each instance is a client of its own, at each broker.
    let clients = scenario(", brokers: 2", ", instances: 2, quota: 200 kB/s, buffer: 4 MiB, max_block: 0s", "", LONG);
    near(producer(&sound(&clients), "p").rate_per_s, 4.0 * 200e3 / BATCH, 0.07);
}

#[test]
fn what_ten_windows_allow_passes_at_once() {
    let mean = |quota: &str, run: &str| {
        let outcome = sound(&scenario("", quota, "", run));
        producer(&outcome, "p").publish_s.mean.value().expect("there are many")
    };
    // 4 MB/s for 2.4 s are less than 1 MB/s for the ten windows and a part that count at least; for 2.9 s they are more.
    assert!(mean(", quota: 1 MB/s", "duration: 2400ms, drain: 60s") == 0.0);
    assert!(mean(", quota: 1 MB/s", "duration: 2900ms, drain: 60s") > 0.0);
    assert!(mean(", quota: 4100 kB/s", LONG) == 0.0);
}

#[test]
fn a_broker_hears_nothing_for_as_long_as_the_excess_takes() {
    // One batch of 1,000,000 bytes, then another: the first exceeds 10 s at 50 kB/s by as much as takes 10 s.
    let text = "topics: {t: {partitions: 1}}\ncluster: {ideal: true, quota: {produce: 50 kB/s}}\n\
                producers: {p: {topic: t, linger: 0s, message: {size: 999922 B}, messages: 2, \
                arrivals: {constant: {rate: 1/s}}}}\nrun: {duration: 60s}\n";
    let outcome = sound(text);
    let producer = producer(&outcome, "p");
    let bytes = producer.bytes / 2.0;
    near(bytes, 1e6, 1e-4);
    let throttle = ((bytes / 10.0 - 50e3) / 50e3 * 10e3).round() / 1e3;
    // The first is answered at once, the second was due a second later and waits for the rest.
    assert_eq!(producer.publish_s.min.value(), Some(0.0));
    near(producer.publish_s.max.value().expect("there are two"), throttle - 1.0, 1e-3);
    // The second is as large and comes when the first still counts: both of them in ten seconds.
    let again = ((2.0 * bytes / 10.0 - 50e3) / 50e3 * 10e3).round() / 1e3;
    near(producer.throttled_s, throttle + again, 1e-9);
    let cut = sound(&text.replace("duration: 60s", "duration: 4s"));
    near(cut.result.producers[0].1.throttled_s, 4.0, 1e-9);
}

#[test]
fn a_group_reads_at_its_quota() {
    const SMALL: &str = ", fetch: {max_bytes: 100 kB}";
    for (cluster, keys, clients) in [("", ", quota: 1 MB/s", 1.0), (", quota: {fetch: 500 kB/s}", "", 0.5)] {
        let outcome = sound(&scenario(cluster, "", &format!("{keys}{SMALL}"), LONG));
        let slow = group(&outcome, "g");
        assert!(slow.throttled_s > 60.0 && slow.throttled_s < 120.0, "one member at one broker: {}", slow.throttled_s);
        near(slow.rate_per_s, clients * 1e6 / BATCH, 0.05);
        assert!(slow.backlog > 0.6 * 400.0 * 120.0, "{} wait", slow.backlog);
        assert_eq!(producer(&outcome, "p").publish_s.max.value(), Some(0.0), "producers have quotas of their own");
    }
    let large = sound(&scenario("", "", ", quota: 1 MB/s", LONG));
    let share = group(&large, "g").rate_per_s * BATCH / 1e6;
    assert!(share > 0.4 && share < 0.9, "answers of 4 MiB do not fit well into ten seconds at 1 MB/s: {share}");
    let two = scenario("", "", &format!(", quota: 1 MB/s{SMALL}"), LONG).replace("members: 1", "members: 2");
    near(group(&sound(&two), "g").rate_per_s, 2e6 / BATCH, 0.05);
    let wide = sound(&scenario("", "", ", quota: 8 MB/s", LONG));
    assert_eq!(group(&wide, "g").e2e_s.max.value(), Some(0.0));
    assert!(group(&wide, "g").throttled_s == 0.0);
}

#[test]
fn a_client_has_its_own_quota_or_that_of_all() {
    let all = ", quota: {produce: 3 MB/s, fetch: 5 MB/s, samples: 3, window: 2s}";
    let silent = plan(&scenario(all, "", "", LONG));
    assert_eq!((silent.producers[0].client.quota, silent.groups[0].quota), (3e6, 5e6));
    let window = silent.cluster.quota_window.expect("there are quotas");
    assert_eq!((window.samples, window.length.seconds()), (3, 2.0));
    let own = plan(&scenario(all, ", quota: 1 MB/s", ", quota: 2 MB/s", LONG));
    assert_eq!((own.producers[0].client.quota, own.groups[0].quota), (1e6, 2e6));
    assert_eq!(plan(&scenario("", "", "", LONG)).cluster.quota_window, None);
    let stalled = plan(&scenario("", ", batch_size: 2 MB", ", quota: 100 kB/s", LONG));
    assert!(stalled.warnings.iter().any(|warning| warning.contains("never")), "{:?}", stalled.warnings);
}
