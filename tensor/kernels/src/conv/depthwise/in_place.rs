//! Kernels of 3×3 taps with a stride of one, for vectors of 512 bits. A plane's rows are read where they stand, each once and one
//! after the other, as processors foresee best: memory takes longer than the arithmetic. What a row is needed for by three rows
//! of outputs, or of gradients, stays in registers meanwhile. Sums are in the order of the kernels for copied bands.

use std::ops::Range;

use crate::lanes::{Lanes, Task, groups, unrolled};
use crate::memory::fetch;
use crate::{Element, Float};

/// Vectors of a row at a time.
const VECTORS: usize = 4;
/// Bytes from what is read or written to what is asked for ahead of time.
const AHEAD: usize = 4 << 10;

/// A plane with a column of zeros on each side, or none, and rows of zeros above and below.
#[derive(Clone, Copy)]
pub(super) struct Plane<'a, T> {
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
    fn after(&self) -> isize {
        self.columns as isize + self.first[1] + 2 - self.width as isize
    }

    /// Whether the kernels can read it.
    fn is_valid(&self) -> bool {
        let whole = self.width > 0 && self.pixels.len().is_multiple_of(self.width);
        whole && self.zeros.len() >= self.width && self.first[1] >= -1 && self.after() <= 1
    }

    /// Where the first tap of outputs of this row and column is, which may be just outside of the row.
    #[inline(always)]
    fn at(&self, row: usize, column: usize) -> *const T {
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
struct Vectors {
    /// The first output.
    column: usize,
    /// The first lane of the first vector's first tap that is in the plane.
    from: usize,
    /// The lanes of the last vector that are in the plane, of each tap.
    to: [usize; 3],
    /// The outputs of the last vector.
    left: usize,
}

impl Vectors {
    fn new<T: Float>(plane: &Plane<'_, T>, lanes: usize, first: usize, count: usize) -> Self {
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
    unsafe fn load<V: Lanes, const C: usize>(&self, x: *const V::T, c: usize, tap: usize) -> V {
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

/// What [`Correlate`](super::Correlate) does to a whole plane.
pub(super) struct Correlate<'a, T> {
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

/// What [`Gradient`](super::Gradient) does to a band.
pub(super) struct Gradient<'a, T> {
    pub plane: Plane<'a, T>,
    /// The gradients, in whole rows.
    pub dy: &'a [T],
    pub sums: &'a mut [T],
}

impl<T: Float> Task<T> for Gradient<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let (plane, columns) = (self.plane, self.plane.columns);
        assert!(plane.is_valid() && self.sums.len() == 9 && self.dy.len().is_multiple_of(columns));
        let count = columns.div_ceil(V::N);
        let vectors = Vectors::new(&plane, V::N, 0, count);
        // SAFETY: the assertions above.
        unsafe {
            match count {
                1 => gradient::<V, 1>(plane, vectors, self.dy, self.sums),
                2 => gradient::<V, 2>(plane, vectors, self.dy, self.sums),
                3 => gradient::<V, 3>(plane, vectors, self.dy, self.sums),
                4 => gradient::<V, 4>(plane, vectors, self.dy, self.sums),
                count => gradient_of_long_rows::<V>(plane, count, self.dy, self.sums),
            }
        }
    }
}

/// All rows, of C vectors, with three rows of gradients in registers.
///
/// # Safety
/// The plane is valid, the gradients are whole rows, there are nine sums, and the processor has the instructions of V.
#[inline(always)]
unsafe fn gradient<V: Lanes, const C: usize>(
    plane: Plane<'_, V::T>,
    vectors: Vectors,
    dy: &[V::T],
    to: &mut [V::T],
) {
    let rows = dy.len() / plane.columns;
    // SAFETY: the caller's.
    unsafe {
        let mut sums = [[V::splat(V::T::ZERO); 3]; 3];
        let mut gradients = [[V::splat(V::T::ZERO); C]; 3];
        for t in 0..rows + 2 {
            let x = plane.at(t, 0);
            let dy = dy.as_ptr().wrapping_add(t * plane.columns);
            unrolled!(@ c < C => {
                fetch(x.wrapping_add(c * V::N + AHEAD / size_of::<V::T>()));
                fetch(dy.wrapping_add(c * V::N + AHEAD / size_of::<V::T>()));
            }, 0 1 2 3);
            if t < rows {
                unrolled!(@ c < C => gradients[0][c] = if c + 1 < C {
                    V::load(dy.add(c * V::N))
                } else {
                    V::load_between(dy.wrapping_add(c * V::N), 0, vectors.left)
                }, 0 1 2 3);
            }
            let u = taps(t, rows);
            if u.len() == 3 {
                add_products::<V, C, true>(&mut sums, &gradients, vectors, x, u);
            } else {
                add_products::<V, C, false>(&mut sums, &gradients, vectors, x, u);
            }
            gradients = [gradients[0], gradients[0], gradients[1]];
        }
        add_sums(&sums, to);
    }
}

/// All rows, of more vectors than stay in registers.
///
/// # Safety
/// As for [`gradient`].
#[inline(always)]
unsafe fn gradient_of_long_rows<V: Lanes>(
    plane: Plane<'_, V::T>,
    count: usize,
    dy: &[V::T],
    to: &mut [V::T],
) {
    let rows = dy.len() / plane.columns;
    // SAFETY: the caller's.
    unsafe {
        let mut sums = [[V::splat(V::T::ZERO); 3]; 3];
        for t in 0..rows + 2 {
            let u = taps(t, rows);
            if u.len() < 3 {
                for c in 0..count {
                    add_piece::<V, 1, false>(&mut sums, plane, dy, t, c, u.clone());
                }
                continue;
            }
            for (first, count) in groups(count, VECTORS) {
                match count {
                    2 => add_piece::<V, 2, true>(&mut sums, plane, dy, t, first, 0..3),
                    3 => add_piece::<V, 3, true>(&mut sums, plane, dy, t, first, 0..3),
                    4 => add_piece::<V, 4, true>(&mut sums, plane, dy, t, first, 0..3),
                    count => unreachable!("{count} vectors"),
                }
            }
        }
        add_sums(&sums, to);
    }
}

/// Adds what C vectors of a row of pixels, from the first on, make with the gradients of these rows of taps.
///
/// # Safety
/// As for [`gradient`], and there are these rows of gradients.
#[inline(always)]
unsafe fn add_piece<V: Lanes, const C: usize, const ALL: bool>(
    sums: &mut [[V; 3]; 3],
    plane: Plane<'_, V::T>,
    dy: &[V::T],
    t: usize,
    first: usize,
    taps: Range<usize>,
) {
    let vectors = Vectors::new(&plane, V::N, first, C);
    let x = plane.at(t, vectors.column);
    // Of the first row of taps; those of the others come before.
    let dy = dy.as_ptr().wrapping_add(t * plane.columns + vectors.column);
    // SAFETY: the caller's.
    unsafe {
        let mut gradients = [[V::splat(V::T::ZERO); C]; 3];
        unrolled!(@ c < C => {
            fetch(x.wrapping_add(c * V::N + AHEAD / size_of::<V::T>()));
            fetch(dy.wrapping_add(c * V::N + AHEAD / size_of::<V::T>()));
            unrolled!(@ u < 3 => if ALL || taps.contains(&u) {
                let dy = dy.wrapping_sub(u * plane.columns).wrapping_add(c * V::N);
                gradients[u][c] = if c + 1 < C { V::load(dy) } else { V::load_between(dy, 0, vectors.left) };
            }, 0 1 2);
        }, 0 1 2 3);
        add_products::<V, C, ALL>(sums, &gradients, vectors, x, taps);
    }
}

/// The rows of taps for which row t of the pixels has one of so many rows of gradients.
#[inline(always)]
fn taps(t: usize, rows: usize) -> Range<usize> {
    (t + 1).saturating_sub(rows)..(t + 1).min(3)
}

/// Adds the lanes of each tap's sum.
///
/// # Safety
/// As for [`gradient`].
#[inline(always)]
unsafe fn add_sums<V: Lanes>(sums: &[[V; 3]; 3], to: &mut [V::T]) {
    // SAFETY: the caller's.
    unsafe {
        unrolled!(@ u < 3 => unrolled!(@ v < 3 => to[3 * u + v] += sums[u][v].sum(), 0 1 2), 0 1 2);
    }
}

/// Adds the products of a row of pixels with three rows of gradients, or with those that there are.
///
/// # Safety
/// As for [`gradient`].
#[inline(always)]
unsafe fn add_products<V: Lanes, const C: usize, const ALL: bool>(
    sums: &mut [[V; 3]; 3],
    gradients: &[[V; C]; 3],
    vectors: Vectors,
    x: *const V::T,
    taps: Range<usize>,
) {
    // SAFETY: the caller's.
    unsafe {
        unrolled!(@ c < C => unrolled!(@ v < 3 => {
            let x = vectors.load::<V, C>(x, c, v);
            unrolled!(@ u < 3 => if ALL || taps.contains(&u) {
                sums[u][v] = sums[u][v].add_product(gradients[u][c], x);
            }, 0 1 2);
        }, 0 1 2), 0 1 2 3);
    }
}
