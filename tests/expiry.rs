//! `delivery.timeout.ms` as stories: what is not acknowledged in time is given up, in the buffer and on its way, and
//! every record sent is acknowledged, given up or open.
use crate::play::{plan, play, producer};
use conga::outcome::result::{Outcome, ProducerResult};
use conga::units::Span;

/// Ten records a second, each a batch of its own, to a broker that takes a minute for a request.
fn stuck(keys: &str, run: &str) -> String {
    // No request is given up before the batches in it.
    let wait = if keys.contains("delivery_timeout") { "" } else { ", request_timeout: 100s" };
    let keys = format!("{keys}{wait}");
    let more = [("linger", ", linger: 0s"), ("batch_size", ", batch_size: 1 B")];
    let more: String = more.into_iter().filter(|(key, _)| !keys.contains(key)).map(|(_, set)| set).collect();
    format!(
        "topics: {{t: {{partitions: 1}}}}\ncluster: {{ideal: true, request: {{work: 60s, threads: 1}}}}\n\
         producers: {{p: {{topic: t, max_in_flight: 1, \
         arrivals: {{constant: {{rate: 10/s}}}}{more}{keys}}}}}\nrun: {{{run}}}\n"
    )
}

#[expect(clippy::float_cmp, reason = "counts: whole numbers below 2^53, which add up exactly")]
fn sound(text: &str) -> Outcome {
    let outcome = play(text);
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new());
    for (name, one) in &outcome.result.producers {
        assert_eq!(one.sent, one.acked + one.failed + one.in_flight, "{name}");
    }
    outcome
}

/// Sent, acknowledged, given up, open.
fn counts(one: &ProducerResult) -> [u64; 4] {
    [one.sent, one.acked, one.failed, one.in_flight].map(|count| count as u64)
}

#[test]
fn records_fail_two_minutes_after_their_batch_was_begun() {
    let at = |end: &str| counts(producer(&sound(&stuck("", &format!("duration: {end}"))), "p"));
    // The first leaves at once and is acknowledged after a minute, the second leaves then and is acknowledged a tenth of a
    // second before its two minutes are over. The third is just on its way, the fourth waits in the buffer.
    assert_eq!(at("119999ms"), [1200, 1, 0, 1199]);
    assert_eq!(at("120199ms"), [1202, 2, 0, 1200]);
    assert_eq!(at("120201ms"), [1203, 2, 1, 1200]);
    assert_eq!(at("120299ms"), [1203, 2, 1, 1200]);
    assert_eq!(at("120301ms"), [1204, 2, 2, 1200]);
}

#[test]
fn what_is_given_up_on_its_way_may_be_appended_all_the_same() {
    let outcome = sound(&stuck(", delivery_timeout: 10s", "duration: 59999ms"));
    assert_eq!(
        counts(producer(&outcome, "p")),
        [600, 0, 500, 100],
        "the first, which is under way, and those that wait"
    );
    let outcome = sound(&stuck(", delivery_timeout: 10s", "duration: 61s"));
    let [sent, acked, failed, open] = counts(producer(&outcome, "p"));
    assert_eq!((sent, acked, failed, open), (610, 0, 510, 100), "its answer comes too late");
    assert!((outcome.result.topics[0].1.appended - 2.0).abs() < 0.5, "the first, and the next that is begun");
    let done = sound(&stuck(", delivery_timeout: 10s, messages: 50", "drain: 1h"));
    let [sent, acked, failed, open] = counts(producer(&done, "p"));
    assert_eq!((sent, acked, failed, open), (50, 0, 50, 0), "all is settled");
}

#[test]
fn the_shorter_the_more_fail() {
    let failed = |timeout: &str| {
        let keys = format!(", delivery_timeout: {timeout}, request_timeout: {timeout}");
        let text = stuck(&keys, "duration: 300s");
        producer(&sound(&text), "p").failed
    };
    let all = ["10s", "60s", "61s", "120s", "200s"].map(failed);
    assert!(all.is_sorted_by(|a, b| a > b), "{all:?}");
    assert!(failed("10m") < 0.5, "nothing is older than the run");
}

#[test]
fn memory_comes_back_with_what_is_given_up() {
    // Room for ten batches: the eleventh record blocks until the first of the others is given up.
    let text = stuck(", batch_size: 200 B, buffer: 2000 B, delivery_timeout: 5s", "duration: 30s");
    let outcome = sound(&text);
    let one = producer(&outcome, "p");
    assert!(one.blocked_s > 1.0 && one.sent > 50.0 && one.failed > 40.0, "{one:?}");
    let kept = sound(&text.replace(", delivery_timeout: 5s", ""));
    assert!(producer(&kept, "p").sent < 11.0, "without, the buffer stays full");
}

#[test]
fn nothing_changes_where_nothing_fails() {
    let text = "topics: {t: {partitions: 4}}\nproducers: {p: {topic: t, arrivals: {poisson: {rate: 2k/s}}KEYS}}\n\
                groups: {g: {topics: [t], members: 2, work: 300us}}\nrun: {duration: 5s}\n";
    let result = |keys: &str| {
        let mut result = serde_json::to_value(&sound(&text.replace("KEYS", keys)).result).expect("plain data");
        result["scenario"]["sha256"] = serde_json::Value::Null;
        result
    };
    assert_eq!(result(", delivery_timeout: 500ms"), result(""));
}

#[test]
fn silent_is_kafkas_and_never_shorter_than_linger() {
    let timeout = |keys: &str| {
        let text = stuck(keys, "duration: 1s").replace(", request_timeout: 100s", "");
        plan(&text).producers[0].client.delivery_timeout
    };
    assert_eq!(timeout(""), Span::from_ms(120_000));
    assert_eq!(timeout(", linger: 100s").ns(), Span::from_ms(130_000).ns(), "linger.ms and request.timeout.ms");
}
