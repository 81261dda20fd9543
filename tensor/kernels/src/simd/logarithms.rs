//! Functions of two numbers that are made of logarithms and roots.

use super::dispatch::{ScalarFormula, ScalarFormula2};
use super::exponential::{Ln, Log1p, Softplus, select};
use super::fma::MulAdd;
use super::number::Number;
use crate::Float;

/// a · f(b), and 0 where a is 0 and b a number.
macro_rules! product_with_logarithm {
    ($name:ident $logarithm:ident) => {
        pub(crate) struct $name;
        impl ScalarFormula2 for $name {
            #[inline(always)]
            fn eval<T: Number, M: MulAdd>(a: T, b: T) -> T {
                let y = a * $logarithm::eval::<T, M>(b);
                select(a.equals(T::ZERO) & b.equals(b), T::ZERO, y)
            }
            const HAS_SLOW: bool = true;
            #[inline(always)]
            fn is_slow<T: Number>(_a: T, b: T) -> T::Truth {
                $logarithm::is_slow(b)
            }
            fn slow<T: Float>(a: T, b: T) -> T {
                if a == T::ZERO && !b.is_nan() { T::ZERO } else { a * $logarithm::slow(b) }
            }
        }
    };
}

product_with_logarithm!(Xlogy Ln);
product_with_logarithm!(Xlog1py Log1p);

pub(crate) struct LogAddExp;
impl ScalarFormula2 for LogAddExp {
    /// ln(eᵃ + eᵇ) = max + ln(1 + e^−|a − b|).
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(a: T, b: T) -> T {
        let larger = select(a.is_above(b) | !a.equals(a), a, b);
        // Two equal infinities have no difference.
        let apart = select(a.equals(b), T::ZERO, (a - b).abs());
        larger + Softplus::eval::<T, M>(-apart)
    }
}

pub(crate) struct Hypot;
impl ScalarFormula2 for Hypot {
    /// √(a² + b²), both scaled by a power of two where squares may be too large or too small.
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(a: T, b: T) -> T {
        let (a, b) = (a.abs(), b.abs());
        let above = a.is_above(b) | !a.equals(a);
        let (large, small) = (select(above, a, b), select(above, b, a));
        let root = T::DOWN.sqrt();
        let few = T::from_f64(1.0 / 256.0);
        let huge = (large * root).is_above(T::ONE);
        let tiny = large.is_below(root);
        let up = T::ONE / T::DOWN;
        let factor = select(huge, T::DOWN * few, select(tiny, up, T::ONE));
        let back = select(huge, up / few, select(tiny, T::DOWN, T::ONE));
        let (large, small) = (large * factor, small * factor);
        let y = M::mul_add(large, large, small * small).sqrt() * back;
        let infinite = a.equals(T::INFINITY) | b.equals(T::INFINITY);
        select(infinite, T::INFINITY, y)
    }
}
