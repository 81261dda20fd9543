use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::chance::Chance;
use super::domain::{Domain, supported, valid};
use super::draws::{draw_each, standard_exponential};
use super::logs::ln_one_minus_exp;
use super::whole::{Tails, count, floor_count};
use super::{Distribution, Support, shape_method};

/// The geometric distribution: how many trials fail before the first that succeeds, each with probability p: k = 0, 1, 2, …
///
/// p(k) = (1 − p)ᵏ p, of mean (1 − p)/p. (SciPy and PyMC count the success, too: k + 1.)
#[derive(Clone, Debug)]
#[must_use]
pub struct Geometric<T: Float = f32> {
    chance: Chance<T>,
    batch: Shape,
}

impl<T: Float> Geometric<T> {
    /// With the probabilities of success, above 0.
    ///
    /// # Panics
    /// For a constant that is not above 0, or above 1.
    #[track_caller]
    pub fn probabilities(probabilities: impl Into<Expr<T>>) -> Self {
        let p = probabilities.into();
        Domain::PositiveProbability.check(&p, "Geometric: a probability");
        let batch = p.shape().clone();
        Geometric { chance: Chance::Probability(p), batch }
    }

    /// With the logarithms of the odds of success.
    ///
    /// # Panics
    /// For a constant that is not finite.
    #[track_caller]
    pub fn logits(logits: impl Into<Expr<T>>) -> Self {
        let logits = logits.into();
        Domain::Finite.check(&logits, "Geometric: a logit");
        let batch = logits.shape().clone();
        Geometric { chance: Chance::Logit(logits), batch }
    }

    shape_method!();

    /// The parameter, and where it may lie.
    fn parameter(&self) -> (&Expr<T>, Domain) {
        match &self.chance {
            Chance::Probability(p) => (p, Domain::PositiveProbability),
            Chance::Logit(logit) => (logit, Domain::Finite),
        }
    }

    /// ln P(X > k) = (k + 1) ln (1 − p).
    fn tails(&self, x: &Expr<T>) -> Tails<T> {
        let (parameter, domain) = self.parameter();
        let upper = (floor_count(x) + 1.0) * self.chance.ln_q();
        let Tails { lower, upper } = Tails { lower: ln_one_minus_exp(&upper), upper }.above_zero(x);
        let [lower, upper] = [lower, upper].map(|tail| valid(tail, [domain.holds(parameter)]));
        Tails { lower, upper }
    }
}

impl<T: Float> Distribution<T> for Geometric<T> {
    fn name(&self) -> &'static str {
        "Geometric"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.parameter().0.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn support(&self) -> Support<T> {
        Support::Whole
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let (inside, k) = count(x);
        let (parameter, domain) = self.parameter();
        // 0 · ln 0 = 0, of a success that is certain.
        let failures = match &self.chance {
            Chance::Probability(p) => k.xlog1py(&-p),
            Chance::Logit(_) => k * self.chance.ln_q(),
        };
        let density = supported(x, &inside, &(failures + self.chance.ln_p()));
        valid(density, [domain.holds(parameter)])
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x).lower)
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x).upper)
    }

    fn mean(&self) -> Option<Expr<T>> {
        Some(match &self.chance {
            Chance::Probability(p) => (1.0 - p) / p,
            Chance::Logit(logit) => (-logit).exp(),
        })
    }

    fn variance(&self) -> Option<Expr<T>> {
        Some(match &self.chance {
            Chance::Probability(p) => (1.0 - p) / p.square(),
            Chance::Logit(logit) => (-logit).exp() * (1.0 + (-logit).exp()),
        })
    }

    fn centre(&self) -> Option<Expr<T>> {
        None
    }

    /// ⌊E/−ln (1 − p)⌋ for an exponential number E.
    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let (parameter, domain) = self.parameter();
        let parameter64 = domain.or_else(parameter, 0.5).cast::<f64>();
        let rate = -self.chance.with(parameter64).ln_q();
        let largest = (2.0 - T::EPSILON.to_f64()) * (0.5 / T::MIN_POSITIVE.to_f64());
        let drawn = (noise.exponential::<f64>(&self.batch) / rate).floor().minimum(&Expr::scalar(largest));
        Some(valid(drawn.cast::<T>().stop_gradient(), [domain.holds(parameter)]))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let domain = self.parameter().1;
        draw_each(parameters, shape, |[parameter]| {
            let parameter = domain.or_nan(parameter);
            let rate = match self.chance {
                Chance::Probability(_) => -libm::log1p(-parameter),
                // softplus
                Chance::Logit(_) => parameter.max(0.0) + libm::log1p(libm::exp(-parameter.abs())),
            };
            if rate.is_nan() { f64::NAN } else { (standard_exponential(rng) / rate).floor() }
        })
    }
}
