//! exp, ln and what is made of them.

use super::dispatch::{Kernel, MulAdd};
use crate::Float;

/// `yes` if the condition holds, `no` otherwise: a blend in vector code, since both are computed.
#[inline(always)]
pub(crate) fn select<T: Float>(condition: bool, yes: T, no: T) -> T {
    if condition { yes } else { no }
}

/// x + extra = k ln 2 + r + c: the whole number k as k + MAGIC and as itself, |r| ≤ ½ ln 2, and the rounding error c of r
/// (Cody and Waite's reduction).
#[inline(always)]
fn reduce<T: Float, M: MulAdd>(x: T, extra: T) -> (T, T, T, T) {
    let magic = M::mul_add(x, T::LOG2_E, T::MAGIC);
    let k = magic - T::MAGIC;
    let high = M::mul_add(-k, T::LN2_HI, x);
    let low = M::mul_add(k, T::LN2_LO, -extra);
    let r = high - low;
    (magic, k, r, (high - r) - low)
}

/// 2^k y, for whole k from the smallest subnormal's exponent to one more than the largest: in two steps, so that each
/// factor is a normal number.
#[inline(always)]
pub(crate) fn scale<T: Float, M: MulAdd>(y: T, k: T) -> T {
    let half = M::mul_add(k, T::from_f64(0.5), T::MAGIC);
    let rest = k - (half - T::MAGIC);
    y * T::power_of_two(half) * T::power_of_two(rest + T::MAGIC)
}

/// eˣ = 2^k e^r, where k is in the range of normal exponents.
#[inline(always)]
pub(crate) fn exp_moderate<T: Float, M: MulAdd>(x: T) -> T {
    let (magic, _, r, c) = reduce::<T, M>(x, T::ZERO);
    let tail = M::mul_add(r * r, r.exp_tail::<M>(), c);
    (T::ONE + (r + tail)) * T::power_of_two(magic)
}

/// e^(x + low) over the whole range, where `low` is small against 1.
#[inline(always)]
pub(crate) fn exp_two_words<T: Float, M: MulAdd>(x: T, low: T) -> T {
    // Outside, the result is known; inside, k has a normal exponent after halving. NaN passes both.
    let inside = select(x > T::EXP_MAX, T::EXP_MAX, x);
    let inside = select(inside < T::EXP_MIN, T::EXP_MIN, inside);
    let (_, k, r, c) = reduce::<T, M>(inside, low);
    let tail = M::mul_add(r * r, r.exp_tail::<M>(), c);
    let y = scale::<T, M>(T::ONE + (r + tail), k);
    let y = select(x > T::EXP_MAX, T::INFINITY, y);
    select(x < T::EXP_MIN, T::ZERO, y)
}

pub(crate) struct Exp;
impl Kernel for Exp {
    #[inline(always)]
    fn eval<T: Float, M: MulAdd>(x: T) -> T {
        exp_two_words::<T, M>(x, T::ZERO)
    }
}

pub(crate) struct Expm1;
impl Kernel for Expm1 {
    /// eˣ − 1 = 2 (2^(k−1) (e^r − 1) + 2^(k−1) − ½): nothing cancels, and 2^(k−1) does not overflow.
    #[inline(always)]
    fn eval<T: Float, M: MulAdd>(x: T) -> T {
        let half = T::from_f64(0.5);
        let inside = select(x > T::EXP_MAX, T::EXP_MAX, x);
        let inside = select(inside < T::EXPM1_MIN, T::EXPM1_MIN, inside);
        let (magic, _, r, c) = reduce::<T, M>(inside, T::ZERO);
        let p = r + M::mul_add(r * r, r.exp_tail::<M>(), c);
        let power = T::power_of_two(magic - T::ONE);
        let y = M::mul_add(power, p, power - half) * T::from_f64(2.0);
        let y = select(x > T::EXP_MAX, T::INFINITY, y);
        // Here x²/2 is lost in rounding; and −0 stays −0.
        select(x.abs() < T::EPSILON * half, x, y)
    }
}

/// ln m + k ln 2 + extra, with m in [√½, √2), by fdlibm's e_log.c: with s = f/(2 + f), f = m − 1,
/// ln(1 + f) = 2 atanh s = f − (f²/2 − s (f²/2 + R(s²))).
#[inline(always)]
fn ln_from_parts<T: Float, M: MulAdd>(m: T, k: T, extra: T) -> T {
    let f = m - T::ONE;
    let s = f / (f + T::from_f64(2.0));
    let z = s * s;
    let half_square = T::from_f64(0.5) * f * f;
    let small = M::mul_add(s, half_square + z * z.ln_tail::<M>(), M::mul_add(k, T::LN2_LO, extra));
    M::mul_add(k, T::LN2_HI, f - (half_square - small))
}

/// x = m 2^k for positive x, subnormal ones too.
#[inline(always)]
pub(crate) fn split<T: Float>(x: T) -> (T, T) {
    let subnormal = x < T::SMALL;
    let (m, k) = select(subnormal, x * T::UP, x).split_exponent();
    (m, select(subnormal, k - T::UP_EXPONENT, k))
}

/// ln x for positive normal x.
#[inline(always)]
pub(crate) fn ln_normal<T: Float, M: MulAdd>(x: T) -> T {
    let (m, k) = x.split_exponent();
    ln_from_parts::<T, M>(m, k, T::ZERO)
}

pub(crate) struct Ln;
impl Kernel for Ln {
    #[inline(always)]
    fn eval<T: Float, M: MulAdd>(x: T) -> T {
        let (m, k) = split(x);
        let y = ln_from_parts::<T, M>(m, k, T::ZERO);
        // ∞ and NaN are themselves.
        let y = select(x < T::INFINITY, y, x);
        let y = select(x < T::ZERO, T::NAN, y);
        select(x == T::ZERO, T::NEG_INFINITY, y)
    }
}

/// ln(1 + x) for x > −1: the logarithm of the rounded u = 1 + x, and what rounding lost: ln(u + e) ≈ ln u + e/u.
#[inline(always)]
fn log1p_inside<T: Float, M: MulAdd>(x: T) -> T {
    let u = T::ONE + x;
    let lost = select(x >= T::ONE, T::ONE - (u - x), x - (u - T::ONE));
    let (m, k) = u.split_exponent();
    ln_from_parts::<T, M>(m, k, lost / u)
}

pub(crate) struct Log1p;
impl Kernel for Log1p {
    #[inline(always)]
    fn eval<T: Float, M: MulAdd>(x: T) -> T {
        let y = select(x < T::INFINITY, log1p_inside::<T, M>(x), x);
        let y = select(x < -T::ONE, T::NAN, y);
        let y = select(x == -T::ONE, T::NEG_INFINITY, y);
        select(x.abs() < T::EPSILON * T::from_f64(0.5), x, y)
    }
}

pub(crate) struct Tanh;
impl Kernel for Tanh {
    /// x + x³ P(x²) below 0.625, 1 − 2/(e²ˣ + 1) above. Above, each step is monotone in the one before; below, the
    /// correction to x is so small that its rounding cannot turn the order: so the whole is monotone.
    #[inline(always)]
    fn eval<T: Float, M: MulAdd>(x: T) -> T {
        let two = T::from_f64(2.0);
        let a = x.abs();
        let a = select(a > T::TANH_MAX, T::TANH_MAX, a);
        let z = a * a;
        let small = M::mul_add(a * z, z.tanh_tail::<M>(), a);
        let large = T::ONE - two / (exp_moderate::<T, M>(a * two) + T::ONE);
        select(a < T::from_f64(0.625), small, large).with_sign(x)
    }
}

pub(crate) struct Sigmoid;
impl Kernel for Sigmoid {
    /// 1/(1 + e⁻ˣ) for x ≥ 0 and eˣ/(1 + eˣ) for x < 0: small values keep their digits. The quotient is then corrected
    /// for what rounding took from the divisor.
    #[inline(always)]
    fn eval<T: Float, M: MulAdd>(x: T) -> T {
        let e = Exp::eval::<T, M>(-x.abs());
        let d = T::ONE + e;
        let lost = e - (d - T::ONE);
        let y = select(x >= T::ZERO, T::ONE, e) / d;
        let one_over_d = select(x >= T::ZERO, y, T::ONE - y);
        M::mul_add(-(y * lost), one_over_d, y)
    }
}

pub(crate) struct Softplus;
impl Kernel for Softplus {
    /// ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|).
    #[inline(always)]
    fn eval<T: Float, M: MulAdd>(x: T) -> T {
        let e = Exp::eval::<T, M>(-x.abs());
        let y = select(e < T::EPSILON * T::from_f64(0.5), e, log1p_inside::<T, M>(e));
        select(x > T::ZERO, x, T::ZERO) + y
    }
}
