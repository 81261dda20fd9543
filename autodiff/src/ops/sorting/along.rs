//! Along any axis what is there for the last.

use crate::ops::Axes;
use crate::{Arithmetic, Expr};

macro_rules! along_any {
    ($($(#[$doc:meta])* $method:ident($($argument:ident: $type:ty)?) as $last:ident;)+) => {
        impl<T: Arithmetic> Expr<T> {
            $($(#[$doc])*
            ///
            /// # Panics
            /// If there is no such axis.
            #[track_caller]
            pub fn $method(&self, axis: impl Axes $(, $argument: $type)?) -> (Self, Expr<i64>) {
                let axis = self.axis_of(stringify!($method), axis) as i32;
                let (values, places) = self.move_axis(axis, -1).$last($($argument)?);
                (values.move_axis(-1, axis), places.move_axis(-1, axis))
            })+
        }
    };
}

along_any! {
    /// [`sort`](Self::sort) along any axis: the elements in ascending order, and their positions.
    sort_along() as sort;
    /// [`sort_descending`](Self::sort_descending) along any axis.
    sort_descending_along() as sort_descending;
    /// [`top_k`](Self::top_k) along any axis: the `k` largest, and their positions. There must be so many.
    top_k_along(k: usize) as top_k;
    /// [`cummax`](Self::cummax) along any axis: the running maxima, and their positions.
    cummax_along() as cummax;
    /// [`cummin`](Self::cummin) along any axis: the running minima, and their positions.
    cummin_along() as cummin;
}

impl<T: Arithmetic> Expr<T> {
    /// The positions of the elements along any axis in ascending order, see [`argsort`](Self::argsort).
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn argsort_along(&self, axis: impl Axes) -> Expr<i64> {
        self.sort_along(axis).1
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    let along = |name: &str, of: fn(&AnyExpr) -> (AnyExpr, Expr<i64>)| {
        example(name, &[&[4, 3]], -1.0..1.0, move |x| of(&x[0])).and(&[&[4, 0]]).and(&[&[3, 1]])
    };
    vec![
        along("sort_along", |x| x.sort_along(0)).and(&[&[1, 1]]),
        along("sort_descending_along", |x| x.sort_descending_along(0)),
        along("top_k_along", |x| x.top_k_along(-2, 2)),
        along("cummax_along", |x| x.cummax_along(0)),
        along("cummin_along", |x| x.cummin_along(0)),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Expr, Function};

    #[test]
    fn columns_are_sorted() {
        let x = Expr::constant(Tensor::<f64>::new([3, 2], vec![2.0, f64::NAN, 1.0, 5.0, 3.0, 4.0]));
        let (up, down) = (x.sort_along(0).0, x.sort_descending_along(0).0);
        let values = Function::new([], [up, down]).unwrap().call(&[]).unwrap();
        let found: Vec<_> = values.iter().map(|of| format!("{:?}", of.to_vec())).collect();
        assert_eq!(found, ["[1.0, 4.0, 2.0, 5.0, 3.0, NaN]", "[3.0, 5.0, 2.0, 4.0, 1.0, NaN]"]);
    }
}
