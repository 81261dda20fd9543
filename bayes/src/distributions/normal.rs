use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, valid};
use super::draws::{draw_each, standard_normal};
use super::{Distribution, HALF_LN_2PI, Support, joint_shape, minus_half_square, shape_method};

/// The normal distribution N(μ, σ) on all reals, with mean μ and standard deviation σ > 0.
///
/// ln p(x) = −½ ((x − μ)/σ)² − ln σ − ½ ln 2π
#[derive(Clone, Debug)]
#[must_use]
pub struct Normal<T: Float = f32> {
    mean: Expr<T>,
    sd: Expr<T>,
    batch: Shape,
}

impl<T: Float> Normal<T> {
    /// With a mean and a standard deviation.
    ///
    /// # Panics
    /// If the two shapes do not broadcast, or for a constant that is not a mean or not a standard deviation.
    #[track_caller]
    pub fn new(mean: impl Into<Expr<T>>, sd: impl Into<Expr<T>>) -> Self {
        let (mean, sd) = (mean.into(), sd.into());
        Domain::Finite.check(&mean, "Normal: the mean");
        Domain::Positive.check(&sd, "Normal: the standard deviation");
        let batch = joint_shape(&mean, &sd);
        Normal { mean, sd, batch }
    }

    /// With a mean and a precision, the reciprocal of the variance.
    ///
    /// # Panics
    /// As [`new`](Self::new), for a constant precision that is not positive and finite.
    #[track_caller]
    pub fn with_precision(mean: impl Into<Expr<T>>, precision: impl Into<Expr<T>>) -> Self {
        let precision = precision.into();
        Domain::Positive.check(&precision, "Normal: the precision");
        Normal::new(mean, precision.rsqrt())
    }

    fn standard(&self, x: &Expr<T>) -> Expr<T> {
        (x - &self.mean) * self.sd.recip()
    }

    fn valid(&self, y: Expr<T>) -> Expr<T> {
        valid(y, [Domain::Finite.holds(&self.mean), Domain::Positive.holds(&self.sd)])
    }

    shape_method!();
}

impl<T: Float> Distribution<T> for Normal<T> {
    fn name(&self) -> &'static str {
        "Normal"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.mean.clone(), self.sd.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn support(&self) -> Support<T> {
        Support::Reals
    }

    /// Multiplies by 1/σ rather than dividing: with one scale for a million weights, that is one division.
    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        self.valid(minus_half_square(&self.standard(x)) - (self.sd.ln() + HALF_LN_2PI))
    }

    fn centre(&self) -> Option<Expr<T>> {
        Some(self.mean.clone())
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.valid(self.standard(x).log_ndtr()))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.valid((-self.standard(x)).log_ndtr()))
    }

    fn mean(&self) -> Option<Expr<T>> {
        Some(self.valid(self.mean.clone()).broadcast_to(&self.batch))
    }

    fn variance(&self) -> Option<Expr<T>> {
        Some(self.valid(self.sd.square()).broadcast_to(&self.batch))
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        Some(self.valid(&self.mean + &self.sd * noise.normal(&self.batch)))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each(parameters, shape, |[mean, sd]| {
            Domain::Finite.or_nan(mean) + Domain::Positive.or_nan(sd) * standard_normal(rng)
        })
    }
}
