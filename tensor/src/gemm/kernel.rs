//! The inner loop: a register tile of C, up to 6 rows × 2 vectors.

use crate::Float;
use crate::lanes::{Lanes, MOST_LANES};

/// Up to 6 rows of A.
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
            match (c.size[0], c.size[1].div_ceil(V::N)) {
                (6, 2) => self.tile::<V, 6, 2>(panel, c),
                (5, 2) => self.tile::<V, 5, 2>(panel, c),
                (4, 2) => self.tile::<V, 4, 2>(panel, c),
                (3, 2) => self.tile::<V, 3, 2>(panel, c),
                (2, 2) => self.tile::<V, 2, 2>(panel, c),
                (1, 2) => self.tile::<V, 1, 2>(panel, c),
                (6, 1) => self.tile::<V, 6, 1>(panel, c),
                (5, 1) => self.tile::<V, 5, 1>(panel, c),
                (4, 1) => self.tile::<V, 4, 1>(panel, c),
                (3, 1) => self.tile::<V, 3, 1>(panel, c),
                (2, 1) => self.tile::<V, 2, 1>(panel, c),
                (1, 1) => self.tile::<V, 1, 1>(panel, c),
                _ => unreachable!("a tile has 1 to 6 rows and one or two vectors"),
            }
        }
    }

    #[inline(always)]
    unsafe fn tile<V: Lanes<T = T>, const R: usize, const P: usize>(self, panel: Panel<T>, c: Place<T>) {
        // SAFETY: what `times` promises.
        unsafe {
            for r in 0..R {
                V::prefetch(c.at.add(r * c.step));
            }
            let mut sums = [[V::splat(T::ZERO); P]; R];
            let mut b = panel.at;
            // One term: the factors of the rows are `a[r]`.
            macro_rules! term {
                ($b:expr, $a:expr) => {
                    let b: *const T = $b;
                    let mut factors = [V::splat(T::ZERO); P];
                    for (p, factor) in factors.iter_mut().enumerate() {
                        *factor = V::load(b.add(p * V::N));
                    }
                    for r in 0..R {
                        let a = V::splat(*$a(r));
                        for p in 0..P {
                            sums[r][p] = sums[r][p].add_product(a, factors[p]);
                        }
                    }
                };
            }
            let (turns, rest) = (panel.depth / UNROLL, panel.depth % UNROLL);
            match self {
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
                Strip::Rows { at, step } => {
                    let mut rows = [at; R];
                    for (r, row) in rows.iter_mut().enumerate() {
                        *row = at.add(r * step);
                    }
                    for _ in 0..turns {
                        for u in 0..UNROLL {
                            term!(b.add(u * 2 * V::N), |r: usize| rows[r].add(u));
                        }
                        rows = rows.map(|row| row.add(UNROLL));
                        b = b.add(UNROLL * 2 * V::N);
                    }
                    for _ in 0..rest {
                        term!(b, |r: usize| rows[r]);
                        rows = rows.map(|row| row.add(1));
                        b = b.add(2 * V::N);
                    }
                }
            }
            if c.size[1] == P * V::N {
                for (r, sums) in sums.iter().enumerate() {
                    for (p, &sum) in sums.iter().enumerate() {
                        let c_at = c.at.add(r * c.step + p * V::N);
                        (if c.add { V::load(c_at).add(sum) } else { sum }).store(c_at);
                    }
                }
            } else {
                // By way of memory: an index known only at run time would keep the sums out of the registers above.
                let mut values = [[[T::ZERO; MOST_LANES]; P]; R];
                for (sums, values) in sums.iter().zip(&mut values) {
                    for (sum, values) in sums.iter().zip(values) {
                        sum.store(values.as_mut_ptr());
                    }
                }
                for (r, values) in values.iter().enumerate() {
                    for j in 0..c.size[1] {
                        let (c_at, value) = (c.at.add(r * c.step + j), values[j / V::N][j % V::N]);
                        *c_at = if c.add { *c_at + value } else { value };
                    }
                }
            }
        }
    }
}
