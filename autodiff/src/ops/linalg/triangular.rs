//! Triangular systems of equations.

use std::sync::Arc;

use bayeux_tensor::AnySliceMut;
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::{MatMut, MatRef, Par};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Columns, Equations, Field, elements, rows_of_stacks, sides, squares, triangle, with_field};
use crate::expr::refusal::ensure;
use crate::kernel::View;
use crate::ops::{Batch, Operation};
use crate::{AnyExpr, Error, Expr, Hlo, HloType, HloValue, Real, Rows, ValueType};

/// Which elements of a triangular matrix count. The others are not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Triangle {
    /// The diagonal and what is below.
    Lower,
    /// The diagonal and what is above.
    Upper,
}

impl Triangle {
    fn transposed(self) -> Self {
        match self {
            Triangle::Lower => Triangle::Upper,
            Triangle::Upper => Triangle::Lower,
        }
    }
}

/// T, B → X with T X = B, by one triangle of T.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct SolveTriangular(Triangle);

impl SolveTriangular {
    #[track_caller]
    fn of(self, t: &AnyExpr, b: &AnyExpr) -> AnyExpr {
        AnyExpr::values_of(Arc::new(self), vec![t.clone(), b.clone()]).remove(0)
    }
}

impl Operation for SolveTriangular {
    fn name(&self) -> String {
        match self.0 {
            Triangle::Lower => "solve_triangular lower",
            Triangle::Upper => "solve_triangular upper",
        }
        .into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let [t, b] = inputs else { return Err("takes two inputs".into()) };
        fits(t, b).map(|()| vec![b.clone()])
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        fn run<T: Field>(
            op: &SolveTriangular,
            [n, k]: [usize; 2],
            t: &[T],
            b: &[T],
            x: &mut [T],
        ) -> Result<(), Error> {
            let parts = x.par_chunks_mut(n * k).zip(b.par_chunks(n * k)).zip(t.par_chunks(n * n));
            super::for_each(
                op,
                n * n * k,
                parts,
                || (),
                |(), ((x, b), t)| {
                    // A zero there would be divided by; a NaN spreads.
                    if let Some(i) = (0..n).find(|i| t[i * n + i] == T::ZERO) {
                        return Err(format!("is singular: element {i} of its diagonal is 0"));
                    }
                    x.copy_from_slice(b);
                    let (t, x) =
                        (MatRef::from_row_major_slice(t, n, n), MatMut::from_row_major_slice_mut(x, n, k));
                    match op.0 {
                        Triangle::Lower => solve_lower_triangular_in_place(t, x, Par::Seq),
                        Triangle::Upper => solve_upper_triangular_in_place(t, x, Par::Seq),
                    }
                    Ok(())
                },
            )
        }
        let sides = sides(inputs[1].shape);
        match inputs[1].is_empty() {
            true => Ok(()),
            false => with_field!(outputs[0], T => {
                run::<T>(self, sides, inputs[0].elements(), inputs[1].elements(), elements(&mut outputs[0]))
            }),
        }
    }

    fn can_fail(&self) -> bool {
        true
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let t = batch.given(0);
        if batch.is_stacked(0) || t.rank() > 2 {
            return Some(vec![self.of(&batch.stack(0), &batch.stack(1))]);
        }
        let columns = Columns::of(batch.given(1));
        Some(vec![columns.restore(&self.of(t, &columns.all))])
    }

    fn rows(&self, rows: &[Rows], inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows_of_stacks(rows, inputs)
    }

    /// B̄ = T⁻ᵀ X̄, T̄ = −B̄ Xᵀ within the triangle: Giles (2008), "Collected matrix derivative results".
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], x: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let b = inputs[0].t().solve_triangular(g, self.0.transposed());
        vec![Some(-triangle(&b.matmul(&x.t()), self.0)), Some(b)]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let attributes = format!(
            "left_side = true, lower = {}, unit_diagonal = false, transpose_a = #stablehlo<transpose NO_TRANSPOSE>",
            self.0 == Triangle::Lower
        );
        Some(vec![hlo.op("triangular_solve", &[&inputs[0], &inputs[1]], &attributes, outputs[0].clone())])
    }
}

/// Whether matrices and right sides have the same leading axes, and as many rows.
pub(super) fn fits(a: &ValueType, b: &ValueType) -> Result<(), String> {
    let (leading, n) = squares(a)?;
    let (of_b, [rows, _]) = super::matrices(b)?;
    let fits = leading == of_b && n == rows && a.element == b.element;
    fits.then_some(()).ok_or_else(|| format!("{a} and {b} do not fit"))
}

impl<T: Real> Expr<T> {
    /// x of T x = b for triangular matrices T `[…, n, n]`, of which only the named triangle is read. b is a vector `[n]`, or matrices
    /// `[…, n, k]` whose leading axes broadcast with those of T. For Tᵀ x = b write `t().solve_triangular(b, …)` with the other
    /// triangle, for x T = b there is [`solve_triangular_right`](Self::solve_triangular_right).
    ///
    /// A zero on the diagonal is an error at the call.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, Triangle};
    /// use bayeux_tensor::Tensor;
    /// let l = Expr::<f64>::constant(Tensor::new([2, 2], vec![2.0, 0.0, 1.0, 4.0]));
    /// let x = l.solve_triangular(&Expr::constant(Tensor::from_slice(&[2.0, 9.0])), Triangle::Lower);
    /// assert_eq!(Function::new([], [x])?.call(&[])?[0].to_vec(), [1.0, 2.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the matrices are not square, or the shapes do not fit.
    #[track_caller]
    #[must_use]
    pub fn solve_triangular(&self, b: &Expr<T>, triangle: Triangle) -> Self {
        let given = Equations::new("solve_triangular", self, b);
        given.restore(&SolveTriangular(triangle).of(&given.a, &given.b))
    }

    /// x of x T = b for triangular matrices T, see [`solve_triangular`](Self::solve_triangular); b is `[…, k, n]`.
    ///
    /// # Panics
    /// If the matrices are not square, or the shapes do not fit.
    #[track_caller]
    #[must_use]
    pub fn solve_triangular_right(&self, b: &Expr<T>, triangle: Triangle) -> Self {
        ensure!(
            self.rank() >= 2 && b.rank() >= 2,
            [self, b],
            "solve_triangular_right: {self:?} and {b:?} are not both matrices"
        );
        self.t().solve_triangular(&b.t(), triangle.transposed()).t()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    // Far from singular.
    let regular = |x: &AnyExpr| x + super::eye_like(x) * 3.0;
    let lower = move |x: &[AnyExpr]| regular(&x[0]).solve_triangular(&x[1], Triangle::Lower);
    let upper = move |x: &[AnyExpr]| regular(&x[0]).solve_triangular(&x[1], Triangle::Upper);
    let right = move |x: &[AnyExpr]| regular(&x[0]).solve_triangular_right(&x[1], Triangle::Lower);
    vec![
        example("lower", &[&[3, 3], &[3, 2]], -1.0..1.0, lower)
            .and(&[&[1, 1], &[1]])
            .and(&[&[0, 0], &[0, 2]])
            .and(&[&[2, 3, 3], &[3, 1]])
            .and(&[&[3, 3], &[2, 3, 4]]),
        example("upper", &[&[3, 3], &[3, 2]], -1.0..1.0, upper)
            .and(&[&[2, 3, 3], &[2, 3, 0]])
            .and(&[&[3, 3], &[3]]),
        example("from the right", &[&[3, 3], &[2, 3]], -1.0..1.0, right).and(&[&[2, 3, 3], &[2, 2, 3]]),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use super::Triangle;
    use crate::{Expr, Function};

    /// The other triangle holds NaNs. Large enough for the halves of `faer`'s recursion.
    #[test]
    fn one_triangle_is_read() {
        for n in [1, 3, 70] {
            let full = Tensor::<f64>::from_fn([n, n], |i| match i[0] == i[1] {
                true => 2.0,
                false => ((i[0] * 3 + i[1] * 7) % 5) as f64 / n as f64,
            });
            let b = Expr::<f64>::constant(Tensor::from_fn([n, 3], |i| (i[0] + 2 * i[1]) as f64));
            for which in [Triangle::Lower, Triangle::Upper] {
                let keeps = |i: usize, j: usize| i == j || (i > j) == (which == Triangle::Lower);
                let part = |other: f64| {
                    let data = |i: &[usize]| if keeps(i[0], i[1]) { full.get(i) } else { other };
                    Expr::<f64>::constant(Tensor::from_fn([n, n], data))
                };
                let (t, zeros) = (part(f64::NAN), part(0.0));
                let left = zeros.matmul(&t.solve_triangular(&b, which)) - &b;
                let right = t.solve_triangular_right(&b.t(), which).matmul(&zeros) - b.t();
                let errors = [left, right].map(|error| error.abs().max_all());
                let found = Function::new([], errors).expect("builds").call(&[]).expect("runs");
                assert!(found.iter().all(|error| error.item() < 1e-11), "{n}, {which:?}: {found:?}");
            }
        }
    }

    #[test]
    fn a_zero_on_the_diagonal_is_refused_by_name() {
        let t = Expr::<f64>::constant(Tensor::new([2, 2, 2], vec![1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 5.0, 0.0]));
        let x = t.solve_triangular(&Expr::ones([2]), Triangle::Lower);
        let error = Function::new([], [x]).and_then(|f| f.call(&[])).expect_err("is singular");
        let expected =
            "solve_triangular lower: matrix 1 of the stack is singular: element 1 of its diagonal is 0";
        assert_eq!(error.to_string(), expected);
    }
}
