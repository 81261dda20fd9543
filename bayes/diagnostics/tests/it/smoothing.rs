//! Pareto-smoothed importance sampling against ArviZ.

use bayeux_diagnostics::{khat_threshold, psis};

use crate::inputs;
use crate::reference::{close, close_to, count, number, numbers, table};

#[test]
fn equals_arviz() {
    for row in table()["psis"].as_array().unwrap() {
        let (kind, n, reff) = (row["kind"].as_str().unwrap(), count(&row["draws"]), number(&row["reff"]));
        let weights = inputs::weights(row["seed"].as_u64().unwrap(), kind, n);
        let smooth = psis(&weights, reff).unwrap();
        let what = format!("{n} {kind}");
        close(&format!("k of {what}"), smooth.khat, number(&row["khat"]));
        let mut sorted = smooth.log_weights.clone();
        sorted.sort_by(f64::total_cmp);
        for (ours, theirs) in sorted[n - 12..].iter().zip(numbers(&row["log_weights"])) {
            close_to(&what, *ours, theirs, 1.0);
        }
        close_to(&what, sorted[0], number(&row["least"]), 1.0);
        close_to(&what, sorted.iter().sum(), number(&row["sum"]), 1.0);
        if kind != "ties" {
            close_to(&what, smooth.log_weights[n - 1], number(&row["last"]), 1.0);
        }
    }
}

#[test]
fn weights_add_up_and_keep_their_order() {
    let weights = inputs::weights(5, "pareto", 500);
    let smooth = psis(&weights, 1.0).unwrap();
    let ones = vec![1.0; 500];
    assert!((smooth.expectation(&ones).unwrap() - 1.0).abs() < 1e-13);
    assert!(smooth.expectation(&ones[1..]).is_err());
    assert!(smooth.ess() > 1.0 && smooth.ess() < 500.0);
    let order = |values: &[f64]| {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
        order
    };
    assert_eq!(order(&weights), order(&smooth.log_weights));
}

#[test]
fn weights_of_zero_are_kept_and_equal_weights_stay_equal() {
    let smooth = psis(&[f64::NEG_INFINITY, 0.0, 0.0, 0.0], 1.0).unwrap();
    assert_eq!(smooth.khat, f64::INFINITY);
    assert_eq!(smooth.log_weights[0], f64::NEG_INFINITY);
    assert!((smooth.log_weights[2] + 3f64.ln()).abs() < 1e-15);
    assert!(!smooth.is_reliable());
}

#[test]
fn thresholds_grow_with_draws() {
    assert!((khat_threshold(100) - 0.5).abs() < 1e-15);
    assert_eq!(khat_threshold(100_000), 0.7);
}
