//! The inner loops of the forward pass with 2×2 windows side by side: the lanes are output channels, a register tile
//! holds the outputs of a window or of several, and only their maxima leave the registers.

use crate::Float;
use crate::conv::channels::{Pixels, Rows, Taps, sums, tiles};
use crate::lanes::{Lanes, Task, copy_transposed, groups, load_square, unrolled, wide};
use crate::pool::Masks;

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
                    // With 32 registers a tile holds several windows, side by side.
                    let most = if V::ROWS > 6 && step == 1 && vectors < 3 { 3 } else { 1 };
                    for (j, size) in groups(columns, most) {
                        let x = [row.add(2 * j * step), row.add(row_step + 2 * j * step)];
                        let to = To { values: values.add(at), places: places.add(at), step: channels };
                        match (vectors, size) {
                            (1, 3) => tile::<V, 12, 1, 3>(taps, panel, Rows::<T, 2, 6>(x), to),
                            (1, 2) => tile::<V, 8, 1, 2>(taps, panel, Rows::<T, 2, 4>(x), to),
                            (2, 3) => tile::<V, 12, 2, 3>(taps, panel, Rows::<T, 2, 6>(x), to),
                            (2, 2) => tile::<V, 8, 2, 2>(taps, panel, Rows::<T, 2, 4>(x), to),
                            _ => {
                                let x = [x[0], x[0].add(step), x[1], x[1].add(step)];
                                match vectors {
                                    1 => tile::<V, 4, 1, 1>(taps, panel, x, to),
                                    2 => tile::<V, 4, 2, 1>(taps, panel, x, to),
                                    _ => tile::<V, 4, 3, 1>(taps, panel, x, to),
                                }
                            }
                        }
                        at += size * channels;
                    }
                }
            }
        }
    }
}

/// Where the values of some windows go.
#[derive(Clone, Copy)]
struct To<T> {
    values: *mut T,
    places: *mut T,
    /// From one window to the next.
    step: usize,
}

/// The maxima of `W` windows and their places, for `S` vectors of channels: `P` outputs, an upper row and a lower one.
#[inline(always)]
unsafe fn tile<V: Lanes, const P: usize, const S: usize, const W: usize>(
    taps: Taps,
    panel: *const V::T,
    x: impl Pixels<V::T>,
    to: To<V::T>,
) {
    if W > 1 && V::ROWS <= 6 {
        return; // there are not the registers, and nobody calls it
    }
    // SAFETY: the caller promises that all of these are in reach.
    unsafe {
        let total = sums::<V, P, S>(taps, panel, x);
        unrolled!(w < W => unrolled!(s < S => {
            let (left, below) = (2 * w, 2 * W + 2 * w);
            let (up, down) = ([total[left][s], total[left + 1][s]], [total[below][s], total[below + 1][s]]);
            let masks = Masks::of(up, down);
            masks.choose(up, down).store(to.values.add(w * to.step + s * V::N));
            masks.places().store(to.places.add(w * to.step + s * V::N));
        }));
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
