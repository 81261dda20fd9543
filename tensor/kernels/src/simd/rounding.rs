//! Whole numbers near a number, and what division leaves.

use super::dispatch::{ScalarFormula, ScalarFormula2};
use super::exponential::select;
use super::fma::MulAdd;
use super::number::Number;
use crate::Float;

pub(crate) struct Ceil;
impl ScalarFormula for Ceil {
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        -(-x).floor()
    }
}

pub(crate) struct Trunc;
impl ScalarFormula for Trunc {
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        x.abs().floor().with_sign(x)
    }
}

pub(crate) struct Round;
impl ScalarFormula for Round {
    /// A sum with 2^p, p the bits of the mantissa, is rounded to a whole number.
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let (a, unit) = (x.abs(), T::ONE / T::EPSILON);
        select(a.is_below(unit), (a + unit) - unit, a).with_sign(x)
    }
}

/// |a| mod |b| where |a/b| is below 2^p, and b not infinite. The quotient may be rounded up to the next whole number; the rest is
/// a number of the type either way, so it is exact.
#[inline(always)]
fn rest<T: Number, M: MulAdd>(a: T, b: T) -> T {
    let rest = M::mul_add(-(a / b).floor(), b, a);
    select(rest.is_below(T::ZERO), rest + b, rest)
}

#[inline(always)]
fn rest_is_slow<T: Number>(a: T, b: T) -> T::Truth {
    let (a, b) = (a.abs(), b.abs());
    !((a / b).is_below(T::from_f64(0.5) / T::EPSILON) & b.is_below(T::INFINITY))
}

pub(crate) struct Fmod;
impl ScalarFormula2 for Fmod {
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(a: T, b: T) -> T {
        rest::<T, M>(a.abs(), b.abs()).with_sign(a)
    }
    const HAS_SLOW: bool = true;
    #[inline(always)]
    fn is_slow<T: Number>(a: T, b: T) -> T::Truth {
        rest_is_slow(a, b)
    }
    fn slow<T: Float>(a: T, b: T) -> T {
        T::from_f64(libm::fmod(a.to_f64(), b.to_f64()))
    }
}

pub(crate) struct Remainder;
impl ScalarFormula2 for Remainder {
    /// As Python's and NumPy's `%`.
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(a: T, b: T) -> T {
        let r = Fmod::eval::<T, M>(a, b);
        let apart = (r * T::ONE.with_sign(b)).is_below(T::ZERO);
        select(r.equals(T::ZERO), r.abs().with_sign(b), select(apart, r + b, r))
    }
    const HAS_SLOW: bool = true;
    #[inline(always)]
    fn is_slow<T: Number>(a: T, b: T) -> T::Truth {
        rest_is_slow(a, b)
    }
    fn slow<T: Float>(a: T, b: T) -> T {
        let r: T = Fmod::slow(a, b);
        if r == T::ZERO {
            return r.with_sign(b);
        }
        if (r < T::ZERO) == (b < T::ZERO) { r } else { r + b }
    }
}

pub(crate) struct FloorDivide;
impl ScalarFormula2 for FloorDivide {
    /// As Python's and NumPy's `//`: (a − a % b)/b, a whole number but for its rounding.
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(a: T, b: T) -> T {
        let quotient = ((a - Remainder::eval::<T, M>(a, b)) / b + T::from_f64(0.5)).floor();
        select(quotient.equals(T::ZERO), T::ZERO.with_sign(a / b), quotient)
    }
    const HAS_SLOW: bool = true;
    #[inline(always)]
    fn is_slow<T: Number>(a: T, b: T) -> T::Truth {
        rest_is_slow(a, b)
    }
    fn slow<T: Float>(a: T, b: T) -> T {
        if b == T::ZERO {
            return a / b;
        }
        let r: T = Fmod::slow(a, b);
        let below = if r != T::ZERO && (r < T::ZERO) != (b < T::ZERO) { T::ONE } else { T::ZERO };
        let quotient = (a - r) / b - below;
        let floor = quotient.floor();
        let floor = if quotient - floor > T::from_f64(0.5) { floor + T::ONE } else { floor };
        if quotient == T::ZERO { T::ZERO.with_sign(a / b) } else { floor }
    }
}
