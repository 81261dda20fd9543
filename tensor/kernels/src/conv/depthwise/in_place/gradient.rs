//! Gradients of the taps, of a band.

use std::ops::Range;

use super::{AHEAD, Plane, VECTORS, Vectors};
use crate::lanes::{Lanes, Task, groups, unrolled};
use crate::memory::fetch;
use crate::{Element, Float};

/// What [`Gradient`](crate::conv::depthwise::Gradient) does to a band.
pub(in crate::conv::depthwise) struct Gradient<'a, T> {
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
