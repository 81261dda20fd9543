use std::f64::consts::FRAC_PI_2;

use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, supported, valid};
use super::draws::{draw_each_positive, standard_uniform};
use super::{Distribution, Support, shape_method};

/// The half-Cauchy distribution: |x| of a Cauchy with location 0 and scale γ > 0, on x ≥ 0.
///
/// ln p(x) = ln 2/π − ln γ − ln (1 + (x/γ)²)
///
/// A prior of scales with a heavy tail: its mean is infinite, its median is γ.
#[derive(Clone, Debug)]
#[must_use]
pub struct HalfCauchy<T: Float = f32> {
    scale: Expr<T>,
    batch: Shape,
}

impl<T: Float> HalfCauchy<T> {
    /// With a scale.
    ///
    /// # Panics
    /// If a constant scale is not positive and finite.
    #[track_caller]
    pub fn new(scale: impl Into<Expr<T>>) -> Self {
        let scale = scale.into();
        Domain::Positive.check(&scale, "HalfCauchy: the scale");
        let batch = scale.shape().clone();
        HalfCauchy { scale, batch }
    }

    shape_method!();
}

impl<T: Float> Distribution<T> for HalfCauchy<T> {
    fn name(&self) -> &'static str {
        "HalfCauchy"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.scale.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn support(&self) -> Support<T> {
        Support::Positive
    }

    /// Where m is the larger of x and γ and s the smaller, γ (1 + (x/γ)²) = m² (1 + (s/m)²) / γ, of which no square
    /// overflows.
    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let scale = &self.scale;
        let beyond = x.gt(scale);
        let (larger, smaller) = (Expr::select(&beyond, x, scale), Expr::select(&beyond, scale, x));
        let tail = (smaller / &larger).square().log1p() + larger.ln() * 2.0;
        let density = (scale.ln() - FRAC_PI_2.ln()) - tail;
        let density = supported(x, &x.ge(&Expr::scalar(0.0)), &density);
        valid(density, [Domain::Positive.holds(scale)])
    }

    fn centre(&self) -> Option<Expr<T>> {
        Some(self.scale.clone())
    }

    /// By inversion: the distribution function is 2/π arctan (x/γ).
    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each_positive(parameters, shape, |[scale]| {
            Domain::Positive.or_nan(scale) * libm::tan(FRAC_PI_2 * standard_uniform(rng))
        })
    }
}
