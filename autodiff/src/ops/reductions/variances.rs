//! Variance and standard deviation.

use crate::ops::Axes;
use crate::{Expr, Real};

impl<T: Real> Expr<T> {
    /// The variance along `axes`, which disappear from the shape: Σ (x − mean)² / (n − correction). A correction of 0 is NumPy's default,
    /// the population's variance; 1 is PyTorch's, the estimate from a sample. It keeps its digits however far the numbers are from 0.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::constant(Tensor::from_slice(&[1e6, 1e6 + 1.0, 1e6 + 2.0]));
    /// let values = Function::new([], [x.var(0, 0), x.var(0, 1), x.std(0, 1)])?.call(&[])?;
    /// assert_eq!(values.iter().map(|x| x.item()).collect::<Vec<_>>(), [2.0 / 3.0, 1.0, 1.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn var(&self, axes: impl Axes, correction: usize) -> Self {
        let axes = self.axes_of("var", axes);
        let variance = self.moments(axes.as_slice()).1;
        if correction == 0 {
            return variance;
        }
        let count = axes.iter().map(|&axis| self.dim(axis)).product::<crate::Dim>();
        let rest = self.size_like(&count - correction);
        variance * (self.size_like(count) / rest)
    }

    /// The standard deviation along `axes`, which disappear from the shape, see [`var`](Self::var). Where all numbers are the same its
    /// slope is 0.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn std(&self, axes: impl Axes, correction: usize) -> Self {
        self.var(axes, correction).sqrt_or_zero()
    }

    /// The square root, whose slope at 0 is taken to be 0.
    #[track_caller]
    pub(super) fn sqrt_or_zero(&self) -> Self {
        let (zero, one) = (self.number_like(0.0), self.number_like(1.0));
        let is_zero = self.eq(&zero);
        Expr::select(&is_zero, &zero, &Expr::select(&is_zero, &one, self).sqrt())
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    vec![
        example("var", &[&[3, 4]], -1.0..1.0, |x| x[0].var(0, 0)).and(&[&[3, 0]]).and(&[&[1, 1]]),
        example("var of a sample", &[&[3, 4, 2]], -1.0..1.0, |x| x[0].var([0, 2], 1)),
        example("std", &[&[3, 4]], -1.0..1.0, |x| x[0].std(-1, 1)),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Dim, Expr, Function, grad};

    #[test]
    fn where_all_are_the_same_the_slope_is_zero() {
        let x = Expr::<f64>::input("x", [Dim::symbol("n")]);
        let y = x.std(0, 1);
        let slope = grad(&y, std::slice::from_ref(&x)).remove(0);
        let second = grad(&slope.square().sum_all(), std::slice::from_ref(&x)).remove(0);
        let f = Function::new([&x], [y, slope, second]).unwrap();
        let found = f.call(&[&Tensor::full([3], 0.1)]).unwrap();
        assert_eq!(found[0].item(), 0.0);
        assert_eq!((found[1].to_vec(), found[2].to_vec()), (vec![0.0; 3], vec![0.0; 3]));
        // Of a single one there is no estimate.
        assert!(f.call(&[&Tensor::ones([1])]).unwrap()[0].item().is_nan());
    }
}
