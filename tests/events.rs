//! Events as stories: what befalls members and the network, and what becomes of the records.
//!
//! Members that are gone come back here by themselves, and nobody takes over meanwhile: groups of one member each.
mod once;
mod overlaps;

use crate::play::{group, plan, play};
use conga::outcome::result::{Figure, GroupResult, Outcome};
use conga::report::plot::Format;

/// One partition, one member, a millisecond a record at half of what it can do.
fn scenario(keys: &str, events: &str) -> String {
    format!(
        "topics: {{t: {{partitions: 1}}, dead: {{partitions: 1}}}}\ncluster: {{ideal: true}}\n\
         producers: {{p: {{topic: t, linger: 0s, arrivals: {{constant: {{rate: 500/s}}}}}}}}\n\
         groups: {{g: {{topics: [t], members: 1, work: 1ms{keys}}}}}\n\
         run: {{duration: 40s, drain: 5m, seed: 3}}\nevents:\n{events}"
    )
}

/// Every record is accounted for, and no law is broken.
#[expect(clippy::float_cmp, reason = "counts: whole numbers below 2^53, which add up exactly")]
fn sound(text: &str) -> Outcome {
    let outcome = play(text);
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new(), "{text}");
    let g = group(&outcome, "g");
    let appended = outcome.result.topics[1].1.appended.max(outcome.result.topics[0].1.appended);
    assert!(appended > 15_000.0, "{text}");
    assert_eq!(appended, g.processed + g.dead_lettered + g.lost + g.backlog, "{text}");
    outcome
}

fn value(figure: Figure) -> f64 {
    figure.value().expect("known")
}

fn near(found: f64, wanted: f64, within: f64) {
    assert!((found - wanted).abs() <= within, "{found} instead of {wanted} ± {within}");
}

fn latency(g: &GroupResult) -> [f64; 2] {
    [value(g.e2e_s.p50), value(g.e2e_s.max)]
}

#[test]
fn what_a_killed_member_had_not_committed_comes_again() {
    let outcome = sound(&scenario(", static: true", " - {at: 14s, crash: groups.g.0, for: 5s}\n"));
    let g = group(&outcome, "g");
    // Commits every 5 s: the last was at 10 s, of what was processed until then.
    near(g.duplicates, 4.0 * 500.0, 20.0);
    // Half of its time is left over: doing 2,000 again takes it two seconds more.
    near(g.lag.max.expect("known"), 7.0 * 500.0, 20.0);
    near(latency(g)[1], 5.0 + 4.0 * 0.5, 0.1);
    let event = &outcome.result.events[0];
    assert_eq!((event.what.as_str(), event.target.as_str()), ("crash", "groups.g.0"));
    near(event.at_s, 14.0, 1e-9);
}

#[test]
fn a_member_that_ends_in_good_order_repeats_nothing() {
    let outcome = sound(&scenario("", " - {at: 14s, restart: groups.g.0, for: 5s}\n"));
    let g = group(&outcome, "g");
    near(g.duplicates, 0.0, 0.0);
    near(latency(g)[1], 5.0, 0.1);
}

#[test]
fn one_that_commits_first_loses_what_it_had_polled_and_repeats_nothing() {
    let text = scenario(", commit: {before: work}", " - {at: 14.15s, crash: groups.g.0, for: 1s}\n");
    let text = text
        .replace("arrivals: {constant: {rate: 500/s}}", "arrivals: {batches: {rate: 5/s, size: 100}}, messages: 20k");
    let (mut lost, mut duplicates) = (0.0, 0.0);
    for seed in 1..=20 {
        let outcome = sound(&text.replace("seed: 3", &format!("seed: {seed}")));
        let g = group(&outcome, "g");
        near(g.lost, g.lost_by.committed_unprocessed, 0.0);
        (lost, duplicates) = (lost + g.lost, duplicates + g.duplicates);
    }
    assert!(lost > 0.0, "somebody was killed at work");
    near(duplicates, 0.0, 0.0);
}

#[test]
fn nothing_is_lost_or_repeated_where_a_member_only_stands_still() {
    let outcome = sound(&scenario("", " - {at: 10s, pause: groups.g, for: 3s}\n"));
    let g = group(&outcome, "g");
    near(g.duplicates, 0.0, 0.0);
    near(latency(g)[1], 3.0, 0.01);
    near(g.lag.max.expect("known"), 1500.0, 5.0);
    // Half of its time is left over: as long again as it stood still.
    let still = |at: f64| outcome.series.iter().rfind(|row| row.interval.end_s <= at).expect("rows").groups[0].lag;
    assert!(still(15.5) > 10 && still(16.5) < 10, "{} {}", still(15.5), still(16.5));
}

#[test]
fn a_slow_member_is_slow_for_so_long_and_no_longer() {
    let outcome = sound(&scenario("", " - {at: 10s, slow: groups.g.0, by: 4, for: 10s}\n"));
    let g = group(&outcome, "g");
    // It does 250 of 500 a second for 10 s.
    near(g.lag.max.expect("known"), 2500.0, 10.0);
    near(latency(g)[0], 0.001, 0.004);
    let [usual, slow] = [1e-3, 4e-3];
    near(value(g.work_s.min), usual, 2e-5);
    near(value(g.work_s.max), slow, 1e-4);
}

#[test]
fn several_workers_stand_still_and_slow_down_alike() {
    for event in ["pause: groups.g, for: 3s", "slow: groups.g, by: 4, for: 3s"] {
        let outcome = sound(&scenario(", workers: 3", &format!(" - {{at: 10s, {event}}}\n")));
        near(group(&outcome, "g").duplicates, 0.0, 0.0);
    }
}

#[test]
fn a_record_that_never_succeeds_blocks_its_partition_where_it_is_tried_for_ever() {
    let events = " - {at: 10s, poison: topics.t, share: 100%, for: 2ms}\n";
    let outcome = sound(&scenario(", retry: {attempts: forever}", events));
    let g = group(&outcome, "g");
    near(g.processed, 10.0 * 500.0, 1.0);
    near(g.backlog, 30.0 * 500.0, 1.0);
}

#[test]
fn what_is_given_up_is_skipped_or_goes_where_dead_letters_go() {
    let events = " - {at: 10s, poison: topics.t, share: 20%, for: 10s}\n";
    let skipped = sound(&scenario(", retry: {attempts: 3}", events));
    let g = group(&skipped, "g");
    near(g.lost, 1000.0, 120.0);
    near(g.lost_by.committed_unprocessed, g.lost, 0.0);
    near(g.attempts, g.processed + 3.0 * g.lost, 0.0);
    let sent = sound(&scenario(", retry: {attempts: 3}, dead_letter: {topic: dead}", events));
    let g = group(&sent, "g");
    near(g.lost, 0.0, 0.0);
    near(g.dead_lettered, group(&skipped, "g").lost, 0.0);
    near(sent.result.topics[1].1.appended, g.dead_lettered, 0.0);
}

#[test]
fn attempts_are_those_of_the_formula_and_wait_as_long_as_they_are_told() {
    for (chance, most) in [(0.5, Some(3)), (0.2, None), (0.8, Some(5))] {
        let attempts = most.map_or("forever".into(), |most: i32| most.to_string());
        let keys = format!(", retry: {{attempts: {attempts}}}");
        let text =
            scenario(&keys, &format!(" - {{at: 0s, poison: topics.t, share: 100%, fails: {}%}}\n", chance * 100.0));
        let outcome = sound(&text.replace("work: 1ms", "work: 10us"));
        let g = group(&outcome, "g");
        let mean = g.attempts / (g.processed + g.lost);
        let power = most.map_or(0.0, |most| f64::powi(chance, most));
        near(mean, (1.0 - power) / (1.0 - chance), 0.03);
    }
    let waits = ", retry: {attempts: 4, backoff: 100ms, backoff_max: 150ms}";
    let outcome = sound(&scenario(waits, " - {at: 10s, poison: topics.t, share: 100%, for: 2ms, fails: 3}\n"));
    // Four attempts, and 100, 150 and 150 ms between them.
    near(value(group(&outcome, "g").work_s.max), 0.404, 1e-3);
}

#[test]
fn a_bad_way_is_slow_or_lossy_or_shut_for_so_long() {
    let base = |event: &str| scenario("", event).replace("ideal: true", "ideal: true, network: {delay: 1ms}");
    let max = |event: &str| latency(group(&sound(&base(event)), "g"))[1];
    let usual = max(" - {at: 10s, slow: groups.g, by: 1}\n");
    near(max(" - {at: 10s, delay: [groups.g, brokers.0], add: 50ms, for: 1s}\n"), 3.0 * 0.05 + usual, 0.02);
    near(max(" - {at: 10s, cut: [brokers, groups.g.0], for: 2s}\n"), 2.0, 0.02);
    let lossy = max(" - {at: 10s, lose: [groups.g, brokers.0], share: 10%, for: 5s}\n");
    assert!((0.2..3.0).contains(&lossy), "{lossy}");
}

#[test]
fn groups_grow_and_shrink_and_restart_one_by_one() {
    let text = scenario("", " - {at: 5s, scale: groups.g, to: 3}\n - {at: 10s, scale: groups.g, to: 1}\n");
    let rolling = " - {at: 5s, every: 10s, deploy: groups.g, for: 1s, gap: 2s}\n";
    for text in [
        text,
        scenario("", rolling).replace("members: 1", "members: 3").replace("t: {partitions: 1}", "t: {partitions: 6}"),
    ] {
        let outcome = sound(&text);
        near(group(&outcome, "g").backlog, 0.0, 0.0);
        near(group(&outcome, "g").duplicates, 0.0, 0.0);
    }
}

#[test]
fn what_is_drawn_is_another_in_each_repetition_and_the_same_each_time() {
    let text = scenario("", " - {at: {uniform: {min: 5s, max: 30s}}, crash: groups.g.any, for: 1s}\n");
    let plan = plan(&text);
    let times: Vec<_> = (0..5).map(|i| plan.repetition(i).timetable()[0].0).collect();
    assert!(times.windows(2).all(|pair| pair[0] != pair[1]), "{times:?}");
    let run = |text: &str| serde_json::to_string(&sound(text).result).expect("plain data");
    assert_eq!(run(&text), run(&text));
}

/// Everything that is wrong with events is told at once, each with its place.
#[test]
fn what_does_not_go_together_is_told() {
    let events = "
 - {at: 1s}
 - {at: 1s, crash: groups.g.0, pause: groups.g.0}
 - {at: 1s, crash: groups.h}
 - {at: 1s, crash: groups.g.7}
 - {at: 1s, crash: groups.g.first}
 - {at: 1s, pause: groups.g}
 - {at: 1s, slow: groups.g, for: 1s}
 - {at: 1s, slow: groups.g, by: 2, to: 3}
 - {at: 1s, scale: groups.g.0, to: 3}
 - {at: 1s, pause: brokers.3, for: 1s}
 - {at: 1s, join: groups.g.any}
 - {at: 1s, cut: [groups.g, brokers]}
 - {at: 1s, lose: [groups.g, brokers], share: 100%}
 - {at: 1s, poison: topics.x, share: 1%}
 - {at: 1s, poison: topics.t, share: 1%, fails: sometimes}
 - {at: 1s, crashes: groups.g}
";
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("events.yaml");
    std::fs::write(&path, scenario("", events)).expect("a writable folder");
    let told = match conga::scenario::load(&path, &[]) {
        Err(problems) => problems.to_string(),
        Ok(_) => panic!("an unknown key is refused"),
    };
    insta::assert_snapshot!("schema", told.replace(&format!("{}/", folder.path().display()), ""));
    let known = |line: &&str| !line.contains("sometimes") && !line.contains("crashes");
    let left = events.lines().filter(known).collect::<Vec<_>>().join("\n") + "\n";
    std::fs::write(&path, scenario("", &left)).expect("a writable folder");
    let read = conga::scenario::load(&path, &[]).expect("keys and values are right");
    let told = conga::plan::build::plan(&read).expect_err("they do not go together").to_string();
    insta::assert_snapshot!("plan", told.replace(&format!("{}/", folder.path().display()), ""));
}

#[test]
fn marks_that_would_lie_over_each_other_are_told_together() {
    let events = " - {at: 10s, pause: groups.g, for: 1s}\n - {at: 10s, slow: groups.g, by: 2, for: 1s}\n\
                  \u{20}- {at: 30s, pause: groups.g, for: 1s}\n";
    let outcome = sound(&scenario("", events));
    let charts = conga::report::charts::all(&outcome);
    let lag = charts.iter().find(|chart| chart.file == "lag").expect("there is lag");
    for format in [Format::WIDE, Format::NARROW] {
        let svg = lag.plot.svg(format);
        assert!(svg.contains("1–2") && svg.contains('3'), "{svg}");
    }
}
