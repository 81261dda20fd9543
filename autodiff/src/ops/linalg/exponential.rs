//! The exponential of a matrix.

mod pade;

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Float};
use faer::dyn_stack::{MemBuffer, MemStack};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Field, elements, finite, sides, squares, with_field};
use crate::kernel::View;
use crate::ops::Operation;
use crate::{AnyExpr, Dim, Error, Expr, Real, ValueType};

use pade::{exponential, scratch};

/// A → Σ Aᵏ / k!
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Expm;

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

    super::matrix_by_matrix!();

    /// Ā = L(Aᵀ, Ȳ), the derivative at Aᵀ along Ȳ.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![Some(derivative(&inputs[0].t(), g))]
    }
}

/// A, E → L(A, E), the derivative of the exponential at A along E (Fréchet's): exp [[A, E], [0, A]] has it above its diagonal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Derivative;

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
                    // It is linear in E, which is brought to the size of one: a block of any other size would cost digits.
                    let size = e.iter().fold(T::ZERO, |size, x| Float::max(size, Float::abs(*x)));
                    if size == T::ZERO || finite(e).is_err() {
                        // A slope that is no number is no fault of the matrix.
                        y.fill(if finite(e).is_err() { T::NAN } else { T::ZERO });
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

    super::matrix_by_matrix!();

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

impl<T: Real> Expr<T> {
    /// The exponentials of square matrices `[…, n, n]`, Σ Aᵏ / k!, by Padé's approximants with scaling and squaring (Higham 2005). Numbers that
    /// are not finite are an error at the call.
    ///
    /// The gradient is computed by the exponential of a matrix of twice the size, whose upper right block is the derivative (Najfeld &
    /// Havel 1995); so each order of derivatives has eight times the arithmetic of the one before.
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
