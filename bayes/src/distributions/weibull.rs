use std::f64::consts::LN_2;

use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::outside;
use super::draws::{kept_positive, standard_exponential};
use super::elementwise::{draw_valid_positive, family, parameters};
use super::logs::{above, at_edge, below, ln_one_minus_exp_exp, positive};
use super::{Distribution, Support};

family! {
    /// The Weibull distribution with shape k > 0 and scale λ > 0, on x ≥ 0: (x/λ)ᵏ is exponential with rate 1.
    ///
    /// ln p(x) = ln k − ln x + k ln (x/λ) − (x/λ)ᵏ
    ///
    /// At 0 the density is 0, 1/λ or infinite as k is above, at or below 1.
    Weibull:
    /// With the shape k, here called concentration to keep it apart from the shape of a tensor, and the scale λ.
    concentration is Positive: "the concentration", scale is Positive: "the scale"
}

impl<T: Float> Weibull<T> {
    /// ln (x/λ)ᵏ
    fn log_power(&self, x: &Expr<T>) -> Expr<T> {
        &self.concentration * (x.ln() - self.scale.ln())
    }

    /// Γ(1 + n/k)
    fn raw_moment(&self, n: f64) -> Expr<T> {
        (self.concentration.recip() * n + 1.0).lgamma()
    }
}

impl<T: Float> Distribution<T> for Weibull<T> {
    parameters!("Weibull": concentration, scale);

    fn support(&self) -> Support<T> {
        Support::Positive
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let inside = x.gt(&Expr::scalar(0.0)) & x.lt(&Expr::scalar(f64::INFINITY));
        let safe = Expr::select(&inside, x, &Expr::scalar(1.0));
        let (k, power) = (&self.concentration, self.log_power(&safe));
        let density = (k.ln() - safe.ln()) + (&power - power.exp());
        let edge = Expr::select(&x.eq(&Expr::scalar(0.0)), &at_edge(k, &-self.scale.ln()), &outside(x));
        self.valid(Expr::select(&inside, &density, &edge))
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (safe, inside) = positive(x);
        Some(self.valid(below(x, &inside, &ln_one_minus_exp_exp(&self.log_power(&safe)))))
    }

    /// −(x/λ)ᵏ
    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (safe, inside) = positive(x);
        Some(self.valid(above(x, &inside, &-self.log_power(&safe).exp())))
    }

    /// λ Γ(1 + 1/k)
    fn mean(&self) -> Option<Expr<T>> {
        self.moment(&self.scale * self.raw_moment(1.0).exp())
    }

    /// λ² (Γ(1 + 2/k) − Γ(1 + 1/k)²)
    fn variance(&self) -> Option<Expr<T>> {
        let mean = self.raw_moment(1.0);
        let ratio = (self.raw_moment(2.0) - &mean * 2.0).expm1();
        self.moment((&self.scale * mean.exp()).square() * ratio)
    }

    /// The median λ (ln 2)^(1/k).
    fn centre(&self) -> Option<Expr<T>> {
        Some(&self.scale * (self.concentration.recip() * LN_2.ln()).exp())
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let drawn = kept_positive(&noise.exponential(&self.batch)).ln() / &self.concentration;
        Some(self.valid(kept_positive(&(drawn.exp() * &self.scale))))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_valid_positive(Self::DOMAINS, parameters, shape, |[concentration, scale]| {
            scale * libm::exp(libm::log(standard_exponential(rng)) / concentration)
        })
    }
}
