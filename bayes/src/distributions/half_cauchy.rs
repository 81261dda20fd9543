use std::f64::consts::FRAC_PI_2;

use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::{Distribution, check_positive, draw_each, positive, shape_method, standard_uniform, supported};
use crate::Transform;

/// The half-Cauchy distribution: |x| of a Cauchy with location 0 and scale γ > 0, on x ≥ 0.
///
/// ln p(x) = ln 2/π − ln γ − ln (1 + (x/γ)²)
///
/// A prior of scales with a heavy tail: its mean is infinite, its median is γ.
#[derive(Clone, Debug)]
pub struct HalfCauchy<T: Float = f32> {
    scale: Expr<T>,
    event: Shape,
}

impl<T: Float> HalfCauchy<T> {
    /// With a scale.
    ///
    /// # Panics
    /// If a constant scale is not positive and finite.
    #[track_caller]
    pub fn new(scale: impl Into<Expr<T>>) -> Self {
        let scale = scale.into();
        check_positive(&scale, "HalfCauchy: the scale");
        let event = scale.shape().clone();
        HalfCauchy { scale, event }
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

    fn event_shape(&self) -> &Shape {
        &self.event
    }

    fn transform(&self) -> Option<Transform<T>> {
        Some(Transform::Exp)
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let ratio = x * self.scale.recip();
        let density = -ratio.square().log1p() - (self.scale.ln() + FRAC_PI_2.ln());
        supported(&x.ge(&Expr::scalar(0.0)), &density)
    }

    fn centre(&self) -> Option<Expr<T>> {
        Some(self.scale.clone())
    }

    /// By inversion: the distribution function is 2/π arctan (x/γ).
    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each(parameters, shape, |[scale]| positive(scale) * (FRAC_PI_2 * standard_uniform(rng)).tan())
    }
}
