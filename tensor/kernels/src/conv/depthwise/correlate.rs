//! The correlation of a band of a plane with the taps of its channel.

use super::Padded;
use crate::lanes::{Lanes, Task, unrolled};
use crate::{Element, Float};

/// Rows of outputs in a tile: what of the input they share is loaded once.
const ROWS: usize = 4;

/// `out[i, j] = Σ band[i·stride + u, j·stride + v] · taps[u, v]`, each sum in the order of u and then v, from zero.
pub(super) struct Correlate<'a, T> {
    pub layout: &'a Padded,
    pub band: &'a [T],
    pub taps: &'a [T],
    pub kernel: [usize; 2],
    /// Rows from one output to the next; to the right there are as many as the layout has phases.
    pub stride: usize,
    pub columns: usize,
    /// The outputs, in whole rows.
    pub out: &'a mut [T],
}

impl<T: Float> Task<T> for Correlate<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(mut self) {
        if self.out.is_empty() {
            return;
        }
        // What the pointers below reach: the last vector of the last row may begin with the last output's first pixel.
        let rows = self.out.len() / self.columns;
        let [height, width] = self.kernel;
        assert!(self.taps.len() == height * width && self.out.len().is_multiple_of(self.columns));
        assert!((rows - 1) * self.stride + height <= self.layout.rows);
        assert!(self.columns + (width - 1) / self.layout.phases <= self.layout.pitch);
        assert!(self.layout.len() <= self.band.len());
        // SAFETY: the assertions above.
        unsafe {
            match (self.kernel, self.stride, self.layout.phases) {
                ([3, 3], 1, 1) => self.all::<V>(rows, Fixed::<V, 3, 1>::new(&self)),
                ([3, 3], 2, 2) => self.all::<V>(rows, Fixed::<V, 3, 2>::new(&self)),
                ([5, 5], 1, 1) => self.all::<V>(rows, Fixed::<V, 5, 1>::new(&self)),
                _ => self.all::<V>(rows, Any::new(&self)),
            }
        }
    }
}

impl<T: Float> Correlate<'_, T> {
    /// All outputs, in tiles of some rows and a vector of columns. The last ones of a row or column of tiles overlap with those
    /// before: a sum is the same wherever it is in a tile.
    ///
    /// # Safety
    /// For this and the other functions: `run` has checked what the pointers reach.
    #[inline(always)]
    unsafe fn all<V: Lanes<T = T>>(&mut self, rows: usize, tile: impl Tile<V>) {
        let (down, columns) = (self.stride * self.layout.row_step(), self.columns);
        let (band, out) = (self.band.as_ptr(), self.out.as_mut_ptr());
        let tiled = if rows < ROWS { 0 } else { rows };
        // SAFETY: handed on.
        unsafe {
            for i in (0..tiled).step_by(ROWS) {
                let i = i.min(rows - ROWS);
                tile_row::<V, ROWS>(tile, band.add(i * down), out.add(i * columns), columns);
            }
            for i in tiled..rows {
                tile_row::<V, 1>(tile, band.add(i * down), out.add(i * columns), columns);
            }
        }
    }
}

/// The tiles of `R` rows of outputs, from left to right.
///
/// # Safety
/// As for [`Correlate::all`].
#[inline(always)]
unsafe fn tile_row<V: Lanes, const R: usize>(
    tile: impl Tile<V>,
    x: *const V::T,
    out: *mut V::T,
    columns: usize,
) {
    // SAFETY: handed on.
    unsafe {
        if columns < V::N {
            let sums = tile.sums::<R>(x);
            unrolled!(@ r < R => sums[r].store_first(out.add(r * columns), columns), 0 1 2 3);
            return;
        }
        for j in (0..columns).step_by(V::N) {
            let j = j.min(columns - V::N);
            let sums = tile.sums::<R>(x.add(j));
            unrolled!(@ r < R => sums[r].store(out.add(r * columns + j)), 0 1 2 3);
        }
    }
}

/// The taps, and how they are added up.
trait Tile<V: Lanes>: Copy {
    /// The sums of `R` rows of outputs, the first of which is of the pixels from x on.
    ///
    /// # Safety
    /// As for [`Correlate::all`].
    unsafe fn sums<const R: usize>(self, x: *const V::T) -> [V; R];
}

/// A kernel of K×K taps, all in registers, and a stride of S.
#[derive(Clone, Copy)]
struct Fixed<V, const K: usize, const S: usize> {
    taps: [[V; K]; K],
    row_step: usize,
    pitch: usize,
}

impl<V: Lanes, const K: usize, const S: usize> Fixed<V, K, S> {
    /// # Safety
    /// As for [`Correlate::all`].
    #[inline(always)]
    unsafe fn new(task: &Correlate<'_, V::T>) -> Self {
        // SAFETY: handed on.
        unsafe {
            let mut taps = [[V::splat(V::T::ZERO); K]; K];
            unrolled!(@ u < K => unrolled!(@ v < K => taps[u][v] = V::splat(task.taps[u * K + v]), 0 1 2 3 4), 0 1 2 3 4);
            Self { taps, row_step: task.layout.row_step(), pitch: task.layout.pitch }
        }
    }
}

impl<V: Lanes, const K: usize, const S: usize> Tile<V> for Fixed<V, K, S> {
    #[inline(always)]
    unsafe fn sums<const R: usize>(self, x: *const V::T) -> [V; R] {
        // SAFETY: handed on.
        unsafe {
            let mut sums = [V::splat(V::T::ZERO); R];
            // From one row of the input to the next, each vector once, for all outputs that it is in: tap u of row r is in row
            // t = r S + u. (Loops with no more steps than there can be: three nested ones of sixteen would be thousands.)
            unrolled!(@ t < (R - 1) * S + K => {
                let row = x.add(t * self.row_step);
                unrolled!(@ v < K => {
                    let x = V::load(row.add(v % S * self.pitch + v / S));
                    unrolled!(@ r < R => if r * S <= t && t < r * S + K {
                        sums[r] = sums[r].add_product(self.taps[t - r * S][v], x);
                    }, 0 1 2 3);
                }, 0 1 2 3 4);
            }, 0 1 2 3 4 5 6 7 8);
            sums
        }
    }
}

/// Any kernel and strides.
#[derive(Clone, Copy)]
struct Any<T> {
    taps: *const T,
    kernel: [usize; 2],
    row_step: usize,
    down: usize,
    phases: usize,
    pitch: usize,
}

impl<T: Float> Any<T> {
    #[inline(always)]
    fn new(task: &Correlate<'_, T>) -> Self {
        let (row_step, Padded { phases, pitch, .. }) = (task.layout.row_step(), *task.layout);
        let down = task.stride * row_step;
        Self { taps: task.taps.as_ptr(), kernel: task.kernel, row_step, down, phases, pitch }
    }
}

impl<V: Lanes> Tile<V> for Any<V::T> {
    #[inline(always)]
    unsafe fn sums<const R: usize>(self, x: *const V::T) -> [V; R] {
        // SAFETY: handed on.
        unsafe {
            let (mut sums, mut tap) = ([V::splat(V::T::ZERO); R], self.taps);
            for u in 0..self.kernel[0] {
                let (mut at, mut phase) = (x.add(u * self.row_step), 0);
                for _ in 0..self.kernel[1] {
                    let weight = V::splat(*tap);
                    unrolled!(@ r < R => {
                        sums[r] = sums[r].add_product(weight, V::load(at.add(r * self.down)));
                    }, 0 1 2 3);
                    tap = tap.add(1);
                    // The next tap is in the next phase, and after the last one in the next element of the first.
                    (at, phase) = (at.wrapping_add(self.pitch), phase + 1);
                    if phase == self.phases {
                        (at, phase) = (at.wrapping_sub(self.row_step).wrapping_add(1), 0);
                    }
                }
            }
            sums
        }
    }
}
