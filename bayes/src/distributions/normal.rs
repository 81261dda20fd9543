use bayeux_autodiff::{Expr, Shape};
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
        let standard = (x - &self.mean) * self.sd.recip();
        let density = minus_half_square(&standard) - (self.sd.ln() + HALF_LN_2PI);
        valid(density, [Domain::Finite.holds(&self.mean), Domain::Positive.holds(&self.sd)])
    }

    fn centre(&self) -> Option<Expr<T>> {
        Some(self.mean.clone())
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each(parameters, shape, |[mean, sd]| {
            Domain::Finite.or_nan(mean) + Domain::Positive.or_nan(sd) * standard_normal(rng)
        })
    }
}
