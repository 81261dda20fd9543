//! Products so small that copying the factors would take as long as multiplying them: A is read in place, and so is B if its rows
//! are contiguous. Columns that are not are copied, some at a time.
//!
//! The sums have the bits of larger products' sums: in order over the depth, which is one block here.

use super::Room;
use super::pack::Matrix;
use super::part::DEPTH;
use crate::Float;
use crate::fused::Each;
use crate::lanes::{self, Lanes, Task, groups, unrolled};

/// Products of two numbers, at most: with 40×40×40 both ways take the same time.
const MOST: usize = 1 << 16;
/// Most rows of a tile, where two vectors of sums a row keep the adders busy and the rows' addresses fit in registers.
const ROWS: usize = 6;
/// The most elements of C that [`Small::multiply`] is used for where C has no memory of its own.
pub(super) const ROOM: usize = 4 << 10;

/// A small product, `C ← A B` or `C ← A B + C`.
#[derive(Clone, Copy)]
pub(super) struct Small<T> {
    /// Rows, terms, columns.
    size: [usize; 3],
    a: Matrix<T>,
    b: Matrix<T>,
}

impl<T: Float> Small<T> {
    /// A of m×k times B of k×n, if it is small enough.
    pub fn new([m, k, n]: [usize; 3], a: Matrix<T>, b: Matrix<T>) -> Option<Self> {
        if k > DEPTH || m.saturating_mul(n).saturating_mul(k) > MOST {
            return None;
        }
        let transposed = |matrix: Matrix<T>| Matrix { steps: [matrix.steps[1], matrix.steps[0]], ..matrix };
        // One column would fill one lane of each vector: it is computed as a row.
        Some(match n {
            1 => Small { size: [1, k, m], a: transposed(b), b: transposed(a) },
            _ => Small { size: [m, k, n], a, b },
        })
    }

    /// Multiplies.
    ///
    /// # Safety
    /// All of A and B can be read, C can be written, row-major, and the scratch has room for [`DEPTH`] rows of two wide vectors
    /// or for as many as there are terms.
    pub unsafe fn multiply(self, c: *mut T, add: bool, scratch: *mut T) {
        lanes::run(Multiply { product: self, c, add, scratch });
    }

    /// [`by_rows`](super::by_rows) in one task. A function of its own, so that the room of larger products is not on the stack,
    /// where each page would have to be touched.
    ///
    /// # Safety
    /// As for [`multiply`](Self::multiply), of C of m×n, no more than [`ROOM`].
    #[inline(never)]
    pub unsafe fn by_rows(self, rows: usize, kept: Option<&mut [T]>, scratch: *mut T, each: Each<'_, T>) {
        let mut room = Room::<T, ROOM>::new();
        let at = kept.map_or(room.as_mut_ptr(), <[T]>::as_mut_ptr);
        // SAFETY: handed on.
        unsafe { self.multiply(at, false, scratch) };
        each(0, [0, rows], at);
    }
}

struct Multiply<T> {
    product: Small<T>,
    c: *mut T,
    add: bool,
    scratch: *mut T,
}

impl<T: Float> Task<T> for Multiply<T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Multiply { product: Small { size: [m, k, n], a, b }, c, add, scratch } = self;
        for column in (0..n).step_by(2 * V::N) {
            let columns = (n - column).min(2 * V::N);
            let mut panel = b.from(0, column);
            if b.steps[1] != 1 {
                // SAFETY: `multiply` promises B and the room.
                unsafe { panel.pack_panel::<V>([k, columns], scratch) };
                panel = Matrix { at: scratch, steps: [2 * V::N, 1] };
            }
            for (row, rows) in groups(m, ROWS) {
                let at = c.wrapping_add(row * n + column);
                let place = Place { at, step: n, columns, add };
                // SAFETY: `multiply` promises the factors and C.
                unsafe { place.fill::<V>(rows, k, a.from(row, 0), panel) };
            }
        }
    }
}

/// A tile's place in C.
#[derive(Clone, Copy)]
struct Place<T> {
    at: *mut T,
    /// From row to row.
    step: usize,
    /// Columns, at most two vectors.
    columns: usize,
    add: bool,
}

impl<T: Float> Place<T> {
    /// The product of so many rows of A, at most [`ROWS`], and the columns of B, whose rows are contiguous.
    ///
    /// # Safety
    /// The processor has the instructions of `V`, the terms can be read, and the place can be written.
    #[inline(always)]
    unsafe fn fill<V: Lanes<T = T>>(self, rows: usize, terms: usize, a: Matrix<T>, b: Matrix<T>) {
        macro_rules! with {
            ($vectors:literal, $($R:literal)*) => {
                match rows {
                    // SAFETY: handed on.
                    $($R => unsafe { self.tile::<V, $R, $vectors>(terms, a, b) },)*
                    _ => unreachable!("a tile of {rows} rows"),
                }
            };
        }
        if self.columns > V::N { with!(2, 1 2 3 4 5 6) } else { with!(1, 1 2 3 4 5 6) }
    }

    #[inline(always)]
    unsafe fn tile<V: Lanes<T = T>, const R: usize, const P: usize>(
        self,
        terms: usize,
        a: Matrix<T>,
        b: Matrix<T>,
    ) {
        const { assert!(R <= ROWS && (P == 1 || P == 2)) };
        let last = self.columns - (P - 1) * V::N;
        // SAFETY: what `fill` promises.
        unsafe {
            let mut sums = [[V::splat(T::ZERO); P]; R];
            macro_rules! add_terms {
                ($load_last:expr) => {
                    for t in 0..terms {
                        let row = b.from(t, 0).at;
                        let mut factors = [V::splat(T::ZERO); P];
                        if P == 2 {
                            factors[0] = V::load(row);
                        }
                        factors[P - 1] = $load_last(row.add((P - 1) * V::N));
                        unrolled!(r < R => {
                            let a = V::splat(*a.from(r, t).at);
                            unrolled!(p < P => sums[r][p] = sums[r][p].add_product(a, factors[p]));
                        });
                    }
                };
            }
            if last == V::N {
                add_terms!(|at| V::load(at));
                unrolled!(r < R => unrolled!(p < P => {
                    let at = self.at.add(r * self.step + p * V::N);
                    (if self.add { V::load(at).add(sums[r][p]) } else { sums[r][p] }).store(at);
                }));
                return;
            }
            add_terms!(|at| V::load_first(at, last));
            unrolled!(r < R => {
                let at = self.at.add(r * self.step);
                if P == 2 {
                    (if self.add { V::load(at).add(sums[r][0]) } else { sums[r][0] }).store(at);
                }
                let (at, sum) = (at.add((P - 1) * V::N), sums[r][P - 1]);
                (if self.add { V::load_first(at, last).add(sum) } else { sum }).store_first(at, last);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::part::{Cut, Part};
    use super::*;

    /// A product of a shape and strides, by both ways.
    fn both_ways<T: Float>([m, k, n]: [usize; 3], transposed: [bool; 2], add: bool) {
        let number = |i: usize| T::from_f64((i * 7919 % 1000) as f64 / 1000.0 - 0.5);
        let (a, b): (Vec<T>, Vec<T>) =
            ((0..m * k).map(number).collect(), (7..k * n + 7).map(number).collect());
        let steps =
            |[rows, columns]: [usize; 2], transposed| if transposed { [1, rows] } else { [columns, 1] };
        let a = Matrix { at: a.as_ptr(), steps: steps([m, k], transposed[0]) };
        let b = Matrix { at: b.as_ptr(), steps: steps([k, n], transposed[1]) };
        let before: Vec<T> = (0..m * n).map(number).collect();
        let [mut direct, mut copied] = [before.clone(), before];
        let mut scratch = vec![T::NAN; super::super::gemm_scratch(k, n)];
        let small = Small::new([m, k, n], a, b).expect("a small product");
        let part = Part {
            size: [m, k, n],
            alpha: T::ONE,
            a,
            b,
            a_in_place: false,
            b_copy: scratch.as_mut_ptr(),
            add,
            cut: Cut { down: 1, across: 1 },
        };
        // SAFETY: the factors have these sizes, and the scratch that which it is to have.
        unsafe {
            part.copy();
            part.multiply(0, copied.as_mut_ptr(), n);
            small.multiply(direct.as_mut_ptr(), add, scratch.as_mut_ptr());
        }
        let bits = |c: &[T]| c.iter().map(|x| x.to_f64().to_bits()).collect::<Vec<u64>>();
        assert_eq!(bits(&direct), bits(&copied), "{m}×{k}×{n} {transposed:?} {add}");
    }

    #[test]
    fn both_ways_give_the_same_bits() {
        let sizes = [1, 2, 3, 5, 7, 8, 9, 13, 16, 17, 31, 32, 33, 40, 70];
        for (i, m) in sizes.into_iter().enumerate() {
            for (j, k) in [1, 2, 4, 16, 31, 256].into_iter().enumerate() {
                for n in sizes.into_iter().filter(|n| m * n * k <= MOST) {
                    let transposed = [(i + n) % 2 == 0, (j + n / 2) % 2 == 0];
                    both_ways::<f32>([m, k, n], transposed, i % 3 == 0);
                    both_ways::<f64>([m, k, n], transposed, j % 3 == 0);
                }
            }
        }
    }

    #[test]
    fn larger_products_are_for_others() {
        let nowhere = Matrix { at: std::ptr::null::<f32>(), steps: [0, 0] };
        let many = 1 << (usize::BITS - 8);
        for size in [[2, 257, 2], [many, 1, many], [65, 32, 32]] {
            assert!(Small::new(size, nowhere, nowhere).is_none(), "{size:?}");
        }
    }
}
