//! The matrix product of strided slices, `C ← α A B + β C`.

use rayon::prelude::*;

use crate::Float;

/// What an element type must bring to the kernels: its `matrixmultiply` routine.
pub trait Element: crate::lanes::Vectors {
    /// `C ← α A B + β C` on one thread.
    ///
    /// # Safety
    /// The pointers with their strides must stay in bounds for the sizes; C must not overlap A or B.
    #[allow(clippy::too_many_arguments)] // the BLAS signature
    unsafe fn product(
        size: [usize; 3],
        alpha: Self,
        a: *const Self,
        a_strides: [isize; 2],
        b: *const Self,
        b_strides: [isize; 2],
        beta: Self,
        c: *mut Self,
        c_rows: isize,
    );
}

macro_rules! element {
    ($t:ident, $routine:path) => {
        impl Element for $t {
            unsafe fn product(
                [m, k, n]: [usize; 3],
                alpha: $t,
                a: *const $t,
                [ra, ca]: [isize; 2],
                b: *const $t,
                [rb, cb]: [isize; 2],
                beta: $t,
                c: *mut $t,
                rc: isize,
            ) {
                // SAFETY: the caller's promise is this routine's requirement.
                unsafe { $routine(m, k, n, alpha, a, ra, ca, b, rb, cb, beta, c, rc, 1) }
            }
        }
    };
}
element!(f32, matrixmultiply::sgemm);
element!(f64, matrixmultiply::dgemm);

/// Rows of C in one task. Fixed, so that the bits of the result do not depend on the number of threads.
const TASK_ROWS: usize = 128;

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
    assert_eq!(c.len(), m * n, "gemm: C has {} elements, but its shape is {m}×{n}", c.len());
    check("A", a.len(), [m, k], a_strides);
    check("B", b.len(), [k, n], b_strides);
    if m == 0 || n == 0 {
        return;
    }
    c.par_chunks_mut(TASK_ROWS * n).enumerate().for_each(|(task, c)| {
        let (first, rows) = (task * TASK_ROWS, c.len() / n);
        let start = if k == 0 { 0 } else { first * a_strides[0] as usize };
        // SAFETY: `check` has shown that every element the sizes and strides reach is inside A and B; the rows of C
        // are this task's own.
        unsafe {
            let a = a.as_ptr().add(start);
            T::product(
                [rows, k, n],
                alpha,
                a,
                a_strides,
                b.as_ptr(),
                b_strides,
                beta,
                c.as_mut_ptr(),
                n as isize,
            );
        }
    });
}

/// Panics unless a matrix of `size` and `strides` lies inside a slice of `len` elements.
#[track_caller]
fn check(name: &str, len: usize, size: [usize; 2], strides: [isize; 2]) {
    if size[0] == 0 || size[1] == 0 {
        return;
    }
    assert!(strides[0] >= 0 && strides[1] >= 0, "gemm: {name} has a negative stride: {strides:?}");
    let last = (size[0] - 1) * strides[0] as usize + (size[1] - 1) * strides[1] as usize;
    assert!(
        last < len,
        "gemm: {name} of {}×{} with strides {strides:?} needs {} elements, got {len}",
        size[0],
        size[1],
        last + 1
    );
}
