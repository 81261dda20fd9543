//! Outputs for some vectors of channels.
//!
//! The taps go by in parts, so that the weights of a part stay in the first-level cache while all outputs take them.

use std::ops::Range;

use super::sums::{Pixels, Row, add_products, first, with_tile};
use super::{ANYWHERE, Taps, anywhere, in_row};
use crate::Float;
use crate::lanes::{Lanes, Task, groups, unrolled};

/// Taps in a part, with large tiles: 16 KiB of weights. Small ones would load and store their sums too often.
const PART: usize = 128;

/// What outputs are sums of: `Σ band[offset of output q + offset of tap t] · panel[t, channel]`.
#[derive(Clone, Copy)]
pub(in crate::conv) struct Outputs<'a, T> {
    pub taps: Taps<'a>,
    pub band: &'a [T],
    /// The offsets of the outputs in the band,
    pub offsets: &'a [u32],
    /// which lie in rows of so many, this far from each other.
    pub columns: usize,
    pub column_step: usize,
}

/// Some taps of a pass.
#[derive(Clone, Copy)]
struct Part<'a, T> {
    offsets: &'a [u32],
    /// Their weights.
    panel: *const T,
    /// Whether the pass begins with it,
    begins: bool,
    /// and whether it ends with it, and is to be added to the passes before.
    adds: bool,
    /// The sums of the pass so far, output after output, and those of the passes before.
    sums: *mut T,
    values: *mut T,
}

impl<T: Float> Outputs<'_, T> {
    /// Whether a tile's outputs lie in a row. (Every other pixel in f32 only: it takes a compiler long.)
    #[inline(always)]
    pub(super) fn by_rows<V: Lanes<T = T>>(&self) -> bool {
        let most_step = if size_of::<T>() == size_of::<f32>() { 2 } else { 1 };
        in_row::<V>(1) > 0 && self.columns > 4 && (1..=most_step).contains(&self.column_step)
    }

    /// Panics unless all of it is in the band.
    #[inline(always)]
    pub fn check(&self) {
        let far = self.offsets.iter().max().map_or(0, |&far| far as usize);
        assert!(self.taps.len() == 0 || self.offsets.is_empty() || far + self.taps.reach < self.band.len());
    }

    /// Computes some outputs, whose values go to the first of two rooms for them.
    ///
    /// # Safety
    /// For this and the other functions: the processor has the instructions of V, [`check`](Self::check) did not panic, the panel
    /// has the vectors of all taps, and each room those of the outputs.
    #[inline(always)]
    pub unsafe fn block<V: Lanes<T = T>>(
        &self,
        vectors: usize,
        panel: *const T,
        outputs: Range<usize>,
        [values, partial]: [*mut T; 2],
    ) {
        // SAFETY: handed on.
        unsafe { self.passes::<V>(vectors, panel, outputs, [values, partial], false) }
    }

    /// Adds some outputs to what is there; there are at most as many taps as a part has.
    ///
    /// # Safety
    /// As for [`block`](Self::block).
    #[inline(always)]
    pub unsafe fn add_block<V: Lanes<T = T>>(
        &self,
        vectors: usize,
        panel: *const T,
        outputs: Range<usize>,
        values: *mut T,
    ) {
        assert!(self.taps.len() <= PART);
        // SAFETY: handed on; no part sum is stored.
        unsafe { self.passes::<V>(vectors, panel, outputs, [values, values], true) }
    }

    #[inline(always)]
    unsafe fn passes<V: Lanes<T = T>>(
        &self,
        vectors: usize,
        mut panel: *const T,
        outputs: Range<usize>,
        [values, partial]: [*mut T; 2],
        add: bool,
    ) {
        let most = if in_row::<V>(1) > 0 { PART } else { usize::MAX };
        for (number, pass) in self.taps.passes().enumerate() {
            let mut begins = true;
            let mut rest = pass;
            while !rest.is_empty() {
                let (offsets, after) = rest.split_at(rest.len().min(most));
                let adds = add || number > 0;
                let sums = if adds { partial } else { values };
                let part = Part { offsets, panel, begins, adds: adds && after.is_empty(), sums, values };
                // SAFETY: handed on.
                unsafe { self.part::<V>(vectors, part, outputs.clone()) };
                panel = panel.wrapping_add(offsets.len() * vectors * V::N);
                (begins, rest) = (false, after);
            }
        }
    }

    #[inline(always)]
    unsafe fn part<V: Lanes<T = T>>(&self, vectors: usize, mut part: Part<T>, outputs: Range<usize>) {
        let band = self.band.as_ptr();
        let pixel = |output: usize| band.wrapping_add(self.offsets[output] as usize);
        // SAFETY: handed on.
        unsafe {
            if !self.by_rows::<V>() {
                for (at, size) in groups(outputs.len(), anywhere::<V>(vectors)) {
                    let mut x = [band; ANYWHERE];
                    (0..size).for_each(|k| x[k] = pixel(outputs.start + at + k));
                    with_tile!(size, vectors, anywhere::<V>, (P, S) => {
                        V::call(Tile::<_, _, P, S> { part, x: first::<T, P>(&x) });
                    });
                    part = part.after(size * vectors * V::N);
                }
                return;
            }
            let mut start = outputs.start;
            while start < outputs.end {
                let row = (self.columns - start % self.columns).min(outputs.end - start);
                for (at, size) in groups(row, in_row::<V>(vectors)) {
                    let x = pixel(start + at);
                    if self.column_step == 1 {
                        with_tile!(size, vectors, in_row::<V>, (P, S) => V::call(Tile::<_, _, P, S> { part, x: Row::<T, 1>(x) }));
                    } else if size_of::<T>() == size_of::<f32>() {
                        with_tile!(size, vectors, in_row::<V>, (P, S) => V::call(Tile::<_, _, P, S> { part, x: Row::<T, 2>(x) }));
                    }
                    part = part.after(size * vectors * V::N);
                }
                start += row;
            }
        }
    }
}

impl<T> Part<'_, T> {
    /// For the outputs after so many elements.
    #[inline(always)]
    fn after(self, elements: usize) -> Self {
        let next = |p: *mut T| p.wrapping_add(elements);
        Self { sums: next(self.sums), values: next(self.values), ..self }
    }
}

/// The first `P` outputs, for `S` vectors of channels.
struct Tile<'a, T, X, const P: usize, const S: usize> {
    part: Part<'a, T>,
    x: X,
}

impl<T: Float, X: Pixels<T>, const P: usize, const S: usize> Task<T> for Tile<'_, T, X, P, S> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Self { part, x } = self;
        // SAFETY: who calls has checked what the pointers reach.
        unsafe {
            let mut sums = [[V::splat(T::ZERO); S]; P];
            if !part.begins {
                unrolled!(p < P => unrolled!(s < S => sums[p][s] = V::load(part.sums.add((p * S + s) * V::N))));
            }
            let sums = add_products(sums, part.offsets, part.panel, S * V::N, x);
            if part.adds {
                unrolled!(p < P => unrolled!(s < S => {
                    let to = part.values.add((p * S + s) * V::N);
                    V::load(to).add(sums[p][s]).store(to);
                }));
            } else {
                unrolled!(p < P => unrolled!(s < S => sums[p][s].store(part.sums.add((p * S + s) * V::N))));
            }
        }
    }
}
