//! Convolutions in groups of channels: each group of each image is a convolution of its own, on channels that lie together. The
//! tasks are runs of these, as many as the shape says, each with scratch of its own.

use rayon::prelude::*;

use super::parts::{Parts, room, total};
use super::{Conv2dShape, depthwise, join};
use crate::Float;

/// Most tasks.
const TASKS: usize = 32;
/// Elements of all partial sums of the weights' adjoint, unless the weights are large.
const PARTIALS: usize = 2 << 20;

/// The most even split of the items into tasks: how many, and the items in each but the last.
fn tasks(items: usize) -> [usize; 2] {
    let each = items.div_ceil(TASKS).max(1);
    [items.div_ceil(each), each]
}

pub(super) fn scratch_forward(s: &Conv2dShape) -> usize {
    if s.is_depthwise() {
        return depthwise::scratch_forward(s);
    }
    tasks(s.batch * s.groups)[0].saturating_mul(room(&[s.one().scratch_forward()]))
}

/// See [`conv2d`](crate::conv2d); there are outputs.
pub(super) fn forward<T: Float>(s: &Conv2dShape, x: &[T], w: &[T], y: &mut [T], scratch: &mut [T]) {
    if s.is_depthwise() {
        return depthwise::forward(s, x, w, y, scratch);
    }
    let (one, [_, each]) = (s.one(), tasks(s.batch * s.groups));
    let (x_len, w_len, y_len, scratch_len) = (one.x_len(), one.w_len(), one.y_len(), one.scratch_forward());
    let chunks = y.par_chunks_mut(each * y_len).zip(scratch.par_chunks_mut(room(&[scratch_len])));
    chunks.enumerate().for_each(|(task, (y, scratch))| {
        for (item, y) in (task * each..).zip(y.chunks_exact_mut(y_len)) {
            let (x, w) = (&x[item * x_len..][..x_len], &w[item % s.groups * w_len..][..w_len]);
            super::forward(&one, x, w, y, scratch);
        }
    });
}

pub(super) fn scratch_input(s: &Conv2dShape) -> usize {
    if s.is_depthwise() {
        return depthwise::scratch_input(s);
    }
    tasks(s.batch * s.groups)[0].saturating_mul(room(&[s.one().scratch_input().max(1)]))
}

/// See [`conv2d_input`](crate::conv2d_input); there are inputs.
pub(super) fn input<T: Float>(s: &Conv2dShape, dy: &[T], w: &[T], dx: &mut [T], scratch: &mut [T]) {
    if s.is_depthwise() {
        return depthwise::input(s, dy, w, dx, scratch);
    }
    let (one, [_, each]) = (s.one(), tasks(s.batch * s.groups));
    let (x_len, w_len, y_len, scratch_len) = (one.x_len(), one.w_len(), one.y_len(), one.scratch_input());
    let chunks = dx.par_chunks_mut(each * x_len).zip(scratch.par_chunks_mut(room(&[scratch_len.max(1)])));
    chunks.enumerate().for_each(|(task, (dx, scratch))| {
        for (item, dx) in (task * each..).zip(dx.chunks_exact_mut(x_len)) {
            let (dy, w) = (&dy[item * y_len..][..y_len], &w[item % s.groups * w_len..][..w_len]);
            super::input(&one, dy, w, dx, scratch);
        }
    });
}

/// Of the weights' adjoint: the images that a partial sum is of, and how many there are of all weights.
fn partials(s: &Conv2dShape) -> [usize; 2] {
    let images = s.batch.div_ceil((PARTIALS / s.w_len().max(1)).clamp(4, 16)).max(1);
    [images, s.batch.div_ceil(images)]
}

pub(super) fn scratch_weights(s: &Conv2dShape) -> usize {
    if s.is_depthwise() {
        return depthwise::scratch_weights(s);
    }
    let (one, [_, partials]) = (s.one(), partials(s));
    let [tasks, _] = tasks(partials * s.groups);
    let each = room(&[one.w_len(), one.scratch_weights()]);
    total(&[room(&[partials.saturating_mul(s.w_len())]), tasks.saturating_mul(each)])
}

/// See [`conv2d_weights`](crate::conv2d_weights); dw is all zeros, and there are weights and outputs.
pub(super) fn weights<T: Float>(s: &Conv2dShape, x: &[T], dy: &[T], dw: &mut [T], scratch: &mut [T]) {
    if s.is_depthwise() {
        return depthwise::weights(s, x, dy, dw, scratch);
    }
    let (one, [images, count]) = (s.one(), partials(s));
    let (x_len, w_len, y_len) = (one.x_len(), one.w_len(), one.y_len());
    let [_, each] = tasks(count * s.groups);
    let sizes = [w_len, one.scratch_weights()];
    let (partials, scratch) = scratch.split_at_mut(room(&[count * s.w_len()]));
    let partials = &mut partials[..count * s.w_len()];
    let chunks = partials.par_chunks_mut(each * w_len).zip(scratch.par_chunks_mut(room(&sizes)));
    chunks.enumerate().for_each(|(task, (sums, scratch))| {
        let mut own = Parts::of(scratch);
        let [product, scratch] = sizes.map(|len| own.next(len));
        let product = &mut product[..w_len];
        for (item, sum) in (task * each..).zip(sums.chunks_exact_mut(w_len)) {
            let (first, group) = (item / s.groups * images, item % s.groups);
            sum.fill(T::ZERO);
            for n in first..(first + images).min(s.batch) {
                let at = n * s.groups + group;
                super::weights(&one, &x[at * x_len..][..x_len], &dy[at * y_len..][..y_len], product, scratch);
                sum.iter_mut().zip(&*product).for_each(|(sum, product)| *sum += *product);
            }
        }
    });
    join(dw, partials);
}
