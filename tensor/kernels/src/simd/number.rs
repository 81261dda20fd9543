//! What functions are written for.

use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

use super::fma::MulAdd;
use super::real::Real;
use crate::Float;

/// What a function computes with, without branches: an element, or what stands for one where a function is compiled.
pub trait Number:
    Real
    + Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// The element type.
    type Element: Float;
    /// What a comparison gives.
    type Truth: Copy + BitAnd<Output = Self::Truth> + BitOr<Output = Self::Truth> + Not<Output = Self::Truth>;

    const ZERO: Self;
    const ONE: Self;
    const EPSILON: Self;
    const INFINITY: Self;
    const NAN: Self;

    /// A known number.
    fn known(number: Self::Element) -> Self;
    /// The nearest number of the type.
    fn from_f64(value: f64) -> Self;
    /// `self · a + b`, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;
    fn abs(self) -> Self;
    fn sqrt(self) -> Self;
    fn floor(self) -> Self;
    /// Whether larger; false for NaN, as the next ones are.
    fn is_above(self, other: Self) -> Self::Truth;
    /// Whether larger or equal.
    fn is_at_least(self, other: Self) -> Self::Truth;
    /// Whether equal.
    fn equals(self, other: Self) -> Self::Truth;
    /// Whether smaller.
    fn is_below(self, other: Self) -> Self::Truth {
        other.is_above(self)
    }
    /// Whether positive, normal and finite.
    #[inline(always)]
    fn is_ordinary(self) -> Self::Truth {
        self.is_at_least(Self::SMALL) & self.is_below(Self::INFINITY)
    }
    /// `yes` if it is true, `no` otherwise: both are computed.
    fn select(truth: Self::Truth, yes: Self, no: Self) -> Self;

    /// 2^k (1 + `tail`), 1 + `tail` between ½ and 2, rounded before it is scaled and where that is subnormal; given k + MAGIC
    /// and a number that is negative where k is, unless k is near 0.
    ///
    /// 2^k = (2^k u)(1/u), where u is far from the end of the range that k is near to: both factors are normal numbers.
    #[inline(always)]
    fn scale<M: MulAdd>(tail: Self, magic: Self, sign: Self) -> Self {
        let (down, up) = (Self::DOWN, Self::ONE / Self::DOWN);
        let power = Self::power_of_two(magic, sign.if_negative(up, down));
        M::mul_add(tail, power, power) * sign.if_negative(down, up)
    }
}

/// A known number in two words: `high` rounded to the type, and the rest of `high` + `low`.
#[inline(always)]
pub(super) fn constant<T: Number>(high: f64, low: f64) -> (T, T) {
    let first = <T::Element as crate::element::Element>::from_f64(high);
    (T::known(first), T::from_f64((high - crate::element::Element::to_f64(first)) + low))
}

/// An element type as a [`Number`], which it is itself.
///
/// (Were it a supertrait of `Float`, the names that both have would be ambiguous wherever that is used.)
pub trait Element: Sized {
    type Number: Number<Element = Self, Truth = bool>;
    fn number(self) -> Self::Number;
    fn element(number: Self::Number) -> Self;
}

macro_rules! number {
    ($t:ident) => {
        impl Element for $t {
            type Number = $t;
            #[inline(always)]
            fn number(self) -> $t {
                self
            }
            #[inline(always)]
            fn element(number: $t) -> $t {
                number
            }
        }

        impl Number for $t {
            type Element = $t;
            type Truth = bool;
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const EPSILON: Self = $t::EPSILON;
            const INFINITY: Self = $t::INFINITY;
            const NAN: Self = $t::NAN;

            #[inline(always)]
            fn known(number: $t) -> Self {
                number
            }
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $t
            }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                $t::mul_add(self, a, b)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $t::abs(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            #[inline(always)]
            fn floor(self) -> Self {
                $t::floor(self)
            }
            #[inline(always)]
            fn is_above(self, other: Self) -> bool {
                self > other
            }
            #[inline(always)]
            fn is_at_least(self, other: Self) -> bool {
                self >= other
            }
            #[inline(always)]
            fn equals(self, other: Self) -> bool {
                self == other
            }
            #[inline(always)]
            fn select(truth: bool, yes: Self, no: Self) -> Self {
                if truth { yes } else { no }
            }
        }
    };
}

number!(f32);
number!(f64);
