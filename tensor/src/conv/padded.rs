//! A band of rows of one image, copied with its padding into scratch.

use std::ops::Range;

use crate::Float;
use crate::lanes::MOST_LANES;

/// The layout of a copied band. Element (c, r, b, q), at `((c · rows + r) · phases + b) · pitch + q`, is the image's
/// pixel in row `first_row + r` and column `first_column + q · phases + b`, or zero outside of the image. With as many
/// phases as the kernel's horizontal stride, neighbouring outputs read neighbouring elements whatever the stride, so
/// that one vector load serves one vector of outputs.
#[derive(Clone, Copy)]
pub(super) struct Padded {
    pub channels: usize,
    pub size: [usize; 2],
    pub rows: usize,
    pub phases: usize,
    pub pitch: usize,
    pub first_column: isize,
}

impl Padded {
    /// From one row to the next.
    #[inline(always)]
    pub fn row_step(&self) -> usize {
        self.phases * self.pitch
    }

    /// From one channel to the next.
    #[inline(always)]
    pub fn channel_step(&self) -> usize {
        self.rows * self.row_step()
    }

    /// Elements of scratch, with slack for a vector that starts at any of them.
    pub fn len(&self) -> usize {
        self.channels * self.channel_step() + MOST_LANES
    }

    /// Copies the band that starts in `first_row` of the image `[channels, size]`.
    #[inline(always)]
    pub fn fill<T: Float>(&self, image: &[T], first_row: isize, out: &mut [T]) {
        let [h, w] = self.size;
        let (data, slack) = out[..self.len()].split_at_mut(self.channels * self.channel_step());
        slack.fill(T::ZERO); // it meets zero weights, and NaN · 0 would not vanish
        let step = self.row_step();
        for (index, out) in data.chunks_exact_mut(step).enumerate() {
            let (c, r) = (index / self.rows, first_row + (index % self.rows) as isize);
            if r < 0 || r >= h as isize {
                out.fill(T::ZERO);
                continue;
            }
            let row = &image[(c * h + r as usize) * w..][..w];
            for (b, out) in out.chunks_exact_mut(self.pitch).enumerate() {
                let (inside, first) = self.inside(b, w);
                out[..inside.start].fill(T::ZERO);
                out[inside.end..].fill(T::ZERO);
                if inside.is_empty() {
                    continue;
                }
                let (row, out) = (&row[first..], &mut out[inside]);
                if self.phases == 1 {
                    out.copy_from_slice(&row[..out.len()]);
                } else {
                    out.iter_mut().zip(row.iter().step_by(self.phases)).for_each(|(o, x)| *o = *x);
                }
            }
        }
    }

    /// Adds the band that starts in `first_row` to the image; what lies outside of the image is dropped.
    #[inline(always)]
    pub fn add_to<T: Float>(&self, band: &[T], first_row: isize, image: &mut [T]) {
        let [h, w] = self.size;
        let step = self.row_step();
        for (index, band) in band[..self.channels * self.channel_step()].chunks_exact(step).enumerate() {
            let (c, r) = (index / self.rows, first_row + (index % self.rows) as isize);
            if r < 0 || r >= h as isize {
                continue;
            }
            let row = &mut image[(c * h + r as usize) * w..][..w];
            for (b, band) in band.chunks_exact(self.pitch).enumerate() {
                let (inside, first) = self.inside(b, w);
                if inside.is_empty() {
                    continue;
                }
                let (row, band) = (&mut row[first..], &band[inside]);
                if self.phases == 1 {
                    row.iter_mut().zip(band).for_each(|(x, v)| *x += *v);
                } else {
                    row.iter_mut().step_by(self.phases).zip(band).for_each(|(x, v)| *x += *v);
                }
            }
        }
    }

    /// The elements of phase `b` of a row that lie in the image, of `width` columns, and the first one's column.
    #[inline(always)]
    fn inside(&self, b: usize, width: usize) -> (Range<usize>, usize) {
        let (step, first) = (self.phases, self.first_column + b as isize);
        let until = |column: isize| ((column - first).max(0) as usize).div_ceil(step).min(self.pitch);
        let (start, end) = (until(0), until(width as isize));
        (start..end, (first + (start * step) as isize).max(0) as usize)
    }
}
