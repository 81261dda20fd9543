use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, supported, valid};
use super::draws::draw_each;
use super::loader::negative_binomial;
use super::poisson::{LARGEST_RATE, poisson};
use super::whole::{Tails, count, floor_count};
use super::{Distribution, Support, joint_shape, shape_method};

/// The negative binomial distribution of counts k = 0, 1, 2, …: how many trials fail before r succeed, each with probability p; for r
/// that is not whole, a Poisson number whose rate is a gamma number, for counts that spread more than Poisson's.
///
/// p(k) = Γ(k + r)/(Γ(r) k!) pʳ (1 − p)ᵏ
///
/// By mean μ = r (1 − p)/p and dispersion α = 1/r, the variance is μ + α μ²; for α → 0 it is Poisson's distribution.
///
/// A tail too small for an f64 has the logarithm −∞; the lower one loses digits far out, about as many as 1/α has.
///
/// ```
/// use bayeux_autodiff::{Expr, interpret};
/// use bayeux_bayes::{Distribution, NegativeBinomial};
/// let counts = NegativeBinomial::<f64>::mean_dispersion(3.0, 0.5);
/// let variance = counts.variance().expect("has one");
/// assert_eq!(interpret(&[variance], &[], 0)?[0].item(), 3.0 + 0.5 * 9.0);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct NegativeBinomial<T: Float = f32> {
    parameters: Parameters<T>,
    batch: Shape,
}

#[derive(Clone, Debug)]
enum Parameters<T: Float> {
    Mean { mean: Expr<T>, dispersion: Expr<T> },
    Count { count: Expr<T>, probability: Expr<T> },
}

use Parameters::{Count, Mean};

impl<T: Float> NegativeBinomial<T> {
    /// With means μ and dispersions α: the variance is μ + α μ².
    ///
    /// # Panics
    /// If the two shapes do not broadcast; for constants that are negative or not finite, and a dispersion that is 0.
    #[track_caller]
    pub fn mean_dispersion(mean: impl Into<Expr<T>>, dispersion: impl Into<Expr<T>>) -> Self {
        let (mean, dispersion) = (mean.into(), dispersion.into());
        Domain::Weight.check(&mean, "NegativeBinomial: the mean");
        Domain::Positive.check(&dispersion, "NegativeBinomial: the dispersion");
        let batch = joint_shape(&mean, &dispersion);
        NegativeBinomial { parameters: Mean { mean, dispersion }, batch }
    }

    /// With total counts r of successes, whole or not, and probabilities p of a success, as SciPy's `nbinom`. (PyTorch's `probs` are
    /// those of what is counted, 1 − p.)
    ///
    /// # Panics
    /// If the two shapes do not broadcast; for constants that are not positive or not finite, and a probability above 1.
    #[track_caller]
    pub fn total_count(count: impl Into<Expr<T>>, probability: impl Into<Expr<T>>) -> Self {
        let (count, probability) = (count.into(), probability.into());
        Domain::Positive.check(&count, "NegativeBinomial: the total count");
        Domain::PositiveProbability.check(&probability, "NegativeBinomial: a probability");
        let batch = joint_shape(&count, &probability);
        NegativeBinomial { parameters: Count { count, probability }, batch }
    }

    shape_method!();

    fn domains(&self) -> [Domain; 2] {
        match self.parameters {
            Mean { .. } => [Domain::Weight, Domain::Positive],
            Count { .. } => [Domain::Positive, Domain::PositiveProbability],
        }
    }

    fn valid(&self, y: Expr<T>) -> Expr<T> {
        let ([first, second], parameters) = (self.domains(), self.parameters());
        valid(y, [first.holds(&parameters[0]), second.holds(&parameters[1])])
    }

    /// P(X ≤ k) = Iₚ(r, k + 1)
    fn tails(&self, x: &Expr<T>) -> Tails<T> {
        let next = floor_count(x).cast::<f64>() + 1.0;
        let [r, p, q] = match &self.parameters {
            Mean { mean, dispersion } => {
                let dispersion = dispersion.cast::<f64>();
                let s = mean.cast::<f64>() * &dispersion;
                [dispersion.recip(), (&s + 1.0).recip(), &s / (&s + 1.0)]
            }
            Count { count, probability } => {
                let p = probability.cast::<f64>();
                [count.cast(), p.clone(), 1.0 - p]
            }
        };
        let (lower, upper) = (r.betainc(&next, &p), next.betainc(&r, &q));
        // A rounded p, multiplied by itself r times, is off by r ε; what the other tail leaves by ε over itself.
        let lower = match self.parameters {
            Mean { .. } => Expr::select(&(&lower * r).gt(&Expr::scalar(1.0)), &(1.0 - &upper), &lower),
            Count { .. } => lower,
        };
        let tails = Tails::of_probabilities(&lower, &upper);
        let Tails { lower, upper } = tails.above_zero(x);
        Tails { lower: self.valid(lower), upper: self.valid(upper) }
    }
}

impl<T: Float> Distribution<T> for NegativeBinomial<T> {
    fn name(&self) -> &'static str {
        "NegativeBinomial"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        match &self.parameters {
            Mean { mean, dispersion } => vec![mean.clone(), dispersion.clone()],
            Count { count, probability } => vec![count.clone(), probability.clone()],
        }
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn support(&self) -> Support<T> {
        Support::Whole
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let one = Expr::scalar(1.0);
        let (inside, k) = count(x);
        let none = k.eq(&Expr::scalar(0.0));
        // Where it is not wanted the formula is that of 1 and of parameters inside of their domains.
        let some = Expr::select(&none, &one, &k);
        let density = match &self.parameters {
            Mean { mean, dispersion } => {
                let of_none = -((mean * dispersion).log1p() / dispersion);
                let mean = Expr::select(&none, &one, mean);
                let s = &mean * dispersion;
                let ln_p = -s.log1p();
                let ln_q = mean.ln() + dispersion.ln() + &ln_p;
                let d = (&some - mean) / (s + 1.0);
                let of_some = negative_binomial(&some, &dispersion.recip(), &d, &ln_p, &ln_q);
                Expr::select(&none, &of_none, &of_some)
            }
            Count { count, probability } => {
                let of_none = count * probability.ln();
                let p = Expr::select(&none, &Expr::scalar(0.5), probability);
                let d = &some * &p - count * (1.0 - &p);
                let of_some = negative_binomial(&some, count, &d, &p.ln(), &(-p).log1p());
                Expr::select(&none, &of_none, &of_some)
            }
        };
        self.valid(supported(x, &inside, &density))
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x).lower)
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x).upper)
    }

    fn mean(&self) -> Option<Expr<T>> {
        Some(match &self.parameters {
            Mean { mean, .. } => mean.clone(),
            Count { count, probability } => count * ((1.0 - probability) / probability),
        })
    }

    fn variance(&self) -> Option<Expr<T>> {
        Some(match &self.parameters {
            Mean { mean, dispersion } => mean * (mean * dispersion + 1.0),
            Count { count, probability } => count * ((1.0 - probability) / probability.square()),
        })
    }

    fn centre(&self) -> Option<Expr<T>> {
        None
    }

    /// A Poisson number of a gamma number as rate.
    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let ([first, second], parameters) = (self.domains(), self.parameters());
        let a = first.or_else(&parameters[0], 1.0).cast::<f64>();
        let b = second.or_else(&parameters[1], 0.5).cast::<f64>();
        let (r, scale) = match self.parameters {
            Mean { .. } => (b.recip(), a * b),
            Count { .. } => (a, (1.0 - &b) / b),
        };
        let rate = (noise.gamma(r, &self.batch) * scale).minimum(&Expr::scalar(LARGEST_RATE));
        Some(self.valid(noise.poisson(rate.stop_gradient(), &self.batch).cast::<T>()))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let [first, second] = self.domains();
        draw_each(parameters, shape, |[a, b]| {
            let (a, b) = (first.or_nan(a), second.or_nan(b));
            let (r, scale) = match self.parameters {
                Mean { .. } => (1.0 / b, a * b),
                Count { .. } => (a, (1.0 - b) / b),
            };
            if scale.is_nan() || r.is_nan() {
                return f64::NAN;
            }
            let gamma = rand_distr::Gamma::new(r, 1.0);
            let rate = gamma.map_or(f64::NAN, |gamma| rand_distr::Distribution::sample(&gamma, rng));
            poisson(rate * scale, rng)
        })
    }
}
