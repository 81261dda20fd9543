use std::f64::consts::{LN_2, PI};

use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::supported;
use super::draws::standard_exponential;
use super::elementwise::{draw_valid, family, parameters};
use super::logs::{finite, ln_one_minus_exp_exp};
use super::{Distribution, Support};

/// Euler's and Mascheroni's constant.
const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

family! {
    /// The Gumbel distribution, of largest values, with location μ and scale β > 0, on all reals: its distribution function is exp(−e⁻ᶻ)
    /// for z = (x − μ)/β.
    ///
    /// ln p(x) = −z − e⁻ᶻ − ln β
    ///
    /// The mean is μ + γ β with Euler's constant γ = 0.5772…, the variance π² β²/6.
    Gumbel:
    /// With a location, the mode, and a scale.
    location is Finite: "the location", scale is Positive: "the scale"
}

impl<T: Float> Gumbel<T> {
    fn standard(&self, x: &Expr<T>) -> Expr<T> {
        (x - &self.location) / &self.scale
    }
}

impl<T: Float> Distribution<T> for Gumbel<T> {
    parameters!("Gumbel": location, scale);

    fn support(&self) -> Support<T> {
        Support::Reals
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let (safe, inside) = finite(x);
        let z = self.standard(&safe);
        let density = -(&z + (-&z).exp()) - self.scale.ln();
        self.valid(supported(x, &inside, &density))
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.valid(-(-self.standard(x)).exp()))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.valid(ln_one_minus_exp_exp(&-self.standard(x))))
    }

    fn mean(&self) -> Option<Expr<T>> {
        self.moment(&self.location + &self.scale * EULER_GAMMA)
    }

    fn variance(&self) -> Option<Expr<T>> {
        self.moment(self.scale.square() * (PI * PI / 6.0))
    }

    /// The median μ − β ln ln 2.
    fn centre(&self) -> Option<Expr<T>> {
        Some(&self.location - &self.scale * LN_2.ln())
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        Some(self.valid(&self.location + &self.scale * noise.gumbel(&self.batch)))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_valid(Self::DOMAINS, parameters, shape, |[location, scale]| {
            location - scale * libm::log(standard_exponential(rng))
        })
    }
}
