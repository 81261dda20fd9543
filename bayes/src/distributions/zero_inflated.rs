use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, valid};
use super::draws::standard_uniform;
use super::part::{Part, broadcast_shapes};
use super::whole::Tails;
use super::{Distribution, Support};

/// Counts with more zeros: 0 with probability π, and else a draw of another distribution, which may be 0, too.
///
/// p(0) = π + (1 − π) p₀(0), p(k) = (1 − π) p₀(k) for other k
///
/// ```
/// use bayeux_autodiff::{Expr, interpret};
/// use bayeux_bayes::{Distribution, Poisson, ZeroInflated};
/// let visits = ZeroInflated::new(Poisson::new(2.0), 0.25);
/// let log = visits.log_prob(&Expr::<f64>::scalar(0.0));
/// let p = interpret(&[log], &[], 0)?[0].item().exp();
/// assert!((p - (0.25 + 0.75 * (-2f64).exp())).abs() < 1e-15);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// Its [`sample`](Distribution::sample) needs a distribution that has the whole batch's shape: by that one's `shape` method.
#[derive(Clone, Debug)]
#[must_use]
pub struct ZeroInflated<T: Float = f32> {
    base: Part<T>,
    probability: Expr<T>,
    batch: Shape,
}

impl<T: Float> ZeroInflated<T> {
    /// A distribution of whole numbers with a probability π of further zeros.
    ///
    /// # Panics
    /// If the distribution is not one of whole numbers, if the shapes do not broadcast, or for a constant that is not between 0 and 1.
    #[track_caller]
    pub fn new(base: impl Distribution<T> + 'static, probability: impl Into<Expr<T>>) -> Self {
        let (base, probability) = (Part::new(base), probability.into());
        base.require_whole("ZeroInflated");
        Domain::Probability.check(&probability, "ZeroInflated: the probability of zeros");
        let batch = broadcast_shapes::<T>(&[base.batch_shape(), probability.shape()]);
        ZeroInflated { base, probability, batch }
    }

    fn valid(&self, y: Expr<T>) -> Expr<T> {
        valid(y, [Domain::Probability.holds(&self.probability)])
    }

    fn tails(&self, x: &Expr<T>) -> Option<Tails<T>> {
        let zero = Expr::scalar(0.0);
        let inner = self.base.tails(x)?;
        let ln_rest = (-&self.probability).log1p();
        let from_zero = x.ge(&zero);
        let safe = Expr::select(&from_zero, &inner.lower, &zero);
        let lower = Expr::select(&from_zero, &inflated(&self.probability, &safe), &(&ln_rest + &inner.lower));
        let with_zeros = inflated(&self.probability, &Expr::select(&from_zero, &zero, &inner.upper));
        let upper = Expr::select(&from_zero, &(ln_rest + &inner.upper), &with_zeros);
        Some(Tails { lower: self.valid(lower), upper: self.valid(upper) })
    }
}

/// ln (π + (1 − π) p), of ln p.
///
/// As ln p + ln (1 + π (1/p − 1)), which has a slope at π = 0, where neither logarithm nearly takes the other back.
fn inflated<T: Float>(probability: &Expr<T>, ln_p: &Expr<T>) -> Expr<T> {
    let [zero, half, least] = [0.0, 0.5, -60.0].map(Expr::scalar);
    let direct = ln_p.ge(&least) & probability.le(&half);
    let safe = Expr::select(&direct, ln_p, &zero);
    let of_direct = &safe + (probability * (-&safe).expm1()).log1p();
    let positive = probability.gt(&zero);
    let ln_probability = Expr::select(&(positive & direct.not()), probability, &half).ln();
    let ln_rest = (-Expr::select(&direct, &half, probability)).log1p();
    let of_sum = ln_probability.logaddexp(&(ln_rest + ln_p));
    let of_sum = Expr::select(&probability.gt(&zero), &of_sum, ln_p);
    Expr::select(&direct, &of_direct, &of_sum)
}

impl<T: Float> Distribution<T> for ZeroInflated<T> {
    fn name(&self) -> &'static str {
        "ZeroInflated"
    }

    /// Those of the distribution, and the probability.
    fn parameters(&self) -> Vec<Expr<T>> {
        self.base.parameters().into_iter().chain([self.probability.clone()]).collect()
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn support(&self) -> Support<T> {
        Support::Whole
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let zero = Expr::scalar(0.0);
        let is_zero = x.eq(&zero);
        let inner = self.base.log_prob(x);
        let of_zero = inflated(&self.probability, &Expr::select(&is_zero, &inner, &zero));
        let ln_rest = (-Expr::select(&is_zero, &zero, &self.probability)).log1p();
        self.valid(Expr::select(&is_zero, &of_zero, &(ln_rest + inner)))
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x)?.lower)
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x)?.upper)
    }

    fn mean(&self) -> Option<Expr<T>> {
        Some((1.0 - &self.probability) * self.base.mean()?)
    }

    /// (1 − π) (σ² + π μ²)
    fn variance(&self) -> Option<Expr<T>> {
        let p = &self.probability;
        Some((1.0 - p) * (self.base.variance()? + p * self.base.mean()?.square()))
    }

    fn centre(&self) -> Option<Expr<T>> {
        None
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let drawn = self.base.sample_of(noise, &self.batch)?;
        let zero = noise.bernoulli(&self.probability, &self.batch);
        Some(self.valid(Expr::select(&zero, &Expr::scalar(0.0), &drawn)))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let (own, rest) = self.base.own(parameters);
        let drawn = self.base.draw(own, shape, rng);
        with_zeros(&drawn, &rest[0], shape, rng)
    }
}

/// Draws of which some are 0 instead.
pub(super) fn with_zeros<T: Float>(
    drawn: &Tensor<T>,
    probability: &Tensor<T>,
    shape: &[usize],
    rng: &mut dyn Rng,
) -> Tensor<T> {
    let probability = probability.broadcast_to(shape);
    let element = |(x, p): (T, T)| {
        let p = Domain::Probability.or_nan(p.to_f64());
        let zero = standard_uniform(rng) < p;
        if p.is_nan() || x.to_f64().is_nan() {
            T::NAN
        } else if zero {
            T::ZERO
        } else {
            x
        }
    };
    Tensor::new(shape, drawn.iter().zip(probability.iter()).map(element).collect())
}
