//! ln Γ and its derivatives.

use std::f64::consts::PI;

use super::coefficients::Fitted;
use super::dispatch::Kernel;
use super::exponential::{Ln, ln_positive, select};
use super::fma::{Instruction, MulAdd};
use super::number::Number;
use crate::Float;

/// From here on the asymptotic series hold; below, arguments are moved by recurrences.
const LARGE: f64 = 8.0;

pub(crate) struct Lgamma;
impl Kernel for Lgamma {
    /// For positive x. From 8 on Stirling's series. Below, Γ(x + 1) = x Γ(x) leads to [1, 2], where a polynomial times the
    /// two zeros of ln Γ keeps its relative accuracy.
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let [half, two, large] = [0.5, 2.0, LARGE].map(T::from_f64);
        let is_large = x.is_at_least(large);
        let is_small = x.is_below(T::ONE);
        let mut y = select(is_large, two, x);
        let mut product = T::ONE;
        for _ in 0..6 {
            let above = y.is_above(two);
            y = select(above, y - T::ONE, y);
            product = product * select(above, y, T::ONE);
        }
        let ln = ln_positive::<T, M>(select(is_large | is_small, x, product));
        let u = select(is_small, x, y - T::ONE);
        let middle = u * (u - T::ONE) * (u - half).lgamma_middle::<M>();
        let middle = select(is_small, middle - ln, middle + ln);
        // (x − ½)(ln x − 1) − ½ + ½ ln 2π: less cancels than in (x − ½) ln x − x.
        let w = T::ONE / x;
        let rest = T::from_f64(0.418_938_533_204_672_7) + w * (w * w).lgamma_series::<M>();
        let stirling = M::mul_add(x - half, ln - T::ONE, rest);
        let y = select(is_large, stirling, middle);
        select(x.is_below(T::INFINITY), y, x)
    }
    const HAS_SLOW: bool = true;
    #[inline(always)]
    fn is_slow<T: Number>(x: T) -> T::Truth {
        T::ZERO.is_at_least(x)
    }
    /// Euler's reflection: |Γ(x) Γ(−x)| = π/|x sin πx|.
    fn slow<T: Float>(x: T) -> T {
        let x = x.to_f64();
        if x == x.floor() {
            return T::INFINITY;
        }
        let sin = libm::sin(PI * (x - x.round())).abs();
        T::from_f64(libm::log(PI / sin) - libm::log(-x) - Self::eval::<f64, Instruction>(-x))
    }
}

pub(crate) struct Digamma;
impl Kernel for Digamma {
    /// For positive x: ψ(x) = ψ(x + 8) − Σ 1/(x + i), the sum as one fraction, and an asymptotic series from 8 on.
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let is_large = x.is_at_least(T::from_f64(LARGE));
        let (mut above, mut below, mut y) = (T::ZERO, T::ONE, x);
        for _ in 0..8 {
            above = M::mul_add(above, y, below);
            below = below * y;
            y = y + T::ONE;
        }
        let sum = select(is_large, T::ZERO, above / below);
        let y = select(is_large, x, y);
        let w = T::ONE / y;
        let z = w * w;
        let series = Ln::eval::<T, M>(y) - (T::from_f64(0.5) * w + z * z.digamma_series::<M>());
        // The fraction's denominator is subnormal for tiny x, where only the pole is left.
        let tiny = x.is_below(T::EPSILON * T::EPSILON);
        let y = select(tiny, -T::ONE / x, series - sum);
        select(x.is_below(T::INFINITY), y, x)
    }
    const HAS_SLOW: bool = true;
    #[inline(always)]
    fn is_slow<T: Number>(x: T) -> T::Truth {
        T::ZERO.is_at_least(x)
    }
    /// Euler's reflection: ψ(x) = ψ(1 − x) − π cot πx.
    fn slow<T: Float>(x: T) -> T {
        let x = x.to_f64();
        if x == 0.0 {
            return T::from_f64(-1.0 / x);
        }
        if x == x.floor() {
            return T::NAN;
        }
        T::from_f64(Self::eval::<f64, Instruction>(1.0 - x) - PI / libm::tan(PI * (x - x.round())))
    }
}

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

/// a⁻ⁿ, by squares: how `powi` multiplies is the platform's choice.
fn reciprocal_power(mut a: f64, n: i32) -> f64 {
    let (mut power, mut rest) = (1.0, n);
    while rest > 0 {
        if rest % 2 == 1 {
            power *= a;
        }
        a *= a;
        rest /= 2;
    }
    1.0 / power
}

/// Hurwitz's ζ(s, x) = Σ (x + i)⁻ˢ over i ≥ 0, for whole s ≥ 2 and x > 0, by Euler and Maclaurin's formula (DLMF 25.11.5).
fn hurwitz_zeta(s: i32, x: f64) -> f64 {
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

/// ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹ n! ζ(n + 1, x) for n ≥ 1. For negative x, ζ's sum over all i is split at 0, so that each part has
/// positive arguments.
fn polygamma_at(n: usize, x: f64) -> f64 {
    let s = n as i32 + 1;
    let odd = n % 2 == 1;
    let factorial: f64 = (1..=n).map(|k| k as f64).product();
    let zeta = if x > 0.0 {
        hurwitz_zeta(s, x)
    } else if x == x.floor() {
        // Both sides of the pole go to +∞ for odd n, to opposite infinities for even n.
        if odd { f64::INFINITY } else { f64::NAN }
    } else if x.is_nan() {
        x
    } else {
        let (up, down) = (x - x.floor(), x.floor() + 1.0 - x);
        let left = hurwitz_zeta(s, down) - hurwitz_zeta(s, 1.0 - x);
        hurwitz_zeta(s, up) + if odd { left } else { -left }
    };
    if odd { factorial * zeta } else { -factorial * zeta }
}

/// y ← ψ⁽ⁿ⁾(x), the n-th derivative of the digamma function; computed in f64, one number at a time. Poles give ∞ for odd
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
    for (y, &x) in y.iter_mut().zip(x) {
        *y = if x.to_f64() == f64::INFINITY { T::ZERO } else { T::from_f64(polygamma_at(n, x.to_f64())) };
    }
}
