//! The inner loops of the forward pass: a correlation of a padded band with packed weights.
//!
//! It is a matrix product whose right factor, the matrix of patches, is never formed: the row of a tap is the padded
//! band itself, shifted by the tap's offset.

use super::padded::Padded;
use crate::Float;
use crate::lanes::{Lanes, NARROW, Task, groups};
use crate::tile::{Sums, TILE_ROWS, Terms, put};

/// Taps in one pass over the outputs, so that a panel of weights and its part of the band stay in the first-level cache.
const PASS_TAPS: usize = 512;

/// Most of the input's channels in a pass.
#[inline(always)]
pub(super) fn pass_channels(taps: &Terms) -> usize {
    (PASS_TAPS / (taps.rows * taps.elements).max(1)).max(1)
}

/// The passes over the input's channels, each with its first one. Their sums are added up one after the other.
#[inline(always)]
fn passes(taps: Terms) -> impl Iterator<Item = (usize, Terms)> {
    let most = pass_channels(&taps);
    let firsts = (0..taps.channels.max(1)).step_by(most);
    firsts.map(move |first| (first, Terms { channels: (taps.channels - first).min(most), ..taps }))
}

/// Packs the weights `[outputs, channels, rows, elements]`: group after group of at most [`TILE_ROWS`] output channels, in each
/// tap after tap in the order of [`Terms`], in each the group's channels.
pub(super) fn pack<T: Float>(taps: &Terms, outputs: usize, weights: &[T], panels: &mut [T]) {
    let mut panels = panels.iter_mut();
    for (first, count) in groups(outputs, TILE_ROWS) {
        each_tap(taps, |tap| {
            for o in first..first + count {
                *panels.next().expect("room for all weights") = weights[o * taps.len() + tap];
            }
        });
    }
}

/// The taps in the order of [`Terms`], as places in the weights of an output channel.
pub(super) fn each_tap(taps: &Terms, mut f: impl FnMut(usize)) {
    for row in 0..taps.channels * taps.rows {
        for b in 0..taps.phases.min(taps.elements) {
            (b..taps.elements).step_by(taps.phases).for_each(|v| f(row * taps.elements + v));
        }
    }
}

/// `out[o, i, j] = Σ band[c, i · stride + u, j · phases + v] · weight[o, c, u, v]`.
pub(super) struct Correlate<'a, T> {
    pub taps: Terms,
    pub layout: &'a Padded,
    pub panels: &'a [T],
    pub band: &'a [T],
    /// Rows of the band from one row of outputs to the next.
    pub stride: usize,
    pub out_channels: usize,
    pub out_size: [usize; 2],
    /// From one channel of outputs to the next; a row follows the other without a gap.
    pub out_step: usize,
    /// The outputs, from the first on.
    pub out: &'a mut [T],
}

impl<T: Float> Task<T> for Correlate<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let (taps, [rows, columns]) = (self.taps, self.out_size);
        if self.out_channels == 0 || rows == 0 || columns == 0 {
            return;
        }
        let (per_row, row_step) = (columns.div_ceil(V::N), self.stride * self.layout.row_step());
        // What the pointers below reach: the last vector at the last tap, and the last output.
        let reach = if taps.len() == 0 { 0 } else { taps.reach() };
        assert!(reach + (rows - 1) * row_step + per_row * V::N <= self.band.len());
        assert!(self.panels.len() >= taps.len() * self.out_channels);
        assert!((self.out_channels - 1) * self.out_step + rows * columns <= self.out.len());

        let per_channel = taps.rows * taps.elements;
        let mut sums: Sums<T> = [[[T::ZERO; NARROW]; 2]; TILE_ROWS];
        for (first_channel, pass) in passes(taps) {
            let band = self.band[first_channel * self.layout.channel_step()..].as_ptr();
            for (first, count) in groups(self.out_channels, TILE_ROWS) {
                let panel = &self.panels[first * taps.len() + first_channel * per_channel * count..];
                let out = self.out[first * self.out_step..].as_mut_ptr();
                for vector in (0..rows * per_row).step_by(2) {
                    let pixels = (rows * per_row - vector).min(2);
                    let place = [vector, vector + pixels - 1].map(|p| [p / per_row, p % per_row * V::N]);
                    let x = place.map(|[i, j]| band.wrapping_add(i * row_step + j));
                    // SAFETY: the assertions above bound what the pointers reach; lanes beyond the columns are not put.
                    unsafe {
                        pass.sum::<V>([count, pixels], panel.as_ptr(), x, &mut sums);
                        for (r, sums) in sums[..count].iter().enumerate() {
                            for (values, [i, j]) in sums[..pixels].iter().zip(place) {
                                let out = out.add(r * self.out_step + i * columns + j);
                                put::<V>(values, out, (columns - j).min(V::N), first_channel > 0);
                            }
                        }
                    }
                }
            }
        }
    }
}
