//! Brokers that crash, restart, end in good order and hang: what is unavailable for how long, and what is lost.
use crate::play::{group, play, producer};
use conga::outcome::result::Outcome;

/// One topic on three brokers, written and read at an even rate.
fn three(topic: &str, client: &str, events: &str, run: &str) -> String {
    format!(
        "topics: {{orders: {{partitions: 3, replicas: 3{topic}}}}}\ncluster: {{brokers: 3}}\n\
         producers: {{shop: {{topic: orders, arrivals: {{constant: {{rate: 300/s}}}}{client}}}}}\n\
         groups: {{workers: {{topics: [orders], members: 3, work: 100us}}}}\n\
         events:\n{events}run: {{duration: 60s, drain: 60s{run}}}\n"
    )
}

#[expect(clippy::float_cmp, reason = "counts: whole numbers below 2^53, which add up exactly")]
fn sound(text: &str) -> Outcome {
    let outcome = play(text);
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new(), "{text}");
    let (shop, workers) = (producer(&outcome, "shop"), group(&outcome, "workers"));
    assert_eq!(shop.sent, shop.acked + shop.failed + shop.in_flight, "{text}");
    let appended = outcome.result.topics[0].1.appended;
    assert_eq!(appended, workers.processed + workers.lost + workers.backlog, "{text}");
    outcome
}

#[test]
fn a_crashed_broker_is_missed_until_its_session_ends() {
    let outcome = sound(&three(", min_insync: 2", "", "  - {at: 20s, crash: brokers.1, for: 20s}\n", ""));
    let shop = producer(&outcome, "shop");
    eprintln!("{:#?}", shop);
    eprintln!("{:#?}", group(&outcome, "workers"));
    eprintln!("{:#?}", outcome.result.brokers);
}
