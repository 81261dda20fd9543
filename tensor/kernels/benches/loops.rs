//! Fused loops beside the same loops written by hand, on one thread: `cargo bench -p bayeux-kernels --bench loops`. With
//! `BAYEUX_JIT=0` no machine code is written, as on processors for which this crate has none.
//!
//! Ten cheap operations and a sum of squares, over as many numbers as a cache holds and over ten million; and what a layer's weights
//! need in variational inference.

use std::hint::black_box;

use bayeux_kernels::fused::Arithmetic::{Add, Div, Gt, Maximum, Mul, Sub};
use bayeux_kernels::fused::{Fused, FusedBuilder, Reduce, Value};
use bayeux_kernels::random::Source;
use bayeux_kernels::{Float, random, simd};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const FEW: usize = 10_000;
const MANY: usize = 10_000_000;
const WEIGHTS: usize = 640_000;

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

/// A function compiled for the vectors that most machines of today have.
macro_rules! by_hand {
    ($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)? $body:block) => {
        $(#[$doc])*
        fn $name($($argument: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn with_avx2($($argument: $type),*) $(-> $result)? $body
                assert!(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"));
                // SAFETY: the processor has just said that it can.
                unsafe { with_avx2($($argument),*) }
            }
            #[cfg(not(target_arch = "x86_64"))]
            $body
        }
    };
}

by_hand! {
    fn chain_by_hand(x: &[f32], y: &mut [f32]) {
        for (y, &x) in y.iter_mut().zip(x) {
            let (a, b) = (x * 2.0 + 1.0, x * -3.0);
            let larger = if (a > b) | a.is_nan() { a } else { b };
            let less = (larger + x) * 0.5 - 0.25;
            *y = (if x > 0.25 { less } else { x }) * x;
        }
    }
}

by_hand! {
    /// In lanes: the compiler may not change the order of a sum.
    fn squares_by_hand(x: &[f32]) -> f32 {
        let mut lanes = [0.0; 32];
        let chunks = x.chunks_exact(lanes.len());
        let rest: f32 = chunks.remainder().iter().map(|x| 3.0 * (x * x) + 1.0).sum();
        for chunk in chunks {
            for (lane, x) in lanes.iter_mut().zip(chunk) {
                *lane += 3.0 * (x * x) + 1.0;
            }
        }
        lanes.iter().sum::<f32>() + rest
    }
}

by_hand! {
    /// Noise and slopes come from this crate's functions, a block at a time.
    fn variational_adam_by_hand(operands: &[&[f32]; 7], stores: &mut [&mut [f32]]) {
        const BLOCK: usize = 1024;
        let adam = |mean: f32, square: f32, g: f32, x: f32| {
            let mean = mean * 0.9 + g * 0.1;
            let square = square * 0.999 + g * g * 0.001;
            [mean, square, x - mean * 1e-3 / (square.sqrt() + 1e-8)]
        };
        let (mut noise, mut slope) = ([0.0; BLOCK], [0.0; BLOCK]);
        let [s0, s1, s2, s3, s4, s5] = stores else { panic!("six results") };
        for start in (0..s0.len()).step_by(BLOCK) {
            let range = start..(start + BLOCK).min(s0.len());
            let len = range.len();
            let [g, mu, mu_mean, mu_square, rho, rho_mean, rho_square] = operands.map(|x| &x[range.clone()]);
            random::fill_normal(1, 2, start, &mut noise[..len]);
            simd::sigmoid(rho, &mut slope[..len]);
            let [s0, s1, s2] = [&mut *s0, s1, s2].map(|y| &mut y[range.clone()]);
            let [s3, s4, s5] = [&mut *s3, s4, s5].map(|y| &mut y[range.clone()]);
            for i in 0..len {
                [s0[i], s1[i], s2[i]] = adam(mu_mean[i], mu_square[i], g[i], mu[i]);
            }
            for i in 0..len {
                [s3[i], s4[i], s5[i]] = adam(rho_mean[i], rho_square[i], g[i] * noise[i] * slope[i], rho[i]);
            }
        }
    }
}

fn loops(c: &mut Criterion) {
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("no threads so far");
    let mut x = vec![0.0f32; MANY];
    random::fill_uniform(1, 0, 0, &mut x);
    let mut y = vec![0.0f32; MANY];
    for len in [FEW, MANY] {
        let mut group = c.benchmark_group(format!("{len}"));
        group.throughput(Throughput::Elements(len as u64));
        let (x, y) = (&x[..len], &mut y[..len]);
        group.bench_function("copy", |b| b.iter(|| black_box(&mut *y).copy_from_slice(black_box(x))));
        let chain = chain_of_ten::<f32>(len);
        group.bench_function("chain of ten", |b| {
            b.iter(|| chain.run(&[(x, 0)], &mut [&mut *y], &mut [], &mut []))
        });
        group
            .bench_function("chain of ten by hand", |b| b.iter(|| chain_by_hand(black_box(x), black_box(y))));
        let squares = squares::<f32>(len);
        let (mut sum, mut scratch) = ([0.0], vec![0.0; squares.scratch()]);
        group.bench_function("sum of 3 x² + 1", |b| {
            b.iter(|| squares.run(&[(x, 0)], &mut [], &mut [&mut sum], &mut scratch))
        });
        group.bench_function("sum of 3 x² + 1 by hand", |b| b.iter(|| squares_by_hand(black_box(x))));
    }
    let mut group = c.benchmark_group("weights");
    group.throughput(Throughput::Elements(WEIGHTS as u64));
    let adam = variational_adam::<f32>(WEIGHTS);
    let operands: [&[f32]; 7] = std::array::from_fn(|i| &x[i * WEIGHTS..][..WEIGHTS]);
    let mut stores: Vec<&mut [f32]> = y.chunks_mut(WEIGHTS).take(6).collect();
    let pairs = operands.map(|x| (x, 0));
    group.bench_function("variational Adam", |b| {
        b.iter(|| adam.run_with_noise(&[Source::new(1, 2)], &pairs, &mut stores, &mut [], &mut []))
    });
    group.bench_function("variational Adam by hand", |b| {
        b.iter(|| variational_adam_by_hand(black_box(&operands), &mut stores))
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(std::time::Duration::from_millis(200))
        .measurement_time(std::time::Duration::from_millis(800))
        .sample_size(30);
    targets = loops
}
criterion_main!(benches);
