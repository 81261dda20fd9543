//! Numbers, and referees for the linear kernels: nested loops that follow the formulas.

mod numbers;
#[cfg(panic = "unwind")]
pub mod panics;
mod threads;

use bayeux_kernels::*;
pub use numbers::numbers;
use proptest::prelude::*;
pub use threads::in_pool;

/// What a scratch may hold before a call: anything.
pub fn dirty<T: Float>(len: usize) -> Vec<T> {
    vec![T::NAN; len]
}

/// Each element within `steps` roundings of sums of `terms` products of numbers below one.
#[track_caller]
pub fn assert_close<T: Float>(got: &[T], want: &[f64], terms: usize) {
    assert_eq!(got.len(), want.len());
    let tolerance = T::EPSILON.to_f64() * (4.0 + terms as f64);
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g.to_f64() - w).abs() <= tolerance, "element {i}: {g} is not {w} (tolerance {tolerance:e})");
    }
}

pub fn wide<T: Float>(v: &[T]) -> Vec<f64> {
    v.iter().map(|v| v.to_f64()).collect()
}

/// Calls `f(x, w, y)` with the indices of each product in a convolution.
pub fn convolution_terms(s: &Conv2dShape, mut f: impl FnMut(usize, usize, usize)) {
    let ([h, w], [oh, ow], [kh, kw]) = (s.in_size(), s.out_size(), s.kernel());
    let (channels, outputs) = (s.in_channels() / s.groups(), s.out_channels() / s.groups());
    for n in 0..s.batch() {
        for o in 0..s.out_channels() {
            for i in 0..oh {
                for j in 0..ow {
                    for c in 0..channels {
                        for u in 0..kh {
                            for v in 0..kw {
                                let r = (i * s.stride()[0] + u) as isize - s.padding()[0][0] as isize;
                                let q = (j * s.stride()[1] + v) as isize - s.padding()[1][0] as isize;
                                if r >= 0 && q >= 0 && r < h as isize && q < w as isize {
                                    let from = n * s.in_channels() + o / outputs * channels + c;
                                    let x = (from * h + r as usize) * w + q as usize;
                                    let weight = ((o * channels + c) * kh + u) * kw + v;
                                    f(x, weight, ((n * s.out_channels() + o) * oh + i) * ow + j);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Input index of the first maximum of each window, in the order of the output.
pub fn maxima<T: Float>(s: &Pool2dShape, x: &[T]) -> Vec<usize> {
    let ([h, w], [oh, ow]) = (s.in_size(), s.out_size());
    let mut places = Vec::new();
    for plane in 0..s.batch() * s.channels() {
        for i in 0..oh {
            for j in 0..ow {
                let mut best: Option<usize> = None;
                for u in 0..s.window()[0] {
                    for v in 0..s.window()[1] {
                        let r = (i * s.stride()[0] + u) as isize - s.padding()[0][0] as isize;
                        let q = (j * s.stride()[1] + v) as isize - s.padding()[1][0] as isize;
                        if r >= 0 && q >= 0 && r < h as isize && q < w as isize {
                            let p = (plane * h + r as usize) * w + q as usize;
                            let larger = |b: usize| x[p] > x[b] || (x[p].is_nan() && !x[b].is_nan());
                            if best.is_none_or(larger) {
                                best = Some(p);
                            }
                        }
                    }
                }
                places.push(best.expect("a window without a pixel"));
            }
        }
    }
    places
}

/// What is pooled: with equal numbers if there are to be ties, and a NaN at a place if it is there.
pub fn pool_input(s: &Pool2dShape, ties: bool, nan: Option<usize>) -> Vec<f64> {
    let mut x: Vec<f64> = numbers(s.x_len(), 1);
    if ties {
        x.iter_mut().for_each(|x| *x = (*x * 2.0).round());
    }
    if let Some(x) = nan.and_then(|i| x.get_mut(i)) {
        *x = f64::NAN;
    }
    x
}

prop_compose! {
    /// Windows that fit; half of them 2×2 side by side.
    pub fn pool_shape()(
        batch in 0usize..3, channels in 1usize..4, window in [1usize..4, 1usize..4], stride in [1usize..4, 1usize..4],
        more in [0usize..40, 0usize..40], pad in [[0usize..3, 0usize..3], [0usize..3, 0usize..3]], plain: bool,
    ) -> Pool2dShape {
        let (window, stride) = if plain { ([2, 2], [2, 2]) } else { (window, stride) };
        let pad = [0, 1].map(|d| pad[d].map(|p| if plain { 0 } else { p.min(window[d] - 1) }));
        let size = [0, 1].map(|d| (more[d] + window[d]).saturating_sub(pad[d][0] + pad[d][1]).max(1));
        Pool2dShape::new(batch, channels, size, window, stride, pad)
    }
}
