use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::supported;
use super::draws::{standard_exponential, standard_normal};
use super::elementwise::{draw_valid, family, parameters};
use super::logs::{finite, ln_mills, ln_one_minus_exp};
use super::{Distribution, Support, minus_half_square};

family! {
    /// The exponentially modified Gaussian distribution, on all reals: the sum of a normal number with mean μ and standard deviation σ > 0
    /// and an exponential one with mean ν > 0.
    ///
    /// ln p(x) = −ln ν + ½ k² − k z + ln Φ(z − k),   z = (x − μ)/σ, k = σ/ν
    ///
    /// A distribution of reaction times; its mean is μ + ν, its variance σ² + ν².
    ExGaussian:
    /// With the mean and the standard deviation of the normal part and the mean of the exponential part.
    mean is Finite: "the mean", sd is Positive: "the standard deviation", tail is Positive: "the mean of the tail"
}

/// What all functions are made of.
struct Parts {
    z: Expr<f64>,
    below: Expr<bool>,
    /// ln ν p(x), and where z < k, without its −½ z².
    log_tail: Expr<f64>,
    mills: Expr<f64>,
}

impl<T: Float> ExGaussian<T> {
    /// Where z < k, ln Φ(z − k) is −½ (z − k)² and what is left of it, of which the square cancels ½ k² − k z but for −½ z².
    fn parts(&self, x: &Expr<T>) -> Parts {
        let [x, mean, sd, tail] = [x, &self.mean, &self.sd, &self.tail].map(Expr::cast::<f64>);
        let z = (x - mean) / &sd;
        let k = sd / tail;
        let below = z.lt(&k);
        let (low, high) = (Expr::select(&below, &z, &k), Expr::select(&below, &k, &z));
        let mills = ln_mills(&(&k - &low));
        let near = minus_half_square(&low) + &mills;
        let far = &k * (&k * 0.5 - &high) + (high - k).log_ndtr();
        Parts { log_tail: Expr::select(&below, &near, &far), z, below, mills }
    }
}

impl<T: Float> Distribution<T> for ExGaussian<T> {
    parameters!("ExGaussian": mean, sd, tail);

    fn support(&self) -> Support<T> {
        Support::Reals
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let (safe, inside) = finite(x);
        let density = self.parts(&safe).log_tail.cast() - self.tail.ln();
        self.valid(supported(x, &inside, &density))
    }

    /// Φ(z) − ν p(x), below 0 as Φ(z) (1 − ν p/Φ) with the squares left out of the ratio.
    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (safe, inside) = finite(x);
        let Parts { z, below, log_tail, mills } = self.parts(&safe);
        let zero = Expr::scalar(0.0);
        let left = z.lt(&zero) & below;
        let ratio = Expr::select(
            &left,
            &(mills - ln_mills(&-Expr::select(&left, &z, &zero))),
            &(&log_tail - z.log_ndtr()),
        );
        let lower = z.log_ndtr() + ln_one_minus_exp(&ratio);
        let high = lower.gt(&Expr::scalar(-0.5));
        let upper = Expr::select(&high, &(-&z).log_ndtr().logaddexp(&log_tail), &Expr::scalar(-1.0));
        let within = Expr::select(&high, &ln_one_minus_exp(&upper), &lower).cast();
        let positive = x.gt(&Expr::scalar(0.0));
        let beyond = Expr::select(&positive, &super::domain::outside(x).exp(), &super::domain::outside(x));
        Some(self.valid(Expr::select(&inside, &within, &beyond)))
    }

    /// Φ(−z) + ν p(x), and where that is next to 1, the rest of the distribution function.
    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (safe, inside) = finite(x);
        let Parts { z, log_tail, .. } = self.parts(&safe);
        let upper = (-&z).log_ndtr().logaddexp(&log_tail);
        let low = upper.gt(&Expr::scalar(-0.5));
        let lower = self.log_cdf(&safe)?.cast::<f64>();
        let lower = Expr::select(&low, &lower, &Expr::scalar(-1.0));
        let within = Expr::select(&low, &ln_one_minus_exp(&lower), &upper).cast();
        let negative = x.lt(&Expr::scalar(0.0));
        let beyond = Expr::select(&negative, &super::domain::outside(x).exp(), &super::domain::outside(x));
        Some(self.valid(Expr::select(&inside, &within, &beyond)))
    }

    fn mean(&self) -> Option<Expr<T>> {
        self.moment(&self.mean + &self.tail)
    }

    fn variance(&self) -> Option<Expr<T>> {
        self.moment(self.sd.square() + self.tail.square())
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let tail = &self.tail * noise.exponential(&self.batch);
        Some(self.valid(&self.mean + &self.sd * noise.normal(&self.batch) + tail))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_valid(Self::DOMAINS, parameters, shape, |[mean, sd, tail]| {
            mean + sd * standard_normal(rng) + tail * standard_exponential(rng)
        })
    }
}
