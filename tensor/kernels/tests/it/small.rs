//! A little of everything, small enough for Miri, which the other tests are not: every kernel with pointers at the least sizes
//! that take its ways, compared with plain loops. `.ci/miri` runs it.

use bayeux_kernels::fused::{Fused, FusedBuilder, Reduce};
use bayeux_kernels::reduce::{Extent, Kind, argmax, reduce, room};
use bayeux_kernels::*;

use super::common::{assert_close, convolution_terms, dirty, maxima, numbers, wide};

fn products<T: Float>() {
    for (m, k, n, transposed) in [(3, 5, 4, false), (3, 5, 4, true), (7, 3, 19, false), (40, 9, 33, true)] {
        let (a, b): (Vec<T>, Vec<T>) = (numbers(m * k, 1), numbers(k * n, 2));
        let strides = if transposed { [1, m as isize] } else { [k as isize, 1] };
        let mut c = dirty(m * n);
        let mut scratch = dirty(gemm_scratch(k, n));
        gemm(m, k, n, T::ONE, &a, strides, &b, [n as isize, 1], T::ZERO, &mut c, &mut scratch);
        let (a, b) = (wide(&a), wide(&b));
        let at = |i: usize, p: usize| a[i * strides[0] as usize + p * strides[1] as usize];
        let element = |e: usize| (0..k).map(|p| at(e / n, p) * b[p * n + e % n]).sum();
        assert_close(&c, &(0..m * n).map(element).collect::<Vec<f64>>(), k);
    }
}

#[test]
fn products_of_both_widths() {
    products::<f32>();
    products::<f64>();
}

fn convolutions<T: Float>(s: &Conv2dShape) {
    let (x, w, g): (Vec<T>, Vec<T>, Vec<T>) =
        (numbers(s.x_len(), 1), numbers(s.w_len(), 2), numbers(s.y_len(), 3));
    let (x64, w64, g64) = (wide(&x), wide(&w), wide(&g));
    let (mut y, mut dx, mut dw) = (vec![0.0; s.y_len()], vec![0.0; x64.len()], vec![0.0; w64.len()]);
    convolution_terms(s, |from, weight, to| {
        y[to] += x64[from] * w64[weight];
        dx[from] += g64[to] * w64[weight];
        dw[weight] += g64[to] * x64[from];
    });
    let terms = y.len() + w64.len();
    let mut got = dirty(y.len());
    conv2d(s, &x, &w, &mut got, &mut dirty(s.scratch_forward()));
    assert_close(&got, &y, terms);
    let mut got = dirty(dx.len());
    conv2d_input(s, &g, &w, &mut got, &mut dirty(s.scratch_input()));
    assert_close(&got, &dx, terms);
    let mut got = dirty(dw.len());
    conv2d_weights(s, &x, &g, &mut got, &mut dirty(s.scratch_weights()));
    assert_close(&got, &dw, terms);
}

#[test]
fn convolutions_and_their_adjoints() {
    let padded = [[1, 1], [1, 0]];
    for shape in [
        Conv2dShape::new(2, 1, [5, 6], 2, [3, 3], [1, 1], padded),
        Conv2dShape::new(1, 3, [6, 5], 4, [3, 2], [2, 1], padded),
        Conv2dShape::new(1, 8, [3, 3], 9, [1, 1], [1, 1], [[0; 2]; 2]),
        Conv2dShape::new(1, 8, [6, 6], 8, [3, 3], [1, 1], [[1; 2]; 2]),
        Conv2dShape::new(1, 4, [5, 5], 4, [3, 3], [1, 1], [[1; 2]; 2]).grouped(4),
        Conv2dShape::new(1, 4, [4, 4], 6, [2, 2], [1, 1], [[0; 2]; 2]).grouped(2),
    ] {
        convolutions::<f32>(&shape);
    }
}

#[test]
fn pools_and_their_adjoints() {
    for shape in [
        Pool2dShape::new(1, 2, [4, 6], [2, 2], [2, 2], [[0; 2]; 2]),
        Pool2dShape::new(1, 1, [5, 4], [3, 2], [1, 2], [[1, 1], [0, 1]]),
    ] {
        let x: Vec<f32> = numbers(shape.x_len(), 1);
        let g: Vec<f32> = numbers(shape.y_len(), 2);
        let places = maxima(&shape, &x);
        let mut y = dirty(shape.y_len());
        max_pool2d(&shape, &x, &mut y);
        assert!(y.iter().zip(&places).all(|(y, &place)| *y == x[place]));
        let mut expected = vec![0.0; x.len()];
        places.iter().zip(&g).for_each(|(&place, &g)| expected[place] += f64::from(g));
        let mut dx = dirty(x.len());
        max_pool2d_scatter(&shape, &x, &g, &mut dx);
        assert_close(&dx, &expected, 9);
    }
}

#[test]
fn reductions_along_rows_and_columns() {
    for extent in [
        Extent { outer: 3, count: 21, inner: 1 },
        Extent { outer: 2, count: 5, inner: 19 },
        Extent { outer: 9, count: 3, inner: 1 },
    ] {
        let Extent { outer, count, inner } = extent;
        let x: Vec<f32> = numbers(outer * count * inner, 1);
        let at = |e: usize, i: usize| f64::from(x[(e / inner * count + i) * inner + e % inner]);
        let mut results = dirty(outer * inner);
        reduce(Kind::Sum, &x, extent, &mut results, &mut dirty(room(extent)));
        let sums: Vec<f64> = (0..outer * inner).map(|e| (0..count).map(|i| at(e, i)).sum()).collect();
        assert_close(&results, &sums, count);
        argmax(&x, extent, &mut results);
        for (e, &place) in results.iter().enumerate() {
            assert!((0..count).all(|i| at(e, i) <= at(e, place as usize)), "{extent:?}: {place} at {e}");
        }
    }
}

#[test]
fn a_loop_with_functions_and_sums() {
    let mut builder = FusedBuilder::new(&[5, 7]);
    let x = builder.operand(&[7, 1]);
    let b = builder.operand(&[0, 1]);
    let t = builder.unary(simd::tanh, x);
    let y = builder.binary(simd::add, t, b);
    builder.store(y);
    builder.reduce(Reduce::Sum, y, &[0]);
    let fused: Fused<f64> = builder.build();
    let (x, b): (Vec<f64>, Vec<f64>) = (numbers(35, 1), numbers(7, 2));
    let (mut y, mut sums, mut scratch) = (dirty(35), dirty(7), dirty(fused.scratch()));
    fused.run(&[(&x, 0), (&b, 0)], &mut [&mut y], &mut [&mut sums], &mut scratch);
    let expected: Vec<f64> = (0..35).map(|i| x[i].tanh() + b[i % 7]).collect();
    assert_close(&y, &expected, 4);
    assert_close(&sums, &(0..7).map(|j| (0..5).map(|i| expected[7 * i + j]).sum()).collect::<Vec<f64>>(), 20);
}

#[test]
fn random_numbers_begin_anywhere() {
    let (mut all, mut part) = ([0.0_f32; 40], [0.0_f32; 9]);
    random::fill_normal_par(3, 1, 0, &mut all);
    random::fill_normal(3, 1, 17, &mut part);
    assert_eq!(all[17..26], part);
}
