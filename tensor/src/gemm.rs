//! The matrix product of strided slices, `C ← α A B + β C`.
//!
//! Both factors are copied to where the inner loop reads them one element after the other ([`pack`]): B as panels of two
//! vectors' width, A as strips of six rows, unless so few columns of B profit that A's rows are better read in place. C
//! is then cut into tasks of strips × panels ([`part`]), whose innermost part is a register tile ([`kernel`]).
//!
//! An element of C is the sum over the depth in order, block after block, in whichever task it is computed.

mod kernel;
mod pack;
mod part;

use crate::Float;
use crate::compiled::Linear;
use crate::lanes::{Lanes, MOST_LANES, groups};
use pack::Matrix;
use part::{DEPTH, Part};

/// Terms whose factors are copied at a time, at most.
const COPIED_DEPTH: usize = 4 * DEPTH;
/// Rows of A and columns of B that are copied at a time, at most.
const COPIED_SIDE: usize = 4096;
/// With fewer columns A is not copied if its rows are contiguous: each copied element would be used too rarely.
const COPY_COLUMNS: usize = 128;
/// Elements by which the copies may be moved to the beginning of a cache line.
const SLACK: usize = 64 / size_of::<f32>();

/// `C ← α A B + β C` for A of m×k, B of k×n (any strides, in elements) and C of m×n, row-major.
///
/// With `beta` zero C is only written, so it may hold anything, NaN too. A transposed operand is one with its strides
/// swapped; a negative stride is not supported (a slice starts at its first element). `scratch` is working space of
/// [`gemm_scratch`] elements, whose content does not matter. The result has the same bits for any number of threads.
///
/// # Panics
/// If a slice is too short for its sizes and strides, or a stride is negative.
///
/// ```
/// use bayeux_tensor::{gemm, gemm_scratch};
/// let (a, b, mut c) = ([1., 2., 3., 4.], [5., 6., 7., 8.], [0.; 4]);
/// let mut scratch = vec![0.; gemm_scratch(2, 2, 2)];
/// gemm(2, 2, 2, 1.0, &a, [1, 2], &b, [2, 1], 0.0, &mut c, &mut scratch); // aᵀ b
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
    scratch: &mut [T],
) {
    <T as Linear>::gemm([m, k, n], alpha, a, a_strides, b, b_strides, beta, c, scratch);
}

/// The number of elements of working space that [`gemm`] needs for A of m×k and B of k×n. At most about 8 million:
/// larger products are computed in parts.
pub fn gemm_scratch(m: usize, k: usize, n: usize) -> usize {
    let columns = n.min(COPIED_SIDE).next_multiple_of(2 * MOST_LANES);
    (m.min(COPIED_SIDE) + columns) * k.min(COPIED_DEPTH) + SLACK
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
    scratch: &mut [T],
) {
    assert_eq!(c.len(), m * n, "gemm: C has {} elements, but its shape is {m}×{n}", c.len());
    let a_steps = check("A", a.len(), [m, k], a_strides);
    let b_steps = check("B", b.len(), [k, n], b_strides);
    let needs = gemm_scratch(m, k, n);
    assert!(scratch.len() >= needs, "gemm: the scratch has {} elements, needs {needs}", scratch.len());
    if beta != T::ONE && (beta != T::ZERO || k == 0) {
        scale(beta, c);
    }
    if m == 0 || k == 0 || n == 0 {
        return;
    }
    let start = scratch.as_ptr().align_offset(64).min(SLACK);
    let in_place = a_steps[1] == 1 && n < COPY_COLUMNS;
    let width = 2 * <T::Portable as Lanes>::N;
    for (panel, panels) in groups(n.div_ceil(width), COPIED_SIDE / width) {
        let column = panel * width;
        for (first, depth) in groups(k, COPIED_DEPTH) {
            let (b_copy, a_copy) = scratch[start..].split_at_mut(panels * width * depth);
            for (row, rows) in groups(m, if in_place { m } else { COPIED_SIDE }) {
                assert!(in_place || rows * depth <= a_copy.len());
                let part = Part {
                    size: [rows, depth, (panels * width).min(n - column)],
                    alpha,
                    a: Matrix { at: a.as_ptr(), steps: a_steps }.from(row, first),
                    b: Matrix { at: b.as_ptr(), steps: b_steps }.from(first, column),
                    c: c[row * n + column..].as_mut_ptr(),
                    c_step: n,
                    add: first > 0 || beta != T::ZERO,
                    a_copy: (!in_place).then_some(a_copy.as_mut_ptr()),
                    b_copy: b_copy.as_mut_ptr(),
                };
                // SAFETY: `check` has shown that all of A and B can be read, C has m × n elements, and the scratch
                // has been cut into room for the copies.
                unsafe { part.run() };
            }
        }
    }
}

/// `C ← β C`, where with β = 0 C may hold anything.
fn scale<T: Float>(beta: T, c: &mut [T]) {
    if beta == T::ZERO {
        c.fill(T::ZERO);
    } else {
        c.iter_mut().for_each(|c| *c = beta * *c);
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
