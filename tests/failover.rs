//! Brokers that crash, restart, end in good order, hang and cannot reach each other: what is unavailable for how long, and
//! what is lost. The gallery's `broker-failover` and `min-isr-unavailable` are here, by their signatures.
use crate::play::{group, play, producer};
use conga::outcome::result::{GroupResult, Outcome, ProducerResult};

/// Seeds over which a statistical signature has to hold.
const SEEDS: u64 = 20;

/// One topic on three brokers.
struct Story {
    topic: &'static str,
    cluster: &'static str,
    client: &'static str,
    rate: &'static str,
    events: &'static str,
}

const CALM: Story = Story {
    topic: "replicas: 3, min_insync: 2",
    cluster: "",
    client: "",
    rate: "100/s",
    events: "[{at: {uniform: {min: 15s, max: 17s}}, crash: brokers.1, for: 30s}]",
};

/// A network that keeps a message for long enough that much is under way.
const FAR: &str = ", network: {delay: 20ms}";

impl Story {
    #[expect(clippy::float_cmp, reason = "counts: whole numbers below 2^53, which add up exactly")]
    fn play(&self, seed: u64) -> Outcome {
        let Self { topic, cluster, client, rate, events } = self;
        let text = format!(
            "topics: {{orders: {{partitions: 3, {topic}}}}}\ncluster: {{brokers: 3{cluster}}}\n\
             producers: {{shop: {{topic: orders, instances: 2, arrivals: {{poisson: {{rate: {rate}}}}}{client}}}}}\n\
             groups: {{workers: {{topics: [orders], members: 3, work: 100us}}}}\n\
             events: {events}\nrun: {{duration: 60s, drain: 2m, seed: {seed}}}\n"
        );
        let outcome = play(&text);
        assert_eq!(outcome.result.broken_laws, Vec::<String>::new(), "{text}");
        let (shop, workers) = (shop(&outcome), workers(&outcome));
        assert_eq!(shop.sent, shop.acked + shop.failed + shop.in_flight, "{text}");
        let appended = outcome.result.topics[0].1.appended;
        assert_eq!(appended, workers.processed + workers.lost + workers.backlog, "{text}");
        assert_eq!(workers.lost, workers.lost_by.truncation, "{text}");
        outcome
    }
}

fn shop(outcome: &Outcome) -> &ProducerResult {
    producer(outcome, "shop")
}

fn workers(outcome: &Outcome) -> &GroupResult {
    group(outcome, "workers")
}

/// The longest that a record waited for its acknowledgement.
fn longest(outcome: &Outcome) -> f64 {
    shop(outcome).publish_s.max.value().expect("something was acknowledged")
}

fn leaders(outcome: &Outcome) -> Vec<u32> {
    outcome.result.brokers.iter().map(|(_, broker)| broker.leaders).collect()
}

#[test]
fn a_crashed_broker_is_missed_for_as_long_as_its_session_lasts() {
    for seed in 1..=SEEDS {
        let outcome = CALM.play(seed);
        let gap = longest(&outcome);
        // Heartbeats are 2 s apart and the session lasts 9; then clients ask again within a second.
        assert!((7.0..=10.0).contains(&gap), "seed {seed}: {gap} s");
        let (shop, workers) = (shop(&outcome), workers(&outcome));
        assert!(shop.failed + shop.in_flight + workers.lost + workers.backlog < 0.5, "seed {seed}: {shop:?}");
        assert!(shop.duplicates + shop.out_of_order < 0.5, "seed {seed}: {shop:?}");
        assert_eq!(leaders(&outcome), [1, 0, 2], "the next replica leads, and goes on");
    }
}

#[test]
fn a_session_that_ends_sooner_is_a_shorter_gap() {
    let quick = Story { cluster: ", replication: {session_timeout: 3s, heartbeat: 500ms}", ..CALM };
    let gap = longest(&quick.play(1));
    assert!((2.5..=4.0).contains(&gap), "{gap} s");
}

#[test]
fn what_is_acknowledged_by_all_in_sync_is_never_lost() {
    let all = Story { client: ", linger: 0s", cluster: FAR, rate: "1k/s", ..CALM };
    let mut retried = 0.0;
    for seed in 1..=3 {
        let outcome = all.play(seed);
        let (shop, workers) = (shop(&outcome), workers(&outcome));
        retried += shop.retried;
        assert!(workers.lost < 0.5 && shop.failed < 0.5, "seed {seed}: {:?}", workers.lost_by);
        assert!(shop.duplicates + shop.out_of_order < 0.5, "the new leader knows what it has: {shop:?}");
    }
    assert!(retried > 0.5, "something was under way");
}

#[test]
fn what_only_the_leader_had_is_lost_with_it() {
    let one = Story { client: ", linger: 0s, acks: 1", cluster: FAR, rate: "1k/s", ..CALM };
    let lost: f64 = (1..=5).map(|seed| workers(&one.play(seed)).lost).sum();
    // Some 20 ms of a third of the records, each time.
    assert!(lost > 0.5 && lost < 5.0 * 100.0, "{lost}");
    let none = Story { client: ", linger: 0s, acks: 0", cluster: FAR, rate: "1k/s", ..CALM };
    let outcome = none.play(1);
    let (shop, appended) = (shop(&outcome), outcome.result.topics[0].1.appended);
    assert!(shop.acked > appended + 0.5, "what is sent to nobody is gone: {} of {appended}", shop.acked);
}

#[test]
fn without_sequence_numbers_a_move_repeats_and_reorders() {
    let plain = Story { client: ", linger: 0s, idempotence: false", cluster: FAR, rate: "1k/s", ..CALM };
    let outcomes: Vec<Outcome> = (1..=5).map(|seed| plain.play(seed)).collect();
    let sum = |figure: fn(&ProducerResult) -> f64| outcomes.iter().map(|outcome| figure(shop(outcome))).sum::<f64>();
    assert!(sum(|shop| shop.out_of_order) > 0.5, "requests that were lost together come back the other way round");
    assert!(outcomes.iter().all(|outcome| workers(outcome).lost < 0.5));
}

#[test]
fn a_broker_that_ends_in_good_order_is_hardly_missed() {
    let story = Story { events: "[{at: 15s, restart: brokers.1, for: 20s}]", ..CALM };
    let mut gaps: Vec<f64> = (1..=SEEDS).map(|seed| longest(&story.play(seed))).collect();
    gaps.sort_by(f64::total_cmp);
    // A retry and a fetch that was waiting; where a follower asked before its leader knew, a second more.
    assert!(gaps[SEEDS as usize / 4] < 0.3 && gaps[SEEDS as usize - 1] < 2.0, "{gaps:?}");
}

#[test]
fn a_broker_that_is_back_before_its_session_ends_waits_for_that() {
    let outcome = Story { events: "[{at: 15s, crash: brokers.1, for: 1s}]", ..CALM }.play(1);
    assert!((7.0..=10.0).contains(&longest(&outcome)), "{} s", longest(&outcome));
}

#[test]
fn preferred_leaders_lead_again_after_five_minutes() {
    let text = "topics: {orders: {partitions: 3, replicas: 3}}\ncluster: {brokers: 3}\n\
                producers: {shop: {topic: orders, arrivals: {constant: {rate: 10/s}}}}\n\
                groups: {workers: {topics: [orders], members: 3, work: 100us}}\n\
                events: [{at: 15s, restart: brokers.1, for: 20s}]\nrun: {duration: 310s, drain: 1m}\n";
    let outcome = play(text);
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new());
    assert_eq!(leaders(&outcome), [1, 1, 1]);
}

/// A run without a broken law.
fn lawful(text: &str) -> Outcome {
    let outcome = play(text);
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new(), "{text}");
    outcome
}

/// Partition 1 goes back to its preferred leader at 300 s.
fn handed_back(cluster: &str, (rate, acks): (&str, &str), seed: u64) -> Outcome {
    lawful(&format!(
        "topics: {{orders: {{partitions: 3, replicas: 3}}}}\ncluster: {{brokers: 3{cluster}}}\n\
         producers: {{shop: {{topic: orders, instances: 4, linger: 0s, acks: {acks}, arrivals: {{constant: {{rate: {rate}}}}}}}}}\n\
         groups: {{workers: {{topics: [orders], members: 3, work: 100us}}}}\n\
         events: [{{at: 15s, restart: brokers.1, for: 20s}}]\nrun: {{duration: 302s, drain: 1m, seed: {seed}}}\n"
    ))
}

#[test]
fn what_is_at_work_when_leadership_moves_is_refused_and_not_forgotten() {
    let outcome = handed_back(", request: {work: 100ms, threads: 8}", ("50/s", "all"), 1);
    assert_eq!(leaders(&outcome), [1, 1, 1]);
    assert!(longest(&outcome) < 5.0, "nobody waits until a request times out: {} s", longest(&outcome));
    assert!(workers(&outcome).lost + shop(&outcome).failed + shop(&outcome).duplicates < 0.5);
}

#[test]
fn a_leader_begins_when_the_one_before_it_has_heard() {
    // Messages take longer one time and shorter another.
    for (acks, seed) in [("1", 2), ("1", 5), ("0", 2), ("all", 2)] {
        let outcome = handed_back(", network: {delay: {exponential: {mean: 200ms}}}", ("200/s", acks), seed);
        assert_eq!(leaders(&outcome), [1, 1, 1]);
    }
}

#[test]
fn copies_that_went_apart_twice_are_cut_back_to_what_they_share() {
    // Broker 1 leads without the last half second of broker 0, broker 2 with it, and without what 1 wrote meanwhile.
    let outcome = lawful(
        "topics: {orders: {partitions: 1, replicas: 3}}\ncluster: {brokers: 3}\n\
         producers: {shop: {topic: orders, arrivals: {constant: {rate: 100/s}}, acks: 1, linger: 0s}}\n\
         groups: {workers: {topics: [orders], members: 1, work: 100us}}\n\
         events:\n - {at: 9500ms, cut: [brokers.0, brokers.1], for: 5s}\n - {at: 10s, crash: brokers.0, for: 40s}\n \
         - {at: 10s, cut: [brokers.1, brokers.2], for: 20s}\n - {at: 25s, crash: brokers.1, for: 12s}\n\
         run: {duration: 60s, drain: 1m}\n",
    );
    let workers = workers(&outcome);
    assert_eq!(workers.lost.to_bits(), workers.lost_by.truncation.to_bits());
    // What came from 10 s to 25 s, and not what came in the half second before.
    assert!((1_485.0..=1_515.0).contains(&workers.lost), "{}", workers.lost);
}

#[test]
fn what_a_handler_is_not_done_with_holds_up_what_comes_behind_it() {
    let outcome = lawful(
        "topics: {orders: {partitions: 1}}\n\
         cluster: {brokers: 1, request: {work: 100us, per_kib: 10ms, threads: 4}, replication: {lag_max: 30s}}\n\
         producers:\n  bulk: {topic: orders, batch_size: 64 KiB, max_in_flight: 1, linger: 400ms, message: {size: 1 KiB}, arrivals: {constant: {rate: 95/s}}}\n  \
         shop: {topic: orders, linger: 0s, message: {size: 10 B}, arrivals: {constant: {rate: 100/s}}}\n\
         groups: {workers: {topics: [orders], members: 1, work: 1us}}\nrun: {duration: 30s, drain: 1m}\n",
    );
    let (bulk, middle) = (producer(&outcome, "bulk").publish_s.p50.value(), workers(&outcome).e2e_s.p50.value());
    assert!(bulk > Some(0.3), "a request of {bulk:?} s is nearly always at work");
    assert!(middle > Some(0.05), "and small ones do not pass it: {middle:?} s");
}

#[test]
fn with_as_many_in_sync_as_there_are_copies_nothing_is_written_during_an_outage() {
    let outage = "[{at: 15s, crash: brokers.1, for: 30s}]";
    let two = Story { topic: "replicas: 2, min_insync: 2", events: outage, ..CALM }.play(1);
    // Partitions 0 and 1 have a copy there; both come back with it, and with what was kept meanwhile.
    assert!((29.0..=33.0).contains(&longest(&two)), "{} s", longest(&two));
    assert!(workers(&two).lost + shop(&two).failed < 0.5);
    let three = Story { events: outage, ..CALM }.play(1);
    assert!(longest(&three) <= 10.0, "a third copy makes the difference: {} s", longest(&three));
}

#[test]
fn a_follower_that_is_not_heard_holds_up_writes_until_it_counts_as_gone() {
    let cut =
        Story { events: "[{at: {uniform: {min: 10s, max: 20s}}, cut: [brokers.1, brokers.2], for: 60s}]", ..CALM };
    for seed in 1..=SEEDS {
        let held = longest(&cut.play(seed));
        // `replica.lag.time.max.ms` is looked at every 15 s; a request that is not answered is sent again after 30 s.
        assert!((30.0..=46.0).contains(&held), "seed {seed}: {held} s");
    }
}

#[test]
fn a_broker_that_hangs_is_fenced_and_follows_when_it_goes_on() {
    let long = Story { events: "[{at: 15s, pause: brokers.1, for: 40s}]", ..CALM }.play(1);
    // Clients that wait for an answer notice after `request.timeout.ms`.
    assert!((29.0..=32.0).contains(&longest(&long)), "{} s", longest(&long));
    assert!(workers(&long).lost + shop(&long).duplicates < 0.5);
    let short = Story { events: "[{at: 15s, pause: brokers.1, for: 4s}]", ..CALM }.play(1);
    assert_eq!(leaders(&short), [1, 1, 1], "nobody takes it for gone");
}

#[test]
fn one_fault_after_another_breaks_no_law() {
    let storm = "[{at: 7s, every: 25s, crash: brokers.0, for: 5s}, {at: 16s, every: 17s, crash: brokers.1, for: 3s}, \
                  {at: 18s, every: 13s, pause: brokers.2, for: 11s}, {at: 30s, crash: groups.workers.1, for: 5s}]";
    for client in ["", ", acks: 1", ", acks: 0", ", idempotence: false"] {
        for seed in 1..=3 {
            let outcome = Story { client, events: storm, topic: "replicas: 3", ..CALM }.play(seed);
            assert!(workers(&outcome).processed > 1_000.0, "{client}");
        }
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let text = |outcome: &Outcome| serde_json::to_string(&outcome.result).expect("a result is plain data");
    assert_eq!(text(&CALM.play(7)), text(&CALM.play(7)));
}

#[test]
fn what_cannot_be_is_refused_with_a_remedy() {
    let problems = |text: &str| {
        let text = format!(
            "producers: {{p: {{topic: t, arrivals: {{constant: {{rate: 1/s}}}}}}}}\nrun: {{duration: 1s}}\n{text}"
        );
        let scenario = conga::scenario::parse(&text, "test.yaml", None, &[]).expect("a scenario");
        let refused = conga::plan::build::plan(&scenario).err();
        refused.map(|problems| problems.to_string()).unwrap_or_default()
    };
    for (text, words) in [
        ("topics: {t: {partitions: 1, min_insync: 2}}", "never there: the topic has 1"),
        ("topics: {t: {partitions: 1}}\nevents: [{at: 0s, slow: brokers.0, by: 2}]", "as slow as its disk"),
        ("topics: {t: {partitions: 1}}\nevents: [{at: 0s, crash: brokers.1}]", "there is no broker `1`"),
        ("topics: {t: {partitions: 1}}\ncluster: {replication: {heartbeat: 9s}}", "less often than"),
        (
            "topics: {t: {partitions: 1, retention: {time: 1h}}}\nevents: [{at: 0s, crash: brokers.0}]",
            "nothing is deleted in simulations in which brokers can fail",
        ),
    ] {
        assert!(problems(text).contains(words), "{text}: {}", problems(text));
    }
}
