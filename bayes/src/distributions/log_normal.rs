use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::{
    Distribution, HALF_LN_2PI, check_finite, check_positive, draw_each, joint_shape, positive, shape_method,
    standard_normal, supported,
};
use crate::Transform;

/// The log-normal distribution: ln x is normal with mean μ and standard deviation σ > 0; on x > 0.
///
/// ln p(x) = −½ ((ln x − μ)/σ)² − ln x − ln σ − ½ ln 2π
#[derive(Clone, Debug)]
pub struct LogNormal<T: Float = f32> {
    mean: Expr<T>,
    sd: Expr<T>,
    event: Shape,
}

impl<T: Float> LogNormal<T> {
    /// With the mean and the standard deviation of ln x.
    ///
    /// # Panics
    /// If the two shapes do not broadcast, or for a constant that is not a mean or not a standard deviation.
    #[track_caller]
    pub fn new(mean: impl Into<Expr<T>>, sd: impl Into<Expr<T>>) -> Self {
        let (mean, sd) = (mean.into(), sd.into());
        check_finite(&mean, "LogNormal: the mean of the logarithm");
        check_positive(&sd, "LogNormal: the standard deviation of the logarithm");
        let event = joint_shape(&mean, &sd);
        LogNormal { mean, sd, event }
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

    fn event_shape(&self) -> &Shape {
        &self.event
    }

    fn transform(&self) -> Option<Transform<T>> {
        Some(Transform::Exp)
    }

    /// Outside the support the formula is evaluated at 1, so that no NaN arises to be multiplied by a gradient's 0.
    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let inside = x.gt(&Expr::scalar(0.0));
        let ln_x = Expr::select(&inside, x, &Expr::scalar(1.0)).ln();
        let standard = (&ln_x - &self.mean) * self.sd.recip();
        supported(&inside, &(standard.square() * -0.5 - ln_x - (self.sd.ln() + HALF_LN_2PI)))
    }

    fn centre(&self) -> Option<Expr<T>> {
        Some(self.mean.exp())
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each(parameters, shape, |[mean, sd]| (mean + positive(sd) * standard_normal(rng)).exp())
    }
}
