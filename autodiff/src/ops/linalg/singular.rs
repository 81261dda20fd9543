//! Singular values and vectors.

use std::sync::Arc;

use bayeux_tensor::AnySliceMut;
use faer::diag::DiagMut;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::{MatMut, MatRef, Par};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Field, elements, finite, inverse_or_zero, matrices, sides, with_field};
use crate::expr::refusal::refuse;
use crate::kernel::View;
use crate::ops::Operation;
use crate::{AnyExpr, Error, Expr, Real, ValueType};

/// A with no fewer rows than columns → its singular values in descending order; or U, these, and Vᵀ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Svd {
    vectors: bool,
}

impl Operation for Svd {
    fn name(&self) -> String {
        if self.vectors { "svd" } else { "svdvals" }.into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let a = &inputs[0];
        let columns = super::tall(a)?;
        let rank = a.shape.rank();
        let values = ValueType::new(a.element, a.shape.without(&[rank - 2]));
        let right = ValueType::new(a.element, a.shape.with(rank - 2, columns.clone()));
        Ok(if self.vectors { vec![a.clone(), values, right] } else { vec![values] })
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        match inputs[0].is_empty() {
            true => Ok(()),
            false => with_field!(outputs[0], T => {
                run::<T>(*self, sides(inputs[0].shape), inputs[0].elements(), outputs)
            }),
        }
    }

    super::matrix_by_matrix!();

    /// Of the values alone: Ā = U diag(s̄) Vᵀ.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let all = AnyExpr::values_of(Arc::new(Svd { vectors: true }), inputs.to_vec());
        vec![Some((&all[0] * g.insert_axis(g.rank() - 1)).matmul(&all[2]))]
    }

    /// Ā = U (J S + S K + diag(s̄)) Vᵀ + (1 − U Uᵀ) Ū S⁻¹ Vᵀ, J = F ∘ (Uᵀ Ū − Ūᵀ U), K = F ∘ (Vᵀ V̄ − V̄ᵀ V), Fᵢⱼ = 1 / (sⱼ² − sᵢ²): Townsend
    /// (2016), "Differentiating the singular value decomposition"; Seeger et al. (2017). Where two values are equal, F is 0, and S⁻¹
    /// where a value is.
    fn gradients(
        &self,
        adjoints: &[Option<AnyExpr>],
        inputs: &[AnyExpr],
        outputs: &[AnyExpr],
    ) -> Vec<Option<AnyExpr>> {
        let [u, s, vt] = outputs else {
            return vec![adjoints[0].as_ref().and_then(|g| self.gradient(g, inputs, &outputs[0]).remove(0))];
        };
        let as_row = |x: &AnyExpr| x.insert_axis(x.rank() - 1);
        let as_column = |x: &AnyExpr| x.insert_axis(x.rank());
        let factors = || {
            let sums = as_row(s) + as_column(s);
            inverse_or_zero(&(as_row(s) - as_column(s))) * inverse_or_zero(&sums)
        };
        let of_values = adjoints[1].as_ref().map(|g| (u * as_row(g)).matmul(vt));
        let of_left = adjoints[0].as_ref().map(|g| {
            let inner = u.t().matmul(g);
            let turned = u.matmul(&(factors() * (&inner - inner.t()) * as_row(s)));
            // What leads out of the space of U, which there is not where that is all.
            let square = inputs[0].dim(u.rank() - 2) == inputs[0].dim(u.rank() - 1);
            let outside = || (g - u.matmul(&inner)) * as_row(&inverse_or_zero(s));
            if square { turned } else { turned + outside() }.matmul(vt)
        });
        let of_right = adjoints[2].as_ref().map(|g| {
            let inner = vt.matmul(&g.t());
            (u * as_row(s)).matmul(&(factors() * (&inner - inner.t()))).matmul(vt)
        });
        vec![of_values.into_iter().chain(of_left).chain(of_right).reduce(|a, b| a + b)]
    }
}

fn run<T: Field>(op: Svd, [m, n]: [usize; 2], a: &[T], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
    let asked = if op.vectors { ComputeSvdVectors::Thin } else { ComputeSvdVectors::No };
    let scratch = svd_scratch::<T>(m, n, asked, asked, Par::Seq, Default::default());
    let space = || (MemBuffer::new(scratch), vec![T::ZERO; if op.vectors { m * n } else { 0 }]);
    let a = a.par_chunks(m * n);
    match outputs {
        [u, s, vt] => {
            let parts = elements(s).par_chunks_mut(n).zip(elements(u).par_chunks_mut(m * n));
            let parts = parts.zip(elements(vt).par_chunks_mut(n * n)).zip(a);
            super::for_each(&op, 12 * m * n * n, parts, space, |(memory, columns), (((s, u), vt), a)| {
                let (left, right) = (&mut columns[..], &mut vt[..]);
                let left = MatMut::from_column_major_slice_mut(left, m, n);
                // Column-major, V is what its transpose is row-major.
                let right = MatMut::from_column_major_slice_mut(right, n, n);
                decompose([m, n], a, s, Some((left, right)), MemStack::new(memory))?;
                for (left, right) in columns.chunks_mut(m).zip(vt.chunks_mut(n)) {
                    let sign = super::turn(right);
                    left.iter_mut().chain(right).for_each(|x| *x *= sign);
                }
                super::transpose_to(m, n, columns, u);
                Ok(())
            })
        }
        [s] => {
            let parts = elements(s).par_chunks_mut(n).zip(a);
            super::for_each(&op, 4 * m * n * n, parts, space, |(memory, _), (s, a)| {
                decompose([m, n], a, s, None, MemStack::new(memory))
            })
        }
        _ => unreachable!("it has one value or three"),
    }
}

/// The singular values of a row-major matrix, and the singular vectors as columns.
pub(super) fn decompose<T: Field>(
    [m, n]: [usize; 2],
    a: &[T],
    values: &mut [T],
    vectors: Option<(MatMut<'_, T>, MatMut<'_, T>)>,
    stack: &mut MemStack,
) -> Result<(), String> {
    finite(a)?;
    let (a, values) = (MatRef::from_row_major_slice(a, m, n), DiagMut::from_slice_mut(values));
    let (u, v) = vectors.unzip();
    let found = svd(a, values, u, v, Par::Seq, stack, Default::default());
    found.map_err(|_| "has singular values to which the iteration does not converge".into())
}

impl<T: Real> Expr<T> {
    /// The thin singular value decomposition of matrices `[…, m, n]`: U `[…, m, k]`, the singular values s `[…, k]` in descending order, and
    /// Vᵀ `[…, k, n]`, where k is the lesser of m and n: A = U diag(s) Vᵀ. If free dimensions leave open which one is the lesser, that is
    /// taken to be n, and a call with fewer rows than columns fails.
    ///
    /// Of each row of Vᵀ (of each column of U where there are fewer rows than columns), the first element that is at least half as large as
    /// the largest is positive. The gradients of the vectors divide by the differences of
    /// the squares of singular values. Where two are equal or 0, vectors are not determined, and what mixes them gets a slope of 0, as
    /// does what leads from the vectors of a singular value 0 out of their space: so gradients are finite, and right for functions
    /// that do not depend on the choice of the vectors. Second derivatives lack what they owe to pairs of equal values. The gradient of
    /// the values is finite everywhere. Numbers that are not finite are an error at the call.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let a = Expr::<f64>::constant(Tensor::new([3, 2], vec![0.0, 2.0, 3.0, 0.0, 0.0, 0.0]));
    /// let [u, s, vt] = a.svd();
    /// let again = (&u * &s).matmul(&vt);
    /// let found = Function::new([], [s, (again - a).abs().max_all()])?.call(&[])?;
    /// assert!((found[0].get(&[0]) - 3.0).abs() < 1e-14 && (found[0].get(&[1]) - 2.0).abs() < 1e-14);
    /// assert!(found[1].item() < 1e-14);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// For what is no matrix.
    #[track_caller]
    #[must_use]
    pub fn svd(&self) -> [Self; 3] {
        let (values, is_tall) = self.singular(Svd { vectors: true });
        let [u, s, vt] = [0, 1, 2].map(|i| values[i].typed::<T>());
        if is_tall { [u, s, vt] } else { [vt.t(), s, u.t()] }
    }

    /// The singular values of matrices in descending order, see [`svd`](Self::svd), without the vectors, which is less arithmetic. The
    /// gradient computes the vectors, too.
    ///
    /// # Panics
    /// For what is no matrix.
    #[track_caller]
    #[must_use]
    pub fn svdvals(&self) -> Self {
        self.singular(Svd { vectors: false }).0[0].typed()
    }

    /// The values of a matrix or, if that has fewer rows than columns, of its transpose.
    #[track_caller]
    fn singular(&self, op: Svd) -> (Vec<AnyExpr>, bool) {
        let is_tall = match matrices(self.value_type()) {
            Ok((_, [rows, columns])) => rows.is_at_least(columns) != Some(false),
            Err(why) => refuse!([self], "{}: {why}", op.name()),
        };
        let a = if is_tall { self.untyped() } else { self.untyped().t() };
        (AnyExpr::values_of(Arc::new(op), vec![a]), is_tall)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    // The singular values are apart and positive.
    let apart = |x: &AnyExpr| {
        let [rows, columns] = [2, 1].map(|back| Expr::<f64>::arange(x.dim(x.rank() - back)).cast_like(x));
        let eye = rows.insert_axis(1).eq(&columns.insert_axis(0));
        x + Expr::select(&eye, &((columns + 1.0) * 3.0), &x.number_like(0.0))
    };
    let svd = move |x: &[AnyExpr]| apart(&x[0]).svd();
    let vectors = move |x: &[AnyExpr]| {
        let [u, _, vt] = apart(&x[0]).svd();
        [u.square(), vt.square()]
    };
    vec![
        example("svd", &[&[3, 3]], -1.0..1.0, svd)
            .and(&[&[4, 2]])
            .and(&[&[2, 4]])
            .and(&[&[1, 1]])
            .and(&[&[2, 3, 2]])
            .and(&[&[2, 2, 3]])
            .and(&[&[3, 0]])
            .and(&[&[0, 3]])
            .and(&[&[0, 3, 2]]),
        example("singular vectors alone", &[&[4, 3]], -1.0..1.0, vectors),
        example("singular values beside vectors", &[&[3, 4]], -1.0..1.0, move |x| {
            let [_, s, _] = apart(&x[0]).svd();
            s
        }),
        example("svdvals", &[&[3, 4]], -1.0..1.0, move |x| apart(&x[0]).svdvals()).and(&[&[2, 3, 2]]),
    ]
}

#[cfg(test)]
mod tests;
