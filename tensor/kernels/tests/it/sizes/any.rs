//! Whatever sizes there are: what is computed is right, and stays in its slices.

use bayeux_kernels::fused::{Factors, FusedBuilder, Product, Reduce};
use bayeux_kernels::reduce::{Extent, Kind, argmax, reduce, room};
use bayeux_kernels::softmax::{log_softmax, logsumexp, softmax};
use bayeux_kernels::*;
use proptest::prelude::*;
use proptest::sample::select;

use super::{product, within};
use crate::common::panics::{SIZES, STRIDES, outcome};

fn size() -> BoxedStrategy<usize> {
    select(&SIZES[..]).boxed()
}

fn few() -> BoxedStrategy<usize> {
    (0usize..4).boxed()
}

/// Mostly small, so that the others do not hide each other.
fn mostly_small() -> BoxedStrategy<usize> {
    prop_oneof![3 => 0usize..6, 1 => size()].boxed()
}

/// Mostly this.
fn mostly(number: usize) -> BoxedStrategy<usize> {
    prop_oneof![3 => Just(number), 1 => size()].boxed()
}

fn stride() -> impl Strategy<Value = isize> {
    select(&STRIDES[..])
}

/// The elements that a matrix takes of its slice, if there is such a number; 0 if it has none.
fn needs([rows, columns]: [usize; 2], strides: [isize; 2]) -> Option<u128> {
    let strides = [u128::try_from(strides[0]).ok()?, u128::try_from(strides[1]).ok()?];
    if rows == 0 || columns == 0 {
        return Some(0);
    }
    Some((rows as u128 - 1) * strides[0] + (columns as u128 - 1) * strides[1] + 1)
}

proptest! {
    #[test]
    fn any_product_is_right_or_refused(
        [m, k, n] in [mostly_small(), mostly_small(), mostly_small()], a in [stride(), stride()], b in [stride(), stride()],
        lens in [0usize..20, 0usize..20, 0usize..20],
    ) {
        let fits = |size, strides, len: usize| needs(size, strides).is_some_and(|needs| needs <= len as u128);
        let valid = fits([m, k], a, lens[0]) && fits([k, n], b, lens[1]) && m as u128 * n as u128 == lens[2] as u128;
        let valid = valid && gemm_scratch(k, n) <= 1 << 16;
        // Sums of so many terms are taken, if it takes a hundred years.
        prop_assume!(!valid || k < 1000 || m == 0 || n == 0);
        prop_assert_eq!(outcome(|| product([m, k, n], a, b, lens)).is_ok(), valid);
    }

    #[test]
    fn any_convolution_is_right_or_refused(
        batch in mostly_small(), channels in [mostly_small(), mostly_small()], size in [mostly_small(), mostly_small()],
        kernel in [mostly_small(), mostly_small()], stride in [mostly_small(), mostly_small()],
        padding in [[mostly_small(), mostly_small()], [mostly_small(), mostly_small()]], short in few(),
    ) {
        let Ok(s) = outcome(|| Conv2dShape::new(batch, channels[0], size, channels[1], kernel, stride, padding)) else {
            return Ok(());
        };
        let scratch = [s.scratch_forward(), s.scratch_input(), s.scratch_weights()];
        let small = |len: usize| len.saturating_sub(short).min(1 << 12);
        let [x, w, y] = [s.x_len(), s.w_len(), s.y_len()].map(|len| vec![1.0f32; small(len)]);
        let room = |pass: usize| vec![0.0; scratch[pass].min(1 << 18)];
        let whole = [x.len(), w.len(), y.len()] == [s.x_len(), s.w_len(), s.y_len()];
        let results = [
            outcome(|| within(y.len(), |y| conv2d(&s, &x, &w, y, &mut room(0)))),
            outcome(|| within(x.len(), |x| conv2d_input(&s, &y, &w, x, &mut room(1)))),
            outcome(|| within(w.len(), |w| conv2d_weights(&s, &x, &y, w, &mut room(2)))),
        ];
        for (result, scratch) in results.iter().zip(scratch) {
            prop_assert_eq!(result.is_ok(), whole && scratch <= 1 << 18, "{:?}: {:?}", s, result);
        }
    }

    #[test]
    fn any_pooled_convolution_keeps_to_its_slices(
        channels in [few(), few()], size in [mostly_small(), mostly_small()], kernel in [few(), few()],
        stride in [mostly_small(), mostly_small()], padding in [[few(), few()], [mostly_small(), few()]],
        window in [mostly_small(), mostly_small()], steps in [mostly_small(), mostly_small()],
        around in [[mostly_small(), mostly_small()], [few(), few()]],
    ) {
        let shapes = outcome(|| {
            let c = Conv2dShape::new(1, channels[0], size, channels[1], kernel, stride, padding);
            (c, Pool2dShape::new(1, channels[1], c.out_size(), window, steps, around))
        });
        let Ok((c, p)) = shapes else { return Ok(()) };
        let scratch = [c.scratch_forward_pooled(&p), c.scratch_input_pooled(&p), c.scratch_weights_pooled(&p)];
        let [x, w, g] = [c.x_len(), c.w_len(), p.y_len()].map(|len| vec![1.0f32; len.min(1 << 12)]);
        let (room, mut places) = (|pass: usize| vec![0.0; scratch[pass].min(1 << 18)], vec![0u8; g.len()]);
        let _ = outcome(|| within(g.len(), |y| max_pool2d(&p, &vec![1.0; p.x_len().min(1 << 12)], y)));
        let _ = outcome(|| within(g.len(), |y| conv2d_max_pool2d(&c, &p, &x, &w, y, &mut places, &mut room(0))));
        let _ = outcome(|| within(x.len(), |x| conv2d_input_pooled(&c, &p, &g, &places, &w, x, &mut room(1))));
        let _ = outcome(|| within(w.len(), |w| conv2d_weights_pooled(&c, &p, &x, &g, &places, w, &mut room(2))));
        // Places that were never found.
        places.fill(255);
        let _ = outcome(|| within(x.len(), |x| conv2d_input_pooled(&c, &p, &g, &places, &w, x, &mut room(1))));
        let _ = outcome(|| within(w.len(), |w| conv2d_weights_pooled(&c, &p, &x, &g, &places, w, &mut room(2))));
        let _ = outcome(|| within(p.x_len().min(1 << 12), |x| max_pool2d_scatter_places(&p, &places, &g, x)));
    }

    #[test]
    fn any_loop_is_right_or_refused(
        shape in prop::collection::vec(mostly_small(), 0..4), strides in [stride(), stride(), stride()],
        offset in mostly_small(), lens in [0usize..30, 0usize..30], axes in prop::collection::vec(0usize..5, 0..3),
    ) {
        let strides = &strides[..shape.len()];
        let len: u128 = shape.iter().map(|&size| size as u128).fold(1, |len, size| len.saturating_mul(size));
        let reach: [i128; 2] = [0, 1].map(|side| {
            let axes = shape.iter().zip(strides).filter(|(_, stride)| (**stride > 0) == (side == 1));
            axes.map(|(&size, &stride)| (size as i128 - 1).saturating_mul(stride as i128)).fold(0, i128::saturating_add)
        });
        let inside = len == 0 || reach[0].saturating_add(offset as i128) >= 0 && reach[1].saturating_add(offset as i128) < lens[0] as i128;
        let computed = outcome(|| {
            let mut builder = FusedBuilder::<f32>::new(&shape);
            let x = builder.operand(strides);
            let y = builder.square(x);
            builder.store(y);
            builder.reduce(Reduce::Sum, y, &axes);
            let fused = builder.build();
            let results = shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, size)| size).product::<usize>();
            let (mut sum, mut scratch) = (vec![0.0; results.min(64)], vec![0.0; fused.scratch().min(1 << 16)]);
            within(lens[1], |y| fused.run(&[(&vec![1.0; lens[0]], offset)], &mut [y], &mut [&mut sum], &mut scratch));
            sum.into_iter().sum::<f32>()
        });
        match computed {
            Ok(sum) => prop_assert!(inside && len == lens[1] as u128 && sum == len as f32),
            Err(_) if shape.iter().all(|&size| size < 6) && len == lens[1] as u128 => prop_assert!(!inside),
            Err(_) => {}
        }
    }

    #[test]
    fn any_loop_on_a_product_is_refused_or_keeps_to_itself(
        [m, k, n] in [mostly(40), mostly_small(), mostly(10)],
        a in [stride(), stride()], b in [stride(), stride()],
    ) {
        let _ = outcome(|| {
            let mut builder = FusedBuilder::<f32>::new(&[m, n]);
            let x = builder.product(Product::Matrices(k));
            builder.store(x);
            builder.reduce(Reduce::Max, x, &[1]);
            let fused = builder.build();
            let mut scratch = vec![0.0; fused.scratch().min(1 << 18)];
            let (all, mut largest) = ([1.0; 500], vec![0.0; m.min(500)]);
            within((m * n).min(1 << 12), |y| {
                let factors = Factors::Matrices([(&all, a), (&all, b)]);
                fused.run_on_product(factors, None, &[], &[(&[], 0)], &mut [y], &mut [&mut largest], &mut scratch);
            });
        });
    }

    #[test]
    fn any_copy_keeps_to_its_slice(
        shape in prop::collection::vec(mostly_small(), 0..4), from in [stride(), stride(), stride()],
        to in [stride(), stride(), stride()], offsets in [mostly_small(), mostly_small()], lens in [0usize..30, 0usize..30],
    ) {
        let ones: u128 = shape.iter().map(|&size| size as u128).fold(1, |len, size| len.saturating_mul(size));
        // A view that says the same element often enough takes a hundred years.
        prop_assume!(ones < 1 << 20 || to[..shape.len()].iter().zip(&shape).any(|(&stride, &size)| stride != 0 && size > 1 << 20));
        let rank = shape.len();
        let _ = outcome(|| within(lens[1], |y| {
            copy_strided(&shape, &vec![1.0; lens[0]], offsets[0], &from[..rank], y, offsets[1], &to[..rank]);
        }));
    }

    #[test]
    fn any_reduction_is_right_or_refused(
        [outer, count, inner] in [mostly_small(), mostly_small(), mostly_small()], lens in [0usize..30, 0usize..30], short: bool,
    ) {
        let extent = Extent { outer, count, inner };
        let whole = outer as u128 * count as u128;
        let valid = whole.saturating_mul(inner as u128) == lens[0] as u128 && outer as u128 * inner as u128 == lens[1] as u128;
        // Sizes of which the others are multiples of nothing.
        prop_assume!(lens[0] > 0 || [outer, count, inner].iter().all(|&size| size < 1 << 20));
        let x = vec![1.0; lens[0]];
        let mut scratch = vec![0.0; if short { 0 } else { room(extent).min(1 << 16) }];
        let sums = outcome(|| within(lens[1], |y| {
            reduce(Kind::Sum, &x, extent, y, &mut scratch);
            y.iter().sum::<f32>()
        }));
        if valid && (!short || room(extent) == 0) {
            prop_assert_eq!(sums.ok(), Some(lens[0] as f32));
        } else {
            prop_assert!(sums.is_err());
        }
        prop_assert!(outcome(|| within(lens[1], |y| argmax(&x, extent, y))).is_ok() == valid);
    }

    #[test]
    fn any_rows_and_streams_are_right_or_refused(columns in size(), lens in [0usize..30, 0usize..30], start in size()) {
        let x = vec![1.0; lens[0]];
        let same = lens[0] == lens[1] && (columns == 0 || lens[0] % columns == 0);
        for rows in [softmax, log_softmax] {
            prop_assert!(outcome(|| within(lens[1], |y| rows(&x, columns, y))).is_ok() == same || columns == 0);
        }
        let each = columns as u128 * lens[1] as u128 == lens[0] as u128;
        prop_assert!(outcome(|| within(lens[1], |y| logsumexp(&x, columns, y))).is_ok() == each || columns == 0);
        for fill in [random::fill_normal, random::fill_uniform_par] {
            let filled = outcome(|| within(lens[1], |y| fill(1, 2, start, y)));
            prop_assert!(filled.is_ok() == (start < usize::MAX / 2 + 2), "{}", start);
        }
    }
}
