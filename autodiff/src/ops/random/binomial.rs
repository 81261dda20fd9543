//! The binomial distribution.

use bayeux_tensor::{AnySliceMut, ElementType, Float};
use serde::{Deserialize, Serialize};

use super::draws::{Reals, Words, draw_methods, drawn, refuse, unit, without_slopes};
use crate::kernel::View;
use crate::ops::elementwise::fill;
use crate::ops::operation::Operation;
use crate::ops::special::functions::{stirling_rest, without_logarithm};
use crate::{AnyExpr, Error, Expr, RandomStreams, Shape, ValueType};

/// bits, counts, probabilities → binomial numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Binomial;

impl Operation for Binomial {
    fn name(&self) -> String {
        "binomial".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let [bits, n, p] = inputs else { return Err("takes bits, counts and probabilities".into()) };
        let fits = bits.element == ElementType::I64 && bits == n && p.element.is_float();
        match fits && p.shape == bits.shape {
            true => Ok(vec![bits.clone()]),
            false => Err(format!("bits {bits}, counts {n} and probabilities {p}")),
        }
    }

    draw_methods!();
    without_slopes!();

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        let (bits, n) = (inputs[0].elements::<i64>(), inputs[1].elements::<i64>());
        let p = Reals::of(&inputs[2]);
        refuse(self, "count", bits.len(), |i| n[i] as f64, |n| n >= 0.0)?;
        refuse(self, "probability", bits.len(), |i| p.at(i), |p| (0.0..=1.0).contains(&p))?;
        fill(outputs[0].reborrow().get(), |i| {
            let (words, n, p) = (Words::of(bits[i]), n[i], p.at(i));
            let of_smaller = |p: f64| match n as f64 * p < 10.0 {
                true => by_inversion(words, n, p),
                false => (by_rejection(words, n as f64, p) as i64).min(n),
            };
            if p > 0.5 { n - of_smaller(1.0 - p) } else { of_smaller(p) }
        });
        Ok(())
    }
}

/// The first k at which the distribution function exceeds a uniform number, for p up to ½.
fn by_inversion(words: Words, n: i64, p: f64) -> i64 {
    let [high, low, ..] = words.attempt(0, 0);
    let u = unit(high, low);
    let odds = p / (1.0 - p);
    let (mut k, mut term) = (0, libm::exp(n as f64 * libm::log1p(-p)));
    let mut sum = term;
    while u > sum && k < n {
        term *= (n - k) as f64 / (k + 1) as f64 * odds;
        // Where the sum has all its digits u is not above it but for rounding.
        if sum + term == sum {
            break;
        }
        k += 1;
        sum += term;
    }
    k
}

/// Algorithm BTRS of Hörmann, "The generation of binomial random variates", Journal of Statistical Computation and Simulation 46, 1993,
/// for p up to ½ and n p from 10 on.
fn by_rejection(words: Words, n: f64, p: f64) -> f64 {
    let deviation = (n * p * (1.0 - p)).sqrt();
    let b = 1.15 + 2.53 * deviation;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let centre = n * p + 0.5;
    let certain = 0.92 - 4.2 / b;
    let alpha = (2.83 + 5.1 / b) * deviation;
    let most_likely = log_probability(((n + 1.0) * p).floor(), n, p);
    let mut attempt = 0;
    loop {
        let [high, low, high_v, low_v] = words.attempt(attempt, 0);
        attempt += 1;
        let (u, v) = (unit(high, low) - 0.5, unit(high_v, low_v));
        let rest = 0.5 - u.abs();
        let k = ((2.0 * a / rest + b) * u + centre).floor();
        if rest >= 0.07 && v <= certain {
            return k;
        }
        if k < 0.0 || k > n {
            continue;
        }
        if libm::log(v * alpha / (a / (rest * rest) + b)) <= log_probability(k, n, p) - most_likely {
            return k;
        }
    }
}

/// The logarithm of the probability of k, but for −½ ln 2π, by Loader's saddle-point formula ("Fast and accurate computation of binomial
/// probabilities", 2000), in which large numbers do not cancel.
fn log_probability(k: f64, n: f64, p: f64) -> f64 {
    const HALF_LN_TAU: f64 = 0.918_938_533_204_672_7;
    if k == 0.0 {
        return n * libm::log1p(-p) + HALF_LN_TAU;
    }
    if k == n {
        return n * libm::log(p) + HALF_LN_TAU;
    }
    // x ln(x/m) + m − x
    let deviance = |x: f64, mean: f64| x * without_logarithm((mean - x) / x, mean / x);
    let rest = |x: f64| match x < 8.0 {
        true => libm::lgamma(x + 1.0) - ((x + 0.5) * libm::log(x) - x + HALF_LN_TAU),
        false => stirling_rest(x),
    };
    let others = n - k;
    rest(n) - rest(k) - rest(others) - deviance(k, n * p) - deviance(others, n * (1.0 - p))
        + 0.5 * (libm::log(n / k) - libm::log(others))
}

impl RandomStreams {
    /// How many of n trials succeed, each with probability p: k with probability n!/(k! (n − k)!) pᵏ (1 − p)ⁿ⁻ᵏ. As whole numbers they
    /// have no slope.
    ///
    /// By inversion for n min(p, 1 − p) < 10, by Hörmann's transformed rejection (1993) beyond. A negative n, or a p outside of [0, 1],
    /// makes the call fail with [`Error::Parameter`].
    ///
    /// ```
    /// use bayeux_autodiff::{Function, RandomStreams};
    /// let heads = RandomStreams::new(7).binomial::<f64>(10, 0.5, [100]);
    /// let values = Function::<i64>::new([], [heads])?.call(&[])?;
    /// assert!(values[0].iter().all(|k| (0..=10).contains(&k)));
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If n or p does not broadcast to the shape; at too many requests.
    #[track_caller]
    pub fn binomial<T: Float>(
        &self,
        n: impl Into<Expr<i64>>,
        p: impl Into<Expr<T>>,
        shape: impl Into<Shape>,
    ) -> Expr<i64> {
        drawn(self, Binomial, &[n.into().untyped(), p.into().untyped()], &shape.into()).typed()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let draw = |x: &[AnyExpr]| AnyExpr::values(Binomial, &[x[1].clone(), x[2].clone(), x[0].clone()]);
    let shape: &[usize] = &[3, 5];
    vec![
        example("binomial", &[shape, shape, shape], 0.0..1.0, draw)
            .whole(1, -(1 << 52)..1 << 52)
            .whole(2, 0..100)
            .and(&[&[0], &[0], &[0]])
            .and(&[&[1], &[1], &[1]]),
    ]
}
