//! LOO, WAIC and comparisons against ArviZ.

use bayeux_diagnostics::{
    Elpd, LogLikelihood, Loo, compare, loo, loo_weights, relative_efficiencies, stacking_weights, waic,
};
use serde_json::Value;

use crate::inputs;
use crate::reference::{close, close_to, count, number, numbers, table};

fn likelihood(row: &Value) -> Vec<f64> {
    let (draws, points) = (count(&row["draws"]), count(&row["points"]));
    inputs::likelihood(row["seed"].as_u64().unwrap(), number(&row["spread"]), draws, points)
}

fn equal(what: &str, ours: &Elpd, theirs: &Value) {
    close(&format!("elpd of {what}"), ours.elpd, number(&theirs["elpd"]));
    close(&format!("se of {what}"), ours.se, number(&theirs["se"]));
    // A difference of sums: to digits of these.
    close_to(&format!("p of {what}"), ours.p, number(&theirs["p"]), 1.0);
    for (a, b) in ours.pointwise.iter().zip(numbers(&theirs["pointwise"])) {
        close(&format!("term of {what}"), *a, b);
    }
}

#[test]
fn equal_arviz() {
    for row in table()["models"].as_array().unwrap() {
        let values = likelihood(row);
        let likelihood = LogLikelihood::new(&values, count(&row["draws"])).unwrap();
        let loo = loo(&likelihood, number(&row["reff"])).unwrap();
        equal("loo", &loo.elpd, &row["loo"]);
        close("threshold", loo.threshold, number(&row["loo"]["good_k"]));
        for (ours, theirs) in loo.khats.iter().zip(numbers(&row["loo"]["khat"])) {
            close_to("k", *ours, theirs, 1.0);
        }
        let efficiencies = relative_efficiencies(&likelihood, 4).unwrap();
        for (ours, theirs) in efficiencies.iter().zip(numbers(&row["efficiencies"])) {
            close("efficiency", *ours, theirs);
        }
        let weights = loo_weights(&likelihood, 0, number(&row["reff"])).unwrap();
        assert_eq!(weights.khat, loo.khats[0]);
        let waic = waic(&likelihood);
        equal("waic", &waic.elpd, &row["waic"]);
        assert_eq!(waic.variances.len(), count(&row["points"]));
    }
}

fn loos() -> Vec<Loo> {
    let each = |row: &Value| {
        let values = likelihood(row);
        loo(&LogLikelihood::new(&values, count(&row["draws"])).unwrap(), number(&row["reff"])).unwrap()
    };
    table()["models"].as_array().unwrap().iter().map(each).collect()
}

#[test]
fn comparisons_equal_arviz() {
    let (loos, table) = (loos(), table());
    let theirs = &table["compare"];
    let ours = compare(&loos.iter().map(|l| &l.elpd).collect::<Vec<_>>()).unwrap();
    for (i, ours) in ours.iter().enumerate() {
        assert_eq!(ours.rank, count(&theirs["rank"][i]));
        close_to("elpd_diff", ours.elpd_diff, number(&theirs["elpd_diff"][i]), 1.0);
        close_to("se_diff", ours.se_diff, number(&theirs["se_diff"][i]), 1.0);
        close_to("pseudo-BMA", ours.pseudo_bma, number(&theirs["pseudo-BMA"][i]), 1e-3);
        // SciPy's optimiser stops early.
        let stacking = number(&theirs["stacking"][i]);
        assert!((ours.stacking - stacking).abs() < 1e-3, "{} is not {stacking}", ours.stacking);
    }
}

/// At the optimum the slope is N for models that have weight, and no greater for others.
#[test]
fn stacking_weights_are_optimal() {
    let mut r = inputs::Random(11);
    for models in 1..7 {
        let terms: Vec<Vec<f64>> = (0..models).map(|_| (0..50).map(|_| 2.0 * r.normal()).collect()).collect();
        let slices: Vec<&[f64]> = terms.iter().map(Vec::as_slice).collect();
        let weights = stacking_weights(&slices).unwrap();
        assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-14);
        for k in 0..models {
            let slope: f64 = (0..50)
                .map(|i| {
                    let mix: f64 = (0..models).map(|m| weights[m] * terms[m][i].exp()).sum();
                    terms[k][i].exp() / mix
                })
                .sum();
            let right = if weights[k] > 0.0 { (slope - 50.0).abs() < 1e-8 } else { slope < 50.0 + 1e-8 };
            assert!(right && weights[k] >= 0.0, "{models}: {k} has {} and slope {slope}", weights[k]);
        }
    }
}

#[test]
fn equal_models_share_their_weight() {
    let terms = [-1.0, -2.0, -3.0];
    assert_eq!(stacking_weights(&[&terms, &terms]).unwrap(), [0.5, 0.5]);
    assert_eq!(stacking_weights(&[&terms]).unwrap(), [1.0]);
    // A model that is worse everywhere gets nothing, also where its density is too small for a float.
    assert_eq!(stacking_weights(&[&terms, &[-2000.0, -2001.0, -2002.0]]).unwrap(), [1.0, 0.0]);
}
