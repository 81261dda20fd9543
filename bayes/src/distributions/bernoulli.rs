use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::chance::Chance;
use super::domain::{Domain, supported, valid};
use super::draws::{draw_each, standard_uniform};
use super::whole::Tails;
use super::{Distribution, Support, shape_method};

/// A coin: 1 with probability p, 0 with probability 1 − p.
///
/// Given as a probability, ln p(x) is ln p or ln (1 − p). Given as a logit l = ln p/(1 − p), it is −softplus((1 − 2x) l),
/// which is exact for logits of any size and the better choice for a model's output.
#[derive(Clone, Debug)]
#[must_use]
pub struct Bernoulli<T: Float = f32> {
    chance: Chance<T>,
    batch: Shape,
}

impl<T: Float> Bernoulli<T> {
    /// With the probabilities of 1.
    ///
    /// # Panics
    /// If a constant is not between 0 and 1.
    #[track_caller]
    pub fn probabilities(probabilities: impl Into<Expr<T>>) -> Self {
        let p = probabilities.into();
        Domain::Probability.check(&p, "Bernoulli: a probability");
        let batch = p.shape().clone();
        Bernoulli { chance: Chance::Probability(p), batch }
    }

    /// With logits, the logarithms of the odds of 1: any numbers, also ±∞.
    ///
    /// # Panics
    /// If a constant is NaN.
    #[track_caller]
    pub fn logits(logits: impl Into<Expr<T>>) -> Self {
        let logits = logits.into();
        Domain::Logit.check(&logits, "Bernoulli: a logit");
        let batch = logits.shape().clone();
        Bernoulli { chance: Chance::Logit(logits), batch }
    }

    shape_method!();

    /// The parameter, and where it may lie.
    fn parameter(&self) -> (&Expr<T>, Domain) {
        match &self.chance {
            Chance::Probability(p) => (p, Domain::Probability),
            Chance::Logit(logit) => (logit, Domain::Logit),
        }
    }

    fn tails(&self, x: &Expr<T>) -> Tails<T> {
        let tails = Tails { lower: self.chance.ln_q(), upper: self.chance.ln_p() };
        let (zero, one) = (Expr::scalar(0.0), Expr::scalar(1.0));
        let Tails { lower, upper } = tails.within(x, &(x.ge(&zero) & x.lt(&one)), &x.lt(&zero));
        Tails { lower: valid(lower, [self.known()]), upper: valid(upper, [self.known()]) }
    }

    /// Where the parameter is one. Unlike a density, a draw, or what lies up to a large number, says nothing of a logit that is NaN.
    fn known(&self) -> Option<Expr<bool>> {
        match &self.chance {
            Chance::Probability(p) => Domain::Probability.holds(p),
            Chance::Logit(logit) => Some(logit.eq(logit)),
        }
    }
}

impl<T: Float> Distribution<T> for Bernoulli<T> {
    fn name(&self) -> &'static str {
        "Bernoulli"
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
        let (zero, one) = (Expr::scalar(0.0), Expr::scalar(1.0));
        let (parameter, domain) = self.parameter();
        let is_one = x.eq(&one);
        let density = match &self.chance {
            // The logarithm not wanted is taken of ½, so that it stays finite and its gradient an exact 0.
            Chance::Probability(p) => {
                let of_one = Expr::select(&is_one, p, &Expr::scalar(0.5)).ln();
                let of_zero = (-Expr::select(&is_one, &Expr::scalar(0.5), p)).log1p();
                Expr::select(&is_one, &of_one, &of_zero)
            }
            Chance::Logit(logit) => -(Expr::select(&is_one, &Expr::scalar(-1.0), &one) * logit).softplus(),
        };
        let density =
            Expr::select(&is_one, &density, &supported(&x.minimum(parameter), &x.eq(&zero), &density));
        valid(density, [domain.holds(parameter)])
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x).lower)
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x).upper)
    }

    fn mean(&self) -> Option<Expr<T>> {
        Some(self.chance.p())
    }

    fn variance(&self) -> Option<Expr<T>> {
        Some(self.chance.p() * self.chance.q())
    }

    fn centre(&self) -> Option<Expr<T>> {
        None
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        Some(valid(noise.bernoulli(self.chance.p(), &self.batch).cast::<T>(), [self.known()]))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each(parameters, shape, |[parameter]| {
            let p = self.chance.p_of(parameter);
            let below = standard_uniform(rng) < p;
            if Domain::Probability.or_nan(p).is_nan() { f64::NAN } else { f64::from(u8::from(below)) }
        })
    }
}
