//! Functions of whole slices: each element follows its definition, wherever it stands.

use bayeux_kernels::simd;

use super::{InPlace, Scalar, Unary, all_f32};

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
