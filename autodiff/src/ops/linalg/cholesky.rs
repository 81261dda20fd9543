//! The Cholesky factor of a positive definite matrix.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, ElementType, Float};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{LltError, cholesky_in_place, cholesky_in_place_scratch};
use faer::{MatMut, Par};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Field, Triangle, elements, half_of_lower, sides, squares, with_field};
use crate::expr::refusal::refuse;
use crate::kernel::View;
use crate::ops::Operation;
use crate::{AnyExpr, Error, Expr, Hlo, HloType, HloValue, Real, ValueType};

/// Symmetric A → the lower L with L Lᵀ = A.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Cholesky;

impl Operation for Cholesky {
    fn name(&self) -> String {
        "cholesky".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        squares(&inputs[0]).map(|_| vec![inputs[0].clone()])
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        fn run<T: Field>(op: &Cholesky, n: usize, a: &[T], l: &mut [T]) -> Result<(), Error> {
            let scratch = cholesky_in_place_scratch::<T>(n, Par::Seq, Default::default());
            let parts = l.par_chunks_mut(n * n).zip(a.par_chunks(n * n));
            super::for_each(
                op,
                n * n * n / 3,
                parts,
                || MemBuffer::new(scratch),
                |memory, (l, a)| {
                    l.copy_from_slice(a);
                    factorise(n, l, MemStack::new(memory))
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

    super::matrix_by_matrix!();

    /// Ā = ½ (S + Sᵀ), S = L⁻ᵀ Φ(Lᵀ L̄) L⁻¹, where Φ takes the lower triangle and half of the diagonal: Murray (2016), "Differentiation
    /// of the Cholesky decomposition".
    fn gradient(&self, g: &AnyExpr, _inputs: &[AnyExpr], l: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let inner = half_of_lower(&l.t().matmul(g));
        let left = l.t().solve_triangular(&inner, Triangle::Upper);
        vec![Some(super::symmetric_part(&l.solve_triangular_right(&left, Triangle::Lower)))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let of = &outputs[0];
        let factor = hlo.op("cholesky", &[&inputs[0]], "lower = true", of.clone());
        let places = HloType { element: ElementType::I64, ..of.clone() };
        let (row, column) = (hlo.iota(&places, of.rank() - 2), hlo.iota(&places, of.rank() - 1));
        let (below, zero) = (hlo.compare("GE", &row, &column), hlo.full(of, 0.0));
        Some(vec![hlo.select(&below, &factor, &zero)])
    }
}

/// Puts the factor, row-major, in the place of a symmetric matrix.
fn factorise<T: Field>(n: usize, a: &mut [T], stack: &mut MemStack) -> Result<(), String> {
    let view = MatMut::from_column_major_slice_mut(&mut *a, n, n);
    let failed = cholesky_in_place(view, Default::default(), Par::Seq, stack, Default::default());
    // A pivot that is NaN passes for one that is positive.
    let bad = |i: &usize| a[i * n + i] <= T::ZERO || Float::is_nan(a[i * n + i]);
    let pivot = failed.err().map(|LltError::NonPositivePivot { index }| index).or_else(|| (0..n).find(bad));
    if let Some(pivot) = pivot {
        return Err(format!("is not positive definite, as pivot {pivot} shows"));
    }
    for i in 0..n {
        for j in i + 1..n {
            a[j * n + i] = a[i * n + j];
            a[i * n + j] = T::ZERO;
        }
    }
    Ok(())
}

impl<T: Real> Expr<T> {
    /// The Cholesky factor of positive definite matrices `[…, n, n]`: the lower triangular L with a positive diagonal for which
    /// L Lᵀ = A. Of a matrix that is not symmetric, the symmetric part (A + Aᵀ) / 2 counts; so the gradient is symmetric.
    ///
    /// A matrix that is not positive definite, or has a NaN, is an error at the call, which names the matrix of the stack and the
    /// pivot. The gradient is that of Murray (2016).
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let a = Expr::<f64>::constant(Tensor::new([2, 2], vec![4.0, 2.0, 2.0, 10.0]));
    /// let l = Function::new([], [a.cholesky()])?.call(&[])?.remove(0);
    /// assert_eq!(l.to_vec(), [2.0, 0.0, 1.0, 3.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the matrices are not square.
    #[track_caller]
    #[must_use]
    pub fn cholesky(&self) -> Self {
        if let Err(why) = squares(self.value_type()) {
            refuse!([self], "cholesky: {why}");
        }
        AnyExpr::values_of(Arc::new(Cholesky), vec![super::symmetric_part(&self.untyped())]).remove(0).typed()
    }

    /// x of A x = b, where this is the [`cholesky`](Self::cholesky) factor of A. The shapes of b are those of
    /// [`solve`](Self::solve).
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    #[must_use]
    pub fn cholesky_solve(&self, b: &Expr<T>) -> Self {
        self.t().solve_triangular(&self.solve_triangular(b, Triangle::Lower), Triangle::Upper)
    }

    /// log det A, where this is the [`cholesky`](Self::cholesky) factor of A: 2 Σ log Lᵢᵢ, which neither overflows nor
    /// underflows where the determinant does. `[…, n, n]` gives `[…]`. For matrices that are not positive definite there is
    /// [`slogdet`](Self::slogdet).
    ///
    /// # Panics
    /// If the matrices are not square.
    #[track_caller]
    #[must_use]
    pub fn cholesky_logdet(&self) -> Self {
        if let Err(why) = squares(self.value_type()) {
            refuse!([self], "cholesky_logdet: {why}");
        }
        super::diagonal(self).ln().sum(-1) * 2.0
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use super::positive;
    use crate::ops::examples::example;

    vec![
        example("cholesky", &[&[3, 4]], -1.0..1.0, |x| positive(&x[0]).cholesky())
            .and(&[&[1, 1]])
            .and(&[&[0, 0]])
            .and(&[&[2, 3, 2]])
            .and(&[&[2, 0, 3]])
            .and(&[&[0, 2, 3]]),
        example("of what is not symmetric", &[&[3, 3]], -0.1..0.1, |x| {
            (&x[0] + super::eye_like(&x[0])).cholesky()
        }),
        example("cholesky_solve", &[&[3, 3], &[3, 2]], -1.0..1.0, |x| {
            positive(&x[0]).cholesky().cholesky_solve(&x[1])
        })
        .and(&[&[2, 3, 3], &[3, 2]]),
        example("cholesky_logdet", &[&[3, 3]], -1.0..1.0, |x| positive(&x[0]).cholesky().cholesky_logdet())
            .and(&[&[2, 2, 2]]),
    ]
}

#[cfg(test)]
mod tests;
