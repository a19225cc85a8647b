//! Real work: records a second of each application, of a program behind pipes, and of the database.
//!
//! Records are made beforehand, so that only the work is measured; state grows as it would in a run.
use conga::payload::{Generator, Maker, Messages};
use conga::work::exec::Exec;
use conga::work::sink::Sink;
use conga::work::{App, Item, Job, Results, Source};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;

/// 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600_000_000_000;
/// Between two records.
const STEP: i64 = 1_000_000;
/// Records made, a second's worth a thousand.
const RECORDS: usize = 20_000;
/// Records of a poll.
const POLL: usize = 500;
const FROM: Source<'static> = Source { topic: "t", partition: 0 };

fn at(i: u64) -> i64 {
    NOW + i.cast_signed() * STEP
}

fn records(generator: Generator) -> Vec<Vec<u8>> {
    let messages = Messages::new(Maker::Generated(generator), 1, "work");
    let message = |i: u64| {
        let mut bytes = Vec::new();
        messages.write(i, at(i), 0, &mut bytes);
        bytes
    };
    (0..RECORDS as u64).map(message).collect()
}

fn items(records: &[Vec<u8>]) -> Vec<Item<'_>> {
    let item = |(i, value)| Item { offset: i, due_ns: at(i), key: None, value };
    (0..).zip(records.iter().map(Vec::as_slice)).map(item).collect()
}

fn work(job: &mut Job, items: &[Item<'_>], out: &mut Results) {
    for poll in items.chunks(POLL) {
        out.clear();
        job.take(FROM, poll, out).expect("it works");
        black_box(&*out);
    }
}

fn apps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("work");
    group.sample_size(10).throughput(Throughput::Elements(RECORDS as u64));
    for app in App::ALL {
        let records = records(if app == App::Flows { Generator::Flows } else { Generator::Posts });
        let (items, mut out) = (items(&records), Results::default());
        group.bench_function(BenchmarkId::from_parameter(app.name()), |bencher| {
            bencher.iter_batched_ref(|| Job::app(app), |job| work(job, &items, &mut out), BatchSize::PerIteration);
        });
    }
    let records = records(Generator::Posts);
    let (items, mut out) = (items(&records), Results::default());
    group.bench_function("exec cat", |bencher| {
        let cat = || Job::Exec(Exec::start(&["cat".to_owned()], Duration::from_secs(30)).expect("it starts"));
        bencher.iter_batched_ref(cat, |job| work(job, &items, &mut out), BatchSize::PerIteration);
    });
    group.finish();
}

fn database(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sqlite");
    group.sample_size(10).throughput(Throughput::Elements(RECORDS as u64));
    let records = records(Generator::Posts);
    let items = items(&records);
    for name in ["new", "again"] {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut job, mut out, mut rounds) = (Job::app(App::Sentiment), Results::counting(), 0);
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                rounds += u32::from(name == "new" || rounds == 0);
                let mut sink = Sink::open(&folder.path().join(format!("{rounds}.db"))).expect("it opens");
                for poll in items.chunks(POLL) {
                    out.clear();
                    job.take(FROM, poll, &mut out).expect("it works");
                    sink.hold(FROM, poll, &out);
                    sink.flush().expect("it stores");
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, apps, database);
criterion_main!(benches);
