//! One-hot rows along any axis, with any two numbers.

use crate::ops::Axes;
use crate::{Arithmetic, Expr};

impl<T: Arithmetic> Expr<T> {
    /// Labels as in [`one_hot`](Expr::one_hot), along a new axis at this place of the result, with `on` at the labels' places and `off`
    /// elsewhere, whose type the result has.
    ///
    /// # Panics
    /// If `classes` is 0, or if the axis is beyond the rank.
    #[track_caller]
    pub fn one_hot_with<U: Arithmetic>(
        &self,
        axis: impl Axes,
        classes: usize,
        on: &Expr<U>,
        off: &Expr<U>,
    ) -> Expr<U> {
        let axis = self.axis_among("one_hot_with", axis, self.rank() + 1);
        let there = self.one_hot_as::<bool>(classes).move_axis(self.rank(), axis);
        Expr::select(&there, on, off)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    let labels = |x: &[AnyExpr]| x[0].one_hot_with(1, 4, &x[1], &x[2]).tanh();
    vec![
        example("one_hot_with", &[&[2, 3], &[], &[]], -1.0..1.0, labels)
            .whole(0, 0..4)
            .and(&[&[2, 0], &[], &[]])
            .and(&[&[1], &[], &[]]),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Expr, Function};

    #[test]
    fn the_axis_is_where_it_is_asked_for() {
        let labels = Expr::constant(Tensor::<i64>::from_slice(&[2, 0]));
        let [on, off] = [5.0, -1.0].map(Expr::<f32>::scalar);
        let y = labels.one_hot_with(0, 3, &on, &off);
        let y = Function::new([], [y]).unwrap().call(&[]).unwrap().remove(0);
        assert_eq!((y.shape(), y.to_vec()), (&[3, 2][..], vec![-1.0, 5.0, -1.0, -1.0, 5.0, -1.0]));
    }
}
