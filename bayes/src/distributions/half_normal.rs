use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI, LN_2};

use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, supported, valid};
use super::draws::{draw_each_positive, kept_positive, standard_normal};
use super::logs::{above, below, ln_share, positive};
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

    fn valid(&self, y: Expr<T>) -> Expr<T> {
        valid(y, [Domain::Positive.holds(&self.sd)])
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
        self.valid(density)
    }

    /// The median: the normal's upper quartile.
    fn centre(&self) -> Option<Expr<T>> {
        Some(&self.sd * 0.674_489_750_196_081_7)
    }

    /// Of erf and erfc of x/(σ √2).
    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (x_safe, inside) = positive(x);
        let z = (x_safe / &self.sd) * FRAC_1_SQRT_2;
        Some(self.valid(below(x, &inside, &ln_share(&z.erf(), &z.erfc()))))
    }

    /// ln 2 Φ(−x/σ), near 0 by erf.
    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (x_safe, inside) = positive(x);
        let z = x_safe / &self.sd;
        let near = z.lt(&Expr::scalar(0.5));
        let small = Expr::select(&near, &z, &Expr::scalar(0.5)) * FRAC_1_SQRT_2;
        let far = Expr::select(&near, &Expr::scalar(-0.5), &-z);
        let survival = Expr::select(&near, &(-small.erf()).log1p(), &(far.log_ndtr() + LN_2));
        Some(self.valid(above(x, &inside, &survival)))
    }

    /// σ √(2/π)
    fn mean(&self) -> Option<Expr<T>> {
        Some(self.valid(&self.sd * FRAC_2_PI.sqrt()).broadcast_to(&self.batch))
    }

    /// σ² (1 − 2/π)
    fn variance(&self) -> Option<Expr<T>> {
        Some(self.valid(self.sd.square() * (1.0 - FRAC_2_PI)).broadcast_to(&self.batch))
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        Some(self.valid(kept_positive(&(&self.sd * noise.normal(&self.batch).abs()))))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each_positive(parameters, shape, |[sd]| Domain::Positive.or_nan(sd) * standard_normal(rng).abs())
    }
}
