//! Poisson's distribution.

use bayeux_tensor::{AnySliceMut, ElementType, Float};
use serde::{Deserialize, Serialize};

use super::draws::{Reals, Words, draw_methods, drawn, of_bits, refuse, unit, without_slopes};
use crate::kernel::View;
use crate::ops::elementwise::fill;
use crate::ops::operation::Operation;
use crate::ops::special::functions::{stirling_rest, without_logarithm};
use crate::{AnyExpr, Error, Expr, RandomStreams, Shape, ValueType};

/// bits, rates → Poisson numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Poisson;

/// The numbers drawn for a larger one might not be an i64.
const LARGEST: f64 = 9e18;

impl Operation for Poisson {
    fn name(&self) -> String {
        "poisson".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        of_bits(inputs, Some(ElementType::I64))
    }

    draw_methods!();
    without_slopes!();

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        let (bits, rate) = (inputs[0].elements::<i64>(), Reals::of(&inputs[1]));
        refuse(self, "rate", bits.len(), |i| rate.at(i), |rate| (0.0..=LARGEST).contains(&rate))?;
        fill(outputs[0].reborrow().get(), |i| poisson(Words::of(bits[i]), rate.at(i)));
        Ok(())
    }
}

fn poisson(words: Words, rate: f64) -> i64 {
    if rate < 10.0 { by_inversion(words, rate) } else { by_rejection(words, rate) as i64 }
}

/// The first k at which the distribution function exceeds a uniform number.
fn by_inversion(words: Words, rate: f64) -> i64 {
    let [high, low, ..] = words.attempt(0, 0);
    let u = unit(high, low);
    let (mut k, mut term) = (0, libm::exp(-rate));
    let mut sum = term;
    while u > sum {
        k += 1;
        term *= rate / k as f64;
        // Where the sum has all its digits u is not above it but for rounding.
        if sum + term == sum {
            break;
        }
        sum += term;
    }
    k
}

/// Algorithm PTRS of Hörmann, "The transformed rejection method for generating Poisson random variables", Insurance: Mathematics and
/// Economics 12, 1993, for rates from 10 on.
fn by_rejection(words: Words, rate: f64) -> f64 {
    let b = 0.931 + 2.53 * rate.sqrt();
    let a = -0.059 + 0.02483 * b;
    let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    let certain = 0.9277 - 3.6224 / (b - 2.0);
    let mut attempt = 0;
    loop {
        let [high, low, high_v, low_v] = words.attempt(attempt, 0);
        attempt += 1;
        let (u, v) = (unit(high, low) - 0.5, unit(high_v, low_v));
        let rest = 0.5 - u.abs();
        let k = ((2.0 * a / rest + b) * u + rate + 0.43).floor();
        if rest >= 0.07 && v <= certain {
            return k;
        }
        if k < 0.0 || (rest < 0.013 && v > rest) {
            continue;
        }
        if libm::log(v * inverse_alpha / (a / (rest * rest) + b)) <= log_probability(k, rate) {
            return k;
        }
    }
}

/// k ln λ − λ − ln k!, by Stirling's formula so that large numbers do not cancel: −½ ln 2πk − k (m − ln(1 + m)) for m = λ/k − 1, but for
/// a small rest.
fn log_probability(k: f64, rate: f64) -> f64 {
    if k < 8.0 {
        return k * libm::log(rate) - rate - libm::lgamma(k + 1.0);
    }
    -0.5 * libm::log(std::f64::consts::TAU * k)
        - k * without_logarithm((rate - k) / k, rate / k)
        - stirling_rest(k)
}

impl RandomStreams {
    /// Poisson numbers: k with probability λᵏ e^−λ/k!, for a rate λ from 0 to 9 · 10¹⁸. As whole numbers they have no slope.
    ///
    /// By inversion for λ < 10, by Hörmann's transformed rejection (1993) beyond. A negative rate makes the call fail with
    /// [`Error::Parameter`].
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, RandomStreams, Untyped};
    /// let counts = RandomStreams::new(7).poisson(Expr::<f64>::from(4.0), [1000]).cast::<f64>();
    /// let mean = Function::new([], [counts.mean_all()])?.call(&[])?[0].item();
    /// assert!((mean - 4.0).abs() < 0.3);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If λ does not broadcast to the shape; at too many requests.
    #[track_caller]
    pub fn poisson<T: Float>(&self, rate: impl Into<Expr<T>>, shape: impl Into<Shape>) -> Expr<i64> {
        drawn(self, Poisson, &[rate.into().untyped()], &shape.into()).typed()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let draw = |x: &[AnyExpr]| AnyExpr::values(Poisson, &[x[1].clone(), x[0].clone()]);
    vec![
        example("poisson", &[&[3, 5], &[3, 5]], 0.0..30.0, draw)
            .whole(1, -(1 << 52)..1 << 52)
            .and(&[&[0], &[0]])
            .and(&[&[1], &[1]]),
    ]
}
