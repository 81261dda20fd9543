//! The cube root, and the reciprocal of the square root.

use super::coefficients::Fitted;
use super::dispatch::ScalarFormula;
use super::exponential::{select, split};
use super::fma::MulAdd;
use super::number::Number;

pub(crate) struct Rsqrt;
impl ScalarFormula for Rsqrt {
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        T::ONE / x.sqrt()
    }
}

pub(crate) struct Cbrt;
impl ScalarFormula for Cbrt {
    /// |x| = m 8^q with m from √⅛ to √8; a polynomial, and two steps of Halley's method, the last of which adds a small term to
    /// what is nearly the root.
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let a = x.abs();
        let (m, k) = split(a);
        let third = T::from_f64(1.0 / 3.0);
        let magic = M::mul_add(k, third, T::MAGIC);
        let rest = M::mul_add(magic - T::MAGIC, T::from_f64(-3.0), k);
        let m = m * select(rest.is_above(T::ZERO), T::from_f64(2.0), T::ONE);
        let m = m * select(rest.is_below(T::ZERO), T::from_f64(0.5), T::ONE);
        let y = m.cbrt_start::<M>();
        let cube = y * y * y;
        let y = y * ((cube + (m + m)) / ((cube + cube) + m));
        let (square, low) = M::two_product(y, y);
        let off = M::mul_add(-low, y, M::mul_add(-square, y, m));
        let y = M::mul_add(y, off / (M::mul_add(square + square, y, m)), y);
        let y = (y * T::power_of_two(magic, T::ONE)).with_sign(x);
        select(a.is_above(T::ZERO) & a.is_below(T::INFINITY), y, x)
    }
}
