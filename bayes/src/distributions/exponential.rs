use std::f64::consts::LN_2;

use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, supported, valid};
use super::draws::{draw_each_positive, kept_positive, standard_exponential};
use super::logs::{above, below, ln_one_minus_exp, positive};
use super::{Distribution, Support, shape_method};

/// The exponential distribution with rate λ > 0, on x ≥ 0; its mean is 1/λ.
///
/// ln p(x) = ln λ − λ x
#[derive(Clone, Debug)]
#[must_use]
pub struct Exponential<T: Float = f32> {
    rate: Expr<T>,
    batch: Shape,
}

impl<T: Float> Exponential<T> {
    /// With a rate.
    ///
    /// # Panics
    /// If a constant rate is not positive and finite.
    #[track_caller]
    pub fn new(rate: impl Into<Expr<T>>) -> Self {
        let rate = rate.into();
        Domain::Positive.check(&rate, "Exponential: the rate");
        let batch = rate.shape().clone();
        Exponential { rate, batch }
    }

    fn valid(&self, y: Expr<T>) -> Expr<T> {
        valid(y, [Domain::Positive.holds(&self.rate)])
    }

    shape_method!();
}

impl<T: Float> Distribution<T> for Exponential<T> {
    fn name(&self) -> &'static str {
        "Exponential"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.rate.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn support(&self) -> Support<T> {
        Support::Positive
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let density = self.rate.ln() - &self.rate * x;
        let density = supported(x, &x.ge(&Expr::scalar(0.0)), &density);
        self.valid(density)
    }

    fn centre(&self) -> Option<Expr<T>> {
        Some(self.rate.recip() * LN_2)
    }

    /// ln(1 − exp(−λ x))
    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (safe, inside) = positive(x);
        Some(self.valid(below(x, &inside, &ln_one_minus_exp(&-(safe * &self.rate)))))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (safe, inside) = positive(x);
        Some(self.valid(above(x, &inside, &-(safe * &self.rate))))
    }

    fn mean(&self) -> Option<Expr<T>> {
        Some(self.valid(self.rate.recip()).broadcast_to(&self.batch))
    }

    fn variance(&self) -> Option<Expr<T>> {
        Some(self.valid(self.rate.recip().square()).broadcast_to(&self.batch))
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        Some(self.valid(kept_positive(&(noise.exponential(&self.batch) / &self.rate))))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each_positive(parameters, shape, |[rate]| {
            standard_exponential(rng) / Domain::Positive.or_nan(rate)
        })
    }
}
