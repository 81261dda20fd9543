//! The incomplete beta function by a continued fraction, one number at a time.
//!
//! Iₓ(a, b) = xᵃ (1 − x)ᵇ/(a B(a, b)) over the even part of the fraction of DLMF 8.17.22, by Didonato and
//! Morris (ACM TOMS 18, 1992), for x up to about the mean, where that converges and the
//! derivatives of the factors do not cancel; beyond, 1 − I₁₋ₓ(b, a).

use super::super::functions::{
    betaln, digamma_difference, gamma_ratio, lgamma1p, polygamma, stirling_rest, without_logarithm,
};
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
        (false, true) => match left::<f64>(b, a, y, x) {
            most if most > 0.9 && b < 1.0 => complement_of_small(a, b, y),
            rest => 1.0 - rest,
        },
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
    let (above, below) = (x * ((a + b) / a), y * ((a + b) / b));
    let exponent = -a * without_logarithm(-off / a, above) - b * without_logarithm(off / b, below);
    let rest = stirling_rest(a) + stirling_rest(b) - stirling_rest(a + b);
    (b * (a / (a + b)) / std::f64::consts::TAU).sqrt() * libm::exp(exponent - rest)
}

/// Iₓ(a, b) for b < 1 and y = 1 − x below about 2/a, where it may be small: with w = yᵇ Γ(a + b)/(Γ(a) Γ(b + 1)) it is (1 − w) −
/// b w Σ (1 − a)ₙ yⁿ/((b + n) n!) over n ≥ 1 (DLMF 8.17.7).
fn complement_of_small(a: f64, b: f64, y: f64) -> f64 {
    let logarithm = b * libm::log(y) - gamma_ratio(b, a) - lgamma1p(b);
    let (mut sum, mut term, mut n) = (0.0, 1.0f64, 1.0);
    while term.abs() > f64::EPSILON * 1e-2 {
        term *= (n - a) * y / n;
        sum += term / (b + n);
        n += 1.0;
    }
    -libm::expm1(logarithm) - b * libm::exp(logarithm) * sum
}

/// Iₓ(a, b) for x up to about the mean, by Lentz's algorithm.
fn left<S: Scalar>(a: f64, b: f64, x: f64, y: f64) -> S {
    let slopes = || {
        let (by_a, by_b) = (digamma_difference(a, b), digamma_difference(b, a));
        let both = polygamma(1, a + b);
        [libm::log(x) + by_a, libm::log(y) + by_b, both - polygamma(1, a), both, both - polygamma(1, b)]
    };
    let factor = S::of_logarithm(factor(a, b, x, y), slopes);
    // a − (a + b) x = a y − b x, rounded once.
    let product = b * x;
    let off = libm::fma(a, y, -product) - libm::fma(b, x, -product);
    let (p, q) = S::parameters(a, b);
    let [one, two, argument, above] = [1.0, 2.0, x, 1.0 + y].map(S::of);
    let first = S::of_linear(off, [y, -x]) + one;
    let mut sum = first * p / (p + one);
    let (mut c, mut d) = (sum, S::of(0.0));
    let limit = 1000.0 + 100.0 * a.max(b).sqrt();
    let mut m = 1.0;
    while m < limit {
        let n = S::of(m);
        let twice = p + two * n;
        let w = n * (q - n) * argument / (twice - one);
        let numerator = (p + n - one) * (p + q + n - one) * argument / (twice - one) * w;
        let denominator = n + w + (p + n) / (twice + one) * (first + n * above);
        d = one / (denominator + numerator * d);
        c = denominator + numerator / c;
        let step = c * d;
        sum = sum * step;
        if (step.value() - 1.0).abs() <= 2.0 * f64::EPSILON && step.slope() <= 1e-14 {
            break;
        }
        m += 1.0;
    }
    factor / sum
}
