//! Softmax, its logarithm and its normaliser, row by row.
//!
//! All three subtract each row's largest element m first, so that no exponential overflows and at least one is 1:
//! Σ exp x = eᵐ Σ exp(x − m).

use rayon::prelude::*;

use crate::{Float, simd};

/// Rows per parallel task, by elements. Fixed, so that results do not depend on the number of threads.
const TASK: usize = 8 << 10;

/// Probabilities: y = exp(x − m) / Σ exp(x − m) for each row of `columns` elements.
///
/// # Panics
/// If `x` and `y` differ in length or are not whole rows.
pub fn softmax<T: Float>(x: &[T], columns: usize, y: &mut [T]) {
    rows(x, columns, y, columns, |x, y| {
        let m = largest(x);
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = x - m);
        exponentials(y);
        let scale = T::ONE / sum(y);
        y.iter_mut().for_each(|y| *y *= scale);
    });
}

/// Logarithms of probabilities: y = x − m − ln Σ exp(x − m) for each row of `columns` elements.
///
/// # Panics
/// If `x` and `y` differ in length or are not whole rows.
pub fn log_softmax<T: Float>(x: &[T], columns: usize, y: &mut [T]) {
    rows(x, columns, y, columns, |x, y| {
        let (m, log_sum) = normaliser(x, y);
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = x - m - log_sum);
    });
}

/// Normalisers: y = m + ln Σ exp(x − m), one for each row of `columns` elements.
///
/// # Panics
/// If `x` is not `columns` elements for each element of `y`.
pub fn logsumexp<T: Float>(x: &[T], columns: usize, y: &mut [T]) {
    rows(x, columns, y, 1, |x, y| {
        let mut buffer = [T::ZERO; 64];
        let m = largest(x);
        let mut total = T::ZERO;
        for part in x.chunks(buffer.len()) {
            let shifted = &mut buffer[..part.len()];
            shifted.iter_mut().zip(part).for_each(|(y, &x)| *y = x - m);
            exponentials(shifted);
            total += sum(shifted);
        }
        // A row of −∞ has the sum 0, not NaN.
        y[0] = if m == T::NEG_INFINITY { m } else { m + logarithm(total) };
    });
}

fn rows<T: Float>(
    x: &[T],
    columns: usize,
    y: &mut [T],
    out_columns: usize,
    row: impl Fn(&[T], &mut [T]) + Sync,
) {
    if columns == 0 {
        return y.fill(T::NEG_INFINITY);
    }
    assert!(
        x.len() == y.len() / out_columns * columns && y.len().is_multiple_of(out_columns),
        "softmax: {} elements in, {} out, in rows of {columns}",
        x.len(),
        y.len()
    );
    let per_task = (TASK / columns).max(1);
    let tasks = y.par_chunks_mut(per_task * out_columns).zip(x.par_chunks(per_task * columns));
    tasks.for_each(|(y, x)| {
        for (y, x) in y.chunks_exact_mut(out_columns).zip(x.chunks_exact(columns)) {
            row(x, y);
        }
    });
}

/// The largest element m and ln Σ exp(x − m); `y` is overwritten.
fn normaliser<T: Float>(x: &[T], y: &mut [T]) -> (T, T) {
    let m = largest(x);
    y.iter_mut().zip(x).for_each(|(y, &x)| *y = x - m);
    exponentials(y);
    (m, logarithm(sum(y)))
}

fn largest<T: Float>(x: &[T]) -> T {
    x.iter().fold(T::NEG_INFINITY, |m, &x| if x > m || x.is_nan() { x } else { m })
}

fn sum<T: Float>(x: &[T]) -> T {
    T::from_f64(x.iter().map(|x| x.to_f64()).sum())
}

fn logarithm<T: Float>(x: T) -> T {
    T::from_f64(x.to_f64().ln())
}

/// eˣ in place.
fn exponentials<T: Float>(x: &mut [T]) {
    let mut buffer = [T::ZERO; 64];
    for part in x.chunks_mut(buffer.len()) {
        let result = &mut buffer[..part.len()];
        simd::exp(part, result);
        part.copy_from_slice(result);
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
