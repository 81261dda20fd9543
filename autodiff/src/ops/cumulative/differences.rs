//! Differences of neighbours.

use crate::ops::Axes;
use crate::{Arithmetic, Expr};

impl<T: Arithmetic> Expr<T> {
    /// The differences of neighbours along an axis, `order` times over: the axis is shorter by as many. NumPy's `diff`.
    ///
    /// # Panics
    /// If there is no such axis, or if it is shorter than `order`. Where that depends on a free dimension, the call fails.
    #[track_caller]
    pub fn diff(&self, axis: impl Axes, order: usize) -> Self {
        let axis = self.axis_of("diff", axis);
        let mut x = self.clone();
        for _ in 0..order {
            x = x.slice(axis, 1..) - x.slice(axis, ..-1);
        }
        x
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    vec![
        example("diff", &[&[3, 5]], -1.0..1.0, |x| x[0].diff(-1, 2).tanh()).and(&[&[0, 5]]),
        example("diff of one", &[&[1]], -1.0..1.0, |x| x[0].diff(0, 1)),
        example("diff of whole numbers", &[&[5, 2]], 0.0..1.0, |x| x[0].diff(0, 1)).whole(0, -9..10),
    ]
}
