//! What the keys of a scenario do: each is changed, and something in the plan or the outcome has to change with it.
use crate::play::{group, play};
use conga::model::partitioner::KeyHash;
use conga::model::random::{BLOCK, Distribution, Stream};
use conga::model::workload::Sizes;
use conga::outcome::result::Outcome;
use conga::plan::build;
use conga::scenario;
use std::path::Path;

/// A small run, with more in its producer and its group.
fn scenario(producer: &str, group: &str) -> String {
    format!(
        "topics: {{t: {{partitions: 7}}}}\ncluster: {{ideal: true}}\n\
         producers:\n  p: {{topic: t, arrivals: {{constant: {{rate: 1k/s}}}}{producer}}}\n\
         groups:\n  g: {{topics: [t], members: 3{group}}}\nrun: {{duration: 1s, drain: 10s}}\n"
    )
}

/// The partitions that have records.
fn used(outcome: &Outcome) -> Vec<u32> {
    outcome.partitions.iter().filter(|row| row.appended > 0).map(|row| row.partition).collect()
}

#[test]
fn a_key_goes_where_its_client_hashes_it() {
    let hashes = [
        ("kafka", KeyHash::Murmur2),
        ("librdkafka-crc32", KeyHash::Crc32),
        ("fnv1a", KeyHash::Fnv1a),
        ("rabbitmq-murmur3", KeyHash::Murmur3),
    ];
    for salt in ["a", "b", "c"] {
        for (word, hash) in hashes {
            let keys = format!(", key: {{uniform: {{keys: 1, salt: {salt}}}}}, partitioner: {word}");
            let outcome = play(&scenario(&keys, ""));
            assert_eq!(used(&outcome), [hash.partition(format!("{salt}0").as_bytes(), 7)], "{word}");
            assert_eq!(outcome.result.broken_laws, Vec::<String>::new());
        }
    }
}

#[test]
fn without_a_key_each_client_has_its_own_way() {
    let of = |word: &str| play(&scenario(&format!(", partitioner: {word}"), ""));
    assert_eq!(used(&of("librdkafka-crc32")).len(), 7, "consistent_random");
    for (word, hash) in [("fnv1a", KeyHash::Fnv1a), ("rabbitmq-murmur3", KeyHash::Murmur3)] {
        let outcome = of(word);
        assert_eq!(used(&outcome), [hash.partition(b"", 7)], "{word}");
        let said = |line: &String| line.contains("hashes no key like an empty one");
        assert!(outcome.result.warnings.iter().any(said), "{:?}", outcome.result.warnings);
    }
}

#[test]
fn an_output_hashes_as_its_own_client() {
    let of = |partitioner: &str| {
        let text = scenario(
            ", key: {uniform: {keys: 1, salt: a}}",
            &format!(", output: {{topic: u, partitioner: {partitioner}}}"),
        );
        used(&play(&text.replace("topics: {t: {partitions: 7}}", "topics: {t: {partitions: 7}, u: {partitions: 97}}")))
    };
    let first = KeyHash::Murmur2.partition(b"a0", 7);
    for (word, hash) in [("fnv1a", KeyHash::Fnv1a), ("librdkafka-crc32", KeyHash::Crc32)] {
        let partitions = [first, hash.partition(b"a0", 97)];

        assert_eq!(of(word), partitions, "{word}");
    }
}

#[test]
fn sticky_evens_out_what_range_gives_to_the_first() {
    let of = |assignor: &str| {
        let text = format!(
            "topics: {{t: {{partitions: 1}}, u: {{partitions: 1}}}}\ncluster: {{ideal: true}}\nproducers:\n\
             \x20 p: {{topic: t, arrivals: {{constant: {{rate: 400/s}}}}}}\n\
             \x20 q: {{topic: u, arrivals: {{constant: {{rate: 400/s}}}}}}\n\
             groups:\n  g: {{topics: [t, u], members: 2, work: 2ms, assignor: {assignor}}}\nrun: {{duration: 5s}}\n"
        );
        group(&play(&text), "g").backlog
    };
    assert!(of("range") > 500.0, "one member has all: {}", of("range"));
    for assignor in ["sticky", "cooperative-sticky"] {
        assert!(of(assignor) < 20.0, "{assignor}: {}", of(assignor));
    }
}

/// Mean and coefficient of variation of a million draws.
fn moments(law: &Distribution) -> (f64, f64) {
    let (mut stream, mut block, mut values) = (Stream::named(1, "moments"), [0; BLOCK], Vec::new());
    for _ in 0..4_000 {
        law.fill(&mut stream, &mut block);
        values.extend(block.iter().map(|&value| value as f64));
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
    (mean, variance.sqrt() / mean)
}

#[test]
fn weibull_has_its_mean_and_the_variation_of_its_shape() {
    // cv² = Γ(1 + 2/k) / Γ(1 + 1/k)² − 1.
    for (shape, cv) in [(0.5, 5.0_f64.sqrt()), (1.0, 1.0), (2.0, (4.0 / std::f64::consts::PI - 1.0).sqrt())] {
        let (mean, found) = moments(&Distribution::Weibull { mean: 1e6, shape });
        assert!((mean / 1e6 - 1.0).abs() < 0.01, "shape {shape}: mean {mean}");
        assert!((found / cv - 1.0).abs() < 0.02, "shape {shape}: cv {found}, not {cv}");
    }
    let of = |shape: &str| {
        group(&play(&scenario("", &format!(", work: {{weibull: {{mean: 2ms, shape: {shape}}}}}"))), "g")
            .work_s
            .stddev
            .value()
            .expect("many samples")
    };
    assert!(of("0.5") > of("5"), "{:?} {:?}", of("0.5"), of("5"));
}

/// A folder in which files can be put beside a scenario.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a writable folder");
    }
    folder
}

fn load(path: &Path) -> scenario::Scenario {
    scenario::load(path, &[]).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn measured_values_are_drawn_as_often_as_they_stand_there() {
    let yaml = scenario(
        ", message: {size: {empirical: {file: data/sizes.csv}}}",
        ", work: {per_unit: {base: {empirical: {file: data/work.csv}}, each: 1us}}",
    );
    let files =
        [("a.yaml", yaml.as_str()), ("data/sizes.csv", "1 KiB\r\n"), ("data/work.csv", "1ms\n\n3ms\n3ms\n5ms\n")];
    let folder = folder(&files);
    let first = load(&folder.path().join("a.yaml"));
    let (plan, _) = build::plan(&first).expect("a plan");
    assert_eq!(plan.producers[0].message_size, Sizes::Law(Distribution::Empirical([1024.0].into())));
    let conga::plan::Work::PerUnit { base, .. } = &plan.groups[0].work else { panic!("work per unit") };
    assert_eq!(base, &Distribution::Empirical([1e6, 3e6, 3e6, 5e6].into()));
    let (mean, cv) = moments(base);
    assert!((mean / 3e6 - 1.0).abs() < 0.01 && (cv / (2.0_f64.sqrt() / 3.0) - 1.0).abs() < 0.01, "{mean} {cv}");

    std::fs::create_dir_all(folder.path().join("out/inputs")).expect("a folder");
    std::fs::write(folder.path().join("out/scenario.yaml"), first.resolved_yaml()).expect("a writable folder");
    for (name, bytes) in first.inputs() {
        std::fs::write(folder.path().join("out/inputs").join(name), bytes).expect("a writable folder");
    }
    let second = load(&folder.path().join("out/scenario.yaml"));
    assert_eq!((first.resolved_yaml(), &first.sha256), (second.resolved_yaml(), &second.sha256));
    let again = build::plan(&second).expect("a plan").0;
    assert_eq!(again.producers[0].message_size, plan.producers[0].message_size);
}

#[test]
fn a_template_may_say_what_looks_like_a_file() {
    let yaml = scenario(", message: {json: {trace: {file: secret.csv}, empirical: {file: x}}}", "");
    let folder = folder(&[("a.yaml", yaml.as_str())]);
    assert!(load(&folder.path().join("a.yaml")).inputs().is_empty());
}
