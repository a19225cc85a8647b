//! What the keys of a scenario do: each is changed, and something in the plan or the outcome has to change with it.
use crate::play::{group, play};
use conga::model::partitioner::KeyHash;
use conga::outcome::result::Outcome;

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
