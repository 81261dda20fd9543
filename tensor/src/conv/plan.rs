//! How the three passes cut their work: bands of rows, chunks of images. All of it depends on the shape only.

use std::ops::Range;

use super::Conv2dShape;
use super::correlate::{Taps, Target};
use super::padded::Padded;
use crate::Float;
use crate::lanes::{MOST_LANES, groups};

/// Elements of a copied band: with some weights and outputs it stays in the second-level cache.
const BAND: usize = 32 << 10;
/// Elements of the bands that the weights' adjoint adds up in registers.
const BLOCK: usize = 96 << 10;
/// Most chunks of images; each has scratch of its own.
const CHUNKS: usize = 32;
/// Elements of all chunks' partial sums of the weights' adjoint, unless the weights are large.
const PARTIALS: usize = 2 << 20;

impl Conv2dShape {
    /// The same convolution on images of one row, where it makes no difference, so that narrow images fill vectors.
    pub(super) fn flattened(&self) -> Self {
        let [h, w] = self.in_size;
        let pointwise = self.kernel == [1, 1] && self.stride == [1, 1] && self.padding == [[0, 0], [0, 0]];
        let small = self.in_channels.max(self.out_channels) * h * w <= BAND;
        let in_size = if pointwise && small { [1, h * w] } else { self.in_size };
        Self { in_size, ..*self }
    }
}

/// The most even split of `rows` into bands for which `need(band)` stays below [`BAND`]: the rows of a band.
fn band(rows: usize, need: impl Fn(usize) -> usize) -> usize {
    let most = (1..=rows).rev().find(|&band| need(band) <= BAND).unwrap_or(1);
    rows.div_ceil(rows.div_ceil(most).max(1)).max(1)
}

/// The number of chunks, at most `most` and none empty, and the items of each but the last.
fn chunks(items: usize, most: usize) -> (usize, usize) {
    let chunk = items.div_ceil(most).max(1);
    (items.div_ceil(chunk), chunk)
}

/// The layout of a band of `band` rows of outputs of the forward pass, wide enough for `columns` outputs.
fn layout(s: &Conv2dShape, band: usize, columns: usize) -> Padded {
    Padded {
        channels: s.in_channels,
        size: s.in_size,
        rows: (band - 1) * s.stride[0] + s.kernel[0],
        phases: s.stride[1],
        pitch: columns + (s.kernel[1] - 1) / s.stride[1],
        first_column: -(s.padding[1][0] as isize),
    }
}

/// The cut of the forward pass.
pub(super) struct Forward {
    pub layout: Padded,
    pub taps: Taps,
    /// Rows of outputs in a band.
    pub band: usize,
    pub chunks: usize,
    /// Images in a chunk.
    pub chunk: usize,
    pub out_size: [usize; 2],
    s: Conv2dShape,
}

impl Forward {
    pub fn new(s: &Conv2dShape) -> Self {
        let s = s.flattened();
        let out_size = s.out_size();
        let layout = |band| layout(&s, band, out_size[1]);
        let band = band(out_size[0], |band| layout(band).len());
        let (chunks, chunk) = chunks(s.batch, CHUNKS);
        let taps =
            Taps { channels: s.in_channels, rows: s.kernel[0], columns: s.kernel[1], phases: s.stride[1] };
        Self { layout: layout(band), taps, band, chunks, chunk, out_size, s }
    }

    /// The image's row that the band from output row `first` on starts with.
    pub fn first_row(&self, first: usize) -> isize {
        (first * self.s.stride[0]) as isize - self.s.padding[0][0] as isize
    }

    /// The outputs of the band from row `first` on, and their place in the image of outputs.
    pub fn target(&self, first: usize) -> (Target, usize) {
        let [oh, ow] = self.out_size;
        let size = [self.band.min(oh - first), ow];
        let channels = self.s.out_channels;
        (Target { channels, size, channel_step: oh * ow, row_step: ow, column_step: 1 }, first * ow)
    }
}

/// The cut of the adjoint with respect to the input.
///
/// With q = ⌊(h + p) / s⌋ and a = (h + p) mod s, the product of dy\[i] and w\[u] goes to row h of dx where i·s + u = h + p,
/// so u = a + t·s and i = q − t. Each phase (a, b) of rows and columns is thus a correlation of stride one, of dy with
/// every s-th weight in reverse, whose outputs are every s-th pixel.
pub(super) struct Adjoint {
    pub layout: Padded,
    /// Rows q in a band.
    pub band: usize,
    pub chunks: usize,
    /// Images in a chunk.
    pub chunk: usize,
    /// The smallest q of rows and columns, and the one after the largest.
    range: [Range<usize>; 2],
    /// The most taps t of a phase, of rows and columns.
    most: [usize; 2],
    s: Conv2dShape,
}

/// One phase of [`Adjoint`].
pub(super) struct Phase<'a> {
    pub taps: Taps,
    /// The place of its packed weights.
    pub weights: usize,
    phase: [usize; 2],
    plan: &'a Adjoint,
}

impl Adjoint {
    pub fn new(s: &Conv2dShape) -> Self {
        let s = s.flattened();
        let range = [0, 1].map(|d| {
            let (p, step) = (s.padding[d][0], s.stride[d]);
            p / step..(s.in_size[d] + p).div_ceil(step)
        });
        let most = [0, 1].map(|d| s.kernel[d].div_ceil(s.stride[d]));
        let layout = |band: usize| Padded {
            channels: s.out_channels,
            size: s.out_size(),
            rows: band + most[0] - 1,
            phases: 1,
            pitch: range[1].len() + most[1] - 1,
            first_column: range[1].start as isize - (most[1] - 1) as isize,
        };
        let band = band(range[0].len(), |band| layout(band).len());
        let (chunks, chunk) = chunks(s.batch, CHUNKS);
        Self { layout: layout(band), band, chunks, chunk, range, most, s }
    }

    /// The rows q.
    pub fn rows(&self) -> Range<usize> {
        self.range[0].clone()
    }

    /// The row of dy that the band from row q = `first` on starts with.
    pub fn first_row(&self, first: usize) -> isize {
        first as isize - (self.most[0] - 1) as isize
    }

    /// All phases, of rows times columns.
    pub fn phases(&self) -> impl Iterator<Item = Phase<'_>> {
        let s = &self.s;
        let mut weights = 0;
        (0..s.stride[0] * s.stride[1]).map(move |index| {
            let phase = [index / s.stride[1], index % s.stride[1]];
            let [rows, columns] = [0, 1].map(|d| s.kernel[d].saturating_sub(phase[d]).div_ceil(s.stride[d]));
            let taps = Taps { channels: s.out_channels, rows, columns, phases: 1 };
            let this = Phase { taps, weights, phase, plan: self };
            weights += taps.len() * s.in_channels;
            this
        })
    }
}

impl Phase<'_> {
    /// The row and column of the kernel of this phase's tap.
    pub fn kernel_position(&self, tap: [usize; 2]) -> [usize; 2] {
        let count = [self.taps.rows, self.taps.columns];
        [0, 1].map(|d| self.phase[d] + (count[d] - 1 - tap[d]) * self.plan.s.stride[d])
    }

    /// For the band from row q = `first` on: the outputs, where in the band they start, and where in the image of dx.
    /// None if the band has no pixel of this phase.
    pub fn target(&self, first: usize) -> Option<(Target, usize, usize)> {
        let (plan, s) = (self.plan, &self.plan.s);
        let count = [self.taps.rows, self.taps.columns];
        let band = [first..(first + plan.band).min(plan.range[0].end), plan.range[1].clone()];
        // The q of this phase with a pixel: 0 ≤ q·s + a − p < size.
        let q = [0, 1].map(|d| {
            let (a, p, step) = (self.phase[d], s.padding[d][0], s.stride[d]);
            let start = p.saturating_sub(a).div_ceil(step).max(band[d].start);
            start..(s.in_size[d] + p).saturating_sub(a).div_ceil(step).min(band[d].end).max(start)
        });
        if q[0].is_empty() || q[1].is_empty() {
            return None;
        }
        let [row, column] = [0, 1].map(|d| q[d].start - band[d].start + plan.most[d] - count[d].max(1));
        let [h, w] = [0, 1].map(|d| q[d].start * s.stride[d] + self.phase[d] - s.padding[d][0]);
        let target = Target {
            channels: s.in_channels,
            size: [q[0].len(), q[1].len()],
            channel_step: s.in_size[0] * s.in_size[1],
            row_step: s.stride[0] * s.in_size[1],
            column_step: s.stride[1],
        };
        Some((target, row * plan.layout.row_step() + column, h * s.in_size[1] + w))
    }
}

/// The cut of the adjoint with respect to the weights. A unit is a band of an image; chunks of units have partial sums
/// of their own, and in a chunk blocks of units are copied and added up in registers.
pub(super) struct Weights {
    pub layout: Padded,
    pub chunks: usize,
    /// Most units in a block.
    pub block: usize,
    /// Elements of the copy of a unit's gradient, zero if it is read in place.
    pub dy_len: usize,
    pub s: Conv2dShape,
    band: usize,
    bands: usize,
    /// Units in a chunk.
    chunk: usize,
}

impl Weights {
    pub fn new(s: &Conv2dShape) -> Self {
        let s = s.flattened();
        let [oh, ow] = s.out_size();
        let columns = ow.next_multiple_of(MOST_LANES);
        let layout = |band| layout(&s, band, columns);
        let band = band(oh, |band| layout(band).len().max(s.out_channels * band * columns));
        let (layout, bands, gradient) = (layout(band), oh.div_ceil(band), s.out_channels * band * columns);
        let dy_len = if bands == 1 && columns == ow { 0 } else { gradient };
        let most = (PARTIALS / s.w_len().max(1)).clamp(4, 16);
        let (chunks, chunk) = chunks(s.batch * bands, most);
        let block = (BLOCK / (layout.len() + gradient)).clamp(1, chunk);
        Self { layout, chunks, block, dy_len, s, band, bands, chunk }
    }

    /// The blocks of a chunk: ranges of units.
    pub fn blocks(&self, chunk: usize) -> impl Iterator<Item = Range<usize>> {
        let start = chunk * self.chunk;
        let units = self.chunk.min(self.s.batch * self.bands - start);
        groups(units, self.block).map(move |(first, count)| start + first..start + first + count)
    }

    /// The image of a unit, and its first row of outputs.
    pub fn place(&self, unit: usize) -> (usize, usize) {
        (unit / self.bands, unit % self.bands * self.band)
    }

    /// The image's row that the band from output row `first` on starts with.
    pub fn first_row(&self, first: usize) -> isize {
        (first * self.s.stride[0]) as isize - self.s.padding[0][0] as isize
    }

    /// Rows and columns of a unit's gradient, the columns in whole vectors.
    pub fn out_size(&self, lanes: usize) -> [usize; 2] {
        [self.band, self.s.out_size()[1].next_multiple_of(lanes)]
    }

    /// From one unit's gradient to the next, and one channel's: of the copies, or in place.
    pub fn dy_steps(&self, lanes: usize) -> [usize; 2] {
        if self.dy_len == 0 {
            let [oh, ow] = self.s.out_size();
            return [self.s.out_channels * oh * ow, oh * ow];
        }
        let [rows, columns] = self.out_size(lanes);
        [self.dy_len, rows * columns]
    }

    /// Copies the gradient of the band from row `first` on, from an image of them, and pads it with zeros.
    pub fn copy_dy<T: Float>(&self, dy: &[T], first: usize, lanes: usize, copy: &mut [T]) {
        let ([oh, ow], [rows, columns]) = (self.s.out_size(), self.out_size(lanes));
        for (index, out) in copy.chunks_exact_mut(columns).take(self.s.out_channels * rows).enumerate() {
            let (o, i) = (index / rows, first + index % rows);
            if i < oh {
                out[..ow].copy_from_slice(&dy[(o * oh + i) * ow..][..ow]);
                out[ow..].fill(T::ZERO);
            } else {
                out.fill(T::ZERO);
            }
        }
    }
}
