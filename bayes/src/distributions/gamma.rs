use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, outside, valid};
use super::draws::{draw_each_positive, kept_positive};
use super::loader::{self, stirling_error};
use super::logs::{above, at_edge, below, positive};
use super::tails::ln_gamma_shares;
use super::{Distribution, HALF_LN_2PI, Support, joint_shape, shape_method};

/// The gamma distribution with shape α > 0 and rate β > 0, on x ≥ 0; its mean is α/β.
///
/// ln p(x) = α ln β − ln Γ(α) + (α − 1) ln x − β x
///
/// At 0 the density is 0, β or infinite as α is above, at or below 1.
#[derive(Clone, Debug)]
#[must_use]
pub struct Gamma<T: Float = f32> {
    concentration: Expr<T>,
    rate: Expr<T>,
    batch: Shape,
}

impl<T: Float> Gamma<T> {
    /// With the shape α, here called concentration to keep it apart from the shape of a tensor, and the rate β.
    ///
    /// # Panics
    /// If the two shapes do not broadcast, or for a constant that is not positive and finite.
    #[track_caller]
    pub fn new(concentration: impl Into<Expr<T>>, rate: impl Into<Expr<T>>) -> Self {
        let (concentration, rate) = (concentration.into(), rate.into());
        Domain::Positive.check(&concentration, "Gamma: the concentration");
        Domain::Positive.check(&rate, "Gamma: the rate");
        let batch = joint_shape(&concentration, &rate);
        Gamma { concentration, rate, batch }
    }

    /// With a mean m and a standard deviation s: α = (m/s)², β = m/s².
    ///
    /// # Panics
    /// If the two shapes do not broadcast, or for a constant that is not positive and finite.
    #[track_caller]
    pub fn with_mean(mean: impl Into<Expr<T>>, sd: impl Into<Expr<T>>) -> Self {
        let (mean, sd) = (mean.into(), sd.into());
        Domain::Positive.check(&mean, "Gamma: the mean");
        Domain::Positive.check(&sd, "Gamma: the standard deviation");
        let ratio = &mean / &sd;
        Gamma::new(ratio.square(), ratio / sd)
    }

    fn log_shares(&self, x: &Expr<T>) -> [Expr<T>; 2] {
        let [a, y] = [self.concentration.cast::<f64>(), x.cast::<f64>() * self.rate.cast::<f64>()];
        ln_gamma_shares(&a, &y).map(|ln_p| ln_p.cast())
    }

    fn valid(&self, y: Expr<T>) -> Expr<T> {
        valid(y, [Domain::Positive.holds(&self.concentration), Domain::Positive.holds(&self.rate)])
    }

    shape_method!();
}

impl<T: Float> Distribution<T> for Gamma<T> {
    fn name(&self) -> &'static str {
        "Gamma"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.concentration.clone(), self.rate.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn support(&self) -> Support<T> {
        Support::Positive
    }

    /// As the terms of the formula are large and cancel for large α, they are put together as Loader does (2000, "Fast and
    /// accurate computation of binomial probabilities"): with the deviance D of y = β x from α and the error δ of Stirling's
    /// formula,
    ///
    /// ln p(x) = −ln x + ½ ln α − ½ ln 2π − δ(α) − D,   D = y − α − α ln (y/α) ≥ 0
    ///
    /// Away from x > 0 it is evaluated at 1, so that no NaN arises to be multiplied by a gradient's 0.
    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let [zero, one, infinity] = [0.0, 1.0, f64::INFINITY].map(Expr::scalar);
        let inside = x.gt(&zero) & x.lt(&infinity);
        let safe = Expr::select(&inside, x, &one);
        let (a, rate) = (&self.concentration, &self.rate);
        let constant = a.ln() * 0.5 - HALF_LN_2PI - stirling_error(a);
        let ln_x = safe.ln();
        let density = constant - (deviance(a, rate, &safe, &ln_x) + ln_x);
        let elsewhere = Expr::select(&x.eq(&zero), &at_edge(a, &rate.ln()), &outside(x));
        let density = Expr::select(&inside, &density, &elsewhere);
        self.valid(density)
    }

    /// The mean; the median has no formula.
    fn centre(&self) -> Option<Expr<T>> {
        Some(&self.concentration / &self.rate)
    }

    /// ln P(α, β x), of the regularised incomplete gamma function.
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

    /// α/β
    fn mean(&self) -> Option<Expr<T>> {
        Some(self.valid(&self.concentration / &self.rate).broadcast_to(&self.batch))
    }

    /// α/β²
    fn variance(&self) -> Option<Expr<T>> {
        let variance = &self.concentration / &self.rate / &self.rate;
        Some(self.valid(variance).broadcast_to(&self.batch))
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let drawn = noise.log_gamma(&self.concentration, &self.batch) - self.rate.ln();
        Some(self.valid(kept_positive(&drawn.exp())))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each_positive(parameters, shape, |[concentration, rate]| {
            let standard = rand_distr::Gamma::new(Domain::Positive.or_nan(concentration), 1.0);
            let drawn = standard.map_or(f64::NAN, |gamma| rand_distr::Distribution::sample(&gamma, rng));
            drawn / Domain::Positive.or_nan(rate)
        })
    }
}

/// y − α − α ln (y/α) for y = β x.
pub(super) fn deviance<T: Float>(a: &Expr<T>, rate: &Expr<T>, x: &Expr<T>, ln_x: &Expr<T>) -> Expr<T> {
    // The logarithms are taken one by one, as y or its ratio to α might underflow.
    loader::deviance(a, &(a - rate * x), &(ln_x + (rate.ln() - a.ln())))
}
