//! Triangles of matrices.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element, ElementType, with_type};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::expr::refusal::refuse;
use crate::kernel::View;
use crate::ops::Batch;
use crate::ops::operation::{Linearity, Operation};
use crate::{AnyExpr, Dim, Error, Expr, Hlo, HloType, HloValue, Kind, Rows, ValueType};

/// x → one of its triangles, up to or from a diagonal on, and zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Triangular {
    upper: bool,
    diagonal: i32,
}

impl Operation for Triangular {
    fn name(&self) -> String {
        format!("{} {}", if self.upper { "triu" } else { "tril" }, self.diagonal)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        match inputs[0].shape.rank() {
            0 | 1 => Err(format!("{} is no matrix", inputs[0])),
            _ => Ok(vec![inputs[0].clone()]),
        }
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        /// Elements of a task.
        const TASK: usize = 1 << 14;
        fn run<T: Element>(op: Triangular, x: &View<'_>, y: &mut [T]) {
            let [.., rows, columns] = *x.shape else { unreachable!("it has matrices") };
            let x = x.elements::<T>();
            let row = |(i, y): (usize, &mut [T])| {
                let x = &x[i * columns..][..columns];
                // Columns that are below this are left of the diagonal or on it.
                let edge = (i % rows) as i64 + i64::from(op.diagonal) + i64::from(!op.upper);
                let edge = edge.clamp(0, columns as i64) as usize;
                let (left, right) = y.split_at_mut(edge);
                if op.upper {
                    left.fill(T::ZERO);
                    right.copy_from_slice(&x[edge..]);
                } else {
                    left.copy_from_slice(&x[..edge]);
                    right.fill(T::ZERO);
                }
            };
            match y.len() <= TASK {
                true => y.chunks_mut(columns.max(1)).enumerate().for_each(row),
                false => {
                    y.par_chunks_mut(columns).enumerate().with_min_len(TASK.div_ceil(columns)).for_each(row);
                }
            }
        }
        with_type!(inputs[0].data.element_type(), T => run::<T>(*self, &inputs[0], outputs[0].reborrow().get()));
        Ok(())
    }

    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let (of, rank) = (&outputs[0], outputs[0].rank());
        let places = HloType::new(ElementType::I64, of.shape.clone());
        let (row, column) = (hlo.iota(&places, rank - 2), hlo.iota(&places, rank - 1));
        let diagonal = hlo.full(&places, f64::from(self.diagonal));
        let edge = hlo.binary("add", &row, &diagonal);
        let stays = hlo.compare(if self.upper { "GE" } else { "LE" }, &column, &edge);
        let nothing = hlo.full(of, 0.0);
        Some(vec![hlo.select(&stays, &inputs[0], &nothing)])
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(AnyExpr::values_of(Arc::new(*self), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        let rank = inputs[0].rank();
        rows[0].without(&[rank - 2, rank - 1], false)
    }

    fn gradient(&self, g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![AnyExpr::values_of(Arc::new(*self), vec![g.clone()]).pop()]
    }
}

impl Expr<bool> {
    /// Where in a matrix a column is not beyond the row by more than `diagonal`: the lower triangle. Both sizes may be free.
    #[track_caller]
    pub fn triangle(rows: impl Into<Dim>, columns: impl Into<Dim>, diagonal: i32) -> Self {
        let rows = Expr::<i64>::arange(rows) + diagonal;
        rows.insert_axis(1).ge(&Expr::<i64>::arange(columns).insert_axis(0))
    }
}

impl<T: Kind> Expr<T> {
    /// The lower triangles of the matrices that the last two axes hold, up to a diagonal: 0 is the main one, 1 that above. Zeros
    /// elsewhere, also in place of what is infinite there.
    ///
    /// # Panics
    /// If the rank is below 2.
    #[track_caller]
    #[must_use]
    pub fn tril(&self, diagonal: i32) -> Self {
        let _ = self.matrix("tril");
        AnyExpr::values_of(Arc::new(Triangular { upper: false, diagonal }), vec![self.untyped()])
            .remove(0)
            .typed()
    }

    /// The upper triangles of the matrices that the last two axes hold, from a diagonal on: 0 is the main one, 1 that above. Zeros
    /// elsewhere, also in place of what is infinite there.
    ///
    /// # Panics
    /// If the rank is below 2.
    #[track_caller]
    #[must_use]
    pub fn triu(&self, diagonal: i32) -> Self {
        let _ = self.matrix("triu");
        AnyExpr::values_of(Arc::new(Triangular { upper: true, diagonal }), vec![self.untyped()])
            .remove(0)
            .typed()
    }

    /// The lengths of the last two axes.
    #[track_caller]
    pub(super) fn matrix(&self, op: &str) -> [Dim; 2] {
        match self.shape().dims() {
            [.., rows, columns] => [rows.clone(), columns.clone()],
            _ => refuse!([self], "{op}: {self:?} of shape {} is no matrix", self.shape()),
        }
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    vec![
        example("tril", &[&[2, 3, 4]], -1.0..1.0, |x| x[0].tril(-1).tanh())
            .and(&[&[1, 1, 1]])
            .and(&[&[2, 0, 3]]),
        example("triu", &[&[3, 3]], -1.0..1.0, |x| x[0].triu(1).tanh()),
        example("triangles of whole numbers", &[&[3, 4]], 0.0..1.0, |x| x[0].tril(0)).whole(0, 1..9),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Dim, Expr, Function};

    /// What `numpy.tril` and `numpy.triu` give.
    #[test]
    fn diagonals_count_as_in_numpy() {
        let [n, m] = Dim::symbols(["n", "m"]);
        let x = Expr::<i32>::input("x", (n, m));
        let f = Function::new([&x], [x.tril(0), x.tril(1), x.triu(0), x.triu(-1), x.triu(2)]).unwrap();
        let values = f.call(&[&Tensor::new([2, 3], vec![1, 2, 3, 4, 5, 6])]).unwrap();
        let found: Vec<_> = values.iter().map(Tensor::to_vec).collect();
        assert_eq!(found[0], [1, 0, 0, 4, 5, 0]);
        assert_eq!(found[1], [1, 2, 0, 4, 5, 6]);
        assert_eq!(found[2], [1, 2, 3, 0, 5, 6]);
        assert_eq!(found[3], [1, 2, 3, 4, 5, 6]);
        assert_eq!(found[4], [0, 0, 3, 0, 0, 0]);
    }
}
