use std::f64::consts::LN_2;

use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::draws::{kept_positive, standard_normal, standard_uniform};
use super::elementwise::{draw_valid_positive, family, parameters};
use super::logs::{above, below, ln_mills, ln_one_minus_exp, positive};
use super::{Distribution, HALF_LN_2PI, Support, minus_half_square};

family! {
    /// The Wald or inverse Gaussian distribution with mean μ > 0 and shape λ > 0, on x > 0: when a Brownian motion with drift first passes
    /// a level. Its variance is μ³/λ.
    ///
    /// ln p(x) = ½ ln λ/2π − 3/2 ln x − λ (x − μ)²/(2 μ² x)
    Wald:
    /// With the mean μ and the shape λ, here called concentration to keep it apart from the shape of a tensor.
    mean is Positive: "the mean", concentration is Positive: "the concentration"
}

impl<T: Float> Wald<T> {
    /// The logarithms of the shares of less than x > 0 and of more,
    ///
    /// Φ(a) ± e^(2 λ/μ) Φ(−b),   a = √(λ/x) (x − μ)/μ, b = √(λ/x) (x + μ)/μ
    ///
    /// of which the second term is exp(−½ a²) ½ erfcx(b/√2), as b² − a² = 4 λ/μ.
    fn log_shares(&self, x: &Expr<f64>) -> [Expr<f64>; 2] {
        let [mean, concentration] = [&self.mean, &self.concentration].map(Expr::cast::<f64>);
        let root = concentration.sqrt();
        let (up, down) = (x.sqrt() / mean * &root, x.rsqrt() * root);
        let (a, b) = (&up - &down, up + down);
        let right = a.gt(&Expr::scalar(0.0));
        let mills = ln_mills(&b);
        let second = minus_half_square(&a) + &mills;
        let lower = a.log_ndtr().logaddexp(&second);
        // Right of the mean the squares are left out of the ratio of the terms.
        let first = ln_mills(&Expr::select(&right, &a, &Expr::scalar(0.0)));
        let ratio = Expr::select(&right, &(mills - first), &(second - (-&a).log_ndtr()));
        let upper = (-&a).log_ndtr() + ln_one_minus_exp(&ratio);
        let low = lower.lt(&Expr::scalar(-LN_2));
        let of_lower = ln_one_minus_exp(&Expr::select(&low, &lower, &Expr::scalar(-LN_2)));
        let of_upper = ln_one_minus_exp(&Expr::select(&low, &Expr::scalar(-LN_2), &upper));
        [Expr::select(&low, &lower, &of_upper), Expr::select(&low, &of_lower, &upper)]
    }

    /// A number of the distribution and its slopes by the parameters, at a fixed probability: −∂F/∂θ/p (Figurnov, Mohamed & Mnih 2018).
    fn implicit(&self, x: &Expr<T>) -> Expr<T> {
        let x = x.stop_gradient();
        let [log_share, _] = self.log_shares(&x.cast());
        let share: Expr<T> = log_share.exp().cast();
        let density = self.log_prob(&x).exp().stop_gradient();
        &x - (&share - share.stop_gradient()) / density.maximum(&Expr::scalar(T::MIN_POSITIVE.to_f64()))
    }
}

impl<T: Float> Distribution<T> for Wald<T> {
    parameters!("Wald": mean, concentration);

    fn support(&self) -> Support<T> {
        Support::Positive
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let inside = x.gt(&Expr::scalar(0.0)) & x.lt(&Expr::scalar(f64::INFINITY));
        let safe = Expr::select(&inside, x, &Expr::scalar(1.0));
        let z = ((&safe - &self.mean) / &self.mean) * (&self.concentration / &safe).sqrt();
        let density = minus_half_square(&z) + (self.concentration.ln() * 0.5 - HALF_LN_2PI) - safe.ln() * 1.5;
        self.valid(below(x, &inside, &density))
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (safe, inside) = positive(x);
        let [lower, _] = self.log_shares(&safe.cast());
        Some(self.valid(below(x, &inside, &lower.cast())))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (safe, inside) = positive(x);
        let [_, upper] = self.log_shares(&safe.cast());
        Some(self.valid(above(x, &inside, &upper.cast())))
    }

    fn mean(&self) -> Option<Expr<T>> {
        self.moment(self.mean.clone())
    }

    /// μ³/λ
    fn variance(&self) -> Option<Expr<T>> {
        self.moment(self.mean.square() * (&self.mean / &self.concentration))
    }

    /// By Michael, Schucany and Haas (1976, "Generating random variates using transformations with multiple roots"): of the two roots of
    /// λ (x − μ)²/(μ² x) = χ² the smaller with probability μ/(μ + x). As that choice depends on the parameters, slopes are implicit.
    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let w = noise.normal::<T>(&self.batch).square() * (&self.mean / (&self.concentration * 2.0));
        let ratio = (&w + (&w * (&w + 2.0)).sqrt() + 1.0).recip();
        let smaller = (noise.uniform::<T>(&self.batch) * (&ratio + 1.0)).lt(&Expr::scalar(1.0));
        let drawn = &self.mean * Expr::select(&smaller, &ratio, &ratio.recip());
        Some(self.valid(self.implicit(&kept_positive(&drawn))))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_valid_positive(Self::DOMAINS, parameters, shape, |[mean, concentration]| {
            let normal = standard_normal(rng);
            let w = normal * normal * (mean / concentration / 2.0);
            let ratio = 1.0 / (1.0 + w + (w * (w + 2.0)).sqrt());
            let smaller = standard_uniform(rng) * (1.0 + ratio) < 1.0;
            mean * if smaller { ratio } else { ratio.recip() }
        })
    }
}
