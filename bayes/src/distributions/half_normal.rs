use std::f64::consts::LN_2;

use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, supported, valid};
use super::draws::{draw_each_positive, standard_normal};
use super::{Distribution, HALF_LN_2PI, Support, minus_half_square, shape_method};

/// The half-normal distribution: |x| of a normal with mean 0 and standard deviation σ > 0, on x ≥ 0.
///
/// ln p(x) = ½ ln 2/π − ln σ − ½ (x/σ)²
///
/// The usual prior of a scale.
#[derive(Clone, Debug)]
#[must_use]
pub struct HalfNormal<T: Float = f32> {
    sd: Expr<T>,
    batch: Shape,
}

impl<T: Float> HalfNormal<T> {
    /// With a standard deviation.
    ///
    /// # Panics
    /// If a constant standard deviation is not positive and finite.
    #[track_caller]
    pub fn new(sd: impl Into<Expr<T>>) -> Self {
        let sd = sd.into();
        Domain::Positive.check(&sd, "HalfNormal: the standard deviation");
        let batch = sd.shape().clone();
        HalfNormal { sd, batch }
    }

    shape_method!();
}

impl<T: Float> Distribution<T> for HalfNormal<T> {
    fn name(&self) -> &'static str {
        "HalfNormal"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.sd.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn support(&self) -> Support<T> {
        Support::Positive
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let standard = x * self.sd.recip();
        let density = minus_half_square(&standard) - (self.sd.ln() + (HALF_LN_2PI - LN_2));
        let density = supported(x, &x.ge(&Expr::scalar(0.0)), &density);
        valid(density, [Domain::Positive.holds(&self.sd)])
    }

    /// The median: the normal's upper quartile.
    fn centre(&self) -> Option<Expr<T>> {
        Some(&self.sd * 0.674_489_750_196_081_7)
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each_positive(parameters, shape, |[sd]| Domain::Positive.or_nan(sd) * standard_normal(rng).abs())
    }
}
