//! Softmax, its logarithm and its normaliser, row by row.
//!
//! All three subtract each row's largest element m first, so that no exponential overflows and at least one is 1:
//! Σ exp x = eᵐ Σ exp(x − m).

use rayon::prelude::*;

use crate::{Float, simd};

/// Rows per parallel task, by elements. Fixed, so that results do not depend on the number of threads.
const TASK: usize = 8 << 10;

/// Elements whose exponentials are taken at a time: several short rows, or a part of a long one.
const BLOCK: usize = 512;

/// Probabilities: y = exp(x − m) / Σ exp(x − m) for each row of `columns` elements.
///
/// # Panics
/// If `x` and `y` differ in length or are not whole rows.
pub fn softmax<T: Float>(x: &[T], columns: usize, y: &mut [T]) {
    blocks(x, columns, y, columns, |x, y| {
        shift(x, columns, y);
        let mut sums = [0.0; BLOCK];
        exponentials(y, columns, &mut sums, |exponentials, part| part.copy_from_slice(exponentials));
        for (y, sum) in y.chunks_exact_mut(columns).zip(sums) {
            let scale = T::ONE / T::from_f64(sum);
            y.iter_mut().for_each(|y| *y *= scale);
        }
    });
}

/// Logarithms of probabilities: y = x − m − ln Σ exp(x − m) for each row of `columns` elements.
///
/// # Panics
/// If `x` and `y` differ in length or are not whole rows.
pub fn log_softmax<T: Float>(x: &[T], columns: usize, y: &mut [T]) {
    blocks(x, columns, y, columns, |x, y| {
        shift(x, columns, y);
        let mut sums = [0.0; BLOCK];
        exponentials(y, columns, &mut sums, |_, _| ());
        simd::ln_inplace(&mut sums[..y.len() / columns]);
        for (y, log_sum) in y.chunks_exact_mut(columns).zip(sums) {
            let log_sum = T::from_f64(log_sum);
            y.iter_mut().for_each(|y| *y -= log_sum);
        }
    });
}

/// Normalisers: y = m + ln Σ exp(x − m), one for each row of `columns` elements.
///
/// # Panics
/// If `x` is not `columns` elements for each element of `y`.
pub fn logsumexp<T: Float>(x: &[T], columns: usize, y: &mut [T]) {
    blocks(x, columns, y, 1, |x, y| {
        for (y, x) in y.iter_mut().zip(x.chunks_exact(columns)) {
            let m = largest(x);
            let (mut sum, mut shifted) = ([0.0], [T::ZERO; BLOCK]);
            for part in x.chunks(BLOCK) {
                let shifted = &mut shifted[..part.len()];
                shifted.iter_mut().zip(part).for_each(|(y, &x)| *y = x - m);
                exponentials(shifted, part.len(), &mut sum, |_, _| ());
            }
            simd::ln_inplace(&mut sum);
            // A row of −∞ has the sum 0, and one with +∞ an infinite one, not NaN.
            *y = if m.abs() == T::INFINITY { m } else { m + T::from_f64(sum[0]) };
        }
    });
}

/// Calls `f` with whole rows of x and what belongs to them of y: a block's elements, or a single longer row.
fn blocks<T: Float>(
    x: &[T],
    columns: usize,
    y: &mut [T],
    out_columns: usize,
    f: impl Fn(&[T], &mut [T]) + Sync,
) {
    if columns == 0 {
        return y.fill(T::NEG_INFINITY);
    }
    assert!(
        (y.len() / out_columns).checked_mul(columns) == Some(x.len()) && y.len().is_multiple_of(out_columns),
        "softmax: {} elements in, {} out, in rows of {columns}",
        x.len(),
        y.len()
    );
    let per_task = (TASK / columns).max(1);
    let per_block = (BLOCK / columns).max(1);
    let tasks = y.par_chunks_mut(per_task * out_columns).zip(x.par_chunks(per_task * columns));
    tasks.for_each(|(y, x)| {
        y.chunks_mut(per_block * out_columns).zip(x.chunks(per_block * columns)).for_each(|(y, x)| f(x, y));
    });
}

/// y = x − m, row by row; 0 for +∞, which leaves nothing to what is finite.
fn shift<T: Float>(x: &[T], columns: usize, y: &mut [T]) {
    for (y, x) in y.chunks_exact_mut(columns).zip(x.chunks_exact(columns)) {
        let m = largest(x);
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = x - m);
        if m == T::INFINITY {
            y.iter_mut().filter(|y| y.is_nan()).for_each(|y| *y = T::ZERO);
        }
    }
}

fn largest<T: Float>(x: &[T]) -> T {
    x.iter().fold(T::NEG_INFINITY, |m, &x| if x > m || x.is_nan() { x } else { m })
}

/// Adds each row's Σ eˣ to the sums, and hands the exponentials to `keep` with the part of x that they are of. x is a block:
/// rows of together at most [`BLOCK`] elements, or a single longer row.
fn exponentials<T: Float>(x: &mut [T], columns: usize, sums: &mut [f64], keep: impl Fn(&[T], &mut [T])) {
    let mut buffer = [T::ZERO; BLOCK];
    for part in x.chunks_mut(BLOCK) {
        let buffer = &mut buffer[..part.len()];
        simd::exp(part, buffer);
        for (sum, row) in sums.iter_mut().zip(buffer.chunks(columns)) {
            *sum += row.iter().map(|x| x.to_f64()).sum::<f64>();
        }
        keep(buffer, part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f64; 6] = [1.0, 2.0, 4.0, 1000.0, 0.0, -1000.0];

    #[test]
    fn rows_match_the_textbook() {
        let mut p = [0.0; 6];
        softmax(&LOGITS, 3, &mut p);
        let total = 1f64.exp() + 2f64.exp() + 4f64.exp();
        for (p, x) in p.iter().zip(&LOGITS[..3]) {
            assert!((p - x.exp() / total).abs() < 1e-15);
        }
        assert_eq!(&p[3..], [1.0, 0.0, 0.0]);

        let mut log_p = [0.0; 6];
        log_softmax(&LOGITS, 3, &mut log_p);
        assert!((log_p[0] - (1.0 - total.ln())).abs() < 1e-14);
        assert_eq!(&log_p[3..], [0.0, -1000.0, -2000.0]);

        let mut normaliser = [0.0; 2];
        logsumexp(&LOGITS, 3, &mut normaliser);
        assert!((normaliser[0] - total.ln()).abs() < 1e-14);
        assert_eq!(normaliser[1], 1000.0);
    }

    #[test]
    fn many_short_rows_and_few_long_ones() {
        // Blocks with a rest, tasks with a rest; rows of several blocks.
        for (rows, columns) in [(1000, 10), (3, 1300), (7, 512), (2, 513), (900, 1)] {
            let x: Vec<f64> = (0..rows * columns).map(|i| (i * 37 % 101) as f64 * 0.1).collect();
            let (mut p, mut log_p, mut z) = (vec![0.0; x.len()], vec![0.0; x.len()], vec![0.0; rows]);
            softmax(&x, columns, &mut p);
            log_softmax(&x, columns, &mut log_p);
            logsumexp(&x, columns, &mut z);
            for (row, z) in z.into_iter().enumerate() {
                let range = row * columns..(row + 1) * columns;
                let total = x[range.clone()].iter().map(|x| x.exp()).sum::<f64>().ln();
                assert!((z - total).abs() < 1e-12, "row {row} of {rows} × {columns}");
                for i in range {
                    assert!((log_p[i] - (x[i] - total)).abs() < 1e-12);
                    assert!((p[i] - (x[i] - total).exp()).abs() < 1e-13);
                }
            }
        }
    }

    #[test]
    fn long_rows_and_empty_ones() {
        let x: Vec<f64> = (0..200).map(|i| f64::from(i % 7)).collect();
        let mut y = [0.0];
        logsumexp(&x, 200, &mut y);
        assert!((y[0] - x.iter().map(|x| x.exp()).sum::<f64>().ln()).abs() < 1e-13);
        logsumexp(&[f64::NEG_INFINITY; 3], 3, &mut y);
        assert_eq!(y[0], f64::NEG_INFINITY);
        softmax::<f32>(&[], 3, &mut []);
    }

    #[test]
    fn nan_is_not_hidden() {
        let mut y = [0.0; 3];
        softmax(&[1.0, f64::NAN, 2.0], 3, &mut y);
        assert!(y.iter().all(|y| y.is_nan()));
    }
}
