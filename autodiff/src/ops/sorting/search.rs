//! Where in sorted numbers others belong.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element, ElementType, with_type};
use serde::{Deserialize, Serialize};

use crate::kernel::View;
use crate::ops::Batch;
use crate::ops::elementwise::fill;
use crate::ops::operation::Operation;
use crate::{AnyExpr, Arithmetic, Error, Expr, Hlo, HloType, HloValue, Rows, ValueType};

/// sorted `[…, n]`, values `[…, m]` → for each value how many of its row are below it, or not above it. One row may be for values of
/// any shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Search {
    right: bool,
}

impl Operation for Search {
    fn name(&self) -> String {
        if self.right { "search_sorted_right" } else { "search_sorted" }.into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let [sorted, values] = inputs else { return Err("takes two inputs".into()) };
        let rank = sorted.shape.rank();
        let rows = rank == 1
            || rank > 1
                && values.shape.rank() == rank
                && sorted.shape.without(&[rank - 1]) == values.shape.without(&[rank - 1]);
        match rows && sorted.element == values.element {
            true => Ok(vec![ValueType::new(ElementType::I64, &values.shape)]),
            false => Err(format!("values {values} in {sorted}")),
        }
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        fn run<T: Element>(op: Search, sorted: &View<'_>, values: &View<'_>, y: &mut [i64]) {
            let n = sorted.shape.last().copied().unwrap_or(1);
            // How many values belong to one row.
            let count = match sorted.shape.len() {
                1 => values.len(),
                _ => values.shape.last().copied().unwrap_or(1),
            }
            .max(1);
            let (sorted, values) = (sorted.elements::<T>(), values.elements::<T>());
            // Comparisons alone, without branches: NaNs stand behind all numbers, and no number is below them or them below it.
            let is_number = |x: &T| x.partial_cmp(x).is_some();
            fill(y, |i| {
                let (row, value) = (&sorted[i / count * n..][..n], &values[i]);
                let place = match (is_number(value), op.right) {
                    (true, false) => row.partition_point(|x| x < value),
                    (true, true) => row.partition_point(|x| x <= value),
                    (false, false) => row.partition_point(is_number),
                    (false, true) => n,
                };
                place as i64
            });
        }
        let (sorted, values) = (&inputs[0], &inputs[1]);
        with_type!(sorted.data.element_type(), T => run::<T>(*self, sorted, values, outputs[0].reborrow().get()));
        Ok(())
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let value = |sorted: AnyExpr, values: AnyExpr| {
            AnyExpr::values_of(Arc::new(*self), vec![sorted, values]).remove(0)
        };
        let (sorted, values) = (batch.given(0), batch.given(1));
        let is_row = sorted.rank() == 1 + usize::from(batch.is_stacked(0));
        if is_row && !batch.is_stacked(0) {
            return Some(vec![value(sorted.clone(), values.clone())]);
        }
        let values = batch.stack(1);
        let found = match is_row {
            true => value(sorted.clone(), values.flatten_from(1)).reshape(values.shape()),
            false => value(batch.stack(0), values),
        };
        Some(vec![found])
    }

    fn rows(&self, rows: &[Rows], inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        match (inputs[0].rank(), rows) {
            (1, [Rows::Free, values]) => *values,
            (1, _) => Rows::Mixed,
            (rank, _) => Rows::together(rows).without(&[rank - 1], false),
        }
    }

    /// Places do not move with small changes.
    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![None, None]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let (sorted, values) = (&inputs[0], &inputs[1]);
        let last = outputs[0].rank();
        let mut of = HloType { element: sorted.of().element, ..outputs[0].clone() };
        of.shape.extend(sorted.of().shape.last());
        let axes: Vec<usize> = match sorted.of().rank() {
            1 => vec![last],
            rank => (0..rank - 1).chain([last]).collect(),
        };
        let (all, each) = (hlo.broadcast(sorted, &axes, &of), hlo.restore(values, &[last], &of));
        let counts = match self.right {
            false => hlo.precedes(&all, &each, false),
            true => {
                let behind = hlo.precedes(&each, &all, false);
                hlo.unary("not", &behind)
            }
        };
        let counts = hlo.convert(&counts, ElementType::I64);
        Some(vec![hlo.reduce("add", &counts, &[last], 0.0)])
    }
}

impl<T: Arithmetic> Expr<T> {
    /// For each value how many of these numbers, in ascending order along the last axis, are below it: the first place at which it could
    /// be inserted. A vector serves values of any shape; of more axes the others are those of the values. NaNs belong behind all
    /// numbers. NumPy's `searchsorted` with `side="left"`.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let sorted = Expr::<f32>::constant(Tensor::from_slice(&[1.0, 2.0, 2.0, 3.0]));
    /// let values = Expr::<f32>::constant(Tensor::from_slice(&[2.0, 0.0, 9.0]));
    /// let places = [sorted.search_sorted(&values), sorted.search_sorted_right(&values)];
    /// let places = Function::new([], places)?.call(&[])?;
    /// assert_eq!(places[0].to_vec(), [1, 0, 4]);
    /// assert_eq!(places[1].to_vec(), [3, 0, 4]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, or the element types differ.
    #[track_caller]
    #[must_use]
    pub fn search_sorted(&self, values: &Expr<T>) -> Expr<i64> {
        self.searched(values, false)
    }

    /// For each value how many of these numbers are not above it: the last place at which it could be inserted, see
    /// [`search_sorted`](Self::search_sorted). NumPy's `searchsorted` with `side="right"`.
    ///
    /// # Panics
    /// If the shapes do not fit, or the element types differ.
    #[track_caller]
    #[must_use]
    pub fn search_sorted_right(&self, values: &Expr<T>) -> Expr<i64> {
        self.searched(values, true)
    }

    #[track_caller]
    fn searched(&self, values: &Expr<T>, right: bool) -> Expr<i64> {
        let inputs = vec![self.untyped(), values.untyped()];
        AnyExpr::values_of(Arc::new(Search { right }), inputs).remove(0).typed()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let left = |x: &[AnyExpr]| x[0].sort().0.search_sorted(&x[1]);
    let right = |x: &[AnyExpr]| x[0].sort().0.search_sorted_right(&x[1]);
    vec![
        example("search_sorted", &[&[5], &[2, 3]], -1.0..1.0, left)
            .and(&[&[0], &[3]])
            .and(&[&[3], &[0]])
            .and(&[&[1], &[]]),
        example("search_sorted in rows", &[&[2, 5], &[2, 3]], -1.0..1.0, left).and(&[&[2, 0], &[2, 3]]),
        example("search_sorted_right", &[&[2, 5], &[2, 3]], 0.0..1.0, right).whole(0, 0..5).whole(1, 0..5),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Expr, Function};

    #[test]
    fn ends_and_nans() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let sorted = Expr::constant(Tensor::from_slice(&[-1.0, 0.0, 2.0, nan]));
        let values = Expr::constant(Tensor::from_slice(&[-inf, -0.0, inf, nan]));
        let outputs = [sorted.search_sorted(&values), sorted.search_sorted_right(&values)];
        let found = Function::new([], outputs).unwrap().call(&[]).unwrap();
        assert_eq!(found[0].to_vec(), [0, 1, 3, 3]);
        assert_eq!(found[1].to_vec(), [0, 2, 3, 4]);
    }

    #[test]
    #[should_panic(expected = "search_sorted: values f64[3, 4] in f64[2, 5]")]
    fn rows_must_be_the_same() {
        let _ = Expr::<f64>::zeros([2, 5]).search_sorted(&Expr::zeros([3, 4]));
    }
}
