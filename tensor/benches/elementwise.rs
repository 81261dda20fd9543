//! Vector maths, normal numbers, reductions and fused loops: `cargo bench -p bayeux-tensor --bench elementwise`.

use std::hint::black_box;

use bayeux_tensor::fused::Arithmetic::{Add, Div, Gt, Maximum, Mul, Sub};
use bayeux_tensor::fused::{Fused, FusedBuilder, Reduce, Value};
use bayeux_tensor::{Float, Tensor, random, simd};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use rand_distr::StandardNormal;
use rayon::prelude::*;

/// Elements that stay in the L1 cache, as in the fused loops.
const N: usize = 1024;

type Unary<T> = fn(&[T], &mut [T]);

fn unary<T: Float>(c: &mut Criterion, functions: &[(&str, Unary<T>)]) {
    let x: Vec<T> = (0..N).map(|i| T::from_f64(0.01 + 0.008 * i as f64)).collect();
    let mut y = vec![T::ZERO; N];
    let mut group = c.benchmark_group(format!("unary {}", T::NAME));
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

/// Loops over ten million numbers, beside a copy: ten cheap operations; a sum of squares; and over as many as a layer has
/// weights, Adam's update.
fn loops<T: Float>(c: &mut Criterion) {
    const LEN: usize = 10_000_000;
    let mut x = vec![T::ZERO; LEN];
    random::fill_uniform_par(1, 0, 0, &mut x);
    let mut y = vec![T::ZERO; LEN];
    let mut group = c.benchmark_group(format!("loops {}", T::NAME));
    group.throughput(Throughput::Elements(LEN as u64)).sample_size(20);
    group.bench_function("copy", |b| {
        b.iter(|| {
            let chunks = y.par_chunks_mut(1 << 16).zip(x.par_chunks(1 << 16));
            chunks.for_each(|(y, x)| y.copy_from_slice(x));
        });
    });
    let chain = chain_of_ten::<T>(LEN);
    group.bench_function("chain of ten", |b| {
        b.iter(|| chain.run(&[(&x, 0)], &mut [&mut y], &mut [], &mut []))
    });
    let squares = squares::<T>(LEN);
    let (mut sum, mut scratch) = ([T::ZERO], vec![T::ZERO; squares.scratch()]);
    group.bench_function("sum of a x² + b", |b| {
        b.iter(|| squares.run(&[(&x, 0)], &mut [], &mut [&mut sum], &mut scratch))
    });
    const WEIGHTS: usize = 640_000;
    group.throughput(Throughput::Elements(WEIGHTS as u64)).sample_size(50);
    let adam = adam::<T>(WEIGHTS);
    let operands: Vec<(&[T], usize)> = x.chunks(WEIGHTS).take(4).map(|x| (x, 0)).collect();
    let mut stores: Vec<&mut [T]> = y.chunks_mut(WEIGHTS).take(3).collect();
    group.bench_function("Adam", |b| b.iter(|| adam.run(&operands, &mut stores, &mut [], &mut [])));
    let adam = variational_adam::<T>(WEIGHTS);
    let operands: Vec<(&[T], usize)> = x.chunks(WEIGHTS).take(7).map(|x| (x, 0)).collect();
    let mut stores: Vec<&mut [T]> = y.chunks_mut(WEIGHTS).take(6).collect();
    let noise = [(1, 2)];
    group.bench_function("variational Adam", |b| {
        b.iter(|| adam.run_with_noise(&noise, &operands, &mut stores, &mut [], &mut []))
    });
}

fn chain_of_ten<T: Float>(len: usize) -> Fused<T> {
    let mut loops = FusedBuilder::<T>::new(&[len]);
    let x = loops.operand(&[1]);
    let [two, one, three, half, quarter] =
        [2.0, 1.0, -3.0, 0.5, 0.25].map(|number| loops.constant(T::from_f64(number)));
    let scaled = loops.arithmetic(Mul, x, two);
    let shifted = loops.arithmetic(Add, scaled, one);
    let other = loops.arithmetic(Mul, x, three);
    let larger = loops.arithmetic(Maximum, shifted, other);
    let sum = loops.arithmetic(Add, larger, x);
    let halved = loops.arithmetic(Mul, sum, half);
    let less = loops.arithmetic(Sub, halved, quarter);
    let above = loops.arithmetic(Gt, x, quarter);
    let chosen = loops.select(above, less, x);
    let y = loops.arithmetic(Mul, chosen, x);
    loops.store(y);
    loops.build()
}

fn squares<T: Float>(len: usize) -> Fused<T> {
    let mut loops = FusedBuilder::<T>::new(&[len]);
    let x = loops.operand(&[1]);
    let [a, b] = [3.0, 1.0].map(|number| loops.constant(T::from_f64(number)));
    let square = loops.square(x);
    let scaled = loops.arithmetic(Mul, square, a);
    let shifted = loops.arithmetic(Add, scaled, b);
    loops.reduce(Reduce::Sum, shifted, &[0]);
    loops.build()
}

/// Adam's update of an array: its new moments and its new value.
fn adam_step<T: Float>(loops: &mut FusedBuilder<T>, [mean, square, g, x]: [Value; 4]) -> [Value; 3] {
    let [b1, c1, b2, c2, epsilon, rate] =
        [0.9, 0.1, 0.999, 0.001, 1e-8, 1e-3].map(|number| loops.constant(T::from_f64(number)));
    let g2 = loops.square(g);
    let [mean, square] = [(mean, b1, g, c1), (square, b2, g2, c2)].map(|(old, keep, new, take)| {
        let (old, new) = (loops.arithmetic(Mul, old, keep), loops.arithmetic(Mul, new, take));
        loops.arithmetic(Add, old, new)
    });
    let root = loops.sqrt(square);
    let spread = loops.arithmetic(Add, root, epsilon);
    let step = loops.arithmetic(Mul, mean, rate);
    let step = loops.arithmetic(Div, step, spread);
    [mean, square, loops.arithmetic(Sub, x, step)]
}

fn adam<T: Float>(len: usize) -> Fused<T> {
    let mut loops = FusedBuilder::<T>::new(&[len]);
    let operands = [(); 4].map(|()| loops.operand(&[1]));
    adam_step(&mut loops, operands).into_iter().for_each(|value| loops.store(value));
    loops.build()
}

/// What a layer's weights need in variational inference: Adam for the mean μ and for ρ, where σ = softplus ρ; the noise is
/// drawn again for the gradient of ρ.
fn variational_adam<T: Float>(len: usize) -> Fused<T> {
    let mut loops = FusedBuilder::<T>::new(&[len]);
    let [g, mu, mu_mean, mu_square, rho, rho_mean, rho_square] = [(); 7].map(|()| loops.operand(&[1]));
    let noise = loops.normal();
    let slope = loops.unary(simd::sigmoid, rho);
    let by_sigma = loops.arithmetic(Mul, g, noise);
    let g_rho = loops.arithmetic(Mul, by_sigma, slope);
    let mu = adam_step(&mut loops, [mu_mean, mu_square, g, mu]);
    let rho = adam_step(&mut loops, [rho_mean, rho_square, g_rho, rho]);
    mu.into_iter().chain(rho).for_each(|value| loops.store(value));
    loops.build()
}

fn fused_loops(c: &mut Criterion) {
    loops::<f32>(c);
    loops::<f64>(c);
}

fn reductions(c: &mut Criterion) {
    let x = Tensor::<f32>::from_fn([1000, 1000], |i| (i[0] * 7 + i[1] * 3 % 11) as f32);
    let mut group = c.benchmark_group("sum f32 1000 x 1000");
    group.throughput(Throughput::Bytes(4_000_000));
    for axes in [&[0, 1][..], &[0], &[1]] {
        group.bench_function(format!("axes {axes:?}"), |b| b.iter(|| black_box(&x).sum(axes)));
    }
    group.bench_function("tensor + row", |b| {
        let row = x.index_axis(0, 5);
        b.iter(|| black_box(&x) + black_box(&row))
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(std::time::Duration::from_millis(200))
        .measurement_time(std::time::Duration::from_millis(600))
        .sample_size(30);
    targets = maths, normals, reductions, fused_loops
}
criterion_main!(benches);
