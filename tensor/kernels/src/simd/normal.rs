//! The scaled error function, and the normal distribution's function, its logarithm and its inverse.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use super::coefficients::Fitted;
use super::dispatch::ScalarFormula;
use super::error_function::erf_inside;
use super::exponential::{Log1p, exp_two_words, ln_positive, select};
use super::fma::MulAdd;
use super::number::Number;

/// exp(a²) erfc(a) for a ≥ ½: P(t)/(1 + 2a), t = (a − 4)/(a + 4).
#[inline(always)]
fn scaled<T: Number, M: MulAdd>(a: T) -> T {
    let [half, four, large] = [0.5, 4.0, 1e18].map(T::from_f64);
    let inside = select(a.is_above(large), large, a);
    let t = (inside - four) / (inside + four);
    (half * t.erfcx_scaled::<M>()) / (a + half)
}

pub(crate) struct Erfcx;
impl ScalarFormula for Erfcx {
    /// exp(x²) (1 − erf x) for |x| < ½; below it is 2 exp(x²) − erfcx(−x).
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let [half, two, limit] = [0.5, 2.0, 30.0].map(T::from_f64); // exp(30²) is infinite
        let y = scaled::<T, M>(x.abs());
        let a = select(x.abs().is_above(limit), limit, x.abs());
        let (square, low) = M::two_product(a, a);
        let power = exp_two_words::<T, M>(square, low);
        let outside = select(x.is_below(T::ZERO), two * power - y, y);
        select(a.is_below(half), power * (T::ONE - erf_inside::<T, M>(x)), outside)
    }
}

/// Φ(−a) = ½ exp(−a²/2) erfcx(a/√2) for a ≥ 1/√2, and that erfcx: a² in two words, since its absolute error is the result's
/// relative error.
#[inline(always)]
fn tail<T: Number, M: MulAdd>(a: T) -> (T, T) {
    let half = T::from_f64(0.5);
    let scaled = scaled::<T, M>(a * T::from_f64(FRAC_1_SQRT_2));
    let limit = T::from_f64(40.0); // from there on it is 0
    let a = select(a.is_above(limit), limit, a);
    let (square, low) = M::two_product(a, a);
    (exp_two_words::<T, M>(-half * square, -half * low) * (half * scaled), scaled)
}

/// From here on by `tail`, below by a polynomial for erf.
const EDGE: f64 = 0.71;

/// ½ erf(x/√2) for |x| up to the edge.
#[inline(always)]
fn middle<T: Number, M: MulAdd>(x: T) -> T {
    T::from_f64(0.5) * erf_inside::<T, M>(x * T::from_f64(FRAC_1_SQRT_2))
}

pub(crate) struct Ndtr;
impl ScalarFormula for Ndtr {
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let a = x.abs();
        let (tail, _) = tail::<T, M>(a);
        let outside = select(x.is_below(T::ZERO), tail, T::ONE - tail);
        select(a.is_below(T::from_f64(EDGE)), T::from_f64(0.5) + middle::<T, M>(x), outside)
    }
}

pub(crate) struct LogNdtr;
impl ScalarFormula for LogNdtr {
    /// ln(1 − Φ(−x)) from −1 on, and below −x²/2 + ln(erfcx(−x/√2)/2).
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let half = T::from_f64(0.5);
        let a = x.abs();
        let (tail, scaled) = tail::<T, M>(a);
        let outside = select(x.is_below(T::ZERO), T::ONE - tail, tail);
        let rest = select(a.is_below(T::from_f64(EDGE)), half - middle::<T, M>(x), outside);
        let above = Log1p::eval::<T, M>(-rest);
        let below = M::mul_add(-half * x, x, ln_positive::<T, M>(half * scaled));
        let y = select(x.is_below(-T::ONE), below, above);
        select(x.is_above(-T::INFINITY), y, x)
    }
}

/// Wichura's algorithm AS 241 (Applied Statistics 37, 1988): numerators and denominators of its three ranges.
const QUANTILE: [[[f64; 8]; 2]; 3] = [
    [
        [
            3.387_132_872_796_366_5,
            133.141_667_891_784_38,
            1_971.590_950_306_551_3,
            13_731.693_765_509_46,
            45_921.953_931_549_87,
            67_265.770_927_008_7,
            33_430.575_583_588_13,
            2_509.080_928_730_122_7,
        ],
        [
            1.0,
            42.313_330_701_600_91,
            687.187_007_492_057_9,
            5_394.196_021_424_751,
            21_213.794_301_586_597,
            39_307.895_800_092_71,
            28_729.085_735_721_943,
            5_226.495_278_852_854,
        ],
    ],
    [
        [
            1.423_437_110_749_683_5,
            4.630_337_846_156_546,
            5.769_497_221_460_691,
            3.647_848_324_763_204_5,
            1.270_458_252_452_368_4,
            0.241_780_725_177_450_6,
            0.022_723_844_989_269_184,
            7.745_450_142_783_414e-4,
        ],
        [
            1.0,
            2.053_191_626_637_759,
            1.676_384_830_183_803_8,
            0.689_767_334_985_1,
            0.148_103_976_427_480_08,
            0.015_198_666_563_616_457,
            5.475_938_084_995_345e-4,
            1.050_750_071_644_416_9e-9,
        ],
    ],
    [
        [
            6.657_904_643_501_103,
            5.463_784_911_164_114,
            1.784_826_539_917_291_3,
            0.296_560_571_828_504_87,
            0.026_532_189_526_576_124,
            1.242_660_947_388_078_4e-3,
            2.711_555_568_743_487_6e-5,
            2.010_334_399_292_288_1e-7,
        ],
        [
            1.0,
            0.599_832_206_555_888,
            0.136_929_880_922_735_8,
            0.014_875_361_290_850_615,
            7.868_691_311_456_133e-4,
            1.846_318_317_510_054_7e-5,
            1.421_511_758_316_446e-7,
            2.044_263_103_389_939_8e-15,
        ],
    ],
];

/// Φ⁻¹(½ + q) where 0 ≤ q ≤ ½, given also `p` = ½ − q.
#[inline(always)]
fn quantile<T: Number, M: MulAdd>(q: T, p: T) -> T {
    let central = T::from_f64(0.425).is_at_least(q);
    let r = (-ln_positive::<T, M>(p)).sqrt();
    let far = r.is_above(T::from_f64(5.0));
    let outer = r - select(far, T::from_f64(5.0), T::from_f64(1.6));
    let r = select(central, M::mul_add(-q, q, T::from_f64(0.180_625)), outer);
    let polynomial = |part: usize| {
        let coefficient = |i: usize| {
            let [a, b, c] = QUANTILE.map(|range| T::from_f64(range[part][i]));
            select(central, a, select(far, c, b))
        };
        (0..7).rev().fold(coefficient(7), |sum, i| M::mul_add(sum, r, coefficient(i)))
    };
    select(central, q, T::ONE) * (polynomial(0) / polynomial(1))
}

pub(crate) struct Ndtri;
impl ScalarFormula for Ndtri {
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(p: T) -> T {
        let half = T::from_f64(0.5);
        let q = p - half;
        let y = quantile::<T, M>(q.abs(), select(p.is_above(half), T::ONE - p, p)).with_sign(q);
        let inside = p.is_above(T::ZERO) & p.is_below(T::ONE);
        let edge = select(p.equals(T::ZERO) | p.equals(T::ONE), T::INFINITY.with_sign(q), T::NAN);
        select(inside, y, edge)
    }
}

pub(crate) struct Erfinv;
impl ScalarFormula for Erfinv {
    /// Φ⁻¹((1 + x)/2)/√2.
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let half = T::from_f64(0.5);
        let a = x.abs();
        let y = quantile::<T, M>(half * a, half * (T::ONE - a)) * T::from_f64(1.0 / SQRT_2);
        let edge = select(a.equals(T::ONE), T::INFINITY, T::NAN);
        select(a.is_below(T::ONE), y, edge).with_sign(x)
    }
}
