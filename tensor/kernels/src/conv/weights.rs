//! The inner loops of the adjoint with respect to the weights: for each weight the product of two images, the band
//! shifted by the weight's tap and the gradient of its output channel.
//!
//! The lanes are neighbouring pixels, a register tile holds 4 output channels × 3 taps, and the lanes are added up only
//! after all bands of a block, so that their sums cost little.

use super::padded::Padded;
use crate::Float;
use crate::lanes::{Lanes, NARROW, Task, groups};

/// One block of bands: `dw[o, c, u, v] += Σ band[c, i · stride + u, j · phases + v] · dy[o, i, j]` over all bands.
pub(super) struct Gradient<'a, T> {
    pub layout: &'a Padded,
    /// Copied bands, one behind the other.
    pub bands: &'a [T],
    /// The gradient of the first band's first row and channel.
    pub dy: &'a [T],
    /// From one band's gradient to the next one's, and one channel's; rows follow each other without a gap.
    pub dy_steps: [usize; 2],
    /// How many bands.
    pub count: usize,
    /// Rows of the band from one row of outputs to the next.
    pub stride: usize,
    pub out_channels: usize,
    /// Of one band's gradient; the columns padded with zeros to whole vectors.
    pub out_size: [usize; 2],
    pub kernel: [usize; 2],
    pub dw: &'a mut [T],
}

impl<T: Float> Task<T> for Gradient<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let (layout, [kh, kw]) = (self.layout, self.kernel);
        let [rows, columns] = self.out_size;
        let taps = layout.channels * kh * kw;
        assert!(columns.is_multiple_of(V::N) && self.dw.len() >= taps * self.out_channels);
        if self.count == 0 || self.out_channels == 0 || rows == 0 || columns == 0 || taps == 0 {
            return;
        }
        // What the pointers below reach.
        let row_step = self.stride * layout.row_step();
        let far = (layout.channels - 1) * layout.channel_step()
            + (kh - 1) * layout.row_step()
            + (kw - 1).min(layout.phases - 1) * layout.pitch
            + (kw - 1) / layout.phases;
        let [dy_band, dy_channel] = self.dy_steps;
        let last = self.count - 1;
        assert!(last * layout.len() + far + (rows - 1) * row_step + columns <= self.bands.len());
        let far = (self.out_channels - 1) * dy_channel + rows * columns;
        assert!(last * dy_band + far <= self.dy.len());

        let tile = Tile { count: self.count, rows, columns, band_step: layout.len(), row_step, dy_band };
        for (o, outputs) in groups(self.out_channels, 4) {
            let dy = [0, 1, 2, 3].map(|k| self.dy.as_ptr().wrapping_add((o + k) * dy_channel));
            let mut offsets = Offsets::new(layout, self.kernel);
            for (tap, count) in groups(taps, 3) {
                let mut band = [self.bands.as_ptr(); 3];
                band[..count].iter_mut().for_each(|p| *p = p.wrapping_add(offsets.next()));
                // SAFETY: the assertions above bound all that the first `outputs` and `count` of these pointers reach.
                let sums = unsafe { tile.run::<V>(outputs, count, dy, band) };
                for (k, sums) in sums[..outputs].iter().enumerate() {
                    let dw = &mut self.dw[(o + k) * taps + tap..][..count];
                    dw.iter_mut().zip(sums).for_each(|(w, sum)| *w += *sum);
                }
            }
        }
    }
}

/// The places of the taps in the band, in the order of the weights: c, u, v. (Step by step; the divisions of a closed
/// formula would take as long as a tile's products.)
struct Offsets {
    kernel: [usize; 2],
    /// Steps from tap to tap: to the next phase, from the last phase to the next element, to the next row and channel.
    steps: [usize; 4],
    phases: usize,
    /// Row, column, and phase of the column, of the next tap.
    at: [usize; 3],
    row: usize,
    offset: usize,
    channel: usize,
}

impl Offsets {
    fn new(layout: &Padded, kernel: [usize; 2]) -> Self {
        let steps =
            [layout.pitch, (layout.phases - 1) * layout.pitch, layout.row_step(), layout.channel_step()];
        Self { kernel, steps, phases: layout.phases, at: [0; 3], row: 0, offset: 0, channel: 0 }
    }

    #[inline(always)]
    fn next(&mut self) -> usize {
        let offset = self.offset;
        let [u, v, b] = &mut self.at;
        (*v, *b) = (*v + 1, *b + 1);
        if *b == self.phases {
            *b = 0;
            self.offset = self.offset + 1 - self.steps[1];
        } else {
            self.offset += self.steps[0];
        }
        if *v == self.kernel[1] {
            (*u, *v, *b) = (*u + 1, 0, 0);
            if *u == self.kernel[0] {
                *u = 0;
                self.channel += self.steps[3];
                self.row = self.channel;
            } else {
                self.row += self.steps[2];
            }
            self.offset = self.row;
        }
        offset
    }
}

/// The loop that all tiles of a block share: sizes and steps.
struct Tile {
    count: usize,
    rows: usize,
    columns: usize,
    band_step: usize,
    row_step: usize,
    dy_band: usize,
}

impl Tile {
    #[inline(always)]
    unsafe fn run<V: Lanes>(
        &self,
        outputs: usize,
        taps: usize,
        dy: [*const V::T; 4],
        x: [*const V::T; 3],
    ) -> [[V::T; 3]; 4] {
        // SAFETY: handed on.
        unsafe {
            match (outputs, taps) {
                (4, 3) => self.sum::<V, 4, 3>(dy, x),
                (3, 3) => self.sum::<V, 3, 3>(dy, x),
                (2, 3) => self.sum::<V, 2, 3>(dy, x),
                (1, 3) => self.sum::<V, 1, 3>(dy, x),
                (4, 2) => self.sum::<V, 4, 2>(dy, x),
                (3, 2) => self.sum::<V, 3, 2>(dy, x),
                (2, 2) => self.sum::<V, 2, 2>(dy, x),
                (1, 2) => self.sum::<V, 1, 2>(dy, x),
                (4, 1) => self.sum::<V, 4, 1>(dy, x),
                (3, 1) => self.sum::<V, 3, 1>(dy, x),
                (2, 1) => self.sum::<V, 2, 1>(dy, x),
                (1, 1) => self.sum::<V, 1, 1>(dy, x),
                _ => unreachable!("a tile has 1 to 4 channels and 1 to 3 taps"),
            }
        }
    }

    #[inline(always)]
    unsafe fn sum<V: Lanes, const R: usize, const S: usize>(
        &self,
        dy: [*const V::T; 4],
        x: [*const V::T; 3],
    ) -> [[V::T; 3]; 4] {
        // SAFETY: the caller promises that all pixels of all bands are in reach of the pointers.
        unsafe {
            let zero = V::splat(V::T::default());
            let mut sums = [[zero; S]; R];
            let (per_row, gap) = (self.columns / V::N, self.row_step + V::N - self.columns);
            for n in 0..self.count {
                let (dy, x) = (
                    dy.map(|p| p.wrapping_add(n * self.dy_band)),
                    x.map(|p| p.wrapping_add(n * self.band_step)),
                );
                // One loop over all vectors: a loop for the few of a row would spend its time on addresses.
                let (mut at, mut left) = (0, per_row);
                for vector in 0..self.rows * per_row {
                    let mut pixels = [zero; S];
                    for s in 0..S {
                        pixels[s] = V::load(x[s].add(at));
                    }
                    for r in 0..R {
                        let dy = V::load(dy[r].add(vector * V::N));
                        for s in 0..S {
                            sums[r][s] = sums[r][s].add_product(dy, pixels[s]);
                        }
                    }
                    left -= 1;
                    (at, left) = if left == 0 { (at + gap, per_row) } else { (at + V::N, left) };
                }
            }
            // By way of memory: an index known only at run time would keep the sums out of the registers above.
            let mut lanes = [[[V::T::default(); NARROW]; S]; R];
            for r in 0..R {
                for s in 0..S {
                    sums[r][s].store(lanes[r][s].as_mut_ptr());
                }
            }
            let mut total = [[V::T::default(); 3]; 4];
            for r in 0..R {
                for s in 0..S {
                    total[r][s] = V::load(lanes[r][s].as_ptr()).sum();
                }
            }
            total
        }
    }
}
