//! `request.timeout.ms`, `retries`, `retry.backoff.ms` and `enable.idempotence` as stories: what is not answered in time
//! is sent again, and stored once or more than once, as often as the figures say.
use crate::play::{group, plan, play, producer};
use conga::outcome::result::{Outcome, ProducerResult};
use conga::units::Span;

#[expect(clippy::float_cmp, reason = "counts: whole numbers below 2^53, which add up exactly")]
fn sound(text: &str) -> Outcome {
    let outcome = play(text);
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new(), "{text}");
    for (name, one) in &outcome.result.producers {
        assert_eq!(one.sent, one.acked + one.failed + one.in_flight, "{name}");
    }
    outcome
}

/// Sent, acknowledged, given up, sent again, appended again.
fn counts(one: &ProducerResult) -> [u64; 5] {
    [one.sent, one.acked, one.failed, one.retried, one.duplicates].map(|count| count as u64)
}

fn appended(outcome: &Outcome) -> u64 {
    outcome.result.topics[0].1.appended as u64
}

/// One record, to a broker that takes `work` for a request, waited for one second.
fn one_record(work: &str, keys: &str, run: &str) -> String {
    let wait = if keys.contains("request_timeout") { "" } else { ", request_timeout: 1s" };
    format!(
        "topics: {{t: {{partitions: 1}}}}\ncluster: {{ideal: true, request: {{work: {work}, threads: 100}}}}\n\
         producers: {{p: {{topic: t, linger: 0s, messages: 1, \
         arrivals: {{constant: {{rate: 1/s}}}}{wait}{keys}}}}}\nrun: {{{run}}}\n"
    )
}

#[test]
fn what_is_never_answered_in_time_is_given_up_and_stored_all_the_same() {
    let outcome = sound(&one_record("2500ms", ", delivery_timeout: 10s", "drain: 1m"));
    let [sent, acked, failed, retried, duplicates] = counts(producer(&outcome, "p"));
    assert_eq!((sent, acked, failed, duplicates), (1, 0, 1, 0));
    // After 1 s and 0.1 s, 1 s and 0.2 s, 0.4, 0.8, 1, 1: six times, each wait a fifth longer or shorter.
    assert!((5..=7).contains(&retried), "{retried}");
    assert_eq!(appended(&outcome), 1, "the broker knows what it has");
}

#[test]
fn without_idempotence_every_repeat_is_stored() {
    for keys in [", idempotence: false", ", acks: 1", ", max_in_flight: 6"] {
        let outcome = sound(&one_record("2500ms", &format!(", delivery_timeout: 10s{keys}"), "drain: 1m"));
        let [sent, acked, failed, retried, duplicates] = counts(producer(&outcome, "p"));
        assert_eq!((sent, acked, failed), (1, 0, 1), "{keys}");
        assert!((5..=7).contains(&retried), "{keys}: {retried}");
        assert_eq!(duplicates, retried, "{keys}");
        assert_eq!(appended(&outcome), 1 + retried, "{keys}");
    }
}

#[test]
fn waits_are_those_of_the_formula() {
    let retried = |keys: &str, after_ms: f64| {
        let run = format!("duration: {}us", (after_ms * 1e3) as u64);
        producer(&sound(&one_record("1h", keys, &run)), "p").retried as usize
    };
    for (keys, first, most) in [
        ("", 100.0, 1_000.0),
        (", retry_backoff: 1s, retry_backoff_max: 10s", 1_000.0, 10_000.0),
        (", retry_backoff: 300ms, retry_backoff_max: 300ms", 300.0, 300.0),
    ] {
        let (mut earliest, mut latest) = (0.0, 0.0);
        for k in 0..8_i32 {
            let wait = f64::min(first * 2_f64.powi(k), most);
            // Waits are whole milliseconds, and none is longer than the longest.
            earliest += 1_000.0 + (0.8 * wait).floor();
            latest += 1_000.0 + f64::min(1.2 * wait, most);
            let so_far = k as usize;
            assert!(retried(keys, earliest - 0.5) <= so_far, "{keys}: repeat {so_far} before {earliest} ms");
            assert!(retried(keys, latest + 0.5) > so_far, "{keys}: repeat {so_far} after {latest} ms");
        }
    }
}

#[test]
fn a_batch_is_sent_as_often_as_retries_allow() {
    let at = |keys: &str, run: &str| counts(producer(&sound(&one_record("1h", keys, run)), "p"));
    assert_eq!(at(", retries: 0", "duration: 999ms"), [1, 0, 0, 0, 0]);
    assert_eq!(at(", retries: 0", "duration: 1001ms"), [1, 0, 1, 0, 0]);
    assert_eq!(at(", retries: 2", "duration: 3200ms"), [1, 0, 0, 2, 0], "on its way for the third time");
    assert_eq!(at(", retries: 2", "duration: 3400ms"), [1, 0, 1, 2, 0]);
}

/// Replicas that are 3 s behind: an answer comes after three seconds, and then for every repeat.
fn slow_replicas(keys: &str) -> String {
    format!(
        "topics: {{t: {{partitions: 1, replicas: 2}}}}\ncluster: {{ideal: true, brokers: 2, replication: {{delay: 3s}}}}\n\
         producers: {{p: {{topic: t, linger: 0s, messages: 1, request_timeout: 1s, delivery_timeout: 20s, \
         arrivals: {{constant: {{rate: 1/s}}}}{keys}}}}}\ngroups: {{g: {{topics: [t], members: 1}}}}\nrun: {{drain: 1m}}\n"
    )
}

#[test]
fn a_repeat_that_is_known_is_answered_with_the_first() {
    let outcome = sound(&slow_replicas(""));
    let one = producer(&outcome, "p");
    assert_eq!(counts(one), [1, 1, 0, 2, 0], "sent again at 1.1 s and 2.3 s");
    assert_eq!(one.publish_s.max.value(), Some(3.0), "when the replicas have what came first");
    assert_eq!(group(&outcome, "g").processed as u64, 1);
    let outcome = sound(&slow_replicas(", idempotence: false"));
    let [sent, acked, failed, retried, duplicates] = counts(producer(&outcome, "p"));
    assert_eq!((sent, acked, failed, duplicates), (1, 0, 1, retried), "every repeat begins anew");
    assert_eq!(group(&outcome, "g").processed as u64, 1 + retried, "and the group reads them all");
}

/// A network that now and then keeps a message for longer than an answer is waited for.
fn uneven(keys: &str) -> String {
    format!(
        "topics: {{t: {{partitions: 6}}}}\n\
         cluster: {{ideal: true, brokers: 2, network: {{delay: {{bimodal: {{fast: 2ms, slow: 900ms, share_slow: 0.02}}}}}}}}\n\
         producers: {{p: {{topic: t, instances: 3, linger: 1ms, batch_size: 500 B, key: {{uniform: {{keys: 50}}}}, \
         request_timeout: 400ms, arrivals: {{poisson: {{rate: 1k/s}}}}{keys}}}}}\n\
         groups: {{g: {{topics: [t], members: 2, work: 100us}}}}\nrun: {{duration: 20s, drain: 10m}}\n"
    )
}

/// The same with a broker that now and then takes as long for a request, and keeps those behind it waiting.
fn stalling(keys: &str) -> String {
    let text = uneven(keys).replace("network: {delay:", "request: {threads: 8, work:");
    assert!(text.contains("work: {bimodal"), "{text}");
    text
}

#[test]
fn idempotence_keeps_every_record_once_and_in_order() {
    for (window, stalls) in [(1, false), (1, true), (2, false), (2, true), (5, false), (5, true)] {
        let keys = format!(", max_in_flight: {window}");
        let outcome = sound(&if stalls { stalling(&keys) } else { uneven(&keys) });
        let one = producer(&outcome, "p");
        let [sent, acked, failed, retried, duplicates] = counts(one);
        assert_eq!((acked, failed, duplicates), (sent, 0, 0), "{window} in flight");
        assert!(retried > 100, "{window} in flight: {retried}");
        assert!(one.out_of_order < 0.5, "{window} in flight");
        assert_eq!(appended(&outcome), sent);
        assert_eq!(group(&outcome, "g").processed as u64, sent);
    }
}

#[test]
fn without_idempotence_records_overtake_each_other_unless_one_request_is_in_flight() {
    for (window, overtakes) in [(1, false), (5, true)] {
        for acks in ["1", "all"] {
            let keys = format!(", idempotence: false, acks: {acks}, max_in_flight: {window}");
            let outcome = sound(&stalling(&keys));
            let one = producer(&outcome, "p");
            let [sent, acked, failed, retried, duplicates] = counts(one);
            assert_eq!((acked, failed), (sent, 0), "{keys}");
            // What waits behind the request that takes so long goes down with the connection, and is stored late.
            assert!(duplicates > 0 && duplicates <= retried, "{keys}: {retried} {duplicates}");
            assert_eq!(duplicates < retried, overtakes, "{keys}: {retried} {duplicates}");
            assert_eq!(one.out_of_order > 0.5, overtakes, "{keys}");
            assert_eq!(appended(&outcome), sent + duplicates, "{keys}");
            assert_eq!(group(&outcome, "g").processed as u64, sent + duplicates, "{keys}");
        }
    }
}

#[test]
fn nothing_changes_where_everything_is_answered_in_time() {
    let result = |keys: &str| {
        let text = uneven(keys).replace("slow: 900ms", "slow: 90ms").replace("request_timeout: 400ms, ", "");
        let mut result = serde_json::to_value(&sound(&text).result).expect("plain data");
        result["scenario"]["sha256"] = serde_json::Value::Null;
        result
    };
    let silent = result("");
    for keys in
        [", request_timeout: 1s", ", request_timeout: 1s, idempotence: false", ", request_timeout: 1s, retries: 0"]
    {
        assert_eq!(result(keys), silent, "{keys}");
    }
}

#[test]
fn memory_and_window_come_back_with_what_is_answered_in_the_end() {
    // Room for four batches, and a broker that stops for two seconds: everything goes on afterwards.
    let text = uneven(", buffer: 2000 B, max_block: 1h").replace("rate: 1k/s", "rate: 100/s");
    let outcome = sound(&text);
    let one = producer(&outcome, "p");
    let [sent, acked, failed, retried, _] = counts(one);
    assert!(one.blocked_s > 1.0 && retried > 10, "{one:?}");
    assert_eq!((acked, failed), (sent, 0));
    assert!(one.unsent < 0.5);
}

#[test]
fn the_output_of_a_group_sends_again_too() {
    let text = "topics: {t: {partitions: 2}, u: {partitions: 2}}\n\
                cluster: {ideal: true, network: {delay: {bimodal: {fast: 2ms, slow: 900ms, share_slow: 0.02}}}}\n\
                producers: {p: {topic: t, arrivals: {poisson: {rate: 100/s}}}}\n\
                groups: {g: {topics: [t], members: 2, work: 1ms, output: {topic: u, request_timeout: 400ms}}}\n\
                run: {duration: 20s, drain: 10m}\n";
    let outcome = sound(text);
    let [sent, acked, _, retried, duplicates] = counts(producer(&outcome, "g-output"));
    assert!(retried > 10, "{retried}");
    assert_eq!((acked, duplicates), (sent, 0));
}

#[test]
fn silent_is_kafkas() {
    let client = |keys: &str| plan(&one_record("1ms", keys, "duration: 1s")).producers[0].client.clone();
    let silent = plan(
        "topics: {t: {partitions: 1}}\nproducers: {p: {topic: t, arrivals: {poisson: {rate: 1/s}}}}\n\
                       run: {duration: 1s}\n",
    )
    .producers[0]
        .client
        .clone();
    let ms = Span::from_ms;
    assert_eq!((silent.request_timeout, silent.retries, silent.idempotent), (ms(30_000), 2_147_483_647, true));
    assert_eq!((silent.backoff.initial, silent.backoff.max), (ms(100), ms(1_000)));
    for keys in [", acks: 1", ", acks: 0", ", retries: 0", ", max_in_flight: 6", ", idempotence: false"] {
        assert!(!client(keys).idempotent, "{keys}");
    }
    assert!(client(", idempotence: true, retries: 1, max_in_flight: 5, acks: all").idempotent);
    let delivery = client(", request_timeout: 200s").delivery_timeout;
    assert_eq!(delivery, ms(200_000), "never shorter than both together");
}
