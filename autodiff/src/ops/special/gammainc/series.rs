//! Incomplete gamma functions by series and a continued fraction, one number at a time.
//!
//! With D = xᵃ e⁻ˣ/Γ(a + 1) it is P = D Σ xⁿ/((a + 1) ⋯ (a + n)) (DLMF 8.11.4), all terms of which are positive, and Q = a D times a
//! continued fraction (DLMF 8.9.2). The former is for ln x ≤ ψ(a + 1), where the derivatives of its terms in a all have one sign, the
//! latter beyond, where those of its factors have. So nothing cancels in the derivatives either.

use bayeux_tensor::simd;

use super::super::functions::{lgamma1p, polygamma, stirling_rest, without_logarithm};
use super::super::jet::{Jet, Scalar};
use super::super::numbers::BLOCK;
use super::large;

/// P or Q, or a derivative in a of this order; NaN outside of a ≥ 0, x ≥ 0.
pub(super) fn value(upper: bool, order: u8, a: f64, x: f64) -> f64 {
    let complement = |p: f64| if upper { 1.0 - p } else { p };
    if a.is_nan() || x.is_nan() || a < 0.0 || x < 0.0 || (a == f64::INFINITY && x == f64::INFINITY) {
        return f64::NAN;
    }
    let known = match (a, x) {
        (0.0, 0.0) => return f64::NAN,
        (0.0, _) | (_, f64::INFINITY) => Some(1.0),
        (_, 0.0) | (f64::INFINITY, _) => Some(0.0),
        _ => None,
    };
    match (known, order) {
        (Some(p), 0) => return complement(p),
        (Some(_), _) => return if a == 0.0 { f64::NAN } else { 0.0 },
        _ => {}
    }
    if a >= large::LEAST {
        return match order {
            0 => large::both(a, x)[usize::from(upper)],
            _ if upper => -large::derivative(order, a, x),
            _ => large::derivative(order, a, x),
        };
    }
    let logarithm = libm::log(x);
    let low = is_low(a, logarithm);
    if order > 0 {
        let found = of_series_or_fraction(low, a, (x, logarithm), factor(a, x)).derivative(order, 0);
        return if low == upper { -found } else { found };
    }
    match (low, upper) {
        (true, true) if a < 1.0 && x < 0.6 => complement_of_small(a, x),
        (true, _) => complement(factor(a, x) * series(a, x)),
        (false, true) => factor(a, x) * a * fraction(a, x),
        (false, false) => 1.0 - factor(a, x) * a * fraction(a, x),
    }
}

/// −(∂ᵒP/∂aᵒ)/(∂P/∂l) for x = eˡ, o being 1 or 2: for 1 the slope of l in the shape a at a fixed probability. Of both derivatives D
/// is left out, ∂P/∂l being a D; so the quotient is right also where it vanishes, and x with it.
pub(in crate::ops) fn implicit_slope(order: u8, a: f64, l: f64) -> f64 {
    if !(a > 0.0 && a < f64::INFINITY && l.is_finite()) {
        return f64::NAN;
    }
    if a >= large::LEAST {
        return large::implicit_slope(order, a, l);
    }
    let low = is_low(a, l);
    let found = of_series_or_fraction(low, a, (libm::exp(l), l), 1.0).derivative(order, 0) / a;
    if low { -found } else { found }
}

/// Whether the series is for this ln x.
fn is_low(a: f64, logarithm: f64) -> bool {
    logarithm <= polygamma(0, a + 1.0)
}

/// P by the series or Q by the fraction, with derivatives in a, for x, ln x and D.
fn of_series_or_fraction(low: bool, a: f64, (x, logarithm): (f64, f64), factor: f64) -> Jet {
    let slopes = || [logarithm - polygamma(0, a + 1.0), 0.0, -polygamma(1, a + 1.0), 0.0, 0.0];
    let (shape, factor) = (Jet::parameters(a, 0.0).0, Jet::of_logarithm(factor, slopes));
    if low { factor * series(shape, x) } else { factor * shape * fraction(shape, x) }
}

/// Numbers that are computed side by side.
const LANES: usize = 8;

/// P or Q of up to [`BLOCK`] pairs, as exact as f32 needs it: the terms of several pairs side by side, up to 10⁻⁹ of the sum.
pub(super) fn many(upper: bool, a: &[f64], x: &[f64], y: &mut [f64]) {
    let n = y.len();
    let is_usual =
        |a: f64, x: f64| a > 1e-3 && a < 1e4 && x > 1e-30 && x < 1e30 && !(upper && a < 1.0 && x < 0.6);
    let (mut shape, mut above, mut at) = ([1.0; BLOCK], [2.0; BLOCK], [1.0; BLOCK]);
    // Which are for the series, from the front, and which for the fraction, from the back.
    let (mut order, mut low, mut high) = ([0; BLOCK], 0, n);
    for i in 0..n {
        if !is_usual(a[i], x[i]) {
            y[i] = value(upper, 0, a[i], x[i]);
            continue;
        }
        (shape[i], above[i], at[i]) = (a[i], a[i] + 1.0, x[i]);
        if x[i] <= a[i] + 0.5 {
            order[low] = i;
            low += 1;
        } else {
            high -= 1;
            order[high] = i;
        }
    }
    // D
    let (mut logarithm, mut factor) = ([0.0; BLOCK], [0.0; BLOCK]);
    simd::ln(&at[..n], &mut logarithm[..n]);
    simd::lgamma(&above[..n], &mut factor[..n]);
    for i in 0..n {
        logarithm[i] = shape[i] * logarithm[i] - at[i] - factor[i];
    }
    simd::exp(&logarithm[..n], &mut factor[..n]);
    let take = |numbers: &[f64; BLOCK], which: &[usize]| {
        // Those that are too few are filled up with the first.
        std::array::from_fn(|k| numbers[which[if k < which.len() { k } else { 0 }]])
    };
    for (part, is_low) in [(&order[..low], true), (&order[high..n], false)] {
        for which in part.chunks(LANES) {
            let (a, x) = (take(&shape, which), take(&at, which));
            let found = if is_low { series_of_many(a, x) } else { fraction_of_many(a, x) };
            for (&i, found) in which.iter().zip(found) {
                let found = if is_low { factor[i] * found } else { factor[i] * shape[i] * found };
                y[i] = if is_low == upper { 1.0 - found } else { found };
            }
        }
    }
}

/// Σ xⁿ/((a + 1) ⋯ (a + n)).
fn series_of_many(a: [f64; LANES], x: [f64; LANES]) -> [f64; LANES] {
    let (mut term, mut sum, mut below) = ([1.0; LANES], [1.0; LANES], a);
    loop {
        for _ in 0..4 {
            for k in 0..LANES {
                below[k] += 1.0;
                term[k] *= x[k] / below[k];
                sum[k] += term[k];
            }
        }
        // NaN ends it, too.
        if !(0..LANES).fold(false, |left, k| left | (term[k] > 1e-9 * sum[k])) {
            return sum;
        }
    }
}

/// The continued fraction.
fn fraction_of_many(a: [f64; LANES], x: [f64; LANES]) -> [f64; LANES] {
    let mut b: [f64; LANES] = std::array::from_fn(|k| x[k] + 1.0 - a[k]);
    let mut d = b.map(|b| 1.0 / b);
    let (mut c, mut product, mut step, mut n) = ([1e300; LANES], d, [0.0; LANES], 1.0);
    while n < 11_000.0 {
        for _ in 0..4 {
            for k in 0..LANES {
                let above = n * (a[k] - n);
                b[k] += 2.0;
                d[k] = 1.0 / (above * d[k] + b[k]);
                c[k] = b[k] + above / c[k];
                step[k] = d[k] * c[k];
                product[k] *= step[k];
            }
            n += 1.0;
        }
        if !step.iter().fold(false, |left, step| left | ((step - 1.0).abs() > 1e-9)) {
            break;
        }
    }
    product
}

/// D. By Stirling's formula for large a, so that no large numbers cancel: −a (m − ln(1 + m)), m = x/a − 1, is the exponent.
pub(super) fn factor(a: f64, x: f64) -> f64 {
    if a < 20.0 {
        let root = libm::exp(-0.5 * x);
        return libm::pow(x, a) * root / libm::tgamma(a + 1.0) * root;
    }
    let exponent = -a * without_logarithm((x - a) / a, x / a);
    libm::exp(exponent - stirling_rest(a)) / (std::f64::consts::TAU * a).sqrt()
}

/// P/D.
fn series<S: Scalar>(shape: S, x: f64) -> S {
    let (mut term, mut sum, mut n) = (S::of(1.0), S::of(1.0), 1.0);
    loop {
        term = term * S::of(x) / (shape + S::of(n));
        sum = sum + term;
        n += 1.0;
        if !(term.value() > f64::EPSILON * 1e-2 * sum.value() || term.slope() > 1e-14 * sum.slope()) {
            return sum;
        }
    }
}

/// Q/(a D), by Lentz's algorithm.
fn fraction<S: Scalar>(shape: S, x: f64) -> S {
    let mut b = S::of(x + 1.0) - shape;
    let mut d = S::of(1.0) / b;
    let mut c = S::of(1e300);
    let mut product = d;
    // It needs some √a steps; the limit is never reached but for rounding that does not settle.
    let limit = 1000.0 + 100.0 * shape.value().sqrt();
    let mut n = 1.0;
    while n < limit {
        let above = S::of(n) * (shape - S::of(n));
        b = b + S::of(2.0);
        d = S::of(1.0) / (above * d + b);
        c = b + above / c;
        let step = d * c;
        product = product * step;
        if (step.value() - 1.0).abs() <= 2.0 * f64::EPSILON && step.slope() <= 1e-14 {
            break;
        }
        n += 1.0;
    }
    product
}

/// Q for small a and x, where P is near 1: with w = xᵃ/Γ(a + 1) it is (1 − w) − a w Σ (−x)ⁿ/((a + n) n!) over n ≥ 1 (DLMF 8.7.1).
fn complement_of_small(a: f64, x: f64) -> f64 {
    let logarithm = a * libm::log(x) - lgamma1p(a);
    let (mut sum, mut term, mut n) = (0.0, 1.0f64, 1.0);
    while term.abs() > f64::EPSILON * 1e-2 * x {
        term *= -x / n;
        sum += term / (a + n);
        n += 1.0;
    }
    -libm::expm1(logarithm) - a * libm::exp(logarithm) * sum
}
