use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, valid};
use super::part::broadcast_shapes;
use super::truncated::Truncated;
use super::whole::Tails;
use super::zero_inflated::with_zeros;
use super::{Distribution, Support};

/// Counts that pass a hurdle: 0 with probability π, and else a draw of another distribution given that it is above 0.
///
/// p(0) = π, p(k) = (1 − π) p₀(k)/P₀(X > 0) for k > 0
#[derive(Clone, Debug)]
#[must_use]
pub struct Hurdle<T: Float = f32> {
    positive: Truncated<T>,
    probability: Expr<T>,
    batch: Shape,
}

impl<T: Float> Hurdle<T> {
    /// A distribution of whole numbers with the probability π of 0.
    ///
    /// # Panics
    /// If the distribution is not one of whole numbers with a distribution function, if the shapes do not broadcast, or for a constant
    /// that is not between 0 and 1.
    #[track_caller]
    pub fn new(base: impl Distribution<T> + 'static, probability: impl Into<Expr<T>>) -> Self {
        let (positive, probability) = (Truncated::above(base, 1.0), probability.into());
        positive.base.require_whole("Hurdle");
        Domain::Probability.check(&probability, "Hurdle: the probability of zero");
        let batch = broadcast_shapes::<T>(&[positive.batch_shape(), probability.shape()]);
        Hurdle { positive, probability, batch }
    }

    fn valid(&self, y: Expr<T>) -> Expr<T> {
        valid(y, [Domain::Probability.holds(&self.probability)])
    }

    /// ln (1 − π) where it is wanted, and ln ½ elsewhere.
    fn ln_rest(&self, wanted: &Expr<bool>) -> Expr<T> {
        (-Expr::select(wanted, &self.probability, &Expr::scalar(0.5))).log1p()
    }

    fn tails(&self, x: &Expr<T>) -> Option<Tails<T>> {
        let (zero, one) = (Expr::scalar(0.0), Expr::scalar(1.0));
        let (from_zero, from_one) = (x.ge(&zero), x.ge(&one));
        let inner = Tails { lower: self.positive.log_cdf(x)?, upper: self.positive.log_survival(x)? };
        let ln_rest = self.ln_rest(&from_zero);
        let positive = self.probability.gt(&zero);
        let ln_zero = Expr::select(&positive, &self.probability, &one).ln();
        let both = ln_zero.logaddexp(&(&ln_rest + Expr::select(&from_one, &inner.lower, &zero)));
        let with_zero = Expr::select(&positive, &both, &inner.lower);
        let alone = Expr::select(&positive, &ln_zero, &Expr::scalar(f64::NEG_INFINITY));
        let lower = Expr::select(&from_one, &with_zero, &alone);
        let tails = Tails::of_logarithms(&lower, &(ln_rest + inner.upper));
        let Tails { lower, upper } = tails.above_zero(x);
        Some(Tails { lower: self.valid(lower), upper: self.valid(upper) })
    }

    /// (1 − π)/P₀(X > 0)
    fn share(&self) -> Option<Expr<T>> {
        let possible = self.positive.base.log_survival(&Expr::scalar(0.0))?.exp();
        Some((1.0 - &self.probability) / possible)
    }
}

impl<T: Float> Distribution<T> for Hurdle<T> {
    fn name(&self) -> &'static str {
        "Hurdle"
    }

    /// Those of the distribution above 0, and the probability.
    fn parameters(&self) -> Vec<Expr<T>> {
        self.positive.parameters().into_iter().chain([self.probability.clone()]).collect()
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn support(&self) -> Support<T> {
        Support::Whole
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let is_zero = x.eq(&Expr::scalar(0.0));
        let of_zero = Expr::select(&is_zero, &self.probability, &Expr::scalar(0.5)).ln();
        let of_some = self.ln_rest(&is_zero.not()) + self.positive.log_prob(x);
        self.valid(Expr::select(&is_zero, &of_zero, &of_some))
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x)?.lower)
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x)?.upper)
    }

    fn mean(&self) -> Option<Expr<T>> {
        Some(self.share()? * self.positive.base.mean()?)
    }

    /// c (σ² + (1 − c) μ²) for c = (1 − π)/P₀(X > 0)
    fn variance(&self) -> Option<Expr<T>> {
        let c = self.share()?;
        let square = self.positive.base.mean()?.square();
        Some(&c * (self.positive.base.variance()? + (1.0 - &c) * square))
    }

    fn centre(&self) -> Option<Expr<T>> {
        None
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let drawn = self.positive.over(&self.batch).sample(noise)?;
        let zero = noise.bernoulli(&self.probability, &self.batch);
        Some(self.valid(Expr::select(&zero, &Expr::scalar(0.0), &drawn)))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let (probability, own) = parameters.split_last().expect("the probability");
        let drawn = self.positive.draw(own, shape, rng);
        with_zeros(&drawn, probability, shape, rng)
    }
}
