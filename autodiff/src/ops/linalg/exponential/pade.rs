//! Padé's approximants of the exponential, with scaling and squaring.

use bayeux_tensor::{ElementType, Float};
use faer::dyn_stack::{MemStack, StackReq};
use faer::linalg::lu::partial_pivoting::{factor, solve};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

use super::super::Field;

/// The working space for an exponential.
pub(super) fn scratch<T: Field>(n: usize) -> StackReq {
    factor::lu_in_place_scratch::<usize, T>(n, n, Par::Seq, Default::default())
        .or(solve::solve_in_place_scratch::<usize, T>(n, n, Par::Seq))
}

/// How far from 0 (in the norm of the largest column sum) Padé's approximants of these degrees are exact: Higham (2005), "The scaling and
/// squaring method for the matrix exponential revisited", table 2.3, and for f32 as far as its precision goes.
const DOUBLE: [(usize, f64); 5] = [
    (3, 1.495585217958292e-2),
    (5, 2.53939833006323e-1),
    (7, 9.504178996162932e-1),
    (9, 2.097847961257068),
    (13, 5.371920351148152),
];
const SINGLE: [(usize, f64); 3] = [(3, 4.258730016922831e-1), (5, 1.880152677804762), (7, 3.92572478313866)];

/// The coefficients of Padé's approximant of a degree, as far as the powers of A go: (2m − j)! m! / ((2m)! (m − j)! j!), times what makes the
/// last one 1.
fn coefficients(degree: usize) -> Vec<f64> {
    let mut all = vec![1.0; degree + 1];
    for j in (0..degree).rev() {
        let (m, j_) = (degree as f64, j as f64);
        // The ratio of a coefficient to the next one.
        all[j] = all[j + 1] * (2.0 * m - j_) * (j_ + 1.0) / (m - j_);
    }
    all
}

fn product<T: Field>(n: usize, a: &[T], b: &[T]) -> Vec<T> {
    let mut y = vec![T::ZERO; n * n];
    let [a, b] = [a, b].map(|x| MatRef::from_row_major_slice(x, n, n));
    matmul(MatMut::from_row_major_slice_mut(&mut y, n, n), Accum::Replace, a, b, T::ONE, Par::Seq);
    y
}

/// Σ c · x, and another number on the diagonal.
fn combination<'a, T: Field>(
    n: usize,
    unit: f64,
    terms: impl IntoIterator<Item = (f64, &'a Vec<T>)>,
) -> Vec<T> {
    let mut y = vec![T::ZERO; n * n];
    (0..n).for_each(|i| y[i * n + i] = T::from_f64(unit));
    for (c, x) in terms {
        let c = T::from_f64(c);
        y.iter_mut().zip(x).for_each(|(y, x)| *y += c * *x);
    }
    y
}

/// By Padé's approximant of A / 2ˢ, squared s times.
pub(super) fn exponential<T: Field>(n: usize, a: &[T], y: &mut [T], stack: &mut MemStack) {
    let sum = |j: usize| (0..n).map(|i| Float::abs(a[i * n + j]).to_f64()).sum::<f64>();
    let norm = (0..n).map(sum).fold(0.0, f64::max);
    let table: &[(usize, f64)] = if T::TYPE == ElementType::F32 { &SINGLE } else { &DOUBLE };
    let (most, limit) = table[table.len() - 1];
    let degree = table.iter().find(|(_, limit)| norm <= *limit).map_or(most, |(degree, _)| *degree);
    let squarings = libm::ceil(libm::log2(norm / limit)).max(0.0) as i32;
    let scale = T::from_f64(libm::ldexp(1.0, -squarings));
    let a: Vec<T> = a.iter().map(|x| *x * scale).collect();

    let b = coefficients(degree);
    let mut powers = vec![product(n, &a, &a)]; // A², A⁴, …
    while powers.len() < if degree == 13 { 3 } else { degree / 2 } {
        powers.push(product(n, &powers[0], &powers[powers.len() - 1]));
    }
    let even = |from: usize| powers.iter().enumerate().map(move |(i, x)| (2 * i + from, x));
    let (odd_part, even_part) = if degree == 13 {
        // The upper coefficients belong to A⁶ times a power.
        let part = |first: usize| {
            let upper = combination(n, 0.0, even(8 + first).map(|(i, x)| (b[i], x)));
            let upper = product(n, &powers[2], &upper);
            let lower = even(2 + first).map(|(i, x)| (b[i], x));
            combination(n, b[first], lower.chain([(1.0, &upper)]))
        };
        (part(1), part(0))
    } else {
        let part = |first: usize| combination(n, b[first], even(2 + first).map(|(i, x)| (b[i], x)));
        (part(1), part(0))
    };
    let odd_part = product(n, &a, &odd_part);
    let mut below = combination(n, 0.0, [(1.0, &even_part), (-1.0, &odd_part)]);
    let above = combination(n, 0.0, [(1.0, &even_part), (1.0, &odd_part)]);
    y.copy_from_slice(&above);
    let (mut forward, mut inverse) = (vec![0_usize; n], vec![0_usize; n]);
    // Column-major, both are their transposes; they commute, so that the quotient is its transpose, too.
    let lu = MatMut::from_column_major_slice_mut(&mut below, n, n);
    let (_, order) = factor::lu_in_place(lu, &mut forward, &mut inverse, Par::Seq, stack, Default::default());
    let lu = MatRef::from_column_major_slice(&below, n, n);
    solve::solve_in_place(lu, lu, order, MatMut::from_column_major_slice_mut(y, n, n), Par::Seq, stack);
    for _ in 0..squarings {
        let squared = product(n, y, y);
        y.copy_from_slice(&squared);
    }
}

#[cfg(test)]
mod tests {
    use super::coefficients;

    /// Those that Higham prints.
    #[test]
    fn the_coefficients_are_whole_numbers() {
        assert_eq!(coefficients(3), [120.0, 60.0, 12.0, 1.0]);
        assert_eq!(coefficients(7), [17297280.0, 8648640.0, 1995840.0, 277200.0, 25200.0, 1512.0, 56.0, 1.0]);
        let of_13 = coefficients(13);
        assert_eq!((of_13[0], of_13[1], of_13[12]), (64764752532480000.0, 32382376266240000.0, 182.0));
    }
}
