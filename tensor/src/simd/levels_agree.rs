//! Tests that the instruction sets agree: each that this machine has, against the portable loop.

use super::dispatch::{Kernel, Kernel2, Level, Map, Zip, level, run_at};
use super::power::Pow;
use super::{error_function, exponential, gamma, trigonometric};
use crate::Float;

/// All levels that this machine has.
fn levels() -> Vec<Level> {
    let best = level();
    [
        Level::Portable,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2,
        #[cfg(target_arch = "x86_64")]
        Level::Avx512,
        #[cfg(target_arch = "aarch64")]
        Level::Neon,
    ]
    .into_iter()
    .filter(|&level| level as u8 <= best as u8)
    .collect()
}

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

/// Equal bits for levels with fused multiply-add; a few roundings apart otherwise, relative to max(|y|, `floor`).
fn compare<T: Float>(level: Level, portable: &[T], fused: Option<&Vec<T>>, got: &[T], floor: f64) {
    for i in 0..got.len() {
        let (x, y) = (portable[i].to_f64(), got[i].to_f64());
        let scale = T::EPSILON.to_f64() * x.abs().max(floor);
        assert!(
            x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= 8.0 * scale,
            "{level:?}: {x:e} and {y:e}"
        );
        assert!(y.is_nan() || fused.is_none_or(|fused| fused[i].bits() == got[i].bits()), "{level:?}");
    }
}

fn unary<T: Float, K: Kernel>(floor: f64) {
    let x = arguments::<T>();
    let mut results: Vec<Vec<T>> = Vec::new();
    for level in levels() {
        let mut y = vec![T::ZERO; x.len()];
        run_at::<_, Map<K>>(level, (&x[..], &mut y[..]));
        compare(level, results.first().unwrap_or(&y), results.get(1), &y, floor);
        results.push(y);
    }
}

fn binary<T: Float, K: Kernel2>() {
    let a = arguments::<T>();
    let b: Vec<T> = a.iter().rev().map(|&b| b / T::from_f64(40.0)).collect();
    let mut results: Vec<Vec<T>> = Vec::new();
    for level in levels() {
        let mut y = vec![T::ZERO; a.len()];
        run_at::<_, Zip<K>>(level, (&a[..], &b[..], &mut y[..]));
        compare(level, results.first().unwrap_or(&y), results.get(1), &y, T::MIN_POSITIVE.to_f64());
        results.push(y);
    }
}

/// `near_zero`: what the error of a function with zeros is measured against there.
fn both<K: Kernel>(near_zero: Option<f64>) {
    unary::<f32, K>(near_zero.unwrap_or(f32::MIN_POSITIVE.into()));
    unary::<f64, K>(near_zero.unwrap_or(f64::MIN_POSITIVE));
}

#[test]
fn unary_functions() {
    both::<exponential::Exp>(None);
    both::<exponential::Expm1>(None);
    both::<exponential::Ln>(None);
    both::<exponential::Log1p>(None);
    both::<exponential::Tanh>(None);
    both::<exponential::Sigmoid>(None);
    both::<exponential::Softplus>(None);
    both::<trigonometric::Sin>(Some(0.01));
    both::<trigonometric::Cos>(Some(0.01));
    both::<error_function::Erf>(None);
    both::<error_function::Erfc>(None);
    both::<gamma::Lgamma>(Some(1.0));
    both::<gamma::Digamma>(Some(1.0));
}

#[test]
fn powers() {
    binary::<f32, Pow>();
    binary::<f64, Pow>();
}
