//! The incomplete beta function by a continued fraction, one number at a time.
//!
//! Iₓ(a, b) = xᵃ (1 − x)ᵇ/(a B(a, b)) times the fraction of DLMF 8.17.22, for x up to about the mean, where that converges and the
//! derivatives of the factors do not cancel; beyond, 1 − I₁₋ₓ(b, a).

use super::super::functions::{betaln, digamma_difference, polygamma, stirling_rest, without_logarithm};
use super::super::jet::{Jet, Scalar};

/// Iₓ(a, b), or a derivative of these orders in a and b; NaN outside of a > 0, b > 0, 0 ≤ x ≤ 1.
pub(super) fn value(orders: [u8; 2], a: f64, b: f64, x: f64) -> f64 {
    let inside = a > 0.0 && b > 0.0 && a < f64::INFINITY && b < f64::INFINITY;
    if !(inside && (0.0..=1.0).contains(&x)) {
        return f64::NAN;
    }
    let plain = orders == [0, 0];
    if x == 0.0 || x == 1.0 {
        return if plain { x } else { 0.0 };
    }
    let y = 1.0 - x;
    let below = x <= (a + 1.0) / (a + b + 2.0);
    match (below, plain) {
        (true, true) => left::<f64>(a, b, x, y),
        (false, true) => 1.0 - left::<f64>(b, a, y, x),
        (true, false) => left::<Jet>(a, b, x, y).derivative(orders[0], orders[1]),
        (false, false) => -left::<Jet>(b, a, y, x).derivative(orders[1], orders[0]),
    }
}

/// xᵃ yᵇ/B(a, b), y = 1 − x; for large a and b by Stirling's formula, so that no large numbers cancel.
fn factor(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if a.min(b) < 8.0 {
        return libm::exp(a * libm::log(x) + b * libm::log1p(-x) - betaln(a, b));
    }
    // How far x is below the mean, in two ways that are each exact where x or y is small.
    let off = if a > b { (a + b) * y - b } else { a - (a + b) * x };
    let exponent = -a * without_logarithm(-off / a) - b * without_logarithm(off / b);
    let rest = stirling_rest(a) + stirling_rest(b) - stirling_rest(a + b);
    (b * (a / (a + b)) / std::f64::consts::TAU).sqrt() * libm::exp(exponent - rest)
}

/// Iₓ(a, b) for x up to about the mean, by Lentz's algorithm.
fn left<S: Scalar>(a: f64, b: f64, x: f64, y: f64) -> S {
    let slopes = || {
        let (by_a, by_b) = (digamma_difference(a, b), digamma_difference(b, a));
        let both = polygamma(1, a + b);
        [libm::log(x) + by_a, libm::log(y) + by_b, both - polygamma(1, a), both, both - polygamma(1, b)]
    };
    let factor = S::of_logarithm(factor(a, b, x, y), slopes);
    let limit = 1000.0 + 100.0 * a.max(b).sqrt();
    let (p, q) = S::parameters(a, b);
    let [one, argument] = [1.0, x].map(S::of);
    let sum = p + q;
    let mut c = one;
    let mut d = one / (one - sum * argument / (p + one));
    let mut product = d;
    let mut m = 1.0;
    while m < limit {
        let [n, twice] = [m, 2.0 * m].map(S::of);
        let even = n * (q - n) * argument / ((p + twice - one) * (p + twice));
        d = one / (one + even * d);
        c = one + even / c;
        product = product * (d * c);
        let odd = S::of(-1.0) * (p + n) * (sum + n) * argument / ((p + twice) * (p + twice + one));
        d = one / (one + odd * d);
        c = one + odd / c;
        let step = d * c;
        product = product * step;
        if (step.value() - 1.0).abs() <= 2.0 * f64::EPSILON && step.slope() <= 1e-14 {
            break;
        }
        m += 1.0;
    }
    factor * product / p
}
