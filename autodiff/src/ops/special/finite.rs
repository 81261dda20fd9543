//! Which numbers are numbers, and limits for those that are not.

use bayeux_tensor::ElementType;

use crate::{Expr, Real};

impl<T: Real> Expr<T> {
    /// Where it is no number.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, interpret};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::constant(Tensor::from_slice(&[f64::NAN, f64::INFINITY, 1.0]));
    /// let values = interpret(&[x.is_nan(), x.is_inf(), x.is_finite()], &[], 0)?;
    /// assert_eq!(values[0].to_vec(), [true, false, false]);
    /// assert_eq!(values[1].to_vec(), [false, true, false]);
    /// assert_eq!(values[2].to_vec(), [false, false, true]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn is_nan(&self) -> Expr<bool> {
        self.ne(self)
    }

    /// Where it is ∞ or −∞.
    #[track_caller]
    #[must_use]
    pub fn is_inf(&self) -> Expr<bool> {
        self.abs().eq(&self.number_like(f64::INFINITY))
    }

    /// Where it is neither infinite nor NaN.
    #[track_caller]
    #[must_use]
    pub fn is_finite(&self) -> Expr<bool> {
        self.abs().lt(&self.number_like(f64::INFINITY))
    }

    /// 0 in the place of NaN, and the largest and smallest numbers of the type in that of ∞ and −∞. No gradient passes through what is
    /// replaced.
    #[track_caller]
    #[must_use]
    pub fn nan_to_num(&self) -> Self {
        let largest = if self.element_type() == ElementType::F32 { f32::MAX.into() } else { f64::MAX };
        let limit = |value: f64| self.number_like(value).broadcast_to(self.shape());
        let below = Expr::select(&self.lt(&self.number_like(-largest)), &limit(-largest), self);
        let within = Expr::select(&self.gt(&self.number_like(largest)), &limit(largest), &below);
        Expr::select(&self.is_nan(), &self.zeros_like(), &within)
    }

    /// The nearest number from `low` to `high`; NaN stays. A tie with a limit gives half of the adjoint.
    ///
    /// # Panics
    /// If `low` is above `high`, or either is NaN.
    #[track_caller]
    #[must_use]
    pub fn clip(&self, low: f64, high: f64) -> Self {
        assert!(low <= high, "clip: the limits {low} and {high} have no number between them");
        self.maximum(&self.number_like(low)).minimum(&self.number_like(high))
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    let of = |name: &str, f: fn(&AnyExpr) -> AnyExpr| {
        example(name, &[&[7]], -3.0..3.0, move |x| f(&x[0])).and(&[&[0]]).and(&[&[1]])
    };
    vec![
        of("is_nan", |x| x.is_nan().untyped()),
        of("is_inf", |x| x.is_inf().untyped()),
        of("is_finite", |x| (x * f64::INFINITY).is_finite().untyped()),
        of("nan_to_num", AnyExpr::nan_to_num),
        of("clip", |x| x.clip(-1.03, 2.07)),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::{Float, Tensor};

    use crate::{Expr, Function, grad, interpret};

    fn check<T: Float>(largest: f64) {
        let x = Expr::<T>::input("x", [5]);
        let given = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 3.0, -0.0].map(T::from_f64);
        let f = Function::new([&x], [x.nan_to_num(), x.clip(-1.0, 2.0)]).expect("builds");
        let values = f.call(&[&Tensor::from_slice(&given)]).expect("runs");
        let found: Vec<f64> = values[0].to_vec().into_iter().map(T::to_f64).collect();
        assert_eq!(found, [0.0, largest, -largest, 3.0, -0.0]);
        let clipped: Vec<f64> = values[1].to_vec().into_iter().map(T::to_f64).collect();
        assert!(clipped[0].is_nan());
        assert_eq!(clipped[1..], [2.0, -1.0, 2.0, -0.0]);
        let slope = grad(&x.nan_to_num().sum_all(), std::slice::from_ref(&x));
        let slope = interpret(&slope, &[(&x, &Tensor::from_slice(&given))], 0).expect("runs").remove(0);
        let slope: Vec<f64> = slope.to_vec().into_iter().map(T::to_f64).collect();
        assert_eq!(slope, [0.0, 0.0, 0.0, 1.0, 1.0]);
    }

    #[test]
    fn what_is_no_number_is_replaced() {
        check::<f64>(f64::MAX);
        check::<f32>(f32::MAX.into());
    }

    #[test]
    #[should_panic(expected = "clip: the limits 2 and 1 have no number between them")]
    fn limits_are_in_order() {
        let _ = Expr::<f64>::input("x", [5]).clip(2.0, 1.0);
    }
}
