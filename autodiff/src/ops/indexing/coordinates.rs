//! Positions in row-major order and coordinates, and positions counted from the end.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, ElementType};
use serde::{Deserialize, Serialize};

use crate::kernel::View;
use crate::ops::Batch;
use crate::ops::index::checked;
use crate::ops::operation::Operation;
use crate::{AnyExpr, Dim, Error, Expr, Hlo, HloType, HloValue, Rows, Shape, ValueType};

/// Coordinates `[…, r]` and positions `[…]`, one from the other, and from the r lengths of the axes that they count along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Coordinates {
    Ravel,
    Unravel,
}

impl Operation for Coordinates {
    fn name(&self) -> String {
        match self {
            Coordinates::Ravel => "ravel_multi_index",
            Coordinates::Unravel => "unravel_index",
        }
        .into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let [given, lengths] = inputs else { return Err("takes two inputs".into()) };
        let dims = given.shape.dims();
        let shape: Option<Shape> = match (self, lengths.shape.dims()) {
            (Coordinates::Ravel, [r]) if dims.last() == Some(r) => {
                Some(given.shape.without(&[dims.len() - 1]))
            }
            (Coordinates::Unravel, [r]) => Some(dims.iter().chain([r]).cloned().collect()),
            _ => None,
        };
        let whole = inputs.iter().all(|of| of.element == ElementType::I64);
        match shape.filter(|_| whole) {
            Some(shape) => Ok(vec![ValueType::new(ElementType::I64, shape)]),
            None => Err(format!("{given} along axes of lengths {lengths}")),
        }
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        let (given, lengths) = (inputs[0].elements::<i64>(), inputs[1].elements::<i64>());
        let y = outputs[0].reborrow().get::<i64>();
        let r = lengths.len();
        match self {
            Coordinates::Ravel => {
                for (i, y) in y.iter_mut().enumerate() {
                    *y = 0;
                    for (axis, &length) in lengths.iter().enumerate() {
                        let place = i * r + axis;
                        *y = *y * length + checked(self, given[place], place, length as usize)? as i64;
                    }
                }
            }
            Coordinates::Unravel => {
                let all: i64 = lengths.iter().product();
                for (i, (y, &place)) in y.chunks_mut(r.max(1)).zip(given).enumerate() {
                    // Of nothing there is a place that stands for none.
                    let mut rest = if all == 0 { 0 } else { checked(self, place, i, all as usize)? as i64 };
                    for (y, &length) in y.iter_mut().zip(lengths).rev() {
                        (*y, rest) = (rest % length.max(1), rest / length.max(1));
                    }
                }
            }
        }
        Ok(())
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        if batch.is_stacked(1) {
            return None;
        }
        let inputs = vec![batch.given(0).clone(), batch.given(1).clone()];
        Some(AnyExpr::values_of(Arc::new(*self), inputs))
    }

    fn rows(&self, rows: &[Rows], inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        match (self, rows[1]) {
            (Coordinates::Ravel, Rows::Free) => rows[0].without(&[inputs[0].rank() - 1], true),
            (Coordinates::Unravel, Rows::Free) => rows[0],
            _ => Rows::Mixed,
        }
    }

    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![None, None]
    }

    fn can_fail(&self) -> bool {
        true
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let (given, lengths) = (&inputs[0], &inputs[1]);
        let count = lengths.of().shape[0];
        let flat = HloType::new(
            ElementType::I64,
            match self {
                Coordinates::Ravel => outputs[0].shape.clone(),
                Coordinates::Unravel => given.of().shape.clone(),
            },
        );
        let length = |hlo: &mut Hlo, axis: usize| {
            let length = hlo.slice(lengths, 0, axis, axis + 1, 1);
            let length = hlo.reshape(&length, &[]);
            hlo.broadcast(&length, &[], &flat)
        };
        let last = flat.rank();
        match self {
            Coordinates::Ravel => {
                let mut places = hlo.full(&flat, 0.0);
                for axis in 0..count {
                    let part = hlo.slice(given, last, axis, axis + 1, 1);
                    let (part, length) = (hlo.reshape(&part, &flat.shape), length(hlo, axis));
                    let rows = hlo.binary("multiply", &places, &length);
                    places = hlo.binary("add", &rows, &part);
                }
                Some(vec![places])
            }
            Coordinates::Unravel => {
                let mut rest = given.clone();
                let mut parts = Vec::new();
                let shape: Vec<usize> = flat.shape.iter().copied().chain([1]).collect();
                for axis in (0..count).rev() {
                    // Nothing is divided by an axis of no length.
                    let (length, one) = (length(hlo, axis), hlo.full(&flat, 1.0));
                    let length = hlo.binary("maximum", &length, &one);
                    let part = hlo.binary("remainder", &rest, &length);
                    parts.insert(0, hlo.reshape(&part, &shape));
                    rest = hlo.binary("divide", &rest, &length);
                }
                let parts: Vec<&HloValue> = parts.iter().collect();
                (count > 0).then(|| vec![hlo.concatenate(&parts, last)])
            }
        }
    }
}

impl Expr<i64> {
    /// Positions of which those that are negative count from the end of an axis of this length, as all of NumPy's do: −1 is the last.
    /// `x.take(0, &i.wrap_negative(x.dim(0)))` is NumPy's `x[i]`.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let i = Expr::<i64>::constant(Tensor::from_slice(&[0, -1, -4]));
    /// let places = Function::new([], [i.wrap_negative(4)])?.call(&[])?.remove(0);
    /// assert_eq!(places.to_vec(), [0, 3, 0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn wrap_negative(&self, length: impl Into<Dim>) -> Self {
        let from_end = self + Expr::<i64>::size(length);
        Expr::select(&self.lt(&self.zeros_like()), &from_end, self)
    }

    #[track_caller]
    fn coordinates<D: Clone + Into<Dim>>(&self, op: Coordinates, lengths: &[D]) -> Self {
        let length = |length: &D| Expr::<i64>::size(length.clone()).reshape([1]);
        let lengths: Vec<Expr<i64>> = lengths.iter().map(length).collect();
        let lengths = if lengths.is_empty() { Expr::zeros([0]) } else { Expr::concat(&lengths, 0) };
        AnyExpr::values_of(Arc::new(op), vec![self.untyped(), lengths.untyped()]).remove(0).typed()
    }

    /// The positions in row-major order of coordinates along axes of these lengths, of which the last axis has one for each. One that is
    /// negative or beyond its axis makes the call of the function fail with [`Error::Index`]. NumPy's `ravel_multi_index`.
    ///
    /// # Panics
    /// If the last axis has not one coordinate for each length.
    #[track_caller]
    pub fn ravel_multi_index<D: Clone + Into<Dim>>(&self, lengths: &[D]) -> Self {
        self.coordinates(Coordinates::Ravel, lengths)
    }

    /// The coordinates along axes of these lengths of positions in row-major order, along a new last axis. A position that is negative or
    /// beyond makes the call of the function fail with [`Error::Index`]. NumPy's `unravel_index`.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let places = Expr::<i64>::constant(Tensor::from_slice(&[5, 2]));
    /// let coordinates = places.unravel_index(&[2, 3]);
    /// let again = coordinates.ravel_multi_index(&[2, 3]);
    /// let values = Function::new([], [coordinates, again])?.call(&[])?;
    /// assert_eq!(values[0].to_vec(), [1, 2, 0, 2]);
    /// assert_eq!(values[1].to_vec(), [5, 2]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn unravel_index<D: Clone + Into<Dim>>(&self, lengths: &[D]) -> Self {
        self.coordinates(Coordinates::Unravel, lengths)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let ravel = |x: &[AnyExpr]| x[0].typed::<i64>().ravel_multi_index(&[3, 5, 4]);
    let unravel = |x: &[AnyExpr]| x[0].typed::<i64>().unravel_index(&[3, 5, 4]);
    let wrapped = |x: &[AnyExpr]| x[0].take(0, &x[1].typed::<i64>().wrap_negative(x[0].dim(0))).tanh();
    vec![
        example("ravel_multi_index", &[&[2, 7, 3]], 0.0..1.0, ravel).whole(0, 0..3).and(&[&[0, 3]]),
        example("unravel_index", &[&[2, 7]], 0.0..1.0, unravel).whole(0, 0..60).and(&[&[]]).and(&[&[0]]),
        example("wrap_negative", &[&[3, 2], &[5]], -1.0..1.0, wrapped).whole(1, -3..3),
    ]
}
