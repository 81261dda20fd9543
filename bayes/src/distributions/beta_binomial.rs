use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::binomial::binomial;
use super::domain::{Domain, outside, valid};
use super::draws::draw_each;
use super::loader::{negative_binomial, negative_binomial_at_mean};
use super::whole::{Tails, count};
use super::{Distribution, Support, joint_shape, shape_method};

/// The beta-binomial distribution: how many of n trials succeed whose common probability is a Beta(α, β) number: k = 0, 1, …, n.
///
/// p(k) = n!/(k! (n − k)!) B(k + α, n − k + β)/B(α, β)
///
/// The distribution function is a sum over the support, and there only where n is a constant up to 1000.
#[derive(Clone, Debug)]
#[must_use]
pub struct BetaBinomial<T: Float = f32> {
    trials: Expr<T>,
    alpha: Expr<T>,
    beta: Expr<T>,
    batch: Shape,
}

/// The most trials for which a distribution function is summed.
const SUMMED: f64 = 1000.0;

impl<T: Float> BetaBinomial<T> {
    /// With numbers of trials and the two concentrations of the beta distribution.
    ///
    /// # Panics
    /// If the shapes do not broadcast; for constants that are not whole numbers from 0, or not positive and finite.
    #[track_caller]
    pub fn new(trials: impl Into<Expr<T>>, alpha: impl Into<Expr<T>>, beta: impl Into<Expr<T>>) -> Self {
        let (trials, alpha, beta) = (trials.into(), alpha.into(), beta.into());
        Domain::Count.check(&trials, "BetaBinomial: the number of trials");
        Domain::Positive.check(&alpha, "BetaBinomial: α");
        Domain::Positive.check(&beta, "BetaBinomial: β");
        let batch = joint_shape(&trials, &(&alpha + &beta));
        BetaBinomial { trials, alpha, beta, batch }
    }

    shape_method!();

    fn valid(&self, y: Expr<T>) -> Expr<T> {
        let (count, positive) = (Domain::Count, Domain::Positive);
        valid(y, [count.holds(&self.trials), positive.holds(&self.alpha), positive.holds(&self.beta)])
    }

    /// ln p of k from 0 to n. With θ = (α + β)/(α + β + n) it is NB(k; α, θ) NB(n − k; β, θ)/NB(n; α + β, θ) in terms of negative
    /// binomial probabilities NB, of which the last is that of a mean.
    ///
    /// In f64, as what is left where one k has nearly all of the probability is the difference of larger numbers.
    fn log_prob_within(&self, n: &Expr<f64>, k: &Expr<f64>) -> Expr<f64> {
        let (zero, one) = (Expr::scalar(0.0), Expr::scalar(1.0));
        let (a, b) = (&self.alpha.cast::<f64>(), &self.beta.cast::<f64>());
        let total = a + b;
        let any = n.gt(&zero);
        let n = Expr::select(&any, n, &one);
        let odds = &n / &total;
        let ln_p = -odds.log1p();
        let ln_q = odds.ln() + &ln_p;
        let d = (k - &n * (a / &total)) / (odds + 1.0);
        let part = |k: &Expr<f64>, r: &Expr<f64>, d: &Expr<f64>| {
            let some = k.gt(&zero);
            let safe = Expr::select(&some, k, &one);
            let of_some = negative_binomial(&safe, r, d, &ln_p, &ln_q);
            Expr::select(&some, &of_some, &(r * &ln_p))
        };
        let rest = (&n - k).maximum(&zero);
        let log = part(k, a, &d) + part(&rest, b, &-&d) - negative_binomial_at_mean(&n, &total);
        Expr::select(&any, &log, &zero)
    }

    fn tails(&self, x: &Expr<T>) -> Option<Tails<T>> {
        let zero = Expr::scalar(0.0);
        let most = self.trials.as_constant()?.iter().map(T::to_f64).fold(0.0, f64::max);
        if most > SUMMED {
            return None;
        }
        let axis = |e: &Expr<T>| e.insert_axis(e.rank());
        let all = BetaBinomial {
            trials: axis(&self.trials),
            alpha: axis(&self.alpha),
            beta: axis(&self.beta),
            batch: self.batch.clone(),
        };
        let k = Expr::<f64>::constant(Tensor::from_fn([most as usize + 1], |i| i[0] as f64));
        let none = Expr::scalar(0.0);
        let n = all.trials.cast::<f64>();
        let possible = k.le(&n);
        let log = all.log_prob_within(&n, &Expr::select(&possible, &k, &none));
        let p = Expr::select(&possible, &log.exp(), &none);
        let below = k.le(&axis(x).cast::<f64>());
        let lower = Expr::select(&below, &p, &none).sum(-1);
        let upper = Expr::select(&below, &none, &p).sum(-1);
        let inside = x.ge(&zero) & x.lt(&self.trials);
        let tails = Tails::of_probabilities(&lower, &upper).within(x, &inside, &x.lt(&zero));
        Some(Tails { lower: self.valid(tails.lower), upper: self.valid(tails.upper) })
    }
}

impl<T: Float> Distribution<T> for BetaBinomial<T> {
    fn name(&self) -> &'static str {
        "BetaBinomial"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.trials.clone(), self.alpha.clone(), self.beta.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn support(&self) -> Support<T> {
        Support::Whole
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let zero = Expr::scalar(0.0);
        let (whole, k) = count(x);
        let inside = whole & k.le(&self.trials);
        let n = Expr::select(&inside, &self.trials, &zero);
        let log = self.log_prob_within(&n.cast(), &Expr::select(&inside, &k, &zero).cast());
        self.valid(Expr::select(&inside, &log.cast(), &outside(x)))
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x)?.lower)
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x)?.upper)
    }

    fn mean(&self) -> Option<Expr<T>> {
        Some(&self.trials * (&self.alpha / (&self.alpha + &self.beta)))
    }

    fn variance(&self) -> Option<Expr<T>> {
        let total = &self.alpha + &self.beta;
        let p = &self.alpha / &total;
        let q = &self.beta / &total;
        Some(&self.trials * (p * q) * ((&total + &self.trials) / (total + 1.0)))
    }

    fn centre(&self) -> Option<Expr<T>> {
        None
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let trials = Domain::Count.or_else(&self.trials, 1.0).cast::<i64>();
        let [a, b] = [&self.alpha, &self.beta].map(|e| Domain::Positive.or_else(e, 1.0).cast::<f64>());
        let p = noise.beta(a, b, &self.batch).stop_gradient();
        Some(self.valid(noise.binomial(trials, p, &self.batch).cast::<T>()))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each(parameters, shape, |[trials, alpha, beta]| {
            let beta = rand_distr::Beta::new(Domain::Positive.or_nan(alpha), Domain::Positive.or_nan(beta));
            let p = beta.map_or(f64::NAN, |beta| rand_distr::Distribution::sample(&beta, rng));
            binomial(trials, p, rng)
        })
    }
}
