use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::chance::Chance;
use super::domain::{Domain, outside, valid};
use super::draws::draw_each;
use super::loader::{deviance, stirling_error};
use super::whole::{Tails, count};
use super::{Distribution, HALF_LN_2PI, Support, joint_shape, shape_method};

/// The binomial distribution: how many of n trials succeed, each with probability p: k = 0, 1, …, n.
///
/// p(k) = n!/(k! (n − k)!) pᵏ (1 − p)ⁿ⁻ᵏ
///
/// A tail too small for an f64 has the logarithm −∞.
///
/// Of logits l = ln p/(1 − p), neither probability is rounded to 0 or 1: the better choice for a model's output.
///
/// ```
/// use bayeux_autodiff::{Expr, interpret};
/// use bayeux_bayes::{Binomial, Distribution};
/// let log = Binomial::probabilities(3.0, 0.5).log_prob(&Expr::<f64>::scalar(1.0)); // 3/8
/// assert!((interpret(&[log], &[], 0)?[0].item() - 0.375f64.ln()).abs() < 1e-14);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Binomial<T: Float = f32> {
    trials: Expr<T>,
    chance: Chance<T>,
    batch: Shape,
}

impl<T: Float> Binomial<T> {
    /// With numbers of trials and probabilities of success.
    ///
    /// # Panics
    /// If the two shapes do not broadcast; for constants that are not whole numbers from 0, or not between 0 and 1.
    #[track_caller]
    pub fn probabilities(trials: impl Into<Expr<T>>, probabilities: impl Into<Expr<T>>) -> Self {
        let (trials, p) = (trials.into(), probabilities.into());
        Domain::Count.check(&trials, "Binomial: the number of trials");
        Domain::Probability.check(&p, "Binomial: a probability");
        let batch = joint_shape(&trials, &p);
        Binomial { trials, chance: Chance::Probability(p), batch }
    }

    /// With numbers of trials and the logarithms of the odds of success.
    ///
    /// # Panics
    /// If the two shapes do not broadcast; for constants that are not whole numbers from 0, or not finite.
    #[track_caller]
    pub fn logits(trials: impl Into<Expr<T>>, logits: impl Into<Expr<T>>) -> Self {
        let (trials, logits) = (trials.into(), logits.into());
        Domain::Count.check(&trials, "Binomial: the number of trials");
        Domain::Finite.check(&logits, "Binomial: a logit");
        let batch = joint_shape(&trials, &logits);
        Binomial { trials, chance: Chance::Logit(logits), batch }
    }

    shape_method!();

    /// The probability's parameter, and where it may lie.
    fn parameter(&self) -> (&Expr<T>, Domain) {
        match &self.chance {
            Chance::Probability(p) => (p, Domain::Probability),
            Chance::Logit(logit) => (logit, Domain::Finite),
        }
    }

    fn valid(&self, y: Expr<T>) -> Expr<T> {
        let (parameter, domain) = self.parameter();
        valid(y, [Domain::Count.holds(&self.trials), domain.holds(parameter)])
    }

    /// P(X ≤ k) = I₁₋ₚ(n − k, k + 1)
    fn tails(&self, x: &Expr<T>) -> Tails<T> {
        let zero = Expr::scalar(0.0);
        let inside = x.ge(&zero) & x.lt(&self.trials);
        // 0 of 1 where all or nothing is below.
        let k = Expr::select(&inside, &x.floor(), &zero).cast::<f64>();
        let n = Expr::select(&inside, &self.trials, &Expr::scalar(1.0)).cast::<f64>();
        let chance = self.chance.with(self.chance.given().cast::<f64>());
        let (p, q) = (chance.p(), chance.q());
        let (rest, next) = (n - &k, k + 1.0);
        let tails = Tails::of_probabilities(&rest.betainc(&next, &q), &next.betainc(&rest, &p));
        let Tails { lower, upper } = tails.within(x, &inside, &x.lt(&zero));
        Tails { lower: self.valid(lower), upper: self.valid(upper) }
    }
}

impl<T: Float> Distribution<T> for Binomial<T> {
    fn name(&self) -> &'static str {
        "Binomial"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.trials.clone(), self.parameter().0.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn support(&self) -> Support<T> {
        Support::Whole
    }

    /// By Loader: δ(n) − δ(k) − δ(n − k) − D(k, n p) − D(n − k, n (1 − p)) + ½ ln n/(2π k (n − k)), and n ln (1 − p) for no success,
    /// n ln p for no failure.
    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let (zero, one) = (Expr::scalar(0.0), Expr::scalar(1.0));
        let (whole, k) = count(x);
        let inside = whole & k.le(&self.trials);
        let (none, all) = (k.eq(&zero), k.eq(&self.trials));
        // 1 of 2 stands in where one of them is 0, and so do probabilities where a logarithm is not wanted.
        let between = inside.clone() & none.not() & all.not();
        let k = Expr::select(&between, &k, &one);
        let n = Expr::select(&between, &self.trials, &Expr::scalar(2.0));
        let chance = match &self.chance {
            Chance::Probability(p) => Chance::Probability(Expr::select(&between, p, &Expr::scalar(0.5))),
            logit => logit.clone(),
        };
        let (p, q, ln_p, ln_q) = (chance.p(), chance.q(), chance.ln_p(), chance.ln_q());
        let rest = &n - &k;
        // From the mean that is rounded less.
        let d = Expr::select(&p.lt(&q), &(&k - &n * &p), &(&n * &q - &rest));
        let (ln_k, ln_n, ln_rest) = (k.ln(), n.ln(), rest.ln());
        let deviances =
            deviance(&k, &d, &(ln_p + (&ln_n - &ln_k))) + deviance(&rest, &-d, &(ln_q + (&ln_n - &ln_rest)));
        let errors = (stirling_error(&n) - stirling_error(&k)) - stirling_error(&rest);
        let of_some = errors + ((ln_n - ln_k) - ln_rest) * 0.5 - HALF_LN_2PI - deviances;
        // No trials have no slope.
        let edge = |at: &Expr<bool>, some: &Expr<T>, logit_sign: f64| {
            let trials = Expr::select(at, &self.trials, &zero);
            match &self.chance {
                Chance::Probability(_) => {
                    let used = at.clone() & self.trials.gt(&zero);
                    let p = Expr::select(&used, some, &Expr::scalar(0.5));
                    if logit_sign > 0.0 { trials * (-p).log1p() } else { trials * p.ln() }
                }
                Chance::Logit(logit) => -(trials * (logit * logit_sign).softplus()),
            }
        };
        let parameter = self.parameter().0;
        let edges = Expr::select(&none, &edge(&none, parameter, 1.0), &edge(&all, parameter, -1.0));
        let density = Expr::select(&between, &of_some, &edges);
        self.valid(Expr::select(&inside, &density, &outside(x)))
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x).lower)
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x).upper)
    }

    fn mean(&self) -> Option<Expr<T>> {
        Some(&self.trials * self.chance.p())
    }

    fn variance(&self) -> Option<Expr<T>> {
        Some(&self.trials * (self.chance.p() * self.chance.q()))
    }

    fn centre(&self) -> Option<Expr<T>> {
        None
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let trials = Domain::Count.or_else(&self.trials, 1.0).cast::<i64>();
        let (parameter, domain) = self.parameter();
        let p = self.chance.with(domain.or_else(parameter, 0.5)).p();
        Some(self.valid(noise.binomial(trials, p, &self.batch).cast::<T>()))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let domain = self.parameter().1;
        draw_each(parameters, shape, |[trials, parameter]| {
            let parameter = domain.or_nan(parameter);
            binomial(trials, self.chance.p_of(parameter), rng)
        })
    }
}

/// A binomial number, NaN for no number of trials or no probability.
pub(super) fn binomial(trials: f64, p: f64, rng: &mut dyn Rng) -> f64 {
    if Domain::Count.or_nan(trials).is_nan() {
        return f64::NAN;
    }
    let binomial = rand_distr::Binomial::new(trials as u64, p);
    binomial.map_or(f64::NAN, |binomial| rand_distr::Distribution::sample(&binomial, rng) as f64)
}
