//! What is sent again in a live run has the bytes it had the first time.
//! Here answers come late on purpose, so that producers and outputs lose patience.
use super::{live, sound};
use crate::play::{group, producer};
use conga::engine::live::Settings;
use conga::outcome::result::Outcome;

/// A network that now and then keeps a message for longer than an answer is waited for.
const UNHEARD: &str = "
topics: {raw: {partitions: 3}, clean: {partitions: 2}}
cluster: {ideal: true, network: {delay: {bimodal: {fast: 1ms, slow: 250ms, share_slow: 0.05}}}}
producers:
  edge: {topic: raw, arrivals: {poisson: {rate: 500/s}}, messages: 600, message: {generator: flows}, compression: lz4,
         linger: 2ms, request_timeout: 60ms, retry_backoff: 5ms, idempotence: true}
groups:
  cleaners: {topics: [raw], members: 2, work: 10us,
             output: {topic: clean, linger: 2ms, request_timeout: 60ms, retry_backoff: 5ms}}
  readers: {topics: [clean], members: 1, work: 10us}
run: {seed: 3}
";

#[test]
fn what_is_sent_again_has_its_bytes() {
    for acks in ["idempotence: true", "idempotence: false", "acks: 1"] {
        let yaml = UNHEARD.replace("idempotence: true", acks);
        let retried = |outcome: &Outcome, name| producer(outcome, name).retried > 0.5;
        // A starved machine makes few large requests of many small ones: then none of them may meet a slow answer.
        let outcome = (0..4)
            .map(|_| live(&yaml, &Settings::plain()))
            .inspect(sound)
            .find(|outcome| retried(outcome, "edge") && retried(outcome, "cleaners-output"))
            .unwrap_or_else(|| panic!("{acks}: nothing was sent again in four runs"));
        let (edge, output) = (producer(&outcome, "edge"), producer(&outcome, "cleaners-output"));
        assert_eq!([edge.acked, edge.failed, output.failed].map(|count| count as u64), [600, 0, 0], "{acks}");
        assert_eq!(edge.duplicates > 0.5, acks != "idempotence: true", "{acks}");
        let stored = 600 + edge.duplicates as u64;
        let appended = |i: usize| outcome.result.topics[i].1.appended as u64;
        assert_eq!([appended(0), appended(1)], [stored; 2], "{acks}");
        assert_eq!(group(&outcome, "readers").processed as u64, stored, "{acks}");
    }
}
