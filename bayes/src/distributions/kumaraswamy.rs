use std::f64::consts::LN_2;

use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::beta::{at_unit_edges, in_unit};
use super::draws::{kept_in_unit, standard_exponential, unit_ends};
use super::elementwise::{draw_valid, family, parameters};
use super::logs::{above, below, ln_one_minus_exp, ln_one_minus_exp_exp};
use super::{Distribution, Support};

family! {
    /// The Kumaraswamy distribution with a > 0 and b > 0, on 0 ≤ x ≤ 1: much like [`Beta`](crate::Beta), with the distribution function
    /// 1 − (1 − xᵃ)ᵇ.
    ///
    /// ln p(x) = ln a + ln b + (a − 1) ln x + (b − 1) ln (1 − xᵃ)
    Kumaraswamy:
    /// With a and b.
    a is Positive: "a", b is Positive: "b"
}

impl<T: Float> Kumaraswamy<T> {
    /// a ln x
    fn log_power(&self, x: &Expr<T>) -> Expr<T> {
        &self.a * x.ln()
    }

    /// E xⁿ = b B(1 + n/a, b)
    fn raw_moment(&self, n: f64) -> Expr<f64> {
        let [a, b] = [&self.a, &self.b].map(Expr::cast::<f64>);
        &b * (a.recip() * n + 1.0).betaln(&b).exp()
    }
}

impl<T: Float> Distribution<T> for Kumaraswamy<T> {
    parameters!("Kumaraswamy": a, b);

    fn support(&self) -> Support<T> {
        Support::Between(Expr::scalar(0.0), Expr::scalar(1.0))
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let (safe, inside) = in_unit(x);
        let power = self.log_power(&safe);
        let density =
            (self.a.ln() + self.b.ln() - safe.ln()) + &power + (&self.b - 1.0) * ln_one_minus_exp(&power);
        self.valid(Expr::select(&inside, &density, &at_unit_edges(x, &self.a, &self.b)))
    }

    /// Where xᵃ is too small beside 1, it is 1 − exp(−b xᵃ).
    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (safe, inside) = in_unit(x);
        let (power, least) = (self.log_power(&safe), Expr::scalar(-40.0));
        let tiny = power.lt(&least);
        let small = ln_one_minus_exp_exp(&(&power + self.b.ln()));
        let more = &self.b * ln_one_minus_exp(&Expr::select(&tiny, &least, &power));
        let within = Expr::select(&tiny, &small, &ln_one_minus_exp(&more));
        Some(self.valid(above(&-x, &x.lt(&Expr::scalar(1.0)), &below(x, &inside, &within))))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (safe, inside) = in_unit(x);
        let within = &self.b * ln_one_minus_exp(&self.log_power(&safe));
        Some(self.valid(above(x, &x.gt(&Expr::scalar(0.0)), &below(x, &inside, &within))))
    }

    fn mean(&self) -> Option<Expr<T>> {
        self.moment(self.raw_moment(1.0).cast())
    }

    fn variance(&self) -> Option<Expr<T>> {
        self.moment((self.raw_moment(2.0) - self.raw_moment(1.0).square()).cast())
    }

    /// The median (1 − 2^(−1/b))^(1/a).
    fn centre(&self) -> Option<Expr<T>> {
        let power = ln_one_minus_exp(&(self.b.recip() * -LN_2));
        Some(kept_in_unit(&(power / &self.a).exp()))
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let e = super::draws::kept_positive(&noise.exponential(&self.batch));
        let power = ln_one_minus_exp(&-(e / &self.b));
        Some(self.valid(kept_in_unit(&(power / &self.a).exp())))
    }

    /// By inversion.
    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let [least, most] = unit_ends::<T>();
        draw_valid(Self::DOMAINS, parameters, shape, |[a, b]| {
            let power = -libm::expm1(-standard_exponential(rng) / b);
            libm::exp(libm::log(power) / a).clamp(least, most)
        })
    }
}
