//! Retention as stories: what is deleted before a group gets it is lost to that group, counted, and nothing else is.
use crate::play::{group, plan, play};
use crate::swarm::differences;
use conga::engine::{Watch, run};
use conga::model::log::{Log, Lost, Retention};
use conga::model::protocol::{Extra, NO_KEY, Parcel, Record};
use conga::outcome::result::{GroupResult, Outcome};
use conga::units::{Span, Time};

/// A thousand records a second for a minute, each a batch of its own.
fn scenario(retention: &str, groups: &str) -> String {
    format!(
        "topics: {{t: {{partitions: 4{retention}}}}}\ncluster: {{ideal: true}}\n\
         producers: {{p: {{topic: t, partitioner: round-robin, linger: 0s, arrivals: {{constant: {{rate: 1k/s}}}}}}}}\n\
         groups: {{{groups}}}\nrun: {{duration: 60s}}\n"
    )
}

fn sound(text: &str) -> Outcome {
    let outcome = play(text);
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new());
    let appended = outcome.result.topics.iter().map(|(_, topic)| topic.appended).sum::<f64>();
    for (name, group) in &outcome.result.groups {
        let accounted = group.processed + group.dead_lettered + group.lost + group.backlog;
        assert!((accounted - appended).abs() < 0.5, "{name}: {accounted} of {appended}");
        assert!((group.lost - group.lost_by.retention).abs() < 0.5);
        assert_eq!(group.lag.r#final, Some(group.backlog));
    }
    outcome
}

fn about(value: f64, wanted: f64, off: f64) {
    assert!((value - wanted).abs() <= off, "{value} instead of {wanted}");
}

/// Bytes of a batch of one record of 100 bytes.
const BATCH: f64 = 168.0;

#[test]
fn who_comes_late_has_lost_what_was_too_old_then() {
    let late = "g: {topics: [t], members: 2, starts: 30050ms}, always: {topics: [t], members: 1}";
    let outcome = sound(&scenario(", retention: {time: 10s, check: 100ms}", late));
    let g = group(&outcome, "g");
    // The last look before it came was after 30 s, at what was older than 10 s.
    about(g.lost, 20_000.0, 1.0);
    about(g.processed, 40_000.0, 2.0);
    assert!(group(&outcome, "always").lost == 0.0, "who keeps up loses nothing");
    let kept = sound(&scenario("", late));
    assert!(group(&kept, "g").lost == 0.0 && group(&kept, "g").processed > 59_990.0);
    // It waits, and is late, only for what there was.
    about(g.e2e_s.max.value().expect("there are many"), 10.05, 0.05);
}

#[test]
fn who_never_comes_loses_all_but_what_is_kept() {
    let down = |retention: &str| {
        let outcome = sound(&scenario(retention, "g: {topics: [t], members: 1, starts: 1h}"));
        let of: &GroupResult = group(&outcome, "g");
        assert!(of.processed == 0.0 && of.lost > 0.0);
        of.backlog
    };
    about(down(", retention: {time: 10s}"), 10_000.0, 101.0);
    about(down(", retention: {time: 10s, check: 7s}"), 14_000.0, 2.0);
    // 50 kB a partition and what came since the last look; with segments up to one more of them.
    let a_second = 1_000.0;
    let partitions = 4.0 * 50e3 / BATCH;
    about(down(", retention: {size: 50 kB}"), partitions + a_second / 2.0, a_second / 2.0 + 8.0);
    about(down(", retention: {size: 50 kB, check: 10ms}"), partitions, 15.0);
    let segments = down(", retention: {size: 50 kB, segment: 40 kB, check: 10ms}");
    about(segments, partitions + 4.0 * 20e3 / BATCH, 4.0 * 20e3 / BATCH + 15.0);
    assert!(segments > partitions + 20.0, "{segments} are no more than without segments");
    // Whichever is less.
    about(down(", retention: {time: 1s, size: 50 kB, check: 10ms}"), 1_000.0, 15.0);
}

#[test]
fn who_is_too_slow_jumps_and_is_never_much_later_than_what_is_kept() {
    let slow = "g: {topics: [t], members: 1, work: 2ms, fetch: {max_partition_bytes: 8 KiB}}";
    let outcome = sound(&scenario(", retention: {time: 5s}", slow));
    let g = group(&outcome, "g");
    about(g.processed, 30_000.0, 50.0);
    assert!(g.lost > 20_000.0, "{} lost", g.lost);
    let oldest = g.e2e_s.max.value().expect("there are many");
    assert!(oldest < 7.0, "{oldest} s, of which 5 s are kept and two fetches are in its hands");
    let patient = sound(&scenario("", slow));
    assert!(group(&patient, "g").e2e_s.max.value() > Some(25.0));
}

#[test]
fn a_fetch_that_waits_for_more_hears_that_its_offset_is_gone() {
    // It asks for more than is ever kept, and would wait an hour.
    let greedy = "g: {topics: [t], members: 1, fetch: {min_bytes: 10 MB, max_wait: 1h, max_partition_bytes: 10 MB}}";
    let outcome = sound(&scenario(", retention: {time: 10s}", greedy));
    let g = group(&outcome, "g");
    assert!(g.fetches > 3.0 && g.lost > 0.0, "{} fetches, {} lost", g.fetches, g.lost);
}

#[test]
fn what_a_member_has_in_hand_is_its_own_whenever_anybody_looks() {
    // Half of what a fetch brings is older than what is kept before it is done.
    let slow = "g: {topics: [t], members: 1, work: 900us, poll: {max_interval: 1h}, commit: {auto: 5s}}";
    let mut plan = plan(&scenario(", retention: {time: 200ms, check: 10ms}", slow));
    let mut outcomes = [1, 7].map(|times| {
        plan.run.interval = plan.run.interval.times(times);
        run(&plan, &Watch::quiet())
    });
    let one = &mut outcomes[0].result;
    assert_eq!(one.broken_laws, Vec::<String>::new());
    assert!(one.groups[0].1.duplicates < 0.5, "nothing is lost that is then processed");
    let [one, other] = outcomes;
    assert_eq!(differences(&one.result, &other.result), Vec::new());
}

#[test]
fn checks_are_as_often_as_time_asks_for() {
    let of = |retention: &str| {
        let plan = plan(&scenario(&format!(", retention: {{{retention}}}"), "g: {topics: [t], members: 1}"));
        plan.topics[0].retention.expect("it is written").check.seconds()
    };
    let cases = [
        ("time: 10s", 0.1),
        ("time: 7d", 300.0),
        ("time: 1ms", 0.001),
        ("size: 1 MB", 1.0),
        ("time: 1h, check: 2s", 2.0),
    ];
    for (retention, check) in cases {
        about(of(retention), check, 1e-9);
    }
}

#[test]
fn a_log_holds_no_more_than_it_keeps() {
    let retention = Retention { time: Some(Span::from_ms(50)), size: None, segment: 1, check: Span::from_ms(1) };
    let mut log = Log::new(2, Some(retention));
    let mut lost = Vec::new();
    for ms in 0..1_000_u64 {
        let now = Time::ZERO + Span::from_ms(ms);
        let record = Record { due: now, key: NO_KEY, body: 10 };
        log.append(&[record; 3], &[], 100);
        log.replicated(3, 100);
        log.given(1, 3 * ms);
        log.reached(1, 3 * ms);
        log.clean(now, &mut lost);
        assert!(log.held() <= 3 * 51, "{} held", log.held());
    }
    let never = lost.iter().filter(|lost| lost.reader == 0).map(|lost| lost.records).sum::<u64>();
    assert_eq!((log.earliest(), never), (3 * 949, 3 * 949));
    assert!(lost.iter().all(|lost: &Lost| lost.reader == 0), "the other reader was never behind");
}

#[test]
fn a_log_gives_back_what_a_backlog_took() {
    let record = |offset: u64| Record { due: Time::ZERO + Span::from_ns(offset), key: NO_KEY, body: 10 };
    let extra = |offset: u64| Extra { units: offset as f64, ..Extra::usual(&record(offset)) };
    for with_extras in [false, true] {
        let mut log = Log::new(1, None);
        let mut next = 0;
        let mut append = |log: &mut Log| {
            let records = [record(next), record(next + 1), record(next + 2)];
            let extras = [extra(next), extra(next + 1), extra(next + 2)];
            log.append(&records, if with_extras { &extras } else { &[] }, 100);
            log.replicated(3, 100);
            next += 3;
            next
        };
        let mut end = 0;
        while end < 300_000 {
            end = append(&mut log);
        }
        assert!(log.room() >= 300_000);
        log.reached(0, end);
        let mut parcel = Parcel::default();
        for _ in 0..400_000 {
            let before = end;
            end = append(&mut log);
            // A reader that stays some batches behind, over every seam of every ring.
            let from = before - 30;
            parcel.clear();
            log.read(from, u64::MAX, &mut parcel);
            let read: Vec<_> = parcel.records.iter().map(|record| record.due.ns()).collect();
            assert_eq!(read, (from..end).collect::<Vec<_>>());
            let units =
                parcel.extras.iter().zip(from..).all(|(extra, offset)| (extra.units - offset as f64).abs() < 0.5);
            assert!(units && (parcel.extras.len() == read.len()) == with_extras);
            log.reached(0, from);
        }
        assert!(log.room() <= 4096, "{} records of memory for {} held", log.room(), log.held());
    }
}
