//! The parts a run spends its time in, each by itself: luck, keys, histograms, the agenda.
//!
//! Throughput counts values, so that one over it is the cost of one. A part may be faster alone than within a run,
//! where it shares the caches: a gain here is a reason to measure there.
use conga::engine::sim::agenda::Agenda;
use conga::model::machine::Input;
use conga::model::partitioner::{KeyHash, KeyTable};
use conga::model::protocol::{ActorId, Timer};
use conga::model::random::{BLOCK, Distribution, Draws, Stream};
use conga::outcome::histogram::Buckets;
use conga::units::{Span, Time};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

fn laws() -> [(&'static str, Distribution); 6] {
    let mean = 48_000.0;
    [
        ("constant", Distribution::Constant(mean)),
        ("uniform", Distribution::Uniform { min: 0.0, max: 2.0 * mean }),
        ("exponential", Distribution::Exponential { mean }),
        ("lognormal", Distribution::Lognormal { mean, cv: 1.5 }),
        ("gamma", Distribution::Gamma { mean, cv: 0.5 }),
        ("hyperexponential", Distribution::Hyperexponential { mean, cv: 3.0 }),
    ]
}

fn random(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("random");
    group.throughput(Throughput::Elements(BLOCK as u64));
    for (name, law) in laws() {
        let mut draws = Draws::new(&law, Stream::named(1, name));
        let mut out = Vec::with_capacity(BLOCK);
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                out.clear();
                black_box(draws.spans_into(BLOCK, &mut out))
            });
        });
    }
    group.finish();
}

fn keys(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("keys");
    group.sample_size(10);
    group.throughput(Throughput::Elements(1_000_000));
    group.bench_function("table of a million", |bencher| {
        bencher.iter(|| KeyTable::new(KeyHash::Murmur2, "", 1_000_000, 12));
    });
    let table = KeyTable::new(KeyHash::Murmur2, "", 1_000_000, 12);
    let (mut stream, mut some, mut out) = (Stream::named(1, "keys"), [0; BLOCK], [0; BLOCK]);
    stream.fill_below(table.count(), &mut some);
    group.throughput(Throughput::Elements(BLOCK as u64));
    group.bench_function("look up", |bencher| bencher.iter(|| table.fill(black_box(&some), &mut out)));
    group.finish();
}

fn histogram(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("histogram");
    let mut spans = Vec::new();
    let sum =
        Draws::new(&Distribution::Exponential { mean: 1e6 }, Stream::named(1, "spans")).spans_into(4_096, &mut spans);
    group.throughput(Throughput::Elements(spans.len() as u64));
    let mut buckets = Buckets::default();
    group.bench_function("count", |bencher| {
        bencher.iter(|| {
            let mut counting = buckets.counting();
            for &span in &spans {
                counting.add(span.ns());
            }
            buckets.added(spans.len() as u64, sum);
        });
    });
    group.bench_function("quantiles", |bencher| {
        bencher.iter(|| black_box(buckets.quantiles([0.5, 0.9, 0.99, 0.999])));
    });
    group.finish();
}

/// Hold: take the next entry and put one back later, with so many pending.
fn agenda(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("agenda");
    group.throughput(Throughput::Elements(1));
    for pending in [32_u32, 1_024, 32_768] {
        let mut agenda = Agenda::default();
        let mut gaps = Draws::new(&Distribution::Exponential { mean: 1e6 }, Stream::named(1, "agenda"));
        for actor in 0..pending {
            agenda.add(Time::ZERO + Span::from_ns(1) + gaps.span(), ActorId(actor), Input::Fired(Timer::Idle));
        }
        group.bench_function(BenchmarkId::new("hold", pending), |bencher| {
            bencher.iter(|| {
                let (now, actor, input) = agenda.pop(Time::NEVER).expect("as many are put back as taken");
                agenda.add(now + Span::from_ns(1) + gaps.span(), actor, input);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, random, keys, histogram, agenda);
criterion_main!(benches);
