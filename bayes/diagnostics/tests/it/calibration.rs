//! Calibration: by hand, and against SciPy.

use bayeux_diagnostics::*;

use crate::inputs::Random;
use crate::reference::{close, number, numbers, table};

#[test]
fn scores_by_hand() {
    let (p, y) = ([0.1, 0.4, 0.6, 0.9], [false, true, true, true]);
    assert!((brier_score(&p, &y).unwrap() - (0.01 + 0.36 + 0.16 + 0.01) / 4.0).abs() < 1e-15);
    // Two bins: means 0.25 and 0.75, frequencies 0.5 and 1.
    assert!((expected_calibration_error(&p, &y, 2).unwrap() - 0.25).abs() < 1e-15);
    let curve = reliability_curve(&p, &y, 4).unwrap();
    assert_eq!(curve.iter().map(|b| b.count).collect::<Vec<_>>(), [1, 1, 1, 1]);
    // Empty bins are NaN, and do not count.
    let one = reliability_curve(&[1.0], &[true], 3).unwrap();
    assert!(one[0].frequency.is_nan() && one[2].frequency == 1.0);
    assert_eq!(expected_calibration_error(&[1.0], &[true], 3).unwrap(), 0.0);
}

#[test]
fn transforms_and_tests_equal_scipy() {
    let table = table();
    let others = &table["others"];
    let mut r = Random(4000);
    let draws: Vec<f64> = (0..300).map(|_| r.normal()).collect();
    let y: Vec<f64> = (0..6).map(|_| r.normal()).collect();
    for ((draws, y), theirs) in draws.chunks(50).zip(y).zip(numbers(&others["pit"])) {
        close("pit", pit(draws, y).unwrap(), theirs);
        let equal = vec![-(50f64.ln()); 50];
        assert!((weighted_pit(draws, &equal, y).unwrap() - theirs).abs() < 1e-14);
    }
    let ranks: Vec<usize> = (0..500).map(|_| (r.uniform() * 100.0) as usize).collect();
    let uniform = uniformity(&ranks, 99, 20).unwrap();
    close("chi squared", uniform.chi_squared, number(&others["chi_squared"]));
    close("its p-value", uniform.p_value, number(&others["chi_squared_p"]));
    let p: Vec<f64> = (0..60).map(|_| r.uniform() * r.uniform()).collect();
    let symmetric = symmetry(p).unwrap();
    close("ks", symmetric.ks, number(&others["ks"]));
    close("its p-value", symmetric.p_value, number(&others["ks_p"]));
}

#[test]
fn unequal_bins_expect_what_they_hold() {
    let ranks: Vec<usize> = (0..=10).cycle().take(110).collect();
    let uniform = uniformity(&ranks, 10, 4).unwrap();
    assert_eq!(uniform.counts, [30, 30, 30, 20]);
    assert_eq!(uniform.expected, [30.0, 30.0, 30.0, 20.0]);
    assert_eq!((uniform.chi_squared, uniform.p_value), (0.0, 1.0));
}

/// A normal mean with a normal prior, whose posterior is known: exact draws are calibrated, too narrow ones are not.
#[test]
fn known_posteriors_are_calibrated() {
    let run = |scale: f64, shift: f64| {
        let (mut truths, mut noise) = (Random(1), Random(2));
        let simulate = |_| {
            let theta = truths.normal();
            (vec![theta], theta + truths.normal())
        };
        // The posterior of θ ~ N(0, 1) given y ~ N(θ, 1) is N(y/2, 1/2).
        let fit = |_, y: &f64| {
            let draw = |_| y / 2.0 + shift + scale * 0.5f64.sqrt() * noise.normal();
            Ok::<_, Error>(vec![(0..99).map(draw).collect()])
        };
        let ranks = sbc(1000, simulate, fit).unwrap().remove(0);
        let p: Vec<f64> = ranks.iter().map(|&r| 1.0 - (r as f64 + 0.5) / 100.0).collect();
        (uniformity(&ranks, 99, 20).unwrap().p_value, symmetry(p).unwrap())
    };
    let (uniform, symmetric) = run(1.0, 0.0);
    assert!(uniform > 0.01 && symmetric.p_value > 0.01);
    let (uniform, symmetric) = run(0.5, 0.0);
    assert!(uniform < 1e-6 && symmetric.p_value > 0.01, "narrow is symmetric: {}", symmetric.p_value);
    let (uniform, symmetric) = run(1.0, 0.5);
    assert!(uniform < 1e-6 && symmetric.p_value < 1e-6 && symmetric.mean > 0.6);
}
