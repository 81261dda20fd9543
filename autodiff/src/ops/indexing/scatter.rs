//! Parts that replace those of a tensor at some positions along an axis, or are combined with them.

use super::put::{How, Put, put};
use crate::expr::refusal::{broadcast_difference, ensure};
use crate::ops::Axes;
use crate::ops::operation::Operation;
use crate::{Arithmetic, Dim, Expr, Kind, Shape};

impl<T: Kind> Expr<T> {
    /// The parts at positions along an axis, by way of the form that the operation takes.
    #[track_caller]
    fn scattered(&self, how: How, axis: impl Axes, places: &Expr<i64>, parts: &Expr<T>) -> Self {
        let op = Put(how).name();
        let axis = self.axis_of(&op, axis);
        let dims = self.shape().dims();
        let wanted: Shape =
            dims[..axis].iter().chain(places.shape().dims()).chain(&dims[axis + 1..]).cloned().collect();
        ensure!(
            parts.shape().broadcast(&wanted).as_ref() == Some(&wanted),
            [self, places, parts],
            "{op}: parts {parts:?} of shape {}, not {wanted}, for positions of shape {} along axis {axis} of {self:?} of shape {}{}",
            parts.shape(),
            places.shape(),
            self.shape(),
            broadcast_difference(parts.shape(), &wanted)
        );
        let parts = parts.broadcast_to(&wanted);
        // The axis in front, the others behind it as one.
        let inner = self.shape().without(&[axis]).len();
        let (count, one) = (places.shape().len(), Dim::from(1usize));
        let base = self.move_axis(axis, 0);
        let moved = base.shape().clone();
        let base = base.reshape([one.clone(), self.dim(axis), inner.clone()]);
        let rank = places.rank();
        let order: Vec<usize> = (axis..axis + rank).chain(0..axis).chain(axis + rank..parts.rank()).collect();
        let parts = parts.transpose(&order).reshape([one.clone(), count.clone(), inner]);
        let places = places.reshape([one, count]);
        let value = put(how, &base.untyped(), &places.untyped(), &parts.untyped());
        value.reshape(moved).move_axis(0, axis).typed()
    }

    /// This with other parts at some positions along an axis: NumPy's `x[i] = parts` for axis 0. The parts have the shape that
    /// [`take`](Self::take) gives, or one that broadcasts to it; of several at one position the last stays. Slopes pass to what stays.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let rows = Expr::<i64>::constant(Tensor::from_slice(&[2, 0]));
    /// let parts = Expr::constant(Tensor::from_slice(&[7, 8]));
    /// let y = Function::new([], [Expr::<i32>::zeros([3, 2]).scatter_set(0, &rows, &parts)])?.call(&[])?.remove(0);
    /// assert_eq!(y.to_vec(), [7, 8, 0, 0, 7, 8]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there is no such axis, or if the parts do not fit.
    #[track_caller]
    pub fn scatter_set(&self, axis: impl Axes, places: &Expr<i64>, parts: &Expr<T>) -> Self {
        self.scattered(How::Set, axis, places, parts)
    }

    /// This with other rows at some positions, see [`scatter_set`](Self::scatter_set).
    ///
    /// # Panics
    /// For a scalar, or if the rows do not fit.
    #[track_caller]
    #[must_use]
    pub fn set_rows(&self, places: &Expr<i64>, rows: &Expr<T>) -> Self {
        self.scatter_set(0, places, rows)
    }
}

macro_rules! scatters {
    ($($(#[$doc:meta])* $method:ident $how:ident;)+) => {
        impl<T: Arithmetic> Expr<T> {
            $($(#[$doc])*
            /// The parts are those of [`scatter_set`](Self::scatter_set).
            ///
            /// # Panics
            /// If there is no such axis, or if the parts do not fit.
            #[track_caller]
            pub fn $method(&self, axis: impl Axes, places: &Expr<i64>, parts: &Expr<T>) -> Self {
                self.scattered(How::$how, axis, places, parts)
            })+
        }
    };
}

scatters! {
    /// The larger of what stands at some positions along an axis and the parts there. A NaN stays; ties share the slope.
    scatter_max Max;
    /// The smaller of what stands at some positions along an axis and the parts there. A NaN stays; ties share the slope.
    scatter_min Min;
    /// The product of what stands at some positions along an axis and all parts there. Where one of them is 0, second slopes by two that
    /// share a position are 0.
    scatter_mul Mul;
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    let all: [(&str, How); 4] = [("set", How::Set), ("max", How::Max), ("min", How::Min), ("mul", How::Mul)];
    let mut examples = Vec::new();
    for (name, how) in all {
        let rows = move |x: &[AnyExpr]| x[0].scattered(how, 0, &x[1].typed(), &x[2]).tanh();
        let columns = move |x: &[AnyExpr]| x[0].scattered(how, -1, &x[1].typed(), &x[2]).tanh();
        let stacks = move |x: &[AnyExpr]| put(how, &x[0], &x[1], &x[2]);
        examples.extend([
            example(name, &[&[4, 3], &[6], &[6, 3]], -1.0..1.0, rows)
                .whole(1, 0..4)
                .and(&[&[4, 0], &[2], &[2, 0]])
                .and(&[&[4, 3], &[0], &[0, 3]]),
            example(name, &[&[1], &[], &[]], -1.0..1.0, rows).whole(1, 0..1),
            example(name, &[&[2, 4], &[2, 2], &[2, 2, 2]], -1.0..1.0, columns).whole(1, 0..4),
            example(name, &[&[2, 3, 2], &[2, 4], &[2, 4, 2]], -1.0..1.0, stacks).whole(1, 0..3),
        ]);
    }
    examples.push(
        example("set_rows", &[&[4, 3], &[2], &[2, 3]], -1.0..1.0, |x| {
            x[0].set_rows(&x[1].typed(), &x[2]).tanh()
        })
        .whole(1, 0..4),
    );
    examples.push(
        example("set of whole numbers", &[&[4], &[3], &[3]], 0.0..1.0, |x| {
            x[0].scatter_set(0, &x[1].typed(), &x[2])
        })
        .whole(0, 0..9)
        .whole(1, 0..4)
        .whole(2, 0..9),
    );
    examples
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Error, Expr, Function, grad};

    fn places() -> Expr<i64> {
        Expr::constant(Tensor::from_slice(&[1, 0, 1]))
    }

    /// What `x[i] = v` and `np.maximum.at` and its relatives give.
    #[test]
    fn values_are_numpys() {
        let x = Expr::constant(Tensor::<f64>::from_slice(&[2.0, 3.0, 4.0]));
        let v = Expr::constant(Tensor::<f64>::from_slice(&[5.0, 1.0, -6.0]));
        let i = places();
        let outputs = [
            x.scatter_set(0, &i, &v),
            x.scatter_max(0, &i, &v),
            x.scatter_min(0, &i, &v),
            x.scatter_mul(0, &i, &v),
        ];
        let values = Function::new([], outputs).unwrap().call(&[]).unwrap();
        let found: Vec<_> = values.iter().map(Tensor::to_vec).collect();
        assert_eq!(found[0], [1.0, -6.0, 4.0]);
        assert_eq!(found[1], [2.0, 5.0, 4.0]);
        assert_eq!(found[2], [1.0, -6.0, 4.0]);
        assert_eq!(found[3], [2.0, -90.0, 4.0]);
    }

    /// Only what stays has a slope; ties of a maximum share it; the product's slopes are right at zeros.
    #[test]
    fn slopes_go_where_the_values_came_from() {
        let x = Expr::<f64>::input("x", [3]);
        let v = Expr::<f64>::input("v", [3]);
        let weights = Expr::constant(Tensor::<f64>::from_slice(&[1.0, 10.0, 100.0]));
        let slopes = |y: Expr<f64>| grad(&(y * &weights).sum_all(), &[x.clone(), v.clone()]);
        let i = places();
        let all = [
            slopes(x.scatter_set(0, &i, &v)),
            slopes(x.scatter_max(0, &i, &v)),
            slopes(x.scatter_mul(0, &i, &v)),
        ];
        let f = Function::new([&x, &v], all.concat()).unwrap();
        let at = [Tensor::from_slice(&[2.0, 3.0, 4.0]), Tensor::from_slice(&[3.0, 1.0, 0.0])];
        let found: Vec<_> = f.call(&[&at[0], &at[1]]).unwrap().iter().map(Tensor::to_vec).collect();
        assert_eq!(found[..2], [[0.0, 0.0, 100.0], [0.0, 1.0, 10.0]]);
        assert_eq!(found[2..4], [[1.0, 5.0, 100.0], [5.0, 0.0, 0.0]]);
        assert_eq!(found[4..], [[1.0, 0.0, 100.0], [0.0, 2.0, 90.0]]);
    }

    #[test]
    fn a_position_beyond_the_axis_is_an_error_of_the_call() {
        let x = Expr::<f32>::zeros([3]);
        let i = Expr::<i64>::input("i", [1]);
        let f = Function::<crate::Untyped>::new(
            [&i.untyped()],
            [x.scatter_set(0, &i, &Expr::ones(())).untyped()],
        );
        let error = f.unwrap().call(&[&Tensor::<i64>::from_slice(&[3]).into()]).unwrap_err();
        assert!(matches!(error, Error::Index { limit: 3, .. }), "{error}");
    }

    #[test]
    #[should_panic(expected = "scatter_max: parts `v` of shape [2], not [3], for positions of shape [3]")]
    fn parts_that_do_not_fit_are_refused() {
        let _ = Expr::<f32>::zeros([4]).scatter_max(0, &places(), &Expr::input("v", [2]));
    }
}
