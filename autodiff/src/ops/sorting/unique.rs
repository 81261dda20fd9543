//! What is there, once each.

use crate::{Arithmetic, Dim, Expr};

impl<T: Arithmetic> Expr<T> {
    /// The elements that are there, each once, in ascending order; how often each is; and how many there are. That is known only when the
    /// function runs, so there is a bound: behind them are zeros, with a count of 0, and of more than the bound the largest are left
    /// out. All NaNs are one, the last. NumPy's `unique` with `return_counts`.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<i64>::constant(Tensor::from_slice(&[7, 3, 7, 5]));
    /// let (values, counts, number) = x.unique(4);
    /// let values = Function::new([], [values, counts, number])?.call(&[])?;
    /// assert_eq!(values[0].to_vec(), [3, 5, 7, 0]);
    /// assert_eq!(values[1].to_vec(), [1, 1, 2, 0]);
    /// assert_eq!(values[2].item(), 3);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn unique(&self, bound: impl Into<Dim>) -> (Self, Expr<i64>, Expr<i64>) {
        let sorted = self.flatten_from(0).sort().0;
        // The one before each is found by its place, so that there may be none at all.
        let n = sorted.dim(0);
        let places = Expr::<i64>::arange(n.clone());
        let first = places.eq(&places.zeros_like());
        let before = sorted.roll(0, 1);
        let are_nan = sorted.ne(&sorted) & before.ne(&before);
        let is_new = first | !(sorted.eq(&before) | are_nan);
        let ordinals = is_new.cast::<i64>().cumsum(0);
        let number = is_new.cast::<i64>().sum(0);
        // The j-th stands where the count of new ones becomes j + 1.
        let wanted = Expr::<i64>::arange(bound) + 1;
        let starts = ordinals.search_sorted(&wanted);
        let counts = ordinals.search_sorted_right(&wanted) - &starts;
        // Behind the last is a zero.
        let values = sorted.pad(0, 0, 1).take(0, &starts);
        (values, counts, number)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    let values = |x: &[AnyExpr]| x[0].unique(4).0;
    let counts = |x: &[AnyExpr]| (x[0].unique(4).1, x[0].unique(4).2);
    vec![
        example("unique", &[&[3]], -1.0..1.0, values).and(&[&[2, 3]]).and(&[&[0]]).and(&[&[1]]),
        example("counts", &[&[9]], 0.0..1.0, counts).whole(0, 0..5).and(&[&[0]]),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::{AnyTensor, Tensor};

    use crate::{Dim, Expr, Function, Untyped};

    #[test]
    fn bounds_nans_and_nothing() {
        let x = Expr::<f64>::input("x", [Dim::symbol("n")]);
        let (values, counts, number) = x.unique(3);
        let f =
            Function::<Untyped>::new([&x.untyped()], [values.untyped(), counts.untyped(), number.untyped()]);
        let f = f.unwrap();
        let found = |x: &[f64]| {
            let values = f.call(&[&AnyTensor::from(Tensor::from_slice(x))]).unwrap();
            let counts = values[1].get::<i64>().to_vec();
            (values[0].get::<f64>().to_vec(), counts, values[2].get::<i64>().item())
        };
        assert_eq!(found(&[0.0, -0.0, 2.0, 1.0, 2.0]), (vec![0.0, 1.0, 2.0], vec![2, 1, 2], 3));
        assert_eq!(found(&[4.0, 3.0, 2.0, 1.0]), (vec![1.0, 2.0, 3.0], vec![1, 1, 1], 4));
        assert_eq!(found(&[]), (vec![0.0; 3], vec![0; 3], 0));
        let (values, counts, number) = found(&[f64::NAN, 1.0, f64::NAN]);
        assert!(values[0] == 1.0 && values[1].is_nan() && values[2] == 0.0, "{values:?}");
        assert_eq!((counts, number), (vec![1, 2, 0], 2));
    }
}
