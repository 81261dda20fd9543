//! Max-pooling with places, and the convolution fused with it: against nested loops in f64, against the functions that
//! they are composed of, and the same bits for any number of threads.

use crate::common::*;
use bayeux_kernels::*;
use proptest::prelude::*;

/// Input indices as places in the windows.
fn to_places(p: &Pool2dShape, indices: &[usize]) -> Vec<u8> {
    let ([h, w], [oh, ow]) = (p.in_size(), p.out_size());
    let place = |(q, at): (usize, &usize)| {
        let [i, j] = [q / ow % oh * p.stride()[0], q % ow * p.stride()[1]];
        let [r, c] = [at / w % h + p.padding()[0][0], at % w + p.padding()[1][0]];
        ((r - i) * p.window()[1] + c - j) as u8
    };
    indices.iter().enumerate().map(place).collect()
}

fn same_bits<T: Float>(a: &[T], b: &[T]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.bits() == b.bits() || (a.is_nan() && b.is_nan()))
}

fn check_places<T: Float>(s: &Pool2dShape, x: &[T]) {
    let (mut y, mut places, mut want) = (dirty(s.y_len()), vec![99; s.y_len()], dirty(s.y_len()));
    max_pool2d(s, x, &mut want);
    max_pool2d_places(s, x, &mut y, &mut places);
    assert!(same_bits(&y, &want), "{s:?}: {y:?} is not {want:?}");
    assert_eq!(places, to_places(s, &maxima(s, x)), "places of {s:?}");
    let (v, g) = (numbers::<T>(s.x_len(), 2), numbers::<T>(s.y_len(), 3));
    max_pool2d_gather(s, x, &v, &mut want);
    max_pool2d_gather_places(s, &places, &v, &mut y);
    assert_eq!(y, want, "gather of {s:?}");
    let (mut dx, mut want) = (dirty(s.x_len()), dirty(s.x_len()));
    max_pool2d_scatter(s, x, &g, &mut want);
    max_pool2d_scatter_places(s, &places, &g, &mut dx);
    assert_eq!(dx, want, "scatter of {s:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn places_agree_with_pooling_by_values(
        s in pool_shape(), ties: bool, nan in prop::option::of(0usize..999),
    ) {
        let x = pool_input(&s, ties, nan);
        check_places::<f64>(&s, &x);
        check_places::<f32>(&s, &x.iter().map(|&x| x as f32).collect::<Vec<_>>());
    }
}

#[test]
fn places_agree_beyond_a_task() {
    for size in [[24, 24], [8, 8], [9, 30], [2, 2], [6, 33]] {
        let s = Pool2dShape::new(5, 70, size, [2, 2], [2, 2], [[0, 0], [0, 0]]);
        check_places::<f32>(&s, &numbers(s.x_len(), 1));
        check_places::<f64>(&s, &numbers(s.x_len(), 1));
    }
    let s = Pool2dShape::new(2, 3, [40, 37], [16, 16], [5, 7], [[15, 3], [0, 9]]);
    assert!(s.fits_bytes());
    check_places::<f64>(&s, &numbers(s.x_len(), 1));
}

// ---- with a convolution ----

/// Places of random elements of the windows, as indices of the input.
fn random_indices(p: &Pool2dShape) -> Vec<usize> {
    // An element of the window is the maximum of random numbers; another seed for each call would change nothing.
    maxima(p, &numbers::<f64>(p.x_len(), 7))
}

fn check_pooled<T: Float>(c: &Conv2dShape, p: &Pool2dShape) {
    let (x, w, g) = (numbers::<T>(c.x_len(), 1), numbers::<T>(c.w_len(), 2), numbers::<T>(p.y_len(), 3));

    let (mut full, mut want, mut want_places) = (dirty(c.y_len()), dirty(p.y_len()), vec![99; p.y_len()]);
    conv2d(c, &x, &w, &mut full, &mut dirty(c.scratch_forward()));
    max_pool2d_places(p, &full, &mut want, &mut want_places);
    let (mut y, mut places) = (dirty(p.y_len()), vec![98; p.y_len()]);
    conv2d_max_pool2d(c, p, &x, &w, &mut y, &mut places, &mut dirty(c.scratch_forward_pooled(p)));
    assert!(same_bits(&y, &want), "the maxima of {c:?}, {p:?}");
    assert_eq!(places, want_places, "the places of {c:?}, {p:?}");

    let indices = random_indices(p);
    let (places, (fx, fw, fg)) = (to_places(p, &indices), (wide(&x), wide(&w), wide(&g)));
    let mut fdy = vec![0.0; c.y_len()];
    indices.iter().zip(&fg).for_each(|(&at, g)| fdy[at] += g);
    let (mut want_dx, mut want_dw) = (vec![0.0; x.len()], vec![0.0; w.len()]);
    convolution_terms(c, |i, k, o| {
        want_dx[i] += fdy[o] * fw[k];
        want_dw[k] += fx[i] * fdy[o];
    });
    // Each output is in at most so many windows.
    let overlap = p.window()[0].div_ceil(p.stride()[0]) * p.window()[1].div_ceil(p.stride()[1]);
    let mut dx = dirty(x.len());
    conv2d_input_pooled(c, p, &g, &places, &w, &mut dx, &mut dirty(c.scratch_input_pooled(p)));
    assert_close(&dx, &want_dx, overlap * c.out_channels() * c.kernel()[0] * c.kernel()[1]);
    let mut dw = dirty(w.len());
    conv2d_weights_pooled(c, p, &x, &g, &places, &mut dw, &mut dirty(c.scratch_weights_pooled(p)));
    assert_close(&dw, &want_dw, p.y_len() / c.out_channels().max(1));
}

/// A pooling of the convolution's outputs; of single elements where the window does not fit.
fn pooling(c: &Conv2dShape, window: [usize; 2], stride: [usize; 2], pad: [[usize; 2]; 2]) -> Pool2dShape {
    let size = c.out_size();
    let pad = [0, 1].map(|d| pad[d].map(|p| p.min(window[d] - 1)));
    let fits = (0..2).all(|d| window[d] <= size[d] + pad[d][0] + pad[d][1]);
    let (window, pad) = if fits { (window, pad) } else { ([1, 1], [[0, 0]; 2]) };
    Pool2dShape::new(c.batch(), c.out_channels(), size, window, stride, pad)
}

prop_compose! {
    fn pooled_shape()(
        batch in 0usize..6, in_channels in 1usize..20, out_channels in 1usize..15,
        kernel in [1usize..6, 1usize..8], stride in [1usize..4, 1usize..4], more in [0usize..20, 0usize..20],
        padding in [[0usize..4, 0usize..4], [0usize..4, 0usize..4]],
        window in [1usize..4, 1usize..4], step in [1usize..4, 1usize..4],
        pad in [[0usize..3, 0usize..3], [0usize..3, 0usize..3]], plain: bool,
    ) -> (Conv2dShape, Pool2dShape) {
        let size = [0, 1].map(|d| (more[d] + kernel[d]).saturating_sub(padding[d][0] + padding[d][1]).max(1));
        let c = Conv2dShape::new(batch, in_channels, size, out_channels, kernel, stride, padding);
        let p = if plain { pooling(&c, [2, 2], [2, 2], [[0, 0]; 2]) } else { pooling(&c, window, step, pad) };
        (c, p)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn pooled_convolutions_agree_with_loops((c, p) in pooled_shape()) {
        check_pooled::<f32>(&c, &p);
        check_pooled::<f64>(&c, &p);
    }
}

#[test]
fn pooled_convolutions_agree_on_chosen_shapes() {
    let none = [[0, 0], [0, 0]];
    for (c, window, stride, pad) in [
        (Conv2dShape::new(37, 1, [28, 28], 32, [5, 5], [1, 1], none), [2, 2], [2, 2], none),
        (Conv2dShape::new(19, 32, [12, 12], 32, [5, 5], [1, 1], none), [2, 2], [2, 2], none),
        (Conv2dShape::new(3, 8, [8, 8], 8, [3, 3], [1, 1], [[1, 1]; 2]), [3, 3], [2, 2], [[1, 1]; 2]),
        (Conv2dShape::new(2, 3, [40, 41], 5, [7, 7], [2, 2], [[3, 3]; 2]), [3, 3], [2, 2], [[1, 1]; 2]),
        (Conv2dShape::new(2, 7, [5, 9], 11, [5, 9], [1, 1], none), [1, 1], [1, 1], none),
        (Conv2dShape::new(1, 2, [6, 60], 3, [2, 30], [1, 1], none), [2, 3], [1, 2], none), // a wide kernel
        (Conv2dShape::new(2, 40, [70, 90], 3, [3, 3], [1, 1], [[1, 1]; 2]), [2, 2], [2, 2], none), // several bands
        (Conv2dShape::new(2, 200, [9, 9], 6, [1, 1], [1, 1], none), [2, 2], [3, 3], none), // gaps between windows
        (Conv2dShape::new(2, 3, [40, 40], 2, [3, 3], [1, 1], none), [16, 16], [3, 5], [[15, 2], [0, 9]]),
        (Conv2dShape::new(2, 19, [11, 12], 21, [3, 3], [1, 1], [[1, 1]; 2]), [2, 2], [2, 2], none), // tiles of 2×2
        (Conv2dShape::new(0, 3, [4, 4], 2, [3, 3], [1, 1], none), [2, 2], [2, 2], none),
    ] {
        let p = Pool2dShape::new(c.batch(), c.out_channels(), c.out_size(), window, stride, pad);
        check_pooled::<f32>(&c, &p);
        check_pooled::<f64>(&c, &p);
    }
}

#[test]
#[should_panic(expected = "the pooling's input is [1, 2, 3, 4], but the convolution's output [1, 2, 3, 3]")]
fn a_pooling_of_something_else_is_refused() {
    let none = [[0, 0], [0, 0]];
    let c = Conv2dShape::new(1, 1, [4, 4], 2, [2, 2], [1, 1], none);
    let p = Pool2dShape::new(1, 2, [3, 4], [2, 2], [1, 1], none);
    conv2d_max_pool2d(&c, &p, &[0.0; 16], &[0.0; 8], &mut [0.0; 12], &mut [0; 12], &mut vec![0.0; 999]);
}

/// Both adjoints refuse a place that is not in the window, whatever would lie there.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "panics end the program")]
fn places_outside_of_the_window_are_refused() {
    let none = [[0, 0], [0, 0]];
    let c = Conv2dShape::new(1, 1, [6, 6], 1, [2, 2], [1, 1], none);
    let p = Pool2dShape::new(1, 1, [5, 5], [2, 2], [2, 2], none);
    let places = [0, 1, 4, 0];
    let input = || {
        let mut dx = [0.0; 36];
        conv2d_input_pooled(&c, &p, &[0.0; 4], &places, &[0.0; 4], &mut dx, &mut [0.0; 9999]);
    };
    let weights = || {
        let mut dw = [0.0; 4];
        conv2d_weights_pooled(&c, &p, &[0.0; 36], &[0.0; 4], &places, &mut dw, &mut [0.0; 9999]);
    };
    assert!(std::panic::catch_unwind(input).is_err() && std::panic::catch_unwind(weights).is_err());
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let c = Conv2dShape::new(21, 6, [17, 15], 10, [3, 4], [1, 2], [[1, 0], [2, 1]]);
    let d = Conv2dShape::new(40, 9, [12, 12], 10, [5, 5], [1, 1], [[0, 0], [0, 0]]);
    let run = |threads: usize| -> Vec<Vec<f32>> {
        in_pool(threads, || {
            let mut all = vec![];
            for (c, window, pad) in [(c, [3, 3], [[1, 1], [0, 0]]), (d, [2, 2], [[0, 0], [0, 0]])] {
                let p = Pool2dShape::new(c.batch(), c.out_channels(), c.out_size(), window, [2, 2], pad);
                let (x, w, g) = (numbers(c.x_len(), 1), numbers(c.w_len(), 2), numbers(p.y_len(), 3));
                let (mut y, mut places) = (dirty(p.y_len()), vec![0; p.y_len()]);
                let (mut dx, mut dw) = (dirty(c.x_len()), dirty(c.w_len()));
                conv2d_max_pool2d(
                    &c,
                    &p,
                    &x,
                    &w,
                    &mut y,
                    &mut places,
                    &mut dirty(c.scratch_forward_pooled(&p)),
                );
                conv2d_input_pooled(&c, &p, &g, &places, &w, &mut dx, &mut dirty(c.scratch_input_pooled(&p)));
                conv2d_weights_pooled(
                    &c,
                    &p,
                    &x,
                    &g,
                    &places,
                    &mut dw,
                    &mut dirty(c.scratch_weights_pooled(&p)),
                );
                all.extend([y, dx, dw]);
            }
            all
        })
    };
    let one = run(1);
    assert!(one == run(2), "two threads differ from one");
    assert!(one == run(3), "three threads differ from one");
}
