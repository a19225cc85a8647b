//! What a scenario means: the contract's files, defaults, `--set`, resolved scenarios, traces, thresholds, warnings.
use conga::model::protocol::NO_KEY;
use conga::model::random::Distribution;
use conga::model::workload::{Arrivals, Keys, Sizes};
use conga::plan::{Acks, Commit, Comparison, PartitionerPlan, Plan, Work, build};
use conga::scenario::{self, Scenario};
use conga::units::{Span, Time, parse, show};
use proptest::prelude::*;
use std::path::Path;

const CONTRACT: &[(&str, &str)] = &[
    ("cg1", include_str!("scenario/cg1.yaml")),
    ("hello-world", include_str!("scenario/hello-world.yaml")),
    ("mm1", include_str!("scenario/mm1.yaml")),
];

fn read(text: &str, sets: &[&str]) -> Scenario {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    scenario::parse(text, "case.yaml", None, &sets).unwrap_or_else(|problems| panic!("{problems}"))
}

fn plan(text: &str, sets: &[&str]) -> Plan {
    build::plan(&read(text, sets)).unwrap_or_else(|problems| panic!("{problems}")).0
}

/// What is said about a scenario that is refused.
fn refusal(text: &str, sets: &[&str]) -> String {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let read = scenario::parse(text, "case.yaml", None, &sets);
    read.and_then(|scenario| build::plan(&scenario)).expect_err("a refusal").to_string()
}

fn contract(name: &str) -> &'static str {
    CONTRACT.iter().find(|(known, _)| *known == name).expect("a scenario of the contract").1
}

/// A small scenario with a producer and a group that say more.
fn small(producer: &str, group: &str, run: &str) -> String {
    format!(
        "topics:\n  t: {{partitions: 6}}\nproducers:\n  p: {{topic: t{producer}}}\n\
         groups:\n  g: {{topics: [t], members: 3{group}}}\nrun: {{{run}}}\n"
    )
}

#[test]
fn the_reference_load_is_as_written() {
    let plan = plan(contract("cg1"), &[]);
    assert_eq!((plan.name.as_str(), plan.partitions(), plan.cluster.brokers), ("cg1", 12, 3));
    assert_eq!(plan.cluster.network, Distribution::Exponential { mean: 500_000.0 });
    assert_eq!((plan.cluster.threads, plan.cluster.uncalibrated), (1, true));
    let edge = &plan.producers[0];
    assert!(matches!(edge.arrivals, Arrivals::Poisson { rate } if (rate - 1e5).abs() < 1e-9));
    assert!(matches!(edge.keys, Keys::Numbered { count: 1_000_000, base: 0, .. }));
    assert_eq!((edge.instances, edge.messages, edge.client.linger), (4, u64::MAX, Span::from_ms(5)));
    let workers = &plan.groups[0];
    assert!(matches!(workers.work, Work::Each(Distribution::Exponential { mean }) if (mean - 48_000.0).abs() < 1e-9));
    assert_eq!(plan.run.warmup, Time::from_ns(5_000_000_000));
    assert_eq!(plan.end(), Time::from_ns(100_000_000_000));
    assert_eq!(plan.run.interval, Span::from_ms(200));
    assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);
}

#[test]
fn silent_keys_are_kafkas() {
    let plan = plan(&small(", arrivals: {poisson: {rate: 1/s}}", "", "duration: 10s"), &[]);
    let (producer, group) = (&plan.producers[0], &plan.groups[0]);
    let client = &producer.client;
    assert_eq!((client.batch_size, client.buffer, client.request_size), (16_384, 32 << 20, 1 << 20));
    assert_eq!((client.linger, client.max_block), (Span::from_ms(5), Span::from_ms(60_000)));
    assert_eq!((client.acks, client.max_in_flight, client.partitioner), (Acks::All, 5, PartitionerPlan::Kafka));
    assert_eq!(producer.message_size, Sizes::Law(Distribution::Constant(100.0)));
    assert_eq!((group.poll_records, group.fetch_min_bytes, group.fetch_max_bytes), (500, 1, 52_428_800));
    assert_eq!((group.fetch_max_partition_bytes, group.fetch_max_wait), (1 << 20, Span::from_ms(500)));
    assert!(group.commit == Commit::Auto(Span::from_ms(5_000)) && group.heartbeat == Span::from_ms(3_000));
    assert_eq!((plan.run.seed, plan.run.repetitions, plan.run.drain), (1, 1, Span::ZERO));
}

#[test]
fn an_ideal_cluster_costs_nothing_but_what_is_written() {
    let ideal = plan(contract("mm1"), &[]).cluster;
    assert_eq!((&ideal.network, ideal.bandwidth, ideal.threads), (&Distribution::Constant(0.0), f64::INFINITY, 1));
    assert!(!ideal.uncalibrated && ideal.work_per_batch.is_zero() && ideal.work_per_kib.is_zero());
    let written = plan(contract("mm1"), &["cluster.request.per_batch=5us"]).cluster;
    assert_eq!((written.work_per_batch, written.uncalibrated), (Span::from_ns(5_000), false));
}

#[test]
fn a_json_message_has_the_size_of_one_in_the_middle() {
    let plan = plan(contract("hello-world"), &[]);
    let rendered = r#"{"id":500,"value":"hello world"}"#;
    assert_eq!(plan.producers[0].message_size, Sizes::Law(Distribution::Constant(rendered.len() as f64)));
    assert_eq!((plan.run.arrivals_end, plan.producers[0].messages), (Time::NEVER, 1_000));
    assert_eq!(plan.run.interval, Span::from_ms(2_000), "1,000 s in at most 500 rows");
}

#[test]
fn set_changes_what_is_written_and_rate_scales_any_arrivals() {
    let mean = |arrivals: &str| {
        let text = small(&format!(", arrivals: {arrivals}"), "", "duration: 10s");
        plan(&text, &["producers.p.rate=50/s"]).producers[0].arrivals.clone()
    };
    assert!(matches!(mean("{poisson: {rate: 1/s}}"), Arrivals::Poisson { rate } if (rate - 50.0).abs() < 1e-9));
    let batches = mean("{batches: {rate: 1/s, size: 10}}");
    assert!(matches!(batches, Arrivals::Batches { rate, size: 10 } if (rate - 5.0).abs() < 1e-9));
    let Arrivals::Steps { steps, even } = mean("{steps: [{for: 1s, rate: 0/s}, {for: 3s, rate: 4/s}], even: true}")
    else {
        panic!("steps stay steps")
    };
    assert!(even && steps[0].rate == 0.0 && (steps[1].rate - 50.0 * 4.0 / 3.0).abs() < 1e-9);
    let changed = plan(contract("cg1"), &["groups.workers.members=7", "run.seed=18446744073709551615"]);
    assert_eq!((changed.groups[0].members, changed.run.seed), (7, u64::MAX));
}

#[test]
fn a_wrong_set_is_told_as_such() {
    let cases = [
        ("run.seed", "--set run.seed: has no `=`"),
        ("groups.workers.memebrs=2", "unknown key `memebrs`; did you mean `members`?"),
        ("groups.wrkers.members=2", "`groups` has no `wrkers`; did you mean `workers`?"),
        ("groups.workers.membrs=2", "unknown key `membrs`"),
        ("groups.workers.members=x", "--set groups.workers.members=x: groups.workers.members: `x` is not a count"),
        ("name.first=x", "`name` is one value"),
        ("groups.workers.topics.3=x", "`groups.workers.topics` has no item `3`"),
        ("run.seed=", "run.seed: has no value"),
        ("run.seed=[1", "not valid YAML"),
        ("..=1", "`..` is not a path"),
    ];
    for (set, said) in cases {
        let refusal = refusal(contract("cg1"), &[set]);
        assert!(refusal.contains(said), "{set}: {refusal}");
    }
}

#[test]
fn a_resolved_scenario_reads_back_to_the_same() {
    for (name, text) in CONTRACT {
        let first = read(text, &["run.seed=7", "description='a: b # \"c\" \u{1F600}'"]);
        let resolved = first.resolved_yaml();
        let second = scenario::parse(&resolved, "other.yaml", None, &[]).unwrap_or_else(|p| panic!("{p}"));
        assert_eq!(resolved, second.resolved_yaml(), "{name}");
        assert_eq!(first.sha256, second.sha256, "{name}");
        let plans = [first, second].map(|scenario| format!("{:?}", build::plan(&scenario).expect("a plan").0));
        assert_eq!(plans[0], plans[1], "{name}");
    }
}

#[test]
fn a_trace_reads_back_from_what_a_run_leaves() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).expect("a writable folder");
    let load =
        |path: &str| scenario::load(&folder.path().join(path), &[]).unwrap_or_else(|problems| panic!("{problems}"));
    std::fs::create_dir_all(folder.path().join("data")).expect("a folder");
    std::fs::create_dir_all(folder.path().join("out/inputs")).expect("a folder");
    write(
        "data/a.csv",
        "TIMESTAMP,key,count,Tokens\r\n2023-11-16 18:17:03.9799600,x,1,10\r\n2023-11-16T18:17:04Z,,2,\r\n",
    );
    let columns = "columns: {at: TIMESTAMP, units: Tokens}, speed: 2";
    let producer = format!(", arrivals: {{trace: {{file: data/a.csv, {columns}}}}}");
    write("a.yaml", &small(&producer, ", work: {per_unit: {base: 1ms, each: 2ms}}", ""));
    let first = load("a.yaml");
    let (plan, _) = build::plan(&first).expect("a plan");
    let Arrivals::Trace(rows) = &plan.producers[0].arrivals else { panic!("a trace") };
    let rows: Vec<_> = rows.iter().map(|row| (row.at_ns, row.key, row.size, row.units)).collect();
    assert_eq!(rows, [(0, 0, -1, 10.0), (10_020_000, NO_KEY, -1, 1.0), (10_020_000, NO_KEY, -1, 1.0)]);
    write("out/scenario.yaml", &first.resolved_yaml());
    for (name, bytes) in first.inputs() {
        std::fs::write(folder.path().join("out/inputs").join(name), bytes).expect("a writable folder");
    }
    let second = load("out/scenario.yaml");
    assert_eq!((first.resolved_yaml(), first.sha256), (second.resolved_yaml(), second.sha256));
}

#[test]
fn keys_with_equal_salts_share_numbers_and_others_do_not() {
    let text = "topics: {t: {partitions: 1}}\nproducers:\n\
        \x20 a: {topic: t, arrivals: {poisson: {rate: 1/s}}, key: {uniform: {keys: 10}}}\n\
        \x20 b: {topic: t, arrivals: {poisson: {rate: 1/s}}, key: {zipf: {keys: 30, exponent: 1}}}\n\
        \x20 c: {topic: t, arrivals: {poisson: {rate: 1/s}}, key: {hot: {share: 0.2, keys: 5, salt: other}}}\n\
        run: {duration: 10s}\n";
    let bases: Vec<u32> = plan(text, &[])
        .producers
        .iter()
        .map(|producer| match producer.keys {
            Keys::Numbered { base, .. } => base,
            _ => panic!("numbered keys"),
        })
        .collect();
    assert_eq!(bases, [0, 0, 30]);
}

#[test]
fn thresholds_are_in_the_unit_of_their_figure() {
    let cases = [
        ("groups.g.e2e_s.p99 < 200ms", Comparison::Less, 0.2),
        ("groups.g.lost == 0", Comparison::Equal, 0.0),
        ("producers.p.rate_per_s >= 0.99 * 100k/s", Comparison::GreaterOrEqual, 99_000.0),
        ("topics.t.partition_share_bytes <= 16 KiB", Comparison::LessOrEqual, 16_384.0),
        ("brokers.0.utilisation != 80%", Comparison::NotEqual, 0.8),
        ("groups.g.lag.mean > 0.5", Comparison::Greater, 0.5),
        ("producers.p.rate_limit_bytes_per_s < 1 MiB/s * 2", Comparison::Less, 2_097_152.0),
        ("groups.g.e2e_s.count > 1k", Comparison::Greater, 1_000.0),
    ];
    for (line, comparison, bound) in cases {
        let text =
            small(", arrivals: {poisson: {rate: 1/s}}", "", "duration: 10s") + &format!("thresholds: [\"{line}\"]\n");
        let plan = plan(&text, &[]);
        let read = &plan.thresholds[0];
        assert_eq!((read.expression.as_str(), read.comparison), (line, comparison));
        assert!((read.bound - bound).abs() < 1e-9 * bound.max(1.0), "{line}: {}", read.bound);
    }
}

#[test]
fn a_warning_is_no_refusal() {
    let rate = ", arrivals: {poisson: {rate: 1k/s}}";
    let cases = [
        (
            small(rate, "", "duration: 10s").replace("members: 3", "members: 12"),
            "groups.g.members: 12 members share 6 partitions, 6 will idle; add partitions or remove members",
        ),
        (
            small(rate, ", work: 10ms", "duration: 10s"),
            "groups.g.members: 1 k/s of 10 ms each keep 10.00 workers busy, there are 3: lag will grow; have more than 10 at work, or less to do",
        ),
        (
            small(&format!("{rate}, key: {{hot: {{share: 0.6, keys: 10}}}}"), ", work: 2ms", "duration: 10s"),
            "groups.g.members: the hottest key has 60 % of `p` and keeps 1.20 workers busy on one partition: its lag will grow; spread that key, add workers, or make its work shorter; members do not help",
        ),
        (
            small(rate, ", starts: 1m", "duration: 10s"),
            "groups.g.starts: starts 60 s into a run of 10 s; start it earlier, or run longer",
        ),
        (
            small(rate, "", "duration: 10s").replace("t: {partitions: 6}", "t: {partitions: 6}\n  u: {partitions: 1}"),
            "topics.u: nobody writes to it; remove it, or name it in a producer's `topic`",
        ),
    ];
    for (text, said) in cases {
        assert_eq!(plan(&text, &[]).warnings, [said]);
    }
}

#[test]
fn a_file_needs_a_folder_to_look_in() {
    let text = small(", arrivals: {trace: {file: a.csv}}", "", "");
    assert!(refusal(&text, &[]).contains("no folder to look in"));
    let missing = scenario::parse(&text, "case.yaml", Some(Path::new("/nowhere")), &[]).expect_err("no such folder");
    assert!(missing.to_string().contains("does not exist"), "{missing}");
}

#[test]
fn quantities_read_and_print_as_people_write_them() {
    for (text, ns) in [
        ("250ns", 250),
        ("48us", 48_000),
        ("0.8ms", 800_000),
        ("2s", 2_000_000_000),
        ("1.5 h", 5_400_000_000_000),
        ("0", 0),
    ] {
        assert_eq!(parse::duration(text).map(Span::ns), Ok(ns), "{text}");
    }
    assert_eq!(parse::size("16 KiB"), Ok(16_384));
    assert_eq!(parse::count("1.1k"), Ok(1_100));
    assert_eq!(parse::rate("6M/m"), Ok(100_000.0));
    assert_eq!(parse::byte_rate("20 MiB/s"), Ok(20.0 * 1_048_576.0));
    for bad in ["", "5", "ms", "5 m s", "1e3s", "-1s", ".5s", "1.s", "∞s"] {
        assert!(parse::duration(bad).is_err(), "{bad}");
    }
    assert_eq!(show::duration(0.012_44), "12.4 ms");
    assert_eq!(show::duration(0.999_9), "1 s");
    assert_eq!(
        (show::rate(1.25e6), show::size(16_384.0), show::percent(0.083), show::percent(0.831)),
        ("1.25 M/s".into(), "16 KiB".into(), "8.3 %".into(), "83 %".into())
    );
}

#[test]
fn the_schema_names_every_section() {
    let schema = scenario::json_schema();
    for key in ["name", "topics", "cluster", "producers", "groups", "run", "thresholds"] {
        assert!(schema["properties"][key]["description"].is_string(), "{key}");
    }
    assert_eq!(schema["additionalProperties"], false);
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[ -~\n]{0,200}", line in 0_usize..20, key in "[a-z_{}:,&*!?|>-]{1,8}") {
        let mutated: Vec<&str> = contract("cg1").lines().collect();
        let mut lines: Vec<String> = mutated.into_iter().map(str::to_owned).collect();
        lines.insert(line.min(lines.len()), key);
        for text in [text, lines.join("\n")] {
            if let Ok(scenario) = scenario::parse(&text, "noise.yaml", None, &[]) {
                let again = scenario::parse(&scenario.resolved_yaml(), "noise.yaml", None, &[]);
                prop_assert_eq!(again.map(|again| again.sha256).ok(), Some(scenario.sha256.clone()));
                let _ = build::plan(&scenario);
            }
        }
    }
}
