//! The register tile of the convolutions along rows: up to 6 rows × 2 narrow vectors of sums of products.

use crate::Element;
use crate::lanes::{Lanes, NARROW};

/// Most rows: 6 × 2 sums, 2 vectors and a broadcast factor fill 15 of AVX2's 16 registers.
pub(crate) const TILE_ROWS: usize = 6;

/// The sums of a tile: by row, by vector, by lane.
pub(crate) type Sums<T> = [[[T; NARROW]; 2]; TILE_ROWS];

/// The terms of a sum: channels × rows × elements, where the elements of a row go round the phases (element v is the
/// v / phases-th of phase v % phases), each with a step in memory. A convolution walks over its taps in this way; a
/// matrix product has elements only.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub channels: usize,
    pub rows: usize,
    pub elements: usize,
    pub phases: usize,
    /// From one channel, row, phase, and element of a phase to the next.
    pub steps: [usize; 4],
}

impl Terms {
    /// The number of terms.
    pub fn len(&self) -> usize {
        self.channels * self.rows * self.elements
    }

    /// The offset of the farthest term; there must be one.
    #[inline(always)]
    pub fn reach(&self) -> usize {
        let last = [
            self.channels - 1,
            self.rows - 1,
            (self.elements - 1).min(self.phases - 1),
            (self.elements - 1) / self.phases,
        ];
        last.iter().zip(&self.steps).map(|(n, step)| n * step).sum()
    }

    /// `sums[r][p] = Σ panel[t · rows + r] · x[p][offset of t]` over all terms t, for `rows` rows and the first
    /// `vectors` (one or two) of x.
    ///
    /// # Safety
    /// The processor has the instructions of `V`; the panel holds `len() · rows` elements; a vector can be read at
    /// each x plus each offset of a term.
    #[inline(always)]
    pub unsafe fn sum<V: Lanes>(
        &self,
        [rows, vectors]: [usize; 2],
        panel: *const V::T,
        x: [*const V::T; 2],
        sums: &mut Sums<V::T>,
    ) {
        // SAFETY: handed on.
        unsafe {
            match (rows, vectors) {
                (6, 2) => self.sum_of::<V, 6, 2>(panel, x, sums),
                (5, 2) => self.sum_of::<V, 5, 2>(panel, x, sums),
                (4, 2) => self.sum_of::<V, 4, 2>(panel, x, sums),
                (3, 2) => self.sum_of::<V, 3, 2>(panel, x, sums),
                (2, 2) => self.sum_of::<V, 2, 2>(panel, x, sums),
                (1, 2) => self.sum_of::<V, 1, 2>(panel, x, sums),
                (6, 1) => self.sum_of::<V, 6, 1>(panel, x, sums),
                (5, 1) => self.sum_of::<V, 5, 1>(panel, x, sums),
                (4, 1) => self.sum_of::<V, 4, 1>(panel, x, sums),
                (3, 1) => self.sum_of::<V, 3, 1>(panel, x, sums),
                (2, 1) => self.sum_of::<V, 2, 1>(panel, x, sums),
                (1, 1) => self.sum_of::<V, 1, 1>(panel, x, sums),
                _ => unreachable!("a tile has 1 to 6 rows and one or two vectors"),
            }
        }
    }

    #[inline(always)]
    unsafe fn sum_of<V: Lanes, const R: usize, const P: usize>(
        &self,
        mut panel: *const V::T,
        x: [*const V::T; 2],
        result: &mut Sums<V::T>,
    ) {
        // SAFETY: the caller's promise is that all of these are in reach.
        unsafe {
            let mut sums = [[V::splat(V::T::ZERO); P]; R];
            let (short, longer) = (self.elements / self.phases, self.elements % self.phases);
            for c in 0..self.channels {
                for u in 0..self.rows {
                    for b in 0..self.phases {
                        let mut at = c * self.steps[0] + u * self.steps[1] + b * self.steps[2];
                        for _ in 0..short + usize::from(b < longer) {
                            let mut factors = [V::splat(V::T::ZERO); P];
                            for p in 0..P {
                                factors[p] = V::load(x[p].add(at));
                            }
                            for (r, sums) in sums.iter_mut().enumerate() {
                                let w = V::splat(*panel.add(r));
                                for p in 0..P {
                                    sums[p] = sums[p].add_product(w, factors[p]);
                                }
                            }
                            panel = panel.add(R);
                            at += self.steps[3];
                        }
                    }
                }
            }
            for r in 0..R {
                for p in 0..P {
                    sums[r][p].store(result[r][p].as_mut_ptr());
                }
            }
        }
    }
}

/// `out += values` or `out = values`, for the first `count` of a vector of values.
///
/// # Safety
/// The processor has the instructions of `V`; `out` is valid for `count` elements.
#[inline(always)]
pub(crate) unsafe fn put<V: Lanes>(values: &[V::T; NARROW], out: *mut V::T, count: usize, add: bool) {
    // SAFETY: handed on; all vectors have at most NARROW lanes.
    unsafe {
        if count == V::N {
            let sum = V::load(values.as_ptr());
            (if add { V::load(out).add(sum) } else { sum }).store(out);
        } else {
            for (l, &value) in values[..count].iter().enumerate() {
                let out = out.add(l);
                *out = if add { *out + value } else { value };
            }
        }
    }
}

/// The expression for a number of rows from 1 to 12, which it knows as a constant of this name.
macro_rules! with_rows {
    ($rows:expr, $R:ident => $result:expr) => {
        with_rows!(@ $rows, $R => $result, 1 2 3 4 5 6 7 8 9 10 11 12)
    };
    (@ $rows:expr, $R:ident => $result:expr, $($n:literal)*) => {
        match $rows {
            $($n => {
                const $R: usize = $n;
                $result
            })*
            rows => unreachable!("a tile of {rows} rows"),
        }
    };
}
pub(crate) use with_rows;
