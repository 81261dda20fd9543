//! The inner loops of the adjoint with respect to the input, the transpose of [`super::correlate`]: each tap's product
//! of weights and gradients is added to the padded band at the tap's offset.
//!
//! A register tile is summed over all output channels before it is added to the band. Its rows are pairs of an input
//! channel and a row of the kernel for one column of the kernel: what one row of a tile writes, the next reads again
//! only in whole vectors, which the processor forwards from its store queue.

use super::padded::Padded;
use crate::Float;
use crate::lanes::{Lanes, NARROW, Task, groups};
use crate::tile::{Sums, TILE_ROWS, Terms, put};

/// Packs weights: group after group of at most [`TILE_ROWS`] pairs (c, u), in each column after column of the kernel, in each
/// output channel after output channel, in each the group's pairs. `weights` is `[out_channels, pairs, columns]`.
pub(super) fn pack<T: Float>(
    out_channels: usize,
    pairs: usize,
    columns: usize,
    weights: &[T],
    panels: &mut [T],
) {
    let mut panels = panels.iter_mut();
    for (first, count) in groups(pairs, TILE_ROWS) {
        for v in 0..columns {
            for o in 0..out_channels {
                for pair in first..first + count {
                    *panels.next().expect("room for all weights") = weights[(o * pairs + pair) * columns + v];
                }
            }
        }
    }
}

/// `band[c, i · stride + u, j · phases + v] += Σ weight[o, c, u, v] · dy[o, i, j]`, for all taps.
pub(super) struct Spread<'a, T> {
    pub layout: &'a Padded,
    pub kernel: [usize; 2],
    pub panels: &'a [T],
    /// The gradients, from the first on.
    pub dy: &'a [T],
    pub out_channels: usize,
    /// The columns padded with zeros to whole vectors.
    pub out_size: [usize; 2],
    /// From one channel's gradients to the next one's; a row follows the other without a gap.
    pub dy_step: usize,
    /// Rows of the band from one row of outputs to the next.
    pub stride: usize,
    pub band: &'a mut [T],
}

impl<T: Float> Task<T> for Spread<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let (layout, [rows, columns], [kh, kw]) = (self.layout, self.out_size, self.kernel);
        let pairs = layout.channels * kh;
        if self.out_channels == 0 || pairs == 0 || rows == 0 || columns == 0 {
            return;
        }
        let row_step = self.stride * layout.row_step();
        let offset = |pair: usize| pair / kh * layout.channel_step() + pair % kh * layout.row_step();
        let shift = |v: usize| v % layout.phases * layout.pitch + v / layout.phases;
        // What the pointers below reach.
        assert!(columns.is_multiple_of(V::N) && self.panels.len() >= pairs * kw * self.out_channels);
        assert!((self.out_channels - 1) * self.dy_step + rows * columns <= self.dy.len());
        let farthest = (kw - 1).min(layout.phases - 1) * layout.pitch + (kw - 1) / layout.phases;
        assert!(offset(pairs - 1) + farthest + (rows - 1) * row_step + columns <= self.band.len());

        let (dy, band) = (self.dy.as_ptr(), self.band.as_mut_ptr());
        let steps = [0, 0, 0, self.dy_step];
        let terms = Terms { channels: 1, rows: 1, elements: self.out_channels, phases: 1, steps };
        let (per_row, vectors) = (columns / V::N, rows * columns / V::N);
        let mut sums: Sums<T> = [[[T::ZERO; NARROW]; 2]; TILE_ROWS];
        for (first, count) in groups(pairs, TILE_ROWS) {
            let mut offsets = [0; TILE_ROWS];
            (0..count).for_each(|r| offsets[r] = offset(first + r));
            for v in 0..kw {
                let panel = &self.panels[(first * kw + v * count) * self.out_channels..];
                for vector in (0..vectors).step_by(2) {
                    let pixels = (vectors - vector).min(2);
                    let both = [vector, vector + pixels - 1];
                    let place = both.map(|p| shift(v) + p / per_row * row_step + p % per_row * V::N);
                    // SAFETY: the assertions above bound what the pointers reach.
                    unsafe {
                        let x = both.map(|p| dy.add(p * V::N));
                        terms.sum::<V>([count, pixels], panel.as_ptr(), x, &mut sums);
                        for (sums, offset) in sums[..count].iter().zip(offsets) {
                            for (values, place) in sums[..pixels].iter().zip(place) {
                                put::<V>(values, band.add(offset + place), V::N, true);
                            }
                        }
                    }
                }
            }
        }
    }
}
