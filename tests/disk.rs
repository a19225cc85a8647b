//! A broker's disk as stories: it writes one thing after the other, and what waits for it shows.
use crate::play::{group, play, producer};
use conga::outcome::result::{BrokerResult, Outcome};

/// One producer whose every record is a batch of its own.
fn scenario(brokers: u32, replicas: u32, disk: &str, more: &str) -> String {
    format!(
        "topics: {{t: {{partitions: {brokers}, replicas: {replicas}}}}}\n\
         cluster: {{ideal: true, brokers: {brokers}{disk}}}\n\
         producers: {{p: {{topic: t, partitioner: round-robin, linger: 0s, max_in_flight: 100, \
         message: {{size: 10000 B}}, {more}}}}}\n\
         groups: {{g: {{topics: [t], members: 1}}}}\nrun: {{duration: 20s, drain: 5s}}\n"
    )
}

fn brokers(outcome: &Outcome) -> Vec<&BrokerResult> {
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new());
    outcome.result.brokers.iter().map(|(_, broker)| broker).collect()
}

fn near(value: f64, wanted: f64, share: f64) {
    assert!((value / wanted - 1.0).abs() < share, "{value} instead of {wanted}");
}

#[test]
fn an_append_takes_as_long_as_it_is_written() {
    let steady = "arrivals: {constant: {rate: 50/s}}";
    let outcome = play(&scenario(1, 1, ", disk: {bandwidth: 1 MB/s}", steady));
    // 10,000 bytes of value make 10,077 in a batch of one, and a hundredth of a second on the disk.
    let bytes = brokers(&outcome)[0].disk_bytes / producer(&outcome, "p").acked;
    for latency in [&producer(&outcome, "p").publish_s, &group(&outcome, "g").e2e_s] {
        near(latency.mean.value().expect("there are many"), bytes / 1e6, 1e-4);
    }
    near(brokers(&outcome)[0].disk_utilisation, 50.0 * bytes / 1e6, 0.01);
    let free = play(&scenario(1, 1, "", steady));
    assert_eq!(producer(&free, "p").publish_s.max.value(), Some(0.0));
    assert!(brokers(&free)[0].disk_utilisation == 0.0 && brokers(&free)[0].disk_bytes > 0.0);
}

#[test]
fn waits_for_the_disk_are_those_of_its_queue() {
    // Poisson arrivals, one writer, equal sizes: M/D/1, whose mean wait is rho / (2 (1 - rho)) services.
    let random = "arrivals: {poisson: {rate: 3k/s}}";
    let text = scenario(1, 1, ", disk: {bandwidth: 40 MB/s}", random).replace("20s", "200s");
    let outcome = play(&text);
    let service = brokers(&outcome)[0].disk_bytes / producer(&outcome, "p").acked / 40e6;
    let rho = 3e3 * service;
    let mean = service * (1.0 + rho / (2.0 * (1.0 - rho)));
    near(producer(&outcome, "p").publish_s.mean.value().expect("there are many"), mean, 0.02);
}

#[test]
fn followers_write_too() {
    let random = "arrivals: {poisson: {rate: 1k/s}}";
    let shares = |replicas| {
        let outcome = play(&scenario(3, replicas, ", disk: {bandwidth: 30 MB/s}", random));
        let brokers = brokers(&outcome);
        let latency = producer(&outcome, "p").publish_s.mean.value().expect("there are many");
        (brokers.iter().map(|broker| broker.disk_utilisation).sum::<f64>() / 3.0, latency)
    };
    let (once, alone) = shares(1);
    let (thrice, beside) = shares(3);
    near(once, 1e3 * 10_077.0 / 30e6 / 3.0, 0.03);
    near(thrice / once, 3.0, 0.03);
    assert!(beside > 1.1 * alone, "{beside} beside the writes of others, {alone} alone");
}

#[test]
fn a_disk_that_is_too_slow_sets_the_pace() {
    for acks in ["0", "1", "all"] {
        let more = format!("arrivals: {{constant: {{rate: 400/s}}}}, acks: {acks}");
        let outcome = play(&scenario(1, 1, ", disk: {bandwidth: 2 MB/s}", &more).replace("drain: 5s", "drain: 0s"));
        near(group(&outcome, "g").rate_per_s, 2e6 / 10_077.0, 0.02);
        near(brokers(&outcome)[0].disk_utilisation, 1.0, 0.01);
    }
}
