//! What is there, once each.

use crate::{Arithmetic, Dim, Expr};

/// The elements that are there, each once, see [`Expr::unique`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Unique<T: Arithmetic> {
    /// The elements in ascending order, `[bound]`.
    pub values: Expr<T>,
    /// Where among all, in row-major order, each is for the first time, `[bound]`.
    pub places: Expr<i64>,
    /// How often each is there, `[bound]`.
    pub counts: Expr<i64>,
    /// Which of them each element is, of the shape of all.
    pub inverse: Expr<i64>,
    /// How many there are, which may be more than the bound.
    pub number: Expr<i64>,
}

impl<T: Arithmetic> Expr<T> {
    /// The elements that are there, each once, in ascending order; where and how often each is; and how many there are. That is known
    /// only when the function runs, so there is a bound: behind them are zeros, also for places and counts, and of more than the bound
    /// the largest are left out. All NaNs are one, the last. NumPy's `unique`.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<i64>::constant(Tensor::from_slice(&[7, 3, 7, 5]));
    /// let unique = x.unique(4);
    /// let values = Function::new([], [unique.values, unique.counts, unique.inverse, unique.number])?.call(&[])?;
    /// assert_eq!(values[0].to_vec(), [3, 5, 7, 0]);
    /// assert_eq!(values[1].to_vec(), [1, 1, 2, 0]);
    /// assert_eq!(values[2].to_vec(), [2, 0, 2, 1]);
    /// assert_eq!(values[3].item(), 3);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn unique(&self, bound: impl Into<Dim>) -> Unique<T> {
        let (sorted, order) = self.flatten_from(0).sort();
        let places = Expr::<i64>::arange(sorted.dim(0));
        let first = places.eq(&places.zeros_like());
        // Of the first that is the last, which there is even if there is no other.
        let before = sorted.roll(0, 1);
        let are_nan = sorted.ne(&sorted) & before.ne(&before);
        let is_new = first | !(sorted.eq(&before) | are_nan);
        let ordinals = is_new.cast::<i64>().cumsum(0);
        // The j-th stands where the count of new ones becomes j + 1.
        let wanted = Expr::<i64>::arange(bound) + 1;
        let starts = ordinals.search_sorted(&wanted);
        let which = (&ordinals - 1).reshape([order.dim(0)]);
        Unique {
            // Behind the last is a zero.
            values: sorted.pad(0, 0, 1).take(0, &starts),
            places: order.pad(0, 0, 1).take(0, &starts),
            counts: ordinals.search_sorted_right(&wanted) - &starts,
            inverse: which.zeros_like().put_along(0, &order, &which).reshape(self.shape()),
            number: is_new.cast::<i64>().sum(0),
        }
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    let values = |x: &[AnyExpr]| x[0].unique(4).values;
    let others = |x: &[AnyExpr]| {
        let unique = x[0].unique(4);
        [unique.counts, unique.places, unique.inverse, unique.number]
    };
    vec![
        example("unique", &[&[3]], -1.0..1.0, values).and(&[&[2, 3]]).and(&[&[0]]).and(&[&[1]]),
        example("counts", &[&[9]], 0.0..1.0, others).whole(0, 0..5).and(&[&[0]]).and(&[&[2, 3]]),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::{AnyTensor, Tensor};

    use crate::{Dim, Expr, Function, Untyped};

    #[test]
    fn bounds_nans_and_nothing() {
        let x = Expr::<f64>::input("x", [Dim::symbol("n")]);
        let unique = x.unique(3);
        let whole = [unique.counts, unique.places, unique.inverse, unique.number].map(|of| of.untyped());
        let outputs = [[unique.values.untyped()].as_slice(), &whole].concat();
        let f = Function::<Untyped>::new([&x.untyped()], &outputs).unwrap();
        let found = |x: &[f64]| {
            let values = f.call(&[&AnyTensor::from(Tensor::from_slice(x))]).unwrap();
            let whole = |i: usize| values[i].get::<i64>().to_vec();
            (values[0].get::<f64>().to_vec(), [1, 2, 3, 4].map(whole))
        };
        let (values, [counts, places, inverse, number]) = found(&[0.0, -0.0, 2.0, 1.0, 2.0]);
        assert_eq!((values, counts), (vec![0.0, 1.0, 2.0], vec![2, 1, 2]));
        assert_eq!((places, inverse, number), (vec![0, 3, 2], vec![0, 0, 2, 1, 2], vec![3]));
        let (values, [counts, places, inverse, number]) = found(&[4.0, 3.0, 2.0, 1.0]);
        assert_eq!((values, counts), (vec![1.0, 2.0, 3.0], vec![1, 1, 1]));
        assert_eq!((places, inverse, number), (vec![3, 2, 1], vec![3, 2, 1, 0], vec![4]));
        let (values, whole) = found(&[]);
        assert_eq!((values, whole), (vec![0.0; 3], [vec![0; 3], vec![0; 3], vec![], vec![0]]));
        let (values, [counts, _, inverse, number]) = found(&[f64::NAN, 1.0, f64::NAN]);
        assert!(values[0] == 1.0 && values[1].is_nan() && values[2] == 0.0, "{values:?}");
        assert_eq!((counts, inverse, number), (vec![1, 2, 0], vec![1, 0, 1], vec![2]));
    }
}
