//! What masks choose. How many that are is known only when the function runs, so there is a bound, up to which values are padded.

use crate::expr::refusal::ensure;
use crate::ops::Axes;
use crate::{Dim, Expr, Kind, Shape};

impl Expr<bool> {
    /// The coordinates where it is true, in row-major order, `[bound, rank]`, and how many there are. Behind them the coordinates are 0,
    /// and of more than the bound those that are too many are left out. NumPy's `argwhere`.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let mask = Expr::constant(Tensor::new([2, 3], vec![false, true, false, true, false, true]));
    /// let (places, count) = mask.nonzero(4);
    /// let values = Function::new([], [places, count])?.call(&[])?;
    /// assert_eq!(values[0].to_vec(), [0, 1, 1, 0, 1, 2, 0, 0]);
    /// assert_eq!(values[1].item(), 3);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn nonzero(&self, bound: impl Into<Dim>) -> (Expr<i64>, Expr<i64>) {
        let (places, count) = self.flatten_from(0).flat_nonzero(bound);
        (places.unravel_index(self.shape().dims()), count)
    }

    /// The positions of a vector where it is true, `[bound]`, and how many there are. Behind them the positions are 0. NumPy's
    /// `flatnonzero`.
    ///
    /// # Panics
    /// If it is no vector.
    #[track_caller]
    pub fn flat_nonzero(&self, bound: impl Into<Dim>) -> (Expr<i64>, Expr<i64>) {
        ensure!(self.rank() == 1, [self], "flat_nonzero: {self:?} of shape {} is no vector", self.shape());
        let counts = self.cast::<i64>().cumsum(0);
        let count = self.cast::<i64>().sum(0);
        let ordinals = Expr::<i64>::arange(bound);
        // The j-th is where the count becomes j + 1.
        let places = counts.search_sorted(&(&ordinals + 1));
        (Expr::select(&ordinals.lt(&count), &places, &places.zeros_like()), count)
    }
}

impl<T: Kind> Expr<T> {
    /// This with one number where a mask is true. The shape is that to which both broadcast.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    #[must_use]
    pub fn masked_fill(&self, mask: &Expr<bool>, value: f64) -> Self {
        Expr::select(mask, &self.number_like(value), self)
    }

    /// The parts along an axis where a mask that never changes is true: NumPy's `compress`.
    ///
    /// # Panics
    /// If there is no such axis, or if it is known to be of another length than the mask.
    #[track_caller]
    pub fn compress(&self, axis: impl Axes, mask: &[bool]) -> Self {
        let axis = self.axis_of("compress", axis);
        ensure!(
            self.shape()[axis].size().is_none_or(|length| length == mask.len()),
            [self],
            "compress: a mask of length {} along axis {axis} of {self:?} of shape {}",
            mask.len(),
            self.shape()
        );
        let places = mask.iter().zip(0..).filter(|(chosen, _)| **chosen).map(|(_, place)| place);
        let places: Vec<i64> = places.collect();
        self.take(axis, &Expr::constant(bayeux_tensor::Tensor::from_slice(&places)))
    }

    /// The parts along an axis where a mask, a vector, is true, up to a bound, and how many there are. Behind them are zeros.
    ///
    /// # Panics
    /// If there is no such axis, or if the mask is no vector of its length.
    #[track_caller]
    pub fn compress_to(
        &self,
        axis: impl Axes,
        mask: &Expr<bool>,
        bound: impl Into<Dim>,
    ) -> (Self, Expr<i64>) {
        let axis = self.axis_of("compress_to", axis);
        ensure!(
            mask.shape() == &Shape::from([self.dim(axis)]),
            [self, mask],
            "compress_to: a mask {mask:?} of shape {} along axis {axis} of {self:?} of shape {}",
            mask.shape(),
            self.shape()
        );
        let (places, count) = mask.flat_nonzero(bound);
        let is_there = Expr::<i64>::arange(places.dim(0)).lt(&count);
        // Of an empty axis there is nothing to take, but the zeros behind it.
        let places = Expr::select(&is_there, &places, &Expr::size(self.dim(axis)));
        (self.pad(axis, 0, 1).take(axis, &places), count)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    let places = |x: &[AnyExpr]| x[0].typed::<bool>().nonzero(5);
    let filled = |x: &[AnyExpr]| x[0].masked_fill(&x[1].typed(), 0.5).tanh();
    let chosen = |x: &[AnyExpr]| x[0].compress(-1, &[true, false, true, true]).tanh();
    let bounded = |x: &[AnyExpr]| x[0].compress_to(1, &x[1].typed(), 3).0.tanh();
    vec![
        example("nonzero", &[&[3, 4]], 0.0..1.0, places)
            .truth(0)
            .and(&[&[7]])
            .and(&[&[]])
            .and(&[&[0, 3]])
            .and(&[&[2, 1, 3]]),
        example("masked_fill", &[&[2, 3], &[3]], -1.0..1.0, filled).truth(1),
        example("compress", &[&[2, 4]], -1.0..1.0, chosen),
        example("compress_to", &[&[2, 4], &[4]], -1.0..1.0, bounded).truth(1).and(&[&[2, 0], &[0]]),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::{AnyTensor, Tensor};

    use crate::{Dim, Expr, Function, Untyped};

    /// More than the bound, fewer, none.
    #[test]
    fn a_bound_may_be_too_small() {
        let mask = Expr::<bool>::input("mask", [Dim::symbol("n")]);
        let x = Expr::<i64>::arange(mask.dim(0)) + 10;
        let (parts, count) = x.compress_to(0, &mask, 2);
        let f = Function::<Untyped>::new([&mask.untyped()], [parts.untyped(), count.untyped()]).unwrap();
        let found = |mask: &[bool]| {
            let values = f.call(&[&AnyTensor::from(Tensor::from_slice(mask))]).unwrap();
            (values[0].get::<i64>().to_vec(), values[1].get::<i64>().item())
        };
        assert_eq!(found(&[true, false, true, true]), (vec![10, 12], 3));
        assert_eq!(found(&[false, true]), (vec![11, 0], 1));
        assert_eq!(found(&[]), (vec![0, 0], 0));
    }
}
