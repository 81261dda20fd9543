//! Orthogonal triangularisation.

use std::sync::Arc;

use bayeux_tensor::AnySliceMut;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj,
};
use faer::linalg::qr::no_pivoting::factor::{qr_in_place, qr_in_place_scratch, recommended_block_size};
use faer::{Conj, Mat, Par};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Field, Triangle, elements, half_of_lower, matrices, sides, with_field};
use crate::expr::refusal::refuse;
use crate::kernel::View;
use crate::ops::Operation;
use crate::{AnyExpr, Error, Expr, Real, ValueType};

/// A with no fewer rows than columns → Q with orthonormal columns, and upper triangular R whose diagonal is not negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Qr;

impl Operation for Qr {
    fn name(&self) -> String {
        "qr".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let a = &inputs[0];
        let columns = super::tall(a)?;
        let r = a.shape.with(a.shape.rank() - 2, columns.clone());
        Ok(vec![a.clone(), ValueType::new(a.element, r)])
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        fn run<T: Field>([m, n]: [usize; 2], a: &[T], q: &mut [T], r: &mut [T]) -> Result<(), Error> {
            let block = recommended_block_size::<T>(m, n);
            let scratch = qr_in_place_scratch::<T>(m, n, block, Par::Seq, Default::default())
                .or(apply_block_householder_sequence_on_the_left_in_place_scratch::<T>(m, block, n));
            let space =
                || (MemBuffer::new(scratch), [(m, n), (block, n), (m, n)].map(|(i, j)| Mat::zeros(i, j)));
            let parts = q.par_chunks_mut(m * n).zip(r.par_chunks_mut(n * n)).zip(a.par_chunks(m * n));
            super::for_each(&Qr, 4 * m * n * n, parts, space, |(memory, mats), ((q, r), a)| {
                super::finite(a)?;
                factorise([m, n], a, mats, MemStack::new(memory));
                let [factors, _, columns] = mats;
                for i in 0..n {
                    let turned = factors[(i, i)] < T::ZERO;
                    let sign = if turned { -T::ONE } else { T::ONE };
                    for j in 0..n {
                        r[i * n + j] = if j < i { T::ZERO } else { sign * factors[(i, j)] };
                    }
                    for k in 0..m {
                        q[k * n + i] = sign * columns[(k, i)];
                    }
                }
                Ok(())
            })
        }
        let [q, r] = outputs else { unreachable!("it has two values") };
        match inputs[0].is_empty() {
            true => Ok(()),
            false => with_field!(q, T => {
                run::<T>(sides(inputs[0].shape), inputs[0].elements(), elements(q), elements(r))
            }),
        }
    }

    super::matrix_by_matrix!();

    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        unreachable!("it has two values")
    }

    /// Ā = (Q̄ + Q (Φ(M) + Φ(M)ᵀ)) R⁻ᵀ, M = R R̄ᵀ − Q̄ᵀ Q, where Φ takes the lower triangle and half of the diagonal: Seeger et al. (2017),
    /// "Auto-differentiating linear algebra".
    fn gradients(
        &self,
        adjoints: &[Option<AnyExpr>],
        _inputs: &[AnyExpr],
        outputs: &[AnyExpr],
    ) -> Vec<Option<AnyExpr>> {
        let (q, r) = (&outputs[0], &outputs[1]);
        let of_r = adjoints[1].as_ref().map(|g| r.matmul(&g.t()));
        let of_q = adjoints[0].as_ref().map(|g| -g.t().matmul(q));
        let Some(inner) = of_r.into_iter().chain(of_q).reduce(|a, b| a + b) else { return vec![None] };
        let half = half_of_lower(&inner);
        let turned = q.matmul(&(&half + half.t()));
        let all = match &adjoints[0] {
            Some(g) => g + turned,
            None => turned,
        };
        vec![Some(r.solve_triangular(&all.t(), Triangle::Upper).t())]
    }
}

/// Puts the factors, and the columns of Q, into matrices.
fn factorise<T: Field>([m, n]: [usize; 2], a: &[T], mats: &mut [Mat<T>; 3], stack: &mut MemStack) {
    let [factors, coefficients, columns] = mats;
    for (i, row) in a.chunks(n).enumerate() {
        for (j, &x) in row.iter().enumerate() {
            factors[(i, j)] = x;
            columns[(i, j)] = if i == j { T::ONE } else { T::ZERO };
        }
    }
    debug_assert_eq!(factors.shape(), (m, n));
    qr_in_place(factors.as_mut(), coefficients.as_mut(), Par::Seq, stack, Default::default());
    apply_block_householder_sequence_on_the_left_in_place_with_conj(
        factors.as_ref(),
        coefficients.as_ref(),
        Conj::No,
        columns.as_mut(),
        Par::Seq,
        stack,
    );
}

impl<T: Real> Expr<T> {
    /// The thin QR decomposition of matrices `[…, m, n]`: Q `[…, m, k]` with orthonormal columns and upper triangular R `[…, k, n]`, where k is
    /// the lesser of m and n: A = Q R. The diagonal of R is not negative, so that of full rank there is just one. If free dimensions leave open
    /// which of m and n is the lesser, that is taken to be n, and a call with fewer rows than columns fails.
    ///
    /// The gradient needs the first k columns to be independent: it is an error at the call where a number on the diagonal of R is 0.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let a = Expr::<f64>::constant(Tensor::new([2, 2], vec![3.0, 1.0, 4.0, 3.0]));
    /// let (_, r) = a.qr();
    /// let r = Function::new([], [r])?.call(&[])?.remove(0);
    /// assert!(r.iter().zip([5.0, 3.0, 0.0, 1.0]).all(|(a, b)| (a - b).abs() < 1e-14));
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// For what is no matrix.
    #[track_caller]
    #[must_use]
    pub fn qr(&self) -> (Self, Self) {
        let (at, rows, columns) = match matrices(self.value_type()) {
            Ok((leading, [rows, columns])) => (leading.len() + 1, rows.clone(), columns.clone()),
            Err(why) => refuse!([self], "qr: {why}"),
        };
        if rows.is_at_least(&columns) != Some(false) {
            return self.thin_qr();
        }
        // The first columns make Q, which makes what is left of R.
        let (q, r) = self.slice(at, ..rows.clone()).thin_qr();
        let rest = q.t().matmul(&self.slice(at, rows..columns));
        let r = Expr::concat(&[r, rest], at);
        (q, r)
    }

    #[track_caller]
    fn thin_qr(&self) -> (Self, Self) {
        let values = AnyExpr::values_of(Arc::new(Qr), vec![self.untyped()]);
        (values[0].typed(), values[1].typed())
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
        example("qr", &[&[3, 3]], -1.0..1.0, move |x| regular(&x[0]).qr())
            .and(&[&[4, 2]])
            .and(&[&[2, 4]])
            .and(&[&[1, 1]])
            .and(&[&[2, 3, 2]])
            .and(&[&[2, 2, 3]])
            .and(&[&[3, 0]])
            .and(&[&[0, 3]])
            .and(&[&[0, 3, 2]]),
        example("q alone", &[&[4, 3]], -1.0..1.0, move |x| regular(&x[0]).qr().0),
        example("r alone", &[&[4, 3]], -1.0..1.0, move |x| regular(&x[0]).qr().1),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Expr, Function};

    /// Also of several blocks, and of a rank that is not full.
    #[test]
    fn q_is_orthonormal_r_triangular_and_their_product_the_matrix() {
        for (m, n, rank) in [(60, 60, 60), (90, 40, 40), (40, 90, 40), (200, 3, 3), (6, 5, 2)] {
            let mut data = vec![0.0; (m + n) * rank];
            bayeux_tensor::random::fill_normal(4, 0, 0, &mut data);
            let right = data.split_off(m * rank);
            let a = Expr::<f64>::constant(Tensor::new([m, rank], data))
                .matmul(&Expr::constant(Tensor::new([rank, n], right)));
            let k = m.min(n);
            let (q, r) = a.qr();
            let again = (q.matmul(&r) - &a).abs().max_all();
            let unit = (q.t().matmul(&q) - Expr::eye(k)).abs().max_all();
            let square = r.slice(1, ..k);
            let below = super::super::triangle(&square.t().untyped(), crate::Triangle::Lower).typed();
            let below = (square.t() - below).abs().max_all();
            let least = super::super::diagonal(&square).neg().max_all();
            let found =
                Function::new([], [again, unit, below, least]).expect("builds").call(&[]).expect("runs");
            let found: Vec<f64> = found.iter().map(Tensor::item).collect();
            assert!(found[0] < 1e-12 && found[1] < 1e-12 && found[2] == 0.0 && found[3] <= 0.0, "{found:?}");
        }
    }
}
