//! What is made of standard normals.

use bayeux_tensor::Float;

use super::draws::fitted;
use crate::{Expr, RandomStreams, Shape};

impl RandomStreams {
    /// Numbers whose logarithm is normal, of mean 0 and standard deviation σ: exp(σ n).
    ///
    /// # Panics
    /// If σ does not broadcast to the shape; at too many requests.
    #[track_caller]
    pub fn log_normal<T: Float>(&self, sigma: impl Into<Expr<T>>, shape: impl Into<Shape>) -> Expr<T> {
        let shape = shape.into();
        (fitted("log_normal", &sigma.into(), &shape) * self.normal::<T>(&shape)).exp()
    }

    /// Vectors of a multivariate normal distribution: mean + L z for the covariance's Cholesky factor L and standard normals z. `shape`
    /// is that of the draws, to which the leading axes of a mean `[…, d]` and a covariance `[…, d, d]` are broadcast; each draw is a
    /// vector along one axis more. A covariance that is not positive definite makes the call fail with
    /// [`Error::Matrix`](crate::Error::Matrix).
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, RandomStreams};
    /// use bayeux_tensor::Tensor;
    /// let mean = Expr::<f64>::constant(Tensor::from_slice(&[1.0, -1.0]));
    /// let covariance = Expr::constant(Tensor::new([2, 2], vec![2.0, 0.5, 0.5, 1.0]));
    /// let x = RandomStreams::new(7).multivariate_normal(&mean, &covariance, [10]);
    /// assert_eq!(Function::new([], [x])?.call(&[])?[0].shape(), [10, 2]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit; at too many requests.
    #[track_caller]
    pub fn multivariate_normal<T: Float>(
        &self,
        mean: impl Into<Expr<T>>,
        covariance: impl Into<Expr<T>>,
        shape: impl Into<Shape>,
    ) -> Expr<T> {
        let (mean, covariance) = (mean.into(), covariance.into());
        let Some(last) = mean.shape().dims().last() else {
            panic!("multivariate_normal: a mean of shape () has no last axis")
        };
        let shape: Shape = shape.into().dims().iter().chain([last]).cloned().collect();
        let mean = fitted("multivariate_normal", &mean, &shape);
        let z = self.normal::<T>(&shape).insert_axis(shape.rank());
        mean + covariance.cholesky().matmul(&z).squeeze(shape.rank())
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    vec![
        example("log_normal", &[&[4]], 0.3..1.0, |x| {
            RandomStreams::new(3).log_normal(x[0].cast::<f64>(), x[0].shape()).cast_like(&x[0])
        })
        .and(&[&[0]])
        .and(&[&[1]]),
        example("multivariate_normal", &[&[2], &[2, 2]], -0.3..0.3, |x| {
            let mean = x[0].cast::<f64>();
            let covariance = x[1].cast::<f64>();
            let covariance = covariance.matmul(&covariance.t()) + Expr::eye(2);
            RandomStreams::new(3).multivariate_normal(&mean, &covariance, [3]).cast_like(&x[0])
        }),
    ]
}
