use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, outside, valid};
use super::part::{Part, broadcast_shapes};
use super::{Distribution, Support};
use crate::Transform;

/// A distribution of numbers as something reads them that ends at bounds: a value at a bound stands for all from there on.
///
/// p(low) = P₀(X ≤ low), p(high) = P₀(X ≥ high), and p₀(x) between them
///
/// It is for observations. As there are points with a probability of their own, it is no prior of a free variable.
///
/// ```
/// use bayeux_autodiff::{Expr, interpret};
/// use bayeux_bayes::{Censored, Distribution, Exponential};
/// // Lifetimes in a study that ended after 3 years.
/// let lifetime = Censored::above(Exponential::new(0.5), 3.0);
/// let log = lifetime.log_prob(&Expr::<f64>::scalar(3.0)); // lived on
/// assert!((interpret(&[log], &[], 0)?[0].item() + 1.5).abs() < 1e-14);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// Its [`sample`](Distribution::sample) needs a distribution that has the whole batch's shape: by that one's `shape` method.
#[derive(Clone, Debug)]
#[must_use]
pub struct Censored<T: Float = f32> {
    base: Part<T>,
    low: Option<Expr<T>>,
    high: Option<Expr<T>>,
    batch: Shape,
}

impl<T: Float> Censored<T> {
    /// At two bounds.
    ///
    /// # Panics
    /// If the distribution has no distribution function, if the shapes do not broadcast, or for constant bounds that are not finite or
    /// not in order.
    #[track_caller]
    pub fn between(
        base: impl Distribution<T> + 'static,
        low: impl Into<Expr<T>>,
        high: impl Into<Expr<T>>,
    ) -> Self {
        Self::new(Part::new(base), Some(low.into()), Some(high.into()))
    }

    /// Above a bound: from there on all is read as the bound.
    ///
    /// # Panics
    /// As [`between`](Self::between).
    #[track_caller]
    pub fn above(base: impl Distribution<T> + 'static, high: impl Into<Expr<T>>) -> Self {
        Self::new(Part::new(base), None, Some(high.into()))
    }

    /// Below a bound: down from there all is read as the bound.
    ///
    /// # Panics
    /// As [`between`](Self::between).
    #[track_caller]
    pub fn below(base: impl Distribution<T> + 'static, low: impl Into<Expr<T>>) -> Self {
        Self::new(Part::new(base), Some(low.into()), None)
    }

    #[track_caller]
    fn new(base: Part<T>, low: Option<Expr<T>>, high: Option<Expr<T>>) -> Self {
        base.require_cdf("Censored");
        let domain = if base.is_whole() { Domain::Whole } else { Domain::Finite };
        let mut batch = base.batch_shape().clone();
        for bound in low.iter().chain(&high) {
            domain.check(bound, "Censored: a bound");
            batch = broadcast_shapes::<T>(&[&batch, bound.shape()]);
        }
        if let (Some(low), Some(high)) = (&low, &high)
            && let (Some(low), Some(high)) = (low.as_constant(), high.as_constant())
        {
            assert!(
                (high - low).iter().all(|width| width > T::ZERO),
                "Censored: the lower bound must lie below the upper, {low:?} {high:?}"
            );
        }
        Censored { base, low, high, batch }
    }

    fn valid(&self, y: Expr<T>) -> Expr<T> {
        let domain = if self.base.is_whole() { Domain::Whole } else { Domain::Finite };
        let holds = |bound: &Option<Expr<T>>| bound.as_ref().and_then(|bound| domain.holds(bound));
        let in_order = match (&self.low, &self.high) {
            (Some(low), Some(high)) if low.as_constant().is_none() || high.as_constant().is_none() => {
                Some(low.lt(high))
            }
            _ => None,
        };
        valid(y, [in_order, holds(&self.low), holds(&self.high)])
    }

    /// `inner` between the bounds, and other values up from the upper and below the lower one.
    fn between_bounds(&self, x: &Expr<T>, inner: Expr<T>, below: &Expr<T>, from_high: &Expr<T>) -> Expr<T> {
        let inner = match &self.low {
            Some(low) => Expr::select(&x.lt(low), below, &inner),
            None => inner,
        };
        match &self.high {
            Some(high) => Expr::select(&x.ge(high), from_high, &inner),
            None => inner,
        }
    }
}

impl<T: Float> Distribution<T> for Censored<T> {
    fn name(&self) -> &'static str {
        "Censored"
    }

    /// Those of the distribution, and the bounds that there are.
    fn parameters(&self) -> Vec<Expr<T>> {
        self.base.parameters().into_iter().chain(self.low.clone()).chain(self.high.clone()).collect()
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    /// That of what is censored; its values between the bounds.
    fn support(&self) -> Support<T> {
        self.base.support()
    }

    fn transform(&self) -> Option<Transform<T>> {
        None
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let mut density = self.base.log_prob(x);
        let none = outside(x);
        if let Some(low) = &self.low {
            let all_below = self.base.log_cdf(low).expect("it has a distribution function");
            density = Expr::select(&x.eq(low), &all_below, &density);
            density = Expr::select(&x.lt(low), &none, &density);
        }
        if let Some(high) = &self.high {
            let before = if self.base.is_whole() { high - 1.0 } else { high.clone() };
            let all_above = self.base.log_survival(&before).expect("it has a distribution function");
            density = Expr::select(&x.eq(high), &all_above, &density);
            density = Expr::select(&x.gt(high), &none, &density);
        }
        self.valid(density)
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let none = outside(x);
        Some(self.valid(self.between_bounds(x, self.base.log_cdf(x)?, &none, &none.exp())))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let none = outside(x);
        Some(self.valid(self.between_bounds(x, self.base.log_survival(x)?, &none.exp(), &none)))
    }

    fn centre(&self) -> Option<Expr<T>> {
        None
    }

    /// With slopes where the draws of what is censored have them.
    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let mut drawn = self.base.sample_of(noise, &self.batch)?;
        if let Some(low) = &self.low {
            drawn = drawn.maximum(low);
        }
        if let Some(high) = &self.high {
            drawn = drawn.minimum(high);
        }
        Some(self.valid(drawn))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let (own, bounds) = self.base.own(parameters);
        let drawn = self.base.draw(own, shape, rng);
        let mut bounds = bounds.iter().map(|bound| bound.broadcast_to(shape).to_vec());
        let low = self.low.as_ref().and_then(|_| bounds.next());
        let high = self.high.as_ref().and_then(|_| bounds.next());
        let domain = if self.base.is_whole() { Domain::Whole } else { Domain::Finite };
        let element = |(i, x): (usize, T)| {
            let at = |bound: &Option<Vec<T>>, none: f64| {
                bound.as_ref().map_or(none, |bound| domain.or_nan(bound[i].to_f64()))
            };
            let (low, high) = (at(&low, f64::NEG_INFINITY), at(&high, f64::INFINITY));
            if low < high { T::from_f64(x.to_f64().clamp(low, high)) } else { T::NAN }
        };
        Tensor::new(shape, drawn.iter().enumerate().map(element).collect())
    }
}
