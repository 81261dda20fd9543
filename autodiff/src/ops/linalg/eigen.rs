//! Eigenvalues and eigenvectors of symmetric matrices.

use std::sync::Arc;

use bayeux_tensor::AnySliceMut;
use faer::diag::DiagMut;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{MatMut, MatRef, Par};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Field, elements, finite, sides, squares, symmetric_part, with_field};
use crate::expr::refusal::refuse;
use crate::kernel::View;
use crate::ops::Operation;
use crate::{AnyExpr, Error, Expr, Real, ValueType};

/// Symmetric A → its eigenvalues in ascending order, and the eigenvectors, as columns, if they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Eigh {
    vectors: bool,
}

impl Operation for Eigh {
    fn name(&self) -> String {
        if self.vectors { "eigh" } else { "eigvalsh" }.into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let a = &inputs[0];
        squares(a)?;
        let values = ValueType::new(a.element, a.shape.without(&[a.shape.rank() - 1]));
        Ok(if self.vectors { vec![values, a.clone()] } else { vec![values] })
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        let n = sides(inputs[0].shape)[0];
        if inputs[0].is_empty() {
            return Ok(());
        }
        with_field!(outputs[0], T => run::<T>(*self, n, inputs[0].elements(), outputs))
    }

    super::matrix_by_matrix!();

    /// Of the values alone: Ā = V diag(λ̄) Vᵀ.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let vectors = &AnyExpr::values_of(Arc::new(Eigh { vectors: true }), inputs.to_vec())[1];
        vec![Some((vectors * g.insert_axis(g.rank() - 1)).matmul(&vectors.t()))]
    }

    /// Ā = V (diag(λ̄) + F ∘ (Vᵀ V̄)) Vᵀ, Fᵢⱼ = 1 / (λⱼ − λᵢ), and 0 where they are equal: Giles (2008), Seeger et al. (2017). The
    /// symmetric part of it, since the matrix is.
    fn gradients(
        &self,
        adjoints: &[Option<AnyExpr>],
        inputs: &[AnyExpr],
        outputs: &[AnyExpr],
    ) -> Vec<Option<AnyExpr>> {
        let [values, vectors] = outputs else {
            return vec![adjoints[0].as_ref().and_then(|g| self.gradient(g, inputs, &outputs[0]).remove(0))];
        };
        let of_values =
            adjoints[0].as_ref().map(|g| (vectors * g.insert_axis(g.rank() - 1)).matmul(&vectors.t()));
        let of_vectors = adjoints[1].as_ref().map(|g| {
            let inner = inverse_gaps(values) * vectors.t().matmul(g);
            symmetric_part(&vectors.matmul(&inner).matmul(&vectors.t()))
        });
        vec![of_values.into_iter().chain(of_vectors).reduce(|a, b| a + b)]
    }
}

/// 1 / (xⱼ − xᵢ), and 0 where they are equal.
pub(super) fn inverse_gaps(x: &AnyExpr) -> AnyExpr {
    super::inverse_or_zero(&(x.insert_axis(x.rank() - 1) - x.insert_axis(x.rank())))
}

fn run<T: Field>(op: Eigh, n: usize, a: &[T], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
    let asked = if op.vectors { ComputeEigenvectors::Yes } else { ComputeEigenvectors::No };
    let scratch = self_adjoint_evd_scratch::<T>(n, asked, Par::Seq, Default::default());
    let space = || (MemBuffer::new(scratch), vec![T::ZERO; if op.vectors { n * n } else { 0 }]);
    let work = if op.vectors { 9 * n * n * n } else { 2 * n * n * n };
    match outputs {
        [values, vectors] => {
            let values = elements(values).par_chunks_mut(n);
            let parts = values.zip(a.par_chunks(n * n)).zip(elements(vectors).par_chunks_mut(n * n));
            super::for_each(&op, work, parts, space, |(memory, columns), ((values, a), vectors)| {
                let u = MatMut::from_column_major_slice_mut(columns, n, n);
                decompose(n, a, values, Some(u), MemStack::new(memory))?;
                for vector in columns.chunks_mut(n) {
                    let sign = super::turn(vector);
                    vector.iter_mut().for_each(|x| *x *= sign);
                }
                super::transpose_to(n, n, columns, vectors);
                Ok(())
            })
        }
        [values] => {
            let parts = elements(values).par_chunks_mut(n).zip(a.par_chunks(n * n));
            super::for_each(&op, work, parts, space, |(memory, _), (values, a)| {
                decompose(n, a, values, None, MemStack::new(memory))
            })
        }
        _ => unreachable!("it has one value or two"),
    }
}

fn decompose<T: Field>(
    n: usize,
    a: &[T],
    values: &mut [T],
    vectors: Option<MatMut<'_, T>>,
    stack: &mut MemStack,
) -> Result<(), String> {
    finite(a)?;
    let (a, values) = (MatRef::from_column_major_slice(a, n, n), DiagMut::from_slice_mut(values));
    let found = self_adjoint_evd(a, values, vectors, Par::Seq, stack, Default::default());
    found.map_err(|_| "has eigenvalues to which the iteration does not converge".into())
}

impl<T: Real> Expr<T> {
    /// The eigenvalues of symmetric matrices `[…, n, n]` in ascending order, `[…, n]`, and the eigenvectors as columns, `[…, n, n]`:
    /// A = V diag(λ) Vᵀ. Of a matrix that is not symmetric, the symmetric part (A + Aᵀ) / 2 counts; so the gradient is symmetric.
    ///
    /// Of each vector, the first element that is at least half as large as the largest is positive. The gradient of the vectors divides by the gaps between eigenvalues. Where two are equal, the
    /// vectors are not determined; what mixes them gets a slope of 0 there, so that functions of the matrix have finite gradients, and
    /// those that do not depend on the choice of the vectors right ones. Second derivatives lack what they owe to pairs of equal
    /// eigenvalues. Numbers that are not finite are an error at the call.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let a = Expr::<f64>::constant(Tensor::new([2, 2], vec![2.0, 1.0, 1.0, 2.0]));
    /// let (values, vectors) = a.eigh();
    /// let again = (&vectors * &values).matmul(&vectors.t());
    /// let found = Function::new([], [values, (again - a).abs().max_all()])?.call(&[])?;
    /// assert!((found[0].get(&[0]) - 1.0).abs() < 1e-15 && (found[0].get(&[1]) - 3.0).abs() < 1e-15);
    /// assert!(found[1].item() < 1e-15);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the matrices are not square.
    #[track_caller]
    #[must_use]
    pub fn eigh(&self) -> (Self, Self) {
        let values = self.eigen(Eigh { vectors: true });
        (values[0].typed(), values[1].typed())
    }

    /// The eigenvalues of symmetric matrices, see [`eigh`](Self::eigh), without the vectors, which is less arithmetic. The gradient
    /// computes the vectors, too.
    ///
    /// # Panics
    /// If the matrices are not square.
    #[track_caller]
    #[must_use]
    pub fn eigvalsh(&self) -> Self {
        self.eigen(Eigh { vectors: false })[0].typed()
    }

    #[track_caller]
    fn eigen(&self, op: Eigh) -> Vec<AnyExpr> {
        if let Err(why) = squares(self.value_type()) {
            refuse!([self], "{}: {why}", op.name());
        }
        AnyExpr::values_of(Arc::new(op), vec![symmetric_part(&self.untyped())])
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    // The eigenvalues are apart.
    let apart = |x: &AnyExpr| {
        let n = x.dim(x.rank() - 1);
        x + super::eye_like(x) * Expr::<f64>::arange(n).cast_like(x) * 3.0
    };
    vec![
        example("eigh", &[&[3, 3]], -1.0..1.0, move |x| apart(&x[0]).eigh())
            .and(&[&[1, 1]])
            .and(&[&[0, 0]])
            .and(&[&[2, 3, 3]])
            .and(&[&[0, 2, 2]]),
        example("eigenvalues beside vectors", &[&[3, 3]], -1.0..1.0, move |x| apart(&x[0]).eigh().0),
        example("eigenvectors alone", &[&[4, 4]], -1.0..1.0, move |x| apart(&x[0]).eigh().1.square()),
        example("eigvalsh", &[&[3, 3]], -1.0..1.0, move |x| apart(&x[0]).eigvalsh())
            .and(&[&[2, 2, 2]])
            .and(&[&[2, 0, 0]]),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Expr, Function, grad};

    fn hilbert(n: usize) -> Expr<f64> {
        Expr::constant(Tensor::from_fn([n, n], |i| 1.0 / (i[0] + i[1] + 1) as f64))
    }

    /// The eigenvalues of a path's Laplacian are 2 − 2 cos(π k / n).
    #[test]
    fn known_eigenvalues() {
        let n = 60;
        let a = Tensor::from_fn([n, n], |i| match i[0].abs_diff(i[1]) {
            0 if i[0] == 0 || i[0] == n - 1 => 1.0,
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        });
        let a = Expr::<f64>::constant(a);
        let f = Function::new([], [a.eigvalsh(), a.eigh().0]).expect("builds");
        for values in f.call(&[]).expect("runs") {
            for (k, found) in values.iter().enumerate() {
                let wanted = 2.0 - 2.0 * (std::f64::consts::PI * k as f64 / n as f64).cos();
                assert!((found - wanted).abs() < 1e-13, "{k}: {found} is not {wanted}");
            }
        }
    }

    #[test]
    fn vectors_are_orthonormal_and_make_the_matrix() {
        let a = hilbert(40);
        let (values, vectors) = a.eigh();
        let again = (&vectors * &values).matmul(&vectors.t()) - &a;
        let unit = vectors.t().matmul(&vectors) - Expr::eye(40);
        let f = Function::new([], [again.abs().max_all(), unit.abs().max_all()]).expect("builds");
        let errors = f.call(&[]).expect("runs");
        assert!(errors.iter().all(|error| error.item() < 1e-13), "{errors:?}");
    }

    /// Where all eigenvalues are equal, the gradient of what does not depend on the choice of vectors is right, and of the vectors
    /// finite: tr A² = Σ λ², whose gradient is 2 A.
    #[test]
    fn equal_eigenvalues_have_finite_gradients() {
        let x = Expr::<f64>::input("x", [3, 3]);
        let (values, vectors) = x.eigh();
        let slopes = [values.square().sum_all(), (vectors * Expr::arange(3)).sum_all()]
            .map(|cost| grad(&cost, std::slice::from_ref(&x)).remove(0));
        let f = Function::new([&x], slopes).expect("builds");
        let unit = Tensor::from_fn([3, 3], |i| if i[0] == i[1] { 1.0 } else { 0.0 });
        let found = f.call(&[&unit]).expect("runs");
        assert_eq!(found[0], &unit * 2.0);
        assert_eq!(found[1].to_vec(), [0.0; 9]);
    }

    #[test]
    fn a_nan_is_refused_by_name() {
        let x = Expr::<f64>::input("x", [2, 2, 2]);
        let f = Function::new([&x], [x.eigvalsh()]).expect("builds");
        let mut data = vec![1.0; 8];
        data[6] = f64::NAN;
        let error = f.call(&[&Tensor::new([2, 2, 2], data)]).expect_err("is refused");
        assert_eq!(error.to_string(), "eigvalsh: matrix 1 of the stack has NaN at position 1");
    }
}
