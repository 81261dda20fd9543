use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, supported, valid};
use super::draws::{draw_each_positive, kept_positive, standard_normal};
use super::logs::{above, below, positive};
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

    fn valid(&self, y: Expr<T>) -> Expr<T> {
        valid(y, [Domain::Finite.holds(&self.mean), Domain::Positive.holds(&self.sd)])
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
        let (safe, inside) = positive(x);
        let ln_x = safe.ln();
        let standard = (&ln_x - &self.mean) * self.sd.recip();
        let density = minus_half_square(&standard) - ln_x - (self.sd.ln() + HALF_LN_2PI);
        self.valid(supported(x, &inside, &density))
    }

    fn centre(&self) -> Option<Expr<T>> {
        Some(self.mean.exp())
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (safe, inside) = positive(x);
        let standard = (safe.ln() - &self.mean) * self.sd.recip();
        Some(self.valid(below(x, &inside, &standard.log_ndtr())))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (safe, inside) = positive(x);
        let standard = (safe.ln() - &self.mean) * self.sd.recip();
        Some(self.valid(above(x, &inside, &(-standard).log_ndtr())))
    }

    /// exp(μ + ½ σ²)
    fn mean(&self) -> Option<Expr<T>> {
        let mean = (&self.mean + self.sd.square() * 0.5).exp();
        Some(self.valid(mean).broadcast_to(&self.batch))
    }

    /// (exp σ² − 1) exp(2 μ + σ²)
    fn variance(&self) -> Option<Expr<T>> {
        let square = self.sd.square();
        let variance = square.expm1() * (&self.mean * 2.0 + &square).exp();
        Some(self.valid(variance).broadcast_to(&self.batch))
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let drawn = (&self.mean + &self.sd * noise.normal(&self.batch)).exp();
        Some(self.valid(kept_positive(&drawn)))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each_positive(parameters, shape, |[mean, sd]| {
            libm::exp(Domain::Finite.or_nan(mean) + Domain::Positive.or_nan(sd) * standard_normal(rng))
        })
    }
}
