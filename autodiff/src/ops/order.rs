//! Sorting along the last axis, with the positions that the sorted elements came from.

use std::cmp::Ordering;
use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element, ElementType, with_type};
use rayon::prelude::*;

use super::Batch;
use super::operation::{Linearity, Operation};
use crate::kernel::View;
use crate::{AnyExpr, Arithmetic, Dim, Error, Expr, Rows, ValueType};

/// x → its elements along the last axis in order, and where they stood. Equal ones stay in their order; NaNs come last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Sort {
    descending: bool,
    /// How many are kept: the first so many, or all.
    count: Option<usize>,
}

impl Operation for Sort {
    fn name(&self) -> String {
        match self.count {
            Some(count) => format!("top_k {count}"),
            None => "sort".into(),
        }
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let ValueType { element, shape } = &inputs[0];
        let Some(last) = shape.rank().checked_sub(1) else { return Err("a scalar has no last axis".into()) };
        let length = match self.count {
            Some(count) if shape[last].is_at_least(count) == Some(false) => {
                return Err(format!("there are not {count} along the last axis of {shape}"));
            }
            Some(count) => Dim::from(count),
            None => shape[last].clone(),
        };
        let shape = shape.with(last, length);
        Ok(vec![ValueType::new(*element, &shape), ValueType::new(ElementType::I64, shape)])
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        fn run<T: Element>(op: &Sort, x: &[T], n: usize, count: usize, values: &mut [T], places: &mut [i64]) {
            let rows = x.par_chunks(n).zip(values.par_chunks_mut(count)).zip(places.par_chunks_mut(count));
            rows.for_each(|((x, values), places)| {
                let mut order: Vec<usize> = (0..n).collect();
                let before = |a: &usize, b: &usize| {
                    op.compare(x[*a], x[*b]).then(a.cmp(b)) // so that which comes first is always the same
                };
                if count < n {
                    order.select_nth_unstable_by(count - 1, before);
                    order.truncate(count);
                }
                order.sort_unstable_by(before);
                for ((value, place), i) in values.iter_mut().zip(places).zip(order) {
                    (*value, *place) = (x[i], i as i64);
                }
            });
        }
        let x = &inputs[0];
        let n = x.shape.last().copied().unwrap_or(1);
        let count = self.count.unwrap_or(n);
        if count > n {
            let what = format!("there are not {count} along the last axis of {:?}", x.shape);
            return Err(Error::Size { op: self.name(), what });
        }
        let [values, places] = outputs else { unreachable!("it has two values") };
        if count > 0 {
            with_type!(x.data.element_type(), T => {
                run::<T>(self, x.elements(), n, count, values.reborrow().get(), places.reborrow().get());
            });
        }
        Ok(())
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(AnyExpr::values_of(Arc::new(*self), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&[inputs[0].rank() - 1], false)
    }

    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        unreachable!("it has two values")
    }

    /// Each element's adjoint goes back to where it came from.
    fn gradients(
        &self,
        adjoints: &[Option<AnyExpr>],
        inputs: &[AnyExpr],
        outputs: &[AnyExpr],
    ) -> Vec<Option<AnyExpr>> {
        back_to_places(adjoints, inputs, outputs)
    }

    fn can_fail(&self) -> bool {
        true
    }
}

/// The adjoint of elements that were taken along the last axis, of which the second value says where they stood.
pub(super) fn back_to_places(
    adjoints: &[Option<AnyExpr>],
    inputs: &[AnyExpr],
    outputs: &[AnyExpr],
) -> Vec<Option<AnyExpr>> {
    let [Some(g), _] = adjoints else { return vec![None] };
    vec![Some(inputs[0].zeros_like().put_along_last(&outputs[1].typed(), g))]
}

impl Sort {
    fn compare<T: Element>(&self, a: T, b: T) -> Ordering {
        let last = |x: T| x.partial_cmp(&x).is_none();
        match a.partial_cmp(&b) {
            Some(order) if self.descending => order.reverse(),
            Some(order) => order,
            None => last(a).cmp(&last(b)),
        }
    }
}

/// x, positions along the last axis → the elements there; base, positions, parts → the base with the parts added there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum AlongLast {
    Take,
    Add,
}

impl Operation for AlongLast {
    fn name(&self) -> String {
        match self {
            AlongLast::Take => "take_along_last",
            AlongLast::Add => "put_along_last",
        }
        .into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let (x, places) = (&inputs[0], &inputs[1]);
        let last = x.shape.rank().checked_sub(1);
        let alike = last.is_some_and(|last| {
            places.shape.rank() == last + 1 && x.shape.without(&[last]) == places.shape.without(&[last])
        });
        let parts = ValueType::new(x.element, &places.shape);
        let fits = alike && places.element == ElementType::I64;
        match self {
            AlongLast::Take if fits => Ok(vec![parts]),
            AlongLast::Add if fits && x.element.is_float() && inputs[2] == parts => Ok(vec![x.clone()]),
            _ => Err(format!("inputs of types {inputs:?}")),
        }
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        let (x, places) = (&inputs[0], &inputs[1]);
        let n = x.shape.last().copied().unwrap_or(1);
        let count = places.shape.last().copied().unwrap_or(1).max(1);
        let places = places.elements::<i64>();
        let at = |i: usize| super::index::checked(self, places[i], i, n).map(|place| i / count * n + place);
        match self {
            AlongLast::Take => with_type!(x.data.element_type(), T => {
                let (x, y) = (x.elements::<T>(), outputs[0].reborrow().get::<T>());
                for (i, y) in y.iter_mut().enumerate() {
                    *y = x[at(i)?];
                }
            }),
            AlongLast::Add => {
                fn add<T: bayeux_tensor::Float>(
                    x: &View<'_>,
                    parts: &View<'_>,
                    y: &mut [T],
                    at: impl Fn(usize) -> Result<usize, Error>,
                ) -> Result<(), Error> {
                    y.copy_from_slice(x.elements());
                    for (i, &part) in parts.elements::<T>().iter().enumerate() {
                        y[at(i)?] += part;
                    }
                    Ok(())
                }
                match outputs[0].reborrow() {
                    AnySliceMut::F32(y) => add(x, &inputs[2], y, at)?,
                    y => add(x, &inputs[2], y.get::<f64>(), at)?,
                }
            }
        }
        Ok(())
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(AnyExpr::values_of(Arc::new(*self), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        Rows::together(rows).without(&[inputs[0].rank() - 1], false)
    }

    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let places = inputs[1].typed();
        match self {
            AlongLast::Take => vec![Some(inputs[0].zeros_like().put_along_last(&places, g)), None],
            AlongLast::Add => vec![Some(g.clone()), None, Some(g.take_along_last(&places))],
        }
    }

    fn can_fail(&self) -> bool {
        true
    }
}

impl<T: Arithmetic> Expr<T> {
    #[track_caller]
    fn sorted(&self, op: Sort) -> (Self, Expr<i64>) {
        let values = AnyExpr::values_of(Arc::new(op), vec![self.untyped()]);
        (values[0].typed(), values[1].typed())
    }

    /// The elements along the last axis in ascending order, and the positions they came from: `sort` and `argsort` in one. Equal ones
    /// keep their order; NaNs come last. Gradients go back to where the elements came from.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, Untyped};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::constant(Tensor::from_slice(&[2.0, 0.5, 1.0]));
    /// let (sorted, order) = x.sort();
    /// let values = Function::<Untyped>::new([], [sorted.untyped(), order.untyped()])?.call(())?;
    /// assert_eq!(values[0].get::<f32>().to_vec(), [0.5, 1.0, 2.0]);
    /// assert_eq!(values[1].get::<i64>().to_vec(), [1, 2, 0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// For a scalar.
    #[track_caller]
    #[must_use]
    pub fn sort(&self) -> (Self, Expr<i64>) {
        self.sorted(Sort { descending: false, count: None })
    }

    /// The positions of the elements along the last axis in ascending order, see [`sort`](Self::sort).
    ///
    /// # Panics
    /// For a scalar.
    #[track_caller]
    #[must_use]
    pub fn argsort(&self) -> Expr<i64> {
        self.sort().1
    }

    /// The `k` largest along the last axis, the largest first, and their positions.
    ///
    /// # Panics
    /// For a scalar, or if there are fewer than `k`.
    #[track_caller]
    #[must_use]
    pub fn top_k(&self, k: usize) -> (Self, Expr<i64>) {
        self.sorted(Sort { descending: true, count: Some(k) })
    }

    /// The elements at positions along the last axis, for each row its own: `[…, n]` and `[…, k]` give `[…, k]`.
    ///
    /// # Panics
    /// If the shapes differ in another axis than the last.
    #[track_caller]
    #[must_use]
    pub fn take_along_last(&self, places: &Expr<i64>) -> Self {
        let inputs = vec![self.untyped(), places.untyped()];
        AnyExpr::values_of(Arc::new(AlongLast::Take), inputs).remove(0).typed()
    }

    #[track_caller]
    pub(super) fn put_along_last(&self, places: &Expr<i64>, parts: &Expr<T>) -> Self {
        let inputs = vec![self.untyped(), places.untyped(), parts.untyped()];
        AnyExpr::values_of(Arc::new(AlongLast::Add), inputs).remove(0).typed()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let take = |x: &[AnyExpr]| x[0].take_along_last(&x[1].typed());
    let put = |x: &[AnyExpr]| x[0].put_along_last(&x[1].typed(), &x[2]);
    vec![
        example("sort", &[&[3, 4]], -1.0..1.0, |x| x[0].sort()).and(&[&[1]]).and(&[&[3, 0]]).and(&[&[0, 3]]),
        example("top_k", &[&[3, 4]], -1.0..1.0, |x| x[0].top_k(2)).and(&[&[0, 2]]).and(&[&[3, 33]]),
        example("top_k of none", &[&[3, 4]], -1.0..1.0, |x| x[0].top_k(0)),
        example("take_along_last", &[&[3, 4], &[3, 2]], -1.0..1.0, take)
            .whole(1, 0..4)
            .and(&[&[0, 4], &[0, 2]]),
        example("put_along_last", &[&[3, 4], &[3, 2], &[3, 2]], -1.0..1.0, put).whole(1, 0..4).and(&[
            &[3, 4],
            &[3, 0],
            &[3, 0],
        ]),
    ]
}
