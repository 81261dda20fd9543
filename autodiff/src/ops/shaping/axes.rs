//! Axes that are inferred, gone, added, exchanged and moved.

use crate::expr::refusal::refuse;
use crate::ops::Axes;
use crate::{Dim, Expr, Kind, Shape};

impl<T: Kind> Expr<T> {
    /// The same elements, in row-major order, in another shape, of which one axis may be −1: it is as long as the others leave it.
    ///
    /// ```
    /// use bayeux_autodiff::{Dim, Expr, batch};
    /// let x = Expr::<f32>::input("x", (batch(), 4, 6));
    /// assert_eq!(x.reshape_infer(&[-1, 8]).shape().to_string(), "[3·batch, 8]");
    /// assert_eq!(x.reshape_infer(&[batch(), Dim::from(-1)]).shape().to_string(), "[batch, 24]");
    /// ```
    ///
    /// # Panics
    /// If more than one axis is −1, or if there is no such length.
    #[track_caller]
    pub fn reshape_infer<D: Clone + Into<Dim>>(&self, shape: &[D]) -> Self {
        let mut dims: Vec<Dim> = shape.iter().cloned().map(Into::into).collect();
        let inferred = Dim::from(-1);
        let open: Vec<usize> = (0..dims.len()).filter(|&axis| dims[axis] == inferred).collect();
        if let [axis] = open[..] {
            dims[axis] = Dim::from(1usize);
            let others = dims.iter().product::<Dim>();
            let found = self.shape().len().divide(&others);
            let Some(length) = found.filter(|length| length.is_at_least(0) != Some(false)) else {
                refuse!(
                    [self],
                    "reshape_infer: {self:?} of shape {} cannot be parted by axes {shape:?}",
                    self.shape(),
                    shape = dims
                );
            };
            dims[axis] = length;
        }
        assert!(open.len() <= 1, "reshape_infer: more than one axis of {dims:?} is −1");
        self.reshape(dims)
    }

    /// The shape without some axes of length 1.
    ///
    /// # Panics
    /// If there is no such axis, or if it has another length.
    #[track_caller]
    pub fn squeeze(&self, axes: impl Axes) -> Self {
        let axes = self.axes_of("squeeze", axes);
        if let Some(&axis) = axes.iter().find(|&&axis| !self.shape()[axis].is_one()) {
            refuse!([self], "squeeze: axis {axis} of {self:?} of shape {} is not of length 1", self.shape());
        }
        self.reshape(self.shape().without(&axes))
    }

    /// The shape with axes of length 1 added, which are those at these places of the result: NumPy's `expand_dims`.
    ///
    /// # Panics
    /// If one is beyond the rank of the result, or named twice.
    #[track_caller]
    #[must_use]
    pub fn expand_dims<const N: usize>(&self, axes: [i32; N]) -> Self {
        let axes = self.axes_among("expand_dims", axes, self.rank() + N);
        let mut dims = self.shape().dims().iter();
        let one = Dim::from(1usize);
        let dim = |axis: usize| if axes.contains(&axis) { Some(&one) } else { dims.next() };
        let shape: Shape = (0..self.rank() + N).filter_map(dim).cloned().collect();
        self.reshape(shape)
    }

    /// Two axes exchanged.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn swap_axes(&self, a: impl Axes, b: impl Axes) -> Self {
        let mut order: Vec<usize> = (0..self.rank()).collect();
        order.swap(self.axis_of("swap_axes", a), self.axis_of("swap_axes", b));
        self.transpose(&order)
    }

    /// One axis moved to another place, the others in their order.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn move_axis(&self, from: impl Axes, to: impl Axes) -> Self {
        let (from, to) = (self.axis_of("move_axis", from), self.axis_of("move_axis", to));
        if from == to {
            return self.clone();
        }
        let mut order: Vec<usize> = (0..self.rank()).filter(|&axis| axis != from).collect();
        order.insert(to, from);
        self.transpose(&order)
    }

    /// Several axes backwards.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn flip_axes(&self, axes: impl Axes) -> Self {
        self.axes_of("flip_axes", axes).into_iter().fold(self.clone(), |x, axis| x.flip(axis))
    }

    /// Some axes as one, the last, in which their elements are in row-major order.
    #[track_caller]
    pub(in crate::ops) fn merged_last(&self, axes: &[usize]) -> Self {
        let others = (0..self.rank()).filter(|axis| !axes.contains(axis));
        let order: Vec<usize> = others.chain(axes.iter().copied()).collect();
        let in_order = order.iter().copied().eq(0..self.rank());
        let moved = if in_order { self.clone() } else { self.transpose(&order) };
        moved.flatten_from(self.rank() - axes.len())
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    let moved = |x: &[AnyExpr]| x[0].move_axis(0, -1).swap_axes(0, 1).flip_axes([0, 2]).tanh();
    let squeezed = |x: &[AnyExpr]| x[0].expand_dims([0, -1]).squeeze([-1]).tanh();
    vec![
        example("reshape_infer", &[&[2, 6]], -1.0..1.0, |x| x[0].reshape_infer(&[-1, 4]).tanh()),
        example("moved axes", &[&[2, 3, 4]], -1.0..1.0, moved).and(&[&[2, 0, 3]]).and(&[&[1, 1, 1]]),
        example("squeeze", &[&[2, 3]], -1.0..1.0, squeezed),
        example("merged axes", &[&[2, 3, 4]], -1.0..1.0, |x| x[0].merged_last(&[0, 2]).tanh()),
    ]
}

#[cfg(test)]
mod tests {
    use crate::{Dim, Expr, batch};

    #[test]
    fn shapes_are_numpys() {
        let x = Expr::<f32>::zeros([2, 3, 4, 5]);
        let shape = |x: Expr<f32>| x.shape().sizes().unwrap();
        assert_eq!(shape(x.move_axis(0, -1)), [3, 4, 5, 2]);
        assert_eq!(shape(x.move_axis(-1, 1)), [2, 5, 3, 4]);
        assert_eq!(shape(x.swap_axes(0, 2)), [4, 3, 2, 5]);
        assert_eq!(shape(x.expand_dims([0, 2, -1])), [1, 2, 1, 3, 4, 5, 1]);
        assert_eq!(shape(x.reshape_infer(&[6, -1])), [6, 20]);
        assert_eq!(shape(x.reshape_infer(&[-1])), [120]);
        assert_eq!(shape(Expr::<f32>::zeros([1, 3, 1]).squeeze([0, -1])), [3]);
    }

    #[test]
    #[should_panic(expected = "of shape [batch, 4] cannot be parted")]
    fn what_does_not_part_is_refused() {
        let _ = Expr::<f32>::input("x", (batch(), 4)).reshape_infer(&[Dim::from(-1), Dim::from(3)]);
    }

    #[test]
    #[should_panic(expected = "axis 1 of `x` of shape [batch, 4] is not of length 1")]
    fn what_is_not_one_is_not_squeezed() {
        let _ = Expr::<f32>::input("x", (batch(), 4)).squeeze(1);
    }
}
