//! Two-dimensional convolution and its two adjoints.
//!
//! Each image is copied, padded, into a little scratch, in bands of rows if it is large; the inner loops in
//! [`correlate`] and [`weights`] then read shifted vectors from the copy, so the matrix of patches is never formed. The
//! work is split into chunks of images whose number depends on the shape only, each with its own part of the scratch:
//! the results have the same bits for any number of threads.

mod correlate;
mod padded;
mod plan;
mod shape;
mod weights;

pub use shape::Conv2dShape;
pub(crate) use shape::{check_window, out_size};

use rayon::prelude::*;

use crate::Float;
use crate::lanes::{self, Lanes};
use correlate::Correlate;
use plan::{Adjoint, Forward, Weights};
use weights::Gradient;

impl Conv2dShape {
    /// Elements of scratch that [`conv2d`] asks for.
    pub fn scratch_forward(&self) -> usize {
        let plan = Forward::new(self);
        self.w_len() + plan.chunks * plan.layout.len()
    }

    /// Elements of scratch that [`conv2d_input`] asks for.
    pub fn scratch_input(&self) -> usize {
        let plan = Adjoint::new(self);
        self.w_len() + plan.chunks * plan.layout.len()
    }

    /// Elements of scratch that [`conv2d_weights`] asks for.
    pub fn scratch_weights(&self) -> usize {
        let plan = Weights::new(self);
        plan.chunks * (self.w_len() + plan.block * (plan.layout.len() + plan.dy_len))
    }
}

/// The convolution y of x with the weights w; see [`Conv2dShape`] for the formula, the shapes and an example.
///
/// y is overwritten; `scratch` has [`Conv2dShape::scratch_forward`] elements or more, of any content.
///
/// # Panics
/// If a slice has a length other than its shape's, or the scratch is too short.
#[track_caller]
pub fn conv2d<T: Float>(s: &Conv2dShape, x: &[T], w: &[T], y: &mut [T], scratch: &mut [T]) {
    s.check("conv2d", x.len(), w.len(), y.len(), [scratch.len(), s.scratch_forward()]);
    if y.is_empty() {
        return;
    }
    let plan = Forward::new(s);
    let (panels, scratch) = scratch.split_at_mut(s.w_len());
    let ([kh, kw], c) = (s.kernel, s.in_channels);
    plan.taps.pack(s.out_channels, panels, |o, k, u, v| w[((o * c + k) * kh + u) * kw + v]);
    let (image, out_image) = (s.x_len() / s.batch, s.y_len() / s.batch);
    let chunks = y.par_chunks_mut(plan.chunk * out_image).zip(scratch.par_chunks_mut(plan.layout.len()));
    chunks.enumerate().for_each(|(index, (y, band))| {
        for (n, y) in y.chunks_exact_mut(out_image).enumerate() {
            let x = &x[(index * plan.chunk + n) * image..][..image];
            for first in (0..plan.out_size[0]).step_by(plan.band) {
                plan.layout.fill(x, plan.first_row(first), band);
                let (target, out) = plan.target(first);
                let (taps, layout, stride, out) = (plan.taps, &plan.layout, s.stride[0], &mut y[out..]);
                lanes::run(Correlate { taps, layout, panels, band, stride, target, out });
            }
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
    s.check("conv2d_input", dx.len(), w.len(), dy.len(), [scratch.len(), s.scratch_input()]);
    if dx.is_empty() {
        return;
    }
    let plan = Adjoint::new(s);
    let (panels, scratch) = scratch.split_at_mut(s.w_len());
    let ([kh, kw], c) = (s.kernel, s.in_channels);
    for phase in plan.phases() {
        let panels = &mut panels[phase.weights..][..phase.taps.len() * c];
        phase.taps.pack(c, panels, |k, o, t, r| {
            let [u, v] = phase.kernel_position([t, r]);
            w[((o * c + k) * kh + u) * kw + v]
        });
    }
    let (image, out_image) = (s.x_len() / s.batch, s.y_len() / s.batch);
    let chunks = dx.par_chunks_mut(plan.chunk * image).zip(scratch.par_chunks_mut(plan.layout.len()));
    chunks.enumerate().for_each(|(index, (dx, band))| {
        for (n, dx) in dx.chunks_exact_mut(image).enumerate() {
            let dy = &dy[(index * plan.chunk + n) * out_image..][..out_image];
            for first in plan.rows().step_by(plan.band) {
                plan.layout.fill(dy, plan.first_row(first), band);
                for phase in plan.phases() {
                    let Some((target, start, out)) = phase.target(first) else { continue };
                    let (taps, layout) = (phase.taps, &plan.layout);
                    let (panels, band, out) = (&panels[phase.weights..], &band[start..], &mut dx[out..]);
                    lanes::run(Correlate { taps, layout, panels, band, stride: 1, target, out });
                }
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
    s.check("conv2d_weights", x.len(), dw.len(), dy.len(), [scratch.len(), s.scratch_weights()]);
    dw.fill(T::ZERO);
    if dw.is_empty() || dy.is_empty() {
        return;
    }
    let plan = Weights::new(s);
    let lanes = <T::Portable as Lanes>::N;
    let (partials, scratch) = scratch.split_at_mut(plan.chunks * s.w_len());
    let (image, out_image) = (s.x_len() / s.batch, s.y_len() / s.batch);
    let per_chunk = plan.block * (plan.layout.len() + plan.dy_len);
    let chunks = partials.par_chunks_mut(s.w_len()).zip(scratch.par_chunks_mut(per_chunk));
    chunks.enumerate().for_each(|(index, (dw, scratch))| {
        dw.fill(T::ZERO);
        let (bands, copies) = scratch.split_at_mut(plan.block * plan.layout.len());
        for units in plan.blocks(index) {
            for (k, unit) in units.clone().enumerate() {
                let (n, first) = plan.place(unit);
                plan.layout.fill(
                    &x[n * image..][..image],
                    plan.first_row(first),
                    &mut bands[k * plan.layout.len()..],
                );
                if plan.dy_len > 0 {
                    plan.copy_dy(
                        &dy[n * out_image..],
                        first,
                        lanes,
                        &mut copies[k * plan.dy_len..][..plan.dy_len],
                    );
                }
            }
            let dy = if plan.dy_len > 0 { &*copies } else { &dy[units.start * out_image..] };
            lanes::run(Gradient {
                layout: &plan.layout,
                bands,
                dy,
                dy_steps: plan.dy_steps(lanes),
                count: units.len(),
                stride: s.stride[0],
                out_channels: s.out_channels,
                out_size: plan.out_size(lanes),
                kernel: s.kernel,
                dw,
            });
        }
    });
    // One partial sum after the other, in the order of the chunks.
    dw.par_chunks_mut(4096).enumerate().for_each(|(index, dw)| {
        for partial in partials.chunks_exact(s.w_len()) {
            dw.iter_mut().zip(&partial[index * 4096..]).for_each(|(w, p)| *w += *p);
        }
    });
}
