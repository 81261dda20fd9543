//! Von Mises' distribution, on the circle.

use bayeux_tensor::{AnySliceMut, Float};
use serde::{Deserialize, Serialize};

use super::draws::{Reals, Words, coarse_unit, draw_methods, drawn, fill_reals, of_bits, unit};
use super::von_mises_slope::VonMisesSlope;
use crate::kernel::View;
use crate::ops::operation::Operation;
use crate::ops::special::numbers::of_broadcast;
use crate::{AnyExpr, Error, Expr, RandomStreams, Shape, ValueType};

/// bits, concentrations → angles around 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct VonMises;

impl Operation for VonMises {
    fn name(&self) -> String {
        "von_mises".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        of_bits(inputs, None)
    }

    draw_methods!();

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        let (bits, concentration) = (inputs[0].elements::<i64>(), Reals::of(&inputs[1]));
        fill_reals(&mut outputs[0], |i| von_mises(Words::of(bits[i]), concentration.at(i)));
        Ok(())
    }

    /// The slope at a fixed probability.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![None, Some(g * of_broadcast(VonMisesSlope { order: 1 }, &[&inputs[1], output]))]
    }
}

/// By Best and Fisher, "Efficient simulation of the von Mises distribution", Applied Statistics 28, 1979: from a wrapped Cauchy
/// distribution, cos θ = f = (1 + r z)/(r + z) for z = cos πu, which is accepted if ln(c/v) + 1 ≥ c for c = κ (r − f). With
/// s = √(1 + 4κ²), τ = 1 + s, ρ = (τ − √2τ)/2κ it is r = (1 + ρ²)/2ρ. Here all differences are written as quotients in which nothing
/// cancels: ρ = 2κ/(τ + √2τ), r − 1 = (1 − ρ)²/2ρ, 1 − f = (r − 1) (1 − z)/(r + z).
fn von_mises(words: Words, concentration: f64) -> f64 {
    use std::f64::consts::{FRAC_PI_2, PI};
    if concentration.is_nan() || concentration < 0.0 {
        return f64::NAN;
    }
    if concentration == f64::INFINITY {
        return 0.0;
    }
    // From there on all angles are 0 but for what no f64 tells, and squares stay finite.
    let concentration = concentration.min(1e300);
    let s = libm::hypot(1.0, 2.0 * concentration);
    let below = (1.0 + s) + (2.0 * (1.0 + s)).sqrt();
    let rho = 2.0 * concentration / below;
    // s − 2κ = 1/(s + 2κ)
    let rest = (1.0 + 1.0 / (s + 2.0 * concentration) + (2.0 * (1.0 + s)).sqrt()) / below;
    let beyond = rest * rest / (2.0 * rho);
    let mut attempt = 0;
    loop {
        let [high, low, decides, sign] = words.attempt(attempt, 0);
        attempt += 1;
        let (u, v) = (unit(high, low), coarse_unit(decides));
        // (1 − z)/2, of the half angle.
        let half = libm::sin(FRAC_PI_2 * u);
        let z = half * half;
        let signed = |angle: f64| if sign >> 31 == 0 { angle } else { -angle };
        if beyond == f64::INFINITY {
            return signed(PI * u);
        }
        // (1 − f)/2
        let below_one = beyond * z / (beyond + 2.0 * (1.0 - z));
        let c = concentration * (beyond + 2.0 * below_one);
        if c * (2.0 - c) > v || libm::log(c / v) + 1.0 >= c {
            return signed(2.0 * libm::asin(below_one.sqrt().min(1.0)));
        }
    }
}

impl RandomStreams {
    /// Angles from −π to π of von Mises' distribution around 0, of density e^(κ cos x)/(2π I₀(κ)), for a concentration κ ≥ 0: add a
    /// mean angle.
    ///
    /// By Best and Fisher's rejection (1979), with all digits for any κ. The gradient is by implicit reparameterisation,
    /// dx/dκ = −(∂F/∂κ)/p(x), to second order, by a quadrature of the exact integral. A negative κ gives NaN.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, RandomStreams, grad};
    /// let kappa = Expr::<f64>::from(2.0);
    /// let cosine = RandomStreams::new(7).von_mises(&kappa, [10_000]).cos().mean_all();
    /// let slope = grad(&cosine, &[kappa]).remove(0);
    /// let values = Function::new([], [cosine, slope])?.call(&[])?;
    /// let mean = 0.697_774_658; // I₁(2)/I₀(2)
    /// assert!((values[0].item() - mean).abs() < 0.02);
    /// assert!((values[1].item() - (1.0 - mean / 2.0 - mean * mean)).abs() < 0.02);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If κ does not broadcast to the shape; at too many requests; and a gradient of second derivatives.
    #[track_caller]
    pub fn von_mises<T: Float>(&self, concentration: impl Into<Expr<T>>, shape: impl Into<Shape>) -> Expr<T> {
        drawn(self, VonMises, &[concentration.into().untyped()], &shape.into()).typed()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let draw = |x: &[AnyExpr]| AnyExpr::values(VonMises, &[x[1].clone(), x[0].clone()]);
    vec![
        example("von_mises", &[&[3, 5], &[3, 5]], 0.0..20.0, draw)
            .whole(1, -(1 << 52)..1 << 52)
            .without_slopes()
            .and(&[&[0], &[0]])
            .and(&[&[1], &[1]]),
    ]
}
