//! Errors of the gamma functions, which have zeros between their poles.

use bayeux_kernels::simd;

use super::errors::{exact, worst_f32};
use super::{Unary, all_f32};

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
    for line in include_str!("../data/gamma.csv").lines().skip(1) {
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

#[test]
fn powers_of_large_numbers_do_not_vanish_too_soon() {
    for (n, x, wanted) in
        [(1, 1e200, 1e-200f64), (1, 3e18, 1.0 / 3e18), (2, 1e150, -1e-300), (3, 1e100, 2e-300)]
    {
        let mut found = [0.0f64];
        simd::polygamma(n, &[x], &mut found);
        let [found] = found;
        assert!((found - wanted).abs() <= 4e-16 * wanted.abs(), "{n} {x:e}: {found:e}");
    }
}
