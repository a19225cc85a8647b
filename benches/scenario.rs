//! From text to plan: what a user waits for before anything runs, and what a study pays for every point.
//!
//! The folder is left out, so that no file is read: scenarios with a trace cost as much more as their trace.
use conga::plan::build;
use conga::scenario::parse;
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

const CG1: &str = include_str!("../scenarios/cg1.yaml");

fn scenario(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scenario");
    group.bench_function("parse cg1", |bencher| {
        bencher.iter(|| parse(black_box(CG1), "cg1.yaml", None, &[]).expect("cg1 is a good scenario"));
    });
    let read = parse(CG1, "cg1.yaml", None, &[]).expect("cg1 is a good scenario");
    group.bench_function("plan cg1", |bencher| {
        bencher.iter(|| build::plan(black_box(&read)).expect("cg1 is a good scenario"));
    });
    group.finish();
}

criterion_group!(benches, scenario);
criterion_main!(benches);
