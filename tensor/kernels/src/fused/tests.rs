mod functions;
mod random_loops;
mod stack;

use crate::Element;
use proptest::prelude::*;

use super::{Arithmetic, Fused, FusedBuilder, Reduce};
use crate::level::Level;
use crate::random::{Source, fill_normal, fill_uniform};
use crate::{Float, simd};

/// Runs a loop with outputs of the right lengths.
fn run(fused: &Fused<f64>, operands: &[(&[f64], usize)], stores: usize, reduced: &[usize]) -> Vec<Vec<f64>> {
    let mut outputs: Vec<Vec<f64>> = vec![vec![f64::NAN; fused.len()]; stores];
    outputs.extend(reduced.iter().map(|&len| vec![f64::NAN; len]));
    let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    let (stored, results) = slices.split_at_mut(stores);
    let mut scratch = vec![f64::NAN; fused.scratch()];
    fused.run(operands, stored, results, &mut scratch);
    outputs
}

/// What `f` gives on so many threads; where there are none, as in WebAssembly, on this one.
fn in_pool<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    if cfg!(target_family = "wasm") {
        return f();
    }
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads").install(f)
}

fn numbers(len: usize, stream: u64) -> Vec<f64> {
    let mut numbers = vec![0.0; len];
    fill_uniform(5, stream, 0, &mut numbers);
    numbers
}

/// Walks a shape with an index for each axis.
fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for &size in shape {
        all = all.iter().flat_map(|index| (0..size).map(|i| [index.as_slice(), &[i]].concat())).collect();
    }
    all
}

proptest! {
    /// y = x + t + b over random shapes: x row-major, t transposed, b repeated along random axes; its sum and maximum
    /// along other random axes.
    #[test]
    fn loops_agree_with_nested_loops(
        shape in prop::collection::vec(1usize..6, 1..5),
        repeated in any::<u8>(),
        reduced in any::<u8>(),
        large in any::<bool>(),
    ) {
        let mut shape = shape;
        if large {
            // Several blocks and chunks, not multiples of anything.
            shape[0] *= 1801;
        }
        let rank = shape.len();
        let row_major = |keeps: &dyn Fn(usize) -> bool| {
            let mut strides = vec![0isize; rank];
            let mut step = 1;
            for axis in (0..rank).rev().filter(|&axis| keeps(axis)) {
                strides[axis] = step;
                step *= shape[axis] as isize;
            }
            (strides, step as usize)
        };
        let column_major: Vec<isize> =
            (0..rank).map(|axis| shape[..axis].iter().product::<usize>() as isize).collect();
        let (x_strides, len) = row_major(&|_| true);
        let (b_strides, b_len) = row_major(&|axis| repeated >> axis & 1 == 0);
        let axes: Vec<usize> = (0..rank).filter(|&axis| reduced >> axis & 1 == 1).collect();
        let (out_strides, out_len) = row_major(&|axis| !axes.contains(&axis));

        let mut builder = FusedBuilder::new(&shape);
        let x = builder.operand(&x_strides);
        let t = builder.operand(&column_major);
        let b = builder.operand(&b_strides);
        let sum = builder.binary(simd::add, x, t);
        let y = builder.binary(simd::add, sum, b);
        builder.store(y);
        builder.store(x);
        builder.reduce(Reduce::Sum, y, &axes);
        builder.reduce(Reduce::Max, y, &axes);
        let fused = builder.build();

        let (xs, ts, bs) = (numbers(len, 0), numbers(len, 1), numbers(b_len + 3, 2));
        let found = run(&fused, &[(&xs, 0), (&ts, 0), (&bs, 3)], 2, &[out_len, out_len]);

        let at = |index: &[usize], strides: &[isize]| -> usize {
            index.iter().zip(strides).map(|(&i, &s)| i * s as usize).sum()
        };
        let mut y = vec![0.0; len];
        let (mut total, mut largest) = (vec![0.0; out_len], vec![f64::NEG_INFINITY; out_len]);
        for index in indices(&shape) {
            let value = xs[at(&index, &x_strides)] + ts[at(&index, &column_major)] + bs[3 + at(&index, &b_strides)];
            y[at(&index, &x_strides)] = value;
            let out = at(&index, &out_strides);
            total[out] += value;
            largest[out] = f64::max(largest[out], value);
        }
        prop_assert_eq!(&found[0], &y);
        prop_assert_eq!(&found[1], &xs);
        prop_assert_eq!(&found[3], &largest);
        for (a, b) in found[2].iter().zip(&total) {
            prop_assert!((a - b).abs() <= 1e-12 * b.abs());
        }
    }
}

#[test]
fn a_long_sum_keeps_its_digits_and_its_bits() {
    let len = 10_000_000;
    let mut x = vec![0.0f32; len];
    fill_uniform(1, 0, 0, &mut x);
    let exact: f64 = x.iter().map(|x| x.to_f64()).sum();
    let mut builder = FusedBuilder::<f32>::new(&[len]);
    let operand = builder.operand(&[1]);
    builder.reduce(Reduce::Sum, operand, &[0]);
    let fused = builder.build();
    let mut scratch = vec![0.0; fused.scratch()];
    let mut with_threads = |threads: usize| {
        let mut sum = [0.0];
        in_pool(threads, || fused.run(&[(&x, 0)], &mut [], &mut [&mut sum], &mut scratch));
        sum[0]
    };
    let sum = with_threads(1);
    assert!((sum.to_f64() - exact).abs() < 1e-6 * exact, "{sum} for {exact}");
    assert_eq!(sum.to_bits(), with_threads(2).to_bits());
    assert_eq!(sum.to_bits(), with_threads(3).to_bits());
}

#[test]
fn long_sums_along_axes_keep_their_digits() {
    for (shape, axis) in [(vec![10_000_000, 2], 0), (vec![100, 100_000, 2], 1), (vec![3, 2_000_003], 1)] {
        let len: usize = shape.iter().product();
        let mut x = vec![0.0f32; len];
        fill_uniform(1, 0, 0, &mut x);
        let inner: usize = shape[axis + 1..].iter().product();
        let size = shape[axis] * inner;
        let mut exact = vec![0.0; len / shape[axis]];
        x.iter().enumerate().for_each(|(i, x)| exact[i / size * inner + i % inner] += x.to_f64());
        // What is read, and what is computed.
        for computed in [false, true] {
            let mut builder = FusedBuilder::<f32>::new(&shape);
            let strides: Vec<isize> =
                (0..shape.len()).map(|axis| shape[axis + 1..].iter().product::<usize>() as isize).collect();
            let mut value = builder.operand(&strides);
            if computed {
                value = builder.arithmetic(Arithmetic::Add, value, value);
            }
            builder.reduce(Reduce::Sum, value, &[axis]);
            let fused = builder.build();
            let (mut sums, mut scratch) = (vec![0.0; exact.len()], vec![0.0; fused.scratch()]);
            fused.run(&[(&x, 0)], &mut [], &mut [&mut sums], &mut scratch);
            let times = if computed { 2.0 } else { 1.0 };
            for (sum, exact) in sums.iter().zip(&exact) {
                let error = (sum.to_f64() / times - exact).abs() / exact;
                assert!(error < 1e-6, "{sum} for {times} × {exact} of {shape:?}: {error:e}");
            }
        }
    }
}

#[test]
fn many_values_at_once_share_registers() {
    // y = Σ over 40 values tanh(x · i), all alive until the end.
    let mut builder = FusedBuilder::<f64>::new(&[1000]);
    let x = builder.operand(&[1]);
    let one = builder.operand(&[0]);
    let mut factor = one;
    let mut values = Vec::new();
    for _ in 0..40 {
        let product = builder.binary(simd::mul, x, factor);
        values.push(builder.unary(simd::tanh, product));
        factor = builder.binary(simd::add, factor, one);
    }
    let y = values.into_iter().reduce(|a, b| builder.binary(simd::add, a, b)).unwrap();
    builder.store(y);
    let fused = builder.build();
    let x = numbers(1000, 0);
    let found = run(&fused, &[(&x, 0), (&[1.0], 0)], 1, &[]);
    for (y, x) in found[0].iter().zip(&x) {
        let expected: f64 = (1..=40).map(|i| (x * f64::from(i)).tanh()).sum();
        assert!((y - expected).abs() < 1e-12);
    }
}

#[test]
fn arithmetic_is_compiled_where_it_can_be_whatever_is_alive_at_once() {
    // Products, added up from the last to the first: more than there are registers, and where a loop works on several vectors
    // side by side, more than there would be room for on the stack.
    for count in [40, 60] {
        let mut builder = FusedBuilder::<f32>::new(&[1000]);
        let operands: Vec<_> = (0..=count).map(|_| builder.operand(&[1])).collect();
        let pairs = operands.windows(2);
        let products: Vec<_> =
            pairs.map(|pair| builder.arithmetic(Arithmetic::Mul, pair[0], pair[1])).collect();
        let y = products.into_iter().rev().reduce(|a, b| builder.arithmetic(Arithmetic::Add, a, b)).unwrap();
        builder.store(y);
        let data: Vec<Vec<f32>> = (0..=count)
            .map(|stream| {
                let mut numbers = vec![0.0; 1000];
                fill_uniform(6, stream, 0, &mut numbers);
                numbers
            })
            .collect();
        for level in Level::available() {
            let fused = builder.clone().build_with(false, level);
            let compiled = crate::native::available(level);
            assert_eq!(fused.native.is_some(), compiled, "is memory refused that can be executed?");
            let operands: Vec<(&[f32], usize)> = data.iter().map(|data| (&data[..], 0)).collect();
            let mut y = vec![f32::NAN; 1000];
            fused.run(&operands, &mut [&mut y], &mut [], &mut []);
            for (i, y) in y.into_iter().enumerate() {
                let products: Vec<f32> = data.windows(2).map(|pair| pair[0][i] * pair[1][i]).collect();
                assert_eq!(Some(y), products.into_iter().rev().reduce(|a, b| a + b));
            }
        }
    }
}

#[test]
fn an_empty_space_gives_neutral_elements() {
    let mut builder = FusedBuilder::<f64>::new(&[0, 3]);
    let x = builder.operand(&[3, 1]);
    builder.store(x);
    builder.reduce(Reduce::Sum, x, &[0]);
    builder.reduce(Reduce::Max, x, &[0, 1]);
    let found = run(&builder.build(), &[(&[], 0)], 1, &[3, 1]);
    assert_eq!(found, [vec![], vec![0.0; 3], vec![f64::NEG_INFINITY]]);
}

#[test]
fn negative_strides_walk_backwards() {
    let mut builder = FusedBuilder::<f64>::new(&[4]);
    let x = builder.operand(&[-1]);
    builder.store(x);
    assert_eq!(run(&builder.build(), &[(&[1.0, 2.0, 3.0, 4.0], 3)], 1, &[])[0], [4.0, 3.0, 2.0, 1.0]);
}

#[test]
#[should_panic(expected = "an operand of 3 elements is read from 0 on by [0, 3]")]
fn a_short_operand_is_refused() {
    let mut builder = FusedBuilder::<f64>::new(&[4]);
    let x = builder.operand(&[1]);
    builder.store(x);
    run(&builder.build(), &[(&[1.0, 2.0, 3.0], 0)], 1, &[]);
}

#[test]
fn nan_survives_a_maximum() {
    let mut builder = FusedBuilder::<f64>::new(&[3]);
    let x = builder.operand(&[1]);
    builder.reduce(Reduce::Max, x, &[0]);
    assert!(run(&builder.build(), &[(&[1.0, f64::NAN, 2.0], 0)], 0, &[1])[0][0].is_nan());
}

/// y = σ ε + u, of normal ε and uniform u, stored beside ε, and the sum of y; with both as `fill_normal` and
/// `fill_uniform` give them, for `live` values alive at once.
fn noise_is_what_fill_gives<T: Float>(shape: &[usize], live: usize) {
    let len: usize = shape.iter().product();
    let mut builder = FusedBuilder::<T>::new(shape);
    let (e, u) = (builder.normal(), builder.uniform());
    let sigma = builder.operand(&vec![0; shape.len()]);
    let product = builder.binary(simd::mul, sigma, e);
    let y = builder.binary(simd::add, product, u);
    let copies: Vec<_> = (0..live).map(|_| builder.unary(simd::neg, y)).collect();
    for (store, value) in [(e, u), (y, y)].into_iter().flat_map(|(a, b)| [(true, a), (false, b)]) {
        if store {
            builder.store(value);
        } else {
            builder.reduce(Reduce::Sum, value, &(0..shape.len()).collect::<Vec<_>>());
        }
    }
    if let Some(last) = copies.into_iter().reduce(|a, b| builder.binary(simd::add, a, b)) {
        builder.store(last);
    }
    let fused = builder.build();
    let keys = [Source::new(3, 1 << 40 | 7), Source::new(4, 9)];
    let sigma = [T::from_f64(0.7)];
    let on_threads = |threads: usize| {
        let mut stores = vec![vec![T::NAN; len]; 2 + usize::from(live > 0)];
        let (mut sums, mut scratch) = ([[T::NAN]; 2], vec![T::NAN; fused.scratch()]);
        let mut stored: Vec<&mut [T]> = stores.iter_mut().map(Vec::as_mut_slice).collect();
        let mut summed: Vec<&mut [T]> = sums.iter_mut().map(|sum| &mut sum[..]).collect();
        in_pool(threads, || {
            fused.run_with_noise(&keys, &[(&sigma, 0)], &mut stored, &mut summed, &mut scratch);
        });
        (stores, sums)
    };
    let (stores, sums) = on_threads(1);
    let (mut e, mut u) = (vec![T::ZERO; len], vec![T::ZERO; len]);
    fill_normal(keys[0].seed, keys[0].stream, 0, &mut e);
    fill_uniform(keys[1].seed, keys[1].stream, 0, &mut u);
    assert_eq!(stores[0], e);
    let close = |a: T, b: f64, scale: f64| (a.to_f64() - b).abs() <= 4.0 * T::EPSILON.to_f64() * scale;
    for ((&y, e), u) in stores[1].iter().zip(&e).zip(&u) {
        assert!(close(y, sigma[0].to_f64() * e.to_f64() + u.to_f64(), 8.0));
    }
    let total: f64 = u.iter().map(|u| u.to_f64()).sum();
    assert!(close(sums[0][0], total, 100.0 * total.max(1.0)), "{} for {total}", sums[0][0]);
    for threads in [2, 3] {
        assert_eq!(on_threads(threads), (stores.clone(), sums));
    }
}

#[test]
fn noise() {
    for shape in [&[1][..], &[255], &[257], &[3, 1, 111], &[7, 11_111], &[0]] {
        noise_is_what_fill_gives::<f32>(shape, 0);
        noise_is_what_fill_gives::<f64>(shape, 3);
    }
    // More registers than whole batches fit for.
    noise_is_what_fill_gives::<f32>(&[20_001], 150);
    noise_is_what_fill_gives::<f64>(&[20_001], 150);
}

#[test]
#[should_panic(expected = "number of random values")]
fn noise_without_a_seed_is_refused() {
    let mut builder = FusedBuilder::<f32>::new(&[4]);
    let e = builder.normal();
    builder.store(e);
    builder.build().run(&[], &mut [&mut [0.0; 4]], &mut [], &mut []);
}
