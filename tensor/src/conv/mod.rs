//! Two-dimensional convolution and its two adjoints.

mod shape;

pub use shape::Conv2dShape;
pub(crate) use shape::{check_window, out_size};

use rayon::prelude::*;

use crate::Float;

impl Conv2dShape {
    /// Elements of scratch that [`conv2d`] asks for.
    pub fn scratch_forward(&self) -> usize {
        0
    }

    /// Elements of scratch that [`conv2d_input`] asks for.
    pub fn scratch_input(&self) -> usize {
        0
    }

    /// Elements of scratch that [`conv2d_weights`] asks for.
    pub fn scratch_weights(&self) -> usize {
        0
    }

    /// Calls `f(x index in its channel, y index in its channel)` for the pairs of pixels that tap (u, v) joins.
    fn pairs(&self, u: usize, v: usize, mut f: impl FnMut(usize, usize)) {
        let ([h, w], [oh, ow]) = (self.in_size, self.out_size());
        for i in 0..oh {
            for j in 0..ow {
                let (r, c) = (i * self.stride[0] + u, j * self.stride[1] + v);
                let (top, left) = (self.padding[0][0], self.padding[1][0]);
                if r >= top && r - top < h && c >= left && c - left < w {
                    f((r - top) * w + c - left, i * ow + j);
                }
            }
        }
    }

    /// Calls `f(o, c, u, v, index of the weight)` for all weights.
    fn taps(&self, mut f: impl FnMut(usize, usize, usize, usize, usize)) {
        let [kh, kw] = self.kernel;
        for index in 0..self.w_len() {
            let (v, u, rest) = (index % kw, index / kw % kh, index / kw / kh);
            f(rest / self.in_channels, rest % self.in_channels, u, v, index);
        }
    }

    fn planes(&self) -> [usize; 2] {
        [self.in_size, self.out_size()].map(|[a, b]| a * b)
    }
}

/// The convolution y of x with the weights w; see [`Conv2dShape`] for the formula, the shapes and an example.
///
/// y is overwritten; `scratch` has [`Conv2dShape::scratch_forward`] elements or more, of any content.
///
/// # Panics
/// If a slice has a length other than its shape's.
#[track_caller]
pub fn conv2d<T: Float>(s: &Conv2dShape, x: &[T], w: &[T], y: &mut [T], scratch: &mut [T]) {
    s.check("conv2d", x.len(), w.len(), y.len(), [scratch.len(), s.scratch_forward()]);
    if y.is_empty() {
        return;
    }
    let [px, py] = s.planes();
    y.par_chunks_mut(s.out_channels * py).enumerate().for_each(|(n, y)| {
        y.fill(T::ZERO);
        let x = &x[n * s.in_channels * px..];
        s.taps(|o, c, u, v, k| s.pairs(u, v, |p, q| y[o * py + q] += x[c * px + p] * w[k]));
    });
}

/// The adjoint of [`conv2d`] with respect to its input: dx from dy (of y's shape) and the weights.
///
/// dx is overwritten; `scratch` has [`Conv2dShape::scratch_input`] elements or more, of any content.
///
/// # Panics
/// If a slice has a length other than its shape's.
#[track_caller]
pub fn conv2d_input<T: Float>(s: &Conv2dShape, dy: &[T], w: &[T], dx: &mut [T], scratch: &mut [T]) {
    s.check("conv2d_input", dx.len(), w.len(), dy.len(), [scratch.len(), s.scratch_input()]);
    if dx.is_empty() {
        return;
    }
    let [px, py] = s.planes();
    dx.par_chunks_mut(s.in_channels * px).enumerate().for_each(|(n, dx)| {
        dx.fill(T::ZERO);
        let dy = &dy[n * s.out_channels * py..];
        s.taps(|o, c, u, v, k| s.pairs(u, v, |p, q| dx[c * px + p] += dy[o * py + q] * w[k]));
    });
}

/// The adjoint of [`conv2d`] with respect to its weights: dw from x and dy (of y's shape).
///
/// dw is overwritten; `scratch` has [`Conv2dShape::scratch_weights`] elements or more, of any content.
///
/// # Panics
/// If a slice has a length other than its shape's.
#[track_caller]
pub fn conv2d_weights<T: Float>(s: &Conv2dShape, x: &[T], dy: &[T], dw: &mut [T], scratch: &mut [T]) {
    s.check("conv2d_weights", x.len(), dw.len(), dy.len(), [scratch.len(), s.scratch_weights()]);
    let [px, py] = s.planes();
    s.taps(|o, c, u, v, k| {
        let mut sum = T::ZERO;
        for n in 0..s.batch {
            let (x, dy) = (&x[(n * s.in_channels + c) * px..], &dy[(n * s.out_channels + o) * py..]);
            s.pairs(u, v, |p, q| sum += x[p] * dy[q]);
        }
        dw[k] = sum;
    });
}
