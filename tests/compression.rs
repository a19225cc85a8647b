//! Compression in the simulator: curves against batches really compressed, Kafka's estimate, and every key told apart.
use crate::play::{plan, play, producer};
use conga::model::compression::{Compression, Curve};
use conga::model::wire;
use conga::outcome::result::{Outcome, TopicResult};
use conga::payload::framing::Framing;
use conga::payload::{Codec, Generator, Press};
use conga::plan::Plan;
use std::sync::Arc;

/// A producer with these settings, at a rate that fills batches, read by a group.
fn yaml(producer: &str, cluster: &str) -> String {
    format!(
        "topics: {{t: {{partitions: 2}}}}\ncluster: {{{cluster}}}\n\
         producers: {{p: {{topic: t, arrivals: {{poisson: {{rate: 20k/s}}}}, {producer}}}}}\n\
         groups: {{g: {{topics: [t], members: 2}}}}\nrun: {{duration: 2s, drain: 1s}}\n"
    )
}

fn check(producer: &str) -> Outcome {
    let outcome = play(&yaml(producer, "ideal: true"));
    assert_eq!(outcome.result.broken_laws, Vec::<String>::new(), "{producer}");
    outcome
}

fn topic(outcome: &Outcome) -> &TopicResult {
    &outcome.result.topics[0].1
}

fn ratio(producer: &str) -> f64 {
    topic(&check(producer)).compression_ratio.expect("something was sent")
}

/// Bytes after over bytes before compression of batches that the curve has not seen.
fn directly(plan: &Plan, codec: Codec, records: u32, batches: u64) -> f64 {
    let mut contents = plan.producers[0].contents.clone();
    contents.seed += 1_000;
    for source in &mut contents.sources {
        source.messages = source.messages.with_luck(991, "unseen");
    }
    let (mut press, mut framing, mut small) = (Press::new(codec), Framing::default(), Vec::new());
    let (mut before, mut after) = (0, 0);
    for batch in 0..batches {
        framing.clear();
        contents.batch(50_000 + batch, records, &mut framing);
        press.compress(&framing.bytes, &mut small);
        (before, after) = (before + framing.bytes.len(), after + small.len());
    }
    after as f64 / before as f64
}

#[test]
fn curves_agree_with_batches_that_are_compressed_directly() {
    for generator in Generator::ALL {
        for codec in &Codec::ALL[1..] {
            let name = generator.name();
            let settings = format!(
                "message: {{generator: {name}}}, key: {{uniform: {{keys: 5000}}}}, batch_size: 64 KiB, compression: {}",
                codec.name()
            );
            let plan = plan(&yaml(&settings, ""));
            let curve = &plan.producers[0].client.compression.as_ref().expect("it compresses").curve;
            for (records, batches) in [(1, 2_000), (2, 1_000), (5, 500), (9, 300), (40, 80), (100, 40), (333, 20)] {
                let (measured, expected) = (curve.ratio(records), directly(&plan, *codec, records, batches));
                let off = (measured / expected - 1.0).abs();
                assert!(off < 0.03, "{name}, {}, {records} records: {measured:.4} for {expected:.4}", codec.name());
            }
        }
    }
}

#[test]
fn what_is_stored_is_what_the_curve_says_of_the_batches() {
    let settings = "message: {generator: flows}, compression: gzip, linger: 3ms";
    let outcome = check(settings);
    let topic = topic(&outcome);
    let plan = plan(&yaml(settings, "ideal: true"));
    let curve = &plan.producers[0].client.compression.as_ref().expect("it compresses").curve;
    let mean = topic.batch_records_mean.expect("batches");
    let ratio = topic.compression_ratio.expect("a ratio");
    // Batches vary in their number of records, and headers are not compressed: not to the last digit.
    assert!((ratio / curve.ratio(mean as u32) - 1.0).abs() < 0.03, "{ratio} at {mean} records");
    assert!((topic.stored_bytes / topic.bytes - ratio).abs() < 1e-12);
    let broker = &outcome.result.brokers[0].1;
    for bytes in [broker.network_in_bytes, broker.network_out_bytes, broker.disk_bytes] {
        assert!((bytes / topic.stored_bytes - 1.0).abs() < 1e-9, "{bytes} through card and disk: {topic:?}");
    }
    assert!((producer(&outcome, "p").bytes - topic.bytes).abs() < 0.5, "producers count before compression");
}

#[test]
fn each_codec_and_each_message_is_told_apart() {
    let of = |message: &str, codec: &str| ratio(&format!("message: {message}, compression: {codec}"));
    for generator in ["{generator: flows}", "{generator: posts}", "{generator: logs}", "{size: 300 B}"] {
        let [none, gzip, snappy, lz4, zstd] = Codec::ALL.map(|codec| of(generator, codec.name()));
        assert!((none - 1.0).abs() < 1e-12, "{none}");
        let mut all = [gzip, snappy, lz4, zstd];
        all.sort_by(f64::total_cmp);
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]) && all[3] < 0.8, "{generator}: {all:?}");
        assert!(gzip < lz4 && zstd < snappy, "{generator}: {all:?}");
    }
    let words = of("{json: {id: \"{index}\", text: \"{word}\"}}", "lz4");
    let uuids = of("{json: {id: \"{index}\", text: \"{uuid}\"}}", "lz4");
    assert!(words < 0.8 * uuids, "random identifiers hardly compress: {words} and {uuids}");
}

#[test]
fn rows_of_a_file_are_what_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("data")).expect("a folder");
    let rows = (0..3_000).map(|i| "ab".repeat(i % 7 + 1)).collect::<Vec<_>>().join("\n");
    std::fs::write(folder.path().join("data/rows.txt"), rows).expect("a file");
    std::fs::write(folder.path().join("s.yaml"), yaml("message: {lines: data/rows.txt}, compression: zstd", ""))
        .expect("a file");
    let load = |path: &str| {
        conga::scenario::load(&folder.path().join(path), &[]).unwrap_or_else(|problems| panic!("{problems}"))
    };
    let scenario = load("s.yaml");
    let plan = conga::plan::build::plan(&scenario).unwrap_or_else(|problems| panic!("{problems}")).0;
    let outcome = conga::engine::run(&plan, &conga::engine::Watch::quiet());
    let topic = topic(&outcome);
    let mean = topic.bytes / topic.appended;
    assert!((8.0 + 7.0..8.0 + 9.5).contains(&mean), "seven framing bytes and eight of row on average: {mean}");
    assert!(topic.compression_ratio.expect("a ratio") < 0.3, "{:?}", topic.compression_ratio);
    // What a run leaves has the rows beside it, and reads back to the same.
    std::fs::create_dir(folder.path().join("inputs")).expect("a folder");
    std::fs::write(folder.path().join("again.yaml"), scenario.resolved_yaml()).expect("a file");
    for (name, bytes) in scenario.inputs() {
        assert_eq!(name, "rows.txt");
        std::fs::write(folder.path().join("inputs").join(name), bytes).expect("a file");
    }
    assert_eq!(load("again.yaml").sha256, scenario.sha256);
}

#[test]
fn sizes_of_made_messages_are_those_of_their_bytes() {
    for message in ["{generator: posts}", "{json: {a: \"{word}\", b: \"{int:1..100000}\", c: \"{now}\"}}"] {
        let settings = format!("message: {message}");
        let outcome = check(&settings);
        let plan = plan(&yaml(&settings, ""));
        let mut framing = Framing::default();
        plan.producers[0].contents.batch(0, 8_000, &mut framing);
        let made = framing.bytes.len() as f64 / 8_000.0;
        let topic = topic(&outcome);
        let sent = topic.bytes / topic.appended;
        assert!((sent / made - 1.0).abs() < 0.02, "{message}: {sent} for {made}");
    }
}

#[test]
fn compressing_takes_the_time_that_is_written_or_the_profiles() {
    let publish = |producer: &str, cluster: &str| {
        let outcome = play(&yaml(producer, cluster));
        outcome.result.producers[0].1.publish_s.mean.value().expect("a mean")
    };
    let flows = "message: {generator: flows}, compression: gzip, acks: 1";
    let free = publish(flows, "ideal: true");
    let costly = publish(&format!("{flows}, compression_cost: 20us"), "ideal: true");
    assert!(costly > free + 0.0005, "tens of KiB at 20 us each: {costly} after {free}");
    let calm =
        "network: {delay: 1us, bandwidth: 100 GiB/s}, request: {work: 1us, per_batch: 1us, per_kib: 1us, threads: 1}";
    let plans = ["", ", compression_cost: 0us"].map(|cost| plan(&yaml(&format!("{flows}{cost}"), calm)));
    assert_eq!(plans.each_ref().map(|plan| plan.cluster.uncalibrated), [true, false], "the profile is not measured");
    assert!(publish(flows, calm) > publish(&format!("{flows}, compression_cost: 0us"), calm) + 0.0002);
}

#[test]
fn outputs_compress_what_they_pass_on() {
    let yaml = |codec: &str| {
        format!(
            "topics: {{a: {{partitions: 2}}, b: {{partitions: 2}}}}\ncluster: {{ideal: true}}\nproducers:\n\
             \x20 x: {{topic: a, message: {{generator: logs}}, arrivals: {{poisson: {{rate: 5k/s}}}}}}\n\
             \x20 y: {{topic: a, message: {{generator: flows}}, arrivals: {{poisson: {{rate: 5k/s}}}}}}\n\
             groups:\n  g: {{topics: [a], members: 1, output: {{topic: b{codec}}}}}\n\
             \x20 h: {{topics: [b], members: 1}}\nrun: {{duration: 1s, drain: 1s}}\n"
        )
    };
    let ratio = |codec: &str| {
        let outcome = play(&yaml(codec));
        assert_eq!(outcome.result.broken_laws, Vec::<String>::new());
        outcome.result.topics[1].1.compression_ratio.expect("something was passed on")
    };
    let [none, lz4, gzip] = ["", ", compression: lz4", ", compression: gzip"].map(ratio);
    assert!((none - 1.0).abs() < 1e-12 && gzip < lz4 && lz4 < 0.7, "{none} {lz4} {gzip}");
    let slow = play(&yaml(", compression: lz4, compression_cost: 100us"));
    let quick = play(&yaml(", compression: lz4"));
    let publish = |outcome: &Outcome| outcome.result.producers[2].1.publish_s.mean.value().expect("a mean");
    assert!(publish(&slow) > publish(&quick) + 0.001);
}

#[test]
fn a_plan_depends_on_scenario_and_seed_alone() {
    let text = yaml("message: {generator: posts}, key: {zipf: {keys: 100, exponent: 1}}, compression: zstd", "");
    assert_eq!(format!("{:?}", plan(&text)), format!("{:?}", plan(&text)));
    let curve = |text: &str| plan(text).producers[0].client.compression.clone().expect("it compresses").curve;
    assert_ne!(curve(&text), curve(&text.replace("duration: 2s", "duration: 2s, seed: 2")));
}

#[test]
fn batches_are_filled_by_kafkas_estimate() {
    // From "not at all", by 0.005 a batch; a batch is full at 16 KiB by that estimate with 5 % on top.
    let mut compression = Compression::new(Arc::new(Curve::new(&[(1, 0.5)])), 1);
    let fill = |compression: &mut Compression| {
        compression.open(0);
        let mut bytes = wire::BATCH_HEADER + 100;
        while compression.takes(0, bytes, 100, 16_384) {
            bytes += 100;
        }
        compression.learn((bytes - wire::BATCH_HEADER) / 100);
        (bytes - wire::BATCH_HEADER) / 100
    };
    let counts: Vec<u32> = (0..130).map(|_| fill(&mut compression)).collect();
    let by_hand = |estimate: f64| ((16_384.0 - 61.0 - 100.0) / (105.0 * estimate)).floor() as u32 + 1;
    assert_eq!(counts[0], by_hand(1.0));
    assert_eq!(counts[20], by_hand(0.9));
    assert_eq!((counts[100], counts[129]), (by_hand(0.5), by_hand(0.5)), "never below what is observed");
    // A batch that comes out larger raises it at once, by 0.05 at least.
    let mut surprised = Compression::new(Arc::new(Curve::new(&[(1, 0.2), (2, 0.2), (3, 0.22), (9, 0.9)])), 1);
    (0..200).for_each(|_| surprised.learn(1));
    let estimated = |compression: &mut Compression| {
        compression.open(0);
        compression.estimated(0, wire::BATCH_HEADER + 100_000) - wire::BATCH_HEADER
    };
    assert_eq!(estimated(&mut surprised), 21_000);
    surprised.learn(3);
    assert!(estimated(&mut surprised).abs_diff(26_250) <= 1, "0.25, in single precision and rounded down");
    surprised.learn(9);
    assert!(estimated(&mut surprised).abs_diff(94_500) <= 1, "what is observed");
}

#[test]
fn compressed_batches_hold_more_records() {
    let mean = |codec: &str| {
        let outcome = check(&format!("message: {{generator: flows}}, linger: 1s, compression: {codec}"));
        topic(&outcome).batch_records_mean.expect("batches")
    };
    let (none, zstd) = (mean("none"), mean("zstd"));
    assert!(zstd > 2.0 * none, "{none} and {zstd}");
}

#[test]
fn looking_changes_nothing_where_batches_are_compressed() {
    let bytes = |interval: &str| {
        let text = yaml("message: {generator: logs}, linger: 40ms, compression: lz4, compression_cost: 3us", "");
        let outcome = play(&text.replace("duration: 2s", &format!("duration: 2s{interval}")));
        assert_eq!(outcome.result.broken_laws, Vec::<String>::new());
        let topic = topic(&outcome).clone();
        format!("{topic:?} {:?}", outcome.result.producers[0].1.publish_s)
    };
    assert_eq!(bytes(""), bytes(", interval: 2ms"));
    assert_eq!(bytes(""), bytes(", interval: 500ms"));
}
