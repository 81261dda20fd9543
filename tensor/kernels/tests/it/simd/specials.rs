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
