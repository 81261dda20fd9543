//! The adjoint with respect to the taps of one channel, of a band of a plane.

use super::Padded;
use crate::Float;
use crate::lanes::{Lanes, Task, groups, narrow_lanes, unrolled};

/// Narrow vectors of partial sums that a tap has, whatever the width of the vectors that compute them.
const VECTORS: usize = 2;
/// Most vectors of sums at a time: they stay in registers.
const LARGEST: usize = 10;
/// Most taps at a time, as one wide vector each.
const TAPS: usize = 9;

/// `sums[u, v] += Σ band[i·stride + u, j·stride + v] · dy[i, j]`: for each tap a sum in each of so many lanes, of the columns that
/// leave the lane as their remainder, row after row; then the lanes, halves onto each other.
pub(super) struct Gradient<'a, T> {
    pub layout: &'a Padded,
    pub band: &'a [T],
    pub kernel: [usize; 2],
    /// Rows from one output to the next; to the right there are as many as the layout has phases.
    pub stride: usize,
    pub columns: usize,
    /// The gradients, in whole rows.
    pub dy: &'a [T],
    pub sums: &'a mut [T],
}

impl<T: Float> Task<T> for Gradient<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        if self.dy.is_empty() {
            return;
        }
        // What the pointers below reach.
        let rows = self.dy.len() / self.columns;
        let [height, width] = self.kernel;
        assert!(self.sums.len() == height * width && self.dy.len().is_multiple_of(self.columns));
        assert!((rows - 1) * self.stride + height <= self.layout.rows);
        assert!(self.columns + (width - 1) / self.layout.phases <= self.layout.pitch);
        assert!(self.layout.len() <= self.band.len());
        // SAFETY: the assertions above.
        unsafe {
            if V::N == narrow_lanes::<T>() {
                self.all::<V, VECTORS>();
            } else {
                self.all::<V, 1>();
            }
        }
    }
}

impl<T: Float> Gradient<'_, T> {
    /// All taps, some at a time, with P vectors of sums each.
    ///
    /// # Safety
    /// For this and the other functions: `run` has checked what the pointers reach.
    #[inline(always)]
    unsafe fn all<V: Lanes<T = T>, const P: usize>(self) {
        assert_eq!(P * V::N, VECTORS * narrow_lanes::<T>());
        let ([_, width], Padded { phases, pitch, .. }) = (self.kernel, *self.layout);
        let row_step = self.layout.row_step();
        for (first, count) in groups(self.sums.len(), TAPS.min(LARGEST / P)) {
            let mut offsets = [0; TAPS];
            for (tap, offset) in (first..first + count).zip(&mut offsets) {
                let (u, v) = (tap / width, tap % width);
                *offset = u * row_step + v % phases * pitch + v / phases;
            }
            let rows = Rows {
                x: self.band.as_ptr(),
                down: self.stride * row_step,
                dy: self.dy,
                columns: self.columns,
            };
            let sums = &mut self.sums[first..][..count];
            // SAFETY: handed on.
            unsafe {
                match count {
                    1 => rows.tile::<V, P, 1>(&offsets, sums),
                    2 => rows.tile::<V, P, 2>(&offsets, sums),
                    3 => rows.tile::<V, P, 3>(&offsets, sums),
                    4 => rows.tile::<V, P, 4>(&offsets, sums),
                    5 => rows.tile::<V, P, 5>(&offsets, sums),
                    // Once more, for what is not called shall not be compiled.
                    6 if 6 * P <= LARGEST => rows.tile::<V, P, 6>(&offsets, sums),
                    7 if 7 * P <= LARGEST => rows.tile::<V, P, 7>(&offsets, sums),
                    8 if 8 * P <= LARGEST => rows.tile::<V, P, 8>(&offsets, sums),
                    9 if 9 * P <= LARGEST => rows.tile::<V, P, 9>(&offsets, sums),
                    count => unreachable!("a tile of {count} taps"),
                }
            }
        }
    }
}

/// What a tile of taps reads.
struct Rows<'a, T> {
    x: *const T,
    /// From the pixels of a row of gradients to the next one's.
    down: usize,
    dy: &'a [T],
    columns: usize,
}

impl<T: Float> Rows<'_, T> {
    /// M taps, whose pixels begin at these offsets.
    ///
    /// # Safety
    /// As for [`Gradient::all`].
    #[inline(always)]
    unsafe fn tile<V: Lanes<T = T>, const P: usize, const M: usize>(
        self,
        offsets: &[usize; TAPS],
        to: &mut [T],
    ) {
        // SAFETY: handed on.
        unsafe {
            let mut sums = [[V::splat(T::ZERO); P]; M];
            let mut x = self.x;
            for dy in self.dy.chunks_exact(self.columns) {
                let (mut j, dy) = (0, dy.as_ptr());
                while j + P * V::N <= self.columns {
                    unrolled!(@ p < P => add_products::<V, P, M, false>(
                        &mut sums, p, offsets, x.add(j + p * V::N), dy.add(j + p * V::N), V::N
                    ), 0 1);
                    j += P * V::N;
                }
                unrolled!(@ p < P => {
                    let at = j + p * V::N;
                    if at + V::N <= self.columns {
                        add_products::<V, P, M, false>(&mut sums, p, offsets, x.add(at), dy.add(at), V::N);
                    } else if at < self.columns {
                        let left = self.columns - at;
                        add_products::<V, P, M, true>(&mut sums, p, offsets, x.add(at), dy.add(at), left);
                    }
                }, 0 1);
                x = x.wrapping_add(self.down);
            }
            unrolled!(m < M => {
                let mut lanes = sums[m][0];
                unrolled!(@ p < P => if p > 0 { lanes = lanes.add(sums[m][p]) }, 0 1);
                to[m] += lanes.sum();
            });
        }
    }
}

/// Adds the products of a vector of gradients with the pixels of M taps to the vectors p, or those of the first ones `left`: pixels
/// that have no gradient may be infinite.
///
/// # Safety
/// As for [`Gradient::all`].
#[inline(always)]
unsafe fn add_products<V: Lanes, const P: usize, const M: usize, const FIRST: bool>(
    sums: &mut [[V; P]; M],
    p: usize,
    offsets: &[usize; TAPS],
    x: *const V::T,
    dy: *const V::T,
    left: usize,
) {
    // SAFETY: handed on.
    unsafe {
        let gradient = if FIRST { V::load_first(dy, left) } else { V::load(dy) };
        unrolled!(@ m < M => {
            let x = x.add(offsets[m]);
            let x = if FIRST { V::load_first(x, left) } else { V::load(x) };
            sums[m][p] = sums[m][p].add_product(gradient, x);
        }, 0 1 2 3 4 5 6 7 8);
    }
}
