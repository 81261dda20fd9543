use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, supported, valid};
use super::draws::{draw_each_positive, standard_normal};
use super::{Distribution, HALF_LN_2PI, Support, joint_shape, minus_half_square, shape_method};

/// The log-normal distribution: ln x is normal with mean μ and standard deviation σ > 0; on x > 0.
///
/// ln p(x) = −½ ((ln x − μ)/σ)² − ln x − ln σ − ½ ln 2π
#[derive(Clone, Debug)]
#[must_use]
pub struct LogNormal<T: Float = f32> {
    mean: Expr<T>,
    sd: Expr<T>,
    batch: Shape,
}

impl<T: Float> LogNormal<T> {
    /// With the mean and the standard deviation of ln x.
    ///
    /// # Panics
    /// If the two shapes do not broadcast, or for a constant that is not a mean or not a standard deviation.
    #[track_caller]
    pub fn new(mean: impl Into<Expr<T>>, sd: impl Into<Expr<T>>) -> Self {
        let (mean, sd) = (mean.into(), sd.into());
        Domain::Finite.check(&mean, "LogNormal: the mean of the logarithm");
        Domain::Positive.check(&sd, "LogNormal: the standard deviation of the logarithm");
        let batch = joint_shape(&mean, &sd);
        LogNormal { mean, sd, batch }
    }

    shape_method!();
}

impl<T: Float> Distribution<T> for LogNormal<T> {
    fn name(&self) -> &'static str {
        "LogNormal"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.mean.clone(), self.sd.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn support(&self) -> Support<T> {
        Support::Positive
    }

    /// Outside the support the formula is evaluated at 1, so that no NaN arises to be multiplied by a gradient's 0.
    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let inside = x.gt(&Expr::scalar(0.0));
        let ln_x = Expr::select(&inside, x, &Expr::scalar(1.0)).ln();
        let standard = (&ln_x - &self.mean) * self.sd.recip();
        let density = minus_half_square(&standard) - ln_x - (self.sd.ln() + HALF_LN_2PI);
        let density = supported(x, &inside, &density);
        valid(density, [Domain::Finite.holds(&self.mean), Domain::Positive.holds(&self.sd)])
    }

    fn centre(&self) -> Option<Expr<T>> {
        Some(self.mean.exp())
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each_positive(parameters, shape, |[mean, sd]| {
            libm::exp(Domain::Finite.or_nan(mean) + Domain::Positive.or_nan(sd) * standard_normal(rng))
        })
    }
}
