//! Where the largest and the smallest stand.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element, ElementType, with_type};

use super::Axes;
use super::Batch;
use super::elementwise::fill;
use super::operation::Operation;
use crate::kernel::View;
use crate::{AnyExpr, Arithmetic, Error, Expr, Rows, ValueType};

/// The position of the first of the largest, or the smallest, along an axis, which disappears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Extreme {
    axis: usize,
    largest: bool,
}

impl Operation for Extreme {
    fn name(&self) -> String {
        format!("{} along axis {}", if self.largest { "argmax" } else { "argmin" }, self.axis)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let shape = &inputs[0].shape;
        if self.axis >= shape.rank() {
            return Err(format!("no axis {} in {shape}", self.axis));
        }
        if shape[self.axis].size() == Some(0) {
            return Err(format!("there is nothing along axis {} of {shape}", self.axis));
        }
        Ok(vec![ValueType::new(ElementType::I64, shape.without(&[self.axis]))])
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        fn is_nan<T: Element>(x: T) -> bool {
            x.partial_cmp(&x).is_none()
        }
        fn place<T: Element>(x: impl Iterator<Item = T>, largest: bool) -> i64 {
            let mut best: Option<(i64, T)> = None;
            for (i, x) in x.enumerate() {
                let better = match best {
                    None => true,
                    // A NaN is what a maximum gives, so it is where it stands.
                    Some((_, of)) if is_nan(of) => false,
                    Some((_, of)) => is_nan(x) || if largest { x > of } else { x < of },
                };
                if better {
                    best = Some((i as i64, x));
                }
            }
            best.map_or(0, |(place, _)| place)
        }
        let x = &inputs[0];
        let (n, inner): (usize, usize) = (x.shape[self.axis], x.shape[self.axis + 1..].iter().product());
        if n == 0 {
            let what = format!("there is nothing along axis {} of {:?}", self.axis, x.shape);
            return Err(Error::Size { op: self.name(), what });
        }
        with_type!(x.data.element_type(), T => {
            let x = x.elements::<T>();
            fill(outputs[0].reborrow().get::<i64>(), |i| {
                let first = i / inner * n * inner + i % inner;
                place((0..n).map(|k| x[first + k * inner]), self.largest)
            });
        });
        Ok(())
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let op = Extreme { axis: self.axis + 1, ..*self };
        Some(AnyExpr::values_of(Arc::new(op), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&[self.axis], true)
    }

    /// Places do not move with small changes.
    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![None]
    }

    fn can_fail(&self) -> bool {
        true
    }
}

impl<T: Arithmetic> Expr<T> {
    #[track_caller]
    fn extreme(&self, axis: i32, largest: bool) -> Expr<i64> {
        let axis = axis.resolve(self.rank())[0];
        AnyExpr::values_of(Arc::new(Extreme { axis, largest }), vec![self.untyped()]).remove(0).typed()
    }

    /// The position of the largest along an axis, which disappears; of several the first; of a NaN, if there is one. A negative
    /// axis is counted from the back.
    ///
    /// # Panics
    /// If there is no such axis, or nothing along it.
    #[track_caller]
    #[must_use]
    pub fn argmax(&self, axis: i32) -> Expr<i64> {
        self.extreme(axis, true)
    }

    /// The position of the smallest along an axis, see [`argmax`](Self::argmax).
    ///
    /// # Panics
    /// If there is no such axis, or nothing along it.
    #[track_caller]
    #[must_use]
    pub fn argmin(&self, axis: i32) -> Expr<i64> {
        self.extreme(axis, false)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let sets = |name: &str, of: fn(&AnyExpr) -> Expr<i64>| {
        example(name, &[&[3, 4]], -1.0..1.0, move |x| of(&x[0])).and(&[&[1, 1]]).and(&[&[3, 0]])
    };
    vec![
        sets("argmax", |x| x.argmax(0)),
        sets("argmin", |x| x.argmin(-2)),
        example("argmax of whole numbers", &[&[3, 9]], 0.0..1.0, |x| x[0].argmax(-1)).whole(0, 0..4),
    ]
}

#[cfg(test)]
mod tests {
    use crate::Expr;

    #[test]
    #[should_panic(expected = "axes [-3] of a tensor of rank 2")]
    fn an_axis_that_is_none_is_named_as_given() {
        let _ = Expr::<f64>::zeros([2, 3]).argmin(-3);
    }
}
