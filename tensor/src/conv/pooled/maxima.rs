//! The inner loops of the forward pass with 2×2 windows side by side: the lanes are output channels, a register tile
//! holds the outputs of a window, and only their maxima leave the registers.

use crate::Float;
use crate::conv::channels::{Taps, sums, tiles};
use crate::lanes::{Lanes, Task, copy_transposed, load_square, unrolled, wide};
use crate::pool::Masks;

/// Outputs of a window.
const WINDOW: usize = 4;

/// `value[q, o] = max over window q of Σ band[c, i · stride + u, j · phases + v] · weight[o, c, u, v]`, with the bits of
/// [`Correlate`](crate::conv::correlate::Correlate): the sums have the same order.
pub(super) struct Maxima<'a, T> {
    pub taps: Taps<'a>,
    pub panels: &'a [T],
    pub channels: usize,
    pub band: &'a [T],
    /// From one row and from one column of outputs to the next, in the band.
    pub steps: [usize; 2],
    /// Rows and columns of windows.
    pub windows: [usize; 2],
    /// The maxima and their places: window after window, in each the channels, padded to a multiple of [`wide`].
    pub values: &'a mut [T],
    pub places: &'a mut [T],
}

impl<T: Float> Task<T> for Maxima<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let (taps, [rows, columns], [row_step, step]) = (self.taps, self.windows, self.steps);
        let (count, channels) = (rows * columns, self.channels.next_multiple_of(wide()));
        if count == 0 {
            return;
        }
        // What the pointers below reach.
        assert!(taps.reach + (2 * rows - 1) * row_step + (2 * columns - 1) * step < self.band.len());
        assert!(taps.len() * channels <= self.panels.len());
        assert!(count * channels <= self.values.len() && count * channels <= self.places.len());

        let (values, places) = (self.values.as_mut_ptr(), self.places.as_mut_ptr());
        for (first, vectors) in tiles(channels / V::N) {
            // SAFETY: the assertions above bound what the pointers reach.
            unsafe {
                let panel = self.panels.as_ptr().add(first * V::N * taps.len());
                let mut at = first * V::N;
                for i in 0..rows {
                    let row = self.band.as_ptr().add(2 * i * row_step);
                    for j in 0..columns {
                        let x = row.add(2 * j * step);
                        let x = [x, x.add(step), x.add(row_step), x.add(row_step + step)];
                        let (values, places) = (values.add(at), places.add(at));
                        match vectors {
                            1 => tile::<V, 1>(taps, panel, x, values, places),
                            2 => tile::<V, 2>(taps, panel, x, values, places),
                            3 => tile::<V, 3>(taps, panel, x, values, places),
                            _ => tile::<V, 4>(taps, panel, x, values, places),
                        }
                        at += channels;
                    }
                }
            }
        }
    }
}

/// The maxima of one window and their places, for `S` vectors of channels.
#[inline(always)]
unsafe fn tile<V: Lanes, const S: usize>(
    taps: Taps,
    panel: *const V::T,
    x: [*const V::T; WINDOW],
    values: *mut V::T,
    places: *mut V::T,
) {
    if S > 3 && V::ROWS <= 6 {
        return; // there are not the registers, and nobody calls it
    }
    // SAFETY: the caller promises that all of these are in reach.
    unsafe {
        let total = sums::<V, WINDOW, S>(taps, panel, x);
        unrolled!(s < S => {
            let (up, down) = ([total[0][s], total[1][s]], [total[2][s], total[3][s]]);
            let masks = Masks::of(up, down);
            masks.choose(up, down).store(values.add(s * V::N));
            masks.places().store(places.add(s * V::N));
        });
    }
}

/// Maxima and places from windows of channels to channels of windows.
pub(super) struct Planes<'a, T> {
    pub channels: usize,
    pub windows: usize,
    /// As [`Maxima`] has them.
    pub values: &'a [T],
    pub value_places: &'a [T],
    /// From the first window on.
    pub y: &'a mut [T],
    pub places: &'a mut [u8],
    /// From one channel to the next.
    pub step: usize,
}

impl<T: Float> Task<T> for Planes<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let (pitch, count) = (self.channels.next_multiple_of(wide()), self.windows);
        if count == 0 {
            return;
        }
        // What the pointers below reach.
        assert!(count * pitch <= self.values.len() && count * pitch <= self.value_places.len());
        let far = (self.channels - 1) * self.step + count;
        assert!(far <= self.y.len() && far <= self.places.len());
        for first in (0..self.channels).step_by(V::N) {
            let whole = if first + V::N <= self.channels && count >= V::N { count } else { 0 };
            for q in (0..whole).step_by(V::N) {
                // The last vectors overlap the ones before.
                let q = q.min(whole - V::N);
                // SAFETY: the assertions above bound what the pointers reach.
                unsafe {
                    let (from, to) = (q * pitch + first, first * self.step + q);
                    let (values, y) = (self.values.as_ptr().add(from), self.y.as_mut_ptr().add(to));
                    copy_transposed::<V>(values, pitch, y, self.step);
                    let places = V::transpose(load_square::<V>(self.value_places.as_ptr().add(from), pitch));
                    let to = self.places.as_mut_ptr().add(to);
                    unrolled!(k < V::N => places[k].store_bytes(to.add(k * self.step)));
                }
            }
            for o in if whole > 0 { 0..0 } else { first..self.channels.min(first + V::N) } {
                for q in 0..count {
                    self.y[o * self.step + q] = self.values[q * pitch + o];
                    self.places[o * self.step + q] = self.value_places[q * pitch + o].to_f64() as u8;
                }
            }
        }
    }
}
