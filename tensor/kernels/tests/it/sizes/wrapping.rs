//! Sizes that are chosen to wrap, each with the message that refuses it.

use bayeux_kernels::fused::{Factors, FusedBuilder, Product, Reduce};
use bayeux_kernels::{Conv2dShape, Pool2dShape, Storage, zeros};

use super::{product, within};
use crate::common::panics::outcome;

/// Half of the bits of a size: its square wraps to 0.
const HALF: usize = 1 << (usize::BITS / 2);

/// What a call that is all wrong says.
#[track_caller]
fn refusal<R: std::fmt::Debug>(f: impl FnOnce() -> R) -> String {
    outcome(f).expect_err("it must not be computed").message
}

#[test]
fn strides_that_wrap_do_not_fit() {
    let far = isize::MAX;
    // 1 + MAX + 2 MAX, and 1 + MAX + MAX + …, are small numbers, or seem to be.
    for (size, strides) in [([2, 3, 1], [far, far]), ([2, 2, 1], [far, far]), ([3, 1, 1], [far, 0])] {
        let message = refusal(|| product(size, strides, [1, 1], [8, 8, size[0]]));
        assert!(message.contains("gemm: A of"), "{message}");
    }
    let message = refusal(|| product([1, 3, 3], [3, 1], [far, far - 1], [8, 8, 3]));
    assert!(message.contains("gemm: B of"), "{message}");
}

#[test]
fn products_whose_number_of_elements_wraps_are_refused() {
    let third = usize::MAX / 3 + 1; // 3 · this is 2
    for ([m, n], len) in [([HALF, HALF], 0), ([3, third], 2)] {
        let message = refusal(|| product([m, 1, n], [0, 0], [0, 0], [1, 1, len]));
        assert!(message.contains("but its shape is"), "{message}");
    }
}

#[test]
fn paddings_that_wrap_are_refused() {
    // 4 + padding is 4 again; [1, 1] fits in what is left.
    for padding in [[usize::MAX - 1, 2], [usize::MAX, 1], [HALF * (HALF / 2), HALF * (HALF / 2)]] {
        for pads in [[padding, [0, 0]], [[0, 0], padding]] {
            let message = refusal(|| Conv2dShape::new(1, 1, [4, 4], 1, [3, 3], [1, 1], pads));
            assert!(message.contains("does not fit"), "{message}");
            refusal(|| Pool2dShape::new(1, 1, [4, 4], [3, 3], [1, 1], pads));
        }
    }
    // The output has more elements than there are addresses, or none by wrapping.
    let message = refusal(|| Conv2dShape::new(1, 1, [1, 1], 1, [1, 1], [1, 1], [[HALF, HALF], [HALF, HALF]]));
    assert!(message.contains("more than memory can hold"), "{message}");
    refusal(|| Conv2dShape::new(HALF, HALF, [1, 1], 1, [1, 1], [1, 1], [[0; 2]; 2]));
    refusal(|| Pool2dShape::new(1, 1, [1, 1], [HALF, HALF], [1, 1], [[HALF - 1; 2]; 2]));
}

#[test]
fn loops_over_what_wraps_are_refused() {
    for shape in [&[HALF, HALF][..], &[3, usize::MAX / 3 + 1], &[usize::MAX], &[0, HALF, HALF]] {
        let message = refusal(|| FusedBuilder::<f32>::new(shape));
        assert!(message.contains("more elements than memory can hold"), "{message}");
    }
    let message = refusal(|| FusedBuilder::<f32>::new(&[3, 3]).operand(&[isize::MAX, 1]));
    assert!(message.contains("reach farther than memory is long"), "{message}");

    let run = |strides: &[isize], offset: usize| {
        let mut builder = FusedBuilder::<f32>::new(&[2, 2]);
        let x = builder.operand(strides);
        builder.store(x);
        let fused = builder.build();
        let mut scratch = vec![0.0; fused.scratch()];
        within(4, |y| fused.run(&[(&[1.0; 4], offset)], &mut [y], &mut [], &mut scratch));
    };
    // The last element: offset + (MAX − 3) + 3 and the like.
    for (strides, offset) in
        [([isize::MAX - 3, 2], usize::MAX - 1), ([isize::MAX, 0], 5), ([2, 1], usize::MAX), ([-2, 1], 1)]
    {
        let message = refusal(|| run(&strides, offset));
        assert!(message.contains("is read from"), "{strides:?} {offset}: {message}");
    }
    run(&[-2, 1], 2);
}

#[test]
fn factors_of_a_loop_that_wrap_are_refused() {
    let mut builder = FusedBuilder::<f32>::new(&[40, 10]);
    let product = builder.product(Product::Matrices(3));
    builder.store(product);
    let fused = builder.build();
    let far = isize::MAX;
    for strides in [[far, 0], [1, far], [far, far]] {
        for other in [true, false] {
            let all = [1.0; 400];
            let good = [1, 1];
            let factors = Factors::Matrices(if other {
                [(&all, strides), (&all, good)]
            } else {
                [(&all, good), (&all, strides)]
            });
            let mut scratch = vec![0.0; fused.scratch()];
            let run = || {
                within(400, |y| {
                    fused.run_on_product(factors, None, &[], &[(&[], 0)], &mut [y], &mut [], &mut scratch)
                })
            };
            assert!(refusal(run).contains("with strides"), "{strides:?}");
        }
    }
    let mut scratch = vec![0.0; fused.scratch()];
    let factors = Factors::Matrices([(&[1.0; 400], [3, 1]), (&[1.0; 400], [10, 1])]);
    let mut short = [0.0; 399];
    refusal(|| {
        fused.run_on_product(
            factors,
            Some(&mut short),
            &[],
            &[(&[], 0)],
            &mut [&mut [0.0; 400]],
            &mut [],
            &mut scratch,
        )
    });
}

#[test]
fn values_of_other_loops_are_refused() {
    let mut other = FusedBuilder::<f32>::new(&[8]);
    let values = [other.operand(&[1]), other.operand(&[1])];
    let mut builder = FusedBuilder::<f32>::new(&[8]);
    let x = builder.operand(&[1]);
    assert_eq!(refusal(|| builder.clone().square(values[1])), "a value of another loop");
    assert_eq!(refusal(|| builder.clone().store(values[1])), "a value of another loop");
    assert_eq!(refusal(|| builder.clone().reduce(Reduce::Sum, values[1], &[0])), "a value of another loop");
    assert_eq!(refusal(|| builder.clone().store_over(x, values[1])), "a value of another loop");
}

#[test]
fn more_numbers_than_there_is_memory_for_are_refused() {
    for len in [isize::MAX as usize / 4, 1 << (usize::BITS - 5), usize::MAX] {
        refusal(|| Storage::<f32>::zeros(len));
        refusal(|| zeros::<f64>(len));
    }
}
