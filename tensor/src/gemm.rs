//! The matrix product of strided slices, `C ← α A B + β C`.
//!
//! C is cut into tasks of rows × columns. A task copies a block of B, [`DEPTH`] rows of it, into panels of two vectors'
//! width, and goes through A six rows at a time: rows in place where they are contiguous, else through a copy of the six.
//! An element of C is the sum over the depth in order, block after block, in whichever task it is computed.

use std::mem::MaybeUninit;

use rayon::prelude::*;

use crate::Float;
use crate::compiled::Linear;
use crate::lanes::{self, Lanes, MOST_LANES, Task, groups};
use crate::tile::{Sums, TILE, put};

/// Rows of B in a block, at most.
const DEPTH: usize = 256;
/// Bytes of a block of B: half of a second-level cache.
const BLOCK_BYTES: usize = 256 << 10;
/// Rows of C in a task, at most, unless there are very many.
const TASK_ROWS: usize = 256;
/// With at most so many panels of B a copy of A's rows would not pay.
const IN_PLACE: usize = 3;
/// Tasks down C, at most.
const MOST_ROW_TASKS: usize = 64;

/// `C ← α A B + β C` for A of m×k, B of k×n (any strides, in elements) and C of m×n, row-major.
///
/// With `beta` zero C is only written, so it may hold anything, NaN too. A transposed operand is one with its strides
/// swapped; a negative stride is not supported (a slice starts at its first element). The result has the same bits for
/// any number of threads.
///
/// # Panics
/// If a slice is too short for its sizes and strides, or a stride is negative.
///
/// ```
/// use bayeux_tensor::gemm;
/// let (a, b, mut c) = ([1., 2., 3., 4.], [5., 6., 7., 8.], [0.; 4]);
/// gemm(2, 2, 2, 1.0, &a, [1, 2], &b, [2, 1], 0.0, &mut c); // aᵀ b
/// assert_eq!(c, [26., 30., 38., 44.]);
/// ```
#[track_caller]
#[allow(clippy::too_many_arguments)] // the BLAS signature
pub fn gemm<T: Float>(
    m: usize,
    k: usize,
    n: usize,
    alpha: T,
    a: &[T],
    a_strides: [isize; 2],
    b: &[T],
    b_strides: [isize; 2],
    beta: T,
    c: &mut [T],
) {
    <T as Linear>::gemm([m, k, n], alpha, a, a_strides, b, b_strides, beta, c);
}

#[track_caller]
#[allow(clippy::too_many_arguments)] // as above
pub(crate) fn product<T: Float>(
    [m, k, n]: [usize; 3],
    alpha: T,
    a: &[T],
    a_strides: [isize; 2],
    b: &[T],
    b_strides: [isize; 2],
    beta: T,
    c: &mut [T],
) {
    assert_eq!(c.len(), m * n, "gemm: C has {} elements, but its shape is {m}×{n}", c.len());
    let a_steps = check("A", a.len(), [m, k], a_strides);
    let b_steps = check("B", b.len(), [k, n], b_strides);
    let width = 2 * <T::Portable as Lanes>::N;
    let row_tasks = || groups(m, TASK_ROWS.max(m.div_ceil(MOST_ROW_TASKS)));
    let column_tasks = || groups(n.div_ceil(width), BLOCK_BYTES / size_of::<T>() / DEPTH / width);
    let (down, across) = (row_tasks().count(), column_tasks().count());
    let c = Shared(c.as_mut_ptr());
    let task = |index: usize| {
        let (row, rows) = row_tasks().nth(index / across).expect("a task's rows");
        let (panel, panels) = column_tasks().nth(index % across).expect("a task's columns");
        let column = panel * width;
        // SAFETY: `check` has shown that all of A and B can be read; the elements of C are this task's own, and C is
        // borrowed until all tasks are done.
        lanes::run(Product {
            size: [rows, k, (panels * width).min(n - column)],
            alpha,
            a: a[(row * a_steps[0]).min(a.len())..].as_ptr(),
            a_steps,
            b: b[(column * b_steps[1]).min(b.len())..].as_ptr(),
            b_steps,
            beta,
            c: c.at(row * n + column),
            c_step: n,
        });
    };
    match down * across {
        0 => {}
        1 => task(0),
        tasks => (0..tasks).into_par_iter().with_max_len(1).for_each(task),
    }
}

/// A pointer to C for all tasks, which write to different elements.
struct Shared<T>(*mut T);
// SAFETY: only a way to reach the elements; `gemm` sees to it that no two tasks have the same ones.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn at(&self, index: usize) -> *mut T {
        self.0.wrapping_add(index)
    }
}

/// Panics unless a matrix of `size` and `strides` lies inside a slice of `len` elements; the strides.
#[track_caller]
fn check(name: &str, len: usize, size: [usize; 2], strides: [isize; 2]) -> [usize; 2] {
    assert!(strides[0] >= 0 && strides[1] >= 0, "gemm: {name} has a negative stride: {strides:?}");
    let steps = strides.map(|s| s as usize);
    if size[0] > 0 && size[1] > 0 {
        let needs = (size[0] - 1) * steps[0] + (size[1] - 1) * steps[1] + 1;
        let [rows, columns] = size;
        assert!(
            needs <= len,
            "gemm: {name} of {rows}×{columns} with strides {strides:?} needs {needs} elements, got {len}"
        );
    }
    steps
}

/// Room on the stack, not initialised.
#[repr(align(64))]
struct Room<const BYTES: usize>(MaybeUninit<[u8; BYTES]>);

/// One task: `C ← α A B + β C` on one thread, for B of no more columns than fit in a block.
struct Product<T> {
    size: [usize; 3],
    alpha: T,
    a: *const T,
    a_steps: [usize; 2],
    b: *const T,
    b_steps: [usize; 2],
    beta: T,
    c: *mut T,
    c_step: usize,
}

impl<T: Float> Task<T> for Product<T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let ([m, k, n], width) = (self.size, 2 * V::N);
        let mut block = Room::<BLOCK_BYTES>(MaybeUninit::uninit());
        let mut copy = Room::<{ TILE * DEPTH * 8 }>(MaybeUninit::uninit());
        let (block, copy) = (block.0.as_mut_ptr().cast::<T>(), copy.0.as_mut_ptr().cast::<T>());
        debug_assert!(n.next_multiple_of(width) * DEPTH * size_of::<T>() <= BLOCK_BYTES);
        let mut sums: Sums<T> = [[[T::ZERO; MOST_LANES]; 2]; TILE];
        // SAFETY: the maker of the task promises that A, B and C are in reach; the block has room for DEPTH rows of
        // the task's columns, the copy for DEPTH columns of TILE rows, and both are written before they are read.
        unsafe {
            if self.beta != T::ONE {
                self.scale_c();
            }
            for (first, depth) in groups(k, DEPTH) {
                self.copy_b::<V>(first, depth, block);
                for (row, rows) in groups(m, TILE) {
                    let a = self.a.add(row * self.a_steps[0] + first * self.a_steps[1]);
                    let left = if self.a_steps[1] == 1 || n <= IN_PLACE * width {
                        Left { at: a, steps: self.a_steps }
                    } else {
                        self.copy_a(a, [rows, depth], copy);
                        Left { at: copy, steps: [1, rows] }
                    };
                    for column in (0..n).step_by(width) {
                        let vectors = (n - column).div_ceil(V::N).min(2);
                        left.times::<V>([rows, vectors], depth, block.add(column * depth), &mut sums);
                        for (r, sums) in sums[..rows].iter().enumerate() {
                            for (p, values) in sums[..vectors].iter().enumerate() {
                                let column = column + p * V::N;
                                let c = self.c.add((row + r) * self.c_step + column);
                                put::<V>(
                                    values,
                                    c,
                                    (n - column).min(V::N),
                                    first > 0 || self.beta != T::ZERO,
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}

impl<T: Float> Product<T> {
    /// `C ← β C`, where the products are to be added; where they are not, only if there are none.
    unsafe fn scale_c(&self) {
        let [m, k, n] = self.size;
        if self.beta == T::ZERO && k > 0 {
            return;
        }
        for row in 0..m {
            // SAFETY: a row of C is in reach. With beta zero it may hold anything, but it is initialised.
            let row = unsafe { std::slice::from_raw_parts_mut(self.c.add(row * self.c_step), n) };
            row.iter_mut().for_each(|c| *c = if self.beta == T::ZERO { T::ZERO } else { self.beta * *c });
        }
    }

    /// Copies `depth` columns of `rows` rows of A, column after column.
    #[inline(always)]
    unsafe fn copy_a(&self, a: *const T, [rows, depth]: [usize; 2], copy: *mut T) {
        let [down, across] = self.a_steps;
        // SAFETY: as in `run`, which calls this.
        unsafe {
            for t in 0..depth {
                let (a, copy) = (a.add(t * across), copy.add(t * rows));
                if rows == TILE {
                    (0..TILE).for_each(|r| *copy.add(r) = *a.add(r * down)); // unrolled
                } else {
                    (0..rows).for_each(|r| *copy.add(r) = *a.add(r * down));
                }
            }
        }
    }

    /// Copies `depth` rows of α B, from row `first` on, into panels of two vectors' width: panel after panel, in each
    /// row after row, the last panel padded with zeros.
    #[inline(always)]
    unsafe fn copy_b<V: Lanes<T = T>>(&self, first: usize, depth: usize, block: *mut T) {
        let ([_, _, n], width, [down, across]) = (self.size, 2 * V::N, self.b_steps);
        // SAFETY: as in `run`, which calls this.
        unsafe {
            let (zero, alpha) = (V::splat(T::ZERO), V::splat(self.alpha));
            for column in (0..n).step_by(width) {
                let out = block.add(column * depth);
                let b = self.b.add(first * down + column * across);
                let columns = (n - column).min(width);
                for t in 0..depth {
                    let (b, out) = (b.add(t * down), out.add(t * width));
                    if columns < width {
                        for j in 0..width {
                            *out.add(j) = if j < columns { self.alpha * *b.add(j * across) } else { T::ZERO };
                        }
                    } else if across == 1 {
                        for p in [0, V::N] {
                            zero.add_product(V::load(b.add(p)), alpha).store(out.add(p));
                        }
                    } else {
                        (0..width).for_each(|j| *out.add(j) = self.alpha * *b.add(j * across)); // unrolled
                    }
                }
            }
        }
    }
}

/// Rows of A, in place or copied: row r's term t is at `at + r · steps[0] + t · steps[1]`.
struct Left<T> {
    at: *const T,
    steps: [usize; 2],
}

impl<T: Float> Left<T> {
    /// The sums of a register tile of `rows` rows and one or two `vectors` of a panel.
    #[inline(always)]
    unsafe fn times<V: Lanes<T = T>>(
        &self,
        [rows, vectors]: [usize; 2],
        depth: usize,
        panel: *const T,
        sums: &mut Sums<T>,
    ) {
        // SAFETY: handed on.
        unsafe {
            match (rows, vectors) {
                (6, 2) => self.tile::<V, 6, 2>(depth, panel, sums),
                (5, 2) => self.tile::<V, 5, 2>(depth, panel, sums),
                (4, 2) => self.tile::<V, 4, 2>(depth, panel, sums),
                (3, 2) => self.tile::<V, 3, 2>(depth, panel, sums),
                (2, 2) => self.tile::<V, 2, 2>(depth, panel, sums),
                (1, 2) => self.tile::<V, 1, 2>(depth, panel, sums),
                (6, 1) => self.tile::<V, 6, 1>(depth, panel, sums),
                (5, 1) => self.tile::<V, 5, 1>(depth, panel, sums),
                (4, 1) => self.tile::<V, 4, 1>(depth, panel, sums),
                (3, 1) => self.tile::<V, 3, 1>(depth, panel, sums),
                (2, 1) => self.tile::<V, 2, 1>(depth, panel, sums),
                (1, 1) => self.tile::<V, 1, 1>(depth, panel, sums),
                _ => unreachable!("a tile has 1 to 6 rows and one or two vectors"),
            }
        }
    }

    #[inline(always)]
    unsafe fn tile<V: Lanes<T = T>, const R: usize, const P: usize>(
        &self,
        depth: usize,
        panel: *const T,
        result: &mut Sums<T>,
    ) {
        // SAFETY: the caller's promise is that depth terms of R rows and of the panel can be read.
        unsafe {
            let mut sums = [[V::splat(T::ZERO); P]; R];
            let mut rows = [self.at; R];
            for (r, row) in rows.iter_mut().enumerate() {
                *row = self.at.add(r * self.steps[0]);
            }
            for t in 0..depth {
                let mut b = [V::splat(T::ZERO); P];
                for (p, b) in b.iter_mut().enumerate() {
                    *b = V::load(panel.add(t * 2 * V::N + p * V::N));
                }
                for (sums, row) in sums.iter_mut().zip(rows) {
                    let a = V::splat(*row.add(t * self.steps[1]));
                    for p in 0..P {
                        sums[p] = sums[p].add_product(a, b[p]);
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
