//! How the adjoints cut their work: bands of windows, chunks of images. All of it depends on the shapes only.

use super::patches::Patches;
use crate::Pool2dShape;
use crate::conv::Conv2dShape;
use crate::conv::limits::most_that_fits;
use crate::lanes::groups;

/// Elements of the patches that a kernel works on at a time: they stay in the first-level cache.
const BAND: usize = 6 << 10;
/// Most chunks of images; each has scratch of its own.
const CHUNKS: usize = 32;
/// Elements of all chunks' partial sums of the weights' adjoint, unless the weights are large.
const PARTIALS: usize = 2 << 20;

/// The cut of an adjoint.
pub(super) struct PooledPlan {
    pub c: Conv2dShape,
    pub p: Pool2dShape,
    /// Of a band.
    pub patches: Patches,
    /// Height and width of the pooled output.
    pub windows: [usize; 2],
    /// Rows of windows in a band.
    pub band: usize,
    /// How many chunks, and the images in each but the last.
    pub chunks: usize,
    pub chunk: usize,
    /// Most images whose bands the weights' adjoint copies at a time.
    pub block: usize,
}

impl PooledPlan {
    /// Of the adjoint with respect to the input.
    pub fn input(c: &Conv2dShape, p: &Pool2dShape) -> Self {
        Self::new(c, p, CHUNKS)
    }

    /// Of the adjoint with respect to the weights. Its chunks have partial sums of their own.
    pub fn weights(c: &Conv2dShape, p: &Pool2dShape) -> Self {
        let mut plan = Self::new(c, p, 1);
        let narrow = plan.narrow();
        plan.cut((PARTIALS / packed_len(&narrow).max(1)).clamp(4, 16));
        plan.block = (BAND / narrow.len().max(1)).clamp(1, plan.chunk);
        plan
    }

    fn new(c: &Conv2dShape, p: &Pool2dShape, chunks: usize) -> Self {
        let [oh, ow] = p.out_size();
        let (outputs, column) = (|band| outputs(p, band, ow), -(p.padding[1][0] as isize));
        let patches = |band| Patches::new(c, outputs(band), column);
        // The fewest bands that are small enough, as even as they can be, and the same at every level.
        let narrow = |band: usize| Patches::narrow(c, outputs(band), column).len() <= BAND;
        let most = most_that_fits(oh, narrow);
        let band = oh.div_ceil(oh.div_ceil(most));
        let (c, p) = (*c, *p);
        let mut plan =
            Self { c, p, patches: patches(band), windows: [oh, ow], band, chunks: 0, chunk: 1, block: 1 };
        plan.cut(chunks);
        plan
    }

    /// The patches as narrow vectors would have them.
    pub fn narrow(&self) -> Patches {
        Patches::narrow(
            &self.c,
            outputs(&self.p, self.band, self.windows[1]),
            -(self.p.padding[1][0] as isize),
        )
    }

    /// At most `most` chunks, none empty.
    fn cut(&mut self, most: usize) {
        self.chunk = self.c.batch.div_ceil(most).max(1);
        self.chunks = self.c.batch.div_ceil(self.chunk);
    }

    /// Elements of the packed weights.
    pub fn packed_len(&self) -> usize {
        packed_len(&self.patches)
    }

    /// Windows of one channel in a band.
    pub fn band_windows(&self) -> usize {
        self.band * self.windows[1]
    }

    /// Elements in the window.
    pub fn area(&self) -> usize {
        self.p.window[0] * self.p.window[1]
    }

    /// The first rows of windows of an image's bands, and how many rows each has.
    pub fn bands(&self) -> impl Iterator<Item = (usize, usize)> {
        let (rows, band) = (self.windows[0], self.band);
        (0..rows).step_by(band).map(move |first| (first, band.min(rows - first)))
    }

    /// The input's row that the band from row `first` of windows on starts with.
    pub fn input_row(&self, first: usize) -> isize {
        let output = (first * self.p.stride[0]) as isize - self.p.padding[0][0] as isize;
        output * self.c.stride[0] as isize - self.c.padding[0][0] as isize
    }

    /// The offsets in a band of the patches of the windows' first elements.
    pub fn corners(&self, corners: &mut [u32]) {
        let corners = corners[..self.band_windows()].iter_mut().enumerate();
        corners.for_each(|(q, corner)| *corner = self.corner(q));
    }

    /// The offsets in a band of the patches of all windows' elements.
    pub fn offsets(&self, offsets: &mut [u32]) {
        let ([row, column], area) = (self.place_steps(), self.area());
        for (q, offsets) in offsets.chunks_exact_mut(area).take(self.band_windows()).enumerate() {
            for (place, offset) in offsets.iter_mut().enumerate() {
                let [u, v] = [place / self.p.window[1], place % self.p.window[1]];
                *offset = self.corner(q) + (u * row + v * column) as u32;
            }
        }
    }

    fn corner(&self, q: usize) -> u32 {
        let ([i, j], [row, column]) = ([q / self.windows[1], q % self.windows[1]], self.place_steps());
        (i * self.p.stride[0] * row + j * self.p.stride[1] * column) as u32
    }

    /// From the patch of an output to the next one's, down and right.
    pub fn place_steps(&self) -> [usize; 2] {
        [self.c.stride[0] * self.patches.steps[0], self.patches.steps[1]]
    }

    /// The images of a chunk of the weights' adjoint that are copied together: (first, count).
    pub fn image_blocks(&self, chunk: usize) -> impl Iterator<Item = (usize, usize)> {
        let start = chunk * self.chunk;
        groups(self.chunk.min(self.c.batch - start), self.block)
            .map(move |(first, count)| (start + first, count))
    }

    /// Panics if offsets in a band do not fit in 32 bits.
    pub fn check(&self) {
        let len = self.patches.len();
        assert!(u32::try_from(len).is_ok(), "a row of windows of the convolution has {len} elements");
    }
}

fn packed_len(patches: &Patches) -> usize {
    patches.blocks * patches.s.out_channels * patches.s.kernel[0] * patches.row
}

/// The outputs of some rows and columns of windows.
fn outputs(p: &Pool2dShape, rows: usize, columns: usize) -> [usize; 2] {
    [(0, rows), (1, columns)].map(|(d, windows)| (windows - 1) * p.stride[d] + p.window[d])
}
