//! The exponential of a matrix.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, ElementType, Float};
use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::lu::partial_pivoting::{factor, solve};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::{Field, elements, finite, rows_of_stacks, sides, squares, with_field};
use crate::kernel::View;
use crate::ops::{Batch, Operation};
use crate::{AnyExpr, Dim, Error, Expr, Real, Rows, ValueType};

/// A → Σ Aᵏ / k!
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Expm;

impl Operation for Expm {
    fn name(&self) -> String {
        "expm".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        squares(&inputs[0]).map(|_| vec![inputs[0].clone()])
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        fn run<T: Field>(op: &Expm, n: usize, a: &[T], y: &mut [T]) -> Result<(), Error> {
            let scratch = scratch::<T>(n);
            let parts = y.par_chunks_mut(n * n).zip(a.par_chunks(n * n));
            super::for_each(
                op,
                20 * n * n * n,
                parts,
                || MemBuffer::new(scratch),
                |memory, (y, a)| {
                    finite(a)?;
                    exponential(n, a, y, MemStack::new(memory));
                    Ok(())
                },
            )
        }
        let n = sides(inputs[0].shape)[0];
        match inputs[0].is_empty() {
            true => Ok(()),
            false => with_field!(outputs[0], T => {
                run::<T>(self, n, inputs[0].elements(), elements(&mut outputs[0]))
            }),
        }
    }

    fn can_fail(&self) -> bool {
        true
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(AnyExpr::values_of(Arc::new(*self), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows_of_stacks(rows, inputs)
    }

    /// Ā = L(Aᵀ, Ȳ), the derivative at Aᵀ along Ȳ.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![Some(derivative(&inputs[0].t(), g))]
    }
}

/// A, E → L(A, E), the derivative of the exponential at A along E (Fréchet's): exp [[A, E], [0, A]] has it above its diagonal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Derivative;

#[track_caller]
fn derivative(a: &AnyExpr, e: &AnyExpr) -> AnyExpr {
    AnyExpr::values_of(Arc::new(Derivative), vec![a.clone(), e.clone()]).remove(0)
}

impl Operation for Derivative {
    fn name(&self) -> String {
        "expm derivative".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        squares(&inputs[0])?;
        crate::ops::elementwise::alike(inputs)
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        fn run<T: Field>(n: usize, a: &[T], e: &[T], y: &mut [T]) -> Result<(), Error> {
            let m = 2 * n;
            let space = || (MemBuffer::new(scratch::<T>(m)), [0, 1].map(|_| vec![T::ZERO; m * m]));
            let parts = y.par_chunks_mut(n * n).zip(a.par_chunks(n * n)).zip(e.par_chunks(n * n));
            super::for_each(
                &Derivative,
                20 * m * m * m,
                parts,
                space,
                |(memory, [block, found]), ((y, a), e)| {
                    finite(a)?;
                    finite(e)?;
                    // It is linear in E, which is brought to the size of one: a block of any other size would cost digits.
                    let size = e.iter().fold(T::ZERO, |size, x| Float::max(size, Float::abs(*x)));
                    if size == T::ZERO {
                        y.fill(T::ZERO);
                        return Ok(());
                    }
                    for (i, (a, e)) in a.chunks(n).zip(e.chunks(n)).enumerate() {
                        block[i * m..][..n].copy_from_slice(a);
                        block[i * m + n..][..n].iter_mut().zip(e).for_each(|(to, e)| *to = *e / size);
                        block[(n + i) * m + n..][..n].copy_from_slice(a);
                    }
                    exponential(m, block, found, MemStack::new(memory));
                    for (y, found) in y.chunks_mut(n).zip(found.chunks(m)) {
                        y.iter_mut().zip(&found[n..]).for_each(|(y, x)| *y = *x * size);
                    }
                    Ok(())
                },
            )
        }
        let n = sides(inputs[0].shape)[0];
        match inputs[0].is_empty() {
            true => Ok(()),
            false => with_field!(outputs[0], T => {
                run::<T>(n, inputs[0].elements(), inputs[1].elements(), elements(&mut outputs[0]))
            }),
        }
    }

    fn can_fail(&self) -> bool {
        true
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(AnyExpr::values_of(Arc::new(*self), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows_of_stacks(rows, inputs)
    }

    /// Ē = L(Aᵀ, Ȳ). Ā comes from B = [[A, E], [0, A]], whose exponential's block above the diagonal is the value: it is the sum of the
    /// blocks on the diagonal of L(Bᵀ, [[0, Ȳ], [0, 0]]). What E is divided by to be of the size of one is a factor of Ā, and no part
    /// of the function.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let (a, e) = (&inputs[0], &inputs[1]);
        let (at, n) = (a.rank() - 2, a.dim(a.rank() - 1));
        let size = e.stop_gradient().abs().max([-2, -1]).insert_axis(at).insert_axis(at + 1);
        let size = Expr::select(&size.gt(&size.zeros_like()), &size, &size.ones_like());
        let zero = a.zeros_like();
        let block = |parts: [&AnyExpr; 4]| {
            let [above, below] = [[parts[0], parts[1]], [parts[2], parts[3]]]
                .map(|row| Expr::concat(&row.map(Expr::clone), at + 1));
            Expr::concat(&[above, below], at)
        };
        let whole = derivative(&block([a, &(e / &size), &zero, a]).t(), &block([&zero, g, &zero, &zero]));
        let first = whole.slice(at, Dim::from(0)..n.clone()).slice(at + 1, Dim::from(0)..n.clone());
        let last = whole.slice(at, n.clone()..&n * 2).slice(at + 1, n.clone()..&n * 2);
        vec![Some((first + last) * size), Some(derivative(&a.t(), g))]
    }
}

/// The working space for an exponential.
fn scratch<T: Field>(n: usize) -> StackReq {
    factor::lu_in_place_scratch::<usize, T>(n, n, Par::Seq, Default::default())
        .or(solve::solve_in_place_scratch::<usize, T>(n, n, Par::Seq))
}

/// How far from 0 (in the norm of the largest column sum) Padé's approximants of these degrees are exact: Higham (2005), "The scaling and
/// squaring method for the matrix exponential revisited", table 2.3, and for f32 as far as its precision goes.
const DOUBLE: [(usize, f64); 5] = [
    (3, 1.495585217958292e-2),
    (5, 2.539398330063230e-1),
    (7, 9.504178996162932e-1),
    (9, 2.097847961257068),
    (13, 5.371920351148152),
];
const SINGLE: [(usize, f64); 3] = [(3, 4.258730016922831e-1), (5, 1.880152677804762), (7, 3.925724783138660)];

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
fn exponential<T: Field>(n: usize, a: &[T], y: &mut [T], stack: &mut MemStack) {
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

impl<T: Real> Expr<T> {
    /// The exponentials of square matrices `[…, n, n]`, Σ Aᵏ / k!, by Padé's approximants with scaling and squaring (Higham 2005). Numbers that
    /// are not finite are an error at the call.
    ///
    /// The gradient is computed by the exponential of a matrix of twice the size, whose upper right block is the derivative (Najfeld &
    /// Havel 1995); so each order of derivatives takes about eight times as long as the one before.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// // A rotation by one radian.
    /// let a = Expr::<f64>::constant(Tensor::new([2, 2], vec![0.0, -1.0, 1.0, 0.0]));
    /// let turned = Function::new([], [a.expm()])?.call(&[])?.remove(0);
    /// let (sin, cos) = 1.0_f64.sin_cos();
    /// assert!(turned.iter().zip([cos, -sin, sin, cos]).all(|(a, b)| (a - b).abs() < 1e-15));
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the matrices are not square.
    #[track_caller]
    #[must_use]
    pub fn expm(&self) -> Self {
        AnyExpr::values_of(Arc::new(Expm), vec![self.untyped()]).remove(0).typed()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    vec![
        example("expm", &[&[3, 3]], -1.0..1.0, |x| x[0].expm())
            .and(&[&[1, 1]])
            .and(&[&[0, 0]])
            .and(&[&[2, 2, 2]])
            .and(&[&[0, 2, 2]]),
        example("expm near 0", &[&[2, 2]], -0.01..0.01, |x| x[0].expm()),
        example("expm far from 0", &[&[2, 2]], -3.0..3.0, |x| x[0].expm().tanh()),
    ]
}

#[cfg(test)]
mod tests;
