//! Systems of linear equations, by an LU factorisation with pivots.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, ElementType, Float};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::lu::partial_pivoting::{factor, solve};
use faer::perm::PermRef;
use faer::{MatMut, MatRef, Par};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Columns, Equations, Field, elements, rows_of_stacks, sides, squares, with_field};
use crate::expr::refusal::refuse;
use crate::kernel::View;
use crate::ops::{Batch, Operation};
use crate::{AnyExpr, Error, Expr, Real, Rows, ValueType};

/// A → the factors of P Aᵀ = L U in one matrix, column-major, and P. Row-major, Aᵀ is what stands there column-major. It has no
/// gradient: what is computed with the factors is differentiated as a function of A.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Lu;

impl Operation for Lu {
    fn name(&self) -> String {
        "lu".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        squares(&inputs[0])?;
        let a = &inputs[0];
        Ok(vec![a.clone(), ValueType::new(ElementType::I64, a.shape.without(&[a.shape.rank() - 1]))])
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        fn run<T: Field>(n: usize, a: &[T], factors: &mut [T], order: &mut [i64]) -> Result<(), Error> {
            let scratch = factor::lu_in_place_scratch::<usize, T>(n, n, Par::Seq, Default::default());
            let space = || (MemBuffer::new(scratch), vec![0_usize; n], vec![0_usize; n]);
            let parts = factors.par_chunks_mut(n * n).zip(order.par_chunks_mut(n)).zip(a.par_chunks(n * n));
            super::for_each(
                &Lu,
                n * n * n,
                parts,
                space,
                |(memory, forward, inverse), ((factors, order), a)| {
                    factors.copy_from_slice(a);
                    let view = MatMut::from_column_major_slice_mut(factors, n, n);
                    let stack = MemStack::new(memory);
                    factor::lu_in_place(view, forward, inverse, Par::Seq, stack, Default::default());
                    order.iter_mut().zip(forward).for_each(|(to, from)| *to = *from as i64);
                    Ok(())
                },
            )
        }
        let n = sides(inputs[0].shape)[0];
        let [factors, order] = outputs else { unreachable!("it has two values") };
        match inputs[0].is_empty() {
            true => Ok(()),
            false => with_field!(factors, T => {
                run::<T>(n, inputs[0].elements(), elements(factors), order.reborrow().get())
            }),
        }
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(AnyExpr::values_of(Arc::new(*self), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows_of_stacks(rows, inputs)
    }

    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        unreachable!("it has two values")
    }

    fn gradients(&self, _: &[Option<AnyExpr>], _: &[AnyExpr], _: &[AnyExpr]) -> Vec<Option<AnyExpr>> {
        vec![None]
    }
}

/// A matrix, its factors and their order, as inputs of what is computed with them.
#[track_caller]
pub(super) fn factors(a: &AnyExpr) -> Vec<AnyExpr> {
    let factors = AnyExpr::values_of(Arc::new(Lu), vec![a.stop_gradient()]);
    [a.clone()].into_iter().chain(factors).collect()
}

/// A, its factors, B → X with A X = B, or Aᵀ X = B.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct SolveByFactors {
    pub transposed: bool,
}

impl SolveByFactors {
    #[track_caller]
    pub fn of(self, factors: &[AnyExpr], b: &AnyExpr) -> AnyExpr {
        let inputs = factors[..3].iter().chain([b]).cloned().collect();
        AnyExpr::values_of(Arc::new(self), inputs).remove(0)
    }

    fn solve<T: Field>(self, n: usize, factors: &[T], order: &[i64], b: MatMut<'_, T>, stack: &mut MemStack) {
        let forward: Vec<usize> = order.iter().map(|&from| from as usize).collect();
        let mut inverse = vec![0; n];
        forward.iter().enumerate().for_each(|(to, &from)| inverse[from] = to);
        let order = PermRef::new_checked(&forward, &inverse, n);
        let lu = MatRef::from_column_major_slice(factors, n, n);
        // The factors are those of Aᵀ.
        match self.transposed {
            true => solve::solve_in_place(lu, lu, order, b, Par::Seq, stack),
            false => solve::solve_transpose_in_place(lu, lu, order, b, Par::Seq, stack),
        }
    }
}

impl Operation for SolveByFactors {
    fn name(&self) -> String {
        if self.transposed { "solve transposed" } else { "solve" }.into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let [a, _, _, b] = inputs else { return Err("takes four inputs".into()) };
        super::triangular::fits(a, b).map(|()| vec![b.clone()])
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        fn run<T: Field>(
            op: SolveByFactors,
            [n, k]: [usize; 2],
            (factors, order): (&[T], &[i64]),
            b: &[T],
            x: &mut [T],
        ) -> Result<(), Error> {
            let scratch = solve::solve_in_place_scratch::<usize, T>(n, k, Par::Seq)
                .or(solve::solve_transpose_in_place_scratch::<usize, T>(n, k, Par::Seq));
            let parts = x.par_chunks_mut(n * k).zip(b.par_chunks(n * k));
            let parts = parts.zip(factors.par_chunks(n * n).zip(order.par_chunks(n)));
            super::for_each(
                &op,
                2 * n * n * k,
                parts,
                || MemBuffer::new(scratch),
                |memory, ((x, b), (factors, order))| {
                    let pivot = |i: usize| factors[i * n + i];
                    if let Some(i) = (0..n).find(|&i| pivot(i) == T::ZERO || Float::is_nan(pivot(i))) {
                        let is = if pivot(i) == T::ZERO { "singular" } else { "not finite" };
                        return Err(format!("is {is}: pivot {i} is {}", pivot(i)));
                    }
                    x.copy_from_slice(b);
                    op.solve(
                        n,
                        factors,
                        order,
                        MatMut::from_row_major_slice_mut(x, n, k),
                        MemStack::new(memory),
                    );
                    Ok(())
                },
            )
        }
        let sides = sides(inputs[3].shape);
        match inputs[3].is_empty() {
            true => Ok(()),
            false => with_field!(outputs[0], T => {
                let factors = (inputs[1].elements(), inputs[2].elements());
                run::<T>(*self, sides, factors, inputs[3].elements(), elements(&mut outputs[0]))
            }),
        }
    }

    fn can_fail(&self) -> bool {
        true
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        if (0..3).any(|i| batch.is_stacked(i)) || batch.given(0).rank() > 2 {
            let inputs = batch.stacks();
            return Some(vec![self.of(&inputs, &inputs[3])]);
        }
        let columns = Columns::of(batch.given(3));
        Some(vec![columns.restore(&self.of(batch.inputs, &columns.all))])
    }

    fn rows(&self, rows: &[Rows], inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows_of_stacks(rows, inputs)
    }

    /// B̄ = A⁻ᵀ X̄, Ā = −B̄ Xᵀ, by the same factors: Giles (2008), "Collected matrix derivative results".
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], x: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let b = SolveByFactors { transposed: !self.transposed }.of(inputs, g);
        let a = match self.transposed {
            true => x.matmul(&b.t()),
            false => b.matmul(&x.t()),
        };
        vec![Some(-a), None, None, Some(b)]
    }
}

impl<T: Real> Expr<T> {
    /// x of A x = b for square matrices A `[…, n, n]`, by an LU factorisation with pivots. As in NumPy, b is a vector `[n]`, or matrices
    /// `[…, n, k]` whose leading axes broadcast with those of A; one matrix A is factorised once for all right sides.
    ///
    /// A singular matrix, or one with a NaN, is an error at the call, which names the matrix of the stack and the pivot. One that is
    /// singular but for rounding is not noticed.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let a = Expr::<f64>::constant(Tensor::new([2, 2], vec![0.0, 2.0, 1.0, 1.0]));
    /// let x = a.solve(&Expr::constant(Tensor::from_slice(&[4.0, 3.0])));
    /// assert_eq!(Function::new([], [x])?.call(&[])?[0].to_vec(), [1.0, 2.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the matrices are not square, or the shapes do not fit.
    #[track_caller]
    #[must_use]
    pub fn solve(&self, b: &Expr<T>) -> Self {
        let given = Equations::new("solve", self, b);
        given.restore(&SolveByFactors { transposed: false }.of(&factors(&given.a), &given.b))
    }

    /// The inverses of square matrices `[…, n, n]`. For A⁻¹ b, [`solve`](Self::solve) is quicker and more exact. A singular matrix is an
    /// error at the call.
    ///
    /// # Panics
    /// If the matrices are not square.
    #[track_caller]
    #[must_use]
    pub fn inv(&self) -> Self {
        if let Err(why) = squares(self.value_type()) {
            refuse!([self], "inv: {why}");
        }
        let a = self.untyped();
        SolveByFactors { transposed: false }
            .of(&factors(&a), &super::eye_like(&a).broadcast_to(a.shape()))
            .typed()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let regular = |x: &AnyExpr| x + super::eye_like(x).t().flip(0) * 3.0;
    let solve = move |x: &[AnyExpr]| regular(&x[0]).solve(&x[1]);
    vec![
        example("solve", &[&[3, 3], &[3, 2]], -1.0..1.0, solve)
            .and(&[&[1, 1], &[1]])
            .and(&[&[0, 0], &[0, 2]])
            .and(&[&[2, 3, 3], &[3, 1]])
            .and(&[&[3, 3], &[2, 3, 4]])
            .and(&[&[0, 3, 3], &[3, 4]]),
        example("inv", &[&[3, 3]], -1.0..1.0, move |x| regular(&x[0]).inv())
            .and(&[&[1, 1]])
            .and(&[&[2, 2, 2]])
            .and(&[&[0, 0]]),
    ]
}

#[cfg(test)]
mod tests;
