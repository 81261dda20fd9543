//! Reductions that leave out what is NaN, and weighted means.

use crate::ops::Axes;
use crate::{Expr, Real};

impl<T: Real> Expr<T> {
    #[track_caller]
    fn or(&self, value: f64) -> Self {
        Expr::select(&self.ne(self), &self.number_like(value), self)
    }

    /// The sum along `axes`, which disappear from the shape, of what is not NaN. NumPy's `nansum`.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn nansum(&self, axes: impl Axes) -> Self {
        self.or(0.0).sum(axes)
    }

    /// The mean along `axes`, which disappear from the shape, of what is not NaN: NaN where there is nothing else. NumPy's `nanmean`.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn nanmean(&self, axes: impl Axes) -> Self {
        let axes = self.axes_of("nanmean", axes);
        let count = self.eq(self).cast_like(self).sum(axes.as_slice());
        self.nansum(axes) / count
    }

    /// The largest along `axes`, which disappear from the shape, of what is not NaN: −∞ where there is nothing else. NumPy's `nanmax`.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn nanmax(&self, axes: impl Axes) -> Self {
        self.or(f64::NEG_INFINITY).max(axes)
    }

    /// The smallest along `axes`, which disappear from the shape, of what is not NaN: ∞ where there is nothing else. NumPy's `nanmin`.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn nanmin(&self, axes: impl Axes) -> Self {
        self.or(f64::INFINITY).min(axes)
    }

    /// The mean along `axes`, which disappear from the shape, by weights: Σ w x / Σ w. The weights' shape broadcasts to this. NumPy's
    /// `average`.
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or if the weights do not broadcast.
    #[track_caller]
    pub fn average(&self, axes: impl Axes, weights: &Expr<T>) -> Self {
        let axes = self.axes_of("average", axes);
        let weights = weights.broadcast_to(self.shape());
        (self * &weights).sum(axes.as_slice()) / weights.sum(axes)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    // Of about every third number a NaN.
    let with_nans = |of: fn(&AnyExpr) -> AnyExpr| {
        move |x: &[AnyExpr]| {
            let missing = x[1].typed::<bool>();
            of(&Expr::select(&missing, &x[0].number_like(f64::NAN), &x[0])).tanh()
        }
    };
    let of = |name: &str, of: fn(&AnyExpr) -> AnyExpr| {
        example(name, &[&[4, 5], &[4, 5]], -1.0..1.0, with_nans(of)).truth(1).and(&[&[4, 0], &[4, 0]])
    };
    vec![
        of("nansum", |x| x.nansum(0)).and(&[&[1, 1], &[1, 1]]),
        example("nanmean", &[&[4, 5], &[4, 5]], -1.0..1.0, with_nans(|x| x.nanmean([0, 1]))).truth(1),
        of("nanmax", |x| x.nanmax(0)),
        of("nanmin", |x| x.nanmin(0)),
        example("average", &[&[3, 4], &[4]], 0.2..1.0, |x| x[0].average(-1, &x[1])),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Expr, Function};

    #[test]
    fn what_is_missing_is_left_out() {
        let nan = f64::NAN;
        let x = Expr::constant(Tensor::new([2, 3], vec![1.0, nan, 3.0, nan, nan, nan]));
        let f = Function::new([], [x.nansum(1), x.nanmean(1), x.nanmax(1), x.nanmin(1)]).unwrap();
        let found: Vec<_> = f.call(&[]).unwrap().iter().map(Tensor::to_vec).collect();
        assert_eq!((found[0].clone(), found[1][0]), (vec![4.0, 0.0], 2.0));
        assert!(found[1][1].is_nan());
        assert_eq!(
            (found[2].clone(), found[3].clone()),
            (vec![3.0, f64::NEG_INFINITY], vec![1.0, f64::INFINITY])
        );
    }
}
