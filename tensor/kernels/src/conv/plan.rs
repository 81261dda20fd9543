//! How the three passes cut their work: bands of rows, chunks of images. All of it depends on the shape only, not on the level, so
//! that sums have the same parts; only channels in the lanes are padded to as many as there are.

use std::ops::Range;

use super::Conv2dShape;
use super::limits::most_that_fits;
use super::padded::Padded;
use super::parts::room;
use super::winograd::Winograd;
use crate::Float;
use crate::lanes::{NARROW, groups, wide};
use crate::tile::Terms;

/// Elements of a copied band: with some weights and outputs it stays in the second-level cache.
const BAND: usize = 32 << 10;
/// The same where weights are so many that they come from a farther cache for each band anew.
const LARGE_BAND: usize = 128 << 10;
/// So many weights do not stay in the second-level cache beside a band.
const MANY_WEIGHTS: usize = 128 << 10;
/// Elements of the bands, with their gradients, that the weights' adjoint adds up in registers. (More amortise the sum
/// over the lanes better, fewer stay in the cache.)
const BLOCK: usize = 96 << 10;
/// Elements of the gradients, with their channels last, that the weights' adjoint adds up in registers.
const GRADIENTS: usize = 16 << 10;
/// So many taps are worth copying the gradients with their channels last, even if rows fill vectors as well.
const MANY_TAPS: usize = 128;
/// Most chunks of images; each has scratch of its own.
const CHUNKS: usize = 32;
/// Elements of all chunks' partial sums of the weights' adjoint, unless the weights are large.
const PARTIALS: usize = 2 << 20;

/// The cut of one pass.
pub(super) struct Plan {
    /// The convolution, with images of one row where that is the same.
    pub s: Conv2dShape,
    pub out_size: [usize; 2],
    /// Of a copied band of the input.
    pub layout: Padded,
    /// Whether the lanes are channels, not columns: output channels, but in the input's adjoint the input's.
    pub by_channel: bool,
    /// Of the forward pass: how with fewer products, where that pays.
    pub winograd: Option<Winograd>,
    /// Whether images are read in place, not copied.
    pub in_place: bool,
    /// Rows of outputs in a band.
    pub band: usize,
    /// Bands of an image.
    pub bands: usize,
    /// How many chunks, and the images (in the weights' adjoint: bands of all images) in each but the last.
    pub chunks: usize,
    pub chunk: usize,
    /// Elements of the copy of a band's gradient, zero if it is read in place.
    pub dy_len: usize,
    /// Most bands that the weights' adjoint copies at a time; with channels in the lanes they are the same of several images.
    pub block: usize,
}

impl Plan {
    /// Of the forward pass.
    pub fn forward(s: &Conv2dShape) -> Self {
        let flat = flattened(s);
        let mut plan = match by_channel(&flat, s.out_channels) {
            true if s.w_len() >= MANY_WEIGHTS => Self::by_channel(&flat, [1, LARGE_BAND]),
            true => Self::by_channel(&flat, [1, BAND]),
            false => Self::by_column(&flat, 1),
        };
        if plan.by_channel {
            plan.winograd = Winograd::new(s);
        }
        plan.dy_len = 0;
        plan.cut(s.batch, CHUNKS);
        plan
    }

    /// Elements of the scratch of a chunk of the forward pass: a band.
    pub fn own(&self) -> usize {
        room(&[if self.winograd.is_some() { 1 } else { self.layout.len() }])
    }

    /// Of the forward pass with 2×2 max-pooling: bands of an even number of rows. Images without padding are read in
    /// place, that is, the layout is the image's.
    pub fn forward_pooled(s: &Conv2dShape) -> Self {
        let mut plan = Self::by_channel(s, [2, BAND]);
        plan.dy_len = 0;
        plan.cut(s.batch, CHUNKS);
        plan
    }

    /// Of the adjoint with respect to the input.
    pub fn input(s: &Conv2dShape) -> Self {
        // Of a single tap the additions to the band would take as long as the products. Tiles of three vectors have more of them for
        // each product, and pay only where columns waste lanes.
        let odd = s.in_channels.div_ceil(NARROW) % 2 == 1;
        let narrow = !s.out_size()[1].is_multiple_of(NARROW);
        if s.kernel != [1, 1] && by_channel(s, s.in_channels) && (narrow || !odd) {
            let mut plan = Self::by_channel(s, [1, BAND]);
            plan.cut(s.batch, CHUNKS);
            return plan;
        }
        let mut plan = Self::by_column(&flattened(s), NARROW);
        if plan.columns(NARROW) == plan.out_size[1] {
            plan.dy_len = 0;
        }
        plan.cut(s.batch, CHUNKS);
        plan
    }

    /// Of the adjoint with respect to the weights. Its chunks have partial sums of their own.
    pub fn weights(s: &Conv2dShape) -> Self {
        let partials = partials(s);
        let narrow = !flattened(s).out_size()[1].is_multiple_of(NARROW);
        let taps = s.in_channels * s.kernel[0] * s.kernel[1];
        if by_channel(&flattened(s), s.out_channels) && (narrow || taps >= MANY_TAPS) {
            let mut plan = Self::by_channel(&flattened(s), [1, BAND]);
            plan.cut(s.batch * plan.bands, partials);
            let outputs = plan.band * plan.out_size[1];
            plan.dy_len = outputs * plan.padded_channels();
            // The same blocks at every level, as they are parts of a sum.
            let dy_len = outputs * s.out_channels.next_multiple_of(NARROW);
            let copied = dy_len + if plan.in_place { 0 } else { plan.layout.len() };
            plan.block = (GRADIENTS / dy_len.max(1)).min(BLOCK / copied.max(1)).clamp(1, plan.chunk);
            return plan;
        }
        let mut plan = Self::by_column(&flattened(s), NARROW);
        plan.cut(s.batch * plan.bands, partials);
        plan.block = (BLOCK / (plan.layout.len() + plan.dy_len)).clamp(1, plan.chunk);
        if plan.bands == 1 && plan.columns(NARROW) == plan.out_size[1] {
            plan.dy_len = 0;
        }
        plan
    }

    /// Output columns in the lanes, padded to a multiple of `lanes`.
    fn by_column(s: &Conv2dShape, lanes: usize) -> Self {
        let columns = s.out_size()[1].next_multiple_of(lanes);
        Self::new(s, [columns, 1], BAND, [s.stride[1], columns + (s.kernel[1] - 1) / s.stride[1]])
    }

    /// Channels in the lanes, bands of a multiple of `together` rows and of `most` elements. Images without padding are read in
    /// place, that is, the layout is the image's.
    fn by_channel(s: &Conv2dShape, [together, most]: [usize; 2]) -> Self {
        let columns = s.out_size()[1];
        let pitch = (columns - 1) * s.stride[1] + s.kernel[1];
        let mut plan = Self::new(s, [columns, together], most, [1, pitch]);
        plan.by_channel = true;
        plan.in_place = s.padding == [[0, 0], [0, 0]];
        if plan.in_place {
            (plan.layout.rows, plan.layout.pitch) = (s.in_size[0], s.in_size[1]);
        }
        plan
    }

    /// Bands of a multiple of `together` rows of so many columns, of at most so many elements.
    fn new(
        s: &Conv2dShape,
        [columns, together]: [usize; 2],
        most: usize,
        [phases, pitch]: [usize; 2],
    ) -> Self {
        let s = *s;
        let out_size = s.out_size();
        let layout = |band: usize| Padded {
            channels: s.in_channels,
            size: s.in_size,
            rows: (band - 1) * s.stride[0] + s.kernel[0],
            phases,
            pitch,
            first_column: -(s.padding[1][0] as isize),
        };
        let gradient = |band| s.out_channels * band * columns;
        // The fewest bands that are small enough, as even as they can be.
        let most = most_that_fits(out_size[0], |band| layout(band).len().max(gradient(band)) <= most);
        let band = out_size[0].div_ceil(out_size[0].div_ceil(most)).next_multiple_of(together);
        let (layout, bands, dy_len) = (layout(band), out_size[0].div_ceil(band), gradient(band));
        Self {
            s,
            out_size,
            layout,
            by_channel: false,
            winograd: None,
            in_place: false,
            band,
            bands,
            chunks: 0,
            chunk: 1,
            dy_len,
            block: 0,
        }
    }

    /// At most `most` chunks of the items, none empty.
    fn cut(&mut self, items: usize, most: usize) {
        self.chunk = items.div_ceil(most).max(1);
        self.chunks = items.div_ceil(self.chunk);
    }

    /// The terms of an output: the taps of the kernel in the band, whatever its layout in the same order.
    pub fn taps(&self) -> Terms {
        let (layout, [rows, elements], phases) = (&self.layout, self.s.kernel, self.s.stride[1]);
        let [phase, element] = if layout.phases == phases { [layout.pitch, 1] } else { [1, phases] };
        let steps = [layout.channel_step(), layout.row_step(), phase, element];
        Terms { channels: layout.channels, rows, elements, phases, steps }
    }

    /// From an output's pixel to the one of the next row and of the next column, with channels in the lanes.
    pub fn steps(&self) -> [usize; 2] {
        [self.s.stride[0] * self.layout.row_step(), self.s.stride[1]]
    }

    /// Output channels, in whole wide vectors.
    pub fn padded_channels(&self) -> usize {
        self.s.out_channels.next_multiple_of(wide())
    }

    /// Of the forward pass: the band from output row `first` on of an image, which is in `copy` unless it is in place.
    #[inline(always)]
    pub fn band_of<'a, T: Float>(&self, image: &'a [T], first: usize, copy: &'a mut [T]) -> &'a [T] {
        if self.in_place {
            return &image[first * self.s.stride[0] * self.s.in_size[1]..];
        }
        self.layout.fill(image, self.input_row(first), copy);
        copy
    }

    /// The first rows of outputs of an image's bands.
    pub fn firsts(&self) -> impl Iterator<Item = usize> {
        (0..self.out_size[0]).step_by(self.band)
    }

    /// The input's row that the band from output row `first` on starts with.
    pub fn input_row(&self, first: usize) -> isize {
        (first * self.s.stride[0]) as isize - self.s.padding[0][0] as isize
    }

    /// Rows of outputs of the band from row `first` on.
    pub fn rows(&self, first: usize) -> usize {
        self.band.min(self.out_size[0] - first)
    }

    /// Columns of the outputs, in whole vectors.
    pub fn columns(&self, lanes: usize) -> usize {
        self.out_size[1].next_multiple_of(lanes)
    }

    /// Of the weights' adjoint: the blocks of a chunk, as ranges of bands.
    pub fn blocks(&self, chunk: usize) -> impl Iterator<Item = Range<usize>> {
        let start = chunk * self.chunk;
        let bands = self.chunk.min(self.s.batch * self.bands - start);
        groups(bands, self.block).map(move |(first, count)| start + first..start + first + count)
    }

    /// Of the weights' adjoint with channels in the lanes: the blocks of a chunk, as a band's first row of outputs and a range
    /// of images. A chunk goes through all images of a band before the next band.
    pub fn image_blocks(&self, chunk: usize) -> impl Iterator<Item = (usize, Range<usize>)> {
        let (batch, start) = (self.s.batch, chunk * self.chunk);
        let end = (start + self.chunk).min(batch * self.bands);
        (start / batch..end.div_ceil(batch)).flat_map(move |band| {
            let first = start.max(band * batch) - band * batch;
            let images = end.min((band + 1) * batch) - band * batch - first;
            groups(images, self.block)
                .map(move |(at, count)| (band * self.band, first + at..first + at + count))
        })
    }

    /// The image of the weights' adjoint's band, and the band's first row of outputs.
    pub fn place(&self, band: usize) -> (usize, usize) {
        (band / self.bands, band % self.bands * self.band)
    }

    /// Copies the gradient of the band from row `first` on, from an image of them, padded with zeros to whole bands and
    /// to whole vectors.
    pub fn copy_dy<T: Float>(&self, dy: &[T], first: usize, lanes: usize, copy: &mut [T]) {
        let ([oh, ow], columns) = (self.out_size, self.columns(lanes));
        let rows = copy.chunks_exact_mut(columns).take(self.s.out_channels * self.band);
        for (index, out) in rows.enumerate() {
            let (o, i) = (index / self.band, first + index % self.band);
            let has = if i < oh { ow } else { 0 };
            out[has..].fill(T::ZERO);
            if has > 0 {
                out[..ow].copy_from_slice(&dy[(o * oh + i) * ow..][..ow]);
            }
        }
    }
}

/// Chunks of the adjoint with respect to the weights, at most: each has partial sums of its own.
pub(super) fn partials(s: &Conv2dShape) -> usize {
    (PARTIALS / s.w_len().max(1)).clamp(4, 16)
}

/// Whether channels in the lanes waste no more of them than columns do. A tile of channels takes two or three vectors,
/// and one that has only one to do takes nearly as long as with two.
fn by_channel(s: &Conv2dShape, channels: usize) -> bool {
    let columns = s.out_size()[1];
    let padded = channels.next_multiple_of(NARROW).max(2 * NARROW);
    let vectors = columns.next_multiple_of(NARROW);
    padded * columns <= vectors * channels
}

/// The same convolution on images of one row, where that makes no difference, so that narrow images fill vectors.
fn flattened(s: &Conv2dShape) -> Conv2dShape {
    let [h, w] = s.in_size;
    let small = s.in_channels.max(s.out_channels) * h * w <= BAND;
    Conv2dShape { in_size: if s.is_pointwise() && small { [1, h * w] } else { s.in_size }, ..*s }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lanes_are_what_fills_them() {
        let by_channel = |channels, columns: usize| {
            let s = Conv2dShape::new(2, 3, [9, columns + 2], channels, [3, 3], [1, 1], [[0, 0], [0, 0]]);
            by_channel(&s, channels)
        };
        assert!(by_channel(32, 8) && by_channel(16, 24) && by_channel(31, 5));
        assert!(by_channel(24, 24) && !by_channel(8, 8) && !by_channel(31, 32));
    }
}
