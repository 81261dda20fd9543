use std::f64::consts::PI;

use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::draws::standard_exponential;
use super::elementwise::{draw_valid, family, parameters};
use super::{Distribution, Support};

family! {
    /// The logistic distribution with location μ, its mean and median, and scale s > 0, on all reals: its distribution function is the
    /// logistic function of z = (x − μ)/s, its variance π² s²/3.
    ///
    /// ln p(x) = −ln (1 + eᶻ) − ln (1 + e⁻ᶻ) − ln s
    Logistic:
    /// With a location and a scale.
    location is Finite: "the location", scale is Positive: "the scale"
}

impl<T: Float> Logistic<T> {
    fn standard(&self, x: &Expr<T>) -> Expr<T> {
        (x - &self.location) / &self.scale
    }
}

impl<T: Float> Distribution<T> for Logistic<T> {
    parameters!("Logistic": location, scale);

    fn support(&self) -> Support<T> {
        Support::Reals
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let z = self.standard(x);
        self.valid(-(z.softplus() + (-&z).softplus()) - self.scale.ln())
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.valid(-(-self.standard(x)).softplus()))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.valid(-self.standard(x).softplus()))
    }

    fn mean(&self) -> Option<Expr<T>> {
        self.moment(self.location.clone())
    }

    fn variance(&self) -> Option<Expr<T>> {
        self.moment(self.scale.square() * (PI * PI / 3.0))
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        Some(self.valid(&self.location + &self.scale * noise.logistic(&self.batch)))
    }

    /// The logarithm of the ratio of two exponential numbers.
    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_valid(Self::DOMAINS, parameters, shape, |[location, scale]| {
            let [a, b] = [0; 2].map(|_| libm::log(standard_exponential(rng)));
            location + scale * (a - b)
        })
    }
}
