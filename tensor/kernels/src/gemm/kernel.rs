//! The inner loop: a register tile of C, some rows × 2 vectors.

use crate::Float;
use crate::lanes::{Lanes, Task, unrolled};
use crate::memory::fetch;
use crate::tile::with_rows;

/// Some rows of A, at most [`Lanes::ROWS`].
#[derive(Clone, Copy)]
pub(super) enum Strip<T> {
    /// In place: row r's term t is at `at + r · step + t`.
    Rows { at: *const T, step: usize },
    /// Copied, column after column: with R rows, row r's term t is at `at + t · R + r`.
    Packed { at: *const T },
}

/// Copied columns of B, two vectors of them: term after term.
#[derive(Clone, Copy)]
pub(super) struct Panel<T> {
    pub at: *const T,
    /// How many terms.
    pub depth: usize,
}

/// Rows of a tile, at most, if they are read in place: compilers load the factors of all rows first, for which there must be
/// registers.
pub(super) const ROWS_IN_PLACE: usize = 6;

/// Terms that are added in one turn of the loop: fewer instructions a term, which counts where two threads share a core.
const UNROLL: usize = 4;

/// The tile's place in C.
#[derive(Clone, Copy)]
pub(super) struct Place<T> {
    pub at: *mut T,
    /// From row to row.
    pub step: usize,
    /// Rows and columns, which may be fewer than the tile has.
    pub size: [usize; 2],
    /// Add to what is there, or replace it.
    pub add: bool,
}

impl<T: Float> Strip<T> {
    /// Adds the product of the strip and the panel to C, or puts it there.
    ///
    /// # Safety
    /// The processor has the instructions of `V`. All terms of the place's rows can be read, and of the panel as many
    /// whole vectors as its columns need, and the place is the caller's to write.
    #[inline(always)]
    pub unsafe fn times<V: Lanes<T = T>>(self, panel: Panel<T>, c: Place<T>) {
        // SAFETY: handed on.
        unsafe {
            if c.size[1] > V::N {
                with_rows!(c.size[0], R => V::call(Tile::<T, R, 2> { strip: self, panel, c }));
            } else {
                with_rows!(c.size[0], R => V::call(Tile::<T, R, 1> { strip: self, panel, c }));
            }
        }
    }
}

/// The product of `R` rows and `P` vectors.
struct Tile<T, const R: usize, const P: usize> {
    strip: Strip<T>,
    panel: Panel<T>,
    c: Place<T>,
}

impl<T: Float, const R: usize, const P: usize> Task<T> for Tile<T, R, P> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Self { strip, panel, c } = self;
        const { assert!(P == 1 || P == 2) };
        if R > V::ROWS {
            return; // nobody calls it, so nobody compiles it
        }
        // SAFETY: what `times` promises.
        unsafe {
            unrolled!(r < R => fetch(c.at.add(r * c.step)));
            let mut sums = [[V::splat(T::ZERO); P]; R];
            let mut b = panel.at;
            // One term: the factors of the rows are `a[r]`.
            macro_rules! term {
                ($b:expr, $a:expr) => {
                    let b: *const T = $b;
                    let factors: [V; P] = std::array::from_fn(|p| V::load(b.add(p * V::N)));
                    unrolled!(r < R => {
                        let a = V::splat(*$a(r));
                        unrolled!(p < P => sums[r][p] = sums[r][p].add_product(a, factors[p]));
                    });
                };
            }
            let (turns, rest) = (panel.depth / UNROLL, panel.depth % UNROLL);
            match strip {
                Strip::Packed { at } => {
                    let mut a = at;
                    for _ in 0..turns {
                        for u in 0..UNROLL {
                            term!(b.add(u * 2 * V::N), |r: usize| a.add(u * R + r));
                        }
                        (a, b) = (a.add(UNROLL * R), b.add(UNROLL * 2 * V::N));
                    }
                    for _ in 0..rest {
                        term!(b, |r: usize| a.add(r));
                        (a, b) = (a.add(R), b.add(2 * V::N));
                    }
                }
                Strip::Rows { .. } if R > ROWS_IN_PLACE => {} // nobody has them, so nobody compiles it
                Strip::Rows { at, step } => {
                    let mut rows = [at; R];
                    unrolled!(r < R => rows[r] = at.add(r * step));
                    for _ in 0..turns {
                        for u in 0..UNROLL {
                            term!(b.add(u * 2 * V::N), |r: usize| rows[r].add(u));
                        }
                        unrolled!(r < R => rows[r] = rows[r].add(UNROLL));
                        b = b.add(UNROLL * 2 * V::N);
                    }
                    for _ in 0..rest {
                        term!(b, |r: usize| rows[r]);
                        unrolled!(r < R => rows[r] = rows[r].add(1));
                        b = b.add(2 * V::N);
                    }
                }
            }
            if c.size[1] == P * V::N {
                unrolled!(r < R => unrolled!(p < P => {
                    let c_at = c.at.add(r * c.step + p * V::N);
                    (if c.add { V::load(c_at).add(sums[r][p]) } else { sums[r][p] }).store(c_at);
                }));
                return;
            }
            let columns = c.size[1] - (P - 1) * V::N;
            unrolled!(r < R => {
                let c_at = c.at.add(r * c.step);
                if P == 2 {
                    (if c.add { V::load(c_at).add(sums[r][0]) } else { sums[r][0] }).store(c_at);
                }
                let (c_at, sum) = (c_at.add((P - 1) * V::N), sums[r][P - 1]);
                let sum = if c.add { V::load_first(c_at, columns).add(sum) } else { sum };
                sum.store_first(c_at, columns);
            });
        }
    }
}
