//! Medians and quantiles.

use crate::expr::refusal::ensure;
use crate::ops::Axes;
use crate::{Expr, Real};

impl<T: Real> Expr<T> {
    /// The median along `axes`, which disappear from the shape: of an even number the mean of the two in the middle, as NumPy's. It is NaN
    /// if one is NaN.
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or if there is nothing along them.
    #[track_caller]
    pub fn median(&self, axes: impl Axes) -> Self {
        self.quantile(axes, 0.5)
    }

    /// The q-quantile along `axes`, which disappear from the shape: below it is the part q of the numbers, between two of them it is
    /// interpolated linearly, NumPy's default. It is NaN if one is NaN. Slopes go to the one or two numbers that it is made of.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::constant(Tensor::from_slice(&[3.0, 1.0, 2.0, 10.0]));
    /// let values = Function::new([], [x.median(0), x.quantile(0, 0.25)])?.call(&[])?;
    /// assert_eq!((values[0].item(), values[1].item()), (2.5, 1.75));
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice, if there is nothing along them, or if q is not between 0 and 1. Where there is
    /// nothing along a free dimension the call of the function fails.
    #[track_caller]
    pub fn quantile(&self, axes: impl Axes, q: f64) -> Self {
        assert!((0.0..=1.0).contains(&q), "quantile: {q} is not between 0 and 1");
        let merged = self.merged_last(&self.axes_of("quantile", axes));
        let n = merged.dim(merged.rank() - 1);
        ensure!(
            n.size() != Some(0),
            [self],
            "quantile: there is nothing along the axes of {self:?} of shape {}",
            self.shape()
        );
        let [a, b] = merged.neighbours_of_quantile(q);
        let place = Expr::<f64>::size(n - 1) * q;
        let part = (&place - place.floor()).cast_like(self);
        // Infinities are no trouble unless the place is between two that differ.
        let is_there = a.eq(&b) | part.eq(&part.zeros_like());
        Expr::select(&is_there, &a, &(&a + (&b - &a) * part))
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    let quantile = |axes: &'static [usize], q: f64| move |x: &[AnyExpr]| x[0].quantile(axes, q).tanh();
    vec![
        example("median", &[&[3, 4]], -1.0..1.0, |x| x[0].median(-1).tanh()).and(&[&[0, 4]]).and(&[&[1, 1]]),
        example("quantile", &[&[3, 5, 2]], -1.0..1.0, quantile(&[1], 0.3)),
        example("quantile of two axes", &[&[3, 5, 2]], -1.0..1.0, quantile(&[0, 2], 0.9)),
        example("the largest", &[&[3, 5]], -1.0..1.0, quantile(&[0], 1.0)),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Dim, Expr, Function};

    /// What `np.quantile` gives.
    #[test]
    fn quantiles_are_numpys() {
        let x = Expr::<f64>::input("x", [Dim::symbol("n")]);
        let outputs = [0.0, 0.1, 0.5, 0.9, 1.0].map(|q| x.quantile(0, q));
        let f = Function::new([&x], outputs).unwrap();
        let found = |x: &[f64]| -> Vec<f64> {
            f.call(&[&Tensor::from_slice(x)]).unwrap().iter().map(Tensor::item).collect()
        };
        let close = |found: Vec<f64>, wanted: [f64; 5]| {
            assert!(found.iter().zip(&wanted).all(|(a, b)| a == b || (a - b).abs() < 1e-14), "{found:?}");
        };
        close(found(&[5.0, 1.0, 4.0, 2.0]), [1.0, 1.3, 3.0, 4.7, 5.0]);
        close(found(&[7.0]), [7.0; 5]);
        let inf = f64::INFINITY;
        close(found(&[inf, inf, 1.0]), [1.0, inf, inf, inf, inf]);
        assert!(found(&[1.0, f64::NAN, 2.0]).iter().all(|x| x.is_nan()));
        assert!(f.call(&[&Tensor::zeros([0])]).is_err());
    }

    #[test]
    #[should_panic(expected = "quantile: 1.5 is not between 0 and 1")]
    fn a_part_beyond_the_whole_is_refused() {
        let _ = Expr::<f32>::zeros([3]).quantile(0, 1.5);
    }
}
