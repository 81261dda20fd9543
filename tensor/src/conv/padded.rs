//! A band of rows of one image, copied with its padding into scratch.

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
                self.fill_phase(row, self.first_column + b as isize, out);
            }
        }
    }

    /// `out[q] = row[first + q · phases]`, zero outside of the row.
    #[inline(always)]
    fn fill_phase<T: Float>(&self, row: &[T], first: isize, out: &mut [T]) {
        let step = self.phases;
        // The q from which on the column is not negative, and the q from which on it is beyond the row.
        let inside = |column: isize| ((column - first).max(0) as usize).div_ceil(step).min(out.len());
        let (start, end) = (inside(0), inside(row.len() as isize));
        out[..start].fill(T::ZERO);
        out[end..].fill(T::ZERO);
        if start == end {
            return;
        }
        let row = &row[(first + (start * step) as isize) as usize..];
        if step == 1 {
            out[start..end].copy_from_slice(&row[..end - start]);
        } else {
            out[start..end].iter_mut().zip(row.iter().step_by(step)).for_each(|(o, x)| *o = *x);
        }
    }
}
