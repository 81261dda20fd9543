use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, supported, valid};
use super::draws::{draw_each_positive, kept_positive, standard_uniform};
use super::logs::{above, below, ln_share, ln_sum_of_squares, positive};
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

    fn valid(&self, y: Expr<T>) -> Expr<T> {
        valid(y, [Domain::Positive.holds(&self.scale)])
    }

    /// The probabilities of less than a positive number, and of more.
    fn shares(&self, x: &Expr<T>) -> [Expr<T>; 2] {
        [x.atan2(&self.scale) * FRAC_2_PI, self.scale.atan2(x) * FRAC_2_PI]
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
        let density = (scale.ln() - FRAC_PI_2.ln()) - ln_sum_of_squares(x, scale);
        let density = supported(x, &x.ge(&Expr::scalar(0.0)), &density);
        self.valid(density)
    }

    fn centre(&self) -> Option<Expr<T>> {
        Some(self.scale.clone())
    }

    /// 2/π arctan (x/γ)
    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (x_safe, inside) = positive(x);
        let [cdf, survival] = self.shares(&x_safe);
        Some(self.valid(below(x, &inside, &ln_share(&cdf, &survival))))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (x_safe, inside) = positive(x);
        let [cdf, survival] = self.shares(&x_safe);
        Some(self.valid(above(x, &inside, &ln_share(&survival, &cdf))))
    }

    /// ∞
    fn mean(&self) -> Option<Expr<T>> {
        Some(self.valid(Expr::full(&self.batch, f64::INFINITY)))
    }

    /// ∞
    fn variance(&self) -> Option<Expr<T>> {
        self.mean()
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        Some(self.valid(kept_positive(&(&self.scale * noise.cauchy(&self.batch).abs()))))
    }

    /// By inversion: the distribution function is 2/π arctan (x/γ).
    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each_positive(parameters, shape, |[scale]| {
            Domain::Positive.or_nan(scale) * libm::tan(FRAC_PI_2 * standard_uniform(rng))
        })
    }
}
