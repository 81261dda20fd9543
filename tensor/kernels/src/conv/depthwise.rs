//! Depthwise convolution: each channel has a kernel of its own. A plane, one channel of one image, is copied, padded, into a
//! little scratch, in bands of rows if it is large, and the lanes are columns. With 512 bits most planes with kernels of 3×3 are
//! not copied ([`in_place`]).
//!
//! The adjoint with respect to the input is the same kernel: the correlation of the gradients, with zeros between them where
//! the stride is not one, with the taps in reverse order.

mod correlate;
mod gradient;
mod in_place;

use rayon::prelude::*;

use super::limits::most_that_fits;
use super::padded::Padded;
use super::parts::{Parts, room, total};
use super::{Conv2dShape, join};
use crate::Float;
use crate::lanes;
use correlate::Correlate;
use gradient::Gradient;
use in_place::Plane;

/// Elements of a copied band: it stays in the first-level cache.
const BAND: usize = 6 << 10;
/// Most runs of planes; each has scratch of its own.
const TASKS: usize = 32;

/// How a pass cuts its planes. All of it depends on the shape only.
struct PlaneCut {
    /// Of a copied band.
    layout: Padded,
    /// The row that a plane's first output begins with.
    first_row: isize,
    /// Rows from one output to the next.
    stride: usize,
    out_size: [usize; 2],
    /// Rows of outputs in a band.
    band: usize,
    /// Whether [`in_place`] has a kernel for planes of this width.
    in_place: bool,
    /// How many tasks, and the planes in each but the last.
    tasks: usize,
    each: usize,
}

impl PlaneCut {
    fn forward(s: &Conv2dShape) -> Self {
        let first = [s.padding[0][0], s.padding[1][0]].map(|pad| -(pad as isize));
        Self::new(s, s.in_size, s.out_size(), s.stride, first)
    }

    /// Of the adjoint with respect to the input, from gradients of the size of [`spread_size`].
    fn input(s: &Conv2dShape) -> Self {
        let first = [0, 1].map(|d| s.padding[d][0] as isize - (s.kernel[d] - 1) as isize);
        Self::new(s, spread_size(s), s.in_size, [1, 1], first)
    }

    /// From planes of a size to outputs of another, the first of which is of the pixels from `first` on.
    fn new(
        s: &Conv2dShape,
        size: [usize; 2],
        out_size: [usize; 2],
        stride: [usize; 2],
        first: [isize; 2],
    ) -> Self {
        let layout = |band: usize| Padded {
            channels: 1,
            size,
            rows: (band - 1) * stride[0] + s.kernel[0],
            phases: stride[1],
            pitch: out_size[1] + (s.kernel[1] - 1) / stride[1],
            first_column: first[1],
        };
        // The fewest bands that are small enough, as even as they can be.
        let most = most_that_fits(out_size[0], |band| layout(band).len() <= BAND);
        let band = out_size[0].div_ceil(out_size[0].div_ceil(most).max(1)).max(1);
        let planes = s.batch * s.in_channels;
        let each = planes.div_ceil(TASKS).max(1);
        let layout = layout(band);
        // A column of zeros on each side at most, and room for a row of them.
        let after = out_size[1] as isize + first[1] + 2 - size[1] as isize;
        let narrow = first[1] >= -1 && after <= 1 && size[1] <= layout.pitch;
        Self {
            layout,
            first_row: first[0],
            stride: stride[0],
            out_size,
            band,
            in_place: lanes::has_512_bits() && s.kernel == [3, 3] && stride == [1, 1] && narrow,
            tasks: planes.div_ceil(each),
            each,
        }
    }

    /// The bands of a plane: the first row of outputs, how many, and the first row of the layout.
    fn bands(&self) -> impl Iterator<Item = (usize, usize, isize)> {
        (0..self.out_size[0]).step_by(self.band).map(|first| {
            let rows = self.band.min(self.out_size[0] - first);
            (first, rows, self.first_row + (first * self.stride) as isize)
        })
    }

    /// The plane where it stands, for outputs from a row on, with scratch for a row of zeros.
    fn plane<'a, T: Float>(&self, pixels: &'a [T], first_row: isize, scratch: &'a mut [T]) -> Plane<'a, T> {
        let (first, width) = ([first_row, self.layout.first_column], self.layout.size[1]);
        let zeros = &mut scratch[..width];
        zeros.fill(T::ZERO);
        Plane { pixels, width, first, zeros, columns: self.out_size[1] }
    }

    /// The outputs of a plane, band by band.
    fn correlate<T: Float>(&self, kernel: [usize; 2], plane: &[T], taps: &[T], band: &mut [T], y: &mut [T]) {
        let columns = self.out_size[1];
        if self.in_place {
            let plane = self.plane(plane, self.first_row, band);
            return lanes::run_512_bits(in_place::Correlate { plane, taps, out: y });
        }
        for (first, rows, first_row) in self.bands() {
            self.layout.fill(plane, first_row, band);
            lanes::run(Correlate {
                layout: &self.layout,
                band,
                taps,
                kernel,
                stride: self.stride,
                columns,
                out: &mut y[first * columns..][..rows * columns],
            });
        }
    }
}

/// Height and width of the gradients with zeros between them, as many as the strides skip.
fn spread_size(s: &Conv2dShape) -> [usize; 2] {
    [0, 1].map(|d| (s.out_size()[d] - 1) * s.stride[d] + 1)
}

pub(super) fn scratch_forward(s: &Conv2dShape) -> usize {
    let cut = PlaneCut::forward(s);
    cut.tasks.saturating_mul(cut.layout.len())
}

/// See [`conv2d`](crate::conv2d); there are outputs.
pub(super) fn forward<T: Float>(s: &Conv2dShape, x: &[T], w: &[T], y: &mut [T], scratch: &mut [T]) {
    let (cut, taps) = (PlaneCut::forward(s), s.kernel[0] * s.kernel[1]);
    let [x_len, y_len] = [s.in_size, s.out_size()].map(|[h, w]| h * w);
    let chunks = y.par_chunks_mut(cut.each * y_len).zip(scratch.par_chunks_mut(cut.layout.len()));
    chunks.enumerate().for_each(|(task, (y, band))| {
        for (plane, y) in (task * cut.each..).zip(y.chunks_exact_mut(y_len)) {
            let taps = &w[plane % s.in_channels * taps..][..taps];
            cut.correlate(s.kernel, &x[plane * x_len..][..x_len], taps, band, y);
        }
    });
}

/// Elements of the parts of a task of the input's adjoint: a band, the taps in reverse order, and the spread gradients.
fn parts_input(s: &Conv2dShape, cut: &PlaneCut) -> [usize; 3] {
    let [h, w] = spread_size(s);
    [cut.layout.len(), s.kernel[0] * s.kernel[1], if s.stride == [1, 1] { 0 } else { h * w }]
}

pub(super) fn scratch_input(s: &Conv2dShape) -> usize {
    let cut = PlaneCut::input(s);
    cut.tasks.saturating_mul(room(&parts_input(s, &cut)))
}

/// See [`conv2d_input`](crate::conv2d_input); there are inputs.
pub(super) fn input<T: Float>(s: &Conv2dShape, dy: &[T], w: &[T], dx: &mut [T], scratch: &mut [T]) {
    let (cut, taps) = (PlaneCut::input(s), s.kernel[0] * s.kernel[1]);
    let ([x_len, y_len], [_, columns]) = ([s.in_size, s.out_size()].map(|[h, w]| h * w), s.out_size());
    let (sizes, width) = (parts_input(s, &cut), spread_size(s)[1]);
    let chunks = dx.par_chunks_mut(cut.each * x_len).zip(scratch.par_chunks_mut(room(&sizes)));
    chunks.enumerate().for_each(|(task, (dx, scratch))| {
        let mut own = Parts::of(scratch);
        let [band, reversed, spread] = sizes.map(|len| &mut own.next(len)[..len]);
        spread.fill(T::ZERO);
        for (plane, dx) in (task * cut.each..).zip(dx.chunks_exact_mut(x_len)) {
            let w = &w[plane % s.in_channels * taps..][..taps];
            reversed.iter_mut().zip(w.iter().rev()).for_each(|(to, from)| *to = *from);
            let dy = &dy[plane * y_len..][..y_len];
            // What lies between the gradients stays zero.
            for (to, from) in spread.chunks_mut(s.stride[0] * width).zip(dy.chunks_exact(columns)) {
                to[..width].iter_mut().step_by(s.stride[1]).zip(from).for_each(|(to, from)| *to = *from);
            }
            let dy = if spread.is_empty() { dy } else { &*spread };
            cut.correlate(s.kernel, dy, reversed, band, dx);
        }
    });
}

pub(super) fn scratch_weights(s: &Conv2dShape) -> usize {
    let cut = PlaneCut::forward(s);
    total(&[s.batch.saturating_mul(s.w_len()), cut.tasks.saturating_mul(cut.layout.len())])
}

/// See [`conv2d_weights`](crate::conv2d_weights); dw is all zeros, and there are weights and outputs.
pub(super) fn weights<T: Float>(s: &Conv2dShape, x: &[T], dy: &[T], dw: &mut [T], scratch: &mut [T]) {
    let (cut, taps) = (PlaneCut::forward(s), s.kernel[0] * s.kernel[1]);
    let ([x_len, y_len], columns) = ([s.in_size, s.out_size()].map(|[h, w]| h * w), cut.out_size[1]);
    // The sums of each image, of all channels.
    let (partials, scratch) = scratch.split_at_mut(s.batch * s.w_len());
    let chunks = partials.par_chunks_mut(cut.each * taps).zip(scratch.par_chunks_mut(cut.layout.len()));
    chunks.enumerate().for_each(|(task, (sums, band))| {
        for (plane, sums) in (task * cut.each..).zip(sums.chunks_exact_mut(taps)) {
            let (x, dy) = (&x[plane * x_len..][..x_len], &dy[plane * y_len..][..y_len]);
            sums.fill(T::ZERO);
            for (first, rows, first_row) in cut.bands() {
                let dy = &dy[first * columns..][..rows * columns];
                if cut.in_place {
                    let plane = cut.plane(x, first_row, band);
                    lanes::run_512_bits(in_place::Gradient { plane, dy, sums });
                    continue;
                }
                cut.layout.fill(x, first_row, band);
                lanes::run(Gradient {
                    layout: &cut.layout,
                    band,
                    kernel: s.kernel,
                    stride: cut.stride,
                    columns,
                    dy,
                    sums,
                });
            }
        }
    });
    join(dw, partials);
}
