//! Hyperbolic functions and their inverses.

use super::dispatch::ScalarFormula;
use super::exponential::{Log1p, expm1_inside, reduce, select};
use super::fma::MulAdd;
use super::number::Number;
use crate::Float;

/// eᵃ/2 for a ≥ 0, which is a number also where eᵃ is none any more, and (eᵃ − 1)/2 for a up to `TANH_MAX`.
#[inline(always)]
fn halves<T: Number, M: MulAdd>(a: T) -> (T, T) {
    let half = T::from_f64(0.5);
    let limit = T::EXP_MAX + T::ONE;
    let (magic, r) = reduce::<T, M>(select(a.is_above(limit), limit, a));
    let tail = expm1_inside::<T, M>(r);
    let power = T::power_of_two(magic, half);
    (T::scale::<M>(tail, magic - T::ONE, a), M::mul_add(power, tail, power - half))
}

pub(crate) struct Sinh;
impl ScalarFormula for Sinh {
    /// With h = (eᵃ − 1)/2 it is h + h/(2h + 1).
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let a = x.abs();
        let (large, h) = halves::<T, M>(a);
        let y = select(a.is_above(T::TANH_MAX), large, h + h / (h + h + T::ONE));
        // Here x³/6 is lost in rounding.
        select(a.is_below(T::EPSILON), a, y).with_sign(x)
    }
}

pub(crate) struct Cosh;
impl ScalarFormula for Cosh {
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let (half, _) = halves::<T, M>(x.abs());
        half + T::from_f64(0.25) / half
    }
}

pub(crate) struct Asinh;
impl ScalarFormula for Asinh {
    /// ln(1 + a + a²/(1 + √(1 + a²))); for large a, whose square may be infinite, ln a + ln 2.
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let a = x.abs();
        let large = (a * T::EPSILON).is_above(T::ONE);
        let inside = M::mul_add(a, a / (T::ONE + M::mul_add(a, a, T::ONE).sqrt()), a);
        let y = Log1p::eval::<T, M>(select(large, a, inside));
        select(large, y + T::LN2, y).with_sign(x)
    }
    const HAS_SLOW: bool = true;
    #[inline(always)]
    fn is_slow<T: Number>(x: T) -> T::Truth {
        !x.abs().is_below(T::ONE / T::DOWN)
    }
    fn slow<T: Float>(x: T) -> T {
        T::from_f64(libm::asinh(x.to_f64()))
    }
}

pub(crate) struct Acosh;
impl ScalarFormula for Acosh {
    /// ln(1 + t + √(2t + t²)), t = x − 1; for large x ln x + ln 2.
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let large = (x * T::EPSILON).is_above(T::ONE);
        let t = x - T::ONE;
        let inside = t + M::mul_add(t, t, t + t).sqrt();
        let y = Log1p::eval::<T, M>(select(large, x, inside));
        select(x.is_at_least(T::ONE), select(large, y + T::LN2, y), T::NAN)
    }
    const HAS_SLOW: bool = true;
    #[inline(always)]
    fn is_slow<T: Number>(x: T) -> T::Truth {
        x.is_at_least(T::ONE / T::DOWN)
    }
    fn slow<T: Float>(x: T) -> T {
        T::from_f64(libm::acosh(x.to_f64()))
    }
}

pub(crate) struct Atanh;
impl ScalarFormula for Atanh {
    /// ½ ln(1 + 2a/(1 − a)).
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let a = x.abs();
        let y = T::from_f64(0.5) * Log1p::eval::<T, M>((a + a) / (T::ONE - a));
        let y = select(a.is_below(T::ONE), y, select(a.equals(T::ONE), T::INFINITY, T::NAN));
        // Here x³/3 is lost in rounding.
        select(a.is_below(T::EPSILON), a, y).with_sign(x)
    }
}
