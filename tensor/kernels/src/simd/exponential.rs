//! exp, ln and what is made of them.

use super::coefficients::Fitted;
use super::dispatch::ScalarFormula;
use super::fma::MulAdd;
use super::number::Number;
use crate::Float;

/// `yes` if the condition holds, `no` otherwise: a blend in vector code, since both are computed.
#[inline(always)]
pub(crate) fn select<T: Number>(condition: T::Truth, yes: T, no: T) -> T {
    T::select(condition, yes, no)
}

/// The nearest number between `low` and `high`; NaN stays.
#[inline(always)]
pub(super) fn clamp<T: Number>(x: T, low: T, high: T) -> T {
    let x = select(x.is_above(high), high, x);
    select(x.is_below(low), low, x)
}

/// x = k ln 2 + r: the whole number k as k + MAGIC, and |r| ≤ ½ ln 2 (Cody and Waite's reduction).
#[inline(always)]
pub(super) fn reduce<T: Number, M: MulAdd>(x: T) -> (T, T) {
    let magic = M::mul_add(x, T::LOG2_E, T::MAGIC);
    let k = magic - T::MAGIC;
    (magic, M::mul_add(-k, T::LN2_LO, M::mul_add(-k, T::LN2_HI, x)))
}

/// eʳ − 1 for |r| ≤ ½ ln 2.
#[inline(always)]
pub(super) fn expm1_inside<T: Number, M: MulAdd>(r: T) -> T {
    M::mul_add(r * r, r.exp_tail::<M>(), r)
}

/// eˣ over the whole range, given `reduce` of the clamped x.
#[inline(always)]
pub(super) fn exp_from_parts<T: Number, M: MulAdd>(x: T, magic: T, r: T) -> T {
    T::scale::<M>(expm1_inside::<T, M>(r), magic, x)
}

/// e^(x + low) over the whole range, where `low` is small against 1.
#[inline(always)]
pub(crate) fn exp_two_words<T: Number, M: MulAdd>(x: T, low: T) -> T {
    let (magic, r) = reduce::<T, M>(clamp(x, T::EXP_MIN, T::EXP_MAX));
    exp_from_parts::<T, M>(x, magic, r + low)
}

pub(crate) struct Exp;
impl ScalarFormula for Exp {
    const HALVES: bool = true;
    #[inline(always)]
    fn prepare<T: Number, M: MulAdd>(x: T) -> (T, T) {
        reduce::<T, M>(clamp(x, T::EXP_MIN, T::EXP_MAX))
    }
    #[inline(always)]
    fn finish<T: Number, M: MulAdd>(x: T, (magic, r): (T, T)) -> T {
        exp_from_parts::<T, M>(x, magic, r)
    }
}

pub(crate) struct Expm1;
impl ScalarFormula for Expm1 {
    const HALVES: bool = true;
    #[inline(always)]
    fn prepare<T: Number, M: MulAdd>(x: T) -> (T, T) {
        reduce::<T, M>(clamp(x, T::EXPM1_MIN, T::EXP_MAX))
    }
    /// eˣ − 1 = 2 (2^(k−1) (e^r − 1) + 2^(k−1) − ½): nothing cancels, and 2^(k−1) does not overflow.
    #[inline(always)]
    fn finish<T: Number, M: MulAdd>(x: T, (magic, r): (T, T)) -> T {
        let half = T::from_f64(0.5);
        let power = T::power_of_two(magic, half);
        let y = M::mul_add(power, expm1_inside::<T, M>(r), power - half) * T::from_f64(2.0);
        // Here x²/2 is lost in rounding; and −0 stays −0.
        select(x.abs().is_below(T::EPSILON * half), x, y)
    }
}

/// s = f/(2 + f), of which ln(1 + f) is 2 atanh s.
#[inline(always)]
fn atanh_argument<T: Number>(f: T) -> T {
    f / (f + T::from_f64(2.0))
}

/// ln(1 + f) + k ln 2 by fdlibm's e_log.c: ln(1 + f) = f − (f²/2 − s (f²/2 + z `tail`)), z = s².
#[inline(always)]
fn ln_from_parts<T: Number, M: MulAdd>(f: T, s: T, tail: impl Fn(T) -> T) -> T {
    let z = s * s;
    let half_square = T::from_f64(0.5) * f * f;
    let w = M::mul_add(z, tail(z), half_square);
    f - M::mul_add(-s, w, half_square)
}

/// x = m 2^k for positive x, subnormal ones too.
#[inline(always)]
pub(crate) fn split<T: Number>(x: T) -> (T, T) {
    let subnormal = x.is_below(T::SMALL);
    let (m, k) = select(subnormal, x * T::UP, x).split_exponent();
    (m, select(subnormal, k - T::UP_EXPONENT, k))
}

/// ln x for positive finite x, subnormal ones too.
#[inline(always)]
pub(crate) fn ln_positive<T: Number, M: MulAdd>(x: T) -> T {
    let (m, k) = split(x);
    let f = m - T::ONE;
    M::mul_add(k, T::LN2, ln_from_parts::<T, M>(f, atanh_argument(f), T::ln_tail::<M>))
}

pub(crate) struct Ln;
impl ScalarFormula for Ln {
    const HALVES: bool = true;
    /// For positive normal x: f and s.
    #[inline(always)]
    fn prepare<T: Number, M: MulAdd>(x: T) -> (T, T) {
        let f = x.split_exponent().0 - T::ONE;
        (f, atanh_argument(f))
    }
    #[inline(always)]
    fn finish<T: Number, M: MulAdd>(x: T, (f, s): (T, T)) -> T {
        M::mul_add(x.split_exponent().1, T::LN2, ln_from_parts::<T, M>(f, s, T::ln_tail::<M>))
    }
    const HAS_SLOW: bool = true;
    #[inline(always)]
    fn is_slow<T: Number>(x: T) -> T::Truth {
        !x.is_ordinary()
    }
    fn slow<T: Float>(x: T) -> T {
        T::from_f64(libm::log(x.to_f64()))
    }
}

pub(crate) struct Log1p;
impl ScalarFormula for Log1p {
    const HALVES: bool = true;
    /// For x > −1 up to where 2^−k is still normal: 1 + x = 2^k (1 + f), where k may be that of the rounded 1 + x, and
    /// f = 2^−k x + (2^−k − 1) is rounded once.
    #[inline(always)]
    fn prepare<T: Number, M: MulAdd>(x: T) -> (T, T) {
        let scale = (T::ONE + x).exponent().1;
        let f = M::mul_add(x, scale, scale - T::ONE);
        (f, atanh_argument(f))
    }
    #[inline(always)]
    fn finish<T: Number, M: MulAdd>(x: T, (f, s): (T, T)) -> T {
        let k = (T::ONE + x).exponent().0;
        let y = M::mul_add(k, T::LN2, ln_from_parts::<T, M>(f, s, T::ln_tail::<M>));
        select(x.equals(T::ZERO), x, y)
    }
    const HAS_SLOW: bool = true;
    #[inline(always)]
    fn is_slow<T: Number>(x: T) -> T::Truth {
        !(x.is_above(-T::ONE) & x.is_below(T::ONE / T::DOWN))
    }
    fn slow<T: Float>(x: T) -> T {
        T::from_f64(libm::log1p(x.to_f64()))
    }
}

pub(crate) struct Tanh;
impl ScalarFormula for Tanh {
    const HALVES: bool = true;
    /// e²ᵃ + 1 for a = |x|.
    #[inline(always)]
    fn prepare<T: Number, M: MulAdd>(x: T) -> (T, T) {
        let two = T::from_f64(2.0);
        let a = x.abs();
        let a = select(a.is_above(T::TANH_MAX), T::TANH_MAX, a);
        // 2 a = k ln 2 + r. The rounding of ln 2 does not matter: in tanh x errors of e²ᵃ are divided by about e²ᵃ.
        let magic = M::mul_add(a, two * T::LOG2_E, T::MAGIC);
        let k = magic - T::MAGIC;
        let r = M::mul_add(-k, T::LN2, a + a);
        let power = T::power_of_two(magic, T::ONE);
        (M::mul_add(expm1_inside::<T, M>(r), power, power + T::ONE), x)
    }
    /// x + x³ P(x²) below 0.625, 1 − 2/(e²ˣ + 1) above. Above, each step is monotone in the one before; below, the
    /// correction to x is so small that its rounding cannot turn the order: so the whole is monotone.
    #[inline(always)]
    fn finish<T: Number, M: MulAdd>(x: T, (denominator, _): (T, T)) -> T {
        let z = x * x;
        let small = M::mul_add(x * z, z.tanh_tail::<M>(), x);
        let large = T::ONE - T::from_f64(2.0) / denominator;
        select(x.abs().is_below(T::from_f64(0.625)), small, large).with_sign(x)
    }
}

pub(crate) struct Sigmoid;
impl ScalarFormula for Sigmoid {
    const HALVES: bool = true;
    #[inline(always)]
    fn prepare<T: Number, M: MulAdd>(x: T) -> (T, T) {
        reduce::<T, M>(clamp(-x, T::EXPM1_MIN, -T::EXP_MIN))
    }
    /// 1/(1 + e⁻ˣ), numerator and denominator scaled down, so that the denominator does not overflow where the result is
    /// still a number. e⁻ˣ = 2^k + 2^k (e^r − 1), and what rounding takes from 1 + 2^k, for |k| large, is added to the second
    /// term.
    #[inline(always)]
    fn finish<T: Number, M: MulAdd>(_x: T, (magic, r): (T, T)) -> T {
        let power = T::power_of_two(magic, T::DOWN);
        let sum = T::DOWN + power;
        let lost = T::DOWN - (sum - power);
        T::DOWN / (sum + M::mul_add(expm1_inside::<T, M>(r), power, lost))
    }
}

pub(crate) struct Softplus;
impl ScalarFormula for Softplus {
    const HALVES: bool = true;
    /// e^−|x|.
    #[inline(always)]
    fn prepare<T: Number, M: MulAdd>(x: T) -> (T, T) {
        let a = -x.abs();
        let (magic, r) = reduce::<T, M>(select(a.is_below(T::EXP_MIN), T::EXP_MIN, a));
        let power = T::power_of_two(magic, T::ONE / T::DOWN);
        (M::mul_add(expm1_inside::<T, M>(r), power, power) * T::DOWN, x)
    }
    /// ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|).
    #[inline(always)]
    fn finish<T: Number, M: MulAdd>(x: T, (e, _): (T, T)) -> T {
        let y = ln_from_parts::<T, M>(e, atanh_argument(e), T::ln_tail_unit::<M>);
        select(x.is_above(T::ZERO), x, T::ZERO) + y
    }
}
