//! Whole numbers as positions.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element, ElementType, with_type};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Batch;
use super::operation::Operation;
use crate::kernel::View;
use crate::{AnyExpr, Arithmetic, Dim, Error, Expr, Hlo, HloType, HloValue, Rows, Shape, ValueType};

/// The whole number below `limit` that an element is.
///
/// # Errors
/// If it is none.
pub(super) fn checked<T: Element>(
    op: &dyn Operation,
    element: T,
    position: usize,
    limit: usize,
) -> Result<usize, Error> {
    let found = match T::TYPE.is_float() {
        true => {
            let number = element.to_f64();
            (number >= 0.0 && number.fract() == 0.0).then_some(number as usize)
        }
        false => usize::try_from(element.to_i64()).ok(),
    };
    match found {
        Some(index) if index < limit => Ok(index),
        _ => Err(Error::Index { op: op.name(), index: element.to_f64(), position, limit }),
    }
}

/// Whether all positions are whole numbers below `limit`.
///
/// # Errors
/// The first that is none.
pub(super) fn all_checked(op: &dyn Operation, places: &[i64], limit: usize) -> Result<(), Error> {
    const TASK: usize = 1 << 14;
    // Without a branch for each.
    let fits =
        |places: &[i64]| places.iter().fold(true, |fits, &place| fits & ((place as u64) < limit as u64));
    let all = match places.len() <= TASK {
        true => fits(places),
        false => places.par_chunks(TASK).all(fits),
    };
    match all {
        true => Ok(()),
        false => {
            places.iter().enumerate().try_for_each(|(i, &place)| checked(op, place, i, limit).map(|_| ()))
        }
    }
}

/// A new last axis of the given length, 1 at the label's position and 0 elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct OneHot {
    classes: usize,
    #[serde(with = "crate::element")]
    element: ElementType,
}

impl Operation for OneHot {
    fn name(&self) -> String {
        format!("one_hot {}", self.classes)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let dims = inputs[0].shape.dims().iter().cloned();
        Ok(vec![ValueType::new(self.element, dims.chain([Dim::from(self.classes)]).collect::<Shape>())])
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        let labels = &inputs[0];
        let label = |position: usize| {
            with_type!(labels.data.element_type(), T => {
                checked(self, labels.elements::<T>()[position], position, self.classes)
            })
        };
        fn fill<U: Element>(
            rows: std::slice::ChunksExactMut<'_, U>,
            label: impl Fn(usize) -> Result<usize, Error>,
        ) -> Result<(), Error> {
            for (position, row) in rows.enumerate() {
                row.fill(U::ZERO);
                row[label(position)?] = U::ONE;
            }
            Ok(())
        }
        with_type!(self.element, U => {
            fill(outputs[0].reborrow().get::<U>().chunks_exact_mut(self.classes), label)
        })
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(AnyExpr::values_of(Arc::new(*self), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        Rows::together(rows)
    }

    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![None]
    }

    fn is_one_hot(&self) -> bool {
        true
    }

    fn can_fail(&self) -> bool {
        true
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let (labels, last) = (&inputs[0], outputs[0].rank() - 1);
        let of = HloType { element: labels.of().element, ..outputs[0].clone() };
        let (classes, labels) = (hlo.iota(&of, last), hlo.restore(labels, &[last], &of));
        let hit = hlo.compare("EQ", &labels, &classes);
        let one_hot = hlo.convert(&hit, self.element);
        Some(vec![one_hot])
    }
}

impl<T: Arithmetic> Expr<T> {
    /// Labels, whole numbers from 0 to `classes` − 1, as rows with a single 1: `[n]` becomes `[n, classes]`, of the same element
    /// type. A label out of range, or a fraction, makes the call of the function fail with [`Error::Index`].
    ///
    /// # Panics
    /// If `classes` is 0.
    #[track_caller]
    #[must_use]
    pub fn one_hot(&self, classes: usize) -> Self {
        self.one_hot_of(classes, self.element_type()).typed()
    }

    /// The same as rows of another element type: whole numbers as labels give the floats that a loss needs.
    ///
    /// # Panics
    /// If `classes` is 0.
    #[track_caller]
    #[must_use]
    pub fn one_hot_as<U: Element>(&self, classes: usize) -> Expr<U> {
        self.one_hot_of(classes, U::TYPE).typed()
    }

    #[track_caller]
    fn one_hot_of(&self, classes: usize, element: ElementType) -> AnyExpr {
        assert!(classes > 0, "one_hot: no classes");
        AnyExpr::values_of(Arc::new(OneHot { classes, element }), vec![self.untyped()]).remove(0)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let labels = |x: &[AnyExpr]| x[0].one_hot(4);
    let loss = |x: &[AnyExpr]| -(x[0].one_hot(4).cast_like(&x[1]) * x[1].log_softmax()).sum(1);
    vec![
        example("one_hot", &[&[3, 2]], 0.0..1.0, labels).whole(0, 0..4).and(&[&[0]]).and(&[&[1]]),
        example("cross-entropy", &[&[3], &[3, 4]], -2.0..2.0, loss).whole(0, 0..4).and(&[&[0], &[0, 4]]),
        example("cross-entropy of float labels", &[&[3, 4]], -2.0..2.0, |x| {
            let labels = Expr::constant(bayeux_tensor::Tensor::from_slice(&[2.0, 0.0, 3.0]));
            -(labels.untyped().cast_like(&x[0]).one_hot(4) * x[0].log_softmax()).sum(1)
        }),
    ]
}
