//! Copies of the factors in the order in which the inner loop reads them.

use crate::Float;
use crate::lanes::{Lanes, copy_transposed};
use crate::tile::with_rows;

/// A matrix in reach of a pointer: element (i, j) is at `at + i · steps[0] + j · steps[1]`.
#[derive(Clone, Copy)]
pub(super) struct Matrix<T> {
    pub at: *const T,
    pub steps: [usize; 2],
}

impl<T: Float> Matrix<T> {
    /// The part that begins at row i and column j.
    #[inline(always)]
    pub fn from(self, i: usize, j: usize) -> Self {
        // Nothing is read where this wraps: it is then behind the last column or row.
        let offset = i.wrapping_mul(self.steps[0]).wrapping_add(j.wrapping_mul(self.steps[1]));
        Self { at: self.at.wrapping_add(offset), ..self }
    }

    #[inline(always)]
    unsafe fn get(self, i: usize, j: usize) -> T {
        // SAFETY: the caller's promise.
        unsafe { *self.from(i, j).at }
    }

    /// Copies a strip of A, at most [`Lanes::ROWS`] rows, of which there are `more` in the matrix: column after column.
    ///
    /// # Safety
    /// The processor has the instructions of `V`; `depth` columns of `more` rows can be read, and the copy has room for
    /// the strip.
    #[inline(always)]
    pub unsafe fn pack_strip<V: Lanes<T = T>>(self, [rows, depth]: [usize; 2], more: usize, copy: *mut T) {
        // SAFETY: handed on.
        unsafe {
            with_rows!(rows, R => self.pack_rows::<V, R>(depth, more, copy));
        }
    }

    #[inline(always)]
    unsafe fn pack_rows<V: Lanes<T = T>, const R: usize>(self, depth: usize, more: usize, copy: *mut T) {
        let [down, across] = self.steps;
        if R > V::ROWS {
            return; // nobody calls it, so nobody compiles it
        }
        // SAFETY: as `pack_strip` says; arrays have their element's alignment.
        unsafe {
            let mut t = 0;
            if down == 1 {
                while t < depth {
                    copy.add(t * R).cast::<[T; R]>().write(self.from(0, t).at.cast::<[T; R]>().read());
                    t += 1;
                }
            } else if across == 1 && R >= 4.max(V::N / 2) && more >= V::N {
                // Blocks of the matrix, transposed. Where a block is wider than the strip, what it writes beyond a
                // column is overwritten by the next one, so that one column at least is left for the loop below.
                while t + V::N < depth {
                    for r in (0..R).step_by(V::N) {
                        let r = r.min(R.saturating_sub(V::N));
                        copy_transposed::<V>(self.from(r, t).at, down, copy.add(t * R + r), R);
                    }
                    t += V::N;
                }
            }
            for t in t..depth {
                (0..R).for_each(|r| *copy.add(t * R + r) = self.get(r, t));
            }
        }
    }

    /// Copies `depth` rows of at most two vectors' columns of B, padded with zeros to two vectors, row after row.
    ///
    /// # Safety
    /// The processor has the instructions of `V`; the elements can be read, and the copy has room for two vectors a row.
    #[inline(always)]
    pub unsafe fn pack_panel<V: Lanes<T = T>>(self, [depth, columns]: [usize; 2], copy: *mut T) {
        // SAFETY: handed on, as a vector's width of columns at a time.
        unsafe {
            for vector in [0, V::N] {
                let (b, copy) = (self.from(0, vector), copy.add(vector));
                match columns.saturating_sub(vector) {
                    count if count >= V::N => b.pack_vectors::<V>(depth, copy),
                    count => b.pack_padded::<V>([depth, count], copy),
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn pack_vectors<V: Lanes<T = T>>(self, depth: usize, copy: *mut T) {
        let ([down, across], width) = (self.steps, 2 * V::N);
        // SAFETY: `pack_panel` has `depth` rows of a vector here.
        unsafe {
            if across == 1 {
                for t in 0..depth {
                    V::load(self.at.add(t * down)).store(copy.add(t * width));
                }
                return;
            }
            let whole = if down == 1 { depth - depth % V::N } else { 0 };
            for t in (0..whole).step_by(V::N) {
                copy_transposed::<V>(self.at.add(t), across, copy.add(t * width), width);
            }
            for t in whole..depth {
                (0..V::N).for_each(|j| *copy.add(t * width + j) = self.get(t, j));
            }
        }
    }

    #[inline(always)]
    unsafe fn pack_padded<V: Lanes<T = T>>(self, [depth, columns]: [usize; 2], copy: *mut T) {
        // SAFETY: `pack_panel` has `depth` rows of so many columns here, and room for a vector.
        unsafe {
            for t in 0..depth {
                let copy = copy.add(t * 2 * V::N);
                if self.steps[1] == 1 {
                    V::load_first(self.from(t, 0).at, columns).store(copy);
                } else {
                    (0..V::N).for_each(|j| *copy.add(j) = if j < columns { self.get(t, j) } else { T::ZERO });
                }
            }
        }
    }
}
