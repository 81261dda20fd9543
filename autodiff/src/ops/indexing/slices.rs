//! Ranges of an axis that are set, added to, or begin where an expression says.

use crate::expr::refusal::{broadcast_difference, ensure};
use crate::ops::slice::AxisRange;
use crate::ops::{Axes, Pad};
use crate::{Arithmetic, Dim, Expr, Kind};

impl<T: Kind> Expr<T> {
    /// This with other elements in a range of one axis, which may be free: NumPy's `x[a:b] = parts`. The parts have the shape that
    /// [`slice`](Self::slice) gives, or one that broadcasts to it.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// let x = Expr::<f32>::zeros([4]);
    /// let y = x.set_slice(0, 1..-1, &Expr::ones([2])).add_to_slice(0, ..2, &Expr::scalar(0.5));
    /// let y = Function::new([], [y])?.call(&[])?.remove(0);
    /// assert_eq!(y.to_vec(), [0.5, 1.5, 1.0, 0.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there is no such axis, if the range exceeds it, or if the parts do not fit. Where that depends on a free dimension, the call
    /// of the function fails instead.
    #[track_caller]
    pub fn set_slice(&self, axis: usize, range: impl AxisRange, parts: &Expr<T>) -> Self {
        let length = self.dim(axis);
        let range = range.on(&length);
        let (start, end) = (range.start.clone(), range.end.clone());
        let parts = self.fitted("set_slice", axis, start.clone()..end.clone(), parts);
        let zero = Dim::from(0usize);
        let mut all = vec![parts];
        if start != zero {
            all.insert(0, self.slice(axis, zero..start));
        }
        if end != length {
            all.push(self.slice(axis, end..length));
        }
        Expr::concat(&all, axis)
    }

    /// The parts, as large as a range of an axis.
    #[track_caller]
    fn fitted(&self, op: &str, axis: usize, range: std::ops::Range<Dim>, parts: &Expr<T>) -> Self {
        let place = format!("{}..{}", range.start, range.end);
        let wanted = self.slice(axis, range).shape().clone();
        ensure!(
            parts.shape().broadcast(&wanted).as_ref() == Some(&wanted),
            [self, parts],
            "{op}: parts {parts:?} of shape {}, not {wanted}, for {place} of axis {axis} of {self:?} of shape {}{}",
            parts.shape(),
            self.shape(),
            broadcast_difference(parts.shape(), &wanted)
        );
        parts.broadcast_to(wanted)
    }

    /// So many elements along an axis from a place on that is computed, a whole number of rank 0: JAX's `dynamic_slice`. A range that
    /// exceeds the axis makes the call of the function fail with [`Error::Index`](crate::Error::Index).
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn dynamic_slice(&self, axis: impl Axes, start: &Expr<i64>, length: impl Into<Dim>) -> Self {
        let axis = self.axis_of("dynamic_slice", axis);
        self.take(axis, &(Expr::<i64>::arange(length) + start))
    }

    /// This with other elements along an axis from a place on that is computed: JAX's `dynamic_update_slice`, but what exceeds the axis
    /// makes the call of the function fail with [`Error::Index`](crate::Error::Index).
    ///
    /// # Panics
    /// If there is no such axis, or if the parts differ in another axis.
    #[track_caller]
    pub fn set_dynamic_slice(&self, axis: impl Axes, start: &Expr<i64>, parts: &Expr<T>) -> Self {
        let axis = self.axis_of("set_dynamic_slice", axis);
        self.scatter_set(axis, &(Expr::<i64>::arange(parts.dim(axis)) + start), parts)
    }
}

impl<T: Arithmetic> Expr<T> {
    /// This with parts added in a range of one axis, see [`set_slice`](Self::set_slice): NumPy's `x[a:b] += parts`.
    ///
    /// # Panics
    /// If there is no such axis, if the range exceeds it, or if the parts do not fit. Where that depends on a free dimension, the call
    /// of the function fails instead.
    #[track_caller]
    pub fn add_to_slice(&self, axis: usize, range: impl AxisRange, parts: &Expr<T>) -> Self {
        let range = range.on(&self.dim(axis));
        let before = range.start.clone();
        let parts = self.fitted("add_to_slice", axis, range, parts).untyped();
        self + Expr::new(Pad { axis, before }, vec![parts], self.shape())
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    let set = |x: &[AnyExpr]| x[0].set_slice(1, 1..3, &x[1]).tanh();
    let add = |x: &[AnyExpr]| x[0].add_to_slice(1, ..2, &x[1]).tanh();
    let read = |x: &[AnyExpr]| x[0].dynamic_slice(1, &x[1].typed(), 2).tanh();
    let written = |x: &[AnyExpr]| x[0].set_dynamic_slice(-1, &x[1].typed(), &x[2]).tanh();
    vec![
        example("set_slice", &[&[2, 4], &[2, 2]], -1.0..1.0, set).and(&[&[2, 3], &[2]]).and(&[&[0, 4], &[2]]),
        example("set_slice of all", &[&[1], &[1]], -1.0..1.0, |x| x[0].set_slice(0, .., &x[1])),
        example("add_to_slice", &[&[2, 4], &[2, 2]], -1.0..1.0, add).and(&[&[0, 4], &[2]]),
        example("dynamic_slice", &[&[3, 5], &[]], -1.0..1.0, read).whole(1, 0..4),
        example("set_dynamic_slice", &[&[3, 5], &[], &[3, 2]], -1.0..1.0, written).whole(1, 0..4),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Dim, Expr, Function};

    #[test]
    fn ranges_of_free_axes() {
        let x = Expr::<i32>::input("x", [Dim::symbol("n")]);
        let y = x.set_slice(0, -2.., &Expr::full((), 7.0));
        let f = Function::new([&x], [y]).unwrap();
        assert_eq!(f.call(&[&Tensor::from_slice(&[1, 2, 3])]).unwrap()[0].to_vec(), [1, 7, 7]);
        assert!(f.call(&[&Tensor::from_slice(&[1])]).is_err());
    }

    #[test]
    #[should_panic(
        expected = "set_slice: parts `p` of shape [3], not [2], for 1..3 of axis 0 of `x` of shape [4]"
    )]
    fn parts_that_do_not_fit_are_refused() {
        let _ = Expr::<f32>::input("x", [4]).set_slice(0, 1..3, &Expr::input("p", [3]));
    }
}
