//! Matrix products, convolutions and max-pooling: `cargo bench -p bayeux-kernels --bench linear`.
//!
//! On as many threads as rayon has; `RAYON_NUM_THREADS=1` measures one core. For the products and the convolutions a
//! thousand million elements a second mean 1 GFLOP/s, for max-pooling elements of the input.

use std::hint::black_box;

use bayeux_kernels::*;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn numbers<T: Float>(len: usize) -> Vec<T> {
    (0..len).map(|i| T::from_f64((i * 7919 % 1000) as f64 / 1000.0 - 0.5)).collect()
}

fn products<T: Float>(c: &mut Criterion) {
    let mut group = c.benchmark_group(format!("gemm {}", T::TYPE));
    for (m, k, n, transposed) in [
        (500, 784, 800, ""),
        (500, 800, 800, ""),
        (784, 500, 800, "A"),
        (288000, 25, 32, ""),
        (32000, 800, 32, ""),
        (500, 800, 10, ""),
        (500, 512, 256, ""),
        (800, 500, 800, "A"),
        (500, 800, 800, "B"),
    ] {
        let (a, b, mut out) = (numbers::<T>(m * k), numbers::<T>(k * n), numbers::<T>(m * n));
        let a_strides = if transposed == "A" { [1, m as isize] } else { [k as isize, 1] };
        let b_strides = if transposed == "B" { [1, k as isize] } else { [n as isize, 1] };
        let mut scratch = vec![T::ZERO; gemm_scratch(k, n)];
        group.throughput(Throughput::Elements(2 * (m * k * n) as u64));
        group.bench_function(format!("{m}x{k}x{n}{transposed}"), |bench| {
            bench.iter(|| {
                let out = black_box(&mut out[..]);
                gemm(m, k, n, T::ONE, &a, a_strides, &b, b_strides, T::ZERO, out, &mut scratch)
            })
        });
    }
}

/// The yardstick: the crate `matrixmultiply`, which runs on one thread.
fn matrixmultiply_products(c: &mut Criterion) {
    let mut group = c.benchmark_group("matrixmultiply f32");
    for (m, k, n) in [(500, 784, 800), (500, 800, 800), (288000, 25, 32), (32000, 800, 32), (500, 800, 10)] {
        let (a, b, mut out) = (numbers::<f32>(m * k), numbers::<f32>(k * n), numbers::<f32>(m * n));
        group.throughput(Throughput::Elements(2 * (m * k * n) as u64));
        group.bench_function(format!("{m}x{k}x{n}"), |bench| {
            let [rows, inner] = [k as isize, n as isize];
            // SAFETY: the vectors hold m·k, k·n and m·n elements, which the strides walk exactly.
            bench.iter(|| unsafe {
                let c = black_box(&mut out).as_mut_ptr();
                matrixmultiply::sgemm(
                    m,
                    k,
                    n,
                    1.0,
                    a.as_ptr(),
                    rows,
                    1,
                    b.as_ptr(),
                    inner,
                    1,
                    0.0,
                    c,
                    inner,
                    1,
                )
            })
        });
    }
}

fn convolutions<T: Float>(c: &mut Criterion) {
    let mut group = c.benchmark_group(format!("conv2d {}", T::TYPE));
    let (none, one) = ([[0, 0]; 2], [[1, 1]; 2]);
    for (name, s) in [
        ("1-32 5x5 of 28", Conv2dShape::new(500, 1, [28, 28], 32, [5, 5], [1, 1], none)),
        ("32-32 5x5 of 12", Conv2dShape::new(500, 32, [12, 12], 32, [5, 5], [1, 1], none)),
        ("64-64 3x3 padded of 56", Conv2dShape::new(16, 64, [56, 56], 64, [3, 3], [1, 1], one)),
        ("64-128 3x3 stride 2 of 28", Conv2dShape::new(64, 64, [28, 28], 128, [3, 3], [2, 2], one)),
        ("128-128 1x1 of 14", Conv2dShape::new(64, 128, [14, 14], 128, [1, 1], [1, 1], none)),
    ] {
        let (mut x, mut w, mut y) =
            (numbers::<T>(s.x_len()), numbers::<T>(s.w_len()), numbers::<T>(s.y_len()));
        let scratch = s.scratch_forward().max(s.scratch_input()).max(s.scratch_weights());
        let mut scratch = vec![T::ZERO; scratch];
        group.throughput(Throughput::Elements(s.flops() as u64));
        group.bench_function(format!("{name}, forward"), |b| {
            b.iter(|| conv2d(&s, &x, &w, black_box(&mut y), &mut scratch))
        });
        group.bench_function(format!("{name}, weights"), |b| {
            b.iter(|| conv2d_weights(&s, &x, &y, black_box(&mut w), &mut scratch))
        });
        w.fill(T::from_f64(0.25));
        group.bench_function(format!("{name}, input"), |b| {
            b.iter(|| conv2d_input(&s, &y, &w, black_box(&mut x), &mut scratch))
        });
    }
}

/// As if the gradient reached all outputs: flops are those of the convolution.
fn pooled_convolutions<T: Float>(c: &mut Criterion) {
    let mut group = c.benchmark_group(format!("conv2d and max_pool2d {}", T::TYPE));
    let none = [[0, 0]; 2];
    for (name, c) in [
        ("1-32 5x5 of 28", Conv2dShape::new(500, 1, [28, 28], 32, [5, 5], [1, 1], none)),
        ("32-32 5x5 of 12", Conv2dShape::new(500, 32, [12, 12], 32, [5, 5], [1, 1], none)),
        ("64-64 3x3 padded of 56", Conv2dShape::new(16, 64, [56, 56], 64, [3, 3], [1, 1], [[1, 1]; 2])),
    ] {
        let p = Pool2dShape::new(c.batch(), c.out_channels(), c.out_size(), [2, 2], [2, 2], none);
        let (mut x, mut w, mut y) =
            (numbers::<T>(c.x_len()), numbers::<T>(c.w_len()), numbers::<T>(p.y_len()));
        let mut places = vec![0; p.y_len()];
        let needs = [c.scratch_forward_pooled(&p), c.scratch_input_pooled(&p), c.scratch_weights_pooled(&p)];
        let mut scratch = vec![T::ZERO; needs.into_iter().max().expect("three of them")];
        group.throughput(Throughput::Elements(c.flops() as u64));
        group.bench_function(format!("{name}, forward"), |b| {
            b.iter(|| conv2d_max_pool2d(&c, &p, &x, &w, black_box(&mut y), &mut places, &mut scratch))
        });
        group.bench_function(format!("{name}, weights"), |b| {
            b.iter(|| conv2d_weights_pooled(&c, &p, &x, &y, &places, black_box(&mut w), &mut scratch))
        });
        w.fill(T::from_f64(0.25));
        group.bench_function(format!("{name}, input"), |b| {
            b.iter(|| conv2d_input_pooled(&c, &p, &y, &places, &w, black_box(&mut x), &mut scratch))
        });
    }
}

fn pools(c: &mut Criterion) {
    let mut group = c.benchmark_group("max_pool2d f32");
    for size in [24, 8] {
        let s = Pool2dShape::new(500, 32, [size; 2], [2, 2], [2, 2], [[0, 0]; 2]);
        let (x, mut y, mut dx) = (numbers::<f32>(s.x_len()), numbers(s.y_len()), numbers(s.x_len()));
        group.throughput(Throughput::Elements(s.x_len() as u64));
        group.bench_function(format!("2x2 of {size}, forward"), |b| {
            b.iter(|| max_pool2d(&s, &x, black_box(&mut y)))
        });
        let mut places = vec![0; s.y_len()];
        group.bench_function(format!("2x2 of {size}, forward with places"), |b| {
            b.iter(|| max_pool2d_places(&s, &x, black_box(&mut y), &mut places))
        });
        group.bench_function(format!("2x2 of {size}, scatter by places"), |b| {
            b.iter(|| max_pool2d_scatter_places(&s, &places, &y, black_box(&mut dx)))
        });
        group.bench_function(format!("2x2 of {size}, scatter"), |b| {
            b.iter(|| max_pool2d_scatter(&s, &x, &y, black_box(&mut dx)))
        });
        group.bench_function(format!("2x2 of {size}, gather"), |b| {
            b.iter(|| max_pool2d_gather(&s, &x, &dx, black_box(&mut y)))
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = products::<f32>, products::<f64>, convolutions::<f32>, convolutions::<f64>, pooled_convolutions::<f32>,
        pooled_convolutions::<f64>, pools,
        matrixmultiply_products
}
criterion_main!(benches);
