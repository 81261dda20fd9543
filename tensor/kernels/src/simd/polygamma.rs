//! The derivatives of ψ.

use std::f64::consts::PI;

use super::dispatch::{LoopPerLevel, run};
use super::fma::MulAdd;
use crate::Float;

/// B₂ₖ/(2k)! for k = 1, 2, …
const ZETA_SERIES: [f64; 12] = [
    8.333333333333333e-2,
    -1.388888888888889e-3,
    3.306878306878307e-5,
    -8.267195767195768e-7,
    2.08767569878681e-8,
    -5.284190138687493e-10,
    1.3382536530684679e-11,
    -3.3896802963225827e-13,
    8.586062056277845e-15,
    -2.174868698558062e-16,
    5.5090028283602295e-18,
    -1.3954464685812522e-19,
];

/// a⁻ⁿ.
fn reciprocal_power(a: f64, n: i32) -> f64 {
    1.0 / power(a, n)
}

/// aⁿ, by squares: how `powi` multiplies is the platform's choice.
fn power(mut a: f64, n: i32) -> f64 {
    let (mut power, mut rest) = (1.0, n);
    while rest > 0 {
        if rest % 2 == 1 {
            power *= a;
        }
        a *= a;
        rest /= 2;
    }
    power
}

/// Hurwitz's ζ(s, x) = Σ (x + i)⁻ˢ over i ≥ 0, for whole s ≥ 2 and x > 0, by Euler and Maclaurin's formula (DLMF 25.11.5).
fn hurwitz_zeta(s: i32, x: f64) -> f64 {
    if x > 1e18 {
        // All else is less than rounding. x⁻ˢ may be too small a number where this is none.
        return power(1.0 / x, s - 1) / f64::from(s - 1);
    }
    let (mut sum, mut a) = (0.0, x);
    while a < 10.0 + f64::from(s) {
        sum += reciprocal_power(a, s);
        a += 1.0;
    }
    let power = reciprocal_power(a, s);
    let mut tail = power * (a / f64::from(s - 1) + 0.5);
    // s (s + 1) … (s + 2k − 2) a^(−s − 2k + 1)
    let mut factor = f64::from(s) * power / a;
    for (k, coefficient) in (1..).zip(ZETA_SERIES) {
        tail += coefficient * factor;
        factor *= f64::from(s + 2 * k - 1) * f64::from(s + 2 * k) / (a * a);
    }
    sum + tail
}

/// dⁿ/dxⁿ π cot πx = πⁿ⁺¹ Pₙ(cot πx), where P₀(c) = c and Pₙ₊₁(c) = −(1 + c²) Pₙ′(c): all coefficients of one polynomial have
/// one sign and its powers one parity, so nothing cancels.
fn cotangent_derivative(n: usize, x: f64) -> f64 {
    let r = x - x.round();
    // Near ½, where the cotangent is 0, by the exact distance from there.
    let c =
        if r.abs() <= 0.25 { 1.0 / libm::tan(PI * r) } else { libm::tan(PI * (0.5 - r.abs())).copysign(r) };
    let mut coefficients = vec![0.0, PI];
    for _ in 0..n {
        let mut next = vec![0.0; coefficients.len() + 1];
        for (k, coefficient) in coefficients.iter().enumerate().skip(1) {
            let slope = PI * k as f64 * coefficient;
            next[k - 1] -= slope;
            next[k + 1] -= slope;
        }
        coefficients = next;
    }
    coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * c + coefficient)
}

/// ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹ n! ζ(n + 1, x) for n ≥ 1. For negative x and odd n, ζ's sum over all i is split at 0, so that each part
/// has positive arguments. For even n the parts have opposite signs and cancel near the middle between two poles; there
/// Euler's reflection is differentiated: ψ⁽ⁿ⁾(x) = ψ⁽ⁿ⁾(1 − x) − dⁿ/dxⁿ π cot πx.
pub(super) fn polygamma_at(n: usize, x: f64) -> f64 {
    let odd = n % 2 == 1;
    if x.is_nan() {
        return x;
    }
    if x <= 0.0 && x == x.floor() {
        // Both sides of the pole go to +∞ for odd n, to opposite infinities for even n.
        return if odd { f64::INFINITY } else { f64::NAN };
    }
    let s = n as i32 + 1;
    let factorial: f64 = (1..=n).map(|k| k as f64).product();
    match (x > 0.0, odd) {
        (true, true) => factorial * hurwitz_zeta(s, x),
        (true, false) => -factorial * hurwitz_zeta(s, x),
        (false, true) => {
            let (up, down) = (x - x.floor(), x.floor() + 1.0 - x);
            let left = hurwitz_zeta(s, down) - hurwitz_zeta(s, 1.0 - x);
            factorial * (hurwitz_zeta(s, up) + left)
        }
        (false, false) => -factorial * hurwitz_zeta(s, 1.0 - x) - cotangent_derivative(n, x),
    }
}

/// ± n! ζ(s, x) of f32 as f64, side by side: ζ(s, x) = Σ (x + i)⁻ˢ + ζ(s, x + 8), the sum over i < 8 as one fraction, and Euler and
/// Maclaurin's formula from 8 on. Right for x between [`TINY`] and ∞.
struct Many;

const LANES: usize = 32;

/// Powers of what is smaller may be too small a number.
const TINY: f64 = 1e-30;

/// Up to this exponent eight terms of the formula are enough for f32.
const MOST: usize = 8;

impl<T: Float> LoopPerLevel<(usize, f64, &[T], &mut [T])> for Many {
    #[inline(always)]
    fn run<M: MulAdd>((s, factorial, x, y): (usize, f64, &[T], &mut [T])) {
        let power = |a: &[f64; LANES]| {
            let mut powers = *a;
            for _ in 1..s {
                powers.iter_mut().zip(a).for_each(|(power, a)| *power *= a);
            }
            powers
        };
        for (x, y) in x.chunks(LANES).zip(y.chunks_mut(LANES)) {
            let mut first = [1.0; LANES];
            first.iter_mut().zip(x).for_each(|(a, x)| *a = x.to_f64());
            let (mut above, mut below, mut a) = ([0.0; LANES], [1.0; LANES], first);
            for _ in 0..8 {
                let powers = power(&a);
                for k in 0..LANES {
                    above[k] = above[k] * powers[k] + below[k];
                    below[k] *= powers[k];
                    a[k] += 1.0;
                }
            }
            let mut sums = [0.0; LANES];
            for k in 0..LANES {
                let is_large = first[k] >= 8.0;
                sums[k] = if is_large { 0.0 } else { above[k] / below[k] };
                a[k] = if is_large { first[k] } else { a[k] };
            }
            let mut parts = [0.0; LANES];
            parts.iter_mut().zip(&a).for_each(|(part, a)| *part = 1.0 / a);
            let powers = power(&parts);
            let order = s as f64;
            let mut factors = [0.0; LANES];
            for k in 0..LANES {
                sums[k] += powers[k] * (a[k] / (order - 1.0) + 0.5);
                factors[k] = order * powers[k] * parts[k];
            }
            for (i, coefficient) in (1..).zip(&ZETA_SERIES[..8]) {
                let next = (order + f64::from(2 * i - 1)) * (order + f64::from(2 * i));
                for k in 0..LANES {
                    sums[k] += coefficient * factors[k];
                    factors[k] *= next * (parts[k] * parts[k]);
                }
            }
            y.iter_mut().zip(&sums).for_each(|(y, sum)| *y = T::from_f64(factorial * sum));
        }
    }
}

/// y ← ψ⁽ⁿ⁾(x), the n-th derivative of the digamma function; computed in f64, and unless x is f32 and positive, one number at a time. Poles give ∞ for odd
/// n and NaN for even n. Largest relative error for n ≤ 5: 10⁻¹⁵ in f64, 10⁻⁷ in f32.
///
/// # Panics
/// If the lengths differ.
///
/// ```
/// use bayeux_kernels::simd;
/// let mut y = [0.0];
/// simd::polygamma(1, &[1.0], &mut y); // π²/6
/// assert!((y[0] - std::f64::consts::PI.powi(2) / 6.0f64).abs() < 1e-15);
/// ```
pub fn polygamma<T: Float>(n: usize, x: &[T], y: &mut [T]) {
    if n == 0 {
        return super::digamma(x, y);
    }
    assert_eq!(x.len(), y.len(), "the slices' lengths differ");
    let is_fast = size_of::<T>() < size_of::<f64>() && n < MOST;
    if is_fast {
        let factorial: f64 = (1..=n).map(|k| k as f64).product();
        run::<_, Many>((n + 1, if n % 2 == 1 { factorial } else { -factorial }, x, &mut *y));
    }
    for (y, &x) in y.iter_mut().zip(x) {
        if is_fast && x.to_f64() > TINY && x < T::INFINITY {
            continue;
        }
        *y = if x.to_f64() == f64::INFINITY { T::ZERO } else { T::from_f64(polygamma_at(n, x.to_f64())) };
    }
}
