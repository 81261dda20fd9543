use std::f64::consts::{FRAC_2_PI, LN_2};

use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::draws::standard_normal;
use super::elementwise::{draw_valid, family, parameters};
use super::{Distribution, HALF_LN_2PI, Support, minus_half_square};

family! {
    /// The skew normal distribution with location ξ, scale ω > 0 and slant α, on all reals (Azzalini 1985, "A class of distributions which
    /// includes the normal ones").
    ///
    /// ln p(x) = ln 2 − ½ z² − ½ ln 2π − ln ω + ln Φ(α z),   z = (x − ξ)/ω
    ///
    /// It leans to the side of α; at 0 it is normal. The distribution function has no formula here.
    SkewNormal:
    /// With a location, a scale and a slant.
    location is Finite: "the location", scale is Positive: "the scale", slant is Finite: "the slant"
}

impl<T: Float> SkewNormal<T> {
    /// δ = α/√(1 + α²) and √(1 − δ²)
    fn shares(&self) -> [Expr<T>; 2] {
        let length = Expr::scalar(1.0).hypot(&self.slant);
        [&self.slant / &length, length.recip()]
    }
}

impl<T: Float> Distribution<T> for SkewNormal<T> {
    parameters!("SkewNormal": location, scale, slant);

    fn support(&self) -> Support<T> {
        Support::Reals
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let (safe, inside) = super::logs::finite(x);
        let z = (safe - &self.location) / &self.scale;
        let side = (&self.slant * &z).log_ndtr();
        let density = minus_half_square(&z) + side - (self.scale.ln() + (HALF_LN_2PI - LN_2));
        self.valid(super::domain::supported(x, &inside, &density))
    }

    /// ξ + ω δ √(2/π)
    fn mean(&self) -> Option<Expr<T>> {
        let [delta, _] = self.shares();
        self.moment(&self.location + &self.scale * delta * FRAC_2_PI.sqrt())
    }

    /// ω² (1 − δ² 2/π)
    fn variance(&self) -> Option<Expr<T>> {
        let [delta, _] = self.shares();
        self.moment(self.scale.square() * (1.0 - delta.square() * FRAC_2_PI))
    }

    /// Of two normals, δ |u| + √(1 − δ²) v.
    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let [delta, rest] = self.shares();
        let [u, v] = [0; 2].map(|_| noise.normal::<T>(&self.batch));
        Some(self.valid(&self.location + &self.scale * (delta * u.abs() + rest * v)))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_valid(Self::DOMAINS, parameters, shape, |[location, scale, slant]| {
            let length = libm::hypot(1.0, slant);
            let [u, v] = [0; 2].map(|_| standard_normal(rng));
            location + scale * (slant / length * u.abs() + v / length)
        })
    }
}
