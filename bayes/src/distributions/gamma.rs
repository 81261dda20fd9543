use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, outside, valid};
use super::draws::draw_each_positive;
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
        let flat = Expr::select(&a.eq(&one), &rate.ln(), &-&infinity);
        let at_zero = Expr::select(&a.lt(&one), &infinity, &flat);
        let elsewhere = Expr::select(&x.eq(&zero), &at_zero, &outside(x));
        let density = Expr::select(&inside, &density, &elsewhere);
        valid(density, [Domain::Positive.holds(a), Domain::Positive.holds(rate)])
    }

    /// The mean; the median has no formula.
    fn centre(&self) -> Option<Expr<T>> {
        Some(&self.concentration / &self.rate)
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each_positive(parameters, shape, |[concentration, rate]| {
            let standard = rand_distr::Gamma::new(Domain::Positive.or_nan(concentration), 1.0);
            let drawn = standard.map_or(f64::NAN, |gamma| rand_distr::Distribution::sample(&gamma, rng));
            drawn / Domain::Positive.or_nan(rate)
        })
    }
}

/// y − α − α ln (y/α) for y = β x. Near α it is α (t − 1 − ln t), where t = y/α and its rounding does not matter, since the
/// slope is small. Elsewhere the logarithms are taken one by one, as y or t might underflow.
fn deviance<T: Float>(a: &Expr<T>, rate: &Expr<T>, x: &Expr<T>, ln_x: &Expr<T>) -> Expr<T> {
    let y = rate * x;
    let near = y.gt(&(a * 0.5)) & y.lt(&(a * 2.0));
    let t = Expr::select(&near, &y, a) / a;
    let close = a * ((&t - 1.0) - t.ln());
    let far = (y - a) - a * (ln_x + (rate.ln() - a.ln()));
    Expr::select(&near, &close, &far)
}

/// From here on Stirling's series holds.
const LARGE: f64 = 8.0;

/// B₂ₖ/(2k (2k − 1)) for k = 1, 2, …
const STIRLING: [f64; 8] = [
    1.0 / 12.0,
    -1.0 / 360.0,
    1.0 / 1260.0,
    -1.0 / 1680.0,
    1.0 / 1188.0,
    -691.0 / 360_360.0,
    1.0 / 156.0,
    -3617.0 / 122_400.0,
];

/// δ(α) = ln Γ(α) − (α − ½) ln α + α − ½ ln 2π: what Stirling's formula lacks.
fn stirling_error<T: Float>(a: &Expr<T>) -> Expr<T> {
    let large = Expr::scalar(LARGE);
    let is_large = a.ge(&large);
    let w = Expr::select(&is_large, a, &large).recip();
    let z = w.square();
    let series = STIRLING.iter().rev().fold(Expr::scalar(0.0), |sum, &coefficient| sum * &z + coefficient);
    let small = Expr::select(&is_large, &large, a);
    let direct = small.lgamma() - (((&small - 0.5) * small.ln() - &small) + HALF_LN_2PI);
    Expr::select(&is_large, &(w * series), &direct)
}
