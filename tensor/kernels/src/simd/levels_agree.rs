//! Tests that the instruction sets give the same bits: each that this machine has, against the portable loop.

use super::dispatch::{MapSlice, ScalarFormula, ScalarFormula2, Zip, run_at};
use super::power::Pow;
use super::{bases, bessel, error_function, exponential, gamma, hyperbolic, inverse_trigonometric};
use super::{logarithms, normal, roots, rounding, trigonometric};
use crate::Float;
use crate::level::Level;

fn arguments<T: Float>() -> Vec<T> {
    let specials = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f64::INFINITY,
        -f64::INFINITY,
        f64::NAN,
        1e-300,
        1e300,
        1e-40,
        0.625,
        88.5,
        -700.0,
    ];
    let grid = (0..2000).map(|i| (f64::from(i) - 999.5) * 0.0373 * f64::from(1 + i % 7));
    specials.into_iter().chain(grid).map(T::from_f64).collect()
}

fn at_all_levels<T: Float>(mut run: impl FnMut(Level, &mut [T])) {
    let arguments = arguments::<T>();
    let mut portable = vec![T::ZERO; arguments.len()];
    run(Level::Portable, &mut portable);
    for level in Level::available() {
        let mut found = vec![T::ZERO; arguments.len()];
        run(level, &mut found);
        for ((x, found), portable) in arguments.iter().zip(found).zip(&portable) {
            let same = found.bits() == portable.bits() || found.is_nan() && portable.is_nan();
            assert!(same, "{level:?}, at {x:e}: {found:e}, but {portable:e}");
        }
    }
}

fn unary<T: Float, K: ScalarFormula>() {
    let x = arguments::<T>();
    at_all_levels(|level, y| run_at::<_, MapSlice<K>>(level, (&x[..], y)));
}

fn binary<T: Float, K: ScalarFormula2>() {
    let a = arguments::<T>();
    let b: Vec<T> = a.iter().rev().map(|&b| b / T::from_f64(40.0)).collect();
    at_all_levels(|level, y| run_at::<_, Zip<K>>(level, (&a[..], &b[..], y)));
}

fn both<K: ScalarFormula>() {
    unary::<f32, K>();
    unary::<f64, K>();
}

#[test]
fn unary_functions() {
    both::<exponential::Exp>();
    both::<exponential::Expm1>();
    both::<exponential::Ln>();
    both::<exponential::Log1p>();
    both::<exponential::Tanh>();
    both::<exponential::Sigmoid>();
    both::<exponential::Softplus>();
    both::<trigonometric::Sin>();
    both::<trigonometric::Cos>();
    both::<error_function::Erf>();
    both::<error_function::Erfc>();
    both::<gamma::Lgamma>();
    both::<gamma::Digamma>();
    both::<bases::Exp2>();
    both::<bases::Exp10>();
    both::<bases::Log2>();
    both::<bases::Log10>();
    both::<roots::Cbrt>();
    both::<roots::Rsqrt>();
    both::<trigonometric::Tan>();
    both::<trigonometric::Sinc>();
    both::<inverse_trigonometric::Asin>();
    both::<inverse_trigonometric::Acos>();
    both::<inverse_trigonometric::Atan>();
    both::<hyperbolic::Sinh>();
    both::<hyperbolic::Cosh>();
    both::<hyperbolic::Asinh>();
    both::<hyperbolic::Acosh>();
    both::<hyperbolic::Atanh>();
    both::<rounding::Ceil>();
    both::<rounding::Round>();
    both::<rounding::Trunc>();
    both::<normal::Erfcx>();
    both::<normal::Ndtr>();
    both::<normal::LogNdtr>();
    both::<normal::Ndtri>();
    both::<normal::Erfinv>();
    both::<bessel::I0e>();
    both::<bessel::I1e>();
}

fn both_of_two<K: ScalarFormula2>() {
    binary::<f32, K>();
    binary::<f64, K>();
}

#[test]
fn binary_functions() {
    both_of_two::<Pow>();
    both_of_two::<rounding::Remainder>();
    both_of_two::<rounding::Fmod>();
    both_of_two::<rounding::FloorDivide>();
    both_of_two::<inverse_trigonometric::Atan2>();
    both_of_two::<logarithms::Hypot>();
    both_of_two::<logarithms::Xlogy>();
    both_of_two::<logarithms::Xlog1py>();
    both_of_two::<logarithms::LogAddExp>();
}
