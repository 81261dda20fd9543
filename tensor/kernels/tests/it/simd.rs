//! The vector maths against the standard library and exact values: largest errors in ULP over the whole range, special
//! values, monotonicity, in-place and remainder handling.

use bayeux_kernels::{Float, simd};

/// Distance of `got` from `exact` + `rest`, in units in the last place of the exact value. Wrong specials are infinitely
/// far.
fn ulps<T: Float>(got: T, exact: f64, rest: f64, bits: i32) -> f64 {
    let got = got.to_f64();
    let rounded = T::from_f64(exact).to_f64();
    if rounded.is_nan() || got.is_nan() {
        return if rounded.is_nan() && got.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if got.is_infinite() || rounded.is_infinite() {
        return if got == rounded { 0.0 } else { f64::INFINITY };
    }
    let exponent = if exact == 0.0 { f64::MIN_EXP } else { exact.abs().log2().floor() as i32 };
    let lowest = if bits == 24 { -149 } else { -1074 };
    // In two steps: 2^-1074 has no reciprocal.
    let unit = (exponent - bits + 1).max(lowest);
    (((got - exact) * 2f64.powi(-unit / 2)) * 2f64.powi(-unit - -unit / 2) - rest).abs()
}

type Unary<T> = fn(&[T], &mut [T]);
type InPlace<T> = fn(&mut [T]);
type Scalar<T> = fn(T) -> T;

/// Every `step`-th of all f32, from −∞ to ∞ and NaN.
fn all_f32(step: usize) -> Vec<f32> {
    (0..=u32::MAX).step_by(step).map(f32::from_bits).collect()
}

/// The largest error of an f32 function, with an f64 function as the referee, and where it is.
fn worst_f32(f: Unary<f32>, referee: fn(f64) -> f64, xs: &[f32]) -> (f64, f32) {
    let mut y = vec![0.0; xs.len()];
    f(xs, &mut y);
    let errors = xs.iter().zip(&y).map(|(&x, &y)| (ulps(y, referee(x.into()), 0.0, 24), x));
    errors.fold((0.0, 0.0), |worst, here| if here.0 > worst.0 { here } else { worst })
}

/// The lines of `data/functions.txt` (written by `tools/reference.py`) for one function: arguments, value, rest in ULP.
fn exact(function: &str) -> Vec<(Vec<f64>, f64, f64)> {
    let lines = include_str!("data/functions.txt").lines().filter_map(|line| {
        let (name, numbers) = line.split_once(' ')?;
        let mut numbers: Vec<f64> = numbers.split(' ').map(|text| text.parse().unwrap()).collect();
        let rest = numbers.pop()?;
        let value = numbers.pop()?;
        (name == function).then_some((numbers, value, rest))
    });
    let lines: Vec<_> = lines.collect();
    assert!(lines.len() >= 200, "no exact values for {function}");
    lines
}

/// The largest error of an f64 function at the exact values, and where it is.
fn worst_f64(name: &str, f: Unary<f64>) -> (f64, f64) {
    let lines = exact(name);
    let x: Vec<f64> = lines.iter().map(|line| line.0[0]).collect();
    let mut y = vec![0.0; x.len()];
    f(&x, &mut y);
    let errors = lines.iter().zip(&y).map(|((x, value, rest), &y)| (ulps(y, *value, *rest, 53), x[0]));
    errors.fold((0.0, 0.0), |worst, here| if here.0 > worst.0 { here } else { worst })
}

fn softplus(x: f64) -> f64 {
    if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }
}

fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) }
}

/// Function, its largest error in f32 and in f64, and a referee for f32.
type Claim = (&'static str, Unary<f32>, f64, Unary<f64>, f64, Scalar<f64>);

const CLAIMS: [Claim; 11] = [
    ("exp", simd::exp, 1.1, simd::exp, 0.8, f64::exp),
    ("expm1", simd::expm1, 1.5, simd::expm1, 1.4, f64::exp_m1),
    ("ln", simd::ln, 0.9, simd::ln, 1.1, f64::ln),
    ("log1p", simd::log1p, 1.5, simd::log1p, 0.9, f64::ln_1p),
    ("tanh", simd::tanh, 1.2, simd::tanh, 1.1, f64::tanh),
    ("sigmoid", simd::sigmoid, 1.7, simd::sigmoid, 1.5, sigmoid),
    ("softplus", simd::softplus, 2.1, simd::softplus, 1.1, softplus),
    ("sin", simd::sin, 2.4, simd::sin, 1.4, f64::sin),
    ("cos", simd::cos, 2.4, simd::cos, 1.4, f64::cos),
    ("erf", simd::erf, 1.5, simd::erf, 1.0, libm::erf),
    ("erfc", simd::erfc, 5.6, simd::erfc, 2.7, libm::erfc),
];

#[test]
fn errors_are_as_claimed() {
    let xs = all_f32(2999);
    let mut broken = Vec::new();
    for (name, single, claim_f32, double, claim_f64, referee) in CLAIMS {
        let (f32_error, f64_error) = (worst_f32(single, referee, &xs), worst_f64(name, double));
        println!("{name}: f32 {f32_error:?} f64 {f64_error:?}");
        if f32_error.0 > claim_f32 || f64_error.0 > claim_f64 {
            broken.push(name);
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn rounded_functions_are_exact() {
    let xs = all_f32(9973);
    let functions: [(Unary<f32>, Scalar<f32>); 8] = [
        (simd::sqrt, f32::sqrt),
        (simd::recip, f32::recip),
        (simd::abs, f32::abs),
        (simd::neg, |x| -x),
        (simd::square, |x| x * x),
        (simd::relu, |x| if x < 0.0 { 0.0 } else { x }),
        (simd::sign, |x| if x == 0.0 { x } else { x.signum() }),
        (simd::floor, f32::floor),
    ];
    for (f, referee) in functions {
        let mut y = vec![0.0; xs.len()];
        f(&xs, &mut y);
        for (&x, y) in xs.iter().zip(y) {
            assert!(y.to_bits() == referee(x).to_bits() || (y.is_nan() && referee(x).is_nan()), "{x}: {y}");
        }
    }
}

#[test]
fn pow_errors_are_as_claimed() {
    let mut worst = (0.0, vec![], 0.0, vec![]);
    for (arguments, value, rest) in exact("pow") {
        let (mut y, mut y32) = ([0.0], [0.0]);
        simd::pow(&[arguments[0]], &[arguments[1]], &mut y);
        let error = ulps(y[0], value, rest, 53);
        let (a, b) = (arguments[0] as f32, arguments[1] as f32);
        simd::pow(&[a], &[b], &mut y32);
        let error32 = ulps(y32[0], f64::from(a).powf(b.into()), 0.0, 24);
        if error > worst.0 {
            (worst.0, worst.1) = (error, arguments.clone());
        }
        if error32 > worst.2 {
            (worst.2, worst.3) = (error32, arguments);
        }
    }
    println!("pow: {worst:?}");
    assert!(worst.0 <= 0.9 && worst.2 <= 0.9);
}

/// For functions with zeros between their poles: the error relative to the value or, where that is smaller, to `floor`.
fn worst_relative(name: &str, f: Unary<f64>, g: Unary<f32>, floor: f64) -> (f64, f64) {
    let mut worst = (0.0f64, 0.0f64);
    for (x, value, _) in exact(name) {
        let (mut y, mut z) = ([0.0], [0.0]);
        f(&x, &mut y);
        worst.0 = worst.0.max((y[0] - value).abs() / value.abs().max(floor));
        // f32 at its own argument, with f64 (just checked) as the referee.
        let single = x[0] as f32;
        f(&[single.into()], &mut y);
        g(&[single], &mut z);
        if y[0].abs() < f32::MAX.into() && y[0].abs() > f32::MIN_POSITIVE.into() && single != single.floor() {
            worst.1 = worst.1.max((f64::from(z[0]) - y[0]).abs() / y[0].abs().max(floor));
        }
    }
    println!("{name}: relative error f64 {:e}, f32 {:e}", worst.0, worst.1);
    worst
}

#[test]
fn gamma_function_errors_are_as_claimed() {
    let xs = all_f32(2999);
    let positive: Vec<f32> = xs.into_iter().filter(|&x| x > 0.0).collect();
    let worst = worst_f32(simd::lgamma, libm::lgamma, &positive);
    println!("lgamma f32: {worst:?}");
    assert!(worst.0 <= 5.0);
    let within = |worst: (f64, f64), f64_claim: f64, f32_claim: f64| {
        assert!(worst.0 <= f64_claim && worst.1 <= f32_claim, "{worst:?}")
    };
    within(worst_relative("lgamma", simd::lgamma, simd::lgamma, 0.1), 3e-15, 6e-7);
    within(worst_relative("digamma", simd::digamma, simd::digamma, 1.0), 2e-15, 1e-6);
    within(
        worst_relative("polygamma1", |x, y| simd::polygamma(1, x, y), |x, y| simd::polygamma(1, x, y), 0.0),
        1e-15,
        1e-7,
    );
    within(
        worst_relative("polygamma2", |x, y| simd::polygamma(2, x, y), |x, y| simd::polygamma(2, x, y), 0.0),
        1e-15,
        1e-7,
    );
    within(
        worst_relative("polygamma5", |x, y| simd::polygamma(5, x, y), |x, y| simd::polygamma(5, x, y), 0.0),
        1e-15,
        1e-7,
    );
    let (mut y, mut z) = ([0.0; 2], [0.0; 2]);
    simd::polygamma(0, &[0.3, 7.0], &mut y);
    simd::digamma(&[0.3, 7.0], &mut z);
    assert_eq!(y, z);
}

/// Next to the roots of ψ and ln |Γ|, and where the terms of polygamma's reflection cancel: relative to the value itself.
#[test]
fn gamma_functions_keep_their_digits_where_terms_cancel() {
    for line in include_str!("data/gamma.csv").lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [x, expected] = [fields[1], fields[2]].map(|field| field.parse::<f64>().unwrap());
        let double = |x: f64| {
            let mut y = [0.0];
            match fields[0].split_once(' ') {
                Some((_, order)) => simd::polygamma(order.parse().unwrap(), &[x], &mut y),
                None if fields[0] == "digamma" => simd::digamma(&[x], &mut y),
                None => simd::lgamma(&[x], &mut y),
            }
            y[0]
        };
        let found = double(x);
        let error = ((found - expected) / expected).abs();
        assert!(error < 3e-14, "{line}: {found:e}, off by {error:e}");
        // f32 at its own argument, with f64 (just checked) as the referee.
        let single = x as f32;
        let expected = double(single.into());
        if single == single.floor() || !(1e-37..1e37).contains(&expected.abs()) {
            continue;
        }
        let mut y = [0.0f32];
        match fields[0].split_once(' ') {
            Some((_, order)) => simd::polygamma(order.parse().unwrap(), &[single], &mut y),
            None if fields[0] == "digamma" => simd::digamma(&[single], &mut y),
            None => simd::lgamma(&[single], &mut y),
        }
        let error = (f64::from(y[0]) - expected).abs() / expected.abs();
        assert!(error < 5e-6, "{line} in f32: {:e}, not {expected:e}", y[0]);
    }
}

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

fn rises<T: Float>(f: Unary<T>, xs: &[T]) {
    let mut y = vec![T::ZERO; xs.len()];
    f(xs, &mut y);
    for i in 1..xs.len() {
        assert!(y[i - 1] <= y[i], "{} between {:e} and {:e}", T::TYPE, xs[i - 1], xs[i]);
    }
}

/// Runs of neighbouring numbers, everywhere and around the seam at 0.625.
#[test]
fn tanh_is_monotone() {
    for start in (0..0x4130_0000u32).step_by(1 << 22).chain([0.625f32.to_bits() - 5000]) {
        rises(simd::tanh, &(start..start + 10_000).map(f32::from_bits).collect::<Vec<_>>());
    }
    for i in 0..2000u64 {
        let start = if i < 1000 { (i as f64 * 0.023).to_bits() } else { 0.625f64.to_bits() - 10 * (i - 990) };
        rises(simd::tanh, &(start..start + 300).map(f64::from_bits).collect::<Vec<_>>());
    }
}

/// All f32, a few seconds.
#[test]
#[ignore = "exhaustive"]
fn tanh_is_monotone_everywhere() {
    for start in (0..0x4140_0000u32).step_by(1 << 20) {
        rises(simd::tanh, &(start..=start + (1 << 20)).map(f32::from_bits).collect::<Vec<_>>());
    }
}

#[test]
#[ignore = "exhaustive"]
fn errors_over_all_f32() {
    for (name, single, claim, _, _, referee) in CLAIMS {
        for part in 0..64u32 {
            let xs: Vec<f32> = (0..1 << 26).map(|i| f32::from_bits(part << 26 | i)).collect();
            let worst = worst_f32(single, referee, &xs);
            assert!(worst.0 <= claim, "{name}: {worst:?}");
        }
    }
}

/// An element's value does not depend on its place, the slice's length, or whether the work is done in place.
#[test]
fn lengths_and_places() {
    let functions: [(Unary<f64>, InPlace<f64>); 9] = [
        (simd::exp, simd::exp_inplace),
        (simd::expm1, simd::expm1_inplace),
        (simd::ln, simd::ln_inplace),
        (simd::log1p, simd::log1p_inplace),
        (simd::tanh, simd::tanh_inplace),
        (simd::sigmoid, simd::sigmoid_inplace),
        (simd::softplus, simd::softplus_inplace),
        (simd::sin, simd::sin_inplace),
        (simd::cos, simd::cos_inplace),
    ];
    let xs: Vec<f64> =
        (0..600).map(|i| if i == 37 { 1e300 } else { f64::from(i * i % 613) * 0.037 - 3.0 }).collect();
    for (f, in_place) in functions {
        let one_by_one: Vec<u64> = xs
            .iter()
            .map(|&x| {
                let mut y = [0.0];
                f(&[x], &mut y);
                y[0].to_bits()
            })
            .collect();
        for (start, len) in (0..70).map(|n| (n, n)).chain([(1, 599), (0, 600), (3, 256), (88, 257)]) {
            let x = &xs[start..start + len];
            let mut y = vec![0.0; len];
            f(x, &mut y);
            let mut z = x.to_vec();
            in_place(&mut z);
            for i in 0..len {
                assert_eq!(y[i].to_bits(), one_by_one[start + i]);
                assert_eq!(z[i].to_bits(), one_by_one[start + i]);
            }
        }
    }
}

type Binary<T> = (fn(&[T], &[T], &mut [T]), fn(&[T], T, &mut [T]), fn(T, &[T], &mut [T]), fn(T, T) -> T);

#[test]
fn binaries_follow_their_definitions() {
    let functions: [Binary<f32>; 12] = [
        (simd::add, simd::add_scalar, simd::scalar_add, |a, b| a + b),
        (simd::sub, simd::sub_scalar, simd::scalar_sub, |a, b| a - b),
        (simd::mul, simd::mul_scalar, simd::scalar_mul, |a, b| a * b),
        (simd::div, simd::div_scalar, simd::scalar_div, |a, b| a / b),
        (simd::maximum, simd::maximum_scalar, simd::scalar_maximum, |a, b| {
            if a.is_nan() || b.is_nan() { f32::NAN } else { a.max(b) }
        }),
        (simd::minimum, simd::minimum_scalar, simd::scalar_minimum, |a, b| {
            if a.is_nan() || b.is_nan() { f32::NAN } else { a.min(b) }
        }),
        (simd::gt, simd::gt_scalar, simd::scalar_gt, |a, b| f32::from(u8::from(a > b))),
        (simd::ge, simd::ge_scalar, simd::scalar_ge, |a, b| f32::from(u8::from(a >= b))),
        (simd::lt, simd::lt_scalar, simd::scalar_lt, |a, b| f32::from(u8::from(a < b))),
        (simd::le, simd::le_scalar, simd::scalar_le, |a, b| f32::from(u8::from(a <= b))),
        (simd::eq, simd::eq_scalar, simd::scalar_eq, |a, b| f32::from(u8::from(a == b))),
        (simd::ne, simd::ne_scalar, simd::scalar_ne, |a, b| f32::from(u8::from(a != b))),
    ];
    let values = [0.0, -0.0, 1.0, -1.5, 3e38, 1e-40, f32::INFINITY, -f32::INFINITY, f32::NAN, 7.0, 2.5];
    let n = values.len() * values.len();
    let a: Vec<f32> = (0..n).map(|i| values[i / values.len()]).collect();
    let b: Vec<f32> = (0..n).map(|i| values[i % values.len()]).collect();
    for (zip, right, left, referee) in functions {
        let mut y = vec![0.0; n];
        zip(&a, &b, &mut y);
        for i in 0..n {
            let (mut r, mut l) = ([0.0], [0.0]);
            right(&a[i..=i], b[i], &mut r);
            left(a[i], &b[i..=i], &mut l);
            let expected = referee(a[i], b[i]);
            for got in [y[i], r[0], l[0]] {
                assert!(got == expected || (got.is_nan() && expected.is_nan()), "{} {}: {got}", a[i], b[i]);
            }
        }
    }
    let mut y = vec![0.0; n];
    simd::select(&a, &b, &[5.0; 121], &mut y);
    for i in 0..n {
        let expected = if a[i] != 0.0 { b[i] } else { 5.0 };
        assert!(y[i] == expected || (y[i].is_nan() && expected.is_nan()));
    }
}

#[test]
#[should_panic(expected = "the slices' lengths differ")]
fn lengths_must_agree() {
    simd::exp(&[1.0f32, 2.0], &mut [0.0]);
}
