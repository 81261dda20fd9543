//! Norms of vectors, without overflow.

use crate::ops::Axes;
use crate::{Expr, Real};

impl<T: Real> Expr<T> {
    /// The Euclidean norm along `axes`, which disappear from the shape: √Σx²; of two axes, matrices, Frobenius's. Squares neither
    /// overflow nor vanish. Its slope at 0 is 0.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn norm(&self, axes: impl Axes) -> Self {
        self.norm_p(axes, 2.0)
    }

    /// The p-norm along `axes`, which disappear from the shape: (Σ |x|ᵖ)^(1/p) for p > 0, the sum of the moduli for 1, the largest for
    /// ∞, the smallest for −∞, and how many are not 0 for 0. Its slope at 0 is 0, for p ≥ 1.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::constant(Tensor::from_slice(&[3.0, -4.0]));
    /// let norms = [1.0, 2.0, f64::INFINITY].map(|p| x.norm_p(0, p));
    /// let norms: Vec<f32> = Function::new([], norms)?.call(&[])?.iter().map(|norm| norm.item()).collect();
    /// assert_eq!(norms, [7.0, 5.0, 4.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or for another p.
    #[track_caller]
    pub fn norm_p(&self, axes: impl Axes, p: f64) -> Self {
        assert!(p >= 0.0 || p == f64::NEG_INFINITY, "norm_p: there is no norm for p = {p}");
        let axes = self.axes_of("norm_p", axes);
        let zero = self.number_like(0.0);
        if p == 0.0 {
            return self.ne(&zero).cast_like(self).sum(axes);
        }
        if p == 1.0 {
            return self.abs().sum(axes);
        }
        if p.is_infinite() {
            return if p > 0.0 { self.abs().max(axes) } else { self.abs().min(axes) };
        }
        // The norm does not depend on the scale, so neither does its slope.
        let largest = self.abs().max_keep(axes.as_slice()).stop_gradient();
        let fits = largest.gt(&zero) & largest.lt(&self.number_like(f64::INFINITY));
        let scale = Expr::select(&fits, &largest, &self.number_like(1.0));
        let scaled = self / &scale;
        let norm = if p == 2.0 {
            scaled.square().sum(axes).sqrt_or_zero()
        } else {
            let sum = scaled.abs().powf(p).sum(axes);
            let is_zero = sum.eq(&zero);
            let root = Expr::select(&is_zero, &self.number_like(1.0), &sum).powf(1.0 / p);
            Expr::select(&is_zero, &zero, &root)
        };
        &norm * scale.reshape(norm.shape())
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    let along = |p: f64| move |x: &[AnyExpr]| x[0].norm_p(1, p);
    vec![
        example("norm", &[&[3, 4]], -1.0..1.0, |x| x[0].norm(0)).and(&[&[3, 0]]).and(&[&[0, 4]]),
        example("norm of matrices", &[&[2, 3, 2]], -1.0..1.0, |x| x[0].norm([1, 2])).and(&[&[1, 1, 1]]),
        example("1-norm", &[&[3, 4]], -1.0..1.0, along(1.0)),
        example("3-norm", &[&[3, 4]], -1.0..1.0, along(3.0)).and(&[&[3, 0]]),
        example("1.5-norm", &[&[3, 4]], 0.2..1.0, along(1.5)),
        example("largest modulus", &[&[3, 4]], -1.0..1.0, along(f64::INFINITY)),
        example("smallest modulus", &[&[3, 4]], -1.0..1.0, along(f64::NEG_INFINITY)),
        example("how many are not 0", &[&[3, 4]], -1.0..1.0, along(0.0)).without_slopes(),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Expr, Function, grad};

    /// Squares of these overflow, or vanish, in f32.
    #[test]
    fn large_and_small_numbers_and_zeros() {
        let x = Expr::<f32>::input("x", [2]);
        for p in [2.0, 3.0] {
            let y = x.norm_p(0, p);
            let slope = grad(&y, std::slice::from_ref(&x)).remove(0);
            let f = Function::new([&x], [y, slope]).unwrap();
            let found = |a: f32, b: f32| {
                let values = f.call(&[&Tensor::from_slice(&[a, b])]).unwrap();
                (values[0].item(), values[1].to_vec())
            };
            let close = |a: f32, b: f32| (a - b).abs() <= 1e-6 * b.abs();
            let root = 2f64.powf(1.0 / p) as f32;
            for scale in [1.0, 1e30, 1e-35] {
                let (norm, slope) = found(scale, -scale);
                assert!(close(norm, root * scale), "{p} {scale}: {norm}");
                assert!(
                    close(slope[0], root / 2.0) && close(slope[1], -root / 2.0),
                    "{p} {scale}: {slope:?}"
                );
            }
            assert_eq!(found(0.0, 0.0), (0.0, vec![0.0, 0.0]));
            assert_eq!(found(f32::INFINITY, 1.0).0, f32::INFINITY);
            assert!(found(f32::NAN, 1.0).0.is_nan());
        }
    }

    #[test]
    #[should_panic(expected = "there is no norm for p = -1")]
    fn a_p_that_is_none_is_refused() {
        let _ = Expr::<f32>::zeros([2]).norm_p(0, -1.0);
    }
}
