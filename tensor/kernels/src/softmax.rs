//! Softmax, its logarithm and its normaliser, row by row.
//!
//! All three subtract each row's largest element m first, so that no exponential overflows and at least one is 1:
//! Σ exp x = eᵐ Σ exp(x − m).

#[cfg(test)]
mod tests;

use rayon::prelude::*;

use crate::simd::dispatch::{LoopPerLevel, ScalarFormula, run};
use crate::simd::exponential::Exp;
use crate::simd::fma::MulAdd;
use crate::{Float, simd};

/// Rows per parallel task, by elements. Fixed, so that results do not depend on the number of threads.
const TASK: usize = 8 << 10;

/// Elements whose exponentials are taken at a time: several short rows, or a part of a long one.
const BLOCK: usize = 512;

/// Up to so many columns rows are short: several are taken together.
const SHORT: usize = 24;

/// From so many columns on a row is divided between threads, into parts of so many.
const LONG: usize = 1 << 16;
const PART: usize = 1 << 14;

/// So many elements are looked at, and added up, side by side.
const LANES: usize = 64;

/// Probabilities: y = exp(x − m) / Σ exp(x − m) for each row of `columns` elements.
///
/// # Panics
/// If `x` and `y` differ in length or are not whole rows.
pub fn softmax<T: Float>(x: &[T], columns: usize, y: &mut [T]) {
    blocks(x, columns, y, columns, |x, y| {
        if columns > SHORT {
            let m = row_largest(x);
            let sum = row_exponentials(x, m, Some(&mut *y));
            let scale = T::ONE / T::from_f64(sum);
            return in_parts(y, |_, y| run::<_, Scale>((y, scale)));
        }
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
        if columns > SHORT {
            let m = row_largest(x);
            let mut sum = [row_exponentials(x, m, None)];
            simd::ln_inplace(&mut sum);
            let log_sum = T::from_f64(sum[0]);
            return in_parts(y, |first, y| run::<_, Less>((&x[first..first + y.len()], m, log_sum, y)));
        }
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
            let m = row_largest(x);
            let mut sum = [row_exponentials(x, m, None)];
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
    let per_block = if columns > SHORT { 1 } else { BLOCK / columns };
    let task = |(y, x): (&mut [T], &[T])| {
        y.chunks_mut(per_block * out_columns).zip(x.chunks(per_block * columns)).for_each(|(y, x)| f(x, y));
    };
    if x.len() <= TASK {
        return task((y, x));
    }
    y.par_chunks_mut(per_task * out_columns).zip(x.par_chunks(per_task * columns)).for_each(task);
}

/// Calls `f` with parts of a row and where they begin: on several threads if it is long.
fn in_parts<T: Float>(y: &mut [T], f: impl Fn(usize, &mut [T]) + Sync) {
    match y.len() < LONG {
        true => f(0, y),
        false => y.par_chunks_mut(PART).enumerate().for_each(|(i, y)| f(i * PART, y)),
    }
}

/// The largest element, or NaN.
fn row_largest<T: Float>(x: &[T]) -> T {
    let of = |x: &[T]| {
        let mut m = T::NEG_INFINITY;
        run::<_, Largest>((x, &mut m));
        m
    };
    match x.len() < LONG {
        true => of(x),
        false => largest(&x.par_chunks(PART).map(of).collect::<Vec<T>>()),
    }
}

/// Σ exp(x − m), and its terms if they are wanted.
fn row_exponentials<T: Float>(x: &[T], m: T, y: Option<&mut [T]>) -> f64 {
    let of = |(x, y): (&[T], &mut [T])| {
        let mut sum = 0.0;
        match m == T::INFINITY {
            true => run::<_, Exponentials>((&without_infinity(x)[..], T::ZERO, y, &mut sum)),
            false => run::<_, Exponentials>((x, m, y, &mut sum)),
        }
        sum
    };
    let parts: Vec<f64> = match (x.len() < LONG, y) {
        (true, y) => return of((x, y.unwrap_or_default())),
        (false, Some(y)) => x.par_chunks(PART).zip(y.par_chunks_mut(PART)).map(of).collect(),
        (false, None) => x.par_chunks(PART).map(|x| of((x, &mut []))).collect(),
    };
    parts.iter().sum()
}

/// x − ∞, but 0 for ∞, which leaves nothing to what is finite.
fn without_infinity<T: Float>(x: &[T]) -> Vec<T> {
    x.iter().map(|&x| if x == T::INFINITY { T::ZERO } else { x - T::INFINITY }).collect()
}

/// m ← the larger, or the NaN, of m and each x.
struct Largest;

impl<T: Float> LoopPerLevel<(&[T], &mut T)> for Largest {
    #[inline(always)]
    fn run<M: MulAdd>((x, m): (&[T], &mut T)) {
        let mut lanes = [*m; LANES];
        for part in x.chunks(LANES) {
            each_lane(part, T::NEG_INFINITY, |x| {
                for (m, x) in lanes.iter_mut().zip(x) {
                    *m = larger(*m, *x);
                }
            });
        }
        *m = joined(lanes, larger);
    }
}

#[inline(always)]
fn larger<T: Float>(m: T, x: T) -> T {
    // `|` and not `||`: both are computed, and it is vector code.
    if (x > m) | x.is_nan() { x } else { m }
}

/// Calls `f` with so many elements, which are filled up if they are too few.
#[inline(always)]
fn each_lane<T: Float>(part: &[T], fill: T, mut f: impl FnMut(&[T; LANES])) {
    match part.try_into() {
        Ok(whole) => f(whole),
        Err(_) => {
            let mut filled = [fill; LANES];
            filled[..part.len()].copy_from_slice(part);
            f(&filled);
        }
    }
}

/// All lanes as one, halved onto each other.
#[inline(always)]
fn joined<T: Copy>(mut lanes: [T; LANES], join: impl Fn(T, T) -> T) -> T {
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = join(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}

/// y ← exp(x − m), unless y is empty, and the sum of these, which is added up in f64 block by block.
struct Exponentials;

impl<T: Float> LoopPerLevel<(&[T], T, &mut [T], &mut f64)> for Exponentials {
    #[inline(always)]
    fn run<M: MulAdd>((x, m, y, sum): (&[T], T, &mut [T], &mut f64)) {
        let mut sums = [0.0; LANES];
        for (block, x) in x.chunks(BLOCK).enumerate() {
            let mut block_sums = [T::ZERO; LANES];
            for (i, part) in x.chunks(LANES).enumerate() {
                let mut exponentials = [T::ZERO; LANES];
                // The exponential of −∞ is 0.
                each_lane(part, T::NEG_INFINITY, |x| {
                    let mut others = [T::ZERO; LANES];
                    for k in 0..LANES {
                        let (first, second) = Exp::prepare::<_, M>((x[k] - m).number());
                        (exponentials[k], others[k]) = (T::element(first), T::element(second));
                    }
                    for k in 0..LANES {
                        let parts = (exponentials[k].number(), others[k].number());
                        exponentials[k] = T::element(Exp::finish::<_, M>((x[k] - m).number(), parts));
                    }
                });
                for k in 0..LANES {
                    block_sums[k] += exponentials[k];
                }
                if !y.is_empty() {
                    y[block * BLOCK + i * LANES..][..part.len()].copy_from_slice(&exponentials[..part.len()]);
                }
            }
            for k in 0..LANES {
                sums[k] += block_sums[k].to_f64();
            }
        }
        *sum = joined(sums, |a, b| a + b);
    }
}

/// y ← y times a number.
struct Scale;

impl<T: Float> LoopPerLevel<(&mut [T], T)> for Scale {
    #[inline(always)]
    fn run<M: MulAdd>((y, scale): (&mut [T], T)) {
        y.iter_mut().for_each(|y| *y *= scale);
    }
}

/// y ← (x − m) − `log_sum`, with x − m as 0 where both are ∞.
struct Less;

impl<T: Float> LoopPerLevel<(&[T], T, T, &mut [T])> for Less {
    #[inline(always)]
    fn run<M: MulAdd>((x, m, log_sum, y): (&[T], T, T, &mut [T])) {
        if m == T::INFINITY {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = if x == m { -log_sum } else { x - m };
            }
            return;
        }
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = (x - m) - log_sum);
    }
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

/// Adds each row's Σ eˣ to the sums, and hands the exponentials to `keep` with the part of x that they are of. x is a block of rows.
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
