//! A band of an image, copied with its channels last, so that a row of a patch (what one output sees of one row of the
//! input) is one run of memory.

use crate::Float;
use crate::conv::Conv2dShape;
use crate::lanes::{self, NARROW, Task, narrow_lanes, wide};

/// Most vectors of a row of a patch in one block, unless the kernel is wider than this: 12 vectors of f32 sums and what
/// they are made of fill the registers.
const ROW: usize = 12;

/// Pixels in a row: the first one's place in the image's planes and in the band, and how many.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub image: usize,
    pub band: usize,
    pub len: usize,
}

/// The layout of one block of channels of a copied band, a row after the other.
///
/// - With many channels, a row holds its pixels and a pixel its `pixel` channels; the patches of neighbouring outputs
///   overlap. There are as many blocks as it takes.
/// - With fewer channels than a vector has lanes, the patches' rows would begin anywhere in a vector, so a row holds the
///   row of each output's patch on its own. There is one block.
#[derive(Clone, Copy)]
pub(super) struct Patches {
    pub s: Conv2dShape,
    /// Lanes of the vectors that work on them, of f32: narrow ones where wide ones would be half empty.
    pub lanes: usize,
    /// Whether patches overlap.
    pub overlap: bool,
    /// Blocks of channels.
    pub blocks: usize,
    /// Elements from one kernel column to the next.
    pub pixel: usize,
    /// Elements of a patch's row, a multiple of the lanes: `kernel columns · pixel`, and a rest of any content.
    pub row: usize,
    /// Elements from one row of the band to the next, and from one output's patch to the next one's in a row.
    pub steps: [usize; 2],
    /// Where patches do not overlap: elements of a row of the band, with its pixels one by one and room for a patch's row
    /// at the last.
    pub line: usize,
    /// Rows of the band, and its columns: pixels, or outputs if their patches do not overlap.
    pub size: [usize; 2],
    /// The input's column of the first pixel.
    pub first_column: isize,
}

impl Patches {
    /// For `outputs` rows and columns of outputs, from column `first` on, which may lie outside of the convolution's.
    pub fn new(s: &Conv2dShape, outputs: [usize; 2], first: isize) -> Self {
        Self::with_lanes(if s.in_channels >= wide() { wide() } else { NARROW }, s, outputs, first)
    }

    /// The same with narrow vectors, at every level: what decides how sums are cut.
    pub fn narrow(s: &Conv2dShape, outputs: [usize; 2], first: isize) -> Self {
        Self::with_lanes(NARROW, s, outputs, first)
    }

    fn with_lanes(lanes: usize, s: &Conv2dShape, outputs: [usize; 2], first: isize) -> Self {
        let ([kh, kw], overlap) = (s.kernel, s.in_channels >= lanes);
        let (vectors, most) = (s.in_channels.div_ceil(lanes), (ROW / kw).max(1));
        // The products of all blocks, and for each block what a window costs besides: its place and its gradient.
        let cost = |v: &usize| vectors.div_ceil(*v) * (kw * v + 2);
        let vectors_of = (1..=most.min(vectors)).rev().min_by_key(cost).unwrap_or(1);
        let pixel = if overlap { vectors_of * lanes } else { s.in_channels };
        let row = (kw * pixel).next_multiple_of(lanes);
        let columns = if overlap { (outputs[1] - 1) * s.stride[1] + kw } else { outputs[1] };
        let per_column = if overlap { pixel } else { row };
        Self {
            s: *s,
            lanes,
            overlap,
            blocks: if overlap { vectors.div_ceil(vectors_of) } else { 1 },
            pixel,
            row,
            steps: [columns * per_column, if overlap { s.stride[1] * pixel } else { row }],
            line: if overlap { 0 } else { (columns - 1) * s.stride[1] * pixel + row },
            size: [(outputs[0] - 1) * s.stride[0] + kh, columns],
            first_column: first * s.stride[1] as isize - s.padding[1][0] as isize,
        }
    }

    /// Runs a task that works on the patches.
    pub fn run<T: Float>(&self, task: impl Task<T>) {
        if self.lanes == NARROW { lanes::run_narrow(task) } else { lanes::run(task) }
    }

    /// Lanes of the vectors that work on them.
    pub fn lanes_of<T: Float>(&self) -> usize {
        self.lanes / NARROW * narrow_lanes::<T>()
    }

    /// Elements of one block of a band.
    pub fn len(&self) -> usize {
        self.size[0] * self.steps[0]
    }

    /// Channels of a block: the first, and how many.
    pub fn channels(&self, block: usize) -> (usize, usize) {
        if !self.overlap {
            return (0, self.s.in_channels);
        }
        let first = block * self.pixel;
        (first, self.pixel.min(self.s.in_channels - first))
    }

    /// Of a band that starts in `first_row` of the image: the runs of its pixels that lie in the image, each within a
    /// row, or of all rows where one follows the other without a gap. For patches that overlap.
    #[inline(always)]
    pub fn runs(&self, first_row: isize) -> impl Iterator<Item = Run> {
        let ([h, w], [rows, columns]) = (self.s.in_size, self.size);
        let [top, left] = [first_row, self.first_column].map(|first| (-first).max(0) as usize);
        let [row, column] = [first_row, self.first_column].map(|first| first.max(0) as usize);
        let rows = rows.saturating_sub(top).min(h.saturating_sub(row));
        let inside = columns.saturating_sub(left).min(w.saturating_sub(column));
        let (count, len) = if inside == w && w == columns { (1, rows * w) } else { (rows, inside) };
        let run = move |r| Run {
            image: (row + r) * w + column,
            band: ((top + r) * columns + left) * self.pixel,
            len,
        };
        (0..if len > 0 { count } else { 0 }).map(run)
    }

    /// Elements of the lines that [`super::copy::Fill`] puts together.
    pub fn lines(&self) -> usize {
        self.size[0] * self.line
    }
}
