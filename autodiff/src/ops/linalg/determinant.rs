//! Determinants, and their logarithms.

use std::any::Any;
use std::sync::Arc;

use bayeux_tensor::AnySliceMut;
use serde::{Deserialize, Serialize};

use super::lu::{SolveByFactors, factors};
use super::{Field, elements, rows_of_stacks, sides, squares, with_field};
use crate::expr::refusal::refuse;
use crate::kernel::View;
use crate::ops::{Batch, Operation};
use crate::{AnyExpr, Error, Expr, Real, Rows, ValueType};

/// A and its factors → its determinant; or the sign of it, and the logarithm of its absolute value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Determinant {
    Plain,
    Logarithm,
}

/// The pivots of each matrix, and the sign of their order.
fn pivots<'a, T: Field>(
    inputs: &'a [View<'_>],
) -> impl Fn(usize) -> (T, Box<dyn Iterator<Item = T> + 'a>) + 'a {
    let n = sides(inputs[0].shape)[0];
    let (factors, order) = (inputs[1].elements::<T>(), inputs[2].elements::<i64>());
    move |matrix| {
        let factors = &factors[matrix * n * n..][..n * n];
        (sign(&order[matrix * n..][..n]), Box::new((0..n).map(move |i| factors[i * n + i])))
    }
}

/// −1 for each cycle of even length.
fn sign<T: Field>(order: &[i64]) -> T {
    let mut seen = vec![false; order.len()];
    let mut sign = T::ONE;
    for begin in 0..order.len() {
        let mut at = begin;
        let mut length = 0;
        while !seen[at] {
            (seen[at], at, length) = (true, order[at] as usize, length + 1);
        }
        if length > 0 && length % 2 == 0 {
            sign = -sign;
        }
    }
    sign
}

impl Operation for Determinant {
    fn name(&self) -> String {
        match self {
            Determinant::Plain => "det",
            Determinant::Logarithm => "slogdet",
        }
        .into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let (leading, _) = squares(&inputs[0])?;
        let of = ValueType::new(inputs[0].element, leading);
        Ok(match self {
            Determinant::Plain => vec![of],
            Determinant::Logarithm => vec![of.clone(), of],
        })
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        fn plain<T: Field>(inputs: &[View<'_>], output: &mut [T]) {
            let pivots = pivots::<T>(inputs);
            for (matrix, det) in output.iter_mut().enumerate() {
                let (sign, pivots) = pivots(matrix);
                *det = pivots.fold(sign, |product, pivot| product * pivot);
            }
        }
        fn logarithm<T: Field>(inputs: &[View<'_>], signs: &mut [T], logs: &mut [T]) {
            let pivots = pivots::<T>(inputs);
            for (matrix, (sign, log)) in signs.iter_mut().zip(logs).enumerate() {
                let (mut of_order, pivots) = pivots(matrix);
                let mut sum = 0.0;
                for pivot in pivots {
                    let pivot = pivot.to_f64();
                    sum += libm::log(pivot.abs());
                    of_order = match pivot {
                        0.0 => T::ZERO,
                        _ if pivot.is_nan() => T::NAN,
                        _ if pivot < 0.0 => -of_order,
                        _ => of_order,
                    };
                }
                // A zero beside a NaN is one.
                (*sign, *log) = if sum.is_nan() { (T::NAN, T::NAN) } else { (of_order, T::from_f64(sum)) };
            }
        }
        with_field!(outputs[0], T => match outputs {
            [det] => plain::<T>(inputs, elements(det)),
            [signs, logs] => logarithm::<T>(inputs, elements(signs), elements(logs)),
            _ => unreachable!("it has one value or two"),
        });
        Ok(())
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(AnyExpr::values_of(Arc::new(*self), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows_of_stacks(rows, inputs)
    }

    /// Ā = g det A · A⁻ᵀ
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], det: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![Some(scaled_inverse(&(g * det), inputs)), None, None]
    }

    /// Of the logarithm: Ā = g A⁻ᵀ. The sign has no slope.
    fn gradients(
        &self,
        adjoints: &[Option<AnyExpr>],
        inputs: &[AnyExpr],
        outputs: &[AnyExpr],
    ) -> Vec<Option<AnyExpr>> {
        match adjoints {
            [Some(g)] => self.gradient(g, inputs, &outputs[0]),
            [_, Some(g)] => vec![Some(scaled_inverse(g, inputs)), None, None],
            _ => vec![None, None, None],
        }
    }
}

/// A⁻ᵀ times a number for each matrix.
fn scaled_inverse(by: &AnyExpr, factors: &[AnyExpr]) -> AnyExpr {
    let a = &factors[0];
    let unit = super::eye_like(a).broadcast_to(a.shape());
    let inverse = SolveByFactors { transposed: true }.of(factors, &unit);
    inverse * by.insert_axis(by.rank()).insert_axis(by.rank() + 1)
}

/// The sign and the logarithm, if an operation gives the determinant of these inputs.
pub(crate) fn log_determinant(op: &dyn Operation, inputs: &[AnyExpr]) -> Option<[AnyExpr; 2]> {
    let op: &dyn Any = op;
    if *op.downcast_ref::<Determinant>()? != Determinant::Plain {
        return None;
    }
    AnyExpr::values_of(Arc::new(Determinant::Logarithm), inputs.to_vec()).try_into().ok()
}

impl<T: Real> Expr<T> {
    #[track_caller]
    fn determinant(&self, op: Determinant) -> Vec<Expr<T>> {
        if let Err(why) = squares(self.value_type()) {
            refuse!([self], "{}: {why}", op.name());
        }
        AnyExpr::values_of(Arc::new(op), factors(&self.untyped())).iter().map(Expr::typed).collect()
    }

    /// The determinants of square matrices: `[…, n, n]` gives `[…]`, and 1 for n = 0. That of many rows overflows easily:
    /// [`slogdet`](Self::slogdet) does not.
    ///
    /// The gradient, det A · A⁻ᵀ, is computed by a solution with A, so that it is an error at the call where A is singular.
    ///
    /// # Panics
    /// If the matrices are not square.
    #[track_caller]
    #[must_use]
    pub fn det(&self) -> Self {
        self.determinant(Determinant::Plain).remove(0)
    }

    /// The signs of determinants, and the logarithms of their absolute values: `[…, n, n]` gives `[…]` and `[…]`. Of a singular matrix,
    /// these are 0 and −∞, and the gradient is an error at the call. For positive definite matrices
    /// [`cholesky_logdet`](Self::cholesky_logdet) has half of the arithmetic.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// // The determinant of 1,000 rows is 0 in f64: 10⁻⁵⁰⁰.
    /// let a = Expr::<f64>::eye(1000) * 0.1_f64.sqrt();
    /// let (sign, log) = a.slogdet();
    /// let values = Function::new([], [sign, log, a.det()])?.call(&[])?;
    /// assert_eq!((values[0].item(), values[2].item()), (1.0, 0.0));
    /// assert!((values[1].item() + 500.0 * 10.0_f64.ln()).abs() < 1e-9);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the matrices are not square.
    #[track_caller]
    #[must_use]
    pub fn slogdet(&self) -> (Self, Self) {
        let mut values = self.determinant(Determinant::Logarithm);
        let log = values.remove(1);
        (values.remove(0), log)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let regular = |x: &AnyExpr| x + super::eye_like(x).flip(0) * 2.0;
    vec![
        example("det", &[&[3, 3]], -1.0..1.0, move |x| regular(&x[0]).det())
            .and(&[&[1, 1]])
            .and(&[&[0, 0]])
            .and(&[&[2, 4, 4]])
            .and(&[&[2, 0, 0]]),
        example("slogdet", &[&[3, 3]], -1.0..1.0, move |x| regular(&x[0]).slogdet())
            .and(&[&[1, 1]])
            .and(&[&[0, 0]])
            .and(&[&[0, 3, 3]])
            .and(&[&[2, 2, 2]]),
    ]
}

#[cfg(test)]
mod tests;
