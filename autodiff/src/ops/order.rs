//! Sorting along the last axis, with the positions that the sorted elements came from.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element, ElementType, with_type};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Batch;
use super::operation::Operation;
use super::sorting::keys::{is_short, key};
use super::sorting::radix::{self, Item};
use crate::kernel::View;
use crate::{AnyExpr, Arithmetic, Dim, Error, Expr, Hlo, HloType, HloValue, Rows, ValueType};

/// x → its elements along the last axis in order, and where they stood. Equal ones stay in their order; NaNs come last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Sort {
    descending: bool,
    /// How many are kept: the first so many, or all.
    count: Option<usize>,
}

/// Elements of a task, at least.
const MIN_TASK: usize = 1 << 12;

/// From so many on the elements of one row are divided.
const PARALLEL: usize = 1 << 16;

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
        fn row<T: Element, I: Item>(
            op: &Sort,
            items: &mut Vec<I>,
            x: &[T],
            values: &mut [T],
            places: &mut [i64],
        ) {
            let (n, count) = (x.len(), values.len());
            let item = |place: usize| I::new(key(x[place], op.descending), place);
            let all = || (0..n).into_par_iter().with_min_len(MIN_TASK).map(item);
            items.clear();
            match (n < PARALLEL, count < n) {
                (true, false) => {
                    items.extend((0..n).map(item));
                    radix::sort(items);
                }
                (false, false) => {
                    all().collect_into_vec(items);
                    radix::sort(items);
                }
                (true, true) => {
                    items.extend((0..n).map(item));
                    items.select_nth_unstable(count - 1);
                    items.truncate(count);
                    items.sort_unstable();
                }
                (false, true) if count <= radix::FEW => {
                    *items = radix::least(n, item, count);
                    items.sort_unstable();
                }
                (false, true) => {
                    let last = radix::nth(n, item, count - 1);
                    *items = all().filter(|item| *item <= last).collect();
                    radix::sort(items);
                }
            }
            let write = |((value, place), item): ((&mut T, &mut i64), &I)| {
                (*value, *place) = (x[item.place()], item.place() as i64);
            };
            match count < PARALLEL {
                true => values.iter_mut().zip(places).zip(&*items).for_each(write),
                false => {
                    let pairs = values.par_iter_mut().zip(places).zip(&*items);
                    pairs.with_min_len(MIN_TASK).for_each(write);
                }
            }
        }
        fn run<T: Element, I: Item>(op: &Sort, x: &[T], n: usize, count: usize, y: (&mut [T], &mut [i64])) {
            if x.len() <= MIN_TASK {
                let mut items = Vec::<I>::new();
                let rows = x.chunks(n).zip(y.0.chunks_mut(count)).zip(y.1.chunks_mut(count));
                return rows.for_each(|((x, values), places)| row(op, &mut items, x, values, places));
            }
            let rows = x.par_chunks(n).zip(y.0.par_chunks_mut(count)).zip(y.1.par_chunks_mut(count));
            let rows = rows.with_min_len(MIN_TASK.div_ceil(n));
            rows.for_each_init(Vec::<I>::new, |items, ((x, values), places)| {
                row(op, items, x, values, places)
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
            let is_short = is_short(x.data.element_type()) && u32::try_from(n).is_ok();
            with_type!(x.data.element_type(), T => {
                let y = (values.reborrow().get(), places.reborrow().get());
                match is_short {
                    true => run::<T, u64>(self, x.elements(), n, count, y),
                    false => run::<T, (u64, u64)>(self, x.elements(), n, count, y),
                }
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
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let last = outputs[0].rank() - 1;
        let values = hlo.sort(&inputs[0], last, self.descending);
        let cut = |value: &HloValue| hlo.slice(value, last, 0, outputs[0].shape[last], 1);
        Some(if self.count.is_some() { values.iter().map(cut).collect() } else { values.to_vec() })
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

    /// The elements along the last axis in descending order, see [`sort`](Self::sort): equal ones keep their order, and NaNs come last
    /// here, too.
    ///
    /// # Panics
    /// For a scalar.
    #[track_caller]
    #[must_use]
    pub fn sort_descending(&self) -> (Self, Expr<i64>) {
        self.sorted(Sort { descending: true, count: None })
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
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    vec![
        example("sort", &[&[3, 4]], -1.0..1.0, |x| x[0].sort()).and(&[&[1]]).and(&[&[3, 0]]).and(&[&[0, 3]]),
        example("sort_descending", &[&[3, 4]], -1.0..1.0, |x| x[0].sort_descending()),
        example("sort of long rows", &[&[2, 700]], -1.0..1.0, |x| x[0].sort()),
        example("sort of whole numbers", &[&[3, 9]], 0.0..1.0, |x| x[0].sort()).whole(0, -2..3),
        example("argsort", &[&[3, 4]], -1.0..1.0, |x| x[0].argsort()).and(&[&[0, 3]]).without_slopes(),
        example("top_k", &[&[3, 4]], -1.0..1.0, |x| x[0].top_k(2)).and(&[&[0, 2]]).and(&[&[3, 33]]),
        example("top_k of none", &[&[3, 4]], -1.0..1.0, |x| x[0].top_k(0)),
    ]
}
