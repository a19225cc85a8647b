//! Whole runs, short: the reference load, the same with larger batches, and one queue with one server.
//!
//! These tell whether a change helped. How fast conga is beside others is the business of `benches/compare`.
use conga::engine::{Watch, run};
use conga::plan::{Plan, build};
use conga::scenario::load;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::path::Path;
use std::time::Duration;

/// A scenario of the project with changes: name, file, and the changes.
const RUNS: [(&str, &str, &[&str]); 4] = [
    ("cg1", "cg1.yaml", &["run.duration=5s", "run.warmup=1s"]),
    ("cg1, linger 20 ms", "cg1.yaml", &["run.duration=5s", "run.warmup=1s", "producers.edge.linger=20ms"]),
    ("cg1, no keys", "cg1.yaml", &["run.duration=5s", "run.warmup=1s", "producers.edge.key=none"]),
    ("mm1", "mm1.yaml", &["run.duration=100s", "run.warmup=1s"]),
];

fn planned(file: &str, sets: &[&str]) -> Plan {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(file);
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    let scenario = load(&path, &sets).unwrap_or_else(|problems| panic!("{problems}"));
    build::plan(&scenario).unwrap_or_else(|problems| panic!("{problems}")).0
}

fn messages(plan: &Plan) -> u64 {
    let watch = Watch::quiet();
    drop(run(plan, &watch));
    watch.records.load(std::sync::atomic::Ordering::Relaxed)
}

fn engine(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    for (name, file, sets) in RUNS {
        let plan = planned(file, sets);
        group.throughput(Throughput::Elements(messages(&plan)));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| run(&plan, &Watch::quiet()));
        });
    }
    group.finish();
}

criterion_group!(benches, engine);
criterion_main!(benches);
