//! Values at zeros, infinities, NaN and the edges of a number's range.

use bayeux_kernels::simd;

use super::Unary;

/// Both widths at the same special arguments.
fn special(f: Unary<f64>, g: Unary<f32>, cases: &[(f64, f64)]) {
    for &(x, expected) in cases {
        let (mut y, mut z) = ([0.0], [0.0]);
        f(&[x], &mut y);
        g(&[x as f32], &mut z);
        for y in [y[0], z[0].into()] {
            let same = y == expected && y.is_sign_negative() == expected.is_sign_negative();
            assert!(same || (y.is_nan() && expected.is_nan()), "f({x}) = {y}, expected {expected}");
        }
    }
}

#[test]
fn special_values() {
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    special(
        simd::exp,
        simd::exp,
        &[(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (NAN, NAN), (1e4, INF), (-1e4, 0.0)],
    );
    special(
        simd::expm1,
        simd::expm1,
        &[(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (NAN, NAN), (-1e4, -1.0)],
    );
    special(
        simd::ln,
        simd::ln,
        &[(1.0, 0.0), (0.0, -INF), (-0.0, -INF), (-1.0, NAN), (INF, INF), (-INF, NAN), (NAN, NAN)],
    );
    special(
        simd::log1p,
        simd::log1p,
        &[(0.0, 0.0), (-0.0, -0.0), (-1.0, -INF), (-1.5, NAN), (INF, INF), (-INF, NAN), (NAN, NAN)],
    );
    special(
        simd::tanh,
        simd::tanh,
        &[(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN), (40.0, 1.0)],
    );
    special(
        simd::sigmoid,
        simd::sigmoid,
        &[(0.0, 0.5), (INF, 1.0), (-INF, 0.0), (NAN, NAN), (1e4, 1.0), (-1e4, 0.0)],
    );
    special(simd::softplus, simd::softplus, &[(INF, INF), (-INF, 0.0), (NAN, NAN), (1e4, 1e4), (-1e4, 0.0)]);
    special(simd::sin, simd::sin, &[(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (NAN, NAN)]);
    special(simd::cos, simd::cos, &[(0.0, 1.0), (-0.0, 1.0), (INF, NAN), (NAN, NAN)]);
    special(simd::sqrt, simd::sqrt, &[(-0.0, -0.0), (-1.0, NAN), (INF, INF)]);
    special(simd::sign, simd::sign, &[(0.0, 0.0), (-3.0, -1.0), (INF, 1.0), (NAN, NAN)]);
    special(simd::relu, simd::relu, &[(-3.0, 0.0), (-INF, 0.0), (INF, INF), (NAN, NAN)]);
    special(simd::erf, simd::erf, &[(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN)]);
    special(simd::erfc, simd::erfc, &[(0.0, 1.0), (INF, 0.0), (-INF, 2.0), (NAN, NAN), (1e30, 0.0)]);
    let lgamma = [(1.0, 0.0), (2.0, 0.0), (0.0, INF), (-3.0, INF), (INF, INF), (-INF, INF), (NAN, NAN)];
    special(simd::lgamma, simd::lgamma, &lgamma);
    let digamma = [(0.0, -INF), (-0.0, INF), (-2.0, NAN), (INF, INF), (-INF, NAN), (NAN, NAN)];
    special(simd::digamma, simd::digamma, &digamma);
    let trigamma = |x: &[f64], y: &mut [f64]| simd::polygamma(1, x, y);
    let trigamma_f32 = |x: &[f32], y: &mut [f32]| simd::polygamma(1, x, y);
    special(trigamma, trigamma_f32, &[(0.0, INF), (-2.0, INF), (INF, 0.0), (NAN, NAN)]);
    special(
        simd::exp2,
        simd::exp2,
        &[(0.0, 1.0), (3.0, 8.0), (-2.0, 0.25), (INF, INF), (-INF, 0.0), (NAN, NAN)],
    );
    special(simd::exp10, simd::exp10, &[(0.0, 1.0), (3.0, 1e3), (INF, INF), (-INF, 0.0), (NAN, NAN)]);
    let log = [(1.0, 0.0), (0.0, -INF), (-0.0, -INF), (-1.0, NAN), (INF, INF), (-INF, NAN), (NAN, NAN)];
    special(simd::log2, simd::log2, &[&log[..], &[(8.0, 3.0), (0.25, -2.0)]].concat());
    special(simd::log10, simd::log10, &[&log[..], &[(1e3, 3.0), (1e10, 10.0)]].concat());
    special(
        simd::cbrt,
        simd::cbrt,
        &[(0.0, 0.0), (-0.0, -0.0), (27.0, 3.0), (-8.0, -2.0), (INF, INF), (-INF, -INF), (NAN, NAN)],
    );
    special(simd::rsqrt, simd::rsqrt, &[(4.0, 0.5), (0.0, INF), (-1.0, NAN), (INF, 0.0), (NAN, NAN)]);
    special(simd::tan, simd::tan, &[(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (NAN, NAN)]);
    special(simd::sinc, simd::sinc, &[(0.0, 1.0), (-0.0, 1.0), (1.0, -0.0), (INF, NAN), (NAN, NAN)]);
    special(simd::asin, simd::asin, &[(0.0, 0.0), (-0.0, -0.0), (1.5, NAN), (-INF, NAN), (NAN, NAN)]);
    special(simd::acos, simd::acos, &[(1.0, 0.0), (-1.5, NAN), (INF, NAN), (NAN, NAN)]);
    special(simd::atan, simd::atan, &[(0.0, 0.0), (-0.0, -0.0), (NAN, NAN)]);
    let odd = [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (NAN, NAN)];
    special(simd::sinh, simd::sinh, &[&odd[..], &[(1e4, INF)]].concat());
    special(simd::cosh, simd::cosh, &[(0.0, 1.0), (-1e4, INF), (INF, INF), (-INF, INF), (NAN, NAN)]);
    special(simd::asinh, simd::asinh, &odd);
    special(simd::acosh, simd::acosh, &[(1.0, 0.0), (0.5, NAN), (-2.0, NAN), (INF, INF), (NAN, NAN)]);
    special(
        simd::atanh,
        simd::atanh,
        &[(0.0, 0.0), (-0.0, -0.0), (1.0, INF), (-1.0, -INF), (2.0, NAN), (NAN, NAN)],
    );
    special(simd::ceil, simd::ceil, &[&odd[..], &[(1.5, 2.0), (-0.5, -0.0), (-1.5, -1.0)]].concat());
    special(
        simd::round,
        simd::round,
        &[&odd[..], &[(0.5, 0.0), (1.5, 2.0), (-2.5, -2.0), (1e30f32.into(), 1e30f32.into())]].concat(),
    );
    special(simd::trunc, simd::trunc, &[&odd[..], &[(1.5, 1.0), (-0.5, -0.0), (-1.5, -1.0)]].concat());
    special(simd::erfcx, simd::erfcx, &[(0.0, 1.0), (INF, 0.0), (-INF, INF), (NAN, NAN)]);
    special(simd::ndtr, simd::ndtr, &[(0.0, 0.5), (INF, 1.0), (-INF, 0.0), (NAN, NAN)]);
    special(simd::log_ndtr, simd::log_ndtr, &[(INF, -0.0), (-INF, -INF), (NAN, NAN)]);
    special(
        simd::ndtri,
        simd::ndtri,
        &[(0.5, 0.0), (0.0, -INF), (1.0, INF), (-1.0, NAN), (2.0, NAN), (NAN, NAN)],
    );
    special(
        simd::erfinv,
        simd::erfinv,
        &[(0.0, 0.0), (-0.0, -0.0), (1.0, INF), (-1.0, -INF), (2.0, NAN), (NAN, NAN)],
    );
    special(simd::i0e, simd::i0e, &[(0.0, 1.0), (INF, 0.0), (-INF, 0.0), (NAN, NAN)]);
    special(simd::i1e, simd::i1e, &[(0.0, 0.0), (-0.0, -0.0), (INF, 0.0), (-INF, -0.0), (NAN, NAN)]);
    // Edges of f64 whose f32 counterparts are covered by the grid over all f32.
    let edges: [(Unary<f64>, f64, f64); 8] = [
        (simd::exp, 709.782712893384, 1.797_693_134_862_273_2e308),
        (simd::exp, -745.133_219_101_941_1, 5e-324),
        (simd::exp, 709.782_712_893_384_1, INF),
        (simd::exp, -745.133_219_101_941_2, 0.0),
        (simd::ln, 5e-324, -744.440_071_921_381_2),
        (simd::ln, f64::MAX, 709.782_712_893_384),
        (simd::softplus, -745.0, 5e-324),
        (simd::expm1, 5e-324, 5e-324),
    ];
    for (f, x, expected) in edges {
        let mut y = [0.0];
        f(&[x], &mut y);
        assert_eq!(y[0], expected, "at {x}");
    }
}

/// As Python's `%` and `//`, C's `fmod` and IEEE 754's `atan2` and `hypot` have it.
#[test]
fn special_values_of_two_numbers() {
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    type Of<T> = fn(&[T], &[T], &mut [T]);
    let check = |f: Of<f64>, g: Of<f32>, cases: &[(f64, f64, f64)]| {
        for &(a, b, expected) in cases {
            let (mut y, mut z) = ([0.0], [0.0]);
            f(&[a], &[b], &mut y);
            g(&[a as f32], &[b as f32], &mut z);
            assert!(
                y[0].to_bits() == expected.to_bits() || y[0].is_nan() && expected.is_nan(),
                "{a}, {b}: {y:?}"
            );
            let expected = expected as f32;
            assert!(
                z[0].to_bits() == expected.to_bits() || z[0].is_nan() && expected.is_nan(),
                "{a}, {b}: {z:?}"
            );
        }
    };
    let remainders = [
        (7.0, 3.0, 1.0),
        (-7.0, 3.0, 2.0),
        (7.0, -3.0, -2.0),
        (-7.0, -3.0, -1.0),
        (6.0, -3.0, -0.0),
        (-6.0, 3.0, 0.0),
        (5.5, 2.0, 1.5),
        (1.0, 0.0, NAN),
        (INF, 2.0, NAN),
        (1.0, INF, 1.0),
        (-1.0, INF, INF),
        (NAN, 1.0, NAN),
        (1e30f32.into(), 3.0, 1e30f32 as f64 % 3.0),
    ];
    check(simd::remainder, simd::remainder, &remainders);
    let fmods = [(7.0, -3.0, 1.0), (-7.0, 3.0, -1.0), (-6.0, 3.0, -0.0), (-1.0, INF, -1.0), (1.0, 0.0, NAN)];
    check(simd::fmod, simd::fmod, &fmods);
    let quotients = [
        (7.0, 3.0, 2.0),
        (-7.0, 3.0, -3.0),
        (7.0, -3.0, -3.0),
        (-7.0, -3.0, 2.0),
        (0.0, -3.0, -0.0),
        (1.0, 0.0, INF),
        (-1.0, 0.0, -INF),
        (0.0, 0.0, NAN),
        (1.0, INF, 0.0),
        (-1.0, INF, -1.0),
        (INF, 1.0, NAN),
        (NAN, 1.0, NAN),
    ];
    check(simd::floor_divide, simd::floor_divide, &quotients);
    let angles = [
        (0.0, 1.0, 0.0),
        (-0.0, 1.0, -0.0),
        (0.0, 0.0, 0.0),
        (1.0, INF, 0.0),
        (NAN, 1.0, NAN),
        (1.0, NAN, NAN),
    ];
    check(simd::atan2, simd::atan2, &angles);
    let sides = [
        (3.0, -4.0, 5.0),
        (0.0, -0.0, 0.0),
        (INF, NAN, INF),
        (NAN, -INF, INF),
        (NAN, 1.0, NAN),
        (-2.0, 0.0, 2.0),
    ];
    check(simd::hypot, simd::hypot, &sides);
    let products = [(0.0, 0.0, 0.0), (0.0, INF, 0.0), (0.0, NAN, NAN), (1.0, 0.0, -INF), (2.0, -1.5, NAN)];
    check(simd::xlogy, simd::xlogy, &products);
    check(
        simd::xlog1py,
        simd::xlog1py,
        &[(0.0, -1.0, 0.0), (0.0, NAN, NAN), (1.0, -1.0, -INF), (2.0, -1.5, NAN)],
    );
    let sums = [
        (-INF, -INF, -INF),
        (INF, -INF, INF),
        (INF, INF, INF),
        (-INF, 2.0, 2.0),
        (NAN, 1.0, NAN),
        (1.0, NAN, NAN),
    ];
    check(simd::logaddexp, simd::logaddexp, &sums);
}

#[test]
fn pow_has_the_special_cases_of_ieee_754() {
    let values = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        2.0,
        -2.0,
        0.5,
        -0.5,
        3.0,
        -3.0,
        1e300,
        1e-300,
        f64::INFINITY,
        -f64::INFINITY,
        f64::NAN,
        7e9,
        9007199254740993.0,
    ];
    for x in values {
        for y in values {
            let mut z = [[0.0]; 3];
            simd::pow(&[x], &[y], &mut z[0]);
            simd::pow_scalar(&[x], y, &mut z[1]);
            simd::scalar_pow(x, &[y], &mut z[2]);
            let (expected, got) = (x.powf(y), z[0][0]);
            assert!(
                (got - expected).abs() <= 1e-15 * expected.abs()
                    || got == expected
                    || (got.is_nan() && expected.is_nan()),
                "{x}^{y} = {got}, not {expected}"
            );
            assert!(got == 0.0 || got.is_nan() || got.signum() == expected.signum());
            assert!(z.iter().all(|z| z[0].to_bits() == got.to_bits() || got.is_nan()));
        }
    }
}
