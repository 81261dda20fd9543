//! The linear kernels (gemm, convolution, max-pooling) against nested loops that follow their formulas, on random
//! shapes; adjointness; the same bits for any number of threads.

use crate::common::*;
use bayeux_kernels::*;
use proptest::prelude::*;

// ---- gemm ----

/// One product, against three loops, of matrices some of which are transposed, with a `gap` between rows, and with only
/// every `step`-th element in use; C starts as NaN when beta is zero.
fn check_gemm<T: Float>(
    [m, k, n]: [usize; 3],
    [ta, tb]: [bool; 2],
    [gap, step]: [usize; 2],
    alpha: f64,
    beta: f64,
) {
    let layout = |rows: usize, columns: usize, transposed: bool| {
        let strides = if transposed { [1, rows + gap] } else { [columns + gap, 1] };
        strides.map(|stride| (stride * step) as isize)
    };
    let (sa, sb) = (layout(m, k, ta), layout(k, n, tb));
    let a: Vec<T> = numbers((m + gap) * (k + gap) * step, 1);
    let b: Vec<T> = numbers((k + gap) * (n + gap) * step, 2);
    let start: Vec<T> = if beta == 0.0 { dirty(m * n) } else { numbers(m * n, 3) };
    let at = |s: [isize; 2], i: usize, j: usize| i * s[0] as usize + j * s[1] as usize;
    let mut want = vec![0.0; m * n];
    for i in 0..m {
        for j in 0..n {
            let sum: f64 = (0..k).map(|l| a[at(sa, i, l)].to_f64() * b[at(sb, l, j)].to_f64()).sum();
            let old = if beta == 0.0 { 0.0 } else { beta * start[i * n + j].to_f64() };
            want[i * n + j] = alpha * sum + old;
        }
    }
    let mut c = start;
    let mut scratch = dirty(gemm_scratch(k, n));
    gemm(m, k, n, T::from_f64(alpha), &a, sa, &b, sb, T::from_f64(beta), &mut c, &mut scratch);
    assert_close(&c, &want, 2 * k);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn gemm_agrees_with_three_loops(
        m in 0usize..70, k in 0usize..70, n in prop_oneof![0usize..70, 120usize..170], ta: bool, tb: bool,
        gap in 0usize..3, step in 1usize..3,
        alpha in prop::sample::select(vec![1.0, -0.5]), beta in prop::sample::select(vec![0.0, 1.0, 0.25]),
    ) {
        check_gemm::<f32>([m, k, n], [ta, tb], [gap, step], alpha, beta);
        check_gemm::<f64>([m, k, n], [ta, tb], [gap, step], alpha, beta);
    }
}

#[test]
fn gemm_agrees_beyond_its_blocks() {
    for [m, k, n] in [
        [300, 40, 9],
        [7, 900, 33],
        [5, 30, 1100],
        [131, 515, 140],
        [1, 600, 600],
        [600, 600, 1],
        [20, 2100, 150],
        [4100, 7, 130],
        [8200, 3, 5],
        [9, 5, 4110],
        [40, 300, 800], // tasks side by side
    ] {
        for (ta, tb) in [(false, false), (true, false), (false, true)] {
            check_gemm::<f32>([m, k, n], [ta, tb], [0, 1], 1.0, 0.0);
            check_gemm::<f64>([m, k, n], [ta, tb], [0, 1], 1.0, 1.0);
        }
    }
}

/// Sums of positive numbers lose digits with each block of terms, unless these are added with care.
#[test]
#[cfg_attr(miri, ignore = "long")]
fn a_product_of_many_terms_keeps_its_digits() {
    let [m, k, n] = [2, 4_000_000, 3];
    let (mut a, mut b) = (vec![0.0f32; m * k], vec![0.0f32; k * n]);
    random::fill_uniform(1, 0, 0, &mut a);
    random::fill_uniform(1, 1, 0, &mut b);
    let mut scratch = vec![0.0; gemm_scratch(k, n)];
    for (alpha, beta) in [(1.0, 0.0), (0.5, 2.0)] {
        let mut c = vec![if beta == 0.0 { f32::NAN } else { 1e6 }; m * n];
        gemm(m, k, n, alpha, &a, [k as isize, 1], &b, [n as isize, 1], beta, &mut c, &mut scratch);
        for (i, &found) in c.iter().enumerate() {
            let (row, column) = (i / n, i % n);
            let term = |j: usize| f64::from(a[row * k + j]) * f64::from(b[j * n + column]);
            let before = if beta == 0.0 { 0.0 } else { 2e6 };
            let expected = f64::from(alpha) * (0..k).map(term).sum::<f64>() + before;
            let error = (f64::from(found) / expected - 1.0).abs();
            assert!(error < 3e-7, "element {i}: {found}, not {expected}, off by {error:e}");
        }
    }
}

#[test]
#[should_panic(expected = "gemm: B of 3×2 with strides [2, 1] needs 6 elements, got 5")]
fn gemm_names_the_short_operand() {
    gemm(2, 3, 2, 1.0, &[0.0; 6], [3, 1], &[0.0; 5], [2, 1], 0.0, &mut [0.0; 4], &mut [0.0; 99]);
}

#[test]
#[should_panic(expected = "gemm: the scratch has 7 elements, needs")]
fn gemm_refuses_a_short_scratch() {
    gemm(2, 2, 2, 1.0, &[0.0; 4], [2, 1], &[0.0; 4], [2, 1], 0.0, &mut [0.0; 4], &mut [0.0; 7]);
}

// ---- convolution ----

fn check_conv2d<T: Float>(s: &Conv2dShape) {
    let (x, w, dy) = (numbers::<T>(s.x_len(), 1), numbers::<T>(s.w_len(), 2), numbers::<T>(s.y_len(), 3));
    let (fx, fw, fdy) = (wide(&x), wide(&w), wide(&dy));
    let (mut want_y, mut want_dx, mut want_dw) =
        (vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
    convolution_terms(s, |i, k, o| {
        want_y[o] += fx[i] * fw[k];
        want_dx[i] += fdy[o] * fw[k];
        want_dw[k] += fx[i] * fdy[o];
    });
    let taps = s.kernel()[0] * s.kernel()[1];
    let (mut y, mut dx, mut dw) = (dirty(dy.len()), dirty(x.len()), dirty(w.len()));
    conv2d(s, &x, &w, &mut y, &mut dirty(s.scratch_forward()));
    assert_close(&y, &want_y, s.in_channels() * taps);
    conv2d_input(s, &dy, &w, &mut dx, &mut dirty(s.scratch_input()));
    assert_close(&dx, &want_dx, s.out_channels() * taps);
    conv2d_weights(s, &x, &dy, &mut dw, &mut dirty(s.scratch_weights()));
    assert_close(&dw, &want_dw, s.y_len() / s.out_channels().max(1));
}

prop_compose! {
    fn conv_shape()(
        batch in 0usize..6, in_channels in 1usize..6, out_channels in 1usize..15,
        kernel in [1usize..6, 1usize..6], stride in [1usize..4, 1usize..4], more in [0usize..20, 0usize..20],
        padding in [[0usize..4, 0usize..4], [0usize..4, 0usize..4]],
    ) -> Conv2dShape {
        // The smallest input that the kernel fits in, and some more.
        let size = [0, 1].map(|d| (more[d] + kernel[d]).saturating_sub(padding[d][0] + padding[d][1]).max(1));
        Conv2dShape::new(batch, in_channels, size, out_channels, kernel, stride, padding)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn conv2d_and_its_adjoints_agree_with_seven_loops(s in conv_shape()) {
        check_conv2d::<f32>(&s);
        check_conv2d::<f64>(&s);
    }
}

#[test]
fn conv2d_agrees_on_chosen_shapes() {
    let none = [[0, 0], [0, 0]];
    for s in [
        Conv2dShape::new(37, 1, [28, 28], 32, [5, 5], [1, 1], none),
        Conv2dShape::new(19, 32, [12, 12], 32, [5, 5], [1, 1], none),
        Conv2dShape::new(3, 8, [8, 8], 8, [3, 3], [1, 1], [[1, 1], [1, 1]]),
        Conv2dShape::new(2, 7, [5, 9], 11, [5, 9], [1, 1], none), // the kernel is the image
        Conv2dShape::new(3, 5, [13, 7], 6, [1, 1], [1, 1], none),
        Conv2dShape::new(3, 5, [13, 7], 6, [1, 1], [3, 2], none), // some inputs are never read
        Conv2dShape::new(1, 3, [61, 67], 4, [7, 7], [2, 2], [[3, 3], [3, 2]]),
        Conv2dShape::new(2, 40, [70, 90], 3, [3, 3], [1, 1], [[1, 1], [1, 1]]), // more than one band of rows
        Conv2dShape::new(1, 2, [2, 2], 3, [2, 2], [5, 5], [[4, 4], [4, 4]]), // windows that hold padding only
        Conv2dShape::new(0, 3, [4, 4], 2, [3, 3], [1, 1], none),
        // Many input channels: they are the lanes of the adjoint with respect to the input.
        Conv2dShape::new(3, 31, [9, 11], 5, [3, 4], [2, 3], [[1, 0], [2, 3]]),
        Conv2dShape::new(2, 29, [6, 6], 7, [5, 5], [1, 1], none),
        Conv2dShape::new(2, 47, [41, 37], 4, [3, 3], [2, 1], none), // bands of rows that overlap
        Conv2dShape::new(2, 48, [40, 37], 2, [3, 3], [1, 1], [[4, 4], [4, 4]]),
        Conv2dShape::new(2, 16, [9, 8], 3, [2, 2], [3, 3], none), // some inputs are never read
        Conv2dShape::new(1, 16, [2, 2], 3, [2, 2], [5, 5], [[4, 4], [4, 4]]),
        // Many output channels: they are the lanes.
        Conv2dShape::new(3, 5, [9, 11], 31, [3, 4], [2, 3], [[1, 0], [2, 3]]),
        Conv2dShape::new(2, 40, [6, 6], 29, [5, 5], [1, 1], none), // two passes over the taps, four outputs
        Conv2dShape::new(2, 3, [5, 9], 48, [5, 9], [1, 1], none),
        Conv2dShape::new(2, 21, [1, 12], 27, [1, 6], [1, 1], none),
        Conv2dShape::new(2, 4, [41, 37], 47, [3, 3], [2, 1], none), // bands of rows in place
        Conv2dShape::new(2, 4, [40, 37], 48, [3, 3], [1, 1], [[1, 1], [1, 1]]), // and copied
        Conv2dShape::new(2, 70, [7, 9], 32, [1, 1], [1, 1], none),
        Conv2dShape::new(2, 3, [8, 9], 16, [1, 1], [1, 2], none),
        // Tiles of 2×2 outputs: whole ones, some that hang over the edges, rows longer than a vector, bands, two passes over the channels.
        Conv2dShape::new(2, 16, [8, 8], 16, [3, 3], [1, 1], [[1, 1], [1, 1]]),
        Conv2dShape::new(2, 17, [9, 11], 33, [3, 3], [1, 1], [[1, 1], [1, 1]]),
        Conv2dShape::new(1, 33, [8, 47], 17, [3, 3], [1, 1], [[2, 0], [0, 3]]),
        Conv2dShape::new(2, 64, [29, 40], 80, [3, 3], [1, 1], [[1, 1], [1, 1]]),
        Conv2dShape::new(1, 530, [12, 7], 31, [3, 3], [1, 1], none),
    ] {
        check_conv2d::<f32>(&s);
        check_conv2d::<f64>(&s);
    }
}

#[test]
#[should_panic(expected = "the kernel [5, 5] does not fit in the input [3, 4] with padding [[0, 1], [0, 0]]")]
fn a_kernel_that_does_not_fit_is_refused() {
    let _ = Conv2dShape::new(1, 1, [3, 4], 1, [5, 5], [1, 1], [[0, 1], [0, 0]]);
}

#[test]
#[should_panic(expected = "conv2d: the weights have 8 elements, but their shape is [1, 1, 3, 3]")]
fn wrong_weights_are_refused() {
    let s = Conv2dShape::new(1, 1, [3, 3], 1, [3, 3], [1, 1], [[0, 0], [0, 0]]);
    conv2d(&s, &[0.0; 9], &[0.0; 8], &mut [0.0], &mut vec![0.0; s.scratch_forward()]);
}

// ---- max-pooling ----

fn check_pool<T: Float>(s: &Pool2dShape, x: &[T]) {
    let (v, g) = (numbers::<T>(s.x_len(), 2), numbers::<T>(s.y_len(), 3));
    let places = maxima(s, x);
    let mut y = dirty(s.y_len());
    max_pool2d(s, x, &mut y);
    let want: Vec<T> = places.iter().map(|&p| x[p]).collect();
    assert!(
        y.iter().zip(&want).all(|(a, b)| a == b || (a.is_nan() && b.is_nan())),
        "{s:?}: {y:?} is not {want:?}"
    );
    max_pool2d_gather(s, x, &v, &mut y);
    assert_eq!(y, places.iter().map(|&p| v[p]).collect::<Vec<T>>(), "gather of {s:?}");
    let (mut dx, mut want) = (dirty(s.x_len()), vec![T::ZERO; s.x_len()]);
    places.iter().zip(&g).for_each(|(&p, &g)| want[p] += g);
    max_pool2d_scatter(s, x, &g, &mut dx);
    assert_eq!(dx, want, "scatter of {s:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn max_pool_agrees_with_its_definition(s in pool_shape(), ties: bool, nan in prop::option::of(0usize..999)) {
        let x = pool_input(&s, ties, nan);
        check_pool::<f64>(&s, &x);
        check_pool::<f32>(&s, &x.iter().map(|&x| x as f32).collect::<Vec<_>>());
    }
}

#[test]
fn max_pool_agrees_beyond_a_task() {
    for size in [[24, 24], [8, 8], [9, 30], [2, 2], [6, 33]] {
        let s = Pool2dShape::new(5, 70, size, [2, 2], [2, 2], [[0, 0], [0, 0]]);
        check_pool::<f32>(&s, &numbers(s.x_len(), 1));
        check_pool::<f64>(&s, &numbers(s.x_len(), 1));
    }
}

// ---- threads ----

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let convolution = |[in_channels, out_channels]: [usize; 2]| {
        let s = Conv2dShape::new(21, in_channels, [17, 15], out_channels, [3, 4], [1, 2], [[1, 0], [2, 1]]);
        let (x, w, dy) = (numbers(s.x_len(), 1), numbers(s.w_len(), 2), numbers(s.y_len(), 3));
        let (mut y, mut dx, mut dw) = (dirty(dy.len()), dirty(x.len()), dirty(w.len()));
        conv2d(&s, &x, &w, &mut y, &mut dirty(s.scratch_forward()));
        conv2d_input(&s, &dy, &w, &mut dx, &mut dirty(s.scratch_input()));
        conv2d_weights(&s, &x, &dy, &mut dw, &mut dirty(s.scratch_weights()));
        [y, dx, dw]
    };
    let run = |threads: usize| -> Vec<Vec<f32>> {
        in_pool(threads, || {
            let mut products: Vec<_> =
                [[6, 10], [6, 32], [16, 32]].into_iter().flat_map(convolution).collect();
            for [m, k, n] in [[400, 700, 130], [9, 900, 300], [40, 300, 800], [1000, 20, 32]] {
                let mut c = dirty(m * n);
                let (a, b) = (numbers(m * k, 4), numbers(k * n, 5));
                let mut scratch = dirty(gemm_scratch(k, n));
                gemm(m, k, n, 1.0, &a, [k as isize, 1], &b, [n as isize, 1], 0.0, &mut c, &mut scratch);
                products.push(c);
            }
            products
        })
    };
    let one = run(1);
    assert!(one == run(2), "two threads differ from one");
    assert!(one == run(7), "seven threads differ from one");
}
