//! The gamma function's relatives, one number at a time in f64: what incomplete functions are made of.

use bayeux_tensor::simd;

/// ln √2π.
const HALF_LN_2PI: f64 = 0.918_938_533_204_672_7;

pub(super) fn lgamma(x: f64) -> f64 {
    let mut y = [0.0];
    simd::lgamma(&[x], &mut y);
    y[0]
}

pub(super) fn polygamma(n: usize, x: f64) -> f64 {
    let mut y = [0.0];
    simd::polygamma(n, &[x], &mut y);
    y[0]
}

/// x − ln(1 + x), given `above` = 1 + x too, with all digits also near 0: with r = x/(2 + x), of which ln(1 + x) is 2 atanh r, it is r (x − 2r²/3 − 2r⁴/5 − …).
pub(in crate::ops) fn without_logarithm(x: f64, above: f64) -> f64 {
    if x.abs() > 0.4 {
        return x - libm::log(above);
    }
    let r = x / (2.0 + x);
    let square = r * r;
    let (mut sum, mut power, mut k) = (0.0, square, 3.0);
    while power > f64::EPSILON * 1e-2 * x.abs() {
        sum += power / k;
        power *= square;
        k += 2.0;
    }
    r * (x - 2.0 * sum)
}

/// ln Γ(1 + x) for 0 ≤ x ≤ 1, with all digits also near 0.
pub(super) fn lgamma1p(x: f64) -> f64 {
    if x > 0.2 {
        return lgamma(1.0 + x);
    }
    /// γ and ζ(k)/k for k = 2, 3, …
    const TAYLOR: [f64; 20] = [
        0.577_215_664_901_532_9,
        0.822_467_033_424_113_2,
        0.400_685_634_386_531_43,
        0.270_580_808_427_784_54,
        0.207_385_551_028_673_98,
        0.169_557_176_997_408_2,
        0.144_049_896_768_846_1,
        0.125_509_669_524_743_04,
        0.111_334_265_869_564_69,
        0.100_099_457_512_781_8,
        0.090_954_017_145_829_05,
        0.083_353_840_546_109,
        0.076_932_516_411_352_2,
        0.071_432_946_295_361_34,
        0.066_668_705_882_420_46,
        0.062_500_955_141_213_04,
        0.058_823_978_658_684_58,
        0.055_555_767_627_403_61,
        0.052_631_679_379_616_66,
        0.050_000_047_698_101_69,
    ];
    -x * TAYLOR.iter().rev().fold(0.0, |sum, c| c - sum * x)
}

/// What Stirling's formula lacks: ln Γ(x) − ((x − ½) ln x − x + ½ ln 2π), for x ≥ 8.
pub(in crate::ops) fn stirling_rest(x: f64) -> f64 {
    const SERIES: [f64; 9] = [
        0.083_333_333_333_333_33,
        -0.002_777_777_777_777_778,
        7.936_507_936_507_937e-4,
        -5.952_380_952_380_953e-4,
        8.417_508_417_508_417e-4,
        -0.001_917_526_917_526_917_6,
        0.006_410_256_410_256_41,
        -0.029_550_653_594_771_242,
        0.179_644_372_368_830_57,
    ];
    let z = 1.0 / (x * x);
    SERIES.iter().rev().fold(0.0, |sum, c| sum * z + c) / x
}

/// ln Γ(b) − ln Γ(a + b): for large b by Stirling's formula, so that large numbers do not cancel, and for small a by Taylor's.
pub(super) fn gamma_ratio(a: f64, b: f64) -> f64 {
    if b < 8.0 && a < 0.02 * b {
        let (mut sum, mut power) = (0.0, 1.0);
        for k in 1..11 {
            power *= a / k as f64;
            sum -= power * polygamma(k - 1, b);
        }
        return sum;
    }
    if b < 8.0 {
        return lgamma(b) - lgamma(a + b);
    }
    let rest = stirling_rest(b) - stirling_rest(a + b);
    let h = a / b;
    // −(a + b − ½) ln(1 + h) + a, where ln(1 + h) is near h
    let log = if h < 0.4 {
        (a + b - 0.5) * without_logarithm(h, 1.0 + h) - h * (a - 0.5)
    } else {
        a - (a + b - 0.5) * libm::log1p(h)
    };
    log - a * libm::log(b) + rest
}

/// ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b), for positive arguments; large ones by Stirling's formula, so that large terms do
/// not cancel.
pub(super) fn betaln(a: f64, b: f64) -> f64 {
    let (a, b) = if a < b { (a, b) } else { (b, a) };
    if a.is_nan() || b.is_nan() || a < 0.0 {
        return f64::NAN;
    }
    if a == 0.0 || b == f64::INFINITY {
        return if a == 0.0 && b == f64::INFINITY {
            f64::NAN
        } else if a == 0.0 {
            f64::INFINITY
        } else {
            f64::NEG_INFINITY
        };
    }
    if a >= 8.0 {
        let h = a / b;
        let rest = stirling_rest(a) + stirling_rest(b) - stirling_rest(a + b);
        let first = -(a - 0.5) * (libm::log1p(h) - libm::log(h)) - b * libm::log1p(h);
        return first - 0.5 * libm::log(b) + HALF_LN_2PI + rest;
    }
    lgamma(a) + gamma_ratio(a, b)
}

/// ψ(a + b) − ψ(a) for b > 0: for large a by the asymptotic series, so that the logarithms do not cancel.
pub(super) fn digamma_difference(a: f64, b: f64) -> f64 {
    if a < 10.0 {
        return polygamma(0, a + b) - polygamma(0, a);
    }
    const SERIES: [f64; 8] = [
        0.083_333_333_333_333_33,
        -0.008_333_333_333_333_333,
        0.003_968_253_968_253_968,
        -0.004_166_666_666_666_667,
        0.007_575_757_575_757_576,
        -0.021_092_796_092_796_094,
        0.083_333_333_333_333_33,
        -0.443_259_803_921_568_6,
    ];
    let tail = |x: f64| {
        let z = 1.0 / (x * x);
        z * SERIES.iter().rev().fold(0.0, |sum, c| sum * z + c)
    };
    libm::log1p(b / a) + b / (2.0 * a * (a + b)) + (tail(a) - tail(a + b))
}
