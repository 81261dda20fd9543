//! The matrix product of strided slices, `C ← α A B + β C`.
//!
//! Both factors are copied to where the inner loop reads them one element after the other ([`pack`]): first B, as panels of two
//! vectors' width. C is then cut into tasks of rows, or of rows × panels where rows are few ([`part`]); each copies its rows of A
//! as strips of a few, unless so few columns of B profit that they are better read in place. The innermost part is a register tile
//! ([`kernel`]). A loop over C's elements can go on with the rows of each task while they are in a cache ([`by_rows`]).
//!
//! An element of C is the sum over the depth in order, block after block, in whichever task it is computed; of many terms, parts of
//! the depth are added in double precision ([`deep`]).

mod deep;
mod kernel;
mod pack;
mod part;
mod room;
mod small;

use crate::Float;
use crate::compiled::CompiledKernels;
use crate::fused::Each;
use crate::hand_off::keeps_product;
use crate::lanes::{WIDEST, groups, lanes, narrow_lanes};
use crate::shared::Shared;
use crate::size::reach;
use deep::deep;
use pack::Matrix;
use part::{Cut, DEPTH, FEWEST_STRIPS, Part, STRIP, for_each};
pub(crate) use room::{ROOM, Room};
use small::Small;

/// Terms whose factors are copied at a time, at most.
const COPIED_DEPTH: usize = 4 * DEPTH;
/// Columns of B that are copied at a time, at most.
const COPIED_COLUMNS: usize = 4096;
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
/// use bayeux_kernels::{gemm, gemm_scratch};
/// let (a, b, mut c) = ([1., 2., 3., 4.], [5., 6., 7., 8.], [0.; 4]);
/// let mut scratch = vec![0.; gemm_scratch(2, 2)];
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
    <T as CompiledKernels>::gemm([m, k, n], alpha, a, a_strides, b, b_strides, beta, c, scratch);
}

/// The number of elements of working space that [`gemm`] needs for B of k×n. At most about 4 million: larger products are
/// computed in parts.
#[must_use]
pub fn gemm_scratch(k: usize, n: usize) -> usize {
    n.min(COPIED_COLUMNS).next_multiple_of(2 * WIDEST) * k.min(COPIED_DEPTH) + SLACK
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
    assert!(is_len(c.len(), [m, n]), "gemm: C has {} elements, but its shape is {m}×{n}", c.len());
    let a_steps = check("A", a.len(), [m, k], a_strides);
    let b_steps = check("B", b.len(), [k, n], b_strides);
    let needs = gemm_scratch(k, n);
    assert!(scratch.len() >= needs, "gemm: the scratch has {} elements, needs {needs}", scratch.len());
    if k > deep::MANY && m > 0 && n > 0 {
        return deep([m, k, n], alpha, a, a_strides, b, b_strides, beta, c, scratch);
    }
    if beta != T::ONE && (beta != T::ZERO || k == 0) {
        scale(beta, c);
    }
    if m == 0 || k == 0 || n == 0 {
        return;
    }
    let start = scratch.as_ptr().align_offset(64).min(SLACK);
    let b_copy = scratch[start..].as_mut_ptr();
    let (a, b) = (Matrix { at: a.as_ptr(), steps: a_steps }, Matrix { at: b.as_ptr(), steps: b_steps });
    if let (true, Some(small)) = (alpha == T::ONE, Small::new([m, k, n], a, b)) {
        // SAFETY: as below.
        return unsafe { small.multiply(c.as_mut_ptr(), beta != T::ZERO, b_copy) };
    }
    let a_in_place = a_steps[1] == 1 && n < COPY_COLUMNS;
    let width = 2 * lanes::<T>();
    for (panel, panels) in groups(n.div_ceil(width), COPIED_COLUMNS / width) {
        let column = panel * width;
        for (first, depth) in groups(k, COPIED_DEPTH) {
            let part = Part {
                size: [m, depth, (panels * width).min(n - column)],
                alpha,
                a: a.from(0, first),
                b: b.from(first, column),
                a_in_place,
                b_copy,
                add: first > 0 || beta != T::ZERO,
                cut: Cut::new([m, depth, panels], width, usize::MAX),
            };
            let c = Shared(c[column..].as_mut_ptr());
            // SAFETY: `check` has shown that all of A and B can be read, C has m × n elements, and the scratch is as long as
            // `gemm_scratch` says.
            unsafe {
                part.copy();
                for_each(part.tasks(), keeps_product([m, k, n], 0), |task| part.multiply(task, c.get(), n));
            }
        }
    }
}

/// In how many tasks [`by_rows`] computes A of m×k times B of k×n; `None` if it cannot.
pub(crate) fn tasks_by_rows<T: Float>([m, k, n]: [usize; 3]) -> Option<usize> {
    // The same tasks at every level, as what goes on with them may add up their rows.
    let width = 2 * narrow_lanes::<T>();
    let most_strips = if fits_copy([m, k, n]) { ROOM / n / STRIP } else { 0 };
    let cut = Cut::new([m, k, n.div_ceil(width)], width, most_strips);
    (most_strips >= FEWEST_STRIPS && cut.across == 1).then_some(cut.down)
}

/// Whether all of B of k×n can be copied at once, for a product that has elements.
fn fits_copy([m, k, n]: [usize; 3]) -> bool {
    m > 0 && (1..=COPIED_DEPTH).contains(&k) && (1..=COPIED_COLUMNS).contains(&n)
}

/// `A B`, some rows at a time, in as many tasks as [`tasks_by_rows`] says: as soon as task i has computed rows `first .. last`,
/// it calls `each` with i, these, and where the first element of the first row is. The call may read and overwrite the rows. If
/// they are `kept` they are in their place in there; otherwise they are gone after the call. All calls together take about so
/// many `cycles`.
///
/// # Panics
/// As [`gemm`], with the scratch of [`gemm_scratch`].
#[track_caller]
pub(crate) fn by_rows<T: Float>(
    [m, k, n]: [usize; 3],
    [down, cycles]: [usize; 2],
    [(a, a_strides), (b, b_strides)]: [(&[T], [isize; 2]); 2],
    kept: Option<&mut [T]>,
    scratch: &mut [T],
    each: Each<'_, T>,
) {
    // For so much of B there is scratch; each task checks that there is room for its rows, however many tasks there are.
    assert!(fits_copy([m, k, n]), "gemm: {m}×{k}×{n} is not computed by rows");
    let a_steps = check("A", a.len(), [m, k], a_strides);
    let b_steps = check("B", b.len(), [k, n], b_strides);
    let needs = gemm_scratch(k, n);
    assert!(scratch.len() >= needs, "gemm: the scratch has {} elements, needs {needs}", scratch.len());
    let whole = kept.as_ref().is_none_or(|c| is_len(c.len(), [m, n]));
    assert!(whole, "gemm: C of {m}×{n} has another number of elements");
    let start = scratch.as_ptr().align_offset(64).min(SLACK);
    let b_copy = scratch[start..].as_mut_ptr();
    let (a, b) = (Matrix { at: a.as_ptr(), steps: a_steps }, Matrix { at: b.as_ptr(), steps: b_steps });
    if let (true, Some(small)) =
        (down == 1 && m.saturating_mul(n) <= small::ROOM, Small::new([m, k, n], a, b))
    {
        // SAFETY: as below.
        return unsafe { small.by_rows(m, kept, b_copy, each) };
    }
    let part = Part {
        size: [m, k, n],
        alpha: T::ONE,
        a,
        b,
        a_in_place: a_steps[1] == 1 && n < COPY_COLUMNS,
        b_copy,
        add: false,
        cut: Cut { down, across: 1 },
    };
    // SAFETY: the factors and the scratch have been checked.
    unsafe { part.copy() };
    let kept = kept.map(|c| Shared(c.as_mut_ptr()));
    for_each(part.tasks(), keeps_product([m, k, n], cycles), |task| {
        let mut room = Room::<T, ROOM>::new();
        let rows = part.rows(task);
        assert!((rows[1] - rows[0]) * n <= ROOM, "the room is for fewer than rows {rows:?} of {n}");
        let at = match kept {
            Some(c) => c.get().wrapping_add(rows[0] * n),
            None => room.as_mut_ptr(),
        };
        // SAFETY: B has been copied and A checked. At `at` there is room for the task's rows: in C, or in the room, since
        // which is large enough.
        unsafe { part.multiply(task, at.wrapping_sub(rows[0] * n), n) };
        each(task, rows, at);
    });
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
        let [rows, columns] = size;
        // What memory cannot hold, no slice does.
        let needs = reach(&size, &strides).map_or(usize::MAX, |[_, last]| last + 1);
        assert!(
            needs <= len,
            "gemm: {name} of {rows}×{columns} with strides {strides:?} needs {needs} elements, got {len}"
        );
    }
    steps
}

/// Whether a slice of `len` elements is a matrix of this size.
fn is_len(len: usize, [rows, columns]: [usize; 2]) -> bool {
    rows.checked_mul(columns) == Some(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_share_all_rows_evenly_and_fit_in_the_room() {
        for [m, k, n] in (1..1200).step_by(7).flat_map(|m| {
            [1, 37, 500, 800].into_iter().flat_map(move |k| [1, 10, 33, 130, 800, 1090].map(|n| [m, k, n]))
        }) {
            let Some(tasks) = tasks_by_rows::<f32>([m, k, n]) else { continue };
            let matrix = Matrix { at: std::ptr::null(), steps: [0, 0] };
            let part = Part {
                size: [m, k, n],
                alpha: 1.0,
                a: matrix,
                b: matrix,
                a_in_place: false,
                b_copy: std::ptr::null_mut(),
                add: false,
                cut: Cut { down: tasks, across: 1 },
            };
            let rows: Vec<[usize; 2]> = (0..part.tasks()).map(|task| part.rows(task)).collect();
            assert_eq!((rows[0][0], rows[tasks - 1][1]), (0, m));
            assert!(rows.windows(2).all(|pair| pair[0][1] == pair[1][0]), "{m}: {rows:?}");
            let lengths = rows.iter().map(|[first, last]| last - first);
            assert!(lengths.clone().all(|length| length * n <= ROOM), "{m}×{n}: {rows:?}");
            // Tasks differ by a strip, and strips by a row.
            let (least, most) = (lengths.clone().min().unwrap_or(0), lengths.max().unwrap_or(0));
            assert!(most - least <= 2 * STRIP, "{m}×{k}×{n}: {rows:?}");
        }
    }
}
