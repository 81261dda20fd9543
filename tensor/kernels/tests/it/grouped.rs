//! Convolutions in groups of channels, against nested loops that follow their formula; adjointness; the same bits for any number
//! of threads.

use crate::common::*;
use bayeux_kernels::*;
use proptest::prelude::*;

const NONE: [[usize; 2]; 2] = [[0, 0], [0, 0]];

fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// y, dx and dw of the same numbers.
fn passes<T: Float>(s: &Conv2dShape) -> [Vec<T>; 3] {
    let (x, w, dy) = (numbers::<T>(s.x_len(), 1), numbers::<T>(s.w_len(), 2), numbers::<T>(s.y_len(), 3));
    let (mut y, mut dx, mut dw) = (dirty(dy.len()), dirty(x.len()), dirty(w.len()));
    conv2d(s, &x, &w, &mut y, &mut dirty(s.scratch_forward()));
    conv2d_input(s, &dy, &w, &mut dx, &mut dirty(s.scratch_input()));
    conv2d_weights(s, &x, &dy, &mut dw, &mut dirty(s.scratch_weights()));
    [y, dx, dw]
}

/// All three passes against the loops, and ⟨y, dy⟩ = ⟨x, dx⟩ = ⟨w, dw⟩.
fn check<T: Float>(s: &Conv2dShape) {
    let [x, w, dy] =
        [(s.x_len(), 1), (s.w_len(), 2), (s.y_len(), 3)].map(|(len, seed)| wide(&numbers::<T>(len, seed)));
    let [mut want_y, mut want_dx, mut want_dw] = [&dy, &x, &w].map(|like| vec![0.0; like.len()]);
    convolution_terms(s, |i, k, o| {
        want_y[o] += x[i] * w[k];
        want_dx[i] += dy[o] * w[k];
        want_dw[k] += x[i] * dy[o];
    });
    let [y, dx, dw] = passes::<T>(s);
    let taps = s.kernel()[0] * s.kernel()[1];
    assert_close(&y, &want_y, s.in_channels() / s.groups() * taps);
    assert_close(&dx, &want_dx, s.out_channels() / s.groups() * taps);
    assert_close(&dw, &want_dw, s.y_len() / s.out_channels());
    let same = inner(&wide(&y), &dy);
    let tolerance = T::EPSILON.to_f64() * (s.flops() + 1) as f64;
    for other in [inner(&x, &wide(&dx)), inner(&w, &wide(&dw))] {
        assert!((same - other).abs() <= tolerance, "{same} is not {other}, of {s:?}");
    }
}

fn check_both(s: &Conv2dShape) {
    check::<f32>(s);
    check::<f64>(s);
}

/// A shape with so many groups, and channels of the input and of the output in each.
fn shape(
    [batch, groups, inputs, outputs]: [usize; 4],
    size: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [[usize; 2]; 2],
) -> Conv2dShape {
    Conv2dShape::new(batch, groups * inputs, size, groups * outputs, kernel, stride, padding).grouped(groups)
}

prop_compose! {
    /// Half of them depthwise.
    fn any_shape()(
        batch in 0usize..4, groups in 1usize..6, channels in [1usize..4, 1usize..4], depthwise: bool,
        kernel in [1usize..6, 1usize..6], stride in [1usize..4, 1usize..4], more in [0usize..24, 0usize..40],
        padding in [[0usize..5, 0usize..5], [0usize..5, 0usize..5]], square: bool,
    ) -> Conv2dShape {
        let (kernel, stride) = if square { ([kernel[0]; 2], [stride[0]; 2]) } else { (kernel, stride) };
        let [inputs, outputs] = if depthwise { [1, 1] } else { channels };
        let size = [0, 1].map(|d| (more[d] + kernel[d]).saturating_sub(padding[d][0] + padding[d][1]).max(1));
        shape([batch, groups, inputs, outputs], size, kernel, stride, padding)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn groups_agree_with_the_loops(s in any_shape()) {
        check_both(&s);
    }
}

#[test]
fn groups_agree_on_chosen_shapes() {
    let ones = [[1, 1], [1, 1]];
    for s in [
        shape([3, 5, 1, 1], [17, 19], [3, 3], [1, 1], ones),
        shape([1, 70, 1, 1], [8, 16], [3, 3], [1, 1], ones), // more planes than tasks
        shape([2, 3, 1, 1], [7, 7], [3, 3], [2, 2], ones),
        shape([2, 3, 1, 1], [1, 1], [3, 3], [1, 1], ones),
        shape([2, 2, 1, 1], [131, 150], [3, 3], [1, 1], ones), // several bands
        shape([1, 2, 1, 1], [131, 151], [3, 3], [2, 2], ones),
        shape([1, 2, 1, 1], [90, 101], [5, 5], [1, 1], [[2, 2], [2, 2]]),
        shape([1, 2, 1, 1], [3, 7000], [3, 3], [1, 1], ones), // a row is more than a band
        shape([2, 3, 1, 1], [14, 14], [7, 7], [1, 1], [[3, 3], [3, 3]]),
        shape([2, 3, 1, 1], [14, 15], [7, 7], [1, 1], [[9, 0], [8, 1]]), // more padding than the kernel reaches
        shape([2, 3, 1, 1], [9, 40], [1, 1], [1, 1], NONE),
        shape([2, 3, 1, 1], [9, 40], [2, 2], [5, 4], NONE), // some inputs are never read
        shape([2, 3, 1, 1], [2, 2], [2, 2], [5, 5], [[4, 4], [4, 4]]), // windows that hold padding only
        shape([3, 4, 1, 2], [9, 11], [3, 3], [1, 1], ones), // two outputs of each channel
        shape([19, 2, 16, 16], [9, 8], [3, 3], [2, 2], ones), // several images in a partial sum
        shape([1, 40, 2, 3], [5, 6], [1, 1], [1, 1], NONE),
        shape([0, 3, 1, 1], [4, 4], [3, 3], [1, 1], ones),
        shape([0, 3, 2, 2], [4, 4], [3, 3], [1, 1], ones),
    ] {
        check_both(&s);
    }
}

#[test]
fn a_group_is_a_convolution_of_its_own() {
    let [grouped, alone] = [
        shape([1, 2, 3, 4], [9, 11], [3, 3], [1, 1], NONE),
        shape([1, 1, 3, 4], [9, 11], [3, 3], [1, 1], NONE),
    ];
    let (x, w) = (numbers::<f32>(grouped.x_len(), 1), numbers::<f32>(grouped.w_len(), 2));
    let (mut y, mut want) = (dirty(grouped.y_len()), dirty(alone.y_len()));
    conv2d(&grouped, &x, &w, &mut y, &mut dirty(grouped.scratch_forward()));
    conv2d(&alone, &x[alone.x_len()..], &w[alone.w_len()..], &mut want, &mut dirty(alone.scratch_forward()));
    assert_eq!(y[alone.y_len()..], want);
    assert_eq!((grouped.w_len(), grouped.flops()), (2 * alone.w_len(), 2 * alone.flops()));
}

/// All widths about those of whole vectors, a column or two of padding on each side, or none.
#[test]
fn depthwise_rows_of_all_lengths_agree_with_the_loops() {
    for columns in [15, 16, 17, 31, 32, 33, 48, 49, 56, 64, 65, 80, 81, 130] {
        for [left, right] in [[0, 0], [1, 0], [0, 1], [1, 1], [2, 1], [1, 2]] {
            for [rows, above, below] in [[1, 0, 0], [2, 1, 0], [3, 0, 2], [5, 1, 1]] {
                let size = [rows + 2_usize.saturating_sub(above + below), columns + 2 - left - right];
                let padding = [[above, below], [left, right]];
                check_both(&shape([1, 3, 1, 1], size, [3, 3], [1, 1], padding));
            }
        }
    }
}

/// Whether each number is finite, and is not reached by what is not.
fn assert_reached<T: Float>(numbers: &[T], reached: &[bool], what: &str) {
    let wrong = numbers.iter().zip(reached).position(|(x, &reached)| x.is_finite() == reached);
    assert_eq!(wrong, None, "{what}");
}

/// What is not finite in one channel or image stays there, and at the edges of rows, next to padding and to other rows.
#[test]
fn infinite_pixels_reach_only_the_outputs_that_they_are_in() {
    for (size, kernel, stride, padding) in [
        ([6, 21], [3, 3], [1, 1], NONE),
        ([6, 21], [3, 3], [1, 1], [[1, 1], [1, 1]]),
        ([6, 66], [3, 3], [1, 1], NONE),
        ([4, 66], [3, 3], [1, 1], [[1, 0], [0, 1]]),
        ([7, 22], [3, 3], [2, 2], [[1, 1], [1, 1]]),
        ([7, 22], [5, 4], [1, 1], [[2, 1], [0, 1]]),
    ] {
        let s = shape([1, 3, 1, 1], size, kernel, stride, padding);
        for (row, column) in [0, 1, size[0] - 1].into_iter().flat_map(|row| {
            [0, 1, 15, 16, size[1] - 2, size[1] - 1].into_iter().map(move |column| (row, column))
        }) {
            let what = format!("row {row} and column {column} of {s:?}");
            let (mut x, w) = (numbers::<f32>(s.x_len(), 1), numbers::<f32>(s.w_len(), 2));
            let at = (size[0] + row) * size[1] + column;
            x[at] = f32::INFINITY;
            let (mut y, mut dw) = (dirty(s.y_len()), dirty(s.w_len()));
            conv2d(&s, &x, &w, &mut y, &mut dirty(s.scratch_forward()));
            conv2d_weights(&s, &x, &numbers(s.y_len(), 3), &mut dw, &mut dirty(s.scratch_weights()));
            let (mut in_y, mut in_dw) = (vec![false; y.len()], vec![false; dw.len()]);
            convolution_terms(&s, |i, k, o| {
                in_y[o] |= i == at;
                in_dw[k] |= i == at;
            });
            assert_reached(&y, &in_y, &format!("y, {what}"));
            assert_reached(&dw, &in_dw, &format!("dw, {what}"));
        }
        let [rows, columns] = s.out_size();
        for (row, column) in [0, rows - 1].into_iter().flat_map(|row| [(row, 0), (row, columns - 1)]) {
            let (mut dy, w) = (numbers::<f32>(s.y_len(), 3), numbers::<f32>(s.w_len(), 2));
            let at = (rows + row) * columns + column;
            dy[at] = f32::INFINITY;
            let mut dx = dirty(s.x_len());
            conv2d_input(&s, &dy, &w, &mut dx, &mut dirty(s.scratch_input()));
            let mut in_dx = vec![false; dx.len()];
            convolution_terms(&s, |i, _, o| in_dx[i] |= o == at);
            assert_reached(&dx, &in_dx, &format!("dx, row {row} and column {column} of dy, {s:?}"));
        }
    }
}

#[test]
fn the_bits_of_groups_do_not_depend_on_the_number_of_threads() {
    let run = |threads: usize| {
        in_pool(threads, || {
            [[21, 6, 1, 1], [21, 3, 4, 5], [5, 40, 1, 1]]
                .map(|sizes| passes::<f32>(&shape(sizes, [17, 19], [3, 3], [1, 2], [[1, 0], [2, 1]])))
        })
    };
    let one = run(1);
    assert!(one == run(2), "two threads differ from one");
    assert!(one == run(7), "seven threads differ from one");
}

#[test]
#[should_panic(expected = "convolution: 4 groups do not divide 8 input and 6 output channels")]
fn groups_that_do_not_divide_the_channels_are_refused() {
    let _ = Conv2dShape::new(1, 8, [3, 3], 6, [3, 3], [1, 1], NONE).grouped(4);
}

#[test]
#[should_panic(expected = "conv2d: the weights have 8 elements, but their shape is [4, 1, 3, 3]")]
fn wrong_weights_of_groups_are_refused() {
    let s = shape([1, 4, 1, 1], [3, 3], [3, 3], [1, 1], NONE);
    conv2d(&s, &[0.0; 36], &[0.0; 8], &mut [0.0; 4], &mut vec![0.0; s.scratch_forward()]);
}

#[test]
#[should_panic(expected = "conv2d_max_pool2d: a convolution in groups is not pooled at once")]
fn groups_are_not_pooled_at_once() {
    let s = shape([1, 2, 1, 1], [4, 4], [1, 1], [1, 1], NONE);
    let p = Pool2dShape::new(1, 2, [4, 4], [2, 2], [2, 2], NONE);
    let (mut y, mut places) = ([0.0; 8], [0; 8]);
    let mut scratch = vec![0.0; s.scratch_forward_pooled(&p)];
    conv2d_max_pool2d(&s, &p, &[0.0; 32], &[0.0; 2], &mut y, &mut places, &mut scratch);
}
