use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, supported, valid};
use super::draws::draw_each;
use super::loader::{deviance, stirling_error};
use super::whole::{Tails, count, floor_count};
use super::{Distribution, HALF_LN_2PI, Support, shape_method};

/// Poisson's distribution of counts k = 0, 1, 2, … with a rate λ ≥ 0, which is both mean and variance.
///
/// p(k) = λᵏ e^−λ/k!
///
/// A tail too small for an f64 has the logarithm −∞.
///
/// ```
/// use bayeux_autodiff::{Expr, interpret};
/// use bayeux_bayes::{Distribution, Poisson};
/// let log = Poisson::new(2.0).log_prob(&Expr::<f64>::scalar(3.0)); // 2³/3! e⁻²
/// let log = interpret(&[log], &[], 0)?[0].item();
/// assert!((log - ((8f64 / 6.0).ln() - 2.0)).abs() < 1e-14);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Poisson<T: Float = f32> {
    rate: Expr<T>,
    batch: Shape,
}

/// Draws of a larger rate are drawn as of this one: they might not be an `i64`.
pub(super) const LARGEST_RATE: f64 = 9e18;

impl<T: Float> Poisson<T> {
    /// With a rate.
    ///
    /// # Panics
    /// For a constant that is negative or not finite.
    #[track_caller]
    pub fn new(rate: impl Into<Expr<T>>) -> Self {
        let rate = rate.into();
        Domain::Weight.check(&rate, "Poisson: the rate");
        let batch = rate.shape().clone();
        Poisson { rate, batch }
    }

    shape_method!();

    fn tails(&self, x: &Expr<T>) -> Tails<T> {
        let k = floor_count(x).cast::<f64>() + 1.0;
        let rate = self.rate.cast::<f64>();
        let Tails { lower, upper } =
            Tails::of_probabilities(&k.gammaincc(&rate), &k.gammainc(&rate)).above_zero(x);
        let [lower, upper] = [lower, upper].map(|tail| valid(tail, [Domain::Weight.holds(&self.rate)]));
        Tails { lower, upper }
    }
}

impl<T: Float> Distribution<T> for Poisson<T> {
    fn name(&self) -> &'static str {
        "Poisson"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.rate.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn support(&self) -> Support<T> {
        Support::Whole
    }

    /// −½ ln 2πk − δ(k) − D by Loader, where D = k ln (k/λ) + λ − k, and −λ at 0.
    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let (inside, k) = count(x);
        let one = Expr::scalar(1.0);
        let none = k.eq(&Expr::scalar(0.0));
        let (some, rate) = (Expr::select(&none, &one, &k), Expr::select(&none, &one, &self.rate));
        let ln_k = some.ln();
        let of_some = -(deviance(&some, &(&some - &rate), &(rate.ln() - &ln_k))
            + (stirling_error(&some) + (ln_k * 0.5 + HALF_LN_2PI)));
        let density = supported(x, &inside, &Expr::select(&none, &-&self.rate, &of_some));
        valid(density, [Domain::Weight.holds(&self.rate)])
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x).lower)
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x).upper)
    }

    fn mean(&self) -> Option<Expr<T>> {
        Some(self.rate.clone())
    }

    fn variance(&self) -> Option<Expr<T>> {
        Some(self.rate.clone())
    }

    fn centre(&self) -> Option<Expr<T>> {
        None
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let rate = Domain::Weight.or_else(&self.rate, 1.0).minimum(&Expr::scalar(LARGEST_RATE));
        let drawn = noise.poisson(rate, &self.batch).cast::<T>();
        Some(valid(drawn, [Domain::Weight.holds(&self.rate)]))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each(parameters, shape, |[rate]| poisson(Domain::Weight.or_nan(rate), rng))
    }
}

/// A Poisson number, NaN for a rate that is.
pub(super) fn poisson(rate: f64, rng: &mut dyn Rng) -> f64 {
    if rate == 0.0 || rate.is_nan() {
        return rate;
    }
    let poisson = rand_distr::Poisson::new(rate.min(LARGEST_RATE));
    poisson.map_or(f64::NAN, |poisson| rand_distr::Distribution::sample(&poisson, rng))
}
