//! Where the time goes: the stages of a record's way add up to its end-to-end latency, and each holds what it should.
use crate::play::{group, play};
use conga::outcome::result::{GroupResult, StageResult};
use conga::outcome::stages::STAGES;

const CLUSTER: &str = "brokers: 2, network: {delay: {exponential: {mean: 300us}}, bandwidth: 10 MiB/s}, \
    request: {work: {exponential: {mean: 200us}}, threads: 1}, replication: {delay: 2ms}";

/// One topic, one producer and one group, with costs everywhere.
fn scenario(producer: &str, group: &str, run: &str) -> String {
    format!(
        "topics: {{t: {{partitions: 4, replicas: 2}}}}\ncluster: {{{CLUSTER}}}\n\
         producers: {{p: {{topic: t, instances: 2, arrivals: {{poisson: {{rate: 2k/s}}}}{producer}}}}}\n\
         groups: {{g: {{topics: [t], members: 2{group}}}}}\nrun: {{{run}}}\n"
    )
}

fn mean(stages: &[StageResult], name: &str) -> f64 {
    let stage = stages.iter().find(|stage| stage.stage == name).unwrap_or_else(|| panic!("no stage {name}"));
    stage.mean_s.expect("records were processed")
}

fn sum(group: &GroupResult) -> f64 {
    assert_eq!(group.stages.iter().map(|stage| stage.stage.as_str()).collect::<Vec<_>>(), STAGES);
    STAGES.iter().map(|stage| mean(&group.stages, stage)).sum()
}

/// The stages of a group that settled add up to its mean latency, to what floating point loses.
fn adds_up(group: &GroupResult, to: f64) {
    let (sum, e2e) = (sum(group), group.e2e_s.mean.value().expect("records were processed"));
    assert!(group.backlog < 1.0, "{} are left", group.backlog);
    assert!((sum / e2e - 1.0).abs() < to, "{sum} is not {e2e}: {:?}", group.stages);
    assert!(group.stages.iter().all(|stage| stage.mean_s.is_some_and(|mean| mean >= 0.0)), "{:?}", group.stages);
}

#[test]
fn stages_add_up_to_the_mean_latency_to_the_last_nanosecond() {
    let work = ", work: {exponential: {mean: 700us}}";
    for (producer, group_keys) in [
        (", linger: 5ms", work),
        (", linger: 0s, acks: 1", work),
        (", acks: 0", ", work: 100us, workers: 3"),
        (", linger: 20ms, max_in_flight: 1", ", work: 1ms, commit: {after: poll}, poll: {max_records: 7}"),
        (", rate_limit: {messages: 2100/s, burst: 5}", work),
        (", buffer: 3000 B, batch_size: 1000 B", work),
    ] {
        let outcome = play(&scenario(producer, group_keys, "duration: 3s, drain: 60s"));
        adds_up(group(&outcome, "g"), 1e-12);
    }
}

#[test]
fn stages_add_up_along_pipelines_and_over_several_topics() {
    let yaml = format!(
        "topics: {{a: {{partitions: 4}}, b: {{partitions: 2}}, c: {{partitions: 3}}}}\ncluster: {{{CLUSTER}}}\n\
         producers:\n  p: {{topic: a, arrivals: {{poisson: {{rate: 1k/s}}}}, linger: 2ms}}\n  \
         q: {{topic: c, arrivals: {{poisson: {{rate: 500/s}}}}, linger: 7ms}}\n\
         groups:\n  first: {{topics: [a], members: 2, work: {{exponential: {{mean: 500us}}}}, output: {{topic: b}}}}\n  \
         second: {{topics: [b], members: 2, work: {{exponential: {{mean: 1ms}}}}}}\n  \
         both: {{topics: [a, c], members: 3, work: 200us, workers: 2}}\nrun: {{duration: 4s, drain: 60s}}\n"
    );
    let outcome = play(&yaml);
    for name in ["first", "second", "both"] {
        adds_up(group(&outcome, name), 1e-12);
    }
}

#[test]
fn repetitions_average_each_stage_and_give_it_an_interval() {
    let outcome = play(&scenario("", ", work: 500us", "duration: 2s, drain: 60s, repetitions: 3"));
    adds_up(group(&outcome, "g"), 1e-12);
    let interval = outcome.result.intervals.iter().find(|(path, _)| path == "groups.g.stages.accept.mean_s");
    assert!(interval.is_none(), "what is always nothing does not vary");
    let (_, fetch) = outcome
        .result
        .intervals
        .iter()
        .find(|(path, _)| path == "groups.g.stages.fetch.mean_s")
        .expect("waiting for a fetch does");
    assert!(fetch.low < fetch.value && fetch.value < fetch.high);
    assert_eq!(fetch.value, Some(mean(&group(&outcome, "g").stages, "fetch")));
}

#[test]
fn a_warm_up_is_left_out_but_for_what_is_under_way_when_it_ends() {
    let keys = (", linger: 5ms", ", work: {exponential: {mean: 700us}}");
    let outcome = play(&scenario(keys.0, keys.1, "duration: 20s, warmup: 10s, drain: 60s"));
    adds_up(group(&outcome, "g"), 0.01);
    assert_eq!((outcome.result.warmup_s, outcome.result.duration_s, outcome.result.window_s), (10.0, 20.0, 10.0));
}

#[test]
fn each_stage_holds_what_its_cause_says() {
    let of = |producer: &str, keys: &str| {
        let outcome = play(&scenario(producer, keys, "duration: 5s, drain: 60s"));
        group(&outcome, "g").stages.clone()
    };
    let usual = of("", ", work: 100us");
    assert!((mean(&usual, "work") - 100e-6).abs() < 1e-12);
    assert!(mean(&usual, "accept") < 1e-12, "nothing is held back");
    // Replication is slow for all requests alike, and the followers need the handler's answer first.
    assert!(mean(&usual, "replicate") > 2e-3 && mean(&usual, "replicate") < 20e-3, "{usual:?}");
    let lingering = of(", linger: 200ms, batch_size: 1 MB", ", work: 100us");
    assert!(mean(&lingering, "batch") > 80e-3 && mean(&usual, "batch") < 30e-3, "{lingering:?}");
    let limited = of(", rate_limit: {messages: 1k/s, burst: 1}", ", work: 100us");
    assert!(mean(&limited, "accept") > 1.0, "half of what is due has to wait for seconds: {limited:?}");
    let busy = of("", ", work: 990us");
    assert!(mean(&busy, "poll") + mean(&busy, "queue") > 5.0 * mean(&usual, "queue"), "{busy:?}");
}

#[test]
fn what_is_open_at_the_end_counts_until_then() {
    // One record every millisecond, each takes two: half are done at the end, and the others waited half the time.
    let outcome = play(
        "topics: {t: {partitions: 1}}\ncluster: {ideal: true}\n\
         producers: {p: {topic: t, arrivals: {constant: {rate: 1k/s}}, linger: 0s}}\n\
         groups: {g: {topics: [t], members: 1, work: 2ms}}\nrun: {duration: 10s}\n",
    );
    let group = group(&outcome, "g");
    let held: f64 = group.stages.iter().filter_map(|stage| stage.records_mean).sum();
    assert!((held - group.lag.mean.expect("there is one")).abs() < 1.01, "all but one in work is lag: {held}");
    assert!((sum(group) / 5.0 - 1.0).abs() < 0.01, "2,500 records on average, 500 done a second: {}", sum(group));
}

#[test]
fn when_a_run_is_over_does_not_depend_on_when_it_is_looked_at() {
    // Two workers, and a commit between polls: the slower one is done while the answer is under way.
    let ends = |interval: &str| {
        let outcome = play(&format!(
            "topics: {{t: {{partitions: 3}}}}\ncluster: {{brokers: 1}}\n\
             producers: {{p: {{topic: t, messages: 2, arrivals: {{constant: {{rate: 35/s}}}}}}}}\ngroups:\n  \
             fast: {{topics: [t], members: 1, fetch: {{max_wait: 1ms, min_bytes: 0 B}}}}\n  \
             g: {{topics: [t], members: 1, workers: 2, work: {{exponential: {{mean: 100us}}}}, commit: {{after: poll}}, \
             start: cold, offset_reset: earliest, heartbeat: 1s}}\nrun: {{seed: 1, interval: {interval}}}\n"
        ));
        outcome.result.duration_s.to_string()
    };
    assert_eq!([ends("100ms"), ends("300ms")], [ends("1s"), ends("1s")]);
}
