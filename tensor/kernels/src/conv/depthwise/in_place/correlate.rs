//! Outputs of a whole plane.

use super::{AHEAD, Plane, VECTORS, Vectors};
use crate::lanes::{Lanes, Task, groups, unrolled};
use crate::memory::fetch;
use crate::{Element, Float};

/// What [`Correlate`](crate::conv::depthwise::Correlate) does to a whole plane.
pub(in crate::conv::depthwise) struct Correlate<'a, T> {
    pub plane: Plane<'a, T>,
    pub taps: &'a [T],
    /// The outputs, in whole rows.
    pub out: &'a mut [T],
}

impl<T: Float> Task<T> for Correlate<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let (plane, columns) = (self.plane, self.plane.columns);
        assert!(plane.is_valid() && self.taps.len() == 9 && self.out.len().is_multiple_of(columns));
        let (rows, out) = (self.out.len() / columns, self.out.as_mut_ptr());
        for (first, count) in groups(columns.div_ceil(V::N), VECTORS) {
            let vectors = Vectors::new(&plane, V::N, first, count);
            // SAFETY: the assertions above.
            unsafe {
                match count {
                    1 => correlate::<V, 1>(plane, vectors, self.taps, rows, out),
                    2 => correlate::<V, 2>(plane, vectors, self.taps, rows, out),
                    3 => correlate::<V, 3>(plane, vectors, self.taps, rows, out),
                    4 => correlate::<V, 4>(plane, vectors, self.taps, rows, out),
                    count => unreachable!("{count} vectors"),
                }
            }
        }
    }
}

/// C vectors of each row of outputs, with the sums of three rows in registers.
///
/// # Safety
/// The plane is valid, there are nine taps and so many whole rows of outputs, and the processor has the instructions of V.
#[inline(always)]
unsafe fn correlate<V: Lanes, const C: usize>(
    plane: Plane<'_, V::T>,
    vectors: Vectors,
    from: &[V::T],
    rows: usize,
    out: *mut V::T,
) {
    // SAFETY: the caller's.
    unsafe {
        let zero = V::splat(V::T::ZERO);
        let mut taps = [[zero; 3]; 3];
        unrolled!(@ u < 3 => unrolled!(@ v < 3 => taps[u][v] = V::splat(from[3 * u + v]), 0 1 2), 0 1 2);
        let mut sums = [[zero; C]; 3];
        for t in 0..rows + 2 {
            let x = plane.at(t, vectors.column);
            // The row that these pixels are the last of. (Before there is one it is not stored.)
            let y = out.wrapping_add(t.saturating_sub(2) * plane.columns + vectors.column);
            unrolled!(@ c < C => {
                fetch(x.wrapping_add(c * V::N + AHEAD / size_of::<V::T>()));
                fetch(y.wrapping_add(c * V::N + AHEAD / size_of::<V::T>()));
            }, 0 1 2 3);
            unrolled!(@ c < C => unrolled!(@ v < 3 => {
                let x = vectors.load::<V, C>(x, c, v);
                unrolled!(@ u < 3 => sums[2 - u][c] = sums[2 - u][c].add_product(taps[u][v], x), 0 1 2);
            }, 0 1 2), 0 1 2 3);
            if t >= 2 {
                unrolled!(@ c < C => if c + 1 < C || vectors.left == V::N {
                    sums[0][c].store(y.add(c * V::N));
                } else {
                    sums[0][c].store_first(y.add(c * V::N), vectors.left);
                }, 0 1 2 3);
            }
            sums = [sums[1], sums[2], [zero; C]];
        }
    }
}
