use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, supported, valid};
use super::draws::{draw_each, standard_uniform};
use super::logs::ln_share;
use super::{Distribution, Support, joint_shape, shape_method};
use crate::transform::ln_width;

/// The uniform distribution on low ≤ x ≤ high.
///
/// ln p(x) = −ln (high − low)
///
/// A draw is at least `low` and below `high`: one that rounding would carry there becomes the largest number below.
#[derive(Clone, Debug)]
#[must_use]
pub struct Uniform<T: Float = f32> {
    low: Expr<T>,
    high: Expr<T>,
    batch: Shape,
}

impl<T: Float> Uniform<T> {
    /// Between two bounds.
    ///
    /// # Panics
    /// If the two shapes do not broadcast, or for constant bounds that are not finite or not in order.
    #[track_caller]
    pub fn new(low: impl Into<Expr<T>>, high: impl Into<Expr<T>>) -> Self {
        let (low, high) = (low.into(), high.into());
        Domain::Finite.check(&low, "Uniform: the lower bound");
        Domain::Finite.check(&high, "Uniform: the upper bound");
        if let (Some(low), Some(high)) = (low.as_constant(), high.as_constant()) {
            let difference = high - low;
            assert!(
                difference.iter().all(|width| width > T::ZERO),
                "Uniform: the lower bound must lie below the upper, {low:?} {high:?}"
            );
        }
        let batch = joint_shape(&low, &high);
        Uniform { low, high, batch }
    }

    /// The probabilities of less than a number and of more; of halves, as the width may overflow.
    fn shares(&self, x: &Expr<T>) -> [Expr<T>; 2] {
        let [low, high] = [&self.low, &self.high].map(|bound| bound * 0.5);
        let x = x.maximum(&self.low).minimum(&self.high) * 0.5;
        let width = &high - &low;
        [(&x - &low) / &width, (&high - &x) / &width]
    }

    fn valid(&self, y: Expr<T>) -> Expr<T> {
        let (low, high) = (&self.low, &self.high);
        let both_constant = low.as_constant().is_some() && high.as_constant().is_some();
        let in_order = (!both_constant).then(|| low.lt(high));
        valid(y, [in_order, Domain::Finite.holds(low), Domain::Finite.holds(high)])
    }

    shape_method!();
}

impl<T: Float> Distribution<T> for Uniform<T> {
    fn name(&self) -> &'static str {
        "Uniform"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.low.clone(), self.high.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn support(&self) -> Support<T> {
        Support::Between(self.low.clone(), self.high.clone())
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let (low, high) = (&self.low, &self.high);
        let density = supported(x, &(x.ge(low) & x.le(high)), &-ln_width(low, high));
        self.valid(density)
    }

    fn centre(&self) -> Option<Expr<T>> {
        Some((&self.low + &self.high) * 0.5)
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let [below, above] = self.shares(x);
        Some(self.valid(ln_share(&below, &above)))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let [below, above] = self.shares(x);
        Some(self.valid(ln_share(&above, &below)))
    }

    fn mean(&self) -> Option<Expr<T>> {
        Some(self.valid(&self.low * 0.5 + &self.high * 0.5).broadcast_to(&self.batch))
    }

    /// (high − low)²/12
    fn variance(&self) -> Option<Expr<T>> {
        Some(self.valid((&self.high - &self.low).square() / 12.0).broadcast_to(&self.batch))
    }

    /// Up to `high` itself, where a sum is rounded to it.
    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let u: Expr<T> = noise.uniform(&self.batch);
        let drawn = &self.low * (1.0 - &u) + &self.high * u;
        Some(self.valid(drawn.maximum(&self.low).minimum(&self.high)))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each(parameters, shape, |[low, high]| {
            let u = standard_uniform(rng);
            if !(low < high && low.is_finite() && high.is_finite()) {
                return f64::NAN;
            }
            let x = T::from_f64(low * (1.0 - u) + high * u).to_f64();
            x.clamp(low, largest_below::<T>(high))
        })
    }
}

/// The largest number of the element type that is smaller than one of its numbers.
fn largest_below<T: Float>(x: f64) -> f64 {
    if T::EPSILON.to_f64() == f64::EPSILON { x.next_down() } else { (x as f32).next_down().into() }
}
