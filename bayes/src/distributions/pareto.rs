use std::f64::consts::LN_2;

use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::draws::{kept_positive, standard_exponential};
use super::elementwise::{draw_valid_positive, family, parameters};
use super::logs::{above, below, ln_one_minus_exp};
use super::{Distribution, Support};

family! {
    /// The Pareto distribution with shape α > 0, on x ≥ m > 0: ln (x/m) is exponential with rate α.
    ///
    /// ln p(x) = ln α + α ln m − (α + 1) ln x
    Pareto:
    /// With the shape α, here called concentration to keep it apart from the shape of a tensor, and the least number m.
    concentration is Positive: "the concentration", least is Positive: "the least number"
}

impl<T: Float> Pareto<T> {
    /// A number of the support in the place of others, its ln (x/m), and whether it is one. Next to m the logarithm is that of
    /// 1 + (x − m)/m.
    fn log_ratio(&self, x: &Expr<T>) -> (Expr<T>, Expr<T>, Expr<bool>) {
        let m = &self.least;
        let inside = x.ge(m);
        let safe = Expr::select(&inside, x, m);
        let near = safe.lt(&(m * 2.0));
        let close = ((Expr::select(&near, &safe, m) - m) / m).log1p();
        let ratio = Expr::select(&near, &close, &(safe.ln() - m.ln()));
        (safe, ratio, inside)
    }
}

impl<T: Float> Distribution<T> for Pareto<T> {
    parameters!("Pareto": concentration, least);

    fn support(&self) -> Support<T> {
        Support::Above(self.least.clone())
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let (safe, ratio, inside) = self.log_ratio(x);
        let density = self.concentration.ln() - safe.ln() - &self.concentration * ratio;
        self.valid(below(x, &inside, &density))
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (_, ratio, inside) = self.log_ratio(x);
        Some(self.valid(below(x, &inside, &ln_one_minus_exp(&-(&self.concentration * ratio)))))
    }

    /// −α ln (x/m)
    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (_, ratio, inside) = self.log_ratio(x);
        Some(self.valid(above(x, &inside, &-(&self.concentration * ratio))))
    }

    /// α m/(α − 1), infinite up to α = 1.
    fn mean(&self) -> Option<Expr<T>> {
        let has_one = self.concentration.gt(&Expr::scalar(1.0));
        let a = Expr::select(&has_one, &self.concentration, &Expr::scalar(2.0));
        let mean = &self.least * (&a / (&a - 1.0));
        self.moment(Expr::select(&has_one, &mean, &Expr::scalar(f64::INFINITY)))
    }

    /// m² α/((α − 1)² (α − 2)), infinite up to α = 2.
    fn variance(&self) -> Option<Expr<T>> {
        let has_one = self.concentration.gt(&Expr::scalar(2.0));
        let a = Expr::select(&has_one, &self.concentration, &Expr::scalar(3.0));
        let variance = (&self.least / (&a - 1.0)).square() * (&a / (&a - 2.0));
        self.moment(Expr::select(&has_one, &variance, &Expr::scalar(f64::INFINITY)))
    }

    /// The median m 2^(1/α).
    fn centre(&self) -> Option<Expr<T>> {
        Some(&self.least * (self.concentration.recip() * LN_2).exp())
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let ratio = noise.exponential(&self.batch) / &self.concentration;
        Some(self.valid(kept_positive(&(&self.least * ratio.exp()))))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_valid_positive(Self::DOMAINS, parameters, shape, |[concentration, least]| {
            least * libm::exp(standard_exponential(rng) / concentration)
        })
    }
}
