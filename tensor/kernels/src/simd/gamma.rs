//! ln Γ and its derivative ψ.

use std::f64::consts::PI;

use super::coefficients::Fitted;
use super::dispatch::ScalarFormula;
use super::exponential::{Ln, ln_positive, select};
use super::fma::{Instruction, MulAdd};
use super::number::Number;
use super::polygamma::polygamma_at;
use crate::Float;

/// From here on the asymptotic series hold; below, arguments are moved by recurrences.
const LARGE: f64 = 8.0;

pub(crate) struct Lgamma;
impl ScalarFormula for Lgamma {
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
        if let Some(y) = near_root(x, &LGAMMA_ROOTS, |k, root| match k {
            1 => Digamma::slow(root),
            _ => polygamma_at(k - 1, root),
        }) {
            return T::from_f64(y);
        }
        let sin = libm::sin(PI * (x - x.round())).abs();
        T::from_f64(libm::log(PI / sin) - libm::log(-x) - Self::eval::<f64, Instruction>(-x))
    }
}

pub(crate) struct Digamma;
impl ScalarFormula for Digamma {
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
        let [low, high] = DIGAMMA_NEAR_ROOT.map(T::from_f64);
        T::ZERO.is_at_least(x) | (x.is_above(low) & x.is_below(high))
    }
    /// Euler's reflection: ψ(x) = ψ(1 − x) − π cot πx; and next to the positive root Taylor's series.
    fn slow<T: Float>(x: T) -> T {
        let x = x.to_f64();
        if x > 0.0 {
            let h = x - DIGAMMA_ROOT;
            return T::from_f64(
                DIGAMMA_TAYLOR.iter().rev().fold(0.0, |sum, coefficient| sum * h + coefficient),
            );
        }
        if x == 0.0 {
            return T::from_f64(-1.0 / x);
        }
        if x == x.floor() {
            return T::NAN;
        }
        if let Some(y) = near_root(x, &DIGAMMA_ROOTS, polygamma_at) {
            return T::from_f64(y);
        }
        T::from_f64(Self::eval::<f64, Instruction>(1.0 - x) - PI / libm::tan(PI * (x - x.round())))
    }
}

/// The positive root of ψ, rounded.
const DIGAMMA_ROOT: f64 = 1.4616321449683622;

/// Where Taylor's series about it is used: up to a sixth of the way to the pole at 0.
const DIGAMMA_NEAR_ROOT: [f64; 2] = [1.22, 1.70];

/// ψ⁽ᵏ⁾/k! at the rounded root, of which the first says how far the true one is.
const DIGAMMA_TAYLOR: [f64; 25] = [
    -9.241265521729427e-17,
    0.9676722454476212,
    -0.4427631689835922,
    0.2584997609556511,
    -0.16394270544240658,
    0.10782405069126241,
    -0.07219956125645474,
    0.04880428816414313,
    -0.033161126474847376,
    0.022597648232218118,
    -0.01542476590494897,
    0.010538791616612184,
    -0.007204534386356875,
    0.004926781395729858,
    -0.0033698016554393312,
    0.00230512632673493,
    -0.001576936771430199,
    0.0010788252019162978,
    -0.000738070938996006,
    0.0005049532658346027,
    -0.0003454680251063082,
    0.00023635601564027088,
    -0.00016170622091974827,
    0.00011063372768747428,
    -7.569179582195078e-05,
];

/// Numbers next to the negative roots of ψ above −10, and its values there.
const DIGAMMA_ROOTS: [(f64, f64); 10] = [
    (-0.5040830082644554, 7.289763902976895e-17),
    (-1.5734984731623904, 1.5649788481838454e-16),
    (-2.6107208684441447, -1.0720275936410002e-15),
    (-3.635293366436901, -6.354883894064686e-16),
    (-4.653237761743142, 3.1533529982387494e-15),
    (-5.6671624415568855, 4.1867794464524804e-17),
    (-6.678418213073427, -4.72682938045534e-15),
    (-7.687788325031626, 1.9153452498708634e-15),
    (-8.695764163816401, 4.825794938582724e-15),
    (-9.702672540001863, 4.939256869086382e-15),
];

/// Numbers next to the negative roots of ln |Γ| above −10, and its values there.
const LGAMMA_ROOTS: [(f64, f64); 16] = [
    (-2.4570247382208006, 5.619192358950097e-17),
    (-2.7476826467274127, 1.733509244024501e-16),
    (-3.14358088834998, 1.6978655906121085e-15),
    (-3.955294284858598, -4.14382750757705e-16),
    (-4.039361839740537, -5.664578074060335e-15),
    (-4.991544640560048, 1.7683619350849613e-14),
    (-5.0082181683225935, 5.4188509265538106e-15),
    (-5.998607480080875, -2.3721063667118474e-13),
    (-6.001385294453155, -4.643383694283801e-14),
    (-6.999801507890638, 5.313011065735902e-14),
    (-7.000198333407325, -1.263203743493977e-12),
    (-7.999975197095821, -2.1213071311827735e-12),
    (-8.000024800270682, 1.75595561986039e-11),
    (-8.999997244250977, -8.050618056741812e-11),
    (-9.000002755714823, 3.444263328391509e-11),
    (-9.99999972442663, 1.7719543958825935e-09),
];

/// Next to a root, where the terms of a reflection cancel, a function by Taylor's series about the nearest number, given its
/// `derivative` of order k there. The series converges up to the next pole, a whole number; it is used for a fifth of that way.
fn near_root(x: f64, roots: &[(f64, f64)], derivative: impl Fn(usize, f64) -> f64) -> Option<f64> {
    let part = |root: f64| (x - root).abs() / (root - root.round()).abs();
    let &(root, value) = roots.iter().find(|(root, _)| part(*root) < 0.2)?;
    // Exact, as the two are so near each other.
    let h = x - root;
    let (mut sum, mut power, mut rest, mut k) = (value, 1.0, 1.0, 1);
    while rest > f64::EPSILON / 16.0 {
        power *= h / k as f64;
        sum += derivative(k, root) * power;
        rest *= part(root);
        k += 1;
    }
    Some(sum)
}
