//! Log-sum-exp along any axes, and softmax along any axis.

use crate::ops::Axes;
use crate::{Expr, Real};

impl<T: Real> Expr<T> {
    /// log Σ eˣ along `axes`, which disappear from the shape, without overflow; [`logsumexp`](Self::logsumexp) is that along the last.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn logsumexp_along(&self, axes: impl Axes) -> Self {
        let axes = self.axes_of("logsumexp_along", axes);
        if axes.is_empty() {
            return self.clone();
        }
        // Axes at the end are one.
        if axes[0] + axes.len() == self.rank() {
            return self.flatten_from(axes[0]).logsumexp();
        }
        let zero = self.number_like(0.0);
        let largest = self.max_keep(axes.as_slice()).stop_gradient();
        let is_finite = largest.abs().lt(&self.number_like(f64::INFINITY));
        let shift = Expr::select(&is_finite, &largest, &zero);
        let sum = (self - &shift).exp().sum(axes);
        // Of nothing but −∞ there is no slope.
        let is_zero = sum.eq(&zero);
        let logarithm = Expr::select(&is_zero, &self.number_like(1.0), &sum).ln();
        let lowest = self.number_like(f64::NEG_INFINITY);
        Expr::select(&is_zero, &lowest, &(logarithm + shift.reshape(sum.shape())))
    }

    /// [`softmax`](Self::softmax) along any axis.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn softmax_along(&self, axis: impl Axes) -> Self {
        let axis = self.axis_of("softmax_along", axis) as i32;
        self.move_axis(axis, -1).softmax().move_axis(-1, axis)
    }

    /// [`log_softmax`](Self::log_softmax) along any axis.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn log_softmax_along(&self, axis: impl Axes) -> Self {
        let axis = self.axis_of("log_softmax_along", axis) as i32;
        self.move_axis(axis, -1).log_softmax().move_axis(-1, axis)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let along = |axes: &'static [usize]| {
        example("logsumexp_along", &[&[3, 4, 2]], -2.0..2.0, move |x| x[0].logsumexp_along(axes))
            .and(&[&[1, 1, 1]])
    };
    vec![
        along(&[0]).and(&[&[3, 0, 2]]),
        along(&[0, 2]),
        along(&[1, 2]),
        example("softmax_along", &[&[3, 4]], -2.0..2.0, |x| x[0].softmax_along(0)),
        example("log_softmax_along", &[&[3, 4]], -2.0..2.0, |x| x[0].log_softmax_along(-2)),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Expr, Function, grad};

    #[test]
    fn large_numbers_infinities_and_nothing() {
        let x = Expr::<f64>::input("x", [2, 3]);
        let y = x.logsumexp_along(0);
        let slope = grad(&y.slice(0, ..2).sum_all(), std::slice::from_ref(&x)).remove(0);
        let f = Function::new([&x], [&y, &slope]).unwrap();
        let (lowest, inf) = (f64::NEG_INFINITY, f64::INFINITY);
        let found = f.call(&[&Tensor::new([2, 3], vec![1000.0, lowest, inf, 1000.0, lowest, 0.0])]).unwrap();
        assert_eq!(found[0].to_vec(), [1000.0 + std::f64::consts::LN_2, lowest, inf]);
        assert_eq!(found[1].to_vec(), [0.5, 0.0, 0.0, 0.5, 0.0, 0.0]);
    }
}
