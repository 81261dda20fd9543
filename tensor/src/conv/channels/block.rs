//! The outputs of a block, for some vectors of channels.
//!
//! The taps go by in parts, so that the weights of a part stay in the first-level cache while all outputs take them.

use std::ops::Range;

use super::forward::ByChannel;
use super::sums::{Pixels, Row, add_products, first, with_tile};
use super::{ANYWHERE, anywhere, in_row};
use crate::Float;
use crate::lanes::{Lanes, Task, groups, unrolled};

/// Taps in a part, with large tiles: 16 KiB of weights. Small ones would load and store their sums too often.
const PART: usize = 128;

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

impl<T: Float> ByChannel<'_, T> {
    /// Computes some outputs, whose values go to the first of two rooms for them.
    ///
    /// # Safety
    /// For this and the other functions: `run` has checked what the pointers reach.
    #[inline(always)]
    pub(super) unsafe fn block<V: Lanes<T = T>>(
        &self,
        vectors: usize,
        mut panel: *const T,
        outputs: Range<usize>,
        [values, partial]: [*mut T; 2],
    ) {
        let most = if in_row::<V>(1) > 0 { PART } else { usize::MAX };
        for (number, pass) in self.taps.passes().enumerate() {
            let mut begins = true;
            let mut rest = pass;
            while !rest.is_empty() {
                let (offsets, after) = rest.split_at(rest.len().min(most));
                let sums = if number == 0 { values } else { partial };
                let part =
                    Part { offsets, panel, begins, adds: number > 0 && after.is_empty(), sums, values };
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
        let pixel = |output: usize| band.wrapping_add(self.outputs[output] as usize);
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
