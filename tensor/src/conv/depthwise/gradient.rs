//! The adjoint with respect to the taps of one channel, of a band of a plane.

use super::Padded;
use crate::Float;
use crate::lanes::{Lanes, NARROW, Task, groups, narrow_lanes, unrolled};

/// Narrow vectors of partial sums that a tap has, whatever the width of the vectors that compute them.
pub(super) const VECTORS: usize = 2;
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
        // What the pointers below reach: rows of the band are long enough for whole vectors of gradients.
        let rows = self.dy.len() / self.columns;
        let [height, width] = self.kernel;
        assert!(self.sums.len() == height * width && self.dy.len().is_multiple_of(self.columns));
        assert!((rows - 1) * self.stride + height <= self.layout.rows);
        let columns = self.columns.next_multiple_of(VECTORS * NARROW);
        assert!(columns + (width - 1) / self.layout.phases <= self.layout.pitch);
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
        debug_assert_eq!(P * V::N, VECTORS * narrow_lanes::<T>());
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
                    let mut g = [V::splat(T::ZERO); P];
                    unrolled!(@ p < P => g[p] = V::load(dy.add(j + p * V::N)), 0 1);
                    add_products(&mut sums, offsets, x.add(j), g);
                    j += P * V::N;
                }
                if j < self.columns {
                    let mut g = [V::splat(T::ZERO); P];
                    unrolled!(@ p < P => {
                        let left = (self.columns - j).saturating_sub(p * V::N);
                        let dy = dy.wrapping_add(j + p * V::N);
                        g[p] = if left < V::N { V::load_first(dy, left) } else { V::load(dy) };
                    }, 0 1);
                    add_products(&mut sums, offsets, x.add(j), g);
                }
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

/// Adds the products of a few gradients with the pixels of M taps.
///
/// # Safety
/// As for [`Gradient::all`].
#[inline(always)]
unsafe fn add_products<V: Lanes, const P: usize, const M: usize>(
    sums: &mut [[V; P]; M],
    offsets: &[usize; TAPS],
    x: *const V::T,
    g: [V; P],
) {
    // SAFETY: handed on.
    unsafe {
        unrolled!(@ m < M => {
            let x = x.add(offsets[m]);
            unrolled!(@ p < P => sums[m][p] = sums[m][p].add_product(g[p], V::load(x.add(p * V::N))), 0 1);
        }, 0 1 2 3 4 5 6 7 8);
    }
}
