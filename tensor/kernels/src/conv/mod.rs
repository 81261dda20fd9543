//! Two-dimensional convolution and its two adjoints.
//!
//! Each image is copied, padded, into a little scratch, in bands of rows if it is large; the inner loops
//! ([`correlate`], its transpose [`spread`], and [`weights`]) then work on shifted vectors of the copy, so the matrix of
//! patches is never formed. Where channels fill vectors better than rows do, they are the lanes ([`channels`]). Groups of
//! channels are convolutions of their own ([`grouped`]), with kernels for groups of one ([`depthwise`]). Kernels of 3×3 by one pixel
//! with many channels take fewer products than the definition has ([`winograd`]). The work is split into chunks of images whose number
//! depends on the shape only, each with its own part of the scratch: the results have the same bits for any number of threads.

mod by_images;
mod channels;
mod correlate;
mod depthwise;
mod grouped;
mod image;
mod join;
mod limits;
mod packed;
mod padded;
mod parts;
mod pixels;
mod plan;
pub(crate) mod pooled;
mod shape;
mod spread;
mod weights;
mod winograd;
mod workspace;

pub(crate) use by_images::{by_images, scratch_by_images, tasks_by_images};
pub(crate) use limits::{Geometry, out_size};
pub use pooled::{conv2d_input_pooled, conv2d_max_pool2d, conv2d_weights_pooled};
pub use shape::Conv2dShape;

use rayon::prelude::*;

use crate::Float;
use crate::compiled::CompiledKernels;
use crate::lanes::{self, narrow_lanes};
use image::image_forward;
use join::join;
use packed::Packed;
use parts::{PART, Parts, room, total};
use plan::Plan;
use spread::Spread;
use weights::Gradient;
use winograd::weights::Weights;

impl Conv2dShape {
    /// Elements of scratch that [`conv2d`] asks for.
    #[must_use]
    pub fn scratch_forward(&self) -> usize {
        if self.groups > 1 {
            return grouped::scratch_forward(self);
        }
        let plan = Plan::forward(self);
        total(&[Packed::<f32>::room(&plan), plan.chunks.saturating_mul(plan.own()), PART])
    }

    /// Elements of scratch that [`conv2d_input`] asks for.
    #[must_use]
    pub fn scratch_input(&self) -> usize {
        if self.groups > 1 {
            return grouped::scratch_input(self);
        }
        if let Some(transposed) = self.transposed() {
            return room(&[self.w_len(), transposed.scratch_forward(), PART]);
        }
        let plan = Plan::input(self);
        if plan.by_channel {
            return channels::input::scratch(&plan);
        }
        total(&[self.w_len(), plan.chunks.saturating_mul(plan.layout.len() + plan.dy_len)])
    }

    /// The convolution that takes gradients to the input, with the kernels turned by half a circle: with steps of one, unless it
    /// would do many products with padding, or its lanes would not be channels.
    fn transposed(&self) -> Option<Self> {
        let (in_size, [oh, ow]) = (self.in_size, self.out_size());
        let fits = [0, 1].map(|d| self.padding[d].iter().all(|&pad| pad < self.kernel[d]));
        if self.stride != [1, 1] || fits != [true, true] || 8 * in_size[0] * in_size[1] > 9 * oh * ow {
            return None;
        }
        let padding = [0, 1].map(|d| self.padding[d].map(|pad| self.kernel[d] - 1 - pad));
        let (in_channels, out_channels) = (self.out_channels, self.in_channels);
        let transposed = Self { in_channels, in_size: [oh, ow], out_channels, padding, ..*self };
        (self.is_pointwise() || Plan::forward(&transposed).by_channel).then_some(transposed)
    }

    /// Elements of scratch that [`conv2d_weights`] asks for.
    #[must_use]
    pub fn scratch_weights(&self) -> usize {
        if self.groups > 1 {
            return grouped::scratch_weights(self);
        }
        if let Some(weights) = Weights::new(self) {
            return weights.scratch();
        }
        let plan = Plan::weights(self);
        if plan.by_channel {
            return channels::weights::scratch(&plan);
        }
        plan.chunks.saturating_mul(self.w_len() + plan.block * (plan.layout.len() + plan.dy_len))
    }
}

/// The convolution y of x with the weights w; see [`Conv2dShape`] for the formula, the shapes and an example.
///
/// y is overwritten; `scratch` has [`Conv2dShape::scratch_forward`] elements or more, of any content.
///
/// Kernels of 3×3 by one pixel, with 16 channels or more on both sides, are computed in tiles of 2×2 outputs (Winograd's algorithm).
/// An infinite or undefined pixel there makes all outputs of the tiles that see it undefined; all else has the usual roundings.
///
/// # Panics
/// If a slice has a length other than its shape's, or the scratch is too short.
#[track_caller]
pub fn conv2d<T: Float>(s: &Conv2dShape, x: &[T], w: &[T], y: &mut [T], scratch: &mut [T]) {
    <T as CompiledKernels>::conv2d(s, x, w, y, scratch);
}

#[track_caller]
pub(crate) fn forward<T: Float>(s: &Conv2dShape, x: &[T], w: &[T], y: &mut [T], scratch: &mut [T]) {
    s.check("conv2d", x.len(), w.len(), y.len(), [scratch.len(), s.scratch_forward()]);
    if x.is_empty() || w.is_empty() {
        return y.fill(T::ZERO); // sums of nothing
    }
    if y.is_empty() {
        return;
    }
    if s.groups > 1 {
        return grouped::forward(s, x, w, y, scratch);
    }
    let plan = Plan::forward(s);
    let (mut all, each) = (Parts::new(scratch), plan.own());
    let packed = Packed::new(&plan, w, &mut all);
    let bands = all.next(plan.chunks * each);
    let (image, out_image) = (s.x_len() / s.batch, s.y_len() / s.batch);
    let chunks = y.par_chunks_mut(plan.chunk * out_image).zip(bands.par_chunks_mut(each));
    chunks.enumerate().for_each(|(index, (y, band))| {
        for (n, y) in y.chunks_exact_mut(out_image).enumerate() {
            image_forward(&plan, &packed, &x[(index * plan.chunk + n) * image..][..image], band, y);
        }
    });
}

/// The adjoint of [`conv2d`] with respect to its input: dx from dy (of y's shape) and the weights.
///
/// dx is overwritten; `scratch` has [`Conv2dShape::scratch_input`] elements or more, of any content.
///
/// # Panics
/// If a slice has a length other than its shape's, or the scratch is too short.
#[track_caller]
pub fn conv2d_input<T: Float>(s: &Conv2dShape, dy: &[T], w: &[T], dx: &mut [T], scratch: &mut [T]) {
    <T as CompiledKernels>::conv2d_input(s, dy, w, dx, scratch);
}

#[track_caller]
pub(crate) fn input<T: Float>(s: &Conv2dShape, dy: &[T], w: &[T], dx: &mut [T], scratch: &mut [T]) {
    s.check("conv2d_input", dx.len(), w.len(), dy.len(), [scratch.len(), s.scratch_input()]);
    if dy.is_empty() || w.is_empty() {
        return dx.fill(T::ZERO);
    }
    if dx.is_empty() {
        return;
    }
    if s.groups > 1 {
        return grouped::input(s, dy, w, dx, scratch);
    }
    if let Some(transposed) = s.transposed() {
        let mut all = Parts::new(scratch);
        let [wt, scratch] = [s.w_len(), transposed.scratch_forward()].map(|len| all.next(len));
        let taps = s.kernel[0] * s.kernel[1];
        let kernels = wt[..s.w_len()].par_chunks_exact_mut(taps * s.out_channels);
        let together = channels::together(taps * s.out_channels);
        kernels.enumerate().with_min_len(together).for_each(|(c, kernels)| {
            for (o, kernel) in kernels.chunks_exact_mut(taps).enumerate() {
                let turned = w[(o * s.in_channels + c) * taps..][..taps].iter().rev();
                kernel.iter_mut().zip(turned).for_each(|(to, from)| *to = *from);
            }
        });
        return forward(&transposed, dy, &wt[..s.w_len()], dx, scratch);
    }
    let plan = Plan::input(s);
    if plan.by_channel {
        return channels::input::input(&plan, dy, w, dx, scratch);
    }
    let lanes = narrow_lanes::<T>();
    let (panels, scratch) = scratch.split_at_mut(s.w_len());
    spread::pack(s.out_channels, s.in_channels * s.kernel[0], s.kernel[1], w, panels);
    let (image, out_image, [oh, ow]) = (s.x_len() / s.batch, s.y_len() / s.batch, plan.out_size);
    let chunks = dx.par_chunks_mut(plan.chunk * image);
    let scratch = scratch.par_chunks_mut(plan.layout.len() + plan.dy_len);
    chunks.zip(scratch).enumerate().for_each(|(index, (dx, scratch))| {
        dx.fill(T::ZERO);
        let (band, copy) = scratch.split_at_mut(plan.layout.len());
        for (n, dx) in dx.chunks_exact_mut(image).enumerate() {
            let dy = &dy[(index * plan.chunk + n) * out_image..][..out_image];
            for first in plan.firsts() {
                let (dy, dy_step) = if plan.dy_len > 0 {
                    plan.copy_dy(dy, first, lanes, copy);
                    (&*copy, plan.band * plan.columns(lanes))
                } else {
                    (&dy[first * ow..], oh * ow)
                };
                band.fill(T::ZERO);
                lanes::run_narrow(Spread {
                    layout: &plan.layout,
                    kernel: s.kernel,
                    panels,
                    dy,
                    out_channels: s.out_channels,
                    out_size: [plan.rows(first), plan.columns(lanes)],
                    dy_step,
                    stride: s.stride[0],
                    band,
                });
                plan.layout.add_to(band, plan.input_row(first), dx);
            }
        }
    });
}

/// The adjoint of [`conv2d`] with respect to its weights: dw from x and dy (of y's shape).
///
/// dw is overwritten; `scratch` has [`Conv2dShape::scratch_weights`] elements or more, of any content. The sum over the
/// images is a tree that depends on the shape only.
///
/// # Panics
/// If a slice has a length other than its shape's, or the scratch is too short.
#[track_caller]
pub fn conv2d_weights<T: Float>(s: &Conv2dShape, x: &[T], dy: &[T], dw: &mut [T], scratch: &mut [T]) {
    <T as CompiledKernels>::conv2d_weights(s, x, dy, dw, scratch);
}

#[track_caller]
pub(crate) fn weights<T: Float>(s: &Conv2dShape, x: &[T], dy: &[T], dw: &mut [T], scratch: &mut [T]) {
    s.check("conv2d_weights", x.len(), dw.len(), dy.len(), [scratch.len(), s.scratch_weights()]);
    dw.fill(T::ZERO);
    if dw.is_empty() || dy.is_empty() || x.is_empty() {
        return;
    }
    if s.groups > 1 {
        return grouped::weights(s, x, dy, dw, scratch);
    }
    if let Some(weights) = Weights::new(s) {
        return weights.run(x, dy, dw, scratch);
    }
    let plan = Plan::weights(s);
    if plan.by_channel {
        return channels::weights::weights(&plan, x, dy, dw, scratch);
    }
    let lanes = narrow_lanes::<T>();
    let (partials, scratch) = scratch.split_at_mut(plan.chunks * s.w_len());
    let (image, out_image, [oh, ow]) = (s.x_len() / s.batch, s.y_len() / s.batch, plan.out_size);
    let chunks = partials.par_chunks_mut(s.w_len());
    let scratch = scratch.par_chunks_mut(plan.block * (plan.layout.len() + plan.dy_len));
    chunks.zip(scratch).enumerate().for_each(|(index, (dw, scratch))| {
        dw.fill(T::ZERO);
        let (bands, copies) = scratch.split_at_mut(plan.block * plan.layout.len());
        for block in plan.blocks(index) {
            for (k, band) in block.clone().enumerate() {
                let (n, first) = plan.place(band);
                let (x, dy) = (&x[n * image..][..image], &dy[n * out_image..][..out_image]);
                plan.layout.fill(x, plan.input_row(first), &mut bands[k * plan.layout.len()..]);
                if plan.dy_len > 0 {
                    plan.copy_dy(dy, first, lanes, &mut copies[k * plan.dy_len..][..plan.dy_len]);
                }
            }
            let columns = plan.columns(lanes);
            let (dy, dy_steps) = if plan.dy_len > 0 {
                (&*copies, [plan.dy_len, plan.band * columns])
            } else {
                (&dy[block.start * out_image..], [out_image, oh * ow])
            };
            lanes::run_narrow(Gradient {
                layout: &plan.layout,
                bands,
                dy,
                dy_steps,
                count: block.len(),
                stride: s.stride[0],
                out_channels: s.out_channels,
                out_size: [plan.band, columns],
                kernel: s.kernel,
                dw,
            });
        }
    });
    join(dw, partials);
}
