//! Vector maths and normal numbers: `cargo bench -p bayeux-kernels --bench elementwise`.

use std::hint::black_box;

use bayeux_kernels::{Float, random, simd};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use rand_distr::StandardNormal;

/// Elements that stay in the L1 cache, as in the fused loops.
const N: usize = 1024;

type Unary<T> = fn(&[T], &mut [T]);

fn unary<T: Float>(c: &mut Criterion, functions: &[(&str, Unary<T>)]) {
    let x: Vec<T> = (0..N).map(|i| T::from_f64(0.01 + 0.008 * i as f64)).collect();
    let mut y = vec![T::ZERO; N];
    let mut group = c.benchmark_group(format!("unary {}", T::TYPE));
    group.throughput(Throughput::Elements(N as u64));
    for (name, f) in functions {
        group.bench_function(*name, |b| b.iter(|| f(black_box(&x), black_box(&mut y))));
    }
}

fn functions<T: Float>() -> Vec<(&'static str, Unary<T>)> {
    vec![
        ("exp", simd::exp),
        ("ln", simd::ln),
        ("log1p", simd::log1p),
        ("expm1", simd::expm1),
        ("tanh", simd::tanh),
        ("sigmoid", simd::sigmoid),
        ("softplus", simd::softplus),
        ("sqrt", simd::sqrt),
        ("sin", simd::sin),
    ]
}

fn maths(c: &mut Criterion) {
    unary::<f32>(c, &functions());
    unary::<f64>(c, &functions());
    let x = vec![0.37f32; N];
    let mut y = vec![0.0; N];
    let mut group = c.benchmark_group("peers f32");
    group.throughput(Throughput::Elements(N as u64));
    group.bench_function("std exp", |b| {
        b.iter(|| black_box(&x).iter().zip(black_box(&mut y)).for_each(|(x, y)| *y = x.exp()))
    });
    group.bench_function("std tanh", |b| {
        b.iter(|| black_box(&x).iter().zip(black_box(&mut y)).for_each(|(x, y)| *y = x.tanh()))
    });
}

fn normals(c: &mut Criterion) {
    let mut single = vec![0.0f32; 1 << 13];
    let mut double = vec![0.0f64; 1 << 13];
    let mut group = c.benchmark_group("normal");
    group.throughput(Throughput::Elements(1 << 13));
    group.bench_function("philox f32", |b| b.iter(|| random::fill_normal(1, 2, 0, black_box(&mut single))));
    group.bench_function("philox f64", |b| b.iter(|| random::fill_normal(1, 2, 0, black_box(&mut double))));
    group.bench_function("philox uniform f32", |b| {
        b.iter(|| random::fill_uniform(1, 2, 0, black_box(&mut single)))
    });
    let mut rng = SmallRng::seed_from_u64(1);
    group.bench_function("rand_distr over SmallRng f32", |b| {
        b.iter(|| black_box(&mut single).iter_mut().for_each(|x| *x = rng.sample(StandardNormal)))
    });
    group.bench_function("rand_distr over SmallRng f64", |b| {
        b.iter(|| black_box(&mut double).iter_mut().for_each(|x| *x = rng.sample(StandardNormal)))
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(std::time::Duration::from_millis(200))
        .measurement_time(std::time::Duration::from_millis(600))
        .sample_size(30);
    targets = maths, normals
}
criterion_main!(benches);
