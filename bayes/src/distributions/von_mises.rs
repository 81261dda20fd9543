use std::f64::consts::{PI, TAU};

use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::supported;
use super::draws::{standard_normal, standard_uniform};
use super::elementwise::{draw_valid, family, parameters};
use super::{Distribution, Support};

family! {
    /// The von Mises distribution of angles −π ≤ x ≤ π, with mean angle μ and concentration κ ≥ 0.
    ///
    /// ln p(x) = κ cos (x − μ) − ln 2π I₀(κ)
    ///
    /// The normal distribution of directions: for large κ close to one with variance 1/κ, for κ = 0 uniform. The mean angle is any number,
    /// taken round the circle. The distribution function has no formula.
    VonMises:
    /// With a mean angle and a concentration.
    location is Finite: "the mean angle", concentration is Weight: "the concentration"
}

/// Above this concentration draws are normal to 10⁻¹⁰, below its reciprocal uniform.
const LARGE: f64 = 1e8;

impl<T: Float> Distribution<T> for VonMises<T> {
    parameters!("VonMises": location, concentration);

    fn support(&self) -> Support<T> {
        Support::Between(Expr::scalar(-PI), Expr::scalar(PI))
    }

    /// cos d − 1 = −2 sin² (d/2), so that nothing cancels where κ is large.
    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let k = &self.concentration;
        let inside = x.abs().le(&Expr::scalar(PI));
        let safe = Expr::select(&inside, x, &Expr::scalar(0.0));
        let half = ((safe - &self.location) * 0.5).sin();
        let density = (k * -2.0) * half.square() - (k.i0e().ln() + TAU.ln());
        self.valid(supported(x, &inside, &density))
    }

    /// The mean angle, the direction of the mean of (cos x, sin x), taken to the circle.
    fn mean(&self) -> Option<Expr<T>> {
        self.moment(on_circle(&self.location))
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let drawn = &self.location + noise.von_mises(&self.concentration, &self.batch);
        Some(self.valid(on_circle(&drawn)))
    }

    /// By Best's and Fisher's rejection (1979, "Efficient simulation of the von Mises distribution").
    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_valid(Self::DOMAINS, parameters, shape, |[location, concentration]| {
            let angle = location + standard_draw(concentration, rng);
            let turned = angle - TAU * (angle / TAU).round();
            turned.clamp(-PI, PI)
        })
    }
}

/// The same angle between −π and π.
fn on_circle<T: Float>(angle: &Expr<T>) -> Expr<T> {
    (angle - (angle / TAU).round() * TAU).clip(-PI, PI)
}

fn standard_draw(k: f64, rng: &mut dyn Rng) -> f64 {
    if k > LARGE {
        return standard_normal(rng) / k.sqrt();
    }
    if k < 1.0 / LARGE {
        return PI * (2.0 * standard_uniform(rng) - 1.0);
    }
    let tau = 1.0 + (1.0 + 4.0 * k * k).sqrt();
    let rho = (tau - (2.0 * tau).sqrt()) / (2.0 * k);
    let r = if k < 1e-5 { 1.0 / k + k } else { (1.0 + rho * rho) / (2.0 * rho) };
    loop {
        let z = libm::cos(PI * standard_uniform(rng));
        let f = (1.0 + r * z) / (r + z);
        let c = k * (r - f);
        let u = standard_uniform(rng);
        if c * (2.0 - c) > u || libm::log(c / u) + 1.0 >= c {
            let angle = libm::acos(f.clamp(-1.0, 1.0));
            return if standard_uniform(rng) < 0.5 { -angle } else { angle };
        }
    }
}
