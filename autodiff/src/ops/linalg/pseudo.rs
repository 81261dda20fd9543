//! The pseudo-inverse, and least squares.

use std::sync::Arc;

use bayeux_tensor::AnySliceMut;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::matmul::matmul;
use faer::linalg::svd::{ComputeSvdVectors, svd_scratch};
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Field, Triangle, elements, matrices, sides, with_field};
use crate::expr::refusal::{ensure, refuse};
use crate::kernel::View;
use crate::ops::Operation;
use crate::{AnyExpr, Error, Expr, Real, ValueType};

/// A → its pseudo-inverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Pinv {
    /// The bits of the part of the largest singular value up to which one counts as 0, if that is given.
    tolerance: Option<u64>,
}

impl Operation for Pinv {
    fn name(&self) -> String {
        "pinv".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let (_, [rows, columns]) = matrices(&inputs[0])?;
        let at = inputs[0].shape.rank() - 2;
        let shape = inputs[0].shape.with(at, columns.clone()).with(at + 1, rows.clone());
        Ok(vec![ValueType::new(inputs[0].element, shape)])
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        fn run<T: Field>(op: &Pinv, [m, n]: [usize; 2], a: &[T], p: &mut [T]) -> Result<(), Error> {
            let (k, thin) = (m.min(n), ComputeSvdVectors::Thin);
            let scratch = svd_scratch::<T>(m, n, thin, thin, Par::Seq, Default::default());
            let space = || (MemBuffer::new(scratch), [k, m * k, n * k].map(|size| vec![T::ZERO; size]));
            let tolerance = match op.tolerance {
                Some(bits) => T::from_f64(f64::from_bits(bits)),
                None => T::EPSILON * T::from_f64(m.max(n) as f64),
            };
            let parts = p.par_chunks_mut(m * n).zip(a.par_chunks(m * n));
            super::for_each(op, 14 * m * n * k, parts, space, |(memory, [s, u, v]), (p, a)| {
                let vectors = (
                    MatMut::from_column_major_slice_mut(&mut u[..], m, k),
                    MatMut::from_column_major_slice_mut(&mut v[..], n, k),
                );
                super::singular::decompose([m, n], a, s, Some(vectors), MemStack::new(memory))?;
                for (column, &value) in v.chunks_mut(n).zip(&*s) {
                    let by = if value > tolerance * s[0] { T::ONE / value } else { T::ZERO };
                    column.iter_mut().for_each(|x| *x *= by);
                }
                let (u, v) =
                    (MatRef::from_column_major_slice(u, m, k), MatRef::from_column_major_slice(v, n, k));
                let p = MatMut::from_row_major_slice_mut(p, n, m);
                matmul(p, Accum::Replace, v, u.transpose(), T::ONE, Par::Seq);
                Ok(())
            })
        }
        match inputs[0].is_empty() {
            true => Ok(()),
            false => with_field!(outputs[0], T => {
                run::<T>(self, sides(inputs[0].shape), inputs[0].elements(), elements(&mut outputs[0]))
            }),
        }
    }

    super::matrix_by_matrix!();

    /// Ā = −Pᵀ P̄ Pᵀ + (1 − A P) P̄ᵀ P Pᵀ + Pᵀ P P̄ᵀ (1 − P A), where the rank does not change: Golub & Pereyra (1973), "The differentiation
    /// of pseudo-inverses and nonlinear least squares problems whose variables separate".
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], p: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let (a, pt, gt) = (&inputs[0], &p.t(), &g.t());
        let inner = pt.matmul(g).matmul(pt);
        let left = gt.matmul(p).matmul(pt);
        let right = pt.matmul(p).matmul(gt);
        let left = &left - a.matmul(&p.matmul(&left));
        let right = &right - right.matmul(p).matmul(a);
        vec![Some(left + right - inner)]
    }
}

impl<T: Real> Expr<T> {
    /// The pseudo-inverses (Moore–Penrose) of matrices: `[…, m, n]` gives `[…, n, m]`, by singular values. Those up to the larger of m and n
    /// times the machine's precision, as a part of the largest, count as 0; [`pinv_with_tolerance`](Self::pinv_with_tolerance) takes
    /// another part.
    ///
    /// The gradient is that of Golub and Pereyra for matrices whose rank stays what it is: it is finite also where that is not full.
    /// Numbers that are not finite are an error at the call.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let a = Expr::<f64>::constant(Tensor::new([2, 2], vec![1.0, 1.0, 1.0, 1.0])); // singular
    /// let inverse = Function::new([], [a.pinv()])?.call(&[])?.remove(0);
    /// assert!(inverse.iter().all(|x| (x - 0.25).abs() < 1e-15));
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// For what is no matrix.
    #[track_caller]
    #[must_use]
    pub fn pinv(&self) -> Self {
        self.pseudo_inverse(None)
    }

    /// The pseudo-inverses of matrices, where singular values up to `tolerance` times the largest count as 0, see [`pinv`](Self::pinv).
    ///
    /// # Panics
    /// For what is no matrix.
    #[track_caller]
    #[must_use]
    pub fn pinv_with_tolerance(&self, tolerance: f64) -> Self {
        self.pseudo_inverse(Some(tolerance.to_bits()))
    }

    #[track_caller]
    fn pseudo_inverse(&self, tolerance: Option<u64>) -> Self {
        AnyExpr::values_of(Arc::new(Pinv { tolerance }), vec![self.untyped()]).remove(0).typed()
    }

    /// x for which ‖A x − b‖ is least, and of several the shortest, for matrices A `[…, m, n]` of full rank, by a QR decomposition. b is a
    /// vector `[m]`, or matrices `[…, m, k]` whose leading axes broadcast with those of A.
    ///
    /// Columns (or, of a wide matrix, rows) that depend on each other are an error at the call if that is exact, and unnoticed if it is so
    /// but for rounding: then there is `a.pinv().matmul(b)`, which does more arithmetic. If free dimensions leave open which of
    /// m and n is the lesser, that is taken to be n, and a call with fewer rows than columns fails.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// // A line through three points.
    /// let a = Expr::<f64>::constant(Tensor::new([3, 2], vec![1.0, 0.0, 1.0, 1.0, 1.0, 2.0]));
    /// let x = a.lstsq(&Expr::constant(Tensor::from_slice(&[6.0, 0.0, 0.0])));
    /// let x = Function::new([], [x])?.call(&[])?.remove(0);
    /// assert!((x.get(&[0]) - 5.0).abs() < 1e-14 && (x.get(&[1]) + 3.0).abs() < 1e-14);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    #[must_use]
    pub fn lstsq(&self, b: &Expr<T>) -> Self {
        let is_tall = match matrices(self.value_type()) {
            Ok((_, [rows, columns])) => rows.is_at_least(columns) != Some(false),
            Err(why) => refuse!([self], "lstsq: {why}"),
        };
        let is_vector = b.rank() == 1;
        let right = if is_vector { b.insert_axis(1) } else { b.clone() };
        let fits = right.rank() >= 2 && right.dim(right.rank() - 2) == self.dim(self.rank() - 2);
        ensure!(fits, [self, b], "lstsq: shapes {} and {} do not fit", self.shape(), b.shape());
        let x = if is_tall {
            let (q, r) = self.qr();
            r.solve_triangular(&q.t().matmul(&right), Triangle::Upper)
        } else {
            let (q, r) = self.t().qr();
            q.matmul(&r.t().solve_triangular(&right, Triangle::Lower))
        };
        if is_vector { x.reshape(x.shape().without(&[x.rank() - 1])) } else { x }
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let regular = |x: &AnyExpr| {
        let [rows, columns] = [2, 1].map(|back| Expr::<i64>::arange(x.dim(x.rank() - back)));
        x + rows.insert_axis(1).eq(&columns.insert_axis(0)).cast_like(x) * 2.0
    };
    vec![
        example("pinv", &[&[4, 2]], -1.0..1.0, move |x| regular(&x[0]).pinv())
            .and(&[&[2, 4]])
            .and(&[&[3, 3]])
            .and(&[&[1, 1]])
            .and(&[&[2, 3, 2]])
            .and(&[&[3, 0]])
            .and(&[&[0, 2, 3]]),
        // Of rank 2, wherever the inputs move.
        example("pinv of low rank", &[&[4, 2], &[2, 3]], -1.0..1.0, move |x| {
            regular(&x[0]).matmul(&regular(&x[1])).pinv()
        }),
        example("lstsq", &[&[4, 2], &[4]], -1.0..1.0, move |x| regular(&x[0]).lstsq(&x[1]))
            .and(&[&[2, 4], &[2, 3]])
            .and(&[&[2, 3, 2], &[3, 1]])
            .and(&[&[3, 0], &[3]]),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Expr, Function, batch};

    /// The four conditions of Penrose, of tall, wide and flat matrices.
    #[test]
    fn the_conditions_of_penrose_hold() {
        for (m, n, rank) in [(7, 4, 4), (4, 7, 4), (6, 6, 6), (6, 5, 2), (5, 6, 1), (3, 3, 0)] {
            let mut data = vec![0.0; (m + n) * rank];
            bayeux_tensor::random::fill_normal(6, 0, 0, &mut data);
            let right = data.split_off(m * rank);
            let a = Expr::<f64>::constant(Tensor::new([m, rank], data))
                .matmul(&Expr::constant(Tensor::new([rank, n], right)));
            let p = a.pinv();
            let (ap, pa) = (a.matmul(&p), p.matmul(&a));
            let errors = [ap.matmul(&a) - &a, pa.matmul(&p) - &p, &ap - ap.t(), &pa - pa.t()];
            let errors = errors.map(|error| error.abs().max_all());
            let found = Function::new([], errors).expect("builds").call(&[]).expect("runs");
            assert!(found.iter().all(|error| error.item() < 1e-12), "{m}, {n}, {rank}: {found:?}");
        }
    }

    #[test]
    fn what_counts_as_zero_can_be_chosen() {
        let a = Expr::<f64>::constant(Tensor::new([2, 2], vec![1.0, 0.0, 0.0, 1e-3]));
        let f = Function::new([], [a.pinv(), a.pinv_with_tolerance(1e-2)]).expect("builds");
        let found = f.call(&[]).expect("runs");
        assert!((found[0].get(&[1, 1]) - 1e3).abs() < 1e-9);
        assert_eq!(found[1].get(&[1, 1]), 0.0);
    }

    /// Of as many rows as there happen to be, and of one solution the shortest.
    #[test]
    fn the_least_squares_are_those_of_the_pseudo_inverse() {
        let x = Expr::<f64>::input("x", (batch(), 3));
        let y = Expr::<f64>::input("y", [batch()]);
        let error = |a: &Expr<f64>| (a.lstsq(&y) - a.pinv().matmul(&y)).abs().max_all();
        let f = Function::new([&x, &y], [error(&x)]).expect("builds");
        let at = |rows: usize| {
            let mut data = vec![0.0; rows * 4];
            bayeux_tensor::random::fill_normal(8, 0, 0, &mut data);
            let y = data.split_off(rows * 3);
            [Tensor::new([rows, 3], data), Tensor::from_slice(&y)]
        };
        let [a, b] = at(9);
        assert!(f.call(&[&a, &b]).expect("runs")[0].item() < 1e-13);
        let [a, b] = at(2);
        assert!(f.call(&[&a, &b]).expect_err("is wide").to_string().contains("has fewer rows than columns"));
        let (wide, y) = (Expr::<f64>::constant(a), Expr::constant(b));
        let error = (wide.lstsq(&y) - wide.pinv().matmul(&y)).abs().max_all();
        assert!(Function::new([], [error]).expect("builds").call(&[]).expect("runs")[0].item() < 1e-13);
    }
}
