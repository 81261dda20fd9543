//! The largest errors, as the crate's documentation claims them.

use bayeux_kernels::{Float, simd};

use super::{Scalar, Unary, all_f32};

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

/// The largest error of an f32 function, with an f64 function as the referee, and where it is.
pub fn worst_f32(f: Unary<f32>, referee: fn(f64) -> f64, xs: &[f32]) -> (f64, f32) {
    let mut y = vec![0.0; xs.len()];
    f(xs, &mut y);
    let errors = xs.iter().zip(&y).map(|(&x, &y)| (ulps(y, referee(x.into()), 0.0, 24), x));
    errors.fold((0.0, 0.0), |worst, here| if here.0 > worst.0 { here } else { worst })
}

/// The lines of `data/functions.txt` (written by `tools/reference.py`) for one function: arguments, value, rest in ULP.
pub fn exact(function: &str) -> Vec<(Vec<f64>, f64, f64)> {
    let lines = include_str!("../data/functions.txt").lines().filter_map(|line| {
        let (name, numbers) = line.split_once(' ')?;
        let mut numbers: Vec<f64> = numbers.split(' ').map(|text| text.parse().unwrap()).collect();
        let rest = numbers.pop()?;
        let value = numbers.pop()?;
        (name == function).then_some((numbers, value, rest))
    });
    let lines: Vec<_> = lines.collect();
    assert!(lines.len() >= 100, "no exact values for {function}");
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

/// Function, and its largest error in f32 and in f64.
type Further = (&'static str, Unary<f32>, f64, Unary<f64>, f64);

/// The same of functions whose referee for f32 is the one for f64, which has been checked with exact values just before.
const FURTHER: [Further; 23] = [
    ("exp2", simd::exp2, 1.0, simd::exp2, 0.8),
    ("exp10", simd::exp10, 1.1, simd::exp10, 0.8),
    ("log2", simd::log2, 0.6, simd::log2, 0.6),
    ("log10", simd::log10, 0.6, simd::log10, 0.6),
    ("cbrt", simd::cbrt, 0.6, simd::cbrt, 0.6),
    ("rsqrt", simd::rsqrt, 1.5, simd::rsqrt, 1.2),
    ("tan", simd::tan, 3.2, simd::tan, 1.7),
    ("sinc", simd::sinc, 3.2, simd::sinc, 2.0),
    ("asin", simd::asin, 2.2, simd::asin, 1.6),
    ("acos", simd::acos, 1.2, simd::acos, 0.9),
    ("atan", simd::atan, 0.9, simd::atan, 0.9),
    ("sinh", simd::sinh, 2.4, simd::sinh, 1.4),
    ("cosh", simd::cosh, 1.6, simd::cosh, 1.2),
    ("asinh", simd::asinh, 2.0, simd::asinh, 1.3),
    ("acosh", simd::acosh, 1.7, simd::acosh, 1.5),
    ("atanh", simd::atanh, 2.0, simd::atanh, 1.3),
    ("erfcx", simd::erfcx, 3.6, simd::erfcx, 2.0),
    ("ndtr", simd::ndtr, 4.9, simd::ndtr, 2.8),
    ("log_ndtr", simd::log_ndtr, 5.2, simd::log_ndtr, 2.0),
    ("ndtri", simd::ndtri, 4.4, simd::ndtri, 3.0),
    ("erfinv", simd::erfinv, 5.0, simd::erfinv, 3.6),
    ("i0e", simd::i0e, 4.6, simd::i0e, 3.2),
    ("i1e", simd::i1e, 4.6, simd::i1e, 3.6),
];

#[test]
fn further_errors_are_as_claimed() {
    let xs = all_f32(2999);
    let wide: Vec<f64> = xs.iter().map(|&x| x.into()).collect();
    let (mut y, mut exact) = (vec![0.0; xs.len()], vec![0.0; xs.len()]);
    let mut broken = Vec::new();
    for (name, single, claim_f32, double, claim_f64) in FURTHER {
        let f64_error = worst_f64(name, double);
        double(&wide, &mut exact);
        single(&xs, &mut y);
        let errors = xs.iter().zip(&y).zip(&exact).map(|((&x, &y), &exact)| (ulps(y, exact, 0.0, 24), x));
        let f32_error = errors.fold((0.0, 0.0), |worst, here| if here.0 > worst.0 { here } else { worst });
        println!("{name}: f32 {f32_error:?} f64 {f64_error:?}");
        if f32_error.0 > claim_f32 || f64_error.0 > claim_f64 {
            broken.push(name);
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
}

/// Functions of two numbers, and their largest errors in f32 and f64.
type Claim2 = (&'static str, fn(&[f32], &[f32], &mut [f32]), f64, fn(&[f64], &[f64], &mut [f64]), f64);

const OF_TWO: [Claim2; 5] = [
    ("atan2", simd::atan2, 1.2, simd::atan2, 1.2),
    ("hypot", simd::hypot, 1.0, simd::hypot, 1.0),
    ("xlogy", simd::xlogy, 1.6, simd::xlogy, 1.6),
    ("xlog1py", simd::xlog1py, 1.6, simd::xlog1py, 1.6),
    ("logaddexp", simd::logaddexp, 2.1, simd::logaddexp, 1.1),
];

#[test]
fn errors_of_functions_of_two_numbers_are_as_claimed() {
    for (name, single, claim_f32, double, claim_f64) in OF_TWO {
        let mut worst = (0.0f64, 0.0f64);
        for (arguments, value, rest) in exact(name) {
            let (mut y, mut y32) = ([0.0], [0.0]);
            double(&arguments[..1], &arguments[1..], &mut y);
            worst.1 = worst.1.max(ulps(y[0], value, rest, 53));
            let [a, b] = [arguments[0] as f32, arguments[1] as f32];
            single(&[a], &[b], &mut y32);
            double(&[a.into()], &[b.into()], &mut y);
            worst.0 = worst.0.max(ulps(y32[0], y[0], 0.0, 24));
        }
        println!("{name}: {worst:?}");
        assert!(worst.0 <= claim_f32 && worst.1 <= claim_f64, "{name}: {worst:?}");
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
