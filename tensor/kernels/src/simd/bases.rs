//! Exponentials and logarithms to the bases 2 and 10.

use std::f64::consts::{LN_10, LOG2_10, LOG2_E, LOG10_2, LOG10_E};

use super::dispatch::ScalarFormula;
use super::exponential::{clamp, exp_from_parts, expm1_inside};
use super::fma::MulAdd;
use super::number::{Number, constant};
use super::power::ln_two_words;
use crate::Float;

pub(crate) struct Exp2;
impl ScalarFormula for Exp2 {
    /// 2ˣ = 2^k e^(r ln 2), r = x − k.
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let inside = clamp(x, T::EXP_MIN * T::LOG2_E, T::EXP_MAX * T::LOG2_E);
        let magic = inside + T::MAGIC;
        let r = inside - (magic - T::MAGIC);
        exp_from_parts::<T, M>(x, magic, r * T::LN2)
    }
}

pub(crate) struct Exp10;
impl ScalarFormula for Exp10 {
    /// 10ˣ = 2^k e^(r ln 10), r = x − k log₁₀ 2. r and its product in two words, so that whole powers come out exact.
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let log2 = T::from_f64(LOG10_2);
        let inside = clamp(x, T::EXP_MIN * log2 * T::LOG2_E, T::EXP_MAX * log2 * T::LOG2_E);
        let (high, low) = constant::<T>(LOG10_2, -2.803_728_127_785_170_3e-18);
        let magic = M::mul_add(inside, T::from_f64(LOG2_10), T::MAGIC);
        let k = magic - T::MAGIC;
        let first = M::mul_add(-k, high, inside);
        let r = M::mul_add(-k, low, first);
        let r_low = M::mul_add(-k, low, first - r);
        let (ln10, ln10_low) = constant::<T>(LN_10, -2.170_756_223_382_249_4e-16);
        let (p, e) = M::two_product(r, ln10);
        let p_low = M::mul_add(r, ln10_low, M::mul_add(r_low, ln10, e));
        T::scale::<M>(expm1_inside::<T, M>(p) + M::mul_add(p, p_low, p_low), magic, x)
    }
}

/// log x for positive finite x, given 1/ln of the base in two words: rounded almost correctly, so that whole powers have whole
/// logarithms.
#[inline(always)]
fn logarithm<T: Number, M: MulAdd>(x: T, (factor, factor_low): (T, T)) -> T {
    let (ln, ln_low) = ln_two_words::<T, M>(x);
    let (p, e) = M::two_product(ln, factor);
    p + M::mul_add(ln, factor_low, M::mul_add(ln_low, factor, e))
}

pub(crate) struct Log2;
impl ScalarFormula for Log2 {
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        logarithm::<T, M>(x, constant(LOG2_E, 2.035_527_374_093_103_3e-17))
    }
    const HAS_SLOW: bool = true;
    #[inline(always)]
    fn is_slow<T: Number>(x: T) -> T::Truth {
        !x.is_ordinary()
    }
    fn slow<T: Float>(x: T) -> T {
        T::from_f64(libm::log2(x.to_f64()))
    }
}

pub(crate) struct Log10;
impl ScalarFormula for Log10 {
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        logarithm::<T, M>(x, constant(LOG10_E, 1.098_319_650_216_765e-17))
    }
    const HAS_SLOW: bool = true;
    #[inline(always)]
    fn is_slow<T: Number>(x: T) -> T::Truth {
        !x.is_ordinary()
    }
    fn slow<T: Float>(x: T) -> T {
        T::from_f64(libm::log10(x.to_f64()))
    }
}
