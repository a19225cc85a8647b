//! Bugs that were found once, as the stories they were found in: none of them comes back.
use crate::play::{group, plan, play, producer};
use conga::engine::{Watch, run};
use conga::outcome::result::Outcome;
use std::sync::atomic::Ordering;

/// Runs a scenario given as the differences from one topic, one producer and one group; no law may break.
fn check(topics: &str, producer: &str, group: &str, run: &str) -> Outcome {
    let outcome = play(&format!(
        "topics: {{t: {topics}}}\ncluster: {{ideal: true}}\nproducers: {{p: {{topic: t, {producer}}}}}\n\
         groups: {{g: {{topics: [t], members: 1{group}}}}}\nrun: {{{run}}}\n"
    ));
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new());
    outcome
}

#[test]
fn records_that_take_no_time_do_not_end_the_polling() {
    // A poll whose records were all done at once armed no timer, and the rest of the batch stayed where it was.
    for commit in ["{after: poll}", "{every: 3}", "{auto: 5s}"] {
        let arrivals = "arrivals: {batches: {rate: 10/s, size: 20}}";
        let small = format!(", poll: {{max_records: 1}}, commit: {commit}");
        let outcome = check("{partitions: 1}", arrivals, &small, "duration: 1s, drain: 1s");
        let group = group(&outcome, "g");
        assert!(group.processed > 0.0 && group.backlog == 0.0, "{} left of {}", group.backlog, group.processed);
        assert_eq!(group.e2e_s.max.value(), producer(&outcome, "p").publish_s.max.value(), "nothing waits");
    }
}

#[test]
fn a_free_fetch_that_does_not_wait_is_refused() {
    // It was repeated at the same instant for ever.
    let yaml = |cluster: &str| {
        format!(
            "topics: {{t: {{partitions: 1}}}}\ncluster: {cluster}\n\
             producers: {{p: {{topic: t, arrivals: {{constant: {{rate: 10/s}}}}}}}}\n\
             groups: {{g: {{topics: [t], members: 1, fetch: {{max_wait: 0s}}}}}}\nrun: {{duration: 1s}}\n"
        )
    };
    let free = conga::scenario::parse(&yaml("{ideal: true}"), "test.yaml", None, &[]).expect("it is well formed");
    let problems = conga::plan::build::plan(&free).expect_err("it would never end").to_string();
    assert!(problems.contains("groups.g.fetch.max_wait") && problems.contains("repeated without end"), "{problems}");
    plan(&yaml("{ideal: true, network: {delay: 100us}}"));
}

#[test]
#[expect(clippy::float_cmp, reason = "counts are whole numbers, and looking must not change a single bit")]
fn looking_at_a_run_never_lets_time_go_back() {
    // Somebody asked at an edge has something to do at once: it was done after the edges that followed. And a producer
    // whose memory was used up by many half-filled batches noticed only when somebody looked.
    let blocked = "arrivals: {constant: {rate: 900/s}}, messages: 500, linger: 100ms, partitioner: round-robin, \
                   batch_size: 2000 B, buffer: 4000 B, max_block: 1ms";
    let sent = |interval: &str| {
        let outcome = check("{partitions: 4}", blocked, "", &format!("duration: 600ms, drain: 1s{interval}"));
        let producer = producer(&outcome, "p");
        (producer.sent, producer.unsent, producer.publish_s.mean.value(), producer.blocked_s)
    };
    let usual = sent("");
    assert_eq!(usual.0 + usual.1, 500.0);
    assert_eq!(usual.1, 0.0, "what fills the memory is sent at once where sending costs nothing");
    assert_eq!(usual, sent(", interval: 1ms"));
    assert_eq!(usual, sent(", interval: 500ms"));
}

#[test]
fn fetches_that_wait_differently_share_one_timer() {
    // Every fetch that had to be answered before all others left a timer behind that never died.
    let yaml = |groups: &str| {
        format!(
            "topics: {{t: {{partitions: 1}}}}\n\
             producers: {{p: {{topic: t, arrivals: {{constant: {{rate: 1/s}}}}}}}}\n\
             groups: {{slow: {{topics: [t], members: 1}}{groups}}}\nrun: {{duration: 30s}}\n"
        )
    };
    let events = |groups: &str| {
        let watch = Watch::quiet();
        let _ = run(&plan(&yaml(groups)), &watch);
        watch.events.load(Ordering::Relaxed)
    };
    let patient = events(", fast: {topics: [t], members: 1}");
    let hasty = events(", fast: {topics: [t], members: 1, fetch: {max_wait: 10ms}}");
    let fetches = 30 * 100;
    assert!(hasty < patient + 8 * fetches, "{hasty} events, {patient} without the {fetches} fetches");
}

#[test]
fn the_end_of_arrivals_is_when_the_last_record_was_due() {
    // It was when the producer noticed: with its window full as late as the next answer, or whenever somebody looked.
    let yaml = |interval: &str| {
        format!(
            "topics: {{t: {{partitions: 1}}}}\ncluster: {{ideal: true, network: {{delay: 10ms}}}}\n\
             producers: {{p: {{topic: t, linger: 0s, max_in_flight: 1, messages: 11, \
             arrivals: {{constant: {{rate: 1k/s}}}}}}}}\n\
             groups: {{g: {{topics: [t], members: 1}}}}\nrun: {{duration: 1s, drain: 1s{interval}}}\n"
        )
    };
    for interval in ["", ", interval: 1ms", ", interval: 7ms"] {
        let outcome = play(&yaml(interval));
        // The first record's answer comes after 20 ms; the others leave then, and after 10 ms are read from a fetch
        // that waits, whose answer takes 10 ms. The last of them was due at 10 ms.
        let drained = group(&outcome, "g").time_to_drain_s.map(|seconds| (seconds * 1e9).round());
        assert_eq!(drained, Some(30e6), "{interval}");
    }
}

#[test]
fn the_order_of_a_key_is_told_within_a_partition() {
    // Offsets of different partitions were compared, so it depended on which member reported first.
    let yaml = |interval: &str| {
        format!(
            "topics: {{t: {{partitions: 3}}}}\ncluster: {{ideal: true}}\n\
             producers: {{p: {{topic: t, partitioner: random, key: {{uniform: {{keys: 3}}}}, \
             arrivals: {{poisson: {{rate: 900/s}}}}}}}}\n\
             groups: {{g: {{topics: [t], members: 3, workers: 4, work: {{exponential: {{mean: 1ms}}}}}}}}\n\
             run: {{duration: 1s{interval}}}\n"
        )
    };
    let out_of_order = |interval| group(&play(&yaml(interval)), "g").out_of_order;
    assert!(out_of_order("") > 0.0, "four workers overtake each other");
    for interval in [", interval: 1ms", ", interval: 170ms"] {
        assert!((out_of_order("") - out_of_order(interval)).abs() < 0.5, "{interval}");
    }
}

/// The sticky partition moves every 16 KiB. Whoever leads the next one, its records wait no longer than linger.
#[test]
fn a_sticky_partition_that_moves_to_another_broker_makes_nobody_wait() {
    for (brokers, rate) in [(1, 200), (3, 200), (10, 100), (10, 1000)] {
        let outcome = crate::play::play(&format!(
            "topics: {{events: {{partitions: 10}}}}\ncluster: {{ideal: true, brokers: {brokers}}}\n\
             producers: {{edge: {{topic: events, arrivals: {{poisson: {{rate: {rate}/s}}}}}}}}\n\
             run: {{duration: 60s, seed: 3}}\n"
        ));
        let worst = crate::play::producer(&outcome, "edge").publish_s.max.value().expect("records");
        assert!(worst < 0.005_1, "{brokers} brokers, {rate}/s: a record waited {worst} s");
    }
}
