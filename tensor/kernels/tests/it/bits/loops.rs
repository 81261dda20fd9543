//! Fused loops.

use super::Hashes;
use crate::common::{dirty, numbers};
use bayeux_kernels::fused::Arithmetic::{Add, Div, Eq, Ge, Gt, Le, Lt, Maximum, Minimum, Mul, Ne, Sub};
use bayeux_kernels::fused::{Factors, Fused, FusedBuilder, Product, Reduce, Value};
use bayeux_kernels::random::Source;
use bayeux_kernels::{Float, simd};

pub fn all<T: Float>(hashes: &mut Hashes) {
    for shape in [[1, 1], [3, 7], [100, 257], [3, 33_000], [33_000, 3], [1, 300_001]] {
        arithmetic::<T>(hashes, shape);
        sums::<T>(hashes, shape);
        mixed::<T>(hashes, shape);
    }
    for shape in [[3, 7], [100, 257], [3, 33_000], [33_000, 3], [1, 300_001]] {
        plain::<T>(hashes, shape);
    }
    for seed in 0..20 {
        random::<T>(hashes, [7, 613], seed);
        random::<T>(hashes, [40, 701], seed);
    }
    on_products::<T>(hashes);
}

/// Runs a loop of operands x (the space), a row, a column and a state to be overwritten, as `Build` says, and takes in what it gives.
fn run<T: Float>(hashes: &mut Hashes, name: &str, [rows, columns]: [usize; 2], build: Build<T>) {
    let mut builder = FusedBuilder::<T>::new(&[rows, columns]);
    let step = columns as isize;
    let operands =
        [[step, 1], [0, 1], [1, 0], [0, 0], [step, 1]].map(|strides: [isize; 2]| builder.operand(&strides));
    let Results { stores, reduced, noise } = build(&mut builder, operands);
    let fused: Fused<T> = builder.build();

    let mut x = numbers::<T>(rows * columns, 1);
    x.iter_mut().for_each(|x| *x *= T::from_f64(4.0));
    let (row, column, one) = (numbers::<T>(columns, 2), numbers::<T>(rows, 3), numbers::<T>(1, 4));
    let mut results: Vec<Vec<T>> = (0..stores).map(|_| dirty(rows * columns)).collect();
    if let Some(state) = results.last_mut() {
        *state = numbers(rows * columns, 5);
    }
    let mut reductions: Vec<Vec<T>> = reduced
        .iter()
        .map(|axes| {
            let kept = [rows, columns].into_iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
            dirty(kept.map(|(_, size)| size).product())
        })
        .collect();
    let noise: Vec<Source> = (0..noise).map(|i| Source::new(7, i)).collect();
    fused.run_with_noise(
        &noise,
        &[(&x, 0), (&row, 0), (&column, 0), (&one, 0), (&[], 0)],
        &mut results.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>(),
        &mut reductions.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>(),
        &mut dirty(fused.scratch()),
    );
    let all: Vec<&[T]> = results.iter().chain(&reductions).map(Vec::as_slice).collect();
    hashes.add(format!("loop {name} over {rows} × {columns}"), &all);
}

/// How many results a loop has, of which the last overwrites the state; the axes of its reductions; how many random values.
struct Results {
    stores: usize,
    reduced: Vec<Vec<usize>>,
    noise: u64,
}

type Build<'a, T> = &'a dyn Fn(&mut FusedBuilder<T>, [Value; 5]) -> Results;

/// Every operation, in places where neighbours are done together and where they are not.
fn arithmetic<T: Float>(hashes: &mut Hashes, shape: [usize; 2]) {
    run::<T>(hashes, "of all operations", shape, &|loops, [x, row, column, one, state]| {
        let zero = loops.constant(T::ZERO);
        let mut value = state;
        for (i, op) in [Add, Sub, Mul, Div, Maximum, Minimum].into_iter().enumerate() {
            let operand = [x, row, column, one, zero, x][i];
            value = loops.arithmetic(op, value, operand);
            value = loops.arithmetic(Add, operand, value);
        }
        for op in [Gt, Ge, Lt, Le, Eq, Ne] {
            let condition = loops.arithmetic(op, x, row);
            let (a, b) = (loops.arithmetic(Mul, value, one), loops.arithmetic(Sub, value, condition));
            value = loops.select(condition, a, b);
        }
        let square = loops.square(value);
        let root = loops.sqrt(square);
        let relu = loops.relu(value);
        loops.store(root);
        loops.store(relu);
        loops.store_over(value, state);
        Results { stores: 3, reduced: vec![], noise: 0 }
    });
}

/// Sums over everything, alone and beside others.
fn sums<T: Float>(hashes: &mut Hashes, shape: [usize; 2]) {
    let reduced = || vec![vec![0, 1], vec![0, 1]];
    run::<T>(hashes, "of two sums", shape, &|loops, [x, row, _, _, state]| {
        let square = loops.square(x);
        let product = loops.arithmetic(Mul, square, row);
        loops.reduce(Reduce::Sum, product, &[0, 1]);
        loops.reduce(Reduce::Max, square, &[0, 1]);
        loops.store_over(product, state);
        Results { stores: 1, reduced: reduced(), noise: 0 }
    });
    run::<T>(hashes, "of logarithms", shape, &|loops, [x, row, _, _, state]| {
        let square = loops.square(x);
        let ln = loops.ln(square);
        let other = loops.arithmetic(Add, x, row);
        loops.reduce(Reduce::Sum, ln, &[0, 1]);
        loops.reduce(Reduce::Sum, other, &[0, 1]);
        loops.store_over(other, state);
        Results { stores: 1, reduced: reduced(), noise: 0 }
    });
}

/// Nothing but a reduction of what is read.
fn plain<T: Float>(hashes: &mut Hashes, shape: [usize; 2]) {
    let x = numbers::<T>(shape[0] * shape[1], 1);
    for axes in [vec![0, 1], vec![0], vec![1]] {
        let results = [Reduce::Sum, Reduce::Max].map(|reduce| {
            let mut builder = FusedBuilder::<T>::new(&shape);
            let operand = builder.operand(&[shape[1] as isize, 1]);
            builder.reduce(reduce, operand, &axes);
            let fused = builder.build();
            let kept = (0..2).filter(|axis| !axes.contains(axis)).map(|axis| shape[axis]).product();
            let mut results = dirty(kept);
            fused.run(&[(&x, 0)], &mut [], &mut [&mut results], &mut dirty(fused.scratch()));
            results
        });
        let name = format!("loop that only reduces {shape:?} along {axes:?}");
        hashes.add(name, &results.each_ref().map(Vec::as_slice));
    }
}

/// Functions, noise, and sums along axes.
fn mixed<T: Float>(hashes: &mut Hashes, shape: [usize; 2]) {
    run::<T>(hashes, "of functions", shape, &|loops, [x, row, column, one, state]| {
        let normal = loops.normal();
        let slope = loops.unary(simd::sigmoid, x);
        let y = loops.arithmetic(Mul, slope, normal);
        let y = loops.arithmetic(Add, y, row);
        let t = loops.unary(simd::tanh, y);
        let uniform = loops.uniform();
        let above = loops.arithmetic(Gt, uniform, column);
        let chosen = loops.select(above, t, y);
        let change = loops.arithmetic(Mul, chosen, one);
        let new = loops.arithmetic(Sub, state, change);
        loops.reduce(Reduce::Sum, y, &[0]);
        loops.reduce(Reduce::Sum, chosen, &[1]);
        loops.reduce(Reduce::Sum, t, &[0, 1]);
        loops.reduce(Reduce::Max, change, &[1]);
        loops.store(t);
        loops.store_over(new, state);
        Results { stores: 2, reduced: vec![vec![0], vec![1], vec![0, 1], vec![1]], noise: 2 }
    });
}

/// Operations and operands by chance.
fn random<T: Float>(hashes: &mut Hashes, shape: [usize; 2], seed: u64) {
    run::<T>(hashes, &format!("by chance {seed}"), shape, &|loops, operands| {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut chance = |count: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 40) as usize % count
        };
        let mut values = operands.to_vec();
        let mut noise = 0;
        for _ in 0..5 + 2 * seed {
            let mut pick = || values[values.len() - 1 - chance(values.len().min(9))];
            let (a, b, c) = (pick(), pick(), pick());
            values.push(match chance(24) {
                0 => loops.unary(simd::tanh, a),
                1 => loops.sqrt(a),
                2 => loops.constant(T::from_f64(chance(9) as f64 - 4.0)),
                3 => loops.select(a, b, c),
                4 => loops.square(a),
                5 if noise < 2 => {
                    noise += 1;
                    loops.normal()
                }
                op => {
                    let all = [Add, Sub, Mul, Div, Maximum, Minimum, Gt, Ge, Lt, Le, Eq, Ne];
                    loops.arithmetic(all[op % all.len()], a, b)
                }
            });
        }
        let last = values[values.len() - 1];
        let other = values[values.len() - 2];
        let axes = [vec![0, 1], vec![0], vec![1]][seed as usize % 3].clone();
        loops.reduce(Reduce::Sum, last, &axes);
        loops.reduce(Reduce::Max, other, &axes);
        loops.store(other);
        loops.store_over(last, operands[4]);
        Results { stores: 2, reduced: vec![axes.clone(), axes], noise }
    });
}

/// Loops that go on with a product.
fn on_products<T: Float>(hashes: &mut Hashes) {
    for [m, k, n] in [[50, 300, 130], [301, 20, 40]] {
        let mut loops = FusedBuilder::<T>::new(&[m, n]);
        let product = loops.product(Product::Matrices(k));
        let bias = loops.operand(&[0, 1]);
        let biased = loops.arithmetic(Add, product, bias);
        let y = loops.unary(simd::tanh, biased);
        loops.store(y);
        loops.reduce(Reduce::Sum, y, &[0]);
        loops.reduce(Reduce::Sum, biased, &[0, 1]);
        let fused = loops.build();
        let (a, b, bias) = (numbers::<T>(m * k, 1), numbers::<T>(k * n, 2), numbers::<T>(n, 3));
        let factors = Factors::Matrices([(&a, [k as isize, 1]), (&b, [n as isize, 1])]);
        let (mut y, mut sums, mut sum) = (dirty(m * n), dirty(n), dirty(1));
        fused.run_on_product(
            factors,
            None,
            &[],
            &[(&[], 0), (&bias, 0)],
            &mut [&mut y],
            &mut [&mut sums, &mut sum],
            &mut dirty(fused.scratch()),
        );
        hashes.add(format!("loop on a product of {m} {k} {n}"), &[&y, &sums, &sum]);
    }
}
