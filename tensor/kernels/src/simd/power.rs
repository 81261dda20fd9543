//! xʸ, with the logarithm in two words: y ln x must be right to far more digits than the result has, since its absolute
//! error is the result's relative error.

use super::coefficients::Fitted;
use super::dispatch::ScalarFormula2;
use super::exponential::{exp_two_words, select, split};
use super::fma::MulAdd;
use super::number::Number;
use crate::Float;

/// a + b as a rounded sum and its error, for |a| ≥ |b| or a = 0 (Dekker).
#[inline(always)]
fn fast_two_sum<T: Number>(a: T, b: T) -> (T, T) {
    let sum = a + b;
    (sum, b - (sum - a))
}

/// ln x in two words, for positive finite x: 2 atanh s + k ln 2, with s = f/(2 + f) and its first two terms,
/// 2s + s³ (2/3 + …), each in two words.
#[inline(always)]
pub(super) fn ln_two_words<T: Number, M: MulAdd>(x: T) -> (T, T) {
    let two = T::from_f64(2.0);
    let (m, k) = split(x);
    let f = m - T::ONE;
    let d = two + f;
    let d_low = f - (d - two);
    let s = f / d;
    let (p, e) = M::two_product(s, d);
    let s_low = (((f - p) - e) - s * d_low) / d;
    let (z, z_low) = M::two_product(s, s);
    let z_low = M::mul_add(two * s, s_low, z_low);
    let [third, third_low] = T::TWO_THIRDS;
    let (c, c_low) = fast_two_sum(third, z * z.ln_tail_long::<M>());
    let c_low = c_low + third_low;
    let (b, b_low) = M::two_product(z, c);
    let b_low = b_low + M::mul_add(z_low, c, z * c_low);
    let (a, a_low) = M::two_product(s, b);
    let a_low = a_low + M::mul_add(s, b_low, s_low * b);
    let (high, low) = fast_two_sum(two * s, a);
    let low = low + M::mul_add(two, s_low, a_low);
    let (high, rest) = fast_two_sum(k * T::LN2_HI, high);
    fast_two_sum(high, rest + M::mul_add(k, T::LN2_LO, low))
}

pub(crate) struct Pow;
impl ScalarFormula2 for Pow {
    /// |x|ʸ, negated for negative x with odd y.
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T, y: T) -> T {
        let (ln, ln_low) = ln_two_words::<T, M>(x.abs());
        let (p, e) = M::two_product(y, ln);
        let power = exp_two_words::<T, M>(p, M::mul_add(y, ln_low, e));
        // Far out the low word may be ∞ − ∞.
        let power = select(p.is_above(T::EXP_MAX + T::ONE), T::INFINITY, power);
        let power = select(p.is_below(T::EXP_MIN - T::ONE), T::ZERO, power);
        let half = T::from_f64(0.5) * y;
        let odd = !half.floor().equals(half);
        let whole = y.floor().equals(y);
        let signed = select(odd, -power, power);
        select(x.is_below(T::ZERO), select(whole, signed, T::NAN), power)
    }
    const HAS_SLOW: bool = true;
    /// Zeros, infinities, NaN, and x = ±1, whose logarithm 0 meets products that overflow.
    #[inline(always)]
    fn is_slow<T: Number>(x: T, y: T) -> T::Truth {
        let is_finite = |x: T| x.abs().is_below(T::INFINITY);
        x.equals(T::ZERO) | x.abs().equals(T::ONE) | !is_finite(x) | !is_finite(y)
    }
    /// `libm::pow` keeps all of IEEE 754's special cases, and an f32's whole powers are whole powers there too.
    fn slow<T: Float>(x: T, y: T) -> T {
        T::from_f64(libm::pow(x.to_f64(), y.to_f64()))
    }
}
