//! A plane that is read where it stands, and vectors of its rows.

use crate::Float;
use crate::lanes::Lanes;

/// Vectors of a row at a time.
pub(super) const VECTORS: usize = 4;

/// Bytes from what is read or written to what is asked for ahead of time.
pub(super) const AHEAD: usize = 4 << 10;

/// A plane with a column of zeros on each side, or none, and rows of zeros above and below.
#[derive(Clone, Copy)]
pub(in crate::conv::depthwise) struct Plane<'a, T> {
    pub pixels: &'a [T],
    /// Columns of the plane.
    pub width: usize,
    /// The row and column of the first output's first tap.
    pub first: [isize; 2],
    /// As many as a row has.
    pub zeros: &'a [T],
    /// Columns of outputs.
    pub columns: usize,
}

impl<T: Float> Plane<'_, T> {
    /// The columns after the plane that outputs are of.
    pub(super) fn after(&self) -> isize {
        self.columns as isize + self.first[1] + 2 - self.width as isize
    }

    /// Whether the kernels can read it.
    pub(super) fn is_valid(&self) -> bool {
        let whole = self.width > 0 && self.pixels.len().is_multiple_of(self.width);
        whole && self.zeros.len() >= self.width && self.first[1] >= -1 && self.after() <= 1
    }

    /// Where the first tap of outputs of this row and column is, which may be just outside of the row.
    #[inline(always)]
    pub(super) fn at(&self, row: usize, column: usize) -> *const T {
        let row = self.first[0] + row as isize;
        let inside = row >= 0 && (row as usize) < self.pixels.len() / self.width;
        let start = if inside {
            self.pixels.as_ptr().wrapping_add(row as usize * self.width)
        } else {
            self.zeros.as_ptr()
        };
        start.wrapping_offset(self.first[1]).wrapping_add(column)
    }
}

/// Some vectors of a row of outputs, of whose pixels the first and the last few may be missing.
#[derive(Clone, Copy)]
pub(super) struct Vectors {
    /// The first output.
    pub(super) column: usize,
    /// The first lane of the first vector's first tap that is in the plane.
    pub(super) from: usize,
    /// The lanes of the last vector that are in the plane, of each tap.
    pub(super) to: [usize; 3],
    /// The outputs of the last vector.
    pub(super) left: usize,
}

impl Vectors {
    pub(super) fn new<T: Float>(plane: &Plane<'_, T>, lanes: usize, first: usize, count: usize) -> Self {
        let last = (first + count - 1) * lanes;
        let left = lanes.min(plane.columns - last);
        let inside = |tap| plane.width as isize - (last + tap) as isize - plane.first[1];
        Self {
            column: first * lanes,
            from: usize::from(first == 0 && plane.first[1] < 0),
            to: [0, 1, 2].map(|tap| left.min(inside(tap).max(0) as usize)),
            left,
        }
    }

    /// Vector c of C, of a tap, from where the first one is.
    ///
    /// # Safety
    /// The plane is valid, and the processor has the instructions of V.
    #[inline(always)]
    pub(super) unsafe fn load<V: Lanes, const C: usize>(&self, x: *const V::T, c: usize, tap: usize) -> V {
        let x = x.wrapping_add(c * V::N + tap);
        let from = if c == 0 && tap == 0 { self.from } else { 0 };
        // SAFETY: only the first tap of the first vector can be before the row, and only the last vector after it: with one
        // column of zeros at most, the lanes of the others are in the row.
        unsafe {
            if c + 1 == C {
                V::load_between(x, from, self.to[tap])
            } else if c == 0 && tap == 0 {
                V::load_between(x, from, V::N)
            } else {
                V::load(x)
            }
        }
    }
}
