use std::f64::consts::{FRAC_1_PI, PI};

use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::draws::standard_uniform;
use super::elementwise::{draw_valid, family, parameters};
use super::logs::{ln_share, ln_sum_of_squares};
use super::{Distribution, Support};

family! {
    /// The Cauchy distribution with location μ, its median, and scale γ > 0, on all reals; it has no mean.
    ///
    /// ln p(x) = −ln π − ln γ − ln (1 + ((x − μ)/γ)²)
    Cauchy:
    /// With a location and a scale.
    location is Finite: "the location", scale is Positive: "the scale"
}

impl<T: Float> Cauchy<T> {
    /// The probabilities of less and of more than μ + d: angles over π.
    fn shares(&self, x: &Expr<T>) -> [Expr<T>; 2] {
        let d = x - &self.location;
        [-&d, d].map(|d| self.scale.atan2(&d) * FRAC_1_PI)
    }
}

impl<T: Float> Distribution<T> for Cauchy<T> {
    parameters!("Cauchy": location, scale);

    fn support(&self) -> Support<T> {
        Support::Reals
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let tail = ln_sum_of_squares(&(x - &self.location), &self.scale);
        self.valid((self.scale.ln() - PI.ln()) - tail)
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let [lower, upper] = self.shares(x);
        Some(self.valid(ln_share(&lower, &upper)))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let [lower, upper] = self.shares(x);
        Some(self.valid(ln_share(&upper, &lower)))
    }

    /// NaN
    fn mean(&self) -> Option<Expr<T>> {
        self.moment(Expr::scalar(f64::NAN))
    }

    /// NaN
    fn variance(&self) -> Option<Expr<T>> {
        self.mean()
    }

    fn centre(&self) -> Option<Expr<T>> {
        Some(self.location.clone())
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        Some(self.valid(&self.location + &self.scale * noise.cauchy(&self.batch)))
    }

    /// By inversion.
    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_valid(Self::DOMAINS, parameters, shape, |[location, scale]| {
            location + scale * libm::tan(PI * (standard_uniform(rng) - 0.5))
        })
    }
}
