use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::draws::{kept_positive, log_gamma};
use super::elementwise::{draw_valid_positive, family, parameters};
use super::gamma::deviance;
use super::loader::stirling_error;
use super::logs::{above, below, positive};
use super::tails::ln_gamma_shares;
use super::{Distribution, HALF_LN_2PI, Support};

family! {
    /// The inverse gamma distribution with shape α > 0 and scale β > 0, on x > 0: 1/x is [`Gamma`](crate::Gamma) with shape α and rate β.
    ///
    /// ln p(x) = α ln β − ln Γ(α) − (α + 1) ln x − β/x
    InverseGamma:
    /// With the shape α, here called concentration to keep it apart from the shape of a tensor, and the scale β.
    concentration is Positive: "the concentration", scale is Positive: "the scale"
}

impl<T: Float> InverseGamma<T> {
    fn log_shares(&self, x: &Expr<T>) -> [Expr<T>; 2] {
        let [a, y] = [self.concentration.cast::<f64>(), self.scale.cast::<f64>() / x.cast::<f64>()];
        let [more, less] = ln_gamma_shares(&a, &y);
        [less.cast(), more.cast()]
    }
}

impl<T: Float> Distribution<T> for InverseGamma<T> {
    parameters!("InverseGamma": concentration, scale);

    fn support(&self) -> Support<T> {
        Support::Positive
    }

    /// By the deviance of β/x from α, see [`Gamma`](crate::Gamma).
    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let inside = x.gt(&Expr::scalar(0.0)) & x.lt(&Expr::scalar(f64::INFINITY));
        let safe = Expr::select(&inside, x, &Expr::scalar(1.0));
        let (a, ln_x) = (&self.concentration, safe.ln());
        let constant = a.ln() * 0.5 - HALF_LN_2PI - stirling_error(a);
        let density = constant - (deviance(a, &self.scale, &safe.recip(), &-&ln_x) + ln_x);
        self.valid(below(x, &inside, &density))
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (safe, inside) = positive(x);
        let [lower, _] = self.log_shares(&safe);
        Some(self.valid(below(x, &inside, &lower)))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (safe, inside) = positive(x);
        let [_, upper] = self.log_shares(&safe);
        Some(self.valid(above(x, &inside, &upper)))
    }

    /// β/(α − 1), infinite up to α = 1.
    fn mean(&self) -> Option<Expr<T>> {
        let has_one = self.concentration.gt(&Expr::scalar(1.0));
        let a = Expr::select(&has_one, &self.concentration, &Expr::scalar(2.0));
        self.moment(Expr::select(&has_one, &(&self.scale / (a - 1.0)), &Expr::scalar(f64::INFINITY)))
    }

    /// β²/((α − 1)² (α − 2)), infinite up to α = 2.
    fn variance(&self) -> Option<Expr<T>> {
        let has_one = self.concentration.gt(&Expr::scalar(2.0));
        let a = Expr::select(&has_one, &self.concentration, &Expr::scalar(3.0));
        let variance = (&self.scale / (&a - 1.0)).square() / (a - 2.0);
        self.moment(Expr::select(&has_one, &variance, &Expr::scalar(f64::INFINITY)))
    }

    /// The mode β/(α + 1), as the median has no formula and not each has a mean.
    fn centre(&self) -> Option<Expr<T>> {
        Some(&self.scale / (&self.concentration + 1.0))
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let drawn = self.scale.ln() - noise.log_gamma(&self.concentration, &self.batch);
        Some(self.valid(kept_positive(&drawn.exp())))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_valid_positive(Self::DOMAINS, parameters, shape, |[concentration, scale]| {
            libm::exp(libm::log(scale) - log_gamma(concentration, rng))
        })
    }
}
