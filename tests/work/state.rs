//! State: sketches keep their bounds, scans are seen, windows are bounded, what comes twice counts once.
use super::{NOW, PARTITIONS, RECORDS, dealt, input, record, small, text};
use conga::payload::Generator;
use conga::work::{App, Item, Job, Results, Sketch, Source, Summary, flows, posts, sentiment, state::States, tables};
use proptest::prelude::*;
use std::collections::BTreeMap;

const FROM: Source<'static> = Source { topic: "t", partition: 0 };

/// What one member finds in payloads that come from one partition.
fn found(job: &mut Job, payloads: &[Vec<u8>]) -> (String, Vec<String>) {
    let records: Vec<Item<'_>> =
        (0..).zip(payloads).map(|(offset, payload)| Item { offset, due_ns: NOW, key: None, value: payload }).collect();
    let mut out = Results::default();
    job.take(FROM, &records, &mut out).expect("applications do not fail");
    let results = out.iter().map(|result| String::from_utf8(result.to_vec()).expect("text")).collect();
    (text(&tables([&*job])), results)
}

proptest! {
    /// Metwally et al.: sum - error ≤ truth ≤ sum, error ≤ N/m, and whoever weighs more than N/m has a counter.
    #[test]
    fn sketches_keep_their_bounds(stream in prop::collection::vec((0_u32..60, 0_u64..1_000, 0_usize..5), 0..600), counters in 1_usize..40) {
        let mut truth = BTreeMap::<u32, u64>::new();
        let mut parts: Vec<Sketch<u32>> = (0..5).map(|_| Sketch::new(counters)).collect();
        for &(key, weight, part) in &stream {
            // Squared, so that some keys are much more frequent than others.
            let key = key * key / 60;
            *truth.entry(key).or_default() += weight;
            parts[part].add(key, weight);
        }
        let mut all = Summary::empty(counters);
        for part in &parts {
            all.merge(&part.summary());
        }
        let total: u64 = truth.values().sum();
        prop_assert_eq!(all.total(), total);
        prop_assert!(all.floor() <= all.error_bound() && all.error_bound() == total / counters as u64);
        for (key, weight) in &truth {
            let (least, most) = all.bounds(key);
            prop_assert!(least <= *weight && *weight <= most, "{key}: {least} ≤ {weight} ≤ {most}");
            prop_assert!(most - weight <= all.error_bound(), "{key}: {most} is too much for {weight}");
            let has_counter = all.top(usize::MAX).iter().any(|(known, _, _)| known == key);
            prop_assert!(has_counter || *weight <= all.error_bound(), "{key} weighs {weight} and is not there");
        }
    }
}

#[test]
fn few_counters_find_the_heaviest_sources_all_the_same() {
    let records = input(Generator::Flows);
    let with = |counters| {
        let settings = flows::Settings { counters, ..flows::Settings::default() };
        dealt(&records, 3, || Job::Flows(States::new(flows::State::new(settings))))
    };
    let (exact, small) = (with(4_096), with(64));
    let bound: u64 = small[0].rows[0][4].parse().expect("a number");
    let heaviest: Vec<&str> = small[1].rows.iter().map(|row| row[1].as_str()).collect();
    let mut sure = 0;
    for row in exact[1].rows.iter().filter(|row| row[2].parse::<u64>().expect("a number") > 2 * bound) {
        assert!(heaviest.contains(&row[1].as_str()), "{row:?} sent more than twice the error: {heaviest:?}");
        sure += 1;
    }
    assert!(sure > 0, "some stand out");
    assert!(small[0].rows[0][5] != "0" && exact[0].rows[0][5] == "0", "64 counters are too few, 4,096 are not");
}

fn flow(second: u32, source: &str, port: u16) -> Vec<u8> {
    format!(
        "{{\"flow_end\":\"2026-01-01T00:{:02}:{:02}.000Z\",\"src_addr\":\"{source}\",\"dst_addr\":\"10.0.0.9\",\
         \"dst_port\":{port},\"packets\":1,\"bytes\":60}}",
        second / 60,
        second % 60
    )
    .into_bytes()
}

#[test]
fn a_scan_is_seen_and_told_and_a_patient_one_is_not() {
    let mut payloads: Vec<Vec<u8>> = (0..25).map(|i| flow(i, "23.0.0.1", 1_000 + i as u16)).collect();
    payloads.extend((0..25).map(|i| flow(i, "23.0.0.2", 443)));
    payloads.extend((0..25).map(|i| flow(i * 6, "23.0.0.3", 1_000 + i as u16)));
    let (tables, results) = found(&mut Job::app(App::Flows), &payloads);
    assert!(
        tables.ends_with("# scans\nwindow,source,destination,ports\n2026-01-01T00:00:00Z,23.0.0.1,10.0.0.9,25\n"),
        "{tables}"
    );
    let first = "{\"source\":\"23.0.0.1\",\"network\":\"23.0.0.0/16\",\"to\":\"10.0.0.9\",\"bytes\":60,";
    assert_eq!(results[18], format!("{first}\"ports\":19,\"scan\":false}}"));
    assert_eq!(results[19], format!("{first}\"ports\":20,\"scan\":true}}"));
    assert!(results[25..].iter().all(|result| result.ends_with("\"scan\":false}")));
}

#[test]
fn a_scan_over_several_partitions_is_one() {
    let mut jobs = [Job::app(App::Flows), Job::app(App::Flows)];
    let payloads: Vec<Vec<u8>> = (0..24).map(|i| flow(i, "23.0.0.1", 1_000 + i as u16)).collect();
    for (i, payload) in payloads.iter().enumerate() {
        let record = Item { offset: i as u64 / 2, due_ns: NOW, key: None, value: payload };
        let from = Source { topic: "t", partition: i as u32 % 2 };
        jobs[i % 2].take(from, &[record], &mut Results::default()).expect("it works");
    }
    assert!(text(&tables(&jobs[..1])).ends_with("ports\n"), "half of it is none");
    assert!(text(&tables(&jobs)).ends_with("23.0.0.1,10.0.0.9,24\n"));
}

#[test]
fn windows_are_bounded_and_totals_stay_exact() {
    let settings = flows::Settings { windows: 2, scan_ports: 2, ..flows::Settings::default() };
    let mut job = Job::Flows(States::new(flows::State::new(settings)));
    // Two flows a minute for five minutes, a scan in the first; then a late one.
    let mut payloads: Vec<Vec<u8>> =
        (0..10).map(|i| flow(i * 30, "23.0.0.1", if i < 2 { i as u16 } else { 80 })).collect();
    // Late ones of different minutes, which are no scan.
    payloads.extend([(5, 80), (65, 81), (66, 82)].map(|(second, port)| flow(second, "23.0.0.7", port)));
    let (tables, _) = found(&mut job, &payloads);
    assert_eq!(tables.lines().nth(2), Some("13,0,3,780,0,0"), "late ones are in no pair, which is told");
    let traffic = tables.split("# ").find(|table| table.starts_with("traffic")).expect("a table");
    assert_eq!(
        traffic.lines().skip(2).filter(|line| line.contains("23.0.0.0")).collect::<Vec<_>>(),
        [
            "earlier,23.0.0.0/16,9,9,540,0",
            "2026-01-01T00:03:00Z,23.0.0.0/16,2,2,120,0",
            "2026-01-01T00:04:00Z,23.0.0.0/16,2,2,120,0"
        ]
    );
    assert!(tables.ends_with("2026-01-01T00:00:00Z,23.0.0.1,10.0.0.9,2\n"), "the scan is not forgotten: {tables}");
}

#[test]
fn limits_of_memory_are_told() {
    let settings = flows::Settings { pairs: 3, ..flows::Settings::default() };
    let mut job = Job::Flows(States::new(flows::State::new(settings)));
    let payloads: Vec<Vec<u8>> = (0..5).map(|i| flow(i, &format!("23.0.0.{i}"), 80)).collect();
    let (tables, _) = found(&mut job, &payloads);
    assert!(
        tables.starts_with("# flows\nflows,malformed,untracked,bytes,error_bound,error_most\n5,0,2,300,0,0\n"),
        "{tables}"
    );
    let settings = posts::Settings { remembered: 100, ..posts::Settings::default() };
    let mut job = Job::Posts(States::new(posts::State::new(settings)));
    let (tables, _) = found(&mut job, &input(Generator::Posts));
    let row: Vec<u64> =
        tables.lines().nth(2).expect("a row").split(',').map(|n| n.parse().expect("a number")).collect();
    assert!(row[0] == RECORDS as u64 && row[1] == 100 && row[3] > 500, "{row:?}");
}

#[test]
fn records_that_say_nothing_are_counted_and_marked() {
    for app in App::ALL {
        let payloads = [b"{\"a\":".to_vec(), b"\xff".to_vec(), b"{}".to_vec(), Vec::new()];
        let (tables, results) = found(&mut Job::app(app), &payloads);
        assert!(results.iter().all(|result| result == "{\"malformed\":true}"), "{results:?}");
        assert!(tables.lines().any(|line| line.split(',').any(|cell| cell == "4")), "{tables}");
    }
}

#[test]
fn what_is_delivered_again_counts_once() {
    for app in App::ALL {
        let records = input(super::generator(app));
        let once = text(&dealt(&records, 3, || small(app)));
        let mut job = small(app);
        let (mut first, mut second) = (Results::default(), Results::default());
        for partition in 0..PARTITIONS {
            let own: Vec<Item<'_>> =
                (0..records.len()).filter(|i| super::place(*i).0 == partition).map(|i| record(&records, i)).collect();
            let from = Source { topic: "t", partition };
            for batch in own.chunks(50) {
                first.clear();
                second.clear();
                job.take(from, batch, &mut first).expect("it works");
                job.take(from, &batch[batch.len() / 2..], &mut second).expect("it works");
                assert_eq!(second.len(), batch.len() - batch.len() / 2, "each has a result again");
            }
        }
        assert!(text(&tables([&job])) == once, "{app:?}");
    }
}

#[test]
fn a_partition_that_moves_takes_what_is_known_along() {
    for app in App::ALL {
        let records = input(super::generator(app));
        let whole = text(&dealt(&records, 1, || small(app)));
        let mut jobs = [small(app), small(app)];
        for i in 0..records.len() {
            let from = Source { topic: "t", partition: super::place(i).0 };
            let now = (i / 100) % 2;
            if i % 100 < PARTITIONS as usize && i >= 100 {
                // Each partition moves with the first record that comes after a hundred.
                let held = jobs[1 - now].release(from).expect("it was worked on");
                jobs[now].adopt(from, held);
                // The last one that the other did is delivered again.
                let again = record(&records, i - PARTITIONS as usize);
                jobs[now].take(from, &[again], &mut Results::default()).expect("it works");
            }
            jobs[now].take(from, &[record(&records, i)], &mut Results::default()).expect("it works");
        }
        assert!(text(&tables(&jobs)) == whole, "{app:?}");
    }
}

#[test]
fn moods_know_negations_and_other_languages() {
    let post = |text: &str| format!("{{\"created_at\":\"2026-01-01T00:00:00Z\",\"text\":\"{text}\"}}").into_bytes();
    let texts = ["Great!", "not that great", "don't you love it", "the table", "Très GREAT, ça va", "大好き great"];
    let payloads: Vec<Vec<u8>> = texts.map(post).into();
    let settings = sentiment::Settings::default();
    let (_, results) = found(&mut Job::Sentiment(States::new(sentiment::State::new(settings))), &payloads);
    // great is 3.1, love 3.2: 3.1 / √(3.1² + 15) and so on, by hand.
    let expected = [("positive", 0.6249, 1), ("negative", -0.5096, 3), ("negative", -0.5216, 4), ("neutral", 0.0, 2)];
    for (result, (mood, score, words)) in results.iter().zip(expected) {
        assert_eq!(*result, format!("{{\"mood\":\"{mood}\",\"score\":{score:.4},\"words\":{words}}}"));
    }
    assert!(results[4].ends_with("\"score\":0.6249,\"words\":4}"), "{}", results[4]);
    assert!(results[5].contains("\"score\":0.6249"), "{}", results[5]);
}
